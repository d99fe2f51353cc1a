// Queries of a tensor that need no operator.

#include <ATen/ops/from_blob.h>

#include "door.h"

namespace polyphony {

void install_tensors(ctorch_interface &table) {
  table.retain = [](ctorch_tensor tensor) { c10::raw::intrusive_ptr::incref(peek(tensor)); };
  table.release = [](ctorch_tensor tensor) {
    TensorPointer::reclaim(reinterpret_cast<c10::TensorImpl *>(tensor));
  };
  table.dimensions = [](ctorch_tensor tensor) { return static_cast<int32_t>(peek(tensor)->dim()); };
  table.sizes = [](ctorch_tensor tensor) { return peek(tensor)->sizes().data(); };
  table.strides = [](ctorch_tensor tensor) { return peek(tensor)->strides().data(); };
  table.element_type = [](ctorch_tensor tensor) {
    return static_cast<int32_t>(c10::typeMetaToScalarType(peek(tensor)->dtype()));
  };
  table.device = [](ctorch_tensor tensor) { return encode(peek(tensor)->device()); };
  table.data = [](ctorch_tensor tensor, char **error) {
    return guarded<void *>(error, nullptr, [&] { return borrow(tensor).mutable_data_ptr(); });
  };
  table.is_contiguous = [](ctorch_tensor tensor) { return peek(tensor)->is_contiguous(); };
  table.wrap = [](void *data, const int64_t *sizes, int32_t dimensions, int32_t element_type,
                  void (*release)(void *), void *context, char **error) {
    return guarded<ctorch_tensor>(error, nullptr, [&] {
      auto options = at::TensorOptions().dtype(static_cast<c10::ScalarType>(element_type));
      return give(at::from_blob(
          data, at::IntArrayRef(sizes, dimensions),
          [release, context](void *) {
            if (release != nullptr) release(context);
          },
          options));
    });
  };
}

}  // namespace polyphony
