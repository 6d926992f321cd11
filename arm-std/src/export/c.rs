//! A model as a header in C.

use super::{Export, Golden, bits, literals};
use arm_core::{Layer, Prior};

pub(super) fn header(export: &Export, name: &str) -> String {
    let Export { network, bytes, golden } = export;
    let upper = name.to_uppercase();
    let layers = |mut below: usize, layers: &[Layer]| {
        let mut text = String::new();
        for layer in layers {
            text += &match *layer {
                Layer::Hidden { width, slope } => format!(" H({below}, {width}, {slope:?}f)"),
                Layer::Bernoulli { width } => format!(" B({below}, {width})"),
            };
            below = layer.width();
        }
        text
    };
    let top = network.shape().top_width();
    let prior = if network.prior == Prior::Learned { top } else { 0 };
    let (words, count) = (network.inputs.div_ceil(32), Golden::INPUTS);
    let inputs: String =
        golden.inputs.iter().map(|x| format!("    {{\n{}    }},\n", literals(x, 8))).collect();
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
            "/* The network: SBN_BYTES({upper}_UNITS, {upper}_ENCODER, {upper}_DECODER, {upper}_PRIOR, SBN_SGD). */\n\
             #define {upper}_UNITS {}\n#define {upper}_ENCODER(H, B){}\n#define {upper}_DECODER(H, B){}\n\
             #define {upper}_PRIOR {prior}\n\n\
             static const sbn_layer {name}_encoder[] = SBN_LAYERS({upper}_ENCODER);\n\
             static const sbn_layer {name}_decoder[] = SBN_LAYERS({upper}_DECODER);\n\
             static const sbn_shape {name}_shape = {{{upper}_UNITS, {name}_encoder, {}, {name}_decoder, {}, \
             {upper}_PRIOR}};\n\n",
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
        format!(
            "/* Inputs of the self-test. */\nstatic const uint32_t {name}_inputs[{count}][{words}] = {{\n{inputs}}};\n\n"
        ),
        values("neg_elbo", "Bits of their scores with one sample: the -ELBO in nats.", &golden.neg_elbo),
        values("bound", "Bits of their scores with ten samples.", &golden.bound),
        values("learned", "Bits of the -ELBO of each while they are learned in order.", &golden.learned),
        self_test(name),
        format!("#endif /* {upper}_H */\n"),
    ]
    .concat()
}

fn self_test(name: &str) -> String {
    let (seed, rate, samples, count) = (Golden::SEED, Golden::RATE, Golden::SAMPLES, Golden::INPUTS);
    format!(
        "static inline int32_t {name}_differs(float value, uint32_t expected)
{{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits != expected;
}}

/* How many values differ from what the desktop computed: 0, or this machine does other arithmetic; negative for an error.
   `memory` is that of a network with SBN_SGD and can be used for one afterwards. */
static inline int32_t {name}_self_test(uint32_t *memory, size_t bytes)
{{
    const size_t words = sizeof {name}_inputs[0] / sizeof {name}_inputs[0][0];
    const sbn_config config = SBN_USE_SGD({rate:?}f, {seed});
    sbn_network *net = NULL;
    int32_t differ = 0, status = sbn_init(&net, memory, bytes, &{name}_shape, &config);
    if (status == SBN_OK)
        status = sbn_load(net, {name}_parameters, sizeof {name}_parameters);
    for (int pass = 0; pass < 3; pass++) {{
        for (int i = 0; i < {count} && status == SBN_OK; i++) {{
            float f = 0.0f;
            if (pass == 2)
                status = sbn_step(net, {name}_inputs[i], words, &f);
            else
                status = sbn_score(net, {name}_inputs[i], words, pass == 0 ? 1 : {samples}, &f);
            differ += {name}_differs(f, pass == 0 ? {name}_neg_elbo[i] : pass == 1 ? {name}_bound[i] : {name}_learned[i]);
        }}
    }}
    return status == SBN_OK ? differ : status;
}}

"
    )
}
