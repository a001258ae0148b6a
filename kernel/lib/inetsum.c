/* Sums are made of 8 bytes at a time, with the carries counted in: one's complement does not mind
 * the width, only that the carry comes back in (RFC 1071, 2). */
#include "lib/inetsum.h"

#include "lib/string.h"

static inline u64 load8(const u8 *p)
{
	u64 v;

	__builtin_memcpy(&v, p, 8);
	return v;
}

static inline u64 add_carry(u64 a, u64 b)
{
	u64 sum;

	return __builtin_add_overflow(a, b, &sum) ? sum + 1 : sum;
}

u32 sum_bytes(const void *from, size_t n, u32 start)
{
	const u8 *p = from;
	u64 sum = start, last = 0;

	for (; n >= 32; n -= 32, p += 32) {
		sum = add_carry(sum, load8(p));
		sum = add_carry(sum, load8(p + 8));
		sum = add_carry(sum, load8(p + 16));
		sum = add_carry(sum, load8(p + 24));
	}
	for (; n >= 8; n -= 8, p += 8)
		sum = add_carry(sum, load8(p));
	for (unsigned i = 0; i < n; i++)
		last |= (u64)p[i] << (8 * i);
	sum = add_carry(sum, last);
	return sum_add((u32)sum, (u32)(sum >> 32));
}

u32 sum_copy(void *to, const void *from, size_t n, u32 sum)
{
	memcpy(to, from, n);
	return sum_bytes(to, n, sum);
}
