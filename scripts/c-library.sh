#!/bin/sh
# The C library for microcontrollers.
#
#   scripts/c-library.sh CPU        builds libsbn.a for a processor of arm-core/ffi/cpus.txt; prints its path
#   scripts/c-library.sh gcc CPU    prints GCC's flags for it
#   scripts/c-library.sh cpus       prints their names
#
# Needs a Rust for the processor's target: rustup's, or Debian's rustc-web, cargo-web and rust-web-src, which builds `core`
# itself; and binutils: binutils-arm-none-eabi or binutils-riscv64-unknown-elf.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
table=$root/arm-core/ffi/cpus.txt
build=${CARGO_TARGET_DIR:-$root/target}/c-library

fail() {
    echo "c-library: $*" >&2
    exit 1
}

cpus() { awk '!/^#/ && NF { print $1 }' "$table"; }

# field CPU FIELDS
field() {
    awk -v cpu="$1" '$1 == cpu { found = 1; print '"$2"' } END { exit !found }' "$table" ||
        fail "no processor $1; one of:" $(cpus)
}

# object NAME WHICH: the functions of the library that awk's condition WHICH names, with all that they need.
object() {
    roots=$($nm -g --defined-only "$from" 2>/dev/null | awk '$3 ~ /^sbn_/ && '"$2"' { print "-u", $3 }' | sort -u)
    [ -n "$roots" ] || fail "$from defines nothing for $1"
    # shellcheck disable=SC2086
    $ld -r --gc-sections $roots "$from" -o "$out/$1.o"
    $objcopy "$out/$1.o"
}

# Cargo's archive has compiler-builtins in it, whose memcpy is weak; but a linker takes the first archive's, weak or not.
# Objects with all but sbn_* made local cannot replace anything of the firmware's. There are three, see arm-core/ffi/src/by_kind.rs.
library() {
    cpu=$1
    target=$(field "$cpu" '$2')
    flags=$(field "$cpu" '$3 == "-" ? "" : $3')
    out=$build/$cpu
    mkdir -p "$out"
    set -- rustc -q --manifest-path "$root/Cargo.toml" --target-dir "$out" --profile firmware -p arm-core-ffi --lib \
        --features split --crate-type staticlib --target "$target"
    if rustup target list --installed 2>/dev/null | grep -qx "$target"; then
        RUSTFLAGS="$flags" cargo "$@" >&2
    else
        [ -x /usr/bin/cargo ] || fail "rustup has no $target (rustup target add $target), and there is no Debian cargo-web"
        echo "c-library: rustup has no $target: /usr/bin/cargo builds core itself" >&2
        RUSTFLAGS="$flags" RUSTC=/usr/bin/rustc RUSTC_BOOTSTRAP=1 /usr/bin/cargo "$@" -Zbuild-std=core >&2
    fi
    case $target in
        thumb*) tools=arm-none-eabi ld=arm-none-eabi-ld ;;
        *) tools=riscv64-unknown-elf ld="riscv64-unknown-elf-ld -m elf32lriscv" ;;
    esac
    nm=$tools-nm
    from=$out/$target/firmware/libsbn.a
    objcopy="$tools-objcopy --wildcard --keep-global-symbol=sbn_* --remove-section=.llvmbc --remove-section=.llvmcmd"
    rm -f "$out/libsbn.a"
    object sbn '$3 !~ /^sbn_(f32_|i16_|floats$|integers$)/'
    object sbn_f32 '$3 ~ /^sbn_(f32_|floats$)/'
    object sbn_i16 '$3 ~ /^sbn_(i16_|integers$)/'
    # Whoever calls by kind has no need of either: a program brings those that it names.
    $nm -u "$out/sbn.o" | awk '$2 ~ /^sbn_weak_/ { print $2, "sbn_" substr($2, 10) }' >"$out/names"
    [ -s "$out/names" ] || fail "no call by kind"
    $tools-objcopy --redefine-syms="$out/names" "$out/sbn.o"
    $tools-objcopy --wildcard --weaken-symbol='sbn_f32_*' --weaken-symbol='sbn_i16_*' "$out/sbn.o"
    for kind in f32 i16; do $tools-objcopy --wildcard --strip-symbol='sbn_weak_*' "$out/sbn_$kind.o"; done
    "$tools-ar" rcs "$out/libsbn.a" "$out/sbn.o" "$out/sbn_f32.o" "$out/sbn_i16.o"
    foreign=$($nm -g --defined-only "$out/libsbn.a" | awk 'NF == 3 && $3 !~ /^sbn_/ { print $3 }')
    [ -z "$foreign" ] || fail "the library defines" $foreign
    needed=$($nm -u "$out/libsbn.a" | awk '$1 == "U" { print $2 }')
    [ -z "$needed" ] || fail "the library needs" $needed
    echo "$out/libsbn.a"
}

case ${1:-} in
    cpus) cpus ;;
    gcc) field "$2" 'substr($0, match($0, /-m(cpu|arch)/))' ;;
    "" | -*) sed -n '2,/^set/{/^set/d;s/^# \{0,1\}//;p;}' "$0"; exit 2 ;;
    *) library "$1" ;;
esac
