/*
 * Packet sockets as objects: made, bound, closed; what happens when their interface goes down or
 * away (they report ENETDOWN, once).
 */
#include "net/packet/packet_sock.h"

#include "abi/capability.h"
#include "abi/errno.h"
#include "abi/if.h"
#include "abi/if_ether.h"
#include "abi/ioctl.h"
#include "abi/poll.h"
#include "arch/usercopy.h"
#include "core/panic.h"
#include "lib/string.h"
#include "mm/slab.h"
#include "net/packet/packet_int.h"
#include "vm/aspace.h"

static struct slab_cache *cache;
LIST_HEAD(packet_socks); /* c */
static const struct sock_ops packet_ops;

/* Puts the tap where the socket is bound, or takes it off. Config lock. */
static void retap(struct packet_sock *ps, struct netif *nif)
{
	WRITE_ONCE(ps->tap.nif, nif);
	WRITE_ONCE(ps->tap.protocol, ps->protocol);
	if (ps->protocol && !ps->tapped) {
		netif_tap_add(&ps->tap);
		ps->tapped = true;
	} else if (!ps->protocol && ps->tapped) {
		netif_tap_remove(&ps->tap);
		ps->tapped = false;
		rcu_synchronize(); /* before it is added anew */
	}
}

static int packet_create(u16 family, int type, int protocol, struct sock **out)
{
	struct packet_sock *ps;
	struct sock *s;

	if (type != SOCK_RAW && type != SOCK_DGRAM)
		return -ESOCKTNOSUPPORT;
	if (!sock_capable(CAP_NET_RAW))
		return -EPERM;
	s = sock_alloc(cache, sizeof(*ps), family, type, protocol, &packet_ops, MM_KERNEL);
	if (!s)
		return -ENOMEM;
	spin_init(&s->lock, RANK_NET_LEAF, "packet_sock");
	ps = packet_sock(s);
	ps->tap.tap = packet_tap;
	ps->protocol = swap16((u16)protocol);
	list_init(&ps->members);
	netif_config_lock();
	list_add_tail(&s->link, &packet_socks);
	retap(ps, NULL);
	netif_config_unlock();
	*out = s;
	return 0;
}

static int packet_bind(struct sock *s, const struct sockaddr_storage *a, u32 length)
{
	const struct sockaddr_ll *ll = (const struct sockaddr_ll *)a;
	struct packet_sock *ps = packet_sock(s);
	struct netif *nif = NULL;

	if (length < sizeof(*ll) || ll->sll_family != AF_PACKET)
		return -EINVAL;
	netif_config_lock();
	if (ps->fanout) {
		netif_config_unlock();
		return -EINVAL;
	}
	if (ll->sll_ifindex) {
		nif = netif_by_index((u32)ll->sll_ifindex);
		if (!nif) {
			netif_config_unlock();
			return -ENODEV;
		}
	}
	WRITE_ONCE(ps->ifindex, (u32)ll->sll_ifindex);
	if (ll->sll_protocol)
		WRITE_ONCE(ps->protocol, swap16(ll->sll_protocol));
	retap(ps, nif);
	if (nif && !(nif->flags & IFF_UP))
		sock_set_error(s, ENETDOWN);
	netif_config_unlock();
	if (nif)
		netif_put(nif); /* the tap only compares it; it is taken off when it goes */
	return 0;
}

static int packet_name(struct sock *s, bool peer, struct sockaddr_storage *a)
{
	struct sockaddr_ll *ll = (struct sockaddr_ll *)a;
	struct packet_sock *ps = packet_sock(s);
	struct netif *nif;

	if (peer)
		return -EOPNOTSUPP;
	memset(ll, 0, sizeof(*ll));
	ll->sll_family = AF_PACKET;
	ll->sll_protocol = swap16(READ_ONCE(ps->protocol));
	ll->sll_ifindex = (s32)READ_ONCE(ps->ifindex);
	nif = ll->sll_ifindex > 0 ? netif_by_index((u32)ll->sll_ifindex) : NULL;
	if (nif) {
		ll->sll_hatype = nif->type;
		ll->sll_halen = nif->address_length;
		memcpy(ll->sll_addr, nif->address,
		       min((size_t)ll->sll_halen, sizeof(ll->sll_addr)));
		netif_put(nif);
	}
	return (int)offsetof(struct sockaddr_ll, sll_addr) + ll->sll_halen;
}

static u32 packet_poll(struct sock *s)
{
	u32 events = sock_datagram_poll(s);

	if (packet_ring_ready(packet_sock(s)))
		events |= POLLIN | POLLRDNORM;
	if (packet_send_ring_ready(packet_sock(s)))
		events |= POLLOUT | POLLWRNORM;
	return events;
}

static long packet_ioctl(struct sock *s, u32 request, u64 arg)
{
	int n;

	switch (request) {
	case TIOCOUTQ:
		n = (int)READ_ONCE(s->send_used);
		break;
	case FIONREAD:
		spin_lock(&s->lock);
		n = s->receive.first ? (int)s->receive.first->length : 0;
		spin_unlock(&s->lock);
		break;
	default:
		return -ENOTTY;
	}
	return copy_out_obj((int __user *)arg, &n);
}

static void packet_close(struct sock *s)
{
	struct packet_sock *ps = packet_sock(s);
	struct packet_queue left;
	struct packet_ring *ring, *tx_ring;
	struct packet *p;

	netif_config_lock();
	list_del(&s->link);
	if (ps->tapped)
		netif_tap_remove(&ps->tap);
	packet_fanout_leave(ps);
	packet_members_drop(ps, 0);
	netif_config_unlock();
	packet_queue_init(&left);
	spin_lock(&s->lock);
	s->shut = SOCK_SHUT_RD | SOCK_SHUT_WR;
	ring = ps->ring;
	tx_ring = ps->tx_ring;
	ps->ring = ps->tx_ring = NULL;
	if (ring)
		packet_ring_stop(ring);
	while ((p = packet_dequeue(&s->receive)))
		packet_enqueue(&left, p);
	spin_unlock(&s->lock);
	packet_queue_free(&left);
	if (ring)
		netif_want_stamps(-1);
	packet_ring_free(ring);
	packet_ring_free(tx_ring);
	sock_put(s);
}

/* An interface goes down, or away. Config lock. */
static void packet_watch(struct netif_watch *watch, struct netif *nif, enum netif_event event)
{
	struct sock *s;

	if (event != NETIF_DOWN && event != NETIF_GONE)
		return;
	list_for_each_entry(s, &packet_socks, link) {
		struct packet_sock *ps = packet_sock(s);

		if (event == NETIF_GONE)
			packet_members_drop(ps, nif->index);
		if (ps->ifindex != nif->index)
			continue;
		sock_set_error(s, ENETDOWN);
		if (event == NETIF_GONE) {
			WRITE_ONCE(ps->ifindex, (u32)-1);
			if (ps->tapped)
				netif_tap_remove(&ps->tap);
			ps->tapped = false;
			packet_fanout_leave(ps);
		}
	}
}

void packet_sock_show(struct format_sink *out)
{
	struct sock *s;

	format_to(out, "sk               RefCnt Type Proto  Iface R Rmem   User   Inode\n");
	netif_config_lock();
	list_for_each_entry(s, &packet_socks, link) {
		struct packet_sock *ps = packet_sock(s);

		format_to(out, "%016lx %-6u %-4u %04x   %-5d %u %-6u %-6u %-6lu\n", 0ul,
			  ref_read(&s->refs), s->type, ps->protocol, (int)ps->ifindex,
			  ps->tapped || ps->fanout,
			  READ_ONCE(s->receive_used), s->uid, (unsigned long)READ_ONCE(s->ino));
	}
	netif_config_unlock();
}

void packet_sock_init(void)
{
	static struct sock_family family = { .family = AF_PACKET, .create = packet_create };
	static struct netif_watch watch = { .fn = packet_watch };

	cache = slab_cache_create("packet_sock", sizeof(struct packet_sock), 64);
	if (!cache)
		panic("packet: no memory");
	sock_family_register(&family);
	netif_watch(&watch);
	packet_diag_init();
}

static const struct sock_ops packet_ops = {
	.bind = packet_bind,
	.name = packet_name,
	.send = packet_send,
	.recv = packet_recv,
	.poll = packet_poll,
	.ioctl = packet_ioctl,
	.set_option = packet_set_option,
	.get_option = packet_get_option,
	.close = packet_close,
	.mmap = packet_ring_mmap,
};
