//! What a command measures: a trained model, and the data that it was trained on or others.

use crate::cli::{Outcome, Usage, args, say, tell};
use arm_std::data::{BinariseName, Selection, Splits, load_columns, load_like, read_values};
use arm_std::network::Model;
use arm_std::runs::folder::{CONFIG, MODEL, RunError, RunFolder};
use arm_std::train::{Checkpoint, Config, Failure, Settings};
use std::fs;
use std::io::{Write, stderr};
use std::path::{Path, PathBuf};

/// A model with what is known of its run.
#[derive(Debug)]
pub(in crate::cli) struct Subject {
    pub model: Model,
    /// Run folder or file, as it was given.
    pub path: PathBuf,
    /// Whether that is a run folder.
    pub is_run: bool,
    /// The configuration of the run: of its folder, or what the model's file says.
    config: Option<Config>,
}

/// Data to measure on.
#[derive(Debug)]
pub(in crate::cli) struct Data {
    pub path: PathBuf,
    /// The data of the run, where they are others.
    pub trained_on: Option<PathBuf>,
    /// Whether the rows are others than those of the training, though their place is the same.
    changed: bool,
    pub binarise: BinariseName,
    pub splits: Splits,
}

impl Subject {
    /// Reads a run folder, a model file or the bytes of a device.
    pub(in crate::cli) fn read(path: &Path) -> Result<Subject, Failure> {
        let (model, of_file) = Model::load_with_config(&model_file(path)?)?;
        let file = path.join(CONFIG);
        let is_run = file.is_file();
        let config = match is_run {
            true => Some(Settings::read(&file).and_then(|settings| settings.resolve())?),
            // Where another version wrote it the model is still good.
            false => of_file.and_then(|json| serde_json::from_value::<Settings>(json).ok()?.resolve().ok()),
        };
        Ok(Subject { model, path: path.into(), is_run, config })
    }

    /// Reads the data that were chosen: those of the run, unless others are named, prepared as the run did.
    ///
    /// # Errors
    /// A model without a run and no data named, data that cannot be read or that do not fit the model.
    pub(in crate::cli) fn data(&self, chosen: &args::Measured) -> Result<Data, Failure> {
        let own = self.config.as_ref().map(|config| config.data.clone());
        let path = match (&chosen.data, &own) {
            (Some(path), _) => path.clone(),
            (None, Some(own)) if self.is_run => own.clone(),
            (None, own) => {
                let hint =
                    own.as_ref().map_or(String::new(), |own| format!(" (it learned {})", own.display()));
                let path = self.path.display();
                return Err(Usage(format!(
                    "{path}: is a model without its run folder; say what to measure it on with --data{hint}"
                ))
                .into());
            }
        };
        let binarise = chosen.binarise.or(self.config.as_ref().map(|c| c.binarise)).unwrap_or_default();
        let (asked, run) = (chosen.columns.clone(), self.config.as_ref());
        let columns = asked.columns.or_else(|| run?.columns.clone());
        let drop = asked.drop.or_else(|| run?.drop.clone());
        let selection = Selection { columns, drop };
        let trained_on = own.filter(|own| !is_same(own, &path));
        // What two values mean is known from the data of the training.
        let loaded = match trained_on.as_deref().map(|own| (own, read_values(own, &selection))) {
            None => load_columns(&path, &selection),
            Some((_, Ok(values))) => load_like(&path, &selection, &values),
            Some((own, Err(_))) => {
                let (shown, own) = (path.display(), own.display());
                // The measurement goes on where nobody can be told.
                let _ = writeln!(
                    stderr(),
                    "{shown}: the data of the training, {own}, cannot be read, so values mean what these data suggest"
                );
                load_columns(&path, &selection)
            }
        };
        let splits = loaded.and_then(|loaded| {
            tell(&path, &loaded.notes, binarise);
            match run {
                Some(config) => Config { binarise, ..config.clone() }.split(loaded),
                None => loaded.binarise(binarise.choice()),
            }
        });
        let splits = splits.map_err(|error| match chosen.data {
            Some(_) => Failure::from(error),
            None => {
                let run = self.path.display();
                format!("{error}. These are the data of {run}; say with --data where they are now").into()
            }
        })?;
        let (found, units) = (splits.test.cols(), self.model.network.units());
        if found != units {
            let data = path.display();
            return Err(format!("{data}: has {found} units, but the model takes {units}").into());
        }
        let alike = run.filter(|run| trained_on.is_none() && run.binarise == binarise);
        let changed = alike
            .is_some_and(|run| (&run.columns, &run.drop) == (&selection.columns, &selection.drop))
            && self.trained_checksum().is_some_and(|checksum| checksum != splits.checksum());
        Ok(Data { path, trained_on, changed, binarise, splits })
    }

    /// Of the data of the run, where its checkpoint is there.
    fn trained_checksum(&self) -> Option<u32> {
        let newest = self.is_run.then(|| Checkpoint::newest(&self.path));
        newest?.ok()?.map(|checkpoint| checkpoint.progress.data)
    }

    /// Prints what is measured on what, `rows` being words about the rows.
    pub(in crate::cli) fn say(&self, data: &Data, rows: &str) -> Outcome {
        let (model, path) = (&self.model, self.path.display());
        let numbers = if model.numbers.is_float() { "" } else { " of 16 bits" };
        let (notation, count) = (model.network.notation(), model.params.len());
        say(format_args!("{path}: {notation}  {count} parameters{numbers}"))?;
        let whose = match &data.trained_on {
            Some(own) => format!("not the data of its training, {}; ", own.display()),
            None if data.changed => "the place of its training's data, whose rows were others; ".into(),
            None if self.config.is_some() => "the data of its training; ".into(),
            None => String::new(),
        };
        let binarise = String::from(data.binarise);
        say(format_args!("{} ({whose}binarise {binarise}): {rows}", data.path.display()))
    }
}

/// The model of a run folder, or the file itself. A run whose replacement was killed half-way is made whole first.
pub(in crate::cli) fn model_file(path: &Path) -> Result<PathBuf, RunError> {
    if !path.is_dir() {
        return Ok(path.into());
    }
    RunFolder::recover(path)?;
    Ok(path.join(MODEL))
}

/// Whether two paths lead to the same place.
fn is_same(a: &Path, b: &Path) -> bool {
    let full = |path: &Path| fs::canonicalize(path).ok();
    a == b || full(a).is_some_and(|a| Some(a) == full(b))
}
