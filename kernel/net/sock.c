/*
 * Sockets as objects: families, the common part's life, errors, waking and waiting. What a socket
 * is as a file is sock_file.c's.
 *
 * Locks: families are registered at boot and constant afterwards.
 */
#include "net/sock_int.h"

#include "core/clock.h"
#include "core/panic.h"
#include "mm/slab.h"
#include "net/filter.h"

#define BUFFER_DEFAULT 212992

u32 sock_rmem_default = BUFFER_DEFAULT, sock_rmem_max = BUFFER_DEFAULT;
u32 sock_wmem_default = BUFFER_DEFAULT, sock_wmem_max = BUFFER_DEFAULT;
u32 sock_somaxconn = SOMAXCONN, sock_optmem_max = 20480;

static struct sock_family *families;      /* I after boot */
static const struct sock_host *sock_host; /* I after boot */
static u64 last_cookie;                   /* a */

void sock_family_register(struct sock_family *family)
{
	family->next = families;
	families = family;
}

void sock_set_host(const struct sock_host *host)
{
	sock_host = host;
}

const struct sock_host *sock_host_get(void)
{
	return sock_host;
}

struct sock_caller sock_caller(void)
{
	struct sock_caller c;

	sock_host->caller(&c);
	return c;
}

bool sock_process_exists(s32 pid)
{
	return sock_host->process_exists(pid);
}

bool sock_capable(unsigned capability)
{
	return cred_capable(sock_caller().cred, capability);
}

int sock_create(int family, int type, int protocol, struct sock **out)
{
	struct sock_family *f;

	if (family < 0 || family >= AF_MAX)
		return -EAFNOSUPPORT;
	if (type < 0 || type > SOCK_PACKET)
		return -EINVAL;
	for (f = families; f; f = f->next)
		if (f->family == family)
			return f->create((u16)family, type, protocol, out);
	return -EAFNOSUPPORT;
}

struct sock *sock_alloc(struct slab_cache *cache, size_t size, u16 family, int type, int protocol,
			const struct sock_ops *ops, unsigned flags)
{
	struct sock *s = slab_alloc(cache, flags | MM_ZERO);

	if (!s)
		return NULL;
	ref_set(&s->refs, 1);
	s->family = family;
	s->type = (u16)type;
	s->protocol = (u16)protocol;
	s->ops = ops;
	s->cache = cache;
	spin_init(&s->lock, RANK_SOCK, "sock");
	mutex_init(&s->send_lock, RANK_SOCK_SEND, "sock_send");
	mutex_init(&s->recv_lock, RANK_SOCK_RECV, "sock_recv");
	wait_init(&s->wait);
	packet_queue_init(&s->receive);
	s->receive_limit = READ_ONCE(sock_rmem_default);
	s->send_limit = READ_ONCE(sock_wmem_default);
	s->receive_low = 1;
	s->receive_timeout = s->send_timeout = ~0ull;
	s->peek_offset = -1;
	s->stamp_ns = ~0ull;
	s->incoming_cpu = -1;
	s->cookie = __atomic_add_fetch(&last_cookie, 1, __ATOMIC_RELAXED);
	list_init(&s->link);
	if (flags & MM_WAIT)
		s->uid = sock_caller().cred->fsuid;
	return s;
}

static void sock_free_rcu(struct rcu_head *head)
{
	struct sock *s = container_of(head, struct sock, rcu);

	slab_free(s->cache, s);
}

void sock_put(struct sock *s)
{
	if (!ref_put(&s->refs))
		return;
	if (s->ops->destroy)
		s->ops->destroy(s);
	sock_stamp_fini(s);
	if (unlikely(s->filter))
		filter_free(s);
	rcu_call(&s->rcu, sock_free_rcu);
}

int sock_error_take(struct sock *s)
{
	if (likely(!READ_ONCE(s->error)))
		return 0;
	return -__atomic_exchange_n(&s->error, 0, __ATOMIC_RELAXED);
}

void sock_set_error(struct sock *s, int error)
{
	WRITE_ONCE(s->error, error);
	sock_wake(s, POLLIN | POLLOUT | POLLRDNORM | POLLWRNORM | POLLERR);
}

void sock_wake_slow(struct sock *s, u32 events)
{
	if (events & (POLLHUP | POLLERR))
		wait_wake(&s->wait, events);
	else
		wait_wake_one(&s->wait, events);
	if (unlikely(READ_ONCE(s->async)))
		sock_async_tell(s, events & ~WAKE_SYNC);
}

static u64 deadline(u64 timeout_ns, u32 msg_flags)
{
	u64 at;

	if (msg_flags & MSG_DONTWAIT)
		return 0;
	if (likely(timeout_ns == ~0ull) || add_overflow(clock_monotonic(), timeout_ns, &at))
		return ~0ull;
	return timeout_ns ? at : 0;
}

u64 sock_receive_deadline(const struct sock *s, u32 msg_flags)
{
	return deadline(READ_ONCE(s->receive_timeout), msg_flags);
}

u64 sock_send_deadline(const struct sock *s, u32 msg_flags)
{
	return deadline(READ_ONCE(s->send_timeout), msg_flags);
}

int sock_wait_result(int err, u64 deadline_ns)
{
	if (err == -ABI_ETIMEDOUT)
		return -EAGAIN;
	return err == -ABI_ERESTARTSYS && deadline_ns != ~0ull ? -EINTR : err;
}

void sock_init(void)
{
	sock_async_init();
}
