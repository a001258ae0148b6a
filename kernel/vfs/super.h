/*
 * File system types, mounted instances (superblocks) and inodes: the three tables a file system
 * implements. Vocabulary: an inode is a file; a dentry (dcache.h) a name of it; a superblock one
 * mounted file system; a mount (mount.h) a place where it is seen.
 */
#pragma once

#include "abi/statfs.h"
#include "abi/time.h"
#include "core/log.h"
#include "core/refcount.h"
#include "lib/list.h"
#include "sched/gate.h"
#include "sched/mutex.h"
#include "sched/rcu.h"
#include "vfs/cred.h"
#include "vm/pagecache.h"

struct abi_fsxattr;
struct acl_entry;
struct acls;
struct blkdev;
struct dentry;
struct file;
struct file_ops;
struct inode;
struct superblock;
struct inode_attr;
struct dir_sink;
struct path;

/* A kind of file system. */
struct fs_type {
	const char *name;        /* "ext2" */
	u32 flags;               /* FS_* */
	/*
	 * Mounts: fills the zeroed superblock (ops, root inode, block_size, magic, max_file_size).
	 * `dev` is claimed by the caller and NULL unless FS_NEEDS_DEV. `options` is the
	 * comma-separated data of mount(2), never NULL. 0, or -EINVAL (not mine, or bad option),
	 * -EIO, -ENOMEM, -EROFS …; on failure it has freed what it took. The reason is logged.
	 */
	int (*mount)(struct superblock *sb, struct blkdev *dev, const char *options);
	/*
	 * Whether this is the type for what is on `dev`, when nobody says which (root=). NULL: ask
	 * mount().
	 */
	bool (*suits)(struct fs_type *type, struct blkdev *dev);
	struct list link;
};
#define FS_NEEDS_DEV  (1u << 0)
#define FS_SINGLE     (1u << 1) /* all mounts show one superblock (devfs) */
#define FS_FREEZES    (1u << 3) /* super_ops has freeze and thaw */
#define FS_BOTTOM     (1u << 2) /* what everything is mounted on: stays below (pivot_root(2)) */

int fs_register(struct fs_type *type);
struct fs_type *fs_find(const char *name);
void fs_each(void (*fn)(struct fs_type *type, void *arg), void *arg); /* /proc/filesystems */

/* Thread context. */
struct super_ops {
	/* Storage for an inode of this file system (it embeds struct inode); NULL out of memory. */
	struct inode *(*inode_alloc)(struct superblock *sb);
	/* Frees that storage, after a grace period: must not sleep. */
	void (*inode_free)(struct inode *inode);
	/*
	 * Writes the inode's metadata to its buffer (`wait`: and to the device). NULL: nothing to
	 * write.
	 */
	int (*inode_write)(struct inode *inode, bool wait);
	/*
	 * The last reference is gone: with nlink 0 free its blocks and number. Page cache is still
	 * there. NULL: nothing.
	 */
	void (*inode_evict)(struct inode *inode);
	/*
	 * All dirty metadata to the device (`wait`), after vfs has written pages and inodes; ends
	 * with a flush of the device's cache if `wait`. NULL: nothing.
	 */
	int (*sync)(struct superblock *sb, bool wait);
	int (*statfs)(struct superblock *sb, struct abi_statfs *out); /* required */
	/*
	 * Changes options of a mounted superblock; flags are the new SB_*. NULL: -EINVAL for
	 * anything but flags vfs handles.
	 */
	int (*remount)(struct superblock *sb, u32 flags, const char *options);
	/*
	 * Of types with FS_FREEZES, mounted for writing. Everything was written, and nobody changes
	 * anything: makes what is on the device whole, as after unmounting, until thaw(). 0 or an
	 * error, and nothing is frozen. Meanwhile sync() is not called.
	 */
	int (*freeze)(struct superblock *sb);
	void (*thaw)(struct superblock *sb);
	/* Unmounts: everything was synced, no inode is in use. Frees sb->data. */
	void (*unmount)(struct superblock *sb);
	/* Options for /proc/mounts, beginning with ',' each. NULL: none. */
	void (*show_options)(struct superblock *sb, char *buf, size_t size);
	/*
	 * What of a time stamp can be written down, `which` (ATTR_*TIME) says as which; the fields
	 * of mtime are set before those of ctime. Any context. NULL: time_granularity_ns.
	 */
	struct timespec (*time_trim)(const struct inode *inode, struct timespec t, u32 which);
};

enum sb_flags {
	SB_READ_ONLY         = 1 << 0,
	SB_SYNC              = 1 << 1,
	SB_DIRSYNC           = 1 << 2,
	SB_NO_EXEC_CHECK     = 1 << 3,
	SB_NO_CACHE_NEGATIVE = 1 << 4, /* names appear by themselves: procfs */
	SB_ACL               = 1 << 5, /* access control lists count */
	/*
	 * A name can be spelled in several ways (case has no meaning) and a file has one name only:
	 * whichever spelling is looked up, there is one dentry. With SB_NO_CACHE_NEGATIVE.
	 */
	SB_SPELLINGS         = 1 << 6,
	SB_LAZYTIME          = 1 << 7, /* times alone are not worth writing: I_DIRTY_TIME */
};

enum sb_frozen { SB_UNFROZEN, SB_FREEZING, SB_FROZEN, SB_THAWING };

/* I: constant once mounted.  a: atomic.  i: inode_lock.  m: mount_mutex to change. */
struct superblock {
	struct fs_type *type;      /* I */
	const struct super_ops *ops; /* I */
	struct blkdev *dev;        /* I */
	u64 dev_id;                /* I: st_dev, makedev() form; vfs hands out anonymous ones */
	u32 flags;                 /* a: enum sb_flags */
	u32 block_size;            /* I: bytes, st_blksize */
	u64 magic;                 /* I */
	u64 max_file_size;         /* I: bytes */
	u32 time_granularity_ns;   /* I: 1 or 1000000000 */
	s64 time_min, time_max;    /* I: seconds that an inode can hold: others become these */
	struct dentry *root;       /* I: made by vfs from root_inode */
	struct inode *root_inode;  /* I: set by mount() */
	struct mutex rename_lock;  /* RANK_SB_RENAME */
	struct refcount refs;      /* mounts and their users */
	struct spinlock inode_lock; /* RANK_ICACHE */
	struct list inodes;        /* i: all in memory */
	struct list dirty;         /* i: inodes with I_DIRTY */
	struct list dirty_times;   /* i: those with I_DIRTY_TIME, oldest first */
	struct list writes;        /* i: inode_write() under way, oldest first; inode_sync.c */
	u64 n_writes;              /* i: begun so far */
	struct wait_queue written; /* for the end of one */
	struct inode *late;        /* i: kept until there is memory to write them */
	bool dying;                /* a: none are kept any more */
	struct list link;          /* vfs's list of superblocks */
	struct pagecache_errors errors; /* of writing the contents of its files */
	void *data;                /* I: file system's */
	struct refcount storage;   /* one of the mounted instance, one of each inode's storage */
	u32 id;                    /* I: counts superblocks, f_fsid of those without a device */
	/* I: of who mounts, for file systems without owners: set before mount() */
	u32 mounter_uid, mounter_gid, mounter_umask;
	struct gate *gate;         /* I: whoever changes something is inside; NULL: cannot freeze */
	enum sb_frozen frozen;     /* m */
	u32 utime_mode;            /* I: S_IWGRP, S_IWOTH: they may set times as the owner may */
};

/* A time as an inode of the superblock can hold it, but for super_ops.time_trim(). */
static inline struct timespec super_time_fit(const struct superblock *sb, struct timespec t)
{
	if (unlikely(t.tv_sec <= sb->time_min || t.tv_sec >= sb->time_max)) {
		t.tv_sec = clamp(t.tv_sec, sb->time_min, sb->time_max);
		t.tv_nsec = 0;
	}
	if (sb->time_granularity_ns >= NSEC_PER_SEC)
		t.tv_nsec = 0;
	return t;
}

enum inode_state {
	I_NEW        = 1 << 0,
	I_DIRTY      = 1 << 1,
	I_FREEING    = 1 << 2,
	I_UNLINKED   = 1 << 3, /* a removed directory */
	I_WRITING    = 1 << 4, /* inode_write() is at it, for what has been taken off I_DIRTY */
	I_DIRTY_TIME = 1 << 7, /* only its times have changed; never with I_DIRTY */
	I_LINKABLE   = 1 << 6, /* made by O_TMPFILE: linkat(2) may give it a first name */
};

/*
 * l: lock (write to change, and for directory operations).  i: sb->inode_lock.  a: atomic or torn
 * reads harmless.  I: constant.
 */
struct inode {
	u64 ino;                   /* I */
	struct superblock *sb;     /* I */
	const struct inode_ops *ops; /* I */
	/* I: what open() gives a regular file or directory; other kinds get vfs's own */
	const struct file_ops *fops;
	struct refcount refs;
	u32 mode;                  /* l: type and permissions */
	u32 uid, gid;              /* l */
	u32 nlink;                 /* l */
	struct acls *acls;         /* l to change, RCU: access control lists, mostly NULL (acl.h) */
	u64 rdev;                  /* I: device number, makedev() form */
	s64 size;                  /* l to change; read with READ_ONCE */
	u64 blocks;                /* l: 512-byte units */
	u64 blocks_delayed;        /* a: such that have no place on the disk yet; in stat, too */
	struct timespec atime, mtime, ctime, btime; /* l */
	u32 flags;                 /* l: FS_IMMUTABLE_FL, FS_APPEND_FL … as chattr */
	u32 generation;            /* I */
	u32 state;                 /* i: enum inode_state */
	bool no_caps;              /* l, torn reads harmless: known to have no capabilities */
	struct rwsem lock;         /* RANK_INODE_DIR or RANK_INODE */
	/* Set up by vfs (size, hold …); the file system sets cache.ops of regular files only. */
	struct pagecache cache;
	struct spinlock spin;      /* RANK_INODE_SPIN: file locks list, write count */
	s32 n_writers;             /* spin: open for writing; below 0: executing (ETXTBSY) */
	struct list locks;         /* spin: file locks */
	void *pipe;                /* spin: the FIFO's buffer while it is open */
	struct hlist_node hash;    /* inode cache's lock */
	struct list sb_link, dirty_link; /* i */
	u64 time_dirtied_ns;       /* i: with I_DIRTY_TIME: since when */
	struct inode *next_late;   /* i: in sb->late */
	struct list dentries;      /* inode's dentries; its spin */
	struct list watches;       /* spin: inotify marks */
	struct rcu_head rcu;
	const char *link_target;   /* I after set: symlink text kept in memory, or NULL */
	void *private;
};

enum attr_mask {
	ATTR_MODE = 1, ATTR_UID = 2, ATTR_GID = 4, ATTR_SIZE = 8,
	ATTR_ATIME = 16, ATTR_MTIME = 32, ATTR_CTIME = 64,
	/*
	 * To vfs_setattr() only: the time is now (it fills the field and sets ATTR_ATIME or
	 * ATTR_MTIME). Both together need no ownership, just permission to write.
	 */
	ATTR_ATIME_NOW = 128, ATTR_MTIME_NOW = 256,
	/* To vfs_setattr() only: chown(2), even of nobody, which ends what the mode and
	 * capabilities give. */
	ATTR_CHOWN = 512 };
struct inode_attr { u32 mask; u32 mode, uid, gid; s64 size; struct timespec atime, mtime, ctime; };

/* One component, not NUL-terminated; 1 … 255 bytes. */
struct name { const char *text; u32 length; u32 hash; };

/*
 * The file system keeps link counts and times: mtime and ctime of the directory, ctime of what was
 * linked, unlinked or moved.
 */
/*
 * Directory operations run with dir->lock held for writing (lookup: at least for reading),
 * permissions, type, existence and read-only checks done by vfs.
 */
/*
 * O_DIRECT on a regular file: where its bytes are, for transfers past the page cache. From the
 * first map() to the end of what is done with its answer inode->lock is held, for writing in order
 * to write, and then the cache's `invalidate`, too; nothing of the range is dirty in the cache.
 */
enum direct_kind {
	DIRECT_DISK,	/* on sb->dev at sector `lba` and after */
	DIRECT_HOLE,	/* nowhere: zeroes (only of reads) */
	DIRECT_CACHED,	/* has to go through the page cache */
};
struct direct_run {
	enum direct_kind kind;
	loff_t n;	/* bytes that are alike from there on, more than 0, in whole sectors */
	lba_t lba;
	bool fresh;	/* map() gave them a place, where they read as zeroes until written() */
};
struct direct_ops {
	/* Whether the file can be used so: else O_DIRECT is what NULL means. Any context. */
	bool (*possible)(struct inode *inode);
	/* What is at `at`, of which `n` bytes are wanted: 0, -EIO, -ENOMEM, -ENOSPC … */
	int (*map)(struct inode *inode, loff_t at, loff_t n, bool write, struct direct_run *run);
	/*
	 * The first bytes of a run for writing, up to `end`, are on the disk: the file shows them,
	 * and has at least that size. 0, -EIO, -ENOSPC …
	 */
	int (*written)(struct inode *inode, loff_t at, const struct direct_run *run, loff_t end);
};

struct inode_ops {
	/*
	 * Finds a name: 0 with *out referenced, *out = NULL if there is none; -EIO … Required for
	 * directories.
	 */
	int (*lookup)(struct inode *dir, const struct name *name, struct inode **out);
	/*
	 * Each makes a new inode with one link, owned as `mode`, `cred` (vfs_init_owner) say, and
	 * enters it: 0 and *out referenced. NULL: -EPERM.
	 */
	int (*create)(struct inode *dir, const struct name *name, u32 mode,
		      const struct cred *cred, struct inode **out);
	int (*mkdir)(struct inode *dir, const struct name *name, u32 mode,
		     const struct cred *cred, struct inode **out);
	int (*mknod)(struct inode *dir, const struct name *name, u32 mode, u64 rdev,
		     const struct cred *cred, struct inode **out);
	int (*symlink)(struct inode *dir, const struct name *name, const char *target,
		       const struct cred *cred, struct inode **out);
	/* An unnamed inode with no link (O_TMPFILE). NULL: -EOPNOTSUPP. */
	int (*tmpfile)(struct inode *dir, u32 mode, const struct cred *cred, struct inode **out);
	/* inode->lock is held too. rmdir: -ENOTEMPTY. */
	int (*link)(struct inode *dir, const struct name *name, struct inode *inode);
	int (*unlink)(struct inode *dir, const struct name *name, struct inode *inode);
	int (*rmdir)(struct inode *dir, const struct name *name, struct inode *inode);
	/*
	 * Both directories and what is moved or replaced are locked; `replaced` (may be NULL) has
	 * been checked for type and emptiness is checked here. flags: RENAME_EXCHANGE, or
	 * RENAME_WHITEOUT: the old name becomes that of a new character device 0, 0 without
	 * permissions, owned as `cred` says; -EINVAL where there is no such thing.
	 */
	int (*rename)(struct inode *from, const struct name *old, struct inode *inode,
		      struct inode *to, const struct name *new_name, struct inode *replaced,
		      u32 flags, const struct cred *cred);
	/* The text of a symlink into buf (NUL-terminated), its length. NULL: link_target. */
	ssize_t (*readlink)(struct inode *inode, char *buf, size_t size);
	/* A "magic" link (procfs): the place itself, referenced. NULL: follow the text. */
	int (*follow)(struct inode *inode, const struct cred *cred, struct path *out);
	/*
	 * Applies attributes already checked (inode->lock held): size changes allocate or free,
	 * calling pagecache_truncate(). NULL: vfs_setattr_simple().
	 */
	int (*setattr)(struct inode *inode, const struct inode_attr *attr);
	/*
	 * Of regular files: the next bytes will stand at `to`, beyond the end; what lies between
	 * must read as zeroes, and the file becomes that long. inode->lock held for writing. NULL:
	 * what was never written reads so by itself, beyond the page that holds the end.
	 */
	int (*fill_gap)(struct inode *inode, s64 to);
	/* Refreshes what stat shows (procfs). NULL: the fields are right. */
	int (*getattr)(struct inode *inode);
	/* Replaces the generic permission check. mask: MAY_*. NULL: vfs_permission_generic(). */
	int (*permission)(struct inode *inode, const struct cred *cred, unsigned mask);
	/*
	 * Whether a cached name is still right (procfs): false drops it. NULL: always. Does not
	 * sleep.
	 */
	bool (*revalidate)(struct dentry *dentry);
	/*
	 * Of regular files: where the bytes from `offset` on (a multiple of 512) lie on sb->dev:
	 * the sector, 0 for a hole, and how many sectors are in a row from there. For swap files.
	 * NULL: the file system has no such places.
	 */
	int (*locate)(struct inode *inode, u64 offset, u64 *lba, u64 *n_sectors);
	/* O_DIRECT on regular files; NULL: they are cached, and what is written is so at once. */
	const struct direct_ops *direct;
	/*
	 * Keeps an access control list, or a directory's default one (n 0: there is none any
	 * more); vfs puts it into inode->acls. inode->lock is held, or nobody knows the inode yet.
	 * What a file system has of them is there from inode_lookup() on: inode_acls_publish().
	 * NULL: -EOPNOTSUPP.
	 */
	int (*set_acl)(struct inode *inode, bool deflt, const struct acl_entry *entries, u32 n);
	/*
	 * Extended attributes but access control lists (xattr(7)), rights checked; inode->lock is
	 * held to change them. Values of at most XATTR_SIZE_MAX bytes; with size 0 get and list
	 * say how many there are. list: names with NUL. -ENODATA, -ERANGE, -EEXIST, -ENOSPC,
	 * -EOPNOTSUPP (no such kind) … NULL: -EOPNOTSUPP.
	 */
	ssize_t (*getxattr)(struct inode *inode, const char *name, void *value, size_t size);
	int (*setxattr)(struct inode *inode, const char *name, const void *value, size_t size,
			int flags);
	ssize_t (*listxattr)(struct inode *inode, char *list, size_t size);
	int (*removexattr)(struct inode *inode, const char *name);
	/* Which of inode->flags ioctl_iflags(2) shows. 0: the inode has none, -ENOTTY. */
	u32 flags_shown;
	/*
	 * inode->flags shall be `flags`, of which the file system passes over those that it shows
	 * and nobody may change; `x`: what was asked by FS_IOC_FSSETXATTR, or NULL. Rights are
	 * checked but for flags of its own; inode->lock is held. -EOPNOTSUPP, -EPERM, -EIO …
	 * Required with flags_shown.
	 */
	int (*set_flags)(struct inode *inode, const struct cred *cred, u32 flags,
			 const struct abi_fsxattr *x);
};

enum { MAY_EXEC = 1, MAY_WRITE = 2, MAY_READ = 4 };

/*
 * Inode cache, by (superblock, number). inode_lookup(): the inode with a reference, or a fresh one
 * with I_NEW set (the file system fills it and calls inode_unlock_new(), or inode_fail_new() if it
 * cannot be read; others who want it wait). NULL: no memory.
 */
struct inode *inode_lookup(struct superblock *sb, u64 ino);
/*
 * A fresh inode for a new file, with I_NEW; number set by the caller, then inode_hash_new() enters
 * it (-EEXIST: in use, a damaged file system).
 */
struct inode *inode_alloc_new(struct superblock *sb);
int inode_hash_new(struct inode *inode, u64 ino);
void inode_unlock_new(struct inode *inode);
void inode_fail_new(struct inode *inode);
static inline struct inode *inode_get(struct inode *inode) { ref_get(&inode->refs); return inode; }
void inode_put(struct inode *inode);
/* Says that metadata changed: ops->inode_write() will be called at write-back or sync. */
void inode_dirty(struct inode *inode);
/*
 * The same, of nothing but its times: with SB_LAZYTIME that waits until the inode is written for
 * another reason, by fsync(2), sync(2) or at its end, or for a day.
 */
void inode_dirty_time(struct inode *inode);
/*
 * The file system is about to write the inode's metadata by itself: inode_write() need not be
 * called for what changed until now.
 */
void inode_take_dirty(struct inode *inode);
/* Sets times to now as the mask (ATTR_*TIME) says and marks dirty. */
void inode_touch(struct inode *inode, u32 mask);
/* Its data changed: the same for mtime and ctime, but an inode that has this time already does not
 * become dirty. */
void inode_touch_written(struct inode *inode);
/* Access time by the rules of noatime and relatime (mount's flags). */
void inode_touch_atime(struct inode *inode, u32 mount_flags);
/* uid, gid (set-gid directories) and mode of a new inode. */
void inode_init_owner(struct inode *inode, const struct inode *dir, u32 mode,
		      const struct cred *cred);
/* Applies attr to the fields (size with pagecache_truncate) and marks dirty. */
int inode_setattr_simple(struct inode *inode, const struct inode_attr *attr);
int inode_permission_generic(struct inode *inode, const struct cred *cred, unsigned mask);
int inode_permission(struct inode *inode, const struct cred *cred, unsigned mask);
/* Whether the caller owns the file or has CAP_FOWNER. */
bool inode_owner_or_capable(const struct inode *inode, const struct cred *cred);
/*
 * What a file's permission bits lose when it is written to or given away by `cred`: set-user-ID,
 * and set-group-ID if group-executable or the group is not one of theirs (without CAP_FSETID).
 * Returns the new mode. inode->lock held.
 */
u32 inode_mode_without_suid(const struct inode *inode, const struct cred *cred);
/* Inode operations and file operations of which every member is NULL. */
extern const struct inode_ops inode_ops_none;
/* Waits for an inode_write() that others have begun, if there is one. May sleep. */
void inode_wait_written(struct inode *inode);
/*
 * All inodes that are dirty have been handed to inode_write(), without `wait`: by the caller, or by
 * others and it has returned. 0 or the first error. No locks held.
 */
int super_write_inodes(struct superblock *sb);
/* Logs a line about a file system on a device: "ext2 (sda3): …". Any context. */
void super_log(const struct superblock *sb, enum log_level level, const char *fmt, ...)
		__printf(3, 4);
/*
 * Makes an inode stable, and whatever metadata of its file system waits in the device's cache: 0 or
 * an error. Thread context, without locks of pages. What a journal has is stable by a commit only.
 */
int inode_sync(struct inode *inode);
