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
    assert shapes[0] == ((1000, 4), np.int64) and len(shapes) == 2 and 900 < shapes[1][0][0] <= 1000
    shapes.clear()
    sbn.gradient(counted, LOGITS, estimator="rloo", samples=10, k=8)
    assert shapes == [((80, 4), np.int64)]


def test_bits_are_numbers_to_compute_with():
    # In bytes both would wrap around.
    assert sbn.gradient(lambda b: b[:, 0] - b[:, 1], [0.0, 0.0], estimator="exact", samples=1).tolist() == [0.25, -0.25]
    assert sbn.gradient(lambda b: b.sum(axis=1) - 3, [0.0, 0.0], estimator="exact", samples=1).tolist() == [0.25, 0.25]


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
        (dict(f=lambda b: ["a"] * len(b)), "f gave ['a', 'a'"),
        (dict(f=lambda b: b.sum(axis=1) * 1j), "give (100,): a real number for each row"),
        (dict(f=lambda b: None), "f gave None; give (100,)"),
        (dict(f=lambda b: b[:, 0] + 1e300), "f is not finite at a sample, or too large: "),
        (dict(f=7), "f=7: give a function of samples"),
        (dict(logits=[[0.0]]), "logits have shape (1, 1)"),
        (dict(logits=[]), "logits have shape (0,)"),
        (dict(logits=[np.nan]), "logits hold nan; give numbers"),
        (dict(logits=[0.0, 1e308]), "logits hold 1e+308; give numbers from -16777216 to 16777216"),
        (dict(logits=None), "logits=None: give (units,)"),
        (dict(logits=["a"]), "logits=['a']: give (units,)"),
        (dict(logits=[1j]), "logits=[1j]: give (units,)"),
        (dict(logits=np.zeros(16385)), "logits have shape (16385,); a layer has at most 16384 units"),
        (dict(seed=2**70), "seed=1180591620717411303424: give a whole number from 0 to 9223372036854775807"),
        (dict(seed=-1), "seed=-1: give a whole number from 0 to"),
        (dict(samples=10**30), "samples=1000000000000000000000000000000: give "),
        (dict(k=2.0), "k=2.0: give at least 1"),
        (dict(estimator=None), "invalid value 'None' for estimator"),
        (dict(estimator="rebar"), "estimator=rebar: needs the gradient of f"),
        (dict(estimator="vimco"), "estimator=vimco: minimises a bound"),
        (dict(estimator="magic"), "invalid value 'magic' for estimator"),
        (dict(estimator="exact", logits=np.zeros(13)), "estimator=exact: enumerates the samples of at most 12 units, and there are 13"),
        (dict(samples=0), "samples=0: give a whole number from 1 to 1000000000"),
        (dict(estimator="rloo", k=1), "k=1: give 2 to 1024"),
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
        sbn.minimise(f, np.zeros(10_000), samples=10**9)
    for bad in (dict(rate=-1), dict(rate=np.nan), dict(rate="a"), dict(steps=0), dict(steps=2**70), dict(optimiser="x"), dict(optimiser=[])):
        with pytest.raises(ValueError, match="=.*: give "):
            sbn.minimise(f, LOGITS, **bad)


def test_many_samples_are_drawn_in_parts():
    """A part of 2^22 words of scratch at a time: the estimates are those of all at once."""
    calls, ones = [], []

    def first(b):
        calls.append(len(b))
        ones.append(int(b.sum()))
        return b[:, 0]

    gradient = sbn.gradient(first, np.zeros(1000), samples=5000, estimator="reinforce", seed=3)
    assert len(calls) > 1 and sum(calls) == 5000 and len(set(ones)) == len(ones)
    # Of every other unit twelve standard errors of 0.35 by the root of 5000.
    np.testing.assert_allclose(gradient, [0.25] + [0.0] * 999, atol=0.06)
    calls.clear()
    found = sbn.minimise(first, np.zeros(1000), samples=5000, estimator="reinforce", steps=2, rate=0.0)
    assert len(calls) > 2 and (found.logits == 0).all() and found.means[0] != found.means[1]
    np.testing.assert_allclose(found.means, 0.5, atol=0.05)


def test_uniforms_are_those_of_their_address(monkeypatch):
    u = sbn.uniforms(3, 5, 7, 4, layer=1)
    assert u.shape == (7, 4) and u.dtype == np.float32 and 0 < u.min() and u.max() < 1
    assert (sbn.uniforms(3, 5, 2, 4, layer=1) == u[:2]).all() and (sbn.uniforms(3, 5, 7, 4) != u).any()
    assert sbn.uniforms(1, 0, 0, 4).shape == (0, 4) and sbn.uniforms(1, 0, 2, 0).shape == (2, 0)
    for address in [(-1, 0, 1, 1), (2**70, 0, 1, 1), (1, -1, 1, 1), (1, 0, -1, 1), (1, 0, "a", 1), (1, 0, 2**62, 4), (1, 0, 2**32, 2**32),
                    (1, 0, 10**6, 10**6), (1, 0, 1, 1, -1), (1, 0, 1, None)]:  # fmt: skip
        with pytest.raises(ValueError, match="=.*: give a whole number from 0 to"):
            sbn.uniforms(*address)
    with pytest.raises(MemoryError):
        sbn.uniforms(1, 0, 10**10, 10**4)
    monkeypatch.setattr("sbn._functions.CELLS", 9)
    assert (sbn.uniforms(3, 5, 7, 4, layer=1) == u).all()
