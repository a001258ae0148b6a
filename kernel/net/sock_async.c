/*
 * Signals to the owner of a socket: SIGIO for O_ASYNC, SIGURG for urgent data (fcntl(2), F_SETOWN).
 * What happens is noted on the socket, often with its lock held; the signal, whose locks come
 * before that one, is sent by soft work a little later: when the system call that caused it
 * returns, at the latest.
 *
 * Locks: due_lock (RANK_NET_LEAF) is the list's. The list has a reference to each of its sockets.
 */
#include "net/sock_int.h"

#include "abi/signal.h"
#include "sched/soft.h"

#define URGENT POLLREMOVE /* in async_due: SIGURG; no event of sockets bears this bit */

static struct spinlock due_lock = SPINLOCK_INIT(RANK_NET_LEAF, "sock_async");
static struct sock *due; /* due_lock */

void sock_async_tell(struct sock *s, u32 events)
{
	spin_lock(&due_lock);
	if (!s->async_due) {
		sock_get(s);
		s->async_next = due;
		due = s;
	}
	s->async_due |= events;
	spin_unlock(&due_lock);
	soft_raise(SOFT_SIGNAL);
}

void sock_urgent(struct sock *s)
{
	sock_async_tell(s, URGENT);
	sock_wake(s, POLLPRI);
}

/* One signal tells of all that a kind of event brought. */
static void send(const struct file_owner *owner, u32 events)
{
	static const struct { u32 events; int code; } kinds[] = {
		{ POLLIN | POLLRDNORM, POLL_IN }, { POLLOUT | POLLWRNORM, POLL_OUT },
		{ POLLERR, POLL_ERR }, { POLLHUP, POLL_HUP }, { POLLPRI, POLL_PRI },
	};

	for (unsigned i = 0; i < ARRAY_SIZE(kinds); i++)
		if (events & kinds[i].events) {
			sock_host_get()->signal(owner, SIGIO, kinds[i].code, kinds[i].events);
			return;
		}
}

static void async_run(void)
{
	struct sock *s;

	for (;;) {
		struct file_owner owner;
		u32 events = 0;
		bool async;

		spin_lock(&due_lock);
		s = due;
		if (s) {
			due = s->async_next;
			events = s->async_due;
			s->async_due = 0;
		}
		spin_unlock(&due_lock);
		if (!s)
			return;
		spin_lock(&s->lock);
		owner = s->owner;
		async = s->async;
		spin_unlock(&s->lock);
		if (owner.id && events & URGENT)
			sock_host_get()->signal(&owner, SIGURG, POLL_PRI, POLLPRI | POLLRDBAND);
		if (owner.id && async)
			send(&owner, events & ~URGENT);
		sock_put(s);
	}
}

void sock_async_init(void)
{
	soft_register(SOFT_SIGNAL, async_run);
}
