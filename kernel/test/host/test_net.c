/* Parsers of IPv4, ICMP, IGMP and ARP, the putting together of fragments, groups' times. */
#include "test/host/unit.h"

#include "abi/errno.h"
#include "net/inet/frag_list.h"
#include "net/inet/mcast_due.h"
#include "net/ip4/icmp_wire.h"
#include "net/ip4/igmp_wire.h"
#include "net/ip4/ip4_wire.h"
#include "net/link/arp_wire.h"
#include "net/udp/udp_wire.h"

#define A(a, b, c, d) hton32((u32)(a) << 24 | (b) << 16 | (c) << 8 | (d))

static void header_make(struct ip4_header *h, u32 options, u32 payload)
{
	*h = (struct ip4_header){
		.version_length = (u8)(0x40 | (20 + options) / 4),
		.length = hton16((u16)(20 + options + payload)), .ttl = 64, .protocol = 17,
		.from = A(10, 0, 0, 1), .to = A(10, 0, 0, 2),
	};
	ip4_header_sum(h);
}

TEST(header_sound)
{
	u8 bytes[60] = { 0 };
	struct ip4_header *h = (struct ip4_header *)bytes;
	u32 header, length;

	header_make(h, 0, 8);
	CHECK_EQ(ip4_header_check(bytes, 28, 28, &header, &length), 0);
	CHECK_EQ(header, 20);
	CHECK_EQ(length, 28);
	CHECK_EQ(ip4_header_check(bytes, 20, 60, &header, &length), 0); /* padded by the link */
	CHECK(ip4_header_check(bytes, 19, 60, &header, &length));
	CHECK(ip4_header_check(bytes, 27, 27, &header, &length)); /* cut */
	h->ttl--;
	CHECK(ip4_header_check(bytes, 28, 28, &header, &length));
	header_make(h, 0, 8);
	h->version_length = 0x65;
	ip4_header_sum(h);
	CHECK(ip4_header_check(bytes, 28, 28, &header, &length));
	header_make(h, 0, 8);
	h->version_length = 0x44;
	CHECK(ip4_header_check(bytes, 28, 28, &header, &length));
	header_make(h, 40, 0);
	CHECK_EQ(ip4_header_check(bytes, 60, 60, &header, &length), 0);
	CHECK_EQ(header, 60);
	CHECK(ip4_header_check(bytes, 59, 60, &header, &length));
}

TEST(options_record_route)
{
	u8 bytes[40] = { 0 };
	u8 *options = bytes + 20;
	struct ip4_options found;
	const u8 want[12] = { 7, 11, 12, 10, 0, 0, 9, 10, 0, 0, 9, 0 };

	options[0] = 7;
	options[1] = 11;
	options[2] = 4;
	CHECK(ip4_options_parse(options, 12, &found));
	CHECK_EQ(found.record, 20);
	CHECK(!found.timestamp && !found.source_route && !found.router_alert);
	for (unsigned i = 0; i < 3; i++) /* the third finds it full */
		ip4_options_fill(options, &found, A(10, 0, 0, 9), 0);
	CHECK(!memcmp(options, want, 12));
}

TEST(options_timestamp)
{
	u8 bytes[60] = { 0 };
	u8 *o = bytes + 20;
	struct ip4_options found;

	memcpy(o, (u8[]){ 68, 12, 5, 1 }, 4);
	CHECK(ip4_options_parse(o, 12, &found));
	ip4_options_fill(o, &found, A(1, 2, 3, 4), 0x01020304);
	CHECK(!memcmp(o, (u8[]){ 68, 12, 13, 1, 1, 2, 3, 4, 1, 2, 3, 4 }, 12));
	ip4_options_fill(o, &found, A(1, 2, 3, 4), 5);
	CHECK_EQ(o[3], 0x11); /* one who found no room */
	for (unsigned i = 0; i < 30; i++)
		ip4_options_fill(o, &found, A(1, 2, 3, 4), 5);
	CHECK_EQ(o[3], 0xf1);
	memcpy(o, (u8[]){ 68, 12, 5, 3, 9, 9, 9, 9, 0, 0, 0, 0 }, 12);
	ip4_options_fill(o, &found, A(1, 2, 3, 4), 7); /* not asked */
	CHECK_EQ(o[2], 5);
	ip4_options_fill(o, &found, A(9, 9, 9, 9), 7);
	CHECK_EQ(o[2], 13);
	CHECK_EQ(o[11], 7);
	o[3] = 2;
	CHECK(!ip4_options_parse(o, 12, &found));
}

TEST(options_wrong)
{
	struct ip4_options found;

	CHECK(ip4_options_parse((u8[]){ 1, 1, 0, 99 }, 4, &found));
	CHECK(!ip4_options_parse((u8[]){ 1, 7, 1, 4 }, 4, &found));
	CHECK_EQ(found.bad, 21);
	CHECK(!ip4_options_parse((u8[]){ 7, 5, 4, 0 }, 4, &found));
	CHECK(!ip4_options_parse((u8[]){ 1, 1, 1, 7 }, 4, &found));
	CHECK(ip4_options_parse((u8[]){ 131, 3, 4, 0 }, 4, &found));
	CHECK(found.source_route);
	CHECK(ip4_options_parse((u8[]){ 148, 4, 0, 0 }, 4, &found));
	CHECK(found.router_alert);
}

TEST(options_of_users_and_fragments)
{
	u8 padded, options[40] = { 7, 7, 4, 0, 0, 0, 0 }, rest[40];

	CHECK_EQ(ip4_options_user(options, 7, &padded), 0);
	CHECK_EQ(padded, 8);
	memcpy(options, (u8[]){ 131, 7, 4 }, 3);
	CHECK_EQ(ip4_options_user(options, 7, &padded), (u64)-EINVAL);
	CHECK_EQ(ip4_options_user(options, 41, &padded), (u64)-EINVAL);
	memcpy(options, (u8[]){ 1, 148, 4, 0, 0, 7, 3, 4, 0 }, 9);
	CHECK_EQ(ip4_options_of_fragments(options, 12, rest), 4);
	CHECK_EQ(rest[0], 148);
}

static struct frag_piece piece[200];
static struct frag_list list;

static enum frag_result add(unsigned k, u32 offset, u32 length, bool more)
{
	piece[k] = (struct frag_piece){ .offset = offset, .length = length };
	return frag_list_add(&list, &piece[k], more, 65515);
}

TEST(fragments_in_any_order)
{
	static const u8 orders[][3] = { { 0, 1, 2 }, { 0, 2, 1 }, { 1, 0, 2 }, { 1, 2, 0 },
					{ 2, 0, 1 }, { 2, 1, 0 } };

	for (unsigned i = 0; i < ARRAY_SIZE(orders); i++) {
		memset(&list, 0, sizeof(list));
		for (unsigned k = 0; k < 3; k++) {
			u32 n = orders[i][k];

			CHECK_EQ(add(n, n * 16, n == 2 ? 5 : 16, n != 2),
				 k == 2 ? FRAG_WHOLE : FRAG_KEPT);
		}
		CHECK_EQ(list.total, 37);
		CHECK(list.first == &piece[0] && piece[0].next == &piece[1]);
	}
}

TEST(fragments_that_lie)
{
	memset(&list, 0, sizeof(list));
	CHECK_EQ(add(0, 0, 16, true), FRAG_KEPT);
	CHECK_EQ(add(1, 0, 16, true), FRAG_DUPLICATE);
	CHECK_EQ(add(1, 8, 16, true), FRAG_BAD); /* overlaps */
	CHECK_EQ(add(1, 16, 12, true), FRAG_BAD); /* not of eights */
	CHECK_EQ(add(1, 65512, 8, false), FRAG_BAD); /* too long */
	CHECK_EQ(add(1, 32, 8, false), FRAG_KEPT);
	CHECK_EQ(add(2, 32, 16, false), FRAG_BAD); /* another end */
	CHECK_EQ(add(2, 40, 8, true), FRAG_BAD); /* behind the end */
	CHECK_EQ(add(2, 16, 16, true), FRAG_WHOLE);
	memset(&list, 0, sizeof(list));
	CHECK_EQ(add(0, 80, 8, true), FRAG_KEPT);
	CHECK_EQ(add(1, 8, 8, false), FRAG_BAD); /* ends before what is there */
}

TEST(fragments_too_many)
{
	memset(&list, 0, sizeof(list));
	for (unsigned k = 0; k < FRAG_PIECES; k++)
		CHECK_EQ(add(k, k * 16, 8, true), FRAG_KEPT);
	CHECK_EQ(add(FRAG_PIECES, FRAG_PIECES * 16, 8, true), FRAG_BAD);
}

/* Random cuts of a packet, in random order, with duplicates: always whole, never overlapping. */
TEST(fragments_random)
{
	for (unsigned round = 0; round < 2000; round++) {
		u32 cuts[20], n = 0, at = 0, total = 1 + (u32)unit_below(3000);

		memset(&list, 0, sizeof(list));
		while (at < total && n < 18) {
			cuts[n++] = at;
			at += 8 * (1 + (u32)unit_below(60));
		}
		cuts[n] = total;
		for (u32 left = n, used = 0; left; left--) {
			u32 k = (u32)unit_below(n);
			enum frag_result r;

			while (used >> k & 1)
				k = (k + 1) % n;
			used |= 1u << k;
			r = add(k, cuts[k], cuts[k + 1] - cuts[k], k + 1 < n);
			if (k + 1 < n && (cuts[k + 1] - cuts[k]) % 8)
				CHECK_EQ(r, FRAG_BAD);
			else
				CHECK_EQ(r, left == 1 ? FRAG_WHOLE : FRAG_KEPT);
		}
	}
}

static u32 error_make(u8 *b, u8 type, u8 code, u16 mtu)
{
	struct icmp4_header *h = (struct icmp4_header *)b;

	memset(b, 0, 64);
	h->type = type;
	h->code = code;
	h->too_long.mtu = hton16(mtu);
	header_make((struct ip4_header *)(b + 8), 0, 1480);
	return 8 + 20 + 8;
}

TEST(icmp_errors)
{
	struct ip_error e;
	u8 b[64], protocol;
	u32 n = error_make(b, ICMP4_UNREACHABLE, ICMP4_PORT, 0);

	CHECK(icmp4_error_parse(b, n, &e, &protocol));
	CHECK_EQ(protocol, 17);
	CHECK_EQ(e.error, ECONNREFUSED);
	CHECK(e.fatal && !ip_error_is_mtu(&e) && e.length == 8 && e.transport == b + 28);
	CHECK_EQ(e.from.w[3], A(10, 0, 0, 1));
	CHECK(!icmp4_error_parse(b, n - 1, &e, &protocol));
	error_make(b, ICMP4_UNREACHABLE, ICMP4_TOO_LONG, 1400);
	CHECK(icmp4_error_parse(b, n, &e, &protocol));
	CHECK_EQ(e.info, 1400);
	CHECK_EQ(e.error, EMSGSIZE);
	error_make(b, ICMP4_UNREACHABLE, ICMP4_TOO_LONG, 0);
	CHECK(icmp4_error_parse(b, n, &e, &protocol));
	CHECK_EQ(e.info, 1492); /* RFC 1191, 7 */
	error_make(b, ICMP4_UNREACHABLE, ICMP4_TOO_LONG, 20);
	CHECK(icmp4_error_parse(b, n, &e, &protocol));
	CHECK_EQ(e.info, IP4_MIN_MTU);
	error_make(b, ICMP4_UNREACHABLE, 16, 0);
	CHECK(!icmp4_error_parse(b, n, &e, &protocol));
	error_make(b, ICMP4_QUENCH, 0, 0);
	CHECK(!icmp4_error_parse(b, n, &e, &protocol));
	error_make(b, ICMP4_TIME_EXCEEDED, ICMP4_TTL, 0);
	CHECK(icmp4_error_parse(b, n, &e, &protocol));
	CHECK(e.error == EHOSTUNREACH && !e.fatal);
	((struct ip4_header *)(b + 8))->fragment = hton16(100);
	CHECK(!icmp4_error_parse(b, n, &e, &protocol));
}

TEST(igmp_queries)
{
	struct igmp_heard h;
	u8 b[32] = { IGMP_QUERY, 0 };

	CHECK(igmp_parse(b, 8, &h));
	CHECK(h.version == 1 && h.within_ms == 10000);
	b[1] = 50;
	CHECK(igmp_parse(b, 8, &h));
	CHECK(h.version == 2 && h.within_ms == 5000);
	CHECK(igmp_parse(b, 12, &h));
	CHECK_EQ(h.version, 3);
	b[1] = 0x80 | 0x10 | 5; /* (16 + 5) << 4 tenths */
	CHECK(igmp_parse(b, 12, &h));
	CHECK_EQ(h.within_ms, 33600);
	b[11] = 3; /* three sources */
	CHECK(!igmp_parse(b, 12 + 11, &h));
	CHECK(igmp_parse(b, 12 + 12, &h));
	CHECK(!igmp_parse(b, 7, &h));
	CHECK(!igmp_parse(b, 10, &h));
	b[0] = IGMP_REPORT2;
	CHECK(!igmp_parse(b, 8, &h));
	b[4] = 224;
	CHECK(igmp_parse(b, 8, &h));
}

TEST(arp_packets)
{
	struct arp_packet a = {
		.hardware = hton16(1), .protocol = hton16(0x800), .hardware_length = 6,
		.protocol_length = 4, .operation = hton16(ARP_REQUEST),
		.from_link = { 2, 0, 0, 0, 0, 1 }, .from = A(10, 0, 0, 1), .to = A(10, 0, 0, 2),
	};
	struct arp_packet x = a;

	CHECK(arp_check((u8 *)&a, sizeof(a)));
	CHECK(arp_check((u8 *)&a, 46));
	CHECK(!arp_check((u8 *)&a, sizeof(a) - 1));
	x.from = 0; /* a probe */
	CHECK(arp_check((u8 *)&x, sizeof(x)));
	x.from = A(224, 0, 0, 1);
	CHECK(!arp_check((u8 *)&x, sizeof(x)));
	x = a;
	x.from_link[0] = 0xff;
	CHECK(!arp_check((u8 *)&x, sizeof(x)));
	x = a;
	x.hardware_length = 8;
	CHECK(!arp_check((u8 *)&x, sizeof(x)));
	x = a;
	x.to = A(127, 0, 0, 1);
	CHECK(!arp_check((u8 *)&x, sizeof(x)));
	x = a;
	x.operation = hton16(3);
	CHECK(!arp_check((u8 *)&x, sizeof(x)));
}

TEST(udp_lengths)
{
	struct udp_header h = { .length = hton16(20) };

	CHECK_EQ(udp_length(&h, 20), 20);
	CHECK_EQ(udp_length(&h, 30), 20);
	CHECK_EQ(udp_length(&h, 19), 0);
	h.length = hton16(7);
	CHECK_EQ(udp_length(&h, 30), 0);
}

TEST(group_times)
{
	struct mcast_due d[64] = { 0 };
	struct mcast_dues all = { 0 };
	u64 now = 0, n = 0;

	CHECK(!mcast_due_first(&all));
	for (u32 i = 0; i < 64; i++)
		mcast_due_asked(&all, &d[i], 100 + i * 37 % 64);
	mcast_due_asked(&all, &d[5], 1000); /* a later wish changes nothing, an earlier does */
	CHECK_EQ(d[5].at, 100 + 5 * 37 % 64);
	mcast_due_asked(&all, &d[6], 7);
	CHECK(mcast_due_first(&all) == &d[6]);
	mcast_due_changed(&all, &d[7], 3, 2);
	CHECK(mcast_due_first(&all) == &d[7]);
	CHECK(mcast_due_done(&all, &d[7], 3, 50)); /* told once, and to be told again */
	CHECK_EQ(d[7].at, 50);
	CHECK(mcast_due_done(&all, &d[7], 60, 99));
	CHECK_EQ(d[7].at, 100 + 7 * 37 % 64); /* the report is left */
	mcast_due_drop(&all, &d[8]);
	CHECK_EQ(d[8].at, 0);
	for (struct mcast_due *x; (x = mcast_due_first(&all)); n++) {
		CHECK(x->at >= now);
		now = x->at;
		CHECK(!mcast_due_done(&all, x, now, 0));
		CHECK_EQ(x->at, 0);
	}
	CHECK_EQ(n, 63);
}
