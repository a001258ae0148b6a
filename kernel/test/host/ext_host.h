/*
 * test/host/ext_host.h - the rooms below fs/ext, small enough for a test program.
 *
 * fs/ext is compiled unmodified. Here are a block device on an image file with requests that end
 * late and out of order, a page cache, an inode cache, locks that abort where the kernel would
 * dead-lock, allocations and transfers that fail on demand, and on top a few calls in the manner of
 * vfs by which tests work on a mounted image. Everything that is not given back shows as a failure:
 * host_unmount() checks references, locks and memory.
 */
#ifndef TEST_HOST_EXT_HOST_H
#define TEST_HOST_EXT_HOST_H

#include "test/host/host.h"

#include "abi/fcntl.h"
#include "abi/stat.h"
#include "fs/ext/ext_int.h"
#include "vfs/file.h"

/* A directory of this program's own, removed at exit. */
const char *host_dir(void);
/* Makes "<dir>/<name>" of `mib` MiB by mke2fs with these arguments: its path (static buffer). */
const char *host_mkfs(const char *name, unsigned mib, const char *args);
/*
 * e2fsck -fn: true if clean; else its output is shown. `after_sync`: the file system is still
 * mounted: not being clean is all that may be said.
 */
bool host_fsck(const char *path);
bool host_fsck_mounted(const char *path);

/* Registers the file systems under test, once: by the file that makes their images. */
void host_types_init(void);
/* Mounts: 0 and *out, or what the driver said. flags: SB_*. */
int host_mount(const char *path, const char *type, u32 flags, const char *options,
		struct superblock **out);
void host_unmount(struct superblock *sb);
/* sync(2) on it. */
int host_sync(struct superblock *sb);
/* What is written in the course of time, without making it stable. */
int host_write_back(struct superblock *sb);
/* Writes dirty pages and inodes and forgets every clean page and unused buffer. */
void host_drop_caches(struct superblock *sb);

/* All by directory inode and name, as vfs would call them; inodes come with a reference. */
int host_lookup(struct inode *dir, const char *name, struct inode **out);
int host_create(struct inode *dir, const char *name, u32 mode, struct inode **out);
int host_mknod(struct inode *dir, const char *name, u32 mode, u32 rdev);
int host_mkdir(struct inode *dir, const char *name, u32 mode, struct inode **out);
int host_symlink(struct inode *dir, const char *name, const char *target);
int host_link(struct inode *dir, const char *name, struct inode *inode);
int host_unlink(struct inode *dir, const char *name);
int host_rmdir(struct inode *dir, const char *name);
int host_rename(struct inode *from, const char *old, struct inode *to, const char *new_name,
		u32 flags);
int host_truncate(struct inode *inode, s64 size);
ssize_t host_write(struct inode *inode, const void *buf, size_t n, s64 at);
/* The same with O_DIRECT, of whole sectors. */
ssize_t host_write_direct(struct inode *inode, const void *buf, size_t n, s64 at);
ssize_t host_read(struct inode *inode, void *buf, size_t n, s64 at);
ssize_t host_readlink(struct inode *inode, char *buf, size_t size);
/* Calls fn for each entry, `chunk` entries per readdir call: 0 or an error. */
int host_readdir(struct inode *dir, unsigned chunk, void (*fn)(const char *name, u64 ino,
		u8 type, void *arg), void *arg);
/* Opens as vfs would, for writing, without I/O of its own. */
struct file *host_open(struct inode *inode, u32 flags);
void host_close(struct file *file);

/*
 * Compares a mounted directory with one of the host, all the way down: names, kinds, contents,
 * owners, modes, links, devices, times. How many inodes were seen.
 */
unsigned host_compare(struct superblock *sb, struct inode *dir, const char *path);

/*
 * Everything a reader does to every file, and what a writer does to those of a tree with many/,
 * big, sparse and frag (kernel/test/host/crafted-bases), whatever comes of it: for damaged images.
 */
void host_walk(struct superblock *sb);
void host_change(struct superblock *sb);

/* Who acts; root at first. */
extern struct cred host_cred;
/*
 * The n-th allocation (or transfer) from now on fails, and every one after it while `for_good`;
 * 0: none.
 */
void host_fail_alloc(unsigned nth, bool for_good);
void host_fail_io(unsigned nth, bool for_good);
extern bool host_fail_evict; /* also while an inode is evicted, which is else left alone */
/* What was logged since the last call, or "". */
const char *host_log(void);
extern u64 host_now_ns; /* real time */
extern unsigned host_requests; /* data requests submitted so far */
/*
 * From now on, what reaches devices is written to a log (ext_host_record.c), with marks between
 * that tell what the test did. host_lose_flushes: flushes are not, as if the driver had none.
 */
bool host_record_start(const char *path);
void host_record_stop(void);
void host_record_mark(const char *text);
extern bool host_lose_flushes;
extern unsigned host_lost_writes; /* writes and flushes that were made to fail so far */
extern bool host_committing; /* journals say that a commit is under way */
extern u32 host_most_credits; /* of one handle, in journals opened from now on */
/* Called once, before the next handle, and behind its end. */
extern void (*host_before_handle)(void), (*host_after_handle)(void);
extern void (*host_at_change)(void); /* called whenever a handle has changed a block */
extern bool host_disk_read_only; /* of images mounted from now on */
/* Whether the transfer that host_fail_io(n, false) was for has come by. */
bool host_io_failed(void);
extern bool host_quiet; /* do not expect a clean log */

#endif
