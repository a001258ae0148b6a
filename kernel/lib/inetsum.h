/*
 * The Internet checksum (RFC 1071): the 16-bit one's complement sum. A running sum is kept in 32
 * bits, in the byte order of memory; a part that begins at an odd place of the whole is added with
 * its bytes swapped.
 */
#pragma once

#include "lib/types.h"

static inline u32 sum_add(u32 a, u32 b)
{
	u32 sum = a + b;

	return sum + (sum < b);
}

/* To 16 bits, not complemented. */
static inline u16 sum_fold(u32 sum)
{
	sum = (sum & 0xffff) + (sum >> 16);
	return (u16)((sum & 0xffff) + (sum >> 16));
}

/* The sum of a part that begins at an odd offset. */
static inline u32 sum_swap(u32 sum)
{
	return sum << 8 | sum >> 24;
}

/* What a checksum field holds for this sum of everything else. */
static inline u16 sum_finish(u32 sum)
{
	return (u16)~sum_fold(sum);
}

/* Of n bytes, added to sum. */
u32 sum_bytes(const void *p, size_t n, u32 sum);
/* The same, while copying them. */
u32 sum_copy(void *to, const void *from, size_t n, u32 sum);
