/*
 * lib/format.h - formatted print.
 *
 * Conversions: %d %i %u %x %X %o %c %s %p %%, with the flags - 0 # + and space, width and
 * precision (digits or *), and the lengths hh h l ll z j t. %p prints sixteen hexadecimal digits
 * after 0x. There is no floating point and no %n. An unknown conversion is printed as it stands.
 */
#ifndef LIB_FORMAT_H
#define LIB_FORMAT_H

#include <stdarg.h>

#include "lib/types.h"

/*
 * Where streamed output goes. `write` is called one or more times, in order, with pieces that are
 * valid only during the call; embed the sink in your own structure to find your state.
 */
struct format_sink {
	void (*write)(struct format_sink *sink, const char *s, size_t len);
};

/* Both return how many characters were sent to the sink. */
size_t format_to(struct format_sink *sink, const char *fmt, ...) __printf(2, 3);
size_t vformat_to(struct format_sink *sink, const char *fmt, va_list ap) __printf(2, 0);

/*
 * Print into buf of `size` bytes, terminated when size > 0. Returns the length of the whole text,
 * as ISO C's snprintf: a value >= size says it was cut.
 */
int snprintf(char *buf, size_t size, const char *fmt, ...) __printf(3, 4);
int vsnprintf(char *buf, size_t size, const char *fmt, va_list ap) __printf(3, 0);

/* As snprintf, but returns how many characters were stored, without the terminator: at most
 * size - 1, and 0 for size 0. For building text piece by piece. */
size_t scnprintf(char *buf, size_t size, const char *fmt, ...) __printf(3, 4);
size_t vscnprintf(char *buf, size_t size, const char *fmt, va_list ap) __printf(3, 0);

/* Decimal or hexadecimal digits of v into buf without terminator; returns how many. buf must
 * hold 20 characters. For paths too hot to parse a format string. */
size_t format_u64_dec(char *buf, u64 v);
size_t format_u64_hex(char *buf, u64 v);

#endif
