// glibc declares dladdr only with its extensions, which Swift cannot enable.
#define _GNU_SOURCE
#include "ctorch.h"

#include <dlfcn.h>

const char *ctorch_own_path(void) {
  Dl_info information;
  return dladdr((const void *)ctorch_own_path, &information) != 0 ? information.dli_fname : NULL;
}
