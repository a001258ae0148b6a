/* Names: dentries, mounts, and the walk from a path to them (path_resolution(7)). */
#pragma once

#include "lib/list.h"
#include "core/seqlock.h"
#include "vfs/super.h"

struct mount;

/*
 * A dentry is a name in a directory, positive (inode) or negative (NULL). A parent is kept by its
 * children; unused ones stay cached until memory is short. d: dentry->lock.  h: hash bucket
 * (changes), RCU (reads).  I: constant.  r: changes under sb->rename_lock + parents' inode locks +
 * d.
 */
struct dentry {
	struct refcount refs;
	u32 flags;               /* d: DENTRY_* */
	struct spinlock lock;    /* RANK_DENTRY */
	struct seqcount seq;     /* d: for lockless readers */
	struct inode *inode;     /* d */
	struct dentry *parent;   /* r: itself for a root */
	u32 name_hash, name_length; /* r */
	const char *name;        /* r: short_name or kmalloc'ed */
	char short_name[40];
	struct hlist_node hash;  /* h */
	struct list child_link;  /* parent's d */
	struct list children;    /* d */
	struct list lru;         /* dcache's LRU lock */
	struct list alias_link;  /* inode->spin: inode->dentries */
	struct superblock *sb;   /* I */
	struct rcu_head rcu;
	void *private;
	bool used;               /* torn reads harmless: looked up since the shrinker passed */
};
#define DENTRY_MOUNTED  (1u << 0) /* some mount sits on it */
#define DENTRY_UNHASHED (1u << 1) /* removed: a "(deleted)" name */

struct path { struct mount *mount; struct dentry *dentry; };

/* m: mount lock (RANK_MOUNT); readers of the tree use RCU and a global sequence count. */
struct mount {
	struct refcount refs;
	struct superblock *sb;   /* I */
	struct dentry *root;     /* I */
	struct mount *parent;    /* m: NULL for the root mount or a detached one */
	struct dentry *point;    /* m: in parent */
	u32 flags;               /* a: MNT_* below */
	u32 id;                  /* I */
	struct hlist_node hash;  /* m */
	struct list children, child_link, all_link; /* m */
	char *source;            /* I: what mount(2) named */
	struct path detached_from; /* m: where it sat, between leaving the tree and the last put */
	struct mount *copy;      /* m: while a tree is bound elsewhere: this mount's twin */
	/* Who shares what is mounted here (mount_peers.c). */
	u32 group;               /* m: number of the peer group, 0: not shared */
	struct list peer_link;   /* m: ring of the group's members */
	struct mount *master;    /* m: a member of the group this is a slave of, or NULL */
	struct list slaves, slave_link; /* m: slaves that hang on this member; in master's slaves */
	struct list told_link;   /* m: while something is mounted or unmounted: who is told */
	struct mount *arrived;   /* m: ... what arrives here */
	bool newly_shared;       /* m: ... got its group by that */
	bool unbindable;         /* m */
	bool expiring;           /* m: MNT_EXPIRE was asked for and nobody has come since */
	u32 n_writers;           /* a: files open for writing and calls that change something */
	struct rcu_head rcu;
};
#define MNT_F_READONLY   (1u << 0)
#define MNT_F_NOSUID     (1u << 1)
#define MNT_F_NODEV      (1u << 2)
#define MNT_F_NOEXEC     (1u << 3)
#define MNT_F_NOATIME    (1u << 4)
#define MNT_F_NODIRATIME (1u << 5)
#define MNT_F_RELATIME   (1u << 6)
#define MNT_F_NOSYMFOLLOW (1u << 7)

void path_get(const struct path *path);
void path_put(struct path *path);

/* Where a process stands: root, working directory, umask. Shared by CLONE_FS. l: lock. */
struct fs_context {
	struct refcount refs;
	struct spinlock lock;   /* RANK_FILE */
	struct path root, cwd;  /* l */
	u32 umask;              /* l */
	struct list all_link;   /* every context, for pivot_root(2): vfs's own lock */
};
struct fs_context *fs_context_clone(struct fs_context *from); /* NULL: no memory */
/*
 * Makes `path` the working directory or root: takes its own reference. The caller has checked that
 * it is a directory that may be searched.
 */
void fs_context_set_cwd(struct fs_context *fs, const struct path *path);
void fs_context_set_root(struct fs_context *fs, const struct path *path);
/* Both with references (NULL: not wanted). */
void fs_context_get_paths(struct fs_context *fs, struct path *root, struct path *cwd);
void fs_context_put(struct fs_context *fs);

/* Everything a walk needs to know of its caller. */
struct walk {
	const struct cred *cred;
	struct fs_context *fs;
	const struct file *dir;   /* start of a relative path; NULL: the working directory */
};

enum walk_flags {
	WALK_FOLLOW    = 1 << 0, /* follow a symlink in the last place */
	WALK_DIRECTORY = 1 << 1, /* -ENOTDIR unless it is a directory */
	WALK_EMPTY     = 1 << 2, /* "" means the start itself (AT_EMPTY_PATH) */
	WALK_NO_XDEV   = 1 << 3, /* this and the next four: openat2(2) */
	WALK_BENEATH   = 1 << 4,
	WALK_IN_ROOT   = 1 << 5,
	WALK_NO_SYMLINKS = 1 << 6,
	WALK_NO_MAGIC  = 1 << 7,
	WALK_REAL_IDS  = 1 << 8, /* access(2): cred holds the real ids; nothing else changes */
	WALK_CACHED    = 1 << 9, /* openat2(2): -EAGAIN where references, or sleep, are needed */
};

/*
 * Resolves a kernel copy of a path: 0 and *out referenced, or -ENOENT, -ENOTDIR, -EACCES, -ELOOP
 * (over 40 links), -ENAMETOOLONG, -EIO.
 */
int path_lookup(const struct walk *walk, const char *name, u32 flags, struct path *out);

/*
 * A path copied from user space: PATH_MAX bytes with NUL. -EFAULT, -ENAMETOOLONG, -ENOENT (empty,
 * unless allowed).
 */
struct path_name { char *text; char fast[128]; };
int path_name_copy(struct path_name *n, const char __user *user, bool allow_empty);
void path_name_free(struct path_name *n);

/*
 * Writes the absolute path seen from `root` at the END of buf; returns its start through *out, or
 * -ENAMETOOLONG; unreachable ones begin with "(unreachable)", removed names end in " (deleted)".
 */
int path_to_string(const struct path *path, const struct path *root, char *buf, size_t size,
		   char **out);
/*
 * The same for getcwd(2): what is not below `root` is unreachable, though the root of all mounts be
 * met.
 */
int path_below_to_string(const struct path *path, const struct path *root, char *buf, size_t size,
			 char **out);

/*
 * Calls that change or ask names: kernel-side bodies of the system calls, path text in kernel
 * memory. 0 or a negative errno as their manual pages say.
 */
int vfs_mkdir(const struct walk *w, const char *name, u32 mode);
int vfs_mknod(const struct walk *w, const char *name, u32 mode, u64 rdev);
/* bind(2) of AF_UNIX: makes a socket file; *out is where it lies, referenced. As vfs_mknod(). */
int vfs_make_socket(const struct walk *w, const char *name, u32 mode, struct path *out);
int vfs_symlink(const struct walk *w, const char *target, const char *name);
int vfs_link(const struct walk *from, const char *old, const struct walk *to, const char *name,
	     u32 walk_flags);
int vfs_unlink(const struct walk *w, const char *name);
int vfs_rmdir(const struct walk *w, const char *name);
/* flags: RENAME_* */
int vfs_rename(const struct walk *from, const char *old, const struct walk *to, const char *name,
	       u32 flags);
ssize_t vfs_readlink(const struct path *path, char *buf, size_t size);
/* Applies the rules of ownership and permission; `attr` is changed to what was set. */
int vfs_setattr(const struct path *path, const struct cred *cred, struct inode_attr *attr);
int vfs_truncate(const struct path *path, const struct cred *cred, s64 size);
int vfs_access(const struct path *path, const struct cred *cred, unsigned may);
struct statx_data {
	u32 mode, nlink, uid, gid, blksize;
	u64 ino, size, blocks, dev, rdev, mnt_id, attributes, attributes_mask;
	struct timespec atime, mtime, ctime, btime;
	bool has_btime;
	bool tells_direct;	/* STATX_DIOALIGN: */
	u32 direct_align;	/* of buffers and places; 0: there is no O_DIRECT past the cache */
};
int vfs_stat(const struct path *path, struct statx_data *out);
int vfs_statfs(const struct path *path, struct abi_statfs *out);
/* mount(2), umount2(2), pivot_root(2) with kernel copies of strings; `dev_path` may be NULL. */
int vfs_mount(const struct walk *w, const char *source, const char *target, const char *type,
	      u64 flags, const char *options);
int vfs_umount(const struct walk *w, const char *target, u32 flags);
int vfs_pivot_root(const struct walk *w, const char *new_root, const char *put_old);
int vfs_sync_all(void);
/*
 * Forgets what can be had again (/proc/sys/vm/drop_caches): clean pages of files and devices;
 * unused names and inodes. Nothing is written.
 */
void vfs_drop_caches(bool pages, bool names);
int vfs_sync_super(struct superblock *sb);
/*
 * A mount of `type` that is attached nowhere, for the kernel's own files: 0 and *out, referenced;
 * mount_put() unmounts it.
 */
int mount_kernel(struct fs_type *type, const char *options, struct mount **out);
void mount_put(struct mount *mount);
/*
 * The peer group that `m` is a slave of: its number, or 0. In *seen the number of the nearest group
 * above which has a member that `fn` approves of (it is called with RANK_MOUNT held), or 0.
 */
u32 mount_master_group(struct mount *m, bool (*fn)(struct mount *m, void *arg), void *arg,
		       u32 *seen);
/* Mount table for /proc/mounts and mountinfo: calls fn in mount order, RANK_MOUNT held. */
void mount_each(bool (*fn)(struct mount *m, void *arg), void *arg);
/*
 * Which directory of its file system a mount shows, "/" for all of it, with "//deleted" behind one
 * that is gone: 0 and *out within buf, or -ENAMETOOLONG.
 */
int mount_root_to_string(struct mount *m, char *buf, size_t size, char **out);
/* "rw,nosuid,relatime,errors=…" of a mount. */
void mount_show_options(struct mount *m, char *buf, size_t size);

/*
 * Boot: mounts the root file system from `root=` (name, PARTUUID=, LABEL= later) with rootfstype=
 * or by trying all types; devtmpfs on /dev. 0 or -errno (logged).
 */
int vfs_mount_root(void);
/*
 * The same before that, if something comes before the root file system: mounts an instance of
 * `type` as the first root, in place of which vfs_mount_root() may put another. 0 or -errno.
 */
int vfs_mount_first(struct fs_type *type);
/* The first process's place. */
struct fs_context *fs_context_boot(void);
void vfs_init(void);
