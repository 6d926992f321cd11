"""What the peers share: the networks, the data, and the loop that times steps."""
import argparse
import json
import pathlib
import struct
import sys
import time
import zlib

import numpy as np

INPUTS, ROWS, DENSITY = 784, 50_000, 0.13

# Widths of each link, by the stochastic layer it ends in (encoder) or starts from (decoder), bottom up.
PRESETS = {
    "linear": ([[INPUTS, 200]], [[200, INPUTS]]),
    "nonlinear": ([[INPUTS, 200, 200, 200]], [[200, 200, 200, INPUTS]]),
    "two-layer": ([[INPUTS, 200], [200, 200]], [[200, INPUTS], [200, 200]]),
}


def arguments(description):
    p = argparse.ArgumentParser(description=description)
    p.add_argument("--preset", choices=PRESETS, default="nonlinear")
    p.add_argument("--widths", type=int, nargs="+", help="another network: input, hidden layers and bits of its encoder")
    p.add_argument("--batch", type=int, default=50)
    p.add_argument("--threads", type=int, default=2)
    p.add_argument("--lr", type=float, default=1e-4)
    p.add_argument("--steps", type=int, default=400, help="steps of a repetition")
    p.add_argument("--reps", type=int, default=5)
    p.add_argument("--data", type=pathlib.Path, help="folder of static binarised MNIST [default: random bits]")
    p.add_argument("--serve", action="store_true", help="a repetition for each line of standard input: its steps")
    return p


def network(args):
    """Widths of the links of encoder and decoder."""
    if args.widths:
        return [args.widths], [args.widths[::-1]]
    return PRESETS[args.preset]


def bits(inputs):
    """Random bits of the density of binarised images."""
    return np.random.default_rng(0).random((ROWS, inputs), dtype=np.float32) < DENSITY


def load(folder, inputs):
    """The train images as floats: those of `folder`, or random bits of the same shape and density."""
    if folder is None:
        return bits(inputs).astype(np.float32)
    return amat(folder / "binarized_mnist_train.amat").astype(np.float32)


def amat(path):
    """The one matrix of bytes in a MATLAB 5 file."""
    raw = path.read_bytes()[128:]
    if struct.unpack_from("<I", raw)[0] == 15:
        raw = zlib.decompressobj().decompress(raw[8:])
    at, parts = 8, []
    while len(parts) < 4:  # flags, dimensions, name, values
        kind, size = struct.unpack_from("<II", raw, at)
        if kind >> 16:  # a small element: its size in the high half, its bytes in the tag
            parts.append(raw[at + 4 : at + 4 + (kind >> 16)])
            at += 8
        else:
            parts.append(raw[at + 8 : at + 8 + size])
            at += 8 + (size + 7) // 8 * 8
    rows, cols = struct.unpack("<ii", parts[1])
    return np.frombuffer(parts[3], np.uint8).reshape(cols, rows).T


def time_steps(args, name, run):
    """Prints the speed of `run(steps)`, which takes the steps and returns (steps, seconds, -ELBO), as JSON lines."""
    run(max(20, args.steps // 10))
    label = {"name": name, "preset": args.preset, "batch": args.batch, "threads": args.threads}
    if args.serve:
        print(json.dumps(label), flush=True)
        for line in sys.stdin:
            steps, seconds, loss = run(int(line))
            print(json.dumps({"steps_per_second": steps / seconds, "neg_elbo": loss}), flush=True)
        return
    reps = [run(args.steps) for _ in range(args.reps)]
    rates = sorted(steps / seconds for steps, seconds, _ in reps)
    print(json.dumps(label | {"steps_per_second": rates[len(rates) // 2], "neg_elbo": reps[-1][2]}))


class Clock:
    def __init__(self):
        self.start = time.perf_counter()

    def seconds(self):
        return time.perf_counter() - self.start
