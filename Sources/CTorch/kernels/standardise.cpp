// `polyphony::standardise`: y = (x − mean) / deviation in one pass over the memory, for tensors without gradients.
#include <ATen/Parallel.h>
#include <ATen/core/Tensor.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty_like.h>

#include "operators.h"
#include "threads.h"

namespace polyphony {
namespace {

void check_vector(const at::Tensor& tensor, int64_t width) {
  TORCH_CHECK(tensor.scalar_type() == at::kFloat && tensor.dim() == 1 && tensor.size(0) == width &&
                  tensor.is_contiguous(),
              "standardise: needs f32 [", width, "], got ", tensor.sizes());
}

/// The last dimension of x has the features.
at::Tensor standardise(const at::Tensor& x, const at::Tensor& mean, const at::Tensor& deviation) {
  TORCH_CHECK(x.scalar_type() == at::kFloat && x.dim() > 0, "standardise: takes f32 features, not ", x.scalar_type());
  TORCH_CHECK(!(at::GradMode::is_enabled() && x.requires_grad()), "standardise: it has no backward pass");
  const int64_t width = x.size(-1), rows = width > 0 ? x.numel() / width : 0;
  for (const at::Tensor* vector : {&mean, &deviation}) check_vector(*vector, width);
  const at::Tensor input = x.contiguous(), y = at::empty_like(input);
  const float* const from = input.const_data_ptr<float>();
  const float* const m = mean.const_data_ptr<float>();
  const float* const s = deviation.const_data_ptr<float>();
  float* const to = y.mutable_data_ptr<float>();
  run_on_threads(x.numel() < 1 << 15 ? 1 : at::get_num_threads(), [&](int index, int count) {
    for (int64_t row = rows * index / count; row < rows * (index + 1) / count; ++row) {
      const float* const a = from + row * width;
      float* const b = to + row * width;
      for (int64_t i = 0; i < width; ++i) b[i] = (a[i] - m[i]) / s[i];
    }
  });
  return y;
}

}  // namespace

void register_standardise(torch::Library& library) { library.impl("standardise", TORCH_FN(standardise)); }

}  // namespace polyphony
