// Finds the best of 256 settings of eight switches from a measurement of how well they do, and prints it.
#include <sbn.hpp>

#define CODE(H, B) B(0, 8)

static const sbn_layer code[] = SBN_LAYERS(CODE);
static sbn::Network<SBN_BYTES(0, CODE, SBN_NO_LAYERS, 0, SBN_SGD)> network;
static uint32_t best;
static float least;
static bool measured;

// What is to become small: put your measurement here.
struct Cost {
  float operator()(const uint32_t *bits, size_t) const {
    for (int i = 0; i < 8; i++) digitalWrite(2 + i, bits[0] >> i & 1u ? HIGH : LOW);
    delay(10);
    const float cost = -static_cast<float>(analogRead(A0));
    if (!measured || cost < least) {
      least = cost;
      best = bits[0] & 255u;
    }
    measured = true;
    return cost;
  }
};

void setup() {
  Serial.begin(115200);
  for (int i = 0; i < 8; i++) pinMode(2 + i, OUTPUT);
  const sbn_shape shape = {0, code, 1, NULL, 0, 0, 0, NULL};
  const sbn_config config = SBN_USE_SGD(0.02f, 1);
  const int32_t status = network.init(shape, config);
  if (status < 0) Serial.println(sbn_message(status));
}

// The setting as switches from the first to the last, and what it costs.
static void print_best() {
  for (int i = 0; i < 8; i++) Serial.print(best >> i & 1u ? '1' : '0');
  Serial.print(" costs ");
  Serial.println(least);
}

void loop() {
  static int steps;
  Cost cost;
  const sbn::Result<float> f = network.step_black_box(cost);
  if (!f) {
    Serial.println(f.message());
    delay(1000);
    return;
  }
  if (++steps % 20 == 0) print_best();
}
