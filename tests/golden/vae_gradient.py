"""Independent reference for the gradient of a small VAE with two stochastic layers, in float64 and pure numpy.

Draws the engine's uniforms with its own SplitMix64 and xoshiro128++, computes f for the samples and for the antithetic
partners of both layers, and takes the gradient by central differences of a surrogate whose gradient is the estimate:
sum_t phi_t . dphi_t (dphi_t = ARM's estimate, constant) - log p(x, b), with b constant.

    python3 tests/golden/vae_gradient.py > tests/golden/vae_gradient.rs
"""
import numpy as np

M64 = (1 << 64) - 1
X, H1, V1, V2, H2, H3 = 12, 7, 5, 4, 6, 8
EXAMPLES, SEED, STEP, SLOPE = 3, 77, 9, 0.1
ENCODER = [[X, H1, V1], [V1, V2]]           # links of the chain
DECODER = [[V2, H2, V1], [V1, H3, X]]       # links from the top down


def mix(z):
    z = (z + 0x9E3779B97F4A7C15) & M64
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & M64
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & M64
    return z ^ (z >> 31)


def uniforms(seed, purpose, step, example, layer, n):
    key = mix(mix(mix(mix(seed) ^ step) ^ example) ^ ((purpose << 32) | layer))
    a, b = mix(key), mix(~key & M64)
    s = [a & 0xFFFFFFFF, a >> 32, b & 0xFFFFFFFF, b >> 32]
    rotl = lambda x, k: ((x << k) | (x >> (32 - k))) & 0xFFFFFFFF
    out = []
    for _ in range(n):
        r = (rotl((s[0] + s[3]) & 0xFFFFFFFF, 7) + s[0]) & 0xFFFFFFFF
        t = (s[1] << 9) & 0xFFFFFFFF
        s[2] ^= s[0]; s[3] ^= s[1]; s[1] ^= s[2]; s[0] ^= s[3]
        s[2] ^= t; s[3] = rotl(s[3], 11)
        out.append(((r >> 9) + 0.5) / 2**23)
    return np.array(out)


sizes = [(m, n) for link in ENCODER + DECODER for m, n in zip(link, link[1:])]
count = sum((m + 1) * n for m, n in sizes) + V2
theta = np.float32(np.sin(np.arange(count) * 1.7 + 0.3) * 0.8).astype(np.float64)
x = np.array([[(e * 5 + i * i) % 3 == 0 for i in range(X)] for e in range(EXAMPLES)], dtype=np.float64)


def unpack(theta):
    out, at = [], 0
    for m, n in sizes:
        w = theta[at:at + (m + 1) * n].reshape(m + 1, n); at += (m + 1) * n
        out.append((w[:m], w[m]))
    links, k = [], 0
    for link in ENCODER + DECODER:
        links.append(out[k:k + len(link) - 1]); k += len(link) - 1
    return links, theta[at:]


def mlp(link, v):
    for i, (w, b) in enumerate(link):
        v = v @ w + b
        if i + 1 < len(link): v = np.where(v > 0, v, SLOPE * v)
    return v


sigma = lambda v: 1 / (1 + np.exp(-v))
logp = lambda logits, b: (b * logits - np.logaddexp(0, logits)).sum()


def f_value(links, prior, x, b1, b2):
    q = logp(mlp(links[0], x), b1) + logp(mlp(links[1], b1), b2)
    p = logp(mlp(links[3], b1), x) + logp(mlp(links[2], b2), b1) + logp(prior, b2)
    return q - p


links, prior = unpack(theta)
samples = []
for e in range(EXAMPLES):
    u1 = uniforms(SEED, 0, STEP, e, 0, V1); u2 = uniforms(SEED, 0, STEP, e, 1, V2)
    phi1 = mlp(links[0], x[e])
    b1, c1 = (u1 > sigma(-phi1)) * 1.0, (u1 < sigma(phi1)) * 1.0
    phi2 = mlp(links[1], b1)
    b2, c2 = (u2 > sigma(-phi2)) * 1.0, (u2 < sigma(phi2)) * 1.0
    f = f_value(links, prior, x[e], b1, b2)
    # The partner's upper layer shares the uniforms and the rule of the sample.
    d2 = (u2 > sigma(-mlp(links[1], c1))) * 1.0
    g1 = (f - f_value(links, prior, x[e], c1, d2)) * (u1 - 0.5)
    g2 = (f - f_value(links, prior, x[e], b1, c2)) * (u2 - 0.5)
    samples.append((b1, b2, g1, g2, f))


def surrogate(theta):
    links, prior = unpack(theta)
    total = 0
    for e, (b1, b2, g1, g2, _) in enumerate(samples):
        total += mlp(links[0], x[e]) @ g1 + mlp(links[1], b1) @ g2
        total -= logp(mlp(links[3], b1), x[e]) + logp(mlp(links[2], b2), b1) + logp(prior, b2)
    return total / EXAMPLES


gradient = np.zeros(count)
for i in range(count):
    d = np.zeros(count); d[i] = 1e-5
    gradient[i] = (surrogate(theta + d) - surrogate(theta - d)) / 2e-5

rows = lambda v: "".join("    " + ", ".join(f"{a:.9}" if "." in f"{a:.9}" or "e" in f"{a:.9}" else f"{a:.9}.0" for a in v[i:i + 6]) + ",\n" for i in range(0, len(v), 6))
print("// Written by vae_gradient.py.")
print(f"const SEED: u64 = {SEED};\nconst STEP: u64 = {STEP};\nconst EXAMPLES: usize = {EXAMPLES};")
print("const X: [u32; EXAMPLES] = [" + ", ".join(str(sum(int(v) << i for i, v in enumerate(r))) for r in x) + "];")
print("const F: [f64; EXAMPLES] = [" + ", ".join(f"{s[4]:.9}" for s in samples) + "];")
print(f"const GRADIENT: [f64; {count}] = [\n{rows(gradient)}];")
