/*
 * epoll_create(2) and epoll_ctl(2): the epoll as a file, and changes of what it watches.
 */
#include "ipc/epoll_int.h"

#include "abi/errno.h"
#include "lib/format.h"
#include "mm/slab.h"

#define EXCLUSIVE_OK (EPOLLIN | EPOLLOUT | EPOLLERR | EPOLLHUP | EPOLLWAKEUP | EPOLLET | \
		      EPOLLEXCLUSIVE)

void epoll_put(struct epoll *ep)
{
	if (ref_put(&ep->refs))
		kfree(ep);
}

static void epoll_release(struct file *f)
{
	struct epoll *ep = f->private;
	struct rb_node *node;

	mutex_lock(&ep->lock);
	while ((node = rb_first(&ep->watches)) != NULL)
		watch_remove(rb_entry(node, struct watch, node));
	mutex_unlock(&ep->lock);
	epoll_put(ep);
}

static void epoll_show_info(struct file *f, char *buf, size_t size)
{
	struct epoll *ep = f->private;
	struct watch *w;

	mutex_lock(&ep->lock);
	rb_for_each_entry(w, &ep->watches, node) {
		const struct inode *inode = w->file->inode;
		int n = snprintf(buf, size,
				 "tfd: %8d events: %8x data: %16llx  pos:%lld ino:%llx sdev:%llx\n",
				 w->fd, w->events, (unsigned long long)w->data,
				 (long long)READ_ONCE(w->file->pos),
				 (unsigned long long)inode->ino,
				 (unsigned long long)inode->sb->dev_id);

		if (n < 0 || (size_t)n >= size) {
			*buf = 0; /* no half lines */
			break;
		}
		buf += n;
		size -= (size_t)n;
	}
	mutex_unlock(&ep->lock);
}

int epoll_create(u32 uid, struct file **out)
{
	struct epoll *ep = kzalloc(sizeof(*ep), MM_KERNEL);
	int err;

	if (!ep)
		return -ENOMEM;
	ref_set(&ep->refs, 1);
	ep->uid = uid;
	mutex_init(&ep->lock, RANK_EPOLL_CTL, "epoll");
	rb_init(&ep->watches);
	list_init(&ep->nested);
	list_init(&ep->ready);
	spin_init(&ep->ready_lock, RANK_NONE, "epoll_ready");
	wait_init(&ep->sleepers);
	wait_init(&ep->pollers);
	spin_init(&ep->sleepers.lock, RANK_NONE, "epoll_sleepers");
	spin_init(&ep->pollers.lock, RANK_NONE, "epoll_pollers");
	err = file_create_anon("eventpoll", &epoll_ops, ep, O_RDWR, out);
	if (err < 0)
		kfree(ep);
	else
		ep->file = *out;
	return err;
}

static int control_add(struct epoll *ep, struct file *file, int fd, const struct epoll_event *event)
{
	bool nests = file->ops == &epoll_ops;
	int err;

	if (event->events & EPOLLEXCLUSIVE && (nests || event->events & ~EXCLUSIVE_OK))
		return -EINVAL;
	err = nests ? epoll_nest_begin(ep, file->private) : 0;
	if (err < 0)
		return err;
	mutex_lock(&ep->lock);
	err = watch_find(ep, file, fd) ? -EEXIST : watch_add(ep, file, fd, event);
	mutex_unlock(&ep->lock);
	if (nests)
		epoll_nest_end();
	return err;
}

static int control_change(struct epoll *ep, int op, struct file *file, int fd,
			  const struct epoll_event *event)
{
	struct watch *w;
	int err = 0;

	if (op == EPOLL_CTL_MOD && event->events & EPOLLEXCLUSIVE)
		return -EINVAL;
	mutex_lock(&ep->lock);
	w = watch_find(ep, file, fd);
	if (!w)
		err = -ENOENT;
	else if (op == EPOLL_CTL_DEL)
		watch_remove(w);
	else if (w->asked & EPOLLEXCLUSIVE)
		err = -EINVAL;
	else
		watch_change(w, event);
	mutex_unlock(&ep->lock);
	return err;
}

int epoll_control(struct file *epoll, int op, struct file *file, int fd,
		  const struct epoll_event *event)
{
	if (!file->ops->poll)
		return -EPERM;
	if (epoll == file || epoll->ops != &epoll_ops)
		return -EINVAL;
	switch (op) {
	case EPOLL_CTL_ADD:
		return control_add(epoll->private, file, fd, event);
	case EPOLL_CTL_MOD:
	case EPOLL_CTL_DEL:
		return control_change(epoll->private, op, file, fd, event);
	default:
		return -EINVAL;
	}
}

void epoll_init(void)
{
	struct mm_stats stats;

	mm_stats(&stats);
	epoll_max_watches = stats.total * PAGE_SIZE / 25 / sizeof(struct watch); /* 4% of memory */
	vfs_set_epoll_release(watch_file_gone);
}

int epoll_watched(struct file *epoll, int fd, u32 at, u64 *out)
{
	struct epoll *ep = epoll->private;
	int error = -ENOENT;

	if (epoll->ops != &epoll_ops)
		return -EINVAL;
	mutex_lock(&ep->lock);
	for (struct rb_node *node = rb_first(&ep->watches); node && error; node = rb_next(node)) {
		const struct watch *w = rb_entry(node, struct watch, node);

		if (w->fd == fd && at-- == 0) {
			*out = (u64)w->file;
			error = 0;
		}
	}
	mutex_unlock(&ep->lock);
	return error;
}

const struct file_ops epoll_ops = {
	.release = epoll_release,
	.poll = epoll_poll,
	.show_info = epoll_show_info,
};
