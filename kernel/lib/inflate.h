/*
 * lib/inflate.h - decompression: "deflate" (RFC 1951) and the gzip format around it (RFC 1952).
 *
 * The whole compressed text is in memory; what comes out goes to a function, in pieces of up to
 * 32 KiB in order. The input is foreign: whatever it holds, nothing is read outside of it and the
 * work is bounded by what is put out and read.
 */
#ifndef LIB_INFLATE_H
#define LIB_INFLATE_H

#include "lib/types.h"

#define INFLATE_WINDOW  32768
#define INFLATE_SYMBOLS 288
#define INFLATE_FAST    9 /* bits of a code that are looked up in one step */

/* A Huffman code: short codes by their bits as they come, long ones by counting. */
struct inflate_code {
	u16 fast[1 << INFLATE_FAST]; /* symbol << 4 | length, or 0: longer than that */
	u16 count[16];               /* codes of each length */
	u16 symbols[INFLATE_SYMBOLS]; /* in order of their codes */
};

/* Takes the next n > 0 bytes that came out: 0, or an error below 0 that ends the work. */
typedef int inflate_sink(void *arg, const u8 *data, size_t n);

/* Working memory; nothing in it need be set up. */
struct inflate {
	const u8 *in, *in_end;
	u64 bits;                /* read and not used, lowest first */
	unsigned n_bits;
	inflate_sink *sink;
	void *arg;
	size_t at;               /* next place in the window */
	u64 total;               /* bytes that came out before this window */
	u32 crc;                 /* CRC-32 of what went to the sink, not complemented */
	struct inflate_code literals, distances;
	u8 window[INFLATE_WINDOW];
};

/*
 * One deflate stream of at most n bytes: 0 and in *used how many it had; -EINVAL (damaged),
 * -ENODATA (the input ends before it does), or what the sink returned.
 */
int must_check inflate(struct inflate *s, const u8 *in, size_t n, inflate_sink *sink, void *arg,
		       size_t *used);
/*
 * One member of a gzip file, its sum and length checked: as inflate(), and -EBADMSG (they are
 * wrong).
 */
int must_check gunzip(struct inflate *s, const u8 *in, size_t n, inflate_sink *sink, void *arg,
		      size_t *used);

#endif
