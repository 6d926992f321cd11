//! Trained networks with their parameters, as files of a desktop and of a device.

#[cfg(test)]
pub(crate) mod cases;
mod device;
mod safetensors;

pub use safetensors::{Extras, Vectors};

use crate::{Network, NumbersName};
use arm_core::kernels::Integer;
use arm_core::{Error, Shape};
use arm_data::files::{may_replace, replace_bytes};
use device::is_device;
use serde::Serialize;
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::{fs, io};

/// Why a model could not be read or written.
#[derive(Debug, thiserror::Error)]
#[error("{}: {what}", path.display())]
pub struct ModelError {
    /// The file.
    pub path: PathBuf,
    /// What is wrong, and what to do.
    pub what: String,
}

/// A network with its parameters, unpadded, in the order of [`arm_core::Shape::dense`].
#[derive(Clone, Debug, PartialEq)]
pub struct Model {
    /// The network.
    pub network: Network,
    /// Its parameters, as floats.
    pub params: Vec<f32>,
    /// What it computes with. Parameters of [`I16`](NumbersName::I16) are multiples of 2^-12 from -8 to below 8.
    pub numbers: NumbersName,
}

/// The bytes of a regular file: a device or a pipe might never end. Errors: no such file, or another kind of file.
pub fn read_file(path: &Path) -> Result<Vec<u8>, ModelError> {
    let fail = |what: String| ModelError { path: path.into(), what };
    let cannot = |e: io::Error| fail(format!("cannot be read: {e}"));
    if !fs::metadata(path).map_err(cannot)?.is_file() {
        return Err(fail("cannot be read: it is no regular file".into()));
    }
    fs::read(path).map_err(cannot)
}

impl Model {
    /// A network with these parameters, in floats.
    pub fn new(network: Network, params: Vec<f32>) -> Model {
        Model { network, params, numbers: NumbersName::F32 }
    }

    /// The model in integers, every parameter the nearest there is, and how many were beyond their range and became its end.
    /// Errors: units that stand for other numbers than 0 and 1, which only floats do.
    pub fn rounded(&self) -> Result<(Model, usize), Error> {
        if self.network.codings.is_some() {
            return Err(Error::FloatOnly);
        }
        let nearest: Vec<_> = self.params.iter().map(|p| Integer::nearest(*p)).collect();
        let params = nearest.iter().map(|(w, _)| Integer::float(*w)).collect();
        let beyond = nearest.iter().filter(|(_, beyond)| *beyond).count();
        Ok((Model { network: self.network.clone(), params, numbers: NumbersName::I16 }, beyond))
    }

    /// Its parameters as a device with integers has them.
    pub fn integers(&self) -> Vec<i16> {
        self.params.iter().map(|p| Integer::nearest(*p).0).collect()
    }

    /// Whether a model may be [saved](Self::save) where a user says. Errors: what is there is none.
    pub fn may_save(path: &Path) -> Result<(), ModelError> {
        let fail = |what: String| ModelError { path: path.into(), what };
        match may_replace(path, safetensors::is_ours) {
            Ok(true) => Ok(()),
            Ok(false) => Err(fail("exists already and is no model; give another name".into())),
            Err(e) => Err(fail(format!("cannot be replaced: {e}"))),
        }
    }

    /// Writes the model to `path` through a temporary file beside it.
    pub fn save(&self, path: &Path) -> Result<(), ModelError> {
        self.save_with(path, Extras::default())
    }

    /// [`save`](Self::save) with the configuration of the run that made the model.
    pub fn save_with_config(&self, path: &Path, config: &impl Serialize) -> Result<(), ModelError> {
        let fail = |what: String| ModelError { path: path.into(), what };
        let config = serde_json::to_value(config).map_err(|e| fail(e.to_string()))?;
        self.save_with(path, Extras { config: Some(config), ..Extras::default() })
    }

    /// The bytes that [`save`](Self::save) writes. Errors: fewer parameters than the network has.
    pub fn to_bytes(&self) -> Result<Vec<u8>, String> {
        safetensors::to_bytes(self, Extras::default())
    }

    /// [`to_bytes`](Self::to_bytes) with further named vectors and the progress of a run.
    pub fn to_bytes_with(&self, extras: Extras<&[(&str, &[f32])]>) -> Result<Vec<u8>, String> {
        safetensors::to_bytes(self, extras)
    }

    /// [`save`](Self::save) with further named vectors and the progress of a run.
    pub(crate) fn save_with(&self, path: &Path, extras: Extras<&[(&str, &[f32])]>) -> Result<(), ModelError> {
        let fail = |what: String| ModelError { path: path.into(), what };
        let file = self.to_bytes_with(extras).map_err(fail)?;
        replace_bytes(path, &file).map_err(|e| fail(format!("cannot be written: {e}")))
    }

    /// Reads a model, or the bytes of a device ([`from_device`](Self::from_device)). Errors: no such file, not a model, tensors missing or of another shape, values that are not finite.
    pub fn load(path: &Path) -> Result<Model, ModelError> {
        let fail = |what: String| ModelError { path: path.into(), what };
        Model::from_bytes(&read_file(path)?).map_err(fail)
    }

    /// [`load`](Self::load) with the configuration of the run that wrote the file, where it says.
    pub fn load_with_config(path: &Path) -> Result<(Model, Option<Value>), ModelError> {
        let fail = |what: String| ModelError { path: path.into(), what };
        let bytes = read_file(path)?;
        if is_device(&bytes) {
            return Model::from_device(&bytes).map(|model| (model, None)).map_err(fail);
        }
        Model::with_extras(&bytes, &[]).map(|(model, extras)| (model, extras.config)).map_err(fail)
    }

    /// The model in the bytes of a file, whether it is ours or a device's. Errors: what is wrong with them.
    pub fn from_bytes(bytes: &[u8]) -> Result<Model, String> {
        if is_device(bytes) {
            return Model::from_device(bytes);
        }
        Model::with_extras(bytes, &[]).map(|(model, _)| model)
    }

    /// [`from_bytes`](Self::from_bytes) of a file of ours with what else it holds, of which vectors with these names.
    pub fn with_extras(bytes: &[u8], names: &[&str]) -> Result<(Model, Extras<Vectors>), String> {
        safetensors::from_bytes(bytes, names)
    }

    /// The bytes of [`arm_core::codec`], of its own kind of numbers, with zero steps taken: the device counts its own. Errors: a
    /// parameter that is NaN or too large.
    pub fn to_device(&self) -> Result<Vec<u8>, Error> {
        device::to_bytes(self)
    }

    /// Reads [`to_device`](Self::to_device), or what a device saved: the network is in the bytes. Errors: what is wrong
    /// with them, and what to do.
    pub fn from_device(bytes: &[u8]) -> Result<Model, String> {
        device::from_bytes(bytes)
    }
}

/// Copies parameters between two paddings of one network.
pub fn copy_rows(from: Shape<'_>, source: &[f32], to: Shape<'_>, target: &mut [f32]) {
    for i in 0..from.dense_layers() {
        let (a, b) = (from.dense(i), to.dense(i));
        for row in 0..a.rows() {
            let (s, t) = (a.offset + row * a.stride, b.offset + row * b.stride);
            target[t..t + a.outputs].copy_from_slice(&source[s..s + a.outputs]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Preset;

    fn model() -> Model {
        let mut network = Preset::TwoLayer.network(5);
        network.encoder = vec![arm_core::Layer::hidden(3, 0.1), arm_core::Layer::bernoulli(2)];
        network.decoder = vec![arm_core::Layer::bernoulli(5)];
        let params = (0..network.shape().params()).map(|i| i as f32 * 0.5 - 3.0).collect();
        Model::new(network, params)
    }

    #[test]
    fn it_reads_what_it_wrote() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("m.safetensors");
        model().save(&path).unwrap();
        assert_eq!(Model::load(&path).unwrap(), model());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        // And may replace it, but nothing else.
        assert!(Model::may_save(&path).is_ok() && Model::may_save(&folder.path().join("new")).is_ok());
        let other = folder.path().join("other");
        fs::write(&other, b"\x20\0\0\0\0\0\0\0{\"weight\":{}}").unwrap();
        assert!(Model::may_save(&other).unwrap_err().what.contains("no model"));
        assert!(Model::may_save(folder.path()).is_err());
    }

    #[test]
    fn rows_are_padded_and_come_back() {
        let (model, mut back) = (model(), vec![0.0; model().params.len()]);
        let (plain, wide) = (model.network.shape(), model.network.shape().padded(8));
        let mut padded = vec![0.0; wide.params()];
        copy_rows(plain, &model.params, wide, &mut padded);
        copy_rows(wide, &padded, plain, &mut back);
        assert_eq!(back, model.params);
    }

    #[test]
    fn a_rounded_model_stays_one() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("m.safetensors");
        let mut model = model();
        model.params[0] = 0.3;
        let beyond = model.params.iter().filter(|p| **p >= 8.0).count();
        let (rounded, told) = model.rounded().unwrap();
        assert_eq!((told, rounded.numbers), (beyond, NumbersName::I16));
        assert_eq!((beyond > 0, rounded.params[0]), (true, 1229.0 / 4096.0));
        assert!(rounded.params.iter().all(|p| (-8.0..8.0).contains(p)));
        assert_eq!(rounded.rounded(), Ok((rounded.clone(), 0)));
        rounded.save(&path).unwrap();
        assert_eq!(Model::load(&path).unwrap(), rounded);
        assert_eq!(Model::from_device(&rounded.to_device().unwrap()), Ok(rounded.clone()));
        // What is called one and is none.
        Model { params: model.params.clone(), ..rounded }.save(&path).unwrap();
        assert!(Model::load(&path).unwrap_err().what.contains("0.3"));
    }

    #[test]
    fn damage_is_refused_and_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("m.safetensors");
        let says = |path: &Path, text: &str| {
            let message = Model::load(path).unwrap_err().to_string();
            assert!(message.contains("m.safetensors") && message.contains(text), "{message}");
        };
        says(&path, "cannot be read");
        fs::write(&path, b"").unwrap();
        says(&path, "no safetensors");
        let mut bad = model();
        bad.params[4] = f32::NAN;
        bad.save(&path).unwrap();
        says(&path, "encoder.0.weight holds NaN");
        model().save(&path).unwrap();
        let good = fs::read(&path).unwrap();
        for cut in [1, 7, 8, 40, good.len() / 2, good.len() - 1] {
            fs::write(&path, &good[..cut]).unwrap();
            says(&path, "no safetensors");
        }
        for at in 0..good.len().min(400) {
            let mut bytes = good.clone();
            bytes[at] ^= 0x15;
            fs::write(&path, &bytes).unwrap();
            let _ = Model::load(&path);
        }
    }
}
