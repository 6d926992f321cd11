//! Models and checkpoints.

#![no_main]

use arm_std::network::Model;
use arm_std::train::Checkpoint;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(model) = Model::from_bytes(bytes) {
        assert_eq!(model.params.len(), model.network.shape().params());
        assert!(model.params.iter().all(|p| p.is_finite()));
    }
    let _ = Checkpoint::from_bytes(bytes);
});
