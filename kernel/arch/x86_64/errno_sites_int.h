/* Places where errors begin, while they are rewritten: for the exceptions' entry. */
#pragma once

#include "arch/regs.h"

/* Whether a breakpoint in the kernel is one of errno_sites.c; then the thread goes on behind it.
 * Interrupts off. */
bool errno_site_pass(struct regs *regs);
