/*
 * The checks in front of usercopy_raw.S: every range must lie in the user half before an
 * instruction touches it.
 */
#include "abi/errno.h"
#include "arch/upcall.h"
#include "arch/usercopy.h"
#include "core/kasan.h"
#include "core/spinlock.h"

size_t user_copy_raw(void *to, const void *from, size_t n);
size_t user_clear_raw(void *to, size_t n);
ssize_t user_string_copy_raw(char *to, const char *from, size_t max);
ssize_t user_string_length_raw(const char *from, size_t max);
int user_load_raw(u32 *value, const u32 *from);
int user_cmpxchg_raw(u32 *old, u32 *to, u32 expected, u32 desired);

#define HOT __section(".text.hot")

HOT int copy_in(void *dst, const void __user *src, size_t n)
{
	might_sleep();
	if (unlikely(!user_range_ok(src, n)) || !kasan_check(dst, n, true) ||
	    unlikely(user_copy_raw(dst, (__force const void *)src, n)))
		return -EFAULT;
	return 0;
}

HOT int copy_out(void __user *dst, const void *src, size_t n)
{
	might_sleep();
	if (unlikely(!user_range_ok(dst, n)) || !kasan_check(src, n, false) ||
	    unlikely(user_copy_raw((__force void *)dst, src, n)))
		return -EFAULT;
	return 0;
}

/* How much of [p, p + n) lies in the user half. */
static size_t user_part(const void __user *p, size_t n)
{
	u64 start = (__force u64)p;

	return start >= USER_TOP ? 0 : min(n, (size_t)(USER_TOP - start));
}

HOT size_t copy_in_partial(void *dst, const void __user *src, size_t n)
{
	size_t part = user_part(src, n);

	might_sleep();
	kasan_check(dst, part, true);
	return part - user_copy_raw(dst, (__force const void *)src, part);
}

HOT size_t copy_out_partial(void __user *dst, const void *src, size_t n)
{
	size_t part = user_part(dst, n);

	might_sleep();
	kasan_check(src, part, false);
	return part - user_copy_raw((__force void *)dst, src, part);
}

size_t user_clear(void __user *dst, size_t n)
{
	size_t part = user_part(dst, n);

	might_sleep();
	return part - user_clear_raw((__force void *)dst, part);
}

HOT ssize_t copy_in_string(char *dst, const char __user *src, size_t size)
{
	size_t part = user_part(src, size);
	ssize_t n;

	might_sleep();
	kasan_check(dst, part, true);
	n = user_string_copy_raw(dst, (__force const char *)src, part);
	if (n < (ssize_t)part)
		return n;
	return part < size ? -EFAULT : -ENAMETOOLONG;
}

ssize_t user_string_length(const char __user *src, size_t max)
{
	size_t part = user_part(src, max);
	ssize_t n;

	might_sleep();
	n = user_string_length_raw((__force const char *)src, part);
	if (n < (ssize_t)part)
		return n;
	return part < max ? -EFAULT : -E2BIG;
}

/* A word that futex operations may use: aligned (the caller checked) and in the user half. */
static bool word_ok(const u32 __user *p)
{
	return user_range_ok(p, sizeof(*p));
}

int user_load_u32(u32 *value, const u32 __user *p)
{
	return word_ok(p) ? user_load_raw(value, (__force const u32 *)p) : -EFAULT;
}

int user_cmpxchg_u32(u32 *old, u32 __user *p, u32 expected, u32 desired)
{
	return word_ok(p) ? user_cmpxchg_raw(old, (__force u32 *)p, expected, desired) : -EFAULT;
}

int user_fault_in(const void __user *p, bool write)
{
	might_sleep();
	if (!user_range_ok(p, 1) || upcall_page_fault((__force u64)p, write ? FAULT_WRITE : 0))
		return -EFAULT;
	return 0;
}
