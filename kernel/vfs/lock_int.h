/* Between lock.c and lock_range.c. */
#pragma once

#include "lib/string.h"
#include "vfs/file.h"

#define LOCK_END ((s64)(~0ull >> 1)) /* the last byte a file can have: "to the end, however far" */

enum lock_kind { LOCK_POSIX, LOCK_OFD, LOCK_FLOCK };

/* k: locks_lock. */
struct file_lock {
	struct list link;      /* k: inode->locks; of one owner in order of start */
	struct list all_link;  /* k */
	struct inode *inode;
	enum lock_kind kind;
	void *owner;
	s32 pid;
	u32 type;              /* F_RDLCK, F_WRLCK; F_UNLCK in a request */
	s64 start, end;        /* bytes, inclusive */
	struct file_lock *spare[2]; /* in a request: storage for what it may need */
};

extern struct spinlock locks_lock; /* RANK_INODE_SPIN */

struct file_lock *file_lock_alloc(void);
/* Storage for one application of a request: 0 or -ENOMEM; and what was not used back. */
int file_lock_reserve(struct file_lock *want);
void file_lock_unreserve(struct file_lock *want);
void file_lock_link_locked(struct file_lock *lock, struct inode *inode, struct list *before);
void file_lock_unlink_locked(struct file_lock *lock);
/* The range and type of a struct flock: 0, -EINVAL, -EOVERFLOW. */
int file_lock_range(struct file *f, const struct abi_flock *lock, struct file_lock *out);
/*
 * Makes the owner's locks what the request says, which conflicts with nobody's: cuts, splits and
 * joins. 0.
 */
int file_lock_apply_locked(struct inode *inode, struct file_lock *want);
