#!/bin/sh
# Every set of cargo features compiles without a warning, on this machine and for a Cortex-M4F.
#
#   scripts/features.sh
#
# Needs cargo-hack (`cargo install cargo-hack`), and what scripts/bare-metal.sh needs for the Cortex-M4F.
set -eu
cd "$(dirname "$0")/.."
export RUSTFLAGS="-D warnings" CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-target}/features"
target=thumbv7em-none-eabihf

powerset() { cargo hack check --quiet --feature-powerset "$@"; }

powerset -p arm-vfp -p arm-core -p arm-core-ffi
# `mpi` needs a library; ci.sh checks it where there is one.
powerset -p arm-std --exclude-features mpi

# The same without an operating system, by rustup's toolchain or Debian's, as in scripts/bare-metal.sh.
if rustup target list --installed 2>/dev/null | grep -qx $target; then
    powerset -p arm-vfp -p arm-core -p arm-core-ffi --target $target
else
    export RUSTC=/usr/bin/rustc RUSTC_BOOTSTRAP=1 CARGO=/usr/bin/cargo
    powerset -p arm-vfp -p arm-core --target $target -Zbuild-std=core
fi
