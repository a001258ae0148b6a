/*
 * What goes with a message: descriptors (SCM_RIGHTS) and the sender's credentials
 * (SCM_CREDENTIALS), between control data and packets (unix(7)).
 *
 * Files that are closed because a message is lost may be sockets whose queues hold messages with
 * files, and so on without end. So a thread that closes such files does it in a loop
 * (unix_rights_close()): what is lost meanwhile is added to its list instead of the stack.
 */
#include "net/unix/unix_int.h"

#include "abi/capability.h"
#include "arch/usercopy.h"
#include "lib/string.h"
#include "mm/slab.h"

#define OVERFLOW_ID 65534u /* who is not known */

/* A thread that closes lost files. */
struct closer {
	struct list link;
	struct thread *thread;
	struct list rights;
};

static struct spinlock closers_lock = SPINLOCK_INIT(RANK_NET_LEAF, "unix_closers");
static LIST_HEAD(closers); /* closers_lock */

/* Adds to the list of the current thread: false if it has none. */
static bool closer_add(struct unix_rights *rights)
{
	struct closer *c;
	bool found = false;

	spin_lock(&closers_lock);
	list_for_each_entry(c, &closers, link)
		if (c->thread == thread_current()) {
			list_add_tail(&rights->link, &c->rights);
			found = true;
			break;
		}
	spin_unlock(&closers_lock);
	return found;
}

static void close_files(struct unix_rights *rights)
{
	for (u32 i = 0; i < rights->n; i++)
		file_put(rights->file[i]);
	kfree(rights);
}

void unix_rights_close(struct unix_rights *rights)
{
	struct closer me = { .thread = thread_current() };

	if (closer_add(rights))
		return;
	list_init(&me.rights);
	list_add(&rights->link, &me.rights);
	spin_lock(&closers_lock);
	list_add(&me.link, &closers);
	spin_unlock(&closers_lock);
	while (!list_empty(&me.rights)) {
		rights = list_first_entry(&me.rights, struct unix_rights, link);
		list_del(&rights->link);
		close_files(rights);
	}
	spin_lock(&closers_lock);
	list_del(&me.link);
	spin_unlock(&closers_lock);
}

void unix_scm_drop(struct unix_scm *scm)
{
	if (likely(!scm->rights))
		return;
	if (scm->rights->n)
		unix_rights_close(scm->rights);
	else
		kfree(scm->rights);
	scm->rights = NULL;
}

/* Sending -------------------------------------------------------------------------------------- */

/* The files of one SCM_RIGHTS, added to those there are: 0, -EINVAL (more than 253), -EBADF. */
static int parse_rights(const struct abi_cmsghdr *c, const struct sock_caller *caller,
			struct unix_scm *scm)
{
	const s32 *fds = cmsg_data(c);
	u64 n = cmsg_size(c) / sizeof(*fds);
	struct unix_rights *rights = scm->rights;

	if (!n)
		return 0;
	if (n > SCM_MAX_FD)
		return -EINVAL;
	if (!rights) {
		rights = kmalloc(sizeof(*rights), MM_KERNEL);
		if (!rights)
			return -ENOMEM;
		rights->n = 0;
		rights->uid = caller->cred->uid;
		list_init(&rights->link);
		scm->rights = rights;
	}
	if (rights->n + n > SCM_MAX_FD)
		return -EINVAL;
	for (u64 i = 0; i < n; i++) {
		struct file *file = fds[i] < 0 ? NULL : fd_get(caller->files, fds[i]);

		if (!file)
			return -EBADF;
		rights->file[rights->n++] = file;
	}
	return 0;
}

/* Whom a process may say it is (unix(7), SCM_CREDENTIALS). */
static int parse_creds(const struct abi_cmsghdr *c, const struct sock_caller *caller,
		       struct unix_scm *scm)
{
	const struct cred *me = caller->cred;
	struct ucred who;

	if (c->cmsg_len != CMSG_LEN(sizeof(who)))
		return -EINVAL;
	memcpy(&who, cmsg_data(c), sizeof(who));
	if ((who.pid != caller->pid && !cred_capable(me, CAP_SYS_ADMIN)) ||
	    (who.uid != me->uid && who.uid != me->euid && who.uid != me->suid &&
	     !cred_capable(me, CAP_SETUID)) ||
	    (who.gid != me->gid && who.gid != me->egid && who.gid != me->sgid &&
	     !cred_capable(me, CAP_SETGID)))
		return -EPERM;
	if (who.pid != caller->pid && !sock_process_exists(who.pid))
		return -ESRCH;
	if (who.uid == ~0u || who.gid == ~0u)
		return -EINVAL;
	scm->pid = who.pid;
	scm->uid = who.uid;
	scm->gid = who.gid;
	scm->has_cred = true;
	return 0;
}

int unix_scm_parse(struct msg *m, struct unix_scm *scm)
{
	struct sock_caller caller = sock_caller();
	const struct abi_cmsghdr *c = NULL;
	int err = 0;

	while (!err && (c = msg_control_next(m, c)) != NULL) {
		if (c->cmsg_level != SOL_SOCKET)
			continue;
		if (c->cmsg_type == SCM_RIGHTS)
			err = parse_rights(c, &caller, scm);
		else if (c->cmsg_type == SCM_CREDENTIALS)
			err = parse_creds(c, &caller, scm);
		else
			err = -EINVAL;
	}
	if (err)
		unix_scm_drop(scm);
	return err;
}

void unix_scm_cred(struct unix_sock *from, struct unix_sock *to, struct unix_scm *scm)
{
	struct sock_caller caller;

	/* A connection that nobody accepted yet may get the option afterwards. */
	if (likely(!((from->sock.flags | to->sock.flags) & SOCK_PASSCRED) &&
		   READ_ONCE(to->sock.file)))
		return;
	if (scm->has_cred)
		return;
	caller = sock_caller();
	scm->pid = caller.pid;
	scm->uid = caller.cred->uid;
	scm->gid = caller.cred->gid;
	scm->has_cred = true;
}

/* The end of a packet whose message had files. */
static void rights_release(struct packet *p)
{
	struct unix_rights *rights = unix_scm(p)->rights;

	sock_release_send(p);
	if (rights) {
		unix_flight_end(rights);
		unix_rights_close(rights);
	}
}

int unix_scm_attach(struct packet *p, struct unix_scm *scm)
{
	struct unix_scm *to = unix_scm(p);
	struct sock_caller caller;
	u64 limit;
	int err;

	if (unlikely(scm->has_cred)) {
		to->has_cred = true;
		to->pid = scm->pid;
		to->uid = scm->uid;
		to->gid = scm->gid;
	}
	if (likely(!scm->rights))
		return 0;
	caller = sock_caller();
	limit = cred_capable(caller.cred, CAP_SYS_RESOURCE) ||
		cred_capable(caller.cred, CAP_SYS_ADMIN) ? ~0ull : caller.nofile;
	err = unix_flight_begin(scm->rights, limit);
	if (err)
		return err;
	to->rights = scm->rights;
	scm->rights = NULL;
	p->release = rights_release;
	return 0;
}

/* Receiving ------------------------------------------------------------------------------------ */

void unix_scm_take(struct packet *p, struct unix_scm *scm)
{
	struct unix_scm *from = unix_scm(p);

	scm->has_cred = from->has_cred;
	scm->pid = from->pid;
	scm->uid = from->uid;
	scm->gid = from->gid;
	scm->rights = from->rights;
	if (likely(!from->rights))
		return;
	from->rights = NULL;
	unix_flight_end(scm->rights);
}

int unix_scm_copy(struct packet *p, struct unix_scm *scm)
{
	struct unix_scm *from = unix_scm(p);

	scm->has_cred = from->has_cred;
	scm->pid = from->pid;
	scm->uid = from->uid;
	scm->gid = from->gid;
	scm->rights = NULL;
	if (from->rights) {
		scm->rights = unix_flight_copy(from->rights);
		if (!scm->rights)
			return -ENOMEM;
	}
	return 0;
}

/* One file as the next descriptor of an SCM_RIGHTS at `to`: whether that went well. */
static bool install(struct file *file, const struct sock_caller *caller, bool cloexec,
		    s32 __user *to)
{
	s32 fd = fd_reserve(caller->files, 0, caller->nofile, cloexec);

	if (fd < 0)
		return false;
	if (copy_out_obj(to, &fd) < 0) {
		fd_cancel(caller->files, fd);
		return false;
	}
	fd_install(caller->files, fd, file_get(file));
	return true;
}

/* As many descriptors as there is room for (MSG_CTRUNC says that there were more). */
static void deliver_rights(struct msg *m, struct unix_rights *rights)
{
	struct sock_caller caller = sock_caller();
	u64 left = m->user_control_left, room = 0;
	struct abi_cmsghdr header = { 0, SOL_SOCKET, SCM_RIGHTS };
	s32 __user *fds = (s32 __user *)(m->user_control + sizeof(header));
	u32 n = 0;

	if (left > sizeof(header))
		room = (left - sizeof(header)) / sizeof(s32);
	while (n < rights->n && n < room &&
	       install(rights->file[n], &caller, m->flags & MSG_CMSG_CLOEXEC, fds + n))
		n++;
	if (n < rights->n)
		m->out_flags |= MSG_CTRUNC;
	if (!n)
		return;
	header.cmsg_len = CMSG_LEN(n * sizeof(s32));
	if (copy_out((void __user *)m->user_control, &header, sizeof(header)) < 0)
		return;
	left = min(CMSG_SPACE(n * sizeof(s32)), left);
	m->user_control += left;
	m->user_control_left -= left;
}

void unix_scm_deliver(struct unix_sock *u, struct msg *m, struct unix_scm *scm)
{
	bool wants = u->sock.flags & SOCK_PASSCRED;
	struct ucred who = { 0, OVERFLOW_ID, OVERFLOW_ID };

	if (!m->user_control) {
		if (unlikely(wants || scm->rights))
			m->out_flags |= MSG_CTRUNC;
		unix_scm_drop(scm);
		return;
	}
	if (wants) {
		if (scm->has_cred)
			who = (struct ucred){ scm->pid, scm->uid, scm->gid };
		msg_put_control(m, SOL_SOCKET, SCM_CREDENTIALS, &who, sizeof(who));
	}
	if (scm->rights)
		deliver_rights(m, scm->rights);
	unix_scm_drop(scm);
}
