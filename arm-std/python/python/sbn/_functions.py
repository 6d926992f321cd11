"""The gradient of any function of bits."""

from __future__ import annotations

from typing import Any, Callable, Literal, NamedTuple, overload

import numpy as np

from . import _sbn
from ._check import MOST, function, number, shown, truth, whole
from ._data import CELLS, floats
from ._errors import WrongType
from ._estimator import text

#: Units of a layer, and the largest float32 and logit that the engine computes with.
UNITS, LARGEST, LIMIT = 16384, float(np.finfo(np.float32).max), 2.0**24

#: Estimates that are averaged at most: hours of any f.
MANY = 10**9


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


def _numbers(values: Any) -> np.ndarray | None:
    """An array of numbers that are real, or nothing."""
    try:
        array = np.asarray(values)
        # None alone would become NaN.
        array = array.astype(np.float64) if array.dtype.kind == "O" and array.ndim > 0 else array
    except MemoryError:
        raise
    except Exception:  # noqa: BLE001: what a class of somebody's raises.
        return None
    return array if array.dtype.kind in "biuf" else None


def _function(f: Callable[[np.ndarray], Any], units: int) -> Callable[[bytearray, int], bytes]:
    """f as the engine calls it."""
    function("f", f, "samples")

    def call(raw: bytearray, rows: int) -> bytes:
        # What a user computes with: in bytes a difference of bits would wrap around.
        result = f(np.frombuffer(raw, dtype=np.uint8).reshape(rows, units).astype(np.int64))
        values = _numbers(result)
        if values is None:
            raise WrongType(f"f gave {shown(result)}; give ({rows},): a real number for each row")
        if values.shape != (rows,):
            raise ValueError(f"f gave an array of shape {values.shape} for {rows} samples; give ({rows},): a number for each row")
        wrong = ~(np.abs(values) <= LARGEST)
        if wrong.any():
            raise ValueError(f"f is not finite at a sample, or too large: {values[wrong][0]:g}; give numbers up to 3.4e38")
        return values.astype("<f4").tobytes()

    return call


def _logits(logits: Any) -> np.ndarray:
    array = _numbers(logits)
    if array is None:
        raise WrongType(f"logits={shown(logits)}: give (units,), a number for each unit")
    if array.ndim != 1 or array.size == 0:
        raise ValueError(f"logits have shape {array.shape}; give (units,), a number for each unit")
    if array.size > UNITS:
        raise ValueError(f"logits have shape {array.shape}; a layer has at most {UNITS} units")
    wrong = ~(np.abs(array) <= LIMIT)
    if wrong.any():
        raise ValueError(f"logits hold {array[wrong][0]:g}; give numbers from {-LIMIT:.0f} to {LIMIT:.0f}")
    return array.astype(np.float32)


@overload
def gradient(
    f: Callable[[np.ndarray], Any],
    logits: Any,
    *,
    estimator: str = ...,
    samples: int = ...,
    seed: int = ...,
    k: int = ...,
    return_variance: Literal[False] = ...,
) -> np.ndarray: ...
@overload
def gradient(
    f: Callable[[np.ndarray], Any],
    logits: Any,
    *,
    estimator: str = ...,
    samples: int = ...,
    seed: int = ...,
    k: int = ...,
    return_variance: Literal[True],
) -> tuple[np.ndarray, np.ndarray]: ...
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
        f: any function of bits, also one that is measured: it takes int64 0 and 1 of shape (n, units), all samples of a call at once, and
            gives n numbers, of which 32 bits are kept: take a large constant off. It is called once for the samples, and once for their
            partners where the estimator has some.
        logits: of shape (units,).
        estimator: one of ``arm train --estimator`` that does not need the gradient of f, such as ``"arm"``, ``"disarm"``, ``"rloo"``,
            ``"arms"``, ``"ugc"``, ``"exact"``. All are unbiased but ``"nvil"``, whose estimates are divided by the standard deviation of f
            where that is above 1: a direction.
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
    estimates = whole("samples", samples, most=MANY)
    with_variance = truth("return_variance", return_variance)
    if with_variance and estimates < 2:
        raise ValueError("samples=1: one estimate has no variance; give at least 2")
    call = _function(f, array.size)
    mean, variance = _sbn.gradient(
        call, array.astype("<f4").tobytes(), text(estimator), estimates, whole("k", k), whole("seed", seed, 0)
    )
    gradient = np.frombuffer(mean, dtype="<f8")
    return (gradient, np.frombuffer(variance, dtype="<f8")) if with_variance else gradient


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
    if not isinstance(optimiser, str) or optimiser not in ("adam", "sgd"):
        raise WrongType(f'optimiser={shown(optimiser)}: give "adam" or "sgd"')
    rate = number("rate", rate, 0.0, 1e6, "a number from 0 to 1000000, such as 0.1")
    array = _logits(logits)
    call = _function(f, array.size)
    found, means = _sbn.minimise(
        call, array.astype("<f4").tobytes(), text(estimator), whole("samples", samples, most=MANY), whole("k", k), whole("seed", seed, 0),
        whole("steps", steps), rate, optimiser == "adam",
    )  # fmt: skip
    return Minimum(floats(found, array.size), floats(means, -1))


def uniforms(seed: int, step: int, rows: int, width: int, layer: int = 0) -> np.ndarray:
    """The uniforms with which the engine draws a stochastic layer of every row of a batch in a training step: float32 in (0, 1) of shape
    (rows, width). A unit is 1 where its uniform is above sigmoid(-logit).

    Args:
        seed, step: whole numbers from 0.
        rows: rows of the batch.
        width: units of the layer, at most 16384.
        layer: the number of the stochastic layer, from 0 upwards from the data.
    """
    width = whole("width", width, 0, UNITS)
    rows = whole("rows", rows, 0, MOST // (4 * max(1, width)))
    address = whole("seed", seed, 0), whole("step", step, 0), whole("layer", layer, 0, 2**32 - 1)
    u = np.empty((rows, width), dtype=np.float32)
    # In parts, so that Ctrl-C is heard.
    part = max(1, CELLS // max(1, width))
    for a in range(0, rows, part):
        b = min(rows, a + part)
        u[a:b] = floats(_sbn.uniforms(*address, a, b - a, width), b - a, width)
    return u
