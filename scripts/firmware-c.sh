#!/bin/sh
# The C library and the C program on it.
#
#   scripts/firmware-c.sh               all of the following
#   scripts/firmware-c.sh library       builds the library for a Cortex-M4F; prints its path
#   scripts/firmware-c.sh host          runs the program on this machine under AddressSanitizer and UBSan
#   scripts/firmware-c.sh qemu          runs it on a Cortex-M4F under QEMU
#   scripts/firmware-c.sh symbols       what the library defines and what the linked image contains
#   scripts/firmware-c.sh cmake         both runs again, built with CMake as examples/firmware-c/CMakeLists.txt says
#   scripts/firmware-c.sh zephyr        configures the Zephyr module against stand-ins for Zephyr's CMake functions
#
# The runs must print what the same run in Rust prints. Needs gcc, cmake, arm-none-eabi-gcc, newlib, qemu-system-arm, and a Rust
# for thumbv7em-none-eabihf: rustup's, or Debian's rustc-web, cargo-web and rust-web-src, which builds `core` itself.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
source=$root/examples/firmware-c
build=${CARGO_TARGET_DIR:-$root/target}/firmware-c
target=thumbv7em-none-eabihf
cpu="-mcpu=cortex-m4 -mthumb -mfloat-abi=hard -mfpu=fpv4-sp-d16"
warnings="-std=c99 -Wall -Wextra -Werror -Wshadow -Wconversion -pedantic"
mkdir -p "$build"

fail() {
    echo "firmware-c: $*" >&2
    exit 1
}

# Cargo's archive has compiler-builtins in it, whose memcpy is weak; but a linker takes the first archive's, weak or not.
# One object with all but sbn_* made local cannot replace anything of the firmware's.
library() {
    set -- rustc -q --manifest-path "$root/Cargo.toml" --target-dir "$build" --profile firmware -p arm-core-ffi --lib \
        --crate-type staticlib --target $target
    if rustup target list --installed 2>/dev/null | grep -qx $target; then
        cargo "$@" >&2
    else
        RUSTC=/usr/bin/rustc RUSTC_BOOTSTRAP=1 /usr/bin/cargo "$@" -Zbuild-std=core >&2
    fi
    from=$build/$target/firmware/libsbn.a
    roots=$(arm-none-eabi-nm -g --defined-only "$from" 2>/dev/null | awk '$3 ~ /^sbn_/ { print "-u", $3 }' | sort -u)
    arm-none-eabi-ld -r $roots "$from" -o "$build/sbn.o"
    arm-none-eabi-objcopy --wildcard --keep-global-symbol='sbn_*' --remove-section=.llvmbc --remove-section=.llvmcmd \
        "$build/sbn.o"
    rm -f "$build/libsbn.a"
    arm-none-eabi-ar rcs "$build/libsbn.a" "$build/sbn.o"
    echo "$build/libsbn.a"
}

expected() {
    # As the tests have built it.
    cargo build -q --profile test --manifest-path "$root/Cargo.toml" --workspace --example same_run
    "${CARGO_TARGET_DIR:-$root/target}/debug/examples/same_run" >"$build/expected"
}

same() {
    cat "$build/$1"
    diff -u "$build/expected" "$build/$1" || fail "$1 does not print what Rust prints"
    echo "firmware-c: $1 prints the same bits as Rust"
}

host() {
    cargo rustc -q --manifest-path "$root/Cargo.toml" --release -p arm-core-ffi --lib --crate-type staticlib --target-dir "$build"
    gcc $warnings -g -O1 -fsanitize=address,undefined -fno-sanitize-recover=all -I"$root/arm-core/ffi/include" \
        "$source"/src/main.c "$source"/src/refusals.c "$source"/src/board_host.c \
        "$build/release/libsbn.a" -o "$build/host-program"
    # The header in C++ too.
    g++ -std=c++17 -Wall -Wextra -Werror -fsyntax-only -x c++ "$root/arm-core/ffi/include/sbn.h"
    "$build/host-program" >"$build/host" || { cat "$build/host"; fail "the program failed on the host"; }
    same host
}

image() {
    archive=$(library)
    arm-none-eabi-gcc $cpu $warnings -O2 -ffreestanding -ffunction-sections -fdata-sections -nostartfiles \
        -I"$root/arm-core/ffi/include" "$source"/src/main.c "$source"/src/refusals.c "$source"/src/board_mps2.c \
        "$archive" -T "$source/mps2-an386.ld" -Wl,--gc-sections -Wl,-Map="$build/image.map" \
        -Wl,--no-warn-rwx-segments,-z,noexecstack -lc -lgcc -o "$build/image.elf"
}

qemu() {
    image
    qemu-system-arm -M mps2-an386 -semihosting -nographic -icount shift=0 -kernel "$build/image.elf" >"$build/qemu" 2>&1 ||
        { cat "$build/qemu"; fail "the program failed under QEMU"; }
    same qemu
}

symbols() {
    image
    nm=arm-none-eabi-nm
    foreign=$($nm -g --defined-only "$archive" | awk 'NF == 3 && $3 !~ /^sbn_/ { print $3 }')
    [ -z "$foreign" ] || fail "the library defines" $foreign
    needed=$($nm -u "$archive" | awk '$1 == "U" { print $2 }')
    [ -z "$needed" ] || fail "the library needs" $needed
    echo "the library defines sbn_* and nothing else, and needs nothing"
    $nm "$build/image.elf" | grep -q ' T memcpy$' || fail "there is no memcpy in the image"
    awk '/^Linker script/ { on = 1 } on && /^ \.text/ { file = $NF } on && /^ +0x[0-9a-f]+ +memcpy$/ { print last; exit } { last = $NF }' \
        "$build/image.map" | grep -q 'libc' || fail "memcpy in the image is not that of the C library"
    echo "memcpy in the image is newlib's"
    panics=$($nm "$build/image.elf" | grep -iE 'panic|unwrap_failed|bounds_check|rust_begin_unwind' || true)
    [ -z "$panics" ] || fail "a path that panics is linked: $panics"
    doubles=$($nm "$build/image.elf" | grep -E ' [Tt] __(aeabi_(d(add|sub|rsub|mul|div|cmp)|f2d|d2f|u?i2d|u?l2d|d2)|(add|sub|mul|div)df3)' || true)
    [ -z "$doubles" ] || fail "double arithmetic is linked: $doubles"
    echo "no panic and no double arithmetic in the image"
    arm-none-eabi-size "$build/image.elf"
}

# with_cmake NAME LIBRARY ARGS...: configures, builds and runs.
with_cmake() {
    name=$1 archive=$2
    shift 2
    cmake -S "$source" -B "$build/cmake-$name" -DSBN_LIBRARY="$archive" "$@" >"$build/cmake.log" 2>&1 &&
        cmake --build "$build/cmake-$name" >>"$build/cmake.log" 2>&1 ||
        { cat "$build/cmake.log"; fail "CMake does not build for $name"; }
    cmake --build "$build/cmake-$name" --target run >"$build/cmake-$name/output" 2>&1 ||
        { cat "$build/cmake-$name/output"; fail "the program built with CMake failed on $name"; }
    # What CMake says of its own progress starts with a percentage.
    grep -v '^\[' "$build/cmake-$name/output" | diff -u "$build/expected" - ||
        fail "the program built with CMake for $name does not print what Rust prints"
    echo "firmware-c: built with CMake, $name prints the same bits as Rust"
}

cmakes() {
    with_cmake host "$build/release/libsbn.a"
    with_cmake mps2-an386 "$(library)" -DCMAKE_TOOLCHAIN_FILE="$source/arm-none-eabi.cmake"
}

# Zephyr is not needed: its functions that the module calls are stood in for, and the library must reach them.
zephyr() {
    stand=$build/zephyr
    rm -rf "$stand"
    mkdir -p "$stand/lib"
    : >"$stand/lib/libsbn.a"
    cat >"$stand/CMakeLists.txt" <<'END'
cmake_minimum_required(VERSION 3.20)
project(stand_in NONE)
set(APPLICATION_SOURCE_DIR ${CMAKE_CURRENT_SOURCE_DIR})
function(zephyr_include_directories)
  find_file(header sbn.h PATHS ${ARGV} NO_DEFAULT_PATH REQUIRED)
  message(STATUS "header ${header}")
endfunction()
function(zephyr_library_import name path)
  message(STATUS "library ${name} ${path}")
endfunction()
set(CONFIG_SBN y)
add_subdirectory(${MODULE}/zephyr sbn)
END
    configure() { cmake -S "$stand" -B "$stand/build" -DMODULE="$root/arm-core/ffi" "-DCONFIG_SBN_LIBRARY=$1" 2>&1; }
    configure lib/libsbn.a | grep -qxF -e "-- library sbn $stand/lib/libsbn.a" ||
        fail "the Zephyr module does not import the library"
    # CMake breaks the lines of an error.
    configure none.a | tr -s ' \n' ' ' | grep -q "CONFIG_SBN_LIBRARY: there is no $stand/none.a" ||
        fail "the Zephyr module does not say that there is no library"
    echo "firmware-c: the Zephyr module imports the library and the header, or says that there is none"
}

case ${1:-all} in
    library) library ;;
    host) expected && host ;;
    qemu) expected && qemu ;;
    symbols) symbols ;;
    cmake) expected && host && cmakes ;;
    zephyr) zephyr ;;
    all) expected && host && qemu && symbols && cmakes && zephyr ;;
    *) sed -n '2,/^set/{/^set/d;s/^# \{0,1\}//;p}' "$0"; exit 2 ;;
esac
