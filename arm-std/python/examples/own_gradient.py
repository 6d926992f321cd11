"""A gradient of one's own: which of twelve sensors are worth their price?

    python own_gradient.py [FOLDER]     writes own_gradient.png there

Run it as a script, or cell by cell. Needs matplotlib.
"""

# %% Readings of twelve sensors, and what we want to know of them. A choice of sensors costs the error of the best linear model of
# these, and a price for each: a function of twelve bits without a derivative.
import sys
from pathlib import Path

import matplotlib

matplotlib.use("agg")
import matplotlib.pyplot as plt
import numpy as np

import sbn

rng = np.random.default_rng(2)
sensors, price = 12, 0.1
readings = rng.normal(size=(200, sensors)) @ rng.normal(size=(sensors, sensors))
wanted = readings[:, [1, 4, 9]] @ [0.3, -0.4, 0.2] + rng.normal(size=200)
calls = 0


def cost(b):
    """The cost of many choices at once, each of which is computed once."""
    global calls
    calls += len(b)
    distinct, where = np.unique(b, axis=0, return_inverse=True)
    costs = []
    for choice in distinct.astype(bool):
        used = readings[:, choice]
        error = wanted - used @ np.linalg.lstsq(used, wanted, rcond=None)[0] if choice.any() else wanted
        costs.append(np.mean(error**2) + price * choice.sum())
    return np.asarray(costs)[where.reshape(-1)]


# %% The gradient of the mean cost with respect to twelve logits, by estimators side by side; 4096 choices can still be enumerated.
logits = np.zeros(sensors)
exact = sbn.gradient(cost, logits, estimator="exact", samples=1)
names, spread = ("arm", "disarm", "rloo", "reinforce"), {}
for name in names:
    mean, variance = sbn.gradient(cost, logits, estimator=name, samples=500, return_variance=True, seed=3)
    spread[name] = mean, np.sqrt(variance / 500)
    z = (mean - exact) / spread[name][1]
    print(f"{name:10} variance {variance.sum():8.4f}   largest |z| against enumeration {np.abs(z).max():.1f}")
    assert np.abs(z).max() < 5
assert spread["disarm"][1].sum() < spread["arm"][1].sum() < spread["reinforce"][1].sum()

# %% Downhill. What is learned is a probability for each sensor.
calls = 0
found = sbn.minimise(cost, logits, estimator="disarm", steps=1000, rate=0.05, samples=5, seed=1)
chosen = found.logits > 0
print(f"sensors {np.flatnonzero(chosen)} cost {cost(chosen[None])[0]:.4f}, after {calls} evaluations")

# %% The best of all 4096.
all_choices = (np.arange(2**sensors)[:, None] >> np.arange(sensors)) & 1
costs = cost(all_choices)
best = all_choices[costs.argmin()].astype(bool)
print(f"sensors {np.flatnonzero(best)} cost {costs.min():.4f}: the best there is")
assert cost(chosen[None])[0] <= np.quantile(costs, 0.002)

# %% A picture: the estimates beside the truth, and the way down.
figure, (left, right) = plt.subplots(1, 2, figsize=(11, 3.6))
for i, name in enumerate(names):
    mean, error = spread[name]
    left.errorbar(np.arange(sensors) + 0.15 * (i - 1.5), mean, 2 * error, fmt=".", label=name)
left.step(np.arange(-1, sensors + 1), np.r_[exact[0], exact, exact[-1]], where="mid", color="black", linewidth=0.8, label="exact")
left.set(xlabel="sensor", ylabel="gradient of the mean cost, ± 2 standard errors", xlim=(-0.6, sensors - 0.4))
left.legend(frameon=False, ncols=2)
right.plot(found.means, linewidth=0.8, label="mean cost of a step's samples")
right.axhline(costs.min(), color="black", linewidth=0.8, label="the best of 4096")
right.set(xlabel="step", ylabel="cost")
right.legend(frameon=False)
figure.tight_layout()
figure.savefig(Path(sys.argv[1] if len(sys.argv) > 1 else ".") / "own_gradient.png", dpi=100)
