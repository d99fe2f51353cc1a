// softmax(Q·Kᵀ·scale)·V of one head of one sample. Lanes are keys in the scores, and features in the weighted sum.
#pragma once

#include "ragged.h"
#include "vec.h"

namespace polyphony::POLYPHONY_ISA {

/// Writes the keys times the scale feature by feature, `padded` numbers each, zero behind the last key.
template <class T>
void transpose_keys(const RaggedHead<T>& h, int padded, T* to) {
  constexpr int W = lanes<T>;
  for (int j = 0; j < padded; j += W)
    for (int c = 0; c < h.width; c += W) {
      Vec<T, W> block[W];
      for (int i = 0; i < W; ++i)
        block[i] = j + i < h.steps ? load<W>(h.k + (j + i) * h.k_stride + c) * h.scale : Vec<T, W>{};
      transpose_block<T, W>(block);
      for (int i = 0; i < W; ++i) store<W>(to + (c + i) * padded + j, block[i]);
    }
}

template <class T>
void attend_ragged(const RaggedHead<T>& h) {
  constexpr int W = lanes<T>, R = RaggedHead<T>::rows;
  using V = Vec<T, W>;
  using I = typename Simd<T, W>::I;
  const int padded = (h.steps + 15) / 16 * 16;
  T* const keys = h.scratch;
  T* const shares = keys + ptrdiff_t(h.width) * padded;
  transpose_keys(h, padded, keys);
  I lane;
  for (int i = 0; i < W; ++i) lane[i] = i;
  for (int at = 0; at < h.steps; at += R) {
    // Behind the last query the kernel computes it again, and stores nothing.
    const T* q[R];
    V peak[R], total[R];
    for (int r = 0; r < R; ++r) {
      q[r] = h.q + (at + r < h.steps ? at + r : h.steps - 1) * h.q_stride;
      peak[r] = V{} - T(1e30);
      total[r] = V{};
    }
    for (int j = 0; j < padded; j += W) {
      V s[R] = {};
      for (int c = 0; c < h.width; ++c) {
        const V k = load<W>(keys + ptrdiff_t(c) * padded + j);
#pragma clang loop unroll(full)
        for (int r = 0; r < R; ++r) s[r] += k * q[r][c];
      }
#pragma clang loop unroll(full)
      for (int r = 0; r < R; ++r) {
        if (j + W > h.steps) s[r] = lane + j < h.steps ? s[r] : V{} - T(1e30);
        peak[r] = larger(peak[r], s[r]);
        store<W>(shares + ptrdiff_t(r) * padded + j, s[r]);
      }
    }
    for (int r = 0; r < R; ++r) {
      T most = peak[r][0];
      for (int i = 1; i < W; ++i) most = peak[r][i] > most ? peak[r][i] : most;
      peak[r] = splat<T, W>(most);
    }
    for (int j = 0; j < padded; j += W) {
      V x[R];
#pragma clang loop unroll(full)
      for (int r = 0; r < R; ++r) x[r] = load<W>(shares + ptrdiff_t(r) * padded + j) - peak[r];
      exp2<T, W>(x);
#pragma clang loop unroll(full)
      for (int r = 0; r < R; ++r) {
        total[r] += x[r];
        store<W>(shares + ptrdiff_t(r) * padded + j, x[r]);
      }
    }
    T inverse[R];
    for (int r = 0; r < R; ++r) inverse[r] = 1 / sum_lanes<T, W>(total[r]);
    for (int c = 0; c < h.width; c += W) {
      V sum[R] = {};
      for (int j = 0; j < h.steps; ++j) {
        const V v = load<W>(h.v + j * h.v_stride + c);
#pragma clang loop unroll(full)
        for (int r = 0; r < R; ++r) sum[r] += v * shares[ptrdiff_t(r) * padded + j];
      }
      for (int r = 0; r < R && at + r < h.steps; ++r)
        store<W>(h.out + (at + r) * h.out_stride + c, sum[r] * inverse[r]);
    }
  }
}

}  // namespace polyphony::POLYPHONY_ISA
