//! Numbers without exponents, for chips without a floating-point unit: 16 bits, of which a kind has so many behind the point:
//!
//! | number | bits behind the point | range |
//! |---|---|---|
//! | parameter | 12 | 8 |
//! | activation of a hidden unit | 8 | 128 |
//! | logit | 11 | 16 |
//! | uniform | 16, without a sign | 1 |
//! | score | 15 | 1 |
//! | gradient of the logits of something given | 12 | 8 |
//! | gradient of logits that are drawn from | 9 | 64 |
//! | gradient of a hidden unit | 8 | 128 |
//! | value of f, of 32 bits | 16 | 2^13 nats |
//!
//! What leaves its range becomes the end of it, and is [counted](Integer::saturated). Sums have 32 bits and cannot overflow:
//! see [`arm_vfp::integer`]. Parameters are rounded at random, so that the mean of an update is exact.

mod bernoulli;
mod descend;
mod rule;
#[cfg(test)]
mod tests;

pub(crate) use rule::{Independent, independent};
pub use rule::{IntegerRule, IntegerUnit};

use super::{Arithmetic, Drawn, Input, LayerGradient, Of, Prepared, Units};
use crate::numeric::fixed::{self, FixedNats, from_float};
use crate::numeric::matrix::{Matrix, MatrixMut};
use crate::numeric::number::Numbers;
use crate::numeric::rng::Stream;
use crate::numeric::window::window_mut;
use crate::shape::Activation;
use arm_vfp::Layout;
use arm_vfp::integer::{self, Finish, Inputs, saturate, shift_round};
use core::cell::Cell;
use core::num::Saturating;

/// Bits of a parameter behind the point.
const WEIGHT: u32 = 12;

/// Numbers without exponents, and the kernels of a network of them. The bits are the same on every target.
#[derive(Clone, Debug, Default)]
pub struct Integer {
    saturated: Cell<u32>,
}

impl Integer {
    /// How many rows of units and of parameters had a result that became the end of its range.
    pub fn saturated(&self) -> u32 {
        self.saturated.get()
    }

    /// The parameter nearest to `x`, or the end of the range, and whether `x` is beyond it. Of NaN zero.
    pub fn nearest(x: f32) -> (i16, bool) {
        saturate(from_float(x, WEIGHT))
    }

    /// What a parameter stands for, exactly.
    pub fn float(parameter: i16) -> f32 {
        fixed::to_float(parameter.into(), WEIGHT)
    }

    #[inline(always)]
    fn count(&self, n: u32) {
        if n > 0 {
            self.saturated.set(self.saturated.get().saturating_add(n));
        }
    }

    /// A term of f, or `infinite` where it left its range: f, in which log q is added and other logarithms are subtracted,
    /// becomes what no other term can bring back.
    #[inline(always)]
    fn term(&self, (value, beyond): (i32, bool), infinite: i32) -> FixedNats {
        self.count(beyond.into());
        Saturating(if beyond { infinite } else { value })
    }

    /// Draws a row: see [`Kernels::sample`](super::Kernels::sample).
    pub(crate) fn sample_by(
        &self,
        rule: &dyn IntegerRule,
        logits: &[i16],
        uniforms: &[i16],
        out: Drawn<'_, i16>,
    ) -> (FixedNats, FixedNats) {
        let [own, partner] = bernoulli::sample(rule, logits, uniforms, out);
        (self.term(own, i32::MAX), self.term(partner, i32::MAX))
    }
}

impl Numbers for Integer {
    type Weight = i16;
    type Value = i16;
    type Nats = FixedNats;
    type Radius = i32;
    const ZERO: i16 = 0;

    fn radius(units: usize) -> i32 {
        fixed::root_of_six_over(units)
    }

    fn initial(stream: &mut Stream, radius: i32) -> i16 {
        // Of 16 bits, symmetric: (2k + 1) 2^-16 - 1, times a radius of 14 bits.
        let u = (stream.bits() >> 17) as i32 * 2 + 1 - (1 << 15);
        saturate(shift_round(u * radius, 15 + 14 - 12)).0
    }

    #[inline(always)]
    fn floats(_: &[i16]) -> &[f32] {
        &[]
    }

    #[inline(always)]
    fn floats_mut(_: &mut [i16]) -> &mut [f32] {
        &mut []
    }
}

fn layout(w: &Matrix<'_, i16>) -> Layout {
    Layout { cols: w.cols(), stride: w.stride() }
}

/// An activation: its slope below zero, with 15 bits behind the point.
fn slope(activation: Activation) -> i32 {
    from_float(activation.slope(), 15)
}

/// How a sum with 20 bits behind the point becomes these units.
fn finish(units: Units) -> Finish {
    if units.hidden {
        Finish { down: 12, slope: slope(units.activation) }
    } else {
        Finish { down: 9, slope: 1 << 15 }
    }
}

/// log(e^a + e^b), of logarithms with 16 bits behind the point.
pub(crate) fn log_sum(a: i32, b: i32) -> i32 {
    let apart = (a.max(b)).saturating_sub(a.min(b)) >> 5;
    a.max(b).saturating_add(integer::falling(apart as u32).1 as i32)
}

/// A parameter as a logit.
#[inline(always)]
fn logit(w: i16) -> i16 {
    shift_round(w.into(), 1) as i16
}

impl Arithmetic for Integer {
    type Numbers = Self;

    fn affine(&self, w: Matrix<'_, i16>, x: Input<'_, i16>, units: Units, mut y: MatrixMut<'_, i16>) {
        for n in 0..y.examples() {
            let inputs = match x {
                Input::Real(x) => Inputs::Numbers(x.row(n)),
                Input::Bits(x) => Inputs::Bits(x.row(n), x.cols()),
            };
            self.count(integer::dense(inputs, w.data(), layout(&w), finish(units), y.row_mut(n)).into());
        }
    }

    fn back(
        &self,
        w: Matrix<'_, i16>,
        d: Matrix<'_, i16>,
        of: Of,
        a: Matrix<'_, i16>,
        activation: Activation,
        mut dx: MatrixMut<'_, i16>,
    ) {
        let slope = slope(activation);
        for n in 0..d.examples().min(a.examples()).min(dx.examples()) {
            let dx = dx.row_mut(n);
            self.count(integer::dots(d.row(n), w.data(), layout(&w), bits(of) + 12 - 8, dx).into());
            integer::activate_back(slope, a.row(n), dx);
        }
    }

    fn prepare(
        &self,
        _a: f32,
        gradient: &LayerGradient<'_, i16>,
        noise: impl FnOnce() -> u32,
        prepared: Prepared<'_, i16, FixedNats>,
    ) {
        *prepared.one = Saturating(noise() as i32);
        // For all rows of a layer the same.
        for n in 0..gradient.d.examples() {
            if let Some(all) = prepared.units.get_mut(n) {
                *all = integer::bits(gradient.d.row(n)) as i16;
            }
        }
    }

    fn descend(
        &self,
        a: f32,
        gradient: &LayerGradient<'_, i16>,
        first: usize,
        of: Of,
        prepared: Prepared<'_, i16, FixedNats>,
        mut w: MatrixMut<'_, i16>,
    ) {
        let LayerGradient { x, d } = *gradient;
        let factor = descend::factor(a, bits(of));
        for n in 0..d.examples() {
            let noise = descend::Noise::new(prepared.one.0 as u32, n, first);
            let bits = prepared.units.get(n).map_or(0, |bits| *bits as u16);
            let inputs = match x {
                Input::Real(x) => Inputs::Numbers(x.row(n)),
                Input::Bits(x) => Inputs::Bits(x.row(n), x.cols()),
            };
            self.count(descend::rows(factor, noise, inputs, first, d.row(n), bits, &mut w));
        }
    }

    fn uniforms(&self, state: impl Fn(usize) -> [u64; 2], mut u: MatrixMut<'_, i16>) {
        for i in 0..u.examples() {
            let mut stream = Stream::from_state(state(i));
            u.row_mut(i).iter_mut().for_each(|u| *u = (stream.bits() >> 16) as i16);
        }
    }

    fn draw_independent(&self, logits: &[i16], uniforms: &[i16], sample: &mut [u32]) -> FixedNats {
        let out = Drawn { sample, partner: &mut [], score: &mut [] };
        self.sample_by(&Independent, logits, uniforms, out).0
    }

    fn log_prob(&self, logits: &[i16], b: &[u32]) -> FixedNats {
        self.term(bernoulli::log_prob(logits, b), -i32::MAX)
    }

    fn log_prob_delta(&self, logits: &mut [i16], b: &[u32]) -> FixedNats {
        self.term(bernoulli::log_prob_delta(logits, b), -i32::MAX)
    }

    fn log_prior(&self, logits: &[i16], b: &[u32]) -> FixedNats {
        let mut total = Saturating(0);
        for (weights, word) in logits.chunks(32).zip(b) {
            let mut block = [0; 32];
            let block = window_mut(&mut block, ..weights.len());
            Arithmetic::logits(self, weights, block);
            total += self.term(bernoulli::log_prob(block, &[*word]), -i32::MAX);
        }
        total
    }

    fn logits(&self, from: &[i16], to: &mut [i16]) {
        to.iter_mut().zip(from).for_each(|(to, from)| *to = logit(*from));
    }

    fn probability(&self, logit: i16) -> f32 {
        fixed::to_float(bernoulli::sigma(logit) as i32, 16)
    }

    fn signal(&self, signal: FixedNats, scores: &mut [i16]) {
        // 8 bits times 15 become 9.
        let (signal, mut beyond) = saturate(shift_round(signal.0.clamp(-1 << 30, 1 << 30), 8));
        for d in scores {
            let (v, out) = saturate(shift_round(i32::from(signal) * i32::from(*d), 14));
            beyond |= out;
            *d = v;
        }
        self.count(beyond.into());
    }

    fn weigh(&self, weight: FixedNats, d: &mut [i16]) {
        // At most one: 15 bits times any.
        let weight = weight.0 >> 1;
        d.iter_mut().for_each(|d| *d = saturate(shift_round(weight * i32::from(*d), 15)).0);
    }

    fn add(&self, from: &[i16], to: &mut [i16]) {
        for (y, x) in to.iter_mut().zip(from) {
            let (v, out) = saturate(i32::from(*y) + i32::from(*x));
            self.count(out.into());
            *y = v;
        }
    }

    fn sound(&self, _: &[i16]) -> bool {
        true
    }

    fn valid(_: i16) -> bool {
        true
    }

    fn settle(w: i16) -> i16 {
        w
    }
}

/// Bits of a gradient behind the point.
fn bits(of: Of) -> u32 {
    match of {
        Of::Hidden => 8,
        Of::Sampled => 9,
        Of::Given => 12,
    }
}
