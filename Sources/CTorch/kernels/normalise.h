// LayerNorm over the features of each step of a tile (ε = 1e-5).
#pragma once

#include "gemm.h"

namespace polyphony::POLYPHONY_ISA {

template <class T>
constexpr T norm_epsilon = T(1e-5);

template <class T, int W>
POLYPHONY_INLINE void norm_statistics(const T* x, ptrdiff_t stride, int width, Vec<T, W>& mean, Vec<T, W>& inverse) {
  Vec<T, W> sum = {}, squares = {};
  for (int c = 0; c < width; ++c) sum += load<W>(x + c * stride);
  mean = sum * (T(1) / T(width));
  for (int c = 0; c < width; ++c) {
    const Vec<T, W> centred = load<W>(x + c * stride) - mean;
    squares += centred * centred;
  }
  inverse = T(1) / __builtin_elementwise_sqrt(squares * (T(1) / T(width)) + norm_epsilon<T>);
}

template <class T>
void normalise(Tile<const T> x, int width, int steps, const T* weight, const T* bias, Tile<T> y) {
  constexpr int W = lanes<T>;
  for (int t = 0; t < steps; t += W) {
    Vec<T, W> mean, inverse;
    norm_statistics<T, W>(x.at + t, x.stride, width, mean, inverse);
    for (int c = 0; c < width; ++c)
      store<W>(y.at + c * y.stride + t, (load<W>(x.at + c * x.stride + t) - mean) * inverse * weight[c] + bias[c]);
  }
}

/// dx += the gradient through the normalisation of `x`. `sums` collects the gradients of weight and bias, one vector of
/// partial sums each, weights first. It is null if both are frozen.
template <class T>
void normalise_backward(Tile<const T> x, int width, int steps, const T* weight, Tile<const T> dy, Tile<T> dx,
                        T* sums) {
  constexpr int W = lanes<T>;
  for (int t = 0; t < steps; t += W) {
    Vec<T, W> mean, inverse, along = {}, across = {};
    norm_statistics<T, W>(x.at + t, x.stride, width, mean, inverse);
    for (int c = 0; c < width; ++c) {
      const Vec<T, W> g = load<W>(dy.at + c * dy.stride + t);
      const Vec<T, W> unit = (load<W>(x.at + c * x.stride + t) - mean) * inverse;
      const Vec<T, W> product = g * unit;
      along += g * weight[c];
      across += product * weight[c];
      if (sums) {
        T* to = sums + c * W;
        store<W>(to, load<W>(to) + product);
        to += width * W;
        store<W>(to, load<W>(to) + g);
      }
    }
    along *= T(1) / T(width);
    across *= T(1) / T(width);
    for (int c = 0; c < width; ++c) {
      const Vec<T, W> g = load<W>(dy.at + c * dy.stride + t);
      const Vec<T, W> unit = (load<W>(x.at + c * x.stride + t) - mean) * inverse;
      T* to = dx.at + c * dx.stride + t;
      store<W>(to, load<W>(to) + (g * weight[c] - along - unit * across) * inverse);
    }
  }
}

}  // namespace polyphony::POLYPHONY_ISA
