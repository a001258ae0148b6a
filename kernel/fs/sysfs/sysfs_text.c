/*
 * Files of sysfs that are texts: made at the first read and when read again from the start, kept by
 * the open file, handed out piece by piece.
 */
#include "abi/capability.h"
#include "abi/errno.h"
#include "fs/sysfs/sysfs_int.h"
#include "mm/slab.h"

/* m: lock. */
struct text_file {
	struct mutex lock; /* RANK_TEXT */
	struct text text;  /* m */
	bool made;         /* m: `text` is one */
};

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

	text_free(&tf->text);
	kfree(tf);
}

static int text_make(struct text_file *tf, const struct sysfs_inode *si)
{
	int error;

	text_clear(&tf->text);
	error = si->node->show(&tf->text, si->index) ?: tf->text.error;
	tf->made = !error;
	return error;
}

static ssize_t text_read(struct file *file, struct iov_iter *to, loff_t *pos)
{
	struct sysfs_inode *si = sysfs_inode(file->inode);
	struct text_file *tf = file->private;
	ssize_t n = 0;

	if (!si->node->show)
		return -EIO;
	mutex_lock(&tf->lock);
	if (*pos == 0 || !tf->made)
		n = text_make(tf, si);
	if (!n)
		n = simple_read_buffer(to, pos, tf->text.buf, tf->text.used);
	mutex_unlock(&tf->lock);
	return n;
}

static ssize_t text_store(struct file *file, struct iov_iter *from, loff_t *pos)
{
	struct sysfs_inode *si = sysfs_inode(file->inode);
	size_t n = iov_left(from);
	char *buf;
	int error;

	if (!si->node->store)
		return -EIO;
	if (si->node->for_admin && !cred_capable(cred_caller(), CAP_SYS_ADMIN))
		return -EPERM;
	error = text_take(from, &buf);
	if (error)
		return error;
	error = si->node->store(buf, si->index);
	kfree(buf);
	return error ? error : (ssize_t)n;
}

const struct file_ops sysfs_text_fops = {
	.open = text_open,
	.release = text_release,
	.read = text_read,
	.write = text_store,
	.seek = cached_seek,
};
