/* worker.c: Lua states on threads of their own, and what becomes of them when the program ends.
 *
 * Lua's functions are those of the process that loads this library: it must not bring a second Lua along. */
#define _GNU_SOURCE /* on_exit */
#include "worker.h"

#include "internal.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>

struct mt_worker {
  int32_t stop; /* what the thread obeys, see mt_obey */
  int refs;     /* the handle and the thread */
  int ended, held, awaited;
  char *code, *name, *path, *cpath, *failure;
  int64_t length;
  mt_worker *next, **place;
};

/* The lock is held for every look at the list and at the fields that both sides use. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed;
static pthread_once_t prepared = PTHREAD_ONCE_INIT;
static mt_worker *list; /* those whose thread has not ended */
static int count;
static int64_t beats;
static pid_t process;
static _Thread_local int in_worker;

int mt_threads_abi(void) { return MT_ABI; }

/* -- A worker ------------------------------------------------------------------------------------------------- */

static void drop(mt_worker *w) {
  pthread_mutex_lock(&lock);
  int left = --w->refs;
  pthread_mutex_unlock(&lock);
  if (left > 0) return;
  free(w->code);
  free(w->name);
  free(w->path);
  free(w->cpath);
  free(w->failure);
  free(w);
}

static char *copy(const char *bytes, size_t length) {
  char *p = malloc(length + 1);
  if (!p) return NULL;
  memcpy(p, bytes, length);
  p[length] = '\0';
  return p;
}

static mt_worker *new_worker(const char *code, int64_t length, const char *name, const char *path, const char *cpath) {
  mt_worker *w = calloc(1, sizeof *w);
  if (!w) return NULL;
  w->refs = 1;
  w->held = 1;
  w->length = length;
  w->code = copy(code, (size_t)length);
  w->name = copy(name, strlen(name));
  w->path = copy(path, strlen(path));
  w->cpath = copy(cpath, strlen(cpath));
  if (w->code && w->name && w->path && w->cpath) return w;
  drop(w);
  return NULL;
}

/* -- Its thread ----------------------------------------------------------------------------------------------- */

static int with_traceback(lua_State *L) {
  if (!lua_isstring(L, 1)) {
    if (!luaL_callmeta(L, 1, "__tostring")) lua_pushfstring(L, "(error object is a %s value)", luaL_typename(L, 1));
    lua_replace(L, 1);
  }
  luaL_traceback(L, L, lua_tostring(L, 1), 1);
  return 1;
}

static int run_code(lua_State *L) {
  mt_worker *w = lua_touserdata(L, 1);
  luaL_openlibs(L);
  lua_getglobal(L, "package");
  lua_pushstring(L, w->path);
  lua_setfield(L, -2, "path");
  lua_pushstring(L, w->cpath);
  lua_setfield(L, -2, "cpath");
  lua_settop(L, 0);
  lua_pushcfunction(L, with_traceback);
  if (luaL_loadbuffer(L, w->code, (size_t)w->length, w->name) || lua_pcall(L, 0, 0, 1)) return lua_error(L);
  return 0;
}

/* Runs the code. What ended it, as text that the caller frees, or NULL. */
static char *run_state(mt_worker *w) {
  lua_State *L = luaL_newstate();
  if (!L) return strdup("not enough memory for a Lua state");
  char *failure = NULL;
  lua_pushcfunction(L, run_code);
  lua_pushlightuserdata(L, w);
  if (lua_pcall(L, 1, 0, 0)) {
    const char *message = lua_tostring(L, -1);
    failure = strdup(message ? message : "unknown error");
  }
  lua_close(L);
  return failure;
}

static void *run(void *argument) {
  mt_worker *w = argument;
  in_worker = 1;
  mt_obey(&w->stop);
  char *failure = run_state(w);
  pthread_mutex_lock(&lock);
  w->failure = failure;
  w->ended = 1;
  *w->place = w->next;
  if (w->next) w->next->place = w->place;
  count--;
  pthread_cond_broadcast(&changed);
  pthread_mutex_unlock(&lock);
  mt_obey(NULL);
  drop(w);
  return NULL;
}

static int start_thread(mt_worker *w) {
  pthread_t thread;
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
  int failure = pthread_create(&thread, &attributes, run, w);
  pthread_attr_destroy(&attributes);
  return failure;
}

static void finish_all(int status, void *unused);

static void prepare(void) {
  pthread_condattr_t clock;
  pthread_condattr_init(&clock);
  pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
  pthread_cond_init(&changed, &clock);
  pthread_condattr_destroy(&clock);
  process = getpid();
  on_exit(finish_all, NULL);
}

mt_worker *mt_worker_start(const char *code, int64_t length, const char *name, const char *path, const char *cpath,
                           int awaited) {
  pthread_once(&prepared, prepare);
  mt_worker *w = new_worker(code, length, name, path, cpath);
  if (!w) {
    mt_fail("threads: not enough memory");
    return NULL;
  }
  w->awaited = awaited;
  pthread_mutex_lock(&lock); /* so that the thread finds itself in the list */
  int failure = start_thread(w);
  if (!failure) {
    w->refs++;
    w->next = list;
    w->place = &list;
    if (list) list->place = &w->next;
    list = w;
    count++;
  }
  pthread_mutex_unlock(&lock);
  if (!failure) return w;
  drop(w);
  mt_fail("threads: cannot start a thread beside the %d that run: %s", mt_worker_count(), strerror(failure));
  return NULL;
}

/* -- Its handle ----------------------------------------------------------------------------------------------- */

int mt_worker_wait(mt_worker *w, int milliseconds) {
  struct timespec until = mt_deadline(milliseconds);
  pthread_mutex_lock(&lock);
  while (!w->ended && pthread_cond_timedwait(&changed, &lock, &until) != ETIMEDOUT) {}
  int ended = w->ended;
  pthread_mutex_unlock(&lock);
  return ended;
}

const char *mt_worker_failure(mt_worker *w) {
  pthread_mutex_lock(&lock);
  const char *failure = w->ended ? w->failure : NULL;
  pthread_mutex_unlock(&lock);
  return failure;
}

void mt_worker_beat(void) {
  if (mt_interrupted()) return; /* one that is to stop is not waited for */
  pthread_mutex_lock(&lock);
  beats++;
  pthread_cond_broadcast(&changed);
  pthread_mutex_unlock(&lock);
}

void mt_worker_free(mt_worker *w) {
  pthread_mutex_lock(&lock);
  w->held = 0;
  pthread_mutex_unlock(&lock);
  drop(w);
}

int mt_worker_count(void) {
  pthread_mutex_lock(&lock);
  int n = count;
  pthread_mutex_unlock(&lock);
  return n;
}

/* -- The program's end ---------------------------------------------------------------------------------------- */

/* When the program ends, threads that are still in an op would see OpenBLAS and others taken away from under them. So:
 *   - a program that ends well, its Lua state closed (so that nobody holds the handles any more), lets the threads
 *     that it awaits finish, as long as one of them gets on within ten seconds;
 *   - the others, and all of a program that fails or calls os.exit, are told to stop and have a second to do so;
 *   - when some still run, as nothing stops a loop without an op, the process ends at once, before the libraries go;
 *   - so it does, too, when it is one of the threads that calls os.exit. */
enum { PATIENCE = 10000, LAST_CALL = 1000 };

static int some_awaited(void) {
  for (mt_worker *w = list; w; w = w->next)
    if (w->awaited && !w->held) return 1;
  return 0;
}

/* What is cut off is said, as nobody else is left to say it. */
static void await_progress(void) {
  int64_t seen = beats;
  struct timespec until = mt_deadline(PATIENCE);
  while (some_awaited()) {
    if (pthread_cond_timedwait(&changed, &lock, &until) == ETIMEDOUT) {
      fprintf(stderr, "threads: %d s after the program's end a job still runs; it is stopped\n", PATIENCE / 1000);
      return;
    }
    if (beats == seen) continue;
    seen = beats;
    until = mt_deadline(PATIENCE);
  }
}

static void stop_some(int all) {
  for (mt_worker *w = list; w; w = w->next)
    if (all || w->held || !w->awaited) __atomic_store_n(&w->stop, 1, __ATOMIC_RELAXED);
}

/* Flushing may wait for a thread that reads from a file, hence on a thread of its own. */
static void *flush(void *done) {
  fflush(NULL);
  pthread_mutex_lock(&lock);
  *(int *)done = 1;
  pthread_cond_broadcast(&changed);
  pthread_mutex_unlock(&lock);
  return NULL;
}

static void end_at_once(int status) {
  static int flushed;
  pthread_t thread;
  struct timespec until = mt_deadline(LAST_CALL);
  if (pthread_create(&thread, NULL, flush, &flushed) == 0)
    while (!flushed && pthread_cond_timedwait(&changed, &lock, &until) != ETIMEDOUT) {}
  _exit(status);
}

static void finish_all(int status, void *unused) {
  (void)unused;
  if (getpid() != process) return; /* a fork has none of the threads */
  pthread_mutex_lock(&lock);
  if (in_worker) end_at_once(status);
  stop_some(status != 0);
  if (status == 0) await_progress();
  stop_some(1);
  struct timespec until = mt_deadline(LAST_CALL);
  while (list && pthread_cond_timedwait(&changed, &lock, &until) != ETIMEDOUT) {}
  if (list) end_at_once(status);
  pthread_mutex_unlock(&lock);
}
