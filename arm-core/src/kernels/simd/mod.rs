//! Kernels with vectors, for the instruction set that the crate is compiled for: by `wide`, whose vectors of sixteen floats
//! are one register of AVX-512, two of AVX, and four of SSE2, NEON and simd128.
//!
//! Each operation is rounded on its own and sums keep the order of [`Portable`]: the bits are the same.

mod bernoulli;
mod lanes;
mod math;
mod matrix;
mod optimise;
mod rows;
#[cfg(test)]
mod tests;

use crate::kernels::activate::activate_back;
use crate::kernels::{
    AdamBlock, AdamRates, DrawRule, Drawn, Kernels, LayerGradient, MomentumBlock, Portable,
};
use crate::numeric::matrix::{BitMatrix, Matrix, MatrixMut};
use crate::numeric::window::window;
use crate::shape::Activation;
use arm_vfp::Selected;

/// The kernels for this target: with vectors where it has some, otherwise [`Portable`]. The bits are those of [`Portable`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Simd;

/// Calls `f` for each of `n` examples. A single one has no loop around it, for which much would have to be remembered.
#[inline(always)]
fn each(n: usize, mut f: impl FnMut(usize)) {
    if n == 1 { f(0) } else { (0..n).for_each(f) }
}

impl Kernels for Simd {
    #[inline]
    fn affine(&self, w: Matrix<'_>, x: Matrix<'_>, activation: Activation, mut y: MatrixMut<'_>) {
        each(x.examples().min(y.examples()), |n| {
            matrix::add_scaled(x.row(n), w, activation, y.row_mut(n));
        });
    }

    #[inline]
    fn affine_bits(&self, w: Matrix<'_>, x: BitMatrix<'_>, activation: Activation, mut y: MatrixMut<'_>) {
        each(y.examples(), |n| rows::add_rows(x.row(n), x.cols(), w, activation, y.row_mut(n)));
    }

    #[inline]
    fn back(
        &self,
        w: Matrix<'_>,
        d: Matrix<'_>,
        a: Matrix<'_>,
        activation: Activation,
        mut dx: MatrixMut<'_>,
    ) {
        each(d.examples().min(a.examples()).min(dx.examples()), |n| {
            let dx = dx.row_mut(n);
            matrix::dots(d.row(n), w, dx);
            activate_back(activation, a.row(n), dx);
        });
    }

    #[inline]
    fn gradient(&self, a: f32, x: Matrix<'_>, first: usize, d: Matrix<'_>, mut g: MatrixMut<'_>) {
        let height = g.height();
        each(x.examples().min(d.examples()), |n| {
            let (x, d) = (x.row(n), d.row(n));
            let units = window(x, first..);
            matrix::outer(a, units.get(..height).unwrap_or(units), d, units.len(), &mut g);
        });
    }

    #[inline]
    fn gradient_bits(&self, a: f32, x: BitMatrix<'_>, first: usize, d: Matrix<'_>, mut g: MatrixMut<'_>) {
        each(d.examples(), |n| {
            rows::add_to_rows(a, d.row(n), Selected { bits: x.row(n), bias: x.cols(), first }, &mut g)
        });
    }

    fn sample<E: DrawRule>(&self, rule: &E, logits: &[f32], uniforms: &[f32], out: Drawn<'_>) -> (f32, f32) {
        rule.resolve(bernoulli::Row::<true> { logits, uniforms, out })
    }

    fn draw<E: DrawRule>(&self, rule: &E, logits: &[f32], uniforms: &[f32], sample: &mut [u32]) -> f32 {
        let out = Drawn { sample, partner: &mut [], score: &mut [] };
        rule.resolve(bernoulli::Row::<false> { logits, uniforms, out }).0
    }

    #[inline]
    fn log_prob(&self, logits: &[f32], b: &[u32]) -> f32 {
        bernoulli::log_prob(logits, b)
    }

    #[inline]
    fn log_prob_delta(&self, logits: &mut [f32], b: &[u32]) -> f32 {
        bernoulli::log_prob_delta(logits, b)
    }

    #[inline]
    fn within(&self, limit: f32, values: &[f32]) -> bool {
        lanes::within(limit, values)
    }

    fn axpy(&self, a: f32, x: &[f32], y: &mut [f32]) {
        Portable.axpy(a, x, y);
    }

    fn momentum(&self, rate: f32, momentum: f32, g: &[f32], v: &mut [f32], w: &mut [f32]) {
        Portable.momentum(rate, momentum, g, v, w);
    }

    fn momentum_rank_one(
        &self,
        rate: f32,
        momentum: f32,
        gradient: &LayerGradient<'_>,
        first: usize,
        gradient_buffer: &mut [f32],
        block: MomentumBlock<MatrixMut<'_>>,
    ) {
        Portable.momentum_rank_one(rate, momentum, gradient, first, gradient_buffer, block);
    }

    #[inline]
    fn adam(&self, rates: AdamRates, g: &[f32], m: &mut [f32], v: &mut [f32], w: &mut [f32]) {
        optimise::adam(rates, g, m, v, w);
    }

    #[inline]
    fn adam_rank_one(
        &self,
        rates: AdamRates,
        gradient: &LayerGradient<'_>,
        first: usize,
        _gradient_buffer: &mut [f32],
        block: AdamBlock<MatrixMut<'_>>,
    ) {
        optimise::adam_rank_one(rates, gradient.x, first, gradient.d.row(0), block);
    }
}
