#!/usr/bin/env bash
# Tests of unsafe code under the compiler's sanitizers, as a release is compiled: numbers wrap and nothing is asserted twice.
#
#   scripts/sanitize.sh            both
#   scripts/sanitize.sh address    kernels of every level, their fuzzer, memory, the thread pool and the C face: no byte beside a slice
#   scripts/sanitize.sh thread     the same but the fuzzer: no data race
#
# They need the nightly toolchain. For threads the standard library must be watched, too: built from the toolchain's component
# rust-src or, where there is none, from Debian's packages rustc-web, cargo-web and rust-web-src, with the nightly's runtime.
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

# threads_watched ARGUMENTS: the same for data races, whichever sources of the standard library there are.
threads_watched() {
    local lib
    lib=$(rustc +nightly --print sysroot)/lib/rustlib
    if [ -d "$lib/src/rust/library" ]; then
        sanitized thread -Zbuild-std "$@"
        return
    fi
    if [ ! -d /usr/lib/rustlib/src/rust/library ] || [ ! -x /usr/bin/cargo ]; then
        echo "sanitize: no sources of the standard library (rustup component add rust-src --toolchain nightly)"
        exit 1
    fi
    echo "== thread sanitizer, the standard library of /usr/bin/rustc: cargo test $*"
    local bin=$lib/$host/bin
    # The runtime whole, because it stands in for functions of C, and those once more behind it.
    local flags="-Zsanitizer=thread -Zexternal-clangrt"
    local link=(-fuse-ld=lld "-B$bin/gcc-ld" -Wl,--whole-archive "$lib/$host/lib/librustc-nightly_rt.tsan.a" -Wl,--no-whole-archive
        -Wl,--no-as-needed -lm -lpthread -ldl -lrt -lc)
    for argument in "${link[@]}"; do flags+=" -Clink-arg=$argument"; done
    RUSTC=/usr/bin/rustc RUSTC_BOOTSTRAP=1 RUSTFLAGS=$flags CARGO_TARGET_DIR=target/thread-sanitizer \
        /usr/bin/cargo test -Zbuild-std=std,panic_unwind,test --release --target "$host" "$@"
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
        threads_watched --package arm-simd --lib --test kernels
        threads_watched --package arm-core-ffi --lib
        ;;
esac
case $which in
    both | address | thread) ;;
    *) sed -n '2,/^set/{/^set/d;s/^# \{0,1\}//;p;}' "$0"; exit 2 ;;
esac
