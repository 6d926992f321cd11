#!/bin/sh
# Shows that an ordinary release build runs where the CPU has no wide vectors.
#
#   scripts/portable-x86.sh            x86-64 without AVX: an emulated Nehalem
#   scripts/portable-x86.sh aarch64    cross-compiled, on an emulated AArch64
#
# Each runs the unit tests of the kernels and of the training step, and trains a model for a few steps. It needs
# Debian's qemu-user, and for AArch64 also rustc-web, cargo-web, rust-web-src (which build `std`), gcc-aarch64-linux-gnu
# and libc6-dev-arm64-cross.
set -eu
cd "$(dirname "$0")/.."
target_dir=${CARGO_TARGET_DIR:-target}
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
# It is what these machines lack.
export MAY_SKIP=${MAY_SKIP:-},avx512
tests="driver::tests::a_refused_step_changes_nothing driver::tests::the_bound_improves"
train="train --data strokes --preset nonlinear --steps 20 --batch 20 --nll-samples 10 --nll-images 20"

# both COMMAND..: the tests of the driver, neither of which may be missing.
both() {
    # Names are meant to be split.
    # shellcheck disable=SC2086
    "$@" --package arm-desktop --lib -- --exact $tests | tee "$out/driver"
    grep -q "^test result: ok. 2 passed" "$out/driver"
}

# trained EMULATOR BINARY: a short run.
trained() {
    echo "== a short training run"
    # Words of the emulator and of the options are meant to be split.
    # shellcheck disable=SC2086
    $1 "$2" $train --out "$out/run"
}

case ${1:-x86} in
    x86)
        emulator="qemu-x86_64 -cpu Nehalem"
        echo "== unit tests on an emulated Nehalem"
        # The profile of the tests is as optimised, and already built where all tests have run.
        export CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_RUNNER="$emulator"
        cargo test --package arm-simd --lib --test kernels
        both cargo test
        cargo build --release --package arm-std --bin arm
        trained "$emulator" "$target_dir/release/arm"
        ;;
    aarch64)
        triple=aarch64-unknown-linux-gnu
        emulator="qemu-aarch64 -L /usr/aarch64-linux-gnu"
        export RUSTC=/usr/bin/rustc RUSTC_BOOTSTRAP=1
        export CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER=aarch64-linux-gnu-gcc
        export CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_RUNNER=$emulator
        cross() {
            command=$1
            shift
            CARGO_TARGET_DIR=$target_dir/cross /usr/bin/cargo "$command" -Zbuild-std=std,panic_unwind,test \
                --release --target $triple "$@"
        }
        echo "== unit tests on an emulated AArch64"
        cross test --package arm-simd --lib --test kernels
        both cross test
        cross build --package arm-std --bin arm
        trained "$emulator" "$target_dir/cross/$triple/release/arm"
        ;;
    *) sed -n '2,/^set/{/^set/d;s/^# \{0,1\}//;p;}' "$0"; exit 2 ;;
esac
