//! What a network takes on a device that learns from one example a step.

use super::NumbersName;
use arm_core::optim::{Adam, Sgd};
use arm_core::{Shape, codec};
use serde::de::{self, Unexpected, Visitor};
use serde::{Deserialize, Deserializer};
use std::fmt;
use std::str::FromStr;

/// Bytes of a learner, exact: they follow from the shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    /// Flash of the parameters as [`arm_core::codec`] writes them.
    pub flash: usize,
    /// RAM of training with SGD: parameters and scratch.
    pub sgd: usize,
    /// RAM of training with Adam: moments as well.
    pub adam: usize,
    /// RAM of inference alone, with the parameters in flash.
    pub inference: usize,
}

impl Budget {
    /// What `shape` takes in these numbers. Integers are trained without moments, by SGD alone: `adam` is then the same.
    pub fn of(shape: &Shape<'_>, numbers: NumbersName) -> Budget {
        if !numbers.is_float() {
            return Budget::of_integers(shape);
        }
        let bytes = |floats: [usize; 3]| {
            floats.iter().fold(0, |sum: usize, n| sum.saturating_add(*n)).saturating_mul(4)
        };
        let training = |moments| bytes([shape.params(), moments, shape.scratch()]);
        Budget {
            flash: codec::encoded_len(shape),
            sgd: training(shape.moments::<Sgd>()),
            adam: training(shape.moments::<Adam>()),
            inference: bytes([0, 0, shape.inference_scratch(1, 1)]),
        }
    }

    /// An integer learner has its parameters in RAM.
    fn of_integers(shape: &Shape<'_>) -> Budget {
        let training = shape
            .params()
            .saturating_mul(size_of::<i16>())
            .saturating_add(shape.integer_scratch().saturating_mul(size_of::<u32>()));
        Budget {
            flash: codec::encoded_len_of::<i16>(shape),
            sgd: training,
            adam: training,
            inference: training,
        }
    }
}

/// An amount of memory, as it is written: `32K`, `32KiB`, `1M` or bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ram(
    /// Bytes.
    pub usize,
);

/// The units and their bytes, the largest first.
const UNITS: [(&str, usize); 2] = [("M", 1 << 20), ("K", 1 << 10)];

impl FromStr for Ram {
    type Err = String;

    fn from_str(text: &str) -> Result<Ram, String> {
        let fail =
            || format!("`{text}` is no amount of memory; give bytes, or such as 32K, 32KiB or 1M (K = 1024)");
        let upper = text.trim().to_ascii_uppercase();
        let short = upper.strip_suffix("IB").or(upper.strip_suffix('B')).unwrap_or(&upper);
        let unit = UNITS.iter().find_map(|(name, bytes)| Some((short.strip_suffix(name)?, *bytes)));
        let (number, bytes) = unit.unwrap_or((short, 1));
        // `32iB` is none.
        if unit.is_none() && upper.ends_with("IB") || !number.trim_end().bytes().all(|b| b.is_ascii_digit()) {
            return Err(fail());
        }
        let count: usize = number.trim_end().parse().map_err(|_| fail())?;
        count.checked_mul(bytes).map(Ram).ok_or_else(fail)
    }
}

impl fmt::Display for Ram {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match UNITS.iter().find(|(_, bytes)| self.0 > 0 && self.0.is_multiple_of(*bytes)) {
            Some((name, bytes)) => write!(f, "{}{name}", self.0 / bytes),
            None => write!(f, "{}", self.0),
        }
    }
}

impl<'de> Deserialize<'de> for Ram {
    fn deserialize<D: Deserializer<'de>>(file: D) -> Result<Ram, D::Error> {
        struct Amount;

        impl Visitor<'_> for Amount {
            type Value = Ram;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("bytes, or an amount of memory such as \"32K\"")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Ram, E> {
                text.parse().map_err(E::custom)
            }

            fn visit_i64<E: de::Error>(self, bytes: i64) -> Result<Ram, E> {
                let fits = usize::try_from(bytes).map(Ram);
                fits.map_err(|_| E::invalid_value(Unexpected::Signed(bytes), &self))
            }
        }

        file.deserialize_any(Amount)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Network;

    #[test]
    fn the_reference_network_takes_what_was_measured() {
        let network: Network = "64-32-[16] / [16]-32-64".parse().unwrap();
        let budget = Budget::of(&network.shape(), NumbersName::F32);
        // docs/microcontroller.md: 21,056 bytes of parameters, 1,400 beyond.
        assert_eq!((budget.sgd, budget.adam), (21_056 + 1400, 3 * 21_056 + 1400));
        assert!(budget.flash > 21_056 && budget.inference < 1400);
        // There too: 10,528 bytes in integers, 728 beyond.
        assert_eq!(Budget::of(&network.shape(), NumbersName::I16).sgd, 10_528 + 728);
    }

    #[test]
    fn amounts_are_read() {
        for (text, bytes, written) in [
            ("32K", 32 << 10, "32K"),
            ("32KiB", 32 << 10, "32K"),
            ("32kb", 32 << 10, "32K"),
            ("1M", 1 << 20, "1M"),
            ("64 KiB", 64 << 10, "64K"),
            ("1000", 1000, "1000"),
            ("20480B", 20480, "20K"),
            ("0", 0, "0"),
        ] {
            let ram: Ram = text.parse().unwrap();
            assert_eq!((ram.0, ram.to_string().as_str()), (bytes, written), "{text}");
        }
        for text in ["", "K", "32G", "-1", "1.5K", "32iB", "+5", "99999999999999999999", "99999999999999999M"]
        {
            assert!(text.parse::<Ram>().unwrap_err().contains("32K"), "{text}");
        }
    }
}
