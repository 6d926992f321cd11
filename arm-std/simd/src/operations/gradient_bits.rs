//! g += a x^T d for packed bits.

use crate::lanes::{Lanes, Op};
use crate::tiles::lists::{List, WIDEST, WORDS, add_rows, list};
use crate::tiles::panel::{Panel, PanelMut};
use crate::tiles::sum::{load, store};
use crate::tiles::{ColumnPanel, panels, with_width};
use arm_core::matrix::{BitMatrix, Matrix, MatrixMut};

/// See [`Kernels::gradient_bits`](arm_core::kernels::Kernels::gradient_bits).
pub(crate) struct GradientBits<'a> {
    pub(crate) a: f32,
    pub(crate) x: BitMatrix<'a>,
    pub(crate) first: usize,
    pub(crate) d: Matrix<'a>,
    pub(crate) g: MatrixMut<'a>,
}

impl Op for GradientBits<'_> {
    type Out = ();

    #[inline(always)]
    fn run<L: Lanes>(mut self, l: L) {
        let (inputs, outputs) = (self.x.cols(), self.d.cols());
        let (examples, height) = (self.d.height(), self.g.height());
        assert!(self.g.cols() >= outputs);
        assert!(inputs == 0 || self.x.height() >= examples);
        let (ds, gs) = (self.d.stride(), self.g.stride());
        let (d, g) = (Panel::new(self.d.data()), PanelMut::new(self.g.data_mut()));
        let height = height.min((inputs + 1).saturating_sub(self.first));
        let mut lists = [const { List::EMPTY }; 32];
        for r in (0..height).step_by(32) {
            let count = 32.min(height - r);
            for n in (0..examples).step_by(32 * WORDS) {
                list(l, self.x, self.first + r, n, (32 * WORDS).min(examples - n), &mut lists[..count]);
                let d = d.from(n * ds);
                for ColumnPanel { start, vectors, lanes } in panels(outputs, L::N, WIDEST) {
                    for (i, list) in lists.iter().enumerate().take(count) {
                        let g = g.from((r + i) * gs + start);
                        with_width!(vectors, WIDEST, C => {
                            // SAFETY: the assertions; listed examples are below `examples`, the panel is within the
                            // columns, row r + i is within g.
                            unsafe {
                                let mut s: [L::V; C] = load(l, g.as_panel(), lanes, l.mask(lanes));
                                let d = d.from(start);
                                add_rows(l, list.ones(), d, ds, lanes, Some(self.a), &mut s);
                                store(l, g, lanes, s);
                            }
                        });
                    }
                }
            }
        }
    }
}
