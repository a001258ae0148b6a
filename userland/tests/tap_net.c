/*
 * The network's configuration as it was before a test: what is asked for once as messages of
 * NETLINK_ROUTE, and compared with what is there later. A message that says what there is says
 * also, with another type, what is to go or to come. Interfaces' flags and MTU, addresses, routes
 * and the neighbours that somebody entered are put back so.
 */
#include "tap_int.h"

#include <linux/neighbour.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

enum { TEXT_MAX = 32768, LINKS = 8 };

/* Messages in a row. */
struct state {
	char text[TEXT_MAX];
	size_t n;
};

static const struct kind {
	int get;
	unsigned header;           /* bytes of the payload's */
	unsigned long long fleeting; /* attributes that change by themselves, as bits */
} kinds[] = {
	{RTM_GETADDR, sizeof(struct ifaddrmsg), 1ull << IFA_CACHEINFO | 1ull << IFA_FLAGS},
	{RTM_GETROUTE, sizeof(struct rtmsg), 1ull << RTA_CACHEINFO},
	{RTM_GETNEIGH, sizeof(struct ndmsg), 1ull << NDA_CACHEINFO | 1ull << NDA_PROBES},
};
enum { KINDS = sizeof(kinds) / sizeof(*kinds) };

static struct state before[KINDS], now;
static struct ifreq links[LINKS];
static int mtus[LINKS], n_links;

/* What changes by itself is made the same: nothing, and an address's life for ever. */
static void settle(const struct kind *k, struct nlmsghdr *h)
{
	struct rtattr *a = (void *)((char *)NLMSG_DATA(h) + NLMSG_ALIGN(k->header));
	int left = (int)h->nlmsg_len - (int)NLMSG_SPACE(k->header);

	h->nlmsg_seq = h->nlmsg_pid = 0;
	if (k->get == RTM_GETADDR)
		((struct ifaddrmsg *)NLMSG_DATA(h))->ifa_flags = 0;
	for (; RTA_OK(a, left); a = RTA_NEXT(a, left))
		if (a->rta_type < 64 && k->fleeting & 1ull << a->rta_type)
			memset(RTA_DATA(a), a->rta_type == IFA_CACHEINFO ? 0xff : 0,
			       RTA_PAYLOAD(a));
}

static bool is_wanted(const struct kind *k, const struct nlmsghdr *h)
{
	return h->nlmsg_type == k->get - 2 &&
	       (k->get != RTM_GETNEIGH ||
		((struct ndmsg *)NLMSG_DATA(h))->ndm_state & NUD_PERMANENT);
}

/* All there is of a kind. */
static void state_read(int fd, const struct kind *k, struct state *s)
{
	struct {
		struct nlmsghdr h;
		struct rtgenmsg family;
	} ask = {{NLMSG_LENGTH(sizeof(struct rtgenmsg)), k->get, NLM_F_REQUEST | NLM_F_DUMP, 1, 0},
		 {AF_UNSPEC}};
	static char part[16384];
	int n;

	s->n = 0;
	if (send(fd, &ask, sizeof(ask), 0) < 0)
		return;
	while ((n = (int)recv(fd, part, sizeof(part), 0)) > 0)
		for (struct nlmsghdr *h = (void *)part; NLMSG_OK(h, n); h = NLMSG_NEXT(h, n)) {
			if (h->nlmsg_type == NLMSG_DONE || h->nlmsg_type == NLMSG_ERROR)
				return;
			if (!is_wanted(k, h) || s->n + NLMSG_ALIGN(h->nlmsg_len) > TEXT_MAX)
				continue;
			settle(k, h);
			memcpy(s->text + s->n, h, h->nlmsg_len);
			s->n += NLMSG_ALIGN(h->nlmsg_len);
		}
}

static bool has(struct state *s, const struct nlmsghdr *wanted)
{
	int left = (int)s->n;

	for (struct nlmsghdr *h = (void *)s->text; NLMSG_OK(h, left); h = NLMSG_NEXT(h, left))
		if (h->nlmsg_len == wanted->nlmsg_len &&
		    !memcmp(NLMSG_DATA(h), NLMSG_DATA(wanted), h->nlmsg_len - NLMSG_HDRLEN))
			return true;
	return false;
}

/* Sends those of `from` that `other` does not have, as messages of another type. */
static void difference(int fd, struct state *from, struct state *other, int type, int flags)
{
	int left = (int)from->n;
	char answer[1024];

	for (struct nlmsghdr *h = (void *)from->text; NLMSG_OK(h, left); h = NLMSG_NEXT(h, left)) {
		static char text[4096];
		struct nlmsghdr *request = (void *)text;

		if (has(other, h) || h->nlmsg_len > sizeof(text))
			continue;
		memcpy(text, h, h->nlmsg_len);
		request->nlmsg_type = (uint16_t)type;
		request->nlmsg_flags = (uint16_t)(NLM_F_REQUEST | NLM_F_ACK | flags);
		if (send(fd, text, h->nlmsg_len, 0) > 0)
			(void)!recv(fd, answer, sizeof(answer), 0);
	}
}

static int route_socket(void)
{
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	struct timeval limit = {5, 0};

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	return fd;
}

static int link_mtu(int fd, const struct ifreq *link)
{
	struct ifreq r = *link;

	return ioctl(fd, SIOCGIFMTU, &r) ? 0 : r.ifr_mtu;
}

void tap_net_save(void)
{
	int fd = route_socket(), ip = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq lo = {.ifr_name = "lo", .ifr_flags = IFF_UP};

	ioctl(ip, SIOCSIFFLAGS, &lo);
	for (int i = 1; n_links < LINKS && ip >= 0; i++) {
		struct ifreq *r = &links[n_links];

		r->ifr_ifindex = i;
		if (ioctl(ip, SIOCGIFNAME, r) || ioctl(ip, SIOCGIFFLAGS, r))
			break;
		mtus[n_links++] = link_mtu(ip, r);
	}
	for (int i = 0; i < KINDS && fd >= 0; i++)
		state_read(fd, &kinds[i], &before[i]);
	close(ip);
	close(fd);
}

static void links_restore(int fd)
{
	for (int i = 0; i < n_links; i++) {
		struct ifreq r = links[i];

		if (!ioctl(fd, SIOCGIFFLAGS, &r) && r.ifr_flags != links[i].ifr_flags)
			ioctl(fd, SIOCSIFFLAGS, &links[i]);
		r.ifr_mtu = mtus[i];
		if (mtus[i] != link_mtu(fd, &r))
			ioctl(fd, SIOCSIFMTU, &r);
	}
}

void tap_net_restore(void)
{
	int fd = route_socket(), ip = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	for (int i = 0; i < KINDS && fd >= 0; i++) {
		state_read(fd, &kinds[i], &now);
		difference(fd, &now, &before[i], kinds[i].get - 1, 0);
	}
	links_restore(ip);
	for (int i = 0; i < KINDS && fd >= 0; i++) {
		state_read(fd, &kinds[i], &now);
		difference(fd, &before[i], &now, kinds[i].get - 2, NLM_F_CREATE);
	}
	close(ip);
	close(fd);
}
