//! The reference kernels: plain loops in a fixed order, without fused operations and without subnormal numbers.

mod bernoulli;
mod optimise;
mod rows;

use super::{AdamRates, Drawn, Input, Kernels};
use crate::estimator::Unit;
use crate::matrix::{BitMatrix, Matrix, MatrixMut};
use arm_vfp::{Layout, Selected};
pub(crate) use optimise::on_grid;
use rows::TINY;
pub(crate) use rows::significant;

/// The kernels that give the same bits on every target.
///
/// Activations, gradients and updates smaller than 2^-40 count as zero: no sum is then ever a subnormal number, which
/// some machines compute with and others (Cortex-M55's Helium) round to zero.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Portable;

/// LeakyReLU with `slope`; 1 leaves logits as they are.
#[inline(always)]
fn activate(slope: f32, y: &mut [f32]) {
    if slope != 1.0 {
        arm_vfp::activate(slope, TINY, y);
    }
}

fn layout(w: &Matrix<'_>) -> Layout {
    Layout { cols: w.cols(), stride: w.stride() }
}

impl Kernels for Portable {
    fn affine(&self, w: Matrix<'_>, x: Matrix<'_>, slope: f32, mut y: MatrixMut<'_>) {
        for (x, y) in x.rows().zip(y.rows_mut()) {
            arm_vfp::add_scaled(x, w.data(), layout(&w), y);
            activate(slope, y);
        }
    }

    fn affine_bits(&self, w: Matrix<'_>, x: BitMatrix<'_>, slope: f32, mut y: MatrixMut<'_>) {
        for (n, y) in y.rows_mut().enumerate() {
            arm_vfp::add_rows(x.row(n), x.cols(), w.data(), layout(&w), y);
            activate(slope, y);
        }
    }

    fn back(&self, w: Matrix<'_>, d: Matrix<'_>, a: Matrix<'_>, slope: f32, mut dx: MatrixMut<'_>) {
        for ((d, a), dx) in d.rows().zip(a.rows()).zip(dx.rows_mut()) {
            arm_vfp::dots(d, w.data(), layout(&w), dx);
            arm_vfp::activate_back(slope, TINY, a, dx);
        }
    }

    fn gradient(&self, a: f32, x: Matrix<'_>, first: usize, d: Matrix<'_>, mut g: MatrixMut<'_>) {
        for (x, d) in x.rows().zip(d.rows()) {
            let layout = Layout { cols: g.cols(), stride: g.stride() };
            let units = x.get(first..).unwrap_or_default();
            let units = units.get(..g.height()).unwrap_or(units);
            if a.abs() * arm_vfp::smallest(units) * arm_vfp::smallest(d) >= TINY {
                arm_vfp::outer(a, units, d, g.data_mut(), layout);
            } else {
                for (i, x) in units.iter().enumerate() {
                    let selected = Selected { bits: &[], bias: i, first: 0 };
                    arm_vfp::add_to_rows(a * x, TINY, d, selected, g.data_mut(), layout);
                }
            }
            let bias = Selected { bits: &[], bias: x.len(), first };
            arm_vfp::add_to_rows(a, TINY, d, bias, g.data_mut(), layout);
        }
    }

    fn gradient_bits(&self, a: f32, x: BitMatrix<'_>, first: usize, d: Matrix<'_>, mut g: MatrixMut<'_>) {
        let layout = Layout { cols: g.cols(), stride: g.stride() };
        for (n, d) in d.rows().enumerate() {
            let selected = Selected { bits: x.row(n), bias: x.cols(), first };
            arm_vfp::add_to_rows(a, TINY, d, selected, g.data_mut(), layout);
        }
    }

    fn sample<E: Unit>(&self, rule: &E, logits: &[f32], uniforms: &[f32], out: Drawn<'_>) -> (f32, f32) {
        bernoulli::sample(rule, logits, uniforms, out)
    }

    fn draw<E: Unit>(&self, rule: &E, logits: &[f32], uniforms: &[f32], sample: &mut [u32]) -> f32 {
        bernoulli::draw(rule, logits, uniforms, sample)
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

    fn adam(&self, rates: AdamRates, g: &[f32], m: &mut [f32], v: &mut [f32], w: &mut [f32]) {
        optimise::adam(rates, g, m, v, w);
    }

    fn adam_rank_one(
        &self,
        rates: AdamRates,
        x: Input<'_>,
        first: usize,
        d: &[f32],
        room: &mut [f32],
        blocks: (MatrixMut<'_>, MatrixMut<'_>, MatrixMut<'_>),
    ) {
        optimise::adam_rank_one(rates, x, first, d, room, blocks);
    }
}
