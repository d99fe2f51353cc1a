#include "ctorch.h"

#include <stdlib.h>

#ifdef __GLIBC__
#include <limits.h>
#include <malloc.h>
#endif

void ctorch_keep_freed_memory(void) {
#ifdef __GLIBC__
  // 32 MB is the highest threshold that glibc accepts on 64 bits.
  mallopt(M_MMAP_THRESHOLD, 32 << 20);
  mallopt(M_TRIM_THRESHOLD, INT_MAX);
  mallopt(M_TOP_PAD, 16 << 20);
#endif
}
