//! Seeds, as flags and in files.

use serde::Deserializer;
use serde::de::{self, Unexpected, Visitor};
use std::fmt;

/// The largest whole number of a TOML file.
pub(in crate::train) const MOST: u64 = i64::MAX as u64;

/// A seed of a flag.
pub(super) fn seed(text: &str) -> Result<u64, String> {
    let seed = text.parse().ok().filter(|&seed| seed <= MOST);
    seed.ok_or_else(|| format!("give a whole number from 0 to {MOST}"))
}

/// A seed in a file, any other than which is refused with the range.
pub(super) fn written_seed<'de, D: Deserializer<'de>>(file: D) -> Result<Option<u64>, D::Error> {
    struct Seed;

    impl Visitor<'_> for Seed {
        type Value = u64;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            write!(f, "a whole number from 0 to {MOST}")
        }

        fn visit_i64<E: de::Error>(self, seed: i64) -> Result<u64, E> {
            u64::try_from(seed).map_err(|_| E::invalid_value(Unexpected::Signed(seed), &self))
        }

        fn visit_u64<E: de::Error>(self, seed: u64) -> Result<u64, E> {
            if seed <= MOST { Ok(seed) } else { Err(E::invalid_value(Unexpected::Unsigned(seed), &self)) }
        }
    }

    file.deserialize_u64(Seed).map(Some)
}
