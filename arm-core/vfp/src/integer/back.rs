//! Gradients with respect to a hidden layer.

#[cfg(thumb2)]
use super::thumb;
use super::{headroom, narrow, row, shift_round};
use crate::Layout;

/// x\[i\] = w\[i\] d over 2^`down`, for as many rows as there are in x.
#[inline(never)]
pub fn dots(d: &[i16], w: &[i16], layout: Layout, down: u32, x: &mut [i16]) -> u32 {
    let shift = headroom(d);
    let mut beyond = 0;
    #[allow(unused_mut)] // where there is no assembly
    let mut done = 0;
    #[cfg(thumb2)]
    if shift == 0 && !d.is_empty() && d.len() == layout.cols {
        for (k, x) in x.as_chunks_mut::<4>().0.iter_mut().enumerate() {
            let rows = w.get(4 * k * layout.stride..).unwrap_or_default();
            if rows.len() < 3 * layout.stride + layout.cols {
                break;
            }
            let mut sums = [0; 4];
            // SAFETY: there are four rows, with as many columns as d has.
            unsafe { thumb::dots(rows.as_ptr(), d.as_ptr(), d.len(), 2 * layout.stride, &mut sums) };
            for (x, sum) in x.iter_mut().zip(sums) {
                let (v, out) = narrow(sum, down, shift);
                beyond += u32::from(out);
                *x = v;
            }
            done += 4;
        }
    }
    for (i, x) in x.iter_mut().enumerate().skip(done) {
        let mut sum = 0i32;
        for (w, d) in row(w, layout, i).iter().zip(d) {
            sum = sum.wrapping_add(i32::from(*w).wrapping_mul(shift_round((*d).into(), shift)));
        }
        let (v, out) = narrow(sum, down, shift);
        beyond += u32::from(out);
        *x = v;
    }
    beyond
}

/// dx times the slope where the activation a is not positive; the slope has 15 bits behind the point.
#[inline(never)]
pub fn activate_back(slope: i32, a: &[i16], dx: &mut [i16]) {
    for (dx, a) in dx.iter_mut().zip(a) {
        if *a <= 0 {
            *dx = shift_round(i32::from(*dx) * slope, 15) as i16;
        }
    }
}
