/* The chain of headers of IPv6, prefixes and scopes, the choice of a source, ICMPv6's errors. */
#include "test/host/unit.h"

#include "abi/errno.h"
#include "abi/in.h"
#include "net/ip6/icmp6_wire.h"

/* A packet that is being made: each header is linked to the one before. */
static u8 bytes[4096] __aligned(8);
static u32 used, link_at;

static void begin(void)
{
	struct ip6_header *h = (struct ip6_header *)bytes;

	memset(bytes, 0, sizeof(bytes));
	*h = (struct ip6_header){ .version_class_flow = hton32(0x60000000), .hops = 64,
				  .from = ip6_address(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1),
				  .to = ip6_address(0x2001, 0xdb8, 0, 0, 0, 0, 0, 2) };
	used = sizeof(*h);
	link_at = 6;
}

/* A header of n bytes, a multiple of 8: its place. */
static u8 *put(u8 kind, u32 n)
{
	u8 *at = bytes + used;

	bytes[link_at] = kind;
	link_at = used;
	at[0] = IP6_NONE;
	at[1] = (u8)(kind == IP6_FRAGMENT ? 0 : n / 8 - 1);
	used += n;
	return at;
}

static void options(u8 kind, const u8 *what)
{
	memcpy(put(kind, 8) + 2, what, 6);
}

/* The transport of n bytes. */
static void end(u8 kind, u32 n)
{
	struct ip6_header *h = (struct ip6_header *)bytes;

	bytes[link_at] = kind;
	used += n;
	h->length = hton16((u16)(used - sizeof(*h)));
}

static int read_it(struct ip6_chain *c)
{
	return ip6_chain_read(bytes, used, IP6_READ_HOST, c);
}

TEST(chain_of_nothing)
{
	struct ip6_chain c;

	begin();
	end(IPPROTO_TCP, 20);
	CHECK_EQ(read_it(&c), 0);
	CHECK_EQ(c.protocol, IPPROTO_TCP);
	CHECK_EQ(c.transport, 40);
	CHECK_EQ(c.link, 6);
	CHECK_EQ(c.fixed, 40);
	CHECK_EQ(c.fixed_link, 6);
	CHECK(!c.piece && !c.router_alert);
	CHECK_EQ(ip6_chain_read(bytes, 39, IP6_READ_HOST, &c), -ENODATA);
	CHECK_EQ(c.transport, 40);
}

TEST(chain_of_all)
{
	struct ip6_chain c;

	begin();
	options(IP6_HOP_BY_HOP, (u8[]){ 5, 2, 0, 0, 1, 0 });
	options(IP6_DESTINATION, (u8[]){ 0x1e, 4, 1, 2, 3, 4 });
	put(IP6_ROUTING, 24)[2] = 0;
	options(IP6_DESTINATION, (u8[]){ 0, 0, 0, 0, 1, 0 });
	end(IPPROTO_UDP, 8);
	CHECK_EQ(read_it(&c), 0);
	CHECK_EQ(c.protocol, IPPROTO_UDP);
	CHECK_EQ(c.transport, 88);
	CHECK_EQ(c.link, 80);
	CHECK_EQ(c.hop_by_hop, 40);
	CHECK_EQ(c.routing, 56);
	CHECK_EQ(c.destination, 80);
	CHECK_EQ(c.fixed, 80); /* what is in front of the routing header goes with it */
	CHECK_EQ(c.fixed_link, 56);
	CHECK(c.router_alert);
	CHECK_EQ(c.alert, 0);
	CHECK_EQ(c.hop_options, 1);
	CHECK_EQ(c.destination_options, 1);
}

TEST(chain_cut_anywhere)
{
	struct ip6_chain c;

	begin();
	options(IP6_HOP_BY_HOP, (u8[]){ 1, 4, 0, 0, 0, 0 });
	put(IP6_DESTINATION, 64)[2] = 1;
	bytes[50 + 1] = 60;
	put(IP6_FRAGMENT, 8)[3] = 1;
	end(IPPROTO_UDP, 8);
	for (u32 n = 0; n < used - 8; n++) {
		CHECK_EQ(ip6_chain_read(bytes, n, IP6_READ_HOST, &c), -ENODATA);
		CHECK(c.transport > n && c.transport <= used - 8);
	}
	CHECK_EQ(ip6_chain_read(bytes, used - 8, IP6_READ_HOST, &c), 0);
}

TEST(chain_with_limits)
{
	struct ip6_chain c;

	begin();
	for (unsigned i = 0; i < IP6_EXTENSIONS_MAX; i++)
		options(IP6_DESTINATION, (u8[]){ 1, 4, 0, 0, 0, 0 });
	end(IPPROTO_TCP, 20);
	CHECK_EQ(read_it(&c), 0);
	begin();
	for (unsigned i = 0; i < IP6_EXTENSIONS_MAX + 1; i++)
		options(IP6_DESTINATION, (u8[]){ 1, 4, 0, 0, 0, 0 });
	end(IPPROTO_TCP, 20);
	CHECK_EQ(read_it(&c), -EINVAL);
	CHECK(!c.send_error);
	/* Hop-by-hop options come first, or not at all. */
	begin();
	options(IP6_DESTINATION, (u8[]){ 1, 4, 0, 0, 0, 0 });
	options(IP6_HOP_BY_HOP, (u8[]){ 1, 4, 0, 0, 0, 0 });
	end(IPPROTO_TCP, 20);
	CHECK_EQ(read_it(&c), -EINVAL);
	CHECK(c.send_error);
	CHECK_EQ(c.code, ICMP6_BAD_NEXT);
	CHECK_EQ(c.pointer, 40);
}

TEST(options_unknown)
{
	/* By the two high bits: skip, drop, answer, answer unless it was a group's. */
	static const struct { u8 option; int host, member; bool host_told, member_told; } t[] = {
		{ 0x1e, 0, 0, false, false },
		{ 0x5e, -EINVAL, -EINVAL, false, false },
		{ 0x9e, -EINVAL, -EINVAL, true, true },
		{ 0xde, -EINVAL, -EINVAL, true, false },
		{ 0xc2, -EINVAL, -EINVAL, true, false }, /* jumbo */
	};
	struct ip6_chain c;

	for (unsigned i = 0; i < ARRAY_SIZE(t); i++) {
		begin();
		options(IP6_DESTINATION, (u8[]){ 1, 0, t[i].option, 2, 0, 0 });
		end(IPPROTO_UDP, 8);
		CHECK_EQ(read_it(&c), t[i].host);
		CHECK_EQ(c.send_error, t[i].host_told);
		if (c.send_error) {
			CHECK_EQ(c.code, ICMP6_BAD_OPTION);
			CHECK_EQ(c.pointer, 44);
		}
		CHECK_EQ(ip6_chain_read(bytes, used, IP6_READ_MEMBER, &c), t[i].member);
		CHECK_EQ(c.send_error, t[i].member_told);
		CHECK_EQ(ip6_chain_read(bytes, used, IP6_READ_SENDER, &c), 0);
	}
	/* One that is longer than its header. */
	begin();
	options(IP6_HOP_BY_HOP, (u8[]){ 0x1e, 5, 0, 0, 0, 0 });
	end(IPPROTO_UDP, 8);
	CHECK_EQ(read_it(&c), -EINVAL);
	CHECK_EQ(c.code, ICMP6_BAD_FIELD);
	CHECK_EQ(c.pointer, 42);
	begin();
	options(IP6_HOP_BY_HOP, (u8[]){ 0, 0, 0, 0, 0, 1 }); /* no length at all */
	end(IPPROTO_UDP, 8);
	CHECK_EQ(read_it(&c), -EINVAL);
}

TEST(routing_refused)
{
	struct ip6_chain c;

	for (unsigned type = 0; type < 5; type++) {
		u8 *h;

		begin();
		h = put(IP6_ROUTING, 24);
		h[2] = (u8)type;
		h[3] = 1;
		end(IPPROTO_UDP, 8);
		CHECK_EQ(read_it(&c), -EINVAL);
		CHECK(c.send_error);
		CHECK_EQ(c.code, ICMP6_BAD_FIELD);
		CHECK_EQ(c.pointer, 42);
		h[3] = 0;
		CHECK_EQ(read_it(&c), 0);
	}
}

TEST(fragments)
{
	struct ip6_chain c;
	u8 *f;

	begin();
	options(IP6_HOP_BY_HOP, (u8[]){ 1, 4, 0, 0, 0, 0 });
	f = put(IP6_FRAGMENT, 8);
	f[3] = 1;
	options(IP6_DESTINATION, (u8[]){ 0x9e, 4, 0, 0, 0, 0 }); /* of the whole packet */
	end(IPPROTO_TCP, 20);
	CHECK_EQ(read_it(&c), 0);
	CHECK(c.piece);
	CHECK_EQ(c.protocol, IP6_DESTINATION);
	CHECK_EQ(c.transport, 56);
	CHECK_EQ(c.fragment, 48);
	CHECK_EQ(c.fixed, 48);
	CHECK_EQ(c.fixed_link, 40);
	CHECK(ip6_chain_is_whole(bytes, used, &c));
	for (u32 n = 56; n < used; n++)
		CHECK(!ip6_chain_is_whole(bytes, n, &c));
	/* Atomic: as if it were not there. */
	f[3] = 0;
	CHECK_EQ(read_it(&c), -EINVAL);
	CHECK_EQ(c.pointer, 58);
	bytes[58] = 0x1e;
	CHECK_EQ(read_it(&c), 0);
	CHECK(!c.piece);
	CHECK_EQ(c.protocol, IPPROTO_TCP);
	f[2] = 0xff; /* somewhere far behind */
	CHECK_EQ(read_it(&c), 0);
	CHECK(c.piece);
}

TEST(prefixes)
{
	struct ipaddr a = ip6_address(0x2001, 0xdb8, 0x1234, 0x5678, 0x9abc, 0xdef0, 1, 2), b = a;
	struct ipaddr want = ip6_address(0x2001, 0xdb8, 0x1234, 0x5678, 0x8000, 0, 0, 0), got;

	CHECK_EQ(ip6_common_bits(&a, &b), 128);
	b.b[15] ^= 1;
	CHECK_EQ(ip6_common_bits(&a, &b), 127);
	CHECK(ip6_prefix_equal(&a, &b, 127) && !ip6_prefix_equal(&a, &b, 128));
	b.b[8] ^= 0x80;
	CHECK_EQ(ip6_common_bits(&a, &b), 64);
	b.b[0] ^= 0x80;
	CHECK_EQ(ip6_common_bits(&a, &b), 0);
	CHECK(ip6_prefix_equal(&a, &b, 0) && !ip6_prefix_equal(&a, &b, 1));
	got = ip6_prefix(&a, 65);
	CHECK(ipaddr_equal(&got, &want));
	got = ip6_prefix(&a, 128);
	CHECK(ipaddr_equal(&got, &a));
	got = ip6_prefix(&a, 0);
	CHECK(ipaddr_any(&got));
	for (unsigned n = 0; n <= 128; n++) {
		got = ip6_prefix(&a, n);
		CHECK(ip6_common_bits(&got, &a) >= n);
	}
}

TEST(scopes)
{
	const struct ipaddr link = ip6_address(0xfe80, 0, 0, 0, 0, 0, 0, 1);
	const struct ipaddr nodes = IP6_ALL_NODES, loop = IP6_LOOPBACK;
	const struct ipaddr far = ip6_address(0xff0e, 0, 0, 0, 0, 0, 0, 1);
	const struct ipaddr unique = ip6_address(0xfd00, 0, 0, 0, 0, 0, 0, 1);
	const struct ipaddr asked = ip6_solicited_node(&unique);
	const struct ipaddr want = ip6_address(0xff02, 0, 0, 0, 0, 1, 0xff00, 1);

	CHECK_EQ(ip6_scope_of(&link), IP6_SCOPE_LINK);
	CHECK_EQ(ip6_scope_of(&nodes), IP6_SCOPE_LINK);
	CHECK_EQ(ip6_scope_of(&loop), IP6_SCOPE_LINK);
	CHECK_EQ(ip6_scope_of(&far), IP6_SCOPE_GLOBAL);
	CHECK_EQ(ip6_scope_of(&unique), IP6_SCOPE_GLOBAL);
	CHECK(ipaddr_equal(&asked, &want));
}

/* Whether a is chosen whichever comes first. */
static bool beats(const struct ip6_candidate *a, const struct ip6_candidate *b,
		  const struct ipaddr *to, u32 prefer)
{
	return ip6_source_better(a, b, to, prefer) && !ip6_source_better(b, a, to, prefer);
}

#define GLOBAL(n, last) ip6_address(0x2001, 0xdb8, n, 0, 0, 0, 0, last)

TEST(source_by_scope)
{
	struct ip6_candidate global = { .address = GLOBAL(1, 1), .length = 64, .outgoing = true };
	struct ip6_candidate link = { .address = ip6_address(0xfe80, 0, 0, 0, 0, 0, 0, 1),
				      .length = 64, .outgoing = true };
	struct ipaddr to = GLOBAL(9, 9);

	CHECK(beats(&global, &link, &to, 0));
	to = ip6_address(0xfe80, 0, 0, 0, 0, 0, 0, 9);
	CHECK(beats(&link, &global, &to, 0));
	to = IP6_ALL_NODES;
	CHECK(beats(&link, &global, &to, 0));
	to = ip6_address(0xff05, 0, 0, 0, 0, 0, 0, 9);
	CHECK(beats(&global, &link, &to, 0));
	to = link.address; /* itself before all */
	global.deprecated = true;
	CHECK(beats(&link, &global, &to, 0));
}

TEST(source_by_rule)
{
	struct ip6_candidate a = { .address = GLOBAL(1, 1), .length = 64, .outgoing = true };
	struct ip6_candidate b = { .address = GLOBAL(2, 1), .length = 64, .outgoing = true };
	struct ip6_candidate six_to_four = { .address = ip6_address(0x2002, 1, 2, 3, 0, 0, 0, 1),
					     .length = 16, .outgoing = true };
	struct ip6_candidate unique = { .address = ip6_address(0xfd00, 1, 2, 3, 0, 0, 0, 1),
					.length = 64, .outgoing = true };
	struct ipaddr to = GLOBAL(2, 9);

	CHECK(beats(&b, &a, &to, 0));            /* 8: the longest match */
	a.length = b.length = 32;                /* … no longer than its prefix */
	CHECK(!ip6_source_better(&b, &a, &to, 0) && !ip6_source_better(&a, &b, &to, 0));
	a.length = b.length = 64;
	b.temporary = true;
	CHECK(beats(&a, &b, &to, 0));            /* 7 */
	CHECK(beats(&b, &a, &to, IP6_PREFER_TEMPORARY));
	a.temporary_first = b.temporary_first = true; /* as the interface has it … */
	CHECK(beats(&b, &a, &to, 0));
	CHECK(beats(&a, &b, &to, IP6_PREFER_PUBLIC)); /* … but for who says what he wants */
	a.temporary_first = b.temporary_first = b.temporary = false;
	a.length = b.length = 32;
	a.optimistic = true;                     /* the rest being equal, who is certain */
	CHECK(beats(&b, &a, &to, 0));
	a.optimistic = false;
	a.length = b.length = 64;
	CHECK(beats(&a, &unique, &to, 0));       /* 6: labels */
	CHECK(beats(&a, &six_to_four, &to, 0));
	to = ip6_address(0x2002, 9, 9, 9, 0, 0, 0, 9);
	CHECK(beats(&six_to_four, &a, &to, 0));
	to = ip6_address(0xfd00, 9, 9, 9, 0, 0, 0, 9);
	CHECK(beats(&unique, &a, &to, 0));
	unique.outgoing = false;                 /* 5 */
	CHECK(beats(&a, &unique, &to, 0));
	unique.home = true;                      /* 4 */
	CHECK(beats(&unique, &a, &to, 0));
	CHECK(beats(&a, &unique, &to, IP6_PREFER_CARE_OF));
	unique.home = false;
	a.deprecated = true;                     /* 3 */
	CHECK(beats(&unique, &a, &to, 0));
}

/* An error about the packet that was made, of a type and code: the bytes. */
static u32 error_of(u8 *out, u8 type, u8 code, u32 word, u32 quoted)
{
	struct icmp6_header *h = (struct icmp6_header *)out;

	*h = (struct icmp6_header){ .type = type, .code = code, .word = hton32(word) };
	memcpy(out + sizeof(*h), bytes, quoted);
	return (u32)sizeof(*h) + quoted;
}

TEST(errors)
{
	static u8 message[2048] __aligned(8);
	struct ip_error e;
	u8 protocol;
	u32 n;

	begin();
	options(IP6_DESTINATION, (u8[]){ 0xde, 4, 0, 0, 0, 0 });
	end(IPPROTO_UDP, 24);
	n = error_of(message, ICMP6_UNREACHABLE, ICMP6_PORT, 0, used);
	CHECK(icmp6_error_parse(message, n, &e, &protocol));
	CHECK_EQ(protocol, IPPROTO_UDP);
	CHECK_EQ(e.error, ECONNREFUSED);
	CHECK(e.fatal && !ip_error_is_mtu(&e));
	CHECK_EQ(e.header_length, 48);
	CHECK_EQ(e.length, 24);
	for (u32 cut = 0; cut < 8 + 48 + 8; cut++)
		CHECK(!icmp6_error_parse(message, cut, &e, &protocol));
	CHECK(icmp6_error_parse(message, 8 + 48 + 8, &e, &protocol));
	CHECK_EQ(e.length, 8);
	n = error_of(message, ICMP6_UNREACHABLE, ICMP6_NO_ROUTE, 0, used);
	CHECK(icmp6_error_parse(message, n, &e, &protocol));
	CHECK(e.error == ENETUNREACH && !e.fatal);
	n = error_of(message, ICMP6_TOO_BIG, 0, 1400, used);
	CHECK(icmp6_error_parse(message, n, &e, &protocol));
	CHECK(e.error == EMSGSIZE && e.info == 1400);
	n = error_of(message, ICMP6_TOO_BIG, 0, 1279, used); /* RFC 8201, 4 */
	CHECK(!icmp6_error_parse(message, n, &e, &protocol));
	n = error_of(message, ICMP6_PARAMETER, ICMP6_BAD_OPTION, 42, used);
	CHECK(icmp6_error_parse(message, n, &e, &protocol));
	CHECK(e.error == EPROTO && e.fatal);
	n = error_of(message, 100, 0, 0, used);
	CHECK(icmp6_error_parse(message, n, &e, &protocol));
	/* Later fragments say nothing of a transport. */
	begin();
	put(IP6_FRAGMENT, 8)[3] = 8;
	end(IPPROTO_UDP, 24);
	n = error_of(message, ICMP6_TIME_EXCEEDED, 0, 0, used);
	CHECK(!icmp6_error_parse(message, n, &e, &protocol));
}
