/* direct_few.tpl.c: the part of direct.tpl.c for few channels, as nets begin with, and for few outputs, as they end with when
 * there is one image. Nothing is laid out for each output:
 * the input's rows are copied once, with their padding and all channels side by side, so that a window is so many lines
 * of the copy, all the same way apart. Vectors run over planes; what they are multiplied with is read in place. */

enum {
  MANY = 64,     /* channels: with more, columns are the better way */
  AT_ONCE = 384, /* outputs of a piece, forward */
  LONG = 128,    /* taps that are summed up at once: the planes' stay in the nearest cache */
  DEEP = 256     /* outputs that the weight's gradient sums up at once */
};

/* What is the same for all outputs. rows: of outputs that are taken at once, count of them in all; width: of a line;
 * planes: in whole panels of WIDE; places: of the outputs in the copy, or of the taps in a window; order: see order_taps */
typedef struct {
  const shape *s;
  int64_t rows, count, width, planes, down, across; /* down, across: from output to output in the copy */
  int64_t *places, *order;
} few;

/* most: outputs that are taken at once, as whole rows */
static few few_of(const shape *s, int64_t most) {
  const mt_window *w = s->w;
  int64_t width = (s->Q - 1) * w->stride[2] + w->kernel[2];
  int64_t fit = (CACHE / (s->C * width) - w->kernel[1]) / w->stride[1] + 1, rows = mt_least(most / s->Q, fit);
  rows = rows < 1 ? 1 : mt_least(rows, s->out[1]);
  return (few){s, rows, rows * s->Q, width, mt_whole(s->planes, WIDE), w->stride[1] * s->C * width, w->stride[2], NULL,
               NULL};
}

/* Numbers that the copy takes for so many rows of outputs. */
static int64_t copy_for(const few *f) {
  const mt_window *w = f->s->w;
  return mt_whole(((f->rows - 1) * w->stride[1] + w->kernel[1]) * f->s->C * f->width, 16);
}

/* Whether this is a way at all: the images are flat, and planes fill vectors. */
static int are_flat(const shape *s) {
  const mt_window *w = s->w;
  int fits = s->in[0] == 1 && w->kernel[0] == 1 && w->pad[0] == 0 && s->groups == 1;
  for (int i = 1; i < 3; i++) fits = fits && w->dilation[i] == 1;
  return fits && 4 * s->planes >= 3 * mt_whole(s->planes, WIDE);
}

/* Whether channels are so few that this is the better way, where windows are more than a place. With a stride of 1 columns
 * are laid out by whole rows, and those of 3×3 places soon. */
static int are_few(const shape *s) {
  const mt_window *w = s->w;
  return are_flat(s) && w->kernel[1] > 1 && w->kernel[2] > 1 && s->C <= MANY && s->plane >= FEWEST &&
         (w->stride[1] * w->stride[2] > 1 || s->kernel > 9);
}

/* Whether outputs are so few that their columns would leave much of the vectors empty. Panels of planes take long to make:
 * it pays where they are kept. */
static int are_few_outputs(const shape *s, const mt_tensor *weight) {
  return are_flat(s) && s->kernel > 1 && weight->storage->keeps &&
         (double)(s->images * mt_whole(s->plane, LINES)) * 1.05 < (double)mt_whole(s->images * s->plane, WIDE);
}

/* to: what the outputs of rows row … row + f->rows - 1 see: lines of width, of one row and all channels together */
static void copy_rows(float *to, const few *f, const float *image, int64_t row, int64_t rows) {
  const shape *s = f->s;
  const mt_window *w = s->w;
  int64_t first = row * w->stride[1] - w->pad[1], end = first + (rows - 1) * w->stride[1] + w->kernel[1];
  for (int64_t y = first; y < end; y++, to += s->C * f->width)
    lay_stretch(to, f->width, y < 0 || y >= s->in[1] ? NULL : image + y * s->in[2], s->volume, -w->pad[2], 1, s->in[2],
                f->width, s->C);
}

/* Planes that are multiplied at once, from number k on, where a panel of them begins: panels are as wide as that. */
static int64_t panel_at(const few *f, int64_t k) { return LANES == 16 && k + WIDE < f->planes ? 2 * WIDE : WIDE; }

/* multiply_lines for the panel that begins at plane k. v: that panel; m: a row of all planes for each of u */
static void multiply_panel(float *m, const few *f, int64_t k, const float *const *u, int64_t line, int64_t step,
                           const float *v, int64_t count, int64_t depth, int add) {
  if (panel_at(f, k) == WIDE)
    multiply_lines(m + k, f->planes, u, line, step, v, count, depth, add, 2);
  else
    multiply_lines(m + k, f->planes, u, line, step, v, count, depth, add, 4);
}

/* -- Forward ---------------------------------------------------------------------------------------------------- */

/* Where the taps of a window lie among the rows of a panel, in the order of the copy: rows of the window, channels, columns */
static void order_taps(few *f) {
  int64_t high = f->s->w->kernel[1], wide = f->s->w->kernel[2], t = 0;
  for (int64_t c = 0; c < f->s->C; c++)
    for (int64_t j = 0; j < high; j++)
      for (int64_t i = 0; i < wide; i++) f->order[t++] = (j * f->s->C + c) * wide + i;
}

/* v: the taps of a panel's planes side by side, in that order; planes behind the last are 0 */
static void pack_planes(float *v, const few *f, const float *weight, int64_t first) {
  const shape *s = f->s;
  int64_t panel = panel_at(f, first);
  for (int64_t k = 0; k < panel; k += LANES) {
    int64_t planes = mt_least(s->planes - first - k, LANES);
    const float *from = weight + (first + k) * s->taps;
    for (int64_t t = 0; t < s->taps; t += LANES) {
      int64_t count = mt_least(s->taps - t, LANES);
      lanes x[LANES] = {{0}};
      for (int64_t r = 0; r < planes; r++) memcpy(&x[r], from + r * s->taps + t, (size_t)count * sizeof *from);
      transpose(x);
      for (int64_t j = 0; j < count; j++) *(lanes_anywhere *)(v + f->order[t + j] * panel + k) = x[j];
    }
  }
}

/* Planes first … last - 1. out: count outputs of each plane, plane apart; m: outputs × planes */
static void store_turned(float *out, const few *f, const float *m, const float *bias, int64_t count, int64_t first,
                         int64_t last) {
  int64_t plane = f->s->plane;
  for (int64_t k = first; k < last; k += LANES)
    for (int64_t o = 0; o < count; o += LANES) {
      lanes x[LANES];
      for (int j = 0; j < LANES; j++) x[j] = *(const lanes_anywhere *)(m + (o + j) * f->planes + k);
      transpose(x);
      for (int64_t j = 0; j < mt_least(last - k, LANES); j++) {
        float *to = out + (k + j) * plane + o;
        lanes y = x[j] + (bias ? bias[k + j] : 0);
        if (f->s->activation == MT_RELU) y = rectified(y);
        if (o + LANES <= count)
          *(lanes_anywhere *)to = y;
        else
          memcpy(to, &y, (size_t)(count - o) * sizeof *to);
      }
    }
}

/* Planes first … last - 1, whole panels of them. m: count outputs × planes; v: all panels of taps */
static void multiply_windows(float *m, const few *f, const float *copy, const float *v, int64_t count, int64_t first,
                             int64_t last) {
  int64_t wide = f->s->w->kernel[2], lines = f->s->w->kernel[1] * f->s->C, most = LONG / wide + 1;
  for (int64_t line = 0; line < lines; line += most)
    for (int64_t k = first; k < last; k += panel_at(f, k))
      for (int64_t o = 0; o < count; o += LINES) {
        const float *u[LINES];
        for (int64_t r = 0; r < LINES; r++) u[r] = copy + f->places[mt_least(o + r, count - 1)] + line * f->width;
        multiply_panel(m + o * f->planes, f, k, u, f->width, 1, v + k * f->s->taps + line * wide * panel_at(f, k),
                       mt_least(most, lines - line), wide, line > 0);
      }
}

/* All panels of taps, if they are kept beside the weight */
static mt_kept kept_planes(const few *f, const mt_tensor *weight) {
  static const char kind;
  mt_kept_key key = {&kind, {weight->offset, f->s->planes, f->s->C, f->s->w->kernel[1], f->s->w->kernel[2]}};
  return mt_kept_begin(weight->storage, &key, f->planes * f->s->taps);
}

/* Threads share out rows of outputs and, where these are few, the planes. */
static int convolve_few(mt_tensor *out, const mt_tensor *input, const mt_tensor *weight, const mt_tensor *bias,
                        const shape *s) {
  few f = few_of(s, AT_ONCE);
  int threads = mt_threads_for(mt_tensor_numel(out) * s->taps / 8);
  mt_kept kept = kept_planes(&f, weight);
  int64_t packed = kept.layout ? 0 : f.planes * s->taps, places = 2 * mt_whole(f.count + s->taps, 16), capacity;
  int64_t copy = copy_for(&f);
  int64_t room = copy + (f.count + LANES) * f.planes, pieces = mt_parts(s->out[1], f.rows), all = s->images * pieces;
  int64_t shares = all < threads ? mt_parts(threads, all) : 1, most = mt_whole(mt_parts(f.planes, shares), 2 * WIDE);
  float *scratch = mt_borrow((size_t)(packed + places + threads * room) * sizeof *scratch, &capacity);
  if (!scratch) {
    mt_kept_end(&kept);
    return 1;
  }
  float *v = kept.layout ? kept.layout : scratch;
  const float *in = mt_tensor_data(input), *taps = mt_tensor_data(weight);
  f.places = (int64_t *)(scratch + packed);
  f.order = f.places + f.count;
  for (int64_t o = 0; o < f.count; o++) f.places[o] = o / s->Q * f.down + o % s->Q * f.across;
  if (kept.is_new) order_taps(&f);
#pragma omp parallel num_threads(threads) if (threads > 1)
  {
    float *own = scratch + packed + places + omp_get_thread_num() * room, *m = own + copy;
#pragma omp for
    for (int64_t i = 0; i < f.planes * kept.is_new; i += 2 * WIDE)
      for (int64_t k = i; k < mt_least(i + 2 * WIDE, f.planes); k += panel_at(&f, k))
        pack_planes(v + k * s->taps, &f, taps, k);
#pragma omp for schedule(dynamic)
    for (int64_t i = 0; i < all * shares; i++) {
      int64_t image = i / shares / pieces, row = i / shares % pieces * f.rows, rows = mt_least(f.rows, s->out[1] - row);
      int64_t first = mt_least(i % shares * most, f.planes), last = mt_least(first + most, f.planes);
      float *to = (float *)mt_tensor_data(out) + image * s->K * s->plane + row * s->Q;
      copy_rows(own, &f, in + image * s->C * s->volume, row, rows);
      multiply_windows(m, &f, own, v, rows * s->Q, first, last);
      store_turned(to, &f, m, bias ? mt_tensor_data(bias) : NULL, rows * s->Q, first, mt_least(last, s->planes));
    }
  }
  mt_kept_end(&kept);
  mt_give_back(scratch, capacity);
  return 0;
}

/* -- The weight's gradient ---------------------------------------------------------------------------------------- */

/* v: panels of planes, each f->count rows; grad: so many outputs of each plane; planes behind the last are 0 */
static void turn_grads(float *v, const few *f, const float *grad, int64_t count) {
  for (int64_t first = 0, panel; first < f->planes; first += panel) {
    panel = panel_at(f, first);
    for (int64_t k = first; k < first + panel; k += LANES)
      for (int64_t o = 0; o < count; o += LANES) {
        lanes x[LANES] = {{0}};
        float *to = v + first * f->count + o * panel + k - first;
        for (int64_t j = 0; j < mt_least(f->s->planes - k, LANES); j++)
          memcpy(&x[j], grad + (k + j) * f->s->plane + o, (size_t)mt_least(count - o, LANES) * sizeof *to);
        transpose(x);
        for (int64_t j = 0; j < mt_least(count - o, LANES); j++) *(lanes_anywhere *)(to + j * panel) = x[j];
      }
  }
}

/* sums: taps × planes, with whole LINES of taps, for pieces first … last - 1 of all images'; work: see weigh_few */
static void add_pieces(float *sums, const few *f, const float *grad, const float *in, float *work, int64_t first,
                       int64_t last) {
  const shape *s = f->s;
  int64_t pieces = (s->out[1] + f->rows - 1) / f->rows;
  float *v = work + copy_for(f);
  for (; first < last; first++) {
    int64_t image = first / pieces, row = first % pieces * f->rows, rows = mt_least(f->rows, s->out[1] - row);
    copy_rows(work, f, in + image * s->C * s->volume, row, rows);
    turn_grads(v, f, grad + image * s->K * s->plane + row * s->Q, rows * s->Q);
    for (int64_t k = 0; k < f->planes; k += panel_at(f, k))
      for (int64_t t = 0; t < s->taps; t += LINES) {
        const float *u[LINES];
        for (int64_t r = 0; r < LINES; r++) u[r] = work + f->places[mt_least(t + r, s->taps - 1)];
        multiply_panel(sums + t * f->planes, f, k, u, f->down, f->across, v + k * f->count, rows, s->Q, 1);
      }
  }
}

/* Every thread sums up a fixed share of the outputs, as in direct_weight. */
static int weigh_few(mt_tensor *out, const mt_tensor *grad, const mt_tensor *input, const shape *s) {
  few f = few_of(s, DEEP);
  int64_t high = s->w->kernel[1], wide = s->w->kernel[2], pieces = s->images * ((s->out[1] + f.rows - 1) / f.rows);
  int threads = (int)mt_least(mt_threads_for(mt_tensor_numel(grad) * s->taps / 8), pieces);
  int64_t sums = mt_whole(s->taps, LINES) * f.planes, places = 2 * mt_whole(s->taps, 16), capacity;
  int64_t room = sums + copy_for(&f) + f.count * f.planes;
  float *all = mt_borrow((size_t)(places + threads * room) * sizeof *all, &capacity), *to;
  if (!all) return 1;
  f.places = (int64_t *)all;
  for (int64_t t = 0; t < s->taps; t++)
    f.places[t] = (t / wide % high * s->C + t / (wide * high)) * f.width + t % wide;
#pragma omp parallel for num_threads(threads) schedule(static, 1) if (threads > 1)
  for (int i = 0; i < threads; i++) {
    float *own = all + places + i * room;
    memset(own, 0, (size_t)sums * sizeof *own);
    add_pieces(own, &f, mt_tensor_data(grad), mt_tensor_data(input), own + sums, pieces * i / threads,
               pieces * (i + 1) / threads);
  }
  to = mt_tensor_data(out);
  for (int64_t k = 0; k < s->planes; k++)
    for (int64_t t = 0; t < s->taps; t++, to++) {
      *to = all[places + t * f.planes + k];
      for (int i = 1; i < threads; i++) *to += all[places + i * room + t * f.planes + k];
    }
  mt_give_back(all, capacity);
  return 0;
}
