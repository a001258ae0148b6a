/*
 * Sockets of AF_UNIX over NETLINK_SOCK_DIAG (unix_diag): all whose state is asked for, or the one
 * with an inode's number.
 */
#include "abi/errno.h"
#include "abi/sock_diag.h"
#include "abi/tcp.h"
#include "net/netlink/netlink.h"
#include "net/unix/unix_int.h"

#define MESSAGE 512 /* of one, without ICONS */
#define ICONS   256 /* of a listener that are told at most */

static u8 state_of(const struct unix_sock *u)
{
	return u->state == UNIX_LISTEN ? TCP_LISTEN :
	       u->state == UNIX_CONNECTED ? TCP_ESTABLISHED : TCP_CLOSE;
}

/* Its name and where that lies. An address stays as long as its socket. */
static void put_name(struct nl_out *out, struct unix_sock *u, u32 show)
{
	const struct unix_address *a = load_acquire(&u->address);
	const struct dentry *dentry = a ? u->path.dentry : NULL;

	if (show & UDIAG_SHOW_NAME && a)
		nl_put(out, UNIX_DIAG_NAME, a->name.sun_path, a->length - (u32)UNIX_NAME_AT);
	if (show & UDIAG_SHOW_VFS && dentry && dentry->inode) {
		struct unix_diag_vfs vfs = { (u32)dentry->inode->ino,
					     (u32)dentry->inode->sb->dev_id };

		nl_put(out, UNIX_DIAG_VFS, &vfs, sizeof(vfs));
	}
}

/* Who waits to be accepted, by the inodes of their sockets. */
static void put_pending(struct nl_out *out, struct unix_sock *u)
{
	struct unix_sock *embryo, *peer;
	struct nlattr *nest = nl_nest(out, UNIX_DIAG_ICONS);
	u32 n = 0;

	spin_lock(&u->sock.lock);
	list_for_each_entry(embryo, &u->pending, pending_link) {
		u32 *ino = n++ < ICONS ? nl_more(out, sizeof(*ino)) : NULL;

		if (!ino)
			break;
		peer = READ_ONCE(embryo->peer); /* may close meanwhile, its lock is not held */
		*ino = peer ? (u32)READ_ONCE(peer->sock.ino) : 0;
	}
	spin_unlock(&u->sock.lock);
	nl_nest_end(out, nest);
}

static void put_lengths(struct nl_out *out, struct unix_sock *u, u8 state)
{
	struct unix_diag_rqlen length;

	if (state == TCP_LISTEN) {
		length.udiag_rqueue = READ_ONCE(u->n_pending);
		length.udiag_wqueue = READ_ONCE(u->backlog);
	} else {
		long n = unix_input_length(&u->sock);

		length.udiag_rqueue = n < 0 ? 0 : (u32)n;
		length.udiag_wqueue = READ_ONCE(u->sock.send_used);
	}
	nl_put(out, UNIX_DIAG_RQLEN, &length, sizeof(length));
}

static void put_peer(struct nl_out *out, struct unix_sock *u)
{
	struct unix_sock *peer = unix_peer_get(u);

	if (peer)
		nl_put32(out, UNIX_DIAG_PEER, (u32)READ_ONCE(peer->sock.ino));
	unix_put(peer);
}

/* False: it does not fit. */
static bool put_sock(struct nl_out *out, struct unix_sock *u, u8 state, u32 show,
		     const struct nlmsghdr *like)
{
	struct sock *s = &u->sock;
	struct unix_diag_msg *m = nl_begin(out, SOCK_DIAG_BY_FAMILY, like->nlmsg_flags,
					   like->nlmsg_seq, like->nlmsg_pid, sizeof(*m));

	if (!m)
		return nl_end(out);
	m->udiag_family = AF_UNIX;
	m->udiag_type = (u8)s->type;
	m->udiag_state = state;
	m->udiag_ino = (u32)READ_ONCE(s->ino);
	diag_cookie_put(s->cookie, m->udiag_cookie);
	put_name(out, u, show);
	if (show & UDIAG_SHOW_PEER)
		put_peer(out, u);
	if (show & UDIAG_SHOW_ICONS && state == TCP_LISTEN)
		put_pending(out, u);
	if (show & UDIAG_SHOW_RQLEN)
		put_lengths(out, u, state);
	if (show & UDIAG_SHOW_MEMINFO)
		diag_put_memory(out, UNIX_DIAG_MEMINFO, s);
	nl_put8(out, UNIX_DIAG_SHUTDOWN, READ_ONCE(s->shut));
	if (show & UDIAG_SHOW_UID)
		nl_put32(out, UNIX_DIAG_UID, s->uid);
	return nl_end(out);
}

/* at[0]: the cookie of the last that was written. */
static int unix_dump(struct nl_dump *d, struct nl_out *out)
{
	const struct unix_diag_req *q = d->request;
	const struct nlmsghdr like = { .nlmsg_flags = NLM_F_MULTI, .nlmsg_seq = d->seq,
				       .nlmsg_pid = d->port };
	struct unix_sock *u;

	for (u = unix_after(d->at[0]); u; u = unix_next(u)) {
		u8 state = state_of(u);

		if (q->udiag_states & 1u << state &&
		    !put_sock(out, u, state, q->udiag_show, &like)) {
			unix_put(u);
			return 1;
		}
		d->at[0] = u->sock.cookie;
	}
	return 0;
}

static int unix_one(struct nl_request *r)
{
	const struct unix_diag_req *q = r->payload;
	const struct nlmsghdr like = { .nlmsg_seq = r->h->nlmsg_seq, .nlmsg_pid = nl_port(r) };
	struct unix_sock *u;
	struct nl_out out;
	int err;

	if (!q->udiag_ino)
		return -EINVAL;
	for (u = unix_next(NULL); u; u = unix_next(u))
		if ((u32)READ_ONCE(u->sock.ino) == q->udiag_ino)
			break;
	if (!u)
		return -ENOENT;
	err = diag_cookie_check(u->sock.cookie, q->udiag_cookie);
	if (!err)
		err = nl_out_init(&out, MESSAGE + 4 * ICONS);
	if (!err) {
		put_sock(&out, u, state_of(u), q->udiag_show, &like);
		err = nl_answer(r, &out);
	}
	unix_put(u);
	return err;
}

static const struct diag_family family = {
	.family = AF_UNIX, .header = sizeof(struct unix_diag_req), .one = unix_one,
	.dump = unix_dump,
};

void unix_diag_init(void)
{
	diag_register(&family);
}
