/*
 * fs/fat/fat_int.h - what the files of this room share.
 *
 * Vocabulary (the specification's, fat_disk.h): a cluster is the unit of allocation; the FAT has an
 * entry per cluster, which names the next one of its file: a chain. A directory is a file of
 * 32-byte entries, of which the slots of a long name precede the short one. A file is known by the
 * place of its short entry on the device, in units of entries: its position. A run is a stretch of
 * a chain that is contiguous on the disk.
 *
 * Metadata (boot sector, FSInfo, FAT, directories) goes through dev/bcache; contents of regular
 * files go between the inode's page cache and the block layer.
 *
 * Locks, outermost first: inode->lock (vfs) - page lock - fs->make_lock - fi->map_lock (RANK_FS) -
 * fs->fat_lock (RANK_FS2) - fs->hash_lock and the other spinlocks, none inside another.
 */
#pragma once

#include "abi/ioctl.h"
#include "abi/stat.h"
#include "core/log.h"
#include "core/log_limit.h"
#include "dev/bcache.h"
#include "fs/fat/fat_check.h"
#include "fs/fat/fat_name.h"
#include "fs/fat/fat_time.h"
#include "mm/slab.h"
#include "vfs/file.h"
#include "vfs/super.h"

enum fat_errors { FAT_ERRORS_CONTINUE, FAT_ERRORS_RO, FAT_ERRORS_PANIC };

struct fat_options {
	u32 uid, gid, fmask, dmask;
	u32 utime_mode;		/* allow_utime=, or ~0: from dmask */
	s32 time_offset;	/* minutes that are subtracted from the disk's times to get UTC */
	enum fat_errors errors;
	struct fat_names names;
	enum fat_check check;
	bool utf8;		/* over iocharset= */
	bool vfat;		/* has long names */
	bool quiet, showexec, rodir, sys_immutable, discard, flush, usefree;
	bool dots, nocase;	/* msdos: ".name" is a hidden file; names shown as they are */
	bool no_tail;		/* no ~1 in aliases unless needed */
	bool tz_given;
};

#define FAT_HASH_BITS 10u

/*
 * I: constant once mounted.  a: atomic or torn reads harmless.  f: fat_lock.  h: hash_lock.
 */
struct fat_fs {
	struct superblock *sb;		/* I */
	struct blkdev *dev;		/* I */
	struct fat_geo geo;		/* I */
	struct fat_options opt;		/* I */
	struct mutex fat_lock;		/* RANK_FS2: the FAT's contents, FSInfo, boot sector */
	u32 free_clusters;		/* f: FAT_UNKNOWN: nobody knows */
	bool counted;			/* f: it was counted since mount, not taken from FSInfo */
	u32 next_free;			/* f: where to look for a free cluster */
	bool info_dirty;		/* f: free_clusters or next_free differ from FSInfo's */
	bool was_dirty;			/* I: it was not cleanly unmounted the last time */
	bool writable;			/* a: mounted read-write: changes go to the disk */
	bool had_errors;		/* a: an error was found since mount */
	u32 write_errors;		/* count of the device's cache when writing began */
	struct mutex make_lock;		/* RANK_FS, before map_lock: an inode is being made */
	struct spinlock hash_lock;	/* RANK_INODE_SPIN */
	struct hlist_head by_position[1 << FAT_HASH_BITS]; /* h: inodes that have an entry */
	struct hlist_head by_start[1 << FAT_HASH_BITS]; /* h: directories by first cluster */
	u64 evictions;			/* h to change: inodes that left by_position */
	struct wait_queue evicted;	/* woken by such */
	u64 last_ino;			/* h: of those numbers that are not positions */
	struct log_limit error_limit;
};
#define FAT_UNKNOWN	(~0u)
#define FAT_ROOT_INO	1u
#define FAT_FIRST_OTHER_INO (1ull << 40) /* above every position */

/* `count` clusters from logical cluster `logical` on stand at `cluster` and after. */
struct fat_run { u32 logical, cluster, count; };

/* a: atomic.  m: map_lock (write to change).  l: inode->lock.  h: fs->hash_lock.  I: constant. */
struct fat_inode {
	struct inode inode;
	struct rwsem map_lock;		/* RANK_FS */
	u32 start;			/* m: first cluster, 0: none; I of a directory */
	struct fat_run *runs;		/* m: the chain from its start on, as far as it is known */
	u32 n_runs, room;		/* m */
	u32 known;			/* m, torn reads harmless: clusters that `runs` tells */
	struct fat_run far;		/* m: a run beyond `known`, once there are too many */
	bool complete;			/* m: the end of the chain was found: */
	u32 n_clusters, last;		/* m: its length and last cluster */
	u64 position;			/* m and h to change, either to read: 0: no entry */
	struct hlist_node position_link, start_link; /* h */
	u32 parent_start;		/* l (directory's): first cluster of its directory */
	u8 attr;			/* a: FAT_ATTR_* */
};

static inline struct fat_inode *fat_i(const struct inode *inode)
{
	return container_of((struct inode *)inode, struct fat_inode, inode);
}

static inline struct fat_fs *fat_fs_of(const struct inode *inode)
{
	return inode->sb->data;
}

/* The root directory of FAT12 and FAT16 has sectors of its own and no clusters. */
static inline bool fat_is_fixed_root(const struct inode *inode)
{
	return inode->ino == FAT_ROOT_INO && fat_fs_of(inode)->geo.root_cluster == 0;
}

static inline bool fat_writable(const struct inode *inode)
{
	return READ_ONCE(fat_fs_of(inode)->writable);
}

static inline u32 fat_clusters_for(const struct fat_fs *fs, u64 bytes)
{
	return (u32)((bytes + fs->geo.cluster_size - 1) >> fs->geo.cluster_bits);
}

/* fat_error.c */
/*
 * Says that the file system is damaged and does what errors= wants. Returns -EIO, for the caller
 * to hand on. Thread context. Messages are limited in rate.
 */
int fat_error(struct fat_fs *fs, const char *fmt, ...) __printf(2, 3);

/* fat_options.c */
int must_check fat_options_parse(const struct superblock *sb, const char *text,
		struct fat_options *o);
void fat_show_options(struct superblock *sb, char *buf, size_t size);

/* fat_table.c: entries of the FAT; fat_lock held. */
struct fat_cursor { struct fat_fs *fs; struct bblock b; u64 sector; bool held, dirty; };
static inline struct fat_cursor fat_cursor(struct fat_fs *fs)
{
	return (struct fat_cursor){ .fs = fs };
}
/* The meaning of an entry (fat_entry_decode): 0, -EIO, -ENOMEM. The cluster exists. */
int must_check fat_table_get(struct fat_cursor *c, u32 cluster, u32 *value);
int must_check fat_table_set(struct fat_cursor *c, u32 cluster, u32 value);
/* Entry 1 without or with its mark that all is well: 0 or an error. */
int must_check fat_table_mark(struct fat_cursor *c, bool clean);
/* Ends the cursor's use: what was changed is copied to the other FATs. */
void fat_cursor_put(struct fat_cursor *c);
/* Counts the free clusters: 0 or an error. */
int must_check fat_table_count(struct fat_fs *fs, u32 *n_free);

/* fat_alloc.c */
/*
 * A chain of 1 … want contiguous clusters, at `goal` if these are free (0: anywhere): 0, -ENOSPC,
 * -EIO, -ENOMEM.
 */
int must_check fat_clusters_alloc(struct fat_fs *fs, u32 goal, u32 want, u32 *cluster, u32 *got);
/* Makes `next` (FAT_END: nothing) follow a cluster. */
int must_check fat_clusters_link(struct fat_fs *fs, u32 cluster, u32 next);
/* Frees a chain: 0, or -EIO at the first thing that is wrong. `metadata`: it was a directory. */
int fat_clusters_free(struct fat_fs *fs, u32 cluster, bool metadata);
/* The number of free clusters, counted if need be: 0 or an error. */
int must_check fat_free_count(struct fat_fs *fs, u32 *n);

/* fat_map.c */
/* The run at `logical`, at most `max` (> 0) clusters: 0, -EIO (the chain ends before), -ENOMEM. */
int must_check fat_map(struct inode *inode, u32 logical, u32 max, struct fat_run *run);
/* Makes the chain at least n clusters long: 0, -ENOSPC, -EIO, -ENOMEM, -EROFS. */
int must_check fat_map_extend(struct inode *inode, u32 n);
/* And at most. */
int fat_map_truncate(struct inode *inode, u32 n);
/* The length of the whole chain; of a directory no more than may be. */
int must_check fat_map_length(struct inode *inode, u32 *n);
/* Clusters beyond the end of file, which a failed write left, are freed; inode->lock held. */
bool fat_map_has_excess(const struct inode *inode);
void fat_map_trim(struct inode *inode);
/* inode_ops.locate */
int fat_locate(struct inode *inode, u64 offset, u64 *lba, u64 *n_sectors);
void fat_map_fini(struct fat_inode *fi);

/* fat_inode.c, fat_icache.c, fat_evict.c */
int fat_inode_cache_init(void);
struct inode *fat_inode_alloc(struct superblock *sb);
void fat_inode_free(struct inode *inode);
int fat_inode_write(struct inode *inode, bool wait);
void fat_inode_evict(struct inode *inode);
int fat_setattr(struct inode *inode, const struct inode_attr *attr);
int fat_root_get(struct superblock *sb, struct inode **out);
/* The inode of the entry `de` at `position` in `dir`, which is locked: 0, -EIO, -ENOMEM. */
int must_check fat_iget(struct inode *dir, const struct fat_dirent *de, u64 position,
		struct inode **out);
/* The number of an entry's inode, or what it will be. */
u64 fat_ino_of(struct fat_fs *fs, u64 position);
/* The inode has another position, or none (0), and another directory. */
void fat_inode_move(struct inode *inode, u64 position, const struct inode *dir);
bool fat_hash_start(struct inode *inode); /* false: there is a directory at that cluster */
u64 fat_hash_number(struct fat_fs *fs);
struct inode *fat_hash_find(struct fat_fs *fs, u64 position); /* referenced, or NULL */
void fat_hash_remove(struct inode *inode);
u32 fat_mode_of(const struct fat_fs *fs, u8 attr, const u8 *name);
/* What the inode says of its entry, into `de`: all but the name. */
void fat_dirent_fill(const struct inode *inode, struct fat_dirent *de);
struct timespec fat_time_trim(const struct inode *inode, struct timespec t, u32 which);
/* First cluster as ".." names it: 0 of the root. */
static inline u32 fat_dotdot_start(const struct inode *dir)
{
	return dir->ino == FAT_ROOT_INO ? 0 : fat_i(dir)->start;
}

/* fat_dir.c */
/* A place in a directory, whose block stays while the next ones are asked for. */
struct fat_iter {
	struct inode *dir;
	struct bblock b;
	u64 sector;		/* of the device, and */
	u32 base;		/* its first byte in the directory */
	bool held;
	struct fat_run run;	/* what the map said last */
};
static inline struct fat_iter fat_iter(struct inode *dir)
{
	return (struct fat_iter){ .dir = dir };
}
/* The entry at byte `pos`, which is within the directory: 0, -EIO, -ENOMEM. */
int must_check fat_iter_get(struct fat_iter *it, u32 pos, struct fat_dirent **de);
void fat_iter_put(struct fat_iter *it);
/* The position of the entry that was got last. */
u64 fat_iter_position(const struct fat_iter *it, const struct fat_dirent *de);

/* A name with its slots. */
struct fat_entry {
	u32 first, last;	/* bytes in the directory: the first slot, the short entry */
	u32 n_long;		/* characters of the long name; 0: none */
	u64 position;
	struct fat_dirent de;
};
/* A way through a directory. */
struct fat_scan {
	struct fat_iter it;
	struct fat_long lfn;	/* text of the long name */
	struct fat_entry entry;
	u32 pos;		/* where it goes on */
};
static inline void fat_scan_begin(struct fat_scan *s, struct inode *dir, u32 pos)
{
	s->it = fat_iter(dir);
	s->lfn.open = false;
	s->pos = pos;
}
/* The next name that is not free, "." or "..", or the label: 1, 0 at the end, or an error. */
int must_check fat_scan_next(struct fat_scan *s);
static inline void fat_scan_end(struct fat_scan *s) { fat_iter_put(&s->it); }

/* What a user's name is looked for by. */
struct fat_key {
	u16 text[FAT_LONG_MAX];	/* vfat */
	u32 n;
	u8 name[11];		/* msdos */
};
/* 0, -EINVAL, -ENAMETOOLONG, -ENOENT (nothing but dots). */
int must_check fat_key_make(const struct fat_fs *fs, const struct name *name, struct fat_key *key);
/* Finds it: 0, -ENOENT, -EIO, -ENOMEM. */
int must_check fat_dir_find(struct inode *dir, const struct fat_key *key, struct fat_entry *out);
/* The entry of a name that vfs says is `inode`'s. */
int must_check fat_dir_find_inode(struct inode *dir, const struct name *name,
		const struct inode *inode, struct fat_entry *out);
/* 0, -ENOTEMPTY, or an error. */
int must_check fat_dir_check_empty(struct inode *dir);
int must_check fat_dir_count_subdirs(struct inode *dir, u32 *n);

/* fat_dir_add.c: the directory is locked for writing */
/*
 * Enters a name that is not there, with what *de says but its name: 0 and *out, -EINVAL, -ENOSPC,
 * -EIO, -ENOMEM. `except`: position of an entry that will go, whose alias may be taken; or 0.
 */
int must_check fat_dir_add(struct inode *dir, const struct name *name, struct fat_dirent *de,
		u64 except, struct fat_entry *out);
/* Frees an entry with its slots: 0, or -EIO, -ENOMEM, and the entry stands. */
int fat_dir_remove(struct inode *dir, const struct fat_entry *e);
/*
 * The same in two steps, of which only the first can fail; *it is the caller's to put, in any case.
 * Others may be entered between them.
 */
int must_check fat_dir_remove_begin(struct inode *dir, const struct fat_entry *e,
		struct fat_iter *it);
void fat_dir_remove_end(struct fat_iter *it, const struct fat_entry *e);
/* A cluster with "." and "..", for a new directory: 0 or an error. */
int must_check fat_dir_make(struct inode *parent, const struct fat_dirent *like, u32 *cluster);
/* The same two steps to make ".." name another directory. */
int must_check fat_dir_parent_begin(struct inode *dir, struct fat_iter *it);
void fat_dir_parent_set(struct fat_iter *it, const struct inode *parent);

/* fat_readdir.c */
#define FAT_DIR_FIRST (2 * FAT_ENTRY_SIZE) /* position of the first entry that is not a dot's */
int fat_readdir(struct file *file, struct dir_sink *sink);
/* The user's names of an entry: the one to be shown, and the short one; lengths, 0: none. */
struct fat_shown { char name[256], alias[40]; u32 n_name, n_alias; };
void fat_entry_show(const struct fat_fs *fs, const struct fat_scan *s, struct fat_shown *out);

/* fat_namei.c, fat_rename.c */
extern const struct inode_ops fat_dir_inode_ops, fat_file_inode_ops;
int fat_rename(struct inode *from, const struct name *old, struct inode *inode, struct inode *to,
		const struct name *new_name, struct inode *replaced, u32 flags,
	       const struct cred *cred);
/* After a change to directories: writes them now if the mount or they are synchronous. */
int fat_dirsync(struct inode *dir, struct inode *other);

/* fat_file.c, fat_pages.c, fat_ioctl.c */
extern const struct file_ops fat_file_ops, fat_dir_ops;
extern const struct pagecache_ops fat_page_ops;
int fat_fill_gap(struct inode *inode, s64 to);
int fat_resize(struct inode *inode, s64 size);
long fat_ioctl(struct file *file, u32 request, u64 arg);
long fat_dir_ioctl(struct file *file, u32 request, u64 arg);
/* fat_trim.c: FITRIM */
long fat_trim(struct file *file, u64 arg);
/* Writes zeroes to clusters, on the disk: 0 or -EIO. Sectors of 512 bytes. */
int must_check fat_zero_sectors(struct fat_fs *fs, u64 lba, u64 n);

/* fat_state.c */
int must_check fat_state_begin_write(struct fat_fs *fs);
void fat_state_end_write(struct fat_fs *fs);
void fat_state_load(struct fat_fs *fs);
int fat_sync_super(struct superblock *sb, bool wait);
int fat_statfs(struct superblock *sb, struct abi_statfs *out);
int fat_remount(struct superblock *sb, u32 flags, const char *options);
