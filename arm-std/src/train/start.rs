//! A run that begins from a model instead of random parameters.

use super::{Checkpoint, RunProgress, Settings, TrainError, from_model};
use crate::network::{CodingName, Model, Network, Notation, PriorName};
use crate::train::Config;
use arm_core::{Coding, Prior};
use std::path::Path;

fn load(path: &Path) -> Result<Model, String> {
    Model::load(path).map_err(|e| format!("--start {e}"))
}

impl Settings {
    /// These settings, and where they leave the network open what follows from the model of `start`: the network and the numbers.
    /// Errors: a model that cannot be read.
    pub(super) fn started(&self) -> Result<Settings, String> {
        let Some(path) = self.start.as_deref().filter(|_| self.network.is_none()) else {
            return Ok(self.clone());
        };
        let Model { network, numbers, .. } = load(path)?;
        let shape = network.shape();
        let prior = if network.prior == Prior::Learned { PriorName::Learned } else { PriorName::Fixed };
        let inputs = match shape.x_coding() {
            Coding::ZeroOne => CodingName::ZeroOne,
            Coding::Signed => CodingName::Signed,
            Coding::Centred(_) => CodingName::Centred,
        };
        Ok(Settings {
            network: Some(Notation::of(&network)),
            numbers: self.numbers.or(Some(numbers)),
            prior: self.prior.or(Some(prior)),
            inputs: self.inputs.or(Some(inputs)),
            signed_units: self.signed_units.or(Some(shape.b_coding() == Coding::Signed)),
            ..self.clone().with_activation(network.activation())
        })
    }

    /// What `start` leaves no room for.
    pub(super) fn check_start(&self) -> Result<(), String> {
        let given = [
            ("preset", self.preset.is_some()),
            ("fit-ram", self.fit_ram.is_some()),
            ("output-bias", self.output_bias == Some(true)),
        ];
        match given.iter().find(|(_, given)| self.start.is_some() && *given) {
            Some((name, _)) => {
                Err(format!("--{name} has no meaning with --start: network and parameters are given"))
            }
            None => Ok(()),
        }
    }
}

/// Where a run of this configuration begins that has no checkpoint yet; `None` where it draws its parameters.
pub(super) fn beginning(
    config: &Config,
    network: &Network,
    data: u32,
) -> Result<Option<Checkpoint>, TrainError> {
    let Some(path) = &config.start else { return Ok(None) };
    let model = load(path).map_err(TrainError::Start)?;
    if model.network != *network {
        let (its, ours, path) = (model.network.notation(), network.notation(), path.display());
        let what = "the run's differs in layers, slopes, prior or what units stand for";
        return Err(TrainError::Start(format!("--start {path}: its network is {its}; {what}: {ours}")));
    }
    let checkpoint = from_model(config, model)?;
    Ok(Some(Checkpoint { progress: RunProgress { data, ..checkpoint.progress }, ..checkpoint }))
}
