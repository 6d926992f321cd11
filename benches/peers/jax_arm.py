"""ARM training of the paper's discrete VAEs in JAX: one compiled scan over a chunk of batches. Prints steps/s."""
import os

from common import Clock, arguments, load, network, time_steps

p = arguments(__doc__)
p.add_argument("--chunk", type=int, default=100, help="steps of a scan")
a = p.parse_args()
if a.threads < os.cpu_count():
    os.sched_setaffinity(0, set(range(a.threads)))

import jax
import jax.numpy as jnp
import numpy as np
import optax

encoder, decoder = network(a)
top = encoder[-1][-1]
deep = len(encoder) > 1


def init(key, widths):
    layers = []
    for m, n in zip(widths, widths[1:]):
        key, k = jax.random.split(key)
        layers.append((jax.random.uniform(k, (m, n), minval=-1, maxval=1) * np.sqrt(6 / (m + n)), jnp.zeros(n)))
    return layers


def mlp(layers, x):
    for i, (w, b) in enumerate(layers):
        x = x @ w + b
        if i + 1 < len(layers):
            x = jnp.where(x > 0, x, 0.1 * x)
    return x


def ll(b, logits):
    return (b * logits - jax.nn.softplus(logits)).sum(1)


def sample(phi, u):
    return (u > jax.nn.sigmoid(-phi)).astype(jnp.float32)


def partner(phi, u):
    return (u < jax.nn.sigmoid(phi)).astype(jnp.float32)


def arm(f, f_partner, u):
    return (f - f_partner)[:, None] * (u - 0.5) / u.shape[0]


def log_prior(model, b):
    return ll(b, model["prior"]) if deep else -b.shape[1] * np.log(2.0)


def one_layer(params, x, u):
    phi, pull = jax.vjp(lambda e: mlp(e, x), params["encoder"][0])

    def f(model, b):
        return ll(b, phi) - ll(x, mlp(model["decoder"][0], b)) - log_prior(model, b)

    def mean(model):  # the pass of the gradient serves the sample too
        values = f(model, sample(phi, u[0]))
        return values.mean(), values

    model = {"decoder": params["decoder"]}
    (loss, f1), gradient = jax.value_and_grad(mean, has_aux=True)(model)
    f2 = f(model, partner(phi, u[0]))
    return loss, gradient | {"encoder": [pull(arm(f1, f2, u[0]))[0]]}


def two_layers(params, x, u):
    first, second = params["encoder"]
    phi1, pull1 = jax.vjp(lambda e: mlp(e, x), first)
    b1, c1 = sample(phi1, u[0]), partner(phi1, u[0])
    phi2, pull2 = jax.vjp(lambda e: mlp(e, b1), second)
    b2, c2 = sample(phi2, u[1]), partner(phi2, u[1])

    def bottom(model, b1):  # the terms of f without b2
        return ll(b1, phi1) - ll(x, mlp(model["decoder"][0], b1))

    def upper(model, b1, b2, phi2):  # and those with it
        return ll(b2, phi2) - ll(b1, mlp(model["decoder"][1], b2)) - log_prior(model, b2)

    def mean(model):
        below, above = bottom(model, b1), upper(model, b1, b2, phi2)
        return (below + above).mean(), (below, above)

    model = {"decoder": params["decoder"], "prior": params["prior"]}
    (loss, (below, above)), gradient = jax.value_and_grad(mean, has_aux=True)(model)
    above_partner = upper(model, b1, c2, phi2)
    phi2_partner = mlp(second, c1)
    f_partner = bottom(model, c1) + upper(model, c1, sample(phi2_partner, u[1]), phi2_partner)
    pulled = [pull1(arm(below + above, f_partner, u[0]))[0], pull2(arm(above, above_partner, u[1]))[0]]
    return loss, gradient | {"encoder": pulled}


optimiser = optax.adam(a.lr)
gradients = two_layers if deep else one_layer


def step(carry, x):
    params, state, key = carry
    key, k = jax.random.split(key)
    u = jax.random.uniform(k, (len(encoder), x.shape[0], top))
    loss, gradient = gradients(params, x, u)
    updates, state = optimiser.update(gradient, state)
    return (optax.apply_updates(params, updates), state, key), loss


@jax.jit
def scan(carry, xs):
    return jax.lax.scan(step, carry, xs)


data = load(a.data, encoder[0][0])
rng = np.random.default_rng(1)


def chunk():
    rows = rng.integers(0, len(data), a.chunk * a.batch)
    return jnp.asarray(data[rows].reshape(a.chunk, a.batch, data.shape[1]))


keys = iter(jax.random.split(jax.random.key(0), 8))
params = {side: [init(next(keys), w) for w in links] for side, links in zip(("encoder", "decoder"), network(a))}
if deep:
    params["prior"] = jnp.zeros(top)
carry = (params, optimiser.init(params), next(keys))


def run(steps):
    """Whole chunks; they are gathered before the clock starts."""
    global carry
    chunks = [chunk() for _ in range(max(1, steps // a.chunk))]
    jax.block_until_ready(chunks)
    losses = []
    clock = Clock()
    for xs in chunks:
        carry, loss = scan(carry, xs)
        losses.append(loss)
    jax.block_until_ready((carry, losses))
    return len(chunks) * a.chunk, clock.seconds(), float(jnp.concatenate(losses).mean())


time_steps(a, f"jax {jax.__version__}", run)
