#!/usr/bin/env python3
"""Training steps per second of this project and of its peers, PyTorch (eager and compiled) and JAX, as ratios.

    python3 benches/compare.py [--quick]
    python3 benches/compare.py --small [--busy]

needs NumPy and whichever of PyTorch and JAX (with Optax) shall be compared, and builds the release binary with cargo.
For each configuration all contenders are started, then take turns for some rounds: what else the machine does meets all
of them. Rates are medians, and a ratio is the median of those of the rounds. "arm train" is the command itself, by the times of
its epochs; "bench" are the same steps without it. A product of square matrices takes turns with them: the machine's peak.
With --small, networks for microcontrollers: the command chooses its threads, which is compared with one and two threads and, at
batch 50, with JAX; with --busy beside a process that wants a CPU for itself."""
import argparse
import functools
import importlib.util
import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time
from statistics import median

HERE = pathlib.Path(__file__).resolve().parent
PEERS = HERE / "peers"
TEMPORARY = tempfile.TemporaryDirectory()

# (preset, batch): ratio at least, ratio aimed at, with two threads
GOALS = {
    ("nonlinear", 50): (2.4, 3.3),
    ("linear", 50): (2.8, 4.0),
    ("two-layer", 50): (2.4, 3.3),
    ("nonlinear", 200): (1.9, 2.5),
    ("linear", 200): (2.4, 3.5),
}
OURS, BENCH, PEAK = "arm train", "bench", "gemm"
SMALL = [[16, 16, 8], [64, 32, 16], [64, 64, 32], [180, 64, 32]]
SMALL_BATCHES = [1, 10, 50]
# The least of "arm train" over the bench; for small networks over the better bench, and over JAX at batch 50.
OF_BENCH, OF_BETTER, OF_JAX = 0.97, 0.9, 3.0

# Ends with the process that started it, however that ends.
BUSY = """
import os
parent = os.getppid()
while os.getppid() == parent:
    for _ in range(10**6):
        pass
"""


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


def notation(widths):
    """An encoder's, such as 64-32-[16]."""
    return "-".join(map(str, widths[:-1])) + f"-[{widths[-1]}]"


def has(*modules):
    return all(importlib.util.find_spec(m) for m in modules)


def peers(args, of_network, batch, threads):
    """The contenders other than this project that can run here, started one after another."""
    common = [*of_network, "--batch", batch, "--threads", threads, "--serve"]
    if args.data:
        common += ["--data", args.data]
    wanted = []
    if has("torch") and not args.small and not args.no_peers:
        wanted.append(("torch eager", "torch_arm.py"))
        if not args.no_compile:
            wanted.append(("torch compiled", "torch_arm.py", "--compile"))
    if has("jax", "optax") and not (args.small and batch < 50) and not args.no_peers:
        wanted.append(("jax", "jax_arm.py"))
    started = []
    for name, script, *flags in wanted:
        worker = Worker(name, script, *common, *flags)
        if worker.ready():
            started.append(worker)
    return started


def build():
    """The programs `arm` and `steps`."""
    packages = ["--package", "arm-std", "--package", "arm-bench-programs", "--bin", "arm", "--bin", "steps"]
    command = ["cargo", "build", "--release", *packages, "--message-format=json"]
    built = subprocess.run(command, cwd=HERE.parent, stdout=subprocess.PIPE, text=True, check=True).stdout
    messages = map(json.loads, built.splitlines())
    return {m["target"]["name"]: m["executable"] for m in messages if m.get("executable")}


def call(command):
    return subprocess.run(list(map(str, command)), stdout=subprocess.PIPE, text=True, check=True).stdout


def bench(programs, args, of_network, columns, batch, threads, steps):
    command = [programs["steps"], "--json", *of_network, "--batch", batch, "--steps", steps, "--reps", 1]
    command += ["--threads", threads] if threads else []
    command += ["--data", args.data] if args.data else ["--columns", columns]
    return json.loads(call(command))


def train(programs, args, of_network, columns, batch, threads, steps):
    """Steps per second of `arm train`, over its epochs."""
    with tempfile.TemporaryDirectory() as folder:
        data = args.data or random_rows(columns)
        command = [programs["arm"], "train", *of_network, "--data", data, "--batch", batch, "--steps", steps, "--lr", 1e-4]
        command += ["--nll-samples", 1, "--nll-images", 1, "--save-every", 3600, "--out", f"{folder}/run"]
        call(command + (["--threads", threads] if threads else []))
        lines = [json.loads(line) for line in open(f"{folder}/run/metrics.jsonl")]
    epochs = [line for line in lines if "steps_per_second" in line]
    taken = [b["step"] - a for a, b in zip([0, *(e["step"] for e in epochs)], epochs)]
    seconds = sum(n / epoch["steps_per_second"] for n, epoch in zip(taken, epochs))
    return {"steps_per_second": sum(taken) / seconds, "neg_elbo": epochs[-1]["train_neg_elbo"]}


@functools.cache
def random_rows(columns):
    """A file of the bits that the peers train on."""
    import numpy

    sys.path.insert(0, str(PEERS))
    from common import bits

    path = pathlib.Path(TEMPORARY.name) / f"{columns}.npy"
    numpy.save(path, bits(columns))
    return path


def measure(programs, args, network, batch, threads):
    """The medians of all contenders, and of the peak, in steps/s and GFLOP/s."""
    if args.small:
        ours = ["--network", f"{notation(network)} / [{network[-1]}]-{'-'.join(map(str, network[-2::-1]))}"]
        workers, columns = peers(args, ["--widths", *network], batch, threads), network[0]
    else:
        ours, columns = ["--preset", network], 784
        workers = peers(args, ours, batch, threads)
    if not args.small:
        gemm = Worker("gemm", "gemm.py", threads)
        workers += [gemm] if gemm.ready() else []
    own = {OURS: (train, None if args.small else threads)}
    own |= {f"{BENCH} {n}": (bench, n) for n in (1, 2)} if args.small else {BENCH: (bench, threads)}
    steps, answers, asked = {}, {}, {w.name: w for w in workers}

    def turn(name):
        if name in own:
            program, count = own[name]
            answer = program(programs, args, ours, columns, batch, count, steps[name])
        else:
            answer = asked[name].ask(steps[name])
        # A finished contender may still spin for a moment.
        time.sleep(args.pause)
        return answer

    names = [*own, *asked]
    for name in names:  # how many steps fill a turn
        steps[name] = 20
        for share in [] if name == PEAK else [0.1, 1]:
            steps[name] = max(20, round(turn(name)["steps_per_second"] * args.seconds * share / 20) * 20)
    for round_ in range(args.rounds):
        # Each round starts with another contender.
        first = round_ % len(names)
        for name in names[first:] + names[:first]:
            answers.setdefault(name, []).append(turn(name))
    for worker in workers:
        worker.stop()
    peaks = [a["gflops"] for a in answers.pop(PEAK, [])]
    rates = {name: [a["steps_per_second"] for a in answer] for name, answer in answers.items()}
    return {
        "rounds": rates,
        "rates": {name: median(r) for name, r in rates.items()},
        "spread": {name: (max(r) - min(r)) / median(r) for name, r in rates.items()},
        "peak": median(peaks) if peaks else float("nan"),
        "mflop": answers[list(own)[-1]][0]["mflop"],
        "losses": {name: answer[-1]["neg_elbo"] for name, answer in answers.items()},
    }


def over(result, others):
    """The ratio of the command to the best of `others`: the median of those of the rounds."""
    rates = result["rates"]
    best = max((n for n in others if n in rates), key=rates.get, default=None)
    if best is None:
        return float("nan")
    return median(a / b for a, b in zip(result["rounds"][OURS], result["rounds"][best]))


def shown(ratio, least=0.0):
    """A ratio, marked where it is less than it should be."""
    return "-" if ratio != ratio else f"**{ratio:.2f}**" + " (!)" * (ratio < least)


def table(results, threads):
    names = ["jax", "torch eager", "torch compiled"]
    head = ["preset", "batch", OURS, BENCH, f"{OURS} / {BENCH}", *names, "ratio to the best"] + ["at least / aim"] * (threads == 2)
    head += ["MFLOP a step", "GFLOP/s", "of GEMM peak"]
    yield f"\n{threads} thread{'s' * (threads > 1)}, steps/s (spread of the rounds):\n"
    yield "| " + " | ".join(head) + " |"
    yield "|" + "---|" * len(head)
    peaks = []
    for (preset, batch, t), result in results.items():
        if t != threads:
            continue
        rates, spread = result["rates"], result["spread"]
        gflops = rates[OURS] * result["mflop"] * 1e-3
        cells = [f"{rates[n]:.0f} ({spread[n]:.0%})" if n in rates else "-" for n in [OURS, BENCH, *names]]
        cells.insert(2, shown(over(result, [BENCH]), OF_BENCH))
        goal = ["%.1f / %.1f" % GOALS[preset, batch]] * (threads == 2)
        work = [f"{result['mflop']:.1f}", f"{gflops:.0f}", f"{gflops / result['peak']:.0%}"]
        yield "| " + " | ".join([preset, str(batch), *cells, shown(over(result, names)), *goal, *work]) + " |"
        peaks.append(result["peak"])
    yield f"\nGEMM peak, the median over these runs: {median(peaks):.0f} GFLOP/s"


def small_table(results, busy):
    yield f"\nsteps/s (spread of the rounds){', beside a busy process' if busy else ''}:\n"
    one, two = f"{BENCH} 1", f"{BENCH} 2"
    yield f"| network | batch | {OURS} | bench, 1 thread | bench, 2 threads | of the better | jax | ratio to it |"
    yield "|" + "---|" * 8
    for (network, batch, _), result in results.items():
        rates, spread = result["rates"], result["spread"]
        cells = [f"{rates[n]:.0f} ({spread[n]:.0%})" if n in rates else "-" for n in (OURS, one, two, "jax")]
        better = shown(over(result, [one, two]), OF_BETTER)
        ratio = shown(over(result, ["jax"]), OF_JAX)
        yield "| " + " | ".join([notation(network), str(batch), *cells[:3], better, cells[3], ratio]) + " |"


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--quick", action="store_true", help="about 2 minutes: batch 50, two threads, no compilation")
    p.add_argument("--rounds", type=int, help="turns of each contender [default: 7; quick: 5; small: 3]")
    p.add_argument("--seconds", type=float, help="length of a turn [default: 1; small: 2]")
    p.add_argument("--pause", type=float, default=0.3, help="seconds between turns")
    p.add_argument("--no-peers", action="store_true", help="this project alone")
    p.add_argument("--no-compile", action="store_true", help="leave out the compiled PyTorch")
    p.add_argument("--threads", type=int, nargs="+", help="numbers of threads [default: 2 1; quick: 2]")
    p.add_argument("--only", metavar="NAME:BATCH", nargs="+", help="some configurations, such as nonlinear:50 or 64-64-[32]:50")
    p.add_argument("--small", action="store_true", help="small networks, at batches 1, 10 and 50")
    p.add_argument("--busy", action="store_true", help="beside a process that is always busy")
    p.add_argument("--data", type=pathlib.Path, help="folder of static binarised MNIST [default: random bits]")
    args = p.parse_args()
    # The command tries numbers of threads in its first tenth of a second, and then at growing intervals.
    args.seconds = args.seconds or (2.0 if args.small else 1.0)
    args.rounds = args.rounds or (3 if args.small else 5 if args.quick else 7)
    args.threads = [2] if args.small else args.threads or ([2] if args.quick else [2, 1])
    args.no_compile |= args.quick
    known = [(tuple(network), batch) for network in SMALL for batch in SMALL_BATCHES] if args.small else list(GOALS)
    configurations = [c for c in known if args.small or not args.quick or c[1] == 50]
    if args.only:
        names = {f"{notation(c[0]) if args.small else c[0]}:{c[1]}": c for c in known}
        if unknown := [name for name in args.only if name not in names]:
            p.error(f"--only {unknown[0]}: one of {', '.join(names)}")
        configurations = [names[name] for name in args.only]
    cores = len(os.sched_getaffinity(0))
    print(f"{cores} cores, load {os.getloadavg()[0]:.1f}; {args.rounds} rounds of {args.seconds:g} s", flush=True)
    programs = build()
    # An end by signal is an exit like others.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    busy = subprocess.Popen([sys.executable, "-c", BUSY]) if args.busy else None
    try:
        results = compare(programs, args, configurations)
    finally:
        if busy:
            busy.kill()
            busy.wait()
    if args.small:
        print("\n".join(small_table(results, args.busy)))
        return
    for threads in args.threads:
        print("\n".join(table(results, threads)))


def compare(programs, args, configurations):
    results = {}
    for threads in args.threads:
        for preset, batch in configurations:
            start = time.perf_counter()
            results[preset, batch, threads] = measure(programs, args, preset, batch, threads)
            losses = ", ".join(f"{n} {v:.1f}" for n, v in results[preset, batch, threads]["losses"].items())
            took = time.perf_counter() - start
            print(f"  {preset} {batch}, {threads} threads: {took:.0f} s; last -ELBO {losses}", file=sys.stderr, flush=True)
    return results


if __name__ == "__main__":
    main()
