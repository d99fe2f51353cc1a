// A whole encoder on one thread's share of a batch. A group of samples passes all layers while it is in the cache.
#pragma once

#include "layer_backward.h"

namespace polyphony::POLYPHONY_ISA {

template <class T>
LayerView<T> layer_view(const Call<T>& c, const SavedLayout& layout, T* at, int g, int layer) {
  const bool reads = layout.reads(layer);
  LayerView<T> l{c, c.layers[layer], layout.queries(g, layer), layout.keys(g), !c.plan->cross && !reads, nullptr,
                 layout.layer<T>(at, g, layer), c.plan->groups[g].samples};
  if (c.plan->cross)
    l.source = layout.source(at, g);
  else if (reads)
    l.source = layer == 0 ? layout.input(at) : layout.layer<T>(at, g, layer - 1).out;
  else
    l.source = l.act.x;
  return l;
}

/// Calls `f(column among the reads, column among all queries)` for each read step of this member's tiles.
template <class F>
void each_read(const Steps& reads, const Steps& queries, int samples, const Member& member, F f) {
  each_tile(reads, member, [&](int t, int n) {
    for (int s = 0; s < samples; ++s) {
      const int r = reads.start[s];
      if (r == reads.start[s + 1] || r < t || r >= t + n) continue;
      f(r, queries.start[s] + int(reads.rank[r]));
    }
  });
}

template <class T>
void encoder_forward(const Call<T>& c, const Member& member) {
  const Plan& plan = *c.plan;
  const SavedLayout layout(c);
  const int d = c.width, count = int(c.layers.size());
  for (int g = plan.team_groups[member.team]; g < plan.team_groups[member.team + 1]; ++g) {
    T* const at = layout.group(c.saved, g, member.team);
    const Steps queries = plan.queries.group(g), keys = layout.keys(g);
    T* const x = layout.input(at);
    each_tile(queries, member, [&](int t, int n) { gather_tile(c.x, d, queries, t, n, {x + t, queries.stride}); });
    if (plan.cross) {
      T* const source = layout.source(at, g);
      each_tile(keys, member, [&](int t, int n) { gather_tile(c.source, d, keys, t, n, {source + t, keys.stride}); });
    }
    for (int layer = 0; layer < count; ++layer) {
      const LayerView<T> l = layer_view(c, layout, at, g, layer);
      if (layout.reads(layer)) {
        const T* before = layer == 0 ? x : layout.template layer<T>(at, g, layer - 1).out;
        const ptrdiff_t stride = l.queries.stride;
        each_tile(l.queries, member, [&](int t, int n) {
          for (int row = 0; row < d; ++row)
            for (int i = t; i < t + n; ++i) l.act.x[row * stride + i] = 0;
        });
        member.wait();
        each_read(l.queries, queries, l.samples, member, [&](int to, int from) {
          for (int row = 0; row < d; ++row) l.act.x[row * stride + to] = before[row * queries.stride + from];
        });
      }
      layer_forward(l, member, Scratch<T>(c.thread_space + member.thread * c.thread_stride));
    }
    const Steps last = layout.queries(g, count - 1);
    const T* out = layout.template layer<T>(at, g, count - 1).out;
    const Tile<T> tile{c.thread_space + member.thread * c.thread_stride, tile_steps};
    each_tile(last, member, [&](int t, int n) {
      Tile<const T> result{out + t, last.stride};
      if (c.final_weight) {
        normalise<T>(result, d, n, c.final_weight, c.final_bias, tile);
        result = {tile.at, tile.stride};
      }
      scatter_tile(result, d, last, t, n, c.y);
    });
    member.wait();
  }
}

template <class T>
PartialGradients<T> partial_gradients(const Call<T>& c, int thread, int layer) {
  return {c.partial + thread * c.partial_stride + layer * PartialGradients<T>::size(c.width, c.hidden), c.width,
          c.hidden, lanes<T>};
}

template <class T>
T* final_sums(const Call<T>& c, int thread) {
  return c.partial + thread * c.partial_stride + c.layers.size() * PartialGradients<T>::size(c.width, c.hidden);
}

template <class T>
void encoder_backward(const Call<T>& c, const Member& member) {
  const Plan& plan = *c.plan;
  const SavedLayout layout(c);
  const int d = c.width, count = int(c.layers.size());
  std::fill_n(c.partial + member.thread * c.partial_stride, c.partial_stride, T(0));
  const Scratch<T> scratch(c.thread_space + member.thread * c.thread_stride);
  for (int g = plan.team_groups[member.team]; g < plan.team_groups[member.team + 1]; ++g) {
    T* const at = layout.group(c.saved, g, member.team);
    const Steps queries = plan.queries.group(g), keys = layout.keys(g), last = layout.queries(g, count - 1);
    const bool reads = layout.reads(count - 1);
    T* space = c.team_space + member.team * c.team_stride;
    auto take = [&](const Steps& s) { T* p = space; space += int64_t(d) * s.stride; return p; };
    auto clear = [&](T* p, const Steps& s) {
      each_tile(s, member, [&](int t, int n) {
        for (int row = 0; row < d; ++row) std::fill_n(p + row * int64_t(s.stride) + t, n, T(0));
      });
    };
    T* const dx = take(queries);
    T* const dread = reads ? take(last) : dx;
    T* const dsource = plan.cross ? take(keys) : nullptr;
    T* const dattended = take(queries);
    T* const projections = space;
    if (reads) clear(dx, queries);
    if (plan.cross) clear(dsource, keys);

    const T* out = layout.template layer<T>(at, g, count - 1).out;
    each_tile(last, member, [&](int t, int n) {
      const Tile<T> to{dread + t, last.stride};
      if (!c.final_weight) return gather_tile(c.dy, d, last, t, n, to);
      const Tile<T> dy{Scratch<T>(scratch).take(int64_t(d) * tile_steps), tile_steps};
      gather_tile(c.dy, d, last, t, n, dy);
      for (int row = 0; row < d; ++row) std::fill_n(to.at + row * to.stride, n, T(0));
      const bool trains = c.final_weight_gradient || c.final_bias_gradient;
      normalise_backward<T>({out + t, last.stride}, d, n, c.final_weight, {dy.at, dy.stride}, to,
                            trains ? final_sums(c, member.thread) : nullptr);
    });

    for (int layer = count - 1; layer >= c.lowest; --layer) {
      const LayerView<T> l = layer_view(c, layout, at, g, layer);
      const bool gathered = layout.reads(layer);
      Flow<T> flow;
      flow.dx = gathered ? dread : dx;
      flow.dattended = dattended;
      flow.dq = projections;
      flow.dk = flow.dq + int64_t(d) * l.queries.stride;
      flow.dv = flow.dk + int64_t(d) * l.keys.stride;
      flow.want_x = layer > c.lowest || c.dx;
      flow.dsource = plan.cross ? dsource : dx;
      flow.want_source = plan.cross ? c.dsource != nullptr : flow.want_x;
      LayerBackward<T>(l, flow, partial_gradients(c, member.thread, layer), member, scratch).run();
      if (gathered) {
        member.wait();
        each_read(l.queries, queries, l.samples, member, [&](int from, int to) {
          for (int row = 0; row < d; ++row) dx[row * int64_t(queries.stride) + to] += dread[row * int64_t(l.queries.stride) + from];
        });
        member.wait();
      }
    }
    if (c.dx) each_tile(queries, member, [&](int t, int n) { scatter_tile<T>({dx + t, queries.stride}, d, queries, t, n, c.dx); });
    if (c.dsource)
      each_tile(keys, member, [&](int t, int n) { scatter_tile<T>({dsource + t, keys.stride}, d, keys, t, n, c.dsource); });
    member.wait();
  }
}

}  // namespace polyphony::POLYPHONY_ISA
