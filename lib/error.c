/* error.c: the message of the last failure, the interruption flag, texts of shapes and types. */
#include "internal.h"

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>

static _Thread_local char message[1024];
static _Thread_local const int32_t *own; /* see mt_obey */
static volatile sig_atomic_t interrupted;

const char *mt_error(void) { return message; }

int mt_fail(const char *format, ...) {
  va_list args;
  va_start(args, format);
  vsnprintf(message, sizeof message, format, args);
  va_end(args);
  return 1;
}

void mt_interrupt(int on) { interrupted = on; }

void mt_obey(const int32_t *stop) { own = stop; }

int mt_interrupted(void) { return own ? __atomic_load_n(own, __ATOMIC_RELAXED) : interrupted; }

int mt_stopped(void) {
  if (!mt_interrupted()) return 0;
  if (own) return mt_fail("stopped");
  interrupted = 0;
  return mt_fail("interrupted");
}

mt_text mt_sizes_text(int dim, const int64_t *size) {
  mt_text r;
  int used = 0, room = (int)sizeof r.text;
  if (dim == 0) snprintf(r.text, sizeof r.text, "no elements");
  for (int i = 0; i < dim && used < room; i++)
    used += snprintf(r.text + used, (size_t)(room - used), i ? "x%lld" : "%lld", (long long)size[i]);
  return r;
}

mt_text mt_shape_text(const mt_tensor *t) { return mt_sizes_text(t->dim, t->size); }

mt_text mt_type_text(const mt_tensor *t) {
  mt_text r;
  snprintf(r.text, sizeof r.text, "%s%s", t->device == MT_CUDA ? "cuda " : "", mt_dtype_name(t->dtype));
  return r;
}
