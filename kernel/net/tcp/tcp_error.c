/*
 * ICMP errors about segments of ours (RFC 5927; RFC 9293, 3.9.2.2): believed only if they quote a
 * sequence number that is in flight. Any of them ends a connection that is being made, as on Linux
 * (RFC 5461, 4.1): whoever has other addresses tries the next one at once. Later they are only
 * remembered; the message that a segment was too long makes segments smaller (RFC 1191,
 * RFC 8201) and sends again what was lost for it.
 */
#include "net/inet/inet_int.h"
#include "net/tcp/tcp_int.h"

/* The path takes less: what is out and longer will not arrive. */
static void path_shrinks(struct tcp_sock *t, const struct ip_error *e)
{
	u32 before = t->mss;
	struct tcp_sent *s;
	int err;

	if (!inet_mtu_discover(&t->inet, &e->to) || e->info >= t->path_mtu)
		return;
	route_set_mtu(&e->to, e->info);
	if (!tcp_route(t, &err) || t->mss >= before)
		return;
	list_for_each_entry(s, &t->sent, link)
		tcp_sent_mark_lost(t, s);
	tcp_push_recovery(t);
}

static void connection_error(struct tcp_sock *t, const struct ip_error *e)
{
	if (ip_error_is_mtu(e)) {
		path_shrinks(t, e);
	} else if (TCP_IN(t, S_(SYN_SENT) | S_(SYN_RECV))) {
		tcp_fail(t, e->error);
	} else if (inet_keeps_errors(&t->inet, &e->to)) {
		inet_queue_error(&t->inet, e);
		WRITE_ONCE(tcp_base(t)->error, e->error);
		sock_wake(tcp_base(t), POLLERR);
	} else {
		t->soft_error = e->error;
	}
}

void tcp_error(const struct ip_error *e)
{
	const struct tcp_header *h = (const void *)e->transport;
	struct inet_sock *i;
	struct tcp_sock *t;
	u32 seq;

	if (e->length < 8)
		return;
	seq = ntoh32(h->seq);
	i = flow_find(tcp_ports, &e->from, ntoh16(h->from), &e->to, ntoh16(h->to), e->nif);
	if (!i)
		return;
	t = (struct tcp_sock *)i;
	spin_lock(&i->sock.lock);
	if (t->state != TCP_CLOSE) {
		if (seq_ge(seq, t->snd_una) && seq_le(seq, t->snd_nxt))
			connection_error(t, e);
		else
			tcp_count(OutOfWindowIcmps);
	}
	spin_unlock(&i->sock.lock);
	sock_put(&i->sock);
}
