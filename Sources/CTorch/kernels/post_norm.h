// The elementwise parts of a post-norm encoder layer, each in one pass over its rows. Lanes are features.
#pragma once

#include "vec.h"

namespace polyphony::POLYPHONY_ISA {

/// x = gelu(x + bias) for N vectors, in the exact form x·Φ(x).
///
/// With z = |x|/√2 and t = 1/(1 + pz), 1 − Φ(|x|) is ½·t·(a₁ + a₂t + a₃t² + a₄t³ + a₅t⁴)·e^(−z²) to 7.5e-8
/// (Abramowitz and Stegun 1964, 7.1.26). Negative x keep their relative accuracy, because nothing is subtracted.
template <int N>
POLYPHONY_INLINE void bias_gelu(float* x, const float* bias) {
  constexpr int W = lanes<float>;
  using V = Vec<float, W>;
  constexpr float a[] = {1.061405429f, -1.453152027f, 1.421413741f, -0.284496736f, 0.254829592f};
  V v[N], tail[N];
#pragma clang loop unroll(full)
  for (int i = 0; i < N; ++i) {
    v[i] = load<W>(x + i * W) + load<W>(bias + i * W);
    tail[i] = v[i] * v[i] * -0.72134752f;  // −½·log₂e
  }
  exp2<float, W>(tail);
#pragma clang loop unroll(full)
  for (int i = 0; i < N; ++i) {
    const V t = 1.0f / (1.0f + __builtin_elementwise_abs(v[i]) * 0.23164189f);  // p/√2
    V p = splat<float, W>(a[0]);
#pragma clang loop unroll(full)
    for (int k = 1; k < 5; ++k) p = p * t + a[k];
    const V outside = p * t * tail[i] * 0.5f;
    store<W>(x + i * W, v[i] * (v[i] < 0 ? outside : 1.0f - outside));
  }
}

inline void bias_gelu_rows(float* x, const float* bias, int64_t rows, int64_t width) {
  constexpr int W = lanes<float>;
  for (int64_t row = 0; row < rows; ++row, x += width) {
    int64_t c = 0;
    for (; c + 4 * W <= width; c += 4 * W) bias_gelu<4>(x + c, bias + c);
    for (; c < width; c += W) bias_gelu<1>(x + c, bias + c);
  }
}

/// y = LayerNorm(x + y + bias)·weight + shift for each row.
inline void residual_norm_rows(const float* x, const NormOfSum& norm, float* y, int64_t rows, int64_t width) {
  constexpr int W = lanes<float>;
  using V = Vec<float, W>;
  for (int64_t row = 0; row < rows; ++row, x += width, y += width) {
    V sum = {}, squares = {};
    for (int64_t c = 0; c < width; c += W) {
      const V v = load<W>(x + c) + load<W>(y + c) + load<W>(norm.bias + c);
      store<W>(y + c, v);
      sum += v;
    }
    const float mean = sum_lanes<float, W>(sum) / float(width);
    for (int64_t c = 0; c < width; c += W) {
      const V centred = load<W>(y + c) - mean;
      squares += centred * centred;
    }
    const float inverse = 1.0f / std::sqrt(sum_lanes<float, W>(squares) / float(width) + norm.epsilon);
    for (int64_t c = 0; c < width; c += W)
      store<W>(y + c, (load<W>(y + c) - mean) * inverse * load<W>(norm.weight + c) + load<W>(norm.shift + c));
  }
}

}  // namespace polyphony::POLYPHONY_ISA
