/*
 * lib/utf8.h - UTF-8 (RFC 3629).
 */
#ifndef LIB_UTF8_H
#define LIB_UTF8_H

#include "lib/types.h"

#define UTF8_REPLACEMENT	0xfffdu

/* Decoder of a stream, byte by byte; all zero at the start. */
struct utf8_state {
	u32 code;	/* bits gathered so far */
	u32 least;	/* smallest code that needed this many bytes */
	u8 left;	/* continuation bytes still to come */
};

enum utf8_result {
	UTF8_MORE,	/* nothing yet */
	UTF8_DONE,	/* *code is a character */
	UTF8_BAD,	/* the sequence was malformed: *code is the replacement character */
	UTF8_BAD_AGAIN,	/* as UTF8_BAD for what came before; feed this byte once more */
};

enum utf8_result utf8_feed(struct utf8_state *s, u8 byte, u32 *code);

/*
 * Decode one character of at most len bytes. Returns the bytes used (1 with the replacement
 * character for a malformed sequence); 0 only when len is 0.
 */
size_t utf8_decode(const char *s, size_t len, u32 *code);

/* Encode; returns 1..4, or 0 for a surrogate or a value above 0x10ffff. */
size_t utf8_encode(u32 code, char out[4]);

/* Columns a character takes on a terminal: 0 (combining), 1 or 2 (wide). Control characters 0. */
unsigned utf8_width(u32 code);

#endif
