// `polyphony::residual_norm` and `polyphony::feed_forward_norm`: what a post-norm encoder layer computes besides
// attention, for passes without gradients. libtorch multiplies the matrices. The rest takes one pass over the rows,
// where single operators would take one each for copying the bias, for adding, for the activation and for the norm.
#include <ATen/Parallel.h>
#include <ATen/core/Tensor.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/mm.h>

#include "operators.h"
#include "problem.h"
#include "threads.h"

namespace polyphony {
namespace {

/// The rows whose hidden states are in memory together. They are the largest tensors of an encoder.
constexpr int64_t piece = 512;

/// Calls `f(from, to)` on parts of the rows.
template <class F>
void in_rows(int64_t rows, int64_t width, F f) {
  run_on_threads(rows * width < 1 << 15 ? 1 : at::get_num_threads(), [&](int index, int count) {
    const int64_t from = rows * index / count, to = rows * (index + 1) / count;
    if (from < to) f(from, to);
  });
}

void check(const char* name, std::initializer_list<const at::Tensor*> tensors) {
  for (const at::Tensor* tensor : tensors) {
    TORCH_CHECK(tensor->scalar_type() == at::kFloat, name, ": takes f32, not ", tensor->scalar_type());
    TORCH_CHECK(!(at::GradMode::is_enabled() && tensor->requires_grad()), name, ": it has no backward pass");
  }
}

void check_vector(const char* name, const at::Tensor& tensor, int64_t width) {
  TORCH_CHECK(tensor.dim() == 1 && tensor.size(0) == width && tensor.is_contiguous(), name, ": needs [", width,
              "], got ", tensor.sizes());
}

/// The vectors of the norm of a sum, after a check of their sizes.
NormOfSum norm_of_sum(const char* name, const at::Tensor& bias, const at::Tensor& weight, const at::Tensor& shift,
                      double epsilon, int64_t width) {
  TORCH_CHECK(width % 16 == 0, name, ": needs a multiple of 16 features, got ", width);
  for (const at::Tensor* vector : {&bias, &weight, &shift}) check_vector(name, *vector, width);
  return {bias.const_data_ptr<float>(), weight.const_data_ptr<float>(), shift.const_data_ptr<float>(), float(epsilon)};
}

/// y = LayerNorm(x + y + bias)·weight + shift, where y holds the product of a matrix.
void add_and_norm(const at::Tensor& x, const NormOfSum& norm, at::Tensor& y) {
  const int64_t width = y.size(1);
  const float* const residual = x.const_data_ptr<float>();
  float* const out = y.mutable_data_ptr<float>();
  in_rows(y.size(0), width, [&](int64_t from, int64_t to) {
    kernels().residual_norm_f32(residual + from * width, norm, out + from * width, to - from, width);
  });
}

at::Tensor residual_norm(const at::Tensor& x, const at::Tensor& y, const at::Tensor& matrix, const at::Tensor& bias,
                         const at::Tensor& weight, const at::Tensor& shift, double epsilon) {
  constexpr auto name = "residual_norm";
  check(name, {&x, &y, &matrix, &bias, &weight, &shift});
  TORCH_CHECK(x.dim() == 2 && y.dim() == 2 && matrix.dim() == 2 && x.size(0) == y.size(0) && x.size(1) == matrix.size(0) &&
                  y.size(1) == matrix.size(1),
              name, ": shapes do not fit: ", x.sizes(), y.sizes(), matrix.sizes());
  const NormOfSum norm = norm_of_sum(name, bias, weight, shift, epsilon, x.size(1));
  at::Tensor out = at::mm(y, matrix.t());
  add_and_norm(x.contiguous(), norm, out);
  return out;
}

at::Tensor feed_forward_norm(const at::Tensor& x, const at::Tensor& widening, const at::Tensor& widening_bias,
                             const at::Tensor& narrowing, const at::Tensor& narrowing_bias, const at::Tensor& weight,
                             const at::Tensor& shift, double epsilon) {
  constexpr auto name = "feed_forward_norm";
  check(name, {&x, &widening, &widening_bias, &narrowing, &narrowing_bias, &weight, &shift});
  TORCH_CHECK(x.dim() == 2 && widening.dim() == 2 && x.size(1) == widening.size(1) && widening.size(0) % 16 == 0 &&
                  narrowing.sizes() == at::IntArrayRef({x.size(1), widening.size(0)}),
              name, ": shapes do not fit: ", x.sizes(), widening.sizes(), narrowing.sizes());
  const int64_t rows = x.size(0), inner = widening.size(0);
  check_vector(name, widening_bias, inner);
  const NormOfSum norm = norm_of_sum(name, narrowing_bias, weight, shift, epsilon, x.size(1));
  const at::Tensor input = x.contiguous(), widen = widening.t(), narrow = narrowing.t();
  at::Tensor out = at::empty(x.sizes(), x.options());
  at::Tensor scratch = at::empty({std::min(rows, piece), inner}, x.options());
  const float* const biases = widening_bias.const_data_ptr<float>();
  for (int64_t at = 0; at < rows; at += piece) {
    const int64_t count = std::min(piece, rows - at);
    const at::Tensor from = input.narrow(0, at, count);
    at::Tensor hidden = scratch.narrow(0, 0, count), result = out.narrow(0, at, count);
    at::mm_out(hidden, from, widen);
    float* const states = hidden.mutable_data_ptr<float>();
    in_rows(count, inner, [&](int64_t first, int64_t last) {
      kernels().bias_gelu_f32(states + first * inner, biases, last - first, inner);
    });
    at::mm_out(result, hidden, narrow);
    add_and_norm(from, norm, result);
  }
  return out;
}

}  // namespace

void register_post_norm(torch::Library& library) {
  library.impl("residual_norm", TORCH_FN(residual_norm));
  library.impl("feed_forward_norm", TORCH_FN(feed_forward_norm));
}

}  // namespace polyphony
