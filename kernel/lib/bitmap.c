/*
 * lib/bitmap.c - searching and filling arrays of bits a word at a time.
 */
#include "lib/bitmap.h"

#include "lib/bitops.h"
#include "lib/string.h"

/* The bits of one word from `first` (0..63) on, and those below `end` (1..64). */
static inline u64 mask_from(unsigned first)
{
	return ~0ULL << first;
}

static inline u64 mask_below(unsigned end)
{
	return ~0ULL >> (64 - end);
}

void bitmap_zero(u64 *map, size_t nbits)
{
	memset(map, 0, BITMAP_BYTES(nbits));
}

void bitmap_fill(u64 *map, size_t nbits)
{
	bitmap_zero(map, nbits);
	bitmap_set_range(map, 0, nbits);
}

void bitmap_copy(u64 *to, const u64 *from, size_t nbits)
{
	memcpy(to, from, BITMAP_BYTES(nbits));
}

void bitmap_set_range(u64 *map, size_t first, size_t count)
{
	size_t end = first + count;

	while (first < end) {
		size_t stop = min(end, (first | 63) + 1);

		map[first / 64] |= mask_from(first % 64) & mask_below((stop - 1) % 64 + 1);
		first = stop;
	}
}

void bitmap_clear_range(u64 *map, size_t first, size_t count)
{
	size_t end = first + count;

	while (first < end) {
		size_t stop = min(end, (first | 63) + 1);

		map[first / 64] &= ~(mask_from(first % 64) & mask_below((stop - 1) % 64 + 1));
		first = stop;
	}
}

/* The first bit at or after `from` that differs from the bits of `flip` (all ones or zeros). */
static size_t find_next(const u64 *map, size_t nbits, size_t from, u64 flip)
{
	size_t word;
	u64 bits;

	if (from >= nbits)
		return nbits;
	word = from / 64;
	bits = (map[word] ^ flip) & mask_from(from % 64);
	while (!bits) {
		if (++word >= BITMAP_WORDS(nbits))
			return nbits;
		bits = map[word] ^ flip;
	}
	return min(word * 64 + ctz64(bits), nbits);
}

size_t bitmap_find_next_zero(const u64 *map, size_t nbits, size_t from)
{
	return find_next(map, nbits, from, ~0ULL);
}

size_t bitmap_find_next_set(const u64 *map, size_t nbits, size_t from)
{
	return find_next(map, nbits, from, 0);
}

size_t bitmap_find_zero_run(const u64 *map, size_t nbits, size_t from, size_t count)
{
	while (count <= nbits) {
		size_t start = bitmap_find_next_zero(map, nbits, from);
		size_t end;

		if (start > nbits - count)
			break;
		end = bitmap_find_next_set(map, start + count, start);
		if (end == start + count)
			return start;
		from = end + 1;
	}
	return nbits;
}

size_t bitmap_weight(const u64 *map, size_t nbits)
{
	size_t weight = 0;

	for (size_t i = 0; i < nbits / 64; i++)
		weight += popcount64(map[i]);
	if (nbits % 64)
		weight += popcount64(map[nbits / 64] & mask_below(nbits % 64));
	return weight;
}

bool bitmap_empty(const u64 *map, size_t nbits)
{
	return bitmap_find_first_set(map, nbits) == nbits;
}

bool bitmap_full(const u64 *map, size_t nbits)
{
	return bitmap_find_first_zero(map, nbits) == nbits;
}
