//! Networks as the bytes that devices save and load.

use super::Model;
use crate::{Inputs, Network, NumbersName, codings};
use arm_core::codec::{self, Header, Stored};
use arm_core::kernels::Integer;
use arm_core::{Coding, Error, Shape};

/// Whether these bytes claim to be a device's.
pub(super) fn is_device(bytes: &[u8]) -> bool {
    bytes.starts_with(b"SBNP")
}

/// The bytes of a model. Errors: a parameter that is NaN or too large.
pub(super) fn to_bytes(model: &Model) -> Result<Vec<u8>, Error> {
    let shape = model.network.shape();
    match model.numbers {
        NumbersName::F32 => encoded(&shape, &model.params),
        NumbersName::I16 => encoded(&shape, &model.integers()),
    }
}

fn encoded<T: Stored>(shape: &Shape<'_>, params: &[T]) -> Result<Vec<u8>, Error> {
    let mut bytes = vec![0; codec::encoded_len_of::<T>(shape)];
    codec::encode_into(shape, params, 0, &mut bytes)?;
    Ok(bytes)
}

fn decoded<T: Stored>(shape: &Shape<'_>, bytes: &[u8]) -> Result<Vec<T>, Error> {
    let mut params = vec![T::default(); shape.params()];
    codec::decode(shape, bytes, &mut params)?;
    Ok(params)
}

/// The model in such bytes. Errors: what is wrong with them, and what to do.
pub(super) fn from_bytes(bytes: &[u8]) -> Result<Model, String> {
    let message = |e: Error| e.message().to_string();
    let header = Header::read(bytes).map_err(message)?;
    let mut means = vec![0.0; header.inputs()];
    let numbers = header.codings(&mut means).map_err(
        |_| "its inputs are centred, and bytes of version 1 do not hold the means; export the model again",
    )?;
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
    if !header.is_short() {
        let params = decoded(&shape, bytes).map_err(message)?;
        return Ok(Model::new(network, params));
    }
    let params = decoded(&shape, bytes).map_err(message)?.into_iter().map(Integer::float).collect();
    Ok(Model { params, numbers: NumbersName::I16, network })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Model;
    use crate::model::cases::{model, models};
    use arm_core::{Layer, Shape};
    use std::fs;

    #[test]
    fn bytes_hold_the_whole_model() {
        let bytes = model().to_device().unwrap();
        for model in models() {
            assert_eq!(Model::from_device(&model.to_device().unwrap()), Ok(model));
        }
        let (short, _) = model().rounded().unwrap();
        let bytes_of_short = short.to_device().unwrap();
        // Two parameters a word.
        let saved = 4 * (short.params.len() / 2);
        assert_eq!(bytes_of_short.len(), bytes.len() - saved);
        assert_eq!(Model::from_device(&bytes_of_short), Ok(short));
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
        says(include_bytes!("../../../../arm-core/src/storage/codec/version1-centred.sbn"), "means");
    }
}
