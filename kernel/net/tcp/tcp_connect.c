/*
 * bind(2) and connect(2).
 */
#include "abi/fcntl.h"
#include "net/tcp/tcp_int.h"
#include "net/tcp/tcp_setting.h"

bool tcp_is_listening(const struct sock *s)
{
	return READ_ONCE(((const struct tcp_sock *)s)->state) == TCP_LISTEN;
}

int tcp_bind(struct sock *s, const struct sockaddr_storage *a, u32 length)
{
	struct inet_sock *i = inet_sock(s);
	struct ipaddr addr;
	u32 scope = 0;
	u16 port;
	int err = inet_bind_address(i, a, length, &addr, &port, &scope);

	if (err)
		return err;
	spin_lock(&s->lock);
	if (tcp_sock(s)->state != TCP_CLOSE || i->local_port)
		err = -EINVAL;
	if (!err && ipaddr_multicast(&addr))
		err = ipaddr_is4(&addr) ? -EADDRNOTAVAIL : -EINVAL;
	if (!err) {
		i->scope = scope;
		err = inet_bind_port(tcp_ports, i, &addr, port, tcp_is_listening);
		if (err)
			i->scope = 0;
	}
	if (!err) {
		i->bound_address = !ipaddr_any(&addr);
		i->bound_port = i->local_port != 0;
	}
	spin_unlock(&s->lock);
	return err;
}

/* The route and with it our address. */
static int choose_path(struct tcp_sock *t, const struct ipaddr *to, u16 port, u32 scope)
{
	struct inet_sock *i = &t->inet;
	struct route *r;
	int err = 0;

	i->remote = ipaddr_any(to) ? inet_this_machine(to) : *to;
	if (ipaddr_multicast(&i->remote))
		return -ENETUNREACH;
	i->remote_port = port;
	if (scope) {
		if (i->sock.bound_if && i->sock.bound_if != scope)
			return -EINVAL;
		i->scope = scope;
	}
	if (inet_needs_scope(to) && !i->scope && !i->sock.bound_if)
		return -EINVAL;
	r = inet_sock_route(i, &err);
	if (!r)
		return err;
	if (r->kind == ROUTE_BROADCAST || r->kind == ROUTE_MULTICAST)
		return -ENETUNREACH;
	if (ipaddr_any(&i->local)) {
		i->source = r->from;
	} else {
		i->source = i->local;
	}
	return 0;
}

/* Takes the pair of ends: a socket without address gets the route's. */
static int take_flow(struct tcp_sock *t)
{
	struct inet_sock *i = &t->inet;

	if (i->local_port) {
		struct ipaddr before = i->local;
		int err;

		i->local = i->source;
		err = flow_enter(tcp_ports, i, NULL);
		if (err)
			i->local = before;
		return err;
	}
	i->local = i->source;
	return port_bind_flow(tcp_ports, i, NULL);
}

static void send_syn(struct tcp_sock *t, struct route *r)
{
	struct sock *s = tcp_base(t);
	struct tcp_sent *sent;

	tcp_set_iss(t, tcp_isn(&t->inet.source, t->inet.local_port, &t->inet.remote,
			       t->inet.remote_port));
	t->mss_peer = 0xffff;
	t->path_mtu = 0;
	t->advmss = 0;
	t->pseudo_sum = ip_pseudo_sum(&t->inet.source, &t->inet.remote, IPPROTO_TCP, 0);
	tcp_window_first(s->receive_limit, 0, READ_ONCE(tcp_window_scaling), &t->rcv_wnd,
			 &t->rcv_wscale);
	t->engine = true;
	sock_get(s);
	tcp_set_state(t, TCP_SYN_SENT);
	tcp_count(ActiveOpens);
	sent = tcp_sent_add(t, t->iss, t->iss + 1);
	(void)tcp_transmit(t, t->iss, 0, TCP_SYN);
	if (sent)
		sent->ns = clock_monotonic();
	tcp_tx_arm(t, TX_RTO, clock_monotonic() + t->rto);
}

/* With the lock: -EINPROGRESS, or why not. */
static int begin_connect(struct tcp_sock *t, const struct ipaddr *to, u16 port, u32 scope)
{
	struct inet_sock *i = &t->inet;
	int err;

	tcp_base(t)->shut = 0;
	err = choose_path(t, to, port, scope);
	if (!err)
		err = take_flow(t);
	if (err) {
		i->remote = inet_any(i);
		i->remote_port = 0;
		if (!i->bound_address && !i->local_port)
			i->local = inet_any(i);
		inet_sock_drop_route(i);
		return err;
	}
	send_syn(t, i->route);
	t->phase = PHASE_CONNECTING;
	return -EINPROGRESS;
}

/* The attempt is over: 0, or the error of it, and the socket is as before. With the lock. */
static int end_connect(struct tcp_sock *t, bool *reset)
{
	struct sock *s = tcp_base(t);
	int err;

	if (t->state != TCP_CLOSE) {
		t->phase = PHASE_CONNECTED;
		return 0;
	}
	err = sock_take_error(s);
	*reset = true;
	return err ? err : -ECONNABORTED;
}

static bool in_handshake(const struct tcp_sock *t)
{
	return (1u << READ_ONCE(t->state)) & (S_(SYN_SENT) | S_(SYN_RECV));
}

static int start_or_join(struct tcp_sock *t, const struct ipaddr *to, u16 port, u32 scope)
{
	switch (t->phase) {
	case PHASE_CONNECTED:
		return -EISCONN;
	case PHASE_CONNECTING:
		return -EALREADY;
	}
	return t->state != TCP_CLOSE ? -EISCONN : begin_connect(t, to, port, scope);
}

int tcp_connect(struct sock *s, const struct sockaddr_storage *a, u32 length, u32 flags)
{
	struct tcp_sock *t = tcp_sock(s);
	u32 nonblock = flags & O_NONBLOCK ? MSG_DONTWAIT : 0, scope = 0;
	u64 deadline = sock_send_deadline(s, nonblock);
	bool reset = false;
	struct ipaddr to;
	int err, waited;
	u16 port;

	if (a->ss_family == AF_UNSPEC)
		return tcp_disconnect(s);
	err = inet_address_in(s, a, length, &to, &port, &scope);
	if (err)
		return err;
	spin_lock(&s->lock);
	if (t->state == TCP_CLOSE)
		t->inet.six.flow = inet_address_flow(s, a, length);
	err = start_or_join(t, &to, port, scope);
	spin_unlock(&s->lock);
	if (err != -ABI_EINPROGRESS && err != -ABI_EALREADY)
		return err;
	if (in_handshake(t)) {
		if (!deadline)
			return err;
		waited = sock_wait_for(s, POLLOUT, !in_handshake(t), deadline);
		if (waited)
			return waited == -ABI_EAGAIN ? -EINPROGRESS : waited;
	}
	spin_lock(&s->lock);
	err = in_handshake(t) ? err : end_connect(t, &reset);
	spin_unlock(&s->lock);
	if (reset) {
		int error = READ_ONCE(s->error);

		tcp_disconnect(s);
		WRITE_ONCE(s->error, error);
	}
	return err;
}
