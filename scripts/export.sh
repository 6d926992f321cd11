#!/bin/sh
# A model from the desktop to a device and back.
#
#   scripts/export.sh [BOARD]
#
# Trains small networks of every kind for a few steps, exports them, and runs the exported self-tests: in Rust and in C on this
# machine, and on an emulated board (mps2-an386 unless another is named). There each goes on learning and saves its bytes,
# which `arm eval` must score as the device did.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
board=${1:-mps2-an386}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

fail() {
    echo "export: $*" >&2
    exit 1
}

# Rows of sixteen bits: one of four patterns each, a bit in ten wrong.
mkdir rows
for split in train:600 valid:100 test:60; do
    awk -v n="${split#*:}" -v seed="${#split}" 'BEGIN {
        srand(seed)
        split("1111000011110000 1010101001010101 0011001111001100 1111111100000000", pattern, " ")
        for (i = 0; i < n; i++) {
            row = pattern[1 + int(4 * rand())]; line = ""
            for (k = 1; k <= 16; k++) line = line (k > 1 ? "," : "") (rand() < 0.1 ? 1 - substr(row, k, 1) : substr(row, k, 1))
            print line
        }
    }' >"rows/${split%:*}.csv"
done

# As the tests have built it: with an example, Cargo chooses the features of dependencies as for tests.
cargo build -q --profile test --manifest-path "$root/Cargo.toml" --workspace --bin arm --example same_run
arm=${CARGO_TARGET_DIR:-$root/target}/debug/arm
# trained NAME SETTINGS...: trains a network and exports it.
names=
trained() {
    names="$names $1"
    name=$1
    shift
    "$arm" train --data rows "$@" --steps 60 --batch 20 --lr 1e-3 --nll-samples 1 --out "run-$name" >/dev/null
    "$arm" export "run-$name" --out "$name"
}
trained gadget --network '16-[200] / [200]-16'
trained coded --network '16-9-[12]-[7] / [7]-[12]-16' --prior learned --inputs centred --signed-units true
trained plain --network '16-32-[16] / [16]-32-16'
trained signs --network '16-[20] / [20]-16' --prior learned --inputs signed --signed-units true
trained target --network 'x-9-[20]-[5]-5' --inputs centred
trained one --network '16-[1] / [1]-16'
trained wide --network '16-[4096] / [4096]-16'

# hundredths LINE: the number behind these words in hundredths of a nat.
hundredths() {
    awk -v line="$1 " 'index($0, line) == 1 { printf "%.0f\n", 100 * substr($0, length(line) + 1) }'
}
same() {
    [ -n "$2" ] && [ $(($2 - $3)) -ge -1 ] && [ $(($2 - $3)) -le 1 ] || fail "$1: $2 on the device, $3 on the desktop"
    echo "$1: $2 and $3 hundredths of a nat on the device and on the desktop"
}
evaluated() {
    "$arm" eval "$1" --data rows --nll-samples 1 | hundredths 'test -ELBO'
}
models=
for name in $names; do models=$models${models:+:}$work/$name.rs; done
MODEL=$models ROWS=$work/rows/test.csv "$root/scripts/bare-metal.sh" run "$board" exported >device ||
    { cat device; fail "the program failed on $board"; }
cat device
for name in $names; do
    same "$name as exported" "$(hundredths "$name test -ELBO" <device)" "$(evaluated "$name.sbn")"
    same "$name as learned on the device" "$(hundredths "$name learned -ELBO" <device)" "$(evaluated "device-$name.sbn")"
done

# All of them in Rust on this machine, and one in integers.
"$arm" train --data rows --numbers i16 --network '16-9-[6] / [6]-9-16' --steps 600 --nll-samples 1 --out run-fixed >/dev/null
"$arm" export run-fixed --out fixed
mkdir -p host/src
cat >host/Cargo.toml <<END
[workspace]
[package]
name = "host"
version = "0.0.0"
edition = "2024"
[dependencies]
arm-core = { path = "$root/arm-core" }
END
cp "$root/Cargo.lock" host/
{
    for name in $names fixed; do echo "#[path = \"$work/$name.rs\"] mod $name;"; done
    echo 'fn main() {'
    for name in $names fixed; do
        scratch=scratch zero=0.0
        [ "$name" != fixed ] || scratch=integer_scratch zero=0
        echo "let shape = $name::SHAPE;"
        echo "let (mut params, mut scratch) = (vec![$zero; shape.params()], vec![0; shape.$scratch()]);"
        echo 'let memory = arm_core::learner::Slices { params: &mut params, moments: &mut [], scratch: &mut scratch };'
        echo "assert_eq!($name::self_test(memory), Ok(true), \"$name\");"
    done
    echo '}'
} >host/src/main.rs
cargo run -q --manifest-path host/Cargo.toml --offline --target-dir "${CARGO_TARGET_DIR:-$root/target}/export" ||
    fail "a self-test in Rust fails"
echo "Rust self-tests:$names fixed"

library=${CARGO_TARGET_DIR:-$root/target}/firmware-c
cargo rustc -q --manifest-path "$root/Cargo.toml" --release -p arm-core-ffi --lib --crate-type staticlib --target-dir "$library"
{
    for name in $names fixed; do echo "#include \"$name.h\""; done
    echo '#include <stdio.h>'
    echo 'int main(void) { int32_t differ = 0;'
    for name in $names fixed; do
        upper=$(echo "$name" | tr a-z A-Z)
        use=SBN_USE_SGD optimiser="(SBN_SGD)"
        [ "$name" != fixed ] || use=SBN_USE_INTEGERS optimiser=
        echo "{ static uint32_t memory[${upper}_BYTES$optimiser / 4];"
        echo "const sbn_config sgd = $use(0.01f, 1); if (sizeof memory != sbn_bytes(&${name}_shape, &sgd)) { puts(\"$name: SBN_BYTES\"); return 1; }"
        echo "const int32_t n = ${name}_self_test(memory, sizeof memory);"
        # In some shells `echo` makes a new line of \n.
        printf '%s\n' "printf(\"C self-test of $name: %d values differ\\n\", (int)n); differ |= n; }"
    done
    echo 'return differ != 0; }'
} >test.c
gcc -std=c99 -Wall -Wextra -Werror -Wconversion -pedantic -fsanitize=address,undefined -I"$root/arm-core/ffi/include" \
    test.c "$library/release/libsbn.a" -o test
./test
