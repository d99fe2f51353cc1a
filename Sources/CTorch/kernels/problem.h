// One call of the encoder as plain pointers, shared by the operator and the kernels.
#pragma once

#include <atomic>
#include <thread>

#include "philox.h"
#include "plan.h"
#include "ragged.h"

namespace polyphony {

/// The twelve parameters of a layer, in the order of the operators' arguments.
enum Parameter {
  norm0_weight, norm0_bias, in_weight, in_bias, out_weight, out_bias,
  norm1_weight, norm1_bias, fc1_weight, fc1_bias, fc2_weight, fc2_bias, parameter_count
};

template <class T>
struct Layer {
  const T* parameter[parameter_count] = {};
  T* gradient[parameter_count] = {};  // null: frozen
  Dropout attention, after_attention, relu, after_feedforward;

  bool trains(Parameter weight) const { return gradient[weight] || gradient[weight + 1]; }
};

template <class T>
struct Call {
  const Plan* plan = nullptr;
  int width = 0, hidden = 0, heads = 0, head_width = 0;
  bool causal = false;
  std::vector<Layer<T>> layers;
  const T *final_weight = nullptr, *final_bias = nullptr;  // null: no last LayerNorm
  T *final_weight_gradient = nullptr, *final_bias_gradient = nullptr;

  const T *x = nullptr, *source = nullptr;  // [batch, length, width]; source: the origin of keys and values
  T* y = nullptr;
  const T* dy = nullptr;
  T *dx = nullptr, *dsource = nullptr;      // null: not wanted
  int lowest = 0;                           // backward goes down to this layer

  T* saved = nullptr;             // activations kept for the backward pass, or each team's current ones
  bool keep = false;              // keep activations
  T* team_space = nullptr;        // per team
  int64_t team_stride = 0;
  T* thread_space = nullptr;      // per thread: scratch
  int64_t thread_stride = 0;
  T* partial = nullptr;           // per thread: partial sums of the parameters' gradients
  int64_t partial_stride = 0;
};

/// A barrier for the few threads of a team. Phases are short, so it spins before it yields.
class Barrier {
 public:
  void wait(int size) {
    if (size == 1) return;
    const unsigned now = phase.load(std::memory_order_acquire);
    if (arrived.fetch_add(1, std::memory_order_acq_rel) + 1 == size) {
      arrived.store(0, std::memory_order_relaxed);
      phase.store(now + 1, std::memory_order_release);
      return;
    }
    for (int spins = 0; phase.load(std::memory_order_acquire) == now; ++spins)
      if (spins > 4096) std::this_thread::yield();
  }

 private:
  alignas(64) std::atomic<int> arrived{0};
  alignas(64) std::atomic<unsigned> phase{0};
};

/// One thread's place in its team.
struct Member {
  int thread = 0, team = 0, rank = 0, size = 1;
  Barrier* barrier = nullptr;
  void wait() const { barrier->wait(size); }
};

/// The entry points of one instruction set.
template <class T>
struct EncoderKernels {
  void (*forward)(const Call<T>&, const Member&);
  void (*backward)(const Call<T>&, const Member&);
  void (*reduce)(const Call<T>&, int thread, int threads);  // sums the partial gradients of all threads
};

/// The vectors of a LayerNorm of a sum: a bias that is added first, then scale and shift.
struct NormOfSum {
  const float *bias = nullptr, *weight = nullptr, *shift = nullptr;
  float epsilon = 0;
};

/// The kernels that exist for f32 and f64.
template <class T>
struct ElementKernels {
  EncoderKernels<T> encoder;
  // y = dropout(x · factor) elementwise (y may be x) for `count` elements from number `first` on, a multiple of 128.
  void (*dropout)(const T*, T*, int64_t first, int64_t count, T factor, const Dropout&);
  void (*ragged)(const RaggedHead<T>&);
};

struct Kernels {
  const char* name;
  ElementKernels<float> f32;
  // x = gelu(x + bias), and y = LayerNorm(x + y + bias), for rows of a multiple of 16 features.
  void (*bias_gelu_f32)(float* x, const float* bias, int64_t rows, int64_t width);
  void (*residual_norm_f32)(const float* x, const NormOfSum&, float* y, int64_t rows, int64_t width);
};

/// Returns the kernels for this processor, or those that POLYPHONY_ISA selects (plain, avx2 or avx512).
const Kernels& kernels();

/// Returns the kernels for an element type. Those of f64 check gradients and nothing else, so they have one form, for any
/// processor. To compile it for every instruction set would take as long as all of f32.
template <class T>
const ElementKernels<T>& kernels_of();
template <>
const ElementKernels<float>& kernels_of();
template <>
const ElementKernels<double>& kernels_of();

}  // namespace polyphony
