//! Settings files.

#![no_main]

use arm_std::train::Settings;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Ok(settings) = Settings::from_toml(text) {
        let _ = settings.resolve();
    }
});
