/*
 * lib/gunzip.c - members of gzip files (RFC 1952): a header with optional parts, a deflate stream,
 * CRC-32 and length of what it held.
 */
#include "lib/inflate.h"

#include "abi/errno.h"
#include "lib/crc.h"

#define HEADER_BYTES 10
#define TRAILER_BYTES 8
#define DEFLATE 8 /* the only method */

enum { FHCRC = 2, FEXTRA = 4, FNAME = 8, FCOMMENT = 16, RESERVED = 0xe0 };

static u32 get_le32(const u8 *p)
{
	return (u32)p[0] | (u32)p[1] << 8 | (u32)p[2] << 16 | (u32)p[3] << 24;
}

/* Past a text and its NUL, or n. */
static size_t skip_text(const u8 *in, size_t n, size_t at)
{
	while (at < n && in[at])
		at++;
	return at < n ? at + 1 : n;
}

/* Where the deflate stream begins, or an error. */
static ssize_t header_skip(const u8 *in, size_t n)
{
	size_t at = HEADER_BYTES;

	if (n < HEADER_BYTES)
		return -ENODATA;
	if (in[0] != 0x1f || in[1] != 0x8b || in[2] != DEFLATE || in[3] & RESERVED)
		return -EINVAL;
	if (in[3] & FEXTRA) {
		if (n < at + 2)
			return -ENODATA;
		at += 2 + (in[at] | (size_t)in[at + 1] << 8);
	}
	if (in[3] & FNAME)
		at = skip_text(in, n, at);
	if (in[3] & FCOMMENT)
		at = skip_text(in, n, at);
	if (in[3] & FHCRC)
		at += 2;
	return at < n ? (ssize_t)at : -ENODATA;
}

int gunzip(struct inflate *s, const u8 *in, size_t n, inflate_sink *sink, void *arg, size_t *used)
{
	ssize_t at = header_skip(in, n);
	size_t stream;
	int err;

	*used = 0;
	if (at < 0)
		return (int)at;
	err = inflate(s, in + at, n - (size_t)at, sink, arg, &stream);
	if (err < 0)
		return err;
	stream += (size_t)at;
	if (n - stream < TRAILER_BYTES)
		return -ENODATA;
	if (get_le32(in + stream) != ~s->crc || get_le32(in + stream + 4) != (u32)s->total)
		return -EBADMSG;
	*used = stream + TRAILER_BYTES;
	return 0;
}
