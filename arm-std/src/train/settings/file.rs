//! Settings in a TOML file.

use super::Settings;
use clap::Args;
use std::fs;
use std::path::Path;
use toml::de::DeTable;

/// The keys of a configuration file, which are named like the flags.
pub(in crate::train) fn keys() -> Vec<String> {
    let command = Settings::augment_args(clap::Command::new(""));
    command.get_arguments().filter_map(|flag| flag.get_long().map(String::from)).collect()
}

/// What to do about an unknown key: a known one is named only if it is near.
fn hint(key: &str) -> String {
    let distance = |known: &String| strsim::damerau_levenshtein(key, known);
    match keys().into_iter().map(|known| (distance(&known), known)).min() {
        // A third of the letters, and always one.
        Some((apart, known)) if apart <= (key.chars().count() / 3).max(1) => {
            format!("did you mean `{known}`?")
        }
        _ => "keys are named like the flags that `arm train --help` lists".into(),
    }
}

impl Settings {
    /// Reads a TOML file. Errors name the file, the line, and for an unknown key the nearest known one.
    pub fn read(path: &Path) -> Result<Settings, String> {
        let text =
            fs::read_to_string(path).map_err(|e| format!("{}: cannot be read: {e}", path.display()))?;
        Settings::from_toml(&text).map_err(|e| format!("{}: {e}", path.display()))
    }

    /// The settings in the text of a TOML file. Errors: as [`read`](Self::read), without the name of a file.
    pub fn from_toml(text: &str) -> Result<Settings, String> {
        let table = DeTable::parse(text).map_err(|e| e.to_string())?;
        let keys = keys();
        if let Some(key) =
            table.get_ref().keys().map(|key| key.get_ref()).find(|key| !keys.iter().any(|k| k == *key))
        {
            return Err(format!("there is no key `{key}`; {}", hint(key)));
        }
        let settings: Settings = toml::from_str(text).map_err(|e| e.to_string())?;
        if settings.epochs.is_some() && settings.steps.is_some() {
            return Err("give `epochs` or `steps`, not both".into());
        }
        if settings.network.is_some() && settings.fit_ram.is_some() {
            return Err("give `network` or `fit-ram`, not both".into());
        }
        Ok(settings)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Settings, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("c.toml");
        fs::write(&path, text).unwrap();
        Settings::read(&path)
    }

    #[test]
    fn only_a_key_that_is_near_is_suggested() {
        for (key, near) in
            [("sede", Some("seed")), ("bacth", Some("batch")), ("signed_units", Some("signed-units"))]
        {
            let message = read(&format!("{key} = 1")).unwrap_err();
            assert!(
                near.is_some_and(|near| message.contains(&format!("did you mean `{near}`?"))),
                "{message}"
            );
        }
        for key in ["foo", "hidden-size", "momentum", "x"] {
            let message = read(&format!("{key} = 1")).unwrap_err();
            assert!(message.contains(&format!("`{key}`")) && !message.contains("did you mean"), "{message}");
            assert!(message.contains("arm train --help"), "{message}");
        }
    }

    #[test]
    fn errors_name_the_key() {
        for (text, words) in [
            ("bacth = 3", ["bacth", "did you mean `batch`"]),
            ("batch = -3", ["c.toml", "batch"]),
            ("lr = 'fast'", ["c.toml", "lr"]),
            ("preset = 'cubic'", ["cubic", "nonlinear"]),
            ("epochs = 3\nsteps = 4", ["epochs", "steps"]),
            ("batch = ", ["c.toml", "line 1"]),
            ("network = 'x-[8] / [9]-x'", ["line 1", "x-[8] / [9]-x\n          ^^^"]),
            ("network = 'x-[8]-y'\nfit-ram = '8K'", ["network", "fit-ram"]),
            ("fit-ram = '8G'", ["line 1", "32K"]),
        ] {
            let message = read(text).unwrap_err();
            assert!(words.iter().all(|w| message.contains(w)), "{message}");
        }
        for (text, word) in [
            ("slope = 1.5", "--slope"),
            ("slope = nan", "--slope"),
            ("slope = 0.2\nnetwork = 'x-[8] / [8]-x'", "no hidden layer"),
            ("prior = 'learned'\nnetwork = 'x-[8]-y'", "no prior"),
            ("estimator = 'rebar'\nnetwork = 'x-[8]-[4]-y'", "x-[8]-[4]-y"),
            ("batch = 0", "--batch"),
            ("samples = 3", "--samples"),
            ("baseline = 'moving'", "--baseline"),
            ("lr = nan", "--lr"),
            ("encoder-beta2 = 1.0", "--encoder-beta2"),
            ("preset = 'two-layer'\nprior-lr = -1.0", "--prior-lr"),
            ("preset = 'linear'\nprior-lr = 0.01", "fixed"),
            ("samples = 1", "--samples"),
            ("epochs = 0", "--epochs"),
        ] {
            let message = read(text).unwrap().resolve().unwrap_err();
            assert!(message.contains(word), "{message}");
        }
    }
}
