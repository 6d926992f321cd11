/* Calls are interrupted by calls on the same network, at one instruction after another: either nothing has happened and
   the second call says that the network is busy, or the two happened one after the other. With INTEGERS defined in integers. */
#include "board/board.h"
#include "sbn.h"
#include <string.h>

#define ENCODER(H, B) B(4, 2)
#define DECODER(H, B) B(2, 4)
#define TARGET(H, B) B(2, 1)
#define LOGITS(H, B) B(0, 4)
/* Those of the others are fewer. */
#ifdef INTEGERS
#define WORDS (SBN_INTEGER_BYTES(4, ENCODER, DECODER, 0) / 4)
#define SAVED SBN_INTEGER_SAVED_BYTES(ENCODER, DECODER, 0)
#define CONFIG SBN_USE_INTEGERS(0.5f, 3)
#else
#define WORDS (SBN_BYTES(4, ENCODER, DECODER, 0, SBN_SGD) / 4)
#define SAVED SBN_SAVED_BYTES(ENCODER, DECODER, 0)
#define CONFIG SBN_USE_SGD(0.5f, 3)
#endif
#define PAGE 64u
#define SLOT SBN_SLOT_BYTES(SAVED, PAGE)
#define SAMPLES 4u

static const sbn_layer encoder[] = SBN_LAYERS(ENCODER), decoder[] = SBN_LAYERS(DECODER), target[] = SBN_LAYERS(TARGET),
                       logits[] = SBN_LAYERS(LOGITS);
static const sbn_shape vae = {4, encoder, 1, decoder, 1, 0, 0, NULL},
                       conditional = {4, encoder, 1, target, 1, 0, SBN_CONDITIONAL, NULL},
                       black_box = {0, logits, 1, NULL, 0, 0, 0, NULL};
static const sbn_config config = CONFIG;

/* All that calls may change but what they store. */
struct state {
    uint32_t memory[WORDS];
    uint32_t windows[SBN_WINDOWS_BYTES(1, SAMPLES, 2) / 4];
    uint8_t flash[2u * SLOT];
};
static struct state now, start;
static uint8_t saved[SAVED], out[sizeof saved];
static const sbn_shape *shape;
static sbn_network *net;
static sbn_windows *windows;

/* What a call gave: its status, and what it stored. */
struct result {
    int32_t status;
    uint32_t stored;
};

static uint32_t hash(const void *data, size_t bytes)
{
    const uint8_t *p = data;
    uint32_t h = 2166136261u;
    for (size_t i = 0; i < bytes; i++)
        h = (h ^ p[i]) * 16777619u;
    return h;
}

/* What the calls leave: all from the parameters on, and what the network says. What the library keeps between them for
   itself holds bytes that nobody reads. */
static uint32_t hash_state(void)
{
    const size_t first = SBN_STATE_WORDS + SBN_LAYER_WORDS * (shape->encoder_layers + shape->decoder_layers);
    static uint32_t copy[WORDS];
    uint32_t says[4] = {0, 0, 0, 0};
    float f = 0.0f;
    memcpy(copy, now.memory, sizeof copy);
    sbn_network *const other = (sbn_network *)(void *)copy;
    says[0] = (uint32_t)sbn_steps(net, &says[1]);
    says[2] = (uint32_t)sbn_poll(other, 1, &f);
    if (says[2] == SBN_IDLE)
        says[2] = (uint32_t)sbn_score(other, (const uint32_t[]){6}, 1, 1, &f);
    memcpy(&says[3], &f, sizeof f);
    return hash(says, sizeof says) ^ hash(now.memory + first, sizeof now.memory - sizeof(uint32_t) * first)
           ^ hash(copy + first, sizeof copy - sizeof(uint32_t) * first) ^ hash(now.windows, sizeof now.windows)
           ^ hash(now.flash, sizeof now.flash);
}

static int32_t flash_read(uint32_t address, uint8_t *bytes, size_t count, void *context)
{
    memcpy(bytes, (uint8_t *)context + address, count);
    return 0;
}

static int32_t flash_write(uint32_t address, const uint8_t *bytes, size_t count, void *context)
{
    memcpy((uint8_t *)context + address, bytes, count);
    return 0;
}

static int32_t flash_erase(uint32_t address, void *context)
{
    memset((uint8_t *)context + address, 0xff, PAGE);
    return 0;
}

static const sbn_flash flash = {flash_read, flash_write, flash_erase, now.flash, 0, SLOT, PAGE};

static float ones(const uint32_t *bits, size_t units, void *context)
{
    (void)context;
    return (float)(units + (*bits & 1u) + (*bits >> 2 & 1u));
}

static int32_t sink(const uint8_t *piece, size_t count, void *context)
{
    memcpy(out + *(size_t *)context, piece, count);
    *(size_t *)context += count;
    return 0;
}

static int32_t source(size_t offset, uint8_t *piece, size_t count, void *context)
{
    (void)context;
    memcpy(piece, saved + offset, count);
    return 0;
}

static struct result float_result(int32_t status, float f)
{
    struct result r = {status, 0};
    memcpy(&r.stored, &f, sizeof f);
    return r;
}

static struct result step(void)
{
    static const uint32_t x = 5;
    float f = 0.0f;
    int32_t status = sbn_step(net, &x, 1, &f);
    return float_result(status, f);
}

static struct result begin(void)
{
    static const uint32_t x = 9;
    struct result r = {sbn_begin(net, &x, 1), 0};
    return r;
}

static struct result poll(void)
{
    float f = 0.0f;
    int32_t status = sbn_poll(net, 1000, &f);
    return float_result(status, f);
}

static struct result score(void)
{
    static const uint32_t x = 6;
    float nats = 0.0f;
    int32_t status = sbn_score(net, &x, 1, 2, &nats);
    return float_result(status, nats);
}

static struct result sample(void)
{
    float p[4] = {0};
    struct result r = {sbn_sample(net, 1, p, 4), 0};
    r.stored = hash(p, sizeof p);
    return r;
}

static struct result set_rate(void)
{
    struct result r = {sbn_set_rate(net, 0.125f), 0};
    return r;
}

static struct result steps(void)
{
    struct result r = {0, 0};
    r.status = sbn_steps(net, &r.stored);
    return r;
}

static struct result saturated(void)
{
    struct result r = {0, 0};
    r.status = sbn_saturated(net, &r.stored);
    return r;
}

static struct result params(void)
{
#ifdef INTEGERS
    const int16_t *p = NULL;
#define sbn_params sbn_integer_params
#else
    const float *p = NULL;
#endif
    size_t count = 0;
    struct result r = {sbn_params(net, &p, &count), 0};
    r.stored = (uint32_t)((size_t)p + count);
    return r;
}

static struct result save(void)
{
    size_t written = 0;
    memset(out, 0, sizeof out);
    struct result r = {sbn_save(net, out, sizeof out, &written), 0};
    r.stored = hash(out, sizeof out);
    return r;
}

static struct result save_to(void)
{
    size_t written = 0;
    memset(out, 0, sizeof out);
    struct result r = {sbn_save_to(net, sink, &written), 0};
    r.stored = hash(out, sizeof out);
    return r;
}

static struct result load(void)
{
    struct result r = {sbn_load(net, saved, sizeof saved), 0};
    return r;
}

static struct result load_from(void)
{
    struct result r = {sbn_load_from(net, sizeof saved, source, NULL), 0};
    return r;
}

static struct result record_save(void)
{
    struct result r = {0, 0};
    r.status = sbn_record_save(net, &flash, &r.stored);
    return r;
}

static struct result record_load(void)
{
    struct result r = {sbn_record_load(net, &flash), 0};
    return r;
}

static struct result step_conditional(void)
{
    static const uint32_t x = 5, y = 1;
    float f = 0.0f;
    int32_t status = sbn_step_conditional(net, &x, 1, &y, 1, &f);
    return float_result(status, f);
}

static struct result begin_conditional(void)
{
    static const uint32_t x = 9, y = 0;
    struct result r = {sbn_begin_conditional(net, &x, 1, &y, 1), 0};
    return r;
}

static struct result score_conditional(void)
{
    static const uint32_t x = 6, y = 1;
    float nats = 0.0f;
    int32_t status = sbn_score_conditional(net, &x, 1, &y, 1, 2, &nats);
    return float_result(status, nats);
}

static struct result step_black_box(void)
{
    float f = 0.0f;
    int32_t status = sbn_step_black_box(net, NULL, 0, ones, NULL, &f);
    return float_result(status, f);
}

static struct result begin_black_box(void)
{
    struct result r = {sbn_begin_black_box(net, NULL, 0, ones, NULL), 0};
    return r;
}

static struct result windows_push(void)
{
    struct result r = {sbn_windows_push(windows, 1.0f), 0};
    return r;
}

static struct result windows_next(void)
{
    struct result r = {0, 0};
    r.status = sbn_windows_next(windows, &r.stored, 1);
    return r;
}

static struct result windows_poll(void)
{
    float f = 0.0f;
    int32_t status = sbn_windows_poll(windows, net, 1000, &f);
    return float_result(status, f);
}

static struct result windows_counts(void)
{
    uint32_t counts[3] = {0, 0, 0};
    struct result r = {sbn_windows_counts(windows, &counts[0], &counts[1], &counts[2]), 0};
    r.stored = hash(counts, sizeof counts);
    return r;
}

static struct result init(void)
{
    sbn_network *made = NULL;
    struct result r = {sbn_init(&made, now.memory, sizeof now.memory, shape, &config), 0};
    r.stored = made == NULL ? 0 : 1;
    return r;
}

typedef struct result (*call)(void);

struct named {
    const char *name;
    call run;
};

static const struct named of_vae[] = {
    {"step", step},         {"begin", begin},       {"poll", poll},         {"score", score},
    {"sample", sample},     {"set_rate", set_rate}, {"steps", steps},       {"saturated", saturated},
    {"params", params},     {"save", save},         {"save_to", save_to},   {"load", load},
    {"load_from", load_from}, {"record_save", record_save}, {"record_load", record_load},
    {"windows_poll", windows_poll}, {"init", init},
};
static const struct named of_conditional[] = {
    {"step_conditional", step_conditional}, {"begin_conditional", begin_conditional},
    {"score_conditional", score_conditional},
};
static const struct named of_black_box[] = {{"step_black_box", step_black_box}, {"begin_black_box", begin_black_box}};
static const struct named of_windows[] = {
    {"windows_next", windows_next}, {"windows_counts", windows_counts}, {"windows_poll with a sample", windows_poll},
};

/* What the interrupt does, and what came of it. */
static volatile call interrupting;
static volatile struct {
    int fired;
    int32_t status;
    uint32_t stored;
} interrupt;

void board_interrupt(void)
{
    call run = interrupting;
    if (run == NULL)
        return;
    struct result r = run();
    interrupt.fired = 1;
    interrupt.status = r.status;
    interrupt.stored = r.stored;
}

struct outcome {
    struct result main, other;
    uint32_t memory;
};

static int same_result(struct result a, struct result b)
{
    return a.status == b.status && a.stored == b.stored;
}

static int same(const struct outcome *a, const struct outcome *b, int with_other)
{
    return same_result(a->main, b->main) && a->memory == b->memory && (!with_other || same_result(a->other, b->other));
}

static struct outcome in_order(call first, call second, int main_first)
{
    struct outcome o;
    memset(&o, 0, sizeof o);
    now = start;
    struct result a = first(), b = {0, 0};
    if (second != NULL)
        b = second();
    o.main = main_first ? a : b;
    o.other = main_first ? b : a;
    o.memory = hash_state();
    return o;
}

static int failures;
static uint32_t refused, before, after;

/* Interrupts `run` by `other` after ever more instructions, until it is done before. Inside, every `stride`th is tried. */
static void sweep(call run, call other, uint32_t stride)
{
    const struct outcome alone = in_order(run, NULL, 1), behind = in_order(run, other, 1), ahead = in_order(other, run, 0);
    uint32_t early = 0, late = 0, bad = 0;
    for (uint32_t n = 0; late < BOARD_NOPS; n += n < 256 ? 1 : stride) {
        struct outcome o;
        now = start;
        interrupt.fired = 0;
        interrupting = other;
        board_interrupt_after(n);
        o.main = run();
        interrupting = NULL;
        board_interrupt_never();
        if (!interrupt.fired) {
            late++;
            continue;
        }
        o.other.status = interrupt.status;
        o.other.stored = interrupt.stored;
        o.memory = hash_state();
        early += n < 2u * BOARD_NOPS && same(&o, &ahead, 1);
        if (o.other.status == SBN_ERROR_BUSY && same(&o, &alone, 0))
            refused++;
        else if (same(&o, &ahead, 1))
            before++;
        else if (same(&o, &behind, 1))
            after++;
        else
            bad++;
    }
    /* The first instructions of a call are among those that were tried. */
    if (early == 0) {
        board_print("  never before the call\n");
        failures++;
    }
    if (bad != 0) {
        board_print("  neither refused nor whole: ");
        board_print_number(bad);
        board_print(" times\n");
        failures++;
    }
}

static void report(const char *name, int under_way)
{
    board_print(name);
    board_print(under_way ? ", a step under way" : "");
    board_print(": refused ");
    board_print_number(refused);
    board_print(", before ");
    board_print_number(before);
    board_print(", after ");
    board_print_number(after);
    board_print("\n");
}

/* Calls of a network, each interrupted by a step and by sbn_init, and each interrupting a step and its second half. */
static void all(const sbn_shape *of, const struct named *calls, size_t count, uint32_t stride)
{
    const call one_step = calls[0].run, one_begin = calls[1].run;
    size_t written = 0;
    shape = of;
    failures += sbn_init(&net, now.memory, sizeof now.memory, shape, &config) != SBN_OK;
    failures += sbn_save(net, saved, sizeof saved, &written) != SBN_OK;
    failures += record_save().status != SBN_OK;
    for (int under_way = 0; under_way < 2; under_way++) {
        failures += one_step().status != SBN_OK;
        if (under_way)
            failures += one_begin().status != SBN_OK;
        start = now;
        for (size_t i = 0; i < count; i++) {
            refused = before = after = 0;
            sweep(calls[i].run, one_step, stride);
            sweep(calls[i].run, init, stride);
            sweep(one_step, calls[i].run, stride);
            sweep(poll, calls[i].run, stride);
            report(calls[i].name, under_way);
            /* An interrupt that was never refused has not been inside. */
            failures += refused == 0;
        }
        now = start;
        if (under_way)
            failures += poll().status != SBN_OK;
    }
}

int interrupts(uint32_t stride)
{
    static const float level = 0.0f;
    failures += sbn_windows_init(&windows, now.windows, sizeof now.windows, &level, 1, SAMPLES, SAMPLES, 2) != SBN_OK;
    /* A window waits, and the next sample completes another one. */
    for (uint32_t i = 0; i < 2u * SAMPLES - 1u; i++)
        failures += sbn_windows_push(windows, i % 3u == 0u ? 1.0f : -1.0f) < 0;
    all(&vae, of_vae, sizeof of_vae / sizeof of_vae[0], stride);
    /* Samples come while the main loop takes windows. */
    start = now;
    for (size_t i = 0; i < sizeof of_windows / sizeof of_windows[0]; i++) {
        refused = before = after = 0;
        sweep(of_windows[i].run, windows_push, stride);
        report(of_windows[i].name, 0);
    }
    all(&conditional, of_conditional, sizeof of_conditional / sizeof of_conditional[0], stride);
    all(&black_box, of_black_box, sizeof of_black_box / sizeof of_black_box[0], stride);
    board_print(failures == 0 ? "interrupts saw whole calls or were refused\n" : "interrupts saw half a call\n");
    return failures;
}
