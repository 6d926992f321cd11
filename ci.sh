#!/usr/bin/env bash
# Every check of the project, the one door.
#
#   ./ci.sh         format, lints, docs, tests, bare metal, firmware under emulation
#   ./ci.sh fast    stops after the tests: needs nothing but Rust
#   ./ci.sh full    also what takes long: a CPU without AVX, functions over all f32, ten million steps
set -euo pipefail
cd "$(dirname "$0")"
export RUSTDOCFLAGS="-D warnings"

step() { printf '\n=== %s\n' "$*"; "$@"; }

step cargo fmt --all --check
for own in examples/firmware examples/web fuzz; do step cargo fmt --manifest-path $own/Cargo.toml --all --check; done
step cargo clippy --workspace --all-targets -- -D warnings
step cargo doc --workspace --no-deps
step cargo test --workspace
step cargo clippy -p arm-core --no-default-features --all-targets -- -D warnings
step cargo test -p arm-core --no-default-features --lib
[ "${1:-}" = fast ] && exit 0

step scripts/fuzz.sh 6

# Several processes, where an MPI library is installed.
if command -v mpicc >/dev/null && command -v mpirun >/dev/null; then
    step cargo clippy -p arm-std --features mpi --all-targets -- -D warnings
    step cargo test -p arm-std --features mpi --test mpi
else
    echo "no mpicc or mpirun: training with several processes is not tested"
fi

# The stated minimum, where it is another than the default toolchain and rustup has it.
msrv=$(sed -n 's/^rust-version = "\(.*\)"/\1/p' Cargo.toml)
if rustc --version | grep -q "^rustc $msrv\."; then
    echo "this is Rust $msrv, the stated minimum"
elif command -v rustup >/dev/null && rustup toolchain list | grep -q "^$msrv"; then
    toolchain=$(rustup toolchain list | sed -n "s/^\($msrv[^ ]*\).*/\1/p" | head -n 1)
    step cargo "+$toolchain" check --workspace
fi

step scripts/bare-metal.sh core
step scripts/bare-metal.sh selftest
step scripts/bare-metal.sh programs
# Slow to run without a floating-point unit, but it must link.
step scripts/bare-metal.sh build microbit anomaly
step scripts/numbers.sh check
step scripts/small.sh check
step scripts/firmware-c.sh
step scripts/export.sh
[ "${1:-}" = full ] || exit 0

step scripts/portable-x86.sh
step scripts/vectors.sh
step examples/web/test.sh
step cargo test --release -p arm-core --lib -- --ignored exhaustive
step scripts/bare-metal.sh programs microbit mps2-an385 mps2-an386 mps2-an500 mps2-an505 mps3-an547 riscv-virt
step cargo test --release -p arm-tests --test endurance -- --ignored
