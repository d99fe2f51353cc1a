#include "encoder.h"

#include <ATen/Parallel.h>

#include "layout.h"
#include "threads.h"

namespace polyphony {
namespace {

template <class T>
const T* data(const std::optional<at::Tensor>& t) {
  return t ? t->const_data_ptr<T>() : nullptr;
}

template <class T>
T* data_if(const at::Tensor& t) {
  return t.defined() ? t.mutable_data_ptr<T>() : nullptr;
}

/// Returns contiguous forms of the arguments. They own the memory behind every pointer in a Call.
EncoderArguments contiguous(EncoderArguments a) {
  a.x = a.x.contiguous();
  for (auto* t : {&a.source, &a.mask, &a.source_mask, &a.final_weight, &a.final_bias})
    if (*t) *t = (*t)->contiguous();
  for (at::Tensor& w : a.weights) w = w.contiguous();
  return a;
}

template <class T>
Call<T> make_call(const EncoderArguments& a, const Plan& plan) {
  const EncoderOptions& o = a.options;
  Call<T> c;
  c.plan = &plan;
  c.width = int(a.x.size(2));
  c.hidden = int(a.weights[fc1_bias].size(0));
  c.heads = int(o.heads);
  c.head_width = c.width / c.heads;
  c.causal = o.causal;
  for (size_t i = 0; i < a.weights.size() / parameter_count; ++i) {
    Layer<T> layer;
    for (int p = 0; p < parameter_count; ++p)
      layer.parameter[p] = a.weights[i * parameter_count + p].template const_data_ptr<T>();
    auto dropout = [&](double p, Site site) { return Dropout(p, o.seed, o.offset, int(i), site); };
    layer.attention = dropout(o.p_attention, Site::attention);
    layer.after_attention = dropout(o.p_residual, Site::after_attention);
    layer.relu = dropout(o.p_relu, Site::relu);
    layer.after_feedforward = dropout(o.p_residual, Site::after_feedforward);
    c.layers.push_back(layer);
  }
  c.final_weight = data<T>(a.final_weight);
  c.final_bias = data<T>(a.final_bias);
  c.x = a.x.const_data_ptr<T>();
  c.source = data<T>(a.source);
  return c;
}

/// Runs `work(member)` once for every thread of the plan.
template <class F>
void run(const Plan& plan, F work) {
  const int threads = plan.teams * plan.team_size;
  std::vector<Barrier> barriers(plan.teams);
  run_on_threads(threads, [&](int index, int count) {
    if (plan.team_size == 1) {
      for (int i = index; i < threads; i += count) work(Member{i, i, 0, 1, &barriers[i]});
    } else {
      work(Member{index, 0, index, count, &barriers[0]});
    }
  });
}

template <class T>
at::Tensor forward(const EncoderArguments& a, const std::shared_ptr<const Plan>& plan, EncoderState* state) {
  Call<T> c = make_call<T>(a, *plan);
  c.keep = state != nullptr;
  const int64_t batch = a.x.size(0), length = plan->readout == Readout::all ? a.x.size(1) : 1;
  const at::Tensor y = plan->padded ? at::zeros({batch, length, a.x.size(2)}, a.x.options())
                                    : at::empty({batch, length, a.x.size(2)}, a.x.options());
  c.y = y.mutable_data_ptr<T>();
  Buffer saved(SavedLayout(c).size() * sizeof(T));
  c.saved = saved.as<T>();
  c.thread_stride = thread_scratch(c);
  const Buffer space(c.thread_stride * plan->teams * plan->team_size * sizeof(T));
  c.thread_space = space.as<T>();
  run(*plan, [&](const Member& member) { kernels_of<T>().encoder.forward(c, member); });
  if (state) state->plan = plan, state->activations = std::move(saved);
  return y;
}

template <class T>
EncoderGradients backward(const EncoderArguments& a, const EncoderState& state, const at::Tensor& dy,
                          const EncoderNeeds& needs) {
  const Plan& plan = *state.plan;
  Call<T> c = make_call<T>(a, plan);
  c.keep = true;
  c.saved = state.activations.as<T>();
  c.dy = dy.const_data_ptr<T>();

  EncoderGradients g;
  auto like = [](const at::Tensor& t, bool wanted) { return wanted ? at::empty_like(t) : at::Tensor(); };
  // The kernels never write padded steps.
  if (needs.x) g.x = plan.padded ? at::zeros_like(a.x) : at::empty_like(a.x);
  if (needs.source) g.source = a.source_mask ? at::zeros_like(*a.source) : at::empty_like(*a.source);
  c.dx = data_if<T>(g.x);
  c.dsource = data_if<T>(g.source);
  if (needs.final_weight) g.final_weight = at::empty_like(*a.final_weight);
  if (needs.final_bias) g.final_bias = at::empty_like(*a.final_bias);
  c.final_weight_gradient = data_if<T>(g.final_weight);
  c.final_bias_gradient = data_if<T>(g.final_bias);
  c.lowest = int(c.layers.size());
  for (size_t i = 0; i < a.weights.size(); ++i) {
    g.weights.push_back(like(a.weights[i], needs.weights[i]));
    const int layer = int(i / parameter_count);
    c.layers[layer].gradient[i % parameter_count] = data_if<T>(g.weights.back());
    if (needs.weights[i]) c.lowest = std::min(c.lowest, layer);
  }
  if (needs.x || needs.source) c.lowest = 0;

  const int threads = plan.teams * plan.team_size;
  c.thread_stride = thread_scratch(c);
  c.team_stride = team_scratch(c);
  c.partial_stride = PartialGradients<T>::size(c.width, c.hidden) * int64_t(c.layers.size()) + 32 * int64_t(c.width);
  const Buffer space((threads * (c.thread_stride + c.partial_stride) + plan.teams * c.team_stride) * sizeof(T));
  c.thread_space = space.as<T>();
  c.partial = c.thread_space + threads * c.thread_stride;
  c.team_space = c.partial + threads * c.partial_stride;
  // OpenMP may give a team fewer threads. The place of an absent member must not leave garbage in the sums.
  if (plan.team_size > 1) std::fill_n(c.partial, threads * c.partial_stride, T(0));
  run(plan, [&](const Member& member) { kernels_of<T>().encoder.backward(c, member); });
  run_on_threads(threads, [&](int index, int count) { kernels_of<T>().encoder.reduce(c, index, count); });
  return g;
}

}  // namespace

void check(const EncoderArguments& a) {
  const EncoderOptions& o = a.options;
  const at::Tensor& x = a.x;
  TORCH_CHECK(x.dim() == 3, "encoder: x must be [batch, length, width], got ", x.sizes());
  TORCH_CHECK(x.scalar_type() == at::kFloat || x.scalar_type() == at::kDouble,
              "encoder: x must be float32 or float64, got ", x.scalar_type());
  const int64_t batch = x.size(0), length = x.size(1), width = x.size(2);
  TORCH_CHECK(o.heads > 0 && width % o.heads == 0, "encoder: width ", width, " is no multiple of ", o.heads, " heads");
  for (double p : {o.p_attention, o.p_relu, o.p_residual})
    TORCH_CHECK(p >= 0 && p < 1, "encoder: dropout must be in [0, 1), got ", p);
  TORCH_CHECK(batch * length < INT32_MAX && width < (1 << 20), "encoder: input too large: ", x.sizes());
  auto expect = [&](const at::Tensor& t, at::IntArrayRef sizes, const char* name) {
    TORCH_CHECK(t.sizes() == sizes, "encoder: ", name, " must be ", sizes, ", got ", t.sizes());
    TORCH_CHECK(t.scalar_type() == x.scalar_type() && t.device() == x.device(),
                "encoder: ", name, " must have the type and device of x");
  };
  auto expect_mask = [&](const std::optional<at::Tensor>& t, int64_t steps, const char* name) {
    if (!t) return;
    TORCH_CHECK(t->scalar_type() == at::kBool && t->sizes() == at::IntArrayRef({batch, steps}) &&
                    t->device() == x.device(),
                "encoder: ", name, " must be a bool tensor [", batch, ", ", steps, "], got ", t->scalar_type(), " ",
                t->sizes());
  };
  int64_t keys = length;
  if (a.source) {
    TORCH_CHECK(a.source->dim() == 3, "encoder: kv must be [batch, length, width], got ", a.source->sizes());
    keys = a.source->size(1);
    TORCH_CHECK(batch * keys < INT32_MAX, "encoder: input too large: ", a.source->sizes());
    expect(*a.source, {batch, keys, width}, "kv");
  }
  expect_mask(a.mask, length, "mask");
  expect_mask(a.source_mask, keys, "kv_mask");
  TORCH_CHECK(!a.weights.empty() && a.weights.size() % parameter_count == 0,
              "encoder: expected 12 parameters a layer, got ", a.weights.size());
  TORCH_CHECK(a.weights[fc1_weight].dim() == 2, "encoder: fc1 weight must be a matrix");
  const int64_t hidden = a.weights[fc1_weight].size(0);
  TORCH_CHECK(hidden > 0 && hidden < (1 << 22), "encoder: unusable hidden width ", hidden);
  for (size_t i = 0; i < a.weights.size(); i += parameter_count) {
    const at::Tensor* w = &a.weights[i];
    expect(w[norm0_weight], {width}, "ln0 weight"), expect(w[norm0_bias], {width}, "ln0 bias");
    expect(w[in_weight], {3 * width, width}, "in weight"), expect(w[in_bias], {3 * width}, "in bias");
    expect(w[out_weight], {width, width}, "out weight"), expect(w[out_bias], {width}, "out bias");
    expect(w[norm1_weight], {width}, "ln1 weight"), expect(w[norm1_bias], {width}, "ln1 bias");
    expect(w[fc1_weight], {hidden, width}, "fc1 weight"), expect(w[fc1_bias], {hidden}, "fc1 bias");
    expect(w[fc2_weight], {width, hidden}, "fc2 weight"), expect(w[fc2_bias], {width}, "fc2 bias");
  }
  TORCH_CHECK(a.final_weight.has_value() == a.final_bias.has_value(), "encoder: final weight and bias go together");
  if (a.final_weight) expect(*a.final_weight, {width}, "final weight"), expect(*a.final_bias, {width}, "final bias");
}

at::Tensor encoder_forward(const EncoderArguments& arguments, EncoderState* state) {
  check(arguments);
  const EncoderArguments a = contiguous(arguments);
  // Self-attention has one mask, in either argument.
  const auto& mask = a.source || a.mask ? a.mask : a.source_mask;
  PlanRequest request{a.x.size(0), int(a.x.size(1)), int(a.source ? a.source->size(1) : a.x.size(1)),
                      data<bool>(mask), a.source ? data<bool>(a.source_mask) : nullptr, a.source.has_value(),
                      a.options.causal, a.options.readout, at::get_num_threads(), a.options.first};
  const auto plan = make_plan(request);
  return a.x.scalar_type() == at::kFloat ? forward<float>(a, plan, state) : forward<double>(a, plan, state);
}

EncoderGradients encoder_backward(const EncoderArguments& arguments, const EncoderState& state,
                                  const at::Tensor& gradient, const EncoderNeeds& needs) {
  const EncoderArguments a = contiguous(arguments);
  const at::Tensor dy = gradient.contiguous();
  return a.x.scalar_type() == at::kFloat ? backward<float>(a, state, dy, needs) : backward<double>(a, state, dy, needs);
}

}  // namespace polyphony
