// What the files of the door share: handles to and from C++ objects, and the border for exceptions.
#pragma once

#include <ATen/ATen.h>

#include <cstdlib>
#include <cstring>
#include <exception>

#include "ctorch.h"

namespace polyphony {

using TensorPointer = c10::intrusive_ptr<c10::TensorImpl, c10::UndefinedTensorImpl>;

/// Hands one reference to the caller; an undefined tensor becomes NULL.
inline ctorch_tensor give(at::Tensor tensor) {
  if (!tensor.defined()) return nullptr;
  return reinterpret_cast<ctorch_tensor>(tensor.unsafeReleaseTensorImpl());
}

/// A tensor that shares the handle's object and holds a reference of its own.
inline at::Tensor borrow(ctorch_tensor handle) {
  if (handle == nullptr) return at::Tensor();
  return at::Tensor(TensorPointer::reclaim_copy(reinterpret_cast<c10::TensorImpl *>(handle)));
}

/// The object behind a handle, for queries that need no reference.
inline c10::TensorImpl *peek(ctorch_tensor handle) { return reinterpret_cast<c10::TensorImpl *>(handle); }

inline void report(char **error, const char *message) {
  if (error != nullptr) *error = strdup(message);
}

/// Runs `body`; an exception becomes a message and `failed`. libtorch's own exceptions carry a C++
/// stack trace that means nothing to a Swift caller, so only their first part is kept.
template <typename Result, typename Body>
Result guarded(char **error, Result failed, Body body) noexcept {
  try {
    return body();
  } catch (const c10::Error &exception) {
    report(error, exception.what_without_backtrace());
  } catch (const std::exception &exception) {
    report(error, exception.what());
  } catch (...) {
    report(error, "an exception of an unknown kind");
  }
  return failed;
}

inline int64_t encode(c10::Device device) {
  return static_cast<int64_t>(device.type()) << 8 | (device.index() + 1);
}

inline c10::Device decode(int64_t device) {
  return c10::Device(static_cast<c10::DeviceType>(device >> 8),
                     static_cast<c10::DeviceIndex>((device & 0xff) - 1));
}

// The parts of the table, each in its own file.
void install_calls(ctorch_interface &table);
void install_tensors(ctorch_interface &table);
void install_autograd(ctorch_interface &table);
void install_machine(ctorch_interface &table);

}  // namespace polyphony
