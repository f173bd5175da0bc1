/* winograd_weight.tpl.c: the part of winograd.tpl.c for the weight's gradient: tiles of the output's gradient play the taps'
 * part. */

/* Here u is points×K×block: the output's gradient, transformed as taps are. v is points × panels of WIDE channels, each
 * block×WIDE, and m is points × planes × channels in whole panels. */

/* LANES tiles from number first on, number t in the block, of LANES channels from c on */
INLINED void lay_turned_inputs(float *v, const plan *p, int64_t first, int64_t t, int64_t c, int form) {
  run runs[LANES];
  strip s;
  _Alignas(64) float points[POINTS][LANES][LANES];
  int n = start_strip(&s, runs, p, first + t), channels = clamp(p->C - c, 0, LANES), points_here = SIDE(form) * SIDE(form);
  if (channels < LANES) memset(points, 0, sizeof points);
  for (int j = 0; j < channels; j++) {
    lanes point[POINTS];
    input_points(point, &s, p, runs, n, c + j, form);
    for (int i = 0; i < points_here; i++) *(lanes *)points[i][j] = point[i];
  }
  v += c / WIDE * WIDE * p->block + t * WIDE + c % WIDE;
  for (int i = 0; i < points_here; i++) {
    lanes x[LANES];
    for (int j = 0; j < LANES; j++) x[j] = *(const lanes *)points[i][j];
    transpose(x);
    for (int j = 0; j < LANES; j++) *(lanes *)(v + i * p->v + j * WIDE) = x[j];
  }
}

/* The same of so many planes of the output's gradient from plane on; those behind the last are 0 */
INLINED void lay_grads(float *u, const plan *p, int64_t first, int64_t t, int64_t plane, int64_t planes, int form) {
  run runs[LANES];
  strip s;
  int tile = TILE(form), side = SIDE(form);
  int n = start_strip(&s, runs, p, first + t);
  for (int64_t k = 0; k < planes; k++, u += p->block) {
    lanes d[25], half[30], point[POINTS];
    if (plane + k == p->K) n = start_strip(&s, runs, p, p->tiles);
    const float *grad = p->output + (plane + k) * p->out[0] * p->out[1];
    for (int i = 0; i < n; i++) fill_strip(&s, &runs[i], &runs[i].out, grad, p->out[1], tile);
    for (int i = 0; i < tile; i++) part(d + tile * i, &s, i, tile);
    for (int j = 0; j < tile; j++) taps(half + j, tile, d + j, tile, tile, side);
    for (int i = 0; i < side; i++) taps(point + side * i, 1, half + tile * i, 1, tile, side);
    for (int i = 0; i < side * side; i++) *(lanes *)(u + i * p->u + t) = point[i];
  }
}

/* out: the weight's gradient for one plane; m: that plane's sums */
INLINED void lay_weight(float *out, const plan *p, const float *m, int form) {
  int count = TAPS(form), side = SIDE(form);
  const tap_places *l = p->places;
  for (int64_t c = 0; c < p->C; c += LANES, m += LANES) {
    lanes half[30], y[25];
    for (int j = 0; j < side; j++)
      after(half + j, side, (const lanes *)(m + j * p->m), side * p->m / LANES, count, side);
    for (int i = 0; i < count; i++) after(y + count * i, 1, half + side * i, 1, count, side);
    const float *from = (const float *)y;
    for (int64_t j = 0; j < mt_least(p->C - c, LANES); j++) {
      phase f = phase_at(l, 0, c + j);
      float *to = out + ((c + j) >> l->channel_bits) * l->channel_step + f.first;
      for (int i = 0; i < count * count; i++)
        if (i / count < f.high && i % count < f.wide)
          to[i / count * l->row_step + i % count * l->step] = from[i * LANES + j];
    }
  }
}

/* One point of WIDE channels and so many planes: m = u times v, or m += that. count: tiles */
static void add_point(float *m, const plan *p, const float *u, const float *v, int64_t planes, int64_t count, int add) {
  int64_t step = mt_whole(p->C, WIDE);
  for (int64_t k = 0; k < planes; k += ROWS)
    multiply(m + k * step, step, u + k * p->block, p->block, 1, v, WIDE, count, add);
}

/* Adds what the block of tiles from first on contributes to so many planes; the first one begins the sums. All threads
 * come here and share out each of the steps. The block's inputs are made with the first planes. */
static void weigh_block(const plan *p, float *u, float *v, float *m, int64_t first, int64_t plane, int64_t planes) {
  int64_t count = mt_whole(mt_least(p->tiles - first, p->block), LANES), vectors = count / LANES;
  int64_t inputs = plane == 0 ? vectors * mt_whole(p->C, WIDE) / LANES : 0, panels = mt_whole(p->C, WIDE) / WIDE;
#pragma omp for nowait
  for (int64_t i = 0; i < inputs; i++)
    BY_FORM(lay_turned_inputs, v, p, first, i % vectors * LANES, i / vectors * LANES);
#pragma omp for
  for (int64_t i = 0; i < vectors * planes / ROWS; i++) {
    int64_t k = i / vectors * ROWS;
    BY_FORM(lay_grads, u + k * p->block, p, first, i % vectors * LANES, plane + k, ROWS);
  }
#pragma omp for
  for (int64_t i = 0; i < p->points * panels; i++) {
    int64_t point = i / panels, c = i % panels * WIDE;
    add_point(m + point * p->m + c, p, u + point * p->u, v + point * p->v + c * p->block, planes, count, first > 0);
  }
}

/* Few tiles are one block, and then planes are finished a few at a time, so that their sums stay in the cache. No sum
 * depends on the number of threads. out: the weight's gradient */
static int weigh(plan *p, float *out) {
  int64_t channels = mt_whole(p->C, WIDE), planes = mt_whole(p->K, ROWS), capacity;
  int64_t group = p->tiles <= SINGLE ? mt_least(GROUP, planes) : planes;
  p->block = p->tiles <= SINGLE ? mt_whole(p->tiles, LANES) : BLOCK;
  p->u = group * p->block + 16;
  p->v = channels * p->block + 16;
  p->m = group * channels + 16;
  float *u = mt_borrow((size_t)(p->points * (p->u + p->v + p->m)) * sizeof *u, &capacity);
  if (!u) return 1;
  float *v = u + p->points * p->u, *m = v + p->points * p->v;
  int threads = mt_threads_for(p->tiles * p->C * p->K);
#pragma omp parallel num_threads(threads) if (threads > 1)
  for (int64_t plane = 0; plane < p->K; plane += group) {
    int64_t some = mt_least(group, planes - plane);
    for (int64_t first = 0; first < p->tiles; first += p->block) weigh_block(p, u, v, m, first, plane, some);
#pragma omp for
    for (int64_t k = plane; k < mt_least(plane + some, p->K); k++)
      BY_FORM(lay_weight, out + k * p->places->plane_step, p, m + (k - plane) * channels);
  }
  mt_give_back(u, capacity);
  return 0;
}
