// Sixteen switches and one measurement of how well a machine runs, with noise: nobody says how they should stand.
#include "sbn.hpp"

extern "C" {
#include "board/board.h"
}

#define CODE(H, B) B(0, 16)

namespace {

const uint32_t best = 0xb2d5;
const sbn_layer code[] = SBN_LAYERS(CODE);
sbn::Network<SBN_BYTES(0, CODE, SBN_NO_LAYERS, 0, SBN_SGD)> network;

uint32_t count(uint32_t bits) {
  uint32_t n = 0;
  for (; bits != 0; bits &= bits - 1) n++;
  return n;
}

struct Machine {
  uint32_t random;

  // What is lowered is a cost: a point for each right switch, two for each right pair of neighbours, and noise.
  float operator()(const uint32_t *switches, size_t) {
    random = random * 1664525u + 1013904223u;
    const float noise = (static_cast<float>(random >> 8) * (1.0f / 16777216.0f) - 0.5f) * 10.392f;
    const uint32_t right = ~(switches[0] ^ best) & 0xffffu;
    return -static_cast<float>(count(right) + 2 * count(right & right >> 1)) - noise;
  }
};

}  // namespace

int main() {
  const sbn_shape shape = {0, code, 1, nullptr, 0, 0, 0, nullptr};
  const sbn_config config = SBN_USE_SGD(0.02f, 1);
  Machine machine = {1};
  int32_t status = network.init(shape, config);
  for (int i = 0; i < 800 && status >= 0; i++) status = network.step_black_box(machine).status;
  const float *params = nullptr;
  size_t units = 0;
  uint32_t setting = 0;
  if (status >= 0) status = sbn_params(network.handle(), &params, &units);
  for (size_t i = 0; i < units; i++) setting |= static_cast<uint32_t>(params[i] > 0.0f) << i;
  board_print(setting == best ? "the best of 65536 settings\n" : "another setting than the best\n");
  return status >= 0 && setting == best ? 0 : 1;
}
