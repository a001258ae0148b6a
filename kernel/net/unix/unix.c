/*
 * AF_UNIX (unix(7)): a socket's life from socket(2) to its end, and what all types share. Names are
 * in unix_name.c, connections in unix_connect.c, data in unix_stream.c and unix_datagram.c, what
 * goes with them in unix_scm.c, lost descriptors in unix_gc.c.
 */
#include "net/unix/unix_int.h"

#include "abi/ioctl.h"
#include "abi/termios.h"
#include "arch/usercopy.h"
#include "core/panic.h"
#include "lib/string.h"
#include "mm/slab.h"

#define LINEAR_MAX 3584u            /* bytes that are copied to the linear part */
#define CHUNK_ORDER 3               /* of pages for more */

u32 unix_max_dgram_qlen = 10;

static struct slab_cache *unix_cache;
static const struct sock_ops stream_ops, datagram_ops, seqpacket_ops;

struct unix_sock *unix_alloc(int type, unsigned flags)
{
	const struct sock_ops *ops = type == SOCK_STREAM ? &stream_ops :
				     type == SOCK_DGRAM	 ? &datagram_ops :
							   &seqpacket_ops;
	struct sock *s = sock_alloc(unix_cache, sizeof(struct unix_sock), AF_UNIX, type, 0, ops,
				    flags);
	struct unix_sock *u;

	if (!s)
		return NULL;
	u = unix_sock(s);
	list_init(&u->pending);
	list_init(&u->pending_link);
	list_init(&u->stalls);
	list_init(&u->stall.link);
	u->stall.sender = s;
	list_init(&u->flight_link);
	list_init(&u->gc_link);
	u->backlog = READ_ONCE(unix_max_dgram_qlen);
	unix_enter(u);
	return u;
}

static int unix_create(u16 family, int type, int protocol, struct sock **out)
{
	struct unix_sock *u;

	if (protocol && protocol != AF_UNIX)
		return -EPROTONOSUPPORT;
	if (type == SOCK_RAW) /* as others have it */
		type = SOCK_DGRAM;
	if (type != SOCK_STREAM && type != SOCK_DGRAM && type != SOCK_SEQPACKET)
		return -ESOCKTNOSUPPORT;
	u = unix_alloc(type, MM_KERNEL);
	if (!u)
		return -ENOMEM;
	*out = &u->sock;
	return 0;
}

void unix_lock_two(struct unix_sock *a, struct unix_sock *b)
{
	if (a > b)
		swap(a, b);
	spin_lock(&a->sock.lock);
	if (a != b)
		spin_lock(&b->sock.lock);
}

void unix_unlock_two(struct unix_sock *a, struct unix_sock *b)
{
	spin_unlock(&a->sock.lock);
	if (a != b)
		spin_unlock(&b->sock.lock);
}

struct unix_sock *unix_peer_get(struct unix_sock *u)
{
	struct unix_sock *peer;

	spin_lock(&u->sock.lock);
	peer = u->peer;
	if (peer)
		sock_get(&peer->sock);
	spin_unlock(&u->sock.lock);
	return peer;
}

void unix_set_creds(struct unix_sock *u, s32 pid, const struct cred *cred)
{
	const struct cred *old = u->peer_cred;

	u->peer_pid = pid;
	u->peer_cred = cred ? cred_get(cred) : NULL;
	if (old)
		cred_put(old);
}

/* Data ----------------------------------------------------------------------------------------- */

/* Pages as large as can be had, for n bytes of a message; the last one may be cut off. */
static int add_pages(struct packet *p, struct msg *m, u32 n)
{
	while (n) {
		unsigned order = CHUNK_ORDER;
		struct page *page;
		u32 size;

		while (order && PAGE_SIZE << (order - 1) >= n)
			order--;
		page = order ? page_alloc_order(order, MM_KERNEL | MM_NORETRY) : NULL;
		if (!page) {
			order = 0;
			page = page_alloc(MM_KERNEL);
		}
		if (!page)
			return -ENOBUFS;
		size = min((u32)PAGE_SIZE << order, n);
		if (iov_copy_from(m->iter, page_to_virt(page), size) != size) {
			page_put(page);
			return -EFAULT;
		}
		if (!packet_add_frag(p, page, 0, size)) {
			page_put(page);
			return -ENOBUFS;
		}
		n -= size;
	}
	return 0;
}

int unix_packet(struct sock *s, struct msg *m, u32 n, struct packet **out)
{
	u32 linear = n <= LINEAR_MAX ? n : 0;
	struct packet *p = packet_alloc(0, linear, MM_KERNEL);
	int err = 0;

	if (!p)
		return -ENOBUFS;
	if (linear) {
		if (iov_copy_from(m->iter, packet_put(p, n), n) != n)
			err = -EFAULT;
	} else {
		err = add_pages(p, m, n);
	}
	if (err) {
		packet_free(p);
		return err;
	}
	sock_charge_send(s, p);
	unix_scm(p)->rights = NULL;
	unix_scm(p)->has_cred = false;
	*out = p;
	return 0;
}

bool unix_queue_full(const struct unix_sock *to)
{
	return READ_ONCE(to->sock.receive.n) > READ_ONCE(to->backlog);
}

void unix_unstall(struct unix_sock *u)
{
	if (likely(list_empty(&u->stalls)))
		return;
	spin_lock(&u->sock.lock);
	while (!list_empty(&u->stalls)) {
		struct unix_stall *stall = list_first_entry(&u->stalls, struct unix_stall, link);

		list_del_init(&stall->link);
		sock_wake(stall->sender, POLLOUT | POLLWRNORM);
	}
	spin_unlock(&u->sock.lock);
}

void unix_stall_cancel(struct unix_sock *u, struct unix_sock *peer)
{
	if (!peer)
		return;
	spin_lock(&peer->sock.lock);
	list_del_init(&u->stall.link);
	spin_unlock(&peer->sock.lock);
}

void unix_name_out(struct msg *m, struct sock *from)
{
	const struct unix_address *a = from ? READ_ONCE(unix_sock(from)->address) : NULL;

	if (!a || !m->wants_name || m->name_length)
		return;
	memcpy(&m->name, &a->name, min(a->length, (u32)sizeof(m->name)));
	m->name_length = a->length;
}

/* The end -------------------------------------------------------------------------------------- */

/* The other end of a connection learns of it; what it did not read it will not. */
static void peer_hangup(struct unix_sock *u, struct unix_sock *peer, bool reset)
{
	spin_lock(&peer->sock.lock);
	peer->sock.shut = SOCK_SHUT_RD | SOCK_SHUT_WR;
	if (reset)
		WRITE_ONCE(peer->sock.error, ECONNRESET);
	spin_unlock(&peer->sock.lock);
	sock_wake(&peer->sock, POLLIN | POLLRDNORM | POLLOUT | POLLHUP | POLLRDHUP);
}

/* Ends the socket; `embryo`: nobody ever accepted it. Its queue and connections are left in *queue
 * and *pending. */
static struct unix_sock *end(struct unix_sock *u, struct packet_queue *queue,
			     struct list *pending)
{
	struct unix_sock *peer;

	spin_lock(&u->sock.lock);
	u->state = UNIX_IDLE;
	u->dead = true;
	u->sock.shut = SOCK_SHUT_RD | SOCK_SHUT_WR;
	peer = u->peer;
	u->peer = NULL;
	*queue = u->sock.receive;
	if (!queue->first)
		queue->last = &queue->first;
	packet_queue_init(&u->sock.receive);
	u->urgent = NULL;
	list_splice_init(&u->pending, pending);
	u->n_pending = 0;
	spin_unlock(&u->sock.lock);
	return peer;
}

static void close_one(struct unix_sock *u, bool embryo, struct list *pending)
{
	struct packet_queue queue;
	struct unix_sock *peer;
	bool unread;

	unix_forget(u);
	peer = end(u, &queue, pending);
	unread = u->sock.type == SOCK_STREAM ? queue.bytes : queue.first != NULL;
	sock_wake(&u->sock, POLLIN | POLLOUT | POLLHUP); /* who waits to be connected */
	unix_unstall(u);
	if (peer && u->sock.type == SOCK_DGRAM)
		unix_stall_cancel(u, peer);
	else if (peer)
		peer_hangup(u, peer, unread || embryo);
	packet_queue_free(&queue);
	unix_put(peer);
	unix_put(u);
}

void unix_close(struct sock *s)
{
	struct list pending;

	list_init(&pending);
	close_one(unix_sock(s), false, &pending);
	while (!list_empty(&pending)) {
		struct unix_sock *u = list_first_entry(&pending, struct unix_sock, pending_link);

		list_del_init(&u->pending_link);
		close_one(u, true, &pending);
	}
	unix_collect();
}

static void unix_destroy(struct sock *s)
{
	struct unix_sock *u = unix_sock(s);

	if (u->address)
		unix_address_put(u->address);
	if (u->peer_cred)
		cred_put(u->peer_cred);
}

/* Calls of all types --------------------------------------------------------------------------- */

static int unix_name(struct sock *s, bool peer, struct sockaddr_storage *a)
{
	struct unix_sock *u = unix_sock(s), *of = u;
	const struct unix_address *address;
	int length = sizeof(a->ss_family);

	if (peer) {
		of = unix_peer_get(u);
		if (!of)
			return -ENOTCONN;
	}
	address = READ_ONCE(of->address);
	a->ss_family = AF_UNIX;
	if (address) {
		length = (int)address->length;
		memcpy(a, &address->name, (size_t)length);
	}
	if (peer)
		unix_put(of);
	return length;
}

static int unix_shutdown(struct sock *s, int how)
{
	u8 mode = (u8)(how + 1); /* SHUT_RD … to enum sock_shut */
	u8 other = (u8)((mode & SOCK_SHUT_RD ? SOCK_SHUT_WR : 0) |
			(mode & SOCK_SHUT_WR ? SOCK_SHUT_RD : 0));
	struct unix_sock *u = unix_sock(s), *peer;

	spin_lock(&s->lock);
	s->shut |= mode;
	peer = u->peer;
	if (peer)
		sock_get(&peer->sock);
	spin_unlock(&s->lock);
	sock_wake(s, POLLIN | POLLRDNORM | POLLOUT | POLLRDHUP | POLLHUP);
	unix_unstall(u);
	if (peer && s->type != SOCK_DGRAM) {
		spin_lock(&peer->sock.lock);
		peer->sock.shut |= other;
		spin_unlock(&peer->sock.lock);
		sock_wake(&peer->sock, POLLIN | POLLRDNORM | POLLOUT | POLLRDHUP | POLLHUP);
	}
	unix_put(peer);
	return 0;
}

long unix_input_length(struct sock *s)
{
	struct unix_sock *u = unix_sock(s);
	long n = 0;

	spin_lock(&s->lock);
	if (u->state == UNIX_LISTEN)
		n = -EINVAL;
	else if (s->type == SOCK_DGRAM)
		n = s->receive.first ? s->receive.first->length : 0;
	else
		for (struct packet *p = s->receive.first; p; p = p->next)
			n += p->length;
	spin_unlock(&s->lock);
	return n;
}

static long unix_ioctl(struct sock *s, u32 request, u64 arg)
{
	long n;
	int out;

	switch (request) {
	case TIOCOUTQ: /* SIOCOUTQ */
		n = READ_ONCE(s->send_used);
		break;
	case FIONREAD: /* SIOCINQ */
		n = unix_input_length(s);
		break;
	case SIOCATMARK:
		n = unix_at_mark(s);
		break;
	default:
		return -ENOTTY;
	}
	if (n < 0)
		return n;
	out = (int)n;
	return copy_out_obj((int __user *)arg, &out);
}

/* Of who connected, listened, or made the pair: a reference of theirs. */
static const struct cred *peer_cred(struct unix_sock *u, struct ucred *out)
{
	const struct cred *cred;

	*out = (struct ucred){ 0, ~0u, ~0u };
	spin_lock(&u->sock.lock);
	cred = u->peer_cred;
	if (cred) {
		cred_get(cred);
		*out = (struct ucred){ u->peer_pid, cred->euid, cred->egid };
	}
	spin_unlock(&u->sock.lock);
	return cred;
}

static int get_groups(const struct cred *cred, void __user *value, u32 *n)
{
	u32 room = *n, size = cred->groups ? cred->groups->n * (u32)sizeof(u32) : 0;

	*n = size;
	if (room < size)
		return -ERANGE;
	return size ? copy_out(value, cred->groups->gid, size) : 0;
}

static int unix_get_option(struct sock *s, int level, int name, void __user *value, u32 *n)
{
	struct unix_sock *u = unix_sock(s);
	const struct cred *cred;
	struct ucred who;
	int err;

	if (level != SOL_SOCKET)
		return -EOPNOTSUPP;
	switch (name) {
	case SO_PEERCRED:
	case SO_PEERGROUPS:
		cred = peer_cred(u, &who);
		if (name == SO_PEERGROUPS) {
			err = cred ? get_groups(cred, value, n) : -ENODATA;
		} else {
			*n = min(*n, (u32)sizeof(who));
			err = copy_out(value, &who, *n);
		}
		if (cred)
			cred_put(cred);
		return err;
	default:
		return -ENOPROTOOPT;
	}
}

/* What all types have in common. */
#define UNIX_OPS \
	.bind = unix_bind, .name = unix_name, .shutdown = unix_shutdown, .ioctl = unix_ioctl, \
	.get_option = unix_get_option, .peeks_on = true, .flush = unix_flush, \
	.close = unix_close, .destroy = unix_destroy, .pair = unix_pair
/* And those with connections. */
#define UNIX_CONNECTION_OPS \
	.connect = unix_stream_connect, .listen = unix_listen, .accept = unix_accept, \
	.poll = unix_stream_poll

static const struct sock_ops stream_ops = {
	UNIX_OPS,
	UNIX_CONNECTION_OPS,
	.send = unix_stream_send,
	.recv = unix_stream_recv,
	.send_page = unix_stream_send_page,
};

static const struct sock_ops datagram_ops = {
	UNIX_OPS,
	.connect = unix_datagram_connect,
	.send = unix_datagram_send,
	.recv = unix_datagram_recv,
	.poll = unix_datagram_poll,
};

static const struct sock_ops seqpacket_ops = {
	UNIX_OPS,
	UNIX_CONNECTION_OPS,
	.send = unix_seqpacket_send,
	.recv = unix_seqpacket_recv,
};

void unix_init(void)
{
	static struct sock_family family = { .family = AF_UNIX, .create = unix_create };

	unix_cache = slab_cache_create("unix", sizeof(struct unix_sock), 64);
	if (!unix_cache)
		panic("unix: no memory");
	unix_gc_init();
	unix_diag_init();
	sock_family_register(&family);
}
