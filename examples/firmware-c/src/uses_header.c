/* Uses all of the header; compiled as C99 and as C++11, not run. */
#include "sbn.h"

#define ENCODER(H, B) H(64, 32, 0.1f) B(32, 16)
#define DECODER(H, B) H(16, 32, 0.1f) B(32, 64)
#define CODE(H, B) B(0, 24)

static const sbn_layer encoder[] = SBN_LAYERS(ENCODER), decoder[] = SBN_LAYERS(DECODER);
static const sbn_layer code[] = SBN_LAYERS(CODE);
static uint32_t memory[SBN_BYTES(64, ENCODER, DECODER, 16, SBN_ADAM) / 4];
static uint32_t several[(SBN_BYTES_FOR(SBN_DRAWS(SBN_ARMS_BOUND, 2), 0, CODE, SBN_NO_LAYERS, 0, SBN_MOMENTUM) + SBN_MEANS_BYTES(64)) / 4];
static uint32_t integers[(SBN_INTEGER_BYTES(64, ENCODER, DECODER, 16) + SBN_INTEGER_BYTES_FOR(4, 0, CODE, SBN_NO_LAYERS, 0)) / 4];
static uint8_t saved[SBN_SAVED_BYTES(ENCODER, DECODER, 16) + SBN_INTEGER_SAVED_BYTES(ENCODER, DECODER, 16)];

int uses(const uint32_t *x);
int uses(const uint32_t *x)
{
    const sbn_shape shape = {64, encoder, 2, decoder, 2, 16, 0, NULL};
    const sbn_shape free_logits = {0, code, 1, NULL, 0, 0, 0, NULL};
    const sbn_config sgd = SBN_USE_SGD(0.01f, 1), momentum = SBN_USE_MOMENTUM(0.01f, 0.9f, 1), adam = SBN_USE_ADAM(0.01f, 1),
                     fixed = SBN_USE_INTEGERS(0.01f, 1);
    sbn_network *net = NULL, *other = NULL;
    const sbn_network *asked = NULL;
    const float *params = NULL;
    const int16_t *words = NULL;
    float f = 0.0f, p[64];
    uint32_t steps = 0;
    size_t count = sbn_bytes(&shape, &sgd);
    int32_t status = sbn_init(&net, memory, sizeof memory, &shape, &adam);
    status += sbn_init(&other, several, sizeof several, &free_logits, &momentum);
    status += sbn_init(&other, integers, sizeof integers, &shape, &fixed) + sbn_saturated(other, &steps);
    status += sbn_integer_params(other, &words, &count);
    asked = net;
    status += sbn_step(net, x, SBN_INPUT_WORDS(64), &f) + sbn_score(net, x, SBN_INPUT_WORDS(64), 1, &f);
    status += sbn_steps(asked, &steps) + sbn_params(asked, &params, &count) + sbn_sample(asked, 0, p, 64);
    status += sbn_save(asked, saved, sizeof saved, &count);
    return status < 0 ? -1 : sbn_message(status)[0];
}
