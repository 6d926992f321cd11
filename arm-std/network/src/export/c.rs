//! A model as a header in C.

use crate::NumbersName;
use crate::activation::in_c;
use crate::export::{Export, Golden, bits, literals};
use arm_core::{Coding, Layer, Prior};

pub(crate) fn header(export: &Export, name: &str) -> String {
    let Export { network, bytes, golden, numbers } = export;
    let upper = name.to_uppercase();
    let layers = |mut below: usize, layers: &[Layer]| {
        let mut text = String::new();
        for layer in layers {
            text.push(' ');
            text += &match *layer {
                Layer::Hidden { width, activation } => in_c(below, width, activation),
                Layer::Bernoulli { width } => format!("B({below}, {width})"),
            };
            below = layer.width();
        }
        text
    };
    let (with, parameter, macro_name, argument) = match numbers {
        NumbersName::F32 => {
            ("with SBN_SGD, SBN_MOMENTUM or SBN_ADAM", "(optimiser)", "SBN_BYTES", ", optimiser")
        }
        NumbersName::I16 => ("with SBN_USE_INTEGERS", "", "SBN_INTEGER_BYTES", ""),
    };
    let top = network.shape().top_width();
    let prior = if network.prior == Prior::Learned { top } else { 0 };
    let count = Golden::INPUTS;
    let shape = network.shape();
    let packed = |what: &str, units: usize, all: &[Vec<u32>]| {
        let rows: String = all.iter().map(|x| format!("    {{\n{}    }},\n", literals(x, 8))).collect();
        let words = units.div_ceil(32);
        format!(
            "/* {what} of the self-test. */\nstatic const uint32_t {name}_{what}[{count}][{words}] = {{\n{rows}}};\n\n"
        )
    };
    let (means, pointer, room) = match shape.x_coding() {
        Coding::Centred(means) => {
            let numbers: Vec<String> = means.iter().map(|mean| format!("    {mean:?}f,\n")).collect();
            let size = means.len();
            (
                format!(
                    "/* What is subtracted from the inputs. */\nstatic const float {name}_means[{size}] = {{\n{}}};\n\n",
                    numbers.concat()
                ),
                format!("{name}_means"),
                format!(" + SBN_MEANS_BYTES({upper}_UNITS)"),
            )
        }
        _ => (String::new(), "NULL".to_string(), String::new()),
    };
    let flags: Vec<&str> = [
        (shape.x_coding() == Coding::Signed, "SBN_SIGNED_INPUTS"),
        (shape.b_coding() == Coding::Signed, "SBN_SIGNED_UNITS"),
        (network.conditional, "SBN_CONDITIONAL"),
    ]
    .into_iter()
    .filter_map(|(is, flag)| is.then_some(flag))
    .collect();
    let flags = if flags.is_empty() { "0".into() } else { flags.join(" | ") };
    let values = |what: &str, doc: &str, values: &[f32]| {
        let numbers = literals(&bits(values), 8);
        format!("/* {doc} */\nstatic const uint32_t {name}_{what}[{count}] = {{\n{numbers}}};\n\n")
    };
    [
        format!(
            "/* A trained network for sbn.h, written by `arm export`: {}, {} parameters.\n   \
             Include it in one source file: it defines constants. */\n\
             #ifndef {upper}_H\n#define {upper}_H\n\n#include \"sbn.h\"\n#include <string.h>\n\n",
            network.notation(),
            network.shape().params()
        ),
        format!(
            "{means}/* The network, and the bytes it needs, {with}. */\n\
             #define {upper}_UNITS {}\n#define {upper}_ENCODER(H, B){}\n#define {upper}_DECODER(H, B){}\n\
             #define {upper}_PRIOR {prior}\n\
             #define {upper}_BYTES{parameter} \\\n    \
             ({macro_name}({upper}_UNITS, {upper}_ENCODER, {upper}_DECODER, {upper}_PRIOR{argument}){room})\n\n\
             static const sbn_layer {name}_encoder[] = SBN_LAYERS({upper}_ENCODER);\n\
             static const sbn_layer {name}_decoder[] = SBN_LAYERS({upper}_DECODER);\n\
             static const sbn_shape {name}_shape = {{{upper}_UNITS, {name}_encoder, {}, {name}_decoder, {}, \
             {upper}_PRIOR, {flags}, {pointer}}};\n\n",
            network.inputs,
            layers(network.inputs, &network.encoder),
            layers(top, &network.decoder),
            network.encoder.len(),
            network.decoder.len()
        ),
        format!(
            "/* Its parameters, for sbn_load. */\nstatic const uint8_t {name}_parameters[{}] = {{\n{}}};\n\n",
            bytes.len(),
            literals(bytes, 16)
        ),
        packed("inputs", network.inputs, &golden.inputs),
        if network.conditional { packed("targets", shape.targets(), &golden.targets) } else { String::new() },
        values("neg_elbo", "Bits of their scores with one sample: the -ELBO in nats.", &golden.neg_elbo),
        values("bound", "Bits of their scores with ten samples.", &golden.bound),
        values("learned", "Bits of the -ELBO of each while they are learned in order.", &golden.learned),
        self_test(name, network.conditional, *numbers),
        format!("#endif /* {upper}_H */\n"),
    ]
    .concat()
}

fn self_test(name: &str, conditional: bool, numbers: NumbersName) -> String {
    let (config, of) = match numbers {
        NumbersName::F32 => ("SBN_USE_SGD", "with SBN_SGD"),
        NumbersName::I16 => ("SBN_USE_INTEGERS", "in integers"),
    };
    let (call, target, words) = match conditional {
        true => (
            "_conditional",
            format!(", {name}_targets[i], target_words"),
            format!(
                "\n    const size_t target_words = sizeof {name}_targets[0] / sizeof {name}_targets[0][0];"
            ),
        ),
        false => ("", String::new(), String::new()),
    };
    let (seed, rate, samples, count) = (Golden::SEED, Golden::RATE, Golden::SAMPLES, Golden::INPUTS);
    format!(
        "static inline int32_t {name}_differs(float value, uint32_t expected)
{{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits != expected;
}}

/* How many values differ from what the desktop computed: 0, or this machine does other arithmetic; negative for an error.
   `memory` is that of a network {of} and can be used for one afterwards. */
static inline int32_t {name}_self_test(uint32_t *memory, size_t bytes)
{{
    const size_t words = sizeof {name}_inputs[0] / sizeof {name}_inputs[0][0];{words}
    const sbn_config config = {config}({rate:?}f, {seed});
    sbn_network *net = NULL;
    int32_t differ = 0, status = sbn_init(&net, memory, bytes, &{name}_shape, &config);
    if (status == SBN_OK)
        status = sbn_load(net, {name}_parameters, sizeof {name}_parameters);
    for (int pass = 0; pass < 3; pass++) {{
        for (int i = 0; i < {count} && status == SBN_OK; i++) {{
            float f = 0.0f;
            if (pass == 2)
                status = sbn_step{call}(net, {name}_inputs[i], words{target}, &f);
            else
                status = sbn_score{call}(net, {name}_inputs[i], words{target}, pass == 0 ? 1 : {samples}, &f);
            differ += {name}_differs(f, pass == 0 ? {name}_neg_elbo[i] : pass == 1 ? {name}_bound[i] : {name}_learned[i]);
        }}
    }}
    return status == SBN_OK ? differ : status;
}}

"
    )
}
