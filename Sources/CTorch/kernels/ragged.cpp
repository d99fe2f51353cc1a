// `polyphony::ragged_attention`: attention within samples of different lengths, side by side without padding.
#include <ATen/Parallel.h>
#include <ATen/Dispatch.h>
#include <ATen/core/Tensor.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty.h>

#include <cmath>

#include "operators.h"
#include "problem.h"
#include "threads.h"

namespace polyphony {
namespace {

template <class T>
void attend(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, const int64_t* starts, int64_t samples,
            int64_t heads, at::Tensor& out) {
  const int width = int(q.size(1) / heads);
  int64_t longest = 0;
  for (int64_t b = 0; b < samples; ++b) longest = std::max(longest, starts[b + 1] - starts[b]);
  const T scale = T(M_LOG2E / std::sqrt(double(width)));
  const auto kernel = kernels_of<T>().ragged;
  const int64_t work = q.size(0) * longest * q.size(1);
  run_on_threads(work < 1 << 16 ? 1 : at::get_num_threads(), [&](int index, int count) {
    std::vector<T> scratch(ragged_scratch<T>(longest, width));
    for (int64_t item = index; item < samples * heads; item += count) {
      const int64_t start = starts[item / heads], feature = item % heads * width;
      RaggedHead<T> head;
      head.steps = int(starts[item / heads + 1] - start), head.width = width, head.scale = scale;
      if (head.steps == 0) continue;
      head.q_stride = q.stride(0), head.k_stride = k.stride(0), head.v_stride = v.stride(0);
      head.q = q.const_data_ptr<T>() + start * head.q_stride + feature;
      head.k = k.const_data_ptr<T>() + start * head.k_stride + feature;
      head.v = v.const_data_ptr<T>() + start * head.v_stride + feature;
      head.out_stride = out.stride(0), head.out = out.mutable_data_ptr<T>() + start * head.out_stride + feature;
      head.scratch = scratch.data();
      kernel(head);
    }
  });
}

at::Tensor ragged_attention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, const at::Tensor& starts,
                            int64_t heads) {
  TORCH_CHECK(q.dim() == 2 && q.sizes() == k.sizes() && q.sizes() == v.sizes(),
              "ragged_attention: q, k and v must be [steps, width], got ", q.sizes(), k.sizes(), v.sizes());
  TORCH_CHECK(q.scalar_type() == k.scalar_type() && q.scalar_type() == v.scalar_type(),
              "ragged_attention: q, k and v differ in type");
  TORCH_CHECK(heads > 0 && q.size(1) % (16 * heads) == 0, "ragged_attention: a head needs a multiple of 16 features, got ",
              q.size(1), " for ", heads, " heads");
  TORCH_CHECK(starts.dim() == 1 && starts.scalar_type() == at::kLong && starts.is_contiguous() && starts.size(0) > 0,
              "ragged_attention: starts must be one int64 a sample and one more");
  TORCH_CHECK(!(at::GradMode::is_enabled() && (q.requires_grad() || k.requires_grad() || v.requires_grad())),
              "ragged_attention: it has no backward pass");
  const int64_t samples = starts.size(0) - 1;
  const int64_t* const first = starts.const_data_ptr<int64_t>();
  TORCH_CHECK(first[0] == 0 && first[samples] == q.size(0), "ragged_attention: starts must go from 0 to the steps");
  for (int64_t b = 0; b < samples; ++b) TORCH_CHECK(first[b] <= first[b + 1], "ragged_attention: starts must not fall");
  auto rows = [](const at::Tensor& x) { return x.stride(1) == 1 ? x : x.contiguous(); };
  const at::Tensor queries = rows(q), keys = rows(k), values = rows(v);
  at::Tensor out = at::empty(q.sizes(), q.options());
  AT_DISPATCH_FLOATING_TYPES(q.scalar_type(), "ragged_attention",
                             [&] { attend<scalar_t>(queries, keys, values, first, samples, heads, out); });
  return out;
}

}  // namespace

void register_ragged(torch::Library& library) { library.impl("ragged_attention", TORCH_FN(ragged_attention)); }

}  // namespace polyphony
