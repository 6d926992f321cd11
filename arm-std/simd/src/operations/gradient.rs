//! g += a x^T d for real x.

use crate::lanes::{Lanes, Op};
use crate::tiles::panel::{Panel, PanelMut};
use crate::tiles::sum::{Onto, Sum};
use crate::tiles::{ColumnPanel, panels, split};
use arm_core::Activation;
use arm_core::matrix::{Matrix, MatrixMut};

/// See [`Kernels::gradient`](arm_core::kernels::Kernels::gradient).
pub(crate) struct Gradient<'a> {
    pub(crate) a: f32,
    pub(crate) x: Matrix<'a>,
    pub(crate) first: usize,
    pub(crate) d: Matrix<'a>,
    pub(crate) g: MatrixMut<'a>,
}

impl Op for Gradient<'_> {
    type Out = ();

    #[inline(always)]
    fn run<L: Lanes>(mut self, l: L) {
        let (inputs, outputs) = (self.x.cols(), self.d.cols());
        let terms = self.x.height().min(self.d.height());
        let height = self.g.height();
        assert!(self.g.cols() >= outputs);
        let (xs, ds, gs) = (self.x.stride(), self.d.stride(), self.g.stride());
        let (x, d) = (Panel::new(self.x.data()), Panel::new(self.d.data()));
        let g = PanelMut::new(self.g.data_mut());
        let weights = inputs.saturating_sub(self.first).min(height);
        let has_biases = self.first <= inputs && weights < height && terms > 0;
        for ColumnPanel { start, vectors, lanes } in panels(outputs, L::N, 2) {
            let sum = |from, step, r| {
                let to = g.from(r * gs + start);
                Sum {
                    terms,
                    from,
                    row: 1,
                    step,
                    with: d.from(start),
                    stride: ds,
                    ahead: None,
                    scale: Some(self.a),
                    onto: Onto::Rows(to.as_panel(), gs),
                    activation: Activation::LINEAR,
                    to,
                    to_stride: gs,
                }
            };
            // SAFETY: columns `first + r..` + `height` lie within x, rows r.. + `height` within g, `terms` rows within x and d,
            // and the panel within the columns of d and g. Behind the weights lies a row of biases, whose input is always one.
            unsafe {
                for (r, height) in split(weights, L::TALL) {
                    sum(x.from(self.first + r), xs, r).tile(l, height, vectors, lanes);
                }
                if has_biases {
                    sum(Panel::new(&1.0f32), 0, weights).tile(l, 1, vectors, lanes);
                }
            }
        }
    }
}
