// The kernels for x86 processors with AVX-512 (F, BW, DQ, VL, CD).
#include <initializer_list>
#include <iterator>

#include "layout.h"

#if defined(__x86_64__)
#define POLYPHONY_ISA avx512
#define POLYPHONY_ISA_NAME "avx512"
#define POLYPHONY_VECTOR_BYTES 64
#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx512cd,avx2,fma,bmi,bmi2,f16c"))), apply_to = function)
#include "isa_body.h"
#pragma clang attribute pop
#endif
