// The operators that this library adds to libtorch. Each file below implements some for both dispatch keys.
#pragma once

#include <torch/library.h>

namespace polyphony {

void register_encoder(torch::Library& library, bool autograd);
void register_elementwise(torch::Library& library, bool autograd);
void register_ragged(torch::Library& library);
void register_post_norm(torch::Library& library);
void register_standardise(torch::Library& library);

}  // namespace polyphony
