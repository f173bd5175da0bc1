/* test_kept.c: layouts that kernels keep of constant operands: the same results, memory that is given back, and writes
 * that are noticed. */
#include "../../lib/internal.h"
#include "tensors.h"

#include <pthread.h>

typedef struct {
  const char *name;
  int64_t weight[4], input[4]; /* a product where the weight has two sizes */
  int64_t pad, groups, stride;
  int transposed; /* the product's weight */
} layer;

static const layer layers[] = {
    {"product", {48, 300}, {300, 40}, 0, 1, 1, 0},
    {"product", {70, 600}, {600, 33}, 0, 1, 1, 1},
    {"product of few columns", {520, 90}, {90, 9}, 0, 1, 1, 1},
    {"1x1", {40, 24, 1, 1}, {2, 24, 9, 11}, 0, 1, 1, 0},
    {"3x3", {33, 17, 3, 3}, {2, 17, 14, 15}, 1, 1, 1, 0},
    {"3x3 of few outputs", {33, 17, 3, 3}, {1, 17, 4, 4}, 1, 1, 1, 0},
    {"5x5", {20, 18, 5, 5}, {3, 18, 9, 9}, 2, 1, 1, 0},
    {"3x3 of few outputs and many planes", {70, 20, 3, 3}, {1, 20, 5, 7}, 1, 1, 1, 0},
    {"groups", {24, 8, 3, 3}, {2, 16, 12, 12}, 1, 2, 1, 0},
    {"4x4 in steps of 2", {20, 18, 4, 4}, {3, 18, 32, 32}, 1, 1, 2, 0},
};
enum { LAYERS = sizeof layers / sizeof *layers };

static mt_tensor *weight_of(const layer *l) {
  int dim = l->weight[2] ? 4 : 2;
  return noise_tensor(MT_FLOAT, l->transposed ? TURNED : PLAIN, dim, l->weight);
}

static void run(const layer *l, mt_tensor *out, mt_tensor *x, mt_tensor *w) {
  mt_window window = {{3, 3}, {l->stride, l->stride}, {l->pad, l->pad}, {1, 1}, l->groups, 2, 0, 0};
  for (int i = 0; i < 2; i++) window.kernel[i] = l->weight[i + 2];
  must(l->weight[2] ? mt_conv(out, x, w, NULL, &window, MT_RELU) : mt_matmul(out, NULL, 0, 1, w, x));
}

/* The largest difference */
static double between(const mt_tensor *a, const mt_tensor *b) {
  double *x = values(a), *y = values(b), most = 0;
  for (int64_t i = 0; i < mt_tensor_numel(a); i++) most = fmax(most, fabs(x[i] - y[i]));
  free(x);
  free(y);
  return most;
}

/* The operands of a layer, and what comes of them. */
typedef struct {
  const layer *l;
  mt_tensor *w, *x, *out, *expected;
} operands;

static operands operands_of(const layer *l) {
  operands o = {l, weight_of(l), noise_tensor(MT_FLOAT, PLAIN, l->weight[2] ? 4 : 2, l->input),
                mt_tensor_new(MT_FLOAT, MT_CPU), mt_tensor_new(MT_FLOAT, MT_CPU)};
  run(l, o.expected, o.x, o.w);
  run(l, o.out, o.x, o.w);
  return o;
}

static double error_of(operands *o) {
  must(mt_fill(o->out, 7));
  run(o->l, o->out, o->x, o->w);
  return between(o->out, o->expected);
}

static void free_operands(operands *o) {
  mt_tensor_free(o->w);
  mt_tensor_free(o->x);
  mt_tensor_free(o->out);
  mt_tensor_free(o->expected);
}

/* Bytes that running it once more has left behind. */
static int64_t left_by(operands *o) {
  int64_t before = mt_memory(MT_CPU, MT_LIVE);
  CHECK(error_of(o) < 1e-4); /* another way may be taken, which rounds otherwise */
  return mt_memory(MT_CPU, MT_LIVE) - before;
}

/* Whether the kernels of this processor, with what is held back, keep a layer's weight: those of lib/cpu for AVX2 and
 * AVX-512 do so for convolutions, that for AVX-512 for products. */
static int keeps(const layer *l) {
#if defined(__x86_64__)
  const char *most = getenv("MOONTORCH_ISA");
  int avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && !(most && !strcmp(most, "portable"));
  int avx512 = __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl") &&
               __builtin_cpu_supports("avx512dq") && !(most && !strcmp(most, "avx2"));
  return l->weight[2] ? avx2 : avx2 && avx512;
#else
  (void)l;
  return 0;
#endif
}

/* What is kept must be right, once, and go again. */
static void one_layer(const layer *l) {
  int64_t all = mt_memory(MT_CPU, MT_LIVE);
  operands o = operands_of(l);
  check_context = l->name;
  CHECK(left_by(&o) == 0);
  mt_storage_keep(o.w->storage);
  int64_t kept = left_by(&o);
  CHECK((kept > 0) == keeps(l) && left_by(&o) == 0 && left_by(&o) == 0);
  must(mt_pointwise(MT_OP_mul, o.w, o.w, NULL, NULL, -2, 0));
  must(mt_pointwise(MT_OP_mul, o.x, o.x, NULL, NULL, -0.5, 0));
  CHECK(left_by(&o) == -kept && left_by(&o) == 0); /* the same products, exactly */
  mt_storage_keep(o.w->storage);
  CHECK(left_by(&o) == kept);
  free_operands(&o);
  CHECK(mt_memory(MT_CPU, MT_LIVE) == all);
  check_context = "";
}

/* -- Several threads use one weight; OpenBLAS may then round otherwise ------------------------------------------ */

static void *use(void *argument) {
  operands *shared = argument, own = *shared;
  intptr_t failures = 0;
  own.out = mt_tensor_new(MT_FLOAT, MT_CPU);
  for (int i = 0; i < 20; i++) failures += !(error_of(&own) < 1e-4);
  mt_tensor_free(own.out);
  return (void *)failures;
}

static void threads_at_once(const layer *l) {
  enum { THREADS = 4 };
  pthread_t threads[THREADS];
  int64_t all = mt_memory(MT_CPU, MT_LIVE);
  operands o = operands_of(l);
  check_context = l->name;
  mt_storage_keep(o.w->storage);
  for (int i = 0; i < THREADS; i++) pthread_create(&threads[i], NULL, use, &o);
  for (int i = 0; i < THREADS; i++) {
    void *failures;
    pthread_join(threads[i], &failures);
    CHECK(!failures);
  }
  free_operands(&o);
  CHECK(mt_memory(MT_CPU, MT_LIVE) == all);
  check_context = "";
}

/* -- Memory that moves ------------------------------------------------------------------------------------------ */

static void moved(const layer *l) {
  operands o = operands_of(l);
  check_context = l->name;
  mt_storage_keep(o.w->storage);
  CHECK(left_by(&o) >= 0);
  must(mt_storage_resize(o.w->storage, 4 * o.w->storage->size));
  CHECK(left_by(&o) <= 0 && left_by(&o) == 0);
  free_operands(&o);
  check_context = "";
}

int main(void) {
  for (int threads = 2; threads > 0; threads--) {
    mt_set_threads(threads);
    for (int i = 0; i < LAYERS; i++) one_layer(&layers[i]);
    for (int i = 0; i < LAYERS; i++) threads_at_once(&layers[i]);
    for (int i = 0; i < LAYERS; i++) moved(&layers[i]);
  }
  mt_storage_keep(NULL);
  return check_end();
}
