// The kernels for any processor, with four floats per vector (SSE2 or NEON).
#include <initializer_list>
#include <iterator>

#include "layout.h"

#define POLYPHONY_ISA plain
#define POLYPHONY_ISA_NAME "plain"
#define POLYPHONY_VECTOR_BYTES 16
#include "isa_body.h"

namespace polyphony::plain {

extern const ElementKernels<double> table_f64;
const ElementKernels<double> table_f64 = {
    {encoder_forward<double>, encoder_backward<double>, encoder_reduce<double>},
    dropout_flat<double>,
    attend_ragged<double>,
};

}  // namespace polyphony::plain
