#!/bin/sh
# What a step of a small network costs on a desktop's processor.
#
#   scripts/small.sh          instructions and times: writes both tables of docs/speed.md, checks the budget
#   scripts/small.sh check    instructions on x86-64 alone, and the budget: benches/budget.txt
#
# Instructions are those of `arm-core/examples/steps.rs` compiled for any x86-64, under valgrind, and for any AArch64, as
# qemu-aarch64 counts them (left out without what scripts/vectors.sh aarch64 needs); C is benches/small.c by cc -O3
# -ffast-math. Times are those of `cargo bench -p arm-benches --bench small`.
set -eu
cd "$(dirname "$0")/.."
page=docs/speed.md
target_dir=${CARGO_TARGET_DIR:-$PWD/target}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export CARGO_PROFILE_RELEASE_LTO=fat CARGO_PROFILE_RELEASE_CODEGEN_UNITS=1 CARGO_PROFILE_RELEASE_INCREMENTAL=false

# instructions_x86 COMMAND...: executed by a program.
instructions_x86() {
    valgrind --tool=callgrind --callgrind-out-file=/dev/null "$@" 2>&1 >/dev/null |
        sed -n 's/.*Collected : \([0-9]*\)/\1/p'
}

# A line of the log for each instruction.
instructions_aarch64() {
    qemu-aarch64 -L /usr/aarch64-linux-gnu -singlestep -d exec,nochain -D /dev/stderr "$@" 2>&1 >/dev/null |
        grep -c '^Trace'
}

# a_step ARCHITECTURE WHAT INPUTS WIDTHS FROM TO: instructions of a step, the Learner's and C's.
a_step() {
    learner="$work/steps.$1"
    few=$("instructions_$1" "$learner" "$2" "$5" "$3")
    many=$("instructions_$1" "$learner" "$2" "$6" "$3")
    own=$(((many - few) / ($6 - $5)))
    c="$work/small.$1.$3"
    case $2 in i16*) c= ;; esac
    if [ -x "$c" ]; then
        few=$("instructions_$1" "$c" "$2" "$5" 1)
        many=$("instructions_$1" "$c" "$2" "$6" 1)
        echo "$1 $4 $2 $own $(((many - few) / ($6 - $5)))"
    else
        echo "$1 $4 $2 $own"
    fi
}

# c_for ARCHITECTURE COMPILER
c_for() {
    command -v "$2" >/dev/null || return 0
    for sizes in "16 16 8" "64 32 16" "180 64 32"; do
        # shellcheck disable=SC2086
        set -- "$1" "$2" $sizes
        "$2" -O3 -ffast-math -DX="$3" -DH="$4" -DZ="$5" benches/small.c -o "$work/small.$1.$3" -lm
    done
}

cargo build --release --target-dir "$target_dir/small" -p arm-core --example steps >&2
cp "$target_dir/small/release/examples/steps" "$work/steps.x86"
if [ "${1:-}" = check ]; then
    for what in sgd adam score i16 i16-score; do a_step x86 $what 64 64-32-[16] 50 150; done >"$work/figures"
else
    c_for x86 cc
    architectures="x86"
    triple=aarch64-unknown-linux-gnu
    if command -v qemu-aarch64 aarch64-linux-gnu-gcc /usr/bin/cargo >/dev/null; then
        export CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER=aarch64-linux-gnu-gcc
        RUSTC=/usr/bin/rustc RUSTC_BOOTSTRAP=1 /usr/bin/cargo build -Zbuild-std=std,panic_unwind --release \
            --target $triple --target-dir "$target_dir/cross-small" -p arm-core --example steps >&2
        cp "$target_dir/cross-small/$triple/release/examples/steps" "$work/steps.aarch64"
        c_for aarch64 aarch64-linux-gnu-gcc
        architectures="x86 aarch64"
    fi
    for architecture in $architectures; do
        for network in "16 16-16-[8]" "64 64-32-[16]" "180 180-64-[32]"; do
            # The logs of an emulator are long.
            steps="100 300"
            [ "$architecture" = x86 ] || steps="20 40"
            for what in sgd adam score i16 i16-score; do
                # shellcheck disable=SC2086
                a_step "$architecture" $what $network $steps
            done
        done
    done >"$work/figures"
    awk '
        function commas(n) {
            while (match(n, /[0-9][0-9][0-9][0-9](,|$)/)) n = substr(n, 1, RSTART) "," substr(n, RSTART + 1)
            return n
        }
        BEGIN {
            print "| processor | network | SGD | C | Adam | C | score | C | SGD, i16 | score, i16 |"
            print "|---|---|--:|--:|--:|--:|--:|--:|--:|--:|"
            name["x86"] = "x86-64 (SSE2)"; name["aarch64"] = "AArch64 (NEON)"
        }
        $3 == "sgd" { row = "| " name[$1] " | " $2 }
        { row = row " | " commas($4) ($3 ~ /^i16/ ? "" : " | " commas($5)) }
        $3 == "i16-score" { print row " |" }' "$work/figures" >"$work/counts"
    # Times by the profile that users have.
    unset CARGO_PROFILE_RELEASE_LTO CARGO_PROFILE_RELEASE_CODEGEN_UNITS
    cargo bench --target-dir "$target_dir/small" -p arm-benches --bench small >"$work/times"
    RUSTFLAGS="-C target-cpu=native" cargo bench --target-dir "$target_dir/small-native" -p arm-benches --bench small \
        >"$work/times_native"
    { echo "The default target:"; echo; cat "$work/times"; echo; echo "\`-C target-cpu=native\`:"; echo
        cat "$work/times_native"; } >"$work/all_times"
    awk -v counts="$work/counts" -v times="$work/all_times" '
        function put(file, line) { while ((getline line <file) > 0) print line }
        /<!-- end of small/ { inside = 0 }
        !inside { print }
        /<!-- small instructions -->/ { inside = 1; put(counts) }
        /<!-- small times -->/ { inside = 1; put(times) }' "$page" >"$work/page"
    cat "$work/page" >"$page"
    echo "small: written to $page" >&2
fi
cat "$work/figures"

awk '
    NR == FNR { value[$1, $2, $3] = $4; next }
    /^#/ || NF == 0 { next }
    !(($1, $2, $3) in value) { print "small: there is no figure " $3 " of " $2 > "/dev/stderr"; bad = 1; next }
    value[$1, $2, $3] > $4 { print "small: " $2 ": " $3 " takes " value[$1, $2, $3] ", the budget is " $4 > "/dev/stderr"; bad = 1 }
    END { if (!bad) print "small: all within the budget" > "/dev/stderr"; exit bad }' "$work/figures" benches/budget.txt
