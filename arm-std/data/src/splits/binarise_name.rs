//! Binarisation as it is written in commands and files.

use super::Binarise;
use serde::{Deserialize, Serialize};
use std::str::FromStr;

/// How grey levels become bits, as it is written: `auto`, `none`, `dynamic` or a threshold in [0, 1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum BinariseName {
    /// Bits stay bits, grey levels are drawn anew every epoch.
    #[default]
    Auto,
    /// A choice.
    Chosen(Binarise),
}

impl BinariseName {
    /// The choice, if one was made.
    pub fn choice(self) -> Option<Binarise> {
        match self {
            BinariseName::Auto => None,
            BinariseName::Chosen(how) => Some(how),
        }
    }
}

impl FromStr for BinariseName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match (text, text.parse::<f32>()) {
            ("auto", _) => Ok(BinariseName::Auto),
            ("none", _) => Ok(BinariseName::Chosen(Binarise::AsIs)),
            ("dynamic", _) => Ok(BinariseName::Chosen(Binarise::Dynamic)),
            (_, Ok(t)) if (0.0..1.0).contains(&t) => Ok(BinariseName::Chosen(Binarise::Threshold(t))),
            _ => {
                Err(format!("`{text}` is no binarisation; give auto, none, dynamic or a threshold in [0, 1)"))
            }
        }
    }
}

crate::written!(BinariseName, name => match name {
    BinariseName::Auto => "auto".into(),
    BinariseName::Chosen(Binarise::AsIs) => "none".into(),
    BinariseName::Chosen(Binarise::Dynamic) => "dynamic".into(),
    BinariseName::Chosen(Binarise::Threshold(t)) => t.to_string(),
});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_survive_writing_and_are_checked() {
        for name in ["auto", "none", "dynamic", "0.5"] {
            assert_eq!(String::from(name.parse::<BinariseName>().unwrap()), name);
        }
        assert!("1".parse::<BinariseName>().is_err() && "-0.1".parse::<BinariseName>().is_err());
        assert_eq!("0.25".parse(), Ok(BinariseName::Chosen(Binarise::Threshold(0.25))));
    }
}
