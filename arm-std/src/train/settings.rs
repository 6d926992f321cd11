//! What a user may set, in a TOML file or by flags of the same names; flags win.

use crate::data::{BinariseName, Columns};
use crate::estimators::{BaselineName, EstimatorName};
use crate::network::{CodingName, NARROW_RATE, Notation, OWN, Preset, PriorName, Ram, Recipe, WIDE};
use crate::train::Config;
use arm_core::optim::MAX_RATE;
use clap::Args;
use serde::de::{self, Unexpected, Visitor};
use serde::{Deserialize, Deserializer};
use std::path::{Path, PathBuf};
use std::{fmt, fs};
use toml::de::DeTable;

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
    /// Slope below zero of the LeakyReLU of hidden layers, from 0 to 1 [default: the preset's, or 0.1]
    #[arg(long, allow_negative_numbers = true)]
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
    /// Examples a step [default: the preset's; without one 50, or all rows where there are fewer]
    #[arg(long)]
    pub batch: Option<usize>,
    /// Learning rate of Adam [default: the preset's; without one 0.003 for fewer than 512 columns, else 0.0003]
    #[arg(long, allow_negative_numbers = true)]
    pub lr: Option<f32>,
    /// Decay of the first moment of the encoder's Adam [default: the preset's]
    #[arg(long, allow_negative_numbers = true, value_name = "BETA")]
    pub encoder_beta1: Option<f32>,
    /// Decay of the second moment of the encoder's Adam [default: the preset's]
    #[arg(long, allow_negative_numbers = true, value_name = "BETA")]
    pub encoder_beta2: Option<f32>,
    /// Rate of plain gradient descent for the logits of a learned prior [default: the preset's, or Adam]
    #[arg(long, allow_negative_numbers = true)]
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

/// The keys of a configuration file, which are named like the flags.
fn keys() -> Vec<String> {
    let command = Settings::augment_args(clap::Command::new(""));
    command.get_arguments().filter_map(|flag| flag.get_long().map(String::from)).collect()
}

/// What to do about an unknown key: a known one is named only if it is near.
fn hint(key: &str) -> String {
    let distance = |known: &String| strsim::damerau_levenshtein(key, known);
    match keys().into_iter().map(|known| (distance(&known), known)).min() {
        // A third of the letters, and always one.
        Some((apart, known)) if apart <= (key.chars().count() / 3).max(1) => {
            format!("did you mean `{known}`?")
        }
        _ => "keys are named like the flags that `arm train --help` lists".into(),
    }
}

/// The largest whole number of a TOML file.
const MOST: u64 = i64::MAX as u64;

fn seed(text: &str) -> Result<u64, String> {
    let seed = text.parse().ok().filter(|&seed| seed <= MOST);
    seed.ok_or_else(|| format!("give a whole number from 0 to {MOST}"))
}

/// A seed in a file, any other than which is refused with the range.
fn written_seed<'de, D: Deserializer<'de>>(file: D) -> Result<Option<u64>, D::Error> {
    struct Seed;

    impl Visitor<'_> for Seed {
        type Value = u64;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            write!(f, "a whole number from 0 to {MOST}")
        }

        fn visit_i64<E: de::Error>(self, seed: i64) -> Result<u64, E> {
            u64::try_from(seed).map_err(|_| E::invalid_value(Unexpected::Signed(seed), &self))
        }

        fn visit_u64<E: de::Error>(self, seed: u64) -> Result<u64, E> {
            if seed <= MOST { Ok(seed) } else { Err(E::invalid_value(Unexpected::Unsigned(seed), &self)) }
        }
    }

    file.deserialize_u64(Seed).map(Some)
}

impl Settings {
    /// Reads a TOML file. Errors name the file, the line, and for an unknown key the nearest known one.
    pub fn read(path: &Path) -> Result<Settings, String> {
        let text =
            fs::read_to_string(path).map_err(|e| format!("{}: cannot be read: {e}", path.display()))?;
        Settings::from_toml(&text).map_err(|e| format!("{}: {e}", path.display()))
    }

    /// The settings in the text of a TOML file. Errors: as [`read`](Self::read), without the name of a file.
    pub fn from_toml(text: &str) -> Result<Settings, String> {
        let table = DeTable::parse(text).map_err(|e| e.to_string())?;
        let keys = keys();
        if let Some(key) =
            table.get_ref().keys().map(|key| key.get_ref()).find(|key| !keys.iter().any(|k| k == *key))
        {
            return Err(format!("there is no key `{key}`; {}", hint(key)));
        }
        let settings: Settings = toml::from_str(text).map_err(|e| e.to_string())?;
        if settings.epochs.is_some() && settings.steps.is_some() {
            return Err("give `epochs` or `steps`, not both".into());
        }
        if settings.network.is_some() && settings.fit_ram.is_some() {
            return Err("give `network` or `fit-ram`, not both".into());
        }
        Ok(settings)
    }

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

    /// The configuration with every default filled in; `steps` stays 0 where the number of epochs decides, see
    /// [`epochs`](Self::epochs). Errors name the setting and its range.
    pub fn resolve(&self) -> Result<Config, String> {
        let range = |name: &str, value: usize, low: usize, high: usize| {
            if (low..=high).contains(&value) {
                Ok(value)
            } else {
                Err(format!("--{name} {value}: give {low} to {high}"))
            }
        };
        let recipe = self.recipe();
        let network = match self.fit_ram {
            Some(_) => None,
            None => self.network.clone().or(self.preset.map(Preset::notation)),
        };
        for (name, number) in [
            ("seed", self.seed),
            ("epochs", self.epochs),
            ("steps", self.steps),
            ("patience", self.patience),
            ("valid", self.valid.map(|n| n as u64)),
            ("nll-images", self.nll_images.map(|n| n as u64)),
        ] {
            if let Some(number) = number.filter(|&number| number > MOST) {
                return Err(format!(
                    "--{name} {number}: give at most {MOST}, the largest that a run folder can hold"
                ));
            }
        }
        let rate = |name: &str, rate: f32| match rate {
            rate if (0.0..=MAX_RATE).contains(&rate) => Ok(rate),
            _ => Err(format!("--{name} {rate}: give a number from 0 to {MAX_RATE}, such as 1e-4")),
        };
        let decay = |name: &str, decay: f32| match decay {
            decay if (0.0..1.0).contains(&decay) => Ok(decay),
            _ => Err(format!("--{name} {decay}: give a number from 0 to below 1, such as 0.9")),
        };
        if self.valid == Some(0) {
            return Err("--valid 0: give at least 1".into());
        }
        let prior = self.prior.unwrap_or(recipe.prior);
        let learned = prior == PriorName::Learned;
        if learned && network.as_ref().is_some_and(Notation::conditional) {
            return Err("--prior learned: a conditional network has no prior".into());
        }
        if self.prior_lr.is_some() && !learned {
            return Err("--prior-lr has no meaning: the prior is fixed; give --prior learned".into());
        }
        let slope = self.slope.unwrap_or(recipe.slope);
        if !(0.0..=1.0).contains(&slope) {
            return Err(format!("--slope {slope}: give a number from 0 to 1, such as 0.1"));
        }
        if slope != recipe.slope && network.as_ref().is_some_and(|network| !network.has_hidden()) {
            return Err("--slope has no meaning: the network has no hidden layer".into());
        }
        if self.epochs == Some(0) || self.steps == Some(0) {
            let name = if self.epochs.is_some() { "epochs" } else { "steps" };
            return Err(format!("--{name} 0: give at least 1"));
        }
        let estimator = self.estimator.unwrap_or(EstimatorName::Arm);
        self.check_relevance(estimator)?;
        let several = network.as_ref().filter(|network| network.stochastic_layers() > 1);
        if let Some(network) = several.filter(|_| estimator.of_one_layer()) {
            return Err(format!(
                "--estimator {} serves one stochastic layer, and {network} has more: their samples are no smooth function of a relaxed one below; give double-cv or rodeo",
                estimator.name()
            ));
        }
        let (fewest, most) = estimator.range().unwrap_or((2, 2));
        Ok(Config {
            preset: self.preset,
            network,
            fit_ram: self.fit_ram,
            slope,
            prior,
            data: self.data.clone().unwrap_or_else(|| "strokes".into()),
            columns: self.columns.clone(),
            drop: self.drop.clone(),
            binarise: self
                .binarise
                .unwrap_or(recipe.binarise.map_or(BinariseName::Auto, BinariseName::Chosen)),
            valid: self.valid.or(recipe.valid),
            inputs: self.inputs.unwrap_or(recipe.inputs),
            signed_units: self.signed_units.unwrap_or(recipe.signed),
            output_bias: self.output_bias.unwrap_or(recipe.output_bias),
            estimator,
            samples: range("samples", self.samples.unwrap_or(2), fewest, most)?,
            baseline: self.baseline.unwrap_or_default(),
            independent_uniforms: self.independent_uniforms.unwrap_or(false),
            batch: range("batch", self.batch.unwrap_or(recipe.batch), 1, 65536)?,
            steps: self.steps.unwrap_or(0),
            lr: rate("lr", self.lr.unwrap_or(recipe.lr))?,
            encoder_beta1: decay("encoder-beta1", self.encoder_beta1.unwrap_or(recipe.encoder_betas.0))?,
            encoder_beta2: decay("encoder-beta2", self.encoder_beta2.unwrap_or(recipe.encoder_betas.1))?,
            prior_lr: self
                .prior_lr
                .or(recipe.prior_lr.filter(|_| learned))
                .map(|r| rate("prior-lr", r))
                .transpose()?,
            seed: self.seed.unwrap_or(1),
            patience: self.patience.unwrap_or(0),
            overfit_one_batch: self.overfit_one_batch.unwrap_or(false),
            nll_samples: range("nll-samples", self.nll_samples.unwrap_or(100), 1, 1_000_000)?,
            nll_images: self.nll_images.unwrap_or(0),
        })
    }

    /// A setting that would be ignored is an error, unless it has its default.
    fn check_relevance(&self, estimator: EstimatorName) -> Result<(), String> {
        let ignored =
            |name: &str| Err(format!("--{name} has no meaning for the estimator {}", estimator.name()));
        if estimator.range().is_none() && self.samples.is_some_and(|s| s != 2) {
            return ignored("samples");
        }
        if estimator != EstimatorName::Reinforce && self.baseline.is_some_and(|b| b != BaselineName::None) {
            return ignored("baseline");
        }
        if !estimator.branches() && self.independent_uniforms == Some(true) {
            return ignored("independent-uniforms");
        }
        Ok(())
    }

    /// What holds where these say nothing.
    fn recipe(&self) -> Recipe {
        self.preset.map_or(OWN, Preset::recipe)
    }

    /// Epochs to train where `steps` says nothing.
    pub fn epochs(&self) -> u64 {
        self.epochs.unwrap_or(self.recipe().epochs)
    }

    /// What follows from the data where neither it nor a preset is given: a higher rate below 512 columns, since narrow networks
    /// learn too little at the rate of wide ones, and a batch of no more than all rows.
    pub fn suit(&self, config: &mut Config, columns: usize, rows: usize) {
        if self.preset.is_some() {
            return;
        }
        if self.lr.is_none() && columns < WIDE {
            config.lr = NARROW_RATE;
        }
        if self.batch.is_none() {
            config.batch = config.batch.min(rows).max(1);
        }
    }
}

impl TryFrom<Settings> for Config {
    type Error = String;

    fn try_from(settings: Settings) -> Result<Config, String> {
        settings.resolve()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::train::config::tests::example;

    fn read(text: &str) -> Result<Settings, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("c.toml");
        fs::write(&path, text).unwrap();
        Settings::read(&path)
    }

    #[test]
    fn a_resolved_configuration_is_a_settings_file() {
        let text = toml::to_string(&example()).unwrap();
        assert_eq!(read(&text).unwrap().resolve(), Ok(example()));
        let keys: toml::Table = toml::from_str(&text).unwrap();
        assert!(keys.keys().all(|k| super::keys().contains(k)));
    }

    #[test]
    fn a_stack_is_refused_by_estimators_of_one_layer() {
        let of = |preset, estimator| Settings {
            preset: Some(preset),
            estimator: Some(estimator),
            ..Settings::default()
        };
        let message = of(Preset::TwoLayer, EstimatorName::Rebar).resolve().unwrap_err();
        assert!(message.contains("one stochastic layer") && message.contains("rodeo"), "{message}");
        assert!(of(Preset::TwoLayer, EstimatorName::Rodeo).resolve().is_ok());
        assert!(of(Preset::Linear, EstimatorName::Rebar).resolve().is_ok());
    }

    #[test]
    fn rate_and_batch_follow_from_the_data_unless_they_are_given() {
        let of = |text: &str, columns, rows| {
            let settings = read(text).unwrap();
            let mut config = settings.resolve().unwrap();
            settings.suit(&mut config, columns, rows);
            (config.lr, config.batch)
        };
        for text in ["", "network = 'x-[4] / [4]-x'", "fit-ram = '32K'"] {
            assert_eq!(of(text, 511, 1000), (3e-3, 50), "{text}");
            assert_eq!(of(text, 512, 8), (3e-4, 8), "{text}");
        }
        assert_eq!(of("lr = 0.1\nbatch = 20", 16, 8), (0.1, 20));
        assert_eq!(of("preset = 'linear'", 16, 8), (3e-4, 50));
    }

    #[test]
    fn a_preset_brings_its_settings_and_a_flag_wins() {
        let omniglot = Settings { preset: Some(Preset::OmniglotNonlinear), ..Settings::default() };
        let c = omniglot.resolve().unwrap();
        assert_eq!((c.lr, c.batch, c.prior_lr, omniglot.epochs()), (5e-5, 20, Some(0.01), 800));
        assert_eq!((c.encoder_beta1, c.encoder_beta2), (0.5, 0.99999));
        let faster = Settings { lr: Some(1e-3), encoder_beta1: Some(0.9), ..omniglot }.resolve().unwrap();
        assert_eq!((faster.lr, faster.encoder_beta1, faster.batch), (1e-3, 0.9, 20));
    }

    #[test]
    fn a_network_of_ones_own_takes_the_rest_from_the_preset() {
        let own: Notation = "x-30-[9] / [9]-30-x".parse().unwrap();
        let resolved = |settings: &str| read(settings).unwrap().resolve().unwrap();
        let c = resolved("network = 'x-30-[9] / [9]-30-x'\npreset = 'omniglot-nonlinear'");
        assert_eq!((c.network, c.slope, c.prior, c.batch), (Some(own.clone()), 0.3, PriorName::Learned, 20));
        let c = resolved("network = 'x-30-[9] / [9]-30-x'\nslope = 0.2\nprior = 'learned'\nprior-lr = 0.1");
        assert_eq!((c.network, c.slope, c.prior, c.batch), (Some(own), 0.2, PriorName::Learned, 50));
        // The preset's rate of a prior goes with its prior.
        assert_eq!(resolved("preset = 'mnist-linear'\nprior = 'fixed'").prior_lr, None);
        // Nothing is said: the data decide.
        assert_eq!(resolved("").network, None);
        assert_eq!(resolved("fit-ram = '32K'\npreset = 'linear'").network, None);
        assert_eq!(resolved("fit-ram = 32768").fit_ram, Some(Ram(32 << 10)));
    }

    #[test]
    fn a_preset_on_the_command_line_replaces_the_network_of_a_file() {
        let file = || read("network = 'x-[9] / [9]-x'\nslope = 0.3\nprior = 'learned'").unwrap();
        let preset = Settings { preset: Some(Preset::Linear), ..Settings::default() }.over(file());
        assert_eq!((preset.network, preset.slope, preset.prior), (None, None, None));
        let fit = Settings { fit_ram: Some(Ram(9999)), ..Settings::default() }.over(file());
        assert_eq!((fit.network, fit.fit_ram, fit.slope), (None, Some(Ram(9999)), Some(0.3)));
        assert_eq!(Settings::default().over(file()), file());
    }

    #[test]
    fn only_a_key_that_is_near_is_suggested() {
        for (key, near) in
            [("sede", Some("seed")), ("bacth", Some("batch")), ("signed_units", Some("signed-units"))]
        {
            let message = read(&format!("{key} = 1")).unwrap_err();
            assert!(
                near.is_some_and(|near| message.contains(&format!("did you mean `{near}`?"))),
                "{message}"
            );
        }
        for key in ["foo", "hidden-size", "momentum", "x"] {
            let message = read(&format!("{key} = 1")).unwrap_err();
            assert!(message.contains(&format!("`{key}`")) && !message.contains("did you mean"), "{message}");
            assert!(message.contains("arm train --help"), "{message}");
        }
    }

    #[test]
    fn a_number_that_no_run_folder_holds_is_refused_at_once() {
        let refuses = |settings: Settings, name: &str| {
            let message = settings.resolve().unwrap_err();
            assert!(message.contains(name) && message.contains("9223372036854775807"), "{message}");
        };
        let over = MOST + 1;
        refuses(Settings { seed: Some(over), ..Settings::default() }, "--seed");
        refuses(Settings { steps: Some(over), ..Settings::default() }, "--steps");
        refuses(Settings { epochs: Some(u64::MAX), ..Settings::default() }, "--epochs");
        refuses(Settings { patience: Some(over), ..Settings::default() }, "--patience");
        refuses(Settings { valid: Some(over as usize), ..Settings::default() }, "--valid");
        refuses(Settings { nll_images: Some(over as usize), ..Settings::default() }, "--nll-images");
        for text in ["9223372036854775808", "18446744073709551616", "-1", "1.5", "'1'"] {
            let message = read(&format!("lr = 0.1\nseed = {text}")).unwrap_err();
            assert!(message.contains("line 2") && message.contains("0 to 9223372036854775807"), "{message}");
        }
        let most = Settings { seed: Some(MOST), ..Settings::default() }.resolve().unwrap();
        let most = Config { steps: 1, network: Some(Preset::Linear.notation()), ..most };
        assert_eq!(toml::from_str::<Config>(&toml::to_string(&most).unwrap()).unwrap(), most);
    }

    #[test]
    fn flags_win_and_epochs_and_steps_are_one_choice() {
        let file = read("batch = 7\nsteps = 90\nlr = 0.5").unwrap();
        let flags = Settings { epochs: Some(3), lr: Some(0.25), ..Settings::default() };
        let both = flags.over(file);
        assert_eq!((both.batch, both.steps, both.epochs, both.lr), (Some(7), None, Some(3), Some(0.25)));
    }

    #[test]
    fn errors_name_the_key() {
        for (text, words) in [
            ("bacth = 3", ["bacth", "did you mean `batch`"]),
            ("batch = -3", ["c.toml", "batch"]),
            ("lr = 'fast'", ["c.toml", "lr"]),
            ("preset = 'cubic'", ["cubic", "nonlinear"]),
            ("epochs = 3\nsteps = 4", ["epochs", "steps"]),
            ("batch = ", ["c.toml", "line 1"]),
            ("network = 'x-[8] / [9]-x'", ["line 1", "x-[8] / [9]-x\n          ^^^"]),
            ("network = 'x-[8]-y'\nfit-ram = '8K'", ["network", "fit-ram"]),
            ("fit-ram = '8G'", ["line 1", "32K"]),
        ] {
            let message = read(text).unwrap_err();
            assert!(words.iter().all(|w| message.contains(w)), "{message}");
        }
        for (text, word) in [
            ("slope = 1.5", "--slope"),
            ("slope = nan", "--slope"),
            ("slope = 0.2\nnetwork = 'x-[8] / [8]-x'", "no hidden layer"),
            ("prior = 'learned'\nnetwork = 'x-[8]-y'", "no prior"),
            ("estimator = 'rebar'\nnetwork = 'x-[8]-[4]-y'", "x-[8]-[4]-y"),
            ("batch = 0", "--batch"),
            ("samples = 3", "--samples"),
            ("baseline = 'moving'", "--baseline"),
            ("lr = nan", "--lr"),
            ("encoder-beta2 = 1.0", "--encoder-beta2"),
            ("preset = 'two-layer'\nprior-lr = -1.0", "--prior-lr"),
            ("preset = 'linear'\nprior-lr = 0.01", "fixed"),
            ("samples = 1", "--samples"),
            ("epochs = 0", "--epochs"),
        ] {
            let message = read(text).unwrap().resolve().unwrap_err();
            assert!(message.contains(word), "{message}");
        }
    }
}
