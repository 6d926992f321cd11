"""ARM training of the paper's discrete VAEs in PyTorch, eager or compiled. Prints steps/s."""
from common import Clock, arguments, load, network, time_steps

p = arguments(__doc__)
p.add_argument("--compile", action="store_true")
a = p.parse_args()

import torch
import torch.nn as nn
import torch.nn.functional as F

torch.set_num_threads(a.threads)
torch.manual_seed(0)


def mlp(widths):
    layers = []
    for i, (m, n) in enumerate(zip(widths, widths[1:])):
        layers.append(nn.Linear(m, n))
        if i + 2 < len(widths):
            layers.append(nn.LeakyReLU(0.1))
        nn.init.xavier_uniform_(layers[2 * i].weight)
        nn.init.zeros_(layers[2 * i].bias)
    return nn.Sequential(*layers)


encoder, decoder = (nn.ModuleList(mlp(w) for w in links) for links in network(a))
top = network(a)[0][-1][-1]
deep = len(encoder) > 1
# The prior of the deep network is learned; a fixed one has logits of zero.
prior = nn.Parameter(torch.zeros(top), requires_grad=deep)
parameters = [*encoder.parameters(), *decoder.parameters()] + [prior] * deep
optimiser = torch.optim.Adam(parameters, lr=a.lr, fused=True)


def ll(b, logits):
    return (b * logits - F.softplus(logits)).sum(1)


def sample(phi, u):
    return (u > torch.sigmoid(-phi)).float()


def partner(phi, u):
    return (u < torch.sigmoid(phi)).float()


def surrogate(phi, f, f_partner, u):
    """Its gradient is the ARM estimate."""
    return (phi * ((f.detach() - f_partner)[:, None] * (u - 0.5))).sum() / phi.shape[0]


def one_layer(x, u):
    phi = encoder[0](x)
    q = phi.detach()

    def f(b):
        return ll(b, q) - ll(x, decoder[0](b)) - ll(b, prior)

    f1 = f(sample(q, u[0]))
    with torch.no_grad():
        f2 = f(partner(q, u[0]))
    return f1.mean() + surrogate(phi, f1, f2, u[0]), f1.mean()


def two_layers(x, u):
    phi1 = encoder[0](x)
    q1 = phi1.detach()
    b1 = sample(q1, u[0])
    phi2 = encoder[1](b1)
    q2 = phi2.detach()
    b2 = sample(q2, u[1])

    def bottom(b1):  # the terms of f without b2
        return ll(b1, q1) - ll(x, decoder[0](b1))

    def upper(b1, b2, q2):  # and those with it
        return ll(b2, q2) - ll(b1, decoder[1](b2)) - ll(b2, prior)

    below, above = bottom(b1), upper(b1, b2, q2)
    with torch.no_grad():
        above_partner = upper(b1, partner(q2, u[1]), q2)
        c1 = partner(q1, u[0])
        r2 = encoder[1](c1)
        f_partner = bottom(c1) + upper(c1, sample(r2, u[1]), r2)
    f = below + above
    loss = f.mean() + surrogate(phi1, f, f_partner, u[0]) + surrogate(phi2, above, above_partner, u[1])
    return loss, f.mean()


loss_fn = two_layers if deep else one_layer
if a.compile:
    loss_fn = torch.compile(loss_fn)
data = torch.from_numpy(load(a.data, network(a)[0][0][0]))


def step():
    x = data[torch.randint(0, len(data), (a.batch,))]
    u = torch.rand(len(encoder), a.batch, top)
    optimiser.zero_grad(set_to_none=True)
    loss, f = loss_fn(x, u)
    loss.backward()
    optimiser.step()
    return f.detach()


def run(steps):
    clock = Clock()
    losses = [step() for _ in range(steps)]
    return steps, clock.seconds(), torch.stack(losses).mean().item()


time_steps(a, f"torch {torch.__version__} {'compiled' if a.compile else 'eager'}", run)
