/* The kernel command line: words, or name=value; the last one of a name counts. */
#pragma once

#include "lib/types.h"

/*
 * Copies the value of name= into `out` (truncated to size): true if the option is there ("name"
 * alone gives "").
 */
bool cmdline_get(const char *name, char *out, size_t size);
/* Whether the bare word is there. */
bool cmdline_has(const char *name);
/* Value of name= as an unsigned number, or `fallback`. */
u64 cmdline_u64(const char *name, u64 fallback);
/* The nth occurrence of name= (console= may come several times): true if there is one. */
bool cmdline_get_nth(const char *name, unsigned nth, char *out, size_t size);
