#!/usr/bin/env bash
# Fuzzes everything that reads bytes from outside, some seconds a target, from the seeds in fuzz/corpus.
#
#   scripts/fuzz.sh [SECONDS] [TARGET...]
#
# The same targets run for longer with `cargo +nightly fuzz run TARGET`, which adds the address sanitizer. This script
# needs neither nightly nor cargo-fuzz: coverage is a stable option of rustc, and libfuzzer-sys brings the fuzzer, for
# which a C++ compiler is needed.
set -euo pipefail
cd "$(dirname "$0")/.."
seconds=${1:-10}
shift || true
targets=("$@")
[ ${#targets[@]} -gt 0 ] || targets=(table packaged model settings notation codec)

if ! command -v c++ >/dev/null; then
    echo "fuzz: no C++ compiler (c++), so nothing is fuzzed" >&2
    exit 1
fi
host=$(rustc -vV | sed -n 's/^host: //p')
export RUSTFLAGS="-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares -Ccodegen-units=1 --cfg fuzzing"
cargo build -q --release --manifest-path fuzz/Cargo.toml --target "$host" --target-dir fuzz/target/coverage

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
for target in "${targets[@]}"; do
    mkdir "$work/$target"
    log=$work/$target.log
    # New inputs go to the temporary folder; an input that fails is kept in fuzz/artifacts.
    mkdir -p "fuzz/artifacts/$target"
    if ! "fuzz/target/coverage/$host/release/$target" "$work/$target" "fuzz/corpus/$target" -seed=1 \
        -max_total_time="$seconds" -timeout=10 -rss_limit_mb=1024 -malloc_limit_mb=512 -max_len=65536 \
        -artifact_prefix="fuzz/artifacts/$target/" >"$log" 2>&1; then
        tail -n 40 "$log"
        echo "fuzz: $target failed; the input is in fuzz/artifacts/$target"
        exit 1
    fi
    echo "fuzz: $target: $(grep -E '^Done' "$log")"
done
