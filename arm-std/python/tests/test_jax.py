"""Layers in JAX: against enumeration, and against the engine's uniforms through PyTorch's words."""

import itertools

import numpy as np
import pytest

import sbn

jax = pytest.importorskip("jax")
import jax.numpy as jnp  # noqa: E402

import sbn.jax  # noqa: E402

LOGITS = np.array([0.5, -1.0, 0.2], dtype=np.float32)
WEIGHTS = np.array([1.0, -2.0, 0.7], dtype=np.float32)


def f(b):
    return (b @ WEIGHTS - 0.4) ** 2 + b[..., 0] * b[..., 2]


def truth():
    b = np.array(list(itertools.product([0.0, 1.0], repeat=3)))
    p = 1 / (1 + np.exp(-LOGITS.astype(float)))
    return (f(b) * np.prod(np.where(b > 0, p, 1 - p), axis=-1)) @ (b - p)


@pytest.mark.parametrize("estimator", sbn.jax.ESTIMATORS)
def test_they_are_unbiased_under_jit(estimator):
    """Three z-scores of a fixed seed each: another fails with probability 4 * 3 * 5.7e-7."""
    logits = jnp.tile(LOGITS, (100_000, 1))
    loss = lambda logits: sbn.jax.expectation(f, logits, jax.random.key(1), estimator=estimator).sum()
    gradient = np.asarray(jax.jit(jax.grad(loss))(logits), dtype=float)
    z = (gradient.mean(0) - truth()) / (gradient.std(0) / 100_000**0.5)
    assert np.abs(z).max() < 5, z


def test_one_estimate_is_that_of_the_engine():
    """The engine's gradient of f on its own uniforms, of the first layer of free logits."""
    u = jnp.asarray(sbn.uniforms(seed=4, step=0, rows=50, width=3))
    for estimator in ("arm", "disarm"):
        loss = lambda logits: sbn.jax.expectation(f, logits, None, estimator=estimator, uniforms=u).mean()
        ours = jax.grad(lambda logits: loss(jnp.tile(logits, (50, 1))))(jnp.asarray(LOGITS))
        engine = sbn.gradient(lambda b: f(b.astype(np.float32)), LOGITS, estimator=estimator, samples=50, seed=4)
        np.testing.assert_allclose(ours, engine, rtol=1e-4, atol=1e-6)


def test_parameters_of_f_have_their_gradient_at_the_samples():
    u = jnp.full((1, 3), 0.6)
    b = np.asarray(u > jax.nn.sigmoid(-LOGITS), dtype=np.float32)[0]
    loss = lambda w: sbn.jax.expectation(lambda b: (b @ w) ** 2, jnp.asarray(LOGITS)[None], None, uniforms=u).sum()
    np.testing.assert_allclose(jax.grad(loss)(jnp.asarray(WEIGHTS)), 2 * (b @ WEIGHTS) * b, rtol=1e-5)


def test_bad_arguments():
    for arguments in (
        dict(estimator="rebar"), dict(estimator=[]), dict(samples=1), dict(samples="a"), dict(uniforms=jnp.zeros(2)), dict(uniforms=0.5),
        dict(f=lambda b: b), dict(f=lambda b: 1.0), dict(f=None), dict(logits=None), dict(logits=[0.0]), dict(logits=jnp.zeros(3, dtype=int)),
        dict(logits=jnp.array(0.0)),
    ):  # fmt: skip
        with pytest.raises(ValueError, match="give"):
            sbn.jax.expectation(**{"f": f, "logits": jnp.asarray(LOGITS), "key": jax.random.key(1), **arguments})
