"""Stochastic binary networks: how likely rows of bits are, codes and samples of them, and gradients through coin flips.

    >>> import numpy as np, sbn
    >>> X = np.random.default_rng(1).random((600, 16)) < np.linspace(0.1, 0.9, 16)
    >>> model = sbn.BinaryVAE(network="x-8-[4] / [4]-8-x", estimator="disarm", epochs=20, random_state=1)
    >>> scores = model.fit(X).score_samples(X)      # log p(x) of every row, in nats
    >>> scores.shape
    (600,)

`BinaryVAE` learns a density, `BinaryRegressor` bits given other bits; `gradient` and `minimise` take any function of bits. `sbn.torch` and
`sbn.jax`, which need PyTorch and JAX, have Bernoulli layers for models written there.
"""

from __future__ import annotations

import os

from . import _sbn
from ._check import bytes_of
from ._data import Packed
from ._errors import NotFittedError
from ._estimator import read
from ._functions import Minimum, gradient, minimise, uniforms
from ._regressor import BinaryRegressor
from ._vae import BinaryVAE

__version__ = _sbn.__version__

__all__ = [
    "BinaryRegressor", "BinaryVAE", "Minimum", "NotFittedError", "Packed", "from_device", "gradient", "load", "minimise", "uniforms",
]  # fmt: skip


def load(path: str | os.PathLike[str]) -> BinaryVAE | BinaryRegressor:
    """The estimator in a run folder, a ``.safetensors`` model, or bytes that a device saved to a file.

    Raises:
        FileNotFoundError: nothing is there.
        ValueError: it is damaged, or no model.
    """
    run = read(path)
    return (BinaryRegressor if run.model.conditional else BinaryVAE)._adopt(run)


def from_device(saved: bytes) -> BinaryVAE | BinaryRegressor:
    """The estimator in the bytes that a device saved, or that ``to_device`` wrote to ``NAME.sbn``.

    Raises:
        ValueError: they are damaged.
    """
    run = _sbn.Run.from_device(bytes_of("saved", saved))
    return (BinaryRegressor if run.model.conditional else BinaryVAE)._adopt(run)
