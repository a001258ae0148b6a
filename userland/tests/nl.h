/* Requests to NETLINK_ROUTE, for tests: building them, asking, and looking at answers. */
#ifndef NL_H
#define NL_H

#include "tap.h"
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <poll.h>
#include <sys/socket.h>

struct request {
	struct nlmsghdr h;
	char payload[512];
};

static uint32_t last_seq = 100;
static char answer[16384];

static inline int nl_open(uint32_t groups)
{
	struct sockaddr_nl a = {.nl_family = AF_NETLINK, .nl_groups = groups};
	int fd = must(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE));
	struct timeval limit = {5, 0};

	must(bind(fd, (struct sockaddr *)&a, sizeof(a)));
	must(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)));
	return fd;
}

/* A request with a payload header of n bytes. */
static inline struct request request(int type, int flags, const void *header, unsigned n)
{
	struct request r = {.h = {.nlmsg_len = NLMSG_LENGTH(n), .nlmsg_type = type,
				  .nlmsg_flags = NLM_F_REQUEST | flags,
				  .nlmsg_seq = ++last_seq}};

	memcpy(r.payload, header, n);
	return r;
}

static inline void add(struct request *r, int type, const void *data, unsigned n)
{
	struct rtattr *a = (void *)((char *)r + NLMSG_ALIGN(r->h.nlmsg_len));

	a->rta_type = type;
	a->rta_len = RTA_LENGTH(n);
	memcpy(RTA_DATA(a), data, n);
	r->h.nlmsg_len = NLMSG_ALIGN(r->h.nlmsg_len) + RTA_LENGTH(n);
}

static inline void add32(struct request *r, int type, uint32_t v)
{
	add(r, type, &v, 4);
}

static inline void ask(int fd, const struct request *r)
{
	struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};

	must(sendto(fd, r, r->h.nlmsg_len, 0, (struct sockaddr *)&kernel, sizeof(kernel)));
}

static inline ssize_t receive(int fd)
{
	return recv(fd, answer, sizeof(answer), 0);
}

/* What the kernel acknowledges a request with: 0 or a positive errno; -1: something else. */
static inline int verdict(int fd, const struct request *r)
{
	const struct nlmsghdr *h = (void *)answer;
	const struct nlmsgerr *e = NLMSG_DATA(h);

	ask(fd, r);
	if (receive(fd) < (ssize_t)NLMSG_LENGTH(sizeof(*e)) || h->nlmsg_type != NLMSG_ERROR)
		return -1;
	return -e->error;
}

/* An attribute of a message whose payload header has n bytes, or NULL. */
static inline const struct rtattr *find(const struct nlmsghdr *h, unsigned header, int type)
{
	const char *p = (const char *)NLMSG_DATA(h) + NLMSG_ALIGN(header);
	int n = (int)h->nlmsg_len - (int)NLMSG_SPACE(header);

	for (const struct rtattr *a = (const void *)p; RTA_OK(a, n); a = RTA_NEXT(a, n))
		if (a->rta_type == type)
			return a;
	return NULL;
}

static inline uint32_t find32(const struct nlmsghdr *h, unsigned header, int type)
{
	const struct rtattr *a = find(h, header, type);

	return a && RTA_PAYLOAD(a) == 4 ? *(uint32_t *)RTA_DATA(a) : 0;
}

/* Goes through a dump: how many messages satisfied the function; -1: no proper end. */
static inline int dump(int fd, const struct request *r, bool (*wanted)(const struct nlmsghdr *h))
{
	int count = 0;

	ask(fd, r);
	for (;;) {
		int n = receive(fd);

		if (n <= 0)
			return -1;
		for (struct nlmsghdr *h = (void *)answer; NLMSG_OK(h, n); h = NLMSG_NEXT(h, n)) {
			if (h->nlmsg_type == NLMSG_DONE)
				return count;
			if (h->nlmsg_type == NLMSG_ERROR)
				return -1;
			count += wanted(h);
		}
	}
}

#endif
