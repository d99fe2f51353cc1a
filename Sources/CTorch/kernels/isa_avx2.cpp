// The kernels for x86 processors with AVX2 and FMA.
#include <initializer_list>
#include <iterator>

#include "layout.h"

#if defined(__x86_64__)
#define POLYPHONY_ISA avx2
#define POLYPHONY_ISA_NAME "avx2"
#define POLYPHONY_VECTOR_BYTES 32
#pragma clang attribute push(__attribute__((target("avx2,fma,bmi,bmi2,f16c"))), apply_to = function)
#include "isa_body.h"
#pragma clang attribute pop
#endif
