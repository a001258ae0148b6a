/*
 * lib/sort.c - heap sort and binary search.
 */
#include "lib/sort.h"

static void swap_elements(u8 *a, u8 *b, size_t size)
{
	while (size--) {
		u8 t = *a;

		*a++ = *b;
		*b++ = t;
	}
}

/* Moves the element at `at` down until it is not below its children, in a heap of n. */
static void sift_down(u8 *base, size_t at, size_t n, size_t size, sort_cmp_fn cmp)
{
	for (;;) {
		size_t child = 2 * at + 1;

		if (child >= n)
			return;
		if (child + 1 < n && cmp(base + child * size, base + (child + 1) * size) < 0)
			child++;
		if (cmp(base + at * size, base + child * size) >= 0)
			return;
		swap_elements(base + at * size, base + child * size, size);
		at = child;
	}
}

void sort(void *base, size_t n, size_t size, sort_cmp_fn cmp)
{
	u8 *b = base;

	for (size_t i = n / 2; i-- > 0;)
		sift_down(b, i, n, size, cmp);
	while (n > 1) {
		n--;
		swap_elements(b, b + n * size, size);
		sift_down(b, 0, n, size, cmp);
	}
}

void *bsearch(const void *key, const void *base, size_t n, size_t size, sort_cmp_fn cmp)
{
	const u8 *b = base;

	while (n) {
		const u8 *mid = b + n / 2 * size;
		int c = cmp(key, mid);

		if (c == 0)
			return (void *)mid;
		if (c > 0) {
			b = mid + size;
			n -= n / 2 + 1;
		} else {
			n /= 2;
		}
	}
	return NULL;
}
