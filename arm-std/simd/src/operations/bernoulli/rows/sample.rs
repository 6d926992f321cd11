//! Rows that are drawn.

use super::super::N;
use super::super::draw::{DrawnWord, UnitRule};
use super::group::{Group, factors, logs};
use super::layout::Rows;
use crate::lanes::{Lanes, Op, SIDE};
use arm_core::kernels::DrawnRows;
use arm_core::matrix::Matrix;

/// See [`Kernels::sample_rows`](arm_core::kernels::Kernels::sample_rows).
pub(crate) struct SampleRows<'a> {
    pub(crate) rule: UnitRule<'a>,
    pub(crate) logits: Matrix<'a>,
    pub(crate) uniforms: Matrix<'a>,
    pub(crate) out: DrawnRows<'a>,
}

impl Op for SampleRows<'_> {
    type Out = bool;

    #[inline(always)]
    fn run<L: Lanes>(mut self, l: L) -> bool {
        let (units, stride, count) = (self.logits.cols(), self.logits.stride(), self.out.log_q.len());
        let lens =
            [self.logits.data().len().min(self.uniforms.data().len()), self.out.score.data_mut().len()];
        let same = self.uniforms.stride() == stride && self.out.score.stride() == stride;
        let Some(rows) = Rows::new(units, stride, count, lens).filter(|_| same) else { return false };
        let words = units.div_ceil(N);
        let (logits, uniforms, score) = (self.logits.data(), self.uniforms.data(), self.out.score.data_mut());
        let (mut product, mut first, mut other) = (Group::new(), Group::new(), Group::new());
        for (start, count) in rows.groups() {
            for row in (0..count).step_by(rows.in_word()) {
                for k in 0..words {
                    let layout = rows.layout(start + row, k);
                    let (phi, u) = (layout.load(l, logits), layout.load(l, uniforms));
                    let drawn = DrawnWord::new(l, self.rule, &phi, &u, layout.absent());
                    let (sample, partner) = (drawn.sample, drawn.partner);
                    layout.store(l, &drawn.score, score);
                    product.put::<L, true>(l, rows, row, k, &factors(&drawn.e));
                    first.put::<L, false>(l, rows, row, k, &drawn.log_q);
                    other.put::<L, false>(l, rows, row, k, &drawn.log_q_partner);
                    let at = (start + row) * words + k;
                    if rows.in_word() == 1 {
                        (self.out.sample[at], self.out.partner[at]) = (sample, partner);
                    } else {
                        let low = u32::from(u16::MAX);
                        (self.out.sample[at], self.out.partner[at]) = (sample & low, partner & low);
                        if row + 1 < count {
                            (self.out.sample[at + 1], self.out.partner[at + 1]) =
                                (sample >> SIDE, partner >> SIDE);
                        }
                    }
                }
            }
            let normaliser = logs(&product.end::<L, true>(l));
            let (first, other) = (first.end::<L, false>(l), other.end::<L, false>(l));
            for i in 0..count {
                self.out.log_q[start + i] = first.0[i] - normaliser.0[i];
                self.out.log_q_partner[start + i] = other.0[i] - normaliser.0[i];
            }
        }
        true
    }
}
