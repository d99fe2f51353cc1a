// Vectors of W numbers, the same source for every instruction set.
//
// These headers are compiled once per instruction set (isa_*.cpp), inside a namespace and under a
// target attribute of that set's own; what the compiler makes of a W-wide addition is its business.
// In all kernels lanes are time steps, never features: reductions over features, over heads and over
// keys are then plain vertical arithmetic, and no width (40, 30, d_head 5 …) needs padding.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <utility>

#define POLYPHONY_INLINE inline __attribute__((always_inline))

namespace polyphony::POLYPHONY_ISA {

template <class T, int W>
struct Simd {
  using Int = std::conditional_t<sizeof(T) == 4, int32_t, int64_t>;
  typedef T V __attribute__((vector_size(W * sizeof(T))));
  typedef Int I __attribute__((vector_size(W * sizeof(T))));
  typedef uint64_t U64 __attribute__((vector_size(W * sizeof(T))));
  typedef T LooseV __attribute__((vector_size(W * sizeof(T)), aligned(alignof(T)), may_alias));
  typedef uint32_t U32 __attribute__((vector_size(W * 4)));
  typedef uint32_t LooseU32 __attribute__((vector_size(W * 4), aligned(4), may_alias));
  typedef int32_t I32 __attribute__((vector_size(W * 4)));
};

/// Lanes of a full vector.
template <class T>
constexpr int lanes = POLYPHONY_VECTOR_BYTES / int(sizeof(T));

template <class T, int W>
using Vec = typename Simd<T, W>::V;

template <int W, class T>
POLYPHONY_INLINE Vec<T, W> load(const T* p) {
  return (Vec<T, W>)*(const typename Simd<T, W>::LooseV*)p;
}

template <int W, class T>
POLYPHONY_INLINE void store(T* p, Vec<T, W> v) {
  *(typename Simd<T, W>::LooseV*)p = v;
}

/// Stores the first `n` lanes.
template <int W, class T>
POLYPHONY_INLINE void store_some(T* p, Vec<T, W> v, int n) {
  if (n >= W) return store<W>(p, v);
  for (int i = 0; i < n; ++i) p[i] = v[i];
}

template <class T, int W>
POLYPHONY_INLINE Vec<T, W> splat(T x) {
  return x - Vec<T, W>{};  // x - 0 is x, also for x = -0
}

/// 2^x for x ≥ -126 (double: -1022). Below `lowest` the caller must clamp.
template <int W>
POLYPHONY_INLINE Vec<float, W> exp2(Vec<float, W> x) {
  using I = typename Simd<float, W>::I;
  const float magic = 12582912.0f;  // 1.5·2^23: adding it rounds to an integer kept in the low bits
  Vec<float, W> t = x + magic;
  Vec<float, W> f = x - (t - magic);
  // Minimax polynomial of 2^f on [-½, ½], relative error 9e-8 before rounding.
  Vec<float, W> p = f * 1.326471510e-3f + 9.671512773e-3f;
  p = p * f + 5.550733773e-2f;
  p = p * f + 2.402224208e-1f;
  p = p * f + 6.931469776e-1f;
  p = p * f + 1.0f;
  I scale = (I)t << 23;
  return (Vec<float, W>)((I)p + scale);
}

template <int W>
POLYPHONY_INLINE Vec<double, W> exp2(Vec<double, W> x) {
  using I = typename Simd<double, W>::I;
  const double magic = 6755399441055744.0;  // 1.5·2^52
  Vec<double, W> t = x + magic;
  Vec<double, W> f = (x - (t - magic)) * 0.6931471805599453094;
  // Taylor series of e^f, |f| ≤ ½·ln 2: the term left out is below 2e-17.
  Vec<double, W> p = splat<double, W>(1.0 / 87178291200.0);
  constexpr double inverse[] = {1.0 / 6227020800.0, 1.0 / 479001600.0, 1.0 / 39916800.0, 1.0 / 3628800.0,
                                1.0 / 362880.0,     1.0 / 40320.0,     1.0 / 5040.0,     1.0 / 720.0,
                                1.0 / 120.0,        1.0 / 24.0,        1.0 / 6.0,        0.5,
                                1.0,                1.0};
  for (double c : inverse) p = p * f + c;
  I scale = (I)t << 52;
  return (Vec<double, W>)((I)p + scale);
}

template <class T>
constexpr T exp2_lowest = sizeof(T) == 4 ? T(-126) : T(-1022);

template <int W, class T, size_t... I>
POLYPHONY_INLINE Vec<T, W> interleave_low(Vec<T, W> a, Vec<T, W> b, std::index_sequence<I...>) {
  return __builtin_shufflevector(a, b, (I % 2 ? W + int(I) / 2 : int(I) / 2)...);
}

template <int W, class T, size_t... I>
POLYPHONY_INLINE Vec<T, W> interleave_high(Vec<T, W> a, Vec<T, W> b, std::index_sequence<I...>) {
  return __builtin_shufflevector(a, b, (I % 2 ? W + W / 2 + int(I) / 2 : W / 2 + int(I) / 2)...);
}

/// Transposes a W × W block held in W vectors: log₂ W rounds of a perfect shuffle.
template <class T, int W>
POLYPHONY_INLINE void transpose_block(Vec<T, W> (&r)[W]) {
  constexpr auto order = std::make_index_sequence<W>{};
#pragma clang loop unroll(full)
  for (int round = 1; round < W; round *= 2) {
    Vec<T, W> s[W];
#pragma clang loop unroll(full)
    for (int i = 0; i < W / 2; ++i) {
      s[2 * i] = interleave_low<W, T>(r[i], r[i + W / 2], order);
      s[2 * i + 1] = interleave_high<W, T>(r[i], r[i + W / 2], order);
    }
#pragma clang loop unroll(full)
    for (int i = 0; i < W; ++i) r[i] = s[i];
  }
}

template <class T, int W>
POLYPHONY_INLINE T sum_lanes(Vec<T, W> v) {
  T sum = 0;
  for (int i = 0; i < W; ++i) sum += v[i];
  return sum;
}

}  // namespace polyphony::POLYPHONY_ISA
