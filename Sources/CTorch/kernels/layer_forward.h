// The forward pass of one encoder layer on one group of samples.
#pragma once

#include "attention.h"
#include "tiles.h"

namespace polyphony::POLYPHONY_ISA {

/// One layer's work on a group.
template <class T>
struct LayerView {
  const Call<T>& call;
  const Layer<T>& layer;
  Steps queries, keys;
  bool same;          // keys and values come from the queries' own sequence, step by step
  const T* source;    // feature-major source of keys and values (x if `same`)
  Activations<T> act;
  int samples;
};

template <class T>
AttentionHead<T> attention_head(const LayerView<T>& l, int sample, int head) {
  const int64_t first_row = int64_t(head) * l.call.head_width;
  const int q0 = l.queries.start[sample], k0 = l.keys.start[sample];
  AttentionHead<T> a;
  a.head_width = l.call.head_width;
  a.queries = l.queries.start[sample + 1] - q0;
  a.keys = l.keys.start[sample + 1] - k0;
  a.q_stride = l.queries.stride;
  a.k_stride = l.keys.stride;
  a.q = l.act.q + first_row * a.q_stride + q0;
  a.k = l.act.k + first_row * a.k_stride + k0;
  a.v = l.act.v + first_row * a.k_stride + k0;
  a.out = l.act.attended + first_row * a.q_stride + q0;
  a.peak = l.act.peak + int64_t(head) * a.q_stride + q0;
  a.inverse = l.act.inverse + int64_t(head) * a.q_stride + q0;
  a.rank = l.queries.rank + q0;
  a.visible = l.queries.visible + q0;
  a.sample = a.queries > 0 ? l.queries.sample[q0] : 0;
  a.head = uint32_t(head);
  a.key_norm = 0;
  a.scratch = nullptr;
  return a;
}

/// Returns the factor of q for scores in powers of two.
template <class T>
T query_scale(int head_width) {
  return T(1.44269504088896340736 / std::sqrt(double(head_width)));
}

template <class T>
void layer_forward(const LayerView<T>& l, const Member& member, Scratch<T> scratch) {
  const Call<T>& c = l.call;
  const int d = c.width, F = c.hidden;
  const T* const* w = l.layer.parameter;
  const ptrdiff_t nq = l.queries.stride, nk = l.keys.stride;
  const Activations<T>& act = l.act;
  const Tile<T> tile{scratch.take(int64_t(d) * tile_steps), tile_steps};
  const Matrix<T> in{w[in_weight], d, 1}, out{w[out_weight], d, 1}, fc1{w[fc1_weight], d, 1}, fc2{w[fc2_weight], F, 1};
  const Tile<const T> read{tile.at, tile.stride};

  auto keys_and_values = [&](int t, int n) {
    product<T>(in.rows_from(d), d, d, read, n, {act.k + t, nk}, w[in_bias] + d);
    product<T>(in.rows_from(2 * d), d, d, read, n, {act.v + t, nk}, w[in_bias] + 2 * d);
  };
  each_tile(l.queries, member, [&](int t, int n) {
    normalise<T>({act.x + t, nq}, d, n, w[norm0_weight], w[norm0_bias], tile);
    product<T>(in, d, d, read, n, {act.q + t, nq}, w[in_bias], query_scale<T>(c.head_width));
    if (l.same) keys_and_values(t, n);
    // Attention writes real steps only, but later products read whole tiles.
    for (int row = 0; row < d; ++row)
      for (int i = std::max(t, l.queries.count); i < t + n; ++i) act.attended[row * nq + i] = 0;
  });
  if (!l.same)
    each_tile(l.keys, member, [&](int t, int n) {
      normalise<T>({l.source + t, nk}, d, n, w[norm0_weight], w[norm0_bias], tile);
      keys_and_values(t, n);
    });
  member.wait();

  T* const attention_scratch = scratch.take(int64_t(c.head_width) * lanes<T>);
  each_head(l.samples, c.heads, member, [&](int sample, int head) {
    AttentionHead<T> a = attention_head(l, sample, head);
    if (a.queries == 0) return;
    a.key_norm = largest_key_norm(a.k, a.k_stride, a.head_width, a.keys);
    a.scratch = attention_scratch;
    attend(a, l.layer.attention, c.causal);
  });
  member.wait();

  each_tile(l.queries, member, [&](int t, int n) {
    product<T>(out, d, d, {act.attended + t, nq}, n, tile, w[out_bias]);
    dropout_tile<T>(l.layer.after_attention, l.queries, t, n, d, read, act.x + t, nq, {act.middle + t, nq});
    normalise<T>({act.middle + t, nq}, d, n, w[norm1_weight], w[norm1_bias], tile);
    product<T>(fc1, F, d, read, n, {act.hidden + t, nq}, w[fc1_bias]);
    relu_dropout_tile<T>(l.layer.relu, l.queries, t, n, F, {act.hidden + t, nq});
    product<T>(fc2, d, F, {act.hidden + t, nq}, n, tile, w[fc2_bias]);
    dropout_tile<T>(l.layer.after_feedforward, l.queries, t, n, d, read, act.middle + t, nq, {act.out + t, nq});
  });
}

}  // namespace polyphony::POLYPHONY_ISA
