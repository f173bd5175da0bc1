/* index_kernels.c: gather, scatter, slices by index, masks: the kernels for the CPU. */
#include "half.h"
#include "iter.h"
#include "loops.h"
#include "stream.h"

#include <string.h>

enum { SHORTEST = 32 }; /* elements of a slice that are worth a call */
enum { FAR = 512 };     /* how many elements ahead what comes is asked for */

/* -- One index for each element ----------------------------------------------------------------------------- */

typedef void (*rows_function)(const mt_loops *l, void *out, const int64_t *index, const void *in, int64_t along);

/* The dimension to be split over threads: not the indexed one, so that no two threads write one element. */
static int axis_to_split(const mt_tensor *index, int dim, const mt_tensor *out) {
  int best = -1;
  for (int i = 0; i < index->dim; i++) {
    if (i == dim || index->size[i] == 1 || out->stride[i] == 0) continue;
    if (best < 0 || index->size[i] > index->size[best]) best = i;
  }
  return best;
}

/* in has strides for index's dimensions. along: the step that an index counts */
static int run_rows(rows_function rows, const mt_tensor *out, const mt_tensor *index, const mt_tensor *in, int dim,
                    int64_t along, const void *from) {
  const mt_tensor *all[] = {out, index, in};
  int split = axis_to_split(index, dim, out), threads = mt_threads_for(mt_tensor_numel(index));
  int64_t n = split < 0 ? 1 : index->size[split], width = mt_dtype_size(out->dtype);
  if (threads > n) threads = (int)n;
  char *o = mt_tensor_data(out);
  const char *x = from;
  const int64_t *p = mt_tensor_data(index);
#pragma omp parallel for num_threads(threads) if (threads > 1) schedule(static)
  for (int t = 0; t < threads; t++) {
    mt_tensor part = *index;
    mt_loops l;
    int64_t at[3] = {0};
    if (split >= 0) {
      int64_t first = n * t / threads;
      part.size[split] = n * (t + 1) / threads - first;
      for (int k = 0; k < 3; k++) at[k] = first * all[k]->stride[split];
    }
    mt_loops_over(&l, &part, -1, all, 3);
    rows(&l, o + at[0] * width, p + at[1], x + at[2] * width, along);
  }
  return 0;
}

/* indexed: out or in; its place along dim comes from the index alone. */
static int by_element(rows_function rows, const mt_tensor *out, const mt_tensor *index, const mt_tensor *in, int dim,
                      const mt_tensor *indexed) {
  mt_tensor o = *out, x = *in;
  (indexed == out ? &o : &x)->stride[dim] = 0;
  return run_rows(rows, &o, index, &x, dim, indexed->stride[dim], mt_tensor_data(in));
}

/* All elements come from one number. */
static int by_element_from(rows_function rows, const mt_tensor *out, const mt_tensor *index, const void *number,
                           int dim) {
  mt_tensor o = *out, x = *out;
  o.stride[dim] = 0;
  memset(x.stride, 0, sizeof x.stride);
  return run_rows(rows, &o, index, &x, dim, out->stride[dim], number);
}

/* -- One index for each slice --------------------------------------------------------------------------------- */

typedef void (*run_function)(void *out, int64_t out_step, const void *in, int64_t in_step, int64_t n);

typedef struct {
  run_function run;
  mt_loops l; /* the positions within a slice, of out and in */
  char *out;
  const char *in;
  int64_t width;
  const int64_t *index;
  int64_t count, index_step;
  int64_t out_along, in_along; /* steps from slice to slice */
  int writes;                  /* the index says where in out; else where in in */
} slices;

/* Where slices are read in any order, those of up to so many bytes are asked for ahead: no pattern announces them. */
enum { AHEAD = 4, FETCHED = 4096 };

/* Elements first … end - 1 of a row, for every slice in order. */
static void run_slices(const slices *s, const mt_row *r, int64_t first, int64_t end) {
  int last = s->l.dim - 1;
  int64_t os = s->l.step[0][last], xs = s->l.step[1][last];
  char *o = s->out + (r->offset[0] + first * os) * s->width;
  const char *x = s->in + (r->offset[1] + first * xs) * s->width;
  const int64_t bytes = (end - first) * s->width, along = s->in_along * s->width;
  const int fetches = !s->writes && xs == 1 && bytes <= FETCHED;
  for (int64_t j = 0; j < s->count; j++) {
    if (fetches && j + AHEAD < s->count) mt_fetch(x + (s->index[(j + AHEAD) * s->index_step] - 1) * along, bytes);
    int64_t named = s->index[j * s->index_step] - 1, to = s->writes ? named : j, from = s->writes ? j : named;
    s->run(o + to * s->out_along * s->width, os, x + from * along, xs, end - first);
  }
}

/* Parts of a row: short ones where the slices lie across memory (columns of a matrix), so that what is fetched for one
 * slice serves the next; otherwise as many as threads need. */
static int64_t parts_of_row(const slices *s, int threads) {
  int last = s->l.dim - 1;
  int64_t n = s->l.size[last], most = (n + SHORTEST - 1) / SHORTEST;
  if (s->l.step[0][last] > s->out_along) return most;
  if (threads == 1 || s->l.rows >= 4 * threads) return 1;
  return most < threads ? most : threads;
}

/* Work is split over rows and within them, never over slices: an index may come twice, and order counts. */
static int run_all(const slices *s) {
  int64_t n = s->l.size[s->l.dim - 1];
  int threads = mt_threads_for(s->l.rows * n * s->count);
  int64_t parts = parts_of_row(s, threads), items = s->l.rows * parts;
#pragma omp parallel for num_threads(threads) if (threads > 1) schedule(static)
  for (int64_t item = 0; item < items; item++) {
    mt_row r;
    int64_t part = item % parts;
    mt_row_seek(&s->l, &r, item / parts);
    run_slices(s, &r, n * part / parts, n * (part + 1) / parts);
  }
  return 0;
}

static int slices_of(run_function run, const mt_tensor *out, const mt_tensor *in, const void *from, int dim,
                     const mt_tensor *index, int writes) {
  const mt_tensor *both[] = {out, in};
  slices s = {.run = run, .out = mt_tensor_data(out), .in = from, .width = mt_dtype_size(out->dtype), .writes = writes};
  s.index = mt_tensor_data(index);
  s.count = mt_tensor_numel(index);
  s.index_step = index->dim > 0 ? index->stride[0] : 0;
  s.out_along = out->stride[dim];
  s.in_along = in->stride[dim];
  mt_loops_over(&s.l, out, dim, both, 2);
  mt_loops_sort(&s.l);
  return run_all(&s);
}

static int by_slice(run_function run, const mt_tensor *out, const mt_tensor *in, int dim, const mt_tensor *index,
                    int writes) {
  return slices_of(run, out, in, mt_tensor_data(in), dim, index, writes);
}

static int by_slice_from(run_function run, const mt_tensor *out, const void *number, int dim, const mt_tensor *index) {
  mt_tensor x = *out;
  memset(x.stride, 0, sizeof x.stride);
  return slices_of(run, out, &x, number, dim, index, 1);
}

#define MT_TEMPLATE "index.tpl.c"
#include "each_dtype.h"

void mt_register_index(void) {
  register_float();
  register_double();
  register_half();
  register_bfloat16();
  register_uint8();
  register_int8();
  register_int16();
  register_int32();
  register_int64();
}
