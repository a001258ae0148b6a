/*
 * Files of sysfs that are texts: made at the first read and when read again from the start, kept by
 * the open file, handed out piece by piece.
 */
#include <stdarg.h>

#include "abi/errno.h"
#include "fs/sysfs/sysfs_int.h"
#include "lib/format.h"
#include "mm/kmap.h"
#include "mm/slab.h"

#define STORE_MAX 4096 /* longest write, and a NUL */

/* m: lock. */
struct text_file {
	struct mutex lock;      /* RANK_TEXT */
	struct sysfs_text text; /* m */
};

void sysfs_printf(struct sysfs_text *t, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	t->used += vscnprintf(t->buf + t->used, SYSFS_TEXT_MAX - t->used, fmt, args);
	va_end(args);
}

static int text_open(struct file *file)
{
	struct text_file *tf = kzalloc(sizeof(*tf), MM_KERNEL);

	if (!tf)
		return -ENOMEM;
	mutex_init(&tf->lock, RANK_TEXT, "sysfs_text");
	file->private = tf;
	return 0;
}

static void text_release(struct file *file)
{
	struct text_file *tf = file->private;

	kvfree(tf->text.buf);
	kfree(tf);
}

static int text_make(struct sysfs_text *t, const struct sysfs_inode *si)
{
	if (!t->buf)
		t->buf = kvmalloc(SYSFS_TEXT_MAX, MM_KERNEL);
	if (!t->buf)
		return -ENOMEM;
	t->used = 0;
	return si->node->show(t, si->index);
}

static ssize_t text_read(struct file *file, struct iov_iter *to, loff_t *pos)
{
	struct sysfs_inode *si = sysfs_inode(file->inode);
	struct text_file *tf = file->private;
	ssize_t n = 0;

	if (!si->node->show)
		return -EIO;
	mutex_lock(&tf->lock);
	if (*pos == 0 || !tf->text.buf)
		n = text_make(&tf->text, si);
	if (!n)
		n = simple_read_buffer(to, pos, tf->text.buf, tf->text.used);
	mutex_unlock(&tf->lock);
	return n;
}

static ssize_t text_write(struct file *file, struct iov_iter *from, loff_t *pos)
{
	struct sysfs_inode *si = sysfs_inode(file->inode);
	size_t n = iov_left(from);
	char *buf;
	int error;

	if (!si->node->store)
		return -EIO;
	if (n >= STORE_MAX)
		return -EINVAL;
	buf = kmalloc(n + 1, MM_KERNEL);
	if (!buf)
		return -ENOMEM;
	error = iov_copy_from(from, buf, n) == n ? 0 : -EFAULT;
	buf[n] = 0;
	if (!error)
		error = si->node->store(buf, si->index);
	kfree(buf);
	return error ? error : (ssize_t)n;
}

const struct file_ops sysfs_text_fops = {
	.open = text_open,
	.release = text_release,
	.read = text_read,
	.write = text_write,
	.seek = cached_seek,
};
