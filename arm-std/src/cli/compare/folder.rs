//! What a comparison leaves in its folder.

use super::super::Outcome;
use arm_std::files::replace_all;
use arm_std::measure::evaluate::Figures;
use arm_std::runs::plot::{Axis, Chart, Curve, page};
use arm_std::train::{Config, Epoch};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::fmt::Write;
use std::fs;
use std::path::Path;

/// The comparison as it is taken up again.
const WHOLE: &str = "compare.json";
/// The files for people and other programs.
const CURVES: &str = "curves.csv";
const RESULTS: &str = "results.csv";
const PICTURE: &str = "compare.svg";

/// A point of a learning curve.
#[derive(Serialize, Deserialize)]
pub(super) struct Point {
    pub(super) step: u64,
    /// Time that steps took so far, without validation.
    pub(super) seconds: f64,
    /// Mean of the objective over the steps since the last point.
    pub(super) objective: f64,
}

/// A run that is done.
#[derive(Serialize, Deserialize)]
pub(super) struct Run {
    pub(super) name: String,
    pub(super) evaluations: usize,
    pub(super) points: Vec<Point>,
    pub(super) best: Epoch,
    pub(super) figures: Figures,
}

/// Runs with the same settings on the same data.
#[derive(Serialize, Deserialize)]
pub(super) struct Comparison {
    /// The settings that the runs share.
    settings: Value,
    /// Checksum of the data.
    data: u32,
    pub(super) runs: Vec<Run>,
}

/// What a folder holds before anything is written to it.
pub(super) enum Earlier {
    /// Nothing that would be replaced.
    Nothing,
    /// Runs of the same comparison.
    Same(Vec<Run>),
    /// What this says.
    Other(&'static str),
}

impl Earlier {
    pub(super) fn read(folder: &Path, now: &Comparison) -> Earlier {
        if ![WHOLE, CURVES, RESULTS, PICTURE].iter().any(|name| folder.join(name).exists()) {
            return Earlier::Nothing;
        }
        let text = fs::read_to_string(folder.join(WHOLE)).unwrap_or_default();
        match serde_json::from_str::<Comparison>(&text) {
            Ok(earlier) if earlier.settings != now.settings => {
                Earlier::Other("a comparison with other settings")
            }
            Ok(earlier) if earlier.data != now.data => Earlier::Other("a comparison on other data"),
            Ok(earlier) => Earlier::Same(earlier.runs),
            Err(_) => Earlier::Other("results that are not known to be of this comparison"),
        }
    }
}

impl Comparison {
    /// Without runs so far. `data` is the checksum of the data.
    pub(super) fn new(config: &Config, data: u32) -> Result<Comparison, serde_json::Error> {
        let mut settings = serde_json::to_value(config)?;
        if let Some(settings) = settings.as_object_mut() {
            // These are of a run; and the place of the data is not the data.
            ["estimator", "samples", "data"].iter().for_each(|key| drop(settings.remove(*key)));
        }
        Ok(Comparison { settings, data, runs: Vec::new() })
    }

    /// The run with this name.
    pub(super) fn run(&self, name: &str) -> Option<&Run> {
        self.runs.iter().find(|run| run.name == name)
    }

    /// The names of the runs.
    pub(super) fn names(&self) -> String {
        self.runs.iter().map(|run| run.name.as_str()).collect::<Vec<_>>().join(", ")
    }

    /// Replaces the files in `folder`, all or none.
    pub(super) fn write(&self, folder: &Path) -> Outcome {
        let mut curves = String::from("estimator,step,evaluations,seconds,objective\n");
        let mut results =
            String::from("estimator,best_epoch,valid_neg_elbo,test_neg_elbo,test_nll,nll_samples\n");
        for Run { name, evaluations, points, best, figures } in &self.runs {
            for Point { step, seconds, objective } in points {
                writeln!(curves, "{name},{step},{},{seconds:.4},{objective}", step * *evaluations as u64)?;
            }
            let Figures { neg_elbo, nll, nll_samples, .. } = figures;
            writeln!(
                results,
                "{name},{},{},{neg_elbo},{nll},{nll_samples}",
                best.epoch, best.valid_neg_elbo
            )?;
        }
        let svg = page(&charts(&self.runs), 3)?;
        let whole = serde_json::to_string(self)? + "\n";
        let files = [(CURVES, curves), (RESULTS, results), (PICTURE, svg), (WHOLE, whole)];
        let files = files.map(|(name, text)| (folder.join(name), text.into_bytes()));
        Ok(replace_all(&files).map_err(|(path, e)| format!("{}: {e}", path.display()))?)
    }
}

/// The objective against steps, evaluations and time. Costs differ by factors, hence logarithms.
fn charts(runs: &[Run]) -> [Chart; 3] {
    let chart = |title: &str, x: Axis, pick: &dyn Fn(&Run, &Point) -> f64| Chart {
        title: title.into(),
        x,
        y: Axis::linear("train −ELBO, nats").focused(),
        curves: runs
            .iter()
            .map(|r| Curve::new(r.name.clone(), r.points.iter().map(|p| (pick(r, p), p.objective))))
            .collect(),
    };
    [
        chart("−ELBO over steps", Axis::linear("steps"), &|_, p| p.step as f64),
        chart("−ELBO over evaluations", Axis::log("evaluations of f for an example"), &|r, p| {
            p.step as f64 * r.evaluations as f64
        }),
        chart("−ELBO over time", Axis::log("seconds of training"), &|_, p| p.seconds),
    ]
}
