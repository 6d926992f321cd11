//! Models as the bytes that devices save and load.

use crate::model::Model;
use crate::network::{Inputs, Network, codings};
use arm_core::codec::{self, Header};
use arm_core::{Coding, Error};

/// Whether these bytes claim to be a device's.
pub(crate) fn is_device(bytes: &[u8]) -> bool {
    bytes.starts_with(b"SBNP")
}

impl Model {
    /// The bytes of [`arm_core::codec`], with zero steps taken: the device counts its own. Errors: a parameter that is
    /// NaN or too large.
    pub fn to_device(&self) -> Result<Vec<u8>, Error> {
        let shape = self.network.shape();
        let mut bytes = vec![0; codec::encoded_len(&shape)];
        codec::encode_into(&shape, &self.params, 0, &mut bytes)?;
        Ok(bytes)
    }

    /// Reads [`to_device`](Self::to_device), or what a device saved: the network is in the bytes. Errors: what is wrong
    /// with them, and what to do.
    pub fn from_device(bytes: &[u8]) -> Result<Model, String> {
        let message = |e: Error| e.message().to_string();
        let header = Header::read(bytes).map_err(message)?;
        let mut means = vec![0.0; header.inputs()];
        let numbers = header.codings(&mut means).map_err(|_| {
            "its inputs are centred, and bytes of version 1 do not hold the means; export the model again"
        })?;
        let x = match numbers.x {
            Coding::ZeroOne => Inputs::ZeroOne,
            Coding::Signed => Inputs::Signed,
            Coding::Centred(means) => Inputs::Centred(means.to_vec()),
        };
        let network = Network {
            inputs: header.inputs(),
            encoder: header.encoder().collect(),
            decoder: header.decoder().collect(),
            prior: header.prior(),
            codings: codings(&x, numbers.b == Coding::Signed),
            conditional: header.is_conditional(),
        };
        if network.decoder.is_empty() {
            return Err("it holds a chain for a black-box objective; only networks with a decoder can be \
                        evaluated without it"
                .into());
        }
        let shape = network.shape();
        shape.check().map_err(message)?;
        let mut params = vec![0.0; shape.params()];
        codec::decode(&shape, bytes, &mut params).map_err(message)?;
        Ok(Model { network, params })
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use arm_core::{Layer, Prior, Shape};
    use std::fs;

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
        Model { network, params }
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
        all.push(Model { network, params });
        all
    }

    #[test]
    fn bytes_hold_the_whole_model() {
        let bytes = model().to_device().unwrap();
        for model in models() {
            assert_eq!(Model::from_device(&model.to_device().unwrap()), Ok(model));
        }
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("device.sbn");
        fs::write(&path, &bytes).unwrap();
        assert_eq!(Model::load(&path).unwrap(), model());
    }

    #[test]
    fn damaged_and_foreign_bytes_are_refused_with_the_reason() {
        let good = model().to_device().unwrap();
        let says = |bytes: &[u8], word: &str| {
            let message = Model::from_device(bytes).unwrap_err();
            assert!(message.contains(word), "{message}");
        };
        says(&good[..good.len() - 3], "cut off");
        let mut bad = good.clone();
        bad[70] ^= 1;
        says(&bad, "checksum");
        let mut newer = good;
        newer[4] = 9;
        says(&newer, "update this program");
        let layers = [Layer::bernoulli(3)];
        let chain = Shape::chain(2, &layers);
        let mut bytes = vec![0; codec::encoded_len(&chain)];
        codec::encode_into(&chain, &[0.5; 9], 0, &mut bytes).unwrap();
        says(&bytes, "black-box");
        says(include_bytes!("../../arm-core/src/storage/codec/version1-centred.sbn"), "means");
    }
}
