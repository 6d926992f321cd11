// Stochastic binary networks for C++11: sbn.h with its sizes and types behind classes. No heap, no exceptions, no RTTI;
// errors are values. Everything inlines to the calls of sbn.h.
#ifndef SBN_HPP
#define SBN_HPP

#include "sbn.h"

namespace sbn {

// What a call gave: its status, and a value where that is not negative.
template <typename T>
struct Result {
  int32_t status;
  T value;

  explicit operator bool() const { return status >= 0; }
  const char *message() const { return sbn_message(status); }
};

// A network in `Bytes` bytes of its own (SBN_BYTES, or SBN_INTEGER_BYTES for integers). It may be a static, and is not copied: a copy would be another network.
template <size_t Bytes>
class Network {
 public:
  Network() : net_(nullptr) {}
  Network(const Network &) = delete;
  Network &operator=(const Network &) = delete;

  // Fresh parameters; to be called first.
  int32_t init(const sbn_shape &shape, const sbn_config &config) {
    return sbn_init(&net_, memory_, sizeof memory_, &shape, &config);
  }

  // -ELBO before the step, in nats.
  template <size_t Words>
  Result<float> step(const uint32_t (&x)[Words]) {
    Result<float> r = {0, 0.0f};
    r.status = sbn_step(net_, x, Words, &r.value);
    return r;
  }

  // f of the sample; `objective` is anything that can be called with bits and their number.
  template <typename F>
  Result<float> step_black_box(F &objective) {
    Result<float> r = {0, 0.0f};
    r.status = sbn_step_black_box(net_, nullptr, 0, &Network::call<F>, &objective, &r.value);
    return r;
  }

  template <size_t Words>
  int32_t begin(const uint32_t (&x)[Words]) {
    return sbn_begin(net_, x, Words);
  }

  // SBN_WORKING, SBN_IDLE, or SBN_OK with f of the step that is done.
  Result<float> poll(size_t budget) {
    Result<float> r = {0, 0.0f};
    r.status = sbn_poll(net_, budget, &r.value);
    return r;
  }

  template <size_t Words>
  Result<float> score(const uint32_t (&x)[Words], uint32_t samples) {
    Result<float> r = {0, 0.0f};
    r.status = sbn_score(net_, x, Words, samples, &r.value);
    return r;
  }

  template <size_t Units>
  int32_t sample(uint32_t index, float (&p)[Units]) const {
    return sbn_sample(net_, index, p, Units);
  }

  int32_t set_rate(float rate) { return sbn_set_rate(net_, rate); }

  Result<uint32_t> steps() const {
    Result<uint32_t> r = {0, 0};
    r.status = sbn_steps(net_, &r.value);
    return r;
  }

  // Results that left the range of integers; 0 of a network in floats.
  Result<uint32_t> saturated() const {
    Result<uint32_t> r = {0, 0};
    r.status = sbn_saturated(net_, &r.value);
    return r;
  }

  template <size_t Size>
  Result<size_t> save(uint8_t (&bytes)[Size]) const {
    Result<size_t> r = {0, 0};
    r.status = sbn_save(net_, bytes, Size, &r.value);
    return r;
  }

  int32_t load(const uint8_t *bytes, size_t size) { return sbn_load(net_, bytes, size); }
  int32_t load(const sbn_flash &flash) { return sbn_record_load(net_, &flash); }

  Result<uint32_t> save(const sbn_flash &flash) const {
    Result<uint32_t> r = {0, 0};
    r.status = sbn_record_save(net_, &flash, &r.value);
    return r;
  }

  // For all else of sbn.h.
  sbn_network *handle() { return net_; }
  const sbn_network *handle() const { return net_; }

 private:
  template <typename F>
  static float call(const uint32_t *bits, size_t units, void *objective) {
    return (*static_cast<F *>(objective))(bits, units);
  }

  sbn_network *net_;
  uint32_t memory_[Bytes / 4];
};

// An alarm with a false-alarm rate: see sbn_detector_init.
class Detector {
 public:
  // Where the rate is refused (see status) there is no threshold: every score is an alarm.
  explicit Detector(float rate) : detector_(), status_(sbn_detector_init(&detector_, rate)) {}

  int32_t status() const { return status_; }
  void learn(float score) {
    if (status_ == SBN_OK) (void)sbn_detector_learn(&detector_, score);
  }
  bool watch(float score) { return status_ != SBN_OK || sbn_detector_watch(&detector_, score) == SBN_ALARM; }

 private:
  sbn_detector detector_;
  int32_t status_;
};

}  // namespace sbn

#endif
