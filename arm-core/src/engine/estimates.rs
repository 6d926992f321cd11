//! What numbers of one kind do with an estimator.
//!
//! Tests: `tests/tests/estimators/unbiased.rs`, `integer.rs`.

use super::{Block, Engine, Traces};
use crate::error::Error;
use crate::estimator::relaxed::Relaxation;
use crate::estimator::{Estimator, Evaluated, LogMeanExp};
use crate::kernels::{Arithmetic, Drawn, DrawnRows, Kernels, LayerGradient, NatsOf, ValueOf, WeightOf};
use crate::network::{Pass, Scratch};
use crate::numeric::matrix::Matrix;
use crate::objective::Objective;
use crate::optim::{AtStep, Optimiser};
use crate::shape::Shape;

/// log of the mean of e^v over values v, one at a time.
pub trait Total<F>: Default {
    /// Takes in one value.
    fn push(&mut self, v: F);

    /// The result in nats; not finite where it is out of range.
    fn value(&self) -> f32;
}

/// [`Arithmetic`] that a network is trained with: every [`Kernels`] is one.
pub trait Estimates: Arithmetic {
    /// Whether [`Arithmetic::descend`] takes the gradients of several samples.
    const EACH_SAMPLE: bool;

    /// The bound of several samples.
    type Total: Total<NatsOf<Self>>;

    /// Whether there is arithmetic for this estimator and this network.
    #[inline(always)]
    fn check<E: Estimator>(_estimator: &E, _shape: &Shape<'_>) -> Result<(), Error> {
        Ok(())
    }

    /// See [`Kernels::sample`].
    fn sample<E: Estimator>(
        &self,
        estimator: &E,
        logits: &[ValueOf<Self>],
        uniforms: &[ValueOf<Self>],
        out: Drawn<'_, ValueOf<Self>>,
    ) -> (NatsOf<Self>, NatsOf<Self>);

    /// See [`Kernels::sample_rows`].
    #[inline(always)]
    fn sample_rows<E: Estimator>(
        &self,
        _estimator: &E,
        _logits: Matrix<'_, ValueOf<Self>>,
        _uniforms: Matrix<'_, ValueOf<Self>>,
        _out: DrawnRows<'_, ValueOf<Self>, NatsOf<Self>>,
    ) -> bool {
        false
    }

    /// See [`Kernels::draw`].
    fn draw<E: Estimator>(
        &self,
        estimator: &E,
        logits: &[ValueOf<Self>],
        uniforms: &[ValueOf<Self>],
        sample: &mut [u32],
    ) -> NatsOf<Self>;

    /// See [`Estimator::signals`]; returns the [objective](Estimator::objective).
    fn signals<E: Estimator>(
        estimator: &E,
        samples: Samples<'_, NatsOf<Self>>,
        signal: &mut [NatsOf<Self>],
        weight: &mut [NatsOf<Self>],
    ) -> NatsOf<Self>;

    /// The gradient of the logits of layer `t` for an estimator that asks for more than pairs and their differences, once
    /// these are known. Floats only.
    fn beyond_pairs<E: Estimator, O: Objective<Self>>(
        _engine: &Engine<'_, Self, E>,
        _pass: &Pass<'_, Self>,
        _objective: &mut O,
        _scratch: &mut Scratch<'_, Self::Numbers>,
        _t: usize,
    ) -> Result<(), Error> {
        Err(Error::Unsupported)
    }

    /// The gradients of all layers for an estimator that sees the gradient of f. Floats only.
    fn relaxed<E: Estimator, O: Objective<Self>>(
        _engine: &Engine<'_, Self, E>,
        _relaxation: &dyn Relaxation,
        _pass: &Pass<'_, Self>,
        _objective: &mut O,
        _scratch: &mut Scratch<'_, Self::Numbers>,
        _relaxed: &mut [f32],
    ) -> Result<(), Error> {
        Err(Error::Unsupported)
    }

    /// Updates a block of a layer by an optimiser that is not plain gradient descent, or for several samples. `gradient_buffer` takes a
    /// row of gradient.
    fn update<E: Estimator, O: Optimiser>(
        _engine: &Engine<'_, Self, E>,
        _layer: &LayerGradient<'_, ValueOf<Self>>,
        _optimiser: &mut AtStep<'_, O>,
        _block: Block<'_, WeightOf<Self>>,
        _gradient_buffer: &mut [ValueOf<Self>],
    ) -> Result<(), Error> {
        Err(Error::Unsupported)
    }

    /// What a coding adds to rows of weights after plain gradient descent. Floats only.
    fn correct<E: Estimator>(
        _engine: &Engine<'_, Self, E>,
        _a: f32,
        _layer: usize,
        _first: usize,
        _d: Matrix<'_, ValueOf<Self>>,
        _w: &mut [WeightOf<Self>],
    ) {
    }
}

/// The samples of one example: see [`Evaluated`].
#[derive(Clone, Copy, Debug)]
pub struct Samples<'a, F> {
    /// f of each sample.
    pub f: &'a [F],
    /// log q of each sample.
    pub log_q: &'a [F],
    /// Whether f contains log q.
    pub f_has_log_q: bool,
}

impl Total<f32> for LogMeanExp {
    #[inline(always)]
    fn push(&mut self, v: f32) {
        LogMeanExp::push(self, v);
    }

    #[inline(always)]
    fn value(&self) -> f32 {
        LogMeanExp::value(self)
    }
}

impl<K: Kernels> Estimates for K {
    const EACH_SAMPLE: bool = false;
    type Total = LogMeanExp;

    #[inline(always)]
    fn sample<E: Estimator>(
        &self,
        estimator: &E,
        logits: &[f32],
        uniforms: &[f32],
        out: Drawn<'_>,
    ) -> (f32, f32) {
        Kernels::sample(self, estimator, logits, uniforms, out)
    }

    #[inline(always)]
    fn sample_rows<E: Estimator>(
        &self,
        estimator: &E,
        logits: Matrix<'_>,
        uniforms: Matrix<'_>,
        out: DrawnRows<'_>,
    ) -> bool {
        Kernels::sample_rows(self, estimator, logits, uniforms, out)
    }

    #[inline(always)]
    fn draw<E: Estimator>(&self, estimator: &E, logits: &[f32], uniforms: &[f32], sample: &mut [u32]) -> f32 {
        Kernels::draw(self, estimator, logits, uniforms, sample)
    }

    #[inline(always)]
    fn signals<E: Estimator>(
        estimator: &E,
        samples: Samples<'_, f32>,
        signal: &mut [f32],
        weight: &mut [f32],
    ) -> f32 {
        let Samples { f, log_q, f_has_log_q } = samples;
        let evaluated = Evaluated { f, log_q, f_has_log_q };
        estimator.signals(evaluated, signal, weight);
        estimator.objective(evaluated, weight)
    }

    #[inline(always)]
    fn beyond_pairs<E: Estimator, O: Objective<K>>(
        engine: &Engine<'_, K, E>,
        pass: &Pass<'_, K>,
        objective: &mut O,
        scratch: &mut Scratch<'_>,
        t: usize,
    ) -> Result<(), Error> {
        engine.beyond_pairs(pass, objective, scratch, t)
    }

    #[inline(always)]
    fn relaxed<E: Estimator, O: Objective<K>>(
        engine: &Engine<'_, K, E>,
        relaxation: &dyn Relaxation,
        pass: &Pass<'_, K>,
        objective: &mut O,
        scratch: &mut Scratch<'_>,
        relaxed: &mut [f32],
    ) -> Result<(), Error> {
        engine.relaxed(relaxation, pass, objective, scratch, relaxed)
    }

    #[inline(always)]
    fn update<E: Estimator, O: Optimiser>(
        engine: &Engine<'_, K, E>,
        layer: &LayerGradient<'_>,
        optimiser: &mut AtStep<'_, O>,
        block: Block<'_>,
        gradient_buffer: &mut [f32],
    ) -> Result<(), Error> {
        engine.update_layer(Traces::One(layer), optimiser, 1, block, gradient_buffer)
    }

    #[inline(always)]
    fn correct<E: Estimator>(
        engine: &Engine<'_, K, E>,
        a: f32,
        layer: usize,
        first: usize,
        d: Matrix<'_>,
        w: &mut [f32],
    ) {
        engine.correct(a, layer, first, core::iter::once(d), w);
    }
}
