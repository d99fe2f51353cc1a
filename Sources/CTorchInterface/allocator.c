#include "ctorch.h"

#include <stdlib.h>

#ifdef __GLIBC__
#include <limits.h>
#include <malloc.h>
#endif

void ctorch_keep_freed_memory(void) {
#ifdef __GLIBC__
  // 32 MB is the highest threshold that glibc accepts on 64 bits. The gradients of a pretrained encoder's words are
  // larger, so that no block may have pages of its own.
  mallopt(M_MMAP_MAX, 0);
  mallopt(M_TRIM_THRESHOLD, INT_MAX);
  mallopt(M_TOP_PAD, 16 << 20);
#endif
}
