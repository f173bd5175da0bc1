/* harness.c: libFuzzer around a reader written in Lua.
 *
 * The variable MT_FUZZ_TARGET names a Lua file that gives a function; it is called with every input, as a string, and
 * raises an error only where it has found something. Lines of Lua that run are libFuzzer's coverage. Found is also: an
 * input that takes more than a second of processor time, tensors of more than 16 times the input's size, and a Lua
 * heap of more than 1000 times (each with a constant on top), and everything AddressSanitizer sees.
 */
#include "../../lib/moontorch.h"

#include <lauxlib.h>
#include <lua.h>
#include <luajit.h>
#include <lualib.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

enum { COUNTERS = 1 << 16, FILES = 256, COLLECT_EVERY = 200 };

static const int64_t spare_tensors = (int64_t)16 << 20, spare_heap = (int64_t)128 << 20;

__attribute__((section("__libfuzzer_extra_counters"))) static uint8_t counters[COUNTERS];

static lua_State *L;
static int target; /* reference of the function */

/* -- Coverage ----------------------------------------------------------------------------------------------- */

/* A number for each file of Lua code, known by the address of its name. */
static unsigned file_number(const char *source) {
  static const char *files[FILES];
  static unsigned last, count;
  if (files[last] == source) return last;
  for (last = 0; last < count; last++)
    if (files[last] == source) return last;
  if (count < FILES - 1) count++;
  files[last] = source;
  return last;
}

/* Counts the steps from line to line. */
static void on_line(lua_State *state, lua_Debug *ar) {
  static unsigned before;
  lua_getinfo(state, "S", ar);
  unsigned here = file_number(ar->source) * 4099u + (unsigned)ar->currentline * 31u;
  counters[(before ^ here) % COUNTERS]++;
  before = here * 2654435761u >> 15;
}

/* -- Limits ------------------------------------------------------------------------------------------------- */

static void complain(const char *text) {
  (void)!write(STDERR_FILENO, text, strlen(text));
  abort();
}

static void on_timer(int signal) {
  (void)signal;
  complain("the input takes more than a second\n");
}

static void set_timer(int seconds) {
  struct itimerval limit = {.it_value = {.tv_sec = seconds}};
  setitimer(ITIMER_PROF, &limit, NULL);
}

static void check_memory(size_t size, int64_t live) {
  int64_t tensors = mt_memory(MT_CPU, MT_PEAK) - live, heap = (int64_t)lua_gc(L, LUA_GCCOUNT, 0) * 1024;
  if (tensors > 16 * (int64_t)size + spare_tensors)
    complain("the input makes tensors of more than 16 times its size\n");
  if (heap > 1000 * (int64_t)size + spare_heap) complain("the input fills Lua's heap\n");
}

/* -- libFuzzer's two functions ------------------------------------------------------------------------------ */

static void check(int status) {
  if (!status) return;
  fprintf(stderr, "%s\n", lua_tostring(L, -1));
  abort();
}

int LLVMFuzzerInitialize(int *argc, char ***argv) {
  (void)argc, (void)argv;
  const char *path = getenv("MT_FUZZ_TARGET");
  if (!path) complain("MT_FUZZ_TARGET names no target\n");
  L = luaL_newstate();
  luaL_openlibs(L);
  luaJIT_setmode(L, 0, LUAJIT_MODE_ENGINE | LUAJIT_MODE_OFF); /* compiled code calls no hooks */
  check(luaL_loadfile(L, path) || lua_pcall(L, 0, 1, 0));
  target = luaL_ref(L, LUA_REGISTRYINDEX);
  signal(SIGPROF, on_timer);
  lua_sethook(L, on_line, LUA_MASKLINE, 0);
  return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static int count;
  if (++count % COLLECT_EVERY == 0) lua_gc(L, LUA_GCCOLLECT, 0);
  mt_memory_reset_peak(MT_CPU);
  int64_t live = mt_memory(MT_CPU, MT_LIVE);
  lua_rawgeti(L, LUA_REGISTRYINDEX, target);
  lua_pushlstring(L, (const char *)data, size);
  set_timer(1);
  check(lua_pcall(L, 1, 0, 0));
  set_timer(0);
  check_memory(size, live);
  return 0;
}
