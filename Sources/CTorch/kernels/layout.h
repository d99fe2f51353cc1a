// The layout of the buffers of a call.
#pragma once

#include <algorithm>

#include "problem.h"

namespace polyphony {

constexpr int tile_steps = 32;

inline int64_t whole_lines(int64_t n) { return (n + 15) / 16 * 16; }

/// The activations that one layer keeps for a group, all feature-major.
template <class T>
struct Activations {
  T *x;           // [width] input, query side (the previous layer's `out`, or gathered for a readout)
  T *q, *k, *v;   // [width] each; q is scaled by log₂e/√d_head, so that softmax uses powers of two
  T *attended;    // [width] attention output before the output projection
  T *peak;        // [heads] the number subtracted from the scores
  T *inverse;     // [heads] one over the sum of their powers
  T *middle;      // [width] after the attention block
  T *hidden;      // [hidden] after relu and dropout; a zero means no gradient, so no mask is drawn again
  T *out;         // [width]
};

/// The offsets in the saved buffer.
class SavedLayout {
 public:
  template <class T>
  explicit SavedLayout(const Call<T>& c)
      : plan(*c.plan), width(c.width), hidden(c.hidden), heads(c.heads), layers(int(c.layers.size())),
        keep(c.keep) {
    int64_t at = 0;
    for (size_t g = 0; g < plan.groups.size(); ++g) {
      base.push_back(at);
      const int64_t size = group_size(int(g));
      at += size;
      largest = std::max(largest, size);
    }
    total = keep ? at : largest * plan.teams;
  }

  int64_t size() const { return total; }

  bool reads(int layer) const { return layer == layers - 1 && plan.readout != Readout::all; }

  Steps queries(int group, int layer) const { return (reads(layer) ? plan.reads : plan.queries).group(group); }
  Steps keys(int group) const { return (plan.cross ? plan.keys : plan.queries).group(group); }

  template <class T>
  T* group(T* saved, int g, int team) const { return saved + (keep ? base[g] : largest * team); }

  /// Returns the encoder's input, or in cross-attention the source sequence of keys and values.
  template <class T>
  T* input(T* at) const { return at; }
  template <class T>
  T* source(T* at, int g) const { return at + int64_t(width) * plan.queries.group(g).stride; }

  template <class T>
  Activations<T> layer(T* at, int g, int layer) const {
    T* const first = source(at, g) + (plan.cross ? int64_t(width) * plan.keys.group(g).stride : 0);
    T* const mine = first + (keep ? layer_size(g, 0) * layer : 0);
    const int64_t nq = queries(g, layer).stride, nk = keys(g).stride;
    Activations<T> a;
    T* p = mine;
    auto take = [&](int64_t n) { T* r = p; p += n; return r; };
    a.q = take(width * nq);
    a.k = take(width * nk);
    a.v = take(width * nk);
    a.attended = take(width * nq);
    a.peak = take(heads * nq);
    a.inverse = take(heads * nq);
    a.middle = take(width * nq);
    a.hidden = take(hidden * nq);
    a.out = take(width * nq);
    if (reads(layer)) {
      a.x = take(width * nq);
    } else {
      a.x = layer == 0 ? input(at) : this->layer(at, g, layer - 1).out;
    }
    // Without keeping, all layers share one place. The last layer is shorter and must not overwrite its own input.
    if (reads(layer) && !keep && layer > 0) a = shifted(a, layer_size(g, 0));
    return a;
  }

 private:
  template <class T>
  static Activations<T> shifted(Activations<T> a, int64_t by) {
    return {a.x + by, a.q + by, a.k + by, a.v + by, a.attended + by, a.peak + by, a.inverse + by,
            a.middle + by, a.hidden + by, a.out + by};
  }

  int64_t layer_size(int g, int layer) const {
    const int64_t nq = queries(g, layer).stride, nk = keys(g).stride;
    return (4 * int64_t(width) + 2 * heads + hidden) * nq + 2 * int64_t(width) * nk + (reads(layer) ? width * nq : 0);
  }

  int64_t group_size(int g) const {
    const int64_t inputs = int64_t(width) * (plan.queries.group(g).stride + (plan.cross ? plan.keys.group(g).stride : 0));
    const int64_t full = layer_size(g, 0), last = layer_size(g, layers - 1);
    return inputs + (keep ? full * (layers - 1) + last : full + last);
  }

  const Plan& plan;
  int width, hidden, heads, layers;
  bool keep;
  std::vector<int64_t> base;
  int64_t largest = 0, total = 0;
};

/// One thread's partial gradients of one layer. Weight gradients have the longer side along lanes. Biases and
/// LayerNorms have one vector of partial sums per number.
template <class T>
struct PartialGradients {
  T *in_q, *in_kv, *out, *fc1, *fc2;  // [width] rows of width, 2·width, width, hidden, hidden (padded)
  T *in_bias, *out_bias, *fc1_bias, *fc2_bias, *norm0, *norm1;

  static int64_t size(int width, int hidden) {
    return width * (2 * whole_lines(width) + whole_lines(2 * width) + 2 * whole_lines(hidden)) +
           16 * int64_t(9 * width + hidden);
  }

  PartialGradients(T* p, int width, int hidden, int lanes) {
    auto padded = [&](int n) { return int64_t(n + lanes - 1) / lanes * lanes; };
    auto take = [&](int64_t n) { T* r = p; p += n; return r; };
    in_q = take(width * padded(width));
    in_kv = take(width * padded(2 * width));
    out = take(width * padded(width));
    fc1 = take(width * padded(hidden));
    fc2 = take(width * padded(hidden));
    in_bias = take(3 * width * lanes);
    out_bias = take(width * lanes);
    fc1_bias = take(hidden * lanes);
    fc2_bias = take(width * lanes);
    norm0 = take(2 * width * lanes);
    norm1 = take(2 * width * lanes);
  }
};

/// Returns how many numbers of scratch a thread needs.
template <class T>
int64_t thread_scratch(const Call<T>& c) {
  const int64_t wide = whole_lines(std::max(c.hidden, 3 * c.width));
  const int64_t tiles = tile_steps * (4 * whole_lines(c.width) + 2 * wide);
  const int64_t attention = c.head_width * (6 * int64_t(c.plan->longest + 32) + 64) + 2 * (c.plan->longest + 32);
  return whole_lines(tiles + attention + 1024);
}

/// Returns how many numbers of scratch a team shares in the backward pass.
template <class T>
int64_t team_scratch(const Call<T>& c) {
  return whole_lines(8 * int64_t(c.width) * c.plan->longest);
}

}  // namespace polyphony
