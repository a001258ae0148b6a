/*
 * Requests: connections of which only the SYN came.
 */
#include "lib/hash.h"
#include "mm/slab.h"
#include "net/tcp/tcp_account.h"
#include "net/tcp/tcp_listen_int.h"
#include "net/tcp/tcp_setting.h"

#define REQUESTS_LEAST 16u /* requests are small: a burst of SYNs needs no cookies */

static struct slab_cache *request_cache; /* I */

void tcp_request_init_cache(void)
{
	request_cache = slab_cache_create("tcp_request", sizeof(struct tcp_request), 0);
}

static struct hlist_head *bucket(struct tcp_listener *q, const struct ipaddr *remote, u16 port)
{
	u64 h = hash_mix(hash_mix(hash_mix(q->seed, remote->d[0]), remote->d[1]), port);

	return &q->requests[h & (TCP_REQUEST_BUCKETS - 1)];
}

struct tcp_request *tcp_request_find(struct tcp_listener *q, const struct ip_info *info,
				     const struct tcp_segment *seg)
{
	struct tcp_request *r;

	hlist_for_each_entry(r, bucket(q, &info->from, seg->from_port), link)
		if (r->remote_port == seg->from_port && ipaddr_equal(&r->remote, &info->from) &&
		    ipaddr_equal(&r->local, &info->to))
			return r;
	return NULL;
}

void tcp_request_drop(struct tcp_listener *q, struct tcp_request *r)
{
	hlist_del(&r->link);
	q->n_requests--;
	kfree(r->saved);
	slab_free(request_cache, r);
}

void tcp_request_drop_all(struct tcp_listener *q)
{
	for (unsigned i = 0; i < TCP_REQUEST_BUCKETS; i++)
		while (q->requests[i].first)
			tcp_request_drop(q, hlist_entry(q->requests[i].first, struct tcp_request,
							link));
}

bool tcp_request_path(const struct tcp_sock *l, struct tcp_request *r)
{
	struct flow f = {
		.to = r->remote, .from = r->local, .nif = l->inet.sock.bound_if,
		.mark = l->inet.sock.mark, .protocol = IPPROTO_TCP, .tos = l->inet.tos,
		.from_port = hton16(r->local_port), .to_port = hton16(r->remote_port),
	};
	u32 header = TCP_HEADER + (ipaddr_is4(&r->remote) ? 20 : 40), mtu;
	struct route *route;

	if (ipaddr_link_local(&r->remote))
		f.nif = r->nif;
	if (route_output(&f, &route))
		return false;
	mtu = min(READ_ONCE(route->nif->mtu), TCP_GSO_MAX);
	r->advmss = (u16)(mtu > header + TCP_MSS_LEAST ? mtu - header : TCP_MSS_LEAST);
	if (route->advmss_metric && route->advmss_metric < r->advmss)
		r->advmss = (u16)route->advmss_metric;
	if (l->mss_user && l->mss_user < r->advmss)
		r->advmss = l->mss_user;
	route_put(route);
	tcp_window_first(l->inet.sock.receive_limit, r->advmss, r->wscale_ok, &r->rcv_wnd,
			 &r->rcv_wscale);
	return true;
}

void tcp_request_answer(const struct tcp_sock *l, struct tcp_request *r)
{
	struct tcp_options o = {
		.mss = r->advmss, .has_wscale = r->wscale_ok, .wscale = r->rcv_wscale,
		.sack_ok = r->sack_ok, .has_stamp = r->stamps_ok, .echo = r->ts_recent,
	};
	struct tcp_reply reply = {
		.from = r->local, .to = r->remote, .from_port = r->local_port,
		.to_port = r->remote_port, .seq = r->iss, .ack = r->irs + 1,
		.window = (u16)r->rcv_wnd, .flags = TCP_SYN | TCP_ACK,
		.tos = ipaddr_is4(&r->remote) ? l->inet.tos : l->inet.six.class,
		.ttl = ipaddr_is4(&r->remote) ? l->inet.ttl : l->inet.six.hops,
		.nif = ipaddr_link_local(&r->remote) ? r->nif : l->inet.sock.bound_if,
		.mark = l->inet.sock.mark, .options = &o,
	};
	u32 now = (u32)(clock_monotonic() / TCP_MS);

	/* Without a place in the table it is a cookie. */
	if (hlist_unhashed(&r->link))
		now = tcp_cookie_stamp(r, now);
	o.stamp = now + r->ts_offset;
	r->sent_ns = clock_monotonic();
	(void)tcp_reply(&reply);
}

static void take_syn(struct tcp_request *r, struct packet *p, const struct tcp_segment *seg)
{
	const struct tcp_options *o = &seg->options;
	const struct ip_info *info = ip_info(p);

	*r = (struct tcp_request){
		.local = info->to, .remote = info->from, .local_port = seg->to_port,
		.remote_port = seg->from_port, .nif = info->nif, .irs = seg->seq,
		.snd_wnd = seg->window, .tos = info->tos,
		.wscale_ok = o->has_wscale && READ_ONCE(tcp_window_scaling),
		.sack_ok = o->sack_ok && READ_ONCE(tcp_sack),
		.stamps_ok = o->has_stamp && READ_ONCE(tcp_timestamps), .ts_recent = o->stamp,
	};
	r->snd_wscale = r->wscale_ok ? o->wscale : 0;
	r->mss_peer = o->mss ? max(o->mss, (u16)TCP_MSS_LEAST) :
			       ipaddr_is4(&r->remote) ? 536 : 1220;
	r->ts_offset = tcp_stamp_offset(&r->local, &r->remote);
}

/* Answers without remembering anything. */
static void answer_by_cookie(struct tcp_sock *l, struct tcp_request *r)
{
	/* What does not come back in a time stamp cannot be offered. */
	if (!r->stamps_ok)
		r->wscale_ok = r->sack_ok = false;
	if (!tcp_request_path(l, r))
		return;
	tcp_cookie_make(r);
	tcp_request_answer(l, r);
}

void tcp_request_new(struct tcp_sock *l, struct packet *p, const struct tcp_segment *seg)
{
	struct tcp_listener *q = l->listener;
	bool full = q->n_requests >= max(q->backlog, REQUESTS_LEAST) ||
		    q->n_requests >= READ_ONCE(tcp_max_syn_backlog);
	u32 cookies = READ_ONCE(tcp_syncookies);
	struct tcp_request now, *r;

	if (tcp_accept_full(q)) {
		tcp_count(ListenOverflows);
		tcp_count(ListenDrops);
		return;
	}
	take_syn(&now, p, seg);
	/* Whose ends were in TIME-WAIT is no forger, and brings no more than there was. */
	full = full && !seg->has_iss_least;
	if (cookies == 2 || (full && cookies)) {
		tcp_count(TCPReqQFullDoCookies);
		answer_by_cookie(l, &now);
		return;
	}
	r = full ? NULL : slab_alloc(request_cache, MM_ATOMIC);
	if (!r || !tcp_request_path(l, &now)) {
		tcp_count(TCPReqQFullDrop);
		tcp_count(ListenDrops);
		if (r)
			slab_free(request_cache, r);
		return;
	}
	*r = now;
	r->iss = tcp_isn(&r->local, r->local_port, &r->remote, r->remote_port);
	if (seg->has_iss_least && seq_lt(r->iss, seg->iss_least))
		r->iss = seg->iss_least;
	if (unlikely(l->save_syn))
		r->saved = tcp_save_syn(p, seg->header);
	r->deadline_ns = clock_monotonic() + TCP_RTO_FIRST;
	hlist_add_head(&r->link, bucket(q, &r->remote, r->remote_port));
	q->n_requests++;
	if (!l->keep_ns)
		tcp_keep_arm(l, TCP_RTO_FIRST);
	tcp_request_answer(l, r);
}

/* What the handshake has told, as if the connection had made it itself. */
static void fill_child(struct tcp_sock *t, const struct tcp_request *r)
{
	struct inet_sock *i = &t->inet;
	struct tcp_sent *sent;

	i->local = i->source = r->local;
	i->remote = r->remote;
	i->remote_port = r->remote_port;
	if (ipaddr_link_local(&r->remote))
		i->scope = r->nif;
	tcp_set_iss(t, r->iss);
	t->ts_offset = r->ts_offset;
	t->irs = r->irs;
	t->rcv_nxt = t->rcv_wup = t->copied_seq = r->irs + 1;
	t->rcv_wnd = r->rcv_wnd;
	t->snd_wnd = t->max_window = r->snd_wnd;
	t->snd_wl1 = r->irs;
	t->wscale_ok = r->wscale_ok;
	t->snd_wscale = r->snd_wscale;
	t->rcv_wscale = r->wscale_ok ? r->rcv_wscale : 0;
	t->sack_ok = r->sack_ok;
	t->stamps_ok = r->stamps_ok;
	t->ts_recent = r->ts_recent;
	t->ts_recent_ns = r->sent_ns;
	t->mss_peer = r->mss_peer;
	t->advmss = r->advmss;
	t->pseudo_sum = ip_pseudo_sum(&i->source, &i->remote, IPPROTO_TCP, 0);
	tcp_mss_update(t, r->advmss + TCP_HEADER + (ipaddr_is4(&r->remote) ? 20u : 40u));
	sent = tcp_sent_add(t, r->iss, r->iss + 1);
	if (sent) {
		sent->ns = r->sent_ns;
		sent->state = r->again ? SENT_EVER : 0;
	}
}

struct tcp_sock *tcp_request_accept(struct tcp_sock *l, const struct tcp_request *r)
{
	struct tcp_sock *t = tcp_alloc_child(l);
	struct sock *s;

	if (!t)
		return NULL;
	s = tcp_base(t);
	spin_lock(&s->lock);
	fill_child(t, r);
	/* Nobody knows it yet; from the flow table on others wait for the lock. */
	if (!port_inherit(tcp_ports, &t->inet, &l->inet))
		goto fail;
	if (flow_enter(tcp_ports, &t->inet, NULL))
		goto fail_port;
	t->engine = true;
	sock_get(s);
	t->state = TCP_SYN_RECV;
	list_add_tail(&t->accept_link, &l->listener->accept);
	l->listener->n_accept++;
	tcp_count(PassiveOpens);
	return t;
fail_port:
	port_release(tcp_ports, &t->inet);
fail:
	spin_unlock(&s->lock);
	sock_put(s);
	return NULL;
}
