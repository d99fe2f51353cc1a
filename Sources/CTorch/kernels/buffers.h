// Memory that one call reuses after another.
#pragma once

#include <cstddef>
#include <utility>

namespace polyphony {

/// Uninitialised memory for activations and scratch. The destructor returns it to a pool.
///
/// A training step needs tens of megabytes of activations for a few milliseconds, and the next step needs the same
/// again. The system would supply fresh pages, and the first access to those costs a tenth of a step. The pool keeps at
/// most as much memory as calls have ever held at the same time.
class Buffer {
 public:
  Buffer() = default;
  explicit Buffer(size_t bytes);
  Buffer(Buffer&& other) noexcept : at(std::exchange(other.at, nullptr)), size(std::exchange(other.size, 0)) {}
  Buffer& operator=(Buffer&& other) noexcept {
    std::swap(at, other.at);
    std::swap(size, other.size);
    return *this;
  }
  ~Buffer();

  template <class T>
  T* as() const { return static_cast<T*>(at); }

 private:
  void* at = nullptr;
  size_t size = 0;
};

}  // namespace polyphony
