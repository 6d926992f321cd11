//! What a dense layer computes.

#[cfg(integer_loops)]
use super::assembly as loops;
#[cfg(not(any(integer_loops, integer_vectors)))]
use super::plain as loops;
#[cfg(integer_vectors)]
use super::vectors as loops;
use super::{Inputs, narrow, shift_round};
use crate::Layout;
use crate::window_mut;

/// How a sum becomes 16 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Finish {
    /// Bits behind the point of a sum, of which there are 20, beyond those of the result; more than 8.
    pub down: u32,
    /// Slope below zero, with 15 bits behind the point.
    pub slope: i32,
}

impl Finish {
    /// Writes results, and says whether one left the range; the sums have been shifted down by `shift` already.
    #[inline(always)]
    pub(super) fn write(self, shift: u32, sums: &[i32], y: &mut [i16]) -> bool {
        let mut beyond = false;
        for (y, sum) in y.iter_mut().zip(sums) {
            let (v, out) = narrow(*sum, self.down, shift);
            beyond |= out;
            *y = if v > 0 { v } else { shift_round(i32::from(v) * self.slope, 15) as i16 };
        }
        beyond
    }
}

/// y = act(bias + the sum of each input times its row of w); the bias is the row behind those. Returns whether a result left the
/// range.
#[inline(always)]
pub fn dense(inputs: Inputs<'_>, w: &[i16], layout: Layout, finish: Finish, y: &mut [i16]) -> bool {
    let cols = y.len().min(layout.cols);
    let y = window_mut(y, ..cols);
    let finish = match inputs {
        Inputs::Numbers(_) => finish,
        // They have nothing behind the point.
        Inputs::Bits(..) => Finish { down: finish.down.saturating_sub(8), ..finish },
    };
    loops::of_inputs(inputs, w, layout.stride, finish, y)
}
