/*
 * Open files: their storage, how one is opened by the kind of its inode, and how it ends. The calls
 * on open files are in file_rw.c and file_calls.c.
 *
 * Storage is reused at once through a small stack per CPU, without a grace period: a lockless
 * reader of a descriptor table may find a file that has become another one, so after taking its
 * reference it looks at the table again (fdtable.c). Storage goes back to slab only after a grace
 * period.
 */
#include "abi/capability.h"
#include "abi/stat.h"
#include "arch/percpu.h"
#include "core/panic.h"
#include "lib/string.h"
#include "mm/slab.h"
#include "dev/blk.h"
#include "vfs/file_int.h"
#include "vfs/mount_int.h"
#include "vfs/notify.h"

#define SPARE_MAX 32

struct spare_files {
	u32 n;
	struct file *file[SPARE_MAX];
};

static DEFINE_PERCPU(struct spare_files, spare_files); /* thread context of this CPU only */
static struct slab_cache *file_slab;
static u64 n_files;   /* a */
u64 file_max;
static const struct file_ops *fifo_ops;          /* I: set at boot */
static void (*epoll_release)(struct file *file); /* I: set at boot */

const struct file_ops path_file_ops;

void file_init(void)
{
	struct mm_stats stats;

	mm_stats(&stats);
	file_max = max_t(u64, stats.total * 4 / 10, 8192); /* a tenth of memory, at 1 KiB each */
	file_slab = slab_cache_create("file", sizeof(struct file), 64);
	if (!file_slab)
		panic("vfs: no memory for files");
}

void vfs_set_fifo_ops(const struct file_ops *ops) { fifo_ops = ops; }
void vfs_set_epoll_release(void (*fn)(struct file *file)) { epoll_release = fn; }
const struct file_ops *file_fifo_ops(void) { return fifo_ops; }
u64 file_count(void) { return READ_ONCE(n_files); }

static struct file *storage_get(void)
{
	struct spare_files *spare = this_cpu_ptr(spare_files);
	struct file *f;

	if (spare->n)
		return spare->file[--spare->n];
	f = slab_alloc(file_slab, MM_KERNEL | MM_ZERO);
	if (!f)
		return NULL;
	mutex_init(&f->pos_lock, RANK_FILE_POS, "file_pos");
	spin_init(&f->lock, RANK_FILE, "file");
	list_init(&f->epoll_links);
	return f;
}

static void storage_free_rcu(struct rcu_head *head)
{
	slab_free(file_slab, container_of(head, struct file, rcu));
}

static void storage_put(struct file *f)
{
	struct spare_files *spare = this_cpu_ptr(spare_files);

	__atomic_fetch_sub(&n_files, 1, __ATOMIC_RELAXED);
	if (spare->n < SPARE_MAX)
		spare->file[spare->n++] = f;
	else
		rcu_call(&f->rcu, storage_free_rcu);
}

int file_alloc(const struct path *path, u32 flags, const struct cred *cred, struct file **out)
{
	struct path taken = *path;
	struct file *f;

	if (unlikely(READ_ONCE(n_files) >= READ_ONCE(file_max) &&
		     !cred_capable(cred, CAP_SYS_ADMIN))) {
		path_put(&taken);
		return -ENFILE;
	}
	f = storage_get();
	if (!f) {
		path_put(&taken);
		return -ENOMEM;
	}
	__atomic_fetch_add(&n_files, 1, __ATOMIC_RELAXED);
	f->flags = flags & ~(u32)O_CLOEXEC;
	f->ops = &path_file_ops;
	f->inode = path->dentry->inode;
	f->path = taken;
	f->pos = 0;
	f->cred = cred_get(cred);
	f->private = NULL;
	f->hint = 0;
	f->data_errors = pagecache_told(&f->inode->cache);
	f->meta_errors = f->inode->sb && f->inode->sb->dev ?
		pagecache_told(&f->inode->sb->dev->cache) : 0;
	f->super_errors = f->inode->sb ? READ_ONCE(f->inode->sb->errors.n_told) : 0;
	f->owner = (struct file_owner){ .type = F_OWNER_PID };
	f->seekable = f->can_write = f->can_read = f->counted = false;
	/* A reader that found the storage by an old pointer may get it from here on. */
	__atomic_store_n(&f->refs.n, 1, __ATOMIC_RELEASE);
	*out = f;
	return 0;
}

/* The storage of a file without references goes, and then what it kept. */
static void file_free(struct file *f)
{
	struct path path = f->path;
	const struct cred *cred = f->cred;

	storage_put(f);
	path_put(&path);
	cred_put(cred);
}

void file_discard(struct file *f)
{
	/* A lockless reader that came by an old pointer may have a reference for a moment: then its
	 * file_put() is the last, and there is nothing to close. */
	f->flags = O_PATH;
	f->ops = &path_file_ops;
	f->counted = false;
	if (ref_put(&f->refs))
		file_free(f);
}

int inode_writer_get(struct inode *inode)
{
	int err = 0;

	spin_lock(&inode->spin);
	if (inode->n_writers < 0)
		err = -ETXTBSY;
	else
		inode->n_writers++;
	spin_unlock(&inode->spin);
	return err;
}

void inode_writer_put(struct inode *inode)
{
	spin_lock(&inode->spin);
	inode->n_writers--;
	spin_unlock(&inode->spin);
}

int inode_deny_write(struct inode *inode)
{
	int err = 0;

	spin_lock(&inode->spin);
	if (inode->n_writers > 0)
		err = -ETXTBSY;
	else
		inode->n_writers--;
	spin_unlock(&inode->spin);
	return err;
}

void inode_allow_write(struct inode *inode)
{
	spin_lock(&inode->spin);
	inode->n_writers++;
	spin_unlock(&inode->spin);
}

static int writer_begin(struct file *f)
{
	int err = mount_hold_begin(f->path.mount);

	if (err < 0)
		return err;
	err = inode_writer_get(f->inode);
	if (err < 0)
		mount_hold_end(f->path.mount);
	else
		f->counted = true;
	return err;
}

static void writer_end(struct file *f)
{
	if (!f->counted)
		return;
	inode_writer_put(f->inode);
	mount_hold_end(f->path.mount);
}

/* The operations for the kind of inode, in f->ops. */
static int choose_ops(struct file *f)
{
	switch (f->inode->mode & S_IFMT) {
	case S_IFCHR:
	case S_IFBLK:
		return devnode_open(f);
	case S_IFIFO:
		f->ops = fifo_ops;
		return fifo_ops ? 0 : -ENXIO;
	case S_IFSOCK:
		return -ENXIO;
	default:
		f->ops = f->inode->fops;
		f->seekable = f->ops->seek != NULL;
		return 0;
	}
}

int file_open(struct file *f)
{
	u32 access = f->flags & O_ACCMODE;
	int err;

	if (f->flags & O_PATH)
		return 0;
	f->can_read = access == O_RDONLY || access == O_RDWR;
	f->can_write = access == O_WRONLY || access == O_RDWR;
	if (f->can_write && S_ISREG(f->inode->mode)) {
		err = writer_begin(f);
		if (err < 0)
			return err;
	}
	err = choose_ops(f);
	if (err == 0 && f->ops->open)
		err = f->ops->open(f);
	if (err < 0)
		writer_end(f);
	/* These were for the open alone: fcntl(F_GETFL) does not show them. */
	f->flags &= ~(u32)(O_CREAT | O_EXCL | O_NOCTTY | O_TRUNC);
	return err;
}

void file_put(struct file *f)
{
	if (!ref_put(&f->refs))
		return;
	notify_file(f, f->can_write ? IN_CLOSE_WRITE : IN_CLOSE_NOWRITE);
	if (unlikely(!list_empty(&f->epoll_links)) && epoll_release)
		epoll_release(f);
	if (unlikely(!list_empty(&f->inode->locks)))
		file_locks_release(f, f);
	if (f->ops->release)
		f->ops->release(f);
	writer_end(f);
	file_free(f);
}
