/* lanes.h: vectors of LANES floats, and the product of matrices that they are made for. Included where LANES is set and
 * the file is compiled for an instruction set that has such vectors. */
#ifndef MOONTORCH_LANES_H
#define MOONTORCH_LANES_H
#include <stdint.h>

#define INLINED static inline __attribute__((always_inline))

typedef float lanes __attribute__((vector_size(LANES * 4)));
typedef float lanes_anywhere __attribute__((vector_size(LANES * 4), aligned(4)));
typedef int32_t lanes_mask __attribute__((vector_size(LANES * 4)));

enum {
  ROWS = LANES / 2, /* of a product made at once: ROWS × WIDE sums fit the registers */
  WIDE = 2 * LANES
};

typedef float rows __attribute__((vector_size(ROWS * 4)));

/* m (ROWS × WIDE) = u (ROWS × depth) times v (depth × WIDE), or m += that. Element r, i of u lies at u[r·u_row + i·u_step];
 * the rows of m and v are m_step and v_step apart. */
INLINED void multiply(float *m, int64_t m_step, const float *u, int64_t u_row, int64_t u_step, const float *v,
                      int64_t v_step, int64_t depth, int add) {
  lanes sum[ROWS][2] = {{{0}}};
  if (add)
    for (int r = 0; r < ROWS; r++) {
      sum[r][0] = *(const lanes_anywhere *)(m + r * m_step);
      sum[r][1] = *(const lanes_anywhere *)(m + r * m_step + LANES);
    }
  for (int64_t i = 0; i < depth; i++, u += u_step, v += v_step) {
    lanes a = *(const lanes_anywhere *)v, b = *(const lanes_anywhere *)(v + LANES);
    for (int r = 0; r < ROWS; r++) {
      sum[r][0] += u[r * u_row] * a;
      sum[r][1] += u[r * u_row] * b;
    }
  }
  for (int r = 0; r < ROWS; r++, m += m_step) {
    *(lanes_anywhere *)m = sum[r][0];
    *(lanes_anywhere *)(m + LANES) = sum[r][1];
  }
}

#endif
