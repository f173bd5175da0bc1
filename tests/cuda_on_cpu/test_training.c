/* test_training.c: a small network learns on the GPU what it learns on the CPU. Linked with the emulated library or
 * with the real one. */
#include "moontorch_cuda.h"
#include "twin.h"

enum { BATCH = 20, INPUTS = 8, HIDDEN = 12, CLASSES = 4, STEPS = 10 };

typedef struct {
  mt_tensor *x, *target;          /* BATCH×INPUTS; BATCH×1, from 1 */
  mt_tensor *w1, *b1, *w2, *b2;   /* INPUTS×HIDDEN, HIDDEN, HIDDEN×CLASSES, CLASSES */
  mt_tensor *h, *y, *g, *gh, *gw; /* of one step: hidden, log-probabilities, gradients of those and of a parameter */
} network;

static mt_tensor *transposed(const mt_tensor *t) {
  mt_tensor *view = mt_tensor_new(t->dtype, t->device);
  must(!view || mt_transpose(view, t, 0, 1));
  return view;
}

/* One layer's parameters take a step against the gradient g of its output; input: what the layer saw. */
static int update_layer(network *n, mt_tensor *w, mt_tensor *b, const mt_tensor *input, const mt_tensor *g) {
  static const double rate = 0.5;
  mt_tensor *turned = transposed(input);
  int64_t size = b->size[0];
  int failed = mt_matmul(n->gw, NULL, 0, 1, turned, g) ||
               mt_pointwise(mt_op_find("add"), w, w, n->gw, NULL, 0, -rate) ||
               mt_reduce(mt_op_find("sum"), n->gw, NULL, g, 1, 0) || mt_view(n->gw, n->gw, 1, &size) ||
               mt_pointwise(mt_op_find("add"), b, b, n->gw, NULL, 0, -rate);
  mt_tensor_free(turned);
  return failed;
}

/* A step of gradient descent; leaves the mean log-likelihood in likelihood. */
static int train_step(network *n, double *likelihood) {
  mt_tensor *w2 = transposed(n->w2), *picked = mt_tensor_new(MT_FLOAT, n->x->device);
  mt_tensor *mean = mt_tensor_new(MT_FLOAT, n->x->device);
  int failed =
      mt_matmul(n->h, n->b1, 1, 1, n->x, n->w1) || mt_pointwise(mt_op_find("tanh"), n->h, n->h, NULL, NULL, 0, 0) ||
      mt_matmul(n->y, n->b2, 1, 1, n->h, n->w2) || mt_softmax(n->y, n->y, 1, 1) ||
      mt_gather(picked, n->y, 1, n->target) || mt_reduce(mt_op_find("mean"), mean, NULL, picked, 0, 0) ||
      mt_tensor_get(mean, mean->offset, likelihood) || mt_tensor_resize(n->g, 2, n->y->size) || mt_fill(n->g, 0) ||
      mt_scatter(n->g, 1, n->target, NULL, -1.0 / BATCH) || mt_softmax_grad(n->g, n->g, n->y, 1, 1) ||
      mt_matmul(n->gh, NULL, 0, 1, n->g, w2) || mt_pointwise(mt_op_find("tanh_grad"), n->gh, n->gh, n->h, NULL, 0, 0) ||
      update_layer(n, n->w2, n->b2, n->h, n->g) || update_layer(n, n->w1, n->b1, n->x, n->gh);
  FREE(w2, picked, mean);
  return failed;
}

static void train(network *n, double *likelihoods) {
  int device = n->x->device;
  mt_tensor **buffers[] = {&n->h, &n->y, &n->g, &n->gh, &n->gw};
  for (int i = 0; i < 5; i++) must(!(*buffers[i] = mt_tensor_new(MT_FLOAT, device)));
  for (int step = 0; step < STEPS; step++) CHECK(train_step(n, &likelihoods[step]) == 0);
  FREE(n->h, n->y, n->g, n->gh, n->gw);
}

/* The same network learns the same on both devices. */
static void test_training(void) {
  double cpu_fit[STEPS], cuda_fit[STEPS];
  network cpu = {.x = noise_tensor(MT_FLOAT, PLAIN, SIZES(BATCH, INPUTS))};
  cpu.target = index_tensor(SIZES(BATCH, 1), CLASSES, 0);
  cpu.w1 = noise_tensor(MT_FLOAT, PLAIN, SIZES(INPUTS, HIDDEN));
  cpu.b1 = noise_tensor(MT_FLOAT, PLAIN, SIZES(HIDDEN));
  cpu.w2 = noise_tensor(MT_FLOAT, PLAIN, SIZES(HIDDEN, CLASSES));
  cpu.b2 = noise_tensor(MT_FLOAT, PLAIN, SIZES(CLASSES));
  network cuda = {.x = twin(cpu.x), .target = twin(cpu.target), .w1 = twin(cpu.w1), .b1 = twin(cpu.b1)};
  cuda.w2 = twin(cpu.w2);
  cuda.b2 = twin(cpu.b2);
  train(&cpu, cpu_fit);
  train(&cuda, cuda_fit);
  for (int i = 0; i < STEPS; i++) CHECK(close_enough(cuda_fit[i], cpu_fit[i], 1e-5));
  CHECK(cuda_fit[STEPS - 1] > cuda_fit[0]);
  FREE(cpu.x, cpu.target, cpu.w1, cpu.b1, cpu.w2, cpu.b2);
  FREE(cuda.x, cuda.target, cuda.w1, cuda.b1, cuda.w2, cuda.b2);
}

int main(void) {
  if (mt_cuda_start()) {
    printf("%s\n", mt_error());
    return 77; /* no GPU: skipped */
  }
  test_training();
  return check_end();
}
