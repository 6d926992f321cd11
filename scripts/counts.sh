#!/bin/sh
# Counts the instructions of a training step on an emulated Cortex-M4F, one example at a time, with SGD and with Adam.
#
#   scripts/counts.sh                    the networks of docs/networks.md
#   scripts/counts.sh 'NETWORK'...       others, in the same notation; ', learned prior' may follow
#
# Each network is counted with the features of arm-core that it needs, together with the others of the same: an image of
# one network takes 0.6 % more. The estimate of `arm train --dry-run` was fitted to the networks of $fitted; what
# was counted of the others says how far off it is. Needs what scripts/bare-metal.sh needs.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

fitted='16-16-[8] / [8]-16-16
64-[16] / [16]-64
64-32-[16] / [16]-32-64
64-32-[16] / [16]-32-64, learned prior
64-64-[32] / [32]-64-64
64-64-64-[32] / [32]-64-64-64
176-64-[32] / [32]-64-176
256-64-[32] / [32]-32-256
256-128-[64] / [64]-128-256
784-128-[64] / [64]-128-784
64-[32]-[16] / [16]-[32]-64
64-32-[16]-[16] / [16]-[16]-32-64, learned prior
64-32-[32]-32-[16] / [16]-32-[32]-32-64
64-[32]-[32]-[32] / [32]-[32]-[32]-64'

others='32-16-[16] / [16]-16-32
128-48-[16] / [16]-48-128
96-[64] / [64]-96
128-64-[32]-[16] / [16]-[32]-64-128
64-32-[16]-16
64-[32]-[16]-32
128-64-[32]-64-16'

ragged='30-16-[11] / [11]-20-30
64-15-[7] / [7]-15-64
64-40-[20] / [20]-40-64
64-44-[22] / [22]-44-64
64-200-[50] / [50]-200-64'

if [ $# -gt 0 ]; then
    printf '%s\n' "$@" >"$work/networks"
else
    printf '%s\n' "$fitted" "$others" "$ragged" >"$work/networks"
fi

# features NETWORK: those that it needs, with commas.
features() {
    echo "$1" | awk '{
        if (sub(/, learned prior$/, "")) needs = needs ",arm-core/prior"
        up = $0; sub(/\/.*/, "", up)
        if (gsub(/\[/, "", up) > 1) needs = needs ",arm-core/stacks"
        n = split($0, width, /[^0-9]+/)
        for (i = 2; i <= n; i++) if (width[i] != "" && width[i] % 16) ragged = 1
        if (ragged) needs = needs ",arm-core/ragged"
        print substr(needs, 2) }'
}

while read -r network; do
    printf '%s\t%s\n' "$(features "$network")" "$network"
done <"$work/networks" >"$work/needs"
cut -f 1 "$work/needs" | sort -u | while read -r needs; do
    networks=$(awk -F '\t' -v needs="$needs" '$1 == needs { printf "%s;", $2 }' "$work/needs")
    FEATURES=$needs NETWORKS=$networks "$root/scripts/bare-metal.sh" run mps2-an386 counts >"$work/run" 2>"$work/log" </dev/null ||
        { cat "$work/log" "$work/run" >&2; exit 1; }
    grep -h '^counted ' "$work/run" "$work/log" >>"$work/counted"
done
echo "| network | SGD | Adam |"
echo "|---|--:|--:|"
while read -r network; do
    awk -v network="$network" '$0 ~ /^counted / { name = $0; sub(/^counted [0-9]+ [0-9]+ /, "", name)
        if (name == network) print "| `" network "` | " $2 " | " $3 " |" }' "$work/counted"
done <"$work/networks"
