/*
 * Packet sockets over NETLINK_SOCK_DIAG (packet_diag): all of them.
 */
#include "abi/errno.h"
#include "abi/sock_diag.h"
#include "lib/string.h"
#include "net/netlink/netlink.h"
#include "net/packet/packet_ring_int.h"

#define MEMBERS 64 /* that are told at most */

static void put_info(struct nl_out *out, const struct packet_sock *ps)
{
	struct packet_diag_info info = {
		.pdi_index = ps->ifindex, .pdi_version = ps->version, .pdi_reserve = ps->reserve,
		.pdi_flags = (ps->tapped ? PDI_RUNNING : 0u) | (ps->auxdata ? PDI_AUXDATA : 0u) |
			     (ps->orig_device ? PDI_ORIGDEV : 0u),
	};

	nl_put(out, PACKET_DIAG_INFO, &info, sizeof(info));
	nl_put32(out, PACKET_DIAG_UID, ps->sock.uid);
}

static void put_members(struct nl_out *out, const struct packet_sock *ps)
{
	struct nlattr *nest = nl_nest(out, PACKET_DIAG_MCLIST);
	const struct packet_member *member;
	u32 n = 0;

	list_for_each_entry(member, &ps->members, link) {
		struct packet_diag_mclist *m = n++ < MEMBERS ? nl_more(out, sizeof(*m)) : NULL;

		if (!m)
			break;
		m->pdmc_index = member->ifindex;
		m->pdmc_count = member->users;
		m->pdmc_type = member->type;
		m->pdmc_alen = sizeof(member->address);
		static_assert(sizeof(member->address) <= sizeof(m->pdmc_addr), "link address");
		memcpy(m->pdmc_addr, member->address, sizeof(member->address));
	}
	nl_nest_end(out, nest);
}

static void put_ring(struct nl_out *out, struct packet_sock *ps, bool tx)
{
	struct packet_diag_ring ring = { 0 };
	const struct packet_ring *r;

	spin_lock(&ps->sock.lock);
	r = tx ? ps->tx_ring : ps->ring;
	if (r)
		ring = (struct packet_diag_ring){
			.pdr_block_size = r->block_size, .pdr_block_nr = r->n_blocks,
			.pdr_frame_size = r->frame_size, .pdr_frame_nr = r->n_frames,
			.pdr_retire_tmo = tx ? 0 : (u32)(r->retire_ns / NSEC_PER_MSEC),
			.pdr_sizeof_priv = r->private_size,
		};
	spin_unlock(&ps->sock.lock);
	if (ring.pdr_block_nr)
		nl_put(out, tx ? PACKET_DIAG_TX_RING : PACKET_DIAG_RX_RING, &ring, sizeof(ring));
}

/* Config lock. False: it does not fit. */
static bool put_sock(struct nl_out *out, struct packet_sock *ps, const struct nl_dump *d)
{
	const struct packet_diag_req *q = d->request;
	struct packet_diag_msg *m = nl_begin(out, SOCK_DIAG_BY_FAMILY, NLM_F_MULTI, d->seq, d->port,
					     sizeof(*m));

	if (!m)
		return nl_end(out);
	m->pdiag_family = AF_PACKET;
	m->pdiag_type = (u8)ps->sock.type;
	m->pdiag_num = ps->protocol;
	m->pdiag_ino = (u32)READ_ONCE(ps->sock.ino);
	diag_cookie_put(ps->sock.cookie, m->pdiag_cookie);
	if (q->pdiag_show & PACKET_SHOW_INFO)
		put_info(out, ps);
	if (q->pdiag_show & PACKET_SHOW_MCLIST)
		put_members(out, ps);
	if (q->pdiag_show & PACKET_SHOW_RING_CFG) {
		put_ring(out, ps, false);
		put_ring(out, ps, true);
	}
	if (q->pdiag_show & PACKET_SHOW_MEMINFO)
		diag_put_memory(out, PACKET_DIAG_MEMINFO, &ps->sock);
	return nl_end(out);
}

/* at[0]: how many were written. */
static int packet_dump(struct nl_dump *d, struct nl_out *out)
{
	bool full = false;
	struct sock *s;
	u64 n = 0;

	netif_config_lock();
	list_for_each_entry(s, &packet_socks, link) {
		if (n++ < d->at[0])
			continue;
		if (!put_sock(out, packet_sock(s), d)) {
			full = true;
			break;
		}
		d->at[0] = n;
	}
	netif_config_unlock();
	return full;
}

static int packet_check(struct nl_request *r)
{
	const struct packet_diag_req *q = r->payload;

	return q->sdiag_protocol ? -EINVAL : 0;
}

static int packet_one(struct nl_request *r)
{
	return -EOPNOTSUPP; /* as on Linux: there are dumps only */
}

static const struct diag_family family = {
	.family = AF_PACKET, .header = sizeof(struct packet_diag_req), .one = packet_one,
	.check = packet_check, .dump = packet_dump,
};

void packet_diag_init(void)
{
	diag_register(&family);
}
