#!/bin/sh
# Builds the page: learner.wasm, golden.wasm for golden.mjs, and index.html with the module in it, which a browser opens without a server.
#
#   examples/web/build.sh [FOLDER]    examples/web/target/page unless said otherwise
#
# With simd128, or what RUSTFLAGS says. The toolchain is rustup's where it has the target, otherwise Debian's packages
# rustc-web, cargo-web, rust-web-src and lld.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
out=${1:-$here/target/page}
export RUSTFLAGS="${RUSTFLAGS:--C target-feature=+simd128}" CARGO_TARGET_DIR="$here/target"
target=wasm32-unknown-unknown
cd "$here"
# build ARGUMENTS...
build() {
    if command -v rustup >/dev/null && rustup target list --installed 2>/dev/null | grep -qx $target; then
        cargo build --release --locked --target $target "$@"
        return
    fi
    linker=$(command -v rust-lld || command -v wasm-ld)
    export CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER=$linker
    RUSTC=/usr/bin/rustc RUSTC_BOOTSTRAP=1 /usr/bin/cargo build -Zbuild-std=core,compiler_builtins \
        -Zbuild-std-features=compiler-builtins-mem --release --locked --target $target "$@"
}
mkdir -p "$out"
build --features golden
cp "target/$target/release/learner_page.wasm" "$out/golden.wasm"
build
cp "target/$target/release/learner_page.wasm" "$out/learner.wasm"
module=$(base64 "$out/learner.wasm" | tr -d '\n')
{
    sed '/@MODULE@/,$d' index.html
    printf 'const MODULE = "%s";\n' "$module"
    sed '1,/@MODULE@/d' index.html
} >"$out/index.html"
size=$(wc -c <"$out/learner.wasm")
echo "$out/index.html, the module has $size bytes"
[ "$size" -lt 153600 ] || { echo "the module is larger than 150 KB" >&2; exit 1; }
