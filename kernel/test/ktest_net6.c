/*
 * Self-tests of IPv6 on an imaginary Ethernet, whose other end is the test: echo, what is dropped,
 * extension headers, fragments both ways, errors and their limits, forwarding.
 */
#include "abi/errno.h"
#include "abi/if.h"
#include "abi/if_ether.h"
#include "abi/in.h"
#include "abi/rtnetlink.h"
#include "core/clock.h"
#include "lib/string.h"
#include "net/inet/reassembly.h"
#include "net/ip6/icmp6_wire.h"
#include "net/ip6/ip6_int.h"
#include "net/ip6/mld.h"
#include "net/link/neighbour.h"
#include "test/ktest.h"
#include "test/ktest_wire.h"

#define US   ip6_address(0x2001, 0xdb8, 0, 1, 0, 0, 0, 1)
#define THEM ip6_address(0x2001, 0xdb8, 0, 1, 0, 0, 0, 2)
#define FAR  ip6_address(0x2001, 0xdb8, 0, 2, 0, 0, 0, 2) /* by the other wire */
#define FAR_US ip6_address(0x2001, 0xdb8, 0, 2, 0, 0, 0, 1)

enum { ECHO_BYTES = 48 };

static struct ktest_wire wire, other;

/* A neighbour that need not be asked for. */
static void neighbour_make(struct ktest_wire *w, const struct ipaddr *address)
{
	struct neighbour *n = neighbour_get(w->nif, address);

	KTEST_CHECK(n && !neighbour_update(n, w->theirs, NEIGH_PERMANENT, NEIGH_ADMIN));
	if (n)
		neighbour_put(n);
}

static void make_on(struct ktest_wire *w, u8 number, struct ipaddr us, struct ipaddr them)
{
	struct ip6_addr a = { .address = us, .length = 64,
			      .flags = IFA_F_NODAD | IFA_F_PERMANENT };

	ktest_wire_make(w, number);
	netif_config_lock();
	KTEST_CHECK(ip6_addr_add(w->nif, &a) == 0);
	KTEST_CHECK(ip6_addr_add(w->nif, &a) == -ABI_EEXIST);
	netif_config_unlock();
	neighbour_make(w, &them);
}

/* Errors without a limit of their rate to each, which tests would have to wait for. */
static void make(void)
{
	make_on(&wire, 6, US, THEM);
	WRITE_ONCE(ip6_settings.icmp_ratelimit, 0);
}

static void unmake(void)
{
	WRITE_ONCE(ip6_settings.icmp_ratelimit, 1000);
	ktest_wire_unmake(&wire);
}

/* A packet that is being made: headers are put behind each other, each linked to the last. */
static struct { u8 bytes[2048] __aligned(8); u32 used, link; } out;

static struct ip6_header *begin(struct ipaddr from, struct ipaddr to)
{
	struct ip6_header *h = (struct ip6_header *)out.bytes;

	*h = (struct ip6_header){ .version_class_flow = hton32(0x60000000), .hops = 9,
				  .from = from, .to = to };
	out.used = sizeof(*h);
	out.link = offsetof(struct ip6_header, next);
	return h;
}

static u8 *put(u8 kind, u32 n)
{
	u8 *at = out.bytes + out.used;

	memset(at, 0, n);
	out.bytes[out.link] = kind;
	out.link = out.used;
	out.used += n;
	return at;
}

/* Eight bytes of options. */
static void put_options(u8 kind, u8 option)
{
	memcpy(put(kind, 8), (u8[]){ IP6_NONE, 0, option, 4, 0, 0, 0, 0 }, 8);
}

static void send(struct ktest_wire *w, bool group)
{
	struct ip6_header *h = (struct ip6_header *)out.bytes;

	h->length = hton16((u16)(out.used - sizeof(*h)));
	ktest_wire_arrive(w, ETH_P_IPV6, out.bytes, out.used, group);
}

/* An echo request of n bytes, as the transport of what was begun. */
static void put_echo(u8 *to, u32 n)
{
	const struct ip6_header *h = (const struct ip6_header *)out.bytes;
	struct icmp6_header *icmp = (struct icmp6_header *)to;

	memset(to, 'k', n);
	*icmp = (struct icmp6_header){ .type = ICMP6_ECHO, .echo.id = 5, .echo.sequence = 6 };
	icmp->sum = sum_finish(sum_bytes(to, n, ip_pseudo_sum(&h->from, &h->to, IPPROTO_ICMPV6,
							      n)));
}

static void send_echo(struct ipaddr from)
{
	begin(from, US);
	put_echo(put(IPPROTO_ICMPV6, ECHO_BYTES), ECHO_BYTES);
	send(&wire, false);
}

/* Whether a packet is one that an interface sends for itself: MLD (with its option), ND. */
static bool is_housekeeping(const struct packet *p)
{
	const struct ip6_header *h = (const struct ip6_header *)p->data;
	u8 type = p->length > sizeof(*h) ? p->data[sizeof(*h)] : 0;

	return h->next == IP6_HOP_BY_HOP ||
	       (h->next == IPPROTO_ICMPV6 && type >= ICMP6_ROUTER_SOLICIT && type < ICMP6_REDIRECT);
}

static struct packet *next(struct ktest_wire *w)
{
	struct packet *p;

	while ((p = ktest_wire_frame(w, ETH_P_IPV6)) && is_housekeeping(p))
		packet_free(p);
	return p;
}

static bool sum_right(const struct packet *p)
{
	const struct ip6_header *h = (const struct ip6_header *)p->data;
	u32 n = p->length - (u32)sizeof(*h);

	return sum_fold(sum_bytes(h + 1, n, ip_pseudo_sum(&h->from, &h->to, IPPROTO_ICMPV6, n))) ==
	       0xffff;
}

/* Whether an echo reply is the next thing on the wire. */
static bool answered(void)
{
	struct ipaddr us = US, them = THEM;
	struct packet *p = next(&wire);
	const struct ip6_header *h;
	bool right;

	if (!p)
		return false;
	h = (const struct ip6_header *)p->data;
	right = p->length == sizeof(*h) + ECHO_BYTES && h->next == IPPROTO_ICMPV6 &&
		h->hops == 64 && ipaddr_equal(&h->from, &us) && ipaddr_equal(&h->to, &them) &&
		p->data[sizeof(*h)] == ICMP6_ECHO_REPLY && p->data[p->length - 1] == 'k' &&
		sum_right(p);
	packet_free(p);
	return right;
}

/* Whether an error of this kind about what was sent last is the next thing on the wire. */
static bool refused(struct ktest_wire *w, u8 type, u8 code, u32 info)
{
	struct packet *p = next(w);
	const struct ip6_header *h;
	const struct icmp6_header *icmp;
	bool right;

	if (!p)
		return false;
	h = (const struct ip6_header *)p->data;
	icmp = (const struct icmp6_header *)(h + 1);
	right = p->length >= sizeof(*h) + sizeof(*icmp) && h->next == IPPROTO_ICMPV6 &&
		icmp->type == type && icmp->code == code && ntoh32(icmp->word) == info &&
		p->length <= IP6_MIN_MTU &&
		!memcmp(icmp + 1, out.bytes, p->length - sizeof(*h) - sizeof(*icmp)) &&
		sum_right(p);
	if (!right)
		ktest_note("type %u code %u info %u", icmp->type, icmp->code, ntoh32(icmp->word));
	packet_free(p);
	return right;
}

KTEST(net6_echo)
{
	make();
	send_echo(THEM);
	KTEST_CHECK(answered());
	unmake();
}

/* Sources that no packet is from, damage, others' packets: none of it is answered. */
KTEST(net6_dropped)
{
	struct ip6_header *h;

	make();
	send_echo(US);
	send_echo(IP6_LOOPBACK);
	send_echo(IPADDR_ANY);
	send_echo(IP6_ALL_NODES);
	send_echo(ipaddr_4(hton32(0x01020304)));
	h = begin(THEM, IP6_LOOPBACK);
	put_echo(put(IPPROTO_ICMPV6, ECHO_BYTES), ECHO_BYTES);
	send(&wire, false);
	h = begin(THEM, FAR); /* nobody forwards */
	put_echo(put(IPPROTO_ICMPV6, ECHO_BYTES), ECHO_BYTES);
	send(&wire, false);
	h = begin(THEM, US);
	put_echo(put(IPPROTO_ICMPV6, ECHO_BYTES), ECHO_BYTES);
	send(&wire, true); /* for one, to all */
	h->version_class_flow = hton32(0x40000000);
	send(&wire, false);
	h->version_class_flow = hton32(0x60000000);
	out.bytes[out.used - 1] ^= 1; /* the sum is wrong */
	send(&wire, false);
	for (u32 n = 0; n < out.used; n++) /* shorter than it says */
		ktest_wire_arrive(&wire, ETH_P_IPV6, out.bytes, n, false);
	send_echo(THEM);
	KTEST_CHECK(answered()); /* this one, and none before */
	unmake();
}

KTEST(net6_extensions)
{
	make();
	begin(THEM, US);
	put_options(IP6_HOP_BY_HOP, 1);
	put_options(IP6_DESTINATION, 0x1e);
	put(IP6_ROUTING, 8)[2] = 99; /* not known, but been everywhere */
	put_echo(put(IPPROTO_ICMPV6, ECHO_BYTES), ECHO_BYTES);
	send(&wire, false);
	KTEST_CHECK(answered());
	begin(THEM, US);
	put_options(IP6_DESTINATION, 0xde);
	put(IP6_NONE, 0);
	send(&wire, false);
	KTEST_CHECK(refused(&wire, ICMP6_PARAMETER, ICMP6_BAD_OPTION, 42));
	begin(THEM, US);
	put(IP6_ROUTING, 8)[3] = 1;
	put(IPPROTO_UDP, 8);
	send(&wire, false);
	KTEST_CHECK(refused(&wire, ICMP6_PARAMETER, ICMP6_BAD_FIELD, 42));
	begin(THEM, US);
	put_options(IP6_DESTINATION, 1);
	put_options(IP6_HOP_BY_HOP, 1);
	put(IPPROTO_UDP, 8);
	send(&wire, false);
	KTEST_CHECK(refused(&wire, ICMP6_PARAMETER, ICMP6_BAD_NEXT, 40));
	begin(THEM, US);
	put_options(IP6_DESTINATION, 1);
	put(IPPROTO_ICMP, 8); /* IPv4's does not count */
	send(&wire, false);
	KTEST_CHECK(refused(&wire, ICMP6_PARAMETER, ICMP6_BAD_NEXT, 40));
	begin(THEM, US);
	for (unsigned i = 0; i < 100; i++) /* a storm of headers */
		put_options(IP6_DESTINATION, 1);
	put_echo(put(IPPROTO_ICMPV6, ECHO_BYTES), ECHO_BYTES);
	send(&wire, false);
	begin(THEM, US);
	put(IP6_NONE, 0);
	send(&wire, false);
	send_echo(THEM);
	KTEST_CHECK(answered());
	unmake();
}

/* A piece of an echo request of `whole` bytes: n of them from `at` on, of packet `id`. */
static void send_piece(u32 id, u32 whole, u32 at, u32 n)
{
	static u8 message[ECHO_BYTES] __aligned(8);
	struct ip6_fragment_header *f;

	begin(THEM, US);
	put_echo(message, whole);
	f = (struct ip6_fragment_header *)put(IP6_FRAGMENT, sizeof(*f));
	f->id = hton32(id);
	f->offset_more = hton16((u16)(at | (at + n < whole)));
	memcpy(put(IPPROTO_ICMPV6, n), message + at, n);
	send(&wire, false);
}

KTEST(net6_fragments)
{
	u32 packets, now;
	u64 bytes, now_bytes;

	make();
	reassembly_usage(true, &packets, &bytes);
	send_piece(1, ECHO_BYTES, 32, 16);
	send_piece(1, ECHO_BYTES, 0, 16);
	send_piece(1, ECHO_BYTES, 0, 16); /* once more */
	send_piece(2, ECHO_BYTES, 16, 16);
	send_piece(1, ECHO_BYTES, 16, 16);
	KTEST_CHECK(answered());
	send_piece(3, ECHO_BYTES, 0, ECHO_BYTES); /* atomic, whatever waits with its number */
	KTEST_CHECK(answered());
	/* Pieces that lie over each other spoil their packet (RFC 5722). */
	send_piece(4, ECHO_BYTES, 0, 24);
	send_piece(4, ECHO_BYTES, 16, 16);
	send_piece(4, ECHO_BYTES, 32, 16);
	/* A length that no but the last may have; more than a packet holds; headers cut off. */
	send_piece(5, ECHO_BYTES, 0, 20);
	KTEST_CHECK(refused(&wire, ICMP6_PARAMETER, ICMP6_BAD_FIELD, 4));
	begin(THEM, US);
	put(IP6_FRAGMENT, 8)[2] = 0xff;
	out.bytes[43] = 0xf9;
	put(IPPROTO_UDP, 8);
	send(&wire, false);
	KTEST_CHECK(refused(&wire, ICMP6_PARAMETER, ICMP6_BAD_FIELD, 42));
	begin(THEM, US);
	put(IP6_FRAGMENT, 8)[3] = 1;
	put(IPPROTO_TCP, 16);
	send(&wire, false);
	KTEST_CHECK(refused(&wire, ICMP6_PARAMETER, ICMP6_CHAIN_CUT, 0));
	send_echo(THEM);
	KTEST_CHECK(answered());
	reassembly_usage(true, &now, &now_bytes);
	KTEST_CHECK(now > packets && now_bytes > bytes);
	unmake();
	reassembly_usage(true, &now, &now_bytes); /* those that wait go with the interface */
	KTEST_CHECK(now == packets && now_bytes == bytes);
}

/* What is longer than the link goes in pieces of one number that fit together. */
KTEST(net6_cut)
{
	enum { BYTES = 4000 };
	struct flow f = { .to = THEM };
	struct ip_meta meta = { .protocol = 253, .ttl = -1 };
	struct packet *p = packet_alloc(PACKET_ROOM, BYTES, MM_KERNEL);
	struct route *r;
	u32 at = 0, id = 0;
	bool more = true;

	make();
	for (u32 i = 0; i < BYTES; i++)
		packet_put(p, 1)[0] = (u8)i;
	KTEST_CHECK(route_output(&f, &r) == 0);
	KTEST_CHECK(ip_send(p, r, &meta) == 0);
	while (more && (p = next(&wire))) {
		const struct ip6_header *h = (const struct ip6_header *)p->data;
		const struct ip6_fragment_header *x = (const void *)(h + 1);
		u32 n = p->length - (u32)(sizeof(*h) + sizeof(*x));

		KTEST_CHECK(p->length <= 1500 && h->next == IP6_FRAGMENT && x->next == 253);
		KTEST_CHECK(ntoh16(h->length) == n + sizeof(*x));
		KTEST_CHECK((ntoh16(x->offset_more) & 0xfff8) == at && (!at || x->id == id));
		KTEST_CHECK(((const u8 *)(x + 1))[0] == (u8)at);
		more = x->offset_more & hton16(1);
		id = x->id;
		at += n;
		packet_free(p);
	}
	KTEST_CHECK(at == BYTES && !more);
	p = packet_alloc(PACKET_ROOM, BYTES, MM_KERNEL);
	memset(packet_put(p, BYTES), 0, BYTES);
	meta.dont_fragment = true;
	KTEST_CHECK(ip_send(p, r, &meta) == -ABI_EMSGSIZE);
	route_put(r);
	unmake();
}

/* Errors are not about errors, nor about what went to many, and not without number. */
KTEST(net6_errors_limited)
{
	unsigned told = 0;
	struct packet *p;

	make();
	begin(THEM, US);
	put_options(IP6_DESTINATION, 0xde);
	put(IPPROTO_ICMPV6, 8)[0] = ICMP6_UNREACHABLE;
	send(&wire, false);
	begin(THEM, IP6_ALL_NODES);
	put_options(IP6_DESTINATION, 0xde); /* not to be told if it went to many … */
	put(IPPROTO_UDP, 8);
	send(&wire, true);
	begin(THEM, IP6_ALL_NODES);
	put(253, 8);
	send(&wire, true);
	begin(THEM, IP6_ALL_NODES);
	put_options(IP6_DESTINATION, 0x9e); /* … and to be told all the same */
	put(IPPROTO_UDP, 8);
	send(&wire, true);
	p = next(&wire);
	KTEST_CHECK(p && p->data[40] == ICMP6_PARAMETER && p->data[41] == ICMP6_BAD_OPTION);
	packet_free(p);
	WRITE_ONCE(ip6_settings.icmp_ratelimit, 1000);
	for (unsigned i = 0; i < 40; i++) {
		begin(THEM, US);
		put(253, 8);
		send(&wire, false);
	}
	send_echo(THEM);
	while ((p = next(&wire)) && p->data[40] == ICMP6_PARAMETER) {
		told++;
		packet_free(p);
	}
	KTEST_CHECK(p && p->data[40] == ICMP6_ECHO_REPLY);
	packet_free(p);
	KTEST_CHECK(told >= 1 && told <= 8);
	unmake();
}

static void forwarding(bool on)
{
	netif_config_lock();
	ip6_conf_set(wire.nif, IP6_FORWARDING, on);
	netif_config_unlock();
}

KTEST(net6_forward)
{
	struct packet *p;

	make();
	make_on(&other, 7, FAR_US, FAR);
	forwarding(true);
	begin(THEM, FAR);
	put(IPPROTO_UDP, 100);
	send(&wire, false);
	p = next(&other);
	KTEST_CHECK(p && p->length == 140 && ((struct ip6_header *)p->data)->hops == 8);
	packet_free(p);
	begin(THEM, FAR)->hops = 1;
	put(IPPROTO_UDP, 8);
	send(&wire, false);
	KTEST_CHECK(refused(&wire, ICMP6_TIME_EXCEEDED, ICMP6_HOPS, 0));
	netif_config_lock();
	KTEST_CHECK(netif_set_mtu(other.nif, IP6_MIN_MTU) == 0);
	netif_config_unlock();
	begin(THEM, FAR);
	put(IPPROTO_UDP, 1400);
	send(&wire, false);
	KTEST_CHECK(refused(&wire, ICMP6_TOO_BIG, 0, IP6_MIN_MTU));
	begin(THEM, ip6_address(0x2001, 0xdb8, 0, 3, 0, 0, 0, 1));
	put(IPPROTO_UDP, 8);
	send(&wire, false);
	KTEST_CHECK(refused(&wire, ICMP6_UNREACHABLE, ICMP6_NO_ROUTE, 0));
	forwarding(false);
	ktest_wire_unmake(&other);
	unmake();
}

static void set_mtu(u32 mtu)
{
	netif_config_lock();
	KTEST_CHECK(netif_set_mtu(wire.nif, mtu) == 0);
	netif_config_unlock();
}

static void change(const struct ipaddr *group, const struct inet_part *from,
		   const struct inet_part *to)
{
	netif_config_lock();
	KTEST_CHECK(mld_change(wire.nif, group, from, to) == 0);
	netif_config_unlock();
}

/* Sockets' groups are there again when the MTU is large enough for IPv6 again; what is left
 * meanwhile is not. */
KTEST(net6_small_mtu)
{
	const struct ipaddr kept = ip6_address(0xff02, 0, 0, 0, 0, 0, 1, 1),
			    left = ip6_address(0xff02, 0, 0, 0, 0, 0, 1, 2);
	const struct inet_part none = { 0 }, all = { .member = true };
	const u8 kept_link[LINK_ADDRESS] = { 0x33, 0x33, 0, 1, 0, 1 },
		 left_link[LINK_ADDRESS] = { 0x33, 0x33, 0, 1, 0, 2 },
		 everybody[LINK_ADDRESS] = { 0x33, 0x33, 0, 0, 0, 1 };

	make();
	change(&kept, &none, &all);
	change(&kept, &none, &all);
	change(&left, &none, &all);
	set_mtu(1000);
	KTEST_CHECK(!ip6_if(wire.nif) && !mld_is_member(wire.nif, &kept));
	KTEST_CHECK(!netif_is_member(wire.nif, everybody));
	change(&left, &all, &none);
	set_mtu(1500);
	KTEST_CHECK(mld_is_member(wire.nif, &kept) && netif_is_member(wire.nif, kept_link));
	KTEST_CHECK(!mld_is_member(wire.nif, &left) && !netif_is_member(wire.nif, left_link));
	KTEST_CHECK(netif_is_member(wire.nif, everybody));
	change(&kept, &all, &none);
	KTEST_CHECK(mld_is_member(wire.nif, &kept));
	change(&kept, &all, &none);
	KTEST_CHECK(!mld_is_member(wire.nif, &kept) && !netif_is_member(wire.nif, kept_link));
	set_mtu(1000); /* and it goes while IPv6 is off */
	unmake();
}

/* Nobody would remove a neighbour that is made on an interface when the others have gone. */
static const struct netif *going;
static bool made_late;

static void gone_fn(struct netif_watch *w, struct netif *nif, enum netif_event event)
{
	const struct ipaddr them = THEM;
	struct neighbour *n = nif == going && event == NETIF_GONE ? neighbour_get(nif, &them) :
								    NULL;

	if (!n)
		return;
	made_late = true;
	neighbour_put(n);
	neighbour_remove(nif, &them);
}

KTEST(net6_neighbour_late)
{
	static struct netif_watch watch = { .fn = gone_fn };

	netif_watch(&watch); /* for ever */
	make();
	going = wire.nif;
	unmake();
	going = NULL;
	KTEST_CHECK(!made_late);
}
