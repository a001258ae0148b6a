/* Parsers of neighbour discovery and MLD. */
#include "test/host/unit.h"

#include "net/ip6/icmp6_wire.h"
#include "net/ip6/mld_wire.h"
#include "net/ip6/nd_wire.h"

static const struct ipaddr *at(struct ipaddr a)
{
	static struct ipaddr kept[8];
	static unsigned n;

	kept[n % 8] = a;
	return &kept[n++ % 8];
}

#define LINK_LOCAL at(ip6_address(0xfe80, 0, 0, 0, 0, 0, 0, 1))
#define GLOBAL     at(ip6_address(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1))
#define NOBODY     at(IPADDR_ANY)

static u8 bytes[600];
static struct nd_message m;

static struct nd_neighbour *neighbour(u8 type, struct ipaddr target)
{
	struct nd_neighbour *h = (struct nd_neighbour *)bytes;

	memset(bytes, 0, sizeof(bytes));
	h->type = type;
	h->target = target;
	return h;
}

static void option(u32 where, u8 type, u8 length)
{
	bytes[where] = type;
	bytes[where + 1] = length;
}

TEST(solicitations)
{
	struct ipaddr group = ip6_solicited_node(GLOBAL);

	neighbour(ICMP6_NEIGHBOUR_SOLICIT, *GLOBAL);
	CHECK(nd_parse(bytes, 24, LINK_LOCAL, GLOBAL, &m));
	CHECK(!nd_parse(bytes, 23, LINK_LOCAL, GLOBAL, &m));
	option(24, ND_SOURCE_LINK, 1);
	bytes[26] = 7;
	CHECK(nd_parse(bytes, 32, LINK_LOCAL, GLOBAL, &m));
	CHECK(m.source_link && m.source_link[0] == 7);
	/* From nobody: only to the group, and without a link address. */
	CHECK(!nd_parse(bytes, 32, NOBODY, &group, &m));
	CHECK(nd_parse(bytes, 24, NOBODY, &group, &m));
	CHECK(!nd_parse(bytes, 24, NOBODY, GLOBAL, &m));
	option(24, ND_NONCE, 1);
	CHECK(nd_parse(bytes, 32, NOBODY, &group, &m) && m.nonce);
	bytes[1] = 1; /* a code */
	CHECK(!nd_parse(bytes, 24, LINK_LOCAL, GLOBAL, &m));
	neighbour(ICMP6_NEIGHBOUR_SOLICIT, group);
	CHECK(!nd_parse(bytes, 24, LINK_LOCAL, GLOBAL, &m));
}

TEST(advertisements)
{
	struct ipaddr everybody = IP6_ALL_NODES;

	neighbour(ICMP6_NEIGHBOUR_ADVERT, *GLOBAL)->flags = hton32(ND_SOLICITED | ND_ROUTER);
	CHECK(nd_parse(bytes, 24, GLOBAL, LINK_LOCAL, &m));
	CHECK_EQ(m.flags, ND_SOLICITED | ND_ROUTER);
	CHECK(!nd_parse(bytes, 24, GLOBAL, &everybody, &m));
	neighbour(ICMP6_NEIGHBOUR_ADVERT, *GLOBAL)->flags = hton32(ND_OVERRIDE);
	CHECK(nd_parse(bytes, 24, GLOBAL, &everybody, &m));
}

TEST(options)
{
	neighbour(ICMP6_NEIGHBOUR_SOLICIT, *GLOBAL);
	option(24, 99, 1);
	option(32, ND_SOURCE_LINK, 1);
	CHECK(nd_parse(bytes, 40, LINK_LOCAL, GLOBAL, &m) && m.source_link == bytes + 34);
	option(24, 99, 0); /* no length */
	CHECK(!nd_parse(bytes, 40, LINK_LOCAL, GLOBAL, &m));
	option(24, 99, 3); /* too long */
	CHECK(!nd_parse(bytes, 40, LINK_LOCAL, GLOBAL, &m));
	option(24, 99, 1);
	CHECK(!nd_parse(bytes, 33, LINK_LOCAL, GLOBAL, &m)); /* half a one */
	option(32, ND_SOURCE_LINK, 2); /* of a link that is none of ours */
	CHECK(nd_parse(bytes, 48, LINK_LOCAL, GLOBAL, &m) && !m.source_link);
}

TEST(routers)
{
	struct nd_router_advert *h = (struct nd_router_advert *)bytes;
	struct nd_prefix_option *o = (struct nd_prefix_option *)(bytes + 16);

	memset(bytes, 0, sizeof(bytes));
	h->type = ICMP6_ROUTER_ADVERT;
	h->flags = ND_MANAGED | 1 << 3;
	h->lifetime = hton16(1800);
	h->hop_limit = 33;
	for (unsigned k = 0; k < 18; k++) {
		o[k].type = ND_PREFIX;
		o[k].length = 4;
		o[k].bits = 64;
		o[k].valid = hton32(k);
		o[k].prefix = ip6_address(0x2001, 0xdb8, 0, (u16)k, 1, 2, 3, 4);
	}
	CHECK(nd_parse(bytes, 16 + 18 * 32, LINK_LOCAL, GLOBAL, &m));
	CHECK_EQ(m.n_prefixes, ND_PREFIXES);
	CHECK_EQ(m.prefix[5].valid, 5);
	CHECK_EQ(m.prefix[5].prefix.w[2] | m.prefix[5].prefix.w[3], 0);
	CHECK_EQ(m.preference, 1);
	CHECK_EQ(m.lifetime, 1800);
	CHECK_EQ(m.hop_limit, 33);
	CHECK_EQ(m.router_flags & ND_MANAGED, ND_MANAGED);
	CHECK(!nd_parse(bytes, 16, GLOBAL, GLOBAL, &m)); /* only from the link */
	o[0].bits = 129;
	CHECK(nd_parse(bytes, 16 + 32, LINK_LOCAL, GLOBAL, &m));
	CHECK_EQ(m.n_prefixes, 0);
	h->flags = 2 << 3;
	CHECK(nd_parse(bytes, 16, LINK_LOCAL, GLOBAL, &m));
	CHECK_EQ(m.preference, 0);
}

/* An option about a route, of so many units of 8 bytes: whether it counts. */
static bool route_counts(u8 units, u8 bits, u8 preference)
{
	struct nd_router_advert *h = (struct nd_router_advert *)bytes;
	struct nd_route_option *o = (struct nd_route_option *)(bytes + 16);

	memset(bytes, 0xff, sizeof(bytes));
	*h = (struct nd_router_advert){ .type = ICMP6_ROUTER_ADVERT };
	*o = (struct nd_route_option){ .type = ND_ROUTE, .length = units, .bits = bits,
				       .flags = (u8)(preference << 3),
				       .lifetime = hton32(600) };
	CHECK(nd_parse(bytes, 16 + units * 8u, LINK_LOCAL, GLOBAL, &m));
	return m.n_routes == 1;
}

TEST(routes)
{
	CHECK(route_counts(3, 128, 1));
	CHECK_EQ(m.route[0].prefix.d[1], ~0ull);
	CHECK_EQ(m.route[0].preference, 1);
	CHECK_EQ(m.route[0].lifetime, 600);
	CHECK(route_counts(2, 60, 3));
	CHECK_EQ(m.route[0].length, 60);
	CHECK_EQ(m.route[0].prefix.b[7], 0xf0); /* what is behind the prefix does not count */
	CHECK_EQ(m.route[0].prefix.d[1], 0);
	CHECK(route_counts(1, 0, 0));
	CHECK(!route_counts(1, 1, 0));   /* no prefix in it */
	CHECK(!route_counts(2, 65, 0));
	CHECK(!route_counts(3, 129, 0));
	CHECK(!route_counts(4, 64, 0));
	CHECK(!route_counts(3, 64, 2));  /* a reserved preference: not medium here */
}

TEST(redirects)
{
	struct nd_redirect *h = (struct nd_redirect *)bytes;

	memset(bytes, 0, sizeof(bytes));
	h->type = ICMP6_REDIRECT;
	h->target = *LINK_LOCAL;
	h->destination = *GLOBAL;
	CHECK(nd_parse(bytes, 40, LINK_LOCAL, GLOBAL, &m));
	CHECK(!nd_parse(bytes, 40, GLOBAL, GLOBAL, &m));
	h->target = ip6_address(0x2001, 0xdb8, 0, 0, 0, 0, 0, 9);
	CHECK(!nd_parse(bytes, 40, LINK_LOCAL, GLOBAL, &m));
	h->target = h->destination;
	CHECK(nd_parse(bytes, 40, LINK_LOCAL, GLOBAL, &m));
	h->destination = IP6_ALL_NODES;
	CHECK(!nd_parse(bytes, 40, LINK_LOCAL, GLOBAL, &m));
}

TEST(queries)
{
	struct mld_query2 *q = (struct mld_query2 *)bytes;
	struct mld_heard heard;

	memset(bytes, 0, sizeof(bytes));
	q->header.type = ICMP6_MLD_QUERY;
	q->header.delay = hton16(1000);
	CHECK(mld_parse(bytes, 24, &heard) && heard.version == 1 && heard.within_ms == 1000);
	CHECK(!mld_parse(bytes, 23, &heard));
	CHECK(!mld_parse(bytes, 27, &heard));
	q->qrv = 3;
	CHECK(mld_parse(bytes, 28, &heard) && heard.version == 2 && heard.robustness == 3);
	q->header.delay = hton16(0x8001); /* (1 | 0x1000) << 3 */
	CHECK(mld_parse(bytes, 28, &heard) && heard.within_ms == 0x1001 << 3);
	q->n = hton16(2);
	CHECK(!mld_parse(bytes, 28 + 31, &heard));
	CHECK(mld_parse(bytes, 28 + 32, &heard));
	q->header.group = *GLOBAL;
	CHECK(!mld_parse(bytes, 24, &heard));
	q->header.type = ICMP6_MLD_REPORT;
	CHECK(!mld_parse(bytes, 24, &heard));
	q->header.group = IP6_MLD2_ROUTERS;
	CHECK(mld_parse(bytes, 24, &heard) && !heard.query);
}
