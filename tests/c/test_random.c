/* test_random.c: the random section of moontorch.h. Torch7's own numbers, where their file is at hand (run from the
 * project's root), and the rules that hold for any seed. */
#include "check.h"

#include <math.h>

static mt_tensor *tensor(int dtype, int dim, int64_t rows, int64_t columns) {
  int64_t size[2] = {rows, columns};
  mt_tensor *t = mt_tensor_new(dtype, MT_CPU);
  if (!t || mt_tensor_resize(t, dim, size)) {
    printf("tensor: %s\n", mt_error());
    exit(1);
  }
  return t;
}

/* Element i of a tensor that owns its storage from the start on. */
static double at(const mt_tensor *t, int64_t i) {
  double value = NAN;
  if (mt_tensor_get(t, t->offset + i, &value)) printf("at: %s\n", mt_error());
  return value;
}

/* -- Torch7's numbers ----------------------------------------------------------------------------------------- */

static const struct golden {
  const char *name;
  int dtype, distribution;
  double p, q;
} goldens[] = {
    {"rand", MT_DOUBLE, MT_UNIFORM, 0, 1},
    {"randn", MT_DOUBLE, MT_NORMAL, 0, 1},
    {"random", MT_DOUBLE, MT_RANDOM_BITS, 0, 0},
    {"random1_10", MT_DOUBLE, MT_RANDOM, 1, 10},
    {"uniform", MT_DOUBLE, MT_UNIFORM, -1, 1},
    {"normal", MT_DOUBLE, MT_NORMAL, 2, 3},
    {"exponential", MT_DOUBLE, MT_EXPONENTIAL, 2, 0},
    {"cauchy", MT_DOUBLE, MT_CAUCHY, 0, 1},
    {"logNormal", MT_DOUBLE, MT_LOG_NORMAL, 1, 2},
    {"geometric", MT_DOUBLE, MT_GEOMETRIC, 0.3, 0},
    {"bernoulli", MT_DOUBLE, MT_BERNOULLI, 0.4, 0},
    {"float_rand", MT_FLOAT, MT_UNIFORM, 0, 1},
    {"float_randn", MT_FLOAT, MT_NORMAL, 0, 1},
    {"Linear_init", MT_DOUBLE, MT_UNIFORM, -0.57735026918962584, 0.57735026918962584}, /* 1/sqrt(3) */
    {"Conv_init", MT_DOUBLE, MT_UNIFORM, -0.5, 0.5},
    {"LSTM_like", MT_DOUBLE, MT_NORMAL, 0, 1},
};

static int permutes(const char *name, mt_generator *g, int64_t n, mt_tensor **out) {
  if (strcmp(name, "randperm") == 0) {
    *out = mt_tensor_new(MT_DOUBLE, MT_CPU);
    return mt_randperm(g, *out, n) == 0;
  }
  if (strncmp(name, "multinomial", 11) == 0) {
    mt_tensor *weights = tensor(MT_DOUBLE, 1, 4, 0);
    for (int i = 0; i < 4; i++) mt_tensor_put(weights, i, 0.1 * (i + 1));
    *out = mt_tensor_new(MT_INT64, MT_CPU);
    int done = mt_multinomial(g, *out, weights, n, strcmp(name, "multinomial") == 0) == 0;
    mt_tensor_free(weights);
    return done;
  }
  return 0;
}

static mt_tensor *draw_golden(const char *name, mt_generator *g, int64_t n) {
  mt_tensor *out = NULL;
  if (permutes(name, g, n, &out)) return out;
  for (size_t i = 0; i < sizeof goldens / sizeof *goldens; i++) {
    const struct golden *row = &goldens[i];
    if (strcmp(row->name, name)) continue;
    out = tensor(row->dtype, 1, n, 0);
    if (mt_random_fill(g, out, row->distribution, row->p, row->q)) printf("%s: %s\n", name, mt_error());
    return out;
  }
  printf("unknown row %s\n", name);
  exit(1);
}

static void golden_row(char *line, mt_generator *g) {
  double value[16];
  int64_t n = 0, wrong = 0;
  char *name = strtok(line, "@"), *seed = strtok(NULL, " "), *word;
  while ((word = strtok(NULL, " \n")) && n < 16) value[n++] = strtod(word, NULL);
  mt_generator_seed(g, strtoull(seed, NULL, 10));
  mt_tensor *out = draw_golden(name, g, n);
  for (int64_t i = 0; i < n; i++) {
    if (at(out, i) == value[i]) continue;
    printf("%s@%s number %d: expected %.17g, got %.17g\n", name, seed, (int)i + 1, value[i], at(out, i));
    wrong++;
  }
  CHECK(n > 0 && !wrong);
  mt_tensor_free(out);
}

static void test_golden(mt_generator *g) {
  FILE *file = fopen("../shared/data/torch7/golden_rng.txt", "r");
  if (!file) {
    printf("skipped: Torch7's numbers (../shared/data/torch7/golden_rng.txt is not there)\n");
    return;
  }
  char line[1000];
  int rows = 0;
  for (; fgets(line, sizeof line, file); rows++) golden_row(line, g);
  fclose(file);
  CHECK(rows == 57);
}

/* -- Rules ---------------------------------------------------------------------------------------------------- */

/* init_genrand(5489) is the reference program's default; its 10,000th number is given in the C++ standard. */
static void test_reference(mt_generator *g) {
  double value = 0;
  mt_generator_seed(g, 5489);
  for (int i = 0; i < 10000; i++) mt_random(g, MT_RANDOM_BITS, 0, 0, &value);
  CHECK(value == 4123659995.0);
  CHECK(mt_generator_initial_seed(g) == 5489);
}

static void test_strided(mt_generator *g) {
  mt_tensor *flat = tensor(MT_FLOAT, 1, 12, 0), *whole = tensor(MT_FLOAT, 2, 4, 3),
            *turned = mt_tensor_new(MT_FLOAT, 0);
  CHECK(mt_transpose(turned, whole, 0, 1) == 0); /* 3x4 */
  mt_generator_seed(g, 7);
  CHECK(mt_random_fill(g, flat, MT_NORMAL, 0, 1) == 0);
  mt_generator_seed(g, 7);
  CHECK(mt_random_fill(g, turned, MT_NORMAL, 0, 1) == 0);
  for (int i = 0; i < 3; i++)
    for (int j = 0; j < 4; j++) CHECK(at(flat, i * 4 + j) == at(whole, j * 3 + i));
  mt_tensor_free(flat);
  mt_tensor_free(whole);
  mt_tensor_free(turned);
}

static int same_state(const mt_generator *a, const mt_generator *b) {
  int64_t size = mt_generator_state_size();
  char *states = malloc(2 * (size_t)size);
  mt_generator_get_state(a, states);
  mt_generator_get_state(b, states + size);
  int same = memcmp(states, states + size, (size_t)size) == 0;
  free(states);
  return same;
}

/* Filling by blocks and threads gives the numbers, and leaves the state, of drawing one by one. */
static void test_blocks(mt_generator *g) {
  static const int64_t counts[] = {1, 2, 3, 623, 5001, 150000, 1, 262145, 4};
  static const struct {
    int distribution;
    double p, q;
  } rows[] = {{MT_NORMAL, 3, 0.7},           {MT_UNIFORM, -1, 0.3},   {MT_EXPONENTIAL, 1.5, 0}, {MT_CAUCHY, 1, 2},
              {MT_LOG_NORMAL, 0.5, 0.2},     {MT_GEOMETRIC, 0.3, 0},  {MT_BERNOULLI, 0.4, 0},   {MT_RANDOM, -5, 17},
              {MT_RANDOM, -4294967296.0, 0}, {MT_RANDOM, -0x1p53, 99}};
  mt_generator *other = mt_generator_new();
  mt_generator_seed(g, 21);
  mt_generator_seed(other, 21);
  for (size_t r = 0; r < sizeof rows / sizeof *rows; r++)
    for (size_t k = 0; k < sizeof counts / sizeof *counts; k++) {
      mt_tensor *t = tensor(MT_DOUBLE, 1, counts[k], 0);
      const double *drawn = mt_tensor_data(t);
      double value = 0;
      int same = mt_random_fill(g, t, rows[r].distribution, rows[r].p, rows[r].q) == 0;
      for (int64_t i = 0; i < counts[k]; i++)
        same = same && !mt_random(other, rows[r].distribution, rows[r].p, rows[r].q, &value) && drawn[i] == value;
      CHECK(same && same_state(g, other));
      mt_tensor_free(t);
    }
  mt_generator_free(other);
}

/* Floats are the doubles, rounded: to the last bit and the sign of zero, whatever way they are made. */
static void test_floats(mt_generator *g) {
  static const double rows[][2] = {{0, 1},    {0, 1},     {3, 0.75},     {-0.5, 1e-3}, {1e30, 1e-30}, {0, 1e-45},
                                   {0, 1e38}, {0, 1e-38}, {1e-38, 1e-7}, {0, 0},       {-0.0, 0},     {-1e30, 3e38}};
  mt_generator *other = mt_generator_new();
  mt_generator_seed(g, 77);
  mt_generator_seed(other, 77);
  for (size_t r = 0; r < sizeof rows / sizeof *rows; r++) {
    int64_t n = r < 2 ? 1500001 : 100003, wrong = 0;
    double mean = (float)rows[r][0], deviation = (float)rows[r][1];
    mt_tensor *t = tensor(MT_FLOAT, 1, n, 0), *exact = tensor(MT_DOUBLE, 1, n, 0);
    CHECK(mt_random_fill(g, t, MT_NORMAL, mean, deviation) == 0);
    CHECK(mt_random_fill(other, exact, MT_NORMAL, mean, deviation) == 0);
    const float *drawn = mt_tensor_data(t);
    const double *from = mt_tensor_data(exact);
    for (int64_t i = 0; i < n; i++) {
      float rounded = (float)from[i];
      wrong += memcmp(&drawn[i], &rounded, sizeof rounded) != 0;
    }
    CHECK(wrong == 0 && same_state(g, other));
    mt_tensor_free(t);
    mt_tensor_free(exact);
  }
  mt_generator_free(other);
}

/* Halves are the floats, rounded. */
static void test_halves(mt_generator *g) {
  for (int dtype = MT_HALF; dtype <= MT_BFLOAT16; dtype++) {
    mt_tensor *t = tensor(dtype, 1, 5001, 0), *from = tensor(MT_FLOAT, 1, 5001, 0),
              *rounded = tensor(dtype, 1, 5001, 0);
    int equal = 0;
    mt_generator_seed(g, 5);
    CHECK(mt_random_fill(g, t, MT_NORMAL, 1, 2) == 0);
    mt_generator_seed(g, 5);
    CHECK(mt_random_fill(g, from, MT_NORMAL, 1, 2) == 0 && mt_copy(rounded, from) == 0);
    CHECK(mt_equal(t, rounded, &equal) == 0 && equal);
    mt_tensor_free(t);
    mt_tensor_free(from);
    mt_tensor_free(rounded);
  }
}

static void test_dtypes(mt_generator *g) {
  static const double most[MT_DTYPES] = {16777216, 4294967295.0, 2048, 256, 255, 127, 32767, 2147483647, 4294967295.0};
  for (int dtype = 0; dtype < MT_DTYPES; dtype++) {
    mt_tensor *t = tensor(dtype, 1, 3000, 0);
    double high = 0, low = 1e300;
    CHECK(mt_random_fill(g, t, MT_RANDOM_BITS, 0, 0) == 0);
    for (int i = 0; i < 3000; i++) high = fmax(high, at(t, i)), low = fmin(low, at(t, i));
    CHECK(low >= 0 && high <= most[dtype] && high > most[dtype] / 2);
    CHECK(mt_random_fill(g, t, MT_RANDOM, 3, 5) == 0);
    for (int i = 0; i < 3000; i++) high = fmin(high, at(t, i) >= 3 && at(t, i) <= 5);
    CHECK(high == 1);
    CHECK(mt_random_fill(g, t, MT_BERNOULLI, 0.25, 0) == 0);
    if (dtype >= MT_UINT8) REFUSES(mt_random_fill(g, t, MT_UNIFORM, 0, 1), "needs a floating dtype");
    mt_tensor_free(t);
  }
  mt_tensor *bytes = tensor(MT_UINT8, 1, 4, 0);
  REFUSES(mt_random_fill(g, bytes, MT_RANDOM, 1, 256), "does not fit uint8");
  REFUSES(mt_randperm(g, bytes, 256), "randperm: ");
  CHECK(mt_randperm(g, bytes, 255) == 0 && mt_tensor_numel(bytes) == 255);
  mt_tensor_free(bytes);
  mt_tensor *none = mt_tensor_new(MT_FLOAT, MT_CPU);
  CHECK(mt_random_fill(g, none, MT_NORMAL, 0, 1) == 0);
  mt_tensor_free(none);
}

static void test_parameters(mt_generator *g) {
  double value = -1;
  REFUSES(mt_random(g, MT_NORMAL, 0, -1, &value), "normal: ");
  REFUSES(mt_random(g, MT_EXPONENTIAL, 0, 0, &value), "rate");
  REFUSES(mt_random(g, MT_CAUCHY, NAN, 1, &value), "finite");
  REFUSES(mt_random(g, MT_GEOMETRIC, 1, 0, &value), "geometric: ");
  REFUSES(mt_random(g, MT_BERNOULLI, 1.5, 0, &value), "0..1");
  REFUSES(mt_random(g, MT_RANDOM, 1.5, 3, &value), "whole");
  REFUSES(mt_random(g, MT_RANDOM, 4, 3, &value), "above");
  REFUSES(mt_random(g, 99, 0, 0, &value), "99");
  CHECK(value == -1);
  CHECK(mt_random(g, MT_RANDOM, -0x1p53, 0x1p53, &value) == 0 && fabs(value) <= 0x1p53);
  CHECK(mt_random(g, MT_UNIFORM, 2, 1, &value) == 0 && value > 1 && value <= 2); /* bounds may be reversed */
}

/* -- States --------------------------------------------------------------------------------------------------- */

static void put32(char *state, size_t place, int32_t value) { memcpy(state + place, &value, sizeof value); }

static void test_state(mt_generator *g) {
  int64_t size = mt_generator_state_size();
  char *state = malloc((size_t)size), *bad = malloc((size_t)size);
  mt_generator *other = mt_generator_new();
  double a, b, c;
  for (int drawn = 0; drawn < 1300; drawn += 100) { /* across the ends of blocks, and with half a normal pair due */
    mt_generator_seed(g, 11);
    for (int i = 0; i < drawn; i++) mt_random(g, MT_UNIFORM, 0, 1, &a);
    if (drawn % 200) mt_random(g, MT_NORMAL, 0, 1, &a);
    mt_generator_get_state(g, state);
    CHECK(mt_generator_set_state(other, state, size) == 0);
    int same = 1;
    for (int i = 0; i < 700; i++) {
      mt_random(g, MT_NORMAL, 0, 1, &a);
      mt_random(other, MT_NORMAL, 0, 1, &b);
      same = same && a == b;
    }
    CHECK(same);
  }
  mt_generator_get_state(g, state);
  static const struct {
    size_t place;
    int32_t value;
  } faults[] = {{8, 0},   {8, 625}, {8, -5}, {8, 0x7fffffff},       {12, 0},   {16, 625}, {16, 700},
                {16, -1}, {20, 1},  {28, 1}, {24 + 8 * 623 + 4, 5}, {5040, 2}, {5040, -1}};
  for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) {
    memcpy(bad, state, (size_t)size);
    put32(bad, faults[i].place, faults[i].value);
    REFUSES(mt_generator_set_state(other, bad, size), "setRNGState: ");
  }
  memset(bad + 24, 0, 624 * 8);
  REFUSES(mt_generator_set_state(other, bad, size), "setRNGState: ");
  REFUSES(mt_generator_set_state(other, state, size - 1), "5048 bytes, got 5047");
  CHECK(mt_random(g, MT_UNIFORM, 0, 1, &a) == 0 && mt_random(other, MT_UNIFORM, 0, 1, &c) == 0);
  mt_generator *third = mt_generator_new(); /* two fresh ones differ */
  CHECK(mt_generator_initial_seed(third) != mt_generator_initial_seed(other) || a != c);
  mt_generator_free(third);
  mt_generator_free(other);
  free(state);
  free(bad);
}

/* -- Drawing from weights ------------------------------------------------------------------------------------- */

static void test_multinomial(mt_generator *g) {
  mt_tensor *weights = tensor(MT_FLOAT, 2, 2, 5), *out = tensor(MT_INT64, 1, 3, 0);
  static const double w[10] = {0, 1, 0, 2, 0, 5, 5, 5, 5, 5};
  for (int i = 0; i < 10; i++) mt_tensor_put(weights, i, w[i]);
  CHECK(mt_multinomial(g, out, weights, 400, 1) == 0 && out->dim == 2 && out->size[0] == 2 && out->size[1] == 400);
  int good = 1, twos = 0;
  for (int i = 0; i < 400; i++) {
    good = good && (at(out, i) == 2 || at(out, i) == 4) && at(out, 400 + i) >= 1 && at(out, 400 + i) <= 5;
    twos += at(out, i) == 2;
  }
  CHECK(good && twos > 80 && twos < 190);
  for (int round = 0; round < 200; round++) {
    CHECK(mt_multinomial(g, out, weights, 2, 0) == 0);
    CHECK(at(out, 0) + at(out, 1) == 6 && at(out, 2) != at(out, 3));
  }
  REFUSES(mt_multinomial(g, out, weights, 3, 0), "row 1 has 2");
  REFUSES(mt_multinomial(g, out, weights, 6, 0), "without replacement");
  CHECK(out->dim == 2 && out->size[1] == 2);
  mt_tensor_put(weights, 3, -1);
  REFUSES(mt_multinomial(g, out, weights, 1, 1), "is -1");
  mt_tensor_put(weights, 3, NAN);
  REFUSES(mt_multinomial(g, out, weights, 1, 1), "nan");
  mt_tensor_put(weights, 3, 0);
  mt_tensor_put(weights, 1, 0);
  REFUSES(mt_multinomial(g, out, weights, 1, 1), "sum to 0");
  REFUSES(mt_multinomial(g, weights, weights, 1, 1), "int64");
  mt_tensor_free(weights);
  mt_tensor_free(out);
}

static void test_bernoulli_from(mt_generator *g) {
  mt_tensor *p = tensor(MT_FLOAT, 2, 2, 2), *out = mt_tensor_new(MT_UINT8, MT_CPU);
  static const double chance[4] = {1, 0.4f, 0.4f, 1};
  for (int i = 0; i < 4; i++) mt_tensor_put(p, i, chance[i]);
  double u[4];
  mt_generator_seed(g, 3);
  for (int i = 0; i < 4; i++) mt_random(g, MT_UNIFORM, 0, 1, &u[i]);
  mt_generator_seed(g, 3);
  CHECK(mt_bernoulli_from(g, out, p) == 0 && out->dim == 2);
  for (int i = 0; i < 4; i++) CHECK(at(out, i) == (u[i] <= chance[i]));
  mt_tensor_put(p, 2, 1.25);
  REFUSES(mt_bernoulli_from(g, out, p), "1.25");
  mt_tensor_free(p);
  mt_tensor_free(out);
}

int main(void) {
  mt_generator *g = mt_generator_new();
  test_golden(g);
  test_reference(g);
  test_strided(g);
  test_blocks(g);
  test_floats(g);
  test_halves(g);
  mt_set_threads(3);
  test_blocks(g);
  test_dtypes(g);
  test_parameters(g);
  test_state(g);
  test_multinomial(g);
  test_bernoulli_from(g);
  mt_generator_free(g);
  return check_end();
}
