/* conv.c: convolution for float and double as a product of matrices: the input is laid out as columns, one for each
 * output and as tall as a window (im2col), which the weight multiplies. A stripe of output rows is done at a time, so
 * that its columns stay in the cache; threads share out images and stripes. */
#include "cpu.h"
#include "../window.h"

#include <cblas.h>
#include <limits.h>
#include <omp.h>
#include <string.h>

/* Bytes of columns in a stripe: about what a second-level cache holds. */
enum { STRIPE = 1024 * 1024 };

/* A convolution in numbers. K, C: planes of the output and the input; one group has planes and channels of them */
typedef struct {
  int64_t batch, K, C;
  const int64_t *in, *out; /* D, H, W of the input and of the output */
  int64_t P, Q;            /* the output as P = D·H rows of Q */
  int64_t volume;          /* elements of an input plane */
  int64_t groups, planes, channels;
  int64_t kernel;  /* taps for one channel */
  int64_t taps;    /* channels·kernel: a column's height */
  int64_t rows;    /* output rows in a stripe */
  int64_t stripes; /* of an image */
  int direct;      /* windows of one place side by side: the input itself is the columns */
  const mt_window *w;
} geometry;

static geometry geometry_of(const mt_tensor *input, const mt_tensor *output, const mt_window *w, int width) {
  geometry g = {.batch = input->size[0],
                .K = output->size[1],
                .C = input->size[1],
                .in = input->size + 2,
                .out = output->size + 2,
                .P = output->size[2] * output->size[3],
                .Q = output->size[4],
                .volume = input->size[2] * input->size[3] * input->size[4],
                .groups = w->groups,
                .kernel = w->kernel[0] * w->kernel[1] * w->kernel[2],
                .direct = 1,
                .w = w};
  g.planes = g.K / g.groups;
  g.channels = g.C / g.groups;
  g.taps = g.channels * g.kernel;
  for (int i = 0; i < 3; i++) g.direct = g.direct && w->kernel[i] == 1 && w->stride[i] == 1 && w->pad[i] == 0;
  /* a stripe fits in the cache, and there is one for each thread at least */
  g.rows = mt_least(STRIPE / (g.taps * g.Q * width + 1), g.P * g.batch * g.groups / mt_get_threads());
  g.rows = g.rows < 1 ? 1 : mt_least(g.rows, g.P);
  g.stripes = (g.P + g.rows - 1) / g.rows;
  return g;
}

/* OpenBLAS counts in int. */
static int too_large(const geometry *g) {
  return g->taps > INT_MAX || g->P * g->Q > INT_MAX || g->volume > INT_MAX || g->K > INT_MAX;
}

/* Threads for so many equal pieces of so many multiplications each. With too few pieces it is one, and then OpenBLAS
 * shares out each product. */
static int threads_for(int64_t pieces, double work) {
  double elements = (double)pieces * work / 8;
  int threads = mt_threads_for(elements < 1e15 ? (int64_t)elements : (int64_t)1e15);
  if (pieces >= threads) return threads;
  return pieces > threads / 2 ? (int)pieces : 1;
}

#define T float
#define BLAS(name) cblas_s##name
#define DTYPE MT_FLOAT
#define K(name) name##_float
#include "conv.tpl.c"
#undef T
#undef BLAS
#undef DTYPE
#undef K

#define T double
#define BLAS(name) cblas_d##name
#define DTYPE MT_DOUBLE
#define K(name) name##_double
#include "conv.tpl.c"

void mt_cpu_register_conv(void) {
  register_float();
  register_double();
}
