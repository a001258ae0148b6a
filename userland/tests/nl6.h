/* Requests about IPv6's addresses and routes on the loopback interface, for tests. */
#ifndef NL6_H
#define NL6_H

#include "nl.h"
#include <arpa/inet.h>
#include <linux/if_addr.h>
#include <netinet/in.h>

#define ADDR  sizeof(struct ifaddrmsg)
#define ROUTE sizeof(struct rtmsg)

static int fd;

static inline void up(void)
{
	struct ifinfomsg m = {.ifi_index = 1, .ifi_flags = IFF_UP, .ifi_change = IFF_UP};
	struct request r = request(RTM_NEWLINK, NLM_F_ACK, &m, sizeof(m));

	fd = nl_open(0);
	must(-verdict(fd, &r));
}

static inline struct in6_addr ip(const char *text)
{
	struct in6_addr a;

	must(inet_pton(AF_INET6, text, &a) - 1);
	return a;
}

static inline void add6(struct request *r, int type, const char *address)
{
	struct in6_addr a = ip(address);

	add(r, type, &a, sizeof(a));
}

static inline bool is6(const struct nlmsghdr *h, unsigned header, int type, const char *address)
{
	const struct rtattr *a = find(h, header, type);
	struct in6_addr wanted = ip(address);

	return a && RTA_PAYLOAD(a) == 16 && !memcmp(RTA_DATA(a), &wanted, 16);
}

static inline struct request addr_request(int type, int flags, const char *address, int length)
{
	struct ifaddrmsg m = {.ifa_family = AF_INET6, .ifa_prefixlen = length, .ifa_index = 1};
	struct request r = request(type, NLM_F_ACK | flags, &m, sizeof(m));

	add6(&r, IFA_ADDRESS, address);
	return r;
}

#endif
