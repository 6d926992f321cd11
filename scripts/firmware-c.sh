#!/bin/sh
# The C library and the C programs on it.
#
#   scripts/firmware-c.sh               all of the following
#   scripts/firmware-c.sh library       builds the library for a Cortex-M4F (others: scripts/c-library.sh); prints its path
#   scripts/firmware-c.sh host          runs the program on this machine under AddressSanitizer and UBSan
#   scripts/firmware-c.sh warnings      the header and the programs in C99 and C++11 with every warning as an error
#   scripts/firmware-c.sh qemu          runs it on a Cortex-M4F under QEMU
#   scripts/firmware-c.sh integers [CPU...]     networks in integers, on this machine too (all: on each processor)
#   scripts/firmware-c.sh interrupts [CPU...]   interrupts every call, at one instruction after another, on these processors of
#                                       scripts/c-library.sh (all: on each, and in integers); STRIDE=n: at every n-th of a long call
#   scripts/firmware-c.sh costs [CPU...]        prints what calls cost on these; in integers where there is no floating-point unit
#   scripts/firmware-c.sh examples      an anomaly detector, and a black-box tuner in C++, on emulated boards
#   scripts/firmware-c.sh symbols       what the linked image contains
#   scripts/firmware-c.sh cmake         both runs again, built with CMake as examples/firmware-c/CMakeLists.txt says (with all others
#                                       that for the Cortex-M4F is only built)
#   scripts/firmware-c.sh zephyr        configures the Zephyr module against stand-ins for Zephyr's CMake functions
#
# The runs must print what the same run in Rust prints. Needs gcc, g++, cmake, gcc-arm-none-eabi, libnewlib-arm-none-eabi,
# qemu-system-arm, for RISC-V gcc-riscv64-unknown-elf, picolibc-riscv64-unknown-elf and qemu-system-misc, and what
# scripts/c-library.sh needs (names are Debian's packages).
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
source=$root/examples/firmware-c
build=${CARGO_TARGET_DIR:-$root/target}/firmware-c
include=$root/arm-core/ffi/include
warnings="-Wall -Wextra -Wpedantic -Wshadow -Wconversion -Werror"
mkdir -p "$build"

fail() {
    echo "firmware-c: $*" >&2
    exit 1
}

library() { "$root/scripts/c-library.sh" "${1:-cortex-m4f}"; }

expected() {
    # As the tests have built it.
    cargo build -q --profile test --manifest-path "$root/Cargo.toml" --workspace --example same_run
    "${CARGO_TARGET_DIR:-$root/target}/debug/examples/same_run" >"$build/expected"
    "${CARGO_TARGET_DIR:-$root/target}/debug/examples/same_run" integers >"$build/expected-integers"
}

same() {
    cat "$build/$1"
    diff -u "$build/expected${2:-}" "$build/$1" || fail "$1 does not print what Rust prints"
    echo "firmware-c: $1 prints the same bits as Rust"
}

host() {
    cargo rustc -q --manifest-path "$root/Cargo.toml" --release -p arm-core-ffi --lib --crate-type staticlib --target-dir "$build"
    gcc -std=c99 $warnings -g -O1 -fsanitize=address,undefined -fno-sanitize-recover=all -I"$include" \
        "$source"/src/main.c "$source"/src/refusals.c "$source"/src/power.c "$source"/src/stream.c "$source"/src/board/host.c \
        "$build/release/libsbn.a" -lm -o "$build/host-program"
    "$build/host-program" >"$build/host" || { cat "$build/host"; fail "the program failed on the host"; }
    same host
    gcc -std=c99 $warnings -g -O1 -fsanitize=address,undefined -fno-sanitize-recover=all -I"$include" \
        "$source/src/integers.c" "$source/src/board/host.c" "$build/release/libsbn.a" -lm -o "$build/host-integers"
    "$build/host-integers" >"$build/integers-host" || { cat "$build/integers-host"; fail "integers failed on the host"; }
    same integers-host -integers
}

# The macros are only looked at where they are used: a program that uses them is compiled as C++ too.
warnings() {
    gcc -std=c99 $warnings -fsyntax-only -I"$include" "$source/src/uses_header.c"
    g++ -x c++ -std=c++11 $warnings -Wold-style-cast -fsyntax-only -I"$include" "$source/src/uses_header.c"
    g++ -std=c++11 $warnings -Wold-style-cast -fsyntax-only -I"$include" "$source/src/tuner.cpp"
    # The first program that a reader sees.
    { printf '#include "sbn.h"\nint first(void);\nint first(void)\n{\n'
      awk '/^```c$/ { on = 1; next } on && /^```$/ { exit } on' "$root/docs/firmware.md"
      printf 'return status < 0 || neg_elbo > 1e9f || nats > 1e9f;\n}\n'; } >"$build/first.c"
    gcc -std=c99 $warnings -fsyntax-only -I"$include" "$build/first.c"
    echo "firmware-c: the header is clean in C99 and C++11"
}

# board_of CPU: the one that is emulated for it.
board_of() {
    case $1 in
        cortex-m0) echo microbit ;;
        cortex-m3) echo mps2-an385 ;;
        cortex-m4f) echo mps2-an386 ;;
        cortex-m33f) echo mps2-an505 ;;
        cortex-m55) echo mps3-an547 ;;
        rv32imac | rv32imc) echo riscv-virt ;;
        *) fail "no board for the processor $1" ;;
    esac
}

# quarters BOARD: nanoseconds of a tick of its clock, times four.
quarters() {
    awk -v board="$1" '$1 == board { found = 1; print 4000000000 / $3 } END { exit !found }' \
        "$root/examples/firmware/boards.txt" || fail "unknown board $1"
}

# image CPU NAME SOURCES...: prints the path.
image() {
    cpu=$1 name=$2
    shift 2
    board=$(board_of "$cpu")
    archive=$(library "$cpu")
    compiler=arm-none-eabi-gcc files=$source/src/board/cortex_m.c
    case $cpu in rv32*) compiler="riscv64-unknown-elf-gcc --specs=picolibc.specs" files=$source/src/board/riscv.c ;; esac
    for file do files="$files $source/src/$file.c"; done
    # shellcheck disable=SC2046,SC2086
    $compiler $("$root/scripts/c-library.sh" gcc "$cpu") -std=c99 $warnings -O2 -ffreestanding -ffunction-sections \
        -fdata-sections -nostartfiles -DBOARD_QUARTERS="$(quarters "$board")" ${DEFINES:-} -I"$include" \
        $files "$source/src/board/number.c" "$archive" -T "$source/$board.ld" -Wl,--gc-sections \
        -Wl,-Map="$build/$cpu-$name.map" -Wl,--no-warn-rwx-segments,-z,noexecstack -lc -lgcc -o "$build/$cpu-$name.elf"
    echo "$build/$cpu-$name.elf"
}

# emulate CPU ELF
emulate() {
    case $1 in
        rv32imac) machine="qemu-system-riscv32 -M virt -bios none" ;;
        rv32imc) machine="qemu-system-riscv32 -M virt -bios none -cpu rv32,a=off,f=off,d=off" ;;
        *) machine="qemu-system-arm -M $(board_of "$1")" ;;
    esac
    # shellcheck disable=SC2086
    timeout "${SECONDS_AT_MOST:-300}" $machine -semihosting -nographic -icount shift=0,sleep=off -monitor none \
        -serial none -kernel "$2" 2>&1
}

qemu() {
    elf=$(image cortex-m4f program main refusals power stream)
    emulate cortex-m4f "$elf" >"$build/qemu" || { cat "$build/qemu"; fail "the program failed under QEMU"; }
    same qemu
}

# on_each WHAT CPU...: does that on these processors, as many at a time as there are CPUs here, and says then what each said.
on_each() {
    what=$1
    shift
    # shellcheck disable=SC2046
    [ "$1" != all ] || set -- $("$root/scripts/c-library.sh" cpus)
    # shellcheck disable=SC2016
    printf '%s\n' "$@" | xargs -P "$(nproc)" -I {} sh -c '
        "$0" "$2" "$3" >"$1/$2-$3" 2>&1 || echo failed >>"$1/$2-$3"' "$0" "$build" "$what" {}
    for cpu do
        echo "== $cpu"
        cat "$build/$what-$cpu"
    done
    for cpu do
        [ "$(tail -n 1 "$build/$what-$cpu")" != failed ] || fail "$what on $cpu"
    done
}

# The program names integers only: there must be nothing of floats in it.
integer() {
    elf=$(image "$1" integers integers)
    case $1 in rv32*) nm=riscv64-unknown-elf-nm ;; *) nm=arm-none-eabi-nm ;; esac
    ! $nm "$elf" | grep ' sbn_f32_' || fail "there are floats in a program that names integers only"
    emulate "$1" "$elf" >"$build/integers-on-$1" || { cat "$build/integers-on-$1"; fail "integers failed on $1"; }
    same "integers-on-$1" -integers
}

# interrupt CPU [DEFINES]
interrupt() {
    # Without a floating-point unit calls are five times as long.
    case $1 in *f | cortex-m55) stride=61 ;; *) stride=307 ;; esac
    elf=$(DEFINES="-DSTRIDE=${STRIDE:-$stride} ${2:-}" image "$1" "interrupts${2:-}" on_interrupts interrupts)
    emulate "$1" "$elf" || fail "a call was interrupted and saw half of another on $1"
}

# Those with and without atomic exchange, of both families.
interrupts() {
    # shellcheck disable=SC2086
    [ $# -gt 0 ] || set -- ${CPUS:-cortex-m0 cortex-m4f rv32imac}
    on_each interrupt "$@"
    # Integers claim as floats do.
    [ "$1" != all ] || on_each interrupt_integers all
}

# Those for which integers are made.
integers() {
    [ $# -gt 0 ] || set -- cortex-m0 cortex-m3
    on_each integer "$@"
}

# cost CPU
cost() {
    case $1 in *f | cortex-m55) numbers= ;; *) numbers=-DINTEGERS ;; esac
    elf=$(DEFINES=$numbers image "$1" costs costs)
    emulate "$1" "$elf" || fail "a call failed on $1 while its cost was measured"
}

costs() {
    [ $# -gt 0 ] || set -- cortex-m4f cortex-m3
    for cpu do cost "$cpu"; done
}

# The examples: an anomaly on a Cortex-M4F, a tuner in C++ on a Cortex-M0 with 16 KB.
examples() {
    elf=$(image cortex-m4f anomaly anomaly)
    emulate cortex-m4f "$elf" || fail "the damaged bearing was not found, or too much else"
    archive=$(library cortex-m0)
    flags=$("$root/scripts/c-library.sh" gcc cortex-m0)
    for file in tuner.cpp board/cortex_m.c board/number.c; do
        compiler="arm-none-eabi-gcc -std=c99"
        case $file in *.cpp) compiler="arm-none-eabi-g++ -std=c++11 -fno-exceptions -fno-rtti -Wold-style-cast" ;; esac
        # shellcheck disable=SC2086
        $compiler $flags $warnings -O2 -ffreestanding -DBOARD_QUARTERS="$(quarters microbit)" -I"$include" \
            -c "$source/src/$file" -o "$build/${file#*/}.o"
    done
    # shellcheck disable=SC2086
    arm-none-eabi-gcc $flags -nostartfiles "$build/tuner.cpp.o" "$build/cortex_m.c.o" "$build/number.c.o" "$archive" \
        -T "$source/microbit.ld" -Wl,--gc-sections,--no-warn-rwx-segments,-z,noexecstack -lc -lgcc -o "$build/tuner.elf"
    emulate cortex-m0 "$build/tuner.elf" || fail "the best setting was not found"
}

symbols() {
    elf=$(image cortex-m4f program main refusals power stream)
    nm=arm-none-eabi-nm
    ! $nm "$(image cortex-m4f anomaly anomaly)" | grep ' sbn_i16_' || fail "there are integers in a program that names floats only"
    $nm "$elf" | grep -q ' T memcpy$' || fail "there is no memcpy in the image"
    awk '/^Linker script/ { on = 1 } on && /^ \.text/ { file = $NF } on && /^ +0x[0-9a-f]+ +memcpy$/ { print last; exit } { last = $NF }' \
        "$build/cortex-m4f-program.map" | grep -q 'libc' || fail "memcpy in the image is not that of the C library"
    echo "memcpy in the image is newlib's"
    panics=$($nm "$elf" | grep -iE 'panic|unwrap_failed|bounds_check|rust_begin_unwind' || true)
    [ -z "$panics" ] || fail "a path that panics is linked: $panics"
    doubles=$($nm "$elf" | grep -E ' [Tt] __(aeabi_(d(add|sub|rsub|mul|div|cmp)|f2d|d2f|u?i2d|u?l2d|d2)|(add|sub|mul|div)df3)' || true)
    [ -z "$doubles" ] || fail "double arithmetic is linked: $doubles"
    echo "no panic and no double arithmetic in the image"
    arm-none-eabi-size "$elf"
}

# with_cmake NAME LIBRARY ARGS...: configures and builds; with BUILD_ONLY unset it also runs.
with_cmake() {
    name=$1 archive=$2
    shift 2
    cmake -S "$source" -B "$build/cmake-$name" -DSBN_LIBRARY="$archive" "$@" >"$build/cmake.log" 2>&1 &&
        cmake --build "$build/cmake-$name" >>"$build/cmake.log" 2>&1 ||
        { cat "$build/cmake.log"; fail "CMake does not build for $name"; }
    [ -z "${BUILD_ONLY:-}" ] || { echo "firmware-c: built with CMake for $name"; return; }
    cmake --build "$build/cmake-$name" --target run >"$build/cmake-$name/output" 2>&1 ||
        { cat "$build/cmake-$name/output"; fail "the program built with CMake failed on $name"; }
    # What CMake says of its own progress starts with a percentage.
    grep -v '^\[' "$build/cmake-$name/output" | diff -u "$build/expected" - ||
        fail "the program built with CMake for $name does not print what Rust prints"
    echo "firmware-c: built with CMake, $name prints the same bits as Rust"
}

cmakes() {
    with_cmake host "$build/release/libsbn.a"
    BUILD_ONLY=${1:-} with_cmake mps2-an386 "$(library)" -DCMAKE_TOOLCHAIN_FILE="$source/arm-none-eabi.cmake"
}

# Zephyr is not needed: its functions that the module calls are stood in for, and the library must reach them.
zephyr() {
    stand=$build/zephyr
    rm -rf "$stand"
    mkdir -p "$stand/module/lib"
    cp -r "$root/arm-core/ffi/packages/zephyr/zephyr" "$include" "$stand/module/"
    : >"$stand/module/lib/libsbn.a"
    cat >"$stand/CMakeLists.txt" <<'END'
cmake_minimum_required(VERSION 3.20)
project(stand_in NONE)
set(APPLICATION_SOURCE_DIR ${CMAKE_CURRENT_SOURCE_DIR})
function(zephyr_include_directories)
  find_file(header sbn.h PATHS ${ARGV} NO_DEFAULT_PATH REQUIRED)
  message(STATUS "header ${header}")
endfunction()
function(zephyr_link_libraries path)
  message(STATUS "library ${path}")
endfunction()
set(CONFIG_SBN y)
add_subdirectory(${MODULE}/zephyr sbn)
END
    configure() { cmake -S "$stand" -B "$stand/build" -DMODULE="$stand/module" "-DCONFIG_SBN_LIBRARY=$1" 2>&1; }
    configure lib/libsbn.a | grep -qxF -e "-- library $stand/module/lib/libsbn.a" ||
        fail "the Zephyr module does not link the library"
    # CMake breaks the lines of an error.
    configure none.a | tr -s ' \n' ' ' | grep -q "CONFIG_SBN_LIBRARY: there is no $stand/module/none.a" ||
        fail "the Zephyr module does not say that there is no library"
    echo "firmware-c: the Zephyr module takes the library and the header, or says that there is none"
}

case ${1:-all} in
    library) library ;;
    host) expected && host ;;
    warnings) warnings ;;
    qemu) expected && qemu ;;
    integers) shift; expected && integers "$@" ;;
    integer) integer "$2" ;;
    interrupts) shift; interrupts "$@" ;;
    interrupt) interrupt "$2" ;;
    interrupt_integers) interrupt "$2" -DINTEGERS ;;
    costs) shift; costs "$@" ;;
    examples) examples ;;
    symbols) symbols ;;
    cmake) expected && host && cmakes ;;
    zephyr) zephyr ;;
    all) expected && warnings && host && qemu && integers && interrupts && examples && symbols && cmakes "build only" && zephyr ;;
    *) sed -n '2,/^set/{/^set/d;s/^# \{0,1\}//;p;}' "$0"; exit 2 ;;
esac
