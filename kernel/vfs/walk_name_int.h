/* Splitting a component off a path, eight bytes at a time, and its hash. */
#pragma once

#include "vfs/walk_int.h"

#define BYTE_ONES 0x0101010101010101ull
#define BYTE_HIGHS 0x8080808080808080ull
#define SLASHES 0x2f2f2f2f2f2f2f2full
#define HASH_START 0x9ae16a3b2f90404full

static inline u64 hash_word(u64 h, u64 word)
{
	h = (h ^ word) * 0x9e3779b97f4a7c15ull;
	return h ^ h >> 29;
}

static inline u32 hash_end(u64 h)
{
	return (u32)(h ^ h >> 32);
}

/* High bits at least at the first zero byte of x; those above it may be wrong. */
static inline u64 zero_bytes(u64 x)
{
	return (x - BYTE_ONES) & ~x & BYTE_HIGHS;
}

/* Up to 8 bytes at p without touching the next page before the string ends. */
static inline u64 load_text(const char *p)
{
	u64 word = 0;

	if (likely(((u64)p & (PAGE_SIZE - 1)) <= PAGE_SIZE - 8))
		return load_word(p);
	for (unsigned i = 0; i < 8; i++) {
		word |= (u64)(u8)p[i] << 8 * i;
		if (!p[i])
			break;
	}
	return word;
}

/*
 * Splits a component off the text: eight bytes at a time, hashing on the way. Returns what follows
 * it.
 */
static inline const char *name_split(const char *p, struct name *out)
{
	u64 h = HASH_START;

	out->text = p;
	for (;; p += 8) {
		u64 word = load_text(p);
		u64 end = zero_bytes(word) | zero_bytes(word ^ SLASHES);

		if (end) {
			unsigned bytes = (unsigned)__builtin_ctzll(end) / 8;

			if (bytes)
				h = hash_word(h, word & ~(~0ull << 8 * bytes));
			p += bytes;
			break;
		}
		h = hash_word(h, word);
	}
	out->length = (u32)(p - out->text);
	out->hash = hash_end(h);
	return p;
}
