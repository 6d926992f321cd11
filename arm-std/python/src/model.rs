//! What a model makes of rows and codes, and where it goes.

use crate::arrays::{floats, room, zeros};
use crate::errors::value;
use crate::signals::Signals;
use crate::table::Table;
use crate::threads;
use arm_core::estimator::Arm;
use arm_core::objective::{Conditional, Objective, Vae};
use arm_core::{Batch, BitMatrix, Coding, Engine, Error, Prior, Shard};
use arm_std::data::BitTable;
use arm_std::estimators::{BaselineName, Choice, EstimatorName};
use arm_std::kernels::Desktop;
use arm_std::measure::{self, Rows, Scores, Unfinished, Work};
use arm_std::memory::Aligned;
use arm_std::network::export::Export;
use arm_std::network::{ActivationFields, Model, Network, SplitRows};
use pyo3::prelude::*;
use pyo3::types::{PyByteArray, PyBytes};
use serde_json::{Value, json};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

/// Rows that a thread predicts at a time.
const SHARE: usize = 64;

/// Products between two looks at Python's signals: some hundredths of a second.
const PART: usize = 1 << 28;

/// Name, shape and values of tensors.
type Tensors<'py> = Vec<(String, Vec<usize>, Bound<'py, PyByteArray>)>;

/// The settings that make such a network, as JSON.
pub(crate) fn settings_of(model: &Model) -> String {
    let network = &model.network;
    let mut settings = json!({ "network": network.notation() });
    let activation = network.activation().map(|activation| json!(ActivationFields::from(activation)));
    if let (Some(settings), Some(Value::Object(fields))) = (settings.as_object_mut(), activation) {
        settings.extend(fields);
    }
    if !model.numbers.is_float() {
        settings["numbers"] = json!(model.numbers.name());
    }
    if network.prior == Prior::Learned {
        settings["prior"] = json!("learned");
    }
    match network.shape().x_coding() {
        Coding::ZeroOne => {}
        Coding::Signed => settings["inputs"] = json!("signed"),
        Coding::Centred(_) => settings["inputs"] = json!("centred"),
    }
    if network.shape().b_coding() == Coding::Signed {
        settings["signed-units"] = json!(true);
    }
    settings.to_string()
}

/// A network with its parameters. It does not change.
#[pyclass(frozen, name = "Model", module = "sbn._sbn")]
pub(crate) struct Net(pub(crate) Arc<Model>);

#[pymethods]
impl Net {
    /// The network as it is written.
    #[getter]
    fn network(&self) -> String {
        self.0.network.notation()
    }

    /// The network's description as JSON.
    #[getter]
    fn description(&self) -> String {
        self.0.network.to_json()
    }

    #[getter]
    fn conditional(&self) -> bool {
        self.0.network.conditional
    }

    /// Units of the input and of the target.
    #[getter]
    fn widths(&self) -> (usize, usize) {
        (self.0.network.inputs, self.0.network.shape().targets())
    }

    /// Units of the top stochastic layer.
    #[getter]
    fn code_width(&self) -> usize {
        let shape = self.0.network.shape();
        shape.stochastic_width(shape.stochastic_layers() - 1)
    }

    /// The bound of -log p of every row (of -log p(y | x) where rows are input and target), with `samples` samples whose uniforms
    /// follow from `seed` and what a row holds.
    fn nll<'py>(
        &self,
        py: Python<'py>,
        rows: &Table,
        samples: usize,
        seed: u64,
        threads: Option<usize>,
    ) -> PyResult<Bound<'py, PyByteArray>> {
        // Both bounds of every row.
        room::<[f32; 2]>(rows.0.rows())?;
        let mut signals = Signals::new();
        let scores = py.detach(|| {
            let leave: &mut dyn FnMut() -> bool = &mut || signals.leave();
            let work = &mut Work { leave: Some(leave), ..Work::on(threads::choose(threads).most()) };
            Scores::of_model(&self.0, seed, Rows::by_content(&rows.0), samples, work)
        });
        signals.check()?;
        floats(py, &scores.map_err(value)?.nll)
    }

    /// p(y = 1 | x) of every target, for rows of inputs.
    fn predict<'py>(
        &self,
        py: Python<'py>,
        rows: &Table,
        samples: u64,
        seed: u64,
        threads: Option<usize>,
    ) -> PyResult<Bound<'py, PyByteArray>> {
        let mut p = zeros(rows.0.rows().saturating_mul(self.0.network.shape().targets()))?;
        let mut signals = Signals::new();
        let done = py.detach(|| {
            let threads = threads::choose(threads).most();
            self.predict_into(&mut p, &rows.0, samples, seed, threads, &mut || signals.leave())
        });
        signals.check()?;
        done.map_err(value)?;
        floats(py, &p)
    }

    /// The code of every row.
    fn codes(&self, py: Python<'_>, rows: &Table) -> PyResult<Table> {
        let mut words = vec![];
        self.in_parts(py, &rows.0, |part| {
            words.extend_from_slice(measure::codes(&self.0, part)?.words());
            Ok(())
        })?;
        Ok(Table(BitTable::from_words(rows.0.rows(), self.code_width(), words).into()))
    }

    /// What every code says of the row.
    fn decoded<'py>(&self, py: Python<'py>, codes: &Table) -> PyResult<Bound<'py, PyByteArray>> {
        let mut p: Vec<f32> = zeros(codes.0.rows().saturating_mul(self.0.network.inputs))?;
        let mut rest = &mut p[..];
        self.in_parts(py, &codes.0, |part| {
            let of_part = measure::decoded(&self.0, part)?;
            rest.split_off_mut(..of_part.len()).ok_or(Error::Shape)?.copy_from_slice(&of_part);
            Ok(())
        })?;
        floats(py, &p)
    }

    /// p(x = 1 | b) of `count` samples b of the model, the first of which has the number `first`.
    fn generate<'py>(
        &self,
        py: Python<'py>,
        first: u64,
        count: usize,
        seed: u64,
    ) -> PyResult<Bound<'py, PyByteArray>> {
        let mut p = zeros(count.saturating_mul(self.0.network.inputs))?;
        let mut signals = Signals::new();
        let done = py.detach(|| {
            let shape = self.0.network.shape();
            let engine = Engine::new(shape, Desktop::new(), Arm, seed)?;
            let mut scratch = Aligned::zeroed(shape.inference_scratch(1, 1));
            let rows = p.chunks_mut(shape.inputs().max(1));
            for (row, p) in (first..).zip(rows).take_while(|_| !signals.leave()) {
                let batch = Batch::new(BitMatrix::NONE, 1, row, 0);
                engine.generate(&self.0.params, batch, scratch.words_mut(), p)?;
            }
            Ok::<_, Error>(())
        });
        signals.check()?;
        done.map_err(value)?;
        floats(py, &p)
    }

    /// Name, shape and values of every tensor.
    fn params<'py>(&self, py: Python<'py>) -> PyResult<Tensors<'py>> {
        tensors(&self.0.network, &self.0.params, py)
    }

    /// The gradient of the mean of f over a batch at the uniforms of `step`, and f of every row.
    fn gradient<'py>(
        &self,
        py: Python<'py>,
        rows: &Table,
        estimator: &str,
        samples: usize,
        seed: u64,
        step: u64,
    ) -> PyResult<(Tensors<'py>, Bound<'py, PyByteArray>)> {
        let (name, samples) = (crate::black_box::estimator(estimator)?, samples);
        let (gradient, f) = match self.0.network.conditional {
            true => self.gradient_of(Conditional, &rows.0, name, samples, (seed, step)),
            false => self.gradient_of(Vae, &rows.0, name, samples, (seed, step)),
        }
        .map_err(value)?;
        Ok((tensors(&self.0.network, &gradient, py)?, floats(py, &f)?))
    }

    /// What `arm export` writes.
    fn export(&self, out: PathBuf) -> PyResult<()> {
        Export::new(&self.0).map_err(value)?.write(&out).map_err(value)
    }

    /// The bytes that a device loads.
    fn device_bytes<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        Ok(PyBytes::new(py, &self.0.to_device().map_err(value)?))
    }
}

impl Net {
    /// Calls `each` with some rows after others, while nobody presses Ctrl-C.
    fn in_parts(
        &self,
        py: Python<'_>,
        rows: &BitTable,
        mut each: impl FnMut(&BitTable) -> Result<(), Error> + Send,
    ) -> PyResult<()> {
        let count = (PART / self.0.params.len().max(1)).clamp(1, 1 << 14);
        let mut signals = Signals::new();
        let done = py.detach(|| {
            let mut parts = rows.words().chunks(count * rows.words_per_row().max(1));
            parts.by_ref().take_while(|_| !signals.leave()).try_for_each(|words| {
                each(&BitTable::from_words(
                    words.len() / rows.words_per_row().max(1),
                    rows.cols(),
                    words.to_vec(),
                ))
            })
        });
        signals.check()?;
        done.map_err(value)
    }

    fn predict_into(
        &self,
        out: &mut [f32],
        rows: &BitTable,
        samples: u64,
        seed: u64,
        threads: usize,
        leave: &mut dyn FnMut() -> bool,
    ) -> Result<(), Unfinished> {
        let shape = self.0.network.shape();
        let (width, targets) = (rows.words_per_row(), shape.targets());
        if rows.cols() != shape.inputs() {
            return Err(Error::Width { needed: shape.inputs(), given: rows.cols() }.into());
        }
        let shares = rows.words().chunks(SHARE * width.max(1)).zip(out.chunks_mut(SHARE * targets.max(1)));
        let (shares, left) = (Mutex::new(shares), AtomicBool::new(false));
        let run = |leave: &mut dyn FnMut() -> bool| loop {
            let next = shares.lock().unwrap_or_else(PoisonError::into_inner).next();
            let Some((words, out)) = next else { return Ok(()) };
            // Every row has the uniforms of the first: what is predicted does not depend on where a row stands.
            for (row, out) in words.chunks(width.max(1)).zip(out.chunks_mut(targets.max(1))) {
                let row = SplitRows::new(&shape, row, rows.cols());
                out.copy_from_slice(&measure::predictions(&self.0, &row, 1, samples, seed, leave)?);
            }
        };
        let (run, left) = (&run, &left);
        let mut asked = || {
            let leaves = leave();
            left.fetch_or(leaves, Ordering::Relaxed) || leaves
        };
        thread::scope(|scope| {
            let spawn = |_| {
                let leave = || left.load(Ordering::Relaxed);
                thread::Builder::new().spawn_scoped(scope, move || run(&mut { leave })).ok()
            };
            let others: Vec<_> = (1..threads).filter_map(spawn).collect();
            let result = run(&mut asked);
            others.into_iter().fold(result, |r, w| r.and(w.join().unwrap_or(Err(Error::Unsupported.into()))))
        })
    }

    /// Unpadded, in the order of the parameters; and f of every row.
    fn gradient_of(
        &self,
        mut objective: impl Objective<Desktop>,
        rows: &BitTable,
        name: EstimatorName,
        samples: usize,
        (seed, step): (u64, u64),
    ) -> Result<(Vec<f32>, Vec<f32>), Error> {
        let shape = self.0.network.shape();
        let choice = Choice { name, samples, baseline: BaselineName::None };
        let engine = Engine::new(shape, Desktop::new(), choice.estimator(&shape)?, seed)?;
        let (split, count) = (SplitRows::new(&shape, rows.words(), rows.cols()), rows.rows());
        let mut scratch = Aligned::zeroed(engine.training_scratch(count));
        let (mut gradient, mut f) = (vec![0.0; shape.params()], vec![0.0; count]);
        let batch = Batch { y: split.y(0..count), ..Batch::new(split.x(0..count), count, 0, step) };
        engine.examples(&mut objective, &self.0.params, batch, scratch.words_mut(), &mut f)?;
        let shards = [Shard { batch, scratch: scratch.words() }];
        for layer in 0..shape.dense_layers() {
            let dense = shape.dense(layer);
            let part = &mut gradient[dense.offset..dense.offset + dense.len()];
            engine.gradient(1.0 / count as f32, &shards, layer, 0, part);
        }
        Ok((gradient, f))
    }
}

/// Values in the order of the parameters by the names of the model's file.
fn tensors<'py>(network: &Network, values: &[f32], py: Python<'py>) -> PyResult<Tensors<'py>> {
    let shape = network.shape();
    let mut all = Vec::new();
    for (i, name) in network.layer_names().into_iter().enumerate() {
        let dense = shape.dense(i);
        let (weights, rest) = values[dense.offset..].split_at(dense.inputs * dense.outputs);
        let one_each = floats(py, &rest[..dense.outputs])?;
        if i == shape.network_layers() {
            all.push((format!("{name}.logits"), vec![dense.outputs], one_each));
            continue;
        }
        all.push((format!("{name}.weight"), vec![dense.inputs, dense.outputs], floats(py, weights)?));
        all.push((format!("{name}.bias"), vec![dense.outputs], one_each));
    }
    Ok(all)
}
