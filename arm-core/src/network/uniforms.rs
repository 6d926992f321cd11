//! Where the uniforms of a batch come from.
//!
//! Tests: `tests/tests/engine/gradients.rs`, `one_engine.rs`.

use crate::kernels::{Arithmetic, ValueOf};
use crate::network::Batch;
use crate::numeric::matrix::MatrixMut;
use crate::numeric::rng::{Purpose, Stream};

/// Where the uniforms of a batch come from.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Address<'a> {
    pub seed: u64,
    pub batch: &'a Batch<'a>,
    pub purpose: Purpose,
    /// Tells apart draws for the same row, layer and purpose.
    pub salt: usize,
}

impl Address<'_> {
    /// The stream of layer `t` in `row`, of `samples` rows an example.
    #[inline(always)]
    pub(crate) fn stream(&self, samples: usize, row: usize, t: usize) -> Stream {
        Stream::from_state(self.state(samples, row, t))
    }

    /// The state with which [`stream`](Self::stream) begins.
    #[inline(always)]
    fn state(&self, samples: usize, row: usize, t: usize) -> [u64; 2] {
        let row = self.batch.first.wrapping_mul(samples as u64).wrapping_add(row as u64);
        Stream::state(self.seed, self.purpose, self.batch.step, row, t | self.salt << 8)
    }

    /// Fills rows of `u` from the [streams](Self::stream) of layer `t` in the rows that are in `path_rows`, or in the first
    /// ones where that is none.
    #[cfg_attr(target_os = "none", inline(never))]
    #[cfg_attr(not(target_os = "none"), inline)]
    pub(crate) fn fill<K: Arithmetic>(
        &self,
        kernels: &K,
        samples: usize,
        path_rows: Option<&[u32]>,
        t: usize,
        u: MatrixMut<'_, ValueOf<K>>,
    ) {
        let state = |i| {
            let row = path_rows.and_then(|rows| rows.get(i)).map_or(i, |&row| row as usize);
            self.state(samples, row, t)
        };
        kernels.uniforms(state, u);
    }

    /// Fills `u` from the [stream](Self::stream) of layer `t` in `row`, of one row an example.
    #[inline(always)]
    pub(crate) fn fill_row<K: Arithmetic>(&self, kernels: &K, row: usize, t: usize, u: &mut [ValueOf<K>]) {
        let (stride, cols) = (u.len(), u.len());
        kernels.uniforms(|_| self.state(1, row, t), MatrixMut::new(u, stride, cols));
    }
}
