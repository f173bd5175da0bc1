/* scan.c: running sums and products along a dimension. */
#include "loops.h"

/* Lines are taken WIDTH at a time, so that memory is followed where lines lie across it. Where they lie along it, BESIDE
 * go on together: the processor then need not wait for one addition to begin the next. */
enum { WIDTH = 256, BESIDE = 4 };

typedef struct {
  int64_t width, n;
  int64_t out_step, a_step;   /* from line to line */
  int64_t out_along, a_along; /* along a line */
} scan_lines;

static int scan(mt_tensor *out, const mt_tensor *a, int dim,
                void (*lines)(const scan_lines *l, void *out, const void *a)) {
  const mt_tensor *both[] = {out, a};
  mt_loops l;
  mt_loops_over(&l, a, dim, both, 2);
  mt_loops_sort(&l);
  int last = l.dim - 1;
  int64_t bundles = (l.size[last] + WIDTH - 1) / WIDTH, items = l.rows * bundles, width = mt_dtype_size(a->dtype);
  char *o = mt_tensor_data(out), *in = mt_tensor_data(a);
  int threads = mt_threads_for(mt_tensor_numel(a));
  if (a->size[dim] == 0) return 0;
#pragma omp parallel for num_threads(threads) if (threads > 1) schedule(static)
  for (int64_t item = 0; item < items; item++) {
    mt_row r;
    int64_t first = item % bundles * WIDTH, rest = l.size[last] - first;
    mt_row_seek(&l, &r, item / bundles);
    scan_lines s = {.width = rest < WIDTH ? rest : WIDTH,
                    .n = a->size[dim],
                    .out_step = l.step[0][last],
                    .a_step = l.step[1][last],
                    .out_along = out->stride[dim],
                    .a_along = a->stride[dim]};
    lines(&s, o + (r.offset[0] + first * s.out_step) * width, in + (r.offset[1] + first * s.a_step) * width);
  }
  return 0;
}

#define MT_TEMPLATE "scan.tpl.c"
#include "each_dtype.h"

int mt_scan(int op, mt_tensor *out, const mt_tensor *a, int dim) {
  const mt_tensor *inputs[] = {a}, *all[] = {a, out};
  if (op != MT_OP_cumsum && op != MT_OP_cumprod) return mt_fail("scan: expected cumsum or cumprod, got op %d", op);
  const char *name = mt_op_name(op);
  if (mt_stopped() || mt_check_alike(name, all, 2)) return 1;
  if ((a->dim > 0 || dim != 0) && mt_check_dim(name, a, dim)) return 1;
  mt_kernel kernel = mt_kernel_for(op, a);
  if (!kernel || mt_prepare(name, out, a->dim, a->size, inputs, 1)) return 1;
  mt_tensor *target = mt_target(out, inputs, 1);
  if (!target) return 1;
  int rc = mt_tensor_numel(a) == 0 ? 0 : ((mt_scan_kernel)kernel)(target, a, dim);
  return mt_target_done(out, target, rc);
}

void mt_register_scan(void) {
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
