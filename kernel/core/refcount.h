/*
 * Reference counts that saturate instead of wrapping: an overflow leaks, it never frees early.
 * Debug builds panic when one is taken from, or dropped below, nothing.
 */
#pragma once

#include "lib/types.h"

struct refcount {
	u32 n; /* a */
};

#define REFCOUNT_INIT(n_) { (n_) }
#define REFCOUNT_SATURATED 0xc0000000u

#ifdef CONFIG_DEBUG
#define REF_DEBUG 1
__noreturn void ref_misused(const struct refcount *r, const char *what);
#else
#define REF_DEBUG 0
static inline void ref_misused(const struct refcount *r, const char *what) {}
#endif

static inline void ref_set(struct refcount *r, u32 n)
{
	__atomic_store_n(&r->n, n, __ATOMIC_RELAXED);
}
static inline u32 ref_read(const struct refcount *r)
{
	return __atomic_load_n(&r->n, __ATOMIC_RELAXED);
}

/* Takes one more reference; the caller has one already. */
static inline void ref_get(struct refcount *r)
{
	u32 old = __atomic_fetch_add(&r->n, 1, __ATOMIC_RELAXED);

	if (unlikely(old >= REFCOUNT_SATURATED))
		__atomic_store_n(&r->n, REFCOUNT_SATURATED, __ATOMIC_RELAXED);
	if (REF_DEBUG && unlikely(old == 0))
		ref_misused(r, "taken when there is none left");
}

/* Takes a reference unless the count is 0 (the object is being freed). */
static inline bool must_check ref_try_get(struct refcount *r)
{
	u32 n = __atomic_load_n(&r->n, __ATOMIC_RELAXED);

	do {
		if (n == 0)
			return false;
	} while (!__atomic_compare_exchange_n(&r->n, &n, n + 1, true, __ATOMIC_ACQUIRE,
					      __ATOMIC_RELAXED));
	return true;
}

/* Drops a reference; true if it was the last: the caller frees the object. */
static inline bool must_check ref_put(struct refcount *r)
{
	u32 old = __atomic_fetch_sub(&r->n, 1, __ATOMIC_ACQ_REL);

	if (unlikely(old >= REFCOUNT_SATURATED))
		__atomic_store_n(&r->n, REFCOUNT_SATURATED, __ATOMIC_RELAXED);
	if (REF_DEBUG && unlikely(old == 0))
		ref_misused(r, "dropped when there is none left");
	return old == 1;
}

/* Drops a reference unless it is the last: whether it did. */
static inline bool must_check ref_put_not_last(struct refcount *r)
{
	u32 n = __atomic_load_n(&r->n, __ATOMIC_RELAXED);

	do {
		if (n == 1)
			return false;
		if (unlikely(n >= REFCOUNT_SATURATED))
			return true;
	} while (!__atomic_compare_exchange_n(&r->n, &n, n - 1, true, __ATOMIC_RELEASE,
					      __ATOMIC_RELAXED));
	return true;
}
