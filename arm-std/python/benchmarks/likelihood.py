#!/usr/bin/env python3
"""Time to a likelihood: BinaryVAE beside scikit-learn's BernoulliRBM and models in PyTorch.

    python likelihood.py [--nltcs FOLDER] [--budget SECONDS] [--write docs/python.md]

Every model has sixteen units and one thread, and is trained from the start for 4, 8, 16, .. epochs until a fit takes longer than the
budget. Time is that of the fit alone. The likelihood is that of test rows that none of them saw: exact for BernoulliRBM, whose sum over
the 2^16 states of its hidden units is taken, and the importance-weighted bound with 100 samples (never above the truth, in the mean) for
the others. The target is the best that BernoulliRBM comes to. Prints a table, or puts it into a page.
"""

import argparse
import gzip
import sys
import time
from pathlib import Path

import numpy as np
from sklearn.datasets import load_digits
from sklearn.neural_network import BernoulliRBM

import sbn

UNITS, BATCH, SAMPLES = 16, 20, 100


def digits():
    X = load_digits().data > 7.5
    X = X[np.random.default_rng(1).permutation(len(X))]
    return X[:1197], X[1197:1497], X[1497:]


def nltcs(folder):
    def read(split):
        with gzip.open(Path(folder) / f"nltcs.{split}.data.gz", "rt") as file:
            return np.loadtxt(file, delimiter=",", dtype=np.uint8).astype(bool)

    return read("train"), read("valid"), read("test")


class Ours:
    def __init__(self, estimator):
        self.name = f"`BinaryVAE`, {estimator}"
        self.estimator = estimator

    def fit(self, train, valid, epochs):
        model = sbn.BinaryVAE(
            f"x-64-[{UNITS}] / [{UNITS}]-64-x", estimator=self.estimator, epochs=epochs, batch=BATCH, lr=0.003, n_jobs=1,
            nll_samples=SAMPLES, nll_images=1, prior="learned",
        )  # fmt: skip
        return model.fit(train, X_valid=valid, X_test=valid)

    def nll(self, model, test):
        return -model.score(test)


class Rbm:
    name = "scikit-learn `BernoulliRBM`"

    def fit(self, train, valid, epochs):
        model = BernoulliRBM(UNITS, learning_rate=0.05, batch_size=BATCH, n_iter=epochs, random_state=1)
        return model.fit(train.astype(float))

    def nll(self, model, test):
        soft = lambda x: np.logaddexp(0, x)
        W, visible, hidden = model.components_, model.intercept_visible_, model.intercept_hidden_
        free = -(test @ visible) - soft(test @ W.T + hidden).sum(1)
        h = (np.arange(2**UNITS)[:, None] >> np.arange(UNITS)) & 1
        of_h = h @ hidden + soft(h @ W + visible).sum(1)
        return float(np.mean(free) + np.logaddexp.reduce(of_h))


class Torch:
    """x-64-[16]-64-x with Gaussian units, or with coins whose gradient is DisARM's."""

    def __init__(self, binary):
        self.binary = binary
        self.name = "PyTorch, the same with `sbn.torch`" if binary else "PyTorch, Gaussian VAE"

    def fit(self, train, valid, epochs):
        import torch
        from torch import nn

        torch.set_num_threads(1)
        torch.manual_seed(1)
        columns, leaky = train.shape[1], nn.LeakyReLU(0.1)
        encoder = nn.Sequential(nn.Linear(columns, 64), leaky, nn.Linear(64, UNITS if self.binary else 2 * UNITS))
        decoder = nn.Sequential(nn.Linear(UNITS, 64), leaky, nn.Linear(64, columns))
        prior = nn.Parameter(torch.zeros(UNITS))
        parameters = [*encoder.parameters(), *decoder.parameters(), prior]
        optimiser = torch.optim.Adam(parameters, lr=0.003)
        rows = torch.tensor(train, dtype=torch.float32)
        model = (encoder, decoder, prior)
        for _ in range(epochs):
            for batch in torch.randperm(len(rows)).split(BATCH):
                optimiser.zero_grad()
                self.neg_elbo(model, rows[batch]).mean().backward()
                optimiser.step()
        return model

    @staticmethod
    def log_bits(logits, b):
        import torch

        return -torch.nn.functional.binary_cross_entropy_with_logits(logits, b, reduction="none").sum(-1)

    def neg_elbo(self, model, x):
        import sbn.torch
        import torch

        encoder, decoder, prior = model
        of_x = encoder(x)
        if self.binary:

            def f(b):
                logits = decoder(b)
                log_q = self.log_bits(of_x.detach().expand_as(b), b)
                return log_q - self.log_bits(prior.expand_as(b), b) - self.log_bits(logits, x.expand_as(logits))

            return sbn.torch.expectation(f, of_x, estimator="disarm")
        mean, log_sd = of_x.chunk(2, -1)
        z = mean + log_sd.exp() * torch.randn_like(mean)
        kl = (0.5 * (mean**2 + (2 * log_sd).exp() - 1) - log_sd).sum(-1)
        return kl - self.log_bits(decoder(z), x)

    def nll(self, model, test):
        import torch

        encoder, decoder, prior = model
        with torch.no_grad():
            x = torch.tensor(test, dtype=torch.float32)
            of_x, log_w = encoder(x), []
            for _ in range(SAMPLES):
                if self.binary:
                    b = torch.bernoulli(torch.sigmoid(of_x))
                    log_w.append(self.log_bits(decoder(b), x) + self.log_bits(prior.expand_as(b), b) - self.log_bits(of_x, b))
                else:
                    mean, log_sd = of_x.chunk(2, -1)
                    e = torch.randn_like(mean)
                    z = mean + log_sd.exp() * e
                    log_w.append(self.log_bits(decoder(z), x) - (z**2 / 2).sum(-1) + (e**2 / 2 + log_sd).sum(-1))
            return -float((torch.logsumexp(torch.stack(log_w), 0) - np.log(SAMPLES)).mean())


def curve(model, data, budget):
    """Seconds and likelihoods of longer and longer fits."""
    train, valid, test = data
    points, epochs = [], 4
    while not points or points[-1][0] < budget:
        started = time.perf_counter()
        fitted = model.fit(train, valid, epochs)
        seconds = time.perf_counter() - started
        points.append((seconds, model.nll(fitted, test)))
        print(f"  {model.name}: {epochs} epochs, {seconds:.2f} s, {points[-1][1]:.2f} nats", file=sys.stderr)
        epochs *= 2
    return points


def table(budget, folder):
    models = [Ours("disarm"), Ours("arm"), Rbm()]
    try:
        import torch  # noqa: F401

        models += [Torch(False), Torch(True)]
    except ImportError:
        print("PyTorch is not installed: its rows are left out", file=sys.stderr)
    sets = {"digits (64 columns)": digits()}
    if folder:
        sets["nltcs (16 columns)"] = nltcs(folder)
    columns = {}
    for name, data in sets.items():
        print(name, file=sys.stderr)
        curves = {model.name: curve(model, data, budget) for model in models}
        target = min(nll for _, nll in curves[Rbm.name])
        reached = {of: next((s for s, nll in points if nll <= target), None) for of, points in curves.items()}
        columns[name] = target, reached, {of: min(nll for _, nll in points) for of, points in curves.items()}
    lines = ["| |" + "".join(f" {name}: seconds to {target:.2f} nats | best, nats |" for name, (target, _, _) in columns.items())]
    lines.append("|---|" + "--:|--:|" * len(columns))
    for model in models:
        cells = ""
        for _, reached, best in columns.values():
            seconds = reached[model.name]
            cells += f" {'never' if seconds is None else f'{seconds:.2f}'} | {best[model.name]:.2f} |"
        lines.append(f"| {model.name} |{cells}")
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--nltcs", metavar="FOLDER", help="folder with nltcs.{train,valid,test}.data.gz")
    parser.add_argument("--budget", type=float, default=10.0, help="seconds of the longest fit of a model, at least")
    parser.add_argument("--write", metavar="PAGE", help="a page to put the table into, between its marks")
    args = parser.parse_args()
    text = table(args.budget, args.nltcs)
    if not args.write:
        print(text)
        return
    page = Path(args.write)
    before, after = page.read_text().split("<!-- likelihood -->\n")[::2]
    page.write_text("<!-- likelihood -->\n".join([before, text + "\n", after]))


if __name__ == "__main__":
    main()
