// The files of the service's page, as bytes in the program.
//
// The compiler reads them from the folder files. So the program needs no folder of resources beside it, wherever it is
// copied.

#ifndef POLYPHONY_PAGE_H
#define POLYPHONY_PAGE_H

#include <stddef.h>

/// A file of the page.
struct polyphony_page_file {
  const char *name;
  const unsigned char *bytes;
  size_t size;
};

/// The file at a place, or NULL behind the last one.
const struct polyphony_page_file *polyphony_page_file_at(size_t place);

#endif
