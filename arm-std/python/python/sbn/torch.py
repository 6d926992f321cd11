"""Bernoulli layers for models in PyTorch, whose gradients are those of this package's estimators. Needs ``torch``.

A layer of coin flips b ~ Bernoulli(sigmoid(logits)) stands before the rest of a model, a function f of its samples:

    >>> import torch, sbn.torch
    >>> logits = torch.zeros(8, 4, requires_grad=True)                    # eight examples, four units
    >>> target = torch.tensor([1.0, 0.0, 1.0, 1.0])
    >>> f = lambda b: ((b - target) ** 2).sum(-1)                         # of shape (samples, 8)
    >>> loss = sbn.torch.expectation(f, logits, estimator="disarm").mean()
    >>> loss.backward()
    >>> logits.grad.shape
    torch.Size([8, 4])

f may have parameters, and stochastic layers of its own inside: their gradients are those at the samples. Where f holds log q(b | x), give
it ``logits.detach()``: the mean of the gradient through it is zero.
"""

from __future__ import annotations

from typing import Any, Callable

import torch
from torch import Tensor

from ._check import function, number, shown, whole
from ._errors import WrongType

__all__ = ["Bernoulli", "ESTIMATORS", "expectation"]

#: The estimators.
ESTIMATORS = ("arm", "disarm", "rloo", "rebar", "reinforce")


class _WithGradient(torch.autograd.Function):
    """Zero for every example, with a given gradient with respect to its logits."""

    @staticmethod
    def forward(ctx: Any, logits: Tensor, gradient: Tensor) -> Tensor:  # type: ignore[override]
        ctx.save_for_backward(gradient)
        return logits.new_zeros(logits.shape[:-1])

    @staticmethod
    def backward(ctx: Any, above: Tensor) -> tuple[Tensor, None]:  # type: ignore[override]
        (gradient,) = ctx.saved_tensors
        return above.unsqueeze(-1) * gradient, None


def expectation(
    f: Callable[[Tensor], Tensor],
    logits: Tensor,
    *,
    estimator: str = "arm",
    samples: int = 2,
    uniforms: Tensor | None = None,
    generator: torch.Generator | None = None,
    temperature: float = 0.1,
    scale: float = 1.0,
) -> Tensor:
    """An estimate of E[f(b)], b ~ Bernoulli(sigmoid(logits)), of every example, with a gradient.

    Args:
        f: takes samples of shape (n, *logits.shape), n of each example, as 0.0 and 1.0, and gives (n, *logits.shape[:-1]). It is called
            once with all samples and partners.
        logits: of shape (.., units).
        estimator: ``"arm"``, ``"disarm"``, ``"rloo"`` (leave-one-out REINFORCE), ``"rebar"`` (f must be differentiable in b) or
            ``"reinforce"``.
        samples: samples of ``"rloo"``, at least 2.
        uniforms: in (0, 1), of the shape of logits, or (samples, *logits.shape) for ``"rloo"``; a unit is 1 where u > sigmoid(-logit).
            Without them they are drawn with ``generator``.
        temperature, scale: of the relaxed control variate of ``"rebar"``.

    Returns:
        f at the sample of every example (the mean over the samples of ``"rloo"``), of shape logits.shape[:-1]. Its gradient with respect to
        ``logits`` is the estimator's, with respect to all else that of f at the samples.
    """
    _known(estimator)
    function("f", f, "samples")
    samples = whole("samples", samples, 2)
    temperature = number("temperature", temperature, 1e-6, 1e6, "a number above 0, such as 0.1")
    scale = number("scale", scale, -1e6, 1e6, "a number, such as 1.0")
    if not isinstance(logits, Tensor) or not logits.is_floating_point() or logits.ndim == 0:
        raise WrongType(f"logits={shown(logits)}: give a tensor of floats, (.., units)")
    phi = logits.detach()
    shape = (samples, *phi.shape) if estimator == "rloo" else phi.shape
    if uniforms is None:
        # Never 0, whose logit is infinite.
        tiny = torch.finfo(phi.dtype).tiny
        uniforms = torch.rand(shape, generator=generator, dtype=phi.dtype, device=phi.device).clamp_min(tiny)
    elif not isinstance(uniforms, Tensor) or uniforms.shape != shape:
        found = f"have shape {tuple(uniforms.shape)}" if isinstance(uniforms, Tensor) else f"are {shown(uniforms)}"
        raise WrongType(f"uniforms {found}; give a tensor of shape {tuple(shape)}")
    p, u = torch.sigmoid(phi), uniforms
    b = (u > torch.sigmoid(-phi)).to(phi.dtype)

    if estimator in ("arm", "disarm"):
        partner = (u < p).to(phi.dtype)
        values = _called(f, torch.stack([b, partner]))
        difference = (values[0] - values[1]).detach().unsqueeze(-1)
        if estimator == "arm":
            score = u - 0.5
        else:
            score = (b - partner) * torch.sigmoid(phi.abs()) / 2
        return values[0] + _WithGradient.apply(logits, difference * score)
    if estimator == "rloo":
        values = _called(f, b)
        above = (values - values.mean(0)).detach().unsqueeze(-1) / (samples - 1)
        return values.mean(0) + _WithGradient.apply(logits, (above * (b - p)).sum(0))
    if estimator == "reinforce":
        value = _called(f, b.unsqueeze(0))[0]
        return value + _WithGradient.apply(logits, value.detach().unsqueeze(-1) * (b - p))
    value = _called(f, b.unsqueeze(0))[0]
    gradient = _rebar(f, value.detach(), phi, u, b, temperature, scale, generator)
    return value + _WithGradient.apply(logits, gradient)


def _known(estimator: Any) -> None:
    if not isinstance(estimator, str) or estimator not in ESTIMATORS:
        raise WrongType(f"estimator={shown(estimator)}: give one of {', '.join(ESTIMATORS)}")


def _called(f: Callable[[Tensor], Tensor], b: Tensor) -> Tensor:
    values = f(b)
    if not isinstance(values, Tensor):
        raise WrongType(f"f gave {shown(values)}; give a tensor of shape {tuple(b.shape[:-1])}")
    if values.shape != b.shape[:-1]:
        raise ValueError(f"f gave shape {tuple(values.shape)} for samples of shape {tuple(b.shape)}; give {tuple(b.shape[:-1])}")
    return values


def _rebar(
    f: Callable[[Tensor], Tensor],
    value: Tensor,
    phi: Tensor,
    u: Tensor,
    b: Tensor,
    temperature: float,
    scale: float,
    generator: torch.Generator | None,
) -> Tensor:
    """The gradient of REBAR (Tucker et al., NeurIPS 2017): REINFORCE with a control variate of relaxed samples, one of them given b."""
    p = torch.sigmoid(phi)
    v = torch.rand(phi.shape, generator=generator, dtype=phi.dtype, device=phi.device)
    with torch.enable_grad():
        free = phi.clone().requires_grad_()
        one = torch.sigmoid(free)
        # The uniform of z, and one of those for which the sample is the same b.
        given = torch.where(b > 0, (1 - one) + v * one, v * (1 - one)).clamp(1e-6, 1 - 1e-6)
        z = free + torch.logit(u.clamp(1e-6, 1 - 1e-6))
        conditional = free + torch.logit(given)
        relaxed = _called(f, torch.sigmoid(torch.stack([z, conditional]) / temperature))
        (through,) = torch.autograd.grad((relaxed[0] - relaxed[1]).sum(), free)
    return (value - scale * relaxed[1].detach()).unsqueeze(-1) * (b - p) + scale * through


class Bernoulli(torch.nn.Module):
    """A dense layer of stochastic units: ``layer(x, f)`` is `expectation` of f with logits ``x @ weight.T + bias``.

    Args:
        inputs, units: widths.
        estimator, samples: as for `expectation`.
    """

    def __init__(self, inputs: int, units: int, estimator: str = "arm", samples: int = 2) -> None:
        super().__init__()
        _known(estimator)
        self.linear = torch.nn.Linear(whole("inputs", inputs), whole("units", units))
        self.estimator, self.samples = estimator, whole("samples", samples, 2)

    def forward(self, x: Tensor, f: Callable[[Tensor], Tensor]) -> Tensor:
        """The estimate of every row of ``x``, with its gradient."""
        return expectation(f, self.linear(x), estimator=self.estimator, samples=self.samples)

    def sample(self, x: Tensor) -> Tensor:
        """Samples of the units given ``x``, without a gradient."""
        with torch.no_grad():
            return torch.bernoulli(torch.sigmoid(self.linear(x)))
