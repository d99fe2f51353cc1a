// The code that is compiled once per instruction set, and its table of entry points. It has no include guard: each
// isa_*.cpp includes it once, inside its own target attribute. The headers of the standard library must be included
// before it, outside of that attribute.
#include "elementwise.h"
#include "post_norm.h"
#include "ragged_attention.h"
#include "reduce.h"

namespace polyphony::POLYPHONY_ISA {

extern const Kernels table;
const Kernels table = {
    POLYPHONY_ISA_NAME,
    {{encoder_forward<float>, encoder_backward<float>, encoder_reduce<float>}, dropout_flat<float>, attend_ragged<float>},
    bias_gelu_rows,
    residual_norm_rows,
};

}  // namespace polyphony::POLYPHONY_ISA
