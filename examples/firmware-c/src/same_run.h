/* What the programs share that print what arm-core/ffi/examples/same_run.rs prints: networks, inputs, and hashes of what comes
   of them. */
#ifndef SAME_RUN_H
#define SAME_RUN_H

#include "board/board.h"
#include "sbn.h"
#include <string.h>

/* The reference network. */
#define ENCODER(H, B) H(64, 32, 0.1f) B(32, 16)
#define DECODER(H, B) H(16, 32, 0.1f) B(32, 64)
/* Two stochastic layers and a learned prior. */
#define UP(H, B) H(64, 9, 0.2f) B(9, 7) B(7, 5)
#define DOWN(H, B) B(5, 7) H(7, 9, 0.2f) B(9, 64)
/* Free logits. */
#define CODE(H, B) B(0, 24)

#define LAYERS(list) (sizeof(list) / sizeof((list)[0]))

/* FNV-1a over words. */
#define BASIS 0xcbf29ce484222325u

static inline uint64_t add(uint64_t h, uint32_t word)
{
    return (h ^ word) * 0x100000001b3u;
}

static inline uint64_t hash(uint64_t h, const float *values, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        uint32_t bits;
        memcpy(&bits, &values[i], sizeof bits);
        h = add(h, bits);
    }
    return h;
}

static inline void print_hex(const char *name, uint64_t v)
{
    char text[20];
    for (int i = 0; i < 16; i++)
        text[i] = "0123456789abcdef"[v >> (60 - 4 * i) & 15];
    memcpy(text + 16, "\n", 2);
    board_print(name);
    board_print(" ");
    board_print(text);
}

/* Input number i: a quarter of the units are one. */
static inline void input(uint32_t i, uint32_t x[2])
{
    uint32_t s = i * 2654435761u + 1u;
    for (int w = 0; w < 2; w++) {
        s = s * 1664525u + 1013904223u;
        x[w] = s;
        s = s * 1664525u + 1013904223u;
        x[w] &= s >> 7 | s << 25;
    }
}

/* How many units differ from a pattern. */
static inline float distance(const uint32_t *bits, size_t units, void *context)
{
    const uint32_t *pattern = context;
    float f = 0.0f;
    for (size_t i = 0; i < units; i++)
        f += (float)((bits[i / 32] ^ *pattern) >> i % 32 & 1u);
    return f;
}

#endif
