// glibc declares dladdr only with its extensions, which Swift cannot enable.
#define _GNU_SOURCE
#include "ctorch.h"

#include <dlfcn.h>

#ifdef __GLIBC__
#include <link.h>
#endif

const char *ctorch_own_path(void) {
  Dl_info information;
#ifdef __GLIBC__
  // glibc calls the program by argv[0], which a shell that searched PATH leaves without a folder. It calls every
  // library by the path that it opened. The loader's record of the program has an empty name.
  struct link_map *record = NULL;
  if (dladdr1((const void *)ctorch_own_path, &information, (void **)&record, RTLD_DL_LINKMAP) == 0) return NULL;
  return record != NULL && record->l_name[0] == '\0' ? "/proc/self/exe" : information.dli_fname;
#else
  return dladdr((const void *)ctorch_own_path, &information) != 0 ? information.dli_fname : NULL;
#endif
}
