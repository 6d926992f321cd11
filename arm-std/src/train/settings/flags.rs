//! Settings from flags and their values, as text: what programs that are no command line have.

use super::Settings;
use clap::{Args, Command, FromArgMatches};

impl Settings {
    /// The settings of flags such as `("lr", "0.01")`, read as on the command line of `arm train`. Errors: what it would print.
    ///
    /// ```
    /// use arm_std::Settings;
    ///
    /// let settings = Settings::from_flags([("estimator", "disarm"), ("lr", "0.01")])?;
    /// assert_eq!(settings.lr, Some(0.01));
    /// assert!(Settings::from_flags([("batch", "ten")]).unwrap_err().contains("'--batch <BATCH>'"));
    /// # Ok::<(), String>(())
    /// ```
    pub fn from_flags<'a>(flags: impl IntoIterator<Item = (&'a str, &'a str)>) -> Result<Settings, String> {
        let command = Settings::augment_args(Command::new("arm train").no_binary_name(true));
        let arguments = flags.into_iter().map(|(name, value)| format!("--{name}={value}"));
        let matches = command.try_get_matches_from(arguments).map_err(|e| sentence(&e))?;
        Settings::from_arg_matches(&matches).map_err(|e| sentence(&e))
    }
}

/// What is wrong, without what only helps at a command line.
fn sentence(error: &clap::Error) -> String {
    let text = error.to_string();
    let text = text.strip_prefix("error: ").unwrap_or(&text);
    let ends = ["\n\nUsage:", "\n\nFor more information"];
    let end = ends.iter().filter_map(|end| text.find(end)).min().unwrap_or(text.len());
    text[..end].trim_end().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_are_read_as_by_the_command() {
        let flags = [("network", "x-4-[2] / [2]-4-x"), ("signed-units", "true"), ("seed", "7")];
        let settings = Settings::from_flags(flags).unwrap();
        assert_eq!(settings.network, Some("x-4-[2] / [2]-4-x".parse().unwrap()));
        assert_eq!((settings.signed_units, settings.seed), (Some(true), Some(7)));
        assert_eq!(Settings::from_flags([]).unwrap(), Settings::default());
    }

    #[test]
    fn errors_are_the_sentences_of_the_command() {
        let message =
            |flags: &[(&'static str, &'static str)]| Settings::from_flags(flags.iter().copied()).unwrap_err();
        assert_eq!(message(&[("lr", "fast")]), "invalid value 'fast' for '--lr <LR>': invalid float literal");
        assert!(message(&[("estimator", "disram")]).contains("'disarm'"));
        assert!(message(&[("epochs", "3"), ("steps", "4")]).contains("cannot be used with"));
        assert!(message(&[("epochs", "-3")]).contains("'-3'"));
        for message in [message(&[("lr", "fast")]), message(&[("sede", "1")]), message(&[("batch", "")])] {
            assert!(!message.contains("--help") && !message.starts_with("error"), "{message}");
        }
    }
}
