//! Gradients with respect to a hidden layer.

#[cfg(integer_loops)]
use super::assembly;
use super::shift_round;
#[cfg(not(integer_loops = "thumb2"))]
use super::{headroom, narrow, row};
use crate::Layout;

/// x\[i\] = w\[i\] d over 2^`down`, for as many rows as there are in x. Returns whether a result left the range.
#[cfg_attr(integer_loops = "thumb2", inline(always))]
#[cfg_attr(not(integer_loops = "thumb2"), inline(never))]
pub fn dots(d: &[i16], w: &[i16], layout: Layout, down: u32, x: &mut [i16]) -> bool {
    #[cfg(integer_loops = "thumb2")]
    return assembly::of_rows(d, w, layout, down, x);
    #[cfg(not(integer_loops = "thumb2"))]
    {
        #[cfg(integer_loops)]
        let (done, beyond) = assembly::of_rows(d, w, layout, down, x);
        #[cfg(not(integer_loops))]
        let (done, beyond) = fours(d, w, layout, down, x);
        if done == x.len() {
            return beyond;
        }
        let w = w.get(done.wrapping_mul(layout.stride)..).unwrap_or_default();
        rest(d, w, layout, down, x.get_mut(done..).unwrap_or_default()) | beyond
    }
}

/// Rows one by one. It is small.
#[cfg(not(integer_loops = "thumb2"))]
#[inline(never)]
fn rest(d: &[i16], w: &[i16], layout: Layout, down: u32, x: &mut [i16]) -> bool {
    let (shift, mut beyond) = (headroom(d), false);
    for (i, x) in x.iter_mut().enumerate() {
        let (v, out) = narrow(product(d, shift, row(w, layout, i)), down, shift);
        beyond |= out;
        *x = v;
    }
    beyond
}

/// The inner product of `d` over 2^`shift` with a row.
#[cfg(not(integer_loops = "thumb2"))]
#[inline(always)]
fn product(d: &[i16], shift: u32, w: &[i16]) -> i32 {
    #[cfg(integer_loops)]
    return super::affine::product(d, shift, w, 0, 1);
    #[cfg(not(integer_loops))]
    w.iter().zip(d).fold(0i32, |sum, (w, d)| {
        sum.wrapping_add(i32::from(*w).wrapping_mul(shift_round((*d).into(), shift)))
    })
}

/// Whole groups of four rows. Returns how many rows are done, and whether a result left the range.
#[cfg(not(integer_loops))]
#[inline(always)]
fn fours(d: &[i16], w: &[i16], layout: Layout, down: u32, x: &mut [i16]) -> (usize, bool) {
    let (shift, mut done, mut beyond) = (headroom(d), 0, false);
    if !d.is_empty() && d.len() == layout.cols {
        for (k, x) in x.as_chunks_mut::<4>().0.iter_mut().enumerate() {
            let rows = w.get(4 * k * layout.stride..).unwrap_or_default();
            if rows.len() < 3 * layout.stride + layout.cols {
                break;
            }
            for (x, sum) in x.iter_mut().zip(four(d, shift, rows, layout)) {
                let (v, out) = narrow(sum, down, shift);
                beyond |= out;
                *x = v;
            }
            done += 4;
        }
    }
    (done, beyond)
}

/// The inner products with four rows, which are there.
#[cfg(not(integer_loops))]
#[inline(always)]
fn four(d: &[i16], shift: u32, rows: &[i16], layout: Layout) -> [i32; 4] {
    let [w0, w1, w2, w3] = core::array::from_fn(|i| row(rows, layout, i));
    let (mut s0, mut s1, mut s2, mut s3) = (0i32, 0i32, 0i32, 0i32);
    for ((((d, w0), w1), w2), w3) in d.iter().zip(w0).zip(w1).zip(w2).zip(w3) {
        let d = shift_round((*d).into(), shift);
        s0 = s0.wrapping_add(d.wrapping_mul((*w0).into()));
        s1 = s1.wrapping_add(d.wrapping_mul((*w1).into()));
        s2 = s2.wrapping_add(d.wrapping_mul((*w2).into()));
        s3 = s3.wrapping_add(d.wrapping_mul((*w3).into()));
    }
    [s0, s1, s2, s3]
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
