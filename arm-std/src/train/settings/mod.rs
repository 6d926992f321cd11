//! What a user may set, in a TOML file or by flags of the same names; flags win.

mod activation;
mod file;
mod flags;
mod number;
mod seed;

#[cfg(test)]
pub(super) use file::keys;
pub(super) use seed::MOST;

use crate::data::{BinariseName, Columns};
use crate::estimators::{BaselineName, EstimatorName};
use crate::network::{CodingName, Notation, NumbersName, OWN, Preset, PriorName, Ram, Recipe};
use number::number;
use seed::{seed, written_seed};
use serde::Deserialize;
use std::path::PathBuf;

/// Settings of a run, each of them optional.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, clap::Args)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Settings {
    /// A network and how it was trained where it was published; flags win, --network too
    #[arg(long, value_enum)]
    pub preset: Option<Preset>,
    /// Layers, those in brackets stochastic, such as `x-32-[16] / [16]-32-x`, or `x-[20]-[20]-8` for the last 8 columns given
    /// the others; x is the width of the data
    ///
    /// Default: the preset's. Without one, `x-2h-[h] / [h]-2h-x` for data of x columns, h the power of two next to 2√x and
    /// at most x, so 32 and 16 for 64; from 512 columns on `x-200-200-[200] / [200]-200-200-x`.
    #[arg(long, value_name = "NOTATION")]
    pub network: Option<Notation>,
    /// Take the largest network `x-2h-[h] / [h]-2h-x`, h at most x, whose parameters and scratch for training with SGD fit
    /// into so much RAM of a device, such as 32K
    #[arg(long, value_name = "BYTES", conflicts_with = "network")]
    pub fit_ram: Option<Ram>,
    /// Begin from the parameters of a trained model (run folder, model file or the bytes of a device) instead of random ones; the
    /// network is its own, and so are the numbers unless --numbers says otherwise
    #[arg(long, value_name = "MODEL")]
    pub start: Option<PathBuf>,
    /// Slope below zero of the LeakyReLU of hidden layers, from 0 to 1 [default: the preset's, or 0.1]
    #[arg(long, allow_negative_numbers = true, value_parser = number)]
    pub slope: Option<f32>,
    /// Prior of the top stochastic layer [default: the preset's, or fixed]
    #[arg(long, value_enum)]
    pub prior: Option<PriorName>,
    /// Data set: a file, a folder, or `strokes` (generated) [default: strokes]
    #[arg(long)]
    pub data: Option<PathBuf>,
    /// Columns to read, by name or number from 0, such as age,3,7-9,20- [default: all but an index]
    #[arg(long, value_name = "COLUMNS")]
    pub columns: Option<Columns>,
    /// Columns to leave out, by name or number from 0
    #[arg(long, value_name = "COLUMNS")]
    pub drop: Option<Columns>,
    /// How grey levels become bits: auto, none, dynamic, or a threshold in [0, 1) [default: auto]
    #[arg(long)]
    pub binarise: Option<BinariseName>,
    /// Rows of the validation split, its last; the others are trained on [default: the preset's, or all it has]
    #[arg(long, value_name = "N")]
    pub valid: Option<usize>,
    /// Numbers that the units of the input stand for [default: the preset's]
    #[arg(long, value_enum)]
    pub inputs: Option<CodingName>,
    /// Let the units of stochastic layers stand for -1 and 1 instead of 0 and 1 [default: the preset's]
    #[arg(long, num_args = 0..=1, default_missing_value = "true", value_name = "BOOL")]
    pub signed_units: Option<bool>,
    /// Start the output biases at the logits of the mean of the train split [default: the preset's]
    #[arg(long, num_args = 0..=1, default_missing_value = "true", value_name = "BOOL")]
    pub output_bias: Option<bool>,
    /// Numbers to compute with: i16 is the arithmetic of a device without a floating-point unit, bit for bit, one row a step by plain
    /// gradient descent with arm, disarm, ar, reinforce or rloo [default: f32]
    #[arg(long, value_enum)]
    pub numbers: Option<NumbersName>,
    /// Gradient estimator [default: arm]
    #[arg(long, value_enum)]
    pub estimator: Option<EstimatorName>,
    /// Samples of the estimators that draw several: K, or n of arms [default: 2]
    #[arg(long)]
    pub samples: Option<usize>,
    /// Baseline of reinforce: none, moving, or a constant in nats [default: none]
    #[arg(long, allow_negative_numbers = true)]
    pub baseline: Option<BaselineName>,
    /// Draw the upper layers of antithetic partners on their own instead of sharing uniforms
    #[arg(long, num_args = 0..=1, default_missing_value = "true", value_name = "BOOL")]
    pub independent_uniforms: Option<bool>,
    /// Epochs to train [default: the preset's]
    #[arg(long)]
    pub epochs: Option<u64>,
    /// Steps to train, instead of epochs
    #[arg(long, visible_alias = "max-steps", conflicts_with = "epochs")]
    pub steps: Option<u64>,
    /// Examples a step [default: the preset's; without one 50, or all rows where there are fewer; 1 with --numbers i16]
    #[arg(long)]
    pub batch: Option<usize>,
    /// Learning rate of Adam, with --numbers i16 of plain gradient descent [default: the preset's; without one 0.003 for fewer
    /// than 512 columns, else 0.0003; 0.001 with --numbers i16]
    #[arg(long, allow_negative_numbers = true, value_parser = number)]
    pub lr: Option<f32>,
    /// Decay of the first moment of the encoder's Adam [default: the preset's]
    #[arg(long, allow_negative_numbers = true, value_name = "BETA", value_parser = number)]
    pub encoder_beta1: Option<f32>,
    /// Decay of the second moment of the encoder's Adam [default: the preset's]
    #[arg(long, allow_negative_numbers = true, value_name = "BETA", value_parser = number)]
    pub encoder_beta2: Option<f32>,
    /// Rate of plain gradient descent for the logits of a learned prior [default: the preset's, or Adam]
    #[arg(long, allow_negative_numbers = true, value_parser = number)]
    pub prior_lr: Option<f32>,
    /// Seed of everything random [default: 1]
    #[arg(long, value_parser = seed)]
    #[serde(deserialize_with = "written_seed")]
    pub seed: Option<u64>,
    /// Stop after N epochs without a better validation bound; 0 never stops [default: 0]
    #[arg(long, value_name = "N")]
    pub patience: Option<u64>,
    /// Take every step on the first batch: the −ELBO must fall far, or something is wrong
    #[arg(long, num_args = 0..=1, default_missing_value = "true", value_name = "BOOL")]
    pub overfit_one_batch: Option<bool>,
    /// Samples K of the importance-weighted bound at the end [default: 100]
    #[arg(long, value_name = "K")]
    pub nll_samples: Option<usize>,
    /// Compute the figures at the end for N images spread evenly over the test split; 0 for all [default: 0]
    #[arg(long, value_name = "N")]
    pub nll_images: Option<usize>,
}

impl Settings {
    /// These settings, and those of `file` where these say nothing.
    pub fn over(self, file: Settings) -> Settings {
        let epochs_or_steps = self.epochs.is_some() || self.steps.is_some();
        let network = self.preset.is_some() || self.network.is_some() || self.fit_ram.is_some();
        // A preset brings these along.
        let preset = self.preset.is_some();
        Settings {
            preset: self.preset.or(file.preset),
            network: if network { self.network } else { file.network },
            fit_ram: if network { self.fit_ram } else { file.fit_ram },
            start: self.start.or(file.start),
            slope: if preset { self.slope } else { self.slope.or(file.slope) },
            prior: if preset { self.prior } else { self.prior.or(file.prior) },
            data: self.data.or(file.data),
            columns: self.columns.or(file.columns),
            drop: self.drop.or(file.drop),
            binarise: self.binarise.or(file.binarise),
            valid: self.valid.or(file.valid),
            inputs: self.inputs.or(file.inputs),
            signed_units: self.signed_units.or(file.signed_units),
            output_bias: self.output_bias.or(file.output_bias),
            numbers: self.numbers.or(file.numbers),
            estimator: self.estimator.or(file.estimator),
            samples: self.samples.or(file.samples),
            baseline: self.baseline.or(file.baseline),
            independent_uniforms: self.independent_uniforms.or(file.independent_uniforms),
            epochs: if epochs_or_steps { self.epochs } else { file.epochs },
            steps: if epochs_or_steps { self.steps } else { file.steps },
            batch: self.batch.or(file.batch),
            lr: self.lr.or(file.lr),
            encoder_beta1: self.encoder_beta1.or(file.encoder_beta1),
            encoder_beta2: self.encoder_beta2.or(file.encoder_beta2),
            prior_lr: self.prior_lr.or(file.prior_lr),
            seed: self.seed.or(file.seed),
            patience: self.patience.or(file.patience),
            overfit_one_batch: self.overfit_one_batch.or(file.overfit_one_batch),
            nll_samples: self.nll_samples.or(file.nll_samples),
            nll_images: self.nll_images.or(file.nll_images),
        }
    }

    /// What holds where these say nothing.
    pub(super) fn recipe(&self) -> Recipe {
        self.preset.map_or(OWN, Preset::recipe)
    }

    /// Epochs to train where `steps` says nothing.
    pub fn epochs(&self) -> u64 {
        self.epochs.unwrap_or(self.recipe().epochs)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_preset_on_the_command_line_replaces_the_network_of_a_file() {
        let file =
            || Settings::from_toml("network = 'x-[9] / [9]-x'\nslope = 0.3\nprior = 'learned'").unwrap();
        let preset = Settings { preset: Some(Preset::Linear), ..Settings::default() }.over(file());
        assert_eq!((preset.network, preset.slope, preset.prior), (None, None, None));
        let fit = Settings { fit_ram: Some(Ram(9999)), ..Settings::default() }.over(file());
        assert_eq!((fit.network, fit.fit_ram, fit.slope), (None, Some(Ram(9999)), Some(0.3)));
        assert_eq!(Settings::default().over(file()), file());
    }

    #[test]
    fn flags_win_and_epochs_and_steps_are_one_choice() {
        let file = Settings::from_toml("batch = 7\nsteps = 90\nlr = 0.5").unwrap();
        let flags = Settings { epochs: Some(3), lr: Some(0.25), ..Settings::default() };
        let both = flags.over(file);
        assert_eq!((both.batch, both.steps, both.epochs, both.lr), (Some(7), None, Some(3), Some(0.25)));
    }
}
