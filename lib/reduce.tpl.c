/* reduce.tpl.c: the reductions of one dtype (see each_dtype.h): packing of its elements, and results from states.
 * FOLD(name) is what fold.tpl.c made for the dtype that the elements are packed as. */
#define FOLD(NAME) MT_PASTE(NAME, MT_PASTE(FOLDS, SUFFIX))

/* -- Packing and results ------------------------------------------------------------------------------------ */

/* to: outer x inner */
static void K(pack)(void *to, const void *from, int64_t outer, int64_t outer_step, int64_t inner, int64_t inner_step) {
  FOLD(number) *o = to;
  const T *a = from;
  for (int64_t i = 0; i < outer; i++, a += outer_step, o += inner)
    for (int64_t j = 0; j < inner; j++) o[j] = LOAD(a[j * inner_step]);
}

#define END(NAME, STATE, RESULT)                                                            \
  static void K(NAME)(const mt_fold_results *to, const void *states, int64_t n) {           \
    const STATE *s = states;                                                                \
    double count = to->count, p = to->p;                                                    \
    (void)count, (void)p;                                                                   \
    if (to->wide)                                                                           \
      for (int64_t i = 0; i < n; i++) ((double *)to->out)[i * to->step] = (double)(RESULT); \
    else                                                                                    \
      for (int64_t i = 0; i < n; i++) ((T *)to->out)[i * to->step] = STORE(RESULT);         \
  }
END(plain_end, ACC, s[i])
#if MT_IS_FLOAT
END(mean_end, ACC, s[i] / count)
END(root_end, ACC, sqrt(s[i]))
END(power_end, ACC, pow(s[i], 1 / p))
END(var_end, FOLD(moments), count > p ? s[i].m2 / (count - p) : NAN)
#endif
END(value_end, FOLD(extreme), s[i].value)

static void K(arg_end)(const mt_fold_results *to, const void *states, int64_t n) {
  const FOLD(extreme) *s = states;
  K(value_end)(to, states, n);
  for (int64_t i = 0; i < n; i++) to->index[i * to->index_step] = s[i].place;
}

/* -- Slots -------------------------------------------------------------------------------------------------- */

/* NAME: begins, folds and merges as FOLDS does, and ends as ENDING does */
#define FOLDER(NAME, STATE, BEGIN, FOLDS, ENDING)                                                          \
  static const mt_folder K(folder_##NAME) = {                                                              \
      .state = sizeof(STATE),      .element = sizeof(T),         .number = sizeof(FOLD(number)),           \
      .begin = FOLD(BEGIN##_begin), .fold = FOLD(FOLDS##_fold), .merge = FOLD(FOLDS##_merge),              \
      .pack = K(pack),             .end = K(ENDING##_end),       .packs = sizeof(T) != sizeof(FOLD(number))};
#define KERNEL(NAME, CHOICE)                                                                                       \
  static int K(reduce_##NAME)(mt_tensor *out, mt_tensor *index, const mt_tensor *a, uint32_t dims, double p) {     \
    return mt_fold(CHOICE, out, index, a, dims, p);                                                                \
  }

FOLDER(sum, ACC, sum, sum, plain)
FOLDER(prod, ACC, prod, prod, plain)
FOLDER(max, ACC, max, max, plain)
FOLDER(min, ACC, min, min, plain)
FOLDER(all, ACC, all, all, plain)
FOLDER(any, ACC, any, any, plain)
FOLDER(argmax, FOLD(extreme), arg, argmax, arg)
FOLDER(argmin, FOLD(extreme), arg, argmin, arg)
KERNEL(sum, &K(folder_sum))
KERNEL(prod, &K(folder_prod))
KERNEL(max, index ? &K(folder_argmax) : &K(folder_max))
KERNEL(min, index ? &K(folder_argmin) : &K(folder_min))
KERNEL(all, &K(folder_all))
KERNEL(any, &K(folder_any))

#if MT_IS_FLOAT
FOLDER(mean, ACC, sum, sum, mean)
FOLDER(var, FOLD(moments), var, var, var)
FOLDER(norm_0, ACC, norm_0, norm_0, plain)
FOLDER(norm_1, ACC, norm_1, norm_1, plain)
FOLDER(norm_2, ACC, norm_2, norm_2, root)
FOLDER(norm_p, ACC, norm_p, norm_p, power)
FOLDER(norm_most, ACC, norm_most, norm_most, plain)
FOLDER(norm_least, ACC, norm_least, norm_least, plain)

static const mt_folder *K(norm)(double p) {
  if (p == 0) return &K(folder_norm_0);
  if (p == 1) return &K(folder_norm_1);
  if (p == 2) return &K(folder_norm_2);
  if (isinf(p)) return p > 0 ? &K(folder_norm_most) : &K(folder_norm_least);
  return &K(folder_norm_p);
}
KERNEL(mean, &K(folder_mean))
KERNEL(var, &K(folder_var))
KERNEL(norm, K(norm)(p))
#endif

static void K(register)(void) {
#define SLOT(NAME) mt_set_##NAME(MT_CPU, DTYPE, K(reduce_##NAME));
#define REDUCE(NAME, TYPES) TYPES(SLOT(NAME))
#include "ops.def"
#undef SLOT
}

#undef FOLD
#undef END
#undef FOLDER
#undef KERNEL
