/* header.c: carries the text of moontorch.h, so that Lua declares exactly what this library was compiled with. */
#include "internal.h"

__asm__(".section .rodata\n"
        "mt_header_text:\n"
        ".incbin \"" MT_HEADER_PATH "\"\n"
        ".byte 0\n"
        ".previous\n");
extern const char mt_header_text[] __attribute__((visibility("hidden")));

const char *mt_header(void) { return mt_header_text; }

int mt_abi(void) { return MT_ABI; }

int mt_sizeof_tensor(void) { return (int)sizeof(mt_tensor); }

int mt_sizeof_storage(void) { return (int)sizeof(mt_storage); }
