"""Bernoulli layers for models in JAX, whose gradients are those of this package's estimators. Needs ``jax``.

    >>> import jax, jax.numpy as jnp, sbn.jax
    >>> target = jnp.array([1.0, 0.0, 1.0])
    >>> f = lambda b: ((b - target) ** 2).sum(-1)
    >>> loss = lambda logits, key: sbn.jax.expectation(f, logits, key, estimator="disarm").mean()
    >>> jax.grad(loss)(jnp.zeros((8, 3)), jax.random.key(1)).shape
    (8, 3)
"""

from __future__ import annotations

from typing import Any, Callable

import jax
import jax.numpy as jnp

from ._check import function, shown, whole
from ._errors import WrongType

__all__ = ["ESTIMATORS", "expectation"]

#: The estimators.
ESTIMATORS = ("arm", "disarm", "rloo", "reinforce")


@jax.custom_vjp
def _with_gradient(logits: jax.Array, gradient: jax.Array) -> jax.Array:
    """Zero for every example, with a given gradient with respect to its logits."""
    return jnp.zeros(logits.shape[:-1], logits.dtype)


def _forward(logits: jax.Array, gradient: jax.Array) -> tuple[jax.Array, jax.Array]:
    return _with_gradient(logits, gradient), gradient


def _backward(gradient: jax.Array, above: jax.Array) -> tuple[jax.Array, jax.Array]:
    return above[..., None] * gradient, jnp.zeros_like(gradient)


_with_gradient.defvjp(_forward, _backward)


def expectation(
    f: Callable[[jax.Array], jax.Array],
    logits: jax.Array,
    key: Any,
    *,
    estimator: str = "arm",
    samples: int = 2,
    uniforms: jax.Array | None = None,
) -> jax.Array:
    """An estimate of E[f(b)], b ~ Bernoulli(sigmoid(logits)), of every example, with a gradient; under ``jit`` too.

    Args:
        f: takes samples of shape (n, *logits.shape), as 0.0 and 1.0, and gives (n, *logits.shape[:-1]). It may close over parameters: their
            gradient is that at the samples. Where it holds log q, give it ``jax.lax.stop_gradient(logits)``.
        logits: of shape (.., units).
        key: of the uniforms; not looked at where they are given.
        estimator: ``"arm"``, ``"disarm"``, ``"rloo"`` or ``"reinforce"``.
        samples: samples of ``"rloo"``, at least 2.
        uniforms: in (0, 1), of the shape of logits, or (samples, *logits.shape) for ``"rloo"``.

    Returns:
        f at the sample of every example (the mean over those of ``"rloo"``), of shape logits.shape[:-1].
    """
    if not isinstance(estimator, str) or estimator not in ESTIMATORS:
        raise WrongType(f"estimator={shown(estimator)}: give one of {', '.join(ESTIMATORS)}")
    function("f", f, "samples")
    samples = whole("samples", samples, 2)
    if not hasattr(logits, "dtype") or not jnp.issubdtype(logits.dtype, jnp.floating) or logits.ndim == 0:
        raise WrongType(f"logits={shown(logits)}: give an array of floats, (.., units)")
    phi = jax.lax.stop_gradient(logits)
    shape = (samples, *phi.shape) if estimator == "rloo" else phi.shape
    if uniforms is not None and getattr(uniforms, "shape", None) != shape:
        raise WrongType(f"uniforms are {shown(uniforms)}; give an array of shape {shape}")
    u = jax.random.uniform(key, shape, phi.dtype) if uniforms is None else uniforms
    p = jax.nn.sigmoid(phi)
    b = (u > jax.nn.sigmoid(-phi)).astype(phi.dtype)
    if estimator in ("arm", "disarm"):
        partner = (u < p).astype(phi.dtype)
        values = _called(f, jnp.stack([b, partner]))
        score = u - 0.5 if estimator == "arm" else (b - partner) * jax.nn.sigmoid(jnp.abs(phi)) / 2
        gradient = (values[0] - values[1])[..., None] * score
        return values[0] + _with_gradient(logits, jax.lax.stop_gradient(gradient))
    values = _called(f, b if estimator == "rloo" else b[None])
    if estimator == "rloo":
        gradient = ((values - values.mean(0))[..., None] * (b - p)).sum(0) / (samples - 1)
    else:
        gradient = values[0][..., None] * (b - p)
    return values.mean(0) + _with_gradient(logits, jax.lax.stop_gradient(gradient))


def _called(f: Callable[[jax.Array], jax.Array], b: jax.Array) -> jax.Array:
    values = f(b)
    if getattr(values, "shape", None) != b.shape[:-1]:
        raise WrongType(f"f gave {shown(values)} for samples of shape {b.shape}; give an array of shape {b.shape[:-1]}")
    return values
