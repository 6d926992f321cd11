//! y = act(x w + bias) for real x.

use crate::lanes::{Lanes, Op};
use crate::tiles::panel::{Panel, PanelMut};
use crate::tiles::sum::{Onto, Sum};
use crate::tiles::{ColumnPanel, pairs, panels, split};
use arm_core::Activation;
use arm_core::matrix::{Matrix, MatrixMut};

/// See [`Kernels::affine`](arm_core::kernels::Kernels::affine).
pub(crate) struct Affine<'a> {
    pub(crate) w: Matrix<'a>,
    pub(crate) x: Matrix<'a>,
    pub(crate) activation: Activation,
    pub(crate) y: MatrixMut<'a>,
}

impl Op for Affine<'_> {
    type Out = ();

    #[inline(always)]
    fn run<L: Lanes>(mut self, l: L) {
        let (inputs, outputs) = (self.x.cols(), self.y.cols());
        if const { L::PAIRS } && l.pairs() && pairs::affine::pays(inputs, outputs, L::N) {
            return pairs::affine::affine(l, self.w, self.x, self.activation, self.y);
        }
        let rows = self.x.height().min(self.y.height());
        assert!(self.w.height() > inputs && self.w.cols() >= outputs);
        let (ws, xs, ys) = (self.w.stride(), self.x.stride(), self.y.stride());
        let (w, x) = (Panel::new(self.w.data()), Panel::new(self.x.data()));
        let y = PanelMut::new(self.y.data_mut());
        for ColumnPanel { start, vectors, lanes } in panels(outputs, L::N, 2) {
            let w = w.from(start);
            if start == 0 {
                w.prefetch_rows(l, ws, inputs, vectors);
            }
            for (first, height) in split(rows, L::TALL) {
                let sum = Sum {
                    terms: inputs,
                    from: x.from(first * xs),
                    row: xs,
                    step: 1,
                    with: w,
                    stride: ws,
                    // The first tile of a panel asks for the next panel.
                    ahead: (first == 0).then_some(vectors * L::N),
                    scale: None,
                    onto: Onto::Row(w.from(inputs * ws)),
                    activation: self.activation,
                    to: y.from(first * ys + start),
                    to_stride: ys,
                };
                // SAFETY: `height` rows from `first` lie within x and y, `inputs` + 1 rows within w, and the panel within
                // their columns.
                unsafe { sum.tile(l, height, vectors, lanes) }
            }
        }
    }
}
