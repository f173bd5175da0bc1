/* batch_norm.tpl.c: batch normalisation for one floating dtype. All tensors are contiguous. */
#if MT_IS_FLOAT

/* -- Batch normalisation: channels first … end - 1 of an N×C×S tensor ----------------------------------------- */

#define EACH_CHANNEL                  \
  for (int64_t n = 0; n < batch; n++) \
    for (int64_t c = 0; c < count; c++)
#define PLANE(x) ((x) + (n * channels + c) * spatial)
/* Calls f with spatial for its last argument. Of the two copies that this makes, the compiler unrolls the one for
 * planes of one element, and works on several channels at once there. */
#define WITH_SPATIAL(F, ...)      \
  if (spatial == 1)               \
    K(F)(__VA_ARGS__, 1);         \
  else                            \
    K(F)(__VA_ARGS__, spatial)

/* sum += sum of x - centre, or of its square */
MT_INLINE void K(add_moment)(ACC *sum, const ACC *centre, int squared, const T *in, int64_t count, int64_t batch,
                             int64_t channels, int64_t spatial) {
  EACH_CHANNEL {
    const T *x = PLANE(in);
    ACC part = 0, m = centre[c];
#pragma omp simd reduction(+ : part)
    for (int64_t i = 0; i < spatial; i++) part += squared ? (LOAD(x[i]) - m) * (LOAD(x[i]) - m) : LOAD(x[i]) - m;
    sum[c] += part;
  }
}

/* y = (x - centre) scale + shift */
MT_INLINE void K(normalise)(T *out, const T *in, const ACC *centre, const ACC *scale, const ACC *shift, int64_t count,
                            int64_t batch, int64_t channels, int64_t spatial) {
  EACH_CHANNEL {
    const T *x = PLANE(in);
    T *y = PLANE(out);
    ACC m = centre[c], f = scale[c], b = shift[c];
    for (int64_t i = 0; i < spatial; i++) y[i] = STORE((LOAD(x[i]) - m) * f + b);
  }
}

/* Mean and variance in two passes: one pass would lose the variance of numbers far from 0. No elements: both are 0. */
static void K(moments)(ACC *mean, ACC *var, const T *in, int64_t count, int64_t batch, int64_t channels,
                       int64_t spatial) {
  ACC zero[CHANNELS] = {0}, scale = batch * spatial > 0 ? 1 / (ACC)(batch * spatial) : 0;
  WITH_SPATIAL(add_moment, mean, zero, 0, in, count, batch, channels);
  for (int64_t c = 0; c < count; c++) mean[c] *= scale;
  WITH_SPATIAL(add_moment, var, mean, 1, in, count, batch, channels);
  for (int64_t c = 0; c < count; c++) var[c] *= scale;
}

/* out, input: N×C×…; mean, invstd, weight, bias: C, the last two may be NULL */
static int K(batch_norm)(mt_tensor *out, mt_tensor *mean, mt_tensor *invstd, const mt_tensor *input,
                         const mt_tensor *weight, const mt_tensor *bias, double eps, int training) {
  int64_t batch = input->size[0], channels = input->size[1], spatial = plane_size(input);
  int64_t group = spatial < CHANNELS ? CHANNELS : 1;
  T *to = mt_tensor_data(out), *means = mt_tensor_data(mean), *invstds = mt_tensor_data(invstd);
  const T *in = mt_tensor_data(input), *w = weight ? mt_tensor_data(weight) : NULL;
  const T *b = bias ? mt_tensor_data(bias) : NULL;
#pragma omp parallel for num_threads(mt_threads_for(batch * channels * spatial))
  for (int64_t first = 0; first < channels; first += group) {
    int64_t count = mt_least(group, channels - first), start = batch > 0 ? first * spatial : 0;
    ACC m[CHANNELS] = {0}, s[CHANNELS] = {0}, shift[CHANNELS];
    if (training) K(moments)(m, s, in + start, count, batch, channels, spatial);
    for (int64_t c = 0; c < count; c++) {
      if (training) {
        s[c] = 1 / sqrt(s[c] + eps);
        means[first + c] = STORE(m[c]);
        invstds[first + c] = STORE(s[c]);
      } else {
        m[c] = LOAD(means[first + c]);
        s[c] = LOAD(invstds[first + c]);
      }
      if (w) s[c] *= LOAD(w[first + c]);
      shift[c] = b ? LOAD(b[first + c]) : 0;
    }
    WITH_SPATIAL(normalise, to + start, in + start, m, s, shift, count, batch, channels);
  }
  return 0;
}

/* What the gradient needs of each channel */
typedef struct {
  ACC mean[CHANNELS], invstd[CHANNELS], sum_g[CHANNELS], sum_gx[CHANNELS]; /* sums of g and of g (x - mean) invstd */
} K(gradients);

MT_INLINE void K(add_gradients)(K(gradients) *s, const T *grad, const T *in, int64_t count, int64_t batch,
                                int64_t channels, int64_t spatial) {
  EACH_CHANNEL {
    const T *x = PLANE(in), *g = PLANE(grad);
    ACC a = 0, b = 0, m = s->mean[c];
#pragma omp simd reduction(+ : a, b)
    for (int64_t i = 0; i < spatial; i++) {
      a += LOAD(g[i]);
      b += LOAD(g[i]) * (LOAD(x[i]) - m);
    }
    s->sum_g[c] += a;
    s->sum_gx[c] += b * s->invstd[c];
  }
}

/* scale: one over the count of elements of a channel, or 0 where mean and deviation are given */
MT_INLINE void K(spread_gradients)(T *out, const K(gradients) *s, ACC scale, const T *w, const T *grad, const T *in,
                                   int64_t count, int64_t batch, int64_t channels, int64_t spatial) {
  EACH_CHANNEL {
    const T *x = PLANE(in), *g = PLANE(grad);
    T *y = PLANE(out);
    ACC m = s->mean[c], factor = w ? LOAD(w[c]) * s->invstd[c] : s->invstd[c];
    ACC a = s->sum_g[c] * scale, b = s->sum_gx[c] * scale * s->invstd[c];
    for (int64_t i = 0; i < spatial; i++) y[i] = STORE(factor * (LOAD(g[i]) - a - (LOAD(x[i]) - m) * b));
  }
}

/* grad_bias = sum g, grad_weight = sum g x', with x' = (x - mean) invstd;
 * grad_input = w invstd g, in training w invstd (g - mean of g - x' · mean of g x') */
static int K(batch_norm_grad)(mt_tensor *grad_input, mt_tensor *grad_weight, mt_tensor *grad_bias,
                              const mt_tensor *grad, const mt_tensor *input, const mt_tensor *mean,
                              const mt_tensor *invstd, const mt_tensor *weight, int training) {
  int64_t batch = input->size[0], channels = input->size[1], spatial = plane_size(input);
  int64_t group = spatial < CHANNELS ? CHANNELS : 1;
  T *to = grad_input ? mt_tensor_data(grad_input) : NULL, *gw = grad_weight ? mt_tensor_data(grad_weight) : NULL;
  T *gb = grad_bias ? mt_tensor_data(grad_bias) : NULL;
  const T *g = mt_tensor_data(grad), *in = mt_tensor_data(input), *w = weight ? mt_tensor_data(weight) : NULL;
  const T *means = mt_tensor_data(mean), *invstds = mt_tensor_data(invstd);
  ACC scale = training && batch * spatial > 0 ? 1 / (ACC)(batch * spatial) : 0;
#pragma omp parallel for num_threads(mt_threads_for(batch * channels * spatial))
  for (int64_t first = 0; first < channels; first += group) {
    int64_t count = mt_least(group, channels - first), start = batch > 0 ? first * spatial : 0;
    K(gradients) s = {.sum_g = {0}};
    for (int64_t c = 0; c < count; c++) {
      s.mean[c] = LOAD(means[first + c]);
      s.invstd[c] = LOAD(invstds[first + c]);
    }
    WITH_SPATIAL(add_gradients, &s, g + start, in + start, count, batch, channels);
    for (int64_t c = 0; c < count; c++) {
      if (gw) gw[first + c] = STORE(s.sum_gx[c]);
      if (gb) gb[first + c] = STORE(s.sum_g[c]);
    }
    if (!to) continue;
    WITH_SPATIAL(spread_gradients, to + start, &s, scale, w ? w + first : NULL, g + start, in + start, count, batch,
                 channels);
  }
  return 0;
}

#undef EACH_CHANNEL
#undef PLANE
#undef WITH_SPATIAL

static void K(register_batch_norm)(void) {
  mt_set_batch_norm(MT_CPU, DTYPE, K(batch_norm));
  mt_set_batch_norm_grad(MT_CPU, DTYPE, K(batch_norm_grad));
}
#endif
