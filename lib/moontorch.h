/* moontorch.h: the public face of libmoontorch, a C tensor library that knows neither Lua nor CUDA.
 *
 * This text is also, word for word, what lua/torch/ffi.lua gives to ffi.cdef (the library carries a copy, see
 * mt_header). So it holds declarations only; lines that start with '#' are for C compilers and are dropped there.
 *
 * Conventions
 *   - A function that returns int gives 0, or nonzero after leaving a message for mt_error(); its outputs are then
 *     untouched. One that returns a pointer gives NULL in that case.
 *   - Dimensions and indices are counted from 0 here, except in tensors of indices (sort, topk, gather, …),
 *     whose elements count from 1 as in Lua. Sizes, strides and offsets are in elements.
 *   - An output tensor is resized to the result's sizes, unless it is also an input.
 *   - Nothing here prints, exits or calls back.
 */
#ifndef MOONTORCH_H
#define MOONTORCH_H
#include <stdint.h>
#ifdef __cplusplus
extern "C" {
#endif

/* -- Kinds ------------------------------------------------------------------------------------------------ */

enum {
  MT_ABI = 4,       /* raised whenever this header changes its meaning */
  MT_MAX_DIM = 16,  /* most dimensions of a tensor */
  MT_MAX_DEVICE = 4 /* kinds of device: 0 is the CPU, 1 is CUDA */
};

enum { MT_CPU, MT_CUDA };

enum { MT_FLOAT, MT_DOUBLE, MT_HALF, MT_BFLOAT16, MT_UINT8, MT_INT8, MT_INT16, MT_INT32, MT_INT64, MT_DTYPES };

/* To C, mt_storage and mt_tensor are other names of the structs mt_block and mt_layout. Lua sees them with one field
 * each, because the inner fields' names are methods there: t:size() beside t.layout.size. */

/* A piece of memory on one device, shared by reference count. */
typedef struct mt_block {
  void *data;       /* first element; NULL when size is 0 */
  int64_t size;     /* elements */
  int64_t capacity; /* bytes owned at data */
  int32_t refs;     /* changed atomically */
  uint32_t version; /* raised by every write of an op: lets a tape see that a saved value has changed */
  uint8_t dtype;
  uint8_t device;
  uint8_t origin;                             /* MT_OWNED, MT_EXTERNAL or MT_MAPPED */
  uint8_t index;                              /* which device of that kind */
  uint32_t room;                              /* bytes behind this header that held or hold small data; 0: none */
  int32_t held;                               /* references taken by mt_storage_hold, among refs */
  int32_t keeps;                              /* see mt_storage_keep */
  void (*release)(void *context, void *data); /* external memory only; may be NULL */
  void *context;
} mt_block;
typedef struct mt_storage {
  mt_block block;
} mt_storage;
#define mt_storage mt_block

enum { MT_OWNED, MT_EXTERNAL, MT_MAPPED };

/* A strided view of a storage. dim == 0 means "no elements", as in Torch7. */
typedef struct mt_layout {
  mt_storage *storage; /* NULL until the tensor first gets elements */
  int64_t offset;      /* of the first element within the storage */
  int32_t dim;
  uint8_t dtype;
  uint8_t device;
  uint8_t index;
  uint8_t reserved;
  int64_t size[16];
  int64_t stride[16];
} mt_layout;
typedef struct mt_tensor {
  mt_layout layout;
} mt_tensor;
#define mt_tensor mt_layout

/* -- The library itself ----------------------------------------------------------------------------------- */

const char *mt_header(void); /* the text of this header */
int mt_abi(void);            /* MT_ABI of the compiled library */
int mt_sizeof_tensor(void);  /* sizes of the structs above, to be compared at load */
int mt_sizeof_storage(void);
const char *mt_error(void); /* message of this thread's last failure, never NULL */
void mt_set_threads(int n); /* threads for one op that this thread calls, 1 or more */
int mt_get_threads(void);

/* How products of float32 matrices on the CPU are made, convolutions among them; for the whole process. */
enum {
  MT_HIGHEST, /* as sums of products of float32 */
  MT_HIGH,    /* the same, but by algorithms whose error may be a few times larger (Winograd's) */
  MT_BF16     /* where it is faster, of operands rounded to bfloat16, which are added up in float32 */
};
int mt_set_float32_precision(int precision); /* MT_HIGH to begin with */
int mt_float32_precision(void);
/* What multiplies in bfloat16 here: "amx", "avx512_bf16" or "none", and then MT_BF16 is as MT_HIGH. */
const char *mt_bf16_unit(void);

void mt_interrupt(int on); /* asynchronous-signal safe; while on, every op fails with "interrupted" */
int mt_interrupted(void);
int mt_stopped(void); /* what every op asks first: when interrupted, takes the flag back and fails */
/* From now on this thread obeys *stop, read atomically, in place of the flag: while that is not 0, its ops fail with
 * "stopped". NULL: the flag again. */
void mt_obey(const int32_t *stop);

int mt_op_count(void);            /* ops are numbered 0 … count - 1 */
const char *mt_op_name(int op);   /* NULL when out of range */
const char *mt_op_kind(int op);   /* "unary", "binary", "ternary", "compare", "masked", "step", "reduce", "own" */
int mt_op_find(const char *name); /* -1 when unknown */
int mt_op_available(int op, int device, int dtype); /* 1 when the slot is filled */
const char *mt_dtype_name(int dtype);               /* "float", "double", …; NULL when out of range */
int mt_dtype_size(int dtype);                       /* bytes of an element */

/* -- Memory ----------------------------------------------------------------------------------------------- */

/* 1 while some device holds more than its limit: time to collect what nobody needs any more. */
extern int32_t mt_memory_pressure;
void mt_memory_set_limit(int device, int64_t bytes); /* 64 MB to begin with */
int64_t mt_memory_get_limit(int device);

enum {
  MT_LIVE,    /* bytes handed out and not yet given back */
  MT_PEAK,    /* most live bytes since the last mt_memory_reset_peak */
  MT_CACHED,  /* bytes kept for reuse */
  MT_REQUESTS /* times the system was asked for memory */
};
int64_t mt_memory(int device, int what);
void mt_memory_reset_peak(int device);
void mt_memory_trim(int device); /* gives cached memory back to the system */

/* -- Storages --------------------------------------------------------------------------------------------- */

mt_storage *mt_storage_new(int dtype, int device, int64_t size);
/* Wraps memory that somebody else owns; release(context, data) is called with the last reference. */
mt_storage *mt_storage_external(int dtype, int device, void *data, int64_t size,
                                void (*release)(void *context, void *data), void *context);
enum {
  MT_MAP_PRIVATE, /* writes stay with this storage */
  MT_MAP_SHARED,  /* writes reach the file, which is created and lengthened as needed */
  MT_MAP_MEMORY   /* the same with a shared memory object (see shm_open), whose name goes when this storage is freed */
};
/* Maps a file from byte_offset on, in one of these ways. size < 0: up to the file's end. */
mt_storage *mt_storage_map(int dtype, const char *path, int how, int64_t byte_offset, int64_t size);
/* A window of another storage's memory, of any dtype: size elements from byte_offset on, which must be a place for
 * them. The other storage lives as long as its windows, and until then its memory does not move. */
mt_storage *mt_storage_window(mt_storage *of, int dtype, int64_t byte_offset, int64_t size);
mt_storage *mt_storage_retain(mt_storage *s);
void mt_storage_free(mt_storage *s);   /* gives one reference back; NULL is fine */
void mt_storage_clear(mt_storage **s); /* the same, and *s is NULL afterwards */
/* A reference that no handle owns, for memory that crosses threads; unhold gives one back, and fails where none is. */
void mt_storage_hold(mt_storage *s);
int mt_storage_unhold(mt_storage *s);
/* Says that s holds what stays as it is, such as the weights of a trained net. Kernels then keep beside it the layouts
 * that they make of it, and need not make them again: more memory, less time. The first write of an op, or a change of
 * size, ends that, and the next kernel reads s anew; writes that no op knows of (through the pointer, or through another
 * storage of the same memory) are not seen. */
void mt_storage_keep(mt_storage *s);
int mt_storage_get(mt_storage *s, int64_t index, double *value);
int mt_storage_put(mt_storage *s, int64_t index, double value);
int mt_storage_resize(mt_storage *s, int64_t size);
int mt_storage_copy(mt_storage *dst, const mt_storage *src); /* same size; dtypes and devices may differ */

/* -- Tensors and views ------------------------------------------------------------------------------------ */

mt_tensor *mt_tensor_new(int dtype, int device); /* no elements */
void mt_tensor_free(mt_tensor *t);
void mt_tensor_release(mt_tensor *t); /* lets go of the storage: t has no elements afterwards */
int mt_tensor_resize(mt_tensor *t, int dim, const int64_t *size);
int mt_tensor_set(mt_tensor *t, const mt_tensor *src); /* t becomes the same view as src */
/* t becomes a view of s, which may be NULL; stride NULL: contiguous. */
int mt_tensor_set_storage(mt_tensor *t, mt_storage *s, int64_t offset, int dim, const int64_t *size,
                          const int64_t *stride);
int64_t mt_tensor_numel(const mt_tensor *t);
int mt_tensor_is_contiguous(const mt_tensor *t);
void *mt_tensor_data(const mt_tensor *t); /* address of the first element */
int mt_tensor_get(const mt_tensor *t, int64_t storage_index, double *value);
int mt_tensor_put(mt_tensor *t, int64_t storage_index, double value);

/* Views: out shares src's storage; out == src is allowed. */
int mt_narrow(mt_tensor *out, const mt_tensor *src, int dim, int64_t start, int64_t length);
int mt_select(mt_tensor *out, const mt_tensor *src, int dim, int64_t index);
int mt_transpose(mt_tensor *out, const mt_tensor *src, int dim0, int dim1);
int mt_permute(mt_tensor *out, const mt_tensor *src, const int64_t *order);
int mt_expand(mt_tensor *out, const mt_tensor *src, int dim, const int64_t *size);
int mt_view(mt_tensor *out, const mt_tensor *src, int dim, const int64_t *size); /* one size may be -1 */
int mt_squeeze(mt_tensor *out, const mt_tensor *src, int dim);                   /* dim -1: every dimension of size 1 */
int mt_unsqueeze(mt_tensor *out, const mt_tensor *src, int dim);
int mt_unfold(mt_tensor *out, const mt_tensor *src, int dim, int64_t size, int64_t step);

/* -- Ops: pointwise --------------------------------------------------------------------------------------- */

/* out = op(a, b, c; s, t). Where an op takes a tensor that is NULL, it takes s instead (and t for the second such).
 * Sizes broadcast; tensors of equal count but other sizes go element by element, as in Torch7, and the result has
 * the first one's sizes. */
int mt_pointwise(int op, mt_tensor *out, const mt_tensor *a, const mt_tensor *b, const mt_tensor *c, double s,
                 double t);
int mt_fill(mt_tensor *out, double value);
int mt_copy(mt_tensor *out, const mt_tensor *src);                /* equal counts; converts dtype and crosses devices */
int mt_equal(const mt_tensor *a, const mt_tensor *b, int *equal); /* same sizes and same elements */

/* -- Ops: reductions -------------------------------------------------------------------------------------- */

/* Reduces the dimensions whose bits are set in dims (0: all, giving one element); they stay with size 1.
 * index: NULL, or for max/min the place (from 1) of the extreme, which needs exactly one dimension. p: the norm's.
 * out: of a's dtype, or double, which takes the accumulator as it is. */
int mt_reduce(int op, mt_tensor *out, mt_tensor *index, const mt_tensor *a, uint32_t dims, double p);
int mt_scan(int op, mt_tensor *out, const mt_tensor *a, int dim); /* cumsum, cumprod */

/* -- Ops: matrices ---------------------------------------------------------------------------------------- */

/* out = beta c + alpha a·b with a: n×k (or batch×n×k), b: k×m (or batch×k×m); c may be NULL and may be out. */
int mt_matmul(mt_tensor *out, const mt_tensor *c, double beta, double alpha, const mt_tensor *a, const mt_tensor *b);
int mt_dot(const mt_tensor *a, const mt_tensor *b, double *value); /* equal counts */

/* out[i][j] = gain · the squared distance of a[i] and b[j]; a: n×…, b: m×…, with equal counts behind n and m */
int mt_match(mt_tensor *out, const mt_tensor *a, const mt_tensor *b, double gain);

/* -- Ops: order, indices, joining ------------------------------------------------------------------------- */

/* index tensors are int64 and count from 1 */
int mt_sort(mt_tensor *out, mt_tensor *index, const mt_tensor *a, int dim, int descending);
/* How many elements fall into each of bins equal parts of low … high, whose ends belong to it; low == high: of the finite
 * elements' least … greatest. rows != 0: a is a matrix, whose rows are counted apart. */
int mt_histogram(mt_tensor *out, const mt_tensor *a, int64_t bins, double low, double high, int rows);
int mt_topk(mt_tensor *out, mt_tensor *index, const mt_tensor *a, int64_t k, int dim, int largest, int sorted);
/* index: for each value the place where it goes into its line of sorted (ascending, NaN last) before its equals, or
 * behind them where right is set; sorted: one line of n, or the values' sizes but for the last dimension */
int mt_searchsorted(mt_tensor *index, const mt_tensor *sorted, const mt_tensor *values, int right);
/* one element of each line along dim and its place: the k-th least (op kthvalue, k from 1), or the most frequent one
 * (op mode: the least of equally frequent ones, at its last place; k is not read). The dimension stays with size 1. */
int mt_pick(int op, mt_tensor *out, mt_tensor *index, const mt_tensor *a, int64_t k, int dim);
int mt_gather(mt_tensor *out, const mt_tensor *a, int dim, const mt_tensor *index);
int mt_scatter(mt_tensor *out, int dim, const mt_tensor *index, const mt_tensor *src,
               double value); /* src NULL: value */
int mt_scatter_add(mt_tensor *out, int dim, const mt_tensor *index, const mt_tensor *src);
int mt_index_select(mt_tensor *out, const mt_tensor *a, int dim, const mt_tensor *index);
int mt_index_copy(mt_tensor *out, int dim, const mt_tensor *index, const mt_tensor *src);
int mt_index_add(mt_tensor *out, int dim, const mt_tensor *index, const mt_tensor *src);
int mt_index_fill(mt_tensor *out, int dim, const mt_tensor *index, double value);
int mt_masked_select(mt_tensor *out, const mt_tensor *a, const mt_tensor *mask);
int mt_masked_copy(mt_tensor *out, const mt_tensor *mask, const mt_tensor *src);
int mt_nonzero(mt_tensor *out, const mt_tensor *a); /* int64, count×dim, from 1 */
int mt_cat(mt_tensor *out, mt_tensor *const *parts, int count, int dim);
int mt_tri(mt_tensor *out, const mt_tensor *a, int64_t k, int upper);  /* triu, tril of matrices */
int mt_range(mt_tensor *out, double from, double step, int64_t count); /* out[i] = from + i·step */

/* -- Ops: linear algebra, through LAPACK -------------------------------------------------------------------- */

/* A matrix is n×m, and a vector that goes with it n; instead of one, each operand may be a batch of as many, batch×n×m
 * and batch×n. float and double; half and bfloat16 compute in float. A result that has no storage yet comes with the
 * order of elements that LAPACK gives: by columns. A matrix that LAPACK cannot handle (singular, not positive
 * definite, …) is a failure that says why; gels, symeig, eig and svd refuse NaN and infinite numbers, the others carry
 * them on. */
int mt_gesv(mt_tensor *x, mt_tensor *lu, const mt_tensor *b, const mt_tensor *a); /* a x = b; lu: the factors of a */
/* least squares (a tall) or the shortest solution (a wide), a of full rank; qr: the factors of a */
int mt_gels(mt_tensor *x, mt_tensor *qr, const mt_tensor *b, const mt_tensor *a);
/* a x = b where only a triangle of a is read; transposed: aᵀ x = b; unit: the diagonal counts as ones */
int mt_trtrs(mt_tensor *x, const mt_tensor *b, const mt_tensor *a, int upper, int transposed, int unit);
int mt_inverse(mt_tensor *out, const mt_tensor *a);
/* lu: L below the diagonal (its own is ones) and U; pivots: int32, n or batch×n, row i was exchanged with row
 * pivots[i] (from 1), one after another. A singular a is no failure. */
int mt_getrf(mt_tensor *lu, mt_tensor *pivots, const mt_tensor *a);
int mt_potrf(mt_tensor *out, const mt_tensor *a, int upper); /* upper: outᵀ out = a, else out outᵀ = a */
/* the same with complete pivoting: of a's rows and columns in the order of pivots (int32, from 1); tolerance < 0: n
 * times the precision times the greatest diagonal element */
int mt_pstrf(mt_tensor *out, mt_tensor *pivots, const mt_tensor *a, int upper, double tolerance);
/* eigenvalues in ascending order, and eigenvectors as columns unless NULL; one triangle of a is read */
int mt_symeig(mt_tensor *values, mt_tensor *vectors, const mt_tensor *a, int upper);
/* values: n×2, real and imaginary parts; vectors, as columns, may be NULL: those of a conjugate pair take two columns,
 * real and imaginary part */
int mt_eig(mt_tensor *values, mt_tensor *vectors, const mt_tensor *a);
/* a = u diag(s) vᵀ, a: n×m, k the lesser of n and m; u: n×k, s: k, descending, v: m×k; full: u n×n and v m×m */
int mt_svd(mt_tensor *u, mt_tensor *s, mt_tensor *v, const mt_tensor *a, int full);
/* out: R and, below its diagonal, the reflectors that make up Q; tau: their k factors */
int mt_geqrf(mt_tensor *out, mt_tensor *tau, const mt_tensor *a);
int mt_orgqr(mt_tensor *out, const mt_tensor *a, const mt_tensor *tau); /* Q's first k columns, of geqrf's results */
/* Q c (left) or c Q, or with Qᵀ where transposed */
int mt_ormqr(mt_tensor *out, const mt_tensor *a, const mt_tensor *tau, const mt_tensor *c, int left, int transposed);

/* -- Ops: windows over one to three spatial axes, N×C×W, N×C×H×W or N×C×D×H×W ------------------------------- */

typedef struct mt_window { /* a number for each spatial axis, the outermost first */
  int64_t kernel[3], stride[3], pad[3], dilation[3];
  int64_t groups;
  int32_t axes;      /* 1 … 3; the tensors have so many dimensions behind batch and channels */
  int32_t ceil_mode; /* pooling: round the output size up */
  int32_t count_pad; /* average pooling: padding counts in the divisor */
} mt_window;

/* In what follows O stands for the output's spatial axes, I for the input's, k for the kernel's; size: an array of so
 * many sizes. Convolutions do not read the window's kernel: it is the weight's. */

/* What becomes of an output before it is stored */
enum { MT_AS_IT_IS, MT_RELU /* max(0, ·) */, MT_ACTIVATIONS };
/* out: N×K×O, input: N×C×I, weight: K×(C/groups)×k, bias: K or NULL */
int mt_conv(mt_tensor *out, const mt_tensor *input, const mt_tensor *weight, const mt_tensor *bias, const mt_window *w,
            int activation);
/* gradient of the input, or transposed convolution; size: I. Any I that mt_conv would take to grad's O. */
int mt_conv_input(mt_tensor *out, const mt_tensor *grad, const mt_tensor *weight, const mt_window *w,
                  const int64_t *size);
/* gradient of the weight; size: k */
int mt_conv_weight(mt_tensor *out, const mt_tensor *grad, const mt_tensor *input, const mt_window *w,
                   const int64_t *size);
/* The windows as columns, out: N×(C·taps)×outputs, and the transposed step, which adds up; size: I */
int mt_im2col(mt_tensor *out, const mt_tensor *input, const mt_window *w);
int mt_col2im(mt_tensor *out, const mt_tensor *columns, const mt_window *w, const int64_t *size);

/* index: int64, place (from 1) of each maximum within its plane I */
int mt_max_pool(mt_tensor *out, mt_tensor *index, const mt_tensor *input, const mt_window *w);
int mt_avg_pool(mt_tensor *out, const mt_tensor *input, const mt_window *w);
int mt_avg_pool_input(mt_tensor *out, const mt_tensor *grad, const mt_window *w, const int64_t *size);
/* Along each axis window p of O goes from floor(p I / O) to before ceil((p + 1) I / O). size: O, or the input's I */
int mt_adaptive_max_pool(mt_tensor *out, mt_tensor *index, const mt_tensor *input, const int64_t *size);
int mt_adaptive_avg_pool(mt_tensor *out, const mt_tensor *input, const int64_t *size);
int mt_adaptive_avg_pool_input(mt_tensor *out, const mt_tensor *grad, const int64_t *size);
/* Windows of one size at places that depend on a number u of samples (0 … 1) for each plane and axis:
 * a = (I - kernel) / (O - 1), window p begins at floor((p + u) a) - floor(u a), the last one at I - kernel.
 * samples: N×C×axes, innermost axis first; kernel: its sizes; size: O */
int mt_fractional_max_pool(mt_tensor *out, mt_tensor *index, const mt_tensor *input, const mt_tensor *samples,
                           const int64_t *kernel, const int64_t *size);

/* Where output place p of O lies between the places of I, along each axis */
enum {
  MT_NEAREST,       /* floor(p I / O) */
  MT_LINEAR,        /* (p + 1/2) I / O - 1/2, but not before the first place: places are cells */
  MT_LINEAR_CORNERS /* p (I - 1) / (O - 1): the first and the last places lie on each other */
};
int mt_upsample(mt_tensor *out, const mt_tensor *input, int how, const int64_t *size);      /* size: O */
int mt_upsample_input(mt_tensor *out, const mt_tensor *grad, int how, const int64_t *size); /* size: I */
/* The input (N×C×H×W) between its places, bilinear, and 0 outside. grid: N×P×Q×2 of x and y, where -1 and 1 are the
 * middles of the first and the last place (corners) or their outer edges. out: N×C×P×Q */
int mt_grid_sample(mt_tensor *out, const mt_tensor *input, const mt_tensor *grid, int corners);
int mt_grid_sample_input(mt_tensor *out, const mt_tensor *grad, const mt_tensor *grid, int corners,
                         const int64_t *size); /* size: H, W */

/* -- Ops: fused rows for the nn layers (first order; the composed rule is the truth) ------------------------ */

int mt_softmax(mt_tensor *out, const mt_tensor *a, int dim, int logarithm);
int mt_softmax_grad(mt_tensor *out, const mt_tensor *grad, const mt_tensor *output, int dim, int logarithm);
/* N×C or N×C×…; mean and inverse deviation: C. Training: computed from the input and written; else read. */
int mt_batch_norm(mt_tensor *out, mt_tensor *mean, mt_tensor *invstd, const mt_tensor *input, const mt_tensor *weight,
                  const mt_tensor *bias, double eps, int training);
/* any of the outputs may be NULL */
int mt_batch_norm_grad(mt_tensor *grad_input, mt_tensor *grad_weight, mt_tensor *grad_bias, const mt_tensor *grad,
                       const mt_tensor *input, const mt_tensor *mean, const mt_tensor *invstd, const mt_tensor *weight,
                       int training);
/* Each row of input, rows×n, minus its mean, times its inverse deviation, times weight and plus bias (n, or NULL). The
 * mean and inverse deviation, one for each row, are written, too. */
int mt_layer_norm(mt_tensor *out, mt_tensor *mean, mt_tensor *invstd, const mt_tensor *input, const mt_tensor *weight,
                  const mt_tensor *bias, double eps);
/* any of the outputs may be NULL */
int mt_layer_norm_grad(mt_tensor *grad_input, mt_tensor *grad_weight, mt_tensor *grad_bias, const mt_tensor *grad,
                       const mt_tensor *input, const mt_tensor *mean, const mt_tensor *invstd, const mt_tensor *weight);

/* How queries look at keys. T queries, S keys. */
typedef struct mt_attention_form {
  double scale;   /* of the products of queries and keys */
  double drop;    /* the probability that a weight is dropped, 0 … below 1 */
  uint64_t seed;  /* which weights those are */
  int32_t causal; /* query i sees keys up to i + S - T: the last one sees all */
} mt_attention_form;

/* Scaled dot-product attention: softmax(scale q kᵀ + bias) v, over the keys that are not hidden; queries from which all
 * are hidden get 0. q: B×H×T×D, k: B×H×S×D, v: B×H×S×E, out: B×H×T×E; any strides, also out's where it has these sizes.
 * bias (of q's type) and mask (uint8; 0 hides): B×H×T×S, or sizes that are spread to it, or NULL. Written as well are
 * lse, the logarithms of the sums of exp, B×H×T: double for double, else float. */
int mt_attention(mt_tensor *out, mt_tensor *lse, const mt_tensor *q, const mt_tensor *k, const mt_tensor *v,
                 const mt_tensor *bias, const mt_tensor *mask, const mt_attention_form *how);
/* any of the outputs may be NULL; grad_bias: B×H×T×S */
int mt_attention_grad(mt_tensor *grad_q, mt_tensor *grad_k, mt_tensor *grad_v, mt_tensor *grad_bias,
                      const mt_tensor *grad, const mt_tensor *out, const mt_tensor *lse, const mt_tensor *q,
                      const mt_tensor *k, const mt_tensor *v, const mt_tensor *bias, const mt_tensor *mask,
                      const mt_attention_form *how);
/* What dropout multiplies the weights by: 0, or 1 / (1 - drop). size: B, H, T, S */
int mt_attention_drop(mt_tensor *out, const int64_t *size, const mt_attention_form *how);

/* How a sequence is gone through. */
typedef struct mt_recurrence {
  int32_t place[4];    /* where each gate's columns lie: i, f, g, o of an LSTM, r, z, n of a GRU */
  int32_t reverse;     /* from the last step to the first */
  int32_t restart;     /* a sample that skips a step has its first state then, and not zeros */
  int32_t reset_after; /* GRU: n = tanh(in + r (h W + b)), and not tanh(in + (r h) W) */
} mt_recurrence;

/* An LSTM over T steps of N samples, given what its inputs add to the gates' sums, T×N×4H: c' = f c + i g, h' = o tanh c',
 * times project (H×R) where that is not NULL; else R = H. weight: R×4H; h0: N×R; c0: N×H. active: uint8, T×N, 0 where a
 * sample skips a step: output and cell are 0 there; NULL: never. Written are all h, c and gates' values (as sums). */
int mt_lstm(mt_tensor *h, mt_tensor *c, mt_tensor *gates, const mt_tensor *sums, const mt_tensor *h0,
            const mt_tensor *c0, const mt_tensor *weight, const mt_tensor *project, const mt_tensor *active,
            const mt_recurrence *how);
/* grad_out, which may be NULL: of each step's h, with what comes from later steps. grad_c may be NULL. */
int mt_lstm_grad(mt_tensor *grad_sums, mt_tensor *grad_h0, mt_tensor *grad_c0, mt_tensor *grad_out,
                 const mt_tensor *grad_h, const mt_tensor *grad_c, const mt_tensor *gates, const mt_tensor *c,
                 const mt_tensor *h0, const mt_tensor *c0, const mt_tensor *weight, const mt_tensor *project,
                 const mt_tensor *active, const mt_recurrence *how);
/* A GRU: h' = (1 - z) n + z h. sums: T×N×3H; weight: H×3H; bias, of what n adds from h: H, or NULL. gates, T×N×4H, hold
 * r, z, n and then h W + bias, or r h where the reset comes first. */
int mt_gru(mt_tensor *h, mt_tensor *gates, const mt_tensor *sums, const mt_tensor *h0, const mt_tensor *weight,
           const mt_tensor *bias, const mt_tensor *active, const mt_recurrence *how);
/* grad_gates, T×N×4H: of the sums of r, z and n, and of the fourth of the gates' values */
int mt_gru_grad(mt_tensor *grad_gates, mt_tensor *grad_h0, const mt_tensor *grad_h, const mt_tensor *gates,
                const mt_tensor *h, const mt_tensor *h0, const mt_tensor *weight, const mt_tensor *active,
                const mt_recurrence *how);

/* -- Ops: steps of optimisers ------------------------------------------------------------------------------- */

enum { MT_STEP_NUMBERS = 10 };

/* One step over all elements of x, in one pass: changes x and as many of the states u, v, w as the row of ops.def has
 * (the others are not looked at), given the gradient and the row's MT_STEP_NUMBERS numbers. All have x's count. */
int mt_step(int op, mt_tensor *x, const mt_tensor *grad, mt_tensor *u, mt_tensor *v, mt_tensor *w,
            const double *number);

/* -- Random numbers: Torch7's Mersenne Twister -------------------------------------------------------------- */

typedef struct mt_generator mt_generator;
mt_generator *mt_generator_new(void); /* seeded from the system */
void mt_generator_free(mt_generator *g);
void mt_generator_seed(mt_generator *g, uint64_t seed);
uint64_t mt_generator_initial_seed(const mt_generator *g);
int64_t mt_generator_state_size(void);
void mt_generator_get_state(const mt_generator *g, void *bytes);
int mt_generator_set_state(mt_generator *g, const void *bytes, int64_t size);

enum {
  MT_UNIFORM,     /* p: low, q: high */
  MT_NORMAL,      /* p: mean, q: deviation */
  MT_EXPONENTIAL, /* p: rate */
  MT_CAUCHY,      /* p: median, q: scale */
  MT_LOG_NORMAL,  /* p: mean, q: deviation of the result's logarithm */
  MT_GEOMETRIC,   /* p: probability of another trial, as in Torch7 */
  MT_BERNOULLI,   /* p: probability */
  MT_RANDOM,      /* whole numbers p … q */
  MT_RANDOM_BITS  /* whole numbers 0 … 2^32 - 1, or as many as the dtype holds */
};
int mt_random(mt_generator *g, int distribution, double p, double q, double *value); /* one number */
int mt_random_fill(mt_generator *g, mt_tensor *out, int distribution, double p, double q);
int mt_bernoulli_from(mt_generator *g, mt_tensor *out, const mt_tensor *probability);
int mt_randperm(mt_generator *g, mt_tensor *out, int64_t n); /* 1 … n */
/* Walker's alias method, for many draws from one vector of weights. setup: share (of weights' dtype) and place (int64)
 * get as many elements; draw: fills out (int64). */
int mt_alias_setup(mt_tensor *place, mt_tensor *share, const mt_tensor *weights);
int mt_alias_draw(mt_generator *g, mt_tensor *out, const mt_tensor *place, const mt_tensor *share);
int mt_multinomial(mt_generator *g, mt_tensor *out, const mt_tensor *weights, int64_t n, int replacement);

/* -- Tables outside of Lua's heap --------------------------------------------------------------------------- */

/* Hashes, vectors and counters: reference-counted, and locked by every call, so that threads may share them. Their
 * memory counts as the CPU's. One that holds itself, through however many others, is never freed. */
typedef struct mt_table mt_table;

enum { MT_NIL, MT_BOOLEAN, MT_NUMBER, MT_TEXT, MT_FOREIGN, MT_TENSOR, MT_STORAGE, MT_HASH, MT_VEC, MT_COUNTER };

/* What goes into a table and comes out. What goes in stays the caller's, the table copies or retains it. What comes out
 * holds a reference, which mt_item_release gives back. */
typedef struct mt_item {
  int32_t type;
  int64_t length;     /* bytes of MT_TEXT */
  double number;      /* MT_NUMBER, MT_BOOLEAN (0 or 1) */
  const void *object; /* MT_TEXT: the bytes; the others: mt_foreign *, mt_tensor *, mt_storage *, mt_table * */
} mt_item;
/* What others own: an address, and what is called with it when nobody holds it any more, in whatever thread. */
typedef struct mt_foreign {
  void *object;
  void (*release)(void *object);
} mt_foreign;
int mt_item_wrap(mt_item *item, void *object, void (*release)(void *object)); /* makes an MT_FOREIGN item */
void mt_item_release(mt_item *item);                                          /* the item is MT_NIL afterwards */

mt_table *mt_table_new(int type); /* MT_HASH, MT_VEC or MT_COUNTER */
mt_table *mt_table_retain(mt_table *t);
void mt_table_free(mt_table *t); /* gives one reference back; NULL is fine */
int mt_table_type(const mt_table *t);
int64_t mt_table_size(mt_table *t); /* entries, elements, or the count */

/* Keys are equal by value; a tensor's value as a key is its view, not its elements. A value MT_NIL takes the entry
 * away. */
int mt_hash_put(mt_table *t, const mt_item *key, const mt_item *value);
void mt_hash_get(mt_table *t, const mt_item *key, mt_item *value); /* MT_NIL when there is none */
/* Walks over the entries in the order they came in, from place 0 on: 1, or 0 at the end. Entries may be taken away and
 * values changed on the way. */
int mt_hash_next(mt_table *t, int64_t *place, mt_item *key, mt_item *value);

int mt_vec_put(mt_table *t, int64_t place, const mt_item *item); /* grows as needed, filled up with MT_NIL */
void mt_vec_get(mt_table *t, int64_t place, mt_item *item);      /* MT_NIL outside */
int mt_vec_insert(mt_table *t, int64_t place, const mt_item *item);
void mt_vec_remove(mt_table *t, int64_t place); /* nothing outside */
int mt_vec_resize(mt_table *t, int64_t size);
void mt_vec_swap(mt_table *t, int64_t a, int64_t b); /* nothing outside */

int64_t mt_counter_add(mt_table *t, int64_t change); /* gives the count before */
void mt_counter_set(mt_table *t, int64_t count);

/* -- Between threads ---------------------------------------------------------------------------------------- */

/* A storage of the same bytes that also carries a vector: both live as long as it does. What is written down as a place
 * in the vector thus arrives with the bytes, and goes when nobody reads them. */
mt_storage *mt_storage_carry(mt_storage *bytes, mt_table *cargo);
mt_table *mt_storage_cargo(mt_storage *s); /* with a reference for the caller; NULL when it carries none */

/* Mutexes, conditions and queues: reference-counted. Their numbers are unique in the process and above 2^20. One that
 * is in a queue that it holds itself is never freed. */
typedef struct mt_sync mt_sync;
enum { MT_MUTEX, MT_QUEUE, MT_CONDITION };
mt_sync *mt_mutex_new(void);
mt_sync *mt_condition_new(void);
mt_sync *mt_queue_new(int lanes, int64_t room); /* 1 or more lanes, with room for so many storages in each */
mt_sync *mt_sync_retain(mt_sync *s);
void mt_sync_free(mt_sync *s); /* gives one reference back; NULL is fine */
int64_t mt_sync_number(const mt_sync *s);
int mt_sync_type(const mt_sync *s);
mt_sync *mt_sync_find(int64_t number, int type); /* with a reference for the caller */

/* What waits does so for so many milliseconds at most, so that the caller can look at the interruption flag. What a call
 * has done can be seen in its arguments, as the caller may be stopped before it sees the result. */
enum { MT_DONE, MT_LATER, MT_CLOSED };
int mt_mutex_lock(mt_sync *s, int32_t *locked, int milliseconds); /* MT_DONE, with *locked 1, or MT_LATER */
int mt_mutex_unlock(mt_sync *s);                                  /* fails when it is not locked */

/* To wait for a signal: begin, with a mutex locked; unlock it; wait until MT_DONE, or end to give up. *waiting: 1 from
 * begin to MT_DONE or end, which may be called in any case. */
void mt_condition_begin(mt_sync *s, int32_t *waiting);
int mt_condition_wait(mt_sync *s, int32_t *waiting, int milliseconds); /* MT_DONE or MT_LATER */
void mt_condition_end(mt_sync *s, int32_t *waiting);
void mt_condition_signal(mt_sync *s); /* wakes one of those that have begun */

/* In and out in order, lane by lane, each storage with a number of the caller's. On MT_DONE the queue has taken over the
 * reference *item, which is NULL then; one that is closed takes nothing more. */
int mt_queue_push(mt_sync *s, int lane, mt_storage **item, int64_t tag, int milliseconds);
/* Of the first of two lanes that holds something (other < 0: of one), with the queue's reference; MT_CLOSED when the
 * queue is closed and both are empty. */
int mt_queue_pop(mt_sync *s, int lane, int other, mt_storage **item, int64_t *tag, int milliseconds);
int64_t mt_queue_size(mt_sync *s, int lane);
int64_t mt_queue_room(const mt_sync *s);
void mt_queue_close(mt_sync *s, int drop); /* drop: what it holds goes */
void mt_queue_leave(mt_sync *s);           /* closes it and gives one reference back */

#ifdef __cplusplus
}
#endif
#endif
