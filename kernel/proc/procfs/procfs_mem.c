/*
 * The memory of a process, page by page: mem, which reads and writes it, pagemap, which tells what
 * is behind each page, and clear_refs, which forgets what was used (proc(5)).
 */
#include "abi/capability.h"
#include "abi/errno.h"
#include "mm/slab.h"
#include "proc/procfs/procfs_int.h"
#include "vfs/cred.h"
#include "vfs/file.h"

#define PAGEMAP_END (USER_TOP / PAGE_SIZE * sizeof(u64)) /* bytes of pagemap */

static ssize_t mem_transfer(struct file *file, struct iov_iter *it, loff_t *pos, bool write)
{
	struct aspace *as = file->private;
	char chunk[512];
	ssize_t done = 0;

	if (!as || !aspace_try_get_user(as))
		return 0;
	while (iov_left(it)) {
		size_t n = min(iov_left(it), sizeof(chunk)), moved;

		if (write) {
			n = iov_copy_from(it, chunk, n);
			moved = n ? aspace_poke(as, (vaddr_t)*pos, chunk, n, true) : 0;
		} else {
			n = aspace_peek(as, (vaddr_t)*pos, chunk, n, true);
			moved = n ? iov_copy_to(it, chunk, n) : 0;
		}
		if (!moved)
			break;
		*pos += (loff_t)moved;
		done += (ssize_t)moved;
		if (moved < n)
			break;
	}
	aspace_put_user(as);
	return done ? done : iov_left(it) ? -EIO : 0;
}

static ssize_t mem_read(struct file *file, struct iov_iter *to, loff_t *pos)
{
	return mem_transfer(file, to, pos, false);
}

static ssize_t mem_write(struct file *file, struct iov_iter *from, loff_t *pos)
{
	return mem_transfer(file, from, pos, true);
}

/* What may be reached is settled here: a program that runs in the process later, perhaps with more
 * privileges, is another space. */
static int mem_open(struct file *file)
{
	struct aspace *as;
	int error = procfs_space_get(proc_inode(file->inode), &as);

	file->private = as;
	return error;
}

static void mem_release(struct file *file)
{
	if (file->private)
		aspace_put(file->private);
}

static loff_t mem_seek(struct file *file, loff_t offset, int whence)
{
	if (whence == SEEK_CUR)
		offset += file->pos;
	else if (whence != SEEK_SET)
		return -EINVAL;
	file->pos = offset;
	return offset;
}

const struct file_ops procfs_mem_fops = {
	.open = mem_open, .release = mem_release, .read = mem_read, .write = mem_write,
	.seek = mem_seek,
};

/*
 * Words of pagemap: a part of a leaf table's at a time. Where frames are is told to who opened the
 * file with CAP_SYS_ADMIN.
 */
static ssize_t pagemap_copy(struct aspace *as, struct iov_iter *to, loff_t *pos, bool frames)
{
	u64 *words = kmalloc(PAGEMAP_PART * sizeof(*words), MM_KERNEL);
	ssize_t done = 0;

	if (!words)
		return -ENOMEM;
	while (iov_left(to) && (u64)*pos < PAGEMAP_END) {
		u64 nr = (u64)*pos / sizeof(u64), first = nr % PAGEMAP_PART;
		u64 left = min(PAGEMAP_PART - first, PAGEMAP_END / sizeof(u64) - nr);
		size_t n = min(iov_left(to), left * sizeof(u64)), copied;

		aspace_pagemap(as, (nr - first) << PAGE_SHIFT, words, frames);
		copied = iov_copy_to(to, words + first, n);
		*pos += (loff_t)copied;
		done += (ssize_t)copied;
		if (copied < n || thread_signal_pending())
			break;
		sched_point();
	}
	kfree(words);
	return done ? done : iov_left(to) && (u64)*pos < PAGEMAP_END ? -EFAULT : 0;
}

static ssize_t pagemap_read(struct file *file, struct iov_iter *to, loff_t *pos)
{
	struct aspace *as = file->private;
	ssize_t n;

	if (!as || !aspace_try_get_user(as))
		return 0;
	if (*pos % (loff_t)sizeof(u64) || iov_left(to) % sizeof(u64))
		n = -EINVAL;
	else
		n = pagemap_copy(as, to, pos, cred_capable(file->cred, CAP_SYS_ADMIN));
	aspace_put_user(as);
	return n;
}

const struct file_ops procfs_pagemap_fops = {
	.open = mem_open, .release = mem_release, .read = pagemap_read, .seek = mem_seek,
};

int store_clear_refs(struct task *task, char *buf, size_t n)
{
	enum { ALL = 1, PRIVATE = 2, CACHED = 3, PEAK = 5 };
	struct aspace *as;
	u64 what;
	int error = procfs_store_number(buf, PEAK, &what);

	(void)n;
	if (!error && what != ALL && what != PRIVATE && what != CACHED && what != PEAK)
		error = -EINVAL;
	as = error ? NULL : process_aspace_get(task->process);
	if (!as)
		return error;
	if (what == PEAK)
		aspace_reset_peak(as);
	else
		aspace_forget_use(as, what != CACHED, what != PRIVATE);
	aspace_put_user(as);
	return 0;
}
