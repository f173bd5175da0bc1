/* conv.c: convolution for float and double as a product of matrices, which BLAS makes, or bf16.c: the input is laid out
 * as columns, one for each output and as tall as a window (im2col), which the weight multiplies. A stripe of output rows
 * is done at a time, so that its columns stay in the cache; threads share out images and stripes. */
#include "bf16.h"
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

/* Elements of a stripe's columns */
static int64_t columns_of(const geometry *g) { return g->direct ? 0 : g->taps * g->rows * g->Q; }

/* What conv.tpl.c asks of the products, for BLAS: whether they are wanted; elements of memory that a product needs where
 * so many threads make one at the same time; out (n×m) = or += a (n×k) times b (k×m), either perhaps transposed, in rows
 * so far apart. */
#define BY_BLAS(T, gemm, name)                                                                                    \
  static int wanted_##name(const geometry *g) {                                                                   \
    (void)g;                                                                                                      \
    return 1;                                                                                                     \
  }                                                                                                               \
  static int64_t room_##name(int64_t n, int64_t k, int64_t m, int callers) {                                      \
    (void)n, (void)k, (void)m, (void)callers;                                                                     \
    return 0;                                                                                                     \
  }                                                                                                               \
  static void product_##name(int turn_a, int turn_b, int64_t n, int64_t m, int64_t k, const T *a, int64_t a_step, \
                             const T *b, int64_t b_step, int add, T *out, int64_t out_step, T *room) {            \
    (void)room;                                                                                                   \
    gemm(CblasRowMajor, turn_a ? CblasTrans : CblasNoTrans, turn_b ? CblasTrans : CblasNoTrans, (int)n, (int)m,   \
         (int)k, 1, a, (int)a_step, b, (int)b_step, add, out, (int)out_step);                                     \
  }
BY_BLAS(float, cblas_sgemm, float)
BY_BLAS(double, cblas_dgemm, double)

#define T float
#define DTYPE MT_FLOAT
#define K(name) name##_float
#include "conv.tpl.c"
#undef DTYPE
#undef K

#if defined(__x86_64__)
static int wanted_bf16(const geometry *g) { return mt_bf16_wanted(g->planes, g->taps, g->P * g->Q); }

static int64_t room_bf16(int64_t n, int64_t k, int64_t m, int callers) { return mt_bf16_room(n, k, m, callers); }

static void product_bf16(int turn_a, int turn_b, int64_t n, int64_t m, int64_t k, const float *a, int64_t a_step,
                         const float *b, int64_t b_step, int add, float *out, int64_t out_step, float *room) {
  mt_bf16_lines left = {a, turn_a ? 1 : a_step, turn_a ? a_step : 1};
  mt_bf16_lines right = {b, turn_b ? b_step : 1, turn_b ? 1 : b_step};
  mt_bf16_product(out, out_step, 1, &left, &right, n, k, m, add, room);
}

#define DTYPE MT_FLOAT
#define K(name) name##_bf16
#include "conv.tpl.c"
#undef DTYPE
#undef K

void mt_cpu_register_conv_bf16(void) { register_bf16(); }
#endif
#undef T

#define T double
#define DTYPE MT_DOUBLE
#define K(name) name##_double
#include "conv.tpl.c"

void mt_cpu_register_conv(void) {
  register_float();
  register_double();
}
