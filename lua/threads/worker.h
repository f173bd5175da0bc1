/* worker.h: the public face of libmoontorch_threads: Lua states on threads of their own.
 *
 * Like moontorch.h this is also the text that Lua gives to ffi.cdef. A function that gives NULL has left a message for
 * mt_error(). Nothing here calls back into the Lua that called it. */
#ifndef MOONTORCH_WORKER_H
#define MOONTORCH_WORKER_H
#include <stdint.h>

typedef struct mt_worker mt_worker;

const char *mt_threads_header(void); /* the text of this header */
int mt_threads_abi(void);            /* MT_ABI of the libmoontorch that it was compiled with */

/* Starts a thread with a Lua state of its own, in which the standard libraries are open and package.path and
 * package.cpath are as given, and runs the code there; name: what errors call it. The thread's ops and waits do not
 * obey Ctrl-C.
 * awaited: when the program ends well, and its own Lua state is closed, the thread may finish first; see the end of
 * worker.c. */
mt_worker *mt_worker_start(const char *code, int64_t length, const char *name, const char *path, const char *cpath,
                           int awaited);
int mt_worker_wait(mt_worker *w, int milliseconds); /* 1 when the code has ended, 0 when it has not yet */
const char *mt_worker_failure(mt_worker *w);        /* once it has ended: the error that ended it, or NULL */
void mt_worker_beat(void);                          /* for the code: it gets on, so it is worth to wait for it */
void mt_worker_free(mt_worker *w);                  /* gives the handle back; the thread goes on */
int mt_worker_count(void);                          /* threads that have not ended */

#endif
