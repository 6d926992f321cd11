#!/bin/sh
# What a step of a small network costs on a desktop's processor.
#
#   scripts/small.sh          instructions and times: writes both tables of docs/speed.md, checks the budget
#   scripts/small.sh check    instructions on x86-64 alone, and the budget: benches/budget.txt
#
# Instructions are those of `arm-core/examples/steps.rs` compiled for any x86-64, under valgrind, and for any AArch64, as
# qemu-aarch64 counts them (left out without what scripts/vectors.sh aarch64 needs); C is benches/small.c by cc -O3
# -ffast-math. Times are those of `cargo bench -p arm-benches --bench small`. The engine is what one example at a time needs,
# without default features, and once all of it.
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

# a_step PROGRAM WHAT INPUTS WIDTHS FROM TO: instructions of a step, the Learner's and C's. PROGRAM is an architecture, or that and -full.
a_step() {
    learner="$work/steps.$1"
    count=instructions_${1%-full}
    few=$($count "$learner" "$2" "$5" "$3")
    many=$($count "$learner" "$2" "$6" "$3")
    own=$(((many - few) / ($6 - $5)))
    [ "$own" -gt 0 ] || { echo "small: no instructions of $1 were counted (is valgrind there?)" >&2; exit 1; }
    c="$work/small.$1.$3"
    case $2 in i16*) c= ;; esac
    if [ -x "$c" ]; then
        few=$($count "$c" "$2" "$5" 1)
        many=$($count "$c" "$2" "$6" 1)
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
cp "$target_dir/small/release/examples/steps" "$work/steps.x86-full"
cargo build --release --target-dir "$target_dir/small" -p arm-core --no-default-features --example steps >&2
cp "$target_dir/small/release/examples/steps" "$work/steps.x86"
if [ "${1:-}" = check ]; then
    for program in x86 x86-full; do
        for what in sgd adam score i16 i16-score; do a_step $program $what 64 64-32-[16] 50 150; done
    done >"$work/figures"
else
    c_for x86 cc
    programs="x86 x86-full"
    triple=aarch64-unknown-linux-gnu
    if command -v qemu-aarch64 >/dev/null && command -v aarch64-linux-gnu-gcc >/dev/null && [ -x /usr/bin/cargo ]; then
        export CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER=aarch64-linux-gnu-gcc
        RUSTC=/usr/bin/rustc RUSTC_BOOTSTRAP=1 /usr/bin/cargo build -Zbuild-std=std,panic_unwind --release \
            --target $triple --target-dir "$target_dir/cross-small" -p arm-core --no-default-features --example steps >&2
        cp "$target_dir/cross-small/$triple/release/examples/steps" "$work/steps.aarch64"
        c_for aarch64 aarch64-linux-gnu-gcc
        programs="$programs aarch64"
    fi
    for program in $programs; do
        for network in "16 16-16-[8]" "64 64-32-[16]" "180 180-64-[32]"; do
            # The logs of an emulator are long.
            steps="100 300"
            [ "$program" != aarch64 ] || steps="20 40"
            for what in sgd adam score i16 i16-score; do
                # shellcheck disable=SC2086
                a_step "$program" $what $network $steps
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
            name["x86"] = "x86-64 (SSE2)"; name["x86-full"] = "the same, all features"; name["aarch64"] = "AArch64 (NEON)"
        }
        $3 == "sgd" { row = "| " name[$1] " | " $2 }
        { row = row " | " commas($4) ($3 ~ /^i16/ ? "" : " | " commas($5)) }
        $3 == "i16-score" { print row " |" }' "$work/figures" >"$work/counts"
    # Times by the profile that users have.
    unset CARGO_PROFILE_RELEASE_LTO CARGO_PROFILE_RELEASE_CODEGEN_UNITS
    # timed FILE ARGUMENTS...
    timed() {
        file=$work/$1
        shift
        cargo bench --target-dir "$target_dir/small" -p arm-benches --bench small "$@" >"$file"
        RUSTFLAGS="-C target-cpu=native" cargo bench --target-dir "$target_dir/small-native" -p arm-benches --bench small \
            "$@" >"${file}_native"
    }
    timed times
    timed times_full --features full
    of_steps() { sed '/^$/,$d' "$1"; }
    { echo "The default target:"; echo; cat "$work/times"; echo; echo "\`-C target-cpu=native\`:"; echo
        cat "$work/times_native"; echo; echo "All features, the default target:"; echo; of_steps "$work/times_full"; echo
        echo "All features, \`-C target-cpu=native\`:"; echo; of_steps "$work/times_full_native"; } >"$work/all_times"
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
