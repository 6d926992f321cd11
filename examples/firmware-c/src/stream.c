/* Windows, encoders, conditional networks, estimators and the detector: what they do, and what they refuse. */
#include "board/board.h"
#include "sbn.h"
#include <math.h>
#include <string.h>

#define UP(H, B) B(8, 4)
#define DOWN(H, B) B(4, 8)
#define SUM(H, B) B(6, 4)
#define OUT(H, B) B(4, 1)
#define CODE(H, B) B(0, 16)

static const sbn_layer up[] = SBN_LAYERS(UP), down[] = SBN_LAYERS(DOWN), chain[] = SBN_LAYERS(SUM), out[] = SBN_LAYERS(OUT);
static const sbn_shape vae = {8, up, 1, down, 1, 0, 0, NULL};
static const sbn_shape conditional = {6, chain, 1, out, 1, 0, SBN_CONDITIONAL, NULL};
static uint32_t memory[SBN_BYTES_FOR(8, 8, UP, DOWN, 0, SBN_ADAM) / 4];
static uint32_t windows_memory[SBN_WINDOWS_BYTES(2, 4, 2) / 4];
static int failures;

static void expect_at(int line, int right)
{
    if (right)
        return;
    failures++;
    board_print("stream.c:");
    board_print_number((uint32_t)line);
    board_print("\n");
}

#define EXPECT(what) expect_at(__LINE__, (what))

static void windows(void)
{
    static const float levels[] = {-1.0f, 1.0f}, same[] = {1.0f, 1.0f}, nan[] = {0.0f, (float)NAN};
    sbn_windows *w = NULL;
    uint32_t x = 0, waiting = 9, dropped = 9, unsound = 9;
    const size_t size = sizeof windows_memory;
    EXPECT(sbn_windows_init(&w, windows_memory, size, same, 2, 4, 2, 2) == SBN_ERROR_SETTING && w == NULL);
    EXPECT(sbn_windows_init(&w, windows_memory, size, nan, 2, 4, 2, 2) == SBN_ERROR_SETTING);
    EXPECT(sbn_windows_init(&w, windows_memory, size, levels, 2, 4, 0, 2) == SBN_ERROR_SETTING);
    EXPECT(sbn_windows_init(&w, windows_memory, size, levels, 2, 4, 5, 2) == SBN_ERROR_SETTING);
    EXPECT(sbn_windows_init(&w, windows_memory, size, levels, 2, 4, 2, 0) == SBN_ERROR_SETTING);
    EXPECT(sbn_windows_init(&w, windows_memory, size - 4, levels, 2, 4, 2, 2) == SBN_ERROR_SIZE);
    EXPECT(sbn_windows_init(&w, windows_memory, size, NULL, 2, 4, 2, 2) == SBN_ERROR_NULL);
    EXPECT(sbn_windows_push((sbn_windows *)(void *)memory, 0.0f) == SBN_ERROR_MEMORY);
    EXPECT(sbn_windows_init(&w, windows_memory, size, levels, 2, 4, 2, 2) == SBN_OK && w != NULL);
    EXPECT(sbn_windows_next(w, &x, 1) == SBN_IDLE);
    /* Four samples a window, two of them new: a level below, between and above. */
    EXPECT(sbn_windows_push(w, -2.0f) == SBN_OK && sbn_windows_push(w, 0.0f) == SBN_OK);
    EXPECT(sbn_windows_push(w, (float)NAN) == SBN_UNSOUND && sbn_windows_push(w, 2.0f) == SBN_OK);
    EXPECT(sbn_windows_push(w, 0.0f) == SBN_WINDOW && sbn_windows_push(w, 2.0f) == SBN_OK);
    EXPECT(sbn_windows_push(w, -2.0f) == SBN_WINDOW && sbn_windows_push(w, 0.0f) == SBN_OK);
    EXPECT(sbn_windows_push(w, 0.0f) == SBN_FULL);
    EXPECT(sbn_windows_counts(w, &waiting, &dropped, &unsound) == SBN_OK && waiting == 2 && dropped == 1 && unsound == 1);
    EXPECT(sbn_windows_next(w, &x, 2) == SBN_ERROR_WIDTH);
    /* Results that would lie in the windows' own memory. */
    uint32_t *const ends[] = {windows_memory, windows_memory + size / 4 - 1};
    for (int i = 0; i < 2; i++) {
        EXPECT(sbn_windows_next(w, ends[i], 1) == SBN_ERROR_OVERLAP);
        EXPECT(sbn_windows_counts(w, ends[i], NULL, NULL) == SBN_ERROR_OVERLAP);
    }
    EXPECT(sbn_windows_next(w, &x, 1) == SBN_OK && x == 0x74u);
    EXPECT(sbn_windows_next(w, &x, 1) == SBN_OK && x == 0x37u);
    EXPECT(sbn_windows_next(w, &x, 1) == SBN_IDLE);
}

/* A network learns windows of a wave, and the detector flags another one. */
static void detector(void)
{
    static const float levels[] = {-1.0f, 1.0f};
    const sbn_config config = SBN_USE_SGD(0.05f, 1);
    sbn_network *net = NULL;
    sbn_windows *w = NULL;
    sbn_detector d;
    uint32_t alarms[2] = {0, 0}, s = 1;
    float f = 0.0f, mean = 0.0f, threshold = 0.0f;
    EXPECT(sbn_detector_init(NULL, 0.01f) == SBN_ERROR_NULL && sbn_detector_init(&d, 0.5f) == SBN_ERROR_SETTING);
    EXPECT(sbn_detector_init(&d, 0.01f) == SBN_OK);
    EXPECT(sbn_init(&net, memory, sizeof memory, &vae, &config) == SBN_OK);
    EXPECT(sbn_windows_init(&w, windows_memory, sizeof windows_memory, levels, 2, 4, 2, 2) == SBN_OK);
    for (uint32_t i = 0; i < 24000; i++) {
        s = s * 1664525u + 1013904223u;
        const float noise = (float)(s >> 16) / 65536.0f - 0.5f, wave[] = {-1.5f, 0.5f, 1.5f, 0.0f};
        const float sample = (i < 22000 ? wave[i % 4] : wave[s >> 30]) + noise;
        if (sbn_windows_push(w, sample) != SBN_WINDOW)
            continue;
        int32_t status;
        while ((status = sbn_windows_poll(w, net, 64, &f)) != SBN_IDLE) {
            EXPECT(status >= 0);
            if (status != SBN_OK)
                continue;
            if (i < 16000)
                EXPECT(sbn_detector_learn(&d, f) == SBN_OK);
            else
                alarms[i >= 22000] += sbn_detector_watch(&d, f) == SBN_ALARM;
        }
        if (i == 16000)
            EXPECT(sbn_set_rate(net, 0.0f) == SBN_OK);
    }
    EXPECT(sbn_detector_levels(&d, &mean, &threshold) == SBN_OK && mean > threshold);
    /* Of 3000 windows, at a rate of one in a hundred; of 1000. */
    EXPECT(alarms[0] < 90 && alarms[1] > 900);
    /* What is no score changes nothing. */
    const sbn_detector before = d;
    static const float none[] = {(float)NAN, (float)INFINITY, -(float)INFINITY, 3e38f, -3e38f};
    for (size_t i = 0; i < sizeof none / sizeof none[0]; i++) {
        EXPECT(sbn_detector_learn(&d, none[i]) == SBN_OK && sbn_detector_watch(&d, none[i]) == SBN_ALARM);
        EXPECT(memcmp(&before, &d, sizeof d) == 0);
    }
    EXPECT(sbn_detector_learn(&d, 7e28f) == SBN_OK && sbn_detector_watch(&d, -7e28f) == SBN_OK);
    EXPECT(sbn_detector_levels(&d, &mean, &threshold) == SBN_OK && isfinite(mean) && isfinite(threshold));
    EXPECT(sbn_detector_levels(&d, &mean, (float *)(void *)&d.kept[7]) == SBN_ERROR_OVERLAP);
}

/* The sum of the input's bits is odd or not: no part of it says anything. */
static void conditional_network(void)
{
    const sbn_config config = SBN_USE_ADAM(0.02f, 1);
    sbn_network *net = NULL;
    uint32_t x = 0, y = 0;
    float f = 0.0f, first = 0.0f, last = 0.0f;
    EXPECT(sbn_init(&net, memory, sizeof memory, &conditional, &config) == SBN_OK);
    for (uint32_t i = 0; i < 6000; i++) {
        x = i * 2654435761u >> 26;
        y = (x ^ x >> 1) & 1u;
        if (i % 2 == 0) {
            EXPECT(sbn_step_conditional(net, &x, 1, &y, 1, &f) == SBN_OK);
        } else {
            EXPECT(sbn_begin_conditional(net, &x, 1, &y, 1) == SBN_OK);
            while (sbn_poll(net, 10, &f) == SBN_WORKING) {
            }
        }
        first += i < 500 ? f : 0.0f;
        last += i >= 5500 ? f : 0.0f;
    }
    EXPECT(last < 0.5f * first);
    EXPECT(sbn_score_conditional(net, &x, 1, &y, 1, 10, &f) == SBN_OK && f > 0.0f);
    EXPECT(sbn_step(net, &x, 1, &f) == SBN_ERROR_OTHER_OBJECTIVE && sbn_score(net, &x, 1, 1, &f) == SBN_ERROR_OTHER_OBJECTIVE);
}

static float distance(const uint32_t *bits, size_t units, void *context)
{
    const uint32_t d = *bits ^ *(const uint32_t *)context;
    float f = 0.0f;
    for (size_t i = 0; i < units; i++)
        f += (float)(d >> i & 1u);
    return f;
}

static void estimators(void)
{
    static const sbn_layer code[] = SBN_LAYERS(CODE);
    static const sbn_shape shape = {0, code, 1, NULL, 0, 0, 0, NULL};
    static const struct {
        uint32_t id, samples;
        float decay;
    } all[] = {
        {SBN_ARM, 1, 0},   {SBN_DISARM, 1, 0},   {SBN_AR, 1, 0},    {SBN_REINFORCE, 1, 0.9f}, {SBN_BITFLIP, 1, 0},
        {SBN_LEG, 1, 0},   {SBN_UGC, 1, 0},      {SBN_RLOO, 4, 0},  {SBN_VIMCO, 4, 0},        {SBN_ARMS, 4, 0},
        {SBN_ARMS_BOUND, 2, 0}, {SBN_LOCAL_DISARM, 2, 0}, {SBN_OVIS, 4, 0}, {SBN_RWS, 4, 0},
    };
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        sbn_config config = SBN_USE_SGD(0.05f, 1);
        sbn_network *net = NULL;
        const float *params = NULL;
        size_t count = 0;
        uint32_t pattern = 0xb2d5, right = 0;
        float f = 0.0f;
        config.estimator = all[i].id;
        config.samples = all[i].samples;
        config.decay = all[i].decay;
        const size_t bytes = SBN_BYTES_FOR(SBN_DRAWS(all[i].id, all[i].samples), 0, CODE, SBN_NO_LAYERS, 0, SBN_SGD);
        EXPECT(sbn_bytes(&shape, &config) > 0 && sbn_bytes(&shape, &config) <= bytes && bytes <= sizeof memory);
        EXPECT(sbn_init(&net, memory, bytes, &shape, &config) == SBN_OK);
        for (int k = 0; k < 3000; k++)
            EXPECT(sbn_step_black_box(net, NULL, 0, distance, &pattern, &f) == SBN_OK);
        EXPECT(sbn_params(net, &params, &count) == SBN_OK && count == 16);
        for (uint32_t unit = 0; unit < 16; unit++)
            right += (params[unit] > 0.0f) == (pattern >> unit & 1u);
        EXPECT(right >= 15);
    }
}

int stream(void)
{
    windows();
    detector();
    conditional_network();
    estimators();
    board_print(failures == 0 ? "windows, targets, estimators and alarms are right\n" : "windows or alarms are wrong\n");
    return failures;
}
