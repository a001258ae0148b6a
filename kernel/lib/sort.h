/*
 * lib/sort.h - sorting in place, and searching what is sorted.
 */
#ifndef LIB_SORT_H
#define LIB_SORT_H

#include "lib/types.h"

/* Negative, zero or positive as a sorts before, with or after b. */
typedef int (*sort_cmp_fn)(const void *a, const void *b);

/* Heap sort: O(n log n) always, no memory, no recursion; equal elements may change order. */
void sort(void *base, size_t n, size_t size, sort_cmp_fn cmp);

/* An element of the sorted array with cmp(key, element) == 0, or NULL. */
void *bsearch(const void *key, const void *base, size_t n, size_t size, sort_cmp_fn cmp);

#endif
