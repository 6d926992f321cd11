#!/bin/sh
# What is published can be packed: every published crate, with its readme and licences, and what its packed form still
# compiles to. With cargo-semver-checks, also whether the version says what changed since the last one that was published.
#
#   scripts/package.sh [--allow-dirty]
set -eu
cd "$(dirname "$0")/.."
crates="arm-vfp arm-core arm-data arm-network arm-simd arm-desktop arm-std arm-core-ffi"

packages=
for crate in $crates; do packages="$packages -p $crate"; done
# Together, since each needs those before it, which no registry has yet.
# shellcheck disable=SC2086
cargo package $packages --locked "$@"

for crate in $crates; do
    archive=$(ls -t target/package/"$crate"-[0-9]*.crate | head -n 1)
    files=$(tar -tzf "$archive")
    for name in README.md LICENSE-MIT LICENSE-APACHE Cargo.toml; do
        echo "$files" | grep -q "^[^/]*/$name\$" || { echo "package: $crate has no $name" >&2; exit 1; }
    done
    echo "$crate: $(echo "$files" | wc -l) files, $(wc -c <"$archive") bytes"
done

if command -v cargo-semver-checks >/dev/null; then
    for crate in $crates; do
        # What was never published has nothing to be compared with.
        if cargo search --limit 1 "$crate" | grep -q "^$crate = "; then cargo semver-checks -p "$crate"; fi
    done
fi
