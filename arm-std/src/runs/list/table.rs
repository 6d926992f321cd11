//! Groups of runs as lines of text.

use super::{Group, Mean, duration};
use crate::train::Config;
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::PathBuf;

/// Settings that have a column in any case.
const ALWAYS: [&str; 5] = ["preset", "network", "estimator", "steps", "seed"];

/// The most characters of a network.
const WIDEST: usize = 32;

/// Names and seeds that are written out.
const WRITTEN: usize = 3;

/// The settings of every group, and those beyond [`ALWAYS`] in which they differ.
fn settings(groups: &[Group]) -> (Vec<Value>, Vec<String>) {
    let all: Vec<Value> =
        groups.iter().map(|g| serde_json::to_value(&g.config).unwrap_or_default()).collect();
    let keys: BTreeSet<&String> = all.iter().filter_map(Value::as_object).flat_map(|s| s.keys()).collect();
    let differs = |key: &str| all.iter().any(|s| s[key] != all[0][key]);
    let keys = keys.into_iter().filter(|k| !ALWAYS.contains(&k.as_str()) && differs(k)).cloned().collect();
    (all, keys)
}

/// A setting as it is written.
fn word(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => "-".into(),
        // A setting is an f32, whose digits as f64 say nothing.
        Value::Number(n) if n.is_f64() => n.as_f64().map_or_else(String::new, |v| (v as f32).to_string()),
        other => other.to_string(),
    }
}

/// What the network of a run is called: its preset, or the notation of one's own, of which the middle is left out where it is long.
fn network(config: &Config) -> String {
    let own =
        config.network.as_ref().filter(|network| config.preset.is_none_or(|p| p.notation() != **network));
    let notation = own.map(|network| shortened(&network.to_string()));
    match (config.preset, notation) {
        (Some(preset), None) => preset.name(),
        (Some(preset), Some(notation)) => format!("{}: {notation}", preset.name()),
        (None, notation) => notation.unwrap_or_else(|| "-".into()),
    }
}

fn shortened(text: &str) -> String {
    let letters: Vec<char> = text.chars().collect();
    let end = WIDEST / 2 - 1;
    match letters.len() {
        0..=WIDEST => text.into(),
        all => letters[..end].iter().chain(&['.', '.']).chain(&letters[all - end..]).collect(),
    }
}

/// The folders as a shell expands them: `runs/{001,002}`, or `runs/{001,..,009}`; a few of them where they lie apart.
fn folders(runs: &[PathBuf]) -> String {
    let mut sorted: Vec<&PathBuf> = runs.iter().collect();
    sorted.sort();
    let (Some(first), Some(last)) = (sorted.first(), sorted.last()) else { return String::new() };
    if runs.len() == 1 {
        return first.display().to_string();
    }
    let together = sorted.iter().all(|run| run.parent() == first.parent() && run.file_name().is_some());
    let name = |run: &PathBuf| match run.file_name() {
        Some(name) if together => name.to_string_lossy().into_owned(),
        _ => run.display().to_string(),
    };
    let names = match runs.len() {
        0..=WRITTEN => sorted.iter().map(|run| name(run)).collect::<Vec<_>>().join(","),
        _ => format!("{},..,{}", name(first), name(last)),
    };
    match first.parent().filter(|p| together && !p.as_os_str().is_empty()) {
        Some(parent) => parent.join(format!("{{{names}}}")).display().to_string(),
        None => format!("{{{names}}}"),
    }
}

fn seeds(seeds: &[u64]) -> String {
    if seeds.len() > WRITTEN {
        return format!("{} seeds", seeds.len());
    }
    let mut sorted = seeds.to_vec();
    sorted.sort_unstable();
    sorted.iter().map(u64::to_string).collect::<Vec<_>>().join(",")
}

/// What the groups are called in a legend: a run alone by its folder, several by what sets them apart.
pub(super) fn labels(groups: &[Group]) -> Vec<String> {
    let (all, keys) = settings(groups);
    let differs = |key: &&&str| all.iter().any(|s| s[**key] != all[0][**key]);
    let networks: Vec<String> = groups.iter().map(|g| network(&g.config)).collect();
    let mut named: Vec<&str> = ["estimator", "steps"].iter().filter(differs).copied().collect();
    if networks.iter().any(|network| *network != networks[0]) {
        named.insert(0, "network");
    }
    if named.is_empty() && keys.is_empty() {
        named.push("estimator");
    }
    let label = |(group, settings): (&Group, &Value)| {
        if let [run] = &group.runs[..] {
            return run.file_name().unwrap_or(run.as_os_str()).to_string_lossy().into_owned();
        }
        let value = |key: &str| match (key, word(&settings[key])) {
            ("network", _) => network(&group.config),
            ("estimator", word) => word,
            (_, word) => format!("{key} {word}"),
        };
        let words: Vec<_> = named.iter().copied().chain(keys.iter().map(String::as_str)).map(value).collect();
        format!("{} ({} runs)", words.join(", "), group.runs.len())
    };
    groups.iter().zip(&all).map(label).collect()
}

/// The groups as lines of a table: the same columns for all, and one for every other setting in which they differ.
/// Figures of several runs are mean ± standard deviation, with their number where not all have one.
pub fn table(groups: &[Group]) -> Vec<String> {
    let (all, keys) = settings(groups);
    let head = [
        "run",
        "n",
        "network",
        "estimator",
        "steps",
        "valid -ELBO",
        "test -ELBO",
        "test NLL",
        "time",
        "seed",
    ];
    let figures = 4..9;
    let mut rows: Vec<Vec<String>> = vec![head.iter().map(|h| h.to_string()).collect()];
    rows[0].extend(keys.iter().cloned());
    for (group, settings) in groups.iter().zip(&all) {
        let of = group.config.steps;
        let steps = match group.steps {
            (low, high) if low == of && high == of => of.to_string(),
            (low, high) if low == high => format!("{low} of {of}"),
            (low, high) => format!("{low}-{high} of {of}"),
        };
        let figure = |value: Option<Mean>| figure(value, group.runs.len());
        let mut row = vec![
            folders(&group.runs),
            group.runs.len().to_string(),
            network(&group.config),
            word(&settings["estimator"]),
            steps,
            figure(group.valid_neg_elbo),
            figure(group.test_neg_elbo),
            figure(group.test_nll),
            duration(group.seconds),
            seeds(&group.seeds),
        ];
        row.extend(keys.iter().map(|k| word(&settings[k.as_str()])));
        rows.push(row);
    }
    let width = |column: usize| rows.iter().map(|r| r[column].chars().count()).max().unwrap_or(0);
    let widths: Vec<_> = (0..rows[0].len()).map(width).collect();
    let cell = |(column, text): (usize, &String)| {
        let width = widths[column];
        // Words from the left, figures from the right.
        if column == 1 || figures.contains(&column) {
            format!("{text:>width$}")
        } else {
            format!("{text:<width$}")
        }
    };
    let line = |row: &Vec<String>| row.iter().enumerate().map(cell).collect::<Vec<_>>().join("  ");
    rows.iter().map(|row| line(row).trim_end().to_string()).collect()
}

/// A figure of `runs` runs.
fn figure(value: Option<Mean>, runs: usize) -> String {
    let Some(Mean { n, mean, sd }) = value else { return "-".into() };
    let of = if n < runs { format!(" ({n})") } else { String::new() };
    match sd {
        Some(sd) => format!("{mean:.2} ± {sd:.2}{of}"),
        None => format!("{mean:.2}{of}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_are_short() {
        let paths = |all: &[&str]| all.iter().map(PathBuf::from).collect::<Vec<_>>();
        assert_eq!(folders(&paths(&["runs/7"])), "runs/7");
        assert_eq!(folders(&paths(&["runs/b", "runs/a"])), "runs/{a,b}");
        assert_eq!(folders(&paths(&["r/3", "r/1", "r/2", "r/4"])), "r/{1,..,4}");
        assert_eq!(folders(&paths(&["x/a", "y/a"])), "{x/a,y/a}");
        assert_eq!(folders(&paths(&["a", "b"])), "{a,b}");
        assert_eq!((seeds(&[3, 1]), seeds(&[1, 2, 3, 4])), ("1,3".into(), "4 seeds".into()));
    }

    #[test]
    fn networks_of_ones_own_are_told_by_their_layers() {
        let of = |text: &str| network(&crate::train::Settings::from_toml(text).unwrap().resolve().unwrap());
        assert_eq!(of("preset = 'linear'"), "linear");
        assert_eq!(of("network = '64-32-[16] / [16]-32-64'"), "64-32-[16] / [16]-32-64");
        assert_eq!(of("preset = 'linear'\nnetwork = 'x-[9] / [9]-x'"), "linear: x-[9] / [9]-x");
        let long = of("network = '64-[32]-[24]-[16] / [16]-[24]-[32]-64'");
        assert_eq!((long.as_str(), long.len()), ("64-[32]-[24]-[1..6]-[24]-[32]-64", WIDEST));
    }

    #[test]
    fn figures_say_of_how_many_runs_they_are() {
        let mean = |n, sd| Some(Mean { n, mean: 99.5, sd });
        assert_eq!(figure(mean(3, Some(0.125)), 3), "99.50 ± 0.12");
        assert_eq!(figure(mean(2, Some(1.0)), 3), "99.50 ± 1.00 (2)");
        assert_eq!((figure(mean(1, None), 2), figure(None, 2)), ("99.50 (1)".into(), "-".into()));
    }
}
