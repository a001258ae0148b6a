/*
 * Sockets of AF_INET and AF_INET6 over NETLINK_SOCK_DIAG: all of a protocol, or the one with given
 * ends. A dump goes through the protocol's table of ports and remembers the place; what a message
 * says of one socket is of one moment, but the whole is not.
 */
#include "net/netlink/diag_inet.h"

#include "abi/capability.h"
#include "abi/errno.h"
#include "abi/tcp.h"
#include "mm/slab.h"
#include "net/inet/ports.h"
#include "net/netlink/netlink_int.h"
#include "net/raw/raw.h"
#include "net/tcp/tcp.h"
#include "net/udp/udp.h"

#define REQUEST ((u32)sizeof(struct inet_diag_req_v2))
#define MESSAGE 1024 /* of one socket */

bool diag_wants(const struct diag_walk *w, const struct diag_entry *e)
{
	const struct inet_diag_req_v2 *q = w->q;

	if (q->sdiag_family != AF_UNSPEC && q->sdiag_family != e->family)
		return false;
	if (q->id.idiag_sport && q->id.idiag_sport != hton16(e->local_port))
		return false;
	if (q->id.idiag_dport && q->id.idiag_dport != hton16(e->remote_port))
		return false;
	return !w->filter || diag_filter_run(w->filter, w->filter_length, e);
}

static void put_address(u32 to[4], u16 family, const struct ipaddr *a)
{
	memset(to, 0, 16);
	if (family == AF_INET)
		to[0] = a->w[3];
	else
		memcpy(to, a->w, 16);
}

struct inet_diag_msg *diag_begin(struct diag_walk *w, const struct diag_entry *e)
{
	struct inet_diag_msg *m = nl_begin(w->out, SOCK_DIAG_BY_FAMILY, w->flags, w->seq, w->port,
					   sizeof(*m));

	if (!m)
		return NULL;
	m->idiag_family = (u8)e->family;
	m->id.idiag_sport = hton16(e->local_port);
	m->id.idiag_dport = hton16(e->remote_port);
	put_address(m->id.idiag_src, e->family, e->local);
	put_address(m->id.idiag_dst, e->family, e->remote);
	m->id.idiag_if = e->nif;
	return m;
}

static bool is_tcp(const struct inet_sock *i)
{
	return i->sock.type == SOCK_STREAM;
}

/* With the sock's lock. */
static void put_state(struct inet_sock *i, struct inet_diag_msg *m)
{
	if (is_tcp(i)) {
		tcp_diag_state(i, m);
		return;
	}
	m->idiag_state = i->remote_port || !ipaddr_any(&i->remote) ? TCP_ESTABLISHED : TCP_CLOSE;
	m->idiag_rqueue = i->sock.receive_used;
	m->idiag_wqueue = i->sock.send_used;
}

static void put_attributes(struct inet_sock *i, struct diag_walk *w)
{
	struct sock *s = &i->sock;

	nl_put8(w->out, INET_DIAG_SHUTDOWN, READ_ONCE(s->shut));
	if (diag_asked(w, INET_DIAG_TOS))
		nl_put8(w->out, INET_DIAG_TOS, i->tos);
	if (s->family == AF_INET6)
		nl_put8(w->out, INET_DIAG_SKV6ONLY, i->only_6);
	if (w->see_marks)
		nl_put32(w->out, INET_DIAG_MARK, READ_ONCE(s->mark));
	if (diag_asked(w, INET_DIAG_MEMINFO)) {
		struct inet_diag_meminfo memory = { .idiag_rmem = READ_ONCE(s->receive_used),
						    .idiag_wmem = READ_ONCE(s->send_used),
						    .idiag_tmem = READ_ONCE(s->send_used) };

		nl_put(w->out, INET_DIAG_MEMINFO, &memory, sizeof(memory));
	}
	if (diag_asked(w, INET_DIAG_SKMEMINFO))
		diag_put_memory(w->out, INET_DIAG_SKMEMINFO, s);
	if (i->is_raw)
		nl_put8(w->out, INET_DIAG_PROTOCOL, (u8)s->protocol);
	if (is_tcp(i))
		tcp_diag_attributes(i, w);
}

/* The message of a socket that is wanted; false: it does not fit. */
static bool put_sock(struct inet_sock *i, struct diag_walk *w)
{
	struct inet_diag_msg state = { 0 }, *m = NULL;
	struct diag_entry e = {
		.local = &i->local, .remote = &i->remote, .family = i->sock.family,
		.nif = READ_ONCE(i->sock.bound_if), .mark = READ_ONCE(i->sock.mark),
	};
	bool wanted;

	spin_lock(&i->sock.lock);
	put_state(i, &state);
	e.local_port = i->local_port;
	e.remote_port = i->remote_port;
	e.bound_port = i->bound_port;
	wanted = w->q->idiag_states & 1u << state.idiag_state && diag_wants(w, &e) &&
		 !(is_tcp(i) && state.idiag_state == TCP_CLOSE);
	if (wanted) {
		m = diag_begin(w, &e);
		if (m) {
			state.idiag_family = m->idiag_family;
			state.id = m->id;
			*m = state;
		}
	}
	spin_unlock(&i->sock.lock);
	if (!wanted)
		return true;
	if (m) {
		diag_cookie_put(i->sock.cookie, m->id.idiag_cookie);
		m->idiag_uid = i->sock.uid;
		m->idiag_inode = (u32)READ_ONCE(i->sock.ino);
		put_attributes(i, w);
	}
	return nl_end(w->out);
}

static bool each(struct inet_sock *i, void *arg)
{
	struct diag_walk *w = arg;

	if (w->n++ < w->skip)
		return true;
	if (!w->inner && !put_sock(i, w))
		goto full;
	if (is_tcp(i) && w->q->idiag_states & 1u << TCP_SYN_RECV) {
		w->inner += !w->inner;
		if (!tcp_diag_requests(i, w))
			goto full;
	}
	w->inner = 0;
	w->skip = w->n;
	return true;
full:
	w->full = true;
	return false;
}

static bool each_wait(struct flow_wait *f, void *arg)
{
	struct diag_walk *w = arg;

	w->full = !tcp_diag_wait(f, w);
	return !w->full;
}

/* What a request has beside its header: a protocol, a filter (NULL: none). 0 or -errno. */
struct question { u32 protocol; const void *filter; u32 length; };

static int question_parse(const void *request, u32 length, struct question *q)
{
	const struct nlattr *a[INET_DIAG_REQ_PROTOCOL + 1];
	int err = nl_attributes((const u8 *)request + REQUEST, length - REQUEST, a, ARRAY_SIZE(a));

	*q = (struct question){
		.protocol = ((const struct inet_diag_req_v2 *)request)->sdiag_protocol,
	};
	if (!err && a[INET_DIAG_REQ_PROTOCOL])
		err = nl_get(a[INET_DIAG_REQ_PROTOCOL], &q->protocol, 4);
	if (err || !a[INET_DIAG_REQ_BYTECODE])
		return err;
	q->filter = nl_data(a[INET_DIAG_REQ_BYTECODE]);
	q->length = nl_size(a[INET_DIAG_REQ_BYTECODE]);
	return q->length < sizeof(struct inet_diag_bc_op) ? -EINVAL : 0;
}

static struct port_table *table_of(u32 protocol)
{
	return protocol == IPPROTO_TCP ? tcp_port_table() : udp_port_table(protocol);
}

static int inet_check(struct nl_request *r)
{
	struct question q;
	u64 *boundary;
	int err = question_parse(r->payload, r->length, &q);

	if (err)
		return err;
	if (!table_of(q.protocol) && q.protocol != IPPROTO_RAW)
		return -ENOENT;
	if (!q.filter)
		return 0;
	boundary = kmalloc_array(q.length / 4 / 64 + 1, sizeof(*boundary), MM_KERNEL);
	if (!boundary)
		return -ENOMEM;
	err = diag_filter_check(q.filter, q.length, sock_capable(CAP_NET_ADMIN), boundary);
	kfree(boundary);
	return err;
}

/* at: bucket, place in it; place in a list, or those two of flows that wait; in a listener. */
static int inet_dump(struct nl_dump *d, struct nl_out *out)
{
	struct question q;
	int err = question_parse(d->request, d->length, &q);
	struct port_table *table = table_of(q.protocol);
	struct diag_walk w = {
		.out = out, .q = d->request, .filter = q.filter, .filter_length = q.length,
		.seq = d->seq, .port = d->port, .flags = NLM_F_MULTI,
		.see_marks = sock_capable(CAP_NET_ADMIN), .inner = (u32)d->at[3],
		.place = { (u32)d->at[0], (u32)d->at[1] }, .skip = table ? 0 : d->at[2],
		.wait_place = { (u32)d->at[2], (u32)(d->at[2] >> 32) },
	};

	if (err)
		return err;
	if (table)
		port_walk_from(table, &w.place, each, &w);
	else
		raw_walk(w.q->sdiag_family, each, &w);
	if (table && !w.full && w.q->idiag_states & 1u << TCP_TIME_WAIT)
		flow_wait_walk(table, &w.wait_place, each_wait, &w);
	d->at[0] = w.place.bucket;
	d->at[1] = w.place.skip;
	d->at[2] = table ? (u64)w.wait_place.skip << 32 | w.wait_place.bucket : w.skip;
	d->at[3] = w.inner;
	return w.full;
}

/* The ends of a request. */
static void ends(const struct inet_diag_req_v2 *q, struct ipaddr *local, struct ipaddr *remote)
{
	if (q->sdiag_family == AF_INET) {
		*local = ipaddr_4(q->id.idiag_src[0]);
		*remote = ipaddr_4(q->id.idiag_dst[0]);
	} else {
		memcpy(local, q->id.idiag_src, sizeof(*local));
		memcpy(remote, q->id.idiag_dst, sizeof(*remote));
	}
}

/* The socket of a request, or the flow without one, with a reference: a packet that it is for is
 * from `remote`. `swapped`: the request names the ends of such a packet, not the socket's. */
static struct inet_sock *find(const struct inet_diag_req_v2 *q, u32 protocol, bool swapped,
			      struct flow_wait **wait)
{
	struct port_table *t = table_of(protocol);
	u16 local_port = ntoh16(q->id.idiag_sport), remote_port = ntoh16(q->id.idiag_dport);
	struct ipaddr local, remote;
	struct inet_sock *i;

	ends(q, &local, &remote);
	if (swapped) {
		swap(local, remote);
		swap(local_port, remote_port);
	}
	rcu_read_lock();
	i = flow_find(t, &local, local_port, &remote, remote_port, q->id.idiag_if);
	if (!i)
		*wait = flow_wait_find(t, &local, local_port, &remote, remote_port, q->id.idiag_if);
	if (!i && !*wait)
		i = port_find(t, &local, local_port, &remote, remote_port, q->id.idiag_if, NULL);
	rcu_read_unlock();
	return i;
}

static int inet_one(struct nl_request *r)
{
	struct inet_diag_req_v2 q = *(const struct inet_diag_req_v2 *)r->payload, all;
	struct diag_walk w = { .q = &all, .seq = r->h->nlmsg_seq, .port = r->from->port,
			       .see_marks = sock_capable(CAP_NET_ADMIN) };
	struct question more;
	struct flow_wait *wait = NULL;
	struct inet_sock *i;
	struct nl_out out;
	int err = question_parse(r->payload, r->length, &more);

	if (err)
		return err;
	if (!table_of(more.protocol))
		return more.protocol == IPPROTO_RAW ? -EOPNOTSUPP : -ENOENT;
	i = find(&q, more.protocol, more.protocol != IPPROTO_TCP, &wait); /* as on Linux */
	if (!i && !wait)
		return -ENOENT;
	all = (struct inet_diag_req_v2){ .idiag_ext = q.idiag_ext, .idiag_states = ~0u };
	err = diag_cookie_check(i ? i->sock.cookie : tcp_diag_wait_cookie(wait),
				q.id.idiag_cookie);
	if (err && more.protocol == IPPROTO_TCP)
		err = -ENOENT; /* as on Linux */
	if (!err)
		err = nl_out_init(&out, MESSAGE);
	if (!err) {
		w.out = &out;
		if (i)
			put_sock(i, &w);
		else
			tcp_diag_wait(wait, &w);
		err = nl_answer(r, &out);
	}
	if (i)
		sock_put(&i->sock);
	else
		flow_wait_put(wait);
	return err;
}

/* The raw socket of a request. */
struct raw_wanted { const struct inet_diag_req_v2 *q; struct ipaddr local, remote;
		    struct inet_sock *found; };

static bool is_wanted(struct inet_sock *i, void *arg)
{
	struct raw_wanted *w = arg;
	u32 nif = READ_ONCE(i->sock.bound_if);

	if (i->sock.protocol != w->q->pad || !ipaddr_equal(&i->local, &w->local) ||
	    !ipaddr_equal(&i->remote, &w->remote) || (nif && nif != w->q->id.idiag_if) ||
	    diag_cookie_check(i->sock.cookie, w->q->id.idiag_cookie))
		return true;
	sock_get(&i->sock);
	w->found = i;
	return false;
}

static struct inet_sock *raw_find(const struct inet_diag_req_v2 *q)
{
	struct raw_wanted w = { .q = q };

	ends(q, &w.local, &w.remote);
	raw_walk(q->sdiag_family, is_wanted, &w);
	return w.found;
}

/* Ends a socket, or a connection that waits without one. */
static int destroy(struct nl_request *r, struct inet_sock *i, struct flow_wait *wait)
{
	const struct inet_diag_req_v2 *q = r->payload;

	if (!i && !wait)
		return -ENOENT;
	if (diag_cookie_check(i ? i->sock.cookie : tcp_diag_wait_cookie(wait), q->id.idiag_cookie))
		return -ENOENT;
	if (!nl_capable(r, CAP_NET_ADMIN))
		return -EPERM;
	if (!i)
		tcp_diag_wait_end(wait);
	else if (i->sock.ops->abort)
		i->sock.ops->abort(&i->sock, ECONNABORTED);
	else
		return -EOPNOTSUPP;
	return 0;
}

static int inet_destroy(struct nl_request *r)
{
	const struct inet_diag_req_v2 *q = r->payload;
	struct flow_wait *wait = NULL;
	struct question more;
	struct inet_sock *i;
	int err = question_parse(q, r->length, &more);

	if (err)
		return err;
	if (!table_of(more.protocol) && more.protocol != IPPROTO_RAW)
		return -ENOENT;
	i = more.protocol == IPPROTO_RAW ? raw_find(q) : find(q, more.protocol, false, &wait);
	err = destroy(r, i, wait);
	if (i)
		sock_put(&i->sock);
	else if (wait)
		flow_wait_put(wait);
	return err;
}

static const struct diag_family family4 = {
	.family = AF_INET, .header = REQUEST, .one = inet_one,
	.destroy = inet_destroy, .check = inet_check, .dump = inet_dump,
};
static const struct diag_family family6 = {
	.family = AF_INET6, .header = REQUEST, .one = inet_one,
	.destroy = inet_destroy, .check = inet_check, .dump = inet_dump,
};

void diag_inet_init(void)
{
	diag_register(&family4);
	diag_register(&family6);
}
