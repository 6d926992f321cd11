//! Gradients with respect to a hidden layer.

#[cfg(integer_loops)]
use super::assembly as loops;
#[cfg(not(any(integer_loops, integer_vectors)))]
use super::plain as loops;
use super::shift_round;
#[cfg(integer_vectors)]
use super::vectors as loops;
use crate::Layout;
use crate::window;

/// x\[i\] = w\[i\] d over 2^`down`, for as many rows as there are in x. Returns whether a result left the range.
#[inline(always)]
pub fn dots(d: &[i16], w: &[i16], layout: Layout, down: u32, x: &mut [i16]) -> bool {
    let cols = d.len().min(layout.cols);
    loops::of_rows(window(d, ..cols), w, layout.stride, down, x)
}

/// dx times the slope where the activation a is not positive; the slope has 15 bits behind the point.
#[inline(never)]
pub fn activate_back(slope: i32, a: &[i16], dx: &mut [i16]) {
    #[cfg(integer_vectors)]
    let (a, dx) = match u16::try_from(slope).ok().and_then(|slope| i16::try_from(slope).ok()) {
        Some(slope) => {
            let done = loops::activate_back(slope, a, dx);
            (window(a, done..), crate::window_mut(dx, done..))
        }
        None => (a, dx),
    };
    for (dx, a) in dx.iter_mut().zip(a) {
        if *a <= 0 {
            *dx = shift_round(i32::from(*dx) * slope, 15) as i16;
        }
    }
}
