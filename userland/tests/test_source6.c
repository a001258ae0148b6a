/* Which address of IPv6 packets are from (RFC 6724, RFC 5014), temporary addresses (RFC 8981) and
 * what asks for optimistic ones (RFC 4429), on the loopback interface. */
#include "nl6.h"

#define IPV6_ADDR_PREFERENCES_ 72
#define PREFER_TMP    0x0001
#define PREFER_PUBLIC 0x0002
#define PREFER_COA    0x0004
#define PREFER_HOME   0x0400

static void setting(const char *of, const char *name, const char *value)
{
	char path[100];

	snprintf(path, sizeof(path), "/proc/sys/net/ipv6/conf/%s/%s", of, name);
	must(tap_write(path, value));
}

/* Adds an address of 64 bits, or removes it: what the kernel says. */
static int address(int type, const char *a, uint32_t flags)
{
	struct request r = addr_request(type, type == RTM_NEWADDR ? NLM_F_CREATE : 0, a, 64);

	add32(&r, IFA_FLAGS, flags);
	return verdict(fd, &r);
}

/* The source that a socket gets for packets to an address. */
static struct in6_addr source(const char *to, int preferences)
{
	struct sockaddr_in6 a = {.sin6_family = AF_INET6, .sin6_port = htons(9),
				 .sin6_addr = ip(to)};
	int s = must(socket(AF_INET6, SOCK_DGRAM, 0));
	socklen_t n = sizeof(a);

	if (preferences)
		must(setsockopt(s, IPPROTO_IPV6, IPV6_ADDR_PREFERENCES_, &preferences, 4));
	must(connect(s, (struct sockaddr *)&a, sizeof(a)));
	must(getsockname(s, (struct sockaddr *)&a, &n));
	must(close(s));
	return a.sin6_addr;
}

static bool same(struct in6_addr a, const char *b)
{
	struct in6_addr other = ip(b);

	return !memcmp(&a, &other, sizeof(a));
}

TEST(home)
{
	const char *to = "fd00:db8:5::9", *home = "fd00:db8:5::1", *other = "fd00:db8:5::2";

	up();
	is(address(RTM_NEWADDR, other, IFA_F_NODAD), 0, "an address");
	is(address(RTM_NEWADDR, home, IFA_F_NODAD | IFA_F_HOMEADDRESS), 0, "a home address");
	ok(same(source(to, 0), home), "that is preferred");
	ok(same(source(to, PREFER_COA), other), "unless the care-of address is");
	ok(same(source(to, PREFER_HOME), home), "and if it is asked for");
	is(address(RTM_DELADDR, home, 0), 0, "removed");
	is(address(RTM_DELADDR, other, 0), 0, "both");
}

static struct { struct in6_addr address; uint32_t preferred, valid; } temporary;

/* A temporary address of fd00:db8:6::/64, which becomes the one above. */
static bool is_temporary(const struct nlmsghdr *h)
{
	const struct rtattr *a = find(h, ADDR, IFA_ADDRESS), *c = find(h, ADDR, IFA_CACHEINFO);
	const struct ifa_cacheinfo *info = c ? RTA_DATA(c) : NULL;
	struct in6_addr prefix = ip("fd00:db8:6::");

	if (!a || !c || memcmp(RTA_DATA(a), &prefix, 8) ||
	    !(find32(h, ADDR, IFA_FLAGS) & IFA_F_TEMPORARY))
		return false;
	memcpy(&temporary.address, RTA_DATA(a), 16);
	temporary.preferred = info->ifa_prefered;
	temporary.valid = info->ifa_valid;
	return true;
}

static int temporaries(void)
{
	struct rtgenmsg all = {.rtgen_family = AF_INET6};
	struct request r = request(RTM_GETADDR, NLM_F_DUMP, &all, sizeof(all));

	return dump(fd, &r, is_temporary);
}

static bool is_private(struct in6_addr a)
{
	return !memcmp(&a, &temporary.address, sizeof(a));
}

TEST(temporary)
{
	const char *to = "fd00:db8:6::9", *public = "fd00:db8:6::1";

	up();
	setting("lo", "use_tempaddr", "1");
	setting("lo", "temp_valid_lft", "5000");
	setting("lo", "temp_prefered_lft", "2000");
	setting("lo", "max_desync_factor", "600");
	is(address(RTM_NEWADDR, "fd00:db8:6::5", IFA_F_NODAD), 0, "one without");
	is(temporaries(), 0, "none of that");
	is(address(RTM_DELADDR, "fd00:db8:6::5", 0), 0, "removed");
	is(address(RTM_NEWADDR, public, IFA_F_NODAD | IFA_F_MANAGETEMPADDR), 0, "one with");
	is(temporaries(), 1, "a temporary address is made");
	ok(temporary.valid > 4900 && temporary.valid <= 5000, "that ends");
	ok(temporary.preferred > 1300 && temporary.preferred <= 2000, "is preferred for less");
	ok(same(source(to, 0), public), "1: it is there but not preferred");
	ok(is_private(source(to, PREFER_TMP)), "but by who asks for it");
	setting("lo", "use_tempaddr", "2");
	ok(is_private(source(to, 0)), "2: preferred");
	ok(same(source(to, PREFER_PUBLIC), public), "but by who asks for the public one");
	is(address(RTM_DELADDR, public, IFA_F_MANAGETEMPADDR), 0, "the public one goes");
	is(temporaries(), 0, "and its own with it");
	setting("lo", "use_tempaddr", "0");
	is(address(RTM_NEWADDR, public, IFA_F_NODAD | IFA_F_MANAGETEMPADDR), 0, "again");
	is(temporaries(), 0, "0: none is made");
	is(address(RTM_DELADDR, public, 0), 0, "removed");
}

TEST(flags)
{
	struct request r = addr_request(RTM_NEWADDR, NLM_F_CREATE, "fd00:db8:6::1", 48);

	up();
	add32(&r, IFA_FLAGS, IFA_F_NODAD | IFA_F_MANAGETEMPADDR);
	is(verdict(fd, &r), EINVAL, "no temporary addresses of other prefixes than 64 bits");
	setting("lo", "optimistic_dad", "1");
	is(address(RTM_NEWADDR, "fd00:db8:7::1", IFA_F_OPTIMISTIC | IFA_F_NODAD), EINVAL,
	   "optimistic, or not looked for at all");
	setting("lo", "optimistic_dad", "0");
	is(address(RTM_NEWADDR, "fd00:db8:7::1", IFA_F_OPTIMISTIC | IFA_F_NODAD), 0,
	   "where there are no optimists");
	is(address(RTM_DELADDR, "fd00:db8:7::1", 0), 0, "removed");
}
