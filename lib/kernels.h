/* kernels.h: the signatures of the slots of the kernel table.
 *
 * The front doors (mt_reduce, mt_gather, …) check everything once, resize the outputs and call the slot, so a kernel
 * may rely on: devices and dtypes right, sizes right, indices in range, outputs not overlapping inputs. Tensors may be
 * strided unless a line here says contiguous. A kernel gives 0 or fails with a message. */
#ifndef MOONTORCH_KERNELS_H
#define MOONTORCH_KERNELS_H
#include "internal.h"

/* CPU, UNARY … MASKED: n elements; p[k], step[k]: address and step in bytes of operand k, 0 being the output */
typedef void (*mt_pointwise_kernel)(int64_t n, char *const *p, const int64_t *step, double s, double t);

typedef int (*mt_fill_kernel)(mt_tensor *out, double value);
/* in the slot of the source's dtype; the destination's dtype is looked up inside; same sizes or same counts */
typedef int (*mt_copy_kernel)(mt_tensor *out, const mt_tensor *src);
typedef int (*mt_equal_kernel)(const mt_tensor *a, const mt_tensor *b, int *equal);

/* out: a's sizes with 1 in the reduced dimensions (bits of dims, never 0), of a's dtype or double. index: as out,
 * int64, or NULL */
typedef int (*mt_reduce_kernel)(mt_tensor *out, mt_tensor *index, const mt_tensor *a, uint32_t dims, double p);
typedef int (*mt_scan_kernel)(mt_tensor *out, const mt_tensor *a, int dim);

/* p: x, the gradient and the states, of n packed elements each; number: n[0] … n[9] of the row */
typedef int (*mt_step_kernel)(int64_t n, void *const *p, const double *number);

/* out = c + alpha a·b; c: out itself, or what shares no memory with it, of its sizes, with any strides; NULL: 0. out:
 * batch×n×m, contiguous; a: batch×n×k, b: batch×k×m; each of their matrices is row-major or column-major: one stride is 1,
 * the other at least as long as such a line. Nothing is empty. */
typedef int (*mt_matmul_kernel)(mt_tensor *out, double alpha, const mt_tensor *a, const mt_tensor *b,
                                const mt_tensor *c);
/* a, b: one dimension each, of equal sizes, not empty; any stride */
typedef int (*mt_dot_kernel)(const mt_tensor *a, const mt_tensor *b, double *value);

typedef int (*mt_sort_kernel)(mt_tensor *out, mt_tensor *index, const mt_tensor *a, int dim, int descending);
typedef int (*mt_topk_kernel)(mt_tensor *out, mt_tensor *index, const mt_tensor *a, int64_t k, int dim, int largest,
                              int sorted);
/* out, index: 1 along dim, where a has at least one element */
typedef int (*mt_pick_kernel)(mt_tensor *out, mt_tensor *index, const mt_tensor *a, int64_t k, int dim);
typedef int (*mt_gather_kernel)(mt_tensor *out, const mt_tensor *a, int dim, const mt_tensor *index);
typedef int (*mt_scatter_kernel)(mt_tensor *out, int dim, const mt_tensor *index, const mt_tensor *src, double value);
typedef int (*mt_scatter_add_kernel)(mt_tensor *out, int dim, const mt_tensor *index, const mt_tensor *src);
typedef int (*mt_index_select_kernel)(mt_tensor *out, const mt_tensor *a, int dim, const mt_tensor *index);
typedef int (*mt_index_write_kernel)(mt_tensor *out, int dim, const mt_tensor *index, const mt_tensor *src);
typedef int (*mt_index_fill_kernel)(mt_tensor *out, int dim, const mt_tensor *index, double value);
/* out: contiguous, as many elements as the mask has nonzero ones */
typedef int (*mt_masked_select_kernel)(mt_tensor *out, const mt_tensor *a, const mt_tensor *mask);
typedef int (*mt_masked_copy_kernel)(mt_tensor *out, const mt_tensor *mask, const mt_tensor *src);
/* resizes out itself */
typedef int (*mt_nonzero_kernel)(mt_tensor *out, const mt_tensor *a);
/* out, a: batch×rows×columns */
typedef int (*mt_tri_kernel)(mt_tensor *out, const mt_tensor *a, int64_t k, int upper);
typedef int (*mt_range_kernel)(mt_tensor *out, double from, double step);

/* Windows. All tensors are contiguous and the output is not empty. However many spatial axes the caller has, a kernel
 * sees N×C×D×H×W (the weight: K×c×kD×kH×kW) and windows of three axes: those that lack come first, with size 1. */
typedef int (*mt_conv_kernel)(mt_tensor *out, const mt_tensor *input, const mt_tensor *weight, const mt_tensor *bias,
                              const mt_window *w, int activation);
typedef int (*mt_conv_grad_kernel)(mt_tensor *out, const mt_tensor *grad, const mt_tensor *other, const mt_window *w);
/* im2col, col2im, avg_pool, avg_pool_input; columns: N×taps×1×1×outputs */
typedef int (*mt_window_kernel)(mt_tensor *out, const mt_tensor *input, const mt_window *w);
typedef int (*mt_max_pool_kernel)(mt_tensor *out, mt_tensor *index, const mt_tensor *input, const mt_window *w);
typedef int (*mt_adaptive_max_pool_kernel)(mt_tensor *out, mt_tensor *index, const mt_tensor *input);
typedef int (*mt_adaptive_avg_pool_kernel)(mt_tensor *out, const mt_tensor *input); /* and its gradient */
/* samples: N×C×axes as the caller gave them; kernel: of three axes */
typedef int (*mt_fractional_max_pool_kernel)(mt_tensor *out, mt_tensor *index, const mt_tensor *input,
                                             const mt_tensor *samples, const int64_t *kernel);
typedef int (*mt_upsample_kernel)(mt_tensor *out, const mt_tensor *input, int how); /* and its gradient */
/* other: the input or the gradient; grid: N×P×Q×2 */
typedef int (*mt_grid_sample_kernel)(mt_tensor *out, const mt_tensor *other, const mt_tensor *grid, int corners);
/* a: outer×n×inner, contiguous */
typedef int (*mt_softmax_kernel)(mt_tensor *out, const mt_tensor *a, int64_t outer, int64_t n, int64_t inner,
                                 int logarithm);
typedef int (*mt_softmax_grad_kernel)(mt_tensor *out, const mt_tensor *grad, const mt_tensor *output, int64_t outer,
                                      int64_t n, int64_t inner, int logarithm);
typedef int (*mt_batch_norm_kernel)(mt_tensor *out, mt_tensor *mean, mt_tensor *invstd, const mt_tensor *input,
                                    const mt_tensor *weight, const mt_tensor *bias, double eps, int training);
typedef int (*mt_batch_norm_grad_kernel)(mt_tensor *grad_input, mt_tensor *grad_weight, mt_tensor *grad_bias,
                                         const mt_tensor *grad, const mt_tensor *input, const mt_tensor *mean,
                                         const mt_tensor *invstd, const mt_tensor *weight, int training);
/* input: rows×n; nothing is empty */
typedef int (*mt_layer_norm_kernel)(mt_tensor *out, mt_tensor *mean, mt_tensor *invstd, const mt_tensor *input,
                                    const mt_tensor *weight, const mt_tensor *bias, double eps);
typedef int (*mt_layer_norm_grad_kernel)(mt_tensor *grad_input, mt_tensor *grad_weight, mt_tensor *grad_bias,
                                         const mt_tensor *grad, const mt_tensor *input, const mt_tensor *mean,
                                         const mt_tensor *invstd, const mt_tensor *weight);

/* Tensors are B×H×…, of any strides, but lse is contiguous, and so is grad_bias, which holds zeros and to which nothing need
 * be written where scores are hidden. bias and mask: B×H×T×S, or NULL. Only S may be 0, and that not in attention_grad. */
typedef int (*mt_attention_kernel)(mt_tensor *out, mt_tensor *lse, const mt_tensor *q, const mt_tensor *k,
                                   const mt_tensor *v, const mt_tensor *bias, const mt_tensor *mask,
                                   const mt_attention_form *how);
typedef int (*mt_attention_grad_kernel)(mt_tensor *grad_q, mt_tensor *grad_k, mt_tensor *grad_v, mt_tensor *grad_bias,
                                        const mt_tensor *grad, const mt_tensor *out, const mt_tensor *lse,
                                        const mt_tensor *q, const mt_tensor *k, const mt_tensor *v,
                                        const mt_tensor *bias, const mt_tensor *mask, const mt_attention_form *how);
typedef int (*mt_attention_drop_kernel)(mt_tensor *out, const mt_attention_form *how); /* out: contiguous */

/* All tensors but weight and project are contiguous; nothing is empty. grad_c, grad_out, project, bias, active: or NULL */
typedef int (*mt_lstm_kernel)(mt_tensor *h, mt_tensor *c, mt_tensor *gates, const mt_tensor *sums, const mt_tensor *h0,
                              const mt_tensor *c0, const mt_tensor *weight, const mt_tensor *project,
                              const mt_tensor *active, const mt_recurrence *how);
typedef int (*mt_lstm_grad_kernel)(mt_tensor *grad_sums, mt_tensor *grad_h0, mt_tensor *grad_c0, mt_tensor *grad_out,
                                   const mt_tensor *grad_h, const mt_tensor *grad_c, const mt_tensor *gates,
                                   const mt_tensor *c, const mt_tensor *c0, const mt_tensor *weight,
                                   const mt_tensor *project, const mt_tensor *active, const mt_recurrence *how);
typedef int (*mt_gru_kernel)(mt_tensor *h, mt_tensor *gates, const mt_tensor *sums, const mt_tensor *h0,
                             const mt_tensor *weight, const mt_tensor *bias, const mt_tensor *active,
                             const mt_recurrence *how);
typedef int (*mt_gru_grad_kernel)(mt_tensor *grad_gates, mt_tensor *grad_h0, const mt_tensor *grad_h,
                                  const mt_tensor *gates, const mt_tensor *h, const mt_tensor *h0,
                                  const mt_tensor *weight, const mt_tensor *active, const mt_recurrence *how);

/* index: contiguous; sorted: lines of n elements, values: lines of m, both contiguous; one line of sorted serves every
 * line of values, or each its own */
typedef int (*mt_searchsorted_kernel)(mt_tensor *index, const mt_tensor *sorted, const mt_tensor *values, int right);

/* One matrix of a batch, for LAPACK. Operand k lies at data[k], by columns and without gaps: rows[k]×columns[k] numbers
 * in double, or in float for the other floating dtypes; pivots are int32. Each slot says in lapack.tpl.c what goes in
 * and comes out where. Gives 0, LAPACK's info, or one of the two below; leaves no message. */
typedef struct mt_lapack {
  void *data[4];
  int rows[4], columns[4];
  char flag[3]; /* LAPACK's letters: 'U' or 'L', 'N' or 'T', … */
  double tolerance;
} mt_lapack;
enum { MT_LAPACK_MEMORY = INT32_MIN, MT_LAPACK_NOT_FINITE };
typedef int (*mt_lapack_kernel)(const mt_lapack *m);

/* a: rows×n, contiguous; out: rows×bins, contiguous; low < high, finite */
typedef int (*mt_histogram_kernel)(mt_tensor *out, const mt_tensor *a, int64_t rows, double low, double high);
/* a: n×k, b: m×k, out: n×m, contiguous */
typedef int (*mt_match_kernel)(mt_tensor *out, const mt_tensor *a, const mt_tensor *b, double gain);

/* filled in the tensor's storage order of elements (row-major over its sizes) */
typedef int (*mt_random_kernel)(mt_generator *g, mt_tensor *out, int distribution, double p, double q);
/* out: int64, rows×n or n, contiguous; weights: rows×slots or slots; refuses weights that are no distribution */
typedef int (*mt_multinomial_kernel)(mt_generator *g, mt_tensor *out, const mt_tensor *weights, int replacement);

/* mt_set_conv(device, dtype, kernel), mt_get_conv(device, dtype) and so on: the slots with their kernels' types */
#define OWN(NAME, KERNEL)                                                  \
  static inline void mt_set_##NAME(int device, int dtype, KERNEL kernel) { \
    mt_kernel_set(device, MT_OP_##NAME, dtype, (mt_kernel)kernel);         \
  }                                                                        \
  static inline KERNEL mt_get_##NAME(int device, int dtype) {              \
    return (KERNEL)mt_kernel_get(device, MT_OP_##NAME, dtype);             \
  }
#define REDUCE(NAME, TYPES) OWN(NAME, mt_reduce_kernel)
#include "ops.def"

#endif
