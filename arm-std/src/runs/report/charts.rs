//! The charts of a report.

use crate::runs::plot::{Axis, Chart, Curve, page};
use crate::train::Epoch;

/// The curves of a run as SVG: -ELBO of train and validation, and the variance of the gradient, over steps. Errors: a
/// chart that cannot be drawn.
pub fn curves(epochs: &[Epoch]) -> Result<String, String> {
    page(&charts(epochs), 2)
}

/// The same as a picture for each chart, which find room on a narrow screen.
pub(super) fn apart(epochs: &[Epoch]) -> Result<Vec<String>, String> {
    let alone = |mut chart: Chart| {
        // Names of curves of the other chart.
        chart.curves.iter_mut().filter(|c| c.points.is_empty()).for_each(|c| c.name.clear());
        page(&[chart], 1)
    };
    charts(epochs).into_iter().map(alone).collect()
}

fn charts(epochs: &[Epoch]) -> [Chart; 2] {
    let over_steps = |name: &str, value: fn(&Epoch) -> f64| {
        Curve::new(name, epochs.iter().map(|e| (e.step as f64, value(e))))
    };
    let bound = Chart {
        title: "−ELBO".into(),
        x: Axis::linear("steps"),
        y: Axis::linear("nats").focused(),
        curves: vec![
            over_steps("train", |e| e.train_neg_elbo),
            over_steps("validation", |e| e.valid_neg_elbo),
        ],
    };
    // The third colour, with the legend of the page.
    let variance = Chart {
        title: "Variance of the encoder's gradient".into(),
        x: Axis::linear("steps"),
        y: Axis::log("nats²"),
        curves: vec![
            Curve::new("train", []),
            Curve::new("validation", []),
            over_steps("gradient variance", |e| e.gradient_variance),
        ],
    };
    [bound, variance]
}

/// The share of ones in each column of test examples, and of `what` comes from the model; columns are numbered from `first`.
pub(super) fn shares(first: usize, of_test: Vec<f64>, what: &str, of_model: Vec<f64>) -> Chart {
    let cols = of_test.len();
    let (x, from) = match cols {
        0..=12 => (Axis::names("column", (first..first + cols).map(|i| i.to_string()).collect()), 0),
        _ => (Axis::linear("column"), first),
    };
    let curve = |name: &str, shares: Vec<f64>| {
        Curve::new(name, shares.into_iter().enumerate().map(|(i, share)| ((from + i) as f64, share)))
    };
    Chart {
        title: "Share of ones in each column".into(),
        x,
        y: Axis::linear("share of ones"),
        curves: vec![curve("test examples", of_test), curve(what, of_model)],
    }
}
