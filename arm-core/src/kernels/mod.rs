//! The numeric kernels a step is made of, over slices.
//!
//! [`Portable`] is the reference: plain loops with the same bits on every target. [`Simd`] is what a
//! [`Learner`](crate::Learner) has: vectors where the target has some, with the same bits. Another implementation may use
//! fused operations and another order of summation inside one result, but each result must depend on its own inputs only,
//! never on how many rows a call is given: that is what makes a step independent of how a batch is split.
//!
//! # One order of summation
//!
//! Vectors and plain loops sum in one order, which plain loops keep at no cost. No operation is fused, no sum subnormal.
//!
//! | sum | order |
//! |---|---|
//! | what a unit reads, gradients | terms one after the other: a lane is a column |
//! | inner products of [`back`](Kernels::back) | whole groups of eight columns in eight interleaved sums, which become four as k + (k+4) and one as (0+2) + (1+3); then the rest in order |
//! | logarithms of probabilities | the units of each word of 32 in four interleaved sums, added in order; words in order |
//!
//! Tests: `kernels/simd/tests.rs`, `arm-std/simd/tests/kernels/main.rs`.

mod activate;
mod arithmetic;
pub(crate) mod draw_rule;
pub(crate) mod integer;
mod portable;
#[cfg(any(
    all(any(target_arch = "x86", target_arch = "x86_64"), target_feature = "sse2"),
    all(target_arch = "aarch64", target_feature = "neon"),
    all(target_arch = "wasm32", target_feature = "simd128")
))]
mod simd;
#[cfg(not(any(
    all(any(target_arch = "x86", target_arch = "x86_64"), target_feature = "sse2"),
    all(target_arch = "aarch64", target_feature = "neon"),
    all(target_arch = "wasm32", target_feature = "simd128")
)))]
mod simd {
    pub use super::Portable as Simd;
}

pub use arithmetic::{Arithmetic, NatsOf, Of, Units, ValueOf, WeightOf};
#[doc(inline)]
pub use arm_vfp::{AdamBlock, MomentumBlock};
pub use integer::{Integer, IntegerRule, IntegerUnit};
pub use portable::Portable;
pub(crate) use portable::on_grid;
pub use simd::Simd;

pub use crate::numeric::fixed::FixedNats;
pub use crate::numeric::matrix::Input;
pub use draw_rule::{DrawRule, DrawnLanes, DrawnUnit, LANES, RuleWork};

use crate::numeric::matrix::{BitMatrix, Matrix, MatrixMut};
use crate::numeric::rng::Stream;
use crate::numeric::window::window;
use crate::shape::Activation;

/// Where a row of samples is written: see [`Kernels::sample`].
#[derive(Debug)]
pub struct Drawn<'a, T = f32> {
    /// The sample b, packed.
    pub sample: &'a mut [u32],
    /// Its antithetic partner, packed.
    pub partner: &'a mut [u32],
    /// Per unit, what the learning signal is multiplied with.
    pub score: &'a mut [T],
}

/// Where rows of samples are written: see [`Kernels::sample_rows`].
#[derive(Debug)]
pub struct DrawnRows<'a, T = f32, F = f32> {
    /// The samples, packed.
    pub sample: &'a mut [u32],
    /// Their antithetic partners, packed.
    pub partner: &'a mut [u32],
    /// Rows of scores: see [`Drawn::score`].
    pub score: MatrixMut<'a, T>,
    /// log q of each sample, in nats.
    pub log_q: &'a mut [F],
    /// log q of each partner, in nats.
    pub log_q_partner: &'a mut [F],
}

/// The gradient of a layer's parameters, which is not multiplied out: its row i is the sum of x\[n\]\[i\] d\[n\] over the
/// examples n, the last one, of the biases, that of d\[n\].
#[derive(Clone, Copy, Debug)]
pub struct LayerGradient<'a, T = f32> {
    /// What the layer reads.
    pub x: Input<'a, T>,
    /// Gradients with respect to what it computes, before its activation.
    pub d: Matrix<'a, T>,
}

/// What [`Kernels::prepare`] keeps for all rows of a layer.
#[derive(Debug)]
pub struct Prepared<'a, T = f32, F = f32> {
    /// A number a unit.
    pub units: &'a mut [T],
    /// One number.
    pub one: &'a mut F,
}

/// Adam's rates for one step: see [`Adam`](crate::optim::Adam).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AdamRates {
    /// Decay of the first moment.
    pub beta1: f32,
    /// Decay of the second moment, below 1.
    pub beta2: f32,
    /// Learning rate over 1 - beta1^t.
    pub rate: f32,
    /// 1 / sqrt(1 - beta2^t).
    pub scale: f32,
    /// Added to the denominator.
    pub epsilon: f32,
}

/// Numeric kernels. Weight matrices have a row for each input and a last row of biases; see
/// [`Dense`](crate::shape::Dense). Rows of `x`, `y`, `d` are examples. Padding of matrices is zero and stays zero.
pub trait Kernels {
    /// y\[n\] = act(bias + sum_i x\[n\]\[i\] w\[i\]), for the [activation](Activation::of) act. Cost: rows x inputs x outputs.
    fn affine(&self, w: Matrix<'_>, x: Matrix<'_>, activation: Activation, y: MatrixMut<'_>);

    /// [`affine`](Self::affine) of packed bits: y\[n\] = act(bias + sum of the rows of w whose bit is set).
    fn affine_bits(&self, w: Matrix<'_>, x: BitMatrix<'_>, activation: Activation, y: MatrixMut<'_>);

    /// Gradient with respect to a hidden layer: dx\[n\]\[i\] = act' sum_o d\[n\]\[o\] w\[i\]\[o\], for the
    /// [derivative](Activation::derivative) act' that follows from a\[n\]\[i\].
    fn back(&self, w: Matrix<'_>, d: Matrix<'_>, a: Matrix<'_>, activation: Activation, dx: MatrixMut<'_>);

    /// Rows `first..` of a weight gradient, times `a`, added to g: g\[r\] += (a x\[n\]\[first + r\]) d\[n\] for each
    /// example n in order. Row `x.cols()` is the bias, whose input is one. With one example and a negative rate for `a`,
    /// g can be the weights themselves.
    fn gradient(&self, a: f32, x: Matrix<'_>, first: usize, d: Matrix<'_>, g: MatrixMut<'_>);

    /// [`gradient`](Self::gradient) for packed inputs.
    fn gradient_bits(&self, a: f32, x: BitMatrix<'_>, first: usize, d: Matrix<'_>, g: MatrixMut<'_>);

    /// Prepares [`descend`](Self::descend) on any rows of a layer, whose gradient is of a single example.
    fn prepare(&self, _a: f32, _gradient: &LayerGradient<'_>, _prepared: Prepared<'_>) {}

    /// [`gradient`](Self::gradient) or [`gradient_bits`](Self::gradient_bits) of a single example, where that was
    /// [prepared](Self::prepare) with the same `a`: a layer may be updated a few rows at a time.
    fn descend(
        &self,
        a: f32,
        gradient: &LayerGradient<'_>,
        first: usize,
        _prepared: Prepared<'_>,
        g: MatrixMut<'_>,
    ) {
        match gradient.x {
            Input::Real(x) => self.gradient(a, x, first, gradient.d, g),
            Input::Bits(x) => self.gradient_bits(a, x, first, gradient.d, g),
        }
    }

    /// Fills row i of `u` with the first uniforms of the [`Stream`] that begins with `state(i)`, a [`Stream::state`].
    fn uniforms(&self, state: impl Fn(usize) -> [u64; 2], mut u: MatrixMut<'_>) {
        for i in 0..u.examples() {
            Stream::from_state(state(i)).fill(u.row_mut(i));
        }
    }

    /// [`sample`](Self::sample) of as many rows as there is log q of, where kernels take less time for many at once: false,
    /// and nothing done, where they do not.
    #[inline(always)]
    fn sample_rows<E: DrawRule>(
        &self,
        _rule: &E,
        _logits: Matrix<'_>,
        _uniforms: Matrix<'_>,
        _out: DrawnRows<'_>,
    ) -> bool {
        false
    }

    /// Takes from each element i of `total` the [`log_prob`](Self::log_prob) of row i of the logits and the bits `b(i)`, where
    /// kernels take less time for many at once: false, and nothing done, where they do not.
    #[inline(always)]
    fn log_prob_rows<'b>(
        &self,
        _logits: Matrix<'_>,
        _b: impl Fn(usize) -> &'b [u32],
        _total: &mut [f32],
    ) -> bool {
        false
    }

    /// [`log_prob_delta`](Self::log_prob_delta) in the same way.
    #[inline(always)]
    fn log_prob_delta_rows<'b>(
        &self,
        _logits: &mut MatrixMut<'_>,
        _b: impl Fn(usize) -> &'b [u32],
        _total: &mut [f32],
    ) -> bool {
        false
    }

    /// Draws a row of Bernoulli units from logits and uniforms by the rule of `E`. Returns (log q of the sample, log q
    /// of its partner) in nats.
    fn sample<E: DrawRule>(&self, rule: &E, logits: &[f32], uniforms: &[f32], out: Drawn<'_>) -> (f32, f32);

    /// [`sample`](Self::sample) without partner and scores: returns log q of the sample.
    fn draw<E: DrawRule>(&self, rule: &E, logits: &[f32], uniforms: &[f32], sample: &mut [u32]) -> f32;

    /// sum_i log Bernoulli(b_i; sigmoid(logit_i)) in nats.
    fn log_prob(&self, logits: &[f32], b: &[u32]) -> f32;

    /// [`log_prob`](Self::log_prob), and replaces each logit by the derivative of -log_prob: sigmoid(logit) - b.
    fn log_prob_delta(&self, logits: &mut [f32], b: &[u32]) -> f32;

    /// Whether the magnitudes of all `values` are at most `limit`, which is finite; false where there is a NaN.
    fn within(&self, limit: f32, values: &[f32]) -> bool {
        arm_vfp::within(limit, values)
    }

    /// y += a x.
    fn axpy(&self, a: f32, x: &[f32], y: &mut [f32]);

    /// v = momentum v + g, w -= rate v.
    fn momentum(&self, rate: f32, momentum: f32, g: &[f32], v: &mut [f32], w: &mut [f32]);

    /// [`momentum`](Self::momentum) for a single example, whose gradient is of rank one and never stored. `block` has rows
    /// `first..`; `gradient_buffer` takes a row.
    fn momentum_rank_one(
        &self,
        rate: f32,
        momentum: f32,
        gradient: &LayerGradient<'_>,
        first: usize,
        gradient_buffer: &mut [f32],
        block: MomentumBlock<MatrixMut<'_>>,
    ) {
        let MomentumBlock { mut v, mut w } = block;
        let (x, d) = (gradient.x, gradient.d.row(0));
        for ((v, w), i) in v.rows_mut().zip(w.rows_mut()).zip(first..) {
            let x = x.value(i);
            gradient_buffer.iter_mut().zip(d).for_each(|(g, d)| *g = x * d);
            self.momentum(rate, momentum, window(gradient_buffer, ..d.len()), v, w);
        }
    }

    /// Adam on a block of parameters: m and v are the moments.
    fn adam(&self, rates: AdamRates, g: &[f32], m: &mut [f32], v: &mut [f32], w: &mut [f32]);

    /// Adam on rows `first..` of a layer, with `a` times its gradient, where kernels can do this without storing the gradient:
    /// false, and nothing done, where they cannot. `gradient_buffer` takes rows of gradient.
    fn adam_gradient(
        &self,
        _rates: AdamRates,
        _a: f32,
        _gradient: &LayerGradient<'_>,
        _first: usize,
        _gradient_buffer: &mut [f32],
        _block: AdamBlock<&mut [f32]>,
    ) -> bool {
        false
    }

    /// [`adam`](Self::adam) for a single example, whose gradient is of rank one and never stored. `block` has rows `first..`;
    /// `gradient_buffer` takes a row.
    fn adam_rank_one(
        &self,
        rates: AdamRates,
        gradient: &LayerGradient<'_>,
        first: usize,
        gradient_buffer: &mut [f32],
        block: AdamBlock<MatrixMut<'_>>,
    ) {
        let AdamBlock { mut m, mut v, mut w } = block;
        let (x, d) = (gradient.x, gradient.d.row(0));
        let rows = m.rows_mut().zip(v.rows_mut()).zip(w.rows_mut());
        for (((m, v), w), i) in rows.zip(first..) {
            let x = x.value(i);
            gradient_buffer.iter_mut().zip(d).for_each(|(g, d)| *g = x * d);
            self.adam(rates, window(gradient_buffer, ..d.len()), m, v, w);
        }
    }
}
