/* stream.h: what is fetched into the caches ahead, and writing past them. An output that is many times as large as a
 * core's second-level cache has left it before anyone reads it: its lines need not be read before they are written, nor
 * put others out. What is written is made a block at a time in the first-level cache and streamed from there. */
#ifndef MOONTORCH_STREAM_H
#define MOONTORCH_STREAM_H
#include <stdint.h>

enum { MT_LINE = 64, MT_STREAM_BLOCK = 2048 };

/* Asks for bytes that will soon be read or written; any address will do. Always inlined: compilers drop calls of a
 * function that does nothing else. */
static inline __attribute__((always_inline)) void mt_fetch(const void *from, int64_t bytes) {
  for (int64_t i = 0; i < bytes; i += MT_LINE) __builtin_prefetch((const char *)from + i);
}

/* The same, but no nearer than into the second-level cache */
static inline __attribute__((always_inline)) void mt_fetch_second(const void *from, int64_t bytes) {
  for (int64_t i = 0; i < bytes; i += MT_LINE) __builtin_prefetch((const char *)from + i, 0, 2);
}

/* Whether an output of so many bytes, written by so many threads, is worth it. */
int mt_streams(int64_t bytes, int threads);
/* Bytes of the next block, such that it ends with a line. */
static inline int64_t mt_stream_block(const void *to) { return MT_STREAM_BLOCK - (int64_t)((uintptr_t)to % MT_LINE); }
/* Copies; only whole lines go past the caches. */
void mt_stream(void *to, const void *from, int64_t bytes);
/* To be called by each thread after its last mt_stream: other threads see what was written. */
void mt_stream_end(void);

#endif
