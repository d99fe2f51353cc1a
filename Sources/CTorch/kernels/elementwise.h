// Dropout of a flat array. Unit u of lane l of chunk n is element 128·n + 16·u + l for every vector width.
// x and y hold `count` elements from number `first` on, which is a multiple of 128.
#pragma once

#include "random.h"

namespace polyphony::POLYPHONY_ISA {

template <class T>
void dropout_flat(const T* x, T* y, int64_t first, int64_t count, T factor, const Dropout& drop) {
  constexpr int W = lanes<T>;
  using U32 = typename Simd<T, W>::U32;
  U32 iota;
  for (int i = 0; i < W; ++i) iota[i] = uint32_t(i);
  const T scale = factor * T(drop.scale);
  for (int64_t chunk = first / 128; chunk * 128 < first + count; ++chunk)
    for (int lane = 0; lane < 16; lane += W) {
      const U32 low = iota + uint32_t(chunk * 16 + lane), high = U32{} + uint32_t(chunk >> 28);
      const Draw<T, W> drawn = draw(StepCounters<T, W>(low, high), 0, 0, drop);
#pragma clang loop unroll(full)
      for (int u = 0; u < 8; ++u) {
        const typename Simd<T, W>::I keep = drawn.keep(u);
        const int64_t at = chunk * 128 + 16 * u + lane - first;
        if (at + W <= count) {
          store<W>(y + at, select<T, W>(keep, load<W>(x + at)) * scale);
        } else {
          for (int i = 0; at + i < count && i < W; ++i) y[at + i] = keep[i] ? x[at + i] * scale : T(0);
        }
      }
    }
}

}  // namespace polyphony::POLYPHONY_ISA
