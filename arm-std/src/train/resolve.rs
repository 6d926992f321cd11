//! From settings to a configuration: every default filled in, every setting checked.

use super::Settings;
use super::settings::MOST;
use crate::data::BinariseName;
use crate::estimators::{BaselineName, EstimatorName};
use crate::network::{CodingName, Notation, NumbersName, Preset, PriorName, Recipe};
use crate::train::Config;
use arm_core::optim::MAX_RATE;
use clap::ValueEnum;
use std::ops::RangeInclusive;

/// What a setting is called in commands, and its value if it lies in the range.
fn within(name: &str, value: usize, range: RangeInclusive<usize>) -> Result<usize, String> {
    match range.contains(&value) {
        true => Ok(value),
        false => Err(format!("--{name} {value}: give {} to {}", range.start(), range.end())),
    }
}

fn rate(name: &str, rate: f32) -> Result<f32, String> {
    match rate {
        rate if (0.0..=MAX_RATE).contains(&rate) => Ok(rate),
        _ => Err(format!("--{name} {rate}: give a number from 0 to {MAX_RATE}, such as 1e-4")),
    }
}

fn decay(name: &str, decay: f32) -> Result<f32, String> {
    match decay {
        decay if (0.0..1.0).contains(&decay) => Ok(decay),
        _ => Err(format!("--{name} {decay}: give a number from 0 to below 1, such as 0.9")),
    }
}

/// Learning rate of plain gradient descent in integers.
const INTEGER_RATE: f32 = 1e-3;

impl Settings {
    /// The configuration with every default filled in; `steps` stays 0 where the number of epochs decides, see
    /// [`epochs`](Self::epochs). Errors name the setting and its range.
    pub fn resolve(&self) -> Result<Config, String> {
        self.check_whole_numbers()?;
        self.check_start()?;
        let recipe = self.recipe();
        let network = match self.fit_ram {
            Some(_) => None,
            None => self.network.clone().or(self.preset.map(Preset::notation)),
        };
        let prior = self.prior.unwrap_or(recipe.prior);
        self.check_prior(prior, network.as_ref())?;
        let activation = self.activation(recipe.activation, network.as_ref())?;
        let estimator = self.estimator.unwrap_or(EstimatorName::Arm);
        self.check_estimator(estimator, network.as_ref())?;
        let samples = estimator.samples().unwrap_or(2..=2);
        let numbers = self.numbers.unwrap_or_default();
        let (lr, batch) = match numbers {
            NumbersName::F32 => (recipe.lr, recipe.batch),
            NumbersName::I16 => (INTEGER_RATE, 1),
        };
        if !numbers.is_float() {
            self.check_integers(estimator, &recipe)?;
        }
        let of_prior = numbers.is_float() && prior == PriorName::Learned;
        let prior_lr = self.prior_lr.or(recipe.prior_lr.filter(|_| of_prior));
        Ok(Config {
            preset: self.preset,
            network,
            fit_ram: self.fit_ram,
            start: self.start.clone(),
            activation,
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
            numbers,
            estimator,
            samples: within("samples", self.samples.unwrap_or(2), samples)?,
            baseline: self.baseline.unwrap_or_default(),
            independent_uniforms: self.independent_uniforms.unwrap_or(false),
            batch: within("batch", self.batch.unwrap_or(batch), 1..=65536)?,
            steps: self.steps.unwrap_or(0),
            lr: rate("lr", self.lr.unwrap_or(lr))?,
            encoder_beta1: decay("encoder-beta1", self.encoder_beta1.unwrap_or(recipe.encoder_betas.0))?,
            encoder_beta2: decay("encoder-beta2", self.encoder_beta2.unwrap_or(recipe.encoder_betas.1))?,
            prior_lr: prior_lr.map(|r| rate("prior-lr", r)).transpose()?,
            seed: self.seed.unwrap_or(1),
            patience: self.patience.unwrap_or(0),
            overfit_one_batch: self.overfit_one_batch.unwrap_or(false),
            nll_samples: within("nll-samples", self.nll_samples.unwrap_or(100), 1..=1_000_000)?,
            nll_images: self.nll_images.unwrap_or(0),
        })
    }

    /// What integers do not do.
    fn check_integers(&self, estimator: EstimatorName, recipe: &Recipe) -> Result<(), String> {
        let floats = |what: String| Err(format!("--numbers i16: {what}"));
        if !estimator.integers() {
            let integers = |name: &&EstimatorName| name.integers();
            let names = EstimatorName::value_variants().iter().filter(integers).map(|name| name.name());
            let (name, names) = (estimator.name(), names.collect::<Vec<_>>().join(", "));
            return floats(format!("the estimator {name} needs floats; give one of {names}"));
        }
        if let Some(batch) = self.batch.filter(|&batch| batch != 1) {
            return floats(format!("one row a step, as on a device; --batch {batch} needs floats"));
        }
        let inputs = self.inputs.unwrap_or(recipe.inputs) != CodingName::ZeroOne;
        if inputs || self.signed_units.unwrap_or(recipe.signed) {
            let why = "units that stand for other numbers than 0 and 1 need floats";
            return floats(format!("{why}; give --inputs zero-one and --signed-units false"));
        }
        let Settings { encoder_beta1: beta1, encoder_beta2: beta2, prior_lr, .. } = self;
        for (name, given) in [
            ("encoder-beta1", beta1.is_some_and(|beta| beta != recipe.encoder_betas.0)),
            ("encoder-beta2", beta2.is_some_and(|beta| beta != recipe.encoder_betas.1)),
            ("prior-lr", prior_lr.is_some()),
            ("independent-uniforms", self.independent_uniforms == Some(true)),
        ] {
            if given {
                return floats(format!("--{name} needs floats; here all layers descend by --lr"));
            }
        }
        Ok(())
    }

    /// Numbers that a run folder cannot hold, or of which there must be one.
    fn check_whole_numbers(&self) -> Result<(), String> {
        let (valid, images) = (self.valid.map(|n| n as u64), self.nll_images.map(|n| n as u64));
        for (name, number, least) in [
            ("seed", self.seed, 0),
            ("epochs", self.epochs, 1),
            ("steps", self.steps, 1),
            ("patience", self.patience, 0),
            ("valid", valid, 1),
            ("nll-images", images, 0),
        ] {
            let Some(number) = number else { continue };
            if number < least {
                return Err(format!("--{name} {number}: give at least {least}"));
            }
            if number > MOST {
                let what = "the largest that a run folder can hold";
                return Err(format!("--{name} {number}: give at most {MOST}, {what}"));
            }
        }
        Ok(())
    }

    /// A prior that the network has none of, or a rate for one that is not trained.
    fn check_prior(&self, prior: PriorName, network: Option<&Notation>) -> Result<(), String> {
        let learned = prior == PriorName::Learned;
        if learned && network.is_some_and(Notation::conditional) {
            return Err("--prior learned: a conditional network has no prior".into());
        }
        if self.prior_lr.is_some() && !learned {
            return Err("--prior-lr has no meaning: the prior is fixed; give --prior learned".into());
        }
        Ok(())
    }

    /// An estimator that cannot serve the network, where that is known, is an error, and a setting that it would ignore, unless
    /// it has its default.
    fn check_estimator(&self, estimator: EstimatorName, network: Option<&Notation>) -> Result<(), String> {
        let ignored =
            |name: &str| Err(format!("--{name} has no meaning for the estimator {}", estimator.name()));
        if estimator.samples().is_none() && self.samples.is_some_and(|s| s != 2) {
            return ignored("samples");
        }
        if !estimator.baseline() && self.baseline.is_some_and(|b| b != BaselineName::None) {
            return ignored("baseline");
        }
        if !estimator.second_paths() && self.independent_uniforms == Some(true) {
            return ignored("independent-uniforms");
        }
        match network.filter(|network| estimator.one_layer() && network.stochastic_layers() > 1) {
            None => Ok(()),
            Some(network) => Err(format!(
                "--estimator {} serves one stochastic layer, and {network} has more: their samples are no smooth function of \
                 a relaxed one below; give double-cv or rodeo",
                estimator.name()
            )),
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
    use crate::estimators::EstimatorName;
    use crate::network::Ram;
    use crate::train::config::tests::example;

    fn read(text: &str) -> Result<Settings, String> {
        Settings::from_toml(text)
    }

    #[test]
    fn a_resolved_configuration_is_a_settings_file() {
        let text = toml::to_string(&example()).unwrap();
        assert_eq!(read(&text).unwrap().resolve(), Ok(example()));
        let keys: toml::Table = toml::from_str(&text).unwrap();
        assert!(keys.keys().all(|k| crate::train::settings::keys().contains(k)));
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
        assert_eq!(
            (c.network, c.activation.slope(), c.prior, c.batch),
            (Some(own.clone()), 0.3, PriorName::Learned, 20)
        );
        let c = resolved("network = 'x-30-[9] / [9]-30-x'\nslope = 0.2\nprior = 'learned'\nprior-lr = 0.1");
        assert_eq!(
            (c.network, c.activation.slope(), c.prior, c.batch),
            (Some(own), 0.2, PriorName::Learned, 50)
        );
        // The preset's rate of a prior goes with its prior.
        assert_eq!(resolved("preset = 'mnist-linear'\nprior = 'fixed'").prior_lr, None);
        // Nothing is said: the data decide.
        assert_eq!(resolved("").network, None);
        assert_eq!(resolved("fit-ram = '32K'\npreset = 'linear'").network, None);
        assert_eq!(resolved("fit-ram = 32768").fit_ram, Some(Ram(32 << 10)));
    }

    #[test]
    fn integers_have_their_own_defaults_and_refuse_the_rest_by_name() {
        let resolved = |text: &str| read(&format!("numbers = 'i16'\n{text}")).unwrap().resolve();
        let c = resolved("").unwrap();
        assert_eq!((c.numbers, c.batch, c.lr), (NumbersName::I16, 1, INTEGER_RATE));
        assert_eq!(read(&toml::to_string(&c).unwrap().replace("steps = 0\n", "")).unwrap().resolve(), Ok(c));
        let c = resolved("preset = 'nonlinear'\nlr = 0.01\nbatch = 1\nprior = 'learned'").unwrap();
        assert_eq!((c.batch, c.lr, c.prior, c.prior_lr), (1, 0.01, PriorName::Learned, None));
        for (text, words) in [
            ("estimator = 'vimco'", ["vimco", "arm, ar, reinforce, disarm, rloo"]),
            ("estimator = 'rebar'", ["rebar", "floats"]),
            ("batch = 50", ["--batch 50", "one row"]),
            ("inputs = 'signed'", ["units", "--inputs"]),
            ("signed-units = true", ["units", "--signed-units"]),
            ("preset = 'mnist-linear'", ["units", "--inputs"]),
            ("encoder-beta1 = 0.5", ["--encoder-beta1", "--lr"]),
            ("prior = 'learned'\nprior-lr = 0.1", ["--prior-lr", "--lr"]),
            ("independent-uniforms = true", ["--independent-uniforms", "floats"]),
        ] {
            let message = resolved(text).unwrap_err();
            assert!(message.contains("--numbers i16"), "{message}");
            assert!(words.iter().all(|word| message.contains(word)), "{message}");
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
}
