/*
 * tmpfs inside. A file is its page cache: pages are charged to the file system when they are first
 * written (PG_PRIVATE marks those) and never leave by reclaim. A directory is a tree of entries by
 * name and the same entries by cookie, their position for readdir. An entry holds a reference to
 * its inode: that keeps what has a name.
 */
#pragma once

#include "abi/ioctl.h"
#include "fs/tmpfs/tmpfs.h"
#include "lib/rbtree.h"

#define TMPFS_MPOL 40

/* l: lock.  I: constant. */
struct tmpfs {
	struct spinlock lock;   /* RANK_INODE_SPIN */
	u64 max_pages, n_pages; /* l: 0: no limit */
	u64 max_inodes, n_inodes; /* l: 0: no limit */
	u64 last_ino;           /* l */
	u32 mode, uid, gid;     /* I: of the root directory, as asked for */
	bool has_size, has_inodes, has_mode; /* l: given as options */
	char mpol[TMPFS_MPOL];  /* l: policy of memory, as it is shown; "": none */
};

#define TMPFS_MODE 01777 /* of the root directory, unless the options say otherwise */

/* d: the directory inode's lock. */
struct tmpfs_entry {
	struct rb_node by_name, by_cookie; /* d */
	struct inode *inode;    /* d: referenced */
	u64 cookie;             /* I */
	u32 hash, length;       /* I */
	char name[];            /* I: not terminated */
};

/* i: the inode's lock.  x: xattr_lock. */
struct tmpfs_inode {
	struct inode inode;
	struct rb_root names, cookies; /* i: of a directory */
	u64 last_cookie;        /* i */
	struct inode *parent;   /* i of both: of a directory; no reference, the tree holds it */
	u32 seals;              /* i: F_SEAL_* */
	u32 n_entries;          /* i */
	struct spinlock xattr_lock; /* RANK_INODE_SPIN */
	struct list xattrs;     /* x: struct tmpfs_xattr; changed with i held for writing, too */
};

static inline struct tmpfs *tmpfs_of(const struct superblock *sb) { return sb->data; }
static inline struct tmpfs_inode *tmpfs_i(struct inode *inode)
{
	return container_of(inode, struct tmpfs_inode, inode);
}

/* tmpfs_mpol.c: what mpol= says, which is cut up: 0 and the text to show, or -EINVAL. */
int tmpfs_mpol_parse(char *value, char out[TMPFS_MPOL]);
/* tmpfs_super.c */
/* A page more or less: 0 or -ENOSPC. */
int tmpfs_charge(struct superblock *sb);
void tmpfs_uncharge(struct superblock *sb);
/* Whether so many pages are within the limit, were nothing else there. */
bool tmpfs_could_hold(struct superblock *sb, u64 n_pages);
/* A new inode (not entered anywhere) with one link: 0, -ENOSPC, -ENOMEM. */
int tmpfs_inode_create(struct superblock *sb, const struct inode *dir, u32 mode, u64 rdev,
		       const struct cred *cred, struct inode **out);

/* tmpfs_xattr.c: inode_ops */
ssize_t tmpfs_getxattr(struct inode *inode, const char *name, void *value, size_t size);
int tmpfs_setxattr(struct inode *inode, const char *name, const void *value, size_t size,
		   int flags);
ssize_t tmpfs_listxattr(struct inode *inode, char *list, size_t size);
int tmpfs_removexattr(struct inode *inode, const char *name);
int tmpfs_set_acl(struct inode *inode, bool deflt, const struct acl_entry *e, u32 n);
void tmpfs_xattrs_free(struct inode *inode);

/* tmpfs_dir.c: the flags that chattr(1) may give, and those that a directory hands on */
#define TMPFS_FL_SETTABLE	(FS_IMMUTABLE_FL | FS_APPEND_FL | FS_NODUMP_FL | FS_NOATIME_FL)
#define TMPFS_FL_INHERITED	(FS_NODUMP_FL | FS_NOATIME_FL)
int tmpfs_set_flags(struct inode *inode, const struct cred *cred, u32 flags,
		    const struct abi_fsxattr *x);

/* tmpfs_options.c */
int tmpfs_parse_options(struct tmpfs *t, const char *options);
void tmpfs_show_options(struct superblock *sb, char *buf, size_t size);

/* tmpfs_entry.c: entries of a locked directory */
struct tmpfs_entry *tmpfs_entry_find(struct inode *dir, const struct name *name);
/* Storage for an entry, in no directory. */
struct tmpfs_entry *tmpfs_entry_alloc(const struct name *name);
/* Enters it: takes over a reference to the inode. */
void tmpfs_entry_insert(struct inode *dir, struct tmpfs_entry *e, struct inode *inode);
/* Takes it out and frees it: the reference to its inode is the caller's. */
struct inode *tmpfs_entry_remove(struct inode *dir, struct tmpfs_entry *e);
/* The first entry whose cookie is >= `cookie`, or NULL. */
struct tmpfs_entry *tmpfs_entry_from(struct inode *dir, u64 cookie);
/* Empties a directory and all below it, when the file system goes. */
void tmpfs_dismantle(struct inode *dir);
int tmpfs_readdir(struct file *file, struct dir_sink *sink);

extern const struct inode_ops tmpfs_dir_ops, tmpfs_file_inode_ops, tmpfs_link_ops,
	tmpfs_node_ops;
extern const struct file_ops tmpfs_file_ops, tmpfs_memfd_ops, tmpfs_dir_file_ops;
extern const struct pagecache_ops tmpfs_page_ops;
