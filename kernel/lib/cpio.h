/*
 * lib/cpio.h - reads cpio archives of the formats "newc" (070701) and "crc" (070702), the two that
 * an initramfs may have.
 *
 * The archive comes in pieces of any size, as a decompressor gives them; the user is told of each
 * entry, of the bytes of regular files, and of the entry's end. The archive is foreign: names are
 * handed on as they are, terminated and at most CPIO_NAME_MAX bytes long.
 */
#ifndef LIB_CPIO_H
#define LIB_CPIO_H

#include "lib/types.h"

#define CPIO_HEADER   110
#define CPIO_NAME_MAX 4096 /* with its NUL; of the text of a symbolic link, too */

struct cpio_entry {
	u32 ino, mode, uid, gid, nlink, mtime; /* mtime: seconds since 1970 */
	u32 size;                              /* bytes that follow */
	u32 major, minor;                      /* of the device it was on */
	u32 rdev_major, rdev_minor;            /* of a device node */
	u32 sum;                               /* crc: of all its bytes, modulo 2^32 */
	const char *name;
	const char *target;                    /* of a symbolic link */
};

/* What is found. Each returns 0, or an error below 0 that ends the work. */
struct cpio_ops {
	/* The next entry. */
	int (*entry)(void *arg, const struct cpio_entry *e);
	/* The next bytes of a regular file. */
	int (*data)(void *arg, const u8 *data, size_t n);
	/* All of the entry is there. */
	int (*end)(void *arg, const struct cpio_entry *e);
};

enum cpio_state { CPIO_START, CPIO_HEAD, CPIO_NAME, CPIO_TARGET, CPIO_DATA, CPIO_SKIP, CPIO_DONE };

struct cpio {
	const struct cpio_ops *ops;
	void *arg;
	enum cpio_state state;
	struct cpio_entry entry;
	bool summed;             /* the format has sums */
	u32 sum;                 /* of the bytes so far */
	u32 left;                /* bytes to come in this state */
	u32 padding;             /* bytes to skip afterwards */
	u32 filled;              /* bytes of `text`, or of the header in it */
	const char *why;         /* after an error: what was wrong, or NULL */
	char name[CPIO_NAME_MAX];
	char text[CPIO_NAME_MAX]; /* the header; a link's text */
};

void cpio_init(struct cpio *c, const struct cpio_ops *ops, void *arg);
/*
 * The next n bytes of the archive: how many of them belong to it, fewer than n when it has ended
 * (CPIO_DONE); or -EINVAL (damaged), or what an operation returned.
 */
ssize_t must_check cpio_feed(struct cpio *c, const u8 *data, size_t n);
/* Whether it is between two archives: an end here is no loss. */
static inline bool cpio_is_whole(const struct cpio *c)
{
	return c->state == CPIO_START || c->state == CPIO_DONE;
}
/* After CPIO_DONE: another archive may follow. */
static inline void cpio_restart(struct cpio *c) { c->state = CPIO_START; }

#endif
