// The parts of autograd that libtorch does not offer as operators.

#include <torch/csrc/autograd/autograd.h>
#include <torch/csrc/autograd/grad_mode.h>
#include <torch/csrc/autograd/variable.h>

#include "door.h"

namespace polyphony {
namespace {

std::vector<at::Tensor> borrow_all(const ctorch_tensor *handles, int32_t count) {
  std::vector<at::Tensor> tensors;
  tensors.reserve(count);
  for (int32_t i = 0; i < count; i++) tensors.push_back(borrow(handles ? handles[i] : nullptr));
  return tensors;
}

}  // namespace

void install_autograd(ctorch_interface &table) {
  table.requires_gradient = [](ctorch_tensor tensor) { return peek(tensor)->requires_grad(); };
  table.set_requires_gradient = [](ctorch_tensor tensor, bool value, char **error) {
    return guarded<int32_t>(error, 1, [&] {
      borrow(tensor).requires_grad_(value);
      return 0;
    });
  };
  table.is_leaf = [](ctorch_tensor tensor) { return borrow(tensor).is_leaf(); };
  table.gradient = [](ctorch_tensor tensor) { return give(borrow(tensor).grad()); };
  table.set_gradient = [](ctorch_tensor tensor, ctorch_tensor gradient, char **error) {
    return guarded<int32_t>(error, 1, [&] {
      borrow(tensor).mutable_grad() = borrow(gradient);
      return 0;
    });
  };
  table.backward = [](ctorch_tensor tensor, ctorch_tensor seed, bool retain_graph, char **error) {
    return guarded<int32_t>(error, 1, [&] {
      torch::autograd::backward({borrow(tensor)}, {borrow(seed)}, retain_graph);
      return 0;
    });
  };
  table.gradients = [](const ctorch_tensor *outputs, const ctorch_tensor *seeds, int32_t output_count,
                       const ctorch_tensor *inputs, int32_t input_count, bool retain_graph,
                       bool create_graph, ctorch_tensor *gradients, char **error) {
    return guarded<int32_t>(error, 1, [&] {
      auto result = torch::autograd::grad(borrow_all(outputs, output_count), borrow_all(inputs, input_count),
                                          borrow_all(seeds, output_count), retain_graph, create_graph,
                                          /*allow_unused=*/true);
      for (int32_t i = 0; i < input_count; i++) gradients[i] = give(std::move(result[i]));
      return 0;
    });
  };
  table.gradient_mode = [] { return at::GradMode::is_enabled(); };
  table.set_gradient_mode = [](bool enabled) { at::GradMode::set_enabled(enabled); };
}

}  // namespace polyphony
