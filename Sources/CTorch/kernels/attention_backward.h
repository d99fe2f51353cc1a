// Backward attention of one (sample, head). It computes probabilities and dropout again, key tile by key tile.
//
// With p the probabilities, m the scaled dropout mask, o = (m∘p) v and D = Σ_c do_c o_c per query:
//   dv = (m∘p)ᵀ do,   ds = p ∘ (m ∘ (do vᵀ) − D),   dq = ds k,   dk = dsᵀ q.
// Lanes are queries, so dq is vertical. dk and dv sum over queries, so their operands are transposed in registers.
#pragma once

#include "attention.h"

namespace polyphony::POLYPHONY_ISA {

template <class T>
struct AttentionHeadGradient {
  AttentionHead<T> a;  // `out` and `scratch` unused
  const T *attended, *dout;     // as `q`
  T *dq, *dk, *dv;              // as q, k, v
  T* scratch;
};

/// The local, zero-padded copies of one head. All its blocks share them.
template <class T>
struct HeadScratch {
  T *q, *g;      // [head_width][q_stride] queries and output gradients, the latter times mask scale / total
  T *sum;        // [q_stride] D / total
  T *dk, *dv;    // [head_width][k_stride]
  ptrdiff_t q_stride, k_stride;
};

template <class T, int W, int D, bool Causal>
struct QueryBlockGradient {
  using V = Vec<T, W>;
  using I = typename Simd<T, W>::I;
  static constexpr int tile = W > 8 ? W : 8;  // keys per tile: at least one Philox block
  static constexpr int held = D ? D : 1;

  const AttentionHeadGradient<T>& g;
  const AttentionHead<T>& a;
  const Dropout& drop;
  const HeadScratch<T>& local;
  const int at, width;
  V query[held], grad[held], dq[held], start, mean;
  I limit;
  V p_tile[tile], s_tile[tile];

  POLYPHONY_INLINE QueryBlockGradient(const AttentionHeadGradient<T>& g, const Dropout& drop,
                                      const HeadScratch<T>& local, int at)
      : g(g), a(g.a), drop(drop), local(local), at(at), width(D ? D : g.a.head_width) {}

  POLYPHONY_INLINE V q(int c) const { return D ? query[D ? c : 0] : load<W>(local.q + c * local.q_stride + at); }
  POLYPHONY_INLINE V go(int c) const { return D ? grad[D ? c : 0] : load<W>(local.g + c * local.q_stride + at); }

  template <int N>
  POLYPHONY_INLINE void keys(int j, int slot, const Draw<T, W>* drawn, T* dq_memory) {
    // Scores and probabilities come first and their gradients after, because the registers cannot hold both together.
    V s[N], d[N];
#pragma clang loop unroll(full)
    for (int n = 0; n < N; ++n) s[n] = start, d[n] = V{};
    const T *k = a.k + j, *v = a.v + j;
    repeat<D>(width, [&](int c) __attribute__((always_inline)) {
      const V qc = q(c);
#pragma clang loop unroll(full)
      for (int n = 0; n < N; ++n) s[n] += k[c * a.k_stride + n] * qc;
    });
    exp2<T, W>(s);
#pragma clang loop unroll(full)
    for (int n = 0; n < N; ++n) {
      if constexpr (Causal) s[n] = select<T, W>((I{} + (j + n)) < limit, s[n]);
      p_tile[slot + n] = drawn ? select<T, W>(drawn->keep((slot + n) % 8), s[n]) : s[n];
    }
    repeat<D>(width, [&](int c) __attribute__((always_inline)) {
      const V gc = go(c);
#pragma clang loop unroll(full)
      for (int n = 0; n < N; ++n) d[n] += v[c * a.k_stride + n] * gc;
    });
#pragma clang loop unroll(full)
    for (int n = 0; n < N; ++n) {
      if (drawn) d[n] = select<T, W>(drawn->keep((slot + n) % 8), d[n]);
      s[n] *= d[n] - mean;
      s_tile[slot + n] = s[n];
    }
    repeat<D>(width, [&](int c) __attribute__((always_inline)) {
      V sum = D ? dq[D ? c : 0] : load<W>(dq_memory + c * W), other = {};
#pragma clang loop unroll(full)
      for (int n = 0; n < N; ++n) (n % 2 ? other : sum) += k[c * a.k_stride + n] * s[n];
      if constexpr (N > 1) sum += other;
      if constexpr (D > 0) dq[c] = sum;
      else store<W>(dq_memory + c * W, sum);
    });
  }

  /// Adds one tile to dk and dv. Both tiles are transposed, so that lanes are keys and queries are scalars.
  POLYPHONY_INLINE void turn(int j) {
#pragma clang loop unroll(full)
    for (int part = 0; part < tile; part += W) {
      V turned[W];
#pragma clang loop unroll(full)
      for (int i = 0; i < W; ++i) turned[i] = p_tile[part + i];
      transpose_block<T, W>(turned);
      add_turned(turned, local.g, local.dv + j + part);
#pragma clang loop unroll(full)
      for (int i = 0; i < W; ++i) turned[i] = s_tile[part + i];
      transpose_block<T, W>(turned);
      add_turned(turned, local.q, local.dk + j + part);
    }
  }

  POLYPHONY_INLINE void add_turned(const V (&turned)[W], const T* factors, T* to) {
    factors += at;
    repeat<D>(width, [&](int c) __attribute__((always_inline)) {
      V sum = load<W>(to + c * local.k_stride), other = {};
#pragma clang loop unroll(full)
      for (int i = 0; i < W; i += 2) {
        sum += factors[c * local.q_stride + i] * turned[i];
        other += factors[c * local.q_stride + i + 1] * turned[i + 1];
      }
      store<W>(to + c * local.k_stride, sum + other);
    });
  }

  template <bool Drop>
  POLYPHONY_INLINE void all_keys(int count, T* dq_memory) {
    using U32 = typename Simd<T, W>::U32;
    const StepCounters<T, W> counters((U32) * (const typename Simd<T, W>::LooseU32*)(a.rank + at), U32{} + a.sample);
    for (int j = 0; j < count; j += tile) {
      for (int slot = 0; slot < tile; slot += 8) {
        const int from = j + slot, left = count - from;
        Draw<T, W> drawn;
        if constexpr (Drop)
          if (left > 0) drawn = draw(counters, uint32_t(from / 8), a.head, drop);
        if (left >= 8) {
          keys<8>(from, slot, Drop ? &drawn : nullptr, dq_memory);
        } else {
          int n = 0;
          for (; n < left; ++n) keys<1>(from + n, slot + n, Drop ? &drawn : nullptr, dq_memory);
          for (; n < 8; ++n) p_tile[slot + n] = s_tile[slot + n] = V{};
        }
      }
      turn(j);
    }
  }

  POLYPHONY_INLINE void run(T* dq_memory, T scale) {
    const int valid = std::min(W, a.queries - at);
    // The gradient of lanes past the last query is zero in the local copy, so they add nothing for any p.
    V peak = {};
    for (int i = 0; i < valid; ++i) peak[i] = a.peak[at + i];
    start = -peak;
    mean = load<W>(local.sum + at);
    int count = a.keys;
    if constexpr (Causal) {
      const auto v = (typename Simd<T, W>::I32) * (const typename Simd<T, W>::LooseU32*)(a.visible + at);
      limit = __builtin_convertvector(v, I);
      count = 0;
      for (int i = 0; i < valid; ++i) count = std::max(count, int(limit[i]));
    }
    repeat<D>(width, [&](int c) __attribute__((always_inline)) {
      if constexpr (D > 0) {
        query[c] = load<W>(local.q + c * local.q_stride + at);
        grad[c] = load<W>(local.g + c * local.q_stride + at);
        dq[c] = V{};
      } else {
        store<W>(dq_memory + c * W, V{});
      }
    });
    if (drop.active)
      all_keys<true>(count, dq_memory);
    else
      all_keys<false>(count, dq_memory);
    repeat<D>(width, [&](int c) __attribute__((always_inline)) {
      store_some<W>(g.dq + c * a.q_stride + at, (D ? dq[D ? c : 0] : load<W>(dq_memory + c * W)) * scale, valid);
    });
  }
};

template <class T, int D, bool Causal>
void attend_head_backward(const AttentionHeadGradient<T>& g, const Dropout& drop) {
  constexpr int W = lanes<T>;
  const AttentionHead<T>& a = g.a;
  const int width = a.head_width, nq = (a.queries + W - 1) / W * W, nk = (a.keys + 15) / 16 * 16;
  HeadScratch<T> local;
  T* p = g.scratch;
  local.q_stride = nq, local.k_stride = nk;
  local.q = p, p += width * nq;
  local.g = p, p += width * nq;
  local.sum = p, p += nq;
  local.dk = p, p += width * nk;
  local.dv = p, p += width * nk;
  T* const dq_memory = p;

  for (int at = 0; at < nq; at += W) {
    const int valid = a.queries - at;
    const Vec<T, W> inverse = load_some<W>(a.inverse + at, valid), scale = inverse * T(drop.scale);
    Vec<T, W> sum = {};
    for (int c = 0; c < width; ++c) {
      const ptrdiff_t from = c * a.q_stride + at, to = c * local.q_stride + at;
      const Vec<T, W> dout = load_some<W>(g.dout + from, valid);
      store<W>(local.q + to, load_some<W>(a.q + from, valid));
      store<W>(local.g + to, dout * scale);
      sum += dout * load_some<W>(g.attended + from, valid);
    }
    store<W>(local.sum + at, sum * inverse);
  }
  for (int i = 0; i < 2 * width * nk; ++i) local.dk[i] = 0;

  // s = q k with q = log₂e/√d · (…), so the gradient of the unscaled product is ds/√d.
  const T scale = T(1 / std::sqrt(double(width)));
  for (int at = 0; at < a.queries; at += W) {
    if constexpr (W >= 8) {
      if (a.queries - at <= W / 2) {
        QueryBlockGradient<T, W / 2, D, Causal>(g, drop, local, at).run(dq_memory, scale);
        break;
      }
    }
    QueryBlockGradient<T, W, D, Causal>(g, drop, local, at).run(dq_memory, scale);
  }
  const T unscale = T(0.693147180559945309417);
  for (int c = 0; c < width; ++c)
    for (int j = 0; j < a.keys; ++j) {
      g.dk[c * a.k_stride + j] = local.dk[c * nk + j] * unscale;
      g.dv[c * a.k_stride + j] = local.dv[c * nk + j];
    }
}

template <class T>
void attend_backward(const AttentionHeadGradient<T>& g, const Dropout& drop, bool causal) {
  with_head_width<T>(g.a.head_width, [&](auto width) {
    if (causal)
      attend_head_backward<T, width(), true>(g, drop);
    else
      attend_head_backward<T, width(), false>(g, drop);
  });
}

}  // namespace polyphony::POLYPHONY_ISA
