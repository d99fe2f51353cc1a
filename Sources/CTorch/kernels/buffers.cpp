#include "buffers.h"

#include <algorithm>
#include <bit>
#include <mutex>
#include <new>
#include <vector>

#if defined(__linux__)
#include <sys/mman.h>
#endif

namespace polyphony {
namespace {

// Under the address sanitizer every buffer is fresh and has exactly its size, so the sanitizer can detect an overrun.
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define POLYPHONY_EXACT_BUFFERS
#endif
#endif

constexpr size_t huge_page = size_t(1) << 21;

struct Block {
  void* at;
  size_t size;
};

std::align_val_t alignment(size_t size) { return std::align_val_t(size >= huge_page ? huge_page : 64); }

class Pool {
 public:
  Block take(size_t bytes) {
    const size_t size = rounded(bytes);
    const std::lock_guard lock(mutex);
    held += size;
    most = std::max(most, held);
    for (size_t i = idle.size(); i-- > 0;)
      if (idle[i].size == size) {
        const Block found = idle[i];
        idle.erase(idle.begin() + ptrdiff_t(i));
        kept -= size;
        return found;
      }
    try {
      return fresh(size);
    } catch (...) {
      held -= size;
      throw;
    }
  }

  void give(Block block) {
    const std::lock_guard lock(mutex);
    held -= block.size;
    idle.push_back(block);
    kept += block.size;
#if defined(POLYPHONY_EXACT_BUFFERS)
    const size_t limit = 0;
#else
    const size_t limit = most + huge_page;
#endif
    while (kept + held > limit && !idle.empty()) {  // drop the oldest first
      kept -= idle.front().size;
      ::operator delete(idle.front().at, alignment(idle.front().size));
      idle.erase(idle.begin());
    }
  }

 private:
  /// Rounds to one of few sizes, so that batches of slightly different lengths share blocks.
  static size_t rounded(size_t bytes) {
#if defined(POLYPHONY_EXACT_BUFFERS)
    return bytes;
#endif
    const size_t step = std::max<size_t>(4096, std::bit_floor(std::max<size_t>(bytes, 1)) / 4);
    return (bytes + step - 1) / step * step;
  }

  static Block fresh(size_t size) {
    void* const at = ::operator new(size, alignment(size));
#if defined(__linux__)
    if (size >= huge_page) madvise(at, size / huge_page * huge_page, MADV_HUGEPAGE);
#endif
    return {at, size};
  }

  std::mutex mutex;
  std::vector<Block> idle;
  size_t held = 0, kept = 0, most = 0;
};

/// Returns the pool. It is never destroyed, because buffers may outlive the library's static objects.
Pool& pool() {
  static Pool* const it = new Pool;
  return *it;
}

}  // namespace

Buffer::Buffer(size_t bytes) {
  const Block block = pool().take(bytes);
  at = block.at, size = block.size;
}

Buffer::~Buffer() {
  if (at) pool().give({at, size});
}

}  // namespace polyphony
