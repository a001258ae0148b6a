/*
 * Files that are texts: made at the first read (and anew when read again from the start), kept by
 * the open file, handed out piece by piece. One that is made in parts (struct text) has only one of
 * them here, the last that was made; a read ends with its part, so that it gets whole records and
 * costs no more than what it asked for, however long the text is.
 */
#include "abi/errno.h"
#include "abi/stat.h"
#include "lib/format.h"
#include "lib/string.h"
#include "mm/kmap.h"
#include "mm/slab.h"
#include "proc/procfs/procfs_int.h"
#include "vfs/file.h"

#define PART_MIN   4096
#define PART_MAX   65536

/* m: the mutex.  I: constant */
struct text_file {
	struct mutex mutex; /* RANK_TEXT */
	struct text text;   /* m */
	loff_t start;       /* m: of the part in `text` */
	bool made;          /* m: `text` is a part; false: nothing */
	struct aspace *space; /* I: of texts that are not for everybody: what the opener might look
			       * into, referenced; after an exec they are empty */
};

static int text_open(struct file *file)
{
	struct text_file *tf = kzalloc(sizeof(*tf), MM_KERNEL);

	if (!tf)
		return -ENOMEM;
	mutex_init(&tf->mutex, RANK_TEXT, "procfs_text");
	if (proc_inode(file->inode)->node->look) {
		int error = procfs_space_get(proc_inode(file->inode), &tf->space);

		if (error) {
			kfree(tf);
			return error;
		}
	}
	file->private = tf;
	return 0;
}

static void text_release(struct file *file)
{
	struct text_file *tf = file->private;

	if (tf->space)
		aspace_put(tf->space);
	text_free(&tf->text);
	kfree(tf);
}

/* A process that has ended but was not waited for still has a stat and a status. */
static int show_zombie(struct text *t, struct proc_inode *pi)
{
	struct process *p = procfs_process(pi);
	int error = -ESRCH;

	if (!p)
		return -ESRCH;
	if (pi->node->show == show_stat)
		error = show_zombie_stat(t, p);
	else if (pi->node->show == show_status)
		error = show_zombie_status(t, p);
	else if (pi->node->show == show_cmdline || pi->node->look)
		error = 0;
	process_put(p);
	return error;
}

/* Whether the reader may look, and at what the opener might. */
static int look_check(struct task *task, struct text_file *tf)
{
	struct aspace *as;

	if (task_aspace_get(task, task_may_look, &as))
		return -EACCES;
	if (as)
		aspace_put_user(as);
	return as == tf->space ? 0 : -ENODATA;
}

static int text_make(struct text_file *tf, struct proc_inode *pi)
{
	struct text *t = &tf->text;
	struct task *task = NULL;
	int error;

	text_clear(t);
	t->from = t->next;
	t->next = 0;
	if (pi->pid) {
		task = procfs_task(pi);
		if (!task)
			return show_zombie(t, pi);
	}
	error = pi->node->look ? look_check(task, tf) : 0;
	if (!error)
		error = pi->node->show(t, task);
	if (task)
		thread_put(task->thread);
	if (error == -ABI_ENODATA)
		return 0;
	return error ? error : t->error;
}

/* Makes the part that has `pos`, or the last one: 0 or an error. */
static int text_reach(struct text_file *tf, struct proc_inode *pi, loff_t pos)
{
	struct text *t = &tf->text;
	int error = 0;

	if (pos == 0 || !tf->made || pos < tf->start) {
		tf->start = 0;
		t->next = 0;
		error = text_make(tf, pi);
	}
	while (!error && t->next && pos >= tf->start + (loff_t)t->used) {
		tf->start += (loff_t)t->used;
		error = text_make(tf, pi);
		sched_point();
	}
	tf->made = !error;
	return error;
}

static ssize_t text_read(struct file *file, struct iov_iter *to, loff_t *pos)
{
	struct text_file *tf = file->private;
	ssize_t n;

	if (*pos < 0)
		return -EINVAL;
	mutex_lock(&tf->mutex);
	tf->text.want = clamp(iov_left(to), (size_t)PART_MIN, (size_t)PART_MAX);
	n = text_reach(tf, proc_inode(file->inode), *pos);
	if (!n) {
		loff_t at = *pos - tf->start;

		n = simple_read_buffer(to, &at, tf->text.buf, tf->text.used);
		*pos = tf->start + at;
	}
	mutex_unlock(&tf->mutex);
	return n;
}

static ssize_t text_store(struct file *file, struct iov_iter *from, loff_t *pos)
{
	struct proc_inode *pi = proc_inode(file->inode);
	size_t n = iov_left(from);
	struct task *task = NULL;
	char *buf;
	int error;

	if (!pi->node->store)
		return -EINVAL;
	error = text_take(from, &buf);
	if (error)
		return error;
	if (pi->pid && !(task = procfs_task(pi)))
		error = -ESRCH;
	if (!error)
		error = pi->node->store(task, buf, n);
	if (task)
		thread_put(task->thread);
	kfree(buf);
	return error ? error : (ssize_t)n;
}

static loff_t text_seek(struct file *file, loff_t offset, int whence)
{
	return file_seek_to(file, offset, whence, -1);
}

const struct file_ops procfs_text_fops = {
	.open = text_open,
	.release = text_release,
	.read = text_read,
	.write = text_store,
	.seek = text_seek,
};
