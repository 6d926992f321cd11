#!/usr/bin/env bash
# The Python package: the wheel, a fresh environment with the wheel and nothing else of ours, and the tests in it.
#
#   scripts/python.sh         NumPy and scikit-learn; the wheel is made of libraries that the workspace's tests have compiled, with debug assertions
#   scripts/python.sh full    the wheel that is given away; also the layers for PyTorch and JAX
#
# PYTHON names the interpreter (3.10 or later), ARM the command `arm` that is compared with; without it, it is built.
set -euo pipefail
cd "$(dirname "$0")/.."
python=${PYTHON:-python3}
target=${CARGO_TARGET_DIR:-$PWD/target}
full=${1:-}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

"$python" -m venv "$work/venv"
pip() { "$work/venv/bin/python" -m pip --quiet --disable-pip-version-check "$@"; }
pip install -r arm-std/python/tests/requirements.txt 'maturin>=1.9,<2'

if [ "$full" = full ]; then
    # Both with the features of the wheel, so that libraries are compiled once.
    cargo build --quiet --release -p arm-std --no-default-features --bin arm
    profile=(--release) arm=$target/release/arm
else
    cargo build --quiet --workspace --bin arm
    profile=(--profile dev) arm=$target/debug/arm
fi
export ARM=${ARM:-$arm} ARM_CORE=$PWD
"$work/venv/bin/maturin" build --quiet "${profile[@]}" --locked --manifest-path arm-std/python/Cargo.toml --out "$work/wheels" \
    --interpreter "$work/venv/bin/python"
# By its name and version it says for what it is: this system, Python 3.10 and later.
ls "$work"/wheels/arm_sbn-*-cp310-abi3-*.whl
pip uninstall --yes maturin
pip install --no-index "$work"/wheels/*.whl

if [ "$full" = full ]; then pip install torch jax; fi
# Outside of the repository, where only the wheel is found.
cp -r arm-std/python/tests arm-std/python/examples arm-std/python/pyproject.toml "$work"
cd "$work"
"$work/venv/bin/python" -m pytest -q -p no:cacheprovider --durations=5 tests
