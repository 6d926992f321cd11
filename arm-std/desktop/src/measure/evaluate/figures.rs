//! What many values come to.

use serde::{Deserialize, Serialize};

/// The figures of a trained model on rows of a split, in nats, with their standard errors: over the rows, as
/// [`Mean::error`]. Runs of older versions have none.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Figures {
    /// -ELBO, one sample an image.
    pub neg_elbo: f64,
    /// Standard error of `neg_elbo`.
    #[serde(default)]
    pub neg_elbo_standard_error: Option<f64>,
    /// Importance-weighted bound of -log p(x).
    pub nll: f64,
    /// Standard error of `nll`.
    #[serde(default)]
    pub nll_standard_error: Option<f64>,
    /// Samples K of that bound.
    pub nll_samples: usize,
    /// Images that both were computed for.
    pub images: usize,
}

/// A mean over examples.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Mean {
    /// The mean; NaN of no examples.
    pub value: f64,
    /// Its standard error: the standard deviation over examples, divided by the square root of their number. One example
    /// has none.
    pub error: Option<f64>,
}

impl Mean {
    /// The mean of these values.
    pub fn of(values: &[f32]) -> Mean {
        let n = values.len() as f64;
        let value = values.iter().map(|&v| f64::from(v)).sum::<f64>() / n;
        let squares: f64 = values.iter().map(|&v| (f64::from(v) - value).powi(2)).sum();
        Mean { value, error: (values.len() > 1).then(|| (squares / (n - 1.0) / n).sqrt()) }
    }
}
