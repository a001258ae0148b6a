/*
 * Controlling terminals (POSIX 11.1.3, credentials(7)). A terminal and a session know each other:
 * session->tty and tty->session are set and cleared together, under both locks, each holding a
 * reference. The session also keeps the foreground group, and keeps it when the terminal is hung
 * up: at the leader's end that group is still to be told.
 */
#include "abi/capability.h"
#include "abi/ioctl.h"
#include "abi/signal.h"
#include "arch/usercopy.h"
#include "proc/signal.h"
#include "tty/tty.h"
#include "tty/tty_int.h"

struct tty *tty_current(void)
{
	struct process *me = process_current();
	struct session *s;
	struct tty *t;

	if (READ_ONCE(me->no_tty))
		return NULL;
	s = process_session_get(me);
	spin_lock(&s->lock);
	t = s->tty;
	if (t)
		tty_get(t);
	spin_unlock(&s->lock);
	session_put(s);
	return t;
}

static bool is_leader(const struct process *p, const struct session *s)
{
	return s->pid == p->pid;
}

/* The current process, leader of `s`, takes a free terminal: whether it did. */
static bool session_take(struct session *s, struct tty *t)
{
	struct pid *group = process_group_get(process_current()), *old = NULL;
	bool taken = false;

	spin_lock(&s->lock);
	spin_lock(&t->ctl);
	if (!s->tty && !t->session) {
		ref_get(&s->refs);
		t->session = s;
		s->tty = tty_get(t);
		s->tty_dev = t->dev;
		old = s->tty_group;
		s->tty_group = group;
		t->foreground = group;
		taken = true;
	}
	spin_unlock(&t->ctl);
	spin_unlock(&s->lock);
	if (!taken)
		pid_put(group);
	pid_put(old);
	if (taken)
		WRITE_ONCE(process_current()->no_tty, false);
	return taken;
}

/* Parts the terminal and its session, which is returned with the reference that the terminal had,
 * or NULL. *group: the foreground group, referenced. */
static struct session *session_part(struct tty *t, struct pid **group, bool keep_group)
{
	struct session *s;
	bool parted;

	*group = NULL;
	spin_lock(&t->ctl);
	s = t->session;
	if (s)
		ref_get(&s->refs);
	spin_unlock(&t->ctl);
	if (!s)
		return NULL;
	spin_lock(&s->lock);
	spin_lock(&t->ctl);
	parted = t->session == s;
	if (parted) {
		t->session = NULL;
		t->foreground = NULL;
		s->tty = NULL;
		s->tty_dev = 0;
		*group = s->tty_group;
		if (keep_group && *group)
			pid_get(*group);
		else
			s->tty_group = NULL;
	}
	spin_unlock(&t->ctl);
	spin_unlock(&s->lock);
	session_put(s);
	if (!parted)
		return NULL;
	tty_put(t); /* the session's; the caller has its own */
	return s;
}

void tty_claim_at_open(struct tty *t, struct file *file)
{
	struct process *me = process_current();
	struct session *s;

	if (READ_ONCE(t->session) || !file->can_read)
		return;
	s = process_session_get(me);
	if (is_leader(me, s))
		(void)session_take(s, t);
	session_put(s);
}

void tty_forget_session(struct tty *t)
{
	struct pid *group;
	struct session *s = session_part(t, &group, false);

	pid_put(group);
	if (s)
		session_put(s);
}

static void signal_group(struct pid *group, int signo)
{
	struct abi_siginfo info = signal_info_kernel(signo);

	if (group)
		(void)signal_send_group(group, &info);
}

static void signal_leader(struct session *s)
{
	struct process *leader = process_find(s->pid->nr);
	struct abi_siginfo info;

	if (!leader)
		return;
	info = signal_info_kernel(SIGHUP);
	(void)signal_send_process(leader, &info);
	info = signal_info_kernel(SIGCONT);
	(void)signal_send_process(leader, &info);
	process_put(leader);
}

void tty_session_hangup(struct tty *t, bool leader_ends)
{
	struct pid *group;
	struct session *s = session_part(t, &group, !leader_ends);

	if (!s)
		return;
	if (leader_ends)
		signal_group(group, SIGHUP);
	else
		signal_leader(s);
	pid_put(group);
	session_put(s);
}

/* A leader gives its terminal up or ends; nobody is hung up, but the foreground group is told. Who
 * is stopped then goes on only if the leader stays: else that is up to its group being orphaned. */
static void session_leave(struct tty *t, bool leader_ends)
{
	struct pid *group;
	struct session *s = session_part(t, &group, false);

	signal_group(group, SIGHUP);
	if (!leader_ends)
		signal_group(group, SIGCONT);
	pid_put(group);
	if (s)
		session_put(s);
}

void tty_session_end(struct session *s)
{
	struct pid *group = NULL;
	struct tty *t;

	spin_lock(&s->lock);
	t = s->tty;
	if (t) {
		tty_get(t);
	} else {
		group = s->tty_group;
		s->tty_group = NULL;
	}
	spin_unlock(&s->lock);
	signal_group(group, SIGHUP);
	signal_group(group, SIGCONT);
	pid_put(group);
	if (!t)
		return;
	if (t->is_pty)
		session_leave(t, true);
	else
		tty_hangup(t, true);
	tty_put(t);
}

void tty_hangup_current(void)
{
	struct tty *t = tty_current();

	if (!t)
		return;
	tty_hangup(t, false);
	tty_put(t);
}

/* TIOCSCTTY */
static long session_set(struct tty *t, struct file *file, u64 steal)
{
	struct process *me = process_current();
	struct session *s = process_session_get(me);
	bool admin = cred_capable(cred_current(), CAP_SYS_ADMIN);
	long err = -EPERM;

	if (is_leader(me, s) && READ_ONCE(t->session) == s) {
		err = 0;
		goto out;
	}
	if (!is_leader(me, s) || READ_ONCE(s->tty))
		goto out;
	if (READ_ONCE(t->session)) {
		if (steal != 1 || !admin)
			goto out;
		tty_forget_session(t);
	}
	if ((file->can_read || admin) && session_take(s, t))
		err = 0;
out:
	session_put(s);
	return err;
}

/* TIOCNOTTY */
static long session_unset(struct tty *t)
{
	struct process *me = process_current();
	struct session *s;

	if (!tty_is_mine(t))
		return -ENOTTY;
	s = process_session_get(me);
	if (is_leader(me, s))
		session_leave(t, false);
	else
		WRITE_ONCE(me->no_tty, true);
	session_put(s);
	return 0;
}

static long group_get(struct tty *t, u64 arg, bool master)
{
	struct session *s;
	s32 nr = 0;

	if (!master && !tty_is_mine(t))
		return -ENOTTY;
	spin_lock(&t->ctl);
	s = t->session;
	if (s)
		ref_get(&s->refs);
	spin_unlock(&t->ctl);
	if (s) {
		spin_lock(&s->lock);
		nr = s->tty == t && s->tty_group ? s->tty_group->nr : 0;
		spin_unlock(&s->lock);
		session_put(s);
	}
	return copy_out_obj((s32 __user *)arg, &nr);
}

/* Whether the group has a member in the session. */
static bool group_in_session(struct pid *group, struct session *s)
{
	struct process *p;
	bool found = false;

	spin_lock(&proc_tree_lock);
	list_for_each_entry(p, &group->members, group_link)
		found |= p->session == s;
	spin_unlock(&proc_tree_lock);
	return found;
}

static bool group_has_members(struct pid *group)
{
	bool any;

	spin_lock(&proc_tree_lock);
	any = !list_empty(&group->members);
	spin_unlock(&proc_tree_lock);
	return any;
}

/* Makes `group` the foreground group of the session: takes the reference. */
static int foreground_set(struct tty *t, struct session *s, struct pid *group)
{
	struct pid *old = group;
	int err = -ENOTTY;

	if (!group_has_members(group)) {
		err = -ESRCH;
	} else if (!group_in_session(group, s)) {
		err = -EPERM;
	} else {
		spin_lock(&s->lock);
		if (s->tty == t) {
			swap(s->tty_group, old);
			spin_lock(&t->ctl);
			t->foreground = group;
			spin_unlock(&t->ctl);
			err = 0;
		}
		spin_unlock(&s->lock);
	}
	pid_put(old);
	return err;
}

static long group_set(struct tty *t, u64 arg)
{
	struct session *s;
	struct pid *group;
	s32 nr;
	int err = tty_check_change(t);

	if (err)
		return err == -ABI_EIO ? -ENOTTY : err;
	if (copy_in_obj(&nr, (const s32 __user *)arg))
		return -EFAULT;
	if (nr < 0)
		return -EINVAL;
	if (!tty_is_mine(t))
		return -ENOTTY;
	group = pid_find_get(nr);
	if (!group)
		return -ESRCH;
	s = process_session_get(process_current());
	err = foreground_set(t, s, group);
	session_put(s);
	return err;
}

static long session_id(struct tty *t, u64 arg, bool master)
{
	s32 nr = 0;

	if (!master && !tty_is_mine(t))
		return -ENOTTY;
	spin_lock(&t->ctl);
	if (t->session)
		nr = t->session->pid->nr;
	spin_unlock(&t->ctl);
	return nr ? copy_out_obj((s32 __user *)arg, &nr) : -ENOTTY;
}

long tty_session_ioctl(struct tty *t, struct file *file, u32 request, u64 arg, bool master)
{
	switch (request) {
	case TIOCSCTTY:
		return session_set(t, file, arg);
	case TIOCNOTTY:
		return session_unset(t);
	case TIOCGPGRP:
		return group_get(t, arg, master);
	case TIOCSPGRP:
		return group_set(t, arg);
	case TIOCGSID:
		return session_id(t, arg, master);
	default:
		return TTY_IOCTL_UNKNOWN;
	}
}
