/*
 * Netlink: messages between programs and the kernel's rooms (netlink(7), RFC 3549).
 *
 * A program sends requests; the kernel handles each in the sender's call and queues what it answers
 * to the socket: a message, many of them (a dump, of which recv() asks for more as it goes), an
 * acknowledgement or an error. What changes is told to all sockets that joined a group.
 */
#pragma once

#include "abi/rtnetlink.h"
#include "net/sock.h"

struct netlink_sock;

/* A request while it is handled. */
struct nl_request {
	struct netlink_sock *from;
	const struct nlmsghdr *h;      /* a kernel copy */
	const void *payload;
	u32 length;                    /* of the payload */
	bool named;                    /* the call that sent it said that it is for the kernel */
};
/*
 * Whether the request may do what needs a capability: the caller has it, and, unless it named the
 * kernel as the address, who made the socket had it, too: else somebody could have connected it
 * and left it to a privileged program as its standard output.
 */
bool nl_capable(const struct nl_request *r, unsigned capability);

/* Messages being written, one after another, into a packet. */
struct nl_out {
	struct packet *p;
	struct nlmsghdr *h;            /* the one being written, or NULL */
	bool full;                     /* something did not fit: the message must be given up */
};

/* A dump on its way. fill() writes messages by nl_begin(d->…) until out is full: 1, to be called
 * again; 0 when all was written; -errno. Thread context, no lock held. */
struct nl_dump {
	int (*fill)(struct nl_dump *d, struct nl_out *out);
	u32 seq, port;
	u16 type;                      /* of the request */
	u8 family;                     /* its first byte, AF_* */
	u8 stage;                      /* of a dump of all families: which */
	u64 at[4];                     /* fill's own, 0 at the start */
	const void *request;           /* if it was kept: the payload, as long as the dump lasts */
	u32 length;                    /* of that */
};

/* Handlers of NETLINK_ROUTE by message type and address family; registered at boot. Thread context,
 * no lock held. RTM_GET* are for everybody, the others for CAP_NET_ADMIN: asked before. */
struct rtnl_handler {
	u16 type;                      /* RTM_* */
	u8 family;                     /* AF_INET, AF_INET6; AF_UNSPEC: all */
	u16 header;                    /* bytes that the payload has at least */
	/* 0 or -errno. NULL: -EOPNOTSUPP. */
	int (*request)(struct nl_request *r);
	/* Of GET with NLM_F_DUMP: its fill(). A dump of AF_UNSPEC goes through the families. NULL:
	 * -EOPNOTSUPP. */
	int (*dump)(struct nl_dump *d, struct nl_out *out);
};
void rtnl_register(const struct rtnl_handler *handlers, unsigned n);

/* Attributes: sorts those of n bytes by their type, below `max`, into table (others are skipped):
 * 0 or -EINVAL. */
int nl_attributes(const void *p, u32 n, const struct nlattr **table, unsigned max);
static inline const void *nl_data(const struct nlattr *a) { return a + 1; }
static inline u32 nl_size(const struct nlattr *a) { return a->nla_len - (u32)sizeof(*a); }
/* The value of one with exactly (or at least) so many bytes: 0 or -EINVAL. */
int nl_get(const struct nlattr *a, void *to, u32 n);
/* A string of less than `size` bytes. */
int nl_get_string(const struct nlattr *a, char *to, u32 size);

/* A packet for messages of at most `size` bytes: 0 or -ENOMEM. Thread context. */
int nl_out_init(struct nl_out *out, u32 size);
/* Begins a message: its payload header of n bytes, zeroed, or NULL if it does not fit. */
void *nl_begin(struct nl_out *out, u16 type, u16 flags, u32 seq, u32 port, u32 n);
void nl_put(struct nl_out *out, u16 type, const void *data, u32 n);
static inline void nl_put8(struct nl_out *out, u16 type, u8 v) { nl_put(out, type, &v, 1); }
static inline void nl_put32(struct nl_out *out, u16 type, u32 v) { nl_put(out, type, &v, 4); }
void nl_put_string(struct nl_out *out, u16 type, const char *s);
/* n more bytes, zeroed, in an attribute that was begun; NULL: they do not fit. */
void *nl_more(struct nl_out *out, u32 n);
struct nlattr *nl_nest(struct nl_out *out, u16 type);
void nl_nest_end(struct nl_out *out, struct nlattr *nest);
/* Ends the message: false if it did not fit (it is taken back). */
bool nl_end(struct nl_out *out);

/* The port of who asked. */
u32 nl_port(const struct nl_request *r);
/* Queues what was written to the socket that asked. */
int nl_answer(struct nl_request *r, struct nl_out *out);
/* Begins what a group of NETLINK_ROUTE is to be told, in at most `size` bytes: false if there is
 * nobody, or no memory; then the members are told that they lost something. */
bool nl_notify_begin(u32 group, struct nl_out *out, u32 size);
/* Whether there is anybody. Any context. */
bool nl_has_listeners(u32 group);
/* Tells them, taking what was written. */
void nl_notify(u32 group, struct nl_out *out);

/* Families of sockets that tell of theirs over NETLINK_SOCK_DIAG; registered at boot. Thread
 * context, no lock held. */
struct diag_family {
	u16 family;                    /* AF_* */
	u16 header;                    /* bytes that the request has at least */
	/* One socket: an answer, or -ENOENT, -ESTALE (the cookie is another's) ... */
	int (*one)(struct nl_request *r);
	/* SOCK_DESTROY: ends one: 0, -ENOENT, -EPERM, -EOPNOTSUPP. NULL: -EOPNOTSUPP. */
	int (*destroy)(struct nl_request *r);
	/* Whether a dump may begin: 0 or -errno. NULL: always. */
	int (*check)(struct nl_request *r);
	/* Its fill(); the request was kept. */
	int (*dump)(struct nl_dump *d, struct nl_out *out);
};
void diag_register(const struct diag_family *family);
/* What a request's cookie says: 0, or -ESTALE if it is another socket's. */
int diag_cookie_check(u64 own, const u32 cookie[2]);
void diag_cookie_put(u64 own, u32 cookie[2]);
/* An attribute with the socket's memory. */
void diag_put_memory(struct nl_out *out, u16 type, struct sock *s);

/* Whether the file is a netlink socket: 0, -ENOTSOCK, -EINVAL; and queues bytes to it as if it had
 * been sent them: 0, -EINVAL, -ENOMEM, -ENOBUFS. Thread context, no lock held. */
int netlink_file_check(struct file *file);
int netlink_post(struct file *file, const void *data, u32 n);

struct format_sink;
/* /proc/net/netlink. */
void netlink_show(struct format_sink *out);
/* Boot. */
void netlink_init(void);
