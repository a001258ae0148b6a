/*
 * Programs of other formats (binfmt_misc): user space says by what first bytes, or what end of the
 * name, they are known, and which program runs them. Linux' Documentation,
 * admin-guide/binfmt-misc.
 */
#pragma once

#include "core/refcount.h"
#include "lib/list.h"
#include "proc/exec_load.h"
#include "vfs/text.h"

#define BINFMT_PRESERVE_ARGV0 (1u << 0) /* P: the interpreter gets argv[0] as well */
#define BINFMT_OPEN           (1u << 1) /* O: it gets the file, open, by AT_EXECFD */
#define BINFMT_CREDENTIALS    (1u << 2) /* C: set-ID bits of the file count, not of it; implies O */
#define BINFMT_FIXED          (1u << 3) /* F: it is the file that the path named at first */

/* l: the registry's lock.  I: constant once registered.  a: atomic. */
struct binfmt {
	struct refcount refs;
	struct list link;         /* l: the newest first */
	bool enabled;             /* a */
	bool removed;             /* a, set under l */
	u32 flags;                /* I: BINFMT_* */
	u64 number;               /* I: grows, never given twice */
	char *name, *interpreter; /* I: in text */
	char *extension;          /* I: the same, or NULL: magic counts */
	const char *magic, *mask; /* I: size bytes each in text; mask NULL: all bits count */
	u32 offset, size;         /* I */
	struct exec_image fixed;  /* I: with F: the interpreter, open */
	char text[];              /* I: what was registered, taken apart */
};

/*
 * The format that a file belongs to, the newest one that fits: its n first bytes, and the path by
 * which it is run. Referenced, or NULL. Thread context.
 */
struct binfmt *binfmt_find(const char *head, size_t n, const char *path);
/* NULL is nothing. May sleep. */
void binfmt_put(struct binfmt *b);

/* ---- For the file system ---- */
/*
 * Registers ":name:type:offset:magic:mask:interpreter:flags" (n bytes, any first byte for the
 * colons): 0, -EINVAL, -EEXIST, -ENOMEM, or with F what opening the interpreter says.
 */
int binfmt_register(const char *text, size_t n, const struct walk *walk);
/* The one of that name, or the first whose number is at least `from`; referenced, or NULL. */
struct binfmt *binfmt_named(const char *name, size_t length);
struct binfmt *binfmt_from(u64 from);
/* Takes it out of the registry, or all. */
void binfmt_remove(struct binfmt *b);
void binfmt_remove_all(void);
/* Whether formats count at all. */
bool binfmt_is_on(void);
void binfmt_turn(bool on);
/* What its file says. */
void binfmt_show(const struct binfmt *b, struct text *t);
/* The file system "binfmt_misc" (binfmt_fs.c). Boot. */
void binfmt_init(void);
