#!/bin/sh
# Builds and runs firmware images under emulation.
#
#   scripts/bare-metal.sh core                 checks arm-core alone, for a Cortex-M4F
#   scripts/bare-metal.sh build BOARD IMAGE    prints the path of the linked image
#   scripts/bare-metal.sh run BOARD IMAGE      exit code 0 when the image says so
#   scripts/bare-metal.sh flash BOARD IMAGE    prints the path of what is put on a board: UF2 for a pico, bytes for an esp32c3
#   scripts/bare-metal.sh selftest [BOARD...]  golden values on these boards, or on all that QEMU emulates
#   scripts/bare-metal.sh programs [BOARD...]  anomaly, survey and switchboard on these boards, or each where it is quick
#   scripts/bare-metal.sh pico                 a guard that loses power, on a Raspberry Pi Pico
#
# BOARD: a line of examples/firmware/boards.txt
# IMAGE: a program in examples/firmware/src/bin
#
# Programs can be built with data that lies elsewhere: IMU=FOLDER for anomaly (acceleration.npy and recordings.csv),
# SURVEY=FOLDER for survey (nltcs.train.data and nltcs.test.data), MODEL=FILE:FILE... and ROWS=FILE for exported, NETWORKS
# for counts (see scripts/counts.sh). FEATURES has features of arm-core for counts, bench, flash and integers, which have none otherwise.
#
# The toolchain is rustup's where the target can be added. Where not, or with BARE_METAL=debian, it is that of Debian's
# packages rustc-web, cargo-web, rust-web-src and lld, which builds `core` itself. QEMU emulates most boards, a pico needs node, npm
# (rp2040js comes from its registry, in the version that is pinned) and python3.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
firmware=$root/examples/firmware
boards=$(awk '!/^#/ { print $1 }' "$firmware/boards.txt" | paste -sd' ' -)
in_qemu=$(awk '!/^#/ && $4 ~ /^qemu/ { print $1 }' "$firmware/boards.txt" | paste -sd' ' -)

# of BOARD FROM: the columns from FROM on of its line in the table.
of() {
    awk -v board="$1" -v from="$2" '$1 == board { for (i = from; i <= NF; i++) printf "%s ", $i }' "$firmware/boards.txt"
}

target_of() {
    case " $boards " in *" $1 "*) of "$1" 2 | cut -d ' ' -f 1 ;; *) echo "unknown board $1; one of: $boards" >&2; exit 2 ;; esac
}

rustup_has() {
    [ "${BARE_METAL:-}" != debian ] && command -v rustup >/dev/null || return 1
    rustup target list --installed 2>/dev/null | grep -qx "$1" && return
    [ "${BARE_METAL:-}" = rustup ] || return 1
    rustup target add "$1" >&2
}

# cargo_for TARGET ARGS...: cargo build (or what $cargo says) for a target, by whichever toolchain can.
cargo_for() {
    target=$1
    shift
    if rustup_has "$target"; then
        cargo "${cargo:-build}" --release --target "$target" "$@" >&2
        return
    fi
    linker=$(command -v rust-lld || command -v ld.lld || true)
    [ -n "$linker" ] || linker=$(find "$(rustc --print sysroot 2>/dev/null || echo /usr)" -name rust-lld | head -n 1)
    echo "bare-metal: rustup has no $target (rustup target add $target): /usr/bin/cargo builds core itself" >&2
    name=$(echo "$target" | tr 'a-z.-' 'A-Z__')
    export "CARGO_TARGET_${name}_LINKER=$linker"
    RUSTC=/usr/bin/rustc RUSTC_BOOTSTRAP=1 /usr/bin/cargo "${cargo:-build}" -Zbuild-std=core --release --target "$target" "$@" >&2
}

target_dir() {
    # Boards of one target differ in flags, and each would throw out what the other built.
    echo "${CARGO_TARGET_DIR:-$firmware/target}/$1"
}

# The build script of the images runs elsewhere than this script: paths that it is given are made absolute.
absolute() {
    for name in IMU SURVEY MODEL ROWS; do
        eval "paths=\${$name:-}"
        [ -z "$paths" ] || export "$name=$(echo "$paths" | tr ':' '\n' | sed "\,^/,!s,^,$PWD/," | paste -sd: -)"
    done
}

build() {
    absolute
    board=$1 image=$2 target=$(target_of "$1")
    export BOARD=$board CARGO_TARGET_DIR
    CARGO_TARGET_DIR=$(target_dir "$board")
    # Figures are of an engine without what the network of these images does not need.
    case $image in
        bench | flash | integers | counts) engine="--no-default-features${FEATURES:+ --features $FEATURES}" ;;
        *) engine= ;;
    esac
    # shellcheck disable=SC2086
    RUSTFLAGS="$(of "$board" 5) ${RUSTFLAGS:-}" cargo_for "$target" \
        --manifest-path "$firmware/Cargo.toml" --locked --bin "$image" $engine
    echo "$CARGO_TARGET_DIR/$target/release/$image"
}

# rp2040js, in the version of the lock file. Images may be started at once: it is moved into place whole.
rp2040js() {
    cmp -s "$firmware/pico/package-lock.json" "$firmware/pico/node_modules/lock" && return
    command -v npm >/dev/null || { echo "bare-metal: a pico is emulated by rp2040js, which npm installs: there is no npm" >&2; exit 1; }
    fresh=$(mktemp -d "$firmware/pico/fresh.XXXXXX")
    cp "$firmware/pico/package.json" "$firmware/pico/package-lock.json" "$fresh/"
    (cd "$fresh" && npm ci --silent --ignore-scripts --no-audit --no-fund >&2)
    cp "$fresh/package-lock.json" "$fresh/node_modules/lock"
    rm -rf "$firmware/pico/node_modules"
    mv "$fresh/node_modules" "$firmware/pico/"
    rm -rf "$fresh"
}

# flash BOARD ELF: prints the path of what is put on the board.
flash() {
    case $1 in
        pico) file=$2.uf2 ;;
        esp32c3) file=$2.bin ;;
        *) echo "bare-metal: $1 takes its ELF" >&2; exit 2 ;;
    esac
    "$firmware/build/flash.py" "$2" "$file"
    echo "$file"
}

# emulate BOARD ELF [CUT...]: CUT as in examples/firmware/pico/emulator.mjs.
emulate() {
    board=$1 image=$2
    shift 2
    case $(of "$board" 4 | cut -d ' ' -f 1) in
        qemu-arm) set -- qemu-system-arm -M "$board" -kernel "$image" ;;
        qemu-virt) set -- qemu-system-riscv32 -M virt -bios none -kernel "$image" ;;
        # A machine that is nothing but RAM up to the end of what the image takes of the flash.
        qemu-c3) set -- qemu-system-riscv32 -M none -m 1060M -cpu rv32,a=off,f=off,d=off -device "loader,file=$image,cpu-num=0" ;;
        rp2040js)
            rp2040js
            timeout "${SECONDS_AT_MOST:-300}" node "$firmware/pico/emulator.mjs" "$(flash "$board" "$image")" "$@"
            return
            ;;
        *) echo "bare-metal: nothing emulates $board; scripts/bare-metal.sh flash $board IMAGE" >&2; exit 2 ;;
    esac
    timeout "${SECONDS_AT_MOST:-300}" "$@" -icount shift=0,sleep=off -nographic -monitor none -serial none \
        -semihosting-config enable=on,target=native 2>&1
}

run() {
    elf=$(build "$1" "$2")
    emulate "$1" "$elf"
}

# A Pico keeps what it learned: power is lost while a slot is erased, while a network is written, and when all is learned.
# (Golden values of a Cortex-M0+ are those of the microbit, and there they are quick.)
pico() {
    elf=$(build pico guard)
    emulate pico "$elf" erase:4 write:150 "line:flash: threshold" >"$elf.log" || { cat "$elf.log"; echo "bare-metal: the guard failed" >&2; exit 1; }
    cat "$elf.log"
}

# at_once BOARD/IMAGE...: runs these, as many at a time as there are CPUs, and then prints what each has said. Most of the time
# of each is spent on one CPU: compiling `core`, linking, emulation.
at_once() {
    logs=$(mktemp -d)
    trap 'rm -rf "$logs"' EXIT
    # shellcheck disable=SC2016
    printf '%s\n' "$@" | xargs -P "$(nproc)" -I {} sh -c '
        log=$1/$(echo "$2" | tr / -)
        "$0" run "${2%/*}" "${2#*/}" >"$log" 2>&1 || : >"$log.failed"' "$0" "$logs" {}
    for pair do
        echo "== ${pair%/*} ${pair#*/}"
        cat "$logs/$(echo "$pair" | tr / -)"
    done
    for pair do
        [ ! -e "$logs/$(echo "$pair" | tr / -).failed" ] || { echo "bare-metal: $pair failed" >&2; exit 1; }
    done
}

command=${1:-}
[ $# -eq 0 ] || shift
case $command in
    core) cd "$root" && cargo=check && cargo_for thumbv7em-none-eabihf -p arm-core --no-default-features ;;
    build) build "$1" "$2" ;;
    run) run "$1" "$2" ;;
    flash) flash "$1" "$(build "$1" "$2")" ;;
    selftest)
        [ $# -gt 0 ] || set -- $in_qemu
        for board do
            shift
            set -- "$@" "$board/selftest"
        done
        at_once "$@"
        ;;
    pico) pico ;;
    programs)
        if [ $# -eq 0 ]; then
            set -- microbit/survey microbit/switchboard microbit/node mps2-an386/anomaly mps3-an547/anomaly
        else
            for board do
                shift
                set -- "$@" "$board/survey" "$board/switchboard" "$board/node" "$board/anomaly"
            done
        fi
        at_once "$@"
        ;;
    *) sed -n '2,/^set/{/^set/d;s/^# \{0,1\}//;p;}' "$0"; exit 2 ;;
esac
