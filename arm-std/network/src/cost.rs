//! What a training step costs on a device, as far as it was measured: docs/microcontroller.md and docs/networks.md.

use super::Network;
use arm_core::{Layer, Prior};

/// Stack and instructions of a step with ARM on one example, on a Cortex-M4F.
#[derive(Clone, Debug, PartialEq)]
pub struct Cost {
    /// Features of `arm-core` that the network needs; the others can be left out of the firmware.
    pub features: Vec<&'static str>,
    /// Bytes of stack with SGD and with Adam, measured.
    pub stack: (u32, u32),
    /// Whether the stack was measured with more features than these, so that it is at most so much.
    pub at_most: bool,
    /// Instructions with SGD and with Adam.
    pub instructions: (f64, f64),
    /// Whether they were counted for this very network; else they are estimated.
    pub counted: bool,
}

/// The network that is measured, and what was counted.
const REFERENCE: (&str, (f64, f64)) = ("64-32-[16] / [16]-32-64", (40_107.0, 92_910.0));

/// Instructions for a multiplication and addition, for a stochastic unit, for a layer, for a step, and of Adam for a
/// parameter more than of SGD: fitted to the fourteen networks of the first test below, which `scripts/counts.sh` counts.
const MULTIPLY_ADD: f64 = 1.6;
const UNIT: f64 = 120.0;
const LAYER: f64 = 2400.0;
const STEP: f64 = 2000.0;
const ADAM: f64 = 10.0;
/// What each stochastic layer beyond the first adds, as a part of the step without: its partner has a path of its own.
const PATH: f64 = 0.38;

impl Cost {
    /// What `network` costs.
    pub fn of(network: &Network) -> Cost {
        let shape = network.shape();
        let layers = || network.encoder.iter().chain(&network.decoder);
        let stacks = shape.stochastic_layers() > 1;
        let needed = [
            ("codings", network.codings.is_some()),
            ("prior", network.prior == Prior::Learned),
            ("ragged", layers().any(|layer| !layer.width().is_multiple_of(16))),
            ("stacks", stacks),
        ];
        let features: Vec<_> = needed.iter().filter(|(_, needs)| *needs).map(|(name, _)| *name).collect();
        let (stack, at_most) = match features[..] {
            [] => ((504, 512), false),
            ["ragged"] => ((648, 712), false),
            ["prior"] => ((528, 528), false),
            ["stacks"] | ["prior", "stacks"] => ((744, 744), false),
            _ => ((824, 992), true),
        };
        let counted = features.is_empty() && network.notation() == REFERENCE.0;
        let units: usize = layers().filter(|layer| layer.stochastic()).map(|layer| layer.width()).sum();
        let (units, count) = (units as f64, layers().count() as f64);
        let plain = MULTIPLY_ADD * multiply_adds(network) + UNIT * units + LAYER * count + STEP;
        let sgd = plain * (1.0 + PATH * (shape.stochastic_layers() - 1) as f64);
        let estimated = (sgd, sgd + ADAM * shape.params() as f64);
        Cost {
            features,
            stack,
            at_most,
            instructions: if counted { REFERENCE.1 } else { estimated },
            counted,
        }
    }
}

/// Multiplications and additions of a step for one stochastic layer. Of binary inputs 30 % are one, of samples half, and
/// the others cost nothing; the decoder is passed for both samples.
fn multiply_adds(network: &Network) -> f64 {
    let up = passes(network.inputs, 0.3, &network.encoder, 1.0);
    let top = network.encoder.last().map_or(0, |layer| layer.width());
    up + passes(top, 0.5, &network.decoder, 2.0)
}

/// Those of `layers` above `inputs` binary units, of which this part is one, for so many samples.
fn passes(inputs: usize, ones: f64, layers: &[Layer], samples: f64) -> f64 {
    let (mut below, mut part, mut sum) = (inputs, Some(ones), 0.0);
    for layer in layers {
        let weights = (below * layer.width()) as f64;
        // Forwards; the gradient, which the partner shares; backwards to the layer below, if that has a gradient.
        sum += weights * part.map_or(samples + 2.0, |part| part * (samples + 1.0));
        below = layer.width();
        part = layer.stochastic().then_some(0.5);
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cost(text: &str, prior: Prior) -> Cost {
        let network: Network = text.parse().unwrap();
        Cost::of(&Network { prior, ..network })
    }

    #[test]
    fn estimates_are_near_what_was_counted() {
        for (text, prior, sgd, adam) in [
            ("64-32-[16] / [16]-32-64", Prior::Fixed, 40_107.0, 92_910.0),
            ("64-64-[32] / [32]-64-64", Prior::Fixed, 72_047.0, 194_295.0),
            ("176-64-[32] / [32]-64-176", Prior::Fixed, 133_087.0, 397_040.0),
            ("256-128-[64] / [64]-128-256", Prior::Fixed, 337_572.0, 1_139_362.0),
            ("784-128-[64] / [64]-128-784", Prior::Fixed, 839_527.0, 2_956_565.0),
            ("16-16-[8] / [8]-16-16", Prior::Fixed, 15_852.0, 25_597.0),
            ("64-[16] / [16]-64", Prior::Fixed, 19_900.0, 41_972.0),
            ("64-64-64-[32] / [32]-64-64-64", Prior::Fixed, 121_905.0, 328_390.0),
            ("256-64-[32] / [32]-32-256", Prior::Fixed, 129_800.0, 401_695.0),
            ("64-32-[16] / [16]-32-64", Prior::Learned, 43_835.0, 96_875.0),
            ("64-32-[32]-32-[16] / [16]-32-[32]-32-64", Prior::Fixed, 92_257.0, 188_010.0),
            ("64-[32]-[16] / [16]-[32]-64", Prior::Fixed, 50_422.0, 103_595.0),
            ("64-32-[16]-[16] / [16]-[16]-32-64", Prior::Learned, 65_762.0, 125_180.0),
            ("64-[32]-[32]-[32] / [32]-[32]-[32]-64", Prior::Fixed, 101_807.0, 186_702.0),
        ] {
            let (s, a) = cost(text, prior).instructions;
            assert!((s / sgd - 1.0).abs() < 0.1 && (a / adam - 1.0).abs() < 0.1, "{text}: {s} {a}");
        }
    }

    /// Networks that the constants were not fitted to: docs/networks.md tells how far off the estimate is.
    #[test]
    fn estimates_of_other_networks_are_as_far_off_as_is_told() {
        for (text, sgd, adam, off) in [
            ("32-16-[16] / [16]-16-32", 20_845.0, 38_187.0, 0.11),
            ("128-48-[16] / [16]-48-128", 78_832.0, 217_780.0, 0.02),
            ("96-[64] / [64]-96", 51_787.0, 171_010.0, 0.11),
            ("128-64-[32]-[16] / [16]-[32]-64-128", 129_340.0, 345_037.0, 0.27),
            ("64-32-[16]-16", 17_010.0, 46_927.0, 0.07),
            ("128-64-[32]-64-16", 52_525.0, 184_500.0, 0.12),
            ("64-[32]-[16]-32", 31_225.0, 64_200.0, 0.02),
        ] {
            let (s, a) = cost(text, Prior::Fixed).instructions;
            assert!((s / sgd - 1.0).abs() < off && (a / adam - 1.0).abs() < off, "{text}: {s} {a}");
        }
    }

    #[test]
    fn what_a_network_needs_decides_its_stack() {
        let of = |text, prior| {
            let cost = cost(text, prior);
            (cost.features, cost.stack, cost.at_most)
        };
        assert_eq!(of("64-32-[16] / [16]-32-64", Prior::Fixed), (vec![], (504, 512), false));
        assert_eq!(of("64-20-[16] / [16]-32-64", Prior::Fixed), (vec!["ragged"], (648, 712), false));
        assert_eq!(of("64-[16] / [16]-64", Prior::Learned), (vec!["prior"], (528, 528), false));
        assert_eq!(of("64-[8]-[8]-64", Prior::Fixed), (vec!["ragged", "stacks"], (824, 992), true));
    }
}
