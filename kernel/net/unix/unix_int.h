/*
 * Between the files of AF_UNIX.
 *
 * Data are packets that the sender charges to its own buffer and puts straight into the receiver's
 * queue. A stream or seqpacket socket has one peer for good; a datagram socket may have a default
 * destination, which it may change.
 *
 * Locks: sock.lock (l) is the state's; of two the listener's before its embryo's, else by address
 * (unix_lock_two()). recv_lock (r): only its holder takes packets off the queue, so the first of
 * them may be looked at without l. table_lock (t, RANK_NET_HASH): names, and the list of all.
 * gc_lock (g, a mutex): descriptors in flight.
 */
#pragma once

#include "net/sock.h"
#include "net/unix/unix.h"
#include "vfs/path.h"

#define UNIX_NAME_AT offsetof(struct sockaddr_un, sun_path)

enum unix_state { UNIX_IDLE, UNIX_LISTEN, UNIX_CONNECTED };

/* An own name; never changed, shared by a listener and its children. */
struct unix_address {
	struct refcount refs;
	u32 length;               /* bytes of name */
	struct sockaddr_un name;
	u8 end;                   /* room for the NUL of the longest path */
};

/* Waiting for room in somebody's queue: on the list of that one. */
struct unix_stall {
	struct list link;         /* the other's l */
	struct sock *sender;      /* is told POLLOUT */
};

/* l, t, g: above.  I: constant.  a: atomic, or torn reads harmless. */
struct unix_sock {
	struct sock sock;         /* first */
	u8 state;                 /* l: enum unix_state */
	bool dead;                /* l: closed */
	struct unix_address *address; /* l to set, once; NULL: none */
	struct path path;         /* set before the address: where it lies, if in a file system */
	u32 name_hash;            /* t */
	struct hlist_node name_link; /* t */
	struct unix_sock *peer;   /* l: referenced; stream, seqpacket: stays until close */
	struct list pending;      /* l: of a listener: connections that nobody accepted yet */
	struct list pending_link; /* listener's l */
	u32 n_pending, backlog;   /* l */
	s32 peer_pid;             /* l: who is at the other end (SO_PEERCRED); a listener: itself */
	const struct cred *peer_cred; /* l: the same, referenced, or NULL */
	struct packet *urgent;    /* l: in the queue: the one byte of it is urgent and was not read
				   * (MSG_OOB); NULL: none */
	struct list stalls;       /* l: senders that wait for room in this one's queue */
	struct unix_stall stall;  /* of pollers, on the list of peer */
	u32 in_flight;            /* g: how often its file is on its way in a message */
	u32 internal;             /* g: of these, found in queues of candidates */
	bool candidate;           /* g: may be garbage */
	struct list flight_link;  /* g: of those with in_flight */
	struct list gc_link;      /* g: work list of the collection */
};

static inline struct unix_sock *unix_sock(struct sock *s)
{
	return container_of(s, struct unix_sock, sock);
}

/* Files on their way (SCM_RIGHTS). */
struct unix_rights {
	struct list link;         /* of those to be closed: the closing thread's */
	u32 uid;                  /* whose limit they count for while they are in flight */
	u32 n;
	struct file *file[SCM_MAX_FD];
};

/* What accompanies a message. */
struct unix_scm {
	struct unix_rights *rights; /* NULL: none */
	s32 pid;                  /* of the sender, if has_cred */
	u32 uid, gid;
	bool has_cred;
};
/* A packet's, in its cb: rights are in flight. */
static inline struct unix_scm *unix_scm(struct packet *p) { return (struct unix_scm *)p->cb; }
static_assert(sizeof(struct unix_scm) <= PACKET_CB, "struct unix_scm");

static inline void unix_put(struct unix_sock *u) { if (u) sock_put(&u->sock); }

/* unix.c */
struct unix_sock *unix_alloc(int type, unsigned flags);
void unix_lock_two(struct unix_sock *a, struct unix_sock *b);
void unix_unlock_two(struct unix_sock *a, struct unix_sock *b);
/* The peer with a reference, or NULL. */
struct unix_sock *unix_peer_get(struct unix_sock *u);
/* The caller is who the other end shall see (SO_PEERCRED). */
void unix_set_creds(struct unix_sock *u, s32 pid, const struct cred *cred);
/* Ends a socket whose file is gone, or that never had one: drops the reference. */
void unix_close(struct sock *s);
/* The bytes of a message as a packet: n of them copied from m->iter, charged to s. 0, -EFAULT,
 * -ENOBUFS. Thread context. */
int unix_packet(struct sock *s, struct msg *m, u32 n, struct packet **out);
/* The reader of u has made room: tells senders that wait for it. */
void unix_unstall(struct unix_sock *u);
/* Forgets where the owner of a poller's stall waits. u's lock not held. */
void unix_stall_cancel(struct unix_sock *u, struct unix_sock *peer);
/* Address of who sent, into a message. */
void unix_name_out(struct msg *m, struct sock *from);
bool unix_queue_full(const struct unix_sock *to);
/* Bytes to be read (of the next message, with datagrams), or -EINVAL of a listener. */
long unix_input_length(struct sock *s);

/* unix_name.c */
int unix_bind(struct sock *s, const struct sockaddr_storage *a, u32 length);
/* A name of its own choice, if it has none: 0, -ENOSPC, -ENOMEM. */
int unix_autobind(struct unix_sock *u);
/* Whom an address names, with a reference: 0, -EINVAL, -ECONNREFUSED, -EPROTOTYPE, those of the
 * path. */
int unix_find(const struct sockaddr_storage *a, u32 length, u16 type, struct unix_sock **out);
void unix_address_put(struct unix_address *address);
void unix_enter(struct unix_sock *u);  /* into the list of all */
void unix_forget(struct unix_sock *u); /* out of it and the names */
/* Going through all of them, in the order they were made: the one after `prev` (whose reference is
 * dropped; NULL: the first), with a reference, or NULL. If `prev` has left the list, the first that
 * was made after it. */
struct unix_sock *unix_next(struct unix_sock *prev);
/* The first with a greater cookie, with a reference, or NULL. */
struct unix_sock *unix_after(u64 cookie);
/* unix_diag.c: boot. */
void unix_diag_init(void);

/* unix_connect.c */
int unix_listen(struct sock *s, u32 backlog);
int unix_stream_connect(struct sock *s, const struct sockaddr_storage *a, u32 length, u32 flags);
int unix_accept(struct sock *s, u32 flags, struct sock **out);
int unix_pair(struct sock *a, struct sock *b);

/* unix_stream.c */
ssize_t unix_stream_send(struct sock *s, struct msg *m);
ssize_t unix_stream_recv(struct sock *s, struct msg *m);
ssize_t unix_stream_send_page(struct sock *s, struct page *page, u32 offset, u32 n, u32 flags);
u32 unix_stream_poll(struct sock *s);
/* Whether the next byte is the urgent one, or came after it if that was read (SIOCATMARK). */
bool unix_at_mark(struct sock *s);

/* unix_datagram.c */
int unix_datagram_connect(struct sock *s, const struct sockaddr_storage *a, u32 length,
			  u32 flags);
ssize_t unix_datagram_send(struct sock *s, struct msg *m);
ssize_t unix_datagram_recv(struct sock *s, struct msg *m);
u32 unix_datagram_poll(struct sock *s);
ssize_t unix_seqpacket_send(struct sock *s, struct msg *m);
ssize_t unix_seqpacket_recv(struct sock *s, struct msg *m);

/* unix_scm.c */
int unix_scm_parse(struct msg *m, struct unix_scm *scm);
/* What is to go with a message: 0, -EINVAL, -EBADF, -EPERM, -ESRCH, -ETOOMANYREFS, -ENOMEM.
 * unix_scm_drop() afterwards, unless it went with a packet. */
static inline int unix_scm_begin(struct msg *m, struct unix_scm *scm)
{
	scm->rights = NULL;
	scm->has_cred = false;
	return likely(!m->control) ? 0 : unix_scm_parse(m, scm);
}
/* The sender's credentials, if one of the two wants them and there are none so far. */
void unix_scm_cred(struct unix_sock *from, struct unix_sock *to, struct unix_scm *scm);
/* It goes with a packet: its files are in flight from here on, until the packet ends or
 * unix_scm_take(). */
int unix_scm_attach(struct packet *p, struct unix_scm *scm);
/* Takes it from a packet, or makes a copy of it (peek): rights are not in flight any more. */
void unix_scm_take(struct packet *p, struct unix_scm *scm);
int unix_scm_copy(struct packet *p, struct unix_scm *scm);
/* To the receiver: descriptors and credentials as control data; nothing is left. */
void unix_scm_deliver(struct unix_sock *u, struct msg *m, struct unix_scm *scm);
/* Closes what is left. No lock held. */
void unix_scm_drop(struct unix_scm *scm);
void unix_rights_close(struct unix_rights *rights);

/* unix_gc.c */
/* Counts the files of a message as in flight, or not any more. -ETOOMANYREFS: the user has too
 * many; `limit`: ~0: no matter how many. */
int unix_flight_begin(struct unix_rights *rights, u64 limit);
void unix_flight_end(struct unix_rights *rights);
/* Takes references of the files of a message in flight. */
struct unix_rights *unix_flight_copy(const struct unix_rights *rights);
/* A socket was closed: what can be reached no more because of that will be closed, soon. */
void unix_collect(void);
/* The same for a descriptor of one (sock_ops->flush). */
void unix_flush(struct sock *s);
void unix_gc_init(void);
