// The backward pass of one encoder layer on one group of samples.
#pragma once

#include "attention_backward.h"
#include "layer_forward.h"

namespace polyphony::POLYPHONY_ISA {

/// The gradients that flow between layers and between the phases of one layer, feature-major and shared by a team.
template <class T>
struct Flow {
  T* dx;         // [width] in: gradient of the layer's output; out: of its input (query side)
  T* dsource;    // [width] += gradient of the source of keys and values; unused if `same`
  T* dattended;  // [width]
  T *dq, *dk, *dv;  // [width] each
  bool want_x, want_source;  // the lower layers or the source need a gradient
};

template <class T>
class LayerBackward {
 public:
  LayerBackward(const LayerView<T>& l, const Flow<T>& flow, const PartialGradients<T>& sums, const Member& member,
                Scratch<T> scratch)
      : l(l), c(l.call), act(l.act), flow(flow), sums(sums), member(member), w(l.layer.parameter), d(c.width),
        F(c.hidden), nq(l.queries.stride), nk(l.keys.stride), normal{scratch.take(int64_t(d) * tile_steps), tile_steps},
        wide{scratch.take(int64_t(F) * tile_steps), tile_steps}, narrow{scratch.take(int64_t(d) * tile_steps), tile_steps},
        turned(scratch.take((std::max(F, 2 * d) + 16) * int64_t(tile_steps))), rest(scratch) {}

  void run() {
    each_tile(l.queries, member, [&](int t, int n) { feedforward(t, n), output_projection(t, n); });
    member.wait();
    each_head(l.samples, c.heads, member, [&](int sample, int head) { attention(sample, head); });
    member.wait();
    each_tile(l.queries, member, [&](int t, int n) {
      if (l.same) {
        clear_padding(l.queries, t, n, {flow.dq, flow.dk, flow.dv}, nq);
      } else {
        clear_padding(l.queries, t, n, {flow.dq}, nq);
      }
      input_projection(t, n, l.same ? 3 : 1);
    });
    if (!l.same)
      each_tile(l.keys, member, [&](int t, int n) {
        clear_padding(l.keys, t, n, {flow.dk, flow.dv}, nk);
        source_projection(t, n);
      });
  }

 private:
  const LayerView<T>& l;
  const Call<T>& c;
  const Activations<T>& act;
  const Flow<T>& flow;
  const PartialGradients<T>& sums;
  const Member& member;
  const T* const* w;
  const int d, F;
  const ptrdiff_t nq, nk;
  const Tile<T> normal, wide, narrow;
  T* const turned;
  const Scratch<T> rest;

  static Tile<const T> read(Tile<T> t) { return {t.at, t.stride}; }
  static ptrdiff_t padded(int n) { return (n + lanes<T> - 1) / lanes<T> * lanes<T>; }

  /// gradient[row][lane] += rows · lanesᵀ over the tile.
  void weight_gradient(Tile<const T> rows, int row_count, Tile<const T> along, int lane_count, int n, T* to) {
    turn_to_step_major<T>(along, lane_count, n, turned, padded(lane_count));
    add_gradient<T>(rows, row_count, turned, padded(lane_count), n, to);
  }

  /// Passes the feed-forward block. `dx` becomes the gradient after the attention block.
  void feedforward(int t, int n) {
    const Tile<T> dx{flow.dx + t, nq};
    const Tile<const T> hidden{act.hidden + t, nq};
    dropout_tile<T>(l.layer.after_feedforward, l.queries, t, n, d, read(dx), nullptr, 0, narrow);
    if (l.layer.gradient[fc2_weight]) weight_gradient(read(narrow), d, hidden, F, n, sums.fc2);
    if (l.layer.gradient[fc2_bias]) add_row_sums<T>(read(narrow), d, n, sums.fc2_bias);
    product<T>({w[fc2_weight], 1, F}, F, d, read(narrow), n, wide);
    constexpr int W = lanes<T>;
    const T scale = T(l.layer.relu.scale);
    for (int row = 0; row < F; ++row)
      for (int i = 0; i < n; i += W) {
        T* at = wide.at + row * wide.stride + i;
        store<W>(at, select<T, W>(load<W>(hidden.at + row * nq + i) > T(0), load<W>(at)) * scale);
      }
    if (l.layer.gradient[fc1_bias]) add_row_sums<T>(read(wide), F, n, sums.fc1_bias);
    if (l.layer.gradient[fc1_weight]) {
      normalise<T>({act.middle + t, nq}, d, n, w[norm1_weight], w[norm1_bias], normal);
      weight_gradient(read(normal), d, read(wide), F, n, sums.fc1);
    }
    product<T>({w[fc1_weight], 1, d}, d, F, read(wide), n, narrow);
    normalise_backward<T>({act.middle + t, nq}, d, n, w[norm1_weight], read(narrow), dx,
                          l.layer.trains(norm1_weight) ? sums.norm1 : nullptr);
  }

  void output_projection(int t, int n) {
    dropout_tile<T>(l.layer.after_attention, l.queries, t, n, d, {flow.dx + t, nq}, nullptr, 0, narrow);
    if (l.layer.gradient[out_weight]) weight_gradient(read(narrow), d, {act.attended + t, nq}, d, n, sums.out);
    if (l.layer.gradient[out_bias]) add_row_sums<T>(read(narrow), d, n, sums.out_bias);
    product<T>({w[out_weight], 1, d}, d, d, read(narrow), n, {flow.dattended + t, nq});
  }

  void attention(int sample, int head) {
    AttentionHeadGradient<T> g;
    g.a = attention_head(l, sample, head);
    const int64_t q_at = g.a.q - act.q, k_at = g.a.k - act.k;
    g.attended = act.attended + q_at;
    g.dout = flow.dattended + q_at;
    g.dq = flow.dq + q_at;
    g.dk = flow.dk + k_at;
    g.dv = flow.dv + k_at;
    g.scratch = Scratch<T>(rest).take(0);
    attend_backward(g, l.layer.attention, c.causal);
  }

  void clear_padding(const Steps& steps, int t, int n, std::initializer_list<T*> rows, ptrdiff_t stride) {
    for (T* at : rows)
      for (int row = 0; row < d; ++row)
        for (int i = std::max(t, steps.count); i < t + n; ++i) at[row * stride + i] = 0;
  }

  /// Passes q into the layer's input. If keys and values share that input, it passes all three.
  void input_projection(int t, int n, int parts) {
    const Tile<const T> x{act.x + t, nq}, dq{flow.dq + t, nq};
    if (l.layer.gradient[in_bias]) {
      add_row_sums<T>(dq, d, n, sums.in_bias);
      if (parts == 3) add_row_sums<T>({flow.dk + t, nk}, 2 * d, n, sums.in_bias + d * lanes<T>);
    }
    if (l.layer.gradient[in_weight]) {
      normalise<T>(x, d, n, w[norm0_weight], w[norm0_bias], normal);
      weight_gradient(read(normal), d, dq, d, n, sums.in_q);
      if (parts == 3) weight_gradient(read(normal), d, {flow.dk + t, nk}, 2 * d, n, sums.in_kv);
    }
    if (!flow.want_x && !l.layer.trains(norm0_weight)) return;
    product<T>({w[in_weight], 1, d}, d, parts * d, dq, n, narrow);
    normalise_backward<T>(x, d, n, w[norm0_weight], read(narrow), {flow.dx + t, nq},
                          l.layer.trains(norm0_weight) ? sums.norm0 : nullptr);
  }

  void source_projection(int t, int n) {
    const Tile<const T> x{l.source + t, nk}, dkv{flow.dk + t, nk};
    if (l.layer.gradient[in_bias]) add_row_sums<T>(dkv, 2 * d, n, sums.in_bias + d * lanes<T>);
    if (l.layer.gradient[in_weight]) {
      normalise<T>(x, d, n, w[norm0_weight], w[norm0_bias], normal);
      weight_gradient(read(normal), d, dkv, 2 * d, n, sums.in_kv);
    }
    if (!flow.want_source && !l.layer.trains(norm0_weight)) return;
    product<T>({w[in_weight] + int64_t(d) * d, 1, d}, d, 2 * d, dkv, n, narrow);
    normalise_backward<T>(x, d, n, w[norm0_weight], read(narrow), {flow.dsource + t, nk},
                          l.layer.trains(norm0_weight) ? sums.norm0 : nullptr);
  }
};

}  // namespace polyphony::POLYPHONY_ISA
