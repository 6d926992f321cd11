//! The golden values of arm-core, on the host. `scripts/bare-metal.sh selftest` computes the same under emulation.

#[path = "../../examples/firmware/src/proofs/integer_shapes.rs"]
mod integer_shapes;
#[path = "../../examples/firmware/src/proofs/shapes.rs"]
mod shapes;
#[path = "../../examples/firmware/src/proofs/golden.rs"]
mod values;

// What both know it as.
use values as golden;

#[test]
fn golden_values() {
    let mut room = values::Room::ZERO;
    let mut wrong = Vec::new();
    for (name, compute, expected) in values::ALL {
        let value = compute(&mut room).unwrap_or_else(|e| panic!("{name}: {e}"));
        if value != expected {
            wrong.push(format!("{name}: 0x{value:016x}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
