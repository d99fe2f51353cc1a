// Calls every kernel on awkward shapes, for the sanitizers to watch: forward, backward, both element types, one and
// two threads. Values are checked elsewhere (FusedTests); here a value only has to be finite.
#include <ATen/core/dispatch/Dispatcher.h>
#include <torch/torch.h>

#include <array>
#include <cstdio>
#include <vector>

namespace {

using at::Tensor;
using Maybe = std::optional<Tensor>;

template <typename Signature>
auto operator_named(const char* name) {
  return c10::Dispatcher::singleton().findSchemaOrThrow(name, "").typed<Signature>();
}

auto embed() {
  return operator_named<Tensor(const Tensor&, const Maybe&, double, double, int64_t, int64_t)>("polyphony::embed");
}

auto encoder() {
  return operator_named<Tensor(
      const Tensor&, const Maybe&, const Maybe&, const Maybe&, at::TensorList, const Maybe&, const Maybe&, int64_t,
      bool, double, double, double, int64_t, int64_t, int64_t)>("polyphony::encoder");
}

struct Shape {
  int batch, length, memory, width, heads;  // memory 0: self-attention
};

// Lengths of 1, beyond a tile and just around it; widths that no vector divides; a head of 1; an empty batch.
const std::vector<Shape> shapes = {
    {3, 7, 0, 20, 5},   {5, 50, 0, 40, 8},  {1, 60, 0, 30, 5}, {2, 1, 0, 10, 2},  {4, 17, 33, 36, 3},
    {6, 33, 9, 30, 5},  {1, 40, 21, 40, 1}, {0, 5, 0, 20, 5},  {3, 12, 1, 64, 16}, {1, 375, 0, 16, 4},
    {2, 50, 375, 24, 4},
};

enum class Padding { none, scattered, tails };

bool finite(const Tensor& tensor) { return !tensor.defined() || tensor.isfinite().all().item<bool>(); }

int failures = 0;

void check(const Tensor& tensor, const char* what, const Shape& s) {
  if (finite(tensor)) return;
  std::printf("%s is not finite: batch %d, length %d, memory %d, width %d\n", what, s.batch, s.length, s.memory, s.width);
  failures++;
}

// The twelve tensors of each layer; in every third case only the LayerNorms are trained.
std::vector<Tensor> weights(const Shape& s, at::TensorOptions options, int number) {
  const int64_t d = s.width, wide = 4 * d + 1;
  const std::vector<std::vector<int64_t>> sizes = {{d}, {d}, {3 * d, d}, {3 * d}, {d, d}, {d},
                                                   {d}, {d}, {wide, d},  {wide},  {d, wide}, {d}};
  std::vector<Tensor> result;
  for (int layer = 0; layer < 2; layer++) {
    for (size_t i = 0; i < sizes.size(); i++) {
      const bool is_norm = sizes[i].size() == 1 && sizes[i][0] == d && (i < 2 || i == 6 || i == 7);
      result.push_back(torch::randn(sizes[i], options).mul(0.3).set_requires_grad(number % 3 != 0 || is_norm));
    }
  }
  return result;
}

Maybe mask(Padding padding, const Shape& s) {
  if (padding == Padding::none) return {};
  if (padding == Padding::scattered) return torch::rand({s.batch, s.length}).lt(0.6);
  // Real lengths from 0 on: some samples are padding throughout.
  return torch::arange(s.length).unsqueeze(0).lt(torch::randint(0, s.length + 1, {s.batch, 1}));
}

void run(const Shape& s, at::TensorOptions options, Padding padding, bool causal, int readout, int number) {
  const auto w = weights(s, options, number);
  auto x = torch::randn({s.batch, s.width, s.length}, options).transpose(1, 2).set_requires_grad(true);
  Maybe memory, memory_mask;
  if (s.memory) memory = torch::randn({s.batch, s.memory, s.width}, options).set_requires_grad(number % 2);
  if (s.memory && padding != Padding::none) memory_mask = torch::rand({s.batch, s.memory}).lt(0.5);
  const auto there = mask(padding, s);
  const auto embedded = embed().call(x, there, 3.0, 0.25, 1, number);
  const auto y = encoder().call(
      embedded, memory, there, memory_mask, w, torch::ones(s.width, options), Maybe(torch::zeros(s.width, options)),
      s.heads, causal, 0.1, 0.1, 0.1, readout, 5, number);
  check(y, "the output", s);
  y.sum().backward();
  check(x.grad(), "the gradient of the input", s);
  for (const auto& tensor : w) check(tensor.grad(), "a gradient of the weights", s);
}

}  // namespace

int main() {
  torch::manual_seed(0);
  int number = 0;
  for (auto type : {at::kFloat, at::kDouble}) {
    for (int threads : {1, 2}) {
      at::set_num_threads(threads);
      for (const auto& shape : shapes) {
        for (auto padding : {Padding::none, Padding::scattered, Padding::tails}) {
          for (bool causal : {false, true}) {
            for (int readout : {0, 1, -1}) {
              run(shape, at::TensorOptions().dtype(type), padding, causal, readout, number++);
            }
          }
        }
      }
    }
  }
  std::printf("%d cases, %d of them not finite\n", number, failures);
  return failures ? 1 : 0;
}
