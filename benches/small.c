// The same step as one writes it by hand in C, dense and in floats: what a small network is measured against.
//
//   cc -O3 -ffast-math [-march=native] -DX=64 -DH=32 -DZ=16 small.c -o small -lm && ./small sgd 2000 20
//
// prints the least microseconds a step of 20 turns of 2000 steps. The first argument is sgd, adam, score or a kernel:
// affine, back, gradient, sample, log_prob, log_prob_delta or optimiser (Adam with its gradient), all of the decoder's last layer.
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { PARAMS = H * X + H + Z * H + Z + H * Z + H + X * H + X, ROWS = 64 };

// Weights of a layer have a row for each output; its biases follow.
typedef struct {
    int in, out;
    float *w, *b, *gw, *gb;
} Layer;

static float params[PARAMS], gradient[PARAMS], first[PARAMS], second[PARAMS];
static Layer enc1, enc2, dec1, dec2;
static float rows[ROWS][X];
static uint64_t random_state = 88172645463325252u;

static inline float uniform(void) {
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return (float)(random_state >> 40) * 0x1p-24f;
}

static int place(Layer *layer, int in, int out, int at) {
    *layer = (Layer){in, out, params + at, params + at + in * out, gradient + at, gradient + at + in * out};
    return at + in * out + out;
}

static inline void forward(const Layer *layer, int in, int out, const float *x, float slope, float *y) {
    for (int o = 0; o < out; o++) {
        const float *row = layer->w + o * in;
        float sum = layer->b[o];
        for (int i = 0; i < in; i++) sum += row[i] * x[i];
        y[o] = sum > 0 ? sum : slope * sum;
    }
}

static inline void back(const Layer *layer, int in, int out, const float *d, const float *a, float *dx) {
    memset(dx, 0, in * sizeof *dx);
    for (int o = 0; o < out; o++)
        for (int i = 0; i < in; i++) dx[i] += d[o] * layer->w[o * in + i];
    for (int i = 0; i < in; i++) dx[i] *= a[i] > 0 ? 1.0f : 0.1f;
}

static inline void descend(Layer *layer, int in, int out, const float *x, const float *d, float rate) {
    for (int o = 0; o < out; o++) {
        float c = rate * d[o];
        for (int i = 0; i < in; i++) layer->w[o * in + i] -= c * x[i];
        layer->b[o] -= c;
    }
}

static inline void keep(Layer *layer, int in, int out, const float *x, const float *d) {
    for (int o = 0; o < out; o++) {
        for (int i = 0; i < in; i++) layer->gw[o * in + i] = d[o] * x[i];
        layer->gb[o] = d[o];
    }
}

static inline float sigmoid(float x) { return 1.0f / (1.0f + expf(-x)); }

static inline float softplus(float x) { return (x > 0 ? x : 0) + logf(1.0f + expf(-fabsf(x))); }

static float f(const float *x, const float *phi, const float *b, float *hidden, float *logits) {
    forward(&dec1, Z, H, b, 0.1f, hidden);
    forward(&dec2, H, X, hidden, 1.0f, logits);
    float sum = 0;
    for (int i = 0; i < Z; i++) sum += b[i] * phi[i] - softplus(phi[i]) + 0.69314718f;
    for (int i = 0; i < X; i++) sum += softplus(logits[i]) - x[i] * logits[i];
    return sum;
}

static inline float adam(float rate, int step, int start, int end) {
    static float p1 = 1, p2 = 1;
    p1 *= 0.9f, p2 *= 0.999f;
    float c = rate * sqrtf(1 - p2) / (1 - p1);
    for (int i = start; i < end; i++) {
        float g = gradient[i];
        first[i] = 0.9f * first[i] + 0.1f * g;
        second[i] = 0.999f * second[i] + 0.001f * g * g;
        params[i] -= c * first[i] / (sqrtf(second[i]) + 1e-8f);
    }
    return (float)step;
}

static float step(const float *x, int what, int n) {
    static float a[H], phi[Z], u[Z], b[Z], partner[Z], h[H], h2[H], logits[X], logits2[X], d[X], dh[H], dz[Z], da[H];
    forward(&enc1, X, H, x, 0.1f, a);
    forward(&enc2, H, Z, a, 1.0f, phi);
    for (int i = 0; i < Z; i++) {
        u[i] = uniform();
        float p = sigmoid(phi[i]);
        b[i] = u[i] > 1 - p;
        partner[i] = u[i] < p;
    }
    float own = f(x, phi, b, h, logits);
    if (what == 'c') return own;
    float difference = own - f(x, phi, partner, h2, logits2);
    for (int i = 0; i < X; i++) d[i] = sigmoid(logits[i]) - x[i];
    back(&dec2, H, X, d, h, dh);
    for (int i = 0; i < Z; i++) dz[i] = difference * (u[i] - 0.5f);
    back(&enc2, H, Z, dz, a, da);
    if (what == 'd') {
        keep(&enc1, X, H, x, da);
        keep(&enc2, H, Z, a, dz);
        keep(&dec1, Z, H, b, dh);
        keep(&dec2, H, X, h, d);
        adam(0.001f, n, 0, PARAMS);
    } else {
        descend(&enc1, X, H, x, da, 0.001f);
        descend(&enc2, H, Z, a, dz, 0.001f);
        descend(&dec1, Z, H, b, dh, 0.001f);
        descend(&dec2, H, X, h, d, 0.001f);
    }
    return own;
}

static float kernel(const char *name) {
    static float h[H], logits[X], d[X], dh[H];
    float sum = 0;
    if (!strcmp(name, "affine")) {
        forward(&dec2, H, X, h, 1.0f, logits);
    } else if (!strcmp(name, "back")) {
        back(&dec2, H, X, d, h, dh);
    } else if (!strcmp(name, "gradient")) {
        descend(&dec2, H, X, h, d, 0.001f);
    } else if (!strcmp(name, "optimiser")) {
        keep(&dec2, H, X, h, d);
        adam(0.001f, 0, PARAMS - (H + 1) * X, PARAMS);
    } else if (!strcmp(name, "sample")) {
        static float b[X], partner[X], score[X];
        float other = 0;
        for (int i = 0; i < X; i++) {
            float u = d[i], p = sigmoid(logits[i]), log_zero = -softplus(logits[i]);
            b[i] = u > 1 - p, partner[i] = u < p, score[i] = u - 0.5f;
            sum += b[i] * logits[i] + log_zero, other += partner[i] * logits[i] + log_zero;
        }
        sum += other;
        __asm__ volatile("" : : "r"(b), "r"(partner), "r"(score) : "memory");
    } else {
        for (int i = 0; i < X; i++) sum += softplus(logits[i]) - rows[0][i] * logits[i];
        if (strcmp(name, "log_prob"))
            for (int i = 0; i < X; i++) d[i] = sigmoid(logits[i]) - rows[0][i];
    }
    // What was computed may be looked at.
    __asm__ volatile("" : : "r"(h), "r"(logits), "r"(d), "r"(dh) : "memory");
    return sum;
}

int main(int count, char **arguments) {
    if (count != 4) return 2;
    const char *name = arguments[1];
    int steps = atoi(arguments[2]), turns = atoi(arguments[3]);
    int kernels = strcmp(name, "sgd") && strcmp(name, "adam") && strcmp(name, "score");
    place(&dec2, H, X, place(&dec1, Z, H, place(&enc2, H, Z, place(&enc1, X, H, 0))));
    for (int i = 0; i < PARAMS; i++) params[i] = 0.3f * (uniform() - 0.5f);
    for (int r = 0; r < ROWS; r++)
        for (int i = 0; i < X; i++) rows[r][i] = uniform() < 0.3f;
    double least = 1e30;
    float sum = 0;
    for (int turn = 0; turn < turns; turn++) {
        struct timespec from, to;
        clock_gettime(CLOCK_MONOTONIC, &from);
        for (int n = 0; n < steps; n++) sum += kernels ? kernel(name) : step(rows[n % ROWS], name[1], n);
        clock_gettime(CLOCK_MONOTONIC, &to);
        double us = ((to.tv_sec - from.tv_sec) * 1e6 + (to.tv_nsec - from.tv_nsec) * 1e-3) / steps;
        if (us < least) least = us;
    }
    printf("%f %f\n", least, sum);
    return 0;
}
