/* test_worker.c: Lua states on threads: what they find, how they end, and that none outlives the process's patience. */
#include "../../lua/threads/worker.h"
#include "check.h"

enum { LONG = 60000 };

/* Of AddressSanitizer, where there is one: how this program ends leaves it no other time to look. */
int __lsan_do_recoverable_leak_check(void) __attribute__((weak));

static mt_worker *start(const char *code) {
  return mt_worker_start(code, (int64_t)strlen(code), "=code", "here/?.lua", "there/?.so", 1);
}

static int fails_with(const char *code, const char *words) {
  mt_worker *w = start(code);
  int ended = mt_worker_wait(w, LONG);
  const char *failure = mt_worker_failure(w);
  int found = ended && failure && strstr(failure, words);
  if (!found) printf("failure: %s\n", failure ? failure : "none");
  mt_worker_free(w);
  return found;
}

static int ends_well(const char *code) {
  mt_worker *w = start(code);
  int ended = mt_worker_wait(w, LONG);
  const char *failure = mt_worker_failure(w);
  if (failure) printf("failure: %s\n", failure);
  int well = ended && !failure;
  mt_worker_free(w);
  return well;
}

static void test_ends(void) {
  CHECK(ends_well(""));
  CHECK(ends_well("assert(package.path == 'here/?.lua' and package.cpath == 'there/?.so')"));
  CHECK(ends_well("local ffi = require 'ffi' assert(ffi.sizeof('int') == 4 and jit and string and io)"));
  CHECK(fails_with("local x = = 1", "unexpected symbol"));
  CHECK(fails_with("error 'of its own'", "code:1: of its own"));
  CHECK(fails_with("local function f() error 'deep' end f()", "in function 'f'"));
  CHECK(fails_with("error({})", "error object is a table value"));
  CHECK(fails_with("error(setmetatable({}, {__tostring = function() return 'spoken' end}))", "spoken"));
  CHECK(fails_with("error()", "error object is a nil value"));
  CHECK(fails_with("return f() ", "attempt to call global 'f'"));
  CHECK(mt_threads_abi() == mt_abi() && strstr(mt_threads_header(), "mt_worker_start"));
}

/* A zero byte in the code, and states that do not see each other's globals. */
static void test_apart(void) {
  const char code[] = "assert(#'\0' == 1 and other == nil) other = 1";
  for (int i = 0; i < 3; i++) {
    mt_worker *w = mt_worker_start(code, sizeof code - 1, "=code", "", "", 1);
    CHECK(mt_worker_wait(w, LONG) && !mt_worker_failure(w));
    mt_worker_free(w);
  }
}

static void test_many(void) {
  mt_worker *w[20];
  for (int i = 0; i < 20; i++) w[i] = start("local t = {} for i = 1, 10000 do t[i] = tostring(i) end");
  for (int i = 0; i < 20; i += 2) mt_worker_free(w[i]); /* these go on by themselves */
  for (int i = 1; i < 20; i += 2) {
    CHECK(mt_worker_wait(w[i], LONG));
    CHECK(!mt_worker_failure(w[i]));
    mt_worker_free(w[i]);
  }
}

int main(void) {
  test_ends();
  test_apart();
  test_many();
  CHECK(!__lsan_do_recoverable_leak_check || __lsan_do_recoverable_leak_check() == 0);
  mt_worker *endless = start("while true do end");
  CHECK(!mt_worker_wait(endless, 1) && !mt_worker_failure(endless) && mt_worker_count() > 0);
  return check_end(); /* the process ends though the last one does not */
}
