/* What calls cost: instructions and stack, beside those of examples/firmware/src/bin/costs.rs, which does the same. With INTEGERS
   defined in integers. */
#include "board/board.h"
#include "sbn.h"

#define ENCODER(H, B) H(64, 32, 0.1f) B(32, 16)
#define DECODER(H, B) H(16, 32, 0.1f) B(32, 64)
#define STEPS 64u

static const sbn_layer encoder[] = SBN_LAYERS(ENCODER), decoder[] = SBN_LAYERS(DECODER);
static const sbn_shape shape = {64, encoder, 2, decoder, 2, 0, 0, NULL};
#ifdef INTEGERS
#define BYTES SBN_INTEGER_BYTES(64, ENCODER, DECODER, 0)
#define SAVED SBN_INTEGER_SAVED_BYTES(ENCODER, DECODER, 0)
#else
#define BYTES SBN_BYTES(64, ENCODER, DECODER, 0, SBN_ADAM)
#define SAVED SBN_SAVED_BYTES(ENCODER, DECODER, 0)
#endif
static uint32_t memory[BYTES / 4];
static uint32_t inputs[STEPS][2];
static uint8_t saved[SAVED];

static sbn_network *net;
static int failures;

static void line(const char *name, uint32_t value)
{
    board_print("c_");
    board_print(name);
    board_print(" ");
    board_print_number(value);
    board_print("\n");
}

/* Three bits in ten are one. */
static void make_inputs(void)
{
    uint32_t s = 1;
    for (uint32_t i = 0; i < STEPS; i++)
        for (uint32_t w = 0; w < 2; w++)
            for (uint32_t bit = 0; bit < 32; bit++) {
                s = s * 1664525u + 1013904223u;
                inputs[i][w] |= (uint32_t)((s >> 16) % 10u < 3u) << bit;
            }
}

static void step(const uint32_t *x)
{
    float f;
    failures += sbn_step(net, x, 2, &f) != SBN_OK;
}

static void polled(const uint32_t *x)
{
    float f;
    int32_t status;
    failures += sbn_begin(net, x, 2) != SBN_OK;
    while ((status = sbn_poll(net, 256, &f)) == SBN_WORKING) {
    }
    failures += status != SBN_OK;
}

static void score(const uint32_t *x)
{
    float nats;
    failures += sbn_score(net, x, 2, 1, &nats) != SBN_OK;
}

static void steps(const uint32_t *x)
{
    uint32_t count;
    (void)x;
    failures += sbn_steps(net, &count) != SBN_OK;
}

static void params(const uint32_t *x)
{
#ifdef INTEGERS
    const int16_t *p = NULL;
#define sbn_params sbn_integer_params
#else
    const float *p = NULL;
#endif
    size_t count = 0;
    (void)x;
    failures += sbn_params(net, &p, &count) != SBN_OK;
}

static void saturated(const uint32_t *x)
{
    uint32_t count;
    (void)x;
    failures += sbn_saturated(net, &count) != SBN_OK;
}

static void save(const uint32_t *x)
{
    size_t written;
    (void)x;
    failures += sbn_save(net, saved, sizeof saved, &written) != SBN_OK;
}

static void load(const uint32_t *x)
{
    (void)x;
    failures += sbn_load(net, saved, sizeof saved) != SBN_OK;
}

/* The program around a getter. */
__attribute__((noinline)) static int32_t empty(const sbn_network *of, const void *a, const void *b)
{
    __asm__ volatile("" : : "r"(of), "r"(a), "r"(b) : "memory");
    return SBN_OK;
}

static void nothing(const uint32_t *x)
{
    const float *p = NULL;
    size_t count = 0;
    (void)x;
    failures += empty(net, &p, &count) != SBN_OK;
}

static void (*worked)(const uint32_t *);

static void on_first(void)
{
    worked(inputs[0]);
}

static uint32_t count(void (*work)(const uint32_t *))
{
    const uint32_t start = board_ticks();
    for (uint32_t i = 0; i < STEPS; i++)
        work(inputs[i]);
    return board_instructions_since(start) / STEPS;
}

static void measure(const char *instructions, const char *stack, void (*work)(const uint32_t *))
{
    line(instructions, count(work));
    worked = work;
    line(stack, board_stack_of(on_first));
}

/* The program around a call is not the call's. */
static void getter(const char *instructions, void (*work)(const uint32_t *))
{
    line(instructions, count(work) - count(nothing));
}

static void make(const sbn_config *config)
{
    failures += sbn_init(&net, memory, sizeof memory, &shape, config) != SBN_OK;
}

int main(void)
{
    make_inputs();
#ifdef INTEGERS
    const sbn_config integers = SBN_USE_INTEGERS(0.01f, 1);
    make(&integers);
    measure("integer_step_instructions", "integer_step_stack_bytes", step);
    measure("integer_polled_instructions", "integer_polled_stack_bytes", polled);
    measure("integer_score_instructions", "integer_score_stack_bytes", score);
    measure("integer_save_instructions", "integer_save_stack_bytes", save);
    measure("integer_load_instructions", "integer_load_stack_bytes", load);
    getter("integer_steps_instructions", steps);
    getter("integer_params_instructions", params);
    getter("integer_saturated_instructions", saturated);
#else
    const sbn_config sgd = SBN_USE_SGD(0.01f, 1), momentum = SBN_USE_MOMENTUM(0.01f, 0.9f, 1),
                     adam = SBN_USE_ADAM(0.001f, 1);
    make(&sgd);
    measure("sgd_step_instructions", "sgd_step_stack_bytes", step);
    measure("polled_step_instructions", "polled_step_stack_bytes", polled);
    measure("score_instructions", "score_stack_bytes", score);
    measure("save_instructions", "save_stack_bytes", save);
    measure("load_instructions", "load_stack_bytes", load);
    getter("steps_instructions", steps);
    getter("params_instructions", params);
    getter("saturated_instructions", saturated);
    make(&momentum);
    measure("momentum_step_instructions", "momentum_step_stack_bytes", step);
    measure("momentum_polled_instructions", "momentum_polled_stack_bytes", polled);
    make(&adam);
    measure("adam_step_instructions", "adam_step_stack_bytes", step);
    measure("adam_polled_instructions", "adam_polled_stack_bytes", polled);
#endif
    return failures == 0 ? 0 : 1;
}
