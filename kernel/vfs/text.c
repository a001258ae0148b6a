/*
 * Texts that grow. See text.h.
 */
#include "vfs/text.h"

#include <stdarg.h>

#include "abi/errno.h"
#include "lib/format.h"
#include "lib/string.h"
#include "mm/kmap.h"
#include "mm/slab.h"

#define ROOM_FIRST 1024
#define TAKE_MAX   4096

bool text_reserve(struct text *t, size_t more)
{
	size_t room = t->room ? t->room : ROOM_FIRST;
	char *buf;

	if (t->used + more <= t->room)
		return true;
	while (room < t->used + more)
		room *= 2;
	buf = t->error ? NULL : kvmalloc(room, MM_KERNEL);
	if (!buf) {
		t->error = -ENOMEM;
		return false;
	}
	memcpy(buf, t->buf, t->used);
	kvfree(t->buf);
	t->buf = buf;
	t->room = room;
	return true;
}

void text_write(struct text *t, const char *bytes, size_t n)
{
	if (!text_reserve(t, n))
		return;
	memcpy(t->buf + t->used, bytes, n);
	t->used += n;
}

void text_printf(struct text *t, const char *fmt, ...)
{
	va_list args;
	int n;

	if (!text_reserve(t, TEXT_LINE))
		return;
	va_start(args, fmt);
	n = vsnprintf(t->buf + t->used, t->room - t->used, fmt, args);
	va_end(args);
	if ((size_t)n >= t->room - t->used) {
		if (!text_reserve(t, (size_t)n + 1))
			return;
		va_start(args, fmt);
		vsnprintf(t->buf + t->used, t->room - t->used, fmt, args);
		va_end(args);
	}
	t->used += (size_t)n;
}

void text_escape(struct text *t, const char *s, const char *special)
{
	for (; *s; s++)
		if (strchr(special, *s))
			text_printf(t, "\\%03o", (unsigned char)*s);
		else
			text_write(t, s, 1);
}

void text_clear(struct text *t)
{
	t->used = 0;
	t->error = 0;
}

void text_free(struct text *t)
{
	kvfree(t->buf);
	*t = (struct text){ 0 };
}

int text_take(struct iov_iter *from, char **out)
{
	size_t n = iov_left(from);
	char *buf;

	if (n >= TAKE_MAX)
		return -EINVAL;
	buf = kmalloc(n + 1, MM_KERNEL);
	if (!buf)
		return -ENOMEM;
	if (iov_copy_from(from, buf, n) != n) {
		kfree(buf);
		return -EFAULT;
	}
	buf[n] = 0;
	*out = buf;
	return 0;
}
