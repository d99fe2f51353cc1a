#include "threads.h"

#include <dlfcn.h>

namespace polyphony {
namespace {

// libtorch's kernels run on the OpenMP team of the libgomp that it ships. Compiling with -fopenmp would load clang's
// own runtime into the process, and its second team would compete for the same cores. So this file enters the team
// through libgomp's public ABI, by name.
struct OpenMP {
  using Parallel = void (*)(void (*)(void*), void*, unsigned, unsigned);
  using Query = int (*)();
  Parallel parallel = nullptr;
  Query thread_number = nullptr, thread_count = nullptr, in_parallel = nullptr;

  OpenMP() {
    void* const scope = find_library();
    parallel = reinterpret_cast<Parallel>(dlsym(scope, "GOMP_parallel"));
    thread_number = reinterpret_cast<Query>(dlsym(scope, "omp_get_thread_num"));
    thread_count = reinterpret_cast<Query>(dlsym(scope, "omp_get_num_threads"));
    in_parallel = reinterpret_cast<Query>(dlsym(scope, "omp_in_parallel"));
  }

  bool usable() const { return parallel && thread_number && thread_count && in_parallel; }

 private:
  static void* find_library() {
    if (dlsym(RTLD_DEFAULT, "GOMP_parallel")) return RTLD_DEFAULT;
    // The library is loaded, but outside of this library's scope.
    void* const loaded = dlopen("libgomp.so.1", RTLD_NOLOAD | RTLD_NOW);
    return loaded ? loaded : RTLD_DEFAULT;
  }
};

struct Job {
  const OpenMP* openmp;
  void (*body)(void*, int, int);
  void* data;
};

void enter(void* argument) {
  const Job& job = *static_cast<const Job*>(argument);
  job.body(job.data, job.openmp->thread_number(), job.openmp->thread_count());
}

}  // namespace

void run_on_threads(int threads, void (*body)(void*, int, int), void* data) {
  static const OpenMP openmp;
  if (threads <= 1 || !openmp.usable() || openmp.in_parallel()) return body(data, 0, 1);
  Job job{&openmp, body, data};
  openmp.parallel(enter, &job, unsigned(threads), 0);
}

}  // namespace polyphony
