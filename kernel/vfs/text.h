/*
 * Texts that file systems make up: printed into memory that grows, and what programs write to them.
 */
#pragma once

#include "lib/types.h"
#include "vfs/file.h"

#define TEXT_LINE 128

/*
 * A text that grows as it is printed into; all zero at first. A long one may be made in parts: who
 * prints stops at the record that would take it beyond `want` bytes, unless that is the part's
 * first, leaves in `next` where it goes on (not 0), and is called again with it as `from` when the
 * part was read. `from` is 0 at the first call. Thread context.
 */
struct text {
	char *buf;
	size_t used, room;
	int error;       /* first -ENOMEM */
	size_t want;
	u64 from, next;
};

/* Makes room for `more` bytes: false, and t->error is set: no memory. */
bool text_reserve(struct text *t, size_t more);
/* Allocates if there is no room for TEXT_LINE bytes, or what is printed is longer. */
void text_printf(struct text *t, const char *fmt, ...) __printf(2, 3);
void text_write(struct text *t, const char *bytes, size_t n);
/* A path as files of /proc show it: newlines as \012. */
void text_escape(struct text *t, const char *s, const char *special);
/* Nothing is printed and nothing went wrong; the memory stays. */
void text_clear(struct text *t);
void text_free(struct text *t);

/* What a program writes to a text, less than 4096 bytes: 0, and *out is NUL-terminated, for
 * kfree(); -EINVAL (too long), -EFAULT, -ENOMEM. */
int text_take(struct iov_iter *from, char **out);
