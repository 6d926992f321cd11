#!/usr/bin/env python3
"""Training steps per second of this project and of its peers, PyTorch (eager and compiled) and JAX, as ratios.

    python3 benches/compare.py [--quick]

needs NumPy and whichever of PyTorch and JAX (with Optax) shall be compared, and builds the release binary with cargo.
For each configuration all contenders are started, then take turns for some rounds: what else the machine does meets all
of them. The medians are compared. A product of square matrices takes turns with them: the machine's peak."""
import argparse
import importlib.util
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time
from statistics import median

HERE = pathlib.Path(__file__).resolve().parent
PEERS = HERE / "peers"

# (preset, batch): ratio at least, ratio aimed at, with two threads
GOALS = {
    ("nonlinear", 50): (2.4, 3.3),
    ("linear", 50): (2.8, 4.0),
    ("two-layer", 50): (2.4, 3.3),
    ("nonlinear", 200): (1.9, 2.5),
    ("linear", 200): (2.4, 3.5),
}
OURS = "arm"


class Worker:
    """A process that answers each line with a line of JSON."""

    def __init__(self, name, script, *arguments):
        command = [sys.executable, PEERS / script, *map(str, arguments)]
        self.name = name
        self.errors = tempfile.TemporaryFile("w+")
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.errors, text=True
        )

    def ready(self):
        line = self.process.stdout.readline()
        if not line:
            self.process.wait()
            self.errors.seek(0)
            error = self.errors.read().strip().splitlines()[-1:]
            print(f"  {self.name} cannot run: {' '.join(error)}", file=sys.stderr)
            return None
        return json.loads(line)["name"]

    def ask(self, line):
        print(line, file=self.process.stdin, flush=True)
        return json.loads(self.process.stdout.readline())

    def stop(self):
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()
        self.errors.close()


def has(*modules):
    return all(importlib.util.find_spec(m) for m in modules)


def peers(args, preset, batch, threads):
    """The contenders other than this project that can run here, started one after another."""
    common = ["--preset", preset, "--batch", batch, "--threads", threads, "--serve"]
    if args.data:
        common += ["--data", args.data]
    wanted = []
    if has("torch"):
        wanted.append(("torch eager", "torch_arm.py"))
        if not args.no_compile:
            wanted.append(("torch compiled", "torch_arm.py", "--compile"))
    if has("jax", "optax"):
        wanted.append(("jax", "jax_arm.py"))
    started = []
    for name, script, *flags in wanted:
        worker = Worker(name, script, *common, *flags)
        if worker.ready():
            started.append(worker)
    return started


def build():
    command = ["cargo", "build", "--release", "--package", "arm-benches", "--bin", "steps", "--message-format=json"]
    built = subprocess.run(command, cwd=HERE.parent, stdout=subprocess.PIPE, text=True, check=True).stdout
    messages = map(json.loads, built.splitlines())
    return next(m["executable"] for m in messages if m.get("target", {}).get("name") == "steps")


def own(binary, args, preset, batch, threads, steps):
    command = [binary, "--json", "--preset", preset, "--batch", batch, "--threads", threads, "--steps", steps, "--reps", 1]
    if args.data:
        command += ["--data", args.data]
    return json.loads(subprocess.run(list(map(str, command)), stdout=subprocess.PIPE, text=True, check=True).stdout)


def measure(binary, args, preset, batch, threads):
    """The medians of all contenders, and of the peak, in steps/s and GFLOP/s."""
    workers = peers(args, preset, batch, threads)
    gemm = Worker("gemm", "gemm.py", threads)
    gemm.ready()
    steps, answers, peaks = {}, {}, []

    def turn(name):
        if name == OURS:
            answer = own(binary, args, preset, batch, threads, steps.get(name, 20))
        else:
            answer = contenders[name].ask(steps.get(name, 20))
        # A finished contender may still spin for a moment.
        time.sleep(args.pause)
        return answer

    contenders = {w.name: w for w in workers} | {OURS: None}
    for name in contenders:  # how many steps fill a turn
        turn(name)
        steps[name] = max(20, round(turn(name)["steps_per_second"] * args.seconds / 20) * 20)
    for round_ in range(args.rounds):
        names = list(contenders)
        # Each round starts with another contender.
        for name in names[round_ % len(names) :] + names[: round_ % len(names)]:
            answers.setdefault(name, []).append(turn(name))
        peaks.append(gemm.ask("")["gflops"])
        time.sleep(args.pause)
    for worker in [*workers, gemm]:
        worker.stop()
    rates = {name: [a["steps_per_second"] for a in answer] for name, answer in answers.items()}
    return {
        "rates": {name: median(r) for name, r in rates.items()},
        "spread": {name: (max(r) - min(r)) / median(r) for name, r in rates.items()},
        "peak": median(peaks),
        "mflop": answers[OURS][0]["mflop"],
        "losses": {name: answer[-1]["neg_elbo"] for name, answer in answers.items()},
    }


def table(results, threads):
    names = ["jax", "torch eager", "torch compiled"]
    head = ["preset", "batch", OURS, *names, "ratio to the best"] + ["at least / aim"] * (threads == 2)
    head += ["MFLOP a step", "GFLOP/s", "of GEMM peak"]
    yield f"\n{threads} thread{'s' * (threads > 1)}, steps/s (spread of the rounds):\n"
    yield "| " + " | ".join(head) + " |"
    yield "|" + "---|" * len(head)
    peaks = []
    for (preset, batch, t), result in results.items():
        if t != threads:
            continue
        rates, spread = result["rates"], result["spread"]
        best = max((r for n, r in rates.items() if n != OURS), default=float("nan"))
        ratio, gflops = rates[OURS] / best, rates[OURS] * result["mflop"] * 1e-3
        cells = [f"{rates[n]:.0f} ({spread[n]:.0%})" if n in rates else "-" for n in [OURS, *names]]
        goal = ["%.1f / %.1f" % GOALS[preset, batch]] * (threads == 2)
        work = [f"{result['mflop']:.1f}", f"{gflops:.0f}", f"{gflops / result['peak']:.0%}"]
        yield "| " + " | ".join([preset, str(batch), *cells, f"**{ratio:.2f}**", *goal, *work]) + " |"
        peaks.append(result["peak"])
    yield f"\nGEMM peak, the median over these runs: {median(peaks):.0f} GFLOP/s"


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--quick", action="store_true", help="about 2 minutes: batch 50, two threads, no compilation")
    p.add_argument("--rounds", type=int, help="turns of each contender [default: 7; quick: 5]")
    p.add_argument("--seconds", type=float, default=1.0, help="length of a turn")
    p.add_argument("--pause", type=float, default=0.3, help="seconds between turns")
    p.add_argument("--no-compile", action="store_true", help="leave out the compiled PyTorch")
    p.add_argument("--threads", type=int, nargs="+", help="numbers of threads [default: 2 1; quick: 2]")
    p.add_argument("--only", metavar="PRESET:BATCH", nargs="+", help="some configurations, such as nonlinear:50")
    p.add_argument("--data", type=pathlib.Path, help="folder of static binarised MNIST [default: random bits]")
    args = p.parse_args()
    args.rounds = args.rounds or (5 if args.quick else 7)
    args.threads = args.threads or ([2] if args.quick else [2, 1])
    args.no_compile |= args.quick
    configurations = [c for c in GOALS if not args.quick or c[1] == 50]
    if args.only:
        configurations = [c for c in GOALS if f"{c[0]}:{c[1]}" in args.only]
    cores = len(os.sched_getaffinity(0))
    print(f"{cores} cores, load {os.getloadavg()[0]:.1f}; {args.rounds} rounds of {args.seconds:g} s", flush=True)
    binary = build()
    results = {}
    for threads in args.threads:
        for preset, batch in configurations:
            start = time.perf_counter()
            results[preset, batch, threads] = measure(binary, args, preset, batch, threads)
            losses = ", ".join(f"{n} {v:.1f}" for n, v in results[preset, batch, threads]["losses"].items())
            took = time.perf_counter() - start
            print(f"  {preset} {batch}, {threads} threads: {took:.0f} s; last -ELBO {losses}", file=sys.stderr, flush=True)
    for threads in args.threads:
        print("\n".join(table(results, threads)))


if __name__ == "__main__":
    main()
