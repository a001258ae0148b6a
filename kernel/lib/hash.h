/*
 * lib/hash.h - hash functions.
 *
 * hash_u64 and hash_bytes are fast and not secret; siphash is keyed, for tables whose keys are
 * chosen by others (SipHash-2-4, Aumasson and Bernstein 2012).
 */
#ifndef LIB_HASH_H
#define LIB_HASH_H

#include "lib/types.h"

/* Spreads v over `bits` bits (1..64): multiplicative, the upper bits of the product. */
static inline u64 hash_u64(u64 v, unsigned bits)
{
	return (v * 0x9e3779b97f4a7c15ULL) >> (64 - bits);
}

static inline u64 hash_ptr(const void *p, unsigned bits)
{
	return hash_u64((uintptr_t)p, bits);
}

/* Folds one more word into a running hash. */
static inline u64 hash_mix(u64 h, u64 v)
{
	h = (h ^ v) * 0xff51afd7ed558ccdULL;
	return h ^ h >> 32;
}

/* A 64-bit hash of `len` bytes, eight at a time; never reads outside them. */
u64 hash_bytes(const void *data, size_t len, u64 seed);

/* A 64-bit hash of a terminated string: hash_bytes of its length. */
u64 hash_string(const char *s, u64 seed);

/* SipHash-2-4 of `len` bytes under a 128-bit key. */
u64 siphash(const void *data, size_t len, const u64 key[2]);
/* The same for two words, without a loop over bytes. */
u64 siphash_2u64(u64 a, u64 b, const u64 key[2]);

#endif
