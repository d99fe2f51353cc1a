// Iteration over the tiles of a group, copies of steps into and out of them, and dropout on a tile.
#pragma once

#include "layout.h"
#include "normalise.h"
#include "random.h"

namespace polyphony::POLYPHONY_ISA {

/// Calls `f(first step, steps)` for this member's share of the tiles. `steps` is a multiple of 16. The same member
/// handles a step in every phase, so only attention needs barriers.
template <class F>
POLYPHONY_INLINE void each_tile(const Steps& steps, const Member& member, F f) {
  const int tiles = (steps.count + tile_steps - 1) / tile_steps;
  const int from = int(int64_t(tiles) * member.rank / member.size);
  const int to = int(int64_t(tiles) * (member.rank + 1) / member.size);
  for (int i = from; i < to; ++i) f(i * tile_steps, std::min(tile_steps, steps.padded() - i * tile_steps));
}

/// Calls `f(row, step, keep)` for every row and every vector of steps of a tile. `keep` masks the lanes that stay.
template <class T, class F>
POLYPHONY_INLINE void each_dropped(const Dropout& drop, const Steps& steps, int first, int count, int rows, F f) {
  constexpr int W = lanes<T>;
  using U32 = typename Simd<T, W>::U32;
  using Loose = typename Simd<T, W>::LooseU32;
  for (int t = 0; t < count; t += W) {
    const StepCounters<T, W> counters((U32) * (const Loose*)(steps.rank + first + t),
                                      (U32) * (const Loose*)(steps.sample + first + t));
    int row = 0;
    for (; row + 8 <= rows; row += 8) {
      const auto drawn = draw(counters, uint32_t(row / 8), 0, drop);
#pragma clang loop unroll(full)
      for (int i = 0; i < 8; ++i) f(row + i, t, drawn.keep(i));
    }
    if (row < rows) {
      const auto drawn = draw(counters, uint32_t(row / 8), 0, drop);
      for (int i = 0; row + i < rows; ++i) f(row + i, t, drawn.keep(i));
    }
  }
}

/// y = base + dropout(x) on a tile. `base` may be null, and any of the three may be the same.
template <class T>
void dropout_tile(const Dropout& drop, const Steps& steps, int first, int count, int rows, Tile<const T> x,
                  const T* base, ptrdiff_t base_stride, Tile<T> y) {
  constexpr int W = lanes<T>;
  const T scale = T(drop.scale);
  auto put = [&](int row, int t, Vec<T, W> v) {
    if (base) v += load<W>(base + row * base_stride + t);
    store<W>(y.at + row * y.stride + t, v);
  };
  if (drop.active) {
    each_dropped<T>(drop, steps, first, count, rows, [&](int row, int t, typename Simd<T, W>::I keep) {
      put(row, t, select<T, W>(keep, load<W>(x.at + row * x.stride + t)) * scale);
    });
  } else {
    for (int row = 0; row < rows; ++row)
      for (int t = 0; t < count; t += W) put(row, t, load<W>(x.at + row * x.stride + t));
  }
}

/// x = dropout(relu(x)).
template <class T>
void relu_dropout_tile(const Dropout& drop, const Steps& steps, int first, int count, int rows, Tile<T> x) {
  constexpr int W = lanes<T>;
  const Vec<T, W> zero = {};
  const T scale = T(drop.scale);
  if (drop.active) {
    each_dropped<T>(drop, steps, first, count, rows, [&](int row, int t, typename Simd<T, W>::I keep) {
      T* at = x.at + row * x.stride + t;
      store<W>(at, select<T, W>(keep, larger(zero, load<W>(at))) * scale);
    });
  } else {
    for (int row = 0; row < rows; ++row)
      for (int t = 0; t < count; t += W) {
        T* at = x.at + row * x.stride + t;
        store<W>(at, larger(zero, load<W>(at)));
      }
  }
}

/// Copies the rows of a [·, width] tensor that belong to a tile, feature-major. Padding becomes zero.
template <class T>
void gather_tile(const T* from, int width, const Steps& steps, int first, int count, Tile<T> to) {
  constexpr int W = lanes<T>;
  for (int t = 0; t < count; t += W)
    for (int c = 0; c < width; c += W) {
      Vec<T, W> block[W];
#pragma clang loop unroll(full)
      for (int i = 0; i < W; ++i) {
        const int32_t row = steps.row[first + t + i];
        block[i] = row < 0 ? Vec<T, W>{} : load_some<W>(from + int64_t(row) * width + c, width - c);
      }
      transpose_block<T, W>(block);
      for (int i = 0; i < W && c + i < width; ++i) store<W>(to.at + (c + i) * to.stride + t, block[i]);
    }
}

/// Copies a tile back into the [·, width] tensor. Padding is not written.
template <class T>
void scatter_tile(Tile<const T> from, int width, const Steps& steps, int first, int count, T* to) {
  constexpr int W = lanes<T>;
  for (int t = 0; t < count; t += W)
    for (int c = 0; c < width; c += W) {
      Vec<T, W> block[W];
#pragma clang loop unroll(full)
      for (int i = 0; i < W; ++i)
        block[i] = c + i < width ? load<W>(from.at + (c + i) * from.stride + t) : Vec<T, W>{};
      transpose_block<T, W>(block);
#pragma clang loop unroll(full)
      for (int i = 0; i < W; ++i) {
        const int32_t row = steps.row[first + t + i];
        if (row >= 0) store_some<W>(to + int64_t(row) * width + c, block[i], width - c);
      }
    }
}

/// Calls `f` for each (sample, head) of a group that belongs to this member.
template <class F>
POLYPHONY_INLINE void each_head(int samples, int heads, const Member& member, F f) {
  const int64_t all = int64_t(samples) * heads;
  for (int64_t i = all * member.rank / member.size; i < all * (member.rank + 1) / member.size; ++i)
    f(int(i / heads), int(i % heads));
}

/// The memory for the temporaries of one thread, allocated in order.
template <class T>
class Scratch {
 public:
  explicit Scratch(T* at) : at(at) {}
  T* take(int64_t n) {
    T* p = at;
    at += whole_lines(n);
    return p;
  }

 private:
  T* at;
};

}  // namespace polyphony::POLYPHONY_ISA
