/*
 * Self-tests of IPv4 on an imaginary Ethernet, whose other end is the test: ARP both ways, packets
 * that wait for it, echo, fragments, redirects, conflicts, neighbours that do not answer.
 */
#include "abi/errno.h"
#include "abi/if.h"
#include "abi/if_ether.h"
#include "abi/in.h"
#include "core/clock.h"
#include "dev/netif.h"
#include "lib/string.h"
#include "mm/slab.h"
#include "net/inet/mcast.h"
#include "net/inet/reassembly.h"
#include "net/ip4/icmp_wire.h"
#include "net/ip4/igmp_wire.h"
#include "net/ip4/ip4_int.h"
#include "net/link/arp_wire.h"
#include "net/link/neighbour.h"
#include "net/link/published.h"
#include "net/tcp/tcp_int.h"
#include "sched/thread.h"
#include "sched/wait.h"
#include "test/ktest.h"

#define US   hton32(0xc0000201u) /* 192.0.2.1, of RFC 5737's for documents */
#define THEM hton32(0xc0000202u)

static const u8 own[6] = { 2, 0, 0, 0, 0, 1 }, theirs[6] = { 2, 0, 0, 0, 0, 2 };

static struct netif *nif;
static struct {
	struct spinlock lock;
	struct packet_queue sent; /* lock: frames on the wire */
} wire = { .lock = SPINLOCK_INIT(RANK_DRIVER, "wire") };

static int open_(struct netif *n)
{
	return 0;
}

static void stop(struct netif *n)
{
}

static bool send_(struct netif *n, unsigned q, struct packet *p, bool more)
{
	struct packet *copy = packet_copy(p, 0, MM_ATOMIC);

	spin_lock(&wire.lock);
	if (copy)
		packet_enqueue(&wire.sent, copy);
	packet_enqueue(&wire.sent, p);
	spin_unlock(&wire.lock);
	return true;
}

static const struct netif_ops ops = {
	.driver = "fake", .open = open_, .stop = stop, .send = send_,
};

/* Each frame is there twice: as it was sent, which is only kept to be freed where that is allowed,
 * and a linear copy to look at. */
static struct packet *take(void)
{
	struct packet *copy, *sent;

	spin_lock(&wire.lock);
	copy = packet_dequeue(&wire.sent);
	sent = copy ? packet_dequeue(&wire.sent) : NULL;
	spin_unlock(&wire.lock);
	packet_free(sent);
	return copy;
}

static void nap(void)
{
	static struct wait_queue never = WAIT_QUEUE_INIT(never);

	wait_until_timeout(&never, false, clock_monotonic() + 5 * NSEC_PER_MSEC);
}

/* The next frame of a protocol, its data behind the Ethernet header; NULL: none came. */
static struct packet *frame(u16 protocol)
{
	for (unsigned round = 0; round < 600; round++) {
		struct packet *p = take();

		if (!p) {
			nap();
			continue;
		}
		if (((struct ethhdr *)p->data)->h_proto == hton16(protocol)) {
			packet_pull(p, ETH_HLEN);
			return p;
		}
		packet_free(p);
	}
	return NULL;
}

static struct packet *frame_make(u16 protocol, const void *data, u32 n)
{
	struct packet *p = packet_alloc(64, ETH_HLEN + n, MM_KERNEL);
	struct ethhdr *h = (struct ethhdr *)packet_put(p, ETH_HLEN + n);

	memcpy(h->h_dest, own, 6);
	memcpy(h->h_source, theirs, 6);
	h->h_proto = hton16(protocol);
	memcpy(h + 1, data, n);
	return p;
}

static void arrive(u16 protocol, const void *data, u32 n)
{
	netif_receive_later(nif, frame_make(protocol, data, n));
	nap();
}

static void arp_arrives(u16 operation, be32 from, be32 to)
{
	struct arp_packet a = {
		.hardware = hton16(1), .protocol = hton16(ETH_P_IP), .hardware_length = 6,
		.protocol_length = 4, .operation = hton16(operation), .from = from, .to = to,
	};

	memcpy(a.from_link, theirs, 6);
	arrive(ETH_P_ARP, &a, sizeof(a));
}

/* The next question for an address that is not a probe or an announcement of ours. */
static bool asked_for(be32 address)
{
	struct packet *p;

	while ((p = frame(ETH_P_ARP))) {
		struct arp_packet a;

		packet_read(p, 0, &a, sizeof(a));
		packet_free(p);
		if (a.operation == hton16(ARP_REQUEST) && a.from == US && a.to == address)
			return true;
	}
	return false;
}

static void make(void)
{
	struct ip4_addr a = { .local = US, .length = 24,
			      .broadcast = hton32(0xc00002ffu) };

	packet_queue_init(&wire.sent);
	nif = netif_alloc(&ops, NULL);
	memcpy(nif->address, own, sizeof(own));
	nif->carrier = true;
	KTEST_CHECK(netif_register(nif, "fake%d") == 0);
	netif_config_lock();
	KTEST_CHECK(netif_set_flags(nif, nif->flags | IFF_UP) == 0);
	KTEST_CHECK(ip4_addr_add(nif, &a) == 0);
	KTEST_CHECK(ip4_addr_add(nif, &a) == -ABI_EEXIST);
	netif_config_unlock();
}

static void unmake(void)
{
	struct packet *p;

	netif_unregister(nif);
	while ((p = take()))
		packet_free(p);
}

struct echo { struct ip4_header ip; struct icmp4_header icmp; u8 data[24]; } __packed;

static struct echo echo_make(void)
{
	struct echo e = {
		.ip = { .version_length = 0x45, .ttl = 9, .protocol = IPPROTO_ICMP, .from = THEM,
			.to = US, .length = hton16(sizeof(e)), .id = hton16(7) },
		.icmp = { .type = ICMP4_ECHO, .echo.id = 5, .echo.sequence = 6 },
	};

	memset(e.data, 'k', sizeof(e.data));
	e.icmp.sum = sum_finish(sum_bytes(&e.icmp, sizeof(e) - sizeof(e.ip), 0));
	ip4_header_sum(&e.ip);
	return e;
}

/* Whether an echo reply is the next thing of IP on the wire. */
static bool answered(void)
{
	struct packet *p = frame(ETH_P_IP);
	struct echo e;
	bool right;

	if (!p)
		return false;
	packet_read(p, 0, &e, min(p->length, (u32)sizeof(e)));
	right = p->length == sizeof(e) && e.icmp.type == ICMP4_ECHO_REPLY && e.ip.to == THEM &&
		e.ip.from == US && e.data[23] == 'k' &&
		sum_fold(sum_bytes(&e.icmp, sizeof(e) - sizeof(e.ip), 0)) == 0xffff &&
		sum_fold(sum_bytes(&e.ip, sizeof(e.ip), 0)) == 0xffff;
	packet_free(p);
	return right;
}

KTEST(net4_echo)
{
	struct echo e = echo_make();

	make();
	/* The answer waits until it is known where to. */
	arrive(ETH_P_IP, &e, sizeof(e));
	KTEST_CHECK(asked_for(THEM));
	arp_arrives(ARP_REPLY, THEM, US);
	KTEST_CHECK(answered());
	arrive(ETH_P_IP, &e, sizeof(e));
	KTEST_CHECK(answered());
	e.ip.sum++; /* a header that is damaged, and one for another host */
	arrive(ETH_P_IP, &e, sizeof(e));
	e = echo_make();
	e.ip.to = hton32(0xc0000207u);
	ip4_header_sum(&e.ip);
	arrive(ETH_P_IP, &e, sizeof(e));
	e = echo_make();
	e.ip.from = US; /* our own address, from outside */
	ip4_header_sum(&e.ip);
	arrive(ETH_P_IP, &e, sizeof(e));
	e = echo_make();
	arrive(ETH_P_IP, &e, sizeof(e));
	KTEST_CHECK(answered()); /* this one, and none before */
	unmake();
}

KTEST(net4_arp)
{
	struct neighbour *n;
	struct ipaddr them = ipaddr_4(THEM);
	struct arp_packet a = { 0 };
	struct packet *p = NULL;

	make();
	arp_arrives(ARP_REPLY, THEM, US); /* unasked for: no entry */
	n = neighbour_find(nif, &them);
	KTEST_CHECK(!n);
	arp_arrives(ARP_REQUEST, THEM, US);
	while (a.operation != hton16(ARP_REPLY) && (p = frame(ETH_P_ARP))) {
		packet_read(p, 0, &a, sizeof(a));
		packet_free(p);
	}
	KTEST_CHECK(p && a.from == US && a.to == THEM && !memcmp(a.from_link, own, 6) &&
		    !memcmp(a.to_link, theirs, 6));
	n = neighbour_find(nif, &them);
	KTEST_CHECK(n && n->state == NEIGH_STALE && !memcmp(n->link_address, theirs, 6));
	if (n)
		neighbour_put(n);
	unmake();
}

/* Whether a question for an address is answered, with our link address. */
static bool arp_answered(be32 address)
{
	struct arp_packet a = { 0 };
	struct packet *p;

	while ((p = take()))
		packet_free(p);
	arp_arrives(ARP_REQUEST, THEM, address);
	for (unsigned round = 0; round < 20; round++, nap()) {
		while ((p = take())) {
			packet_read(p, ETH_HLEN, &a, sizeof(a));
			packet_free(p);
			if (a.operation == hton16(ARP_REPLY) && a.from == address)
				return !memcmp(a.from_link, own, 6);
		}
	}
	return false;
}

/* Addresses that we route to elsewhere: published ones, or (proxy_arp) all. */
KTEST(net4_published)
{
	struct fib_entry e = { .prefix = hton32(0xcb007109u), .length = 32, .type = FIB_UNICAST,
			       .protocol = FIB_BY_STATIC, .table = FIB_MAIN,
			       .scope = FIB_SCOPE_LINK };
	struct ipaddr a = ipaddr_4(e.prefix);
	s32 *item;

	make();
	item = ip4_if(nif)->conf.item;
	e.nif = netif_by_name("lo");
	netif_config_lock();
	KTEST_CHECK(netif_set_flags(e.nif, e.nif->flags | IFF_UP) == 0);
	KTEST_CHECK(fib4_add(&e, false) == 0);
	KTEST_CHECK(published_add(nif, &a) == 0 && published_add(nif, &a) == 0);
	netif_config_unlock();
	KTEST_CHECK(!arp_answered(e.prefix)); /* not a router */
	item[IP4_FORWARDING] = 1;
	KTEST_CHECK(arp_answered(e.prefix));
	netif_config_lock();
	KTEST_CHECK(published_remove(nif, &a) == 0 && published_remove(nif, &a) == -ABI_ENOENT);
	netif_config_unlock();
	KTEST_CHECK(!arp_answered(e.prefix));
	item[IP4_PROXY_ARP] = 1;
	KTEST_CHECK(arp_answered(e.prefix));
	item[IP4_PROXY_ARP] = 0;
	netif_config_lock();
	KTEST_CHECK(published_add(NULL, &a) == 0);
	netif_config_unlock();
	KTEST_CHECK(arp_answered(e.prefix));
	netif_config_lock();
	KTEST_CHECK(published_remove(NULL, &a) == 0 && published_add(nif, &a) == 0);
	KTEST_CHECK(fib4_remove(&e) == 0);
	netif_config_unlock();
	KTEST_CHECK(!arp_answered(e.prefix)); /* we do not know the way */
	netif_put(e.nif);
	unmake();
	netif_config_lock();
	KTEST_CHECK(published_remove(nif, &a) == -ABI_ENOENT); /* its link has gone */
	netif_config_unlock();
}

KTEST(net4_fragments)
{
	struct echo e = echo_make();
	u8 piece[sizeof(struct ip4_header) + 16];
	struct ip4_header *h = (struct ip4_header *)piece;
	u32 packets, now;
	u64 bytes, now_bytes;

	make();
	arp_arrives(ARP_REQUEST, THEM, US);
	reassembly_usage(false, &packets, &bytes);
	for (u32 at = 32; at != (u32)-16; at -= 16) { /* the last piece first; the whole has 32 */
		u32 n = min(sizeof(e) - sizeof(e.ip) - at, (size_t)16);

		if (!n)
			continue;
		*h = e.ip;
		h->length = hton16((u16)(sizeof(*h) + n));
		h->fragment = hton16((u16)(at / 8 | (at + n < sizeof(e) - sizeof(e.ip) ?
						     IP4_MF : 0)));
		ip4_header_sum(h);
		memcpy(piece + sizeof(*h), (u8 *)&e.icmp + at, n);
		arrive(ETH_P_IP, piece, (u32)sizeof(*h) + n);
	}
	KTEST_CHECK(answered());
	/* A piece that waits for others does not outlive its interface. */
	arrive(ETH_P_IP, piece, sizeof(piece));
	reassembly_usage(false, &now, &now_bytes);
	KTEST_CHECK(now == packets + 1 && now_bytes > bytes);
	unmake();
	reassembly_usage(false, &now, &now_bytes);
	KTEST_CHECK(now == packets && now_bytes == bytes);
}

/* Who does not answer is asked three times; then what waits comes back as an error. */
KTEST(net4_no_neighbour)
{
	struct flow f = { .to = ipaddr_4(hton32(0xc0000209u)), .from = IPADDR_ANY4 };
	struct ip_meta meta = { .protocol = 253, .ttl = -1 };
	struct packet *p = packet_alloc(PACKET_ROOM, 8, MM_KERNEL);
	struct route *r;
	unsigned asked = 0;

	make();
	neighbour_netif_settings(nif, false)->retrans_ms = 20;
	memset(packet_put(p, 8), 0, 8);
	KTEST_CHECK(route_output(&f, &r) == 0 && r->nif == nif && r->from.w[3] == US);
	KTEST_CHECK(ip_send(p, r, &meta) == 0);
	while (asked < 3 && asked_for(f.to.w[3]))
		asked++;
	KTEST_CHECK(asked == 3);
	for (unsigned round = 0; round < 100 && r->neighbour->state != NEIGH_FAILED; round++)
		nap();
	KTEST_CHECK(r->neighbour->state == NEIGH_FAILED);
	route_put(r);
	unmake();
}

/* Routes follow addresses, and prefixes their lengths. */
KTEST(net4_routes)
{
	struct fib_entry e = { .prefix = hton32(0xcb007100u), .length = 24, .type = FIB_UNICAST,
			       .protocol = FIB_BY_STATIC, .table = FIB_MAIN, .gateway = THEM };
	struct flow f = { .to = ipaddr_4(hton32(0xcb007109u)), .from = IPADDR_ANY4 };
	struct route *r;

	make();
	KTEST_CHECK(route_output(&f, &r) == -ABI_ENETUNREACH);
	netif_config_lock();
	KTEST_CHECK(fib4_add(&e, false) == 0);
	e.prefix = hton32(0xcb007109u);
	e.length = 32;
	e.type = FIB_PROHIBIT;
	e.gateway = 0;
	KTEST_CHECK(fib4_add(&e, false) == 0);
	KTEST_CHECK(route_output(&f, &r) == -ABI_EACCES);
	KTEST_CHECK(fib4_remove(&e) == 0);
	netif_config_unlock();
	KTEST_CHECK(route_output(&f, &r) == 0);
	KTEST_CHECK(r->hop.w[3] == THEM && r->nif == nif);
	KTEST_CHECK(route_valid(r) && route_mtu(r) == 1500);
	route_set_mtu(&f.to, 1300);
	KTEST_CHECK(!route_valid(r));
	route_put(r);
	KTEST_CHECK(route_output(&f, &r) == 0 && route_mtu(r) == 1300);
	route_forget();
	KTEST_CHECK(!route_valid(r));
	route_put(r);
	KTEST_CHECK(route_output(&f, &r) == 0 && route_mtu(r) == 1500);
	netif_config_lock();
	KTEST_CHECK(ip4_addr_remove(nif, US, 24) == 0);
	netif_config_unlock();
	KTEST_CHECK(!route_valid(r));
	route_put(r);
	unmake();
}

/* A connection that has ended keeps nothing of its interface, though its file may stay open. */
KTEST(net4_tcp_ended)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = hton16(80),
				  .sin_addr.s_addr = THEM };
	struct sock *s = sock_alloc(tcp_cache, sizeof(struct tcp_sock), AF_INET, SOCK_STREAM,
				    IPPROTO_TCP, &tcp_ops, MM_ATOMIC);
	struct sockaddr_storage name = { 0 };
	u32 mtu;

	KTEST_CHECK(s);
	inet_sock_init(inet_sock(s));
	tcp_setup(tcp_sock(s));
	memcpy(&name, &to, sizeof(to));
	make();
	KTEST_CHECK(tcp_connect(s, &name, sizeof(to), O_NONBLOCK) == -ABI_EINPROGRESS);
	KTEST_CHECK(inet_sock(s)->route && inet_sock(s)->route->nif == nif);
	tcp_kill(s, ECONNABORTED);
	KTEST_CHECK(tcp_sock(s)->state == TCP_CLOSE && !inet_sock(s)->route);
	KTEST_CHECK(inet_path_mtu(inet_sock(s), &mtu) == 0 && mtu == 1500);
	KTEST_CHECK(!inet_sock(s)->route);
	unmake();
	tcp_close(s);
}

struct igmp_frame {
	struct ip4_header ip;
	u8 alert[4];
	struct igmp_report3 report;
	struct igmp_record record;
	be32 source;
} __packed;

/* The next IGMP report: whether it is of this type, for the group, with n sources. */
static bool reported(u8 type, be32 group, u16 n)
{
	struct packet *p = frame(ETH_P_IP);
	struct igmp_frame f = { 0 };

	if (!p)
		return false;
	packet_read(p, 0, &f, min(p->length, (u32)sizeof(f)));
	packet_free(p);
	return f.ip.protocol == IPPROTO_IGMP && f.ip.ttl == 1 && f.ip.to == hton32(0xe0000016u) &&
	       f.alert[0] == 148 && f.report.type == IGMP_REPORT3 && f.record.type == type &&
	       f.record.group == group && f.record.n == hton16(n) &&
	       (!n || f.source == THEM);
}

static void query(u8 code, be32 group)
{
	struct { struct ip4_header ip; struct igmp_query3 igmp; } __packed q = {
		.ip = { .version_length = 0x45, .ttl = 1, .protocol = IPPROTO_IGMP, .from = THEM,
			.to = IP4_ALL_HOSTS, .length = hton16(sizeof(q)) },
		.igmp.header = { .type = IGMP_QUERY, .code = code, .group = group },
	};
	struct packet *p;

	q.igmp.header.sum = sum_finish(sum_bytes(&q.igmp, sizeof(q.igmp), 0));
	ip4_header_sum(&q.ip);
	p = frame_make(ETH_P_IP, &q, sizeof(q));
	memcpy(p->data, (u8[]){ 1, 0, 0x5e, 0, 0, 1 }, 6);
	netif_receive_later(nif, p);
	nap();
}

KTEST(net4_groups)
{
	be32 group = hton32(0xef010203u);
	struct ipaddr mapped = ipaddr_4(group);
	struct inet_part none = { 0 }, all = { .member = true }, some = { .member = true };
	struct inet_sources *f = kzalloc(sizeof(*f) + sizeof(f->source[0]), MM_KERNEL);
	const u8 address[LINK_ADDRESS] = { 1, 0, 0x5e, 1, 2, 3 };

	make();
	f->n = 1;
	f->source[0] = ipaddr_4(THEM);
	some.filter = f;
	netif_config_lock();
	KTEST_CHECK(igmp_change(nif, &mapped, &none, &all) == 0);
	netif_config_unlock();
	KTEST_CHECK(igmp_is_member(nif, group) && netif_is_member(nif, address));
	KTEST_CHECK(reported(MCAST_TO_EXCLUDE, group, 0));
	KTEST_CHECK(reported(MCAST_TO_EXCLUDE, group, 0)); /* robustness 2 */
	query(1, 0);
	KTEST_CHECK(reported(MCAST_IS_EXCLUDE, group, 0));
	netif_config_lock();
	KTEST_CHECK(igmp_change(nif, &mapped, &all, &some) == 0);
	netif_config_unlock();
	KTEST_CHECK(reported(MCAST_TO_INCLUDE, group, 1));
	KTEST_CHECK(reported(MCAST_TO_INCLUDE, group, 1));
	netif_config_lock();
	KTEST_CHECK(igmp_change(nif, &mapped, &some, &none) == 0);
	netif_config_unlock();
	KTEST_CHECK(reported(MCAST_TO_INCLUDE, group, 0));
	KTEST_CHECK(!igmp_is_member(nif, group) && !netif_is_member(nif, address));
	kfree(f);
	unmake();
}

/* Each of many groups is reported once when a router asks for all, and one that it asks for. */
KTEST(net4_many_groups)
{
	enum { GROUPS = 200 };
	static u8 reports[GROUPS];
	struct inet_part none = { 0 }, all = { .member = true };
	be32 group = hton32(0xef010300u);
	struct packet *p;

	make();
	netif_config_lock();
	for (u32 i = 0; i < GROUPS; i++) {
		const struct ipaddr address = ipaddr_4(hton32(0xef010300u + i));

		KTEST_CHECK(igmp_change(nif, &address, &none, &all) == 0);
	}
	netif_config_unlock();
	for (unsigned i = 0; i < 2 * GROUPS; i++) /* robustness 2 */
		packet_free(frame(ETH_P_IP));
	query(1, 0);
	memset(reports, 0, sizeof(reports));
	for (unsigned i = 0; i < GROUPS; i++) {
		struct igmp_frame f = { 0 };
		u32 at;

		p = frame(ETH_P_IP);
		if (!p)
			break;
		packet_read(p, 0, &f, min(p->length, (u32)sizeof(f)));
		packet_free(p);
		at = ntoh32(f.record.group) - ntoh32(group);
		if (at < GROUPS && f.record.type == MCAST_IS_EXCLUDE)
			reports[at]++;
	}
	KTEST_CHECK(mem_is_all(reports, 1, sizeof(reports)));
	query(1, group);
	KTEST_CHECK(reported(MCAST_IS_EXCLUDE, group, 0));
	unmake();
}
