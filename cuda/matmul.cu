/* matmul.cu: products of matrices by cuBLAS. half and bfloat16 are added up in float. */
#include "dtype.cuh"

#include <cublas_v2.h>
#include <mutex>

static std::mutex lock;
static cublasHandle_t handles[64]; /* one a GPU, made when first needed, kept till the process ends */

static int check(cublasStatus_t status) {
  return status == CUBLAS_STATUS_SUCCESS ? 0 : mt_fail("matmul: cuBLAS: %s", cublasGetStatusString(status));
}

static int get_handle(cublasHandle_t *handle) {
  int number = 0;
  if (mt_cuda_check("matmul", cudaGetDevice(&number))) return 1;
  if (number < 0 || number >= 64) return mt_fail("matmul: GPU %d is beyond the 64 provided for", number + 1);
  std::lock_guard<std::mutex> guard(lock);
  if (!handles[number] && check(cublasCreate(&handles[number]))) return 1;
  *handle = handles[number];
  return 0;
}

/* How cuBLAS, for which memory runs down columns, is to read a matrix as its transpose. */
struct operand {
  cublasOperation_t how;
  int64_t ld;
  long long batch;
};

/* Dimensions 1 and 2 of t are rows and columns: one of them lies element by element (the front door sees to it). The
 * stride of a dimension of size 1 means nothing, and ld must not be less than the length of what it steps over. */
static operand read_as_transpose(const mt_tensor *t) {
  int64_t rows = t->size[1], columns = t->size[2];
  bool by_rows = (columns == 1 || t->stride[2] == 1) && (rows == 1 || t->stride[1] >= columns);
  operand o;
  o.how = by_rows ? CUBLAS_OP_N : CUBLAS_OP_T;
  int64_t length = by_rows ? columns : rows, ld = by_rows ? t->stride[1] : t->stride[2];
  o.ld = (by_rows ? rows : columns) == 1 ? length : ld;
  o.batch = t->size[0] == 1 ? 0 : (long long)t->stride[0];
  return o;
}

/* Row-major out = c + alpha a b is, read down columns, out^T = b^T a^T. out: batch×n×m, a: batch×n×k, b: batch×k×m */
template <class D, class S>
static int multiply(mt_tensor *out, double alpha, const mt_tensor *a, const mt_tensor *b, const mt_tensor *c,
                    cudaDataType type, cublasComputeType_t compute) {
  int64_t batch = out->size[0], n = out->size[1], m = out->size[2], k = a->size[2];
  const S scale = (S)alpha, keep = (S)(c ? 1 : 0);
  operand x = read_as_transpose(a), y = read_as_transpose(b);
  cublasHandle_t handle;
  if (batch == 0 || n == 0 || m == 0 || k == 0) return 0;
  if (mt_begin_product(out, c) || mt_cuda_use("matmul") || get_handle(&handle)) return 1;
  return check(cublasGemmStridedBatchedEx_64(
      handle, y.how, x.how, m, n, k, &scale, mt_elements<D>(b), type, y.ld, y.batch, mt_elements<D>(a), type, x.ld,
      x.batch, &keep, mt_elements<D>(out), type, m, (long long)(n * m), batch, compute, CUBLAS_GEMM_DEFAULT));
}

static int matmul_float(mt_tensor *out, double alpha, const mt_tensor *a, const mt_tensor *b, const mt_tensor *c) {
  return multiply<dtype_float, float>(out, alpha, a, b, c, CUDA_R_32F, CUBLAS_COMPUTE_32F);
}

static int matmul_double(mt_tensor *out, double alpha, const mt_tensor *a, const mt_tensor *b, const mt_tensor *c) {
  return multiply<dtype_double, double>(out, alpha, a, b, c, CUDA_R_64F, CUBLAS_COMPUTE_64F);
}

static int matmul_half(mt_tensor *out, double alpha, const mt_tensor *a, const mt_tensor *b, const mt_tensor *c) {
  return multiply<dtype_half, float>(out, alpha, a, b, c, CUDA_R_16F, CUBLAS_COMPUTE_32F);
}

static int matmul_bfloat16(mt_tensor *out, double alpha, const mt_tensor *a, const mt_tensor *b, const mt_tensor *c) {
  return multiply<dtype_bfloat16, float>(out, alpha, a, b, c, CUDA_R_16BF, CUBLAS_COMPUTE_32F);
}

void mt_cuda_register_matmul(void) {
  mt_set_matmul(MT_CUDA, MT_FLOAT, matmul_float);
  mt_set_matmul(MT_CUDA, MT_DOUBLE, matmul_double);
  mt_set_matmul(MT_CUDA, MT_HALF, matmul_half);
  mt_set_matmul(MT_CUDA, MT_BFLOAT16, matmul_bfloat16);
}
