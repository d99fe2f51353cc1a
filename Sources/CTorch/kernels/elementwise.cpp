// `polyphony::embed` (scaled input + sinusoidal positions, dropout) and `polyphony::dropout`.
#include <ATen/Parallel.h>
#include <ATen/ATen.h>
#include <torch/csrc/autograd/custom_function.h>

#include <map>
#include <mutex>

#include "operators.h"
#include "problem.h"
#include "threads.h"

namespace polyphony {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;
using OptionalTensor = std::optional<at::Tensor>;

/// Returns rows 0 … positions of the sinusoidal table. Row 0, for padding, is zero. The table is kept between calls.
template <class T>
std::shared_ptr<const std::vector<T>> position_table(int width, int64_t positions) {
  static std::mutex mutex;
  static std::map<int, std::shared_ptr<const std::vector<T>>> tables;
  const std::lock_guard lock(mutex);
  auto& table = tables[width];
  if (table && int64_t(table->size()) >= (positions + 1) * width) return table;
  auto grown = std::make_shared<std::vector<T>>((positions + 1) * width, T(0));
  const int half = width / 2;
  // Everything is in T: f32 models were trained with f32 angles, which at step 400 differ in the fifth digit.
  const T decay = half > 1 ? T(-std::log(10000.0) / (half - 1)) : T(0);
  for (int i = 0; i < half; ++i) {
    const T frequency = std::exp(T(i) * decay);
    for (int64_t t = 1; t <= positions; ++t) {
      (*grown)[t * width + i] = std::sin(T(t) * frequency);
      (*grown)[t * width + half + i] = std::cos(T(t) * frequency);
    }
  }
  return table = grown;
}

/// Calls `f(from, to)` on parts of [0, count) that begin at multiples of 128.
template <class F>
void in_chunks(int64_t count, F f) {
  const int64_t chunks = (count + 127) / 128;
  const int threads = count < 8192 ? 1 : at::get_num_threads();
  run_on_threads(threads, [&](int index, int of) {
    const int64_t from = chunks * index / of * 128, to = std::min(count, chunks * (index + 1) / of * 128);
    if (from < to) f(from, to);
  });
}

template <class T>
void drop(const T* x, T* y, int64_t from, int64_t to, double factor, const Dropout& dropout) {
  if (!dropout.active) {
    for (int64_t i = from; i < to; ++i) y[i] = x[i] * T(factor);
    return;
  }
  const auto kernel = kernels_of<T>().dropout;
  // A part of a batch may begin within a chunk. The elements before it belong to another part.
  if (const int64_t before = (dropout.first + from) % 128) {
    T chunk[128] = {};
    const int64_t end = std::min(to, from + 128 - before);
    std::copy(x + from, x + end, chunk + before);
    kernel(chunk, chunk, dropout.first + from - before, before + end - from, T(factor), dropout);
    std::copy(chunk + before, chunk + before + end - from, y + from);
    from = end;
  }
  if (from < to) kernel(x + from, y + from, dropout.first + from, to - from, T(factor), dropout);
}

template <class T>
void embed_into(const T* x, const std::vector<int32_t>& position, int width, T scale, const Dropout& dropout, T* y) {
  int32_t last = 0;
  for (int32_t p : position) last = std::max(last, p);
  const auto table = position_table<T>(width, last);
  in_chunks(int64_t(position.size()) * width, [&](int64_t from, int64_t to) {
    for (int64_t at = from; at < to;) {
      const int64_t row = at / width, end = std::min(to, (row + 1) * width);
      const T* const p = table->data() + int64_t(position[row]) * width - row * width;
      for (; at < end; ++at) y[at] = x[at] * scale + p[at];
    }
    if (dropout.active) drop(y, y, from, to, 1, dropout);
  });
}

/// Returns the 1-based number of each real step in its sample, and 0 for padding.
std::vector<int32_t> positions(const at::Tensor& x, const OptionalTensor& mask) {
  const int64_t batch = x.size(0), length = x.size(1);
  std::vector<int32_t> result(batch * length);
  const at::Tensor real = mask ? mask->contiguous() : at::Tensor();
  const bool* const m = mask ? real.const_data_ptr<bool>() : nullptr;
  for (int64_t b = 0; b < batch; ++b) {
    int32_t seen = 0;
    for (int64_t t = 0; t < length; ++t)
      if (!m || m[b * length + t]) result[b * length + t] = ++seen;
  }
  return result;
}

void check_input(const at::Tensor& x, double p, int64_t first, const char* name) {
  TORCH_CHECK(x.scalar_type() == at::kFloat || x.scalar_type() == at::kDouble, name,
              ": x must be float32 or float64, got ", x.scalar_type());
  TORCH_CHECK(p >= 0 && p < 1, name, ": dropout must be in [0, 1), got ", p);
  TORCH_CHECK(first >= 0, name, ": first must not be negative, got ", first);
}

Dropout elementwise(double p, int64_t seed, int64_t offset, int64_t first) {
  Dropout dropout(p, seed, offset, 0, Site::elementwise);
  dropout.first = first;
  return dropout;
}

at::Tensor embed_forward(const at::Tensor& x, const OptionalTensor& mask, double scale, const Dropout& dropout) {
  const at::Tensor input = x.contiguous(), y = at::empty_like(input);
  const std::vector<int32_t> position = positions(x, mask);
  const int width = int(x.size(2));
  AT_DISPATCH_FLOATING_TYPES(x.scalar_type(), "embed", [&] {
    embed_into<scalar_t>(input.const_data_ptr<scalar_t>(), position, width, scalar_t(scale), dropout,
                         y.mutable_data_ptr<scalar_t>());
  });
  return y;
}

/// Computes factor · dropout(x): dropout's forward pass, and the backward pass of both operators.
at::Tensor scaled_dropout(const at::Tensor& x, double factor, const Dropout& dropout) {
  const at::Tensor input = x.contiguous(), y = at::empty_like(input);
  AT_DISPATCH_FLOATING_TYPES(x.scalar_type(), "dropout", [&] {
    const scalar_t* const from = input.const_data_ptr<scalar_t>();
    scalar_t* const to = y.mutable_data_ptr<scalar_t>();
    in_chunks(input.numel(), [&](int64_t a, int64_t b) { drop(from, to, a, b, factor, dropout); });
  });
  return y;
}

struct SavedDropout : torch::CustomClassHolder {
  double factor = 1;
  Dropout dropout;
};

void save(AutogradContext* context, double factor, const Dropout& dropout) {
  auto saved = c10::make_intrusive<SavedDropout>();
  saved->factor = factor, saved->dropout = dropout;
  context->saved_data["dropout"] = c10::IValue::make_capsule(std::move(saved));
}

/// Dropout is linear in x. Its derivative is the operator itself and can be differentiated again.
struct DropoutFunction : torch::autograd::Function<DropoutFunction> {
  static at::Tensor forward(AutogradContext* context, const at::Tensor& x, double factor, const Dropout& dropout) {
    save(context, factor, dropout);
    return scaled_dropout(x, factor, dropout);
  }

  static variable_list backward(AutogradContext* context, variable_list gradients) {
    const auto capsule = context->saved_data["dropout"].toCapsule();
    const auto& saved = static_cast<const SavedDropout&>(*capsule);
    if (!gradients[0].defined()) return {at::Tensor(), at::Tensor(), at::Tensor()};
    return {DropoutFunction::apply(gradients[0], saved.factor, saved.dropout), at::Tensor(), at::Tensor()};
  }
};

struct EmbedFunction : torch::autograd::Function<EmbedFunction> {
  static at::Tensor forward(AutogradContext* context, const at::Tensor& x, const OptionalTensor& mask, double scale,
                            const Dropout& dropout) {
    save(context, scale, dropout);
    return embed_forward(x, mask, scale, dropout);
  }

  static variable_list backward(AutogradContext* context, variable_list gradients) {
    const auto capsule = context->saved_data["dropout"].toCapsule();
    const auto& saved = static_cast<const SavedDropout&>(*capsule);
    variable_list result(4);
    if (gradients[0].defined()) result[0] = DropoutFunction::apply(gradients[0], saved.factor, saved.dropout);
    return result;
  }
};

bool records(const at::Tensor& x) { return at::GradMode::is_enabled() && x.requires_grad(); }

template <bool Autograd>
at::Tensor embed(const at::Tensor& x, const OptionalTensor& mask, double scale, double p, int64_t seed, int64_t offset,
                 int64_t first) {
  TORCH_CHECK(x.dim() == 3, "embed: x must be [batch, length, width], got ", x.sizes());
  check_input(x, p, first, "embed");
  const OptionalTensor real = mask && mask->defined() ? mask : std::nullopt;
  TORCH_CHECK(!real || (real->scalar_type() == at::kBool && real->sizes() == x.sizes().slice(0, 2)),
              "embed: mask must be a bool tensor ", x.sizes().slice(0, 2));
  const Dropout dropout = elementwise(p, seed, offset, first);
  if (Autograd && records(x)) return EmbedFunction::apply(x, real, scale, dropout);
  return embed_forward(x, real, scale, dropout);
}

template <bool Autograd>
at::Tensor dropout(const at::Tensor& x, double p, int64_t seed, int64_t offset, int64_t first) {
  check_input(x, p, first, "dropout");
  const Dropout dropout = elementwise(p, seed, offset, first);
  if (!dropout.active) return x.clone();
  if (Autograd && records(x)) return DropoutFunction::apply(x, 1.0, dropout);
  return scaled_dropout(x, 1, dropout);
}

}  // namespace

void register_elementwise(torch::Library& library, bool autograd) {
  if (autograd) {
    library.impl("embed", TORCH_FN(embed<true>));
    library.impl("dropout", TORCH_FN(dropout<true>));
  } else {
    library.impl("embed", TORCH_FN(embed<false>));
    library.impl("dropout", TORCH_FN(dropout<false>));
  }
}

}  // namespace polyphony
