//! Adam on a block of weights in the same pass that computes its gradient.
//!
//! One multiplication a [term](gradient_terms), unless [pairs](pairs::gradient) pay.

pub(crate) mod bits;
pub(crate) mod subsets;

use crate::lanes::hint::PrefetchHint;
use crate::lanes::{Fence, Lanes, Op};
use crate::tiles::panel::PanelMut;
use crate::tiles::pending::{Known, PendingTile, Rows};
use crate::tiles::rates::Rates;
use crate::tiles::{gradient_terms, has_rows, pairs};
use arm_core::kernels::AdamRates;
use arm_core::matrix::Matrix;

/// See [`Kernels::adam_gradient`](arm_core::kernels::Kernels::adam_gradient), for real inputs and rows of whole vectors.
pub(crate) struct AdamGradient<'a> {
    pub(crate) rates: AdamRates,
    pub(crate) a: f32,
    pub(crate) x: Matrix<'a>,
    pub(crate) first: usize,
    pub(crate) d: Matrix<'a>,
    /// Both moments and the parameters, with the stride of `d`.
    pub(crate) blocks: [&'a mut [f32]; 3],
    /// Whether to store the parameters past the caches.
    pub(crate) streaming: bool,
    pub(crate) hint: PrefetchHint,
}

impl Op for AdamGradient<'_> {
    type Out = ();

    #[inline(always)]
    fn run<L: Lanes>(self, l: L) {
        let (stride, inputs) = (self.d.stride(), self.x.cols());
        let height = self.blocks.iter().map(|b| b.len() / stride).min().unwrap_or(0);
        assert!(stride.is_multiple_of(L::N));
        assert!(has_rows(inputs, self.first, height), "rows outside of the layer");
        let rates = Rates::new(l, self.rates, self.a);
        let mut known = Known::NOTHING;
        let blocks = self.blocks.map(PanelMut::new);
        let _fence = if self.streaming { Some(Fence(l)) } else { None };
        let mut pending = PendingTile::new(rates, blocks, self.streaming, self.hint, &mut known);
        let rows = Rows { x: self.x, first: self.first, d: self.d, height };
        // SAFETY: the assertions; the last tile lies within the blocks.
        unsafe {
            if const { L::PAIRS } && l.pairs() && pairs::gradient::pays(rows.examples(), inputs, L::N) {
                pairs::gradient::tiles(l, rows, &mut pending);
            } else {
                gradient_terms::tiles(l, rows, &mut pending);
            }
            pending.end(l);
        }
    }
}
