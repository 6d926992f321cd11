//! Networks as they are written.

#![no_main]

use arm_std::network::{Network, Notation};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let Ok(notation) = text.parse::<Notation>() else { return };
    assert_eq!(notation.to_string().parse(), Ok(notation.clone()));
    for columns in [0, 1, 64, 16_384, usize::MAX] {
        if let Ok(network) = notation.network(columns) {
            assert_eq!(network.notation().parse::<Network>(), Ok(network));
        }
    }
});
