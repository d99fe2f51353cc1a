// F = Σ_k Σ_j ⊙_m P_m with P_m = left_m · right_m, without keeping any P_m.
//
// P_m has token ranks · steps · feature ranks · width elements per sample, many times the size of inputs and output. So
// the samples are split into pieces that fit the cache, and also the token ranks if one sample is too large. The
// backward pass computes the pieces again. Memory does not grow with batch · ranks. The added work is the products of
// the forward pass.
#include <ATen/ATen.h>
#include <torch/csrc/autograd/custom_function.h>
#include <torch/library.h>

#include <vector>

namespace {

using at::Tensor;
using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

/// The ranks, and the number of elements of a factor in one piece.
struct Form {
  int64_t token_ranks, feature_ranks, elements;
};

/// A piece: samples `start` to `end` and token ranks `first` to `last`.
struct Piece {
  int64_t start, end, first, last;
};

struct Operands {
  variable_list left, right;
  std::vector<std::optional<Tensor>> present;
  Form form;
  int64_t samples, steps, width;

  Operands(const variable_list &both, std::vector<std::optional<Tensor>> present, Form form)
      : left(both.begin(), both.begin() + both.size() / 2), right(both.begin() + both.size() / 2, both.end()),
        present(std::move(present)), form(form) {
    samples = left[0].dim() == 3 ? left[0].size(0) : right[0].size(0);
    steps = left[0].size(-2) / form.token_ranks;
    width = right[0].size(-1) / form.feature_ranks;
  }

  size_t count() const { return left.size(); }

  std::vector<Piece> pieces() const {
    int64_t rank = steps * form.feature_ranks * width;
    int64_t ranks = std::clamp<int64_t>(form.elements / std::max<int64_t>(1, rank), 1, form.token_ranks);
    int64_t batch = std::max<int64_t>(1, form.elements / std::max<int64_t>(1, rank * ranks));
    std::vector<Piece> result;
    for (int64_t start = 0; start < samples; start += batch) {
      for (int64_t first = 0; first < form.token_ranks; first += ranks) {
        result.push_back({start, std::min(samples, start + batch), first, std::min(form.token_ranks, first + ranks)});
      }
    }
    return result;
  }

  /// Returns the part of an operand, or of its gradient, that belongs to a piece, as a view.
  Tensor left_part(const Tensor &x, const Piece &p) const {
    auto rows = x.narrow(-2, p.first * steps, (p.last - p.first) * steps);
    return x.dim() == 3 ? rows.slice(0, p.start, p.end) : rows;
  }
  Tensor right_part(const Tensor &x, const Piece &p) const { return x.dim() == 3 ? x.slice(0, p.start, p.end) : x; }

  /// Returns `[b, 1, 1]`, true for absent modalities. It is undefined if the modality is always present.
  Tensor absent(size_t m, const Piece &p) const {
    if (!present[m] || !present[m]->defined()) return {};
    return present[m]->slice(0, p.start, p.end).logical_not().view({-1, 1, 1});
  }

  /// Returns P_m of a piece, `[b, ranks · steps, feature ranks · width]`, which is 1 for an absent modality.
  Tensor factor(size_t m, const Piece &p) const {
    auto product = at::matmul(left_part(left[m], p), right_part(right[m], p));
    if (auto flags = absent(m, p); flags.defined()) product.masked_fill_(flags, 1);
    return product;
  }

  /// Returns a piece's factors as `[b, ranks, steps, feature ranks, width]`.
  Tensor spread(const Tensor &x, const Piece &p) const {
    return x.view({p.end - p.start, p.last - p.first, steps, form.feature_ranks, width});
  }
};

struct RankProducts : torch::autograd::Function<RankProducts> {
  static Tensor forward(AutogradContext *context, at::TensorList tensors,
                        const std::vector<std::optional<Tensor>> &present, Form form) {
    context->save_for_backward(tensors.vec());
    c10::List<std::optional<Tensor>> flags;
    for (auto &each : present) flags.push_back(each);
    context->saved_data["present"] = flags;
    context->saved_data["form"] = std::vector<int64_t>{form.token_ranks, form.feature_ranks, form.elements};
    Operands operands(tensors.vec(), present, form);
    auto result = at::zeros({operands.samples, operands.steps, operands.width}, tensors[0].options());
    for (auto &piece : operands.pieces()) {
      auto product = operands.factor(0, piece);
      for (size_t m = 1; m < operands.count(); m++) product.mul_(operands.factor(m, piece));
      result.slice(0, piece.start, piece.end).add_(operands.spread(product, piece).sum({1, 3}));
    }
    return result;
  }

  static variable_list backward(AutogradContext *context, const variable_list &outputs) {
    auto tensors = context->get_saved_variables();
    auto numbers = context->saved_data["form"].toIntVector();
    std::vector<std::optional<Tensor>> present;
    for (auto each : context->saved_data["present"].to<c10::List<std::optional<Tensor>>>()) {
      present.push_back(static_cast<std::optional<Tensor>>(each));
    }
    Operands operands(tensors, present, {numbers[0], numbers[1], numbers[2]});
    variable_list gradients;
    for (auto &tensor : tensors) gradients.push_back(at::zeros_like(tensor));
    for (auto &piece : operands.pieces()) add_gradients(operands, piece, outputs[0], gradients);
    // The presence and form arguments have no gradients.
    gradients.resize(gradients.size() + 2);
    return gradients;
  }

  /// Adds the gradients of a piece. ∂F/∂P_m is the product of the factors before m times the product of those after it,
  /// M products each way.
  static void add_gradients(const Operands &operands, const Piece &piece, const Tensor &seed, variable_list &gradients) {
    size_t count = operands.count();
    std::vector<Tensor> factors, after(count);
    for (size_t m = 0; m < count; m++) factors.push_back(operands.factor(m, piece));
    for (size_t m = count - 1; m > 0; m--) {
      after[m - 1] = m + 1 < count ? at::mul(after[m], factors[m]) : factors[m];
    }
    int64_t b = piece.end - piece.start;
    auto outer = seed.slice(0, piece.start, piece.end).reshape({b, 1, operands.steps, 1, operands.width});
    Tensor before;  // undefined for the first modality
    for (size_t m = 0; m < count; m++) {
      auto others = !after[m].defined() ? before : before.defined() ? at::mul(before, after[m]) : after[m];
      auto slope = others.defined() ? at::mul(operands.spread(others, piece), outer)
                                    : outer.expand({b, piece.last - piece.first, operands.steps,
                                                    operands.form.feature_ranks, operands.width});
      slope = slope.reshape({b, factors[m].size(1), factors[m].size(2)});
      if (auto flags = operands.absent(m, piece); flags.defined()) slope = slope.masked_fill(flags, 0);
      auto left = operands.left_part(operands.left[m], piece), right = operands.right_part(operands.right[m], piece);
      auto left_gradient = at::matmul(slope, right.transpose(-2, -1));
      operands.left_part(gradients[m], piece).add_(left.dim() == 3 ? left_gradient : left_gradient.sum(0));
      operands.right_part(gradients[count + m], piece)
          .add_(right.dim() == 3 ? at::matmul(left.transpose(-2, -1), slope)
                                 : at::matmul(left.flatten(0, 1).t(), slope.flatten(0, 1)));
      if (m + 1 < count) before = before.defined() ? at::mul(before, factors[m]) : factors[m];
    }
  }
};

Tensor rank_products(std::vector<Tensor> left, std::vector<Tensor> right, c10::List<std::optional<Tensor>> present,
                     int64_t token_ranks, int64_t feature_ranks, int64_t elements) {
  TORCH_CHECK(!left.empty() && left.size() == right.size() && left.size() == present.size(),
              "as many left operands, right operands and presence flags are needed");
  left.insert(left.end(), right.begin(), right.end());
  std::vector<std::optional<Tensor>> flags;
  for (auto each : present) flags.push_back(static_cast<std::optional<Tensor>>(each));
  // Autograd searches only a TensorList for tensors that take part in gradients.
  return RankProducts::apply(at::TensorList(left), flags, Form{token_ranks, feature_ranks, elements});
}

}  // namespace

TORCH_LIBRARY_FRAGMENT(polyphony, m) {
  m.def(
      "rank_products(Tensor[] left, Tensor[] right, Tensor?[] present, int token_ranks, int feature_ranks, "
      "int elements) -> Tensor",
      &rank_products);
}
