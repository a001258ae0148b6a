/*
 * memcpy() and its like for sanitized code: both ranges are looked at, then the machine's own
 * routine does it (kernel.mk names those raw_… in this build). Not instrumented.
 */
#include "core/kasan.h"

#include "arch/mmu.h"
#include "lib/string.h"

void *raw_memcpy(void *to, const void *from, size_t n);
void *raw_memmove(void *to, const void *from, size_t n);
void *raw_memset(void *to, int c, size_t n);
int raw_memcmp(const void *a, const void *b, size_t n);
void raw_page_clear(void *page);
void raw_page_copy(void *dst, const void *src);

void *memcpy(void *to, const void *from, size_t n)
{
	kasan_check(from, n, false);
	kasan_check(to, n, true);
	return raw_memcpy(to, from, n);
}

void *memmove(void *to, const void *from, size_t n)
{
	kasan_check(from, n, false);
	kasan_check(to, n, true);
	return raw_memmove(to, from, n);
}

void *memset(void *to, int c, size_t n)
{
	kasan_check(to, n, true);
	return raw_memset(to, c, n);
}

int memcmp(const void *a, const void *b, size_t n)
{
	kasan_check(a, n, false);
	kasan_check(b, n, false);
	return raw_memcmp(a, b, n);
}

void page_clear(void *page)
{
	kasan_check(page, PAGE_SIZE, true);
	raw_page_clear(page);
}

void page_copy(void *dst, const void *src)
{
	kasan_check(src, PAGE_SIZE, false);
	kasan_check(dst, PAGE_SIZE, true);
	raw_page_copy(dst, src);
}
