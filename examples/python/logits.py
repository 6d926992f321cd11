"""Reads the model of a run and computes its logits with numpy.

    python3 logits.py RUN [X.csv]

RUN is a run folder or a .safetensors file, X.csv holds rows of 0 and 1. Prints, for each row of x, the logits of
q(b | x) and those of p(x | b) at the most probable b, layer by layer where there are several.
"""

import json
import sys
from pathlib import Path

import numpy as np


def load(path):
    """The network and the tensors of a model. A safetensors file is 8 bytes of length, a JSON header, the data."""
    data = (path / "model.safetensors" if path.is_dir() else path).read_bytes()
    start = 8 + int.from_bytes(data[:8], "little")
    header = json.loads(data[8:start])
    about = json.loads(header.pop("__metadata__")["arm"])
    tensors = {
        name: np.frombuffer(data[start + t["data_offsets"][0] : start + t["data_offsets"][1]], "<f4").reshape(t["shape"])
        for name, t in header.items()
    }
    return about["network"], tensors


def layers(side, network, tensors, x):
    """The logits of every stochastic layer of the encoder or decoder, each from the most probable sample below."""
    all_logits = []
    for i, layer in enumerate(network[side]):
        z = x @ tensors[f"{side}.{i}.weight"] + tensors[f"{side}.{i}.bias"]
        if "bernoulli" in layer:
            all_logits.append(z)
            x = (z > 0).astype(np.float32)
        else:
            x = np.where(z > 0, z, np.float32(layer["hidden"]["slope"]) * z)
    return all_logits


def main():
    network, tensors = load(Path(sys.argv[1]))
    if len(sys.argv) > 2:
        x = np.loadtxt(sys.argv[2], delimiter=",", dtype=np.float32, ndmin=2)
    else:
        x = np.zeros((1, network["inputs"]), np.float32)
    up = layers("encoder", network, tensors, x)
    down = layers("decoder", network, tensors, (up[-1] > 0).astype(np.float32))
    for logits in up + down:
        np.savetxt(sys.stdout, logits, fmt="%.9g")


if __name__ == "__main__":
    main()
