/*
 * Sockets: what every family has in common, below the system calls and above the protocols.
 *
 * A socket is one object, struct sock, embedded at the start of its protocol's own. A file refers
 * to it (file->private); protocols do, too: it may live on without a file (TCP that still has to
 * send).
 *
 * Locks, in order:
 *   send_lock, recv_lock (mutexes, RANK_SOCK_SEND, RANK_SOCK_RECV): one sender and one receiver
 *     at a time copies to and from user memory; never held while waiting for room or data.
 *   lock (spinlock, RANK_SOCK): the state. System calls and soft work take it, interrupt handlers
 *     never do, so interrupts stay on. Of two sockets: a listener before its child, AF_UNIX peers
 *     by address (RANK_SOCK_PEER is for the second).
 * What soft work does (timers, received packets) it does with the lock held, allocating without
 * waiting. Sending packets (netif_send()) under the lock is allowed; copying user memory is not.
 *
 * Waiting: sleepers say which POLL* bits concern them, so that room to send does not wake who
 * reads. Whoever makes a bit true calls sock_wake() with it.
 */
#pragma once

#include "abi/errno.h"
#include "abi/socket.h"
#include "core/refcount.h"
#include "dev/packet.h"
#include "sched/mutex.h"
#include "sched/rcu.h"
#include "vfs/file.h"

struct cred;
struct fd_table;
struct fs_context;
struct sock;
struct poll_table;

/*
 * A message on its way: sendmsg(2), recvmsg(2) and all the lesser calls.
 */
struct msg {
	struct sockaddr_storage name; /* send: to whom; receive: from whom */
	u32 name_length;              /* 0: nobody; receive: set by the protocol */
	struct iov_iter *iter;        /* data */
	u32 flags;                    /* send, receive: MSG_* asked for; O_NONBLOCK adds
				       * MSG_DONTWAIT */
	u32 out_flags;                /* receive: MSG_* of the answer */
	u8 *control;                  /* send: control data, a kernel copy, checked to be
				       * well-formed; NULL: none */
	u64 control_length;           /* bytes of it */
	u64 user_control;             /* receive: where it goes; 0: nobody wants it */
	u64 user_control_left;        /* bytes left there */
	bool wants_name;              /* receive: msg_name is not NULL */
};

/* Fields of a message without a name and control data; `name` itself is left as it is. */
static inline void msg_init(struct msg *m, struct iov_iter *iter, u32 flags)
{
	m->name_length = 0;
	m->iter = iter;
	m->flags = flags;
	m->out_flags = 0;
	m->control = NULL;
	m->control_length = 0;
	m->user_control = 0;
	m->user_control_left = 0;
	m->wants_name = false;
}

/* Steps through control data to be sent: the next header or NULL; start with NULL. */
const struct abi_cmsghdr *msg_control_next(const struct msg *m, const struct abi_cmsghdr *c);
static inline const void *cmsg_data(const struct abi_cmsghdr *c) { return c + 1; }
static inline size_t cmsg_size(const struct abi_cmsghdr *c) { return c->cmsg_len - sizeof(*c); }
/* Whether control data to be sent are well-formed: msg_control_next() may go through them. */
bool msg_control_ok(const struct msg *m);
/* Adds a piece of control data to a message being received (MSG_CTRUNC, and as much of it as there
 * is room for, if it does not fit). Thread context, no spinlock held: 0 or -EFAULT. */
int msg_put_control(struct msg *m, int level, int type, const void *data, size_t n);

/*
 * What a protocol does. Thread context, no lock held, unless said otherwise; the file has a
 * reference. Addresses are whole, of the length user space gave (2 … 128 bytes), nothing checked.
 * NULL: -EOPNOTSUPP unless said otherwise.
 */
struct sock_ops {
	int (*bind)(struct sock *s, const struct sockaddr_storage *a, u32 length);
	/* `flags`: O_NONBLOCK. */
	int (*connect)(struct sock *s, const struct sockaddr_storage *a, u32 length, u32 flags);
	int (*listen)(struct sock *s, u32 backlog);
	/* A connection, with a reference; waits unless O_NONBLOCK in flags. */
	int (*accept)(struct sock *s, u32 flags, struct sock **out);
	/* Own address, or the peer's: its length, or -ENOTCONN. */
	int (*name)(struct sock *s, bool peer, struct sockaddr_storage *a);
	/* Bytes or -errno; m->iter is advanced by as much. SIGPIPE is the caller's, who gets
	 * -EPIPE. */
	ssize_t (*send)(struct sock *s, struct msg *m);
	ssize_t (*recv)(struct sock *s, struct msg *m);
	/* Sends a range of a page (sendfile, splice) without copying; takes no reference of the
	 * caller's: bytes or -errno. NULL: it is copied with send(). */
	ssize_t (*send_page)(struct sock *s, struct page *page, u32 offset, u32 n, u32 flags);
	int (*shutdown)(struct sock *s, int how);
	/* POLL* ready now; no need to register, the layer above has done so on s->wait. Must not
	 * sleep. */
	u32 (*poll)(struct sock *s);
	/* What is not common. NULL: -ENOTTY. */
	long (*ioctl)(struct sock *s, u32 request, u64 arg);
	/* Options of other levels than SOL_SOCKET, and those of it that are not common:
	 * -ENOPROTOOPT. `value` is user memory of n bytes, of which *n (at most what it was)
	 * becomes the length of the answer. NULL: -EOPNOTSUPP, of SOL_SOCKET -ENOPROTOOPT. */
	int (*set_option)(struct sock *s, int level, int name, const void __user *value, u32 n);
	int (*get_option)(struct sock *s, int level, int name, void __user *value, u32 *n);
	/* A change of an option of SOL_SOCKET that the protocol acts upon (SO_KEEPALIVE, SO_RCVBUF,
	 * SO_LINGER …), after it. NULL: nothing. */
	void (*option_changed)(struct sock *s, int name);
	/* SOF_TIMESTAMPING_OPT_ID was set: sets stamp_key: 0 or -EINVAL. With the lock. NULL: from
	 * 0 on, nothing to do. */
	int (*stamp_begin)(struct sock *s);
	/* A descriptor of it is being closed. NULL: nothing. */
	void (*flush)(struct sock *s);
	/* Somebody with CAP_NET_ADMIN ends it (SOCK_DESTROY): who has it gets the error (positive
	 * errno); it is as if it were not connected. NULL: it cannot be. */
	void (*abort)(struct sock *s, int error);
	/* The file is gone: ends the connection (lingers if SO_LINGER says so) and drops the
	 * reference. */
	void (*close)(struct sock *s);
	/* The last reference is gone: frees what the protocol has in it (not the sock itself). Any
	 * context but handlers; must not sleep. NULL: nothing. */
	void (*destroy)(struct sock *s);
	/* It knows SO_PEEK_OFF. */
	bool peeks_on;
	/* mmap(2): fills the request (vfs/file.h). NULL: -ENODEV. */
	int (*mmap)(struct sock *s, struct map_request *req);
	/* Pairs of descriptors (socketpair(2)): connects two new ones. */
	int (*pair)(struct sock *a, struct sock *b);
};

enum sock_flag {
	SOCK_REUSEADDR = 1 << 0, SOCK_REUSEPORT = 1 << 1, SOCK_KEEPALIVE = 1 << 2,
	SOCK_BROADCAST = 1 << 3, SOCK_OOBINLINE = 1 << 4, SOCK_LINGER = 1 << 5,
	SOCK_DONTROUTE = 1 << 6, SOCK_PASSCRED = 1 << 7, SOCK_STAMP = 1 << 8,
	SOCK_STAMP_NS = 1 << 9, SOCK_RXQ_OVFL = 1 << 10, SOCK_RCVBUF_SET = 1 << 11,
	SOCK_SNDBUF_SET = 1 << 12, SOCK_NO_CHECK = 1 << 13, SOCK_ORPHAN = 1 << 14,
	SOCK_STAMP_NEW = 1 << 15, SOCK_FILTER_LOCKED = 1 << 16, SOCK_DEBUG = 1 << 17,
	SOCK_LISTENING = 1 << 18,  /* the protocol sets it: SO_ACCEPTCONN */
	SOCK_NOFCS = 1 << 19, SOCK_WIFI_STATUS = 1 << 20, SOCK_ERRORS_PRI = 1 << 21,
	SOCK_RCVMARK = 1 << 22, SOCK_PASSSEC = 1 << 23, SOCK_STAMPING_NEW = 1 << 24,
	SOCK_STAMPS_COUNTED = 1 << 25, /* it wants stamps of reception (net/sock_stamp.c) */
	SOCK_TRAINS = 1 << 26,     /* its reader takes joined packets together (UDP_GRO) */
};
enum sock_shut { SOCK_SHUT_RD = 1, SOCK_SHUT_WR = 2 };

struct sock_filter_program; /* net/filter.h: classic BPF */

/* I: constant.  l: lock.  a: atomic, or torn reads harmless.  r: recv_lock.  s: send_lock. */
struct sock {
	struct refcount refs;
	u16 family, type, protocol;   /* I: AF_*, SOCK_*, IPPROTO_*; IPV6_ADDRFORM changes AF_INET6
				       * to AF_INET (a) */
	u8 shut;                      /* l to change: enum sock_shut */
	const struct sock_ops *ops;   /* I */
	struct slab_cache *cache;     /* I: where it is from */
	struct spinlock lock;
	struct mutex send_lock, recv_lock;
	struct wait_queue wait;       /* of all who wait for anything; wakes carry POLL* bits */
	struct packet_queue receive;  /* l: packets received, not read */
	u32 flags;                    /* a, l to change: enum sock_flag */
	s32 error;                    /* a: pending, reported once (SO_ERROR): positive errno */
	u32 receive_used, send_used;  /* a: bytes charged, of packets with their descriptions */
	u32 receive_limit, send_limit; /* a: SO_RCVBUF, SO_SNDBUF as getsockopt() tells (doubled) */
	u32 receive_low;              /* a: SO_RCVLOWAT */
	u64 receive_timeout, send_timeout; /* a: ns, ~0: none */
	u32 linger_s;                 /* a: SO_LINGER's seconds */
	u32 priority, mark;           /* a */
	u32 bound_if;                 /* a: SO_BINDTODEVICE: index of the interface, 0: any */
	u32 drops;                    /* a: packets dropped for want of room */
	s32 peek_offset;              /* l, and r where that is used: SO_PEEK_OFF, -1: off */
	bool async;                   /* l: the file has O_ASYNC: its owner gets SIGIO */
	struct file_owner owner;      /* l: the file's */
	u32 async_due;                /* the list's lock: POLL* that the owner is to be told of */
	struct sock *async_next;      /* the list's: of those with async_due */
	s32 incoming_cpu;             /* a: SO_INCOMING_CPU: of the packet that came last */
	u32 stamping;                 /* a, l to change: SO_TIMESTAMPING */
	u32 stamp_key;                /* a: the next number of SOF_TIMESTAMPING_OPT_ID */
	u64 stamp_ns;                 /* a: CLOCK_REALTIME of the packet that was read last
				       * (SIOCGSTAMP); ~0: none */
	struct sock_filter_program *filter; /* l to change, RCU to read; NULL: everything */
	struct file *file;            /* l: without a reference; NULL: none (any more) */
	u64 ino;                      /* l: of its file's inode, for /proc/net; 0 without */
	u32 uid;                      /* I: owner */
	u64 cookie;                   /* I: SO_COOKIE */
	struct list link;             /* its protocol's list (/proc/net); the protocol's lock */
	struct rcu_head rcu;
};

/* Who calls ------------------------------------------------------------------------------------ */

/* What of the current process concerns sockets; nothing is referenced. */
struct sock_caller {
	const struct cred *cred;
	struct fd_table *files;
	struct fs_context *fs;
	s32 pid;
	u64 nofile;                   /* RLIMIT_NOFILE */
};
/* What the room of processes does for sockets; set at boot. */
struct sock_host {
	/* Thread context of a process. */
	void (*caller)(struct sock_caller *out);
	/* A signal to the owner of a file (F_SETOWN), with si_band and si_code POLL_*; `signo`: if
	 * F_SETSIG named none. Any context without a spinlock. */
	void (*signal)(const struct file_owner *owner, int signo, int code, u32 band);
	/* Whether there is a process, or thread, with that number. Thread context. */
	bool (*process_exists)(s32 pid);
};
void sock_set_host(const struct sock_host *host);
struct sock_caller sock_caller(void);
bool sock_process_exists(s32 pid);
/* Whether the calling process has a capability: CAP_NET_RAW, CAP_NET_ADMIN, … */
bool sock_capable(unsigned capability);

/* Families ------------------------------------------------------------------------------------ */

struct sock_family {
	u16 family;
	/* A socket of a type (SOCK_*, without flags) and protocol (0: the type's own), with one
	 * reference: 0, -EPROTONOSUPPORT, -ESOCKTNOSUPPORT, -EPERM, -ENOMEM. */
	int (*create)(u16 family, int type, int protocol, struct sock **out);
	struct sock_family *next;
};
/* At boot. */
void sock_family_register(struct sock_family *family);
/* What create() calls: an object of `size` bytes, zero but for the common part, which is made, with
 * one reference; or NULL. `flags`: MM_*: with MM_WAIT thread context, and the owner is the caller;
 * without it soft work, and the one who passes a child on sets its owner. */
struct sock *sock_alloc(struct slab_cache *cache, size_t size, u16 family, int type, int protocol,
			const struct sock_ops *ops, unsigned flags);
static inline void sock_get(struct sock *s) { ref_get(&s->refs); }
static inline bool must_check sock_try_get(struct sock *s) { return ref_try_get(&s->refs); }
/* The object is freed after a grace period: lookups under RCU use sock_try_get(). Not in
 * handlers. */
void sock_put(struct sock *s);

/* Errors, waking, waiting --------------------------------------------------------------------- */

/* Takes the pending error: 0 or -errno. */
int sock_error_take(struct sock *s);
/* The same, by which it goes on from there (ERRNO_TAKEN()). */
#define sock_take_error(s) ERRNO_TAKEN(sock_error_take(s))
/* Sets it (positive errno) and wakes everybody. */
void sock_set_error(struct sock *s, int error);
/* Tells who waits that `events` (POLL*) became true; SIGIO to an owner (F_SETOWN, O_ASYNC). With
 * WAKE_SYNC: the caller is about to wait himself. POLLHUP and POLLERR wake exclusive sleepers, too,
 * all of them. With or without the lock. */
void sock_wake_slow(struct sock *s, u32 events);
static inline void sock_wake(struct sock *s, u32 events)
{
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (!list_empty(&s->wait.entries) || unlikely(READ_ONCE(s->async)))
		sock_wake_slow(s, events);
}
/* The owner gets SIGURG. */
void sock_urgent(struct sock *s);
/* Deadline of a wait (CLOCK_MONOTONIC): ~0, by SO_RCVTIMEO or SO_SNDTIMEO; 0: do not wait. */
u64 sock_receive_deadline(const struct sock *s, u32 msg_flags);
u64 sock_send_deadline(const struct sock *s, u32 msg_flags);
/* Waits until cond or a signal or the deadline: 0, -EAGAIN (time over, or the deadline is 0),
 * -ERESTARTSYS without a timeout, -EINTR with one. sock_wait_for(): only wakes with one of `events`
 * count (name POLLERR and POLLHUP, too), and those that name none. No lock held. */
#define sock_wait_for(s, events, cond, deadline) \
	sock_wait_by_(wait_events, s, events, cond, deadline)
/* One of several who wait for the same: what comes wakes one of them (accept(2)). */
#define sock_wait_in_turn(s, events, cond, deadline) \
	sock_wait_by_(wait_events_exclusive, s, events, cond, deadline)
#define sock_wait_by_(how, s, events, cond, deadline) \
	({ \
		u64 until_ = (deadline); \
		int err_ = 0; \
		if (!(cond)) \
			err_ = until_ ? sock_wait_result(how(&(s)->wait, events, cond, until_), \
							 until_) : -EAGAIN; \
		err_; \
	})
#define sock_wait(s, cond, deadline) sock_wait_for(s, 0, cond, deadline)
int sock_wait_result(int err, u64 deadline);

/* Memory -------------------------------------------------------------------------------------- */

/* Bytes that a packet counts in a buffer: with its description and unused room. */
u32 packet_charge_size(const struct packet *p);
/* Charges a packet to the receive buffer and queues it: 0, or -ENOBUFS: no room (s->drops is
 * counted; it stays the caller's). With the lock. */
static inline int sock_queue_receive(struct sock *s, struct packet *p);
/* The same for a queue of the protocol's own, whose packets are freed before the socket is. */
int sock_queue_receive_on(struct sock *s, struct packet *p, struct packet_queue *queue);
static inline int sock_queue_receive(struct sock *s, struct packet *p)
{
	return sock_queue_receive_on(s, p, &s->receive);
}
/* The same without queuing; its release hook gives the bytes back. The first is for a queue that is
 * freed with the socket, the second holds a reference of it. */
bool sock_charge_queued(struct sock *s, struct packet *p);
bool sock_charge_receive(struct sock *s, struct packet *p);
/* Charges a packet that is to be sent, so that it counts until it is freed; holds a reference of
 * the socket meanwhile; wakes POLLOUT when half the buffer has become free. */
void sock_charge_send(struct sock *s, struct packet *p);
/* Its release hook: gives the bytes back. For protocols that have one of their own. */
void sock_release_send(struct packet *p);
static inline bool sock_send_room(const struct sock *s)
{
	return READ_ONCE(s->send_used) < READ_ONCE(s->send_limit);
}
/* Waits for room to send, as flags say: 0, -EAGAIN, -EINTR, -ERESTARTSYS, -EPIPE (shut), or the
 * pending error. No lock held. */
int sock_wait_room(struct sock *s, u32 msg_flags);
/* A packet for a datagram of n bytes, all of them in its linear part (packet_put()), charged,
 * waiting for room as flags say: 0, those of sock_wait_room(), -ENOBUFS. */
int sock_alloc_send(struct sock *s, u32 room, u32 n, u32 msg_flags, struct packet **out);

/* Datagrams: the common bodies of recv() and poll() -------------------------------------------- */

/* The next packet of the queue, waiting as flags say: taken off, or (MSG_PEEK) with its bytes
 * shared (packet_clone()), of which *skip are before SO_PEEK_OFF; -EAGAIN, -EINTR …, the pending
 * error; 0 bytes after shutdown: *out NULL and 0. With SOCK_TRAINS: a list (next) of packets that
 * are joined, for packet_list_free(). Of a protocol without recv_lock. */
int sock_recv_packet_at(struct sock *s, struct msg *m, struct packet **out, u32 *skip);
/* The same of a protocol that does not know SO_PEEK_OFF. */
static inline int sock_recv_packet(struct sock *s, struct msg *m, struct packet **out)
{
	u32 skip;

	return sock_recv_packet_at(s, m, out, &skip);
}
/* The packet that a peek shall see, of which *skip bytes are passed over: the first, or the one in
 * which SO_PEEK_OFF lies; NULL. With the lock. */
struct packet *sock_peek_at(struct sock *s, u32 *skip);
/* Whether a read, or such a peek, would find one. Takes the lock. */
bool sock_has_packet(struct sock *s, bool peek);
/* SO_PEEK_OFF goes on by what was seen, or back (n < 0) by what was taken. Takes the lock. */
void sock_peek_move(struct sock *s, s64 n);
static inline void sock_peek_moved(struct sock *s, s64 n)
{
	if (unlikely(READ_ONCE(s->peek_offset) >= 0))
		sock_peek_move(s, n);
}
/* Copies its data from `offset` on to the message, MSG_TRUNC, time stamps and the count of drops
 * (SO_RXQ_OVFL) included: bytes to answer, or -EFAULT. */
ssize_t sock_recv_copy(struct sock *s, struct msg *m, struct packet *p, u32 offset);
/* What is told with it: time stamps, the count of drops, the mark: 0 or -EFAULT. */
int sock_recv_told(struct sock *s, struct msg *m, const struct packet *p);
/* The time stamps of a packet (0: now) as control data, as SO_TIMESTAMP* ask. 0 or -EFAULT. */
int sock_recv_stamp(struct sock *s, struct msg *m, u64 stamp_ns);
/* Control data SO_TIMESTAMPING with a stamp of software's. 0 or -EFAULT. */
int sock_put_stamping(struct sock *s, struct msg *m, u64 stamp_ns);
/* Control data SO_TIMESTAMPING of a message to be sent: *wanted becomes what it asks for: 0 or
 * -EINVAL. sock_send_control(): of a stream's message, what it has of SOL_SOCKET. */
int sock_stamp_control(const struct abi_cmsghdr *c, u32 *wanted);
int sock_send_control(struct sock *s, struct msg *m, u32 *wanted);
/* packet->stamps of a packet to be sent for which SOF_TIMESTAMPING_TX_* in `wanted` ask, and its
 * number. */
u8 sock_stamps_of(struct sock *s, u32 wanted, u32 *key);
/* A connection has what its listener has. Nobody else knows it yet. */
void sock_stamp_inherit(struct sock *s, const struct sock *listener);
/* Bytes that the next read gets: 0 also if there is none. With the lock. */
s32 sock_next_length(const struct sock *s);
/* Polling of datagram sockets: what is in the queue, what room there is, errors, shutdown. */
u32 sock_datagram_poll(struct sock *s);
/* Whether a packet passes the socket's filter; it may be trimmed. Soft work, under RCU. */
bool sock_filter_pass(struct sock *s, struct packet *p);
/* A connection has its listener's, whose lock is held. Nobody else knows it yet. */
void sock_filter_inherit(struct sock *s, const struct sock *listener);

/* Files --------------------------------------------------------------------------------------- */

/* socket(2): a file for a new socket. 0 or -EAFNOSUPPORT, -EINVAL, those of create(), -ENFILE. */
int sock_open(int family, int type, int protocol, u32 flags, struct file **out);
/* A file around a socket (accept(2)), whose reference is taken over in any case. */
int sock_file(struct sock *s, u32 flags, struct file **out);
/* The socket of a file, or NULL (-ENOTSOCK). No reference: the file's. */
struct sock *file_sock(struct file *file);
/* setsockopt(2), getsockopt(2): common ones, else the protocol's. */
int sock_set_option(struct sock *s, int level, int name, const void __user *value, u32 n);
int sock_get_option(struct sock *s, int level, int name, void __user *value, u32 *n);
/* Sets or clears a bit of `flags`. Takes the lock. */
void sock_set_flag(struct sock *s, u32 flag, bool on);
/* What the socket's memory is used for: SO_MEMINFO. */
void sock_memory(struct sock *s, u32 info[SK_MEMINFO_VARS]);
/* SIOC* of interfaces, routes, neighbours, whatever the socket: by net/inet and net/link. */
typedef long sock_ioctl_fn(struct sock *s, u32 request, u64 arg);
void sock_ioctl_register(sock_ioctl_fn *fn);
/* The registered ones in turn: -ENOTTY if nobody knows the request. */
long sock_ioctl_common(struct sock *s, u32 request, u64 arg);

/* Limits of /proc/sys/net/core; torn reads harmless. */
extern u32 sock_rmem_default, sock_rmem_max, sock_wmem_default, sock_wmem_max;
extern u32 sock_somaxconn, sock_optmem_max;
/* How many sockets of all families have files: /proc/net/sockstat. */
u32 sock_count(void);

/* Soft work, the list of families. Boot. */
void sock_init(void);
