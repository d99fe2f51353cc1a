// The plan of a call: the steps of a batch, their order, and the threads that work on them.
//
// Padding is dropped on entry. A group of samples holds only its real steps, side by side, and all later work is dense.
// Plans do not depend on instruction sets, so the backward pass reuses the plan of the forward pass.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

namespace polyphony {

/// The steps of one group of samples, as a kernel uses them.
struct Steps {
  int count = 0;                    // real steps
  int stride = 0;                   // distance between two features: an odd multiple of 16, at least `count`
  const uint32_t* sample = nullptr; // per step: its sample in the whole batch,
  const uint32_t* rank = nullptr;   // the number of real steps before it in its sample,
  const int32_t* row = nullptr;     // its row in the [batch · length] tensor
  const int32_t* visible = nullptr; // queries: how many of its sample's keys it may attend to
  const int32_t* start = nullptr;   // per sample of the group, and one more: its first step

  int padded() const { return (count + 15) / 16 * 16; }
};

/// The real steps of a whole batch, group after group.
struct Side {
  std::vector<uint32_t> sample, rank;
  std::vector<int32_t> row, visible, start, count, stride;
  std::vector<int64_t> base;         // per group: first entry of the per-step vectors
  std::vector<int64_t> start_base;   // per group: first entry of `start`

  Steps group(int g) const {
    return {count[g],        stride[g], sample.data() + base[g], rank.data() + base[g], row.data() + base[g],
            visible.data() + base[g], start.data() + start_base[g]};
  }
};

enum class Readout : int { last = -1, all = 0, first = 1 };

struct Group {
  int first = 0, samples = 0;
};

struct Plan {
  int64_t batch = 0;
  int query_length = 0, key_length = 0;
  bool cross = false;      // keys come from another sequence
  bool padded = false;     // at least one step is not real
  Readout readout = Readout::all;
  std::vector<Group> groups;
  Side queries, keys, reads;  // `keys` is empty unless `cross`, `reads` unless there is a readout
  int teams = 1, team_size = 1;
  std::vector<int> team_groups;  // team t works on groups [team_groups[t], team_groups[t + 1])

  int longest = 0;  // largest stride of any group and side
};

struct PlanRequest {
  int64_t batch;
  int query_length, key_length;
  const bool *query_mask, *key_mask;  // null: all real
  bool cross, causal;
  Readout readout;
  int threads;
  int64_t first_sample;  // its number within a larger batch, for dropout
};

std::shared_ptr<const Plan> make_plan(const PlanRequest& request);

}  // namespace polyphony
