"""Layers in PyTorch: against enumeration, and against the engine's gradient on the same uniforms."""

import itertools

import numpy as np
import pytest

import sbn

torch = pytest.importorskip("torch")
import sbn.torch  # noqa: E402

LOGITS = torch.tensor([0.5, -1.0, 0.2], dtype=torch.float64)
WEIGHTS = torch.tensor([1.0, -2.0, 0.7], dtype=torch.float64)


def f(b):
    return (b @ WEIGHTS - 0.4) ** 2 + b[..., 0] * b[..., 2]


def truth():
    logits = LOGITS.clone().requires_grad_()
    b = torch.tensor(list(itertools.product([0.0, 1.0], repeat=3)), dtype=torch.float64)
    p = torch.sigmoid(logits)
    (f(b) * torch.where(b > 0, p, 1 - p).prod(-1)).sum().backward()
    return logits.grad


@pytest.mark.parametrize("estimator", sbn.torch.ESTIMATORS)
def test_they_are_unbiased(estimator):
    """Three z-scores of a fixed seed each: another fails with probability 5 * 3 * 5.7e-7."""
    generator = torch.Generator().manual_seed(3)
    logits = LOGITS.repeat(100_000, 1).requires_grad_()
    sbn.torch.expectation(f, logits, estimator=estimator, generator=generator).sum().backward()
    mean, error = logits.grad.mean(0), logits.grad.std(0) / 100_000**0.5
    assert ((mean - truth()) / error).abs().max() < 5


def test_disarm_is_arm_given_its_samples():
    u = torch.rand(50_000, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    gradients = {}
    for estimator in ("arm", "disarm"):
        logits = LOGITS.repeat(50_000, 1).requires_grad_()
        sbn.torch.expectation(f, logits, estimator=estimator, uniforms=u).sum().backward()
        gradients[estimator] = logits.grad
    assert (gradients["disarm"].var(0) < gradients["arm"].var(0)).all()


def test_parameters_of_f_have_their_gradient_at_the_samples():
    w = WEIGHTS.clone().requires_grad_()
    u = torch.full((1, 3), 0.6, dtype=torch.float64)
    b = (u > torch.sigmoid(-LOGITS)).to(torch.float64)
    sbn.torch.expectation(lambda b: (b @ w) ** 2, LOGITS[None].clone().requires_grad_(), uniforms=u).sum().backward()
    torch.testing.assert_close(w.grad, 2 * (b @ WEIGHTS) * b[0])


def test_bad_arguments():
    for arguments in (
        dict(estimator="magic"), dict(estimator=None), dict(samples=1), dict(samples="a"), dict(uniforms=torch.zeros(2)), dict(uniforms=0.5),
        dict(f=lambda b: b), dict(f=lambda b: 1.0), dict(f=None), dict(logits=None), dict(logits=[0.0]), dict(logits=torch.zeros(3, dtype=int)),
        dict(logits=torch.tensor(0.0)), dict(temperature=0), dict(temperature="a"), dict(scale=float("nan")),
    ):  # fmt: skip
        with pytest.raises(ValueError, match="give"):
            sbn.torch.expectation(**{"f": f, "logits": LOGITS, **arguments})
    for arguments in (dict(inputs=0), dict(units="a"), dict(estimator="magic"), dict(samples=1)):
        with pytest.raises(ValueError, match="give"):
            sbn.torch.Bernoulli(**{"inputs": 2, "units": 3, **arguments})


def test_a_layer_learns():
    torch.manual_seed(1)
    layer = sbn.torch.Bernoulli(2, 6, estimator="disarm")
    head = torch.nn.Linear(6, 1)
    optimiser = torch.optim.Adam([*layer.parameters(), *head.parameters()], lr=0.05)
    x = torch.tensor([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]).repeat(16, 1)
    y = (x[:, 0] != x[:, 1]).float()
    loss = torch.nn.functional.binary_cross_entropy_with_logits

    def f(b):
        logits = head(b).squeeze(-1)
        return loss(logits, y.expand_as(logits), reduction="none")

    for _ in range(600):
        optimiser.zero_grad()
        mean = layer(x, f).mean()
        mean.backward()
        optimiser.step()
    # Exclusive or, through six coins: without learning ln 2 = 0.69.
    assert mean.item() < 0.35 and set(layer.sample(x).unique().tolist()) <= {0.0, 1.0}


@pytest.mark.parametrize("estimator", ["arm", "disarm"])
def test_a_vae_has_the_gradient_of_the_engine_on_its_uniforms(estimator, X):
    """x-8-[4] / [4]-8-x in float64, beside the engine in float32: they agree to a few roundings."""
    model = sbn.BinaryVAE("x-8-[4] / [4]-8-x", epochs=2, random_state=1).fit(X)
    rows, seed, step = X[:40], 7, 3
    from sbn import _data

    raw, of_f = model._run.model.gradient(_data.table([("X", rows)]), estimator, 2, seed, step)
    engine = {name: _data.floats(values, *shape) for name, shape, values in raw}
    params = {name: torch.tensor(array, dtype=torch.float64).requires_grad_() for name, array in model.params_.items()}
    x = torch.tensor(rows, dtype=torch.float64)
    u = torch.tensor(sbn.uniforms(seed, step, 40, 4), dtype=torch.float64)

    def dense(name, x):
        return x @ params[f"{name}.weight"] + params[f"{name}.bias"]

    def leaky(x):
        return torch.nn.functional.leaky_relu(x, 0.1)

    def log_p(logits, b):
        return -torch.nn.functional.softplus(torch.where(b > 0, -logits, logits)).sum(-1)

    logits = dense("encoder.1", leaky(dense("encoder.0", x)))

    def neg_elbo(b):
        of_x = dense("decoder.1", leaky(dense("decoder.0", b)))
        return log_p(logits.detach().expand_as(b), b) - log_p(of_x, x.expand_as(of_x)) + 4 * np.log(2)

    f = sbn.torch.expectation(neg_elbo, logits, estimator=estimator, uniforms=u)
    f.mean().backward()
    np.testing.assert_allclose(f.detach().numpy(), _data.floats(of_f, 40), rtol=1e-5)
    for name, gradient in engine.items():
        ours = params[name].grad.numpy()
        np.testing.assert_allclose(gradient, ours, rtol=1e-3, atol=2e-5 * np.abs(ours).max(), err_msg=name)
