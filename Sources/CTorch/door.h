// Shared parts of the door: conversion between handles and C++ objects, and the boundary for exceptions.
#pragma once

#include <ATen/ATen.h>

#include <cstdlib>
#include <cstring>
#include <exception>

#include "ctorch.h"

namespace polyphony {

using TensorPointer = c10::intrusive_ptr<c10::TensorImpl, c10::UndefinedTensorImpl>;

/// Gives one reference to the caller. An undefined tensor becomes NULL.
inline ctorch_tensor give(at::Tensor tensor) {
  if (!tensor.defined()) return nullptr;
  return reinterpret_cast<ctorch_tensor>(tensor.unsafeReleaseTensorImpl());
}

/// Returns a tensor that shares the handle's object and holds its own reference.
inline at::Tensor borrow(ctorch_tensor handle) {
  if (handle == nullptr) return at::Tensor();
  return at::Tensor(TensorPointer::reclaim_copy(reinterpret_cast<c10::TensorImpl *>(handle)));
}

/// Returns the object behind a handle, for queries that need no reference.
inline c10::TensorImpl *peek(ctorch_tensor handle) { return reinterpret_cast<c10::TensorImpl *>(handle); }

inline void report(char **error, const char *message) {
  if (error != nullptr) *error = strdup(message);
}

/// Runs `body` and turns an exception into a message and `failed`. libtorch's exceptions carry a C++ stack trace, which
/// is useless to a Swift caller, so only the part before it is kept.
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

// The parts of the table. Each has its own file.
void install_calls(ctorch_interface &table);
void install_tensors(ctorch_interface &table);
void install_autograd(ctorch_interface &table);
void install_machine(ctorch_interface &table);
void install_processes(ctorch_interface &table);

}  // namespace polyphony
