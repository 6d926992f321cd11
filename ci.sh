#!/usr/bin/env bash
# Every check of the project: format, lints, docs, tests, bare metal. `./ci.sh fast` stops after the tests.
set -euo pipefail
cd "$(dirname "$0")"
export CARGO_TERM_COLOR=${CARGO_TERM_COLOR:-always} RUSTDOCFLAGS="-D warnings"

step() { printf '\n=== %s\n' "$*"; "$@"; }

step cargo fmt --all --check
step cargo clippy --workspace --all-targets -- -D warnings
step cargo doc --workspace --no-deps
step cargo test --workspace
step cargo build --release -p arm-core --no-default-features
[ "${1:-}" = fast ] && exit 0
step cargo test -p arm-core --lib -- --ignored exhaustive
step scripts/bare-metal.sh core
