/* streamed.h: how large outputs are that are written past the caches (lib/stream.h). */
#ifndef STREAMED_H
#define STREAMED_H
#include "../../lib/stream.h"

/* Bytes, by one thread; 0 where none are. */
static inline int64_t streamed_bytes(void) {
  int64_t bytes = 1 << 20;
  while (bytes < (int64_t)1 << 27 && !mt_streams(bytes, 1)) bytes *= 2;
  return mt_streams(bytes, 1) ? bytes : 0;
}

#endif
