#!/usr/bin/env bash
# Tests of unsafe code under the compiler's sanitizers, as a release is compiled: numbers wrap and nothing is asserted twice.
#
#   scripts/sanitize.sh            both
#   scripts/sanitize.sh address    kernels of every level, their fuzzer, memory, the thread pool and the C face: no byte beside a slice
#   scripts/sanitize.sh thread     the thread pool, and kernels on its threads: no data race
#
# They need the nightly toolchain; for threads also its component rust-src, because the standard library must be watched, too.
set -euo pipefail
cd "$(dirname "$0")/.."
which=${1:-both}

if ! rustc +nightly --version >/dev/null 2>&1; then
    echo "sanitize: no nightly toolchain (rustup toolchain install nightly)"
    exit 1
fi
host=$(rustc +nightly -vV | sed -n 's/^host: //p')
export CARGO_PROFILE_RELEASE_OPT_LEVEL=1 CARGO_PROFILE_RELEASE_DEBUG=line-tables-only

# sanitized NAME ARGUMENTS: `cargo test`, compiled for that sanitizer.
sanitized() {
    local name=$1
    shift
    echo "== $name sanitizer: cargo test $*"
    # Doctests would be linked without the sanitizer.
    RUSTFLAGS="-Zsanitizer=$name" CARGO_TARGET_DIR="target/$name-sanitizer" \
        cargo +nightly test --release --target "$host" "$@"
}

case $which in
    both | address)
        export ASAN_OPTIONS=detect_leaks=0
        sanitized address --package arm-simd --lib --test kernels --test fuzz
        sanitized address --package arm-core-ffi --lib
        ;;
esac
case $which in
    both | thread)
        sanitized thread -Zbuild-std --package arm-simd --lib pool::
        ;;
esac
case $which in
    both | address | thread) ;;
    *) sed -n '2,/^set/{/^set/d;s/^# \{0,1\}//;p;}' "$0"; exit 2 ;;
esac
