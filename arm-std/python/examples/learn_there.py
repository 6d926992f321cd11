"""Train here, learn there: a model of the desktop goes on learning on an emulated Cortex-M4F, and comes back.

    python learn_there.py [FOLDER]      writes learn_there.png there

Run it as a script, or cell by cell. Needs matplotlib, and for the device a copy of the repository (ARM_CORE names it), Rust and QEMU.
"""

# %% Machines that report 24 states, and what is usual for them. In the field something else is usual.
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import matplotlib

matplotlib.use("agg")
import matplotlib.pyplot as plt
import numpy as np

import sbn

out = Path(sys.argv[1] if len(sys.argv) > 1 else ".").absolute()
root = Path(os.environ.get("ARM_CORE", Path(__file__).absolute().parents[3]))
rng = np.random.default_rng(5)


def reports(count, shift):
    """One of three patterns, a bit in ten wrong."""
    pattern = (np.arange(24) + rng.integers(0, 3, (count, 1)) + shift) % 3 == 0
    pattern[:, 12:] ^= bool(shift)
    return pattern ^ (rng.random((count, 24)) < 0.1)


factory, field = reports(2000, 0), reports(2000, 1)

# %% Here.
model = sbn.BinaryVAE("x-32-[8] / [8]-32-x", estimator="disarm", epochs=60, lr=0.01, random_state=1).fit(factory)
print(f"factory {model.score(factory[-300:]):.2f} nats, field {model.score(field):.2f} nats")

# %% Onto the device: bytes, a module for Rust and a header for C, each with a self-test.
work = Path(tempfile.mkdtemp())
model.to_device(work / "machine")
print(*(f"{path.name}: {path.stat().st_size} bytes" for path in sorted(work.iterdir())), sep=", ")

# %% There: examples/firmware/src/bin/exported.rs runs the self-test, learns each row once by plain gradient descent, and saves its bytes.
if not shutil.which("qemu-system-arm") or not (root / "scripts" / "bare-metal.sh").exists():
    sys.exit("no device: install QEMU, and name a copy of the repository with ARM_CORE")
np.savetxt(work / "field.csv", field, fmt="%d", delimiter=",")
told = subprocess.run(
    [root / "scripts" / "bare-metal.sh", "run", "mps2-an386", "exported"],
    env={**os.environ, "MODEL": str(work / "machine.rs"), "ROWS": str(work / "field.csv")},
    cwd=work, stdout=subprocess.PIPE, text=True, check=True,
).stdout  # fmt: skip
print(told)

# %% And back: the network is in the bytes.
learned = sbn.BinaryVAE.from_device((work / "device-machine.sbn").read_bytes())
before, after = (m.score_samples(field) for m in (model, learned))
print(f"field {before.mean():.3f} nats before, {after.mean():.3f} after the device has learned")
assert after.mean() > before.mean()

# %% It goes on here, too.
further = sbn.BinaryVAE.from_device((work / "device-machine.sbn").read_bytes()).set_params(lr=0.003)
curve = [after.mean()]
for _ in range(20):
    curve.append(further.partial_fit(field).score(field))
assert curve[-1] > curve[0] + 1

# %% A picture.
figure, (left, right) = plt.subplots(1, 2, figsize=(11, 3.6))
left.hist(after - before, 60)
left.axvline(0, color="black", linewidth=0.8)
left.set(xlabel="change of log p(x) of a report by what the device learned, nats", ylabel="reports")
right.plot([-1, 0], [before.mean(), after.mean()], "o-", label="on the device, once through")
right.plot(range(len(curve)), curve, ".-", label="here, once through each")
right.set(xlabel="times through the reports", ylabel="mean log p(x), nats")
right.legend(frameon=False)
figure.tight_layout()
figure.savefig(out / "learn_there.png", dpi=100)
shutil.rmtree(work)
