#!/bin/sh
# Shows that the kernels of arm-core give the same bits with every set of vector instructions.
#
#   scripts/vectors.sh            all of them
#   scripts/vectors.sh x86        SSE2, AVX2 and AVX-512 (where this processor has them)
#   scripts/vectors.sh aarch64    NEON, cross-compiled, on an emulated AArch64
#   scripts/vectors.sh wasm       WebAssembly, in node
#
# Each computes the golden values that boards compute too, in floats and in integers, and runs all kernels on random shapes: on
# x86-64 and AArch64 also as unit tests, against the kernels without vectors. For AArch64 it needs qemu-user, gcc-aarch64-linux-gnu and
# libc6-dev-arm64-cross, for wasm nodejs and lld, for both rustc-web, cargo-web and rust-web-src.
set -eu
cd "$(dirname "$0")/.."
target_dir=${CARGO_TARGET_DIR:-$PWD/target}

x86() {
    for level in x86-64 x86-64-v3 x86-64-v4; do
        case $level in
            x86-64-v3) needed="avx2 fma" ;;
            x86-64-v4) needed="avx512f avx512bw avx512dq avx512vl" ;;
            *) needed= ;;
        esac
        for flag in $needed; do
            grep -qw "$flag" /proc/cpuinfo || { echo "== $level: this processor has no $flag"; continue 2; }
        done
        echo "== $level"
        RUSTFLAGS="-C target-cpu=$level" cargo test --target-dir "$target_dir/$level" -p arm-core -p arm-vfp --lib -- simd vectors
        RUSTFLAGS="-C target-cpu=$level" cargo run --profile test --target-dir "$target_dir/$level" -p arm-core --example golden
    done
}

aarch64() {
    triple=aarch64-unknown-linux-gnu
    echo "== $triple"
    export CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER=aarch64-linux-gnu-gcc
    export CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_RUNNER="qemu-aarch64 -L /usr/aarch64-linux-gnu"
    cross() {
        command=$1
        shift
        RUSTC=/usr/bin/rustc RUSTC_BOOTSTRAP=1 /usr/bin/cargo "$command" -Zbuild-std=std,panic_unwind,test --release \
            --target $triple --target-dir "$target_dir/cross" "$@"
    }
    cross test -p arm-core -p arm-vfp --lib -- simd vectors
    cross run -p arm-core --example golden
}

wasm() {
    echo "== wasm32"
    examples/web/build.sh "$target_dir/wasm"
    node examples/web/golden.mjs "$target_dir/wasm/golden.wasm"
}

case ${1:-all} in
    # Not joined by `&&`: what fails within one would be ignored.
    all) x86; aarch64; wasm ;;
    x86 | aarch64 | wasm) "$1" ;;
    *) sed -n '2,/^set/{/^set/d;s/^# \{0,1\}//;p;}' "$0"; exit 2 ;;
esac
