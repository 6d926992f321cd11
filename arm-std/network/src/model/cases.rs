//! Small models for tests, those of `arm-desktop` too.

use arm_core::{Layer, Prior};
use arm_network::{Inputs, Model, Network, codings};

/// A small model of two stochastic layers.
pub(crate) fn model() -> Model {
    let network = Network {
        inputs: 40,
        encoder: vec![Layer::hidden(6, 0.1), Layer::bernoulli(5), Layer::bernoulli(3)],
        decoder: vec![Layer::bernoulli(5), Layer::bernoulli(40)],
        prior: Prior::Learned,
        codings: None,
        conditional: false,
    };
    let params = (0..network.shape().params()).map(|i| (i as f32 * 0.7).sin()).collect();
    Model::new(network, params)
}

/// That with every kind of coding, and a conditional one.
pub(crate) fn models() -> Vec<Model> {
    let centred = Inputs::Centred((0..40).map(|i| i as f32 / 39.0).collect());
    let mut all = vec![model()];
    for (x, signed) in
        [(Inputs::Signed, true), (Inputs::ZeroOne, true), (centred.clone(), false), (centred, true)]
    {
        let network = Network { codings: codings(&x, signed), ..model().network };
        all.push(Model { network, ..model() });
    }
    let encoder = vec![Layer::bernoulli(6), Layer::bernoulli(5)];
    let decoder = vec![Layer::hidden(4, 0.3), Layer::bernoulli(33)];
    let network =
        Network { encoder, decoder, prior: Prior::Fixed, conditional: true, ..all[4].network.clone() };
    let params = (0..network.shape().params()).map(|i| (i as f32 * 0.3).cos()).collect();
    all.push(Model::new(network, params));
    all
}
