/*
 * The only door to user memory. Each copy checks the range against USER_TOP, opens SMAP, and
 * survives a fault at any byte: the fault is resolved by vm (it may sleep) or the copy ends early.
 * Caller: thread context, no spinlock held, interrupts on, of a thread whose address space is
 * active.
 */
#pragma once

#include "arch/mmu.h"
#include "lib/types.h"

/* Whether [p, p + n) lies in the user half. */
static inline bool user_range_ok(const void __user *p, size_t n)
{
	u64 start = (__force u64)p;

	return n <= USER_TOP && start <= USER_TOP - n;
}

/* Copies n bytes; 0 or -EFAULT (then any prefix may have been copied). */
int must_check copy_in(void *dst, const void __user *src, size_t n);
int must_check copy_out(void __user *dst, const void *src, size_t n);

/* Copies up to n bytes and returns how many were copied before the first fault (n if none). */
size_t copy_in_partial(void *dst, const void __user *src, size_t n);
size_t copy_out_partial(void __user *dst, const void *src, size_t n);

/* Writes n zero bytes; returns how many were written before the first fault. */
size_t user_clear(void __user *dst, size_t n);

/* Copies one object, sized by its type; 0 or -EFAULT. */
#define copy_in_obj(dst, src) \
	copy_in((dst), (src), sizeof(*(dst)) + 0 * sizeof((dst) == (__force __typeof__(dst))(src)))
#define copy_out_obj(dst, src) \
	copy_out((dst), (src), sizeof(*(dst)) + 0 * sizeof((__force __typeof__(src))(dst) == (src)))

/*
 * Copies a string with its NUL: its length without NUL, -EFAULT, or -ENAMETOOLONG if no NUL in
 * `size` bytes.
 */
ssize_t must_check copy_in_string(char *dst, const char __user *src, size_t size);

/* Length of a user string without NUL; -EFAULT, or -E2BIG if no NUL in `max` bytes. */
ssize_t must_check user_string_length(const char __user *src, size_t max);

/*
 * Atomic operations on a user word (futexes), without sleeping: a page that is not present or not
 * writable gives
 * -EFAULT at once and the caller faults it in with user_fault_in() and tries again. May be used
 * under a spinlock.
 */
int must_check user_load_u32(u32 *value, const u32 __user *p);
int must_check user_cmpxchg_u32(u32 *old, u32 __user *p, u32 expected, u32 desired);

/* Makes the page of `p` present, for writing if `write`: 0 or -EFAULT. May sleep. */
int must_check user_fault_in(const void __user *p, bool write);
