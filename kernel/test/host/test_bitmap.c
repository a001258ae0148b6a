#include "test/host/unit.h"

#include "lib/bitmap.h"
#include "lib/bitops.h"

enum { BITS = 200 };

static size_t slow_next(const bool *model, size_t from, bool value)
{
	while (from < BITS && model[from] != value)
		from++;
	return min(from, (size_t)BITS);
}

static size_t slow_run(const bool *model, size_t from, size_t count)
{
	for (; from + count <= BITS; from++)
		if (slow_next(model, from, true) >= from + count)
			return from;
	return BITS;
}

TEST(bitmap_follows_model)
{
	DECLARE_BITMAP(map, BITS);
	bool model[BITS] = { false };
	size_t weight;

	bitmap_zero(map, BITS);
	CHECK(bitmap_empty(map, BITS));
	for (int i = 0; i < 20000; i++) {
		size_t first = unit_below(BITS), n = unit_below(min(BITS - first + 1, 90ul));
		bool value = unit_below(2);

		if (value)
			bitmap_set_range(map, first, n);
		else
			bitmap_clear_range(map, first, n);
		memset(model + first, value, n);
		first = unit_below(BITS + 1);
		CHECK_EQ(bitmap_find_next_zero(map, BITS, first), slow_next(model, first, false));
		CHECK_EQ(bitmap_find_next_set(map, BITS, first), slow_next(model, first, true));
		n = 1 + unit_below(70);
		CHECK_EQ(bitmap_find_zero_run(map, BITS, first, n), slow_run(model, first, n));
		weight = 0;
		for (size_t b = 0; b < BITS; b++)
			weight += model[b];
		CHECK_EQ(bitmap_weight(map, BITS), weight);
	}
	bitmap_fill(map, BITS);
	CHECK(bitmap_full(map, BITS));
	CHECK_EQ(bitmap_find_first_zero(map, BITS), BITS);
	CHECK_EQ(map[BITMAP_WORDS(BITS) - 1] >> (BITS % 64), 0);
}

TEST(bitmap_single_bits)
{
	DECLARE_BITMAP(map, BITS) = { 0 };
	size_t sum = 0;

	CHECK(!bitmap_test_set(map, 77));
	CHECK(bitmap_test_set(map, 77));
	CHECK(bitmap_test(map, 77) && !bitmap_test(map, 76));
	bitmap_set(map, 199);
	bitmap_for_each_set(bit, map, BITS)
		sum += bit;
	CHECK_EQ(sum, 276);
	CHECK(bitmap_test_clear(map, 77));
	CHECK(!bitmap_test_clear(map, 77));
}

TEST(bitops_words)
{
	for (unsigned i = 0; i < 64; i++) {
		CHECK_EQ(fls64(1ULL << i), i + 1);
		CHECK_EQ(ffs64(~0ULL << i), i + 1);
		CHECK_EQ(ilog2((1ULL << i) | 1), i);
		CHECK_EQ(popcount64((1ULL << i) - 1), i);
		CHECK(is_pow2(1ULL << i));
		CHECK_EQ(roundup_pow2(1ULL << i), 1ULL << i);
		CHECK_EQ(rounddown_pow2(1ULL << i | 1), 1ULL << i);
	}
	CHECK_EQ(fls64(0), 0);
	CHECK_EQ(ffs64(0), 0);
	CHECK_EQ(roundup_pow2(0), 1);
	CHECK_EQ(roundup_pow2(5), 8);
	CHECK(!is_pow2(0) && !is_pow2(6));
	CHECK_EQ(popcount64(~0ULL), 64);
	CHECK_EQ(rol32(0x80000001, 4), 0x18);
	CHECK_EQ(rol64(1, 0), 1);
	CHECK_EQ(align_up(5u, 4), 8);
	CHECK_EQ(align_down(7ul, 4), 4);
	CHECK_EQ(align_up((u64)~0u, 4096), 1ULL << 32);
	CHECK_EQ(clamp(5, 7, 9), 7);
}
