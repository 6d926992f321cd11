//! Gradients of functions that are written in Python.

use crate::arrays::{doubles, floats, from_floats, room, zeros};
use crate::errors::value;
use arm_core::estimator::Exact;
use arm_core::kernels::Kernels;
use arm_core::objective::{Objective, Pass, Scratch};
use arm_core::optim::{Adam, Optimiser, Rule, Sgd};
use arm_core::rng::{Purpose, Stream};
use arm_core::shape::MAX_WIDTH;
use arm_core::{Batch, BitMatrix, Bits, Block, Engine, Error, Layer, Shape, Shard};
use arm_std::estimators::{AnyEstimator, BaselineName, Choice, EstimatorName};
use arm_std::kernels::Desktop;
use pyo3::prelude::*;
use pyo3::types::PyByteArray;
use std::ops::Range;

/// Words of scratch of the estimates that are made together: enough for f to be called once for most uses, few enough for Ctrl-C to
/// be heard in some hundredths of a second.
const PART: usize = 1 << 22;

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
        let refused = |why: &str| Err(value(format!("estimator={}: {why}", choice.name.name())));
        if units > MAX_WIDTH {
            return Err(value(format!("logits: {units} units; a layer has at most {MAX_WIDTH}")));
        }
        if choice.name.gradient_of_f() {
            return refused(
                "needs the gradient of f with respect to b, which a function of bits does not have",
            );
        }
        if choice.name.bound() {
            return refused("minimises a bound of several samples of a model, not the mean of f");
        }
        if let Some(range) = choice.name.samples().filter(|range| !range.contains(&samples)) {
            return refused(&format!("k={samples}: give {} to {}", range.start(), range.end()));
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

/// The numbers of `count` estimates, in parts that are not too large.
fn parts(
    engine: &Engine<'_, Desktop, AnyEstimator>,
    count: usize,
) -> impl Iterator<Item = Range<usize>> + use<> {
    let mut each = count.max(1);
    while each > 1 && engine.training_scratch(each) > PART {
        each = each.div_ceil(2);
    }
    (0..count).step_by(each).map(move |first| first..count.min(first + each))
}

/// The batch of some estimates of a step.
fn batch(range: &Range<usize>, step: u64) -> Batch<'static> {
    Batch::new(BitMatrix::NONE, range.len(), range.start as u64, step)
}

/// The first phase of a step on examples without input.
fn examples(
    engine: &Engine<'_, Desktop, AnyEstimator>,
    function: &mut Function<'_>,
    logits: &[f32],
    batch: Batch<'_>,
    scratch: &mut [u32],
    f: &mut [f32],
) -> PyResult<()> {
    function.f.py().check_signals()?;
    let result = engine.examples(function, logits, batch, scratch, f);
    match (function.failure.take(), result) {
        (Some(failure), _) => Err(failure),
        (None, Err(Error::Objective)) => Err(value("f is not finite at a sample")),
        (None, Err(error)) => Err(value(error)),
        (None, Ok(())) => Ok(()),
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
    let (mut mean, mut squares) = (vec![0f64; logits.len()], vec![0f64; logits.len()]);
    let mut n = 0f64;
    for part in parts(&engine, estimates) {
        let mut scratch = zeros(engine.training_scratch(part.len()))?;
        let mut values = zeros(part.len())?;
        examples(&engine, &mut function, &logits, batch(&part, 0), &mut scratch, &mut values)?;
        // Behind the activations, of which there are none, lie the gradients of each example's logits.
        let range = engine.trace_ranges(part.len()).nth(1).unwrap_or_default();
        let words = scratch.get(range).unwrap_or_default();
        for estimate in words.chunks(logits.len().max(1)) {
            n += 1.0;
            for ((mean, squares), g) in mean.iter_mut().zip(&mut squares).zip(estimate) {
                let from_mean = f64::from(f32::from_bits(*g)) - *mean;
                *mean += from_mean / n;
                *squares += from_mean * (f64::from(f32::from_bits(*g)) - *mean);
            }
        }
    }
    squares.iter_mut().for_each(|s| *s /= estimates.saturating_sub(1) as f64);
    Ok((doubles(py, &mean)?, doubles(py, &squares)?))
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
    // Of all parts together.
    room::<u32>(engine.training_scratch(estimates))?;
    let (mut values, mut means) = (zeros(estimates)?, vec![]);
    let parts: Vec<_> = parts(&engine, estimates).collect();
    let scratch = parts.iter().map(|part| zeros(engine.training_scratch(part.len())));
    let mut scratch = scratch.collect::<PyResult<Vec<Vec<u32>>>>()?;
    let mut moments = vec![0.0; Rule::MOMENTS * logits.len()];
    let mut room = vec![0.0; logits.len()];
    for step in 0..steps {
        for (part, scratch) in parts.iter().zip(&mut scratch) {
            let (batch, values) = (batch(part, step), &mut values[part.clone()]);
            examples(&engine, &mut function, &logits, batch, scratch, values)?;
        }
        let shards = parts.iter().zip(&scratch);
        let shards: Vec<_> =
            shards.map(|(part, scratch)| Shard { batch: batch(part, step), scratch }).collect();
        let (first_moment, second_moment) = moments.split_at_mut(logits.len());
        let block = Block { layer: 0, first: 0, weights: &mut logits, first_moment, second_moment };
        engine.update(&rule, step, &shards, estimates, block, &mut room).map_err(value)?;
        let mean = values.iter().sum::<f32>() / estimates as f32;
        engine.observe(mean);
        means.push(mean);
    }
    Ok((floats(py, &logits)?, floats(py, &means)?))
}

/// The uniforms with which layer `layer` of `rows` examples, the first of which has the number `first`, is drawn in a step, `width` each.
#[pyfunction]
pub(crate) fn uniforms<'py>(
    py: Python<'py>,
    seed: u64,
    step: u64,
    layer: usize,
    first: u64,
    rows: usize,
    width: usize,
) -> PyResult<Bound<'py, PyByteArray>> {
    let mut u: Vec<f32> = zeros(rows.saturating_mul(width))?;
    for (row, u) in (first..).zip(u.chunks_mut(width.max(1))) {
        Stream::new(seed, Purpose::Sample, step, row, layer).fill(u);
    }
    floats(py, &u)
}
