/* Open files, their operations, descriptor tables, polling. */
#pragma once

#include "abi/fcntl.h"
#include "abi/poll.h"
#include "core/refcount.h"
#include "vfs/path.h"
#include "vm/iov.h"

struct map_request;
struct poll_table;
struct file;

/*
 * Receives directory entries. emit() returns false when it takes no more: the directory stops there
 * and will be asked again from `next`.
 */
struct dir_sink {
	/* type: DT_*; next: d_off, the position after this entry. */
	bool (*emit)(struct dir_sink *sink, const char *name, u32 length, u64 ino, u8 type,
		     u64 next);
};

/*
 * Operations on an open file. Thread context, no locks held unless said. NULL means what the
 * comment says.
 */
struct file_ops {
	/* Completes open(): file->inode and flags are set. NULL: nothing to do. */
	int (*open)(struct file *file);
	/* The last reference is gone. NULL: nothing. */
	void (*release)(struct file *file);
	/* Each close(2) of a descriptor (also at exit). NULL: nothing. */
	int (*flush)(struct file *file);
	/*
	 * Reads from or writes at *pos, moving it; for files without position pos is to be ignored.
	 * Bytes (fewer at the end or after an error that came late) or -errno; -EAGAIN with
	 * O_NONBLOCK. NULL: -EINVAL.
	 */
	ssize_t (*read)(struct file *file, struct iov_iter *to, loff_t *pos);
	ssize_t (*write)(struct file *file, struct iov_iter *from, loff_t *pos);
	/*
	 * Writes part of a page without copying it, for as long as it likes: it takes references of
	 * its own. `more` follows at once. NULL: there is only write().
	 */
	ssize_t (*send_page)(struct file *file, struct page *page, u32 offset, u32 n, bool more);
	/* lseek(2). NULL: -ESPIPE. */
	loff_t (*seek)(struct file *file, loff_t offset, int whence);
	/*
	 * Entries from file->pos on (it is advanced by the sink's `next`); directory's inode->lock
	 * is held for reading. NULL: -ENOTDIR.
	 */
	int (*readdir)(struct file *file, struct dir_sink *sink);
	/* ioctl(2) after the generic ones (FIONBIO, FIOCLEX …). NULL: -ENOTTY. */
	long (*ioctl)(struct file *file, u32 request, u64 arg);
	/*
	 * Bits ready now (POLL*), and, if `table` is not NULL, poll_wait() on every queue that may
	 * change them. NULL: always readable and writable.
	 */
	u32 (*poll)(struct file *file, struct poll_table *table);
	/*
	 * Fills cache, index, source of the request (length, index and access are checked). NULL:
	 * -ENODEV.
	 */
	int (*mmap)(struct file *file, struct map_request *req);
	/* NULL: -EINVAL. */
	int (*fsync)(struct file *file, bool data_only);
	/* NULL: -EOPNOTSUPP. */
	int (*fallocate)(struct file *file, u32 mode, loff_t offset, loff_t length);
	/*
	 * O_ASYNC (`on`) or the owner has changed (fcntl(2), FIOASYNC); file->lock is held. NULL:
	 * nothing.
	 */
	void (*async)(struct file *file, bool on);
	/* read() and write() obey the iterator's `nowait` (RWF_NOWAIT); else that is refused. */
	bool has_nowait;
	/* Text for /proc/[pid]/fdinfo beyond the common lines. NULL: none. */
	void (*show_info)(struct file *file, char *buf, size_t size);
};

/* Who is told by a signal that something happened to a file (fcntl(2), F_SETOWN). */
struct file_owner {
	s32 id;                  /* 0: nobody */
	u64 serial;              /* of that use of the number (struct pid) */
	u8 type;                 /* F_OWNER_TID, F_OWNER_PID, F_OWNER_PGRP */
	s32 signal;              /* F_SETSIG; 0: SIGIO, without information */
	u32 uid, euid;           /* of who set it: whom the signal may reach is theirs */
	s32 fd;                  /* by which O_ASYNC was set: si_fd */
};

/* p: pos_lock.  l: lock.  I: constant. */
struct file {
	struct refcount refs;
	u32 flags;               /* l to change, torn reads harmless: O_* with access mode */
	const struct file_ops *ops; /* I after open */
	struct inode *inode;     /* I */
	struct path path;        /* I: mount may be NULL for pipes and the like */
	loff_t pos;              /* p */
	struct mutex pos_lock;   /* RANK_FILE_POS: taken by read/write/lseek on seekable files */
	struct spinlock lock;    /* RANK_FILE */
	const struct cred *cred; /* I: opener's */
	void *private;           /* I: ops' own */
	u64 hint;                /* torn reads harmless: ops' own, 0 at open */
	struct file_owner owner; /* l */
	u32 data_errors, meta_errors; /* a: write errors of the cache and of the file system's
				       * device that it has been told of (pagecache_tell_error()) */
	u32 super_errors;        /* a: and those of all files of the file system (syncfs(2)) */
	struct list epoll_links; /* l: watches of this file */
	bool seekable, can_write, can_read; /* I */
	bool counted;            /* I: counted as a writer of its inode and mount */
	struct rcu_head rcu;
};

/* A file by path: open(2) with O_*, mode already masked by umask by the callee. 0 and *out. */
int vfs_open(const struct walk *w, const char *name, u32 flags, u32 mode, u32 walk_flags,
	     struct file **out);
/* The same for a place already found (O_PATH descriptors, exec, /proc/self/fd). */
int vfs_open_path(const struct path *path, u32 flags, const struct cred *cred, struct file **out);
/*
 * A file without a name in any directory (pipe, eventfd, …): "anon_inode:[name]" in /proc. Not
 * seekable.
 */
int file_create_anon(const char *name, const struct file_ops *ops, void *private, u32 flags,
		     struct file **out);
/*
 * A file of `inode` (a reference is taken) whose name in /proc is `name`, e.g. "pipe:[12]"; `mount`
 * may be NULL. ops->open is not called. 0, -ENOMEM, -ENFILE.
 */
int file_create_inode(struct inode *inode, struct mount *mount, const char *name,
		      const struct file_ops *ops, void *private, u32 flags, struct file **out);
/*
 * An inode of no file system, for pipes, sockets and the like: owner from `cred`, a number of its
 * own; NULL: no memory.
 */
struct inode *inode_alloc_pseudo(u32 mode, const struct cred *cred);
/* Whether an inode is such a one. */
bool inode_is_pseudo(const struct inode *inode);
/* Rooms above say once how FIFOs are opened and what happens to watches of a file that goes. */
void vfs_set_fifo_ops(const struct file_ops *ops);
void vfs_set_epoll_release(void (*fn)(struct file *file));
/*
 * Changes the flags that fcntl(F_SETFL) may: O_APPEND, O_NONBLOCK, O_NOATIME, O_DIRECT (and
 * O_ASYNC by file_set_async()). 0 or -EPERM.
 */
int file_set_flags(struct file *f, u32 flags);
/* Sets or clears O_ASYNC; `fd` is what si_fd will say. */
void file_set_async(struct file *f, int fd, bool on);
void file_set_owner(struct file *f, const struct file_owner *owner);
struct file_owner file_owner(struct file *f);
/*
 * Reads entries of a directory into the sink, with its lock and position: 0, -ENOTDIR, -ENOENT
 * (removed).
 */
int file_readdir(struct file *f, struct dir_sink *sink);
int file_sync(struct file *f, bool data_only);
int file_truncate(struct file *f, s64 size, u64 fsize_limit);
/* `fsize_limit` as of file_write(). */
int file_allocate(struct file *f, u32 mode, loff_t offset, loff_t length, u64 fsize_limit);
long file_ioctl(struct file *f, u32 request, u64 arg);
/* Files open in the system, for /proc/sys/fs/file-nr. */
u64 file_count(void);
extern u64 file_max; /* torn reads harmless: how many there may be, /proc/sys/fs/file-max */
static inline struct file *file_get(struct file *f) { ref_get(&f->refs); return f; }
void file_put(struct file *f);

/*
 * Bodies of read(2) and write(2): check modes and limits, apply O_APPEND, take pos_lock if pos is
 * NULL (uses file->pos). Count limited to MAX_RW_COUNT. `fsize_limit` of a write: RLIMIT_FSIZE in
 * bytes (~0 none): -EFSIZELIMIT beyond, and -EFBIG beyond what the file system bears.
 */
ssize_t file_read(struct file *f, struct iov_iter *to, loff_t *pos);
ssize_t file_write(struct file *f, struct iov_iter *from, loff_t *pos, u64 fsize_limit);
/*
 * sendfile(2) of n bytes of `in` at *pos (NULL: at its own position) to a file that takes pages:
 * bytes or -errno; -EOPNOTSUPP: `in` is not on the page cache, or `out` takes none.
 */
ssize_t file_send(struct file *in, struct file *out, loff_t *pos, size_t n);
/* Kernel buffers (exec, module loading, sendfile): at *pos. */
ssize_t file_read_kernel(struct file *f, void *buf, size_t n, loff_t pos);
loff_t file_seek(struct file *f, loff_t offset, int whence);
u32 file_poll(struct file *f, struct poll_table *table);

/* Regular files on the page cache: operations a file system points its file_ops at. */
ssize_t cached_read(struct file *file, struct iov_iter *to, loff_t *pos);
ssize_t cached_write(struct file *file, struct iov_iter *from, loff_t *pos);
/* Pages of a file to one with send_page(). */
ssize_t cached_send(struct file *file, struct file *out, loff_t *pos, size_t n);
loff_t cached_seek(struct file *file, loff_t offset, int whence);
/* A seek over anything else: SEEK_SET, SEEK_CUR, and SEEK_END unless `end` is below 0; -EINVAL. */
loff_t file_seek_to(struct file *file, loff_t offset, int whence, loff_t end);
int cached_mmap(struct file *file, struct map_request *req);
int cached_fsync(struct file *file, bool data_only);
/* Whether what changes the file is to be stable when the call returns: by how it was opened
 * (O_SYNC, O_DSYNC), by itself (chattr +S), or by its file system. Any context. */
bool file_is_synchronous(const struct file *file);
/* Makes it so, with all that O_DSYNC leaves out if it is O_SYNC: 0 or negative errno. No locks. */
int file_sync_written(struct file *file);
/*
 * After cached_fsync(), for a file system whose inode_write() leaves blocks in the device's cache:
 * all of that cache that is dirty or on its way is stable then. 0 or negative errno.
 */
int file_sync_meta(struct file *file);
/* Write errors since this open file was told last: of its contents in `cache`, and of the metadata
 * of its file system. 0 or negative errno. */
int file_data_error(struct file *file, struct pagecache *cache);
int file_meta_error(struct file *file);
/* Write errors of any file on its file system since it was told last, or was opened and nobody had
 * been told (syncfs(2)). 0 or negative errno. */
int file_super_error(struct file *file);
/*
 * What a write changes besides bytes: times, and set-user-ID bits go. inode->lock held. 0 or an
 * error.
 */
int file_modified(struct file *file);
/*
 * The file is about to grow from old_size to a byte at `pos` or beyond: what a mapping stored
 * behind the end in the last page is zeroed. inode->lock held.
 */
int cached_zero_tail(struct inode *inode, s64 old_size, s64 pos);
/* Reads of a text in memory. */
ssize_t simple_read_buffer(struct iov_iter *to, loff_t *pos, const void *buf, size_t size);

/* Deny writes while a file is being executed, and the reverse: 0 or -ETXTBSY. */
int inode_deny_write(struct inode *inode);
void inode_allow_write(struct inode *inode);

/*
 * Descriptor tables: shared by CLONE_FILES. Lookup is lockless under RCU when the table is shared
 * and free when it is not.
 */
struct fd_table;
/* No descriptor may be as large as this: /proc/sys/fs/nr_open, and its bounds. */
#define FD_CEILING_MIN 64
#define FD_CEILING_MAX (1u << 20)
extern u32 fd_ceiling; /* torn reads harmless */
struct fd_table *fd_table_create(void);
struct fd_table *fd_table_clone(struct fd_table *from, int *error);
/* Its first member is its struct refcount. */
static inline void fd_table_get(struct fd_table *t) { ref_get((struct refcount *)t); }
void fd_table_put(struct fd_table *t);
/* The file of a descriptor with a reference, or NULL (-EBADF). */
struct file *fd_get(struct fd_table *t, int fd);
/*
 * The same for the length of a system call of the current thread: if the table is not shared no
 * reference is taken. `*put` tells fd_end() what to do.
 */
struct fd_ref { struct file *file; bool put; };
struct fd_ref fd_begin(struct fd_table *t, int fd);
static inline void fd_end(struct fd_ref r) { if (r.put) file_put(r.file); }
/*
 * Reserves the lowest free descriptor >= min and below limit (RLIMIT_NOFILE): fd, -EMFILE, -EINVAL
 * (min >= limit), -ENOMEM; then installs or cancels.
 */
int fd_reserve(struct fd_table *t, int min, u64 limit, bool cloexec);
void fd_install(struct fd_table *t, int fd, struct file *file); /* takes the caller's reference */
void fd_cancel(struct fd_table *t, int fd);
int fd_close(struct fd_table *t, int fd);
int fd_close_range(struct fd_table *t, u32 first, u32 last, bool cloexec_only);
/* dup2(2), dup3(2): takes its own reference. */
int fd_dup_to(struct fd_table *t, struct file *file, int to, u64 limit, bool cloexec);
/* Whether fd still is that file. */
bool fd_refers(struct fd_table *t, int fd, const struct file *file);
int fd_get_cloexec(struct fd_table *t, int fd);
int fd_set_cloexec(struct fd_table *t, int fd, bool on);
void fd_close_on_exec(struct fd_table *t);
/* Next open descriptor >= fd with a reference to its file, or -1 (/proc/[pid]/fd). */
int fd_next(struct fd_table *t, int fd, struct file **out);
bool fd_table_shared(struct fd_table *t);
/* No descriptor at or above this is open (select(2) looks no further). */
unsigned fd_table_size(struct fd_table *t);

/* Polling: a table collects wait entries; poll_wait() is called by file_ops->poll. */
struct poll_table { void (*add)(struct poll_table *table, struct wait_queue *queue); u32 events; };
static inline void poll_wait(struct poll_table *table, struct wait_queue *queue)
{
	if (table)
		table->add(table, queue);
}
/* A table for a thread that sleeps: a few queues inline, more on the heap. */
struct poll_waiter;
struct poll_set {
	struct poll_table table;
	struct thread *thread;
	bool woken;
	int error;
	unsigned n;
	struct poll_waiter *heap;
	struct {
		struct wait_entry entry;
		struct wait_queue *queue;
		struct poll_set *set;
	} fast[8];
};
void poll_set_init(struct poll_set *s);
void poll_set_fini(struct poll_set *s);
/*
 * Sleeps until one of its queues is woken, a signal (-ERESTARTNOHAND), or the deadline (ns, ~0
 * none; -ETIMEDOUT).
 */
int poll_set_sleep(struct poll_set *s, u64 deadline_ns);

/*
 * Locks of files: POSIX records and open-file-description locks (fcntl_locking(2)), flock(2).
 * `owner` identifies the holder (fd_table for POSIX, file for the others).
 */
int file_lock_posix(struct file *f, void *owner, s32 pid, int cmd, struct abi_flock *lock);
int file_lock_flock(struct file *f, int operation);
void file_locks_release(struct file *f, void *owner); /* at each close by a process */
int file_locks_show(char *buf, size_t size, u64 *pos); /* /proc/locks */
