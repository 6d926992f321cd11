//! A model as a module in Rust.

use crate::NumbersName;
use crate::activation::in_rust;
use crate::export::{Export, Golden, bits, literals};
use arm_core::{Coding, Layer, Prior};

pub(crate) fn module(export: &Export) -> String {
    let Export { network, numbers, bytes, golden } = export;
    let layers = |layers: &[Layer]| {
        let layer = |layer: &Layer| match *layer {
            Layer::Hidden { width, activation } => in_rust(width, activation),
            Layer::Bernoulli { width } => format!("Layer::bernoulli({width})"),
        };
        layers.iter().map(layer).collect::<Vec<_>>().join(", ")
    };
    let prior = if network.prior == Prior::Learned { "Learned" } else { "Fixed" };
    let count = Golden::INPUTS;
    let packed = |name: &str, doc: &str, units: usize, all: &[Vec<u32>]| {
        let rows: String = all.iter().map(|x| format!("    [\n{}    ],\n", literals(x, 8))).collect();
        format!("/// {doc}\npub static {name}: [[u32; {}]; {count}] = [\n{rows}];\n\n", units.div_ceil(32))
    };
    let shape = network.shape();
    let coding = |coding: Coding<'_>| match coding {
        Coding::ZeroOne => "Coding::ZeroOne".into(),
        Coding::Signed => "Coding::Signed".into(),
        Coding::Centred(means) => format!("Coding::Centred(&{means:?})"),
    };
    let (coded, names) = match network.codings {
        None => (String::new(), ""),
        Some(c) => {
            (format!("\n.coded(&Codings {{ x: {}, b: {} }})", coding(c.x), coding(c.b)), "Coding, Codings, ")
        }
    };
    let (kind, last) = match network.conditional {
        true => ("conditional", String::new()),
        false => ("vae", format!("    Prior::{prior},\n")),
    };
    let prior_name = if network.conditional { "" } else { "Prior, " };
    let targets = match network.conditional {
        true => packed("TARGETS", "Targets of the self-test.", shape.targets(), &golden.targets),
        false => String::new(),
    };
    let (score, step, pairs, each) = match network.conditional {
        true => ("score_conditional(x, y", "step_conditional(x, y)", "INPUTS.iter().zip(&TARGETS)", "(x, y)"),
        false => ("score(x", "step(x)", "INPUTS.iter()", "x"),
    };
    let (kernels, slices, new, of_bits) = match numbers {
        NumbersName::F32 => ("", "", "new", ""),
        NumbersName::I16 => ("use arm_core::kernels::Integer;\n", ", Integer", "integer", " of 16 bits"),
    };
    let values = |name: &str, doc: &str, values: &[f32]| {
        format!("/// {doc}\npub static {name}: [u32; {count}] = [\n{}];\n\n", literals(&bits(values), 8))
    };
    [
        format!(
            "// A trained network for `arm_core`, written by `arm export`: {}, {} parameters{of_bits}. A module, or to be included in one.\n\n\
             use arm_core::estimator::Arm;\n\
             {kernels}\
             use arm_core::learner::Slices;\n\
             use arm_core::optim::Sgd;\n\
             use arm_core::{{{names}Error, Layer, Learner, {prior_name}Shape}};\n\n",
            network.notation(),
            network.shape().params()
        ),
        format!(
            "/// The network.\npub const SHAPE: Shape<'static> = Shape::{kind}(\n    {},\n    &[{}],\n    &[{}],\n{last}){coded};\n\n",
            network.inputs,
            layers(&network.encoder),
            layers(&network.decoder)
        ),
        format!(
            "/// Its parameters, for `Learner::load_bytes`.\npub static PARAMETERS: [u8; {}] = [\n{}];\n\n",
            bytes.len(),
            literals(bytes, 16)
        ),
        packed("INPUTS", "Inputs of the self-test.", network.inputs, &golden.inputs),
        targets,
        values("NEG_ELBO", "Bits of their scores with one sample: the -ELBO in nats.", &golden.neg_elbo),
        values("BOUND", "Bits of their scores with ten samples.", &golden.bound),
        values("LEARNED", "Bits of the -ELBO of each while they are learned in order.", &golden.learned),
        format!(
            "/// Whether this machine computes what the desktop computed, bit for bit: scores and learning. The memory is\n\
             /// that of a learner with `Sgd` and can be used for one afterwards. Errors: its sizes.\n\
             pub fn self_test(memory: Slices<'_{slices}>) -> Result<bool, Error> {{\n    \
             let mut learner = Learner::{new}(SHAPE, Arm, Sgd {{ rate: {:?} }}, {}, memory)?;\n    \
             learner.load_bytes(&PARAMETERS)?;\n    \
             let mut same = true;\n    \
             for ({each}, bits) in {pairs}.zip(NEG_ELBO) {{\n        \
             same &= learner.{score}, 1)?.to_bits() == bits;\n    }}\n    \
             for ({each}, bits) in {pairs}.zip(BOUND) {{\n        \
             same &= learner.{score}, {})?.to_bits() == bits;\n    }}\n    \
             for ({each}, bits) in {pairs}.zip(LEARNED) {{\n        \
             same &= learner.{step}?.to_bits() == bits;\n    }}\n    \
             Ok(same)\n}}\n",
            Golden::RATE,
            Golden::SEED,
            Golden::SAMPLES
        ),
    ]
    .concat()
}
