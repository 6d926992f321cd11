"""Density and anomalies of a survey: which answers go together, and who did not read the questions?

    python survey.py [FOLDER]       writes survey.png there

Run it as a script, or cell by cell. Needs matplotlib.
"""

# %% A survey that is made up: 24 yes/no questions, three kinds of people with one of two opinions each, and one in fifty who ticks boxes at
# random. Half of all people say yes to any question: only which answers go together tells anything.
import sys
from pathlib import Path

import matplotlib

matplotlib.use("agg")
import matplotlib.pyplot as plt
import numpy as np

import sbn

rng = np.random.default_rng(7)
people, questions = 4000, 24
kind = rng.integers(0, 3, people)
opinion = rng.integers(0, 2, people)
likely = np.where((np.arange(questions) >> kind[:, None]) % 2 == opinion[:, None], 0.12, 0.88)
careless = rng.random(people) < 0.02
X = rng.random((people, questions)) < np.where(careless[:, None], 0.5, likely)

# %% One line learns how likely rows are. The network fits 10 KB of a microcontroller, should it ever go there.
model = sbn.BinaryVAE("x-32-[8] / [8]-32-x", estimator="disarm", epochs=60, lr=0.01, contamination=0.02, random_state=1)
scores = model.fit(X).score_samples(X)
test = model.figures_
print(f"{model.network_}: {test['nll']:.2f} ± {test['nll_standard_error']:.2f} nats a person on people it has not seen")

# %% What would answers cost that had nothing to do with each other?
p = X[:2668].mean(axis=0)
alone = (X * np.log(p) + ~X * np.log(1 - p)).sum(axis=1)
print(f"independent answers: {-alone[-666:].mean():.2f} nats")
assert test["nll"] < -alone[-666:].mean() - 3

# %% The least likely fiftieth: how many of them did tick at random? Scores of independent answers cannot tell them.
found = model.predict(X) == -1
print(f"{found.sum()} outliers, {(found & careless).sum()} of {careless.sum()} careless people among them")


def area(scores):
    """The probability that a careless person has a lower score than another one."""
    order = scores.argsort().argsort()
    n, m = careless.sum(), (~careless).sum()
    return 1 - (order[careless].sum() - n * (n - 1) / 2) / (n * m)


print(f"area under the curve: {area(scores):.3f}, of independent answers {area(alone):.3f}")
assert area(scores) > 0.95 and area(alone) < 0.7

# %% A picture: the scores, and people that the model makes up.
figure, (left, middle, right) = plt.subplots(1, 3, figsize=(12, 3.6), width_ratios=[2, 1, 1])
bins = np.linspace(scores.min(), scores.max(), 50)
left.hist([scores[~careless], scores[careless]], bins, stacked=True, label=["read the questions", "ticked at random"])
left.axvline(model.offset_, color="black", linewidth=1, label="offset_")
left.set(xlabel="log p(x), nats", ylabel="people", yscale="log")
left.legend(frameon=False)
for axes, rows, title in ((middle, X[:40], "40 people"), (right, model.sample(40), "40 of the model's")):
    axes.imshow(rows, cmap="gray_r", aspect="auto", interpolation="nearest")
    axes.set(title=title, xlabel="question", yticks=[])
figure.tight_layout()
figure.savefig(Path(sys.argv[1] if len(sys.argv) > 1 else ".") / "survey.png", dpi=100)
