//! Gradients with respect to a hidden layer.

#[cfg(thumb2)]
use super::thumb;
use super::{headroom, narrow, row, shift_round};
use crate::Layout;

/// x\[i\] = w\[i\] d over 2^`down`, for as many rows as there are in x. Returns whether a result left the range.
#[inline(never)]
pub fn dots(d: &[i16], w: &[i16], layout: Layout, down: u32, x: &mut [i16]) -> bool {
    let shift = headroom(d);
    let mut beyond = false;
    let mut done = 0;
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
    for (i, x) in x.iter_mut().enumerate().skip(done) {
        let mut sum = 0i32;
        for (w, d) in row(w, layout, i).iter().zip(d) {
            sum = sum.wrapping_add(i32::from(*w).wrapping_mul(shift_round((*d).into(), shift)));
        }
        let (v, out) = narrow(sum, down, shift);
        beyond |= out;
        *x = v;
    }
    beyond
}

/// The inner products with four rows, which are there.
#[cfg(thumb2)]
#[inline(always)]
fn four(d: &[i16], shift: u32, rows: &[i16], layout: Layout) -> [i32; 4] {
    let mut sums = [0; 4];
    // SAFETY: the caller has looked: there are four rows, with as many columns as d has.
    unsafe { thumb::dots(rows.as_ptr(), d.as_ptr(), d.len(), 2 * layout.stride, &mut sums, shift) };
    sums
}

/// The inner products with four rows, which are there.
#[cfg(not(thumb2))]
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
