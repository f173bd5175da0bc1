/* stream.c: writing past the caches, where the processor has instructions for it. */
#include "stream.h"

#include <string.h>
#include <unistd.h>

#if defined(__SSE2__) && defined(_SC_LEVEL2_CACHE_SIZE)
#include <emmintrin.h>

/* An output of LARGE second-level caches or more; below, it may still be found in the third level. */
enum { LARGE = 8, LEAST = 1 << 20 };

int mt_streams(int64_t bytes, int threads) {
  if (bytes / threads < LEAST) return 0;
  int64_t cache = sysconf(_SC_LEVEL2_CACHE_SIZE);
  return cache > 0 && bytes / threads >= LARGE * cache;
}

void mt_stream(void *to, const void *from, int64_t bytes) {
  char *o = to;
  const char *x = from;
  int64_t before = (int64_t)(-(uintptr_t)to % MT_LINE);
  if (before > bytes) before = bytes;
  memcpy(o, x, (size_t)before);
  int64_t i = before;
  for (; i + MT_LINE <= bytes; i += MT_LINE)
    for (int j = 0; j < MT_LINE; j += 16)
      _mm_stream_si128((__m128i *)(o + i + j), _mm_loadu_si128((const __m128i *)(x + i + j)));
  memcpy(o + i, x + i, (size_t)(bytes - i));
}

void mt_stream_end(void) { _mm_sfence(); }

#else

int mt_streams(int64_t bytes, int threads) {
  (void)bytes, (void)threads;
  return 0;
}

void mt_stream(void *to, const void *from, int64_t bytes) { memcpy(to, from, (size_t)bytes); }

void mt_stream_end(void) {}

#endif
