"""Gradients of functions of bits."""

import itertools

import numpy as np
import pytest

import sbn

LOGITS = np.array([0.5, -1.0, 0.2, 1.3])


def f(b):
    b = b.astype(float)
    return (b @ [1.0, -2.0, 0.5, 1.0] - 0.4) ** 2 + 3 * b[:, 0] * b[:, 3]


def truth(f, logits):
    """The gradient by enumeration, in double precision."""
    p = 1 / (1 + np.exp(-logits))
    b = np.array(list(itertools.product([0, 1], repeat=len(logits))), dtype=np.uint8)
    probability = np.prod(np.where(b, p, 1 - p), axis=1)
    return (f(b) * probability) @ (b - p)


def test_enumeration_is_the_gradient():
    exact = sbn.gradient(f, LOGITS, estimator="exact", samples=1)
    assert exact.dtype == np.float64
    np.testing.assert_allclose(exact, truth(f, LOGITS), rtol=1e-4)


@pytest.mark.parametrize("estimator", ["arm", "ar", "reinforce", "disarm", "rloo", "arms", "leg", "bitflip1", "ugc"])
def test_estimators_are_unbiased(estimator):
    """Four z-scores of a fixed seed each: another fails with probability 9 * 4 * 5.7e-7."""
    k = 3 if estimator == "arms" else 2
    mean, variance = sbn.gradient(f, LOGITS, estimator=estimator, samples=40_000, seed=5, k=k, return_variance=True)
    z = (mean - truth(f, LOGITS)) / np.sqrt(variance / 40_000)
    assert np.abs(z).max() < 5, z
    if estimator == "disarm":
        # Never more than that of ARM, whose conditional expectation it is.
        _, of_arm = sbn.gradient(f, LOGITS, samples=40_000, seed=5, return_variance=True)
        assert (variance < of_arm).all()


def test_f_gets_all_samples_of_a_call():
    shapes = []

    def counted(b):
        shapes.append((b.shape, b.dtype))
        return b.sum(axis=1)

    sbn.gradient(counted, LOGITS, samples=1000)
    assert shapes[0] == ((1000, 4), np.uint8) and len(shapes) == 2 and 900 < shapes[1][0][0] <= 1000
    shapes.clear()
    sbn.gradient(counted, LOGITS, estimator="rloo", samples=10, k=8)
    assert shapes == [((80, 4), np.uint8)]


def test_a_seed_decides_all():
    of = lambda seed: sbn.gradient(f, LOGITS, seed=seed)
    assert (of(1) == of(1)).all() and (of(1) != of(2)).any()


def test_a_minimum_is_found():
    secret = np.array([1, 0, 0, 1, 1, 0, 1, 0])
    for optimiser, rate in (("adam", 0.1), ("sgd", 1.0)):
        found = sbn.minimise(lambda b: (b != secret).sum(axis=1), np.zeros(8), steps=400, rate=rate, optimiser=optimiser)
        assert ((found.logits > 1) == secret).all() and found.means.shape == (400,)
        assert found.means[-50:].mean() < found.means[:50].mean() / 2
        assert ((found.probabilities > 0.5) == secret).all()


@pytest.mark.parametrize(
    "arguments, sentence",
    [
        (dict(f=lambda b: b), "f gave an array of shape (100, 4) for 100 samples"),
        (dict(f=lambda b: b[:, 0] * np.nan), "f is not finite"),
        (dict(f=lambda b: ["a"] * len(b)), "could not convert"),
        (dict(logits=[[0.0]]), "logits have shape (1, 1)"),
        (dict(logits=[]), "logits have shape (0,)"),
        (dict(logits=[np.nan]), "NaN or infinity"),
        (dict(estimator="rebar"), "--estimator rebar: needs the gradient of f"),
        (dict(estimator="vimco"), "--estimator vimco: minimises a bound"),
        (dict(estimator="magic"), "invalid value 'magic' for '--estimator"),
        (dict(estimator="exact", logits=np.zeros(13)), "--estimator exact: enumerates the samples of at most 12 units, and there are 13"),
        (dict(samples=0), "samples=0: give at least 1"),
        (dict(estimator="rloo", k=1), "--samples 1: give 2 to 1024"),
        (dict(samples=1, return_variance=True), "one estimate has no variance"),
    ],
)
def test_bad_arguments(arguments, sentence):
    with pytest.raises(ValueError) as error:
        sbn.gradient(**{"f": f, "logits": LOGITS, **arguments})
    assert sentence in str(error.value)


def test_what_f_raises_comes_through():
    with pytest.raises(ZeroDivisionError):
        sbn.gradient(lambda b: 1 / 0, LOGITS)
    with pytest.raises(ZeroDivisionError):
        sbn.minimise(lambda b: 1 / 0, LOGITS)
    with pytest.raises(MemoryError):
        sbn.gradient(f, LOGITS, samples=2**40)
    with pytest.raises(ValueError, match="rate|setting"):
        sbn.minimise(f, LOGITS, rate=-1)
