//! The golden values on this machine: `scripts/vectors.sh` runs it for every set of vector instructions.

#[allow(dead_code, missing_docs, unreachable_pub)]
#[path = "../../examples/firmware/src/proofs/golden.rs"]
mod golden;
#[allow(missing_docs, unreachable_pub)]
#[path = "../../examples/firmware/src/proofs/integer_shapes.rs"]
mod integer_shapes;
#[allow(missing_docs, unreachable_pub)]
#[path = "../../examples/firmware/src/proofs/shapes.rs"]
mod shapes;

fn main() {
    let mut room = Box::new(golden::Room::ZERO);
    let differs = |(name, compute, expected): &golden::Golden| {
        let found = compute(&mut room);
        (found != Ok(*expected)).then(|| format!("{name}: {found:x?}, not 0x{expected:x}"))
    };
    let wrong: Vec<String> = golden::ALL.iter().filter_map(differs).collect();
    println!("{} of {} golden values are the same", golden::ALL.len() - wrong.len(), golden::ALL.len());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
