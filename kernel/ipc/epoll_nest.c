/*
 * Epolls that watch epolls: no cycles, since a wake would run in circles, and no long chains, since
 * each link takes kernel stack (epoll_ctl(2), ELOOP). Links are made one at a time under nest_lock;
 * they may go at any moment, which only makes chains shorter.
 *
 * A search visits each epoll once: its stamp says that `below` or `above` is already computed.
 */
#include "ipc/epoll_int.h"

#include "abi/errno.h"

static struct mutex nest_lock = MUTEX_INIT(nest_lock, RANK_EPOLL_NEST, "epoll_nest");
static u64 stamp; /* nest_lock: counts searches */

/* The longest chain from ep downwards; more than EPOLL_DEPTH if it leads to `end`. */
static u32 chain_below(struct epoll *ep, const struct epoll *end)
{
	struct watch *w;
	u32 longest = 0;

	if (ep == end)
		return EPOLL_DEPTH + 1;
	if (ep->down_stamp == stamp)
		return ep->below;
	mutex_lock(&ep->lock);
	list_for_each_entry(w, &ep->nested, nested_link)
		longest = max(longest, chain_below(w->file->private, end));
	mutex_unlock(&ep->lock);
	ep->down_stamp = stamp;
	ep->below = longest + 1;
	return ep->below;
}

/* The longest chain from ep upwards. A watch on the list keeps its epoll and the file of that. */
static u32 chain_above(struct epoll *ep)
{
	struct watch *w;
	u32 longest = 0;

	if (ep->up_stamp == stamp)
		return ep->above;
	spin_lock(&ep->file->lock);
	list_for_each_entry(w, &ep->file->epoll_links, file_link)
		longest = max(longest, chain_above(w->epoll));
	spin_unlock(&ep->file->lock);
	ep->up_stamp = stamp;
	ep->above = longest + 1;
	return ep->above;
}

int epoll_nest_begin(struct epoll *outer, struct epoll *inner)
{
	mutex_lock(&nest_lock);
	stamp++;
	if (chain_below(inner, outer) + chain_above(outer) <= EPOLL_DEPTH)
		return 0;
	mutex_unlock(&nest_lock);
	return -ELOOP;
}

void epoll_nest_end(void)
{
	mutex_unlock(&nest_lock);
}
