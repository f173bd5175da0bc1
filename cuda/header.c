/* header.c: carries the text of moontorch_cuda.h, so that Lua declares exactly what this library was compiled with. */
#include "moontorch_cuda.h"

__asm__(".section .rodata\n"
        "mt_cuda_header_text:\n"
        ".incbin \"" MT_HEADER_PATH "\"\n"
        ".byte 0\n"
        ".previous\n");
extern const char mt_cuda_header_text[] __attribute__((visibility("hidden")));

const char *mt_cuda_header(void) { return mt_cuda_header_text; }
