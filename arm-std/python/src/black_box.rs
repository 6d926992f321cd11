//! Gradients of functions that are written in Python.

use crate::arrays::{doubles, floats, from_floats, zeros};
use crate::errors::value;
use arm_core::estimator::Exact;
use arm_core::kernels::Kernels;
use arm_core::objective::{Objective, Pass, Scratch};
use arm_core::optim::{Adam, Optimiser, Rule, Sgd};
use arm_core::rng::{Purpose, Stream};
use arm_core::{Batch, BitMatrix, Bits, Block, Engine, Error, Layer, Shape, Shard};
use arm_std::estimators::{AnyEstimator, BaselineName, Choice, EstimatorName};
use arm_std::kernels::Desktop;
use pyo3::prelude::*;
use pyo3::types::{PyByteArray, PyBytes};

/// f of Python: it takes the bits of many samples, a byte each, and their number, and gives as many float32, as bytes.
struct Function<'py> {
    f: Bound<'py, PyAny>,
    failure: Option<PyErr>,
    bits: Vec<u8>,
    calls: usize,
}

impl Function<'_> {
    fn keep(&mut self, b: Bits<'_>) {
        self.bits.extend(b.iter().map(u8::from));
    }

    /// f of the samples that were kept. After an error NaN, which refuses the step.
    fn values(&mut self, rows: usize) -> Vec<f32> {
        let bits = std::mem::take(&mut self.bits);
        if self.failure.is_some() || rows == 0 {
            return vec![f32::NAN; rows];
        }
        self.calls += 1;
        let called = || {
            let result = self.f.call1((PyByteArray::new(self.f.py(), &bits), rows))?;
            Ok(from_floats(result.extract()?))
        };
        match called() {
            Ok(values) if values.len() == rows => values,
            Ok(_) => vec![f32::NAN; rows],
            Err(e) => {
                self.failure = Some(e);
                vec![f32::NAN; rows]
            }
        }
    }
}

impl<K: Kernels> Objective<K> for Function<'_> {
    fn train(&mut self, pass: &Pass<'_, K>, scratch: &mut Scratch<'_>) {
        for row in 0..pass.rows() {
            self.keep(scratch.top_sample(pass, row));
        }
        let values = self.values(pass.rows());
        scratch.set_f(pass, |row, _| values.get(row).copied().unwrap_or(f32::NAN));
    }

    fn evaluate(&mut self, pass: &Pass<'_, K>, scratch: &mut Scratch<'_>, _from: usize, count: usize) {
        scratch.add_path_f(pass, count, |_, b| {
            self.keep(b);
            0.0
        });
        let mut values = self.values(count).into_iter();
        scratch.add_path_f(pass, count, |_, _| values.next().unwrap_or(f32::NAN));
    }
}

/// The estimator of a name.
pub(crate) fn estimator(name: &str) -> PyResult<EstimatorName> {
    let settings = arm_std::Settings::from_flags([("estimator", name)]).map_err(value)?;
    settings.estimator.ok_or_else(|| value("give an estimator"))
}

/// One layer of free logits with an estimator.
struct Layers {
    layers: [Layer; 1],
    choice: Choice,
}

impl Layers {
    /// Errors: an estimator that a function of bits cannot serve.
    fn of(units: usize, name: &str, samples: usize) -> PyResult<Layers> {
        let choice = Choice { name: estimator(name)?, samples, baseline: BaselineName::None };
        let refused = |why: &str| Err(value(format!("--estimator {}: {why}", choice.name.name())));
        if choice.name.gradient_of_f() {
            return refused(
                "needs the gradient of f with respect to b, which a function of bits does not have",
            );
        }
        if choice.name.bound() {
            return refused("minimises a bound of several samples of a model, not the mean of f");
        }
        if let Some(range) = choice.name.samples().filter(|range| !range.contains(&samples)) {
            return refused(&format!("--samples {samples}: give {} to {}", range.start(), range.end()));
        }
        if choice.name == EstimatorName::Exact && units > Exact::MAX_UNITS {
            let most = Exact::MAX_UNITS;
            return refused(&format!(
                "enumerates the samples of at most {most} units, and there are {units}"
            ));
        }
        Ok(Layers { layers: [Layer::bernoulli(units)], choice })
    }

    fn engine(&self, seed: u64) -> PyResult<Engine<'_, Desktop, AnyEstimator>> {
        let shape = Shape::chain(0, &self.layers);
        let estimator = self.choice.estimator(&shape).map_err(value)?;
        Engine::new(shape, Desktop::new(), estimator, seed).map_err(value)
    }
}

/// The first phase of a step on `examples` examples without input.
fn examples<'a>(
    engine: &Engine<'_, Desktop, AnyEstimator>,
    function: &mut Function<'_>,
    logits: &[f32],
    batch: Batch<'a>,
    scratch: &'a mut [u32],
    f: &mut [f32],
) -> PyResult<Shard<'a>> {
    let result = engine.examples(function, logits, batch, scratch, f);
    match (function.failure.take(), result) {
        (Some(failure), _) => Err(failure),
        (None, Err(Error::Objective)) => Err(value("f is not finite at a sample")),
        (None, Err(error)) => Err(value(error)),
        (None, Ok(())) => Ok(Shard { batch, scratch }),
    }
}

/// Mean and variance over `estimates` estimates of the gradient of E\[f(b)\], b ~ Bernoulli(sigmoid(logits)).
#[pyfunction]
pub(crate) fn gradient<'py>(
    py: Python<'py>,
    f: Bound<'py, PyAny>,
    logits: &[u8],
    name: &str,
    estimates: usize,
    samples: usize,
    seed: u64,
) -> PyResult<(Bound<'py, PyByteArray>, Bound<'py, PyByteArray>)> {
    let logits = from_floats(logits);
    let layers = Layers::of(logits.len(), name, samples)?;
    let engine = layers.engine(seed)?;
    let mut function = Function { f, failure: None, bits: vec![], calls: 0 };
    let mut scratch = zeros(engine.training_scratch(estimates))?;
    let mut values = zeros(estimates)?;
    let batch = Batch::new(BitMatrix::NONE, estimates, 0, 0);
    examples(&engine, &mut function, &logits, batch, &mut scratch, &mut values)?;
    // Behind the activations, of which there are none, lie the gradients of each example's logits.
    let range = engine.trace_ranges(estimates).nth(1).unwrap_or_default();
    let words = scratch.get(range).unwrap_or_default();
    let each = words.chunks(logits.len().max(1));
    let (mut mean, mut squares) = (vec![0f64; logits.len()], vec![0f64; logits.len()]);
    for (n, estimate) in each.enumerate() {
        for ((mean, squares), g) in mean.iter_mut().zip(&mut squares).zip(estimate) {
            let from_mean = f64::from(f32::from_bits(*g)) - *mean;
            *mean += from_mean / (n + 1) as f64;
            *squares += from_mean * (f64::from(f32::from_bits(*g)) - *mean);
        }
    }
    squares.iter_mut().for_each(|s| *s /= estimates.saturating_sub(1) as f64);
    Ok((doubles(py, &mean), doubles(py, &squares)))
}

/// Logits that make E\[f(b)\] small, and the mean of f in every step.
#[pyfunction]
#[expect(clippy::too_many_arguments, reason = "they have names in Python")]
pub(crate) fn minimise<'py>(
    py: Python<'py>,
    f: Bound<'py, PyAny>,
    logits: &[u8],
    name: &str,
    estimates: usize,
    samples: usize,
    seed: u64,
    steps: u64,
    rate: f32,
    adam: bool,
) -> PyResult<(Bound<'py, PyByteArray>, Bound<'py, PyByteArray>)> {
    let mut logits = from_floats(logits);
    let layers = Layers::of(logits.len(), name, samples)?;
    let mut engine = layers.engine(seed)?;
    let rule = if adam { Adam::new(rate).rule() } else { Sgd { rate }.rule() };
    rule.check().map_err(value)?;
    let mut function = Function { f, failure: None, bits: vec![], calls: 0 };
    let mut scratch = zeros(engine.training_scratch(estimates))?;
    let (mut values, mut means) = (zeros(estimates)?, vec![]);
    let mut moments = vec![0.0; Rule::MOMENTS * logits.len()];
    let mut room = vec![0.0; logits.len()];
    for step in 0..steps {
        py.check_signals()?;
        let batch = Batch::new(BitMatrix::NONE, estimates, 0, step);
        let shard = examples(&engine, &mut function, &logits, batch, &mut scratch, &mut values)?;
        let (first_moment, second_moment) = moments.split_at_mut(logits.len());
        let block = Block { layer: 0, first: 0, weights: &mut logits, first_moment, second_moment };
        engine.update(&rule, step, &[shard], estimates, block, &mut room).map_err(value)?;
        let mean = values.iter().sum::<f32>() / estimates as f32;
        engine.observe(mean);
        means.push(mean);
    }
    Ok((floats(py, &logits), floats(py, &means)))
}

/// The uniforms with which layer `layer` of `rows` examples is drawn in a step, `width` each.
#[pyfunction]
pub(crate) fn uniforms<'py>(
    py: Python<'py>,
    seed: u64,
    step: u64,
    rows: usize,
    width: usize,
    layer: usize,
) -> Bound<'py, PyBytes> {
    let mut u = vec![0.0; rows * width];
    for (row, u) in u.chunks_mut(width.max(1)).enumerate() {
        Stream::new(seed, Purpose::Sample, step, row as u64, layer).fill(u);
    }
    let bytes: Vec<u8> = u.iter().flat_map(|u| u.to_le_bytes()).collect();
    PyBytes::new(py, &bytes)
}
