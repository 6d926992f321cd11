//! Where a run stands and what has been seen of it.

use serde::{Deserialize, Serialize};

/// The figures after an epoch, in nats.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Epoch {
    /// Epochs done, from 1; the last may be cut short.
    pub epoch: u64,
    /// Steps done.
    pub step: u64,
    /// Mean -ELBO of the epoch's batches, each before its step.
    pub train_neg_elbo: f64,
    /// -ELBO of the validation split, one sample an image.
    pub valid_neg_elbo: f64,
    /// Variance of the encoder's gradient: see [`gradient_variance`](crate::measure::variance::gradient_variance).
    pub gradient_variance: f64,
}

/// A refused step, after which the run took its epoch again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Restored {
    /// The step that was refused.
    pub step: u64,
    /// Why.
    pub error: String,
    /// The step whose state, the last good one, was restored.
    pub to_step: u64,
    /// How often that state has been restored, this time included.
    pub attempt: u64,
}

/// Where a run stands, beside parameters and moments.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct RunProgress {
    /// Checksum of the data, by which another table is noticed.
    pub data: u32,
    /// Steps taken; they decide epoch, position in it and every random draw.
    pub step: u64,
    /// Sum of -ELBO over the steps of the epoch in progress.
    pub epoch_sum: f64,
    /// The epochs done.
    pub history: Vec<Epoch>,
    /// The times that a refused step sent the run back to the start of its epoch.
    pub restored: Vec<Restored>,
}

/// The epoch with the lowest validation bound; the first of equals.
pub fn best(history: &[Epoch]) -> Option<&Epoch> {
    history.iter().min_by(|a, b| a.valid_neg_elbo.total_cmp(&b.valid_neg_elbo))
}
