/* th.c: LuaJIT with a prompt. This file holds what Lua cannot do: readline, Ctrl-C and finding the packages that lie
 * beside the program. Everything else, options and prompt included, is lua/trepl.
 *
 * lua/trepl gets one table, `th`:
 *   th.version                     "0.1.0"
 *   th.isatty(fd)                  is that file descriptor a terminal?
 *   th.clock()                     seconds, from some start on
 *   th.call(handler, f, ...)       runs f(...), which Ctrl-C may interrupt: true and its results, or false, what
 *                                  handler(error) gave and whether the user interrupted
 *   th.readline(prompt)            the line, or nil and "eof" or "interrupt"
 *   th.complete                    set by lua/trepl: function(word) giving the list of what it may become
 *   th.loadhistory(path)           nil, message on failure
 *   th.remember(line, path)        adds the line to the history and to its file; nil, message on failure
 *
 * Ctrl-C: the handler raises the library's flag, so the next op fails, even in a compiled loop, and sets a hook, so
 * interpreted Lua stops at its next instruction. LuaJIT's compiled code runs no hooks: a compiled loop without a single
 * op goes on. Hence the second Ctrl-C, while the first is pending, ends the process. */
#define _GNU_SOURCE /* RTLD_DEFAULT */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <locale.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/select.h>
#include <time.h>
#include <unistd.h>

#include <readline/history.h>
#include <readline/readline.h>

#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>

#ifndef TH_VERSION
#define TH_VERSION "unknown"
#endif

enum { HISTORY_LINES = 10000, STATUS_INTERRUPTED = 130 };

static lua_State *main_state;
static pthread_t main_thread;
static void (*library_interrupt)(int); /* mt_interrupt, once the library is loaded */
static volatile sig_atomic_t running;  /* inside th.call */
static volatile sig_atomic_t pending;  /* a Ctrl-C that the prompt has not answered yet */

/* -- Ctrl-C ----------------------------------------------------------------------------------------------- */

static void stop_hook(lua_State *L, lua_Debug *ar) {
  (void)ar;
  lua_sethook(L, NULL, 0, 0);
  if (library_interrupt) library_interrupt(0);
  lua_pushliteral(L, "interrupted");
  lua_error(L);
}

static void on_sigint(int sig) {
  if (!pthread_equal(pthread_self(), main_thread)) { /* a thread of OpenMP got it, but only ours may touch Lua */
    pthread_kill(main_thread, sig);
    return;
  }
  if (running && pending) _exit(STATUS_INTERRUPTED);
  pending = 1;
  if (!running) return;
  if (library_interrupt) library_interrupt(1);
  lua_sethook(main_state, stop_hook, LUA_MASKCALL | LUA_MASKRET | LUA_MASKLINE | LUA_MASKCOUNT, 1);
}

static void catch_sigint(void) {
  struct sigaction action = {.sa_handler = on_sigint}; /* no SA_RESTART: io.read shall notice */
  sigemptyset(&action.sa_mask);
  sigaction(SIGINT, &action, NULL);
}

/* The library comes in when a script requires torch, whose ffi.load makes its symbols global. */
static void find_library(void) {
  if (library_interrupt) return;
  void *symbol = dlsym(RTLD_DEFAULT, "mt_interrupt");
  memcpy(&library_interrupt, &symbol, sizeof symbol);
}

/* Runs before the stack is unwound. The hook has to go first, or it would stop the handler as well. */
static int on_error(lua_State *L) {
  lua_sethook(L, NULL, 0, 0);
  lua_pushvalue(L, lua_upvalueindex(1));
  lua_insert(L, 1);
  lua_call(L, 1, 1);
  return 1;
}

/* th.call(handler, f, ...) */
static int th_call(lua_State *L) {
  luaL_checktype(L, 1, LUA_TFUNCTION);
  luaL_checktype(L, 2, LUA_TFUNCTION);
  lua_pushvalue(L, 1);
  lua_pushcclosure(L, on_error, 1);
  lua_replace(L, 1);
  find_library();
  int outer = running;
  running = 1;
  int status = lua_pcall(L, lua_gettop(L) - 2, LUA_MULTRET, 1);
  running = outer; /* first, so that a Ctrl-C from here on sets no hook */
  lua_sethook(L, NULL, 0, 0);
  int interrupted = pending;
  if (interrupted && library_interrupt) library_interrupt(0);
  pending = 0;
  lua_pushboolean(L, status == 0);
  lua_replace(L, 1);
  if (status) lua_pushboolean(L, interrupted);
  return lua_gettop(L);
}

/* -- Completion ------------------------------------------------------------------------------------------- */

static lua_State *completing; /* its top is the table of candidates */
static int shown_from;        /* candidates are listed without the part before this place */

static char *next_candidate(const char *word, int again) {
  static int i;
  (void)word;
  if (!again) i = 0;
  lua_rawgeti(completing, -1, ++i);
  const char *text = lua_tostring(completing, -1);
  char *copy = text ? strdup(text) : NULL;
  lua_pop(completing, 1);
  return copy;
}

static int in_string(void) {
  char open = 0;
  for (int i = 0; i < rl_point; i++) {
    char c = rl_line_buffer[i];
    if (open && c == '\\')
      i++;
    else if (c == open)
      open = 0;
    else if (!open && (c == '"' || c == '\''))
      open = c;
  }
  return open != 0;
}

/* What separates words: a file name in a string goes from its quote on. */
static char *word_breaks(void) {
  static char in_code[] = " \t\n\"'`><=;+-*/%^~#{}(),?!", in_strings[] = "\"'";
  return in_string() ? in_strings : in_code;
}

static char **complete(const char *word, int start, int end) {
  lua_State *L = completing;
  char **matches = NULL;
  int file = in_string();
  (void)start, (void)end;
  rl_completion_append_character = '\0';
  rl_attempted_completion_over = !file; /* else readline completes with its own, file names */
  shown_from = (int)strlen(word);
  while (shown_from > 0 && !strchr(file ? "/" : ".:", word[shown_from - 1])) shown_from--;
  if (file) return NULL;
  lua_getfield(L, LUA_REGISTRYINDEX, "th");
  lua_getfield(L, -1, "complete");
  lua_pushstring(L, word);
  /* a broken metamethod of the user's must not end the prompt: it only has no candidates */
  if (lua_pcall(L, 1, 1, 0) == 0 && lua_istable(L, -1)) matches = rl_completion_matches(word, next_candidate);
  lua_pop(L, 2);
  return matches;
}

static void list_candidates(char **matches, int count, int longest) {
  char **tails = malloc(((size_t)count + 2) * sizeof *tails);
  if (!tails) return;
  for (int i = 0; i <= count; i++) {
    int from = (int)strlen(matches[i]) >= shown_from ? shown_from : 0;
    tails[i] = matches[i] + from;
  }
  tails[count + 1] = NULL;
  rl_crlf();
  rl_display_match_list(tails, count, longest - shown_from);
  free(tails);
  rl_forced_update_display();
}

/* -- The prompt ------------------------------------------------------------------------------------------- */

static char *line;
static int line_done;

static void on_line(char *text) {
  line = text;
  line_done = 1;
  rl_callback_handler_remove();
}

/* Waits for a key or a signal; between the look at `pending` and the wait SIGINT is blocked, so none is missed. */
static void wait_for_key(void) {
  sigset_t block, before;
  sigemptyset(&block);
  sigaddset(&block, SIGINT);
  pthread_sigmask(SIG_BLOCK, &block, &before);
  fd_set input;
  FD_ZERO(&input);
  FD_SET(STDIN_FILENO, &input);
  int ready = pending ? 0 : pselect(STDIN_FILENO + 1, &input, NULL, NULL, NULL, &before);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  if (ready > 0) {
    rl_callback_read_char();
  } else {
    rl_check_signals();
    if (!pending) rl_forced_update_display(); /* back from Ctrl-Z, or another window size */
  }
}

/* th.readline(prompt) */
static int th_readline(lua_State *L) {
  const char *prompt = luaL_checkstring(L, 1);
  completing = L;
  pending = line_done = 0;
  rl_callback_handler_install(prompt, on_line);
  while (!line_done && !pending) wait_for_key();
  if (line_done && line) {
    lua_pushstring(L, line);
    free(line);
    return 1;
  }
  if (!line_done) {
    rl_point = rl_end; /* readline's cleaning up has moved the cursor to the line's start */
    rl_forced_update_display();
    fputs("^C", stdout);
    fflush(stdout);
    rl_free_line_state();
    rl_callback_sigcleanup();
    rl_callback_handler_remove();
  }
  fputc('\n', stdout);
  pending = 0;
  lua_pushnil(L);
  lua_pushstring(L, line_done ? "eof" : "interrupt");
  return 2;
}

static int report(lua_State *L, int error) {
  if (error) {
    lua_pushnil(L);
    lua_pushstring(L, strerror(error));
    return 2;
  }
  lua_pushboolean(L, 1);
  return 1;
}

/* th.loadhistory(path) */
static int th_loadhistory(lua_State *L) {
  const char *path = luaL_checkstring(L, 1);
  int file = open(path, O_CREAT | O_RDWR | O_CLOEXEC, 0600);
  if (file < 0) return report(L, errno);
  close(file);
  history_truncate_file(path, HISTORY_LINES);
  return report(L, read_history(path));
}

/* th.remember(line, path) */
static int th_remember(lua_State *L) {
  add_history(luaL_checkstring(L, 1));
  return report(L, lua_isnoneornil(L, 2) ? 0 : append_history(1, luaL_checkstring(L, 2)));
}

static int th_isatty(lua_State *L) {
  lua_pushboolean(L, isatty((int)luaL_checkinteger(L, 1)));
  return 1;
}

static int th_clock(lua_State *L) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  lua_pushnumber(L, (double)now.tv_sec + 1e-9 * (double)now.tv_nsec);
  return 1;
}

static void set_up_readline(void) {
  rl_readline_name = "th";
  rl_persistent_signal_handlers = 1; /* readline restores the terminal around Ctrl-Z and redraws on a resize */
  rl_variable_bind("echo-control-characters", "off");
  rl_completion_word_break_hook = word_breaks;
  rl_attempted_completion_function = complete;
  rl_completion_display_matches_hook = list_candidates;
}

/* -- Packages --------------------------------------------------------------------------------------------- */

/* Puts `ours` before what package.<field> holds by default, but after what the user asked for by variable. */
static void add_path(lua_State *L, const char *field, const char *variable, const char *ours) {
  lua_getglobal(L, "package");
  lua_getfield(L, -1, field);
  const char *theirs = lua_tostring(L, -1);
  if (getenv(variable))
    lua_pushfstring(L, "%s;%s", theirs, ours);
  else
    lua_pushfstring(L, "%s;%s", ours, theirs);
  lua_setfield(L, -3, field);
  lua_pop(L, 2);
}

/* Pushes the real path of prefix/folder when our packages lie there. */
static int push_folder(lua_State *L, const char *prefix, const char *folder) {
  char real[PATH_MAX];
  int found = realpath(lua_pushfstring(L, "%s/%s", prefix, folder), real) != NULL &&
              access(lua_pushfstring(L, "%s/trepl/init.lua", real), R_OK) == 0;
  lua_settop(L, 0);
  if (found) lua_pushstring(L, real);
  return found;
}

/* In a build tree PREFIX/bin/th has PREFIX/lua, a link to the sources; installed, PREFIX/share/lua/5.1. */
static void add_packages(lua_State *L) {
  char prefix[PATH_MAX];
  ssize_t length = readlink("/proc/self/exe", prefix, sizeof prefix - 1);
  if (length < 0) return;
  prefix[length] = '\0';
  for (int up = 0; up < 2; up++) {
    char *slash = strrchr(prefix, '/');
    if (slash) *slash = '\0';
  }
  if (!push_folder(L, prefix, "lua") && !push_folder(L, prefix, "share/lua/5.1")) return;
  const char *real = lua_tostring(L, 1);
  add_path(L, "path", "LUA_PATH", lua_pushfstring(L, "%s/?.lua;%s/?/init.lua", real, real));
  add_path(L, "cpath", "LUA_CPATH", lua_pushfstring(L, "%s/lib/?.so;%s/lib/lua/5.1/?.so", prefix, prefix));
  lua_settop(L, 0);
}

/* -- Start ------------------------------------------------------------------------------------------------ */

static void push_th(lua_State *L) {
  static const luaL_Reg functions[] = {
      {"call", th_call},
      {"readline", th_readline},
      {"loadhistory", th_loadhistory},
      {"remember", th_remember},
      {"isatty", th_isatty},
      {"clock", th_clock},
      {NULL, NULL},
  };
  lua_newtable(L);
  for (const luaL_Reg *f = functions; f->name; f++) {
    lua_pushcfunction(L, f->func);
    lua_setfield(L, -2, f->name);
  }
  lua_pushliteral(L, TH_VERSION);
  lua_setfield(L, -2, "version");
  lua_pushvalue(L, -1);
  lua_setfield(L, LUA_REGISTRYINDEX, "th");
}

/* require('trepl').main(th, the command's words from 0 on); its result is the exit status. */
static int start(lua_State *L) {
  char **words = lua_touserdata(L, 1);
  int *status = lua_touserdata(L, 2);
  luaL_openlibs(L);
  add_packages(L);
  lua_getglobal(L, "require");
  lua_pushliteral(L, "trepl");
  lua_call(L, 1, 1);
  lua_getfield(L, -1, "main");
  push_th(L);
  lua_newtable(L);
  for (int i = 0; words[i]; i++) {
    lua_pushstring(L, words[i]);
    lua_rawseti(L, -2, i);
  }
  lua_call(L, 2, 1);
  *status = (int)luaL_checkinteger(L, -1);
  return 0;
}

int main(int argc, char **argv) {
  int status = EXIT_FAILURE;
  (void)argc;
  setlocale(LC_CTYPE, ""); /* readline edits UTF-8 */
  lua_State *L = luaL_newstate();
  if (!L) return fputs("th: not enough memory\n", stderr), EXIT_FAILURE;
  main_state = L;
  main_thread = pthread_self();
  set_up_readline();
  catch_sigint();
  lua_pushcfunction(L, start);
  lua_pushlightuserdata(L, argv);
  lua_pushlightuserdata(L, &status);
  if (lua_pcall(L, 2, 0, 0)) {
    const char *message = lua_tostring(L, -1);
    fprintf(stderr, "th: %s\n", message ? message : "cannot start");
  }
  signal(SIGINT, SIG_DFL); /* the state is going: nothing is left to interrupt */
  lua_close(L);
  return status;
}
