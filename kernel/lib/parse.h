/*
 * lib/parse.h - numbers and words out of text.
 *
 * None of these reads past the terminating NUL. `end`, when not NULL, is set to the first
 * character not used; when it is NULL the whole string must be used up, except that one trailing
 * newline is allowed (as written to files of /proc).
 */
#ifndef LIB_PARSE_H
#define LIB_PARSE_H

#include "lib/types.h"

/*
 * Unsigned number in `base` 2..36, or 0: 0x is 16, a leading 0 is 8, else 10 (base 16 also accepts
 * the prefix). No white space, no sign. 0, -EINVAL if there is no digit or something follows,
 * -ERANGE if it does not fit.
 */
int must_check parse_u64(const char *s, unsigned base, u64 *out, const char **end);
int must_check parse_u32(const char *s, unsigned base, u32 *out, const char **end);
/* As above, with an optional sign + or -. */
int must_check parse_s64(const char *s, unsigned base, s64 *out, const char **end);
int must_check parse_s32(const char *s, unsigned base, s32 *out, const char **end);

/* A number (base 0) with an optional suffix k, m, g or t (powers of 1024, either case). */
int must_check parse_size(const char *s, u64 *out, const char **end);

/*
 * The value of `key` in a line of words such as "root=/dev/sda1 quiet": copies what follows
 * "key=" up to white space (double quotes group, and are dropped) into buf, terminated. The last
 * one wins. A key without '=' has the empty value. Returns its length; -ENOENT when absent;
 * -ERANGE when it does not fit.
 */
int must_check parse_cmdline_value(const char *line, const char *key, char *buf, size_t size);

#endif
