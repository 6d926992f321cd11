#!/bin/sh
# Builds the page, compares its golden values in node, saves and loads models there, hands one to the command, opens the page in a
# headless Chromium and looks at what it drew.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$here/build.sh" "$work"
node "$here/golden.mjs" "$work/golden.wasm"
node "$here/bytes.mjs" "$work/learner.wasm" "$work"
# The command reads what the page saved as it reads what a device saved, and finds that the model knows strokes.
cargo run --release --quiet --manifest-path "$here/../../Cargo.toml" -p arm-std -- \
    eval "$work/model.sbn" --data "$work/strokes.csv" --split all --json >"$work/eval.json"
python3 - "$work/eval.json" <<'PYTHON'
import json, sys

found = json.load(open(sys.argv[1]))
print("the command finds", found)
assert found["neg_elbo"] < 60, "the command does not find that the model knows strokes"
PYTHON
browser=$(command -v chromium || command -v chromium-browser || command -v google-chrome)
open() {
    timeout 300 "$browser" --headless=new --no-sandbox --disable-gpu --hide-scrollbars --window-size=1000,900 \
        --host-resolver-rules='MAP * ~NOTFOUND' --user-data-dir="$work/profile" "$@" "file://$work/index.html?steps=10000" \
        2>/dev/null
}
open --dump-dom --virtual-time-budget=1000000 >"$work/dom"
ready=$(sed -n 's/.*data-ready="\([^"]*\)".*/\1/p' "$work/dom")
echo "steps, first and last -ELBO, bytes of the model: $ready"
echo "$ready" | awk '{ exit !($1 >= 10000 && $3 < 0.5 * $2 && $4 > 148000) }'
open --screenshot="$work/shot.png" --virtual-time-budget=1000000
[ $# -eq 0 ] || cp "$work/shot.png" "$1"
python3 - "$work/shot.png" <<'PYTHON'
import struct, sys, zlib

data = open(sys.argv[1], "rb").read()
parts, at = b"", 8
while at < len(data):
    size, kind = struct.unpack(">I4s", data[at : at + 8])
    body = data[at + 8 : at + 8 + size]
    if kind == b"IHDR":
        width, height, depth, colour = struct.unpack(">IIBB", body[:10])
    if kind == b"IDAT":
        parts += body
    at += size + 12
channels = {2: 3, 6: 4}[colour]
raw, row = zlib.decompress(parts), width * channels
pixels, above = [], bytes(row)
for y in range(height):
    kind, line = raw[y * (row + 1)], bytearray(raw[y * (row + 1) + 1 : (y + 1) * (row + 1)])
    for i in range(row):
        a = line[i - channels] if i >= channels else 0
        b, c = above[i], above[i - channels] if i >= channels else 0
        paeth = min((abs(b - c), 0, a), (abs(a - c), 1, b), (abs(a + b - 2 * c), 2, c))[2]
        line[i] = (line[i] + (0, a, b, (a + b) // 2, paeth)[kind]) & 255
    above = bytes(line)
    pixels += [tuple(line[i : i + 3]) for i in range(0, row, channels)]
blue = sum(b > 150 and r < 90 for r, g, b in pixels)
black = sum(max(p) < 60 for p in pixels)
grey = sum(70 < max(p) < 230 and max(p) - min(p) < 8 for p in pixels)
print(f"{width} x {height}: {blue} pixels of the curve, {black} black, {grey} grey")
assert blue > 300 and black > 8000 and grey > 5000, "the page does not show a curve, strokes and samples"
PYTHON
