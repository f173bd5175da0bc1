/* header.c: carries the text of worker.h, so that Lua declares exactly what this library was compiled with. */
#include "worker.h"

__asm__(".section .rodata\n"
        "mt_threads_header_text:\n"
        ".incbin \"" MT_HEADER_PATH "\"\n"
        ".byte 0\n"
        ".previous\n");
extern const char mt_threads_header_text[] __attribute__((visibility("hidden")));

const char *mt_threads_header(void) { return mt_threads_header_text; }
