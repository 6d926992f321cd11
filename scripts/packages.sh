#!/bin/sh
# Packages of the C library for those who have no Rust.
#
#   scripts/packages.sh [FOLDER]      builds the library for every processor and zips the packages into FOLDER (target/packages)
#   scripts/packages.sh check [FOLDER]   unpacks each zip elsewhere and links programs with it, with nothing of Rust on the path
#   scripts/packages.sh all           both
#   scripts/packages.sh full          and what it takes packages of PyPI for: pio pkg pack, and Zephyr's Kconfig language
#
# CMake (find_package), Zephyr (a module), Arduino, PlatformIO, ESP-IDF (a component) and a CMSIS pack's folders. CPUS="cortex-m0
# rv32imac" builds and checks these processors of arm-core/ffi/cpus.txt only. Needs what scripts/c-library.sh needs, and zip;
# to check: unzip, cmake, python3, arm-none-eabi-gcc with newlib, for RISC-V riscv64-unknown-elf-gcc with picolibc; for full also
# python3-venv.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
ffi=$root/arm-core/ffi
version=$(sed -n 's/^version = "\(.*\)"/\1/p' "$root/Cargo.toml" | head -n 1)
cpus=${CPUS:-$("$root/scripts/c-library.sh" cpus | paste -sd' ' -)}

# Where packages have a library by another name than that of its processor. Arduino looks for build.mcu, and for the
# floating-point unit where there is one.
arduino="cortex-m0:cortex-m0 cortex-m0:cortex-m0plus cortex-m3:cortex-m3 cortex-m3:cortex-m4 cortex-m4f:cortex-m4/fpv4-sp-d16-hard
    cortex-m3:cortex-m7 cortex-m4f:cortex-m7/fpv5-d16-hard cortex-m4f:cortex-m7/fpv5-sp-d16-hard cortex-m0:cortex-m33
    cortex-m33f:cortex-m33/fpv5-sp-d16-hard
    rv32imc:esp32c3 rv32imac:esp32c6"
cmsis="cortex-m0:M0l cortex-m3:M3l cortex-m4f:M4lf cortex-m33f:M33lf cortex-m55:M55lf"

fail() {
    echo "packages: $*" >&2
    exit 1
}

has() {
    case " $cpus " in *" $1 "*) ;; *) return 1 ;; esac
}

# libraries FOLDER: those of the processors by name; as many are built at a time as there are CPUs here.
libraries() {
    mkdir -p "$1"
    # shellcheck disable=SC2016,SC2086
    printf '%s\n' $cpus | xargs -P "$(nproc)" -I {} sh -c '
        archive=$("$0" "$2") && mkdir -p "$1/$2" && cp "$archive" "$1/$2/"' "$root/scripts/c-library.sh" "$1" {} ||
        fail "a library does not build"
    ! has cortex-m4f || cp -r "$1/cortex-m4f" "$1/cortex-m7"
}

# start NAME: a folder for a package with licences, what is of it alone, and how to begin; its path is in $package.
start() {
    package=$work/sbn-$1
    mkdir -p "$package"
    cp "$root/LICENSE-MIT" "$root/LICENSE-APACHE" "$package/"
    # Without what only a reader of the repository has.
    sed 's/\[\(sbn[^]]*\)\]([^)]*)/\1/; s/ The packages are made by.*//' "$root/docs/start-$1.md" >"$package/README.md"
    [ ! -d "$ffi/packages/$1" ] || (cd "$ffi/packages/$1" && find . -type f) | while read -r file; do
        mkdir -p "$package/$(dirname "$file")"
        sed "s/@VERSION@/$version/" "$ffi/packages/$1/$file" >"$package/$file"
    done
}

headers() {
    mkdir -p "$1"
    cp "$ffi/include/sbn.h" "$ffi/include/sbn.hpp" "$1/"
}

finish() {
    rm -f "$out/$(basename "$package")-$version.zip"
    (cd "$work" && zip -qr "$out/$(basename "$package")-$version.zip" "$(basename "$package")")
    echo "$out/$(basename "$package")-$version.zip"
}

packages() {
    mkdir -p "$1"
    out=$(cd "$1" && pwd)
    work=$(mktemp -d)
    trap 'rm -rf "$work"' EXIT
    libraries "$work/lib"

    start cmake
    mkdir -p "$package/lib/cmake/sbn"
    mv "$package"/*.cmake "$package/lib/cmake/sbn/"
    cp -r "$work"/lib/* "$package/lib/"
    headers "$package/include"
    finish

    start zephyr
    cp -r "$work/lib" "$package/lib"
    headers "$package/include"
    finish

    start arduino
    headers "$package/src"
    for pair in $arduino; do
        has "${pair%%:*}" || continue
        mkdir -p "$package/src/${pair#*:}"
        cp "$work/lib/${pair%%:*}/libsbn.a" "$package/src/${pair#*:}/"
    done
    finish

    start platformio
    cp -r "$work/lib" "$package/lib"
    headers "$package/include"
    finish

    start esp-idf
    mkdir -p "$package/lib"
    for cpu in rv32imc rv32imac; do
        ! has $cpu || cp -r "$work/lib/$cpu" "$package/lib/"
    done
    headers "$package/include"
    finish

    start cmsis
    headers "$package/Include"
    mkdir -p "$package/Lib/GCC"
    for pair in $cmsis; do
        ! has "${pair%%:*}" || cp "$work/lib/${pair%%:*}/libsbn.a" "$package/Lib/GCC/libsbn_cortex${pair#*:}.a"
    done
    finish
}

# The compilers and what is needed around them, without anything of Rust.
bare_path() {
    mkdir -p "$work/bin"
    for tool in sh env cat grep mkdir rm uname cmake make sed awk arm-none-eabi-gcc arm-none-eabi-g++ arm-none-eabi-ar arm-none-eabi-ranlib \
        arm-none-eabi-nm riscv64-unknown-elf-gcc riscv64-unknown-elf-ar riscv64-unknown-elf-ranlib; do
        found=$(command -v "$tool" || true)
        [ -z "$found" ] || ln -sf "$found" "$work/bin/$tool"
    done
    PATH=$work/bin
    export PATH
    for tool in cargo rustc rustup; do
        ! command -v $tool >/dev/null || fail "$tool is on the path"
    done
}

# Memory enough: picolibc takes a part with 64 KB for granted.
picolibc="-Wl,--defsym=__flash=0x80000000,--defsym=__flash_size=0x400000"
picolibc="$picolibc,--defsym=__ram=0x90000000,--defsym=__ram_size=0x400000"

# gcc CPU: sets the compiler, its flags, and those that a program is linked with.
gcc() {
    flags=$(awk -v cpu="$1" '$1 == cpu { print substr($0, match($0, /-m(cpu|arch)/)) }' "$ffi/cpus.txt")
    [ -n "$flags" ] || fail "no flags for $1"
    case $1 in
        rv32*) compiler=riscv64-unknown-elf-gcc flags="$flags --specs=picolibc.specs" specs=$picolibc ;;
        *) compiler=arm-none-eabi-gcc specs=--specs=nosys.specs ;;
    esac
}

# linked CPU LIBRARY INCLUDE: a program that uses all of the header links for that processor.
linked() {
    gcc "$1"
    # shellcheck disable=SC2086
    $compiler $specs $flags -O2 -ffunction-sections -fdata-sections -I"$3" "$work/program.c" "$2" -Wl,--gc-sections \
        -Wl,--no-warn-rwx-segments -o "$work/$1.elf" -lc -lgcc >"$work/log" 2>&1 ||
        { cat "$work/log"; fail "a program does not link for $1 with $2"; }
    [ -s "$work/$1.elf" ] || fail "there is no program for $1"
}

# found CPU: find_package takes the library for the compiler's flags.
found() {
    gcc "$1"
    mkdir -p "$work/project"
    cat >"$work/project/CMakeLists.txt" <<'END'
cmake_minimum_required(VERSION 3.16)
project(uses_sbn C)
find_package(sbn REQUIRED)
get_target_property(library sbn::sbn IMPORTED_LOCATION)
message(STATUS "library ${library}")
add_executable(program ../program.c)
target_link_libraries(program PRIVATE sbn::sbn)
END
    cmake -S "$work/project" -B "$work/project/$1" -DCMAKE_PREFIX_PATH="$work/sbn-cmake" -DCMAKE_SYSTEM_NAME=Generic \
        -DCMAKE_C_COMPILER=$compiler -DCMAKE_TRY_COMPILE_TARGET_TYPE=STATIC_LIBRARY -DCMAKE_C_FLAGS="$flags" \
        -DCMAKE_EXE_LINKER_FLAGS="$specs" >"$work/log" 2>&1 && cmake --build "$work/project/$1" >>"$work/log" 2>&1 ||
        { cat "$work/log"; fail "find_package does not find or link the library for $1"; }
    grep -q "library .*/lib/$1/libsbn.a" "$work/log" || { cat "$work/log"; fail "find_package takes another library for $1"; }
}

# chosen: which processor's library find_package takes for flags, also where that was not built.
chosen() {
    cat >"$work/chosen.cmake" <<'END'
cmake_minimum_required(VERSION 3.16)
# What makes targets is no part of a script.
function(add_library)
endfunction()
function(set_target_properties)
endfunction()
function(check wanted)
  set(CMAKE_C_FLAGS "${ARGN}")
  set(SBN_CPU "")
  include("${PACKAGE}/lib/cmake/sbn/sbnConfig.cmake")
  if(NOT "${SBN_CPU}" STREQUAL "${wanted}")
    message(FATAL_ERROR "for ${ARGN} the library of \"${SBN_CPU}\" is taken, not of \"${wanted}\"")
  endif()
endfunction()
check(cortex-m0 "-mcpu=cortex-m0plus -mthumb")
check(cortex-m0 "-mcpu=cortex-m33 -mthumb -mfloat-abi=soft")
check(cortex-m3 "-mcpu=cortex-m3 -mthumb")
check(cortex-m3 "-mcpu=cortex-m4 -mthumb -mfloat-abi=softfp")
check(cortex-m4f "-mcpu=cortex-m4 -mthumb -mfloat-abi=hard -mfpu=fpv4-sp-d16")
check(cortex-m7 "-mcpu=cortex-m7 -mthumb -mfloat-abi=hard -mfpu=fpv5-d16")
check(cortex-m33f "-mcpu=cortex-m33 -mthumb -mfloat-abi=hard")
check(cortex-m55 "-mcpu=cortex-m55 -mthumb -mfloat-abi=hard")
check(rv32imc "-march=rv32imc_zicsr -mabi=ilp32")
check(rv32imac "-march=rv32imac_zicsr -mabi=ilp32")
check(cortex-m33f "-mcpu=cortex-m55+nomve -mthumb -mfloat-abi=hard")
check(cortex-m33f "-mcpu=cortex-m55+nomve.fp -mthumb -mfloat-abi=hard")
check(cortex-m55 "-mcpu=cortex-m55+nofp.dp -mthumb -mfloat-abi=hard")
check(cortex-m33f "-mcpu=cortex-m33+nodsp -mthumb -mfloat-abi=hard")
check(cortex-m0 "-mcpu=cortex-m55+nomve+nofp -mthumb")
check(cortex-m3 "-mcpu=cortex-m4 -mfloat-abi=hard -mfloat-abi=softfp")
check(rv32imac "-march=rv32imafc -mabi=ilp32")
check(rv32imac "-march=rv32gc_zba -mabi=ilp32")
check(rv32imc "-march=rv32imc")
check("" "-march=rv32imafc -mabi=ilp32f")
check("" "-march=rv32gc -mabi=ilp32d")
check("" "-march=rv32im -mabi=ilp32")
check("" "-march=rv32ima_zicsr -mabi=ilp32")
check("" "-march=rv32imzicsr -mabi=ilp32")
check("" "-march=rv32iac -mabi=ilp32")
check("" "-march=rv32emc -mabi=ilp32e")
check("" "-march=rv64imac -mabi=lp64")
check("" "-mcpu=cortex-m85 -mfloat-abi=hard")
check("" "-mcpu=cortex-m3 -mfloat-abi=hard")
check("" "-mcpu=cortex-a9 -mfloat-abi=hard")
check("" "")
# What is said where none fits.
function(says text)
  set(CMAKE_C_FLAGS "${ARGN}")
  set(SBN_CPU "")
  include("${PACKAGE}/lib/cmake/sbn/sbnConfig.cmake")
  if(NOT "${sbn_NOT_FOUND_MESSAGE}" MATCHES "${text}")
    message(FATAL_ERROR "for ${ARGN} it says: ${sbn_NOT_FOUND_MESSAGE}")
  endif()
endfunction()
says("no library fits .*rv32im .*need the extensions M and C" "-march=rv32im -mabi=ilp32")
says("no library fits .*-mabi=ilp32f .RISC-V libraries pass floats" "-march=rv32imafc -mabi=ilp32f")
says("no library fits -mcpu=cortex-m85" "-mcpu=cortex-m85")
END
    cmake -DPACKAGE="$work/sbn-cmake" -P "$work/chosen.cmake" || fail "find_package takes another library"
}

check() {
    out=$(cd "$1" && pwd)
    work=$(mktemp -d)
    trap 'rm -rf "$work"' EXIT
    for name in cmake zephyr arduino platformio esp-idf cmsis; do
        unzip -q "$out/sbn-$name-$version.zip" -d "$work"
    done
    sed 's/^int uses(const uint32_t \*x);$//' "$root/examples/firmware-c/src/uses_header.c" >"$work/program.c"
    printf 'int main(void) { const uint32_t x[2] = {1, 2}; return uses(x); }\n' >>"$work/program.c"
    before=$PATH
    bare_path
    for cpu in $cpus; do
        for package in cmake zephyr platformio; do
            linked "$cpu" "$work/sbn-$package/lib/$cpu/libsbn.a" "$work/sbn-$package/include"
        done
        case $cpu in
            rv32*) linked "$cpu" "$work/sbn-esp-idf/lib/$cpu/libsbn.a" "$work/sbn-esp-idf/include" ;;
        esac
    done
    for pair in $arduino; do
        ! has "${pair%%:*}" || linked "${pair%%:*}" "$work/sbn-arduino/src/${pair#*:}/libsbn.a" "$work/sbn-arduino/src"
    done
    for pair in $cmsis; do
        ! has "${pair%%:*}" || linked "${pair%%:*}" "$work/sbn-cmsis/Lib/GCC/libsbn_cortex${pair#*:}.a" "$work/sbn-cmsis/Include"
    done
    for cpu in $cpus; do found "$cpu"; done
    chosen
    # The sketches, with stand-ins for what the Arduino core declares.
    cat >"$work/Arduino.h" <<'END'
#include <stddef.h>
#include <stdint.h>
struct Port {
    void begin(long) {}
    template <typename T> void print(T) {}
    template <typename T> void println(T) {}
};
static Port Serial;
enum { A0, HIGH, LOW, OUTPUT };
static inline int analogRead(int) { return 500; }
static inline void digitalWrite(int, int) {}
static inline void pinMode(int, int) {}
static inline void delay(int) {}
static inline unsigned long micros() { static unsigned long now; return now += 100; }
END
    for sketch in Anomaly Tuner; do
        has cortex-m0 || continue
        { cat "$work/Arduino.h" "$work/sbn-arduino/examples/$sketch/$sketch.ino"; echo 'int main() { setup(); for (;;) loop(); }'; } >"$work/$sketch.cpp"
        # No C++ library is needed: the linker is called as for C.
        arm-none-eabi-g++ -std=c++11 -fno-exceptions -fno-rtti -fno-threadsafe-statics -mcpu=cortex-m0plus -mthumb -Os -Wall -Werror \
            -ffunction-sections -I"$work/sbn-arduino/src" -c "$work/$sketch.cpp" -o "$work/$sketch.o" >"$work/log" 2>&1 &&
            arm-none-eabi-gcc -mcpu=cortex-m0plus -mthumb --specs=nosys.specs -Wl,--gc-sections "$work/$sketch.o" \
                -L"$work/sbn-arduino/src/cortex-m0plus" -lsbn -o "$work/$sketch.elf" >>"$work/log" 2>&1 ||
            { cat "$work/log"; fail "the sketch $sketch does not build"; }
    done
    PATH=$before
    "$root/scripts/platformio-link.py" "$work/sbn-platformio"
    echo "packages: each zip was unpacked elsewhere and linked, with nothing of Rust on the path"
}

# In an environment of its own: nothing of it is needed to use the packages.
full() {
    out=$(cd "$1" && pwd)
    work=$(mktemp -d)
    trap 'rm -rf "$work"' EXIT
    python3 -m venv "$work/tools"
    "$work/tools/bin/pip" install -q --disable-pip-version-check platformio==6.2.0 kconfiglib==14.1.0
    "$work/tools/bin/python" "$root/scripts/zephyr-kconfig.py" "$ffi/packages/zephyr/zephyr/Kconfig"
    unzip -q "$out/sbn-platformio-$version.zip" -d "$work"
    (cd "$work" && tools/bin/pio pkg pack sbn-platformio -o packed.tar.gz >log 2>&1) ||
        { cat "$work/log"; fail "pio pkg pack does not accept the package"; }
    for file in library.json link.py README.md include/sbn.h $(printf 'lib/%s/libsbn.a ' $cpus); do
        tar -tzf "$work/packed.tar.gz" "$file" >/dev/null 2>&1 || fail "pio pkg pack leaves out $file"
    done
    echo "packages: pio packs the library"
}

folder=${CARGO_TARGET_DIR:-$root/target}/packages
case ${1:-} in
    check) check "${2:-$folder}" ;;
    all) (packages "$folder"); (check "$folder") ;;
    full) (packages "$folder"); (check "$folder"); (full "$folder") ;;
    -*) sed -n '2,/^set/{/^set/d;s/^# \{0,1\}//;p;}' "$0"; exit 2 ;;
    *) packages "${1:-$folder}" ;;
esac
