"""Single-precision matrix products of this machine. For each line of standard input, prints the GFLOP/s of the best of
a few products of each size as JSON: the peak that speeds are compared with. From PyTorch if there, else NumPy."""
import json
import os
import sys
import time

threads = int(sys.argv[1]) if len(sys.argv) > 1 else 2
sizes = [1024, 1536, 2048]
for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[variable] = str(threads)
try:
    import torch

    torch.set_num_threads(threads)
    name = f"torch {torch.__version__}"
    make = torch.rand

    def product(a, b, c):
        torch.mm(a, b, out=c)

except ImportError:
    import numpy as np

    name = f"numpy {np.__version__}"

    def make(n, m):
        return np.random.default_rng(0).random((n, m), dtype=np.float32)

    def product(a, b, c):
        np.matmul(a, b, out=c)


def rate(n):
    a, b, c = make(n, n), make(n, n), make(n, n)
    best = float("inf")
    for _ in range(6):
        start = time.perf_counter()
        product(a, b, c)
        best = min(best, time.perf_counter() - start)
    return 2e-9 * n**3 / best


for n in sizes:
    rate(n)
print(json.dumps({"name": name, "threads": threads}), flush=True)
for _ in sys.stdin:
    print(json.dumps({"gflops": max(map(rate, sizes))}), flush=True)
