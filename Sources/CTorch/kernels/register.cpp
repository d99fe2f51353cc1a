// The schemas of the operators.
//
// Every call consumes exactly one `offset` of `seed`. Equal (seed, offset) give equal masks for equal shapes, on any
// number of threads. An operator whose dropout rates are all 0 consumes none. `first` is the number of x's first element
// (`embed`, `dropout`) or first sample (`encoder`) within a larger batch. Parts of a batch have the masks of the whole.
#include <torch/library.h>

#include "operators.h"
#include "problem.h"

TORCH_LIBRARY(polyphony, m) {
  m.def("embed(Tensor x, Tensor? mask, float scale, float p, int seed, int offset, int first=0) -> Tensor");
  m.def("dropout(Tensor x, float p, int seed, int offset, int first=0) -> Tensor");
  m.def(
      "encoder_layer(Tensor x, Tensor? kv, Tensor? mask, Tensor? kv_mask, Tensor ln0_w, Tensor ln0_b, Tensor in_w, "
      "Tensor in_b, Tensor out_w, Tensor out_b, Tensor ln1_w, Tensor ln1_b, Tensor fc1_w, Tensor fc1_b, "
      "Tensor fc2_w, Tensor fc2_b, int heads, bool causal, float p_attention, float p_relu, float p_residual, "
      "int seed, int offset) -> Tensor");
  m.def(
      "encoder(Tensor x, Tensor? kv, Tensor? mask, Tensor? kv_mask, Tensor[] weights, Tensor? final_weight, "
      "Tensor? final_bias, int heads, bool causal, float p_attention, float p_relu, float p_residual, int readout, "
      "int seed, int offset, int first=0) -> Tensor");
  m.def("ragged_attention(Tensor q, Tensor k, Tensor v, Tensor starts, int heads) -> Tensor");
  m.def(
      "residual_norm(Tensor x, Tensor y, Tensor matrix, Tensor bias, Tensor weight, Tensor shift, float epsilon) -> "
      "Tensor");
  m.def(
      "feed_forward_norm(Tensor x, Tensor widening, Tensor widening_bias, Tensor narrowing, Tensor narrowing_bias, "
      "Tensor weight, Tensor shift, float epsilon) -> Tensor");
  m.def("standardise(Tensor x, Tensor mean, Tensor deviation) -> Tensor");
  m.def("instruction_set() -> str", [] { return std::string(polyphony::kernels().name); });
}

TORCH_LIBRARY_IMPL(polyphony, CPU, m) {
  polyphony::register_encoder(m, false);
  polyphony::register_elementwise(m, false);
  polyphony::register_ragged(m);
  polyphony::register_post_norm(m);
  polyphony::register_standardise(m);
}

TORCH_LIBRARY_IMPL(polyphony, AutogradCPU, m) {
  polyphony::register_encoder(m, true);
  polyphony::register_elementwise(m, true);
  polyphony::register_ragged(m);
  polyphony::register_post_norm(m);
  polyphony::register_standardise(m);
}
