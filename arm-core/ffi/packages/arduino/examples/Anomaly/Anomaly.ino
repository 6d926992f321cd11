// Learns what an analog input usually does, then says when it does something else. A thousand samples a second, 16 of them a
// window: it learns for five minutes and a half, and scores for another 21 before it watches. Change RATE to what your signal needs.
#include <sbn.hpp>

#define ENCODER(H, B) H(64, 16, 0.1f) B(16, 8)
#define DECODER(H, B) H(8, 16, 0.1f) B(16, 64)

static const sbn_layer encoder[] = SBN_LAYERS(ENCODER), decoder[] = SBN_LAYERS(DECODER);
static const float levels[] = {200.0f, 400.0f, 600.0f, 800.0f};

static sbn::Network<SBN_BYTES(64, ENCODER, DECODER, 0, SBN_SGD)> network;
static uint32_t windows_memory[SBN_WINDOWS_BYTES(4, 16, 2) / 4];
static sbn_windows *windows;
static sbn::Detector detector(0.001f);
static const uint32_t RATE = 1000, LEARNED = 20000, SETTLED = 80000;
static uint32_t scored, next_sample;

void setup() {
  Serial.begin(115200);
  const sbn_shape shape = {64, encoder, 2, decoder, 2, 0, 0, NULL};
  const sbn_config config = SBN_USE_SGD(0.002f, 1);
  int32_t status = network.init(shape, config);
  if (status == SBN_OK)
    status = sbn_windows_init(&windows, windows_memory, sizeof windows_memory, levels, 4, 16, 16, 2);
  if (status < 0) Serial.println(sbn_message(status));
  next_sample = micros();
}

void loop() {
  // Samples are taken when they are due; what is late is made up for by the next calls.
  if (static_cast<int32_t>(micros() - next_sample) >= 0) {
    next_sample += 1000000 / RATE;
    sbn_windows_push(windows, static_cast<float>(analogRead(A0)));
  }
  if (scored < LEARNED) {
    float score = 0.0f;
    if (sbn_windows_poll(windows, network.handle(), 256, &score) == SBN_OK) scored++;
    return;
  }
  // What is watched is not learned, and the threshold is that of the network that watches.
  uint32_t window[SBN_WINDOW_WORDS(4, 16)];
  if (sbn_windows_next(windows, window, SBN_WINDOW_WORDS(4, 16)) != SBN_OK) return;
  const float score = network.score(window, 1).value;
  if (scored < LEARNED + SETTLED) {
    scored++;
    detector.learn(score);
  } else if (detector.watch(score)) {
    Serial.println("this is not as usual");
  }
}
