/* Options of packet sockets (packet(7)). */
#include "abi/capability.h"
#include "abi/errno.h"
#include "arch/usercopy.h"
#include "lib/string.h"
#include "net/packet/packet_int.h"

/* Offsets of frames in a ring have 16 bits. */
enum { RESERVE_MOST = 0xff00 };

static int set_member(struct packet_sock *ps, const void __user *value, u32 n, bool add)
{
	/* The address may be longer than the structure has room for. */
	struct { struct packet_mreq mr; u8 more[LINK_ADDRESS]; } in;
	u8 address[LINK_ADDRESS] = { 0 };
	int err;

	if (n < sizeof(in.mr))
		return -EINVAL;
	memset(&in, 0, sizeof(in));
	if (copy_in(&in, value, min((size_t)n, sizeof(in))))
		return -EFAULT;
	if (in.mr.mr_alen > LINK_ADDRESS ||
	    n < offsetof(struct packet_mreq, mr_address) + in.mr.mr_alen)
		return -EINVAL;
	memcpy(address, (u8 *)&in + offsetof(struct packet_mreq, mr_address), in.mr.mr_alen);
	netif_config_lock();
	err = packet_member_change(ps, &in.mr, address, add);
	netif_config_unlock();
	return err;
}

static int set_ring(struct packet_sock *ps, const void __user *value, u32 n, bool tx)
{
	struct tpacket_req3 req;
	int err;

	memset(&req, 0, sizeof(req));
	netif_config_lock();
	err = n < (ps->version == TPACKET_V3 ? sizeof(req) : sizeof(struct tpacket_req)) ? -EINVAL :
											   0;
	if (!err)
		err = copy_in(&req, value, ps->version == TPACKET_V3 ? sizeof(req) :
								       sizeof(struct tpacket_req));
	if (!err)
		err = packet_ring_set(ps, &req, tx);
	netif_config_unlock();
	return err;
}

/* These may not change while there is a ring. */
static int set_layout(struct packet_sock *ps, int name, int value)
{
	int err = 0;

	netif_config_lock();
	if (ps->ring || ps->tx_ring)
		err = -EBUSY;
	else if (name == PACKET_LOSS)
		ps->loss = value;
	else if (name == PACKET_TX_HAS_OFF)
		ps->offsets = value;
	else if (name == PACKET_VERSION && (value < TPACKET_V1 || value > TPACKET_V3))
		err = -EINVAL;
	else if (name == PACKET_RESERVE && (value < 0 || value > RESERVE_MOST))
		err = -EINVAL;
	else if (name == PACKET_VERSION)
		ps->version = (u8)value;
	else
		ps->reserve = (u32)value;
	netif_config_unlock();
	return err;
}

int packet_set_option(struct sock *s, int level, int name, const void __user *value, u32 n)
{
	struct packet_sock *ps = packet_sock(s);
	int v;

	if (level != SOL_PACKET)
		return -ENOPROTOOPT;
	switch (name) {
	case PACKET_ADD_MEMBERSHIP:
	case PACKET_DROP_MEMBERSHIP:
		return set_member(ps, value, n, name == PACKET_ADD_MEMBERSHIP);
	case PACKET_RX_RING:
		return set_ring(ps, value, n, false);
	case PACKET_TX_RING:
		return set_ring(ps, value, n, true);
	case PACKET_FANOUT_DATA:
		return packet_fanout_data(ps, value, n);
	case PACKET_AUXDATA: case PACKET_ORIGDEV: case PACKET_VERSION: case PACKET_RESERVE:
	case PACKET_TIMESTAMP: case PACKET_IGNORE_OUTGOING: case PACKET_FANOUT: case PACKET_LOSS:
	case PACKET_TX_HAS_OFF: case PACKET_QDISC_BYPASS:
		break;
	default:
		return -ENOPROTOOPT;
	}
	if (n < sizeof(v))
		return -EINVAL;
	if (copy_in_obj(&v, (const int __user *)value))
		return -EFAULT;
	switch (name) {
	case PACKET_AUXDATA:
		WRITE_ONCE(ps->auxdata, v);
		return 0;
	case PACKET_ORIGDEV:
		WRITE_ONCE(ps->orig_device, v);
		return 0;
	case PACKET_IGNORE_OUTGOING:
		if (v < 0 || v > 1)
			return -EINVAL;
		WRITE_ONCE(ps->ignore_outgoing, v);
		return 0;
	case PACKET_QDISC_BYPASS: /* there are no disciplines; it also passes taps by */
		WRITE_ONCE(ps->direct, v);
		return 0;
	case PACKET_FANOUT:
		return packet_fanout_join(ps, (u32)v);
	case PACKET_TIMESTAMP:
		return v ? -EINVAL : 0; /* no device takes stamps of its own */
	default:
		return set_layout(ps, name, v);
	}
}

/* Reading takes them away. */
static int get_statistics(struct packet_sock *ps, void __user *value, u32 *n)
{
	struct tpacket_stats_v3 stats;
	u32 size = ps->version == TPACKET_V3 ? sizeof(stats) : sizeof(struct tpacket_stats);

	spin_lock(&ps->sock.lock);
	stats.tp_packets = ps->n_packets + ps->n_drops;
	stats.tp_drops = ps->n_drops;
	stats.tp_freeze_q_cnt = ps->n_freezes;
	ps->n_packets = ps->n_drops = ps->n_freezes = 0;
	spin_unlock(&ps->sock.lock);
	*n = min(*n, size);
	return copy_out(value, &stats, *n);
}

/* The length of a frame's header in rings of the version that the caller names. */
static int header_length(const void __user *value, u32 n, int *out)
{
	int version;

	if (n < sizeof(version))
		return -EINVAL;
	if (copy_in_obj(&version, (const int __user *)value))
		return -EFAULT;
	switch (version) {
	case TPACKET_V1:
		*out = sizeof(struct tpacket_hdr);
		return 0;
	case TPACKET_V2:
		*out = sizeof(struct tpacket2_hdr);
		return 0;
	case TPACKET_V3:
		*out = sizeof(struct tpacket3_hdr);
		return 0;
	default:
		return -EINVAL;
	}
}

int packet_get_option(struct sock *s, int level, int name, void __user *value, u32 *n)
{
	struct packet_sock *ps = packet_sock(s);
	int v, err;

	if (level != SOL_PACKET)
		return -ENOPROTOOPT;
	switch (name) {
	case PACKET_STATISTICS:
		return get_statistics(ps, value, n);
	case PACKET_AUXDATA:
		v = ps->auxdata;
		break;
	case PACKET_ORIGDEV:
		v = ps->orig_device;
		break;
	case PACKET_IGNORE_OUTGOING:
		v = ps->ignore_outgoing;
		break;
	case PACKET_LOSS:
		v = ps->loss;
		break;
	case PACKET_TX_HAS_OFF:
		v = ps->offsets;
		break;
	case PACKET_QDISC_BYPASS:
		v = ps->direct;
		break;
	case PACKET_VERSION:
		v = ps->version;
		break;
	case PACKET_RESERVE:
		v = (int)ps->reserve;
		break;
	case PACKET_TIMESTAMP:
		v = 0;
		break;
	case PACKET_FANOUT:
		v = packet_fanout_number(ps);
		break;
	case PACKET_HDRLEN:
		err = header_length(value, *n, &v);
		if (err)
			return err;
		break;
	default:
		return -ENOPROTOOPT;
	}
	*n = min(*n, (u32)sizeof(v));
	return copy_out(value, &v, *n);
}
