/* moontorch_cuda.h: the public face of libmoontorch_cuda, which adds the device MT_CUDA to libmoontorch.
 *
 * This text is also, word for word, what lua/cutorch/init.lua gives to ffi.cdef (the library carries a copy, see
 * mt_cuda_header). So it holds declarations only; lines that start with '#' are for C compilers and are dropped there.
 * As in moontorch.h, a function gives 0, or nonzero after leaving a message for mt_error().
 *
 * One GPU is in use at a time, by all threads: the one chosen with mt_cuda_set_device, at first number 0. */
#ifndef MOONTORCH_CUDA_H
#define MOONTORCH_CUDA_H
#include <stddef.h>
#include <stdint.h>
#ifdef __cplusplus
extern "C" {
#endif

typedef struct mt_cuda_properties {
  char name[256];
  int64_t memory; /* bytes */
  int32_t major, minor;
  int32_t multiprocessors;
  int32_t warp;
  int32_t threads_per_block;
} mt_cuda_properties;

/* Registers the device and fills its part of the kernel table. Fails where there is no driver or no GPU. */
int mt_cuda_start(void);
const char *mt_cuda_header(void); /* the text of this header */
int mt_cuda_abi(void);            /* MT_ABI of the moontorch.h that this library was compiled with */
int mt_cuda_device_count(int *count);
int mt_cuda_get_device(void);
/* Fails while tensors live on the GPU in use: the cache is emptied, and all that follows happens on that GPU. */
int mt_cuda_set_device(int number);
int mt_cuda_synchronize(void);
int mt_cuda_memory(int64_t *available, int64_t *total); /* bytes of the GPU in use */
int mt_cuda_device_properties(int number, mt_cuda_properties *properties);

#ifdef __cplusplus
}
#endif
#endif
