// Forward attention of one (sample, head).
//
// Lanes are queries, and the loop runs over keys. Scores, softmax and the weighted sum are therefore vertical, without
// padding of d_head and without a score matrix in memory. Scores are in units of log 2 (q carries log₂e/√d_head).
#pragma once

#include "normalise.h"
#include "random.h"

namespace polyphony::POLYPHONY_ISA {

template <class T>
struct AttentionHead {
  int head_width;
  int queries, keys;
  const T *q, *k, *v;            // feature-major rows of this head, at this sample's first step
  ptrdiff_t q_stride, k_stride;
  T* out;                        // stride q_stride
  T *peak, *inverse;             // per query
  const uint32_t* rank;          // per query
  const int32_t* visible;        // per query, read if causal
  uint32_t sample, head;
  T key_norm;                    // the largest |k|²
  T* scratch;                    // head_width vectors
};

/// Below this |score| (in powers of two) no maximum is subtracted, because nothing can overflow or vanish.
template <class T>
constexpr T safe_score = T(60);

/// Returns the largest squared length of a key, which bounds every score.
template <class T>
T largest_key_norm(const T* k, ptrdiff_t stride, int head_width, int keys) {
  constexpr int W = lanes<T>;
  Vec<T, W> most = {};
  int j = 0;
  for (; j + W <= keys; j += W) {
    Vec<T, W> norm = {};
    for (int c = 0; c < head_width; ++c) {
      const Vec<T, W> x = load<W>(k + c * stride + j);
      norm += x * x;
    }
    most = larger(most, norm);
  }
  T result = 0;
  for (int i = 0; i < W; ++i) result = std::max(result, most[i]);
  for (; j < keys; ++j) {
    T norm = 0;
    for (int c = 0; c < head_width; ++c) norm += k[c * stride + j] * k[c * stride + j];
    result = std::max(result, norm);
  }
  return result;
}

/// One vector of queries of one head. D is d_head, or 0 if it is known only at run time. `Causal` masks per lane.
template <class T, int W, int D, bool Causal>
struct QueryBlock {
  using V = Vec<T, W>;
  using I = typename Simd<T, W>::I;
  static constexpr int held = D ? D : 1;

  const AttentionHead<T>& a;
  const Dropout& drop;
  const int at, width;
  V query[held], out[held], start, total;
  I limit;

  POLYPHONY_INLINE QueryBlock(const AttentionHead<T>& a, const Dropout& drop, int at)
      : a(a), drop(drop), at(at), width(D ? D : a.head_width), start{}, total{} {
    if constexpr (Causal) {
      const auto v = (typename Simd<T, W>::I32) * (const typename Simd<T, W>::LooseU32*)(a.visible + at);
      limit = __builtin_convertvector(v, I);
    }
  }

  POLYPHONY_INLINE V q(int c) const { return D ? query[D ? c : 0] : load<W>(a.q + c * a.q_stride + at); }

  /// Computes the scores of keys j … j + N − 1, minus the peak.
  template <int N>
  POLYPHONY_INLINE void scores(int j, V (&s)[N]) const {
#pragma clang loop unroll(full)
    for (int n = 0; n < N; ++n) s[n] = start;
    const T* k = a.k + j;
    repeat<D>(width, [&](int c) __attribute__((always_inline)) {
      const V qc = q(c);
#pragma clang loop unroll(full)
      for (int n = 0; n < N; ++n) s[n] += k[c * a.k_stride + n] * qc;
    });
  }

  template <int N>
  POLYPHONY_INLINE void find_peak(int j, V& most) const {
    V s[N];
    scores<N>(j, s);
#pragma clang loop unroll(full)
    for (int n = 0; n < N; ++n) {
      if constexpr (Causal) s[n] = (I{} + (j + n)) < limit ? s[n] : V{} - T(1e30);
      most = larger(most, s[n]);
    }
  }

  template <int N>
  POLYPHONY_INLINE void attend(int j, const Draw<T, W>* drawn, int unit) {
    V p[N];
    scores<N>(j, p);
    exp2<T, W>(p);
#pragma clang loop unroll(full)
    for (int n = 0; n < N; ++n) {
      if constexpr (Causal) p[n] = select<T, W>((I{} + (j + n)) < limit, p[n]);
      total += p[n];
      if (drawn) p[n] = select<T, W>(drawn->keep(unit + n), p[n]);
    }
    const T* v = a.v + j;
    repeat<D>(width, [&](int c) __attribute__((always_inline)) {
      V sum = D ? out[D ? c : 0] : load<W>(a.scratch + c * W), other = {};
#pragma clang loop unroll(full)
      for (int n = 0; n < N; ++n) (n % 2 ? other : sum) += v[c * a.k_stride + n] * p[n];
      if constexpr (N > 1) sum += other;
      if constexpr (D > 0) out[c] = sum;
      else store<W>(a.scratch + c * W, sum);
    });
  }

  template <bool Drop>
  POLYPHONY_INLINE void attend_all(int keys) {
    using U32 = typename Simd<T, W>::U32;
    const StepCounters<T, W> counters((U32) * (const typename Simd<T, W>::LooseU32*)(a.rank + at), U32{} + a.sample);
    int j = 0;
    for (; j + 8 <= keys; j += 8) {
      if constexpr (Drop) {
        const Draw<T, W> drawn = draw(counters, uint32_t(j / 8), a.head, drop);
        attend<8>(j, &drawn, 0);
      } else {
        attend<8>(j, nullptr, 0);
      }
    }
    if (j == keys) return;
    Draw<T, W> drawn;
    if constexpr (Drop) drawn = draw(counters, uint32_t(j / 8), a.head, drop);
    for (int n = 0; j + n < keys; ++n) attend<1>(j + n, Drop ? &drawn : nullptr, n);
  }

  POLYPHONY_INLINE void run() {
    const int valid = std::min(W, a.queries - at);
    V norm = {};
    repeat<D>(width, [&](int c) __attribute__((always_inline)) {
      const V x = load<W>(a.q + c * a.q_stride + at);
      norm += x * x;
      if constexpr (D > 0) query[c] = x, out[c] = V{};
      else store<W>(a.scratch + c * W, V{});
    });
    T longest = 0;
    int keys = 0;
    for (int i = 0; i < valid; ++i) {
      longest = std::max(longest, norm[i]);
      keys = std::max(keys, Causal ? int(limit[i]) : a.keys);
    }
    V peak = {};
    if (!(longest * a.key_norm < safe_score<T> * safe_score<T>)) {
      peak = V{} - T(1e30);
      int j = 0;
      for (; j + 8 <= keys; j += 8) find_peak<8>(j, peak);
      for (; j < keys; ++j) find_peak<1>(j, peak);
    }
    start = -peak;
    if (drop.active)
      attend_all<true>(keys);
    else
      attend_all<false>(keys);
    // A query without keys has a total of 0, and its output is 0 too.
    const V inverse = total > T(0) ? T(1) / total : V{};
    store_some<W>(a.peak + at, peak, valid);
    store_some<W>(a.inverse + at, inverse, valid);
    const V scale = inverse * T(drop.scale);
    repeat<D>(width, [&](int c) __attribute__((always_inline)) {
      store_some<W>(a.out + c * a.q_stride + at, (D ? out[D ? c : 0] : load<W>(a.scratch + c * W)) * scale, valid);
    });
  }
};

template <class T, int D, bool Causal>
void attend_head(const AttentionHead<T>& a, const Dropout& drop) {
  constexpr int W = lanes<T>;
  for (int at = 0; at < a.queries; at += W) {
    if constexpr (W >= 8) {  // half a vector halves the cost of a short rest
      if (a.queries - at <= W / 2) {
        QueryBlock<T, W / 2, D, Causal>(a, drop, at).run();
        break;
      }
    }
    QueryBlock<T, W, D, Causal>(a, drop, at).run();
  }
}

/// Calls `f` with d_head as a constant for the common small heads in f32, and with 0 otherwise.
template <class T, class F>
POLYPHONY_INLINE void with_head_width(int head_width, F f) {
  if constexpr (sizeof(T) == 4) {
    switch (head_width) {
      case 4: return f(std::integral_constant<int, 4>{});
      case 5: return f(std::integral_constant<int, 5>{});
      case 6: return f(std::integral_constant<int, 6>{});
      case 8: return f(std::integral_constant<int, 8>{});
      case 10: return f(std::integral_constant<int, 10>{});
      case 12: return f(std::integral_constant<int, 12>{});
      default: break;
    }
  }
  f(std::integral_constant<int, 0>{});
}

template <class T>
void attend(const AttentionHead<T>& a, const Dropout& drop, bool causal) {
  with_head_width<T>(a.head_width, [&](auto width) {
    if (causal)
      attend_head<T, width(), true>(a, drop);
    else
      attend_head<T, width(), false>(a, drop);
  });
}

}  // namespace polyphony::POLYPHONY_ISA
