/* A record in flash, and power that is lost at every word written and every page erased. */
#include "board/board.h"
#include "sbn.h"
#include <string.h>

#define ENCODER(H, B) B(3, 2)
#define DECODER(H, B) B(2, 3)
#define PAGE 128u
#define WORD 4u
#define SLOT SBN_SLOT_BYTES(SBN_SAVED_BYTES(ENCODER, DECODER, 0), PAGE)
#define SIZE (PAGE + 2u * SLOT + PAGE)

static const sbn_layer encoder[] = SBN_LAYERS(ENCODER), decoder[] = SBN_LAYERS(DECODER);
static const sbn_shape shape = {3, encoder, 1, decoder, 1, 0, 0, NULL};
static const sbn_config config = SBN_USE_SGD(0.5f, 3);
static uint32_t memory[2][SBN_BYTES(3, ENCODER, DECODER, 0, SBN_SGD) / 4];

/* What becomes of the word or the page at which power is lost. */
enum tear { NOTHING, SOME_BITS, ALL, TEARS };

static struct flash {
    uint8_t bytes[SIZE];
    uint8_t written[SIZE / WORD];
    uint32_t power;
    enum tear tear;
} flash, before;

static int failures;

static void wrong(const char *what)
{
    failures++;
    board_print(what);
    board_print("\n");
}

static uint32_t noise(uint32_t i)
{
    i = (i ^ i >> 16) * 0x45d9f3bu;
    i = (i ^ i >> 16) * 0x45d9f3bu;
    return i ^ i >> 16;
}

/* Makes bytes of what they are to become; 0 when there was power to the end. */
static int32_t change(struct flash *f, uint32_t at, const uint8_t *to, uint32_t count)
{
    if (f->power == 0)
        return 1;
    f->power--;
    for (uint32_t i = 0; i < count; i++) {
        const uint8_t new = to == NULL ? 0xff : to[i], old = f->bytes[at + i];
        const uint8_t changed = (uint8_t)(f->power > 0 || f->tear == ALL ? 0xffu : f->tear == NOTHING ? 0u : noise(at + i));
        f->bytes[at + i] = (uint8_t)((old & ~changed) | (new & changed));
    }
    return f->power == 0;
}

static int32_t flash_read(uint32_t address, uint8_t *bytes, size_t count, void *context)
{
    const struct flash *f = context;
    if (f->power == 0)
        return 1;
    memcpy(bytes, f->bytes + address, count);
    return 0;
}

static int32_t flash_write(uint32_t address, const uint8_t *bytes, size_t count, void *context)
{
    struct flash *f = context;
    if (address % SBN_PIECE != 0 || count != SBN_PIECE)
        wrong("a write that is no piece");
    for (uint32_t i = 0; i < count; i += WORD) {
        if (f->written[(address + i) / WORD]++ != 0)
            wrong("a word was written twice");
        if (change(f, address + i, bytes + i, WORD) != 0)
            return 1;
    }
    return 0;
}

static int32_t flash_erase(uint32_t address, void *context)
{
    struct flash *f = context;
    if (address % PAGE != 0)
        wrong("a page that is none");
    memset(f->written + address / WORD, 0, PAGE / WORD);
    return change(f, address, NULL, PAGE);
}

/* A flash that says yes and does nothing. */
static int32_t not_written(uint32_t address, const uint8_t *bytes, size_t count, void *context)
{
    (void)address;
    (void)bytes;
    (void)count;
    (void)context;
    return 0;
}

static int32_t not_erased(uint32_t address, void *context)
{
    (void)address;
    (void)context;
    return 0;
}

static const sbn_flash driver = {flash_read, flash_write, flash_erase, &flash, PAGE, (uint32_t)SLOT, PAGE};

static uint32_t hash(const sbn_network *net)
{
    const float *params = NULL;
    size_t count = 0;
    uint32_t h = 2166136261u, bits;
    if (sbn_params(net, &params, &count) != SBN_OK)
        wrong("no parameters");
    for (size_t i = 0; i < count; i++) {
        memcpy(&bits, &params[i], sizeof bits);
        h = (h ^ bits) * 16777619u;
    }
    return h;
}

/* The parameters that load after a reset; 0 for none. */
static uint32_t loaded(void)
{
    sbn_network *net = NULL;
    flash.power = UINT32_MAX;
    if (sbn_init(&net, memory[1], sizeof memory[1], &shape, &config) != SBN_OK)
        wrong("no network");
    const int32_t status = sbn_record_load(net, &driver);
    if (status == SBN_ERROR_EMPTY)
        return 0;
    if (status != SBN_OK)
        wrong(sbn_message(status));
    return hash(net);
}

int power(void)
{
    sbn_network *net = NULL;
    uint32_t cuts = 0, sequence = 0;
    float f = 0.0f;
    if (sbn_init(&net, memory[0], sizeof memory[0], &shape, &config) != SBN_OK)
        wrong("no network");
    for (int tear = 0; tear < TEARS; tear++) {
        for (uint32_t i = 0; i < SIZE; i++)
            flash.bytes[i] = (uint8_t)noise(i);
        memset(flash.written, 1, sizeof flash.written);
        for (int round = 0; round < 12; round++) {
            const uint32_t old = loaded();
            flash.power = UINT32_MAX;
            before = flash;
            const uint32_t x = (uint32_t)round & 7u;
            if (sbn_step(net, &x, 1, &f) != SBN_OK)
                wrong("no step");
            const uint32_t new = hash(net);
            for (uint32_t left = 1;; left++) {
                flash = before;
                flash.power = left;
                flash.tear = (enum tear)tear;
                const int32_t status = sbn_record_save(net, &driver, &sequence);
                const int whole = flash.power > 0;
                if (status != (whole ? SBN_OK : SBN_ERROR_CALLBACK))
                    wrong("power was lost and nobody said so");
                const uint32_t now = loaded();
                if (now != new && (whole || now != old))
                    wrong("what was saved before is gone");
                /* And the next one is saved. */
                flash.power = UINT32_MAX;
                if (sbn_record_save(net, &driver, &sequence) != SBN_OK || loaded() != new)
                    wrong("nothing is saved after a power loss");
                if (whole)
                    break;
                cuts++;
            }
        }
    }
    for (uint32_t i = 0; i < PAGE; i++)
        if (flash.bytes[i] != (uint8_t)noise(i) || flash.bytes[SIZE - 1 - i] != (uint8_t)noise(SIZE - 1 - i))
            wrong("the flash around the record was changed");
    sbn_flash bad = driver;
    bad.write = not_written;
    failures += sbn_record_save(net, &bad, &sequence) != SBN_ERROR_CORRUPT;
    bad.erase = not_erased;
    failures += sbn_record_save(net, &bad, &sequence) != SBN_ERROR_CORRUPT;
    bad = driver;
    bad.page = 100;
    failures += sbn_record_save(net, &bad, &sequence) != SBN_ERROR_SETTING;
    bad = driver;
    bad.slot = PAGE;
    failures += sbn_record_save(net, &bad, &sequence) != SBN_ERROR_SIZE;
    bad.erase = NULL;
    failures += sbn_record_save(net, &bad, &sequence) != SBN_ERROR_NULL;
    failures += sbn_record_load(net, NULL) != SBN_ERROR_NULL;
    board_print(failures == 0 && cuts > 1000 ? "a record loads wherever power was lost\n" : "a record was lost\n");
    return failures + (cuts <= 1000);
}
