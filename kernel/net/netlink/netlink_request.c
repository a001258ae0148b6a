/*
 * Requests: taking apart what a program sent, and answering: with what the handler wrote, with an
 * acknowledgement or an error, or with a dump in parts.
 */
#include "abi/errno.h"
#include "core/fail.h"
#include "lib/string.h"
#include "mm/kmap.h"
#include "net/netlink/netlink_int.h"

u32 nl_port(const struct nl_request *r)
{
	return r->from->port;
}

bool nl_capable(const struct nl_request *r, unsigned capability)
{
	return sock_capable(capability) &&
	       (r->named || cred_capable(r->from->maker, capability));
}

int nl_answer(struct nl_request *r, struct nl_out *out)
{
	struct packet *p = out->p;

	out->p = NULL;
	return nl_queue(r->from, p, &nl_kernel);
}

/* An acknowledgement (error 0) or an error, with the request it is about: all of it if it failed
 * and the program has not said that its header is enough. */
static void acknowledge(struct netlink_sock *n, const struct nlmsghdr *h, int error)
{
	bool whole = error && !READ_ONCE(n->cap_ack);
	u32 rest = whole ? h->nlmsg_len - NLMSG_HDRLEN : 0;
	struct nl_out out;
	struct nlmsgerr *e;

	fail_told(error);
	if (nl_out_init(&out, NLMSG_HDRLEN + NLMSG_ALIGN(sizeof(*e) + rest))) {
		sock_set_error(&n->sock, ENOBUFS);
		return;
	}
	e = nl_begin(&out, NLMSG_ERROR, whole ? 0 : NLM_F_CAPPED, h->nlmsg_seq, n->port,
		     (u32)sizeof(*e) + rest);
	e->error = error;
	e->msg = *h;
	memcpy(e + 1, h + 1, rest);
	nl_end(&out);
	(void)nl_queue(n, out.p, &nl_kernel);
}

void nl_dump_stop(struct netlink_sock *n)
{
	n->dumping = false;
	kvfree((void *)n->dump.request);
	n->dump.request = NULL;
}

/* With dump_lock: one more part, the last with the message that says so. */
static void dump_part(struct netlink_sock *n)
{
	struct nl_dump *d = &n->dump;
	struct nl_out out;
	int more, *status;

	if (nl_out_init(&out, NL_OUT + NLMSG_HDRLEN + sizeof(*status))) {
		nl_dump_stop(n);
		sock_set_error(&n->sock, ENOBUFS);
		return;
	}
	more = d->fill(d, &out);
	out.full = false;
	if (more <= 0) {
		nl_dump_stop(n);
		fail_told(more);
		status = nl_begin(&out, NLMSG_DONE, NLM_F_MULTI, d->seq, d->port, sizeof(*status));
		if (status)
			*status = more;
		nl_end(&out);
	}
	(void)nl_queue(n, out.p, &nl_kernel);
}

void nl_dump_more(struct netlink_sock *n)
{
	if (likely(!READ_ONCE(n->dumping)))
		return;
	mutex_lock(&n->dump_lock);
	if (n->dumping && READ_ONCE(n->sock.receive_used) <= n->sock.receive_limit / 2)
		dump_part(n);
	mutex_unlock(&n->dump_lock);
}

int nl_dump_start(struct nl_request *r, int (*fill)(struct nl_dump *d, struct nl_out *out),
		  bool keep)
{
	struct netlink_sock *n = r->from;
	void *copy = NULL;
	int err = 0;

	if (!fill)
		return -EOPNOTSUPP;
	if (keep) {
		copy = kvmalloc(r->length, MM_KERNEL);
		if (!copy)
			return -ENOMEM;
		memcpy(copy, r->payload, r->length);
	}
	mutex_lock(&n->dump_lock);
	if (n->dumping) {
		err = -EBUSY;
		kvfree(copy);
	} else {
		n->dump = (struct nl_dump){ .fill = fill, .seq = r->h->nlmsg_seq, .port = n->port,
					    .type = r->h->nlmsg_type,
					    .family = r->length ? *(const u8 *)r->payload : 0,
					    .request = copy, .length = keep ? r->length : 0 };
		n->dumping = true;
		dump_part(n);
	}
	mutex_unlock(&n->dump_lock);
	return err;
}

void nl_requests(struct netlink_sock *n, const void *data, u32 size, bool named)
{
	const u8 *p = data;

	while (size >= NLMSG_HDRLEN) {
		const struct nlmsghdr *h = (const struct nlmsghdr *)p;
		struct nl_request r = { .from = n, .h = h, .payload = h + 1,
					.named = named };
		u32 step = NLMSG_ALIGN(h->nlmsg_len);
		int err = 0;

		if (h->nlmsg_len < NLMSG_HDRLEN || h->nlmsg_len > size)
			return;
		r.length = h->nlmsg_len - NLMSG_HDRLEN;
		if (h->nlmsg_flags & NLM_F_REQUEST && h->nlmsg_type >= NLMSG_MIN_TYPE)
			err = n->sock.protocol == NETLINK_ROUTE ? rtnl_request(&r) :
			      n->sock.protocol == NETLINK_SOCK_DIAG ? diag_request(&r) :
								      uevent_request(&r);
		/* A dump that began ends with a message of its own. */
		if (err != 1 && (err || h->nlmsg_flags & NLM_F_ACK))
			acknowledge(n, h, err);
		if (step >= size)
			return;
		p += step;
		size -= step;
	}
}
