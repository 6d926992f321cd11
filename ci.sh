#!/usr/bin/env bash
# Every check of the project, the one door.
#
#   ./ci.sh         format, lints, docs, tests, bare metal, firmware under emulation
#   ./ci.sh fast    stops after the tests: needs nothing but Rust
#   ./ci.sh full    also what takes long: a CPU without AVX, sanitizers, functions over all f32, ten million steps
set -euo pipefail
cd "$(dirname "$0")"
export RUSTDOCFLAGS="-D warnings"

# What is left out for want of something is told at the end, and fails where CI is set and MAY_SKIP does not name it.
SKIPPED=$(mktemp)
export SKIPPED
summary() {
    if [ -s "$SKIPPED" ]; then
        printf '\n=== %s left out, for want of something that is not on this machine:\n' "$(sort -u "$SKIPPED" | wc -l)"
        sort -u "$SKIPPED"
    fi
    rm -f "$SKIPPED"
    [ -z "${chips:-}" ] || { kill -- "-$chips" 2>/dev/null || true; rm -f "$log"; }
}
trap summary EXIT

step() { printf '\n=== %s\n' "$*"; "$@"; }

# without NAME WHAT: WHAT is not checked, because NAME is missing.
without() {
    echo "skipped: $2: no $1 on this machine" | tee -a "$SKIPPED"
    case ${CI:-} in '' | 0 | false) return ;; esac
    case ,${MAY_SKIP:-}, in *,$1,*) ;; *) echo "CI is set: provide $1, or say MAY_SKIP=$1" >&2; exit 1 ;; esac
}

step cargo fmt --all --check
for own in examples/firmware examples/web fuzz; do step cargo fmt --manifest-path $own/Cargo.toml --all --check; done

# What is compiled for chips and runs under emulation.
chips() {
    step scripts/bare-metal.sh core
    step scripts/bare-metal.sh selftest
    step scripts/bare-metal.sh programs
    # Slow to run without a floating-point unit, but it must link.
    step scripts/bare-metal.sh build microbit anomaly
    if command -v npm >/dev/null; then step scripts/bare-metal.sh pico; else without npm "a Raspberry Pi Pico"; fi
    step scripts/numbers.sh check
    step scripts/small.sh check
    # Processors with and without atomic exchange, of both families.
    export CPUS="cortex-m0 cortex-m4f rv32imac"
    if ! command -v riscv64-unknown-elf-gcc >/dev/null; then
        without riscv64-unknown-elf-gcc "C on RISC-V"
        CPUS="cortex-m0 cortex-m4f"
    fi
    step scripts/firmware-c.sh
    step scripts/packages.sh all
    step scripts/export.sh
}

# Beside the host's own steps, since emulators and linkers take one core: what they print comes when they have ended.
if [ "${1:-}" != fast ]; then
    log=$(mktemp)
    set -m
    chips >"$log" 2>&1 </dev/null &
    chips=$!
    set +m
fi

step cargo clippy --workspace --all-targets -- -D warnings
step cargo doc --workspace --no-deps
step cargo test --workspace
# The kernels once more, with the checks that a release is without.
step cargo test -p arm-simd --config profile.test.package.arm-simd.debug-assertions=true \
    --config profile.test.package.arm-simd.overflow-checks=true
step cargo clippy -p arm-core --no-default-features --all-targets -- -D warnings
step cargo test -p arm-core --no-default-features --lib
[ "${1:-}" = fast ] && exit 0

if command -v c++ >/dev/null; then step scripts/fuzz.sh 6; else without c++ fuzzing; fi

# Several processes, where an MPI library is installed.
if command -v mpicc >/dev/null && command -v mpirun >/dev/null; then
    step cargo clippy -p arm-desktop -p arm-std --features mpi --all-targets -- -D warnings
    # What is compiled for this alone is not optimised: processes that talk are tested, not what they compute.
    step cargo test -p arm-std --features mpi --test main \
        --config profile.test.package.arm-core.opt-level=1 --config profile.test.package.arm-desktop.opt-level=0 \
        --config profile.test.package.arm-simd.opt-level=0 --config profile.test.package.arm-vfp.opt-level=1 mpi::
else
    without mpi "training with several processes"
fi

# The stated minimum, where it is another than the default toolchain and rustup has it.
msrv=$(sed -n 's/^rust-version = "\(.*\)"/\1/p' Cargo.toml)
if rustc --version | grep -q "^rustc $msrv\."; then
    echo "this is Rust $msrv, the stated minimum"
elif command -v rustup >/dev/null && rustup toolchain list | grep -q "^$msrv"; then
    toolchain=$(rustup toolchain list | sed -n "s/^\($msrv[^ ]*\).*/\1/p" | head -n 1)
    step cargo "+$toolchain" check --workspace
fi

if python3 -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 10))' 2>/dev/null; then step scripts/python.sh
else without python3-venv "the Python package"; fi
failed=0
wait "$chips" || failed=$?
cat "$log"
[ $failed = 0 ] || { echo "ci: a step for chips failed, see above" >&2; exit $failed; }
[ "${1:-}" = full ] || exit 0

step scripts/portable-x86.sh
step scripts/vectors.sh
step examples/web/test.sh
step cargo test --release -p arm-core --lib -- --ignored exhaustive
CPUS= step scripts/firmware-c.sh interrupts all
CPUS= step scripts/firmware-c.sh integers all
CPUS= step scripts/packages.sh full
step scripts/python.sh full
step scripts/bare-metal.sh programs microbit mps2-an385 mps2-an386 mps2-an500 mps2-an505 mps3-an547 riscv-virt
step cargo test --release -p arm-tests --test main -- --ignored endurance
for tool in hack deny; do
    if ! command -v cargo-$tool >/dev/null; then without cargo-$tool "cargo $tool"
    elif [ $tool = hack ]; then step scripts/features.sh
    else step cargo deny check
    fi
done
step scripts/mutants.sh
step scripts/package.sh
if rustc +nightly --version >/dev/null 2>&1; then step scripts/sanitize.sh; else without nightly sanitizers; fi
