/* check.h: what the C tests share. A test program ends with `return check_end();`. */
#ifndef CHECK_H
#define CHECK_H
#include "../../lib/moontorch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int check_passed, check_failed;

/* The condition holds; otherwise its place is printed, with the context that the test has set. */
static const char *check_context = "";

#define CHECK(...)                                                                                        \
  do {                                                                                                    \
    if (__VA_ARGS__) {                                                                                    \
      check_passed++;                                                                                     \
    } else {                                                                                              \
      check_failed++;                                                                                     \
      printf("%s:%d: not so: %s %s (%s)\n", __FILE__, __LINE__, #__VA_ARGS__, check_context, mt_error()); \
    }                                                                                                     \
  } while (0)

/* The call fails, and its message holds these words. */
#define REFUSES(CALL, WORDS) CHECK((CALL) != 0 && strstr(mt_error(), WORDS))

static inline int check_end(void) {
  printf("%d passed, %d failed\n", check_passed, check_failed);
  return check_failed != 0;
}

#endif
