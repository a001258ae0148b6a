/*
 * Netlink sockets that have a port, as text (/proc/net/netlink) and over NETLINK_SOCK_DIAG
 * (netlink_diag).
 */
#include "abi/errno.h"
#include "abi/sock_diag.h"
#include "lib/format.h"
#include "net/netlink/netlink_int.h"

#define PROTOCOLS 32 /* of netlink */

void netlink_show(struct format_sink *out)
{
	struct netlink_sock *n = NULL;

	format_to(out, "sk               Eth Pid        Groups   Rmem     Wmem     Dump  Locks    "
		       "Drops    Inode\n");
	while ((n = netlink_next(n)))
		format_to(out, "%016lx %-3d %-10u %08x %-8u %-8u %-5d %-8u %-8u %-8lu\n", 0ul,
			  n->sock.protocol, n->port, (u32)READ_ONCE(n->groups),
			  READ_ONCE(n->sock.receive_used), READ_ONCE(n->sock.send_used),
			  READ_ONCE(n->dumping), ref_read(&n->sock.refs) - 1,
			  READ_ONCE(n->sock.drops), (unsigned long)READ_ONCE(n->sock.ino));
}

static u32 flags_of(const struct netlink_sock *n)
{
	return (READ_ONCE(n->dumping) ? NDIAG_FLAG_CB_RUNNING : 0u) |
	       (READ_ONCE(n->want_pktinfo) ? NDIAG_FLAG_PKTINFO : 0u) |
	       (READ_ONCE(n->no_enobufs) ? NDIAG_FLAG_NO_ENOBUFS : 0u) |
	       (READ_ONCE(n->cap_ack) ? NDIAG_FLAG_CAP_ACK : 0u);
}

/* False: it does not fit. */
static bool put_sock(struct nl_out *out, struct netlink_sock *n, const struct nl_dump *d)
{
	const struct netlink_diag_req *q = d->request;
	struct netlink_diag_msg *m = nl_begin(out, SOCK_DIAG_BY_FAMILY, NLM_F_MULTI, d->seq,
					      d->port, sizeof(*m));
	u32 peer_groups = READ_ONCE(n->peer_groups);
	u64 groups = READ_ONCE(n->groups);

	if (!m)
		return nl_end(out);
	m->ndiag_family = AF_NETLINK;
	m->ndiag_type = (u8)n->sock.type;
	m->ndiag_protocol = (u8)n->sock.protocol;
	m->ndiag_portid = n->port;
	m->ndiag_dst_portid = READ_ONCE(n->peer_port);
	m->ndiag_dst_group = peer_groups ? (u32)__builtin_ctz(peer_groups) + 1 : 0;
	m->ndiag_state = m->ndiag_dst_portid || m->ndiag_dst_group;
	m->ndiag_ino = (u32)READ_ONCE(n->sock.ino);
	diag_cookie_put(n->sock.cookie, m->ndiag_cookie);
	if (q->ndiag_show & NDIAG_SHOW_GROUPS && groups)
		nl_put(out, NETLINK_DIAG_GROUPS, &groups, sizeof(groups));
	if (q->ndiag_show & NDIAG_SHOW_MEMINFO)
		diag_put_memory(out, NETLINK_DIAG_MEMINFO, &n->sock);
	if (q->ndiag_show & NDIAG_SHOW_FLAGS)
		nl_put32(out, NETLINK_DIAG_FLAGS, flags_of(n));
	return nl_end(out);
}

/* at[0]: how many were written or passed by. */
static int netlink_dump(struct nl_dump *d, struct nl_out *out)
{
	const struct netlink_diag_req *q = d->request;
	struct netlink_sock *n = NULL;
	u64 seen = 0;

	while ((n = netlink_next(n))) {
		if (seen++ < d->at[0])
			continue;
		if ((q->sdiag_protocol == NDIAG_PROTO_ALL ||
		     q->sdiag_protocol == n->sock.protocol) && !put_sock(out, n, d)) {
			sock_put(&n->sock);
			return 1;
		}
		d->at[0] = seen;
	}
	return 0;
}

static int netlink_check(struct nl_request *r)
{
	const struct netlink_diag_req *q = r->payload;

	return q->sdiag_protocol != NDIAG_PROTO_ALL && q->sdiag_protocol >= PROTOCOLS ? -ENOENT : 0;
}

static int netlink_one(struct nl_request *r)
{
	return -EOPNOTSUPP; /* as on Linux: there are dumps only */
}

static const struct diag_family family = {
	.family = AF_NETLINK, .header = sizeof(struct netlink_diag_req), .one = netlink_one,
	.check = netlink_check, .dump = netlink_dump,
};

void netlink_show_init(void)
{
	diag_register(&family);
}
