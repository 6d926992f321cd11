#!/bin/sh
# A model from the desktop to a device and back.
#
#   scripts/export.sh [BOARD]
#
# Trains a small network, exports it, and runs the exported self-tests: in Rust on an emulated board (mps2-an386 unless
# another is named), in C on this machine. The device goes on learning and saves its bytes, which `arm eval` must
# score as the device did.
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

# The profile of the tests, which have built it already.
cargo build -q --profile test --manifest-path "$root/Cargo.toml" -p arm-std --bin arm
arm=${CARGO_TARGET_DIR:-$root/target}/debug/arm
"$arm" train --data rows --preset linear --steps 600 --batch 20 --lr 1e-3 --nll-samples 1 --out run >/dev/null
"$arm" export run --out gadget

# The -ELBO in hundredths of a nat.
hundredths() {
    awk -v line="$1" 'index($0, line) == 1 { printf "%.0f\n", 100 * $3 }'
}
same() {
    [ -n "$2" ] && [ $(($2 - $3)) -ge -1 ] && [ $(($2 - $3)) -le 1 ] || fail "$1: $2 on the device, $3 on the desktop"
    echo "$1: $2 and $3 hundredths of a nat on the device and on the desktop"
}
MODEL=$work/gadget.rs ROWS=$work/rows/test.csv "$root/scripts/bare-metal.sh" run "$board" exported >device ||
    { cat device; fail "the program failed on $board"; }
cat device
same "as exported" "$(hundredths 'test -ELBO' <device)" "$("$arm" eval gadget.sbn --data rows --nll-samples 1 | hundredths 'test -ELBO')"
same "as learned on the device" "$(hundredths 'learned -ELBO' <device)" \
    "$("$arm" eval device.sbn --data rows --nll-samples 1 | hundredths 'test -ELBO')"

library=${CARGO_TARGET_DIR:-$root/target}/firmware-c
cargo rustc -q --manifest-path "$root/Cargo.toml" --release -p arm-core-ffi --lib --crate-type staticlib --target-dir "$library"
cat >test.c <<'END'
#include "gadget.h"
#include <stdio.h>

int main(void)
{
    static uint32_t memory[SBN_BYTES(GADGET_UNITS, GADGET_ENCODER, GADGET_DECODER, GADGET_PRIOR, SBN_SGD) / 4];
    const int32_t differ = gadget_self_test(memory, sizeof memory);
    printf("C self-test: %d values differ\n", (int)differ);
    return differ != 0;
}
END
gcc -std=c99 -Wall -Wextra -Werror -Wconversion -pedantic -fsanitize=address,undefined -I"$root/arm-core/ffi/include" \
    test.c "$library/release/libsbn.a" -o test
./test
