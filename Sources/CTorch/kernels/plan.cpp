#include "plan.h"

#include <algorithm>
#include <cstdlib>

namespace polyphony {
namespace {

/// Returns the original positions of the real steps of each sample.
std::vector<std::vector<int32_t>> real_steps(int64_t batch, int length, const bool* mask) {
  std::vector<std::vector<int32_t>> real(batch);
  for (int64_t b = 0; b < batch; ++b) {
    real[b].reserve(length);
    for (int t = 0; t < length; ++t)
      if (!mask || mask[b * length + t]) real[b].push_back(t);
  }
  return real;
}

class SideBuilder {
 public:
  SideBuilder(Side& side, int length, int64_t first_sample) : side(side), length(length), first_sample(first_sample) {}

  void begin_group() {
    side.base.push_back(int64_t(side.sample.size()));
    side.start_base.push_back(int64_t(side.start.size()));
    side.start.push_back(0);
    count = 0;
  }

  void add(int64_t sample, int rank, int32_t position, int32_t visible) {
    side.sample.push_back(uint32_t(first_sample + sample));
    side.rank.push_back(uint32_t(rank));
    side.row.push_back(int32_t(sample * length + position));
    side.visible.push_back(visible);
    ++count;
  }

  void end_sample() { side.start.push_back(count); }

  int end_group() {
    // Features are an odd number of cache lines apart, so that a column of a tile spreads over all cache sets.
    const int lines = (count + 15) / 16, stride = (lines | 1) * 16;
    const size_t end = size_t(side.base.back()) + stride;
    side.sample.resize(end, 0);
    side.rank.resize(end, 0);
    side.row.resize(end, -1);
    side.visible.resize(end, 0);
    side.count.push_back(count);
    side.stride.push_back(stride);
    return stride;
  }

  /// Adds padding at the end, because a vector that starts at the last step may be loaded whole.
  void end() {
    for (auto* v : {&side.sample, &side.rank}) v->resize(v->size() + 16, 0);
    side.visible.resize(side.visible.size() + 16, 0);
  }

 private:
  Side& side;
  int length, count = 0;
  int64_t first_sample;
};

/// Splits the samples among teams, and each team's share into groups of about `target` steps.
void divide(Plan& plan, const std::vector<int64_t>& cost, int threads) {
  // A group's activations should fit the second-level cache. The smallest useful tile has 2 × 16 lanes.
  const int64_t target = 224;
  int64_t total = 0, heaviest = 0;
  for (int64_t c : cost) total += c;
  std::vector<int64_t> cut{0};
  auto split = [&](int parts) {
    cut.assign(1, 0);
    heaviest = 0;
    int64_t done = 0, at = 0, before = 0;
    for (int p = 1; p <= parts; ++p) {
      // Continue up to the sample whose middle passes this part's fair end.
      while (at < plan.batch && (2 * done + cost[at]) * parts <= 2 * total * p) done += cost[at++];
      if (p == parts) while (at < plan.batch) done += cost[at++];
      cut.push_back(at);
      heaviest = std::max(heaviest, done - before);
      before = done;
    }
  };
  split(threads);
  // With few samples for many threads, all threads share every group.
  if (heaviest * threads > total + total / 5) {
    plan.team_size = threads;
    split(1);
  } else {
    plan.teams = threads;
  }
  plan.team_groups.push_back(0);
  for (int t = 0; t < plan.teams; ++t) {
    int64_t share = 0;
    for (int64_t b = cut[t]; b < cut[t + 1]; ++b) share += cost[b];
    const int64_t parts = std::max<int64_t>(1, (share + target - 1) / target);
    int64_t sum = 0;
    int part = 0;
    for (int64_t b = cut[t]; b < cut[t + 1]; ++b) {
      const int64_t middle = sum + cost[b] / 2;
      const int mine = share ? int(std::min(parts - 1, middle * parts / share)) : 0;
      if (b == cut[t] || mine != part) plan.groups.push_back({int(b), 0}), part = mine;
      ++plan.groups.back().samples;
      sum += cost[b];
    }
    plan.team_groups.push_back(int(plan.groups.size()));
  }
}

}  // namespace

std::shared_ptr<const Plan> make_plan(const PlanRequest& r) {
  auto plan = std::make_shared<Plan>();
  plan->batch = r.batch;
  plan->query_length = r.query_length;
  plan->key_length = r.key_length;
  plan->cross = r.cross;
  plan->readout = r.readout;
  const auto queries = real_steps(r.batch, r.query_length, r.query_mask);
  const auto other = r.cross ? real_steps(r.batch, r.key_length, r.key_mask) : decltype(queries){};
  const auto& keys = r.cross ? other : queries;

  std::vector<int64_t> cost(r.batch);
  for (int64_t b = 0; b < r.batch; ++b) {
    cost[b] = std::max(int64_t(queries[b].size()), int64_t(keys[b].size()));
    plan->padded |= int(queries[b].size()) != r.query_length;
  }
  divide(*plan, cost, std::max(1, r.threads));

  SideBuilder query(plan->queries, r.query_length, r.first_sample), key(plan->keys, r.key_length, r.first_sample),
      read(plan->reads, r.readout == Readout::all ? r.query_length : 1, r.first_sample);
  for (const Group& group : plan->groups) {
    query.begin_group(), key.begin_group(), read.begin_group();
    for (int64_t b = group.first; b < group.first + group.samples; ++b) {
      const int n = int(queries[b].size()), steps = int(keys[b].size());
      // The reach counts real steps, so that a padded sample has the same mask as an unpadded one.
      const int reach = std::abs(n - steps);
      for (int i = 0; i < n; ++i) {
        const int seen = r.causal ? std::min(steps, i + reach + 1) : steps;
        query.add(b, i, queries[b][i], int32_t(seen));
        const bool is_read = r.readout == Readout::first ? i == 0 : r.readout == Readout::last && i == n - 1;
        if (is_read) read.add(b, i, 0, int32_t(seen));
      }
      if (r.cross)
        for (size_t j = 0; j < keys[b].size(); ++j) key.add(b, int(j), keys[b][j], 0);
      query.end_sample(), key.end_sample(), read.end_sample();
    }
    for (SideBuilder* side : {&query, &key, &read}) plan->longest = std::max(plan->longest, side->end_group());
  }
  for (SideBuilder* side : {&query, &key, &read}) side->end();
  return plan;
}

}  // namespace polyphony
