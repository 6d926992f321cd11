//! Log-probabilities of rows of bits, and their gradient.

use super::super::N;
use super::super::log_prob::Given;
use super::group::{Group, factors, logs};
use super::layout::Rows;
use crate::lanes::{Lanes, Op};
use arm_core::matrix::{Matrix, MatrixMut};

/// See [`Kernels::log_prob_rows`](arm_core::kernels::Kernels::log_prob_rows).
pub(crate) struct LogProbRows<'a, 'b> {
    pub(crate) logits: Matrix<'a>,
    pub(crate) b: &'a dyn Fn(usize) -> &'b [u32],
    pub(crate) total: &'a mut [f32],
}

impl Op for LogProbRows<'_, '_> {
    type Out = bool;

    #[inline(always)]
    fn run<L: Lanes>(self, l: L) -> bool {
        let LogProbRows { logits, b, total } = self;
        let data = logits.data();
        let Some(rows) = Rows::new(logits.cols(), logits.stride(), total.len(), [data.len(); 2]) else {
            return false;
        };
        let (mut product, mut first) = (Group::new(), Group::new());
        for (start, count) in rows.groups() {
            let words = rows.bits(start, count, b);
            for row in (0..count).step_by(rows.in_word()) {
                for (k, word) in words[row].iter().enumerate().take(rows.units.div_ceil(N)) {
                    let layout = rows.layout(start + row, k);
                    let given = Given::new(&layout.load(l, data), word | layout.absent());
                    product.put::<L, true>(l, rows, row, k, &factors(&given.e));
                    first.put::<L, false>(l, rows, row, k, &given.first);
                }
            }
            take(l, &mut product, &mut first, &mut total[start..start + count]);
        }
        true
    }
}

/// See [`Kernels::log_prob_delta_rows`](arm_core::kernels::Kernels::log_prob_delta_rows).
pub(crate) struct LogProbDeltaRows<'a, 'b, 'm> {
    pub(crate) logits: &'a mut MatrixMut<'m>,
    pub(crate) b: &'a dyn Fn(usize) -> &'b [u32],
    pub(crate) total: &'a mut [f32],
}

impl Op for LogProbDeltaRows<'_, '_, '_> {
    type Out = bool;

    #[inline(always)]
    fn run<L: Lanes>(self, l: L) -> bool {
        let LogProbDeltaRows { logits, b, total } = self;
        let (units, stride, len) = (logits.cols(), logits.stride(), logits.data_mut().len());
        let Some(rows) = Rows::new(units, stride, total.len(), [len; 2]) else { return false };
        let data = logits.data_mut();
        let (mut product, mut first) = (Group::new(), Group::new());
        for (start, count) in rows.groups() {
            let words = rows.bits(start, count, b);
            for row in (0..count).step_by(rows.in_word()) {
                for (k, word) in words[row].iter().enumerate().take(rows.units.div_ceil(N)) {
                    let layout = rows.layout(start + row, k);
                    let word = word | layout.absent();
                    let (given, delta) = Given::with_delta(&layout.load(l, data), word);
                    layout.store(l, &delta, data);
                    product.put::<L, true>(l, rows, row, k, &factors(&given.e));
                    first.put::<L, false>(l, rows, row, k, &given.first);
                }
            }
            take(l, &mut product, &mut first, &mut total[start..start + count]);
        }
        true
    }
}

/// Takes log p of each row from its total.
#[inline(always)]
fn take<L: Lanes>(l: L, product: &mut Group, first: &mut Group, total: &mut [f32]) {
    let normaliser = logs(&product.end::<L, true>(l));
    let first = first.end::<L, false>(l);
    for (total, (first, n)) in total.iter_mut().zip(first.0.iter().zip(normaliser.0)) {
        *total -= first - n;
    }
}
