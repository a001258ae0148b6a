/*
 * Time stamps of sent data (SO_TIMESTAMPING, SOF_TIMESTAMPING_TX_*): of each send(2) the last byte
 * counts. It is told when a segment with it goes for the first time, and when it is acknowledged.
 */
#include "abi/net_tstamp.h"
#include "mm/slab.h"
#include "net/tcp/tcp_int.h"

enum { MARKS_MOST = 256 }; /* a sender whose data do not go gets no more */

/* A byte to be told of. Its socket's lock. */
struct tcp_mark {
	struct list link;
	u32 seq;
	u32 wanted;              /* SOF_TIMESTAMPING_TX_* */
	bool sent;
};

int tcp_stamp_begin(struct sock *s)
{
	struct tcp_sock *t = tcp_sock(s);

	if (TCP_IN(t, S_(CLOSE) | S_(LISTEN)))
		return -EINVAL;
	s->stamp_key = t->snd_una;
	return 0;
}

void tcp_mark(struct tcp_sock *t, u32 wanted)
{
	struct tcp_mark *m = NULL;

	if (t->n_marks < MARKS_MOST)
		m = kmalloc(sizeof(*m), MM_ATOMIC);
	if (!m)
		return;
	*m = (struct tcp_mark){ .seq = t->buf.end - 1, .wanted = wanted };
	list_add_tail(&m->link, &t->marks);
	t->n_marks++;
}

static void tell(struct tcp_sock *t, const struct tcp_mark *m, u32 what)
{
	struct sock *s = tcp_base(t);
	bool numbered = s->stamping & SOF_TIMESTAMPING_OPT_ID;

	inet_stamp_report(&t->inet, what, numbered ? m->seq - s->stamp_key : 0, NULL);
}

void tcp_marks_sent(struct tcp_sock *t, u32 end)
{
	struct tcp_mark *m;

	list_for_each_entry(m, &t->marks, link) {
		if (seq_ge(m->seq, end))
			break;
		if (m->sent)
			continue;
		m->sent = true;
		if (m->wanted & SOF_TIMESTAMPING_TX_SCHED)
			tell(t, m, SCM_TSTAMP_SCHED);
		if (m->wanted & SOF_TIMESTAMPING_TX_SOFTWARE)
			tell(t, m, SCM_TSTAMP_SND);
	}
}

static void drop(struct tcp_sock *t, struct tcp_mark *m)
{
	list_del(&m->link);
	t->n_marks--;
	kfree(m);
}

void tcp_marks_acked(struct tcp_sock *t)
{
	struct tcp_mark *m;

	while ((m = list_first_entry_or_null(&t->marks, struct tcp_mark, link)) &&
	       seq_lt(m->seq, t->snd_una)) {
		if (m->wanted & SOF_TIMESTAMPING_TX_ACK)
			tell(t, m, SCM_TSTAMP_ACK);
		drop(t, m);
	}
}

void tcp_marks_purge(struct tcp_sock *t)
{
	while (!list_empty(&t->marks))
		drop(t, list_first_entry(&t->marks, struct tcp_mark, link));
}
