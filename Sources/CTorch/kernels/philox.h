// Counter-based random bits: Philox 4×32 with 7 rounds (Salmon et al., SC 2011; 7 rounds pass BigCrush).
//
// A dropout decision is a pure function of (seed, call, layer, site, head, sample, step, unit). There is no order of
// draws, so threads, vector widths and padding cannot change a decision. The backward pass computes the same bits again
// instead of reading a mask from memory.
//   key     = first 64 bits of Philox10(counter = (call offset, layer and site, tag), key = seed)
//   counter = (step, unit / 8, sample, head); its 128 bits are eight 16-bit uniforms, one per unit.
#pragma once

#include <cmath>
#include <cstdint>

namespace polyphony {

struct PhiloxKey {
  uint32_t low = 0, high = 0;
};

constexpr uint64_t philox_multiplier_0 = 0xD2511F53u, philox_multiplier_1 = 0xCD9E8D57u;
constexpr uint32_t philox_weyl_0 = 0x9E3779B9u, philox_weyl_1 = 0xBB67AE85u;

/// The place of a dropout in a layer.
enum class Site : uint32_t { attention = 0, after_attention = 1, relu = 2, after_feedforward = 3, elementwise = 4 };

/// The key of one dropout site of one call. Every call of an operator consumes exactly one offset.
inline PhiloxKey site_key(int64_t seed, int64_t offset, int layer, Site site) {
  uint32_t c0 = uint32_t(offset), c1 = uint32_t(uint64_t(offset) >> 32);
  uint32_t c2 = uint32_t(layer) * 8u + uint32_t(site), c3 = 0x706F6C79u;
  uint32_t k0 = uint32_t(seed), k1 = uint32_t(uint64_t(seed) >> 32);
  for (int round = 0; round < 10; ++round, k0 += philox_weyl_0, k1 += philox_weyl_1) {
    const uint64_t p0 = philox_multiplier_0 * c0, p1 = philox_multiplier_1 * c2;
    const uint32_t n0 = uint32_t(p1 >> 32) ^ c1 ^ k0, n2 = uint32_t(p0 >> 32) ^ c3 ^ k1;
    c0 = n0, c1 = uint32_t(p1), c2 = n2, c3 = uint32_t(p0);
  }
  return {c0, c1};
}

/// One dropout site. A unit stays if its 16-bit uniform is at least `p` rounded to a multiple of 2⁻¹⁶. `scale` is the
/// inverse of exactly that probability, so the expectation is exact.
struct Dropout {
  bool active = false;
  int32_t limit = 0;  // compared with the uniform in the upper half of a signed 32-bit word
  double scale = 1;
  PhiloxKey key;
  /// The number of a flat array's first element within the whole batch, of which the array may be a part.
  int64_t first = 0;

  Dropout() = default;
  Dropout(double p, int64_t seed, int64_t offset, int layer, Site site) {
    const int32_t dropped = int32_t(std::lrint(p * 65536));
    if (dropped <= 0) return;
    const int32_t quantised = dropped > 65535 ? 65535 : dropped;
    active = true;
    limit = (quantised - 32768) * 65536;
    scale = 65536.0 / (65536 - quantised);
    key = site_key(seed, offset, layer, site);
  }
};

}  // namespace polyphony
