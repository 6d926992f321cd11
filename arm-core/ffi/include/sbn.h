/* Stochastic binary networks, trained with forward passes only, in memory the caller gives.
   Generated from arm-core/ffi by `SBN_WRITE=1 cargo test -p arm-core-ffi`; a test keeps it current.

     #define ENCODER(H, B) H(64, 32, 0.1f) B(32, 16)
     #define DECODER(H, B) H(16, 32, 0.1f) B(32, 64)
     static uint32_t memory[SBN_BYTES(64, ENCODER, DECODER, 0, SBN_SGD) / 4];
     static const sbn_layer encoder[] = SBN_LAYERS(ENCODER), decoder[] = SBN_LAYERS(DECODER);

     const sbn_shape shape = {64, encoder, 2, decoder, 2, 0, 0, NULL};
     const sbn_config config = SBN_USE_SGD(0.01f, 1);
     const uint32_t x[SBN_INPUT_WORDS(64)] = {0x0f0f, 3};
     float f;
     sbn_network *net;
     int32_t status = sbn_init(&net, memory, sizeof memory, &shape, &config);
     if (status == SBN_OK) status = sbn_step(net, x, SBN_INPUT_WORDS(64), &f);
     if (status < 0) puts(sbn_message(status));

   Functions return 0 or a positive status, or a negative one for an error, which leaves the network as it was.

   Interrupts and threads: the first thing that a call does is to claim the network, with one atomic exchange (on a
   Cortex-M0 or M0+ and a RISC-V without atomics with interrupts masked for a few instructions, which needs privileged
   or machine mode, and one core). Whoever calls meanwhile, an interrupt, another thread or a callback, gets
   SBN_ERROR_BUSY, and nothing has happened. That holds for sbn_init on the same memory too: memory that keeps its
   contents over a reset must be cleared (its first word is enough) before sbn_init, in case the reset came during a
   call. sbn_steps, sbn_saturated and the two for parameters do not claim: they read what the last call left, or return
   SBN_ERROR_BUSY. Different networks are independent: there is no global state.

   Nothing that a call stores a result in may lie in the network's own memory: that is refused with SBN_ERROR_OVERLAP.
   A stray write of the program to a block is not looked for, but for what each call reads first, its sizes and where it lies
   (words 0 to 4); of layers and configuration it is noticed when the block is moved. Elsewhere there are addresses too: do not go on
   with a block that something else has written to. What sbn_save and sbn_record_save have written has a checksum.

   A block may be copied elsewhere between two calls; the first call there costs as much as sbn_init.

   Costs on a Cortex-M4F, of a network 64-32-16 / 16-32-64 (instructions; bytes of stack below the caller, which do not
   depend on the size of the network; docs/microcontroller.md has all): sbn_step with SGD 43,700 and 832, in slices of 256
   parameters 51,500 and 840; momentum 67,500 (76,000) and 832; Adam 97,100 (115,100) and 832; sbn_score 14,900 and 808; sbn_save
   1,760,000 and 384; sbn_load 3,610,000 and 528 (checksums without a table); sbn_steps, sbn_saturated and sbn_params below 50.
   In integers on a Cortex-M3: sbn_step 68,800 and 764, in slices of 256 79,700 and 772; sbn_score 16,700 and 748. Beside a program
   in Rust with the same engine, all of it, that is within 1 % for a whole step, 1.5 % for a score and 3 % for slices (on a
   Cortex-M55 2 % and 4 %), and within 64 bytes of stack. Rust can leave out what a network does not need: sbn_step would then take
   40,000 and 512.

   The archive holds an engine for floats and one for integers. A program gets those that its configurations name, with
   SBN_USE_SGD and the like or with SBN_USE_INTEGERS, if the archive is linked as one: not with --whole-archive.

   A stack that grows into .bss overwrites it without a word. Let the linker check that enough is left, as
   examples/firmware-c/mps2-an386.ld does, or put the stack below .bss, where it runs into a fault.

   Link order: your objects, libsbn.a, then -lc and -lgcc. The library defines sbn_* and nothing else, and needs nothing from
   outside: it replaces no memcpy, expf or malloc of yours, and does no input or output. */


#ifndef SBN_H
#define SBN_H

#include <stddef.h>
#include <stdint.h>

// Done.
#define SBN_OK 0

// A step is under way: poll again.
#define SBN_WORKING 1

// No step is under way.
#define SBN_IDLE 2

// A window is complete and waits.
#define SBN_WINDOW 3

// A window is complete, and was dropped because no more can wait.
#define SBN_FULL 4

// A sample was NaN or infinite, and was dropped.
#define SBN_UNSOUND 5

// The scores are above the threshold.
#define SBN_ALARM 6

// The layers contradict each other or what is around them: `sbn_explain`.
#define SBN_ERROR_SHAPE -1

// A buffer is too short or too long.
#define SBN_ERROR_SIZE -2

// The input has the wrong number of words, or bits set beyond its units.
#define SBN_ERROR_WIDTH -3

// A setting is out of range.
#define SBN_ERROR_SETTING -4

// The objective returned NaN or infinity, in integers a number beyond ±8191.
#define SBN_ERROR_OBJECTIVE -5

// The step would have used NaN or a huge number.
#define SBN_ERROR_DIVERGED -6

// The estimator cannot serve the network.
#define SBN_ERROR_UNSUPPORTED -7

// The bytes are cut off or have a tail.
#define SBN_ERROR_LENGTH -8

// The bytes are no parameters.
#define SBN_ERROR_MAGIC -9

// The bytes are of an older version that is not read.
#define SBN_ERROR_OLDER -10

// The bytes are of a newer version.
#define SBN_ERROR_NEWER -11

// The bytes do not match their checksum.
#define SBN_ERROR_CORRUPT -12

// The bytes belong to another network.
#define SBN_ERROR_OTHER_SHAPE -13

// A parameter is NaN, infinite or huge.
#define SBN_ERROR_PARAMETER -14

// No slot of the record holds parameters.
#define SBN_ERROR_EMPTY -15

// A step is under way, or a call from inside a callback.
#define SBN_ERROR_BUSY -16

// The library was built without a feature of arm-core that this needs.
#define SBN_ERROR_LEFT_OUT -17

// Integers do not do this: see `SBN_USE_INTEGERS`.
#define SBN_ERROR_FLOAT_ONLY -18

// Bytes or parameters of the other kind, floats or 16-bit integers.
#define SBN_ERROR_OTHER_NUMBERS -19

// This network is for another call: `sbn_step`, `sbn_score` and `sbn_sample` for one whose decoder gives the input back,
// `sbn_step_conditional` and `sbn_score_conditional` for one with a target, `sbn_step_black_box` for one without a decoder.
#define SBN_ERROR_OTHER_OBJECTIVE -20

// A pointer is null.
#define SBN_ERROR_NULL -101

// A pointer is not aligned for its type.
#define SBN_ERROR_MISALIGNED -102

// Two buffers overlap that must not.
#define SBN_ERROR_OVERLAP -103

// This is no network that `sbn_init` made, or its first words were overwritten.
#define SBN_ERROR_MEMORY -104

// The caller's own sink or source said so.
#define SBN_ERROR_CALLBACK -105

// Deterministic units: LeakyReLU.
#define SBN_HIDDEN 0

// Stochastic units.
#define SBN_BERNOULLI 1

// A flag of `sbn_shape`: units of the input stand for -1 and 1 instead of 0 and 1.
#define SBN_SIGNED_INPUTS 1

// A flag: units of stochastic layers stand for -1 and 1.
#define SBN_SIGNED_UNITS 2

// A flag: the decoder ends in a target of its own instead of the input; see `sbn_step_conditional`.
#define SBN_CONDITIONAL 4

// Augment-REINFORCE-Merge.
#define SBN_ARM 0

// DisARM (U2G): ARM with the uniforms integrated out.
#define SBN_DISARM 1

// Augment-REINFORCE: one evaluation of f.
#define SBN_AR 2

// REINFORCE: one evaluation of f; `decay` of `sbn_config` is that of a moving average of f that is subtracted.
#define SBN_REINFORCE 3

// bitflip-1: one unit of a layer is flipped.
#define SBN_BITFLIP 4

// Local expectation gradients: every unit is flipped, one at a time.
#define SBN_LEG 5

// Unbiased gradient variance clipping: bitflip-1 for units that are nearly certain, DisARM for all others.
#define SBN_UGC 6

// Leave-one-out REINFORCE with `samples` samples, at least 2.
#define SBN_RLOO 7

// VIMCO, for the bound of `samples` samples, at least 2.
#define SBN_VIMCO 8

// ARMS: leave-one-out REINFORCE with 2 to 128 antithetic samples.
#define SBN_ARMS 9

// ARMS for the bound of 2 to 128 samples; it draws twice as many.
#define SBN_ARMS_BOUND 10

// Local DisARM, for the bound of `samples` samples.
#define SBN_LOCAL_DISARM 11

// OVIS, for the bound of `samples` samples, at least 2.
#define SBN_OVIS 12

// Reweighted wake-sleep, the wake phase of q: biased, for the bound of `samples` samples, at least 2.
#define SBN_RWS 13

// Plain stochastic gradient descent: no moments.
#define SBN_SGD 0

// Gradient descent with momentum: one float a parameter.
#define SBN_MOMENTUM 1

// Adam: two floats a parameter.
#define SBN_ADAM 2

// Most layers of encoder and decoder together.
#define SBN_MAX_LAYERS 16

// Words of the memory of windows beside levels and windows.
#define SBN_WINDOWS_WORDS 10

// Most bytes that a sink or source is called for at a time.
#define SBN_PIECE 64

// A network in the caller's memory, made by `sbn_init`.
typedef struct sbn_network sbn_network;

// Windows of a sensor's samples in the caller's memory, made by `sbn_windows_init`.
typedef struct sbn_windows sbn_windows;

// One dense layer. Write layers as a list macro and turn it into an array with `SBN_LAYERS`.
typedef struct sbn_layer {
  // `SBN_HIDDEN` or `SBN_BERNOULLI`.
  uint32_t kind;
  // Units it reads: those of the layer before it. Only checked.
  uint32_t inputs;
  // Units it has.
  uint32_t width;
  // Slope of a hidden layer below zero, in [0, 1].
  float slope;
} sbn_layer;

// A network. Layers and means are copied by `sbn_init`.
typedef struct sbn_shape {
  // Units of the input; 0 for free logits.
  uint32_t inputs;
  // From the input up to the top stochastic layer.
  const struct sbn_layer *encoder;
  // Number of them.
  uint32_t encoder_layers;
  // From the top down to the input; null for a black-box objective.
  const struct sbn_layer *decoder;
  // Number of them; 0 for a black-box objective.
  uint32_t decoder_layers;
  // Units of a learned prior: those of the top layer, or 0 for a fixed prior.
  uint32_t prior_units;
  // 0, or the sum of `SBN_SIGNED_INPUTS`, `SBN_SIGNED_UNITS` and `SBN_CONDITIONAL`.
  uint32_t flags;
  // Null, or a mean in [0, 1] of each unit of the input, which is subtracted from it: `SBN_MEANS_BYTES` bytes beyond `SBN_BYTES`.
  const float *means;
} sbn_shape;

// A kind of numbers: `sbn_floats` or `sbn_integers`.
typedef struct sbn_numbers {
  // Means something to the library.
  uint32_t kind;
} sbn_numbers;

// How it learns. Fill it with `SBN_USE_SGD`, `SBN_USE_MOMENTUM`, `SBN_USE_ADAM` or `SBN_USE_INTEGERS`.
typedef struct sbn_config {
  // `SBN_ARM` to `SBN_RWS`.
  uint32_t estimator;
  // `SBN_SGD`, `SBN_MOMENTUM` or `SBN_ADAM`.
  uint32_t optimiser;
  // Learning rate, in [0, 1e6].
  float rate;
  // Share of the velocity that is kept, or Adam's decay of the first moment, in [0, 1).
  float momentum;
  // Adam's decay of the second moment, in [0, 1).
  float beta2;
  // Adam's epsilon, positive.
  float epsilon;
  // Seed of all its uniforms, low word.
  uint32_t seed_low;
  // High word.
  uint32_t seed_high;
  // Samples for each step, of an estimator that draws several (`SBN_BYTES_FOR`); 0 or 1 for all others.
  uint32_t samples;
  // Of REINFORCE's moving average of f: the share of the past that is kept, in [0, 1); 0 for none.
  float decay;
  // `&sbn_floats`, or `&sbn_integers` for 16-bit integers, with which a chip without floating-point unit is some 25 times as
  // fast and parameters take half the memory. A program has the code of the kinds that it names.
  const struct sbn_numbers *numbers;
} sbn_config;

// An objective to be lowered: f of the packed units of the top layer, `units` of them. It must return, and must not
// call the library for the same network.
typedef float (*sbn_objective)(const uint32_t *bits, size_t units, void *context);

// Takes the next `count` bytes (at most `SBN_PIECE`); 0 to go on.
typedef int32_t (*sbn_sink)(const uint8_t *bytes, size_t count, void *context);

// Fills in `count` bytes (at most `SBN_PIECE`) from `offset` on; 0 to go on.
typedef int32_t (*sbn_source)(size_t offset, uint8_t *bytes, size_t count, void *context);

// Reads from a flash: see `sbn_flash`.
typedef int32_t (*sbn_flash_read)(uint32_t address, uint8_t *bytes, size_t count, void *context);

// Writes to a flash: see `sbn_flash`.
typedef int32_t (*sbn_flash_write)(uint32_t address,
                                   const uint8_t *bytes,
                                   size_t count,
                                   void *context);

// Erases a page: see `sbn_flash`.
typedef int32_t (*sbn_flash_erase)(uint32_t address, void *context);

// A flash with two slots for a record.
typedef struct sbn_flash {
  // Reads `count` bytes (`SBN_PIECE`) from `address` on; 0 for success.
  sbn_flash_read read;
  // Writes `count` bytes (`SBN_PIECE`, to a multiple of it), which were erased; 0 for success.
  sbn_flash_write write;
  // Erases the page at `address`: all its bytes are 0xff then; 0 for success.
  sbn_flash_erase erase;
  // What the three are called with.
  void *context;
  // Address of the first slot; the second lies behind it. A multiple of `page`.
  uint32_t start;
  // Bytes of a slot: `SBN_SLOT_BYTES`.
  uint32_t slot;
  // Bytes that are erased at a time, a multiple of `SBN_PIECE`.
  uint32_t page;
} sbn_flash;

// A detector; its fields are the library's.
typedef struct sbn_detector {
  // Numbers that mean something to the library.
  uint32_t kept[8];
} sbn_detector;

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

// What `sbn_config` says to compute in floats of 32 bits.
extern const struct sbn_numbers sbn_floats;

// What `sbn_config` says to compute in integers of 16 bits, for chips without a floating-point unit.
extern const struct sbn_numbers sbn_integers;

// What went wrong and what to do, for any status; never null. Without allocation, locale or formatting.
const char *sbn_message(int32_t status);

// Makes a network in `memory` of `bytes` bytes (`SBN_BYTES`), with fresh parameters drawn from the seed, and stores
// the handle, which is the address of the memory, in `net`; null where it is refused, `SBN_ERROR_BUSY` included.
//
// The shape is copied. The memory must not be touched while the network is used; to free it just stop using it.
// Errors: `SBN_ERROR_NULL`, `_MISALIGNED`, `_OVERLAP` (any two of the arguments), `_SHAPE`, `_SETTING`, `_SIZE`,
// and `_FLOAT_ONLY` for what integers do not do (`SBN_USE_INTEGERS`).
//
// Safe when: Pointers that are not null point to what their types say, `bytes` bytes in the case of `memory`.
int32_t sbn_init(struct sbn_network **net,
                 uint32_t *memory,
                 size_t bytes,
                 const struct sbn_shape *shape,
                 const struct sbn_config *config);

// Bytes of memory that `sbn_init` needs, what `SBN_BYTES` computes; 0 for what it refuses.
//
// Safe when: As `sbn_init`.
size_t sbn_bytes(const struct sbn_shape *shape, const struct sbn_config *config);

// What is wrong with a shape that `sbn_init` refuses with `SBN_ERROR_SHAPE` or `_LEFT_OUT`, as a text, and, where it is about
// a layer, which one (from 0, the encoder's first, on to those of the decoder) in `layer`, which may be null and is
// `UINT32_MAX` otherwise. "ok" for a shape that is accepted; never null.
//
// Safe when: As `sbn_init`.
const char *sbn_explain(const struct sbn_shape *shape,
                        uint32_t *layer);

// One step of a variational auto-encoder on the packed binary vector `x` of `x_words` words (`SBN_INPUT_WORDS`; unit i
// is bit i % 32 of word i / 32, unused bits are zero). Stores the -ELBO before the step, in nats, in `f`.
//
// Errors leave the network as it was.
//
// Safe when: Pointers that are not null point to what their types say; `net` is from `sbn_init`.
int32_t sbn_step(struct sbn_network *net,
                 const uint32_t *x,
                 size_t x_words,
                 float *f);

// `sbn_step` of a conditional network: `y` of `y_words` words is the target. Stores the bound of -log p(y | x) with one sample
// in `f`.
//
// Safe when: As `sbn_step`.
int32_t sbn_step_conditional(struct sbn_network *net,
                             const uint32_t *x,
                             size_t x_words,
                             const uint32_t *y,
                             size_t y_words,
                             float *f);

// One step that lowers the expectation of `objective`, which is called for each sample of the top layer (two for ARM
// on one layer) with `context`. `x` is the input; null and 0 for free logits. Stores f of the sample in `f`.
//
// Errors leave the network as it was; `SBN_ERROR_OBJECTIVE` where f is NaN or infinite, in integers beyond ±8191. The next step then draws
// fresh samples.
//
// Safe when: As `sbn_step`; `objective` can be called with `context` and returns.
int32_t sbn_step_black_box(struct sbn_network *net,
                           const uint32_t *x,
                           size_t x_words,
                           sbn_objective objective,
                           void *context,
                           float *f);

// The first half of `sbn_step`: draws samples and computes gradients, changes no parameter. The input is copied.
// `sbn_poll` does the rest. `SBN_ERROR_BUSY` when a step is under way already; until it is done scores, samples and bytes to save
// are refused with that too.
//
// Safe when: As `sbn_step`.
int32_t sbn_begin(struct sbn_network *net,
                  const uint32_t *x,
                  size_t x_words);

// `sbn_begin` of a conditional network: the first half of `sbn_step_conditional`.
//
// Safe when: As `sbn_step`.
int32_t sbn_begin_conditional(struct sbn_network *net,
                              const uint32_t *x,
                              size_t x_words,
                              const uint32_t *y,
                              size_t y_words);

// `sbn_begin` for an objective: the first half of `sbn_step_black_box`, with all its calls of `objective`.
//
// Safe when: As `sbn_step_black_box`.
int32_t sbn_begin_black_box(struct sbn_network *net,
                            const uint32_t *x,
                            size_t x_words,
                            sbn_objective objective,
                            void *context);

// Goes on with the step that is under way: updates at most `budget` parameters, but at least a row of a layer. The
// result has the same bits whatever the budgets are.
//
// `SBN_WORKING` while there is more to do; `SBN_OK` when the step is done, its f is then stored in `f`; `SBN_IDLE`
// when there is no step.
//
// Safe when: As `sbn_step`.
int32_t sbn_poll(struct sbn_network *net,
                 size_t budget,
                 float *f);

// Sets the learning rate, for a schedule. `SBN_ERROR_SETTING` outside [0, 1e6]. Of a step that is under way it holds from
// the next layer on.
//
// Safe when: As `sbn_step`.
int32_t sbn_set_rate(struct sbn_network *net,
                     float rate);

// A bound of -log p(x) in nats, with `samples` samples (importance weighted; the -ELBO with one), in `nats`. It is above
// -log p(x) in the mean over its samples, not each time. For an anomaly detector this is the anomaly score.
//
// Safe when: As `sbn_step`.
int32_t sbn_score(struct sbn_network *net,
                  const uint32_t *x,
                  size_t x_words,
                  uint32_t samples,
                  float *nats);

// `sbn_score` of a conditional network: a bound of -log p(y | x).
//
// Safe when: As `sbn_step`.
int32_t sbn_score_conditional(struct sbn_network *net,
                              const uint32_t *x,
                              size_t x_words,
                              const uint32_t *y,
                              size_t y_words,
                              uint32_t samples,
                              float *nats);

// Sample `index` from the model: the probability of a one for each of the `count` input units, in `p`.
//
// Safe when: As `sbn_step`; `p` points to `count` floats.
int32_t sbn_sample(const struct sbn_network *net,
                   uint32_t index,
                   float *p,
                   size_t count);

// Stores in `steps` the number of steps begun, refused ones included, modulo 2^32.
//
// Safe when: As `sbn_step`.
int32_t sbn_steps(const struct sbn_network *net, uint32_t *steps);

// Where the parameters are, in `params`, and how many, in `count`: for each layer `inputs` rows of `width` weights and a
// row of biases. To be read only, until the next call. `SBN_ERROR_OTHER_NUMBERS` of a network in integers:
// `sbn_integer_params`.
//
// Safe when: As `sbn_step`.
int32_t sbn_params(const struct sbn_network *net,
                   const float **params,
                   size_t *count);

// The parameters of a network in integers, as `sbn_params`: multiples of 2^-12.
//
// Safe when: As `sbn_step`.
int32_t sbn_integer_params(const struct sbn_network *net, const int16_t **params, size_t *count);

// Stores in `count` how many results of a network in integers have become the ends of their ranges since `sbn_init`, or since
// its block was moved: units of a layer, rows of parameters, values of f. A few do no harm; where they go on, lower the rate.
// 0 for floats.
//
// Safe when: As `sbn_step`.
int32_t sbn_saturated(const struct sbn_network *net,
                      uint32_t *count);

// Writes parameters and number of steps as bytes (`SBN_SAVED_BYTES` of them) to `bytes`, which has room for `size`, and
// their number to `written`. The same bytes load on any device and on the desktop.
//
// Safe when: As `sbn_step`; `bytes` points to `size` bytes.
int32_t sbn_save(const struct sbn_network *net,
                 uint8_t *bytes,
                 size_t size,
                 size_t *written);

// Loads the bytes of `sbn_save`, from here or elsewhere; forgets the optimiser's moments and a step that is under way.
//
// All is checked before anything changes: `SBN_ERROR_LENGTH`, `_MAGIC`, `_OLDER`, `_NEWER`, `_CORRUPT`, `_OTHER_SHAPE`,
// `_PARAMETER`, and `_OTHER_NUMBERS` for bytes of the other kind, floats or integers.
//
// Safe when: As `sbn_step`; `bytes` points to `size` bytes.
int32_t sbn_load(struct sbn_network *net,
                 const uint8_t *bytes,
                 size_t size);

// `sbn_save` without a buffer: hands the bytes to `sink` in order, in pieces of `SBN_PIECE` and a shorter last one.
// `SBN_ERROR_CALLBACK` when the sink returns anything but 0.
//
// Safe when: As `sbn_step`; `sink` can be called with `context` and returns.
int32_t sbn_save_to(const struct sbn_network *net,
                    sbn_sink sink,
                    void *context);

// `sbn_load` without a buffer: `source` is asked twice for all `size` bytes in order, and must give the same.
// `SBN_ERROR_CALLBACK` when it returns anything but 0, and `SBN_ERROR_CORRUPT` when it does not give the same: if that
// happens the second time, some parameters may have changed, and the network is to be loaded again.
//
// Safe when: As `sbn_step`; `source` can be called with `context` and returns.
int32_t sbn_load_from(struct sbn_network *net,
                      size_t size,
                      sbn_source source,
                      void *context);

// Saves parameters and number of steps in the slot of `flash` that is not the newest; stores the number of the record in
// `sequence`.
//
// Until it returns 0, and whatever goes wrong, power included, what was saved before still loads. Nothing of the size of
// the parameters is held in memory. Errors: `SBN_ERROR_SETTING` for sizes that do not fit each other, `_SIZE` for slots
// that are too small (`SBN_SLOT_BYTES`), `_PARAMETER`, `_CALLBACK`, `_CORRUPT` when the flash does not hold what was
// written.
//
// Safe when: As `sbn_step`; the functions of `flash` can be called with its context and return.
int32_t sbn_record_save(const struct sbn_network *net,
                        const struct sbn_flash *flash,
                        uint32_t *sequence);

// Loads what `sbn_record_save` saved last, or, where that does not load, what it saved before; forgets the optimiser's
// moments and a step that is under way. `SBN_ERROR_EMPTY` where there is neither; other errors as `sbn_load_from`.
//
// Safe when: As `sbn_record_save`.
int32_t sbn_record_load(struct sbn_network *net,
                        const struct sbn_flash *flash);

// Makes windows of `samples` samples in `memory` of `bytes` bytes (`SBN_WINDOWS_BYTES`), of which `queue` can wait, and
// stores the handle in `windows`. A window starts `step` samples after the one before it.
//
// A sample becomes a bit for each of `count` ascending `levels`: whether it is above it; sample i of a window has the
// bits from i `count` on. Errors: `SBN_ERROR_SETTING` for levels that are not finite or do not ascend, or sizes of zero,
// or a step above `samples`; `_SIZE`, `_NULL`, `_MISALIGNED`, `_OVERLAP`.
//
// Safe when: Pointers that are not null point to what their types say, `bytes` bytes in the case of `memory`.
int32_t sbn_windows_init(struct sbn_windows **windows,
                         uint32_t *memory,
                         size_t bytes,
                         const float *levels,
                         uint32_t count,
                         uint32_t samples,
                         uint32_t step,
                         uint32_t queue);

// Takes in one sample: 0, or `SBN_WINDOW` when it completed a window, `SBN_FULL` when that was dropped because the queue is
// full, `SBN_UNSOUND` when the sample was NaN or infinite and was dropped itself.
//
// It may be called by an interrupt while the others are running. Cost: its bits; for the last sample of a window also a
// copy and a shift of the window.
//
// Safe when: `windows` is from `sbn_windows_init`; nobody else pushes meanwhile.
int32_t sbn_windows_push(struct sbn_windows *windows,
                         float sample);

// Takes the oldest window out of the queue, into the `x_words` words at `x`; `SBN_IDLE` when there is none.
//
// Safe when: `windows` is from `sbn_windows_init`, `x` points to so many words; nobody else takes windows meanwhile.
int32_t sbn_windows_next(struct sbn_windows *windows,
                         uint32_t *x,
                         size_t x_words);

// A bounded amount of learning: goes on with the network's step as `sbn_poll` does, or begins one on the oldest window.
// `SBN_OK` when a step is done; its f, for an anomaly detector the score of the window, is then stored in `f`.
//
// Errors: those of `sbn_begin` and `sbn_poll`; the window is gone then, the network as it was. `_WIDTH`, and the window still
// waits, where windows have other than as many bits as the network has inputs; `_OVERLAP` for an `f` in the memory of either.
//
// Safe when: As `sbn_windows_next` and `sbn_poll`.
int32_t sbn_windows_poll(struct sbn_windows *windows,
                         struct sbn_network *net,
                         size_t budget,
                         float *f);

// Stores the number of windows that wait, of windows dropped because the queue was full, and of samples dropped because
// they were no numbers; any of the three may be null.
//
// Safe when: As `sbn_windows_next`.
int32_t sbn_windows_counts(const struct sbn_windows *windows,
                           uint32_t *waiting,
                           uint32_t *dropped,
                           uint32_t *unsound);

// A detector that has seen nothing yet; `rate` is the share of scores that may raise an alarm while nothing is wrong, in
// [1e-6, 0.1]: after 80 / `rate` independent scores at most three times that share does; where scores come in stretches that
// resemble each other, as days do, about that share in the mean over many of them. `SBN_ERROR_SETTING` for any other rate.
//
// Safe when: `detector` points to one, or is null.
int32_t sbn_detector_init(struct sbn_detector *detector,
                          float rate);

// Takes in a score while what is watched is known to be well: the threshold follows. Learn from `sbn_score` when the network
// has learned: while it learns it fits what it has just seen, and scores lower than it will later. A score that is NaN,
// infinite or beyond 2^96 is ignored.
//
// Safe when: `detector` was made by `sbn_detector_init`, or is null; nobody else uses it meanwhile: it is not claimed.
int32_t sbn_detector_learn(struct sbn_detector *detector,
                           float score);

// Takes in a score, once learning is over: `SBN_ALARM` when the running mean is above the threshold, which stays where it is; 0 when it is not, or
// when fewer than 64 were learned. A score that is NaN, infinite or beyond 2^96 is always `SBN_ALARM`, and is not taken in. Any
// other is: of one that lies x times as far above the usual as the threshold does, the alarm lasts about 7.5 ln(x / 8) scores.
//
// Safe when: As `sbn_detector_learn`.
int32_t sbn_detector_watch(struct sbn_detector *detector,
                           float score);

// Stores the running mean of the scores and the threshold.
//
// Safe when: As `sbn_detector_learn`; `mean` and `threshold` point to a float each.
int32_t sbn_detector_levels(const struct sbn_detector *detector, float *mean, float *threshold);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* SBN_H */

/* A cast that neither C nor C++ warns of. */
#ifdef __cplusplus
#define SBN_CAST_(type, value) (static_cast<type>(value))
#else
#define SBN_CAST_(type, value) ((type)(value))
#endif
#define SBN_SIZE_(value) SBN_CAST_(size_t, value)

/* Words of a network's memory beside its layers, parameters, moments and scratch, and words of a layer. */
#if UINTPTR_MAX > 0xffffffffu
#define SBN_STATE_WORDS 244
#define SBN_LAYER_WORDS 8
#else
#define SBN_STATE_WORDS 112
#define SBN_LAYER_WORDS 7
#endif

/* H(inputs, width, slope) is a hidden layer, B(inputs, width) a Bernoulli layer; this is a list of none. */
#define SBN_NO_LAYERS(H, B)

/* The initialiser of an array of sbn_layer. */
#define SBN_LAYERS(list) {list(SBN_LAYER_H_, SBN_LAYER_B_)}

/* Initialisers of sbn_config, with ARM. */
#define SBN_USE_SGD(rate, seed) {SBN_ARM, SBN_SGD, (rate), 0.0f, 0.0f, 0.0f, (seed), 0u, 1u, 0.0f, &sbn_floats}
#define SBN_USE_MOMENTUM(rate, momentum, seed) \
    {SBN_ARM, SBN_MOMENTUM, (rate), (momentum), 0.0f, 0.0f, (seed), 0u, 1u, 0.0f, &sbn_floats}
#define SBN_USE_ADAM(rate, seed) {SBN_ARM, SBN_ADAM, (rate), 0.9f, 0.999f, 1e-8f, (seed), 0u, 1u, 0.0f, &sbn_floats}

/* The same in 16-bit integers, for chips without a floating-point unit: with SBN_ARM, SBN_DISARM, SBN_AR, SBN_REINFORCE and
   SBN_RLOO, units of 0 and 1 that are not centred, and no other optimiser; all else is refused with SBN_ERROR_FLOAT_ONLY. */
#define SBN_USE_INTEGERS(rate, seed) {SBN_ARM, SBN_SGD, (rate), 0.0f, 0.0f, 0.0f, (seed), 0u, 1u, 0.0f, &sbn_integers}

/* Floats that an optimiser keeps for each parameter. */
#define SBN_MOMENTS(optimiser) ((optimiser) == SBN_ADAM ? 2u : (optimiser) == SBN_MOMENTUM ? 1u : 0u)

/* Words of a packed binary vector. */
#define SBN_INPUT_WORDS(units) ((SBN_SIZE_(units) + 31u) / 32u)

/* Number of parameters; prior_units is that of sbn_shape. */
#define SBN_PARAMS(encoder, decoder, prior_units) \
    (SBN_SIZE_(prior_units) SBN_SUM_(encoder, PARAMS) SBN_SUM_(decoder, PARAMS))

/* Samples that an estimator draws which is given so many. */
#define SBN_DRAWS(estimator, samples) ((estimator) == SBN_ARMS_BOUND ? 2u * (samples) : (samples))

/* Bytes of memory for sbn_init, and of sbn_save; constant expressions. At most SBN_MAX_LAYERS layers. SBN_BYTES_FOR is
   for an estimator that draws `samples` samples, SBN_DRAWS of those in sbn_config, and enough. */
#define SBN_BYTES(inputs, encoder, decoder, prior_units, optimiser) \
    SBN_BYTES_FOR(1, inputs, encoder, decoder, prior_units, optimiser)
#define SBN_BYTES_FOR(samples, inputs, encoder, decoder, prior_units, optimiser) \
    (4u * (SBN_SIZE_(SBN_STATE_WORDS) + SBN_LAYER_WORDS * SBN_COUNT_(encoder, decoder) \
           + SBN_PARAMS(encoder, decoder, prior_units) * (1u + SBN_MOMENTS(optimiser)) \
           + SBN_SCRATCH_(samples, inputs, encoder, decoder, prior_units)))
#define SBN_SAVED_BYTES(encoder, decoder, prior_units) \
    (4u * (7u + 2u * SBN_COUNT_(encoder, decoder) + SBN_PARAMS(encoder, decoder, prior_units)))

/* Both for SBN_USE_INTEGERS. */
#define SBN_INTEGER_BYTES(inputs, encoder, decoder, prior_units) \
    SBN_INTEGER_BYTES_FOR(1, inputs, encoder, decoder, prior_units)
#define SBN_INTEGER_BYTES_FOR(samples, inputs, encoder, decoder, prior_units) \
    (4u * (SBN_SIZE_(SBN_STATE_WORDS) + SBN_LAYER_WORDS * SBN_COUNT_(encoder, decoder) \
           + SBN_HALF_(SBN_PARAMS(encoder, decoder, prior_units)) \
           + SBN_INTEGER_SCRATCH_(SBN_SIZE_(samples), inputs, encoder, decoder, prior_units)))
#define SBN_INTEGER_SAVED_BYTES(encoder, decoder, prior_units) \
    (4u * (7u + 2u * SBN_COUNT_(encoder, decoder) + SBN_HALF_(SBN_PARAMS(encoder, decoder, prior_units))))

/* What a shape with means adds, in floats. */
#define SBN_MEANS_BYTES(inputs) (4u * SBN_SIZE_(inputs))

/* Bytes of a slot in flash for so many saved bytes, in whole pages. */
#define SBN_SLOT_BYTES(saved_bytes, page) \
    (((SBN_SIZE_(saved_bytes) + 127u) / 64u * 64u + SBN_SIZE_(page) - 1u) / SBN_SIZE_(page) * SBN_SIZE_(page))

/* Bytes of memory for sbn_windows_init, and words of a window. */
#define SBN_WINDOWS_BYTES(levels, samples, queue) \
    (4u * (SBN_SIZE_(SBN_WINDOWS_WORDS) + SBN_SIZE_(levels) \
           + SBN_WINDOW_WORDS(levels, samples) * (SBN_SIZE_(queue) + 1u)))
#define SBN_WINDOW_WORDS(levels, samples) SBN_INPUT_WORDS(SBN_SIZE_(levels) * SBN_SIZE_(samples))

/* What these are made of. */
#define SBN_LAYER_H_(in, out, slope) {SBN_HIDDEN, (in), (out), (slope)},
#define SBN_LAYER_B_(in, out) {SBN_BERNOULLI, (in), (out), 1.0f},
#define SBN_SUM_(list, what) list(SBN_##what##_H_, SBN_##what##_B_)
#define SBN_PARAMS_H_(in, out, slope) + (SBN_SIZE_(in) + 1u) * SBN_SIZE_(out)
#define SBN_PARAMS_B_(in, out) + (SBN_SIZE_(in) + 1u) * SBN_SIZE_(out)
#define SBN_ONE_H_(in, out, slope) + SBN_SIZE_(1)
#define SBN_ONE_B_(in, out) + SBN_SIZE_(1)
#define SBN_UNITS_H_(in, out, slope) + SBN_SIZE_(out)
#define SBN_UNITS_B_(in, out) + SBN_SIZE_(out)
#define SBN_KEPT_H_(in, out, slope) + SBN_SIZE_(out)
#define SBN_KEPT_B_(in, out)
#define SBN_DRAWN_H_(in, out, slope)
#define SBN_DRAWN_B_(in, out) + SBN_INPUT_WORDS(out)
#define SBN_DEPTH_H_(in, out, slope)
#define SBN_DEPTH_B_(in, out) + SBN_SIZE_(1)
#define SBN_WIDE_H_(in, out, slope) , SBN_SIZE_(out)
#define SBN_WIDE_B_(in, out) , SBN_SIZE_(out)
#define SBN_COUNT_(encoder, decoder) (SBN_SIZE_(0) SBN_SUM_(encoder, ONE) SBN_SUM_(decoder, ONE))
#define SBN_RECORD_(encoder, decoder, prior_units) \
    (SBN_SIZE_(prior_units) SBN_SUM_(encoder, UNITS) SBN_SUM_(decoder, UNITS) SBN_SUM_(encoder, KEPT) \
         SBN_SUM_(decoder, KEPT) SBN_SUM_(encoder, DRAWN))
#define SBN_KEEP_(encoder, decoder) (SBN_SIZE_(0) SBN_SUM_(encoder, KEPT) SBN_SUM_(decoder, KEPT))
#define SBN_STRIDE_(encoder, decoder) SBN_MAX_(SBN_SIZE_(0) SBN_SUM_(encoder, WIDE) SBN_SUM_(decoder, WIDE))
#define SBN_EXAMPLES_(encoder, decoder) \
    (SBN_SIZE_(6) + 3u * (SBN_SIZE_(0) SBN_SUM_(encoder, DEPTH)) + 2u * (SBN_SIZE_(0) SBN_SUM_(encoder, DRAWN)) \
     + SBN_STRIDE_(encoder, decoder) + SBN_MAX2_(SBN_STRIDE_(encoder, decoder), SBN_KEEP_(encoder, decoder)))
#define SBN_SCRATCH_(samples, inputs, encoder, decoder, prior_units) \
    (SBN_SIZE_(samples) * (SBN_RECORD_(encoder, decoder, prior_units) + SBN_EXAMPLES_(encoder, decoder)) \
     + SBN_INPUT_WORDS(inputs))
#define SBN_HALF_(values) (((values) + 1u) / 2u)
#define SBN_DELTAS_(encoder, decoder, prior_units) \
    (SBN_SIZE_(prior_units) SBN_SUM_(encoder, UNITS) SBN_SUM_(decoder, UNITS))
#define SBN_NATS_(encoder) \
    (SBN_SIZE_(6) + 3u * (SBN_SIZE_(0) SBN_SUM_(encoder, DEPTH)) + 3u * (SBN_SIZE_(0) SBN_SUM_(encoder, DRAWN)))
#define SBN_INTEGER_SCRATCH_(samples, inputs, encoder, decoder, prior_units) \
    (SBN_HALF_((samples) * SBN_KEEP_(encoder, decoder)) \
     + SBN_HALF_((samples) * SBN_DELTAS_(encoder, decoder, prior_units)) + (samples) * SBN_NATS_(encoder) \
     + SBN_HALF_((samples) * SBN_MAX2_(SBN_STRIDE_(encoder, decoder), SBN_KEEP_(encoder, decoder))) \
     + SBN_HALF_((samples) * SBN_STRIDE_(encoder, decoder)) + SBN_INPUT_WORDS(inputs))
#define SBN_MAX2_(a, b) ((a) > (b) ? (a) : (b))
#define SBN_MAX4_(a, b, c, d) SBN_MAX2_(SBN_MAX2_(a, b), SBN_MAX2_(c, d))
#define SBN_MAX17_(a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, ...) \
    SBN_MAX2_(q, SBN_MAX4_(SBN_MAX4_(a, b, c, d), SBN_MAX4_(e, f, g, h), SBN_MAX4_(i, j, k, l), \
                           SBN_MAX4_(m, n, o, p)))
#define SBN_MAX_(...) SBN_MAX17_(__VA_ARGS__, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)
