/* cpu.c: which of the faster kernels this library uses. The portable ones fill every slot before. */
#include "cpu.h"

#include <stdlib.h>
#include <string.h>

/* MOONTORCH_ISA=portable leaves the portable kernels alone: the tests run them that way. */
void mt_register_cpu(void) {
  const char *most = getenv("MOONTORCH_ISA");
  if (most && !strcmp(most, "portable")) return;
  mt_cpu_register_blas();
  mt_cpu_register_conv();
  mt_cpu_register_isa();
}
