/* Addresses of the kernel image to names; the table is made from the linked image at build time. */
#pragma once

#include "lib/types.h"

/* Name of the function that holds `address` and the offset into it, or NULL. Any context. */
const char *symbol_find(u64 address, u64 *offset);
/* The same with the function's size. */
const char *symbol_find_sized(u64 address, u64 *offset, u64 *size);
/* Calls fn for each symbol in address order (/proc/kallsyms). */
void symbol_each(void (*fn)(u64 address, const char *name, void *arg), void *arg);
