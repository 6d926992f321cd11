//! A model as a module in Rust.

use super::{Export, Golden, bits, literals};
use arm_core::{Layer, Prior};

pub(super) fn module(export: &Export) -> String {
    let Export { network, bytes, golden } = export;
    let layers = |layers: &[Layer]| {
        let layer = |layer: &Layer| match *layer {
            Layer::Hidden { width, slope } => format!("Layer::hidden({width}, {slope:?})"),
            Layer::Bernoulli { width } => format!("Layer::bernoulli({width})"),
        };
        layers.iter().map(layer).collect::<Vec<_>>().join(", ")
    };
    let prior = if network.prior == Prior::Learned { "Learned" } else { "Fixed" };
    let words = network.inputs.div_ceil(32);
    let count = Golden::INPUTS;
    let inputs: String = golden.inputs.iter().map(|x| format!("    [\n{}    ],\n", literals(x, 8))).collect();
    let values = |name: &str, doc: &str, values: &[f32]| {
        format!("/// {doc}\npub static {name}: [u32; {count}] = [\n{}];\n\n", literals(&bits(values), 8))
    };
    [
        format!(
            "// A trained network for `arm_core`, written by `arm export`: {}, {} parameters. A module, or to be included in one.\n\n\
             use arm_core::estimator::Arm;\n\
             use arm_core::learner::Slices;\n\
             use arm_core::optim::Sgd;\n\
             use arm_core::{{Error, Layer, Learner, Prior, Shape}};\n\n",
            network.notation(),
            network.shape().params()
        ),
        format!(
            "/// The network.\npub const SHAPE: Shape<'static> = Shape::vae(\n    {},\n    &[{}],\n    &[{}],\n    \
             Prior::{prior},\n);\n\n",
            network.inputs,
            layers(&network.encoder),
            layers(&network.decoder)
        ),
        format!(
            "/// Its parameters, for `Learner::load_bytes`.\npub static PARAMETERS: [u8; {}] = [\n{}];\n\n",
            bytes.len(),
            literals(bytes, 16)
        ),
        format!("/// Inputs of the self-test.\npub static INPUTS: [[u32; {words}]; {count}] = [\n{inputs}];\n\n"),
        values("NEG_ELBO", "Bits of their scores with one sample: the -ELBO in nats.", &golden.neg_elbo),
        values("BOUND", "Bits of their scores with ten samples.", &golden.bound),
        values("LEARNED", "Bits of the -ELBO of each while they are learned in order.", &golden.learned),
        format!(
            "/// Whether this machine computes what the desktop computed, bit for bit: scores and learning. The memory is\n\
             /// that of a learner with `Sgd` and can be used for one afterwards. Errors: its sizes.\n\
             pub fn self_test(memory: Slices<'_>) -> Result<bool, Error> {{\n    \
             let mut learner = Learner::new(SHAPE, Arm, Sgd {{ rate: {:?} }}, {}, memory)?;\n    \
             learner.load_bytes(&PARAMETERS)?;\n    \
             let mut same = true;\n    \
             for (x, bits) in INPUTS.iter().zip(NEG_ELBO) {{\n        \
             same &= learner.score(x, 1)?.to_bits() == bits;\n    }}\n    \
             for (x, bits) in INPUTS.iter().zip(BOUND) {{\n        \
             same &= learner.score(x, {})?.to_bits() == bits;\n    }}\n    \
             for (x, bits) in INPUTS.iter().zip(LEARNED) {{\n        \
             same &= learner.step(x)?.to_bits() == bits;\n    }}\n    \
             Ok(same)\n}}\n",
            Golden::RATE,
            Golden::SEED,
            Golden::SAMPLES
        ),
    ]
    .concat()
}
