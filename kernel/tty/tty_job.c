/*
 * Job control (POSIX 11.1.4): a process in the background that reads, or changes the terminal, is
 * stopped. The usual answer, that the caller is in the foreground or does not belong to the
 * terminal, costs a comparison of pointers: a process's own session and group cannot go away under
 * it.
 */
#include "abi/signal.h"
#include "proc/signal.h"
#include "tty/tty_int.h"

bool tty_is_mine(struct tty *t)
{
	struct process *me = process_current();

	return me && READ_ONCE(t->session) == READ_ONCE(me->session) && !READ_ONCE(me->no_tty);
}

/* Whether the signal would do nothing: blocked or ignored. */
static bool signal_is_ignored(int signo)
{
	struct sighand *hand = process_current()->sighand;
	u64 flags;
	bool ignored;

	if (thread_current()->sigmask & SIGMASK(signo))
		return true;
	flags = spin_lock_irq(&hand->lock);
	ignored = hand->action[signo - 1].sa_handler == SIG_IGN;
	spin_unlock_irq(&hand->lock, flags);
	return ignored;
}

int tty_check_background(struct tty *t, int signo)
{
	struct process *me = process_current();
	const struct pid *foreground = READ_ONCE(t->foreground);
	struct abi_siginfo info;
	struct pid *group;
	int err = -ERESTARTSYS;

	if (!tty_is_mine(t) || !foreground || foreground == READ_ONCE(me->group))
		return 0;
	if (signal_is_ignored(signo))
		return signo == SIGTTIN ? -EIO : 0;
	group = process_group_get(me);
	if (group_orphaned(group)) {
		err = -EIO;
	} else {
		info = signal_info_kernel(signo);
		(void)signal_send_group(group, &info);
		/* The signal reaches us, too, before we look at the terminal again. */
		thread_set_work(thread_current(), WORK_SIGNAL);
	}
	pid_put(group);
	return err;
}

void tty_signal_foreground(struct tty *t, int signo)
{
	struct abi_siginfo info = signal_info_kernel(signo);
	struct pid *group = NULL;
	struct session *s;

	spin_lock(&t->ctl);
	s = t->session;
	if (s)
		ref_get(&s->refs);
	spin_unlock(&t->ctl);
	if (!s)
		return;
	spin_lock(&s->lock);
	if (s->tty == t && s->tty_group) {
		group = s->tty_group;
		pid_get(group);
	}
	spin_unlock(&s->lock);
	if (group) {
		(void)signal_send_group(group, &info);
		pid_put(group);
	}
	session_put(s);
}
