//! Runs that differ in the seed only, as one: mean and standard deviation.

use super::Summary;
use crate::runs::plot::{Curve, Spread};
use crate::train::{Config, Epoch};
use serde::Serialize;
use std::path::PathBuf;

/// Mean and standard deviation of a figure.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Mean {
    /// Values.
    pub n: usize,
    /// Their mean.
    pub mean: f64,
    /// Their standard deviation, with n - 1 in the denominator; none of a single value.
    pub sd: Option<f64>,
}

impl Mean {
    /// Of `values`; `None` without any.
    pub fn of(values: impl IntoIterator<Item = f64>) -> Option<Mean> {
        let values: Vec<f64> = values.into_iter().collect();
        let n = values.len();
        let mean = values.iter().sum::<f64>() / n as f64;
        let square = values.iter().map(|v| (v - mean).powi(2)).sum::<f64>();
        let sd = (n > 1).then(|| (square / (n - 1) as f64).sqrt());
        (n > 0).then_some(Mean { n, mean, sd })
    }
}

/// Runs of one configuration with different seeds, or a run alone.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Group {
    /// Their folders, the best on the validation split first.
    pub runs: Vec<PathBuf>,
    /// Their seeds, in the same order.
    pub seeds: Vec<u64>,
    /// Their configuration; the seed is that of the first.
    pub config: Config,
    /// Fewest and most steps taken.
    pub steps: (u64, u64),
    /// Mean of the seconds of training and validation.
    pub seconds: f64,
    /// -ELBO on the validation split, each of the best epoch of its run.
    pub valid_neg_elbo: Option<Mean>,
    /// -ELBO on the test split, of those that are done.
    pub test_neg_elbo: Option<Mean>,
    /// Importance-weighted bound on the test split, of those that are done.
    pub test_nll: Option<Mean>,
    /// The epochs of each.
    #[serde(skip)]
    pub epochs: Vec<Vec<Epoch>>,
}

impl Group {
    fn of(runs: &[&Summary]) -> Option<Group> {
        let first = runs.first()?;
        let steps = |run: &&Summary| run.step;
        let tests = || runs.iter().filter_map(|run| run.test);
        Some(Group {
            runs: runs.iter().map(|run| run.run.clone()).collect(),
            seeds: runs.iter().map(|run| run.config.seed).collect(),
            config: first.config.clone(),
            steps: (runs.iter().map(steps).min()?, runs.iter().map(steps).max()?),
            seconds: runs.iter().map(|run| run.seconds).sum::<f64>() / runs.len() as f64,
            valid_neg_elbo: Mean::of(runs.iter().filter_map(|run| run.best).map(|b| b.valid_neg_elbo)),
            test_neg_elbo: Mean::of(tests().map(|t| t.neg_elbo)),
            test_nll: Mean::of(tests().map(|t| t.nll)),
            epochs: runs.iter().map(|run| run.epochs.clone()).collect(),
        })
    }

    /// The mean of a figure over the epochs and, of several runs, a band of one standard deviation to each side. It ends
    /// where fewer than half of the runs go on.
    pub fn curve(&self, name: impl Into<String>, pick: fn(&Epoch) -> f64) -> Curve {
        let most = self.epochs.iter().map(Vec::len).max().unwrap_or(0);
        let at = |i: usize| self.epochs.iter().filter_map(move |epochs| epochs.get(i));
        let mut curve = Curve::new(name, []);
        for i in 0..most {
            let Some(epoch) = at(i).map(|e| e.epoch).next() else { break };
            let Some(Mean { n, mean, sd }) = Mean::of(at(i).map(pick)) else { break };
            if 2 * n < self.runs.len() {
                break;
            }
            let x = epoch as f64;
            curve.points.push((x, mean));
            curve.band.extend(sd.map(|sd| Spread { x, low: mean - sd, high: mean + sd }));
        }
        curve
    }
}

/// Puts runs together that differ in the seed only, in the order of the means on the validation split, the best first.
/// A second run of one seed is in a group of its own.
pub fn group(runs: &[Summary]) -> Vec<Group> {
    let mut groups: Vec<(Config, Vec<&Summary>)> = Vec::new();
    for run in runs {
        let key = Config { seed: 0, ..run.config.clone() };
        let fits = |(config, members): &&mut (Config, Vec<&Summary>)| {
            *config == key && members.iter().all(|m| m.config.seed != run.config.seed)
        };
        match groups.iter_mut().find(fits) {
            Some((_, members)) => members.push(run),
            None => groups.push((key, vec![run])),
        }
    }
    let mut groups: Vec<Group> = groups.iter().filter_map(|(_, members)| Group::of(members)).collect();
    let figure = |group: &Group| group.valid_neg_elbo.map_or(f64::INFINITY, |valid| valid.mean);
    groups.sort_by(|a, b| figure(a).total_cmp(&figure(b)));
    groups
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::evaluate::Figures;
    use crate::train::config::tests::example;

    fn run(name: &str, config: Config, valid: &[f64], nll: Option<f64>) -> Summary {
        let epoch = |(i, &valid): (usize, &f64)| Epoch {
            epoch: i as u64 + 1,
            step: 10 * (i as u64 + 1),
            train_neg_elbo: valid,
            valid_neg_elbo: valid,
            gradient_variance: 1.0,
        };
        let epochs: Vec<Epoch> = valid.iter().enumerate().map(epoch).collect();
        let test = nll.map(|nll| Figures {
            neg_elbo: nll + 1.0,
            neg_elbo_standard_error: None,
            nll,
            nll_standard_error: None,
            nll_samples: 5,
            images: 3,
        });
        Summary {
            run: name.into(),
            config,
            step: 10 * valid.len() as u64,
            seconds: 4.0,
            best: crate::train::best(&epochs).copied(),
            test,
            epochs,
            restored: Vec::new(),
        }
    }

    #[test]
    fn seeds_are_one_group_with_a_sample_deviation() {
        let seed = |seed| Config { seed, ..example() };
        let runs = [
            run("a", seed(1), &[9.0, 1.0, 8.0], Some(10.0)),
            run("b", seed(2), &[9.0, 2.0], Some(14.0)),
            run("other", Config { batch: 7, ..example() }, &[1.5], None),
            run("c", seed(3), &[12.0, 6.0, 9.0, 9.0], None),
            run("again", seed(3), &[7.0], None),
            run("started", Config { batch: 8, ..example() }, &[], None),
        ];
        let groups = group(&runs);
        let names: Vec<Vec<&str>> =
            groups.iter().map(|g| g.runs.iter().filter_map(|p| p.to_str()).collect()).collect();
        assert_eq!(names, [vec!["other"], vec!["a", "b", "c"], vec!["again"], vec!["started"]]);
        let three = &groups[1];
        assert_eq!((three.seeds.clone(), three.steps), (vec![1, 2, 3], (20, 40)));
        assert_eq!(three.valid_neg_elbo, Some(Mean { n: 3, mean: 3.0, sd: Some(7f64.sqrt()) }));
        assert_eq!(three.test_nll, Some(Mean { n: 2, mean: 12.0, sd: Some(8f64.sqrt()) }));
        assert_eq!(groups[0].valid_neg_elbo, Some(Mean { n: 1, mean: 1.5, sd: None }));
        assert_eq!(groups[3].valid_neg_elbo, None);
        let curve = three.curve("three", |e| e.valid_neg_elbo);
        // At the fourth epoch one run of three is left.
        assert_eq!(curve.points, [(1.0, 10.0), (2.0, 3.0), (3.0, 8.5)]);
        assert_eq!(curve.band[2], Spread { x: 3.0, low: 8.5 - 0.5f64.sqrt(), high: 8.5 + 0.5f64.sqrt() });
        assert!(groups[0].curve("one", |e| e.valid_neg_elbo).band.is_empty());
    }
}
