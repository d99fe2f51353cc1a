#include "threads.h"

#include <ATen/Parallel.h>
#include <dlfcn.h>

namespace polyphony {
namespace {

// libtorch's kernels run on the OpenMP team of the libgomp that it ships. Compiling with -fopenmp would load clang's
// own runtime into the process, and its second team would compete for the same cores. So this file enters the team
// through libgomp's public ABI, by name.
struct OpenMP {
  using Parallel = void (*)(void (*)(void*), void*, unsigned, unsigned);
  using Query = int (*)();
  using Setting = void (*)(int);
  Parallel parallel = nullptr;
  Query thread_number = nullptr, thread_count = nullptr, in_parallel = nullptr;
  Setting set_thread_count = nullptr;

  OpenMP() {
    void* const scope = find_library();
    parallel = reinterpret_cast<Parallel>(dlsym(scope, "GOMP_parallel"));
    thread_number = reinterpret_cast<Query>(dlsym(scope, "omp_get_thread_num"));
    thread_count = reinterpret_cast<Query>(dlsym(scope, "omp_get_num_threads"));
    in_parallel = reinterpret_cast<Query>(dlsym(scope, "omp_in_parallel"));
    set_thread_count = reinterpret_cast<Setting>(dlsym(scope, "omp_set_num_threads"));
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

const OpenMP& openmp() {
  static const OpenMP library;
  return library;
}

/// MKL's own number of threads, where libtorch has MKL inside.
OpenMP::Setting mkl_setting() {
  const char* const name = "MKL_Set_Num_Threads_Local";
  if (void* const found = dlsym(RTLD_DEFAULT, name)) return reinterpret_cast<OpenMP::Setting>(found);
  void* const loaded = dlopen("libtorch_cpu.so", RTLD_NOLOAD | RTLD_NOW);
  return loaded ? reinterpret_cast<OpenMP::Setting>(dlsym(loaded, name)) : nullptr;
}

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
  const OpenMP& library = openmp();
  if (threads <= 1 || !library.usable() || library.in_parallel()) return body(data, 0, 1);
  Job job{&library, body, data};
  library.parallel(enter, &job, unsigned(threads), 0);
}

void limit_this_thread(int threads) {
  static const OpenMP::Setting set_mkl = mkl_setting();
  // `at::set_num_threads` would set the number of all threads that have not computed yet. This call lets the present
  // thread take that number, so that it does not do so later.
  at::get_num_threads();
  if (openmp().set_thread_count) openmp().set_thread_count(threads);
  if (set_mkl) set_mkl(threads);
}

}  // namespace polyphony
