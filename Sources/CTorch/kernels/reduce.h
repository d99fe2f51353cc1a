// The gradients of the parameters: sums of the threads' partial sums, in the order of the threads.
#pragma once

#include "encoder_passes.h"

namespace polyphony::POLYPHONY_ISA {

/// to[row · to_stride + column] = Σ over threads of the `rows` × `columns` numbers at `from`.
template <class T>
void sum_matrix(const T* from, ptrdiff_t thread_stride, int threads, int rows, int columns, ptrdiff_t from_stride,
                T* to, ptrdiff_t to_stride) {
  constexpr int W = lanes<T>;
  for (int r = 0; r < rows; ++r)
    for (int c = 0; c < columns; c += W) {
      const T* p = from + r * from_stride + c;
      Vec<T, W> sum = load<W>(p);
      for (int t = 1; t < threads; ++t) sum += load<W>(p + t * thread_stride);
      store_some<W>(to + r * to_stride + c, sum, columns - c);
    }
}

/// to[column · to_stride + row] = Σ over threads, the transposed form.
template <class T>
void sum_transposed(const T* from, ptrdiff_t thread_stride, int threads, int rows, int columns,
                    ptrdiff_t from_stride, T* to, ptrdiff_t to_stride) {
  constexpr int W = lanes<T>;
  for (int r = 0; r < rows; r += W)
    for (int c = 0; c < columns; c += W) {
      Vec<T, W> block[W];
      for (int i = 0; i < W; ++i) {
        block[i] = Vec<T, W>{};
        if (r + i >= rows) continue;
        const T* p = from + (r + i) * from_stride + c;
        block[i] = load<W>(p);
        for (int t = 1; t < threads; ++t) block[i] += load<W>(p + t * thread_stride);
      }
      transpose_block<T, W>(block);
      for (int i = 0; i < W && c + i < columns; ++i) store_some<W>(to + (c + i) * to_stride + r, block[i], rows - r);
    }
}

/// to[i] = Σ over threads and over the lanes of vector i.
template <class T>
void sum_vectors(const T* from, ptrdiff_t thread_stride, int threads, int count, T* to) {
  if (!to) return;
  constexpr int W = lanes<T>;
  for (int i = 0; i < count; ++i) {
    Vec<T, W> sum = load<W>(from + i * W);
    for (int t = 1; t < threads; ++t) sum += load<W>(from + t * thread_stride + i * W);
    to[i] = sum_lanes<T, W>(sum);
  }
}

template <class T>
void encoder_reduce(const Call<T>& c, int thread, int threads) {
  const int d = c.width, F = c.hidden, contributors = c.plan->teams * c.plan->team_size;
  const ptrdiff_t stride = c.partial_stride;
  auto padded = [](int n) { return ptrdiff_t(n + lanes<T> - 1) / lanes<T> * lanes<T>; };
  int item = 0;
  auto mine = [&] { return item++ % threads == thread; };
  for (size_t i = 0; i < c.layers.size(); ++i) {
    const PartialGradients<T> p = partial_gradients(c, 0, int(i));
    T* const* g = c.layers[i].gradient;
    if (g[in_weight] && mine()) {
      sum_transposed(p.in_q, stride, contributors, d, d, padded(d), g[in_weight], d);
      sum_transposed(p.in_kv, stride, contributors, d, 2 * d, padded(2 * d), g[in_weight] + int64_t(d) * d, d);
    }
    if (g[out_weight] && mine()) sum_matrix(p.out, stride, contributors, d, d, padded(d), g[out_weight], d);
    if (g[fc1_weight] && mine()) sum_transposed(p.fc1, stride, contributors, d, F, padded(F), g[fc1_weight], d);
    if (g[fc2_weight] && mine()) sum_matrix(p.fc2, stride, contributors, d, F, padded(F), g[fc2_weight], F);
    if (!mine()) continue;
    sum_vectors(p.in_bias, stride, contributors, 3 * d, g[in_bias]);
    sum_vectors(p.out_bias, stride, contributors, d, g[out_bias]);
    sum_vectors(p.fc1_bias, stride, contributors, F, g[fc1_bias]);
    sum_vectors(p.fc2_bias, stride, contributors, d, g[fc2_bias]);
    sum_vectors(p.norm0, stride, contributors, d, g[norm0_weight]);
    sum_vectors(p.norm0 + d * lanes<T>, stride, contributors, d, g[norm0_bias]);
    sum_vectors(p.norm1, stride, contributors, d, g[norm1_weight]);
    sum_vectors(p.norm1 + d * lanes<T>, stride, contributors, d, g[norm1_bias]);
  }
  if (c.final_weight && mine()) {
    const T* sums = final_sums(c, 0);
    sum_vectors(sums, stride, contributors, d, c.final_weight_gradient);
    sum_vectors(sums + d * lanes<T>, stride, contributors, d, c.final_bias_gradient);
  }
}

}  // namespace polyphony::POLYPHONY_ISA
