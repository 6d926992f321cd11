//! Adam on a block of weights in the same pass that computes its gradient, for packed bits.
//!
//! The gradient of a row needs the adders, Adam the multipliers, the divider and the memory: the CPU has enough rows in
//! flight to overlap them by itself, and sees by itself which parameters come next.

use crate::lanes::hint::PrefetchHint;
use crate::lanes::{Fence, Lanes, Op};
use crate::tiles::lists::{List, WIDEST, WORDS, list};
use crate::tiles::panel::{Panel, PanelMut};
use crate::tiles::rates::Rates;
use crate::tiles::{ColumnPanel, has_rows, panels, with_width};
use arm_core::kernels::AdamRates;
use arm_core::matrix::{BitMatrix, Matrix};

/// See [`Kernels::adam_gradient`](arm_core::kernels::Kernels::adam_gradient), for packed bits and rows of whole vectors.
pub(crate) struct AdamGradientBits<'a> {
    pub(crate) rates: AdamRates,
    pub(crate) a: f32,
    pub(crate) x: BitMatrix<'a>,
    pub(crate) first: usize,
    pub(crate) d: Matrix<'a>,
    /// Where sums over more examples than a list holds wait.
    pub(crate) room: &'a mut [f32],
    /// Both moments and the parameters, with the stride of `d`.
    pub(crate) blocks: [&'a mut [f32]; 3],
    /// Whether to store the parameters past the caches.
    pub(crate) streaming: bool,
    pub(crate) hint: PrefetchHint,
}

/// Examples of a list.
pub(crate) const LISTED: usize = 32 * WORDS;

impl Op for AdamGradientBits<'_> {
    type Out = ();

    #[inline(always)]
    fn run<L: Lanes>(self, l: L) {
        let (stride, inputs, examples) = (self.d.stride(), self.x.cols(), self.d.height());
        let height = self.blocks.iter().map(|b| b.len() / stride).min().unwrap_or(0);
        assert!(stride.is_multiple_of(L::N));
        assert!(has_rows(inputs, self.first, height), "rows outside of the layer");
        assert!(inputs == 0 || self.x.height() >= examples);
        let most = if examples > LISTED { 32.min(self.room.len() / stride) } else { 32 };
        assert!(most > 0);
        let (rates, streaming) = (Rates::new(l, self.rates, self.a), self.streaming);
        let _fence = if streaming { Some(Fence(l)) } else { None };
        let d = Panel::new(self.d.data());
        let blocks = self.blocks.map(PanelMut::new);
        d.prefetch_rows(l, stride, examples.min(LISTED), stride / L::N);
        let mut lists = [const { List::EMPTY }; 32];
        for r in (0..height).step_by(most) {
            let count = most.min(height - r);
            for n in (0..examples).step_by(LISTED) {
                let (begin, end) = (n == 0, n + LISTED >= examples);
                list(l, self.x, self.first + r, n, LISTED.min(examples - n), &mut lists[..count]);
                for ColumnPanel { start, vectors, .. } in panels(stride, L::N, WIDEST) {
                    let d = d.from(n * stride + start);
                    for (i, list) in lists.iter().enumerate().take(count) {
                        let blocks = blocks.map(|p| p.from((r + i) * stride + start));
                        let in_room = i * stride + start;
                        with_width!(vectors, WIDEST, C => {
                            let mut s = [l.splat(0.0); C];
                            if !begin {
                                let room = &self.room[in_room..in_room + C * L::N];
                                for (c, s) in s.iter_mut().enumerate() {
                                    *s = l.read(&room[c * L::N..]);
                                }
                            }
                            // SAFETY: listed examples are below `examples`, row r + i is within the blocks, and the panel
                            // within their rows.
                            unsafe {
                                for &e in list.ones() {
                                    let d = d.from(usize::from(e) * stride);
                                    for (c, s) in s.iter_mut().enumerate() {
                                        *s = l.add(l.load(d.at(c * L::N, L::N)), *s);
                                    }
                                }
                                if end {
                                    rates.update_all(l, s, blocks, streaming);
                                    continue;
                                }
                            }
                            let room = &mut self.room[in_room..in_room + C * L::N];
                            for (c, s) in s.into_iter().enumerate() {
                                l.write(&mut room[c * L::N..], s);
                            }
                        });
                    }
                }
            }
        }
    }
}
