/*
 * Telling what happens to files: marks hang on inodes and are called with IN_* events
 * (inotify(7)). An event of an inode goes to the marks of that inode, and what is done to a file
 * by a name also, with the name, to those of the directory that the name is in.
 *
 * The hooks that vfs calls are one test while there is no mark in the system.
 */
#pragma once

#include "abi/inotify.h"
#include "abi/stat.h"
#include "vfs/file.h"

struct fd_table;
struct notify_mark;

struct notify_ops {
	/*
	 * An event that the mark asked for: exactly one of IN_ALL_EVENTS, and IN_ISDIR; `name` is
	 * NULL for the inode itself. inode->spin is held: must not sleep. It may take itself off
	 * by notify_mark_unlink_locked().
	 */
	void (*event)(struct notify_mark *mark, u32 mask, u32 cookie, const char *name, u32 length);
	/*
	 * The inode goes (`why` IN_DELETE_SELF) or its file system does (IN_UNMOUNT, with
	 * IN_ISDIR of a directory), or of_file() and the file is closed (0). The mark is
	 * off the inode already; the owner gives back the inode's reference. No lock is held but
	 * perhaps directory's.
	 */
	void (*gone)(struct notify_mark *mark, u32 why);
	/*
	 * Of marks that are made through an open directory: whether the mark is one that this table
	 * made through this file; and, if it is the file's, file->owner is another one, file->lock
	 * being held. inode->spin is held. Both NULL: there are no such marks.
	 */
	bool (*of_file)(const struct notify_mark *mark, const struct file *file,
			const struct fd_table *table);
	void (*owner)(struct notify_mark *mark, const struct file *file);
};

/* i: inode->spin.  I: constant while it is on an inode. */
struct notify_mark {
	struct list link;             /* i: inode->watches; an empty ring when it is on none */
	struct inode *inode;          /* I: referenced by the mark */
	const struct notify_ops *ops; /* I */
	u32 mask;                     /* i: IN_* that it wants, and IN_EXCL_UNLINK */
};

extern u32 notify_marks; /* a: how many there are */

/*
 * Hangs a mark, prepared with ops and mask, on an inode, whose spin is held; the inode's reference
 * is the caller's to take.
 */
void notify_mark_link_locked(struct inode *inode, struct notify_mark *mark);
/* Takes it off: whether it was on, and so whose task it is to give back the inode. */
bool notify_mark_unlink_locked(struct notify_mark *mark);
bool notify_mark_unlink(struct notify_mark *mark);

/* Slow parts of the hooks below. */
void notify_inode_slow(struct inode *inode, u32 mask);
void notify_dentry_slow(struct dentry *dentry, u32 mask);
void notify_name_slow(struct inode *dir, u32 mask, const struct inode *child, const char *name,
		      u32 length, u32 cookie);
void notify_gone_slow(struct inode *inode, u32 why);
void notify_closed_slow(struct file *f, const struct fd_table *table);
void notify_owner_slow(struct file *f);

static inline bool notify_wanted(void)
{
	return unlikely(READ_ONCE(notify_marks) != 0);
}

/* Something was done to an inode by no name in particular: IN_ATTRIB (its links), IN_MOVE_SELF. */
static inline void notify_inode(struct inode *inode, u32 mask)
{
	if (notify_wanted())
		notify_inode_slow(inode, mask);
}

/* To the file that a dentry names. No spinlock is held. */
static inline void notify_dentry(struct dentry *dentry, u32 mask)
{
	if (notify_wanted())
		notify_dentry_slow(dentry, mask);
}

/* To, or by, an open file; those without a name in any mount, and O_PATH, have no events. */
static inline void notify_file(struct file *f, u32 mask)
{
	if (notify_wanted() && f->path.mount && !(f->flags & O_PATH))
		notify_dentry_slow(f->path.dentry, mask);
}

/* To a directory: a name for `child` came, went or moved. The directory's lock is held. */
static inline void notify_name(struct inode *dir, u32 mask, const struct inode *child,
			       const struct name *name, u32 cookie)
{
	if (notify_wanted())
		notify_name_slow(dir, mask, child, name->text, name->length, cookie);
}

/*
 * The last name of an inode left memory: if it has no link any more, that was its end for who
 * watches.
 */
static inline void notify_unnamed(struct inode *inode)
{
	if (notify_wanted() && !READ_ONCE(inode->nlink) && list_empty(&inode->dentries))
		notify_gone_slow(inode, IN_DELETE_SELF);
}

/* A table closes a descriptor of the file: what it asked for by the file ends. May sleep. */
static inline void notify_closed(struct file *f, const struct fd_table *table)
{
	if (notify_wanted() && S_ISDIR(f->inode->mode))
		notify_closed_slow(f, table);
}

/* The file's owner has changed. file->lock is held. */
static inline void notify_owner(struct file *f)
{
	if (notify_wanted() && S_ISDIR(f->inode->mode))
		notify_owner_slow(f);
}

/* A number that joins the two halves of a rename. */
u32 notify_cookie(void);
/* A file system is unmounted: its marks end. */
void notify_super_gone(struct superblock *sb);
