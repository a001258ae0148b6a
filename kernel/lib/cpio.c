/*
 * lib/cpio.c - the reader of cpio archives, a machine that takes what there is: a header of 110
 * characters, the name, for a symbolic link its text, else the bytes of the file; name and bytes
 * are padded to four. An entry named "TRAILER!!!" ends the archive.
 */
#include "lib/cpio.h"

#include "abi/errno.h"
#include "abi/stat.h"
#include "lib/string.h"

#define FIELDS 13 /* of eight hexadecimal digits each, behind the magic */
#define TRAILER "TRAILER!!!"

void cpio_init(struct cpio *c, const struct cpio_ops *ops, void *arg)
{
	c->ops = ops;
	c->arg = arg;
	c->state = CPIO_START;
	c->why = NULL;
}

static int bad(struct cpio *c, const char *why)
{
	c->why = why;
	return -EINVAL;
}

static void expect(struct cpio *c, enum cpio_state state, u32 n, u32 padding)
{
	c->state = state;
	c->left = n;
	c->padding = padding;
	c->filled = 0;
}

/* How many bytes follow n to make a multiple of four. */
static u32 padding_of(u32 n)
{
	return -n & 3;
}

static int hex_digit(char ch)
{
	if (ch >= '0' && ch <= '9')
		return ch - '0';
	ch |= 0x20;
	return ch >= 'a' && ch <= 'f' ? ch - 'a' + 10 : -1;
}

static int fields_read(const char *p, u32 *fields)
{
	for (unsigned i = 0; i < FIELDS; i++) {
		fields[i] = 0;
		for (unsigned k = 0; k < 8; k++) {
			int digit = hex_digit(*p++);

			if (digit < 0)
				return -EINVAL;
			fields[i] = fields[i] << 4 | (u32)digit;
		}
	}
	return 0;
}

static int header_read(struct cpio *c)
{
	u32 f[FIELDS], name_size;

	if (memcmp(c->text, "07070", 5) || (c->text[5] != '1' && c->text[5] != '2')) {
		if (!memcmp(c->text, "070707", 6))
			return bad(c, "an archive of the old portable format");
		return bad(c, "no entry where one should be");
	}
	c->summed = c->text[5] == '2';
	if (fields_read(c->text + 6, f) < 0)
		return bad(c, "a header with something else than numbers");
	c->entry = (struct cpio_entry){ .ino = f[0], .mode = f[1], .uid = f[2], .gid = f[3],
					.nlink = f[4], .mtime = f[5], .size = f[6], .major = f[7],
					.minor = f[8], .rdev_major = f[9], .rdev_minor = f[10],
					.sum = f[12], .name = c->name };
	name_size = f[11];
	if (!name_size || name_size > CPIO_NAME_MAX)
		return bad(c, "a name that is too long, or none");
	if (S_ISLNK(c->entry.mode) && c->entry.size >= CPIO_NAME_MAX)
		return bad(c, "a symbolic link that is too long");
	expect(c, CPIO_NAME, name_size, padding_of(CPIO_HEADER + name_size));
	return 0;
}

static int entry_end(struct cpio *c)
{
	int err = c->ops->end(c->arg, &c->entry);

	expect(c, CPIO_HEAD, CPIO_HEADER, 0);
	return err;
}

static int entry_begin(struct cpio *c)
{
	u32 size = c->entry.size, padding = padding_of(size);
	int err = c->ops->entry(c->arg, &c->entry);

	c->sum = 0;
	if (err < 0)
		return err;
	if (!size)
		return entry_end(c);
	expect(c, S_ISREG(c->entry.mode) ? CPIO_DATA : CPIO_SKIP, size, padding);
	return 0;
}

static int name_read(struct cpio *c)
{
	if (c->name[c->filled - 1])
		return bad(c, "a name without an end");
	if (!strcmp(c->name, TRAILER)) {
		c->state = CPIO_DONE;
		return 0;
	}
	if (!S_ISLNK(c->entry.mode))
		return entry_begin(c);
	expect(c, CPIO_TARGET, c->entry.size, padding_of(c->entry.size));
	return 0;
}

/* A link is told of once, with its text. */
static int target_read(struct cpio *c)
{
	int err;

	c->text[c->filled] = 0;
	c->entry.target = c->text;
	err = c->ops->entry(c->arg, &c->entry);
	return err < 0 ? err : entry_end(c);
}

static int data_read(struct cpio *c)
{
	if (c->summed && c->sum != c->entry.sum)
		return bad(c, "a file whose sum is wrong");
	return entry_end(c);
}

/* All bytes of the state, and its padding, are there. */
static int state_end(struct cpio *c)
{
	switch (c->state) {
	case CPIO_HEAD:
		return header_read(c);
	case CPIO_NAME:
		return name_read(c);
	case CPIO_TARGET:
		return target_read(c);
	case CPIO_DATA:
		return data_read(c);
	default:
		return entry_end(c);
	}
}

/* n bytes of the state's own. */
static int state_take(struct cpio *c, const u8 *data, u32 n)
{
	if (c->state == CPIO_DATA) {
		for (u32 i = 0; c->summed && i < n; i++)
			c->sum += data[i];
		return c->ops->data(c->arg, data, n);
	}
	if (c->state != CPIO_SKIP)
		memcpy((c->state == CPIO_NAME ? c->name : c->text) + c->filled, data, n);
	c->filled += n;
	return 0;
}

/* What of n bytes the state takes, or an error. */
static ssize_t state_feed(struct cpio *c, const u8 *data, size_t n)
{
	u32 part = (u32)min(n, (size_t)c->left);
	int err = part ? state_take(c, data, part) : 0;

	c->left -= part;
	if (err == 0 && !c->left) {
		u32 skipped = (u32)min(n - part, (size_t)c->padding);

		part += skipped;
		c->padding -= skipped;
		if (!c->padding)
			err = state_end(c);
	}
	return err < 0 ? err : (ssize_t)part;
}

ssize_t cpio_feed(struct cpio *c, const u8 *data, size_t n)
{
	size_t at = 0;

	while (at < n && c->state != CPIO_DONE) {
		ssize_t part;

		if (c->state == CPIO_START) {
			if (!data[at]) { /* between archives */
				at++;
				continue;
			}
			expect(c, CPIO_HEAD, CPIO_HEADER, 0);
		}
		part = state_feed(c, data + at, n - at);
		if (part < 0)
			return part;
		at += (size_t)part;
	}
	return (ssize_t)at;
}
