// One head of one sample in attention over samples of different lengths, side by side without padding.
#pragma once

#include <cstddef>
#include <cstdint>

namespace polyphony {

template <class T>
struct RaggedHead {
  int steps = 0, width = 0;       // width: features of the head, a multiple of 16
  const T *q = nullptr, *k = nullptr, *v = nullptr;  // [steps, width] with the distances below
  ptrdiff_t q_stride = 0, k_stride = 0, v_stride = 0;
  T* out = nullptr;
  ptrdiff_t out_stride = 0;
  T scale = 1;                    // of the scores, times log₂e
  T* scratch = nullptr;           // ragged_scratch(steps, width) numbers

  static constexpr int rows = 8;  // queries that the kernel takes together
};

/// Returns the numbers of scratch for a head.
template <class T>
int64_t ragged_scratch(int64_t steps, int64_t width) {
  return (width + RaggedHead<T>::rows) * ((steps + 15) / 16 * 16);
}

}  // namespace polyphony
