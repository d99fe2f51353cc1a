// The encoder operator: whole pre-norm transformer layers for CPU, with their backward pass.
#pragma once

#include <ATen/ATen.h>
#include <torch/csrc/autograd/custom_function.h>

#include "buffers.h"
#include "plan.h"

namespace polyphony {

/// The settings of a call, apart from its tensors.
struct EncoderOptions {
  int64_t heads;
  bool causal;
  double p_attention, p_relu, p_residual;
  Readout readout;
  int64_t seed, offset;
  int64_t first;  // the number of the first sample within the whole batch, for dropout
};

/// The checked arguments of a call. `weights` holds the twelve parameters of each layer.
struct EncoderArguments {
  at::Tensor x;
  std::optional<at::Tensor> source, mask, source_mask;
  std::vector<at::Tensor> weights;
  std::optional<at::Tensor> final_weight, final_bias;
  EncoderOptions options;
};

/// The results of the forward pass that the backward pass needs.
struct EncoderState : torch::CustomClassHolder {
  std::shared_ptr<const Plan> plan;
  Buffer activations;
};

/// Throws c10::Error if shapes, types or probabilities do not fit.
void check(const EncoderArguments& arguments);

/// Returns the output, and fills `state` unless it is null.
at::Tensor encoder_forward(const EncoderArguments& arguments, EncoderState* state);

/// The gradients that a backward pass must compute.
struct EncoderNeeds {
  bool x = false, source = false;
  std::vector<bool> weights;
  bool final_weight = false, final_bias = false;
};

struct EncoderGradients {
  at::Tensor x, source;
  std::vector<at::Tensor> weights;
  at::Tensor final_weight, final_bias;
};

EncoderGradients encoder_backward(const EncoderArguments& arguments, const EncoderState& state,
                                  const at::Tensor& gradient, const EncoderNeeds& needs);

}  // namespace polyphony
