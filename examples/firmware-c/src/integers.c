/* Networks in 16-bit integers; prints what `same_run integers` of arm-core/ffi/examples prints, on any processor. */
#include "same_run.h"

/* y from x. */
#define FROM(H, B) B(20, 5)
#define TO(H, B) H(5, 7, 0.1f) B(7, 11)

static const sbn_layer encoder[] = SBN_LAYERS(ENCODER), decoder[] = SBN_LAYERS(DECODER);
static const sbn_layer up[] = SBN_LAYERS(UP), down[] = SBN_LAYERS(DOWN);
static const sbn_layer code[] = SBN_LAYERS(CODE);
static const sbn_layer from[] = SBN_LAYERS(FROM), to[] = SBN_LAYERS(TO);

static const sbn_shape reference = {64, encoder, LAYERS(encoder), decoder, LAYERS(decoder), 0, 0, NULL};
static const sbn_shape deep = {64, up, LAYERS(up), down, LAYERS(down), 5, 0, NULL};
static const sbn_shape chain = {0, code, LAYERS(code), NULL, 0, 0, 0, NULL};
static const sbn_shape mapping = {20, from, LAYERS(from), to, LAYERS(to), 0, SBN_CONDITIONAL, NULL};

/* One after another in the memory of the largest, which fits a part with 16 KB. */
#define DEEP_BYTES SBN_INTEGER_BYTES_FOR(4, 64, UP, DOWN, 5)
#define SMALL_BYTES SBN_INTEGER_BYTES(0, CODE, SBN_NO_LAYERS, 0)
#define MAPPING_BYTES SBN_INTEGER_BYTES(20, FROM, TO, 0)
#define SAVED_BYTES SBN_INTEGER_SAVED_BYTES(FROM, TO, 0)
#define PAGE 512u
#define SLOT SBN_SLOT_BYTES(SAVED_BYTES, PAGE)
static uint32_t memory[SBN_INTEGER_BYTES(64, ENCODER, DECODER, 0) / 4];
/* Parts of it, where the networks are small. */
#define QUARTER (sizeof memory / 16)
#define BEHIND (memory + QUARTER)
#define SAVED ((uint8_t *)(memory + 2 * QUARTER))
#define FLASH ((uint8_t *)(memory + 3 * QUARTER))

static int failures;

static void check_at(int line, int right)
{
    if (right)
        return;
    char text[] = "integers.c:0000\n";
    for (int i = 0; i < 4; i++, line /= 10)
        text[14 - i] = (char)('0' + line % 10);
    board_print(text);
    failures++;
}

#define CHECK(right) check_at(__LINE__, (right))
#define OK(call) check_at(__LINE__, (call) == SBN_OK)

static uint64_t hash_params(const sbn_network *net)
{
    const int16_t *params = NULL;
    size_t count = 0;
    uint64_t h = BASIS;
    OK(sbn_integer_params(net, &params, &count));
    for (size_t i = 0; i < count; i++)
        h = add(h, (uint16_t)params[i]);
    return h;
}

static sbn_network *nested;

/* A call from a callback is refused, though there is no other kind of numbers in the program that could refuse it. */
static float calls_back(const uint32_t *bits, size_t units, void *context)
{
    uint32_t steps = 0;
    float f = 0.0f;
    (void)bits;
    (void)units;
    (void)context;
    CHECK(sbn_step(nested, &steps, 1, &f) == SBN_ERROR_BUSY && sbn_steps(nested, &steps) == SBN_ERROR_BUSY);
    CHECK(sbn_saturated(nested, &steps) == SBN_ERROR_BUSY);
    return 1.0f;
}

static sbn_network *train(const sbn_shape *shape, const sbn_config *config, size_t bytes, size_t budget)
{
    sbn_network *net = NULL;
    float f = 0.0f;
    OK(sbn_init(&net, memory, bytes, shape, config));
    for (uint32_t i = 0; i < 200; i++) {
        uint32_t x[2];
        input(i, x);
        if (budget == 0) {
            OK(sbn_step(net, x, 2, &f));
            continue;
        }
        OK(sbn_begin(net, x, 2));
        while (sbn_poll(net, budget, &f) == SBN_WORKING) {
        }
    }
    print_hex("  last f", hash(0, &f, 1));
    print_hex("  parameters", hash_params(net));
    return net;
}

static int32_t sum_of(const uint8_t *bytes, size_t count, void *context)
{
    uint64_t *h = context;
    for (size_t i = 0; i < count; i++)
        *h = add(*h, bytes[i]);
    return 0;
}

static void larger_ones(void)
{
    const sbn_config sgd = SBN_USE_INTEGERS(0.01f, 7);
    sbn_config several = SBN_USE_INTEGERS(0.01f, 7);
    float nats = 0.0f, p[64];
    uint32_t x[2], saturated = 1, steps = 0;

    board_print("reference network in integers, 200 steps\n");
    CHECK(sbn_bytes(&reference, &sgd) == sizeof memory);
    sbn_network *net = train(&reference, &sgd, sizeof memory, 0);
    input(3, x);
    OK(sbn_score(net, x, 2, 10, &nats));
    print_hex("  score", hash(0, &nats, 1));
    OK(sbn_sample(net, 5, p, 64));
    print_hex("  sample", hash(0, p, 64));
    uint64_t sum = BASIS;
    OK(sbn_save_to(net, sum_of, &sum));
    print_hex("  bytes", sum);
    OK(sbn_saturated(net, &saturated));
    OK(sbn_steps(net, &steps));
    CHECK(saturated == 0 && steps == 200);

    board_print("two layers and a learned prior in integers, DisARM, 200 steps in slices of 100 parameters\n");
    several.estimator = SBN_DISARM;
    CHECK(sbn_bytes(&deep, &several) == SBN_INTEGER_BYTES(64, UP, DOWN, 5));
    train(&deep, &several, SBN_INTEGER_BYTES(64, UP, DOWN, 5), 100);

    board_print("the same with four samples and leave-one-out, 200 steps\n");
    several.estimator = SBN_RLOO;
    several.samples = 4;
    CHECK(sbn_bytes(&deep, &several) <= DEEP_BYTES);
    train(&deep, &several, DEEP_BYTES, 0);
}

static void smaller_ones(void)
{
    sbn_config config = SBN_USE_INTEGERS(0.05f, 7);
    uint32_t pattern = 0x00c0ffeeu, x[2];
    float f = 0.0f, p[11];
    sbn_network *net = NULL;

    board_print("black box in integers, 24 free logits, 200 steps\n");
    CHECK(sbn_bytes(&chain, &config) == SMALL_BYTES);
    OK(sbn_init(&net, memory, SMALL_BYTES, &chain, &config));
    for (int i = 0; i < 200; i++)
        OK(sbn_step_black_box(net, NULL, 0, distance, &pattern, &f));
    print_hex("  last f", hash(0, &f, 1));
    print_hex("  parameters", hash_params(net));
    nested = net;
    OK(sbn_step_black_box(net, NULL, 0, calls_back, NULL, &f));
    CHECK(sbn_step((sbn_network *)(void *)(memory + 2), x, 1, &f) == SBN_ERROR_MEMORY);

    board_print("y from x in integers, REINFORCE, 200 steps\n");
    config.estimator = SBN_REINFORCE;
    config.decay = 0.9f;
    CHECK(sbn_bytes(&mapping, &config) == MAPPING_BYTES && MAPPING_BYTES <= 4 * QUARTER && SAVED_BYTES <= 4 * QUARTER && 2 * SLOT <= 4 * QUARTER);
    OK(sbn_init(&net, memory, MAPPING_BYTES, &mapping, &config));
    for (uint32_t i = 0; i < 200; i++) {
        input(i, x);
        x[0] &= 0xfffffu;
        x[1] &= 0x7ffu;
        if (i % 2 == 0) {
            OK(sbn_step_conditional(net, x, 1, x + 1, 1, &f));
        } else {
            OK(sbn_begin_conditional(net, x, 1, x + 1, 1));
            while (sbn_poll(net, 10, &f) == SBN_WORKING) {
            }
        }
        /* A block may be copied elsewhere. */
        if (i == 100) {
            memcpy(BEHIND, memory, MAPPING_BYTES);
            net = (sbn_network *)(void *)BEHIND;
        }
    }
    print_hex("  last f", hash(0, &f, 1));
    print_hex("  parameters", hash_params(net));
    OK(sbn_score_conditional(net, x, 1, x + 1, 1, 4, &f));
    print_hex("  score", hash(0, &f, 1));
    CHECK(sbn_sample(net, 0, p, 11) == SBN_ERROR_OTHER_OBJECTIVE);
}

static int32_t flash_read(uint32_t address, uint8_t *bytes, size_t count, void *context)
{
    (void)context;
    memcpy(bytes, FLASH + address, count);
    return 0;
}

static int32_t flash_write(uint32_t address, const uint8_t *bytes, size_t count, void *context)
{
    (void)context;
    memcpy(FLASH + address, bytes, count);
    return 0;
}

static int32_t flash_erase(uint32_t address, void *context)
{
    (void)context;
    memset(FLASH + address, 0xff, PAGE);
    return 0;
}

/* What was saved loads; nothing else does, and then the network is as it was. */
static void bytes(void)
{
    const sbn_config config = SBN_USE_INTEGERS(0.05f, 7), other = SBN_USE_INTEGERS(0.05f, 8);
    const sbn_flash driver = {flash_read, flash_write, flash_erase, NULL, 0, (uint32_t)SLOT, PAGE};
    sbn_network *net = NULL, *second = NULL;
    size_t written = 0;
    uint32_t sequence = 0;
    OK(sbn_init(&net, memory, MAPPING_BYTES, &mapping, &config));
    OK(sbn_init(&second, BEHIND, MAPPING_BYTES, &mapping, &other));
    const uint64_t learned = hash_params(net), fresh = hash_params(second);
    CHECK(learned != fresh);
    CHECK(sbn_save(net, SAVED, SAVED_BYTES - 1, &written) == SBN_ERROR_SIZE);
    OK(sbn_save(net, SAVED, SAVED_BYTES, &written));
    CHECK(written == SAVED_BYTES);
    for (size_t bit = 0; bit < 8 * SAVED_BYTES; bit++) {
        SAVED[bit / 8] ^= (uint8_t)(1u << bit % 8);
        const int32_t status = sbn_load(second, SAVED, SAVED_BYTES);
        SAVED[bit / 8] ^= (uint8_t)(1u << bit % 8);
        CHECK(status <= SBN_ERROR_LENGTH && status >= SBN_ERROR_OTHER_NUMBERS);
    }
    CHECK(hash_params(second) == fresh);
    OK(sbn_load(second, SAVED, SAVED_BYTES));
    CHECK(hash_params(second) == learned);
    OK(sbn_record_save(net, &driver, &sequence));
    OK(sbn_init(&second, BEHIND, MAPPING_BYTES, &mapping, &other));
    OK(sbn_record_load(second, &driver));
    CHECK(hash_params(second) == learned && sequence == 1);
}

/* Samples become windows, windows steps; scores an alarm. */
static void windows(void)
{
    static const float levels[] = {-1.0f, 0.0f, 1.0f};
    static uint32_t room[SBN_WINDOWS_BYTES(3, 4, 2) / 4];
    static const sbn_layer a[] = {{SBN_BERNOULLI, 12, 3, 1.0f}}, b[] = {{SBN_BERNOULLI, 3, 12, 1.0f}};
    const sbn_shape shape = {12, a, 1, b, 1, 0, 0, NULL};
    const sbn_config config = SBN_USE_INTEGERS(0.05f, 7);
    sbn_network *net = NULL;
    sbn_windows *samples = NULL;
    sbn_detector detector;
    uint32_t steps = 0, x[1];
    float f = 0.0f;
    OK(sbn_init(&net, memory, sizeof memory, &shape, &config));
    OK(sbn_windows_init(&samples, room, sizeof room, levels, 3, 4, 2, 2));
    OK(sbn_detector_init(&detector, 0.1f));
    for (uint32_t i = 0; i < 400; i++) {
        CHECK(sbn_windows_push(samples, (float)(i % 4) - 1.5f) >= SBN_OK);
        while (sbn_windows_poll(samples, net, 8, &f) == SBN_WORKING) {
        }
    }
    OK(sbn_steps(net, &steps));
    CHECK(steps == 199);
    for (uint32_t i = 0; i < 1000; i++) {
        CHECK(sbn_windows_push(samples, (float)(i % 4) - 1.5f) >= SBN_OK);
        if (sbn_windows_next(samples, x, 1) == SBN_OK) {
            OK(sbn_score(net, x, 1, 1, &f));
            OK(sbn_detector_learn(&detector, f));
        }
    }
    int alarms = 0;
    for (uint32_t i = 0; i < 100; i++) {
        CHECK(sbn_windows_push(samples, i % 2 == 0 ? 9.0f : -9.0f) >= SBN_OK);
        if (sbn_windows_next(samples, x, 1) == SBN_OK) {
            OK(sbn_score(net, x, 1, 1, &f));
            alarms += sbn_detector_watch(&detector, f) == SBN_ALARM;
        }
    }
    CHECK(alarms > 30);
}

/* What only floats do is refused by name. */
static void refused(void)
{
    sbn_network *net = NULL;
    static const uint32_t estimators[] = {SBN_BITFLIP, SBN_LEG, SBN_UGC, SBN_VIMCO, SBN_ARMS, SBN_ARMS_BOUND,
                                          SBN_LOCAL_DISARM, SBN_OVIS, SBN_RWS};
    sbn_config config = SBN_USE_INTEGERS(0.05f, 7);
    for (size_t i = 0; i < LAYERS(estimators); i++) {
        config.estimator = estimators[i];
        config.samples = estimators[i] >= SBN_VIMCO ? 2 : 1;
        CHECK(sbn_init(&net, memory, sizeof memory, &mapping, &config) == SBN_ERROR_FLOAT_ONLY && net == NULL);
        CHECK(sbn_bytes(&mapping, &config) == 0);
    }
    config.estimator = SBN_ARM;
    config.samples = 1;
    config.momentum = 0.9f;
    config.optimiser = SBN_MOMENTUM;
    CHECK(sbn_init(&net, memory, sizeof memory, &mapping, &config) == SBN_ERROR_FLOAT_ONLY);
    config.optimiser = SBN_ADAM;
    config.beta2 = 0.9f;
    config.epsilon = 1e-8f;
    CHECK(sbn_init(&net, memory, sizeof memory, &mapping, &config) == SBN_ERROR_FLOAT_ONLY);
    config.optimiser = SBN_SGD;
    sbn_shape coded = mapping;
    coded.flags |= SBN_SIGNED_UNITS;
    CHECK(sbn_init(&net, memory, sizeof memory, &coded, &config) == SBN_ERROR_FLOAT_ONLY);
    static const float means[20] = {0.5f};
    coded = mapping;
    coded.means = means;
    CHECK(sbn_init(&net, memory, sizeof memory, &coded, &config) == SBN_ERROR_FLOAT_ONLY);
    config.samples = UINT32_MAX;
    config.estimator = SBN_RLOO;
    CHECK(sbn_init(&net, memory, sizeof memory, &mapping, &config) < 0);
    config.estimator = SBN_ARM;
    config.samples = 1;
    config.rate = -1.0f;
    CHECK(sbn_init(&net, memory, sizeof memory, &mapping, &config) == SBN_ERROR_SETTING);
    config.rate = 0.1f;
    config.numbers = NULL;
    CHECK(sbn_init(&net, memory, sizeof memory, &mapping, &config) == SBN_ERROR_NULL);
    CHECK(sbn_bytes(&mapping, &config) == 0);
    const sbn_numbers none = {1};
    config.numbers = &none;
    CHECK(sbn_init(&net, memory, sizeof memory, &mapping, &config) == SBN_ERROR_SETTING && net == NULL);
    config.numbers = &sbn_integers;
    CHECK(sbn_init(&net, memory, MAPPING_BYTES - 4, &mapping, &config) == SBN_ERROR_SIZE);
    OK(sbn_init(&net, memory, MAPPING_BYTES, &mapping, &config));
    const float *params = NULL;
    size_t count = 0;
    uint32_t x[2] = {1, 1};
    float f = 0.0f;
    CHECK(sbn_params(net, &params, &count) == SBN_ERROR_OTHER_NUMBERS);
    CHECK(sbn_step_conditional(net, x, 2, x + 1, 1, &f) == SBN_ERROR_WIDTH);
    CHECK(sbn_saturated(net, (uint32_t *)(void *)&memory[60]) == SBN_ERROR_OVERLAP);
    OK(sbn_begin_conditional(net, x, 1, x + 1, 1));
    CHECK(sbn_score_conditional(net, x, 1, x + 1, 1, 1, &f) == SBN_ERROR_BUSY);
}

int main(void)
{
    larger_ones();
    smaller_ones();
    bytes();
    windows();
    refused();
    board_print(failures == 0 ? "all done\n" : "there were errors\n");
    return failures == 0 ? 0 : 1;
}
