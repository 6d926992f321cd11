/* Trains four networks and prints what came out, bit for bit what arm-core/ffi/examples/same_run.rs prints. */
#include "same_run.h"

static const sbn_layer encoder[] = SBN_LAYERS(ENCODER), decoder[] = SBN_LAYERS(DECODER);
static const sbn_layer up[] = SBN_LAYERS(UP), down[] = SBN_LAYERS(DOWN);
static const sbn_layer code[] = SBN_LAYERS(CODE);

static const sbn_shape reference = {64, encoder, LAYERS(encoder), decoder, LAYERS(decoder), 0, 0, NULL};
static const sbn_shape deep = {64, up, LAYERS(up), down, LAYERS(down), 5, 0, NULL};
static const sbn_shape black_box = {0, code, LAYERS(code), NULL, 0, 0, 0, NULL};

static uint32_t sgd_memory[SBN_BYTES(64, ENCODER, DECODER, 0, SBN_SGD) / 4];
static uint32_t adam_memory[SBN_BYTES(64, ENCODER, DECODER, 0, SBN_ADAM) / 4];
static uint32_t deep_memory[SBN_BYTES(64, UP, DOWN, 5, SBN_MOMENTUM) / 4];
static uint32_t box_memory[SBN_BYTES(0, CODE, SBN_NO_LAYERS, 0, SBN_SGD) / 4];
static uint8_t saved[SBN_SAVED_BYTES(ENCODER, DECODER, 0)];

static int failures;

static void ok(int32_t status)
{
    if (status < 0) {
        board_print(sbn_message(status));
        board_print("\n");
        failures++;
    }
}

static uint64_t hash_params(sbn_network *net)
{
    const float *params = NULL;
    size_t count = 0;
    ok(sbn_params(net, &params, &count));
    return hash(BASIS, params, count);
}

static sbn_network *train(uint32_t *memory, size_t bytes, const sbn_shape *shape, const sbn_config *config, size_t budget)
{
    sbn_network *net = NULL;
    float f = 0.0f;
    ok(bytes == sbn_bytes(shape, config) ? SBN_OK : SBN_ERROR_SIZE);
    ok(sbn_init(&net, memory, bytes, shape, config));
    for (uint32_t i = 0; i < 200; i++) {
        uint32_t x[2];
        input(i, x);
        if (budget == 0) {
            ok(sbn_step(net, x, 2, &f));
            continue;
        }
        ok(sbn_begin(net, x, 2));
        while (sbn_poll(net, budget, &f) == SBN_WORKING) {
        }
    }
    print_hex("  last f", hash(0, &f, 1));
    return net;
}

int main(void)
{
    const sbn_config sgd = SBN_USE_SGD(0.05f, 7), adam = SBN_USE_ADAM(0.003f, 7);
    sbn_config momentum = SBN_USE_MOMENTUM(0.01f, 0.9f, 7);
    momentum.estimator = SBN_DISARM;

    board_print("reference network, SGD, 200 steps\n");
    sbn_network *net = train(sgd_memory, sizeof sgd_memory, &reference, &sgd, 0);
    print_hex("  parameters", hash_params(net));
    uint32_t x[2];
    float nats = 0.0f, p[64];
    input(3, x);
    ok(sbn_score(net, x, 2, 10, &nats));
    print_hex("  score", hash(0, &nats, 1));
    ok(sbn_sample(net, 5, p, 64));
    print_hex("  sample", hash(0, p, 64));

    board_print("reference network, Adam, 200 steps in slices of 100 parameters\n");
    net = train(adam_memory, sizeof adam_memory, &reference, &adam, 100);
    print_hex("  parameters", hash_params(net));

    board_print("two layers and a learned prior, DisARM, momentum, 200 steps\n");
    net = train(deep_memory, sizeof deep_memory, &deep, &momentum, 0);
    print_hex("  parameters", hash_params(net));

    board_print("black box, 24 free logits, 200 steps\n");
    uint32_t pattern = 0x00c0ffeeu;
    float f = 0.0f;
    ok(sbn_init(&net, box_memory, sizeof box_memory, &black_box, &sgd));
    for (int i = 0; i < 200; i++)
        ok(sbn_step_black_box(net, NULL, 0, distance, &pattern, &f));
    print_hex("  last f", hash(0, &f, 1));
    print_hex("  parameters", hash_params(net));

    board_print("saved and loaded\n");
    size_t written = 0;
    net = (sbn_network *)sgd_memory;
    ok(sbn_save(net, saved, sizeof saved, &written));
    uint64_t bytes = BASIS;
    for (size_t i = 0; i < written; i++)
        bytes = add(bytes, saved[i]);
    print_hex("  bytes", bytes);
    net = (sbn_network *)adam_memory;
    ok(sbn_load(net, saved, written));
    print_hex("  parameters", hash_params(net));

    failures += refusals();
    failures += power();
    failures += stream();
    board_print(failures == 0 ? "all done\n" : "there were errors\n");
    return failures == 0 ? 0 : 1;
}
