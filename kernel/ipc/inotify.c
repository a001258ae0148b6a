/*
 * inotify_init(2): the instance as a file.
 */
#include "abi/errno.h"
#include "ipc/inotify_int.h"
#include "ipc/usercount.h"
#include "lib/format.h"
#include "mm/slab.h"

u32 inotify_max_instances = 128;

static const struct file_ops inotify_ops;

static void inotify_release(struct file *f)
{
	struct inotify *in = f->private;

	inotify_watches_end(in);
	ipc_uncharge(in->uid, IPC_INOTIFY_INSTANCES);
	inotify_put(in);
}

static void inotify_show_info(struct file *f, char *buf, size_t size)
{
	struct inotify *in = f->private;
	struct watch *w;

	spin_lock(&in->lock);
	rb_for_each_entry(w, &in->watches, node) {
		const struct inode *inode = w->mark.inode;
		int n = snprintf(buf, size,
				 "inotify wd:%x ino:%llx sdev:%llx mask:%x ignored_mask:0\n",
				 w->wd, (unsigned long long)inode->ino,
				 (unsigned long long)inode->sb->dev_id, w->mark.mask);

		if (n < 0 || (size_t)n >= size) {
			*buf = 0; /* no half lines */
			break;
		}
		buf += n;
		size -= (size_t)n;
	}
	spin_unlock(&in->lock);
}

int inotify_create(u32 flags, const struct cred *cred, struct file **out)
{
	struct inotify *in;
	int err = ipc_charge(cred->uid, IPC_INOTIFY_INSTANCES, inotify_max_instances);

	if (err < 0)
		return err == -ABI_EDQUOT ? -EMFILE : err;
	err = -ENOMEM;
	in = kzalloc(sizeof(*in), MM_KERNEL);
	if (!in)
		goto out_charge;
	in->overflow = inotify_overflow_alloc();
	if (!in->overflow)
		goto out_free;
	ref_set(&in->refs, 1);
	spin_init(&in->lock, RANK_EPOLL, "inotify");
	mutex_init(&in->adding, RANK_SLEEP_LAST, "inotify_adding");
	list_init(&in->events);
	wait_init(&in->queue);
	in->uid = cred->uid;
	in->max_events = READ_ONCE(inotify_max_events);
	err = file_create_anon("inotify", &inotify_ops, in, O_RDONLY | (flags & IN_NONBLOCK), out);
	if (err < 0)
		goto out_free;
	return 0;

out_free:
	kfree(in->overflow);
	kfree(in);
out_charge:
	ipc_uncharge(cred->uid, IPC_INOTIFY_INSTANCES);
	return err;
}

bool inotify_is_inotify(const struct file *file)
{
	return file->ops == &inotify_ops;
}

static const struct file_ops inotify_ops = {
	.release = inotify_release,
	.read = inotify_read,
	.ioctl = inotify_ioctl,
	.poll = inotify_poll,
	.show_info = inotify_show_info,
};
