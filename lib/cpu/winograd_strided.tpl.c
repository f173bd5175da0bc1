/* winograd_strided.tpl.c: the part of winograd.tpl.c for strides of 2 and windows of 4×4 to 6×6. Such a convolution is one
 * with strides of 1 over four times the channels, each of which holds every other row and column of the input (a phase),
 * with every other tap: 2×2 or 3×3 of them. (For 3×3 taps in all there would be as much to do as before.) Where there is no
 * tap or no input there is a 0. */

enum {
  PHASES = 4,
  TAP_COST = 10 /* cycles that transforming a window's taps takes */
};

/* What is made for a convolution: the input's phases, images × channels × PHASES × high × wide, and the taps' places */
typedef struct {
  const mt_window *w;
  const int64_t *in; /* height and width */
  int64_t images, C, high, wide;
  float *planes;
  int64_t capacity;
  tap_places places;
} phased;

/* -- Phases ------------------------------------------------------------------------------------------------------- */

/* The row of a channel that row i of its phases in half a is, or -1 */
static int64_t row_of(const phased *s, int a, int64_t i) {
  int64_t y = 2 * i + a - s->w->pad[1];
  return y < 0 || y >= s->in[0] ? -1 : y;
}

/* The phases of one channel. in: height × width */
static void split_channel(float *to, const phased *s, const float *in) {
  for (int a = 0; a < 2; a++)
    for (int b = 0; b < 2; b++) {
      int64_t x = b - s->w->pad[2];
      mt_span seen = mt_window_span(x, 2, s->in[1], s->wide), nothing = {0, 0};
      for (int64_t i = 0; i < s->high; i++, to += s->wide) {
        int64_t row = row_of(s, a, i);
        mt_span there = row < 0 ? nothing : seen;
        for (int64_t j = 0; j < there.first; j++) to[j] = 0;
        for (int64_t j = there.first; j < there.end; j++) to[j] = in[row * s->in[1] + x + 2 * j];
        for (int64_t j = there.end; j < s->wide; j++) to[j] = 0;
      }
    }
}

/* The way back. What no phase holds is 0. */
static void join_channel(float *in, const phased *s, const float *from) {
  memset(in, 0, (size_t)(s->in[0] * s->in[1]) * sizeof *in);
  for (int a = 0; a < 2; a++)
    for (int b = 0; b < 2; b++) {
      int64_t x = b - s->w->pad[2];
      mt_span seen = mt_window_span(x, 2, s->in[1], s->wide);
      for (int64_t i = 0; i < s->high; i++, from += s->wide) {
        int64_t row = row_of(s, a, i);
        for (int64_t j = seen.first; row >= 0 && j < seen.end; j++) in[row * s->in[1] + x + 2 * j] = from[j];
      }
    }
}

/* The phases of the whole input, or with back the way back */
static void lay_planes(const phased *s, float *in, int back) {
  int64_t volume = s->in[0] * s->in[1], each = PHASES * s->high * s->wide, count = s->images * s->C;
#pragma omp parallel for num_threads(mt_threads_for(count * each))
  for (int64_t i = 0; i < count; i++)
    if (back)
      join_channel(in + i * volume, s, s->planes + i * each);
    else
      split_channel(s->planes + i * each, s, in + i * volume);
}

/* -- Plans -------------------------------------------------------------------------------------------------------- */

/* Whether tiles of phases take less time than the plain way. outputs: of a plane of all images */
static int pays(const plan *p, int64_t kernel, int64_t outputs) {
  double plain = (double)(kernel * kernel * outputs) / (2 * LANES);
  double multiplied = (double)(p->points * mt_whole(p->tiles, WIDE)) / (2 * LANES) + TAP_COST;
  return plain > PHASES * multiplied;
}

/* Readies s and p, forward or backward, and gives 1; 0 where this is not the way, -1 after a failure. */
static int prepare_phases(phased *s, plan *p, const mt_window *w, const mt_tensor *input, const mt_tensor *output,
                          int backward) {
  int64_t kernel = w->kernel[1], C = input->size[1], K = output->size[1], taps = (kernel + 1) / 2;
  const int64_t *out = output->size + 3;
  if (kernel < 4 || kernel > 6 || !is_square(w, 2) || input->size[2] != 1 || C < FEWEST || K < FEWEST) return 0;
  int64_t sizes[2] = {out[0] + taps - 1, out[1] + taps - 1};
  p->images = input->size[0];
  p->C = backward ? K : PHASES * C;
  p->K = backward ? PHASES * C : K;
  measure(p, taps, backward ? out : sizes, backward ? sizes : out);
  if (p->tiles < LANES || !pays(p, kernel, p->images * out[0] * out[1])) return 0;
  *s = (phased){.w = w, .in = input->size + 3, .images = p->images, .C = C, .high = sizes[0], .wide = sizes[1]};
  s->places = places_of(w, C, backward, 2);
  p->places = &s->places;
  s->planes = mt_borrow((size_t)(s->images * C * PHASES * s->high * s->wide) * sizeof(float), &s->capacity);
  return s->planes ? 1 : -1;
}

static int phases_done(const phased *s, int rc) {
  mt_give_back(s->planes, s->capacity);
  return rc ? -1 : 1;
}

/* The three below give 1 where they have done it, 0 where this is not the way, and -1 after a failure. */

static int strided_conv(plan *p, mt_tensor *out, const mt_tensor *input, const mt_window *w) {
  phased s;
  int rc = prepare_phases(&s, p, w, input, out, 0);
  if (rc <= 0) return rc;
  lay_planes(&s, mt_tensor_data(input), 0);
  p->input = s.planes;
  p->output = mt_tensor_data(out);
  return phases_done(&s, run_plan(p));
}

static int strided_input(plan *p, mt_tensor *out, const mt_tensor *grad, const mt_window *w) {
  phased s;
  int rc = prepare_phases(&s, p, w, out, grad, 1);
  if (rc <= 0) return rc;
  for (int i = 0; i < 2; i++) p->pad[i] = TAPS(p->form) - 1;
  p->input = mt_tensor_data(grad);
  p->output = s.planes;
  rc = run_plan(p);
  if (!rc) lay_planes(&s, mt_tensor_data(out), 1);
  return phases_done(&s, rc);
}

static int strided_weight(plan *p, mt_tensor *out, const mt_tensor *grad, const mt_tensor *input, const mt_window *w) {
  phased s;
  int rc = prepare_phases(&s, p, w, input, grad, 0);
  if (rc <= 0) return rc;
  lay_planes(&s, mt_tensor_data(input), 0);
  p->input = s.planes;
  p->output = mt_tensor_data(grad);
  return phases_done(&s, weigh(p, mt_tensor_data(out)));
}
