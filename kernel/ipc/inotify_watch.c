/*
 * The life of watches. A watch ends when it is removed, when its instance is closed, after the
 * event of a one-shot one, or with its inode; each begins by taking the mark off the inode, which
 * succeeds once.
 */
#include "abi/errno.h"
#include "ipc/inotify_int.h"
#include "ipc/usercount.h"
#include "mm/slab.h"

u32 inotify_max_watches = 65536;

static const struct notify_ops watch_ops;

void inotify_put(struct inotify *in)
{
	if (!ref_put(&in->refs))
		return;
	inotify_queue_free(in);
	kfree(in);
}

static void watch_put(struct watch *w)
{
	if (!ref_put(&w->refs))
		return;
	inotify_put(w->owner);
	kfree(w);
}

/* The mark is off the inode, and who reads was told: the watch's number is free. */
static void watch_retire(struct watch *w)
{
	struct inotify *in = w->owner;

	spin_lock(&in->lock);
	rb_erase(&in->watches, &w->node);
	spin_unlock(&in->lock);
	ipc_uncharge(in->uid, IPC_INOTIFY_WATCHES);
	inode_put(w->mark.inode);
	watch_put(w);
}

static void watch_tell(struct watch *w)
{
	inotify_queue(w->owner, w->wd, IN_IGNORED, 0, NULL, 0);
}

static void watch_end(struct watch *w)
{
	watch_tell(w);
	watch_retire(w);
}

static void watch_retire_later(struct work *work)
{
	watch_retire(container_of(work, struct watch, work));
}

/* inode->spin is held. */
static void watch_event(struct notify_mark *mark, u32 mask, u32 cookie, const char *name,
			u32 length)
{
	struct watch *w = container_of(mark, struct watch, mark);

	inotify_queue(w->owner, w->wd, mask, cookie, name, length);
	if (w->oneshot && notify_mark_unlink_locked(mark)) {
		watch_tell(w);
		work_queue(&w->work);
	}
}

static void watch_gone(struct notify_mark *mark, u32 why)
{
	struct watch *w = container_of(mark, struct watch, mark);

	if (why & IN_UNMOUNT || mark->mask & why)
		inotify_queue(w->owner, w->wd, why, 0, NULL, 0);
	watch_end(w);
}

/* The instance's watch of an inode, or NULL. inode->spin is held. */
static struct watch *watch_of_inode(struct inotify *in, struct inode *inode)
{
	struct notify_mark *m;

	list_for_each_entry(m, &inode->watches, link)
		if (m->ops == &watch_ops && container_of(m, struct watch, mark)->owner == in)
			return container_of(m, struct watch, mark);
	return NULL;
}

static void watch_set(struct watch *w, u32 mask, bool add)
{
	u32 wanted = mask & (IN_ALL_EVENTS | IN_EXCL_UNLINK);

	w->mark.mask = add ? w->mark.mask | wanted : wanted;
	w->oneshot = mask & IN_ONESHOT || (add && w->oneshot);
}

/* Changes a watch that exists: its number, 0 if there is none, or -EEXIST. */
static int watch_change(struct inotify *in, struct inode *inode, u32 mask)
{
	struct watch *w;
	int result = 0;

	spin_lock(&inode->spin);
	w = watch_of_inode(in, inode);
	if (w && mask & IN_MASK_CREATE) {
		result = -EEXIST;
	} else if (w) {
		watch_set(w, mask, mask & IN_MASK_ADD);
		result = w->wd;
	}
	spin_unlock(&inode->spin);
	return result;
}

static struct watch *watch_find(struct inotify *in, s32 wd)
{
	struct rb_node *node = in->watches.node;

	while (node) {
		struct watch *w = rb_entry(node, struct watch, node);

		if (w->wd == wd)
			return w;
		node = wd < w->wd ? node->left : node->right;
	}
	return NULL;
}

static bool watch_less(const struct rb_node *a, const struct rb_node *b)
{
	return rb_entry(a, struct watch, node)->wd < rb_entry(b, struct watch, node)->wd;
}

/* Enters it under the next number: numbers come again only after all others. */
static void watch_enter(struct inotify *in, struct watch *w)
{
	spin_lock(&in->lock);
	do
		in->last_wd = in->last_wd < 0x7fffffff ? in->last_wd + 1 : 1;
	while (watch_find(in, in->last_wd));
	w->wd = in->last_wd;
	rb_add(&in->watches, &w->node, watch_less);
	spin_unlock(&in->lock);
}

static int watch_add(struct inotify *in, struct inode *inode, u32 mask)
{
	struct watch *w;
	int err = ipc_charge(in->uid, IPC_INOTIFY_WATCHES, inotify_max_watches), wd;

	if (err < 0)
		return err == -ABI_EDQUOT ? -ENOSPC : err;
	w = kzalloc(sizeof(*w), MM_KERNEL);
	if (!w) {
		ipc_uncharge(in->uid, IPC_INOTIFY_WATCHES);
		return -ENOMEM;
	}
	list_init(&w->mark.link);
	w->mark.ops = &watch_ops;
	ref_set(&w->refs, 1);
	ref_get(&in->refs);
	w->owner = in;
	work_init(&w->work, watch_retire_later);
	watch_set(w, mask, false);
	watch_enter(in, w);
	wd = w->wd;
	inode_get(inode);
	spin_lock(&inode->spin);
	notify_mark_link_locked(inode, &w->mark); /* from here on it may end at any moment */
	spin_unlock(&inode->spin);
	return wd;
}

int inotify_add(struct file *file, struct inode *inode, u32 mask)
{
	struct inotify *in = file->private;
	int result;

	if (!inotify_is_inotify(file))
		return -EINVAL;
	mutex_lock(&in->adding);
	result = watch_change(in, inode, mask);
	if (result == 0)
		result = watch_add(in, inode, mask);
	mutex_unlock(&in->adding);
	return result;
}

int inotify_remove(struct file *file, s32 wd)
{
	struct inotify *in = file->private;
	struct watch *w;
	int error = -EINVAL;

	if (!inotify_is_inotify(file))
		return -EINVAL;
	spin_lock(&in->lock);
	w = watch_find(in, wd);
	if (w)
		ref_get(&w->refs);
	spin_unlock(&in->lock);
	if (!w)
		return -EINVAL;
	if (notify_mark_unlink(&w->mark)) {
		watch_end(w);
		error = 0;
	}
	watch_put(w);
	return error;
}

void inotify_watches_end(struct inotify *in)
{
	for (;;) {
		struct rb_node *node;
		struct watch *w = NULL;

		spin_lock(&in->lock);
		in->closed = true;
		node = rb_first(&in->watches);
		if (node) {
			w = rb_entry(node, struct watch, node);
			ref_get(&w->refs);
		}
		spin_unlock(&in->lock);
		if (!w)
			return;
		if (notify_mark_unlink(&w->mark))
			watch_end(w);
		else
			sched_yield(); /* somebody else is ending it just now */
		watch_put(w);
	}
}

static const struct notify_ops watch_ops = {
	.event = watch_event,
	.gone = watch_gone,
};
