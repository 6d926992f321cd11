//! Trained networks as the bytes of safetensors files.
//!
//! Tensors are `encoder.0.weight` (inputs x outputs), `encoder.0.bias`, .., `decoder.0.weight`, .., `prior.logits`, all
//! little-endian `f32`: a layer computes `x @ weight + bias`. The metadata entry `arm` is a JSON object: `format` (1),
//! `network` (the shape: inputs, encoder, decoder, learned_prior), for a model in integers `numbers`, and, where a run wrote the
//! file, its `config`.

use super::Model;
use crate::{Network, NumbersName};
use arm_core::kernels::Integer;
use safetensors::tensor::{Dtype, SafeTensors, TensorView, serialize};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::HashMap;

/// Vectors that were read.
pub type Vectors = Vec<Vec<f32>>;

/// What a file holds beside the parameters.
#[derive(Debug, Default)]
pub struct Extras<V> {
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
    #[serde(default, skip_serializing_if = "NumbersName::is_float")]
    numbers: NumbersName,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    config: Option<Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    progress: Option<Value>,
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

/// Whether a file that begins so is of [`to_bytes`].
pub(super) fn is_ours(head: &[u8]) -> bool {
    head.get(8..).is_some_and(|head| head.starts_with(b"{\"__metadata__\":{\"arm\":"))
}

/// The bytes of a file.
pub(super) fn to_bytes(model: &Model, extras: Extras<&[(&str, &[f32])]>) -> Result<Vec<u8>, String> {
    let Model { network, params, numbers } = model;
    let Extras { vectors, config, progress } = extras;
    let little = |v: &[f32]| v.iter().flat_map(|p| p.to_le_bytes()).collect::<Vec<u8>>();
    let view = |shape, data| TensorView::new(Dtype::F32, shape, data).map_err(|e| e.to_string());
    let bytes = little(params);
    let vectors: Vec<_> = vectors.iter().map(|(name, v)| (*name, v.len(), little(v))).collect();
    let mut views = Vec::new();
    for (name, first, shape) in tensors(network) {
        let len: usize = shape.iter().product();
        let data = bytes.get(4 * first..4 * (first + len)).ok_or("too few parameters")?;
        views.push((name, view(shape, data)?));
    }
    for (name, len, data) in &vectors {
        views.push((name.to_string(), view(vec![*len], data)?));
    }
    let network = serde_json::from_str(&network.to_json()).map_err(|e| e.to_string())?;
    // One entry only: the order of a hash map's entries would differ from run to run.
    let entry = Entry { format: FORMAT, network, numbers: *numbers, config, progress };
    let json = serde_json::to_string(&entry).map_err(|e| e.to_string())?;
    let metadata = HashMap::from([(ENTRY.to_string(), json)]);
    serialize(views, Some(metadata)).map_err(|e| e.to_string())
}

/// The model and the vectors of these names in the bytes of a file. Errors: what is wrong with them.
pub(super) fn from_bytes(bytes: &[u8], names: &[&str]) -> Result<(Model, Extras<Vectors>), String> {
    let not_model = |e: safetensors::SafeTensorError| format!("is no safetensors model ({e})");
    let file = SafeTensors::deserialize(bytes).map_err(not_model)?;
    let (_, header) = SafeTensors::read_metadata(bytes).map_err(not_model)?;
    let entry = header.metadata().as_ref().and_then(|m| m.get(ENTRY));
    let json = entry.ok_or("was not written by arm train: it has no `arm` metadata")?;
    let entry: Entry = serde_json::from_str(json).map_err(|e| format!("its `arm` metadata: {e}"))?;
    if entry.format != FORMAT {
        return Err(format!("is of format {}, but this version reads format {FORMAT}", entry.format));
    }
    let network =
        Network::from_json(&entry.network.to_string()).map_err(|e| format!("its network is invalid: {e}"))?;
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
        let is_short = |p: f32| Integer::float(Integer::nearest(p).0) == p;
        if let Some(p) = out.iter().find(|p| !entry.numbers.is_float() && !is_short(**p)) {
            return Err(format!(
                "tensor {name} holds {p}, which is no parameter of 16 bits; the file is damaged"
            ));
        }
    }
    let mut vectors = Vec::new();
    for name in names {
        let view = file.tensor(name).map_err(|_| format!("tensor {name} is missing; give a checkpoint"))?;
        let mut vector = vec![0f32; view.data().len() / 4];
        read_floats(view.data(), &mut vector);
        if view.dtype() != Dtype::F32 || !vector.iter().all(|v| v.is_finite()) {
            return Err(format!("tensor {name} is of another type or has values that are not finite"));
        }
        vectors.push(vector);
    }
    let Entry { numbers, config, progress, .. } = entry;
    Ok((Model { network, params, numbers }, Extras { vectors, config, progress }))
}
