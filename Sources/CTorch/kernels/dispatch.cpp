#include <cstdlib>
#include <cstring>

#include "problem.h"

namespace polyphony {
namespace plain {
extern const Kernels table;
extern const ElementKernels<double> table_f64;
}
#if defined(__x86_64__)
namespace avx2 { extern const Kernels table; }
namespace avx512 { extern const Kernels table; }
#endif

namespace {

const Kernels& choose() {
  const char* wanted = std::getenv("POLYPHONY_ISA");
  auto allowed = [&](const char* name) { return !wanted || !*wanted || std::strcmp(wanted, name) == 0; };
#if defined(__x86_64__)
  __builtin_cpu_init();
  const bool has_avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
                        __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2") &&
                        __builtin_cpu_supports("f16c");
  const bool has_avx512 = has_avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                          __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
                          __builtin_cpu_supports("avx512cd");
  if (has_avx512 && allowed("avx512")) return avx512::table;
  if (has_avx2 && allowed("avx2")) return avx2::table;
#endif
  (void)allowed;
  return plain::table;
}

}  // namespace

const Kernels& kernels() {
  static const Kernels& chosen = choose();
  return chosen;
}

template <>
const ElementKernels<float>& kernels_of() { return kernels().f32; }

template <>
const ElementKernels<double>& kernels_of() { return plain::table_f64; }

}  // namespace polyphony
