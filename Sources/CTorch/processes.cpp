// Collectives between processes: c10d's TCPStore brings them together, and Gloo moves the tensors.
#define USE_C10D_GLOO
#include <torch/csrc/distributed/c10d/PrefixStore.hpp>
#include <torch/csrc/distributed/c10d/ProcessGroupGloo.hpp>
#include <torch/csrc/distributed/c10d/TCPStore.hpp>

#include "door.h"

namespace polyphony {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

/// The members of a group find each other through the store, which must outlive the backend.
struct Group {
  c10::intrusive_ptr<c10d::Store> store;
  c10::intrusive_ptr<c10d::ProcessGroupGloo> gloo;
};

Group &unwrap(ctorch_group group) { return *reinterpret_cast<Group *>(group); }

/// Waits until every rank has come. Gloo itself would not say who is missing.
void await_members(c10d::Store &store, int rank, int size, milliseconds timeout) {
  const auto end = steady_clock::now() + timeout;
  const auto key = [](int rank) { return "rank/" + std::to_string(rank); };
  store.set(key(rank), std::vector<uint8_t>{1});
  std::string missing;
  for (int other = 0; other < size; ++other) {
    const auto left = std::chrono::duration_cast<milliseconds>(end - steady_clock::now());
    try {
      store.wait({key(other)}, std::max(left, milliseconds(1)));
    } catch (const c10::Error &) {
      if (steady_clock::now() < end) throw;
      missing += (missing.empty() ? "" : ", ") + std::to_string(other);
    }
  }
  if (!missing.empty()) throw std::runtime_error("missing ranks: " + missing);
}

ctorch_group join(const ctorch_group_place &place) {
  const milliseconds timeout(place.timeout_ms);
  c10d::TCPStoreOptions options;
  options.port = uint16_t(place.port);
  options.isServer = place.hosts_store;
  options.numWorkers = size_t(place.size);
  options.waitWorkers = false;
  options.timeout = timeout;
  auto tcp = c10::make_intrusive<c10d::TCPStore>(std::string(place.address), options);
  auto store = c10::make_intrusive<c10d::PrefixStore>(std::string(place.prefix), tcp);
  await_members(*store, place.rank, place.size, timeout);
  auto settings = c10d::ProcessGroupGloo::Options::create_default(timeout);
  auto gloo = c10::make_intrusive<c10d::ProcessGroupGloo>(store, place.rank, place.size, settings);
  return reinterpret_cast<ctorch_group>(new Group{store, gloo});
}

}  // namespace

void install_processes(ctorch_interface &table) {
  table.join_group = [](const ctorch_group_place *place, char **error) {
    return guarded<ctorch_group>(error, nullptr, [&] { return join(*place); });
  };
  table.leave_group = [](ctorch_group group) {
    guarded<int32_t>(nullptr, 1, [&] {
      delete &unwrap(group);
      return 0;
    });
  };
  table.all_reduce = [](ctorch_group group, ctorch_tensor tensor, char **error) {
    return guarded<int32_t>(error, 1, [&] {
      std::vector<at::Tensor> tensors{borrow(tensor)};
      unwrap(group).gloo->allreduce(tensors)->wait();
      return 0;
    });
  };
  table.broadcast = [](ctorch_group group, ctorch_tensor tensor, int32_t root, char **error) {
    return guarded<int32_t>(error, 1, [&] {
      std::vector<at::Tensor> tensors{borrow(tensor)};
      c10d::BroadcastOptions options;
      options.rootRank = root;
      unwrap(group).gloo->broadcast(tensors, options)->wait();
      return 0;
    });
  };
  table.all_gather = [](ctorch_group group, ctorch_tensor tensor, const ctorch_tensor *results, int32_t count,
                        char **error) {
    return guarded<int32_t>(error, 1, [&] {
      std::vector<std::vector<at::Tensor>> outputs(1);
      for (int32_t i = 0; i < count; ++i) outputs[0].push_back(borrow(results[i]));
      std::vector<at::Tensor> inputs{borrow(tensor)};
      unwrap(group).gloo->allgather(outputs, inputs)->wait();
      return 0;
    });
  };
}

}  // namespace polyphony
