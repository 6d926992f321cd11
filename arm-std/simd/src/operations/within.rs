//! Whether all of many numbers are small enough.

use crate::lanes::{Lanes, Op};
use crate::tiles::pairs::magnitude;

/// See [`Kernels::within`](arm_core::kernels::Kernels::within).
pub(crate) struct Within<'a> {
    pub(crate) limit: f32,
    pub(crate) values: &'a [f32],
}

/// Vectors at a time: what one waits for the others do.
const AT_ONCE: usize = 4;

impl Op for Within<'_> {
    type Out = bool;

    #[inline(always)]
    fn run<L: Lanes>(self, l: L) -> bool {
        let mut largest = [l.splat(0.0); AT_ONCE];
        let mut parts = self.values.chunks_exact(AT_ONCE * L::N);
        for part in &mut parts {
            for (k, largest) in largest.iter_mut().enumerate() {
                *largest = l.largest(*largest, l.read(&part[k * L::N..]));
            }
        }
        let mut lanes = [[0.0; 16]; AT_ONCE];
        for (lanes, largest) in lanes.iter_mut().zip(largest) {
            l.write(lanes, largest);
        }
        let rest = parts.remainder();
        lanes.as_flattened().iter().chain(rest).all(|v| magnitude(*v) <= self.limit.to_bits())
    }
}
