//! What a network computes with: numbers of one kind, and loops over them.
//!
//! Tests: `tests/tests/engine/gradients.rs`, `coding.rs`, `kernels/integer/tests.rs`.

use super::draw_rule::Independent;
use super::{Input, Kernels, LayerGradient, Prepared, on_grid};
use crate::numeric::LIMIT;
use crate::numeric::math::{sigmoid, significant};
use crate::numeric::matrix::{Matrix, MatrixMut};
use crate::numeric::number::{Float, Numbers};
use crate::shape::layout::LayerLayout;
use crate::shape::{Activation, Coding, Shape};

/// A parameter.
pub type WeightOf<K> = <<K as Arithmetic>::Numbers as Numbers>::Weight;
/// Of a unit of a layer.
pub type ValueOf<K> = <<K as Arithmetic>::Numbers as Numbers>::Value;
/// A value of f.
pub type NatsOf<K> = <<K as Arithmetic>::Numbers as Numbers>::Nats;

/// What a dense layer computes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Units {
    /// Hidden units, not logits.
    pub hidden: bool,
    /// What is made of their sums; [`Activation::LINEAR`] for logits.
    pub activation: Activation,
}

/// What gradients are with respect to: numbers without exponents have their binary points by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Of {
    /// Hidden units.
    Hidden,
    /// Logits that samples are drawn from: a signal times scores.
    Sampled,
    /// Logits of something given: a difference of probabilities.
    Given,
}

impl Of {
    /// Those of a dense layer.
    #[inline(always)]
    pub(crate) fn layer(shape: &Shape<'_>, layer: &LayerLayout) -> Self {
        match layer.hidden {
            true => Of::Hidden,
            false if layer.index < shape.encoder().len() => Of::Sampled,
            false => Of::Given,
        }
    }
}

/// Numbers of one kind, and the loops of a network over them: every [`Kernels`] is one, whose numbers are floats.
///
/// Weight matrices, rows and padding are as for [`Kernels`].
pub trait Arithmetic: sealed::Sealed + Sized {
    /// The kind.
    type Numbers: Numbers;

    /// See [`Kernels::affine`] and [`Kernels::affine_bits`].
    fn affine(
        &self,
        w: Matrix<'_, WeightOf<Self>>,
        x: Input<'_, ValueOf<Self>>,
        units: Units,
        y: MatrixMut<'_, ValueOf<Self>>,
    );

    /// From W b + c, which is in `y`, what a layer computes whose bits stand for other numbers. Floats only: shapes of
    /// other kinds have no such bits.
    fn code(
        &self,
        _coding: Coding<'_>,
        _w: Matrix<'_, WeightOf<Self>>,
        _activation: Activation,
        _y: MatrixMut<'_, ValueOf<Self>>,
    ) {
    }

    /// See [`Kernels::back`]; d are gradients with respect to `of`.
    fn back(
        &self,
        w: Matrix<'_, WeightOf<Self>>,
        d: Matrix<'_, ValueOf<Self>>,
        of: Of,
        a: Matrix<'_, ValueOf<Self>>,
        activation: Activation,
        dx: MatrixMut<'_, ValueOf<Self>>,
    );

    /// See [`Kernels::prepare`]; `noise` is the word by which the layer's updates are rounded in this step.
    fn prepare(
        &self,
        a: f32,
        gradient: &LayerGradient<'_, ValueOf<Self>>,
        noise: impl FnOnce() -> u32,
        prepared: Prepared<'_, ValueOf<Self>, NatsOf<Self>>,
    );

    /// See [`Kernels::descend`]; the gradient is one with respect to `of`, of which d has a row a sample.
    fn descend(
        &self,
        a: f32,
        gradient: &LayerGradient<'_, ValueOf<Self>>,
        first: usize,
        of: Of,
        prepared: Prepared<'_, ValueOf<Self>, NatsOf<Self>>,
        w: MatrixMut<'_, WeightOf<Self>>,
    );

    /// See [`Kernels::uniforms`].
    fn uniforms(&self, state: impl Fn(usize) -> [u64; 2], u: MatrixMut<'_, ValueOf<Self>>);

    /// Draws a row of independent units, and returns their log q.
    fn draw_independent(
        &self,
        logits: &[ValueOf<Self>],
        uniforms: &[ValueOf<Self>],
        sample: &mut [u32],
    ) -> NatsOf<Self>;

    /// See [`Kernels::log_prob`].
    fn log_prob(&self, logits: &[ValueOf<Self>], b: &[u32]) -> NatsOf<Self>;

    /// See [`Kernels::log_prob_delta`].
    fn log_prob_delta(&self, logits: &mut [ValueOf<Self>], b: &[u32]) -> NatsOf<Self>;

    /// See [`Kernels::log_prob_rows`].
    #[inline(always)]
    fn log_prob_rows<'b>(
        &self,
        _logits: Matrix<'_, ValueOf<Self>>,
        _b: impl Fn(usize) -> &'b [u32],
        _total: &mut [NatsOf<Self>],
    ) -> bool {
        false
    }

    /// See [`Kernels::log_prob_delta_rows`].
    #[inline(always)]
    fn log_prob_delta_rows<'b>(
        &self,
        _logits: &mut MatrixMut<'_, ValueOf<Self>>,
        _b: impl Fn(usize) -> &'b [u32],
        _total: &mut [NatsOf<Self>],
    ) -> bool {
        false
    }

    /// [`log_prob`](Self::log_prob) under logits that are parameters.
    fn log_prior(&self, logits: &[WeightOf<Self>], b: &[u32]) -> NatsOf<Self>;

    /// Parameters as logits.
    fn logits(&self, from: &[WeightOf<Self>], to: &mut [ValueOf<Self>]);

    /// The probability that a logit gives.
    fn probability(&self, logit: ValueOf<Self>) -> f32;

    /// Scores times their signal, in place: the gradient of logits.
    fn signal(&self, signal: NatsOf<Self>, scores: &mut [ValueOf<Self>]);

    /// Gradients times the weight of their row, in place.
    fn weigh(&self, weight: NatsOf<Self>, d: &mut [ValueOf<Self>]);

    /// Gradients are added to others.
    fn add(&self, from: &[ValueOf<Self>], to: &mut [ValueOf<Self>]);

    /// Whether all are numbers, and none too large for an update.
    fn sound(&self, values: &[ValueOf<Self>]) -> bool;

    /// Whether a parameter from elsewhere is a number, and not too large.
    fn valid(w: WeightOf<Self>) -> bool;

    /// A parameter from elsewhere, as one that this machine could have trained.
    fn settle(w: WeightOf<Self>) -> WeightOf<Self>;
}

mod sealed {
    pub trait Sealed {}
    impl<K: super::Kernels> Sealed for K {}
    impl Sealed for super::super::Integer {}
}

impl<K: Kernels> Arithmetic for K {
    type Numbers = Float;

    #[inline(always)]
    fn affine(&self, w: Matrix<'_>, x: Input<'_>, units: Units, y: MatrixMut<'_>) {
        match x {
            Input::Real(x) => Kernels::affine(self, w, x, units.activation, y),
            Input::Bits(x) => Kernels::affine_bits(self, w, x, units.activation, y),
        }
    }

    #[inline(always)]
    fn code(&self, coding: Coding<'_>, w: Matrix<'_>, activation: Activation, y: MatrixMut<'_>) {
        coding.forward(w, activation, y);
    }

    #[inline(always)]
    fn back(
        &self,
        w: Matrix<'_>,
        d: Matrix<'_>,
        _of: Of,
        a: Matrix<'_>,
        activation: Activation,
        dx: MatrixMut<'_>,
    ) {
        Kernels::back(self, w, d, a, activation, dx);
    }

    #[inline(always)]
    fn prepare(
        &self,
        a: f32,
        gradient: &LayerGradient<'_>,
        _noise: impl FnOnce() -> u32,
        prepared: Prepared<'_>,
    ) {
        Kernels::prepare(self, a, gradient, prepared);
    }

    #[inline(always)]
    fn descend(
        &self,
        a: f32,
        gradient: &LayerGradient<'_>,
        first: usize,
        _of: Of,
        prepared: Prepared<'_>,
        w: MatrixMut<'_>,
    ) {
        Kernels::descend(self, a, gradient, first, prepared, w);
    }

    #[inline(always)]
    fn uniforms(&self, state: impl Fn(usize) -> [u64; 2], u: MatrixMut<'_>) {
        Kernels::uniforms(self, state, u);
    }

    #[inline(always)]
    fn draw_independent(&self, logits: &[f32], uniforms: &[f32], sample: &mut [u32]) -> f32 {
        Kernels::draw(self, &Independent, logits, uniforms, sample)
    }

    #[inline(always)]
    fn log_prob(&self, logits: &[f32], b: &[u32]) -> f32 {
        Kernels::log_prob(self, logits, b)
    }

    #[inline(always)]
    fn log_prob_delta(&self, logits: &mut [f32], b: &[u32]) -> f32 {
        Kernels::log_prob_delta(self, logits, b)
    }

    #[inline(always)]
    fn log_prob_rows<'b>(
        &self,
        logits: Matrix<'_>,
        b: impl Fn(usize) -> &'b [u32],
        total: &mut [f32],
    ) -> bool {
        Kernels::log_prob_rows(self, logits, b, total)
    }

    #[inline(always)]
    fn log_prob_delta_rows<'b>(
        &self,
        logits: &mut MatrixMut<'_>,
        b: impl Fn(usize) -> &'b [u32],
        total: &mut [f32],
    ) -> bool {
        Kernels::log_prob_delta_rows(self, logits, b, total)
    }

    #[inline(always)]
    fn log_prior(&self, logits: &[f32], b: &[u32]) -> f32 {
        Kernels::log_prob(self, logits, b)
    }

    #[inline(always)]
    fn logits(&self, from: &[f32], to: &mut [f32]) {
        to.iter_mut().zip(from).for_each(|(to, from)| *to = *from);
    }

    #[inline(always)]
    fn probability(&self, logit: f32) -> f32 {
        sigmoid(logit)
    }

    #[inline(always)]
    fn signal(&self, signal: f32, scores: &mut [f32]) {
        scores.iter_mut().for_each(|d| *d = significant(*d * signal));
    }

    #[inline(always)]
    fn weigh(&self, weight: f32, d: &mut [f32]) {
        d.iter_mut().for_each(|d| *d = significant(*d * weight));
    }

    #[inline(always)]
    fn add(&self, from: &[f32], to: &mut [f32]) {
        to.iter_mut().zip(from).for_each(|(y, x)| *y += x);
    }

    #[inline(always)]
    fn sound(&self, values: &[f32]) -> bool {
        Kernels::within(self, LIMIT, values)
    }

    #[inline(always)]
    fn valid(w: f32) -> bool {
        w.abs() <= LIMIT
    }

    #[inline(always)]
    fn settle(w: f32) -> f32 {
        on_grid(w)
    }
}
