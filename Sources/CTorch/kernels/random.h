// Philox over a vector of time steps. One evaluation gives W steps × 8 units.
#pragma once

#include "philox.h"
#include "vec.h"

namespace polyphony::POLYPHONY_ISA {

template <class U>
POLYPHONY_INLINE void philox_rounds(U& c0, U& c1, U& c2, U& c3, PhiloxKey key) {
  // Words are in the low halves of 64-bit lanes. The multiplier reads only those halves, so the upper halves may hold
  // anything. A round is then two multiplications, two shifts and two three-way xors.
  uint32_t k0 = key.low, k1 = key.high;
#pragma clang loop unroll(full)
  for (int round = 0; round < 7; ++round, k0 += philox_weyl_0, k1 += philox_weyl_1) {
    const U p0 = (c0 & 0xffffffffull) * philox_multiplier_0;
    const U p1 = (c2 & 0xffffffffull) * philox_multiplier_1;
    const U n0 = (p1 >> 32) ^ c1 ^ uint64_t(k0);
    const U n2 = (p0 >> 32) ^ c3 ^ uint64_t(k1);
    c0 = n0, c1 = p1, c2 = n2, c3 = p0;
  }
}

/// The steps of W lanes as Philox counters.
template <class T, int W>
struct StepCounters;

template <int W>
struct StepCounters<float, W> {
  using U = typename Simd<float, W>::U64;
  U step_even, step_odd, sample_even, sample_odd;

  POLYPHONY_INLINE StepCounters(typename Simd<float, W>::U32 step, typename Simd<float, W>::U32 sample)
      : step_even((U)step & 0xffffffffull), step_odd((U)step >> 32),
        sample_even((U)sample & 0xffffffffull), sample_odd((U)sample >> 32) {}
};

template <int W>
struct StepCounters<double, W> {
  using U = typename Simd<double, W>::U64;
  U step, sample;

  POLYPHONY_INLINE StepCounters(typename Simd<double, W>::U32 s, typename Simd<double, W>::U32 n)
      : step(__builtin_convertvector(s, U)), sample(__builtin_convertvector(n, U)) {}
};

/// The random words of one block, which decide which of eight units stay in each lane. They remain words until use,
/// because eight lane masks would not fit the mask registers.
template <class T, int W>
struct Draw {
  using I = typename Simd<T, W>::I;
  I word[4];  // the uniforms of units 2i and 2i + 1 in the upper 32 bits of a lane, high half first
  typename Simd<T, W>::Int limit;

  POLYPHONY_INLINE I keep(int unit) const { return (unit % 2 ? word[unit / 2] << 16 : word[unit / 2]) >= limit; }
};

/// Draws the words of units 8·block … 8·block + 7.
template <int W>
POLYPHONY_INLINE Draw<float, W> draw(const StepCounters<float, W>& at, uint32_t block, uint32_t head, const Dropout& d) {
  using U = typename Simd<float, W>::U64;
  using I = typename Simd<float, W>::I;
  U e0 = at.step_even, e1 = U{} + block, e2 = at.sample_even, e3 = U{} + head;
  U o0 = at.step_odd, o1 = e1, o2 = at.sample_odd, o3 = e3;
  philox_rounds(e0, e1, e2, e3, d.key);
  philox_rounds(o0, o1, o2, o3, d.key);
  auto join = [](U even, U odd) { return (I)((even & 0xffffffffull) | (odd << 32)); };
  return {{join(e0, o0), join(e1, o1), join(e2, o2), join(e3, o3)}, d.limit};
}

template <int W>
POLYPHONY_INLINE Draw<double, W> draw(const StepCounters<double, W>& at, uint32_t block, uint32_t head, const Dropout& d) {
  using U = typename Simd<double, W>::U64;
  using I = typename Simd<double, W>::I;
  U c0 = at.step, c1 = U{} + block, c2 = at.sample, c3 = U{} + head;
  philox_rounds(c0, c1, c2, c3, d.key);
  return {{(I)(c0 << 32), (I)(c1 << 32), (I)(c2 << 32), (I)(c3 << 32)}, int64_t(d.limit) * (int64_t(1) << 32)};
}

template <class T, int W>
POLYPHONY_INLINE Vec<T, W> select(typename Simd<T, W>::I mask, Vec<T, W> v) {
  return (Vec<T, W>)(mask & (typename Simd<T, W>::I)v);
}

}  // namespace polyphony::POLYPHONY_ISA
