/* half.h: IEEE half and bfloat16 as 16-bit storage, converted to and from float with round-to-nearest-even.
 * C11 and CUDA C++. */
#ifndef MOONTORCH_HALF_H
#define MOONTORCH_HALF_H
#include <stdint.h>
#include <string.h>

#ifdef __CUDACC__
#define MT_INLINE static __host__ __device__ __forceinline__
#else
#define MT_INLINE static inline
#endif

typedef struct {
  uint16_t bits;
} mt_half;
typedef struct {
  uint16_t bits;
} mt_bfloat16;

MT_INLINE float mt_bits_to_float(uint32_t u) {
  float f;
  memcpy(&f, &u, sizeof f);
  return f;
}

MT_INLINE uint32_t mt_float_to_bits(float f) {
  uint32_t u;
  memcpy(&u, &f, sizeof u);
  return u;
}

MT_INLINE float mt_bfloat16_to_float(mt_bfloat16 h) { return mt_bits_to_float((uint32_t)h.bits << 16); }

MT_INLINE mt_bfloat16 mt_float_to_bfloat16(float f) {
  uint32_t u = mt_float_to_bits(f);
  mt_bfloat16 h;
  if ((u & 0x7fffffffu) > 0x7f800000u) /* a NaN stays one, even when its low bits go */
    h.bits = (uint16_t)((u >> 16) | 0x40u);
  else
    h.bits = (uint16_t)((u + 0x7fffu + ((u >> 16) & 1u)) >> 16);
  return h;
}

MT_INLINE float mt_half_to_float(mt_half h) {
  uint32_t sign = (uint32_t)(h.bits & 0x8000u) << 16, rest = h.bits & 0x7fffu;
  if (rest >= 0x7c00u) /* infinity, NaN */
    return mt_bits_to_float(sign | 0x7f800000u | (rest & 0x3ffu) << 13);
  if (rest < 0x0400u) { /* zero and subnormal numbers: a multiple of 2^-24 */
    float f = (float)rest * 5.9604644775390625e-8f;
    return sign ? -f : f;
  }
  return mt_bits_to_float(sign | ((rest << 13) + 0x38000000u));
}

MT_INLINE mt_half mt_float_to_half(float f) {
  uint32_t u = mt_float_to_bits(f), sign = (u >> 16) & 0x8000u, rest = u & 0x7fffffffu;
  mt_half h;
  if (rest > 0x7f800000u) /* NaN */
    h.bits = (uint16_t)(sign | 0x7e00u | ((rest >> 13) & 0x3ffu));
  else if (rest >= 0x477ff000u) /* 65520 and above round to infinity */
    h.bits = (uint16_t)(sign | 0x7c00u);
  else if (rest < 0x38800000u) /* below 2^-14: adding 0.5 lets the FPU round at bit 2^-24 */
    h.bits = (uint16_t)(sign | ((mt_float_to_bits(mt_bits_to_float(rest) + 0.5f)) - 0x3f000000u));
  else
    h.bits = (uint16_t)(sign | ((rest - 0x38000000u + 0xfffu + ((rest >> 13) & 1u)) >> 13));
  return h;
}

#endif
