//! What settings say of the activation of hidden layers.

use super::Settings;
use crate::network::Notation;
use arm_core::Activation;

impl Settings {
    /// The activation that they ask for, or the usual one. Errors: numbers out of range, or a network, where it is known, without
    /// hidden layers.
    pub(in crate::train) fn activation(
        &self,
        usual: Activation,
        network: Option<&Notation>,
    ) -> Result<Activation, String> {
        let activation = self.slope.map_or(usual, Activation::leaky_relu);
        if !activation.is_valid() {
            let slope = activation.slope();
            return Err(format!("--slope {slope}: give a number from 0 to 1, such as 0.1"));
        }
        if activation != usual && network.is_some_and(|network| !network.has_hidden()) {
            return Err("--slope has no meaning: the network has no hidden layer".into());
        }
        Ok(activation)
    }

    /// These settings, with what they leave open of an activation.
    pub(in crate::train) fn with_activation(self, activation: Option<Activation>) -> Settings {
        Settings { slope: self.slope.or(activation.map(Activation::slope)), ..self }
    }
}
