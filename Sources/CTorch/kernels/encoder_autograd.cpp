// `polyphony::encoder` and `polyphony::encoder_layer` for autograd.
#include "encoder.h"
#include "operators.h"
#include "problem.h"

namespace polyphony {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;
using OptionalTensor = std::optional<at::Tensor>;

EncoderArguments arguments(const at::Tensor& x, const OptionalTensor& kv, const OptionalTensor& mask,
                           const OptionalTensor& kv_mask, at::TensorList weights, const OptionalTensor& final_weight,
                           const OptionalTensor& final_bias, const EncoderOptions& options) {
  auto present = [](const OptionalTensor& t) { return t && t->defined() ? t : std::nullopt; };
  return {x, present(kv), present(mask), present(kv_mask), weights.vec(), present(final_weight), present(final_bias), options};
}

EncoderOptions options(int64_t heads, bool causal, double p_attention, double p_relu, double p_residual,
                       int64_t readout, int64_t seed, int64_t offset, int64_t first) {
  TORCH_CHECK(first >= 0 && first < (int64_t(1) << 31), "encoder: first must be from 0 to 2^31 - 1, got ", first);
  TORCH_CHECK(readout >= -1 && readout <= 1, "encoder: readout must be 0 (all steps), 1 (first) or -1 (last), got ", readout);
  return {heads, causal, p_attention, p_relu, p_residual, Readout(readout), seed, offset, first};
}

bool wants_gradient(const EncoderArguments& a) {
  if (!at::GradMode::is_enabled()) return false;
  auto wants = [](const OptionalTensor& t) { return t && t->requires_grad(); };
  if (a.x.requires_grad() || wants(a.source) || wants(a.final_weight) || wants(a.final_bias)) return true;
  for (const at::Tensor& w : a.weights)
    if (w.requires_grad()) return true;
  return false;
}

/// The saved values that are not tensors and that autograd cannot hold.
struct Saved : EncoderState {
  EncoderOptions options;
};

struct EncoderFunction : torch::autograd::Function<EncoderFunction> {
  static at::Tensor forward(AutogradContext* context, const at::Tensor& x, const OptionalTensor& kv,
                            const OptionalTensor& mask, const OptionalTensor& kv_mask, at::TensorList weights,
                            const OptionalTensor& final_weight, const OptionalTensor& final_bias,
                            const EncoderOptions& options) {
    const EncoderArguments a = arguments(x, kv, mask, kv_mask, weights, final_weight, final_bias, options);
    auto saved = c10::make_intrusive<Saved>();
    saved->options = options;
    const at::Tensor y = encoder_forward(a, saved.get());
    variable_list list{x};
    for (const OptionalTensor& t : {a.source, a.mask, a.source_mask, a.final_weight, a.final_bias})
      list.push_back(t.value_or(at::Tensor()));
    list.insert(list.end(), a.weights.begin(), a.weights.end());
    context->save_for_backward(std::move(list));
    context->saved_data["state"] = c10::IValue::make_capsule(std::move(saved));
    return y;
  }

  static variable_list backward(AutogradContext* context, variable_list gradients) {
    TORCH_CHECK(!at::GradMode::is_enabled(), "encoder: second derivatives are not available; use the unfused path");
    const auto capsule = context->saved_data["state"].toCapsule();
    const Saved& saved = static_cast<const Saved&>(*capsule);
    const variable_list v = context->get_saved_variables();
    constexpr size_t first = 6;
    const at::TensorList weights = at::TensorList(v).slice(first);
    const EncoderArguments a = arguments(v[0], v[1], v[2], v[3], weights, v[4], v[5], saved.options);
    // Inputs of this node in order: the tensors present among x, kv, mask, kv_mask, then the weights, then the others.
    size_t input = 0;
    auto next = [&](bool present) { return present && context->needs_input_grad(input++); };
    EncoderNeeds needs;
    needs.x = next(true);
    needs.source = next(a.source.has_value());
    next(a.mask.has_value()), next(a.source_mask.has_value());
    for (size_t i = 0; i < weights.size(); ++i) needs.weights.push_back(next(true));
    needs.final_weight = next(a.final_weight.has_value());
    needs.final_bias = next(a.final_bias.has_value());

    EncoderGradients g;
    if (gradients[0].defined())
      g = encoder_backward(a, saved, gradients[0], needs);
    else
      g.weights.resize(weights.size());
    variable_list result{g.x, g.source, at::Tensor(), at::Tensor()};
    result.insert(result.end(), g.weights.begin(), g.weights.end());
    result.insert(result.end(), {g.final_weight, g.final_bias, at::Tensor()});
    return result;
  }
};

template <bool Autograd>
at::Tensor run(const at::Tensor& x, const OptionalTensor& kv, const OptionalTensor& mask, const OptionalTensor& kv_mask,
               at::TensorList weights, const OptionalTensor& final_weight, const OptionalTensor& final_bias,
               const EncoderOptions& options) {
  const EncoderArguments a = arguments(x, kv, mask, kv_mask, weights, final_weight, final_bias, options);
  if (Autograd && wants_gradient(a))
    return EncoderFunction::apply(x, kv, mask, kv_mask, weights, final_weight, final_bias, options);
  return encoder_forward(a, nullptr);
}

template <bool Autograd>
at::Tensor encoder(const at::Tensor& x, const OptionalTensor& kv, const OptionalTensor& mask,
                   const OptionalTensor& kv_mask, at::TensorList weights, const OptionalTensor& final_weight,
                   const OptionalTensor& final_bias, int64_t heads, bool causal, double p_attention, double p_relu,
                   double p_residual, int64_t readout, int64_t seed, int64_t offset, int64_t first) {
  return run<Autograd>(x, kv, mask, kv_mask, weights, final_weight, final_bias,
                       options(heads, causal, p_attention, p_relu, p_residual, readout, seed, offset, first));
}

template <bool Autograd>
at::Tensor encoder_layer(const at::Tensor& x, const OptionalTensor& kv, const OptionalTensor& mask,
                         const OptionalTensor& kv_mask, const at::Tensor& ln0_w, const at::Tensor& ln0_b,
                         const at::Tensor& in_w, const at::Tensor& in_b, const at::Tensor& out_w,
                         const at::Tensor& out_b, const at::Tensor& ln1_w, const at::Tensor& ln1_b,
                         const at::Tensor& fc1_w, const at::Tensor& fc1_b, const at::Tensor& fc2_w,
                         const at::Tensor& fc2_b, int64_t heads, bool causal, double p_attention, double p_relu,
                         double p_residual, int64_t seed, int64_t offset) {
  const std::vector<at::Tensor> weights{ln0_w, ln0_b, in_w,  in_b,  out_w, out_b,
                                        ln1_w, ln1_b, fc1_w, fc1_b, fc2_w, fc2_b};
  return run<Autograd>(x, kv, mask, kv_mask, weights, std::nullopt, std::nullopt,
                       options(heads, causal, p_attention, p_relu, p_residual, 0, seed, offset, 0));
}

}  // namespace

void register_encoder(torch::Library& library, bool autograd) {
  if (autograd) {
    library.impl("encoder", TORCH_FN(encoder<true>));
    library.impl("encoder_layer", TORCH_FN(encoder_layer<true>));
  } else {
    library.impl("encoder", TORCH_FN(encoder<false>));
    library.impl("encoder_layer", TORCH_FN(encoder_layer<false>));
  }
}

}  // namespace polyphony
