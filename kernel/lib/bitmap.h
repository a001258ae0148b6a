/*
 * lib/bitmap.h - arrays of bits in 64-bit words, bit 0 the lowest of word 0.
 *
 * `nbits` bounds every search; a search that finds nothing answers `nbits`. None of these is
 * atomic: the owner's lock guards the words.
 */
#ifndef LIB_BITMAP_H
#define LIB_BITMAP_H

#include "lib/types.h"

#define BITMAP_WORDS(nbits)	(((nbits) + 63) / 64)
#define BITMAP_BYTES(nbits)	(BITMAP_WORDS(nbits) * 8)
/* Declares the words of a bitmap of `nbits` bits. */
#define DECLARE_BITMAP(name, nbits)	u64 name[BITMAP_WORDS(nbits)]

static inline void bitmap_set(u64 *map, size_t bit)
{
	map[bit / 64] |= 1ULL << (bit % 64);
}

static inline void bitmap_clear(u64 *map, size_t bit)
{
	map[bit / 64] &= ~(1ULL << (bit % 64));
}

static inline bool bitmap_test(const u64 *map, size_t bit)
{
	return map[bit / 64] >> (bit % 64) & 1;
}

/* Sets the bit and answers what it was before. */
static inline bool bitmap_test_set(u64 *map, size_t bit)
{
	bool was = bitmap_test(map, bit);

	bitmap_set(map, bit);
	return was;
}

/* Clears the bit and answers what it was before. */
static inline bool bitmap_test_clear(u64 *map, size_t bit)
{
	bool was = bitmap_test(map, bit);

	bitmap_clear(map, bit);
	return was;
}

/* All bits of the words that hold `nbits`, cleared or set (set leaves the slack bits clear). */
void bitmap_zero(u64 *map, size_t nbits);
void bitmap_fill(u64 *map, size_t nbits);
void bitmap_copy(u64 *to, const u64 *from, size_t nbits);

void bitmap_set_range(u64 *map, size_t first, size_t count);
void bitmap_clear_range(u64 *map, size_t first, size_t count);

/* The first zero (set) bit at or after `from`, or `nbits`. */
size_t bitmap_find_next_zero(const u64 *map, size_t nbits, size_t from);
size_t bitmap_find_next_set(const u64 *map, size_t nbits, size_t from);
/* The first of `count` zero bits in a row at or after `from`, or `nbits`. */
size_t bitmap_find_zero_run(const u64 *map, size_t nbits, size_t from, size_t count);

static inline size_t bitmap_find_first_zero(const u64 *map, size_t nbits)
{
	return bitmap_find_next_zero(map, nbits, 0);
}

static inline size_t bitmap_find_first_set(const u64 *map, size_t nbits)
{
	return bitmap_find_next_set(map, nbits, 0);
}

/* How many of the first `nbits` bits are set. */
size_t bitmap_weight(const u64 *map, size_t nbits);
bool bitmap_empty(const u64 *map, size_t nbits);
bool bitmap_full(const u64 *map, size_t nbits);

#define bitmap_for_each_set(bit, map, nbits) \
	for (size_t bit = bitmap_find_first_set(map, nbits); bit < (size_t)(nbits); \
	     bit = bitmap_find_next_set(map, nbits, bit + 1))

#endif
