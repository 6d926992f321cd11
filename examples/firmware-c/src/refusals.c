/* Bad input: each call must return its code, and leave the network as it was. */
#include "board/board.h"
#include "sbn.h"
#include <math.h>
#include <string.h>

#define ENCODER(H, B) H(40, 6, 0.1f) B(6, 4)
#define DECODER(H, B) H(4, 6, 0.1f) B(6, 40)
#define CODE(H, B) B(33, 5)
#define WORDS (SBN_BYTES(40, ENCODER, DECODER, 0, SBN_ADAM) / 4)

static const sbn_layer encoder[] = SBN_LAYERS(ENCODER), decoder[] = SBN_LAYERS(DECODER);
static const sbn_layer code[] = SBN_LAYERS(CODE);
static const sbn_shape shape = {40, encoder, 2, decoder, 2, 0, 0, NULL};
static const sbn_shape chain = {33, code, 1, NULL, 0, 0, 0, NULL};
static const sbn_config config = SBN_USE_ADAM(0.01f, 1);

static uint32_t memory[WORDS + 8], before[WORDS + 8];
static uint32_t chain_memory[SBN_BYTES(33, CODE, SBN_NO_LAYERS, 0, SBN_ADAM) / 4];
static uint8_t bytes[SBN_SAVED_BYTES(ENCODER, DECODER, 0) + 16];
static int failures, cases;

static void expect_at(int line, int32_t status, int32_t expected)
{
    cases++;
    if (status == expected && memcmp(memory, before, sizeof memory) == 0)
        return;
    char text[] = "refusals.c:0000\n";
    for (int i = 0; i < 4; i++, line /= 10)
        text[14 - i] = (char)('0' + line % 10);
    board_print(text);
    board_print(sbn_message(status));
    board_print("\n");
    failures++;
    memcpy(memory, before, sizeof memory);
}

#define EXPECT(call, status) expect_at(__LINE__, (call), (status))
/* A handle of before is gone, whatever was refused. */
#define NO_HANDLE(call, status)                                                                                        \
    do {                                                                                                               \
        net = (sbn_network *)(void *)before;                                                                           \
        EXPECT(call, status);                                                                                          \
        EXPECT(net == NULL, 1);                                                                                        \
    } while (0)

/* What is said of a shape, and of which of its layers. */
#define EXPLAINED(of, text, which)                                                                                     \
    do {                                                                                                               \
        layer = 9;                                                                                                     \
        EXPECT(strncmp(sbn_explain((of), &layer), text, strlen(text)) == 0, 1);                                        \
        EXPECT(layer == (which), 1);                                                                                   \
    } while (0)

static sbn_network *nested;
static int32_t nested_status;

static float value(const uint32_t *bits, size_t units, void *context)
{
    (void)bits;
    (void)units;
    return *(const float *)context;
}

static float calls_back(const uint32_t *bits, size_t units, void *context)
{
    uint32_t x[2] = {0, 0};
    (void)bits;
    (void)units;
    nested_status = sbn_step(nested, x, 2, context);
    sbn_network *made = nested;
    if (sbn_init(&made, chain_memory, sizeof chain_memory, &chain, &config) != SBN_ERROR_BUSY || made != NULL)
        nested_status = SBN_OK;
    uint32_t steps = 0;
    if (sbn_steps(nested, &steps) != SBN_ERROR_BUSY)
        nested_status = SBN_OK;
    return 1.0f;
}

struct stream {
    size_t at, stop;
};

static int32_t sink(const uint8_t *piece, size_t count, void *context)
{
    struct stream *s = context;
    if (s->at >= s->stop)
        return 1;
    memcpy(bytes + s->at, piece, count);
    s->at += count;
    return 0;
}

static int32_t source(size_t offset, uint8_t *piece, size_t count, void *context)
{
    struct stream *s = context;
    if (offset >= s->stop)
        return 1;
    memcpy(piece, bytes + offset, count);
    return 0;
}

static void make(sbn_network **net)
{
    sbn_init(net, memory, 4 * WORDS, &shape, &config);
    memcpy(before, memory, sizeof memory);
}

static void init(void)
{
    sbn_network *net = NULL;
    memset(before, 0, sizeof before);
    memset(memory, 0, sizeof memory);
    char *odd = (char *)memory + 2;
    EXPECT(sbn_init(NULL, memory, 4 * WORDS, &shape, &config), SBN_ERROR_NULL);
    NO_HANDLE(sbn_init(&net, NULL, 4 * WORDS, &shape, &config), SBN_ERROR_NULL);
    NO_HANDLE(sbn_init(&net, NULL, 0, &shape, &config), SBN_ERROR_NULL);
    NO_HANDLE(sbn_init(&net, memory, 4 * WORDS, NULL, &config), SBN_ERROR_NULL);
    NO_HANDLE(sbn_init(&net, memory, 4 * WORDS, &shape, NULL), SBN_ERROR_NULL);
    NO_HANDLE(sbn_init(&net, (uint32_t *)(void *)odd, 4 * WORDS, &shape, &config), SBN_ERROR_MISALIGNED);
    NO_HANDLE(sbn_init(&net, memory, 4 * WORDS - 1, &shape, &config), SBN_ERROR_SIZE);
    NO_HANDLE(sbn_init(&net, memory, 0, &shape, &config), SBN_ERROR_SIZE);
    NO_HANDLE(sbn_init(&net, memory, SIZE_MAX, &shape, &config), SBN_ERROR_SIZE);
    EXPECT(sbn_init((sbn_network **)(void *)memory, memory, 4 * WORDS, &shape, &config), SBN_ERROR_OVERLAP);
    const sbn_config bad[] = {
        {SBN_ARM, SBN_SGD, -1.0f, 0, 0, 0, 0, 0, 1, 0, &sbn_floats},
        {SBN_ARM, SBN_SGD, (float)NAN, 0, 0, 0, 0, 0, 1, 0, &sbn_floats},
        {SBN_ARM, SBN_SGD, (float)INFINITY, 0, 0, 0, 0, 0, 1, 0, &sbn_floats},
        {SBN_ARM, SBN_MOMENTUM, 0.1f, 1.0f, 0, 0, 0, 0, 1, 0, &sbn_floats},
        {SBN_ARM, SBN_ADAM, 0.1f, 0.9f, 0.9f, 0, 0, 0, 1, 0, &sbn_floats},
        {12, SBN_SGD, 0.1f, 0, 0, 0, 0, 0, 1, 0, &sbn_floats},
        {SBN_ARM, 9, 0.1f, 0, 0, 0, 0, 0, 1, 0, &sbn_floats},
        {SBN_ARM, SBN_SGD, 0.1f, 0, 0, 0, 0, 0, 2, 0, &sbn_floats},
        {SBN_ARM, SBN_SGD, 0.1f, 0, 0, 0, 0, 0, 1, 0.5f, &sbn_floats},
        {SBN_REINFORCE, SBN_SGD, 0.1f, 0, 0, 0, 0, 0, 1, 1.0f, &sbn_floats},
        {SBN_RLOO, SBN_SGD, 0.1f, 0, 0, 0, 0, 0, 1, 0, &sbn_floats},
        {SBN_ARMS, SBN_SGD, 0.1f, 0, 0, 0, 0, 0, 129, 0, &sbn_floats},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        EXPECT(sbn_init(&net, memory, 4 * WORDS, &shape, &bad[i]), SBN_ERROR_SETTING);
    sbn_layer wrong[2];
    memcpy(wrong, encoder, sizeof wrong);
    sbn_shape s = {40, wrong, 2, decoder, 2, 0, 0, NULL};
    wrong[1].inputs = 7;
    EXPECT(sbn_init(&net, memory, 4 * WORDS, &s, &config), SBN_ERROR_SHAPE);
    memcpy(wrong, encoder, sizeof wrong);
    wrong[1].width = 0;
    EXPECT(sbn_init(&net, memory, 4 * WORDS, &s, &config), SBN_ERROR_SHAPE);
    memcpy(wrong, encoder, sizeof wrong);
    wrong[0].kind = 2;
    EXPECT(sbn_init(&net, memory, 4 * WORDS, &s, &config), SBN_ERROR_SHAPE);
    wrong[0].kind = SBN_HIDDEN;
    wrong[0].slope = (float)NAN;
    EXPECT(sbn_init(&net, memory, 4 * WORDS, &s, &config), SBN_ERROR_SHAPE);
    /* Which rule, and which layer. */
    uint32_t layer = 9;
    EXPECT(strncmp(sbn_explain(&s, &layer), "the slope", 9) == 0 && layer == 0, 1);
    wrong[0].slope = 0.1f;
    wrong[1].inputs = 7;
    EXPLAINED(&s, "a layer does not read", 1);
    memcpy(wrong, encoder, sizeof wrong);
    wrong[1].kind = 7;
    EXPLAINED(&s, "the kind of a layer", 1);
    wrong[1].kind = SBN_HIDDEN;
    EXPLAINED(&s, "the chain is empty or", 1);
    sbn_shape t = {40, encoder, 2, wrong, 2, 0, 0, NULL};
    memcpy(wrong, decoder, sizeof wrong);
    wrong[0].inputs = 5;
    EXPLAINED(&t, "a layer does not read", 2);
    memcpy(wrong, decoder, sizeof wrong);
    wrong[1].kind = SBN_HIDDEN;
    EXPLAINED(&t, "the decoder does not end", 3);
    wrong[1].kind = 7;
    EXPLAINED(&t, "the kind of a layer", 3);
    t = shape;
    t.encoder_layers = 15;
    EXPLAINED(&t, "there are more than 16", UINT32_MAX);
    t = shape;
    t.prior_units = 3;
    EXPLAINED(&t, "prior_units", UINT32_MAX);
    t.flags = SBN_CONDITIONAL;
    EXPLAINED(&t, "a conditional network has no prior", UINT32_MAX);
    t.flags = 8;
    EXPLAINED(&t, "flags", UINT32_MAX);
    t.encoder = NULL;
    t.flags = 0;
    EXPLAINED(&t, "null", UINT32_MAX);
    memcpy(wrong, encoder, sizeof wrong);
    EXPECT(strcmp(sbn_explain(&shape, NULL), "ok") == 0 && strncmp(sbn_explain(NULL, NULL), "null", 4) == 0, 1);
    s = shape;
    s.prior_units = 3;
    EXPECT(sbn_init(&net, memory, 4 * WORDS, &s, &config), SBN_ERROR_SHAPE);
    s = shape;
    s.encoder_layers = 17;
    s.decoder_layers = UINT32_MAX;
    s.decoder = NULL;
    EXPECT(sbn_init(&net, memory, 4 * WORDS, &s, &config), SBN_ERROR_NULL);
    s = shape;
    s.inputs = UINT32_MAX;
    EXPECT(sbn_init(&net, memory, 4 * WORDS, &s, &config), SBN_ERROR_SHAPE);
    /* Bits without a meaning; signed inputs with means; a prior of a conditional network; means that are none. */
    static const float means[3][40] = {{0}, {1.5f}, {(float)NAN}};
    for (uint32_t flag = 8; flag != 0; flag <<= 1) {
        s = shape;
        s.flags = flag;
        EXPECT(sbn_init(&net, memory, 4 * WORDS, &s, &config), SBN_ERROR_SHAPE);
    }
    s = shape;
    s.flags = SBN_SIGNED_INPUTS;
    s.means = means[0];
    EXPECT(sbn_init(&net, memory, 4 * WORDS, &s, &config), SBN_ERROR_SHAPE);
    s.flags = 0;
    for (int i = 1; i < 3; i++) {
        s.means = means[i];
        EXPECT(sbn_init(&net, memory, 4 * WORDS, &s, &config), SBN_ERROR_SHAPE);
    }
    s.means = (const float *)(const void *)((const char *)means + 2);
    EXPECT(sbn_init(&net, memory, 4 * WORDS, &s, &config), SBN_ERROR_MISALIGNED);
    s.means = (const float *)(const void *)(memory + 8);
    EXPECT(sbn_init(&net, memory, 4 * WORDS, &s, &config), SBN_ERROR_OVERLAP);
    s = shape;
    s.flags = SBN_CONDITIONAL;
    s.prior_units = 4;
    EXPECT(sbn_init(&net, memory, 4 * WORDS, &s, &config), SBN_ERROR_SHAPE);
    /* Means take memory of their own. */
    s = shape;
    s.means = means[0];
    EXPECT(sbn_init(&net, memory, 4 * WORDS, &s, &config), SBN_ERROR_SIZE);
    s = shape;
    s.inputs = UINT32_MAX;
    EXPECT(sbn_bytes(&s, &config) == 0 && sbn_bytes(NULL, &config) == 0 && sbn_bytes(&shape, NULL) == 0, 1);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        EXPECT(sbn_bytes(&shape, &bad[i]) == 0, 1);
    EXPECT(net == NULL, 1);
    /* A handle of before does not stay. */
    net = (sbn_network *)(void *)memory;
    EXPECT(sbn_init(&net, memory, 4, &shape, &config), SBN_ERROR_SIZE);
    EXPECT(net == NULL, 1);
}

static void calls(sbn_network *net)
{
    uint32_t x[4] = {1, 2, 3, 4}, wide[2] = {0, 256};
    uint32_t *odd_x = (uint32_t *)(void *)((char *)x + 1);
    float f = 0.0f, p[41], *odd_f = (float *)(void *)((char *)p + 2);
    EXPECT(sbn_step(NULL, x, 2, &f), SBN_ERROR_NULL);
    EXPECT(sbn_step(net, NULL, 2, &f), SBN_ERROR_NULL);
    EXPECT(sbn_step(net, x, 2, NULL), SBN_ERROR_NULL);
    EXPECT(sbn_step((sbn_network *)(void *)((char *)net + 2), x, 2, &f), SBN_ERROR_MISALIGNED);
    EXPECT(sbn_step(net, odd_x, 2, &f), SBN_ERROR_MISALIGNED);
    EXPECT(sbn_step(net, x, 2, odd_f), SBN_ERROR_MISALIGNED);
    EXPECT(sbn_step(net, x, 1, &f), SBN_ERROR_WIDTH);
    EXPECT(sbn_step(net, x, 0, &f), SBN_ERROR_WIDTH);
    EXPECT(sbn_step(net, NULL, 0, &f), SBN_ERROR_WIDTH);
    EXPECT(sbn_step(net, x, 3, &f), SBN_ERROR_WIDTH);
    EXPECT(sbn_step(net, x, SIZE_MAX / 2, &f), SBN_ERROR_SIZE);
    EXPECT(sbn_step(net, wide, 2, &f), SBN_ERROR_WIDTH);
    EXPECT(sbn_step(net, memory + 50, 2, &f), SBN_ERROR_OVERLAP);
    EXPECT(sbn_step(net, x, 2, (float *)(void *)(memory + 60)), SBN_ERROR_OVERLAP);
    EXPECT(sbn_step((sbn_network *)(void *)(memory + 2), x, 2, &f), SBN_ERROR_MEMORY);
    EXPECT(sbn_step_black_box(net, x, 2, value, &f, &f), SBN_ERROR_OTHER_OBJECTIVE);
    EXPECT(sbn_step_conditional(net, x, 2, x, 1, &f), SBN_ERROR_OTHER_OBJECTIVE);
    EXPECT(sbn_score_conditional(net, x, 2, x, 1, 1, &f), SBN_ERROR_OTHER_OBJECTIVE);
    EXPECT(sbn_step_black_box(net, x, 2, NULL, &f, &f), SBN_ERROR_NULL);
    EXPECT(sbn_poll(net, 10, &f), SBN_IDLE);
    EXPECT(sbn_poll(net, 10, NULL), SBN_ERROR_NULL);
    EXPECT(sbn_score(net, x, 2, 0, &f), SBN_ERROR_SETTING);
    EXPECT(sbn_sample(net, 0, p, 41), SBN_ERROR_SIZE);
    EXPECT(sbn_sample(net, 0, p, 39), SBN_ERROR_SIZE);
    EXPECT(sbn_sample(net, 0, p, 0), SBN_ERROR_SIZE);
    EXPECT(sbn_sample(net, 0, NULL, 40), SBN_ERROR_NULL);
    EXPECT(sbn_sample(net, 0, (float *)(void *)(memory + 60), 40), SBN_ERROR_OVERLAP);
    EXPECT(sbn_set_rate(net, (float)NAN), SBN_ERROR_SETTING);
    EXPECT(sbn_set_rate(net, (float)INFINITY), SBN_ERROR_SETTING);
    EXPECT(sbn_set_rate(net, -0.5f), SBN_ERROR_SETTING);
    EXPECT(sbn_steps(net, NULL), SBN_ERROR_NULL);
    EXPECT(sbn_params(net, NULL, NULL), SBN_ERROR_NULL);
    /* Results that would lie in the block: at its first words, in the middle, at its end. */
    const float *params = NULL;
    size_t n = 0;
    const size_t at[] = {0, 2, 60, WORDS - 2};
    for (size_t i = 0; i < sizeof at / sizeof at[0]; i++) {
        void *inside = (void *)(memory + (at[i] & ~(size_t)1));
        EXPECT(sbn_steps(net, inside), SBN_ERROR_OVERLAP);
        EXPECT(sbn_saturated(net, inside), SBN_ERROR_OVERLAP);
        EXPECT(sbn_params(net, inside, &n), SBN_ERROR_OVERLAP);
        EXPECT(sbn_params(net, &params, inside), SBN_ERROR_OVERLAP);
    }
    EXPECT(params == NULL && n == 0, 1);
}

static void bytes_and_pieces(sbn_network *net)
{
    const size_t size = SBN_SAVED_BYTES(ENCODER, DECODER, 0);
    size_t n = 0;
    struct stream s = {0, SIZE_MAX};
    EXPECT(sbn_save(net, NULL, size, &n), SBN_ERROR_NULL);
    EXPECT(sbn_save(net, bytes, size - 1, &n), SBN_ERROR_SIZE);
    EXPECT(sbn_save(net, (uint8_t *)memory, size, &n), SBN_ERROR_OVERLAP);
    EXPECT(sbn_save(net, bytes, size, &n), SBN_OK);
    EXPECT(n == size, 1);
    bytes[size / 2] ^= 1;
    EXPECT(sbn_load(net, bytes, size), SBN_ERROR_CORRUPT);
    bytes[size / 2] ^= 1;
    bytes[4] = 9;
    EXPECT(sbn_load(net, bytes, size), SBN_ERROR_NEWER);
    bytes[4] = 0;
    EXPECT(sbn_load(net, bytes, size), SBN_ERROR_OLDER);
    bytes[4] = 1;
    bytes[0] = 0;
    EXPECT(sbn_load(net, bytes, size), SBN_ERROR_MAGIC);
    bytes[0] = 'S';
    EXPECT(sbn_load(net, bytes, size - 4), SBN_ERROR_LENGTH);
    EXPECT(sbn_load(net, bytes, size + 1), SBN_ERROR_LENGTH);
    EXPECT(sbn_load(net, bytes, 0), SBN_ERROR_LENGTH);
    EXPECT(sbn_load(net, NULL, size), SBN_ERROR_NULL);
    EXPECT(sbn_load(net, (uint8_t *)memory, size), SBN_ERROR_OVERLAP);
    sbn_network *other = NULL;
    EXPECT(sbn_init(&other, chain_memory, sizeof chain_memory, &chain, &config), SBN_OK);
    EXPECT(sbn_load(other, bytes, size), SBN_ERROR_OTHER_SHAPE);
    EXPECT(sbn_save_to(net, NULL, &s), SBN_ERROR_NULL);
    EXPECT(sbn_save_to(net, sink, &s), SBN_OK);
    EXPECT(s.at == size, 1);
    s = (struct stream){0, 128};
    EXPECT(sbn_save_to(net, sink, &s), SBN_ERROR_CALLBACK);
    EXPECT(sbn_load_from(net, size, source, &s), SBN_ERROR_CALLBACK);
    EXPECT(sbn_load_from(net, size, NULL, &s), SBN_ERROR_NULL);
    s.stop = SIZE_MAX;
    EXPECT(sbn_load_from(net, size, source, &s), SBN_OK);
    bytes[size - 1] ^= 1;
    EXPECT(sbn_load_from(net, size, source, &s), SBN_ERROR_CORRUPT);
    bytes[size - 1] ^= 1;
}

/* Parameters of the other kind of numbers. */
static void other_numbers(sbn_network *net)
{
    static uint32_t fixed_memory[SBN_INTEGER_BYTES(40, ENCODER, DECODER, 0) / 4];
    static uint8_t fixed[SBN_INTEGER_SAVED_BYTES(ENCODER, DECODER, 0)];
    const sbn_config in_integers = SBN_USE_INTEGERS(0.01f, 1);
    const int16_t *words = NULL;
    const float *floats = NULL;
    sbn_network *other = NULL;
    uint32_t saturated = 1;
    size_t n = 0;
    struct stream s = {0, SIZE_MAX};
    EXPECT(sbn_init(&other, fixed_memory, sizeof fixed_memory, &shape, &in_integers), SBN_OK);
    EXPECT(sbn_load(other, bytes, SBN_SAVED_BYTES(ENCODER, DECODER, 0)), SBN_ERROR_OTHER_NUMBERS);
    EXPECT(sbn_load_from(other, SBN_SAVED_BYTES(ENCODER, DECODER, 0), source, &s), SBN_ERROR_OTHER_NUMBERS);
    EXPECT(sbn_save(other, fixed, sizeof fixed, &n), SBN_OK);
    EXPECT(n == sizeof fixed, 1);
    EXPECT(sbn_load(net, fixed, sizeof fixed), SBN_ERROR_OTHER_NUMBERS);
    EXPECT(sbn_integer_params(net, &words, &n), SBN_ERROR_OTHER_NUMBERS);
    EXPECT(sbn_params(other, &floats, &n), SBN_ERROR_OTHER_NUMBERS);
    EXPECT(sbn_saturated(net, &saturated), SBN_OK);
    EXPECT(saturated == 0 && words == NULL && floats == NULL, 1);
}

static void black_box(void)
{
    uint32_t x[2] = {7, 1}, steps = 0;
    static uint32_t kept[sizeof chain_memory / 4];
    float f = 0.0f, results[] = {(float)NAN, (float)INFINITY, -(float)INFINITY};
    sbn_network *net = NULL;
    EXPECT(sbn_init(&net, chain_memory, sizeof chain_memory, &chain, &config), SBN_OK);
    const size_t params = SBN_STATE_WORDS + SBN_LAYER_WORDS, head = 24;
    const size_t learned = 3 * SBN_PARAMS(CODE, SBN_NO_LAYERS, 0);
    memcpy(kept, chain_memory, sizeof kept);
    for (int i = 0; i < 3; i++) {
        EXPECT(sbn_step_black_box(net, x, 2, value, &results[i], &f), SBN_ERROR_OBJECTIVE);
        /* Layers, parameters and moments; the scratch behind them may hold anything. */
        EXPECT(memcmp(kept + head, chain_memory + head, 16) == 0, 1);
        EXPECT(memcmp(kept + params, chain_memory + params, 4 * learned) == 0, 1);
        /* The next step draws fresh samples. */
        EXPECT(sbn_steps(net, &steps), SBN_OK);
        EXPECT((int32_t)steps, i + 1);
    }
    nested = net;
    EXPECT(sbn_step_black_box(net, x, 2, calls_back, &f, &f), SBN_OK);
    EXPECT(nested_status, SBN_ERROR_BUSY);
    /* A block may be copied elsewhere. */
    memcpy(kept, chain_memory, sizeof kept);
    float a = 0.0f, b = 0.0f, c = 2.0f;
    EXPECT(sbn_step_black_box((sbn_network *)(void *)kept, x, 2, value, &c, &a), SBN_OK);
    EXPECT(sbn_step_black_box(net, x, 2, value, &c, &b), SBN_OK);
    EXPECT(memcmp(kept + params, chain_memory + params, 4 * learned) == 0, 1);
}

static void overwritten(sbn_network *net)
{
    uint32_t x[2] = {1, 1};
    float f = 0.0f;
    const float *params = NULL;
    size_t count = 0;
    sbn_begin(net, x, 2);
    memcpy(before, memory, sizeof memory);
    EXPECT(sbn_begin(net, x, 2), SBN_ERROR_BUSY);
    EXPECT(sbn_step(net, x, 2, &f), SBN_ERROR_BUSY);
    EXPECT(sbn_score(net, x, 2, 1, &f), SBN_ERROR_BUSY);
    make(&net);
    /* A stray write to what a call reads of the head; one to the rest, which says where the block was, to configuration or
       layers is noticed where the block was copied. */
    for (size_t i = 0; i < 4; i++) {
        memory[i] ^= 0x40000001u;
        memcpy(before, memory, sizeof memory);
        EXPECT(sbn_step(net, x, 2, &f), SBN_ERROR_MEMORY);
        EXPECT(sbn_steps(net, &x[0]), SBN_ERROR_MEMORY);
        EXPECT(sbn_saturated(net, &x[0]), SBN_ERROR_MEMORY);
        EXPECT(sbn_params(net, &params, &count), SBN_ERROR_MEMORY);
        memory[i] ^= 0x40000001u;
    }
    static uint32_t elsewhere[WORDS];
    memcpy(before, memory, sizeof memory);
    for (size_t i = 4; i < 24 + 4 * 4; i++) {
        memcpy(elsewhere, memory, sizeof elsewhere);
        elsewhere[i] ^= 0x40000001u;
        EXPECT(sbn_step((sbn_network *)(void *)elsewhere, x, 2, &f), SBN_ERROR_MEMORY);
    }
    memset(memory, 0, sizeof memory);
    memcpy(before, memory, sizeof memory);
    EXPECT(sbn_step(net, x, 2, &f), SBN_ERROR_MEMORY);
}

int refusals(void)
{
    sbn_network *net = NULL;
    init();
    make(&net);
    calls(net);
    bytes_and_pieces(net);
    other_numbers(net);
    black_box();
    overwritten(net);
    board_print(failures == 0 && cases > 100 ? "bad input was refused\n" : "bad input was not refused\n");
    return failures;
}
