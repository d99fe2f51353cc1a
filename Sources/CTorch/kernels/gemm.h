// The matrix products of a layer over a tile of time steps.
//
// Activations are feature-major, `x[feature * stride + step]`. A product with a weight matrix then reads weights as
// scalars and steps as vectors. Scalars can be read in any order, so the transposed product of the backward pass costs
// the same. The gradient of a weight sums over steps, so one of its operands is first transposed to step-major.
#pragma once

#include "vec.h"

namespace polyphony::POLYPHONY_ISA {

// Accumulators of a register block: 12 × 2 and 6 × 4 vectors of the 32 that AVX-512 and NEON have. AVX2 and SSE have 16
// vectors, so the block has half the size.
#if POLYPHONY_VECTOR_BYTES == 64 || defined(__aarch64__)
constexpr int product_rows = 12, gradient_rows = 6, gradient_vectors = 4;
#else
constexpr int product_rows = 6, gradient_rows = 4, gradient_vectors = 3;
#endif

template <class T>
struct Matrix {  // element (row, column) is at[row * row_stride + column * column_stride]
  const T* at;
  ptrdiff_t row_stride, column_stride;
  Matrix rows_from(ptrdiff_t row) const { return {at + row * row_stride, row_stride, column_stride}; }
};

template <class T>
struct Tile {  // feature-major activations of some steps
  T* at;
  ptrdiff_t stride;
};

template <class T, int R, int V>
void product_block(Matrix<T> w, int depth, const T* x, ptrdiff_t x_stride, T* y, ptrdiff_t y_stride,
                   const T* bias, T scale) {
  constexpr int W = lanes<T>;
  Vec<T, W> sum[R][V];
#pragma clang loop unroll(full)
  for (int r = 0; r < R; ++r)
#pragma clang loop unroll(full)
    for (int v = 0; v < V; ++v) sum[r][v] = splat<T, W>(bias ? bias[r] : T(0));
  for (int k = 0; k < depth; ++k, x += x_stride) {
    Vec<T, W> xs[V];
#pragma clang loop unroll(full)
    for (int v = 0; v < V; ++v) xs[v] = load<W>(x + v * W);
    const T* column = w.at + k * w.column_stride;
#pragma clang loop unroll(full)
    for (int r = 0; r < R; ++r) {
      const T weight = column[r * w.row_stride];
#pragma clang loop unroll(full)
      for (int v = 0; v < V; ++v) sum[r][v] += weight * xs[v];
    }
  }
#pragma clang loop unroll(full)
  for (int r = 0; r < R; ++r)
#pragma clang loop unroll(full)
    for (int v = 0; v < V; ++v) store<W>(y + r * y_stride + v * W, sum[r][v] * scale);
}

template <class T, int R = product_rows>
void product_rows_block(int rows, int steps, Matrix<T> w, int depth, Tile<const T> x, Tile<T> y, const T* bias,
                        T scale) {
  if constexpr (R > 1) {
    if (rows < R) return product_rows_block<T, R - 1>(rows, steps, w, depth, x, y, bias, scale);
  }
  constexpr int W = lanes<T>;
  int t = 0;
  for (; t + 2 * W <= steps; t += 2 * W)
    product_block<T, R, 2>(w, depth, x.at + t, x.stride, y.at + t, y.stride, bias, scale);
  for (; t < steps; t += W)
    product_block<T, R, 1>(w, depth, x.at + t, x.stride, y.at + t, y.stride, bias, scale);
}

/// y[rows] = (w x + bias) · scale on `steps` steps, a multiple of the vector width.
template <class T>
void product(Matrix<T> w, int rows, int depth, Tile<const T> x, int steps, Tile<T> y, const T* bias = nullptr,
             T scale = 1) {
  // The blocks have nearly equal height: 40 rows are four blocks of 10, not three of 12 and one of 4.
  const int blocks = (rows + product_rows - 1) / product_rows;
  for (int b = 0, from = 0; b < blocks; ++b) {
    const int to = int(int64_t(rows) * (b + 1) / blocks);
    product_rows_block<T>(to - from, steps, w.rows_from(from), depth, x, {y.at + from * y.stride, y.stride},
                          bias ? bias + from : nullptr, scale);
    from = to;
  }
}

template <class T, int R, int V>
void gradient_block(const T* a, ptrdiff_t a_stride, const T* b, ptrdiff_t b_stride, int steps, T* g,
                    ptrdiff_t g_stride) {
  constexpr int W = lanes<T>;
  Vec<T, W> sum[R][V] = {};
  for (int t = 0; t < steps; ++t, b += b_stride) {
    Vec<T, W> bs[V];
#pragma clang loop unroll(full)
    for (int v = 0; v < V; ++v) bs[v] = load<W>(b + v * W);
#pragma clang loop unroll(full)
    for (int r = 0; r < R; ++r) {
      const T factor = a[r * a_stride + t];
#pragma clang loop unroll(full)
      for (int v = 0; v < V; ++v) sum[r][v] += factor * bs[v];
    }
  }
#pragma clang loop unroll(full)
  for (int r = 0; r < R; ++r)
#pragma clang loop unroll(full)
    for (int v = 0; v < V; ++v) {
      T* at = g + r * g_stride + v * W;
      store<W>(at, load<W>(at) + sum[r][v]);
    }
}

template <class T, int R, int V = gradient_vectors>
void gradient_columns(int vectors, Tile<const T> a, const T* b, ptrdiff_t b_stride, int steps, T* g,
                      ptrdiff_t g_stride) {
  if constexpr (V > 1) {
    if (vectors < V) return gradient_columns<T, R, V - 1>(vectors, a, b, b_stride, steps, g, g_stride);
  }
  gradient_block<T, R, V>(a.at, a.stride, b, b_stride, steps, g, g_stride);
}

template <class T, int R = gradient_rows>
void gradient_rows_block(int rows, int vectors, Tile<const T> a, const T* b, ptrdiff_t b_stride, int steps, T* g,
                         ptrdiff_t g_stride) {
  if constexpr (R > 1) {
    if (rows < R) return gradient_rows_block<T, R - 1>(rows, vectors, a, b, b_stride, steps, g, g_stride);
  }
  constexpr int W = lanes<T>;
  const int blocks = (vectors + gradient_vectors - 1) / gradient_vectors;
  for (int i = 0, from = 0; i < blocks; ++i) {
    const int to = int(int64_t(vectors) * (i + 1) / blocks);
    gradient_columns<T, R>(to - from, a, b + from * W, b_stride, steps, g + from * W, g_stride);
    from = to;
  }
}

/// g[row][column] += Σ_t a[row][t] b[t][column]. `a` is feature-major. `b` is step-major, with rows padded to whole
/// vectors. The padding of `b` ends in the padding of `g`.
template <class T>
void add_gradient(Tile<const T> a, int rows, const T* b, ptrdiff_t b_stride, int steps, T* g) {
  const int vectors = int(b_stride / lanes<T>);
  const int blocks = (rows + gradient_rows - 1) / gradient_rows;
  for (int i = 0, from = 0; i < blocks; ++i) {
    const int to = int(int64_t(rows) * (i + 1) / blocks);
    gradient_rows_block<T>(to - from, vectors, {a.at + from * a.stride, a.stride}, b, b_stride, steps,
                           g + from * b_stride, b_stride);
    from = to;
  }
}

/// Makes the step-major copy `y[t * y_stride + row]` of `rows` feature-major rows, and pads each step's row with zeros.
template <class T>
void turn_to_step_major(Tile<const T> x, int rows, int steps, T* y, ptrdiff_t y_stride) {
  constexpr int W = lanes<T>;
  for (int r = 0; r < rows; r += W)
    for (int t = 0; t < steps; t += W) {
      Vec<T, W> block[W];
#pragma clang loop unroll(full)
      for (int i = 0; i < W; ++i) block[i] = r + i < rows ? load<W>(x.at + (r + i) * x.stride + t) : Vec<T, W>{};
      transpose_block<T, W>(block);
#pragma clang loop unroll(full)
      for (int i = 0; i < W; ++i) store<W>(y + (t + i) * y_stride + r, block[i]);
    }
}

/// sums[row] += the row's steps, as one vector of partial sums per row.
template <class T>
void add_row_sums(Tile<const T> x, int rows, int steps, T* sums) {
  constexpr int W = lanes<T>;
  for (int r = 0; r < rows; ++r) {
    Vec<T, W> sum = load<W>(sums + r * W);
    for (int t = 0; t < steps; t += W) sum += load<W>(x.at + r * x.stride + t);
    store<W>(sums + r * W, sum);
  }
}

}  // namespace polyphony::POLYPHONY_ISA
