// Finds the best of 256 settings of eight switches from a measurement of how well they do.
#include <sbn.hpp>

#define CODE(H, B) B(0, 8)

static const sbn_layer code[] = SBN_LAYERS(CODE);
static sbn::Network<SBN_BYTES(0, CODE, SBN_NO_LAYERS, 0, SBN_SGD)> network;

// What is to become small: put your measurement here.
struct Cost {
  float operator()(const uint32_t *bits, size_t) const {
    for (int i = 0; i < 8; i++) digitalWrite(2 + i, bits[0] >> i & 1u ? HIGH : LOW);
    delay(10);
    return -static_cast<float>(analogRead(A0));
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

void loop() {
  Cost cost;
  const sbn::Result<float> f = network.step_black_box(cost);
  Serial.println(f ? "measured" : f.message());
}
