/*
 * lib/bitops.h - questions about the bits of one word.
 *
 * Bits are numbered from 0. The functions named ffs and fls count from 1 and answer 0 for a zero
 * word; ctz, clz and ilog2 must not be asked about zero.
 */
#ifndef LIB_BITOPS_H
#define LIB_BITOPS_H

#include "lib/types.h"

/* Number of the lowest set bit; x != 0. */
static inline unsigned ctz64(u64 x)
{
	return (unsigned)__builtin_ctzll(x);
}

/* Number of zero bits above the highest set bit; x != 0. */
static inline unsigned clz64(u64 x)
{
	return (unsigned)__builtin_clzll(x);
}

/* One more than the number of the highest set bit, or 0. */
static inline unsigned fls64(u64 x)
{
	return x ? 64 - clz64(x) : 0;
}

/* One more than the number of the lowest set bit, or 0. */
static inline unsigned ffs64(u64 x)
{
	return x ? ctz64(x) + 1 : 0;
}

/* How many bits are set, without the library call that a plain popcount would become. */
static inline unsigned popcount64(u64 x)
{
	x -= (x >> 1) & 0x5555555555555555ULL;
	x = (x & 0x3333333333333333ULL) + ((x >> 2) & 0x3333333333333333ULL);
	x = (x + (x >> 4)) & 0x0f0f0f0f0f0f0f0fULL;
	return (unsigned)((x * 0x0101010101010101ULL) >> 56);
}

/* The largest n with 2^n <= x; x != 0. */
static inline unsigned ilog2(u64 x)
{
	return 63 - clz64(x);
}

static inline bool is_pow2(u64 x)
{
	return x && !(x & (x - 1));
}

/* The smallest power of two not below x; 1 for 0. x must not exceed 2^63. */
static inline u64 roundup_pow2(u64 x)
{
	return x <= 1 ? 1 : 1ULL << fls64(x - 1);
}

/* The largest power of two not above x; x != 0. */
static inline u64 rounddown_pow2(u64 x)
{
	return 1ULL << ilog2(x);
}

static inline u32 rol32(u32 x, unsigned n)
{
	return x << (n & 31) | x >> (-n & 31);
}

static inline u64 rol64(u64 x, unsigned n)
{
	return x << (n & 63) | x >> (-n & 63);
}

#define bswap16(x)	__builtin_bswap16(x)
#define bswap32(x)	__builtin_bswap32(x)
#define bswap64(x)	__builtin_bswap64(x)

#endif
