//! What the gradient estimators of one model cost and how noisy they are, at its parameters and a batch.

use crate::estimators::{AnyEstimator, Choice};
use crate::kernels::Desktop;
use crate::measure::moments::{Moments, Point, measure, seconds, warm_up};
use arm_core::objective::{Conditional, Objective, Vae};
use arm_core::{BitMatrix, Engine, Error, Shape};
use serde::Serialize;
use std::ops::Range;

/// How much is measured.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Effort {
    /// Gradients for the variance of each estimator.
    pub draws: u64,
    /// Gradients for the mean that biases are measured against.
    pub reference_draws: u64,
    /// Steps in which estimators that learn do so before.
    pub warm_up: u64,
    /// Gradients that are timed.
    pub timed: u64,
    /// Seed of all draws.
    pub seed: u64,
    /// Threads; they decide nothing but how long it takes.
    pub threads: usize,
}

/// What was measured of one estimator.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Row {
    /// Its name.
    pub estimator: String,
    /// Whether it minimises a bound of several samples rather than the -ELBO.
    pub bound: bool,
    /// Whether its mean is another than the gradient, by design.
    pub biased: bool,
    /// Evaluations of f for one example, at most.
    pub evaluations: usize,
    /// Seconds of processor time for the gradient of the batch, on one thread.
    pub seconds: f64,
    /// Variance of the gradient, summed over the parameters of each dense layer, in nats².
    pub layers: Vec<f64>,
    /// The same over the encoder: the layers whose gradient is estimated.
    pub encoder: f64,
    /// The same over decoder and prior, whose gradient is that of the samples.
    pub decoder: f64,
    /// z-score of the encoder's mean gradient along the reference.
    pub bias_z: f64,
    /// Root mean square over the encoder's parameters of the z-scores of their means: 1 for an unbiased estimator.
    pub rms_z: f64,
}

impl Row {
    /// Variance of the encoder's gradient when estimates are averaged until `evaluations` of f are spent.
    pub fn at_evaluations(&self, evaluations: usize) -> f64 {
        self.encoder * self.evaluations as f64 / evaluations as f64
    }

    /// Variance of the encoder's gradient when estimates are averaged until `seconds` are spent.
    pub fn at_seconds(&self, seconds: f64) -> f64 {
        self.encoder * self.seconds / seconds
    }
}

/// A model's parameters and a batch, whatever the objective.
pub trait Measured {
    /// The mean gradient of `choice`, which should be unbiased: one run gives the direction along which biases are
    /// measured, a longer one the mean itself. Errors: an estimator that cannot serve the shape.
    fn reference(&self, choice: Choice, effort: Effort) -> Result<Reference, Error>;

    /// Measures `choice`, called `name`. Errors: an estimator that cannot serve the shape.
    fn row(&self, choice: Choice, name: String, reference: &Reference, effort: Effort) -> Result<Row, Error>;
}

/// The gradients of all parameters of a network with this shape, padded as `params`, of its own objective: the −ELBO, or of a
/// conditional network the conditional likelihood.
pub fn of_network<'a>(
    shape: Shape<'a>,
    params: &'a [f32],
    x: BitMatrix<'a>,
    y: BitMatrix<'a>,
) -> Box<dyn Measured + 'a> {
    let layers = shape.dense_layers();
    match shape.is_conditional() {
        true => Box::new(Model { shape, point: Point { objective: &Conditional, params, x, y, layers } }),
        false => Box::new(Model { shape, point: Point { objective: &Vae, params, x, y, layers } }),
    }
}

/// A model's parameters and a batch.
#[derive(Clone, Copy, Debug)]
struct Model<'a, M> {
    /// Its shape, as the kernels want it padded.
    shape: Shape<'a>,
    /// Where gradients are taken.
    point: Point<'a, M>,
}

/// A mean gradient that others are compared with.
#[derive(Clone, Debug)]
pub struct Reference {
    direction: Vec<f64>,
    all: Moments,
    along: Moments,
}

impl<M: Objective<Desktop> + Clone + Send + Sync> Model<'_, M> {
    fn encoder(&self) -> Range<usize> {
        0..(0..self.shape.encoder().len()).map(|i| self.shape.dense(i).len()).sum()
    }

    fn engine(&self, choice: Choice, effort: Effort) -> Result<Engine<'_, Desktop, AnyEstimator>, Error> {
        Engine::new(self.shape, Desktop::new(), choice.estimator(&self.shape)?, effort.seed)
    }

    fn moments(
        &self,
        choice: Choice,
        effort: Effort,
        address: u64,
        direction: Option<&[f64]>,
    ) -> Result<(Moments, Moments), Error> {
        let mut engine = self.engine(choice, effort)?;
        warm_up(&mut engine, &self.point, effort.warm_up)?;
        measure(&engine, &self.point, effort.draws, address, direction, effort.threads)
    }
}

impl<M: Objective<Desktop> + Clone + Send + Sync> Measured for Model<'_, M> {
    fn reference(&self, choice: Choice, effort: Effort) -> Result<Reference, Error> {
        let (all, _) = self.moments(choice, effort, 1, None)?;
        let mut direction = all.mean().to_vec();
        let end = self.encoder().end;
        direction[end..].fill(0.0);
        let effort = Effort { draws: effort.reference_draws, ..effort };
        let (all, along) = self.moments(choice, effort, 2, Some(&direction))?;
        Ok(Reference { direction, all, along })
    }

    fn row(&self, choice: Choice, name: String, reference: &Reference, effort: Effort) -> Result<Row, Error> {
        let (all, along) = self.moments(choice, effort, 3, Some(&reference.direction))?;
        let seconds = seconds(&self.engine(choice, effort)?, &self.point, effort.timed)?;
        let encoder = self.encoder();
        let of_mean = |m: &Moments, i: usize| m.variance(i) / m.count();
        let z = |a: &Moments, b: &Moments, i: usize| {
            let error = (of_mean(a, i) + of_mean(b, i)).sqrt();
            // Where nothing varies, rounding is left.
            (error > 1e-7 * a.mean()[i].abs()).then(|| (a.mean()[i] - b.mean()[i]) / error)
        };
        let scores: Vec<f64> = encoder.clone().filter_map(|i| z(&all, &reference.all, i)).collect();
        let squares = scores.iter().fold(0.0, |sum, z| sum + z * z);
        let mut first = 0;
        let layers = (0..self.shape.dense_layers()).map(|i| {
            let range = first..first + self.shape.dense(i).len();
            first = range.end;
            all.trace(range)
        });
        Ok(Row {
            estimator: name,
            bound: choice.name.bound(),
            biased: choice.name.biased(),
            evaluations: choice.evaluations(&self.shape),
            seconds,
            layers: layers.collect(),
            encoder: all.trace(encoder.clone()),
            decoder: all.trace(encoder.end..all.mean().len()),
            bias_z: z(&along, &reference.along, 0).unwrap_or(0.0),
            rms_z: (squares / scores.len().max(1) as f64).sqrt(),
        })
    }
}
