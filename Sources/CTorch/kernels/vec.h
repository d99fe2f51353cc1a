// Vectors of W numbers, with the same source for every instruction set.
//
// These headers are compiled once per instruction set (isa_*.cpp), inside a namespace and under the set's own target
// attribute. The compiler chooses the instructions for a W-wide addition. In all kernels lanes are time steps, never
// features. Reductions over features, heads and keys are then plain vertical arithmetic, and no width (40, 30, d_head 5
// …) needs padding.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <iterator>
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

/// The number of lanes of a full vector.
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

/// Returns the larger of a and b, or b if one of them is not a number. The builtin would spend two more instructions to
/// prefer the other operand, and so would hide a NaN.
template <class V>
POLYPHONY_INLINE V larger(V a, V b) {
  return a > b ? a : b;
}

template <class T>
struct Exp2;

template <>
struct Exp2<float> {
  static constexpr float lowest = -126;
  static constexpr float magic = 12582912.0f;  // 1.5·2^23: adding it rounds to an integer kept in the low bits
  static constexpr int mantissa = 23;
  static constexpr float unit = 1;
  // The minimax polynomial of 2^f on [-½, ½], relative error 9e-8 before rounding.
  static constexpr float polynomial[] = {1.326471510e-3f, 9.671512773e-3f, 5.550733773e-2f,
                                         2.402224208e-1f, 6.931469776e-1f, 1.0f};
};

template <>
struct Exp2<double> {
  static constexpr double lowest = -1022;
  static constexpr double magic = 6755399441055744.0;  // 1.5·2^52
  static constexpr int mantissa = 52;
  static constexpr double unit = 0.6931471805599453094;
  // The Taylor series of e^f for |f| ≤ ½·ln 2. The first omitted term is below 2e-19.
  static constexpr double polynomial[] = {
      1.0 / 87178291200.0, 1.0 / 6227020800.0, 1.0 / 479001600.0, 1.0 / 39916800.0, 1.0 / 3628800.0,
      1.0 / 362880.0,      1.0 / 40320.0,      1.0 / 5040.0,      1.0 / 720.0,      1.0 / 120.0,
      1.0 / 24.0,          1.0 / 6.0,          0.5,               1.0,              1.0};
};

/// x = 2^x for N vectors. Results below the normal numbers become the smallest one. All vectors take each step
/// together, because the dependent steps of one vector alone would leave the arithmetic units waiting.
template <class T, int W, int N>
POLYPHONY_INLINE void exp2(Vec<T, W> (&x)[N]) {
  using E = Exp2<T>;
  using I = typename Simd<T, W>::I;
  constexpr int together = N % 4 == 0 ? 4 : 1;
#pragma clang loop unroll(full)
  for (int from = 0; from < N; from += together) {
    Vec<T, W> t[together], f[together], p[together];
#pragma clang loop unroll(full)
    for (int i = 0; i < together; ++i) f[i] = larger(splat<T, W>(E::lowest), x[from + i]);
#pragma clang loop unroll(full)
    for (int i = 0; i < together; ++i) t[i] = f[i] + E::magic;
#pragma clang loop unroll(full)
    for (int i = 0; i < together; ++i) f[i] = (f[i] - (t[i] - E::magic)) * E::unit;
#pragma clang loop unroll(full)
    for (int i = 0; i < together; ++i) p[i] = splat<T, W>(E::polynomial[0]);
#pragma clang loop unroll(full)
    for (size_t k = 1; k < std::size(E::polynomial); ++k)
#pragma clang loop unroll(full)
      for (int i = 0; i < together; ++i) p[i] = p[i] * f[i] + E::polynomial[k];
#pragma clang loop unroll(full)
    for (int i = 0; i < together; ++i) x[from + i] = (Vec<T, W>)((I)p[i] + ((I)t[i] << E::mantissa));
  }
}

template <int W, class T, size_t... I>
POLYPHONY_INLINE Vec<T, W> interleave_low(Vec<T, W> a, Vec<T, W> b, std::index_sequence<I...>) {
  return __builtin_shufflevector(a, b, (I % 2 ? W + int(I) / 2 : int(I) / 2)...);
}

template <int W, class T, size_t... I>
POLYPHONY_INLINE Vec<T, W> interleave_high(Vec<T, W> a, Vec<T, W> b, std::index_sequence<I...>) {
  return __builtin_shufflevector(a, b, (I % 2 ? W + W / 2 + int(I) / 2 : W / 2 + int(I) / 2)...);
}

/// Transposes a W × W block held in W vectors, by log₂ W rounds of a perfect shuffle.
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

/// Calls `f(0) … f(n - 1)`. With N > 0, n must be N and the calls are unrolled, so that arrays indexed by the argument
/// stay in registers.
template <int N, class F>
POLYPHONY_INLINE void repeat(int n, F f) {
  if constexpr (N > 0) {
    [&]<int... I>(std::integer_sequence<int, I...>) __attribute__((always_inline)) { (f(I), ...); }
    (std::make_integer_sequence<int, N>{});
  } else {
    for (int i = 0; i < n; ++i) f(i);
  }
}

/// Loads up to W numbers from memory, and sets the others to zero.
template <int W, class T>
POLYPHONY_INLINE Vec<T, W> load_some(const T* p, int n) {
  if (n >= W) return load<W>(p);
  Vec<T, W> v = {};
  for (int i = 0; i < n; ++i) v[i] = p[i];
  return v;
}

template <class T, int W>
POLYPHONY_INLINE T sum_lanes(Vec<T, W> v) {
  T sum = 0;
  for (int i = 0; i < W; ++i) sum += v[i];
  return sum;
}

}  // namespace polyphony::POLYPHONY_ISA
