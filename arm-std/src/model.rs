//! Trained networks as safetensors files.
//!
//! Tensors are `encoder.0.weight` (inputs x outputs), `encoder.0.bias`, .., `decoder.0.weight`, .., `prior.logits`, all
//! little-endian `f32`: a layer computes `x @ weight + bias`. The metadata entry `arm` is a JSON object: `format` (1),
//! `network` (the shape: inputs, encoder, decoder, learned_prior) and, where a run wrote the file, its `config`.

use crate::config::Config;
use crate::device::is_device;
use crate::files::replace_bytes;
use crate::memory::Aligned;
use crate::network::Network;
use safetensors::tensor::{Dtype, SafeTensors, TensorView, serialize};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::HashMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

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
    /// Its parameters.
    pub params: Vec<f32>,
}

/// Vectors that were read.
pub(crate) type Vectors = Vec<Vec<f32>>;

/// What a file holds beside the parameters.
#[derive(Debug, Default)]
pub(crate) struct Extras<V> {
    /// Vectors.
    pub vectors: V,
    /// The configuration of the run.
    pub config: Option<Value>,
    /// Where the run stands.
    pub progress: Option<Value>,
}

/// Key of the one metadata entry.
const ENTRY: &str = "arm";

/// The version of what the entry holds.
const FORMAT: u32 = 1;

/// What the metadata entry holds, as JSON.
#[derive(Serialize, Deserialize)]
struct Entry {
    format: u32,
    network: Value,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    config: Option<Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    progress: Option<Value>,
}

/// The bytes of a regular file: a device or a pipe might never end.
pub(crate) fn read_file(path: &Path) -> Result<Vec<u8>, ModelError> {
    let fail = |what: String| ModelError { path: path.into(), what };
    let cannot = |e: io::Error| fail(format!("cannot be read: {e}"));
    if !fs::metadata(path).map_err(cannot)?.is_file() {
        return Err(fail("cannot be read: it is no regular file".into()));
    }
    fs::read(path).map_err(cannot)
}

fn read_floats(bytes: &[u8], out: &mut [f32]) {
    for (out, b) in out.iter_mut().zip(bytes.as_chunks::<4>().0) {
        *out = f32::from_le_bytes(*b);
    }
}

/// Name, first parameter and shape of each tensor.
fn tensors(network: &Network) -> Vec<(String, usize, Vec<usize>)> {
    let shape = network.shape();
    let mut all = Vec::new();
    for (i, name) in network.layer_names().into_iter().enumerate() {
        let dense = shape.dense(i);
        if i == shape.network_layers() {
            all.push((format!("{name}.logits"), dense.offset, vec![dense.outputs]));
            continue;
        }
        all.push((format!("{name}.weight"), dense.offset, vec![dense.inputs, dense.outputs]));
        let biases = dense.offset + dense.inputs * dense.outputs;
        all.push((format!("{name}.bias"), biases, vec![dense.outputs]));
    }
    all
}

impl Model {
    /// Writes the model to `path` through a temporary file beside it, with the configuration of the run that made it.
    pub fn save(&self, path: &Path, config: Option<&Config>) -> Result<(), ModelError> {
        let config = config.map(serde_json::to_value).transpose();
        let fail = |what: String| ModelError { path: path.into(), what };
        let config = config.map_err(|e| fail(e.to_string()))?;
        self.save_with(path, Extras { vectors: &[], config, progress: None })
    }

    /// [`save`](Self::save) with further named vectors and the progress of a run.
    pub(crate) fn save_with(&self, path: &Path, extras: Extras<&[(&str, &[f32])]>) -> Result<(), ModelError> {
        let fail = |what: String| ModelError { path: path.into(), what };
        let file = self.to_bytes(extras).map_err(fail)?;
        replace_bytes(path, &file).map_err(|e| fail(format!("cannot be written: {e}")))
    }

    fn to_bytes(&self, extras: Extras<&[(&str, &[f32])]>) -> Result<Vec<u8>, String> {
        let Extras { vectors, config, progress } = extras;
        let little = |v: &[f32]| v.iter().flat_map(|p| p.to_le_bytes()).collect::<Vec<u8>>();
        let view = |shape, data| TensorView::new(Dtype::F32, shape, data).map_err(|e| e.to_string());
        let bytes = little(&self.params);
        let vectors: Vec<_> = vectors.iter().map(|(name, v)| (*name, v.len(), little(v))).collect();
        let mut views = Vec::new();
        for (name, first, shape) in tensors(&self.network) {
            let len: usize = shape.iter().product();
            let data = bytes.get(4 * first..4 * (first + len)).ok_or("too few parameters")?;
            views.push((name, view(shape, data)?));
        }
        for (name, len, data) in &vectors {
            views.push((name.to_string(), view(vec![*len], data)?));
        }
        let network = serde_json::from_str(&self.network.to_json()).map_err(|e| e.to_string())?;
        // One entry only: the order of a hash map's entries would differ from run to run.
        let entry = Entry { format: FORMAT, network, config, progress };
        let json = serde_json::to_string(&entry).map_err(|e| e.to_string())?;
        let metadata = HashMap::from([(ENTRY.to_string(), json)]);
        serialize(views, Some(metadata)).map_err(|e| e.to_string())
    }

    /// Reads a model, or the bytes of a device ([`from_device`](Self::from_device)). Errors: no such file, not a model, tensors missing or of another shape, values that are not finite.
    pub fn load(path: &Path) -> Result<Model, ModelError> {
        let fail = |what: String| ModelError { path: path.into(), what };
        Model::from_bytes(&read_file(path)?).map_err(fail)
    }

    /// [`load`](Self::load) with the configuration of the run that wrote the file, where it says.
    pub(crate) fn load_with_config(path: &Path) -> Result<(Model, Option<Value>), ModelError> {
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

    /// [`from_bytes`](Self::from_bytes) with further vectors.
    pub(crate) fn with_extras(bytes: &[u8], names: &[&str]) -> Result<(Model, Extras<Vectors>), String> {
        let not_model = |e: safetensors::SafeTensorError| format!("is no safetensors model ({e})");
        let file = SafeTensors::deserialize(bytes).map_err(not_model)?;
        let (_, header) = SafeTensors::read_metadata(bytes).map_err(not_model)?;
        let entry = header.metadata().as_ref().and_then(|m| m.get(ENTRY));
        let json = entry.ok_or("was not written by arm train: it has no `arm` metadata")?;
        let entry: Entry = serde_json::from_str(json).map_err(|e| format!("its `arm` metadata: {e}"))?;
        if entry.format != FORMAT {
            return Err(format!("is of format {}, but this version reads format {FORMAT}", entry.format));
        }
        let network = Network::from_json(&entry.network.to_string())
            .map_err(|e| format!("its network is invalid: {e}"))?;
        let count = network.shape().params();
        if count > bytes.len() / 4 {
            return Err(format!("its network has {count} parameters, more than the file holds"));
        }
        let mut params = vec![0f32; count];
        for (name, first, shape) in tensors(&network) {
            let view = file.tensor(&name).map_err(|_| format!("tensor {name} is missing"))?;
            if view.shape() != shape || view.dtype() != Dtype::F32 {
                let found = (view.dtype(), view.shape());
                return Err(format!("tensor {name} is {found:?}, but the network needs F32 {shape:?}"));
            }
            let out = &mut params[first..first + view.data().len() / 4];
            read_floats(view.data(), out);
            if let Some(p) = out.iter().find(|p| p.is_nan() || p.abs() > arm_core::LIMIT) {
                return Err(format!("tensor {name} holds {p}; the file is damaged or training diverged"));
            }
        }
        let mut vectors = Vec::new();
        for name in names {
            let view =
                file.tensor(name).map_err(|_| format!("tensor {name} is missing; give a checkpoint"))?;
            let mut vector = vec![0f32; view.data().len() / 4];
            read_floats(view.data(), &mut vector);
            if view.dtype() != Dtype::F32 || !vector.iter().all(|v| v.is_finite()) {
                return Err(format!("tensor {name} is of another type or has values that are not finite"));
            }
            vectors.push(vector);
        }
        let Entry { config, progress, .. } = entry;
        Ok((Model { network, params }, Extras { vectors, config, progress }))
    }

    /// The parameters with rows padded to a multiple of `floats`.
    pub fn padded(&self, floats: usize) -> Aligned {
        let (from, to) = (self.network.shape(), self.network.shape().padded(floats));
        let mut out = Aligned::zeroed(to.params());
        copy_rows(from, &self.params, to, out.floats_mut());
        out
    }
}

/// Copies parameters between two paddings of one network.
pub fn copy_rows(from: arm_core::Shape<'_>, source: &[f32], to: arm_core::Shape<'_>, target: &mut [f32]) {
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
    use crate::network::Preset;

    fn model() -> Model {
        let mut network = Preset::TwoLayer.network(5);
        network.encoder = vec![arm_core::Layer::hidden(3, 0.1), arm_core::Layer::bernoulli(2)];
        network.decoder = vec![arm_core::Layer::bernoulli(5)];
        let params = (0..network.shape().params()).map(|i| i as f32 * 0.5 - 3.0).collect();
        Model { network, params }
    }

    #[test]
    fn it_reads_what_it_wrote() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("m.safetensors");
        model().save(&path, None).unwrap();
        assert_eq!(Model::load(&path).unwrap(), model());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        let padded = model().padded(8);
        let mut back = vec![0.0; model().params.len()];
        copy_rows(model().network.shape().padded(8), padded.floats(), model().network.shape(), &mut back);
        assert_eq!(back, model().params);
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
        bad.save(&path, None).unwrap();
        says(&path, "encoder.0.weight holds NaN");
        model().save(&path, None).unwrap();
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
