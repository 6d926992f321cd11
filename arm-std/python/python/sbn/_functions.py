"""The gradient of any function of bits."""

from __future__ import annotations

from typing import Any, Callable, NamedTuple

import numpy as np

from . import _sbn
from ._data import floats


class Minimum(NamedTuple):
    """What `minimise` found."""

    #: Logits, float32 of shape (units,).
    logits: np.ndarray
    #: Mean of f over the samples of every step, before it: float32 of shape (steps,).
    means: np.ndarray

    @property
    def probabilities(self) -> np.ndarray:
        """p(b = 1) of every unit."""
        return 1 / (1 + np.exp(-self.logits))


def _function(f: Callable[[np.ndarray], Any], units: int) -> Callable[[bytearray, int], bytes]:
    """f as the engine calls it."""

    def call(raw: bytearray, rows: int) -> bytes:
        values = np.asarray(f(np.frombuffer(raw, dtype=np.uint8).reshape(rows, units)), dtype=np.float32)
        if values.shape != (rows,):
            raise ValueError(f"f gave an array of shape {values.shape} for {rows} samples; give ({rows},): a number for each row")
        return values.astype("<f4").tobytes()

    return call


def _logits(logits: Any) -> np.ndarray:
    array = np.asarray(logits, dtype=np.float32)
    if array.ndim != 1 or array.size == 0:
        raise ValueError(f"logits have shape {array.shape}; give (units,), a number for each unit")
    if not np.isfinite(array).all():
        raise ValueError("logits hold NaN or infinity")
    return array


def _count(name: str, number: Any) -> int:
    if isinstance(number, bool) or not isinstance(number, (int, np.integer)) or number < 1:
        raise ValueError(f"{name}={number!r}: give at least 1")
    return int(number)


def gradient(
    f: Callable[[np.ndarray], Any],
    logits: Any,
    *,
    estimator: str = "arm",
    samples: int = 100,
    seed: int = 1,
    k: int = 2,
    return_variance: bool = False,
) -> np.ndarray | tuple[np.ndarray, np.ndarray]:
    """The gradient of E[f(b)] with respect to the logits of independent bits, b ~ Bernoulli(sigmoid(logits)).

    Args:
        f: any function of bits, also one that is measured: it takes uint8 0 and 1 of shape (n, units), all samples of a call at once, and
            gives n numbers. It is called once for the samples, and once for their partners where the estimator has some.
        logits: of shape (units,).
        estimator: one of ``arm train --estimator`` that does not need the gradient of f, such as ``"arm"``, ``"disarm"``, ``"rloo"``,
            ``"arms"``, ``"ugc"``, ``"exact"``.
        samples: independent estimates that are averaged.
        seed: of the samples, from 0.
        k: samples of one estimate, of the estimators that draw several (``arm train --samples``).
        return_variance: give the variance too.

    Returns:
        The gradient, float64 of shape (units,), in units of f; with ``return_variance`` also the variance of a single estimate of every
        component (that of the mean is a ``samples``-th of it).

    Raises:
        ValueError: f gives another shape or a number that is not finite, or an estimator that cannot serve. What f raises comes through.

    Example:
        >>> import sbn
        >>> sbn.gradient(lambda b: b.sum(axis=1), [0.0, 0.0], estimator="exact", samples=1)
        array([0.25, 0.25])
    """
    array = _logits(logits)
    estimates = _count("samples", samples)
    if return_variance and estimates < 2:
        raise ValueError("samples=1: one estimate has no variance; give at least 2")
    call = _function(f, array.size)
    mean, variance = _sbn.gradient(call, array.astype("<f4").tobytes(), estimator, estimates, _count("k", k), seed)
    gradient = np.frombuffer(mean, dtype="<f8")
    return (gradient, np.frombuffer(variance, dtype="<f8")) if return_variance else gradient


def minimise(
    f: Callable[[np.ndarray], Any],
    logits: Any,
    *,
    estimator: str = "arm",
    steps: int = 1000,
    rate: float = 0.1,
    samples: int = 10,
    optimiser: str = "adam",
    seed: int = 1,
    k: int = 2,
) -> Minimum:
    """Logits that make E[f(b)] small, by gradient descent from ``logits``.

    Args:
        f, logits, estimator, seed, k: as for `gradient`. To maximise, give the negative.
        steps: gradients that are followed.
        rate: learning rate.
        samples: independent estimates of a gradient, averaged.
        optimiser: ``"adam"`` or ``"sgd"``.

    Example:
        >>> import numpy as np, sbn
        >>> secret = np.array([1, 0, 1, 1])
        >>> found = sbn.minimise(lambda b: (b != secret).sum(axis=1), np.zeros(4))
        >>> (found.logits > 0).astype(int)
        array([1, 0, 1, 1])
    """
    if optimiser not in ("adam", "sgd"):
        raise ValueError(f'optimiser={optimiser!r}: give "adam" or "sgd"')
    array = _logits(logits)
    call = _function(f, array.size)
    found, means = _sbn.minimise(
        call, array.astype("<f4").tobytes(), estimator, _count("samples", samples), _count("k", k), seed,
        _count("steps", steps), float(rate), optimiser == "adam",
    )  # fmt: skip
    return Minimum(floats(found, array.size), floats(means, -1))


def uniforms(seed: int, step: int, rows: int, width: int, layer: int = 0) -> np.ndarray:
    """The uniforms with which the engine draws a stochastic layer of every row of a batch in a training step: float32 in (0, 1) of shape
    (rows, width). A unit is 1 where its uniform is above sigmoid(-logit)."""
    return np.frombuffer(_sbn.uniforms(seed, step, rows, width, layer), dtype="<f4").reshape(rows, width)
