//! What came of training: a model, and what is known of its run.

use crate::errors::{in_python, value};
use crate::model::{Net, settings_of};
use crate::table::Table;
use arm_std::Settings;
use arm_std::data::BitTable;
use arm_std::network::{Model, Network};
use arm_std::runs::folder::{CONFIG, Line, METRICS, MODEL, RunFolder};
use arm_std::runs::report::refresh;
use arm_std::train::{self, Checkpoint, Config};
use pyo3::exceptions::PyKeyError;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PyTuple};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A trained network with its run, as far as that is known. It does not change.
#[pyclass(frozen, module = "sbn._sbn")]
pub(crate) struct Run {
    pub(crate) model: Arc<Model>,
    pub(crate) config: Option<Config>,
    pub(crate) checkpoint: Option<Checkpoint>,
    pub(crate) lines: Vec<Line>,
    /// The rows it was trained on, and that were kept for choosing and testing, in their order.
    pub(crate) rows: Vec<BitTable>,
    pub(crate) interrupted: bool,
}

/// A line of the metrics, as a dictionary.
pub(crate) fn figures<'py>(py: Python<'py>, line: &Line) -> PyResult<Bound<'py, PyDict>> {
    let text = serde_json::to_string(line).map_err(value)?;
    let figures = py.import("json")?.call_method1("loads", (text,))?.cast_into::<PyDict>()?;
    figures.del_item("kind")?;
    Ok(figures)
}

impl Run {
    pub(crate) fn of(model: Model) -> Run {
        Run {
            model: model.into(),
            config: None,
            checkpoint: None,
            lines: vec![],
            rows: vec![],
            interrupted: false,
        }
    }

    /// The run at this point.
    pub(crate) fn at(self, checkpoint: Checkpoint) -> Run {
        Run { checkpoint: Some(checkpoint), ..self }
    }

    /// Configuration and network for further rows.
    pub(crate) fn stream(&self, settings: &Settings) -> PyResult<(Config, Network)> {
        let config = match &self.config {
            Some(config) => config.clone(),
            None => settings.resolve().map_err(value)?,
        };
        Ok((config, self.model.network.clone()))
    }

    /// Where the run stands, or for a model without one that its steps begin.
    pub(crate) fn checkpoint_or(&self, config: &Config) -> PyResult<Checkpoint> {
        match &self.checkpoint {
            Some(checkpoint) => Ok(checkpoint.clone()),
            None => train::from_model(config, Model::clone(&self.model)).map_err(value),
        }
    }

    /// Writes everything but the model and the report, with which a run ends.
    fn write(&self, folder: &mut RunFolder, config: &Config) -> Result<(), String> {
        for line in self.lines.iter().filter(|line| !matches!(line, Line::Test(_))) {
            folder.line(line).map_err(|e| e.to_string())?;
        }
        folder.sync().map_err(|e| e.to_string())?;
        if let Some(checkpoint) = &self.checkpoint {
            checkpoint.save(folder.path(), 1).map_err(|e| e.to_string())?;
        }
        folder.publish().map_err(|e| e.to_string())?;
        folder.model(&self.model, config).map_err(|e| e.to_string())?;
        if let Some(test) = self.lines.iter().find(|line| matches!(line, Line::Test(_))) {
            folder.line(test).map_err(|e| e.to_string())?;
        }
        match self.rows.last() {
            Some(test) => refresh(folder, &self.model, test, config.seed).map_err(|e| e.to_string()),
            None => Ok(()),
        }
    }

    fn load_folder(path: &Path) -> Result<Run, String> {
        RunFolder::recover(path).map_err(|e| e.to_string())?;
        let (model, _) = Model::load_with_config(&path.join(MODEL)).map_err(|e| e.to_string())?;
        let config = Settings::read(&path.join(CONFIG)).and_then(|settings| settings.resolve())?;
        let checkpoint = Checkpoint::newest(path).map_err(|e| e.to_string())?;
        // A line that cannot be read is left out, as it is of a report.
        let text = fs::read_to_string(path.join(METRICS)).unwrap_or_default();
        let lines = text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
        Ok(Run { config: Some(config), checkpoint, lines, ..Run::of(model) })
    }
}

#[pymethods]
impl Run {
    #[getter]
    fn model(&self) -> Net {
        Net(self.model.clone())
    }

    #[getter]
    fn steps(&self) -> u64 {
        self.checkpoint.as_ref().map_or(0, |checkpoint| checkpoint.progress.step)
    }

    #[getter]
    fn interrupted(&self) -> bool {
        self.interrupted
    }

    /// The settings as JSON, or of a model without a run what its network says.
    #[getter]
    fn settings(&self) -> PyResult<String> {
        match &self.config {
            Some(config) => serde_json::to_string(config).map_err(value),
            None => Ok(settings_of(&self.model)),
        }
    }

    /// Figures of every epoch.
    fn history<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        let epochs = self.lines.iter().filter(|line| matches!(line, Line::Epoch { .. }));
        PyList::new(py, epochs.map(|line| figures(py, line)).collect::<PyResult<Vec<_>>>()?)
    }

    /// Figures on the test rows, of a run that came to its end.
    fn test<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyDict>>> {
        let test = self.lines.iter().find(|line| matches!(line, Line::Test(_)));
        test.map(|line| figures(py, line)).transpose()
    }

    /// What the run says of steps that were refused.
    fn restored(&self) -> Vec<String> {
        let text = |line: &Line| match line {
            Line::Restored(r) => Some(format!(
                "step {}: {}. Back to the state after step {}; its epoch was taken again with other random draws. A smaller \
                 --lr would avoid this",
                r.step, r.error, r.to_step
            )),
            _ => None,
        };
        self.lines.iter().filter_map(text).map(|sentence| in_python(&sentence)).collect()
    }

    /// All rows that it saw, as one table; none of a model that was loaded.
    fn rows(&self) -> Option<Table> {
        let cols = self.rows.first()?.cols();
        let rows = self.rows.iter().map(BitTable::rows).sum();
        let words = self.rows.iter().map(BitTable::words).collect::<Vec<_>>().concat();
        Some(Table(BitTable::from_words(rows, cols, words).into()))
    }

    /// Writes a run folder, as `arm train --out` does.
    fn save_folder(&self, path: PathBuf, force: bool) -> PyResult<()> {
        let Some(config) = &self.config else {
            let what = "this model has no run; give a name that ends in .safetensors";
            return Err(value(format!("{}: {what}", path.display())));
        };
        let mut folder = RunFolder::create(Some(path), force, config).map_err(value)?;
        match self.write(&mut folder, config) {
            Ok(()) => Ok(()),
            Err(e) => {
                folder.discard();
                Err(value(e))
            }
        }
    }

    /// Writes the model, with the settings of its run. What is no model is not replaced.
    fn save_model(&self, path: PathBuf) -> PyResult<()> {
        Model::may_save(&path).map_err(value)?;
        match &self.config {
            Some(config) => self.model.save_with_config(&path, config).map_err(value),
            None => self.model.save(&path).map_err(value),
        }
    }

    /// Reads a run folder, a model file or the bytes of a device in a file.
    #[staticmethod]
    fn load(path: PathBuf) -> PyResult<Run> {
        if path.is_dir() {
            return Run::load_folder(&path).map_err(value);
        }
        let (model, config) = Model::load_with_config(&path).map_err(value)?;
        // Where another version wrote it the model is still good.
        let config = config.and_then(|json| serde_json::from_value::<Settings>(json).ok()?.resolve().ok());
        Ok(Run { config, ..Run::of(model) })
    }

    /// The model in what a device saved.
    #[staticmethod]
    fn from_device(bytes: &[u8]) -> PyResult<Run> {
        Model::from_device(bytes).map(Run::of).map_err(value)
    }

    /// All of it, for pickles.
    fn __reduce__<'py>(&self, py: Python<'py>) -> PyResult<(Bound<'py, PyAny>, Bound<'py, PyTuple>)> {
        let state = PyDict::new(py);
        let bytes = |bytes: Vec<u8>| pyo3::types::PyBytes::new(py, &bytes);
        state.set_item("model", bytes(self.model.to_bytes().map_err(value)?))?;
        if let Some(config) = &self.config {
            state.set_item("config", serde_json::to_string(config).map_err(value)?)?;
        }
        if let Some(checkpoint) = &self.checkpoint {
            state.set_item("checkpoint", bytes(checkpoint.to_bytes().map_err(value)?))?;
        }
        state.set_item("lines", serde_json::to_string(&self.lines).map_err(value)?)?;
        let rows = self.rows.iter().map(|t| (t.rows(), t.cols(), bytes(Table::bytes(t))));
        state.set_item("rows", PyList::new(py, rows)?)?;
        Ok((py.get_type::<Run>().getattr("from_state")?, PyTuple::new(py, [state])?))
    }

    #[staticmethod]
    fn from_state(state: &Bound<'_, PyDict>) -> PyResult<Run> {
        let item = |key: &str| state.get_item(key);
        let needed = |key: &'static str| item(key)?.ok_or_else(|| PyKeyError::new_err(key));
        let model = Model::from_bytes(needed("model")?.extract::<&[u8]>()?).map_err(value)?;
        let config = match item("config")? {
            Some(json) => Some(serde_json::from_str(json.extract()?).map_err(value)?),
            None => None,
        };
        let checkpoint = match item("checkpoint")? {
            Some(bytes) => Some(Checkpoint::from_bytes(bytes.extract()?).map_err(value)?),
            None => None,
        };
        let lines = serde_json::from_str(needed("lines")?.extract()?).map_err(value)?;
        let mut rows = Vec::new();
        for table in needed("rows")?.try_iter()? {
            let table = table?;
            let (count, cols, bytes): (usize, usize, Bound<'_, PyAny>) = table.extract()?;
            rows.push(Table::of(count, cols, bytes.extract()?).map_err(value)?);
        }
        Ok(Run { config, checkpoint, lines, rows, ..Run::of(model) })
    }
}
