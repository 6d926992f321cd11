#!/bin/sh
# Measures what a step costs on emulated microcontrollers and proves what must not be in an image.
#
#   scripts/numbers.sh         prints the table, writes it into docs/microcontroller.md, checks the budget
#   scripts/numbers.sh check   prints the table and checks the budget: examples/firmware/budget.txt
#
# Needs what scripts/bare-metal.sh (of a Pico too) and scripts/firmware-c.sh need, and readelf.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
page=$root/docs/microcontroller.md
budget=$root/examples/firmware/budget.txt
bare=$root/scripts/bare-metal.sh
boards="mps2-an385 mps2-an386 mps2-an505 mps3-an547 riscv-virt"
# Of the integers: a Cortex-M0 with 16 KB too.
integer_boards="mps2-an385 mps2-an386 mps3-an547 riscv-virt esp32c3-qemu microbit"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

fail() {
    echo "numbers: $*" >&2
    exit 1
}

# A Pico counts cycles. What it takes is not everywhere, and its figures may be left out where nothing is written.
left_out=
if command -v npm >/dev/null; then
    boards="$boards pico" integer_boards="$integer_boards pico"
else
    [ "${1:-}" = check ] || fail "there is no npm, which the emulator of a Pico needs"
    left_out=pico
    echo "numbers: there is no npm: the Pico is left out" >&2
fi

# clean BOARD ELF: neither panic nor allocation nor arithmetic on f64 is linked.
clean() {
    readelf -sW "$2" | awk '$4 == "FUNC" { print $8 }' >"$work/functions"
    bad=$(grep -E 'panic|unwrap_failed|bounds_check|slice_index|__rust_alloc|__rg_|^malloc$|^_?sbrk' "$work/functions" || true)
    [ -z "$bad" ] || fail "$1: a panic or an allocation is linked:" $bad
    doubles='__(aeabi_(d(add|sub|rsub|mul|div|cmp|2)|f2d|d2f|u?i2d|u?l2d)|(add|sub|mul|div)df3|extendsfdf2|truncdfsf2|float.*df)'
    bad=$(grep -E "$doubles" "$work/functions" || true)
    [ -z "$bad" ] || fail "$1: arithmetic on f64 is linked:" $bad
    case $1 in riscv-virt | esp32c3-qemu) return ;; esac
    bad=$(arm-none-eabi-objdump -d "$2" | grep -E '\.f64' | head -n 1 || true)
    [ -z "$bad" ] || fail "$1: an instruction on f64 is linked: $bad"
}

# flash BOARD WHAT: bytes of code and constants of an image that can do that.
flash() {
    elf=$(LEARNS=$2 "$bare" build "$1" flash 2>"$work/log") || { cat "$work/log" >&2; fail "flash $2 does not link"; }
    clean "$1" "$elf"
    readelf -SW "$elf" | sed 's/^ *\[ *[0-9]*\]//' | awk '
        function number(s, n, i) { for (i = 1; i <= length(s); i++) n = 16 * n + index("0123456789abcdef", substr(s, i, 1)) - 1; return n }
        $2 == "PROGBITS" && $7 ~ /A/ { n += number($5) } END { print n }'
}

: >"$work/figures"
# At once what can be, one after another what is measured: each link takes one CPU.
# shellcheck disable=SC2086
printf '%s\n' $boards | xargs -P "$(nproc)" -I {} "$bare" build {} bench >/dev/null 2>&1 || true
# shellcheck disable=SC2086
printf '%s\n' $integer_boards | xargs -P "$(nproc)" -I {} "$bare" build {} integers >/dev/null 2>&1 || true
for board in $boards; do
    echo "numbers: $board" >&2
    "$bare" run "$board" bench >"$work/run" 2>"$work/log" || { cat "$work/log" "$work/run" >&2; fail "$board: bench failed"; }
    grep -hE '^[a-z_]+ [0-9]+$' "$work/run" "$work/log" | sed "s/^/$board /" >>"$work/figures"
    clean "$board" "$("$bare" build "$board" bench 2>/dev/null)"
done
for board in $integer_boards; do
    echo "numbers: $board, integers" >&2
    "$bare" run "$board" integers >"$work/run" 2>"$work/log" || { cat "$work/log" "$work/run" >&2; fail "$board: integers failed"; }
    grep -hE '^[a-z_]+ [0-9]+$' "$work/run" "$work/log" | sed "s/^/$board /" >>"$work/figures"
    clean "$board" "$("$bare" build "$board" integers 2>/dev/null)"
done
[ "$(awk '/_parameter_hash / { print $2, $3 }' "$work/figures" | sort -u | wc -l)" = 4 ] ||
    fail "boards do not train to the same bits:" $(grep _parameter_hash "$work/figures")
# The C face beside Rust with the same engine, all of it: one network, the same inputs.
echo "numbers: C" >&2
: >"$work/run"
for board in mps2-an386 mps2-an385; do
    "$bare" run $board costs >>"$work/run" 2>"$work/log" || { cat "$work/log" "$work/run" >&2; fail "$board: costs failed"; }
done
"$root/scripts/firmware-c.sh" costs >>"$work/run" 2>"$work/log" || { cat "$work/log" "$work/run" >&2; fail "costs of C failed"; }
"$root/scripts/firmware-c.sh" costs cortex-m55 >"$work/m55" 2>"$work/log" || { cat "$work/log" "$work/m55" >&2; fail "costs of C failed"; }
grep -E '^c_(sgd|momentum|adam|polled)_[a-z]+_instructions ' "$work/m55" |
    sed 's/^/mps3-an547 /' >>"$work/figures"
# Integers are those of a Cortex-M3.
grep -hE '^(c|rust)_[a-z_]+ [0-9]+$' "$work/run" |
    awk '{ print ($1 ~ /_integer_/ ? "mps2-an385" : "mps2-an386"), $0 }' >>"$work/figures"
tenths='function tenths(ratio, n) { n = 1000 * ratio; return (n > int(n) ? int(n) + 1 : int(n)) / 10 }'
awk '
    $1 == "mps2-an385" && $2 ~ /^(c|rust)_integer_/ { value[$2] = $3 }
    $1 != "mps2-an386" { next }
    { value[$2] = $3 }
    # Tenths, rounded up: a budget of 125 lets 125 through and no more.
    function board(name) { return name ~ /integer/ ? "mps2-an385" : "mps2-an386" }
    function share(name, a, b) { if (b) print board(name) " " name " " tenths(a / b) }
    '"$tenths"'
    END {
        share("momentum_step_percent", value["momentum_step_instructions"], value["sgd_step_instructions"])
        share("c_integer_polled_percent", value["c_integer_polled_instructions"], value["c_integer_step_instructions"])
        count = split("sgd_step polled_step score momentum_step momentum_polled adam_step adam_polled " \
            "integer_step integer_polled integer_score", call, " ")
        for (i = 1; i <= count; i++) {
            c = "c_" call[i]; rust = "rust_" call[i]
            share(c "_percent_of_rust", value[c "_instructions"], value[rust "_instructions"])
            more = value[c "_stack_bytes"] - value[rust "_stack_bytes"]
            print board(c) " " c "_stack_beyond_rust_bytes " (more > 0 ? more : 0)
        }
    }' "$work/figures" >"$work/shares"
cat "$work/shares" >>"$work/figures"
nothing=$(flash mps2-an386 nothing)
for what in sgd adam; do
    echo "mps2-an386 ${what}_flash_bytes $(($(flash mps2-an386 $what) - nothing))" >>"$work/figures"
done
nothing=$(flash mps2-an385 nothing)
echo "mps2-an385 integer_flash_bytes $(($(flash mps2-an385 integers) - nothing))" >>"$work/figures"
awk '
    { value[$1, $2] = $3; board[$1] = 1 }
    '"$tenths"'
    # share(BOARD, FIGURE, OF) where both were measured.
    function share(b, name, a, of) {
        if ((b, a "_instructions") in value)
            print b " " name " " tenths(value[b, a "_instructions"] / value[b, of "_instructions"])
    }
    END {
        for (b in board) {
            share(b, "integer_score_percent_of_step", "integer_score", "integer_step")
            share(b, "integer_polled_percent", "integer_polled_step", "integer_step")
            share(b, "polled_step_percent", "polled_step", "sgd_step")
            share(b, "momentum_polled_percent", "momentum_polled", "momentum_step")
            share(b, "adam_polled_percent", "adam_polled", "adam_step")
            share(b, "c_polled_step_percent", "c_polled_step", "c_sgd_step")
            share(b, "c_momentum_polled_percent", "c_momentum_polled", "c_momentum_step")
            share(b, "c_adam_polled_percent", "c_adam_polled", "c_adam_step")
        }
    }' \
    "$work/figures" >"$work/integers"
cat "$work/integers" >>"$work/figures"
if LEARNS=panic "$bare" build mps2-an386 flash >"$work/log" 2>&1 || ! grep -q sbn_panic_is_reachable "$work/log"; then
    fail "an image with a panic links: the proof that there is none proves nothing"
fi
for what in sgd adam; do
    awk -v what=$what '$2 == what "_step_instructions" { n[$1] = $3 } END { if (n["mps2-an386"])
        print "mps3-an547 " what "_step_percent_of_m4f " tenths(n["mps3-an547"] / n["mps2-an386"]) } '"$tenths" \
        "$work/figures" >>"$work/percent"
done
cat "$work/percent" >>"$work/figures"

awk '
    function row(title, figure, i, cell) {
        cell = "| " title
        for (i = 1; i <= count; i++) cell = cell " | " ((board[i], figure) in value ? commas(value[board[i], figure]) : "")
        print cell " |"
    }
    function commas(n) {
        while (match(n, /[0-9][0-9][0-9][0-9](,|$)/)) n = substr(n, 1, RSTART) "," substr(n, RSTART + 1)
        return n
    }
    { if (!($1 in seen)) { seen[$1] = 1; board[++count] = $1 } value[$1, $2] = $3 }
    END {
        name["mps2-an385"] = "Cortex-M3"; name["mps2-an386"] = "Cortex-M4F"; name["mps2-an505"] = "Cortex-M33"
        name["mps3-an547"] = "Cortex-M55"; name["riscv-virt"] = "RV32IMAC"; name["microbit"] = "Cortex-M0"
        name["pico"] = "Cortex-M0+: cycles"; name["esp32c3-qemu"] = "RV32IMC"
        head = "| "; line = "|---|"
        for (i = 1; i <= count; i++) { head = head " | " name[board[i]]; line = line "--:|" }
        print head " |"; print line
        row("training step, SGD: instructions", "sgd_step_instructions")
        row("the same, % of the Cortex-M4F", "sgd_step_percent_of_m4f")
        row("the same in slices of 256 parameters: instructions", "polled_step_instructions")
        row("the same, % of a whole step", "polled_step_percent")
        row("training step, momentum: instructions", "momentum_step_instructions")
        row("in slices, % of that", "momentum_polled_percent")
        row("training step, Adam: instructions", "adam_step_instructions")
        row("the same, % of the Cortex-M4F", "adam_step_percent_of_m4f")
        row("in slices, % of a whole step", "adam_polled_percent")
        row("score: instructions", "score_instructions")
        row("stack of an SGD step: bytes", "sgd_step_stack_bytes")
        row("stack of an Adam step: bytes", "adam_step_stack_bytes")
        row("stack of a momentum step: bytes", "momentum_step_stack_bytes")
        row("stack of a score: bytes", "score_stack_bytes")
        row("stack of saving to flash: bytes", "save_stack_bytes")
        row("stack of loading from flash: bytes", "load_stack_bytes")
        row("parameters: bytes of RAM", "parameter_bytes")
        row("SGD beyond parameters: bytes of RAM", "sgd_ram_beyond_parameters_bytes")
        row("SGD step and score: bytes of flash", "sgd_flash_bytes")
        row("Adam step and score: bytes of flash", "adam_flash_bytes")
        row("in integers: SGD step: instructions", "integer_step_instructions")
        row("the same in slices of 256 parameters", "integer_polled_step_instructions")
        row("the same, % of a whole step", "integer_polled_percent")
        row("in integers: score: instructions", "integer_score_instructions")
        row("in integers: stack of an SGD step: bytes", "integer_step_stack_bytes")
        row("in integers: stack of a score: bytes", "integer_score_stack_bytes")
        row("in integers: parameters: bytes of RAM", "integer_parameter_bytes")
        row("in integers: SGD beyond parameters: bytes of RAM", "integer_ram_beyond_parameters_bytes")
        row("in integers: SGD step and score: bytes of flash", "integer_flash_bytes")
        row("in C, with all of the engine: SGD step", "c_sgd_step_instructions")
        row("the same, % of Rust with all of the engine", "c_sgd_step_percent_of_rust")
        row("in C: step in slices of 256 parameters", "c_polled_step_instructions")
        row("the same, % of Rust", "c_polled_step_percent_of_rust")
        row("the same, % of a whole step", "c_polled_step_percent")
        row("in C: score", "c_score_instructions")
        row("the same, % of Rust", "c_score_percent_of_rust")
        row("in C: number of steps", "c_steps_instructions")
        row("in C: where the parameters are", "c_params_instructions")
        row("in C: stack of an SGD step: bytes", "c_sgd_step_stack_bytes")
        row("the same, beyond that of Rust", "c_sgd_step_stack_beyond_rust_bytes")
        row("in C, in integers, with all of the engine: SGD step", "c_integer_step_instructions")
        row("the same, % of Rust with all of the engine", "c_integer_step_percent_of_rust")
        row("in C, in integers: step in slices of 256 parameters", "c_integer_polled_instructions")
        row("the same, % of Rust", "c_integer_polled_percent_of_rust")
        row("the same, % of a whole step", "c_integer_polled_percent")
        row("in C, in integers: score", "c_integer_score_instructions")
        row("the same, % of Rust", "c_integer_score_percent_of_rust")
        row("in C, in integers: results that left their range", "c_integer_saturated_instructions")
        row("in C, in integers: stack of an SGD step beyond that of Rust: bytes", "c_integer_step_stack_beyond_rust_bytes")
    }' "$work/figures" >"$work/table"
cat "$work/table"

if [ "${1:-}" != check ]; then
    awk -v table="$work/table" '
        /<!-- end of numbers -->/ { inside = 0 }
        !inside { print }
        /<!-- numbers -->/ { inside = 1; while ((getline line <table) > 0) print line }' "$page" >"$work/page"
    cat "$work/page" >"$page"
    echo "numbers: written to docs/microcontroller.md" >&2
fi

awk -v left_out="$left_out" '
    NR == FNR { value[$1, $2] = $3; next }
    /^#/ || NF == 0 || $1 == left_out { next }
    !(($1, $2) in value) { print "numbers: there is no figure " $2 " for " $1 > "/dev/stderr"; bad = 1; next }
    value[$1, $2] > $3 { print "numbers: " $1 ": " $2 " is " value[$1, $2] ", the budget is " $3 > "/dev/stderr"; bad = 1 }
    END { if (!bad) print "numbers: all within the budget" > "/dev/stderr"; exit bad }' "$work/figures" "$budget" ||
    fail "over budget: make it smaller, or defend a larger limit in examples/firmware/budget.txt"
