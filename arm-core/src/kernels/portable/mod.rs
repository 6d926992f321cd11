//! The reference kernels: plain loops in a fixed order, without fused operations and without subnormal numbers.
//!
//! Tests: `tests/tests/engine/gradients.rs`, `tests/tests/golden.rs`.

mod bernoulli;
mod optimise;

use super::{AdamBlock, AdamRates, Drawn, Input, Kernels, LayerGradient, MomentumBlock, Prepared};
use crate::kernels::activate::{activate, activate_back};
use crate::kernels::draw_rule::{DrawRule, RuleWork};
use crate::numeric::math::TINY;
use crate::numeric::matrix::{BitMatrix, Matrix, MatrixMut};
use crate::numeric::window::window;
use crate::shape::Activation;
use arm_vfp::{Layout, Selected};
pub(crate) use optimise::on_grid;
#[allow(unused_imports)] // by kernels with vectors, where there are some
pub(super) use {bernoulli::SATURATED, optimise::constants};

/// The kernels that give the same bits on every target.
///
/// Activations, gradients and updates smaller than 2^-40 count as zero: no sum is then ever a subnormal number, which
/// some machines compute with and others (Cortex-M55's Helium) round to zero. On a Cortex-M with a floating-point unit
/// and without the feature `ragged` they take matrices of whole groups only: 16 columns, four rows. Without `batch` they
/// take one example.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Portable;

fn layout(w: &Matrix<'_>) -> Layout {
    Layout { cols: w.cols(), stride: w.stride() }
}

/// The selected rows of g += a d.
#[inline(always)]
fn add_to_rows(a: f32, d: &[f32], selected: Selected<'_>, g: &mut MatrixMut<'_>) {
    let layout = Layout { cols: g.cols(), stride: g.stride() };
    arm_vfp::add_to_rows(a, TINY, d, selected, g.data_mut(), layout);
}

/// A row that is drawn by a rule which is not known yet: the loop is compiled once, and asks a rule through a pointer.
struct SampleRow<'a> {
    logits: &'a [f32],
    uniforms: &'a [f32],
    out: Drawn<'a>,
}

impl RuleWork for SampleRow<'_> {
    type Output = (f32, f32);

    #[inline(always)]
    fn with<R: DrawRule>(self, rule: &R) -> (f32, f32) {
        bernoulli::sample(rule, self.logits, self.uniforms, self.out)
    }
}

impl Kernels for Portable {
    fn affine(&self, w: Matrix<'_>, x: Matrix<'_>, activation: Activation, mut y: MatrixMut<'_>) {
        for n in 0..x.examples().min(y.examples()) {
            let y = y.row_mut(n);
            arm_vfp::add_scaled(x.row(n), w.data(), layout(&w), y);
            activate(activation, y);
        }
    }

    fn affine_bits(&self, w: Matrix<'_>, x: BitMatrix<'_>, activation: Activation, mut y: MatrixMut<'_>) {
        for n in 0..y.examples() {
            let y = y.row_mut(n);
            arm_vfp::add_rows(x.row(n), x.cols(), w.data(), layout(&w), y);
            activate(activation, y);
        }
    }

    fn back(
        &self,
        w: Matrix<'_>,
        d: Matrix<'_>,
        a: Matrix<'_>,
        activation: Activation,
        mut dx: MatrixMut<'_>,
    ) {
        for n in 0..d.examples().min(a.examples()).min(dx.examples()) {
            let dx = dx.row_mut(n);
            arm_vfp::dots(d.row(n), w.data(), layout(&w), dx);
            activate_back(activation, a.row(n), dx);
        }
    }

    fn gradient(&self, a: f32, x: Matrix<'_>, first: usize, d: Matrix<'_>, mut g: MatrixMut<'_>) {
        for n in 0..x.examples().min(d.examples()) {
            let (x, d) = (x.row(n), d.row(n));
            let units = window(x, first..);
            let units = units.get(..g.height()).unwrap_or(units);
            // Twice, so that no term is below it when its factors are rounded in another order.
            if a.abs() * arm_vfp::smallest(units) * arm_vfp::smallest(d) >= 2.0 * TINY {
                let layout = Layout { cols: g.cols(), stride: g.stride() };
                arm_vfp::outer(a, units, d, g.data_mut(), layout);
            } else {
                for (i, x) in units.iter().enumerate() {
                    add_to_rows(a * x, d, Selected { bits: &[], bias: i, first: 0 }, &mut g);
                }
            }
            add_to_rows(a, d, Selected { bits: &[], bias: x.len(), first }, &mut g);
        }
    }

    fn gradient_bits(&self, a: f32, x: BitMatrix<'_>, first: usize, d: Matrix<'_>, mut g: MatrixMut<'_>) {
        for n in 0..d.examples() {
            add_to_rows(a, d.row(n), Selected { bits: x.row(n), bias: x.cols(), first }, &mut g);
        }
    }

    #[inline(always)]
    fn prepare(&self, a: f32, gradient: &LayerGradient<'_>, prepared: Prepared<'_>) {
        let LayerGradient { x, d } = *gradient;
        arm_vfp::terms(a, TINY, d.row(0), prepared.units);
        // The smallest term of all rows that is not zero.
        if let Input::Real(x) = x {
            *prepared.one = a.abs() * arm_vfp::smallest(x.row(0)) * arm_vfp::smallest(d.row(0));
        }
    }

    #[inline(always)]
    fn descend(
        &self,
        a: f32,
        gradient: &LayerGradient<'_>,
        first: usize,
        prepared: Prepared<'_>,
        mut g: MatrixMut<'_>,
    ) {
        // Of one example: its row is all the data, which is checked once, where the loops take it.
        let (x, d) = (gradient.x, gradient.d.data());
        let layout = Layout { cols: g.cols(), stride: g.stride() };
        let selected = match x {
            Input::Bits(x) => Selected { bits: x.data(), bias: x.cols(), first },
            Input::Real(x) => {
                let (bias, height) = (x.cols(), g.height());
                // None when these rows are but the biases.
                let Some(units) = x.data().get(first..bias.min(first + height)) else { return };
                if *prepared.one >= 2.0 * TINY {
                    arm_vfp::outer(a, units, d, g.data_mut(), layout);
                } else {
                    g.rows_mut().zip(units).for_each(|(g, x)| optimise::axpy(a * x, d, g));
                }
                if units.len() == height {
                    return;
                }
                Selected { bits: &[], bias, first }
            }
        };
        arm_vfp::add_terms(prepared.units, selected, g.data_mut(), layout);
    }

    fn sample<E: DrawRule>(&self, rule: &E, logits: &[f32], uniforms: &[f32], out: Drawn<'_>) -> (f32, f32) {
        rule.resolve(SampleRow { logits, uniforms, out })
    }

    fn draw<E: DrawRule>(&self, rule: &E, logits: &[f32], uniforms: &[f32], sample: &mut [u32]) -> f32 {
        rule.resolve(SampleRow { logits, uniforms, out: Drawn { sample, partner: &mut [], score: &mut [] } })
            .0
    }

    fn log_prob(&self, logits: &[f32], b: &[u32]) -> f32 {
        bernoulli::log_prob(logits, b)
    }

    fn log_prob_delta(&self, logits: &mut [f32], b: &[u32]) -> f32 {
        bernoulli::log_prob_delta(logits, b)
    }

    fn axpy(&self, a: f32, x: &[f32], y: &mut [f32]) {
        optimise::axpy(a, x, y);
    }

    fn momentum(&self, rate: f32, momentum: f32, g: &[f32], v: &mut [f32], w: &mut [f32]) {
        optimise::momentum(rate, momentum, g, v, w);
    }

    fn momentum_rank_one(
        &self,
        rate: f32,
        momentum: f32,
        gradient: &LayerGradient<'_>,
        first: usize,
        _gradient_buffer: &mut [f32],
        block: MomentumBlock<MatrixMut<'_>>,
    ) {
        optimise::momentum_rank_one(rate, momentum, gradient.x, first, gradient.d.row(0), block);
    }

    fn adam(&self, rates: AdamRates, g: &[f32], m: &mut [f32], v: &mut [f32], w: &mut [f32]) {
        optimise::adam(rates, g, m, v, w);
    }

    fn adam_rank_one(
        &self,
        rates: AdamRates,
        gradient: &LayerGradient<'_>,
        first: usize,
        gradient_buffer: &mut [f32],
        block: AdamBlock<MatrixMut<'_>>,
    ) {
        optimise::adam_rank_one(rates, gradient.x, first, gradient.d.row(0), gradient_buffer, block);
    }
}
