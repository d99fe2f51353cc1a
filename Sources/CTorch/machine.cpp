// Random numbers, threads, devices and versions.

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <ATen/Version.h>
#include <ATen/detail/CUDAHooksInterface.h>
#include <torch/headeronly/version.h>

#include <mutex>

#include "door.h"
#include "kernels/threads.h"

extern "C" uint64_t aoti_torch_abi_version();

namespace polyphony {
namespace {

at::Generator &unwrap(ctorch_generator generator) { return *reinterpret_cast<at::Generator *>(generator); }

ctorch_generator wrap(const at::Generator &generator) {
  return reinterpret_cast<ctorch_generator>(new at::Generator(generator));
}

}  // namespace

void install_machine(ctorch_interface &table) {
  table.seed = [](uint64_t seed) { at::manual_seed(seed); };
  table.default_generator = [] { return wrap(at::detail::getDefaultCPUGenerator()); };
  table.new_generator = [](uint64_t seed) { return wrap(at::detail::createCPUGenerator(seed)); };
  table.release_generator = [](ctorch_generator generator) { delete &unwrap(generator); };
  table.generator_state = [](ctorch_generator generator, char **error) {
    return guarded<ctorch_tensor>(error, nullptr, [&] {
      std::lock_guard<std::mutex> lock(unwrap(generator).mutex());
      return give(unwrap(generator).get_state());
    });
  };
  table.set_generator_state = [](ctorch_generator generator, ctorch_tensor state, char **error) {
    return guarded<int32_t>(error, 1, [&] {
      std::lock_guard<std::mutex> lock(unwrap(generator).mutex());
      unwrap(generator).set_state(borrow(state));
      return 0;
    });
  };
  table.thread_count = [] { return static_cast<int32_t>(at::get_num_threads()); };
  table.set_thread_count = [](int32_t count, char **error) {
    return guarded<int32_t>(error, 1, [&] {
      at::set_num_threads(count);
      return 0;
    });
  };
  table.limit_this_thread = [](int32_t count) { limit_this_thread(count); };
  table.cpu_capability = [] {
    static const std::string capability = at::get_cpu_capability();
    return capability.c_str();
  };
  table.cuda_device_count = [] {
    return guarded<int32_t>(nullptr, 0, [] {
      if (!at::hasCUDA()) return int32_t{0};
      return static_cast<int32_t>(at::detail::getCUDAHooks().deviceCount());
    });
  };
  table.set_deterministic = [](bool value) {
    at::globalContext().setDeterministicAlgorithms(value, /*warn_only=*/false);
  };
  table.configuration = [] { return strdup(at::show_config().c_str()); };
}

}  // namespace polyphony

extern "C" __attribute__((visibility("default"))) const ctorch_interface *ctorch_interface_table(void) {
  static const ctorch_interface table = [] {
    ctorch_interface table{};
    table.interface_version = CTORCH_INTERFACE_VERSION;
    table.built_version = TORCH_VERSION;
    table.loaded_version = [] { return aoti_torch_abi_version(); };
    polyphony::install_calls(table);
    polyphony::install_tensors(table);
    polyphony::install_autograd(table);
    polyphony::install_machine(table);
    polyphony::install_processes(table);
    return table;
  }();
  return &table;
}
