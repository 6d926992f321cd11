//! What run folders say about their runs, to list and compare them.

mod group;
mod table;

pub use group::{Group, Mean, group};
pub use table::table;

use crate::measure::evaluate::Figures;
use crate::runs::folder::{CONFIG, Line, METRICS, RunError, RunFolder};
use crate::runs::plot::{Axis, Chart};
use crate::train::{Config, Epoch, Restored, Settings, best};
use serde::Serialize;
use std::fs;
use std::path::{Path, PathBuf};
use table::labels;

/// A run as its folder describes it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Summary {
    /// The folder.
    pub run: PathBuf,
    /// Its configuration.
    pub config: Config,
    /// Steps until the last line of the metrics.
    pub step: u64,
    /// Seconds of training and validation.
    pub seconds: f64,
    /// The best epoch on the validation split so far.
    pub best: Option<Epoch>,
    /// The figures on the test split, once the run is done.
    pub test: Option<Figures>,
    /// The epochs.
    #[serde(skip)]
    pub epochs: Vec<Epoch>,
    /// The times a refused step sent it back.
    pub restored: Vec<Restored>,
}

impl Summary {
    /// Reads a run folder, after [`recover`](RunFolder::recover). `Ok(None)` where there is no run; errors name the file that
    /// cannot be read.
    pub fn read(folder: &Path) -> Result<Option<Summary>, RunError> {
        RunFolder::recover(folder)?;
        let file = folder.join(CONFIG);
        if !file.is_file() {
            return Ok(None);
        }
        let config = Settings::read(&file).and_then(|s| s.resolve());
        let config = config.map_err(|what| RunError { path: file, what })?;
        let mut run = Summary {
            run: folder.into(),
            config,
            step: 0,
            seconds: 0.0,
            best: None,
            test: None,
            epochs: Vec::new(),
            restored: Vec::new(),
        };
        for line in lines(folder)? {
            match line {
                Line::Epoch { epoch, seconds, .. } => {
                    (run.step, run.seconds) = (epoch.step, run.seconds + seconds);
                    run.epochs.push(epoch);
                }
                Line::Restored(restored) => run.restored.push(restored),
                Line::Test(figures) => run.test = Some(figures),
            }
        }
        run.best = best(&run.epochs).copied();
        Ok(Some(run))
    }
}

/// The metrics of a run; a last line that is still being written is left out.
fn lines(folder: &Path) -> Result<Vec<Line>, RunError> {
    let path = folder.join(METRICS);
    let fail = |what: String| RunError { path: path.clone(), what };
    let text = fs::read_to_string(&path).map_err(|e| fail(format!("cannot be read: {e}")))?;
    let whole = text.split_inclusive('\n').filter(|line| line.ends_with('\n')).enumerate();
    whole
        .map(|(i, line)| serde_json::from_str(line).map_err(|e| fail(format!("line {}: {e}", i + 1))))
        .collect()
}

/// The runs in `folder`, or the one that it is, the best on the validation split first; and what could not be read.
/// Links are passed over. Errors: the folder cannot be listed.
pub fn list(folder: &Path) -> Result<(Vec<Summary>, Vec<RunError>), RunError> {
    if let Some(run) = Summary::read(folder)? {
        return Ok((vec![run], vec![]));
    }
    let fail = |e: std::io::Error| RunError { path: folder.into(), what: format!("cannot be read: {e}") };
    let (mut runs, mut failures) = (Vec::new(), Vec::new());
    for entry in fs::read_dir(folder).map_err(fail)? {
        let entry = entry.map_err(fail)?;
        if !entry.file_type().is_ok_and(|t| t.is_dir()) {
            continue;
        }
        match Summary::read(&entry.path()) {
            Ok(run) => runs.extend(run),
            Err(e) => failures.push(e),
        }
    }
    sort(&mut runs);
    Ok((runs, failures))
}

/// Puts the best on the validation split first, and those without a figure last.
pub fn sort(runs: &mut [Summary]) {
    let figure = |run: &Summary| run.best.map_or(f64::INFINITY, |b| b.valid_neg_elbo);
    runs.sort_by(|a, b| figure(a).total_cmp(&figure(b)).then_with(|| a.run.cmp(&b.run)));
}

/// The validation bound and the gradient variance of the groups against epochs: means with bands.
pub fn charts(groups: &[Group]) -> [Chart; 2] {
    let names = labels(groups);
    let chart = |title: &str, y: Axis, pick: fn(&Epoch) -> f64| Chart {
        title: title.into(),
        x: Axis::log("epochs"),
        y,
        curves: groups.iter().zip(&names).map(|(group, name)| group.curve(name, pick)).collect(),
    };
    [
        chart("−ELBO of the validation split", Axis::linear("nats").focused(), |e| e.valid_neg_elbo),
        chart("Variance of the encoder's gradient", Axis::log("nats²").focused(), |e| e.gradient_variance),
    ]
}

/// Seconds as `59 s`, `3:20 min` or `2:05 h`.
pub fn duration(seconds: f64) -> String {
    let whole = seconds.round() as u64;
    match whole {
        0..60 => format!("{whole} s"),
        60..3600 => format!("{}:{:02} min", whole / 60, whole % 60),
        _ => format!("{}:{:02} h", whole / 3600, whole / 60 % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runs::folder::RunFolder;
    use crate::runs::plot::Curve;
    use crate::train::config::tests::example;

    fn epoch(epoch: u64, valid: f64) -> Line {
        let epoch = Epoch {
            epoch,
            step: 100 * epoch,
            train_neg_elbo: valid,
            valid_neg_elbo: valid,
            gradient_variance: 1.0,
        };
        Line::Epoch { epoch, steps_per_second: 1.0, seconds: 40.0 }
    }

    fn run(folder: &Path, name: &str, config: &Config, lines: &[Line]) {
        let mut run = RunFolder::create(Some(folder.join(name)), false, config).unwrap();
        lines.iter().for_each(|line| run.line(line).unwrap());
    }

    #[test]
    fn the_best_run_comes_first_and_differences_are_columns() {
        let folder = tempfile::tempdir().unwrap();
        let done = Line::Test(Figures {
            neg_elbo: 101.0,
            neg_elbo_standard_error: None,
            nll: 99.5,
            nll_standard_error: Some(0.5),
            nll_samples: 5,
            images: 3,
        });
        run(folder.path(), "a", &example(), &[epoch(1, 120.0)]);
        let other = Config { seed: 9, steps: 200, prior_lr: None, ..example() };
        run(folder.path(), "b", &other, &[epoch(1, 110.0), epoch(2, 111.0), done]);
        run(folder.path(), "c", &Config { seed: 10, ..example() }, &[]);
        fs::create_dir(folder.path().join("none")).unwrap();
        fs::create_dir(folder.path().join("broken")).unwrap();
        fs::write(folder.path().join("broken").join(CONFIG), "seed = 'x'").unwrap();
        fs::write(folder.path().join("a").join(METRICS), {
            let mut text = fs::read_to_string(folder.path().join("a").join(METRICS)).unwrap();
            text.push_str("{\"kind\":\"ep");
            text
        })
        .unwrap();
        let (runs, failures) = list(folder.path()).unwrap();
        let names: Vec<_> = runs.iter().map(|r| r.run.file_name().unwrap().to_str().unwrap()).collect();
        assert_eq!(names, ["b", "a", "c"]);
        assert!(failures.len() == 1 && failures[0].to_string().contains("broken"), "{failures:?}");
        let groups = group(&runs);
        let table = table(&groups);
        assert!(table[0].ends_with("seed  prior-lr") && !table[0].contains("batch"), "{table:?}");
        assert!(table[1].ends_with("  9     -") && table[2].ends_with("  0.01"), "{table:?}");
        assert!(table[1].contains("110.00") && table[1].contains("99.50") && table[1].contains("1:20 min"));
        assert!(table[2].contains("0-100 of 1000") && table.len() == 3, "{table:?}");
        let [bound, variance] = charts(&groups);
        assert_eq!(bound.curves[0], Curve::new("b", [(1.0, 110.0), (2.0, 111.0)]));
        assert_eq!(variance.curves[0], Curve::new("b", [(1.0, 1.0), (2.0, 1.0)]));
        assert_eq!(list(&folder.path().join("b")).unwrap().0, [runs[0].clone()]);
        assert!(list(&folder.path().join("missing")).is_err());
    }

    #[test]
    fn durations_have_two_figures() {
        assert_eq!([duration(59.4), duration(200.0), duration(7500.0)], ["59 s", "3:20 min", "2:05 h"]);
    }
}
