/*
 * Watches: how one is hung on the queues of its file, told by them, and taken off. The epoll's
 * lock is held throughout, except by wakes.
 *
 * An epoll that finds a nested one on its ready list already does not tell its own pollers again:
 * they have been told since somebody last looked. So a wake passes each link between epolls once
 * at most, however many paths lead through them.
 */
#include "ipc/epoll_int.h"

#include "abi/errno.h"
#include "ipc/usercount.h"
#include "mm/slab.h"

u64 epoll_max_watches;

struct watch_table {
	struct poll_table table;
	struct watch *watch;
};

/* Whether a sorts before (file, fd): < 0, 0, > 0. */
static int watch_compare(const struct watch *a, const struct file *file, int fd)
{
	if (a->file != file)
		return a->file < file ? -1 : 1;
	return a->fd < fd ? -1 : a->fd > fd;
}

struct watch *watch_find(struct epoll *ep, struct file *file, int fd)
{
	struct rb_node *node = ep->watches.node;

	while (node) {
		struct watch *w = rb_entry(node, struct watch, node);
		int order = watch_compare(w, file, fd);

		if (order == 0)
			return w;
		node = order < 0 ? node->right : node->left;
	}
	return NULL;
}

/* Any watch of a file. */
static struct watch *watch_find_file(struct epoll *ep, const struct file *file)
{
	struct rb_node *node = ep->watches.node;

	while (node) {
		struct watch *w = rb_entry(node, struct watch, node);

		if (w->file == file)
			return w;
		node = w->file < file ? node->right : node->left;
	}
	return NULL;
}

static void watch_insert(struct epoll *ep, struct watch *w)
{
	struct rb_node **link = &ep->watches.node, *parent = NULL;

	while (*link) {
		parent = *link;
		link = watch_compare(rb_entry(parent, struct watch, node), w->file, w->fd) < 0 ?
		       &parent->right : &parent->left;
	}
	rb_link(&w->node, parent, link);
	rb_insert(&ep->watches, &w->node);
}

bool watch_ready(struct watch *w)
{
	struct epoll *ep = w->epoll;
	u64 flags = spin_lock_irq(&ep->ready_lock);
	bool fresh = list_empty(&w->ready_link), slept;

	if (fresh)
		list_add_tail(&w->ready_link, &ep->ready);
	spin_unlock_irq(&ep->ready_lock, flags);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	slept = !list_empty(&ep->sleepers.entries);
	wait_wake_one(&ep->sleepers, POLLIN | POLLRDNORM);
	if (fresh || !w->nests)
		wait_wake(&ep->pollers, POLLIN | POLLRDNORM);
	return slept;
}

/* The queue is locked, interrupts are off. */
static bool hook_wake(struct wait_entry *entry, u32 events)
{
	struct watch *w = container_of(entry, struct hook, entry)->watch;
	u32 wanted = READ_ONCE(w->events) & ~EPOLL_PRIVATE;

	if (!wanted || (events && !(events & wanted)))
		return false;
	return watch_ready(w);
}

static void hook_add(struct poll_table *table, struct wait_queue *queue)
{
	struct watch *w = container_of(table, struct watch_table, table)->watch;
	struct hook *h;

	if (w->n_hooks < WATCH_HOOKS) {
		h = &w->hooks[w->n_hooks++];
	} else {
		h = kzalloc(sizeof(*h), MM_KERNEL);
		if (!h) {
			w->error = -ENOMEM;
			return;
		}
		h->next = w->more;
		w->more = h;
	}
	h->queue = queue;
	h->watch = w;
	h->entry = (struct wait_entry){ .wake = hook_wake,
					.exclusive = w->asked & EPOLLEXCLUSIVE };
	wait_add(queue, &h->entry);
}

/* After this no wake comes. */
static void hooks_remove(struct watch *w)
{
	for (unsigned i = 0; i < w->n_hooks; i++)
		wait_remove(w->hooks[i].queue, &w->hooks[i].entry);
	while (w->more) {
		struct hook *h = w->more;

		w->more = h->next;
		wait_remove(h->queue, &h->entry);
		kfree(h);
	}
}

static void watch_set(struct watch *w, const struct epoll_event *event)
{
	w->asked = event->events | EPOLLERR | EPOLLHUP;
	w->data = event->data;
	/* A wake from here on goes by the new events; what came before is found by asking. */
	__atomic_store_n(&w->events, w->asked, __ATOMIC_SEQ_CST);
}

u32 watch_poll(struct watch *w)
{
	return file_poll(w->file, NULL) & w->events & ~EPOLL_PRIVATE;
}

int watch_add(struct epoll *ep, struct file *file, int fd, const struct epoll_event *event)
{
	struct watch_table table = { .table = { .add = hook_add } };
	int err = ipc_charge(ep->uid, IPC_EPOLL_WATCHES, epoll_max_watches);
	struct watch *w;

	if (err < 0)
		return err == -ABI_EDQUOT ? -ENOSPC : err;
	w = kzalloc(sizeof(*w), MM_KERNEL);
	if (!w) {
		ipc_uncharge(ep->uid, IPC_EPOLL_WATCHES);
		return -ENOMEM;
	}
	w->epoll = ep;
	w->file = file;
	w->fd = fd;
	w->nests = file->ops == &epoll_ops;
	list_init(&w->ready_link);
	list_init(&w->nested_link);
	watch_set(w, event);
	watch_insert(ep, w);
	if (w->nests)
		list_add_tail(&w->nested_link, &ep->nested);
	spin_lock(&file->lock);
	list_add_tail(&w->file_link, &file->epoll_links);
	spin_unlock(&file->lock);
	table.watch = w;
	table.table.events = w->asked & ~EPOLL_PRIVATE;
	if (file_poll(file, &table.table) & w->asked & ~EPOLL_PRIVATE)
		watch_ready(w);
	if (w->error) {
		watch_remove(w);
		return -ENOMEM;
	}
	return 0;
}

void watch_change(struct watch *w, const struct epoll_event *event)
{
	watch_set(w, event);
	if (watch_poll(w))
		watch_ready(w);
}

void watch_remove(struct watch *w)
{
	struct epoll *ep = w->epoll;
	u64 flags;

	hooks_remove(w);
	flags = spin_lock_irq(&ep->ready_lock);
	list_del_init(&w->ready_link);
	spin_unlock_irq(&ep->ready_lock, flags);
	list_del_init(&w->nested_link);
	rb_erase(&ep->watches, &w->node);
	/* Once it is off the list the file may go. */
	spin_lock(&w->file->lock);
	list_del_init(&w->file_link);
	spin_unlock(&w->file->lock);
	kfree(w);
	ipc_uncharge(ep->uid, IPC_EPOLL_WATCHES);
}

void watch_file_gone(struct file *file)
{
	for (;;) {
		struct epoll *ep = NULL;
		struct watch *w;

		/* While one of its watches is on the list the epoll has a reference of its own. */
		spin_lock(&file->lock);
		if (!list_empty(&file->epoll_links)) {
			ep = list_first_entry(&file->epoll_links, struct watch, file_link)->epoll;
			ref_get(&ep->refs);
		}
		spin_unlock(&file->lock);
		if (!ep)
			return;
		mutex_lock(&ep->lock);
		while ((w = watch_find_file(ep, file)) != NULL)
			watch_remove(w);
		mutex_unlock(&ep->lock);
		epoll_put(ep);
	}
}
