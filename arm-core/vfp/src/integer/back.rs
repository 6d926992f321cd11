//! Gradients with respect to a hidden layer.

#[cfg(integer_loops)]
use super::assembly::{self, ALIGNED, Back, GROUP};
use super::{headroom, narrow, row, shift_round};
use crate::Layout;

/// x\[i\] = w\[i\] d over 2^`down`, for as many rows as there are in x. Returns whether a result left the range.
#[inline(never)]
pub fn dots(d: &[i16], w: &[i16], layout: Layout, down: u32, x: &mut [i16]) -> bool {
    let shift = headroom(d);
    let (mut beyond, mut done) = (false, 0);
    #[cfg(integer_loops)]
    if let Some(mut back) = groups(d, shift, w, layout, down, x) {
        done = 4 * back.groups;
        // SAFETY: the rows have as many columns as d has, in whole groups, and there is an x for each.
        beyond = unsafe { assembly::dots(&mut back) } != 0;
    }
    #[cfg(not(integer_loops))]
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

/// The whole groups of four rows for loops in assembly, if there are any.
#[cfg(integer_loops)]
#[inline(always)]
fn groups(d: &[i16], shift: u32, w: &[i16], layout: Layout, down: u32, x: &mut [i16]) -> Option<Back> {
    let (rows, stride) = (x.len() & !3, 2 * layout.stride);
    let aligned = ALIGNED == 2 || (w.as_ptr() as usize | d.as_ptr() as usize | stride) % ALIGNED == 0;
    let columns = d.len() == layout.cols && !d.is_empty() && d.len() % GROUP == 0;
    let there = rows > 0 && !row(w, layout, rows - 1).is_empty();
    let (w, d, n) = (w.as_ptr(), d.as_ptr(), d.len());
    let down = down.checked_sub(shift).filter(|down| *down > 0)?;
    let half = 1i32.wrapping_shl(down - 1);
    let back = Back { w, d, n, stride, shift, down, x: x.as_mut_ptr(), groups: rows / 4, half };
    (aligned && columns && there).then_some(back)
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
