// Everything that is compiled once per instruction set, and its table of entry points.
// No include guard: each isa_*.cpp includes it once, inside its own target attribute. What comes from the
// standard library must have been included before, outside of it.
#include "elementwise.h"
#include "reduce.h"

namespace polyphony::POLYPHONY_ISA {

extern const Kernels table;
const Kernels table = {
    POLYPHONY_ISA_NAME,
    {encoder_forward<float>, encoder_backward<float>, encoder_reduce<float>},
    {encoder_forward<double>, encoder_backward<double>, encoder_reduce<double>},
    dropout_flat<float>,
    dropout_flat<double>,
};

}  // namespace polyphony::POLYPHONY_ISA
