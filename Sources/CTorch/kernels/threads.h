// Parallel work on libtorch's own threads.
#pragma once

#include <cstdint>
#include <type_traits>

namespace polyphony {

/// Calls `body(data, index, count)` once on each of up to `threads` threads and waits. `count` is the real number of
/// threads. It is one if this thread is already inside a parallel region, or if no team is available.
void run_on_threads(int threads, void (*body)(void* data, int index, int count), void* data);

/// Limits the threads of operators that the calling thread starts.
void limit_this_thread(int threads);

template <class F>
void run_on_threads(int threads, F&& body) {
  run_on_threads(
      threads, [](void* data, int index, int count) { (*static_cast<std::remove_reference_t<F>*>(data))(index, count); },
      &body);
}

}  // namespace polyphony
