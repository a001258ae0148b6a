/*
 * signalfd(2). The file holds just a mask: reading takes signals that are pending for the reader,
 * be it the one who made the file or not, and poll tells of those of the one who polls.
 *
 * So the queue that poll names is the caller's, not the file's, and an epoll may hang on it when
 * the caller is gone. The file keeps the storage of each queue that it named until it ends; those
 * that nobody uses and nobody hangs on any more are given back whenever one is added.
 */
#include "proc/signalfd.h"

#include "abi/errno.h"
#include "lib/format.h"
#include "lib/string.h"
#include "mm/slab.h"
#include "proc/signal.h"

struct kept {
	struct list link;
	struct sighand *sighand;
};

/* l: lock. */
struct signalfd {
	u64 mask;             /* a */
	struct spinlock lock; /* RANK_FILE */
	struct list kept;     /* l */
};

static const struct file_ops signalfd_ops;

static u64 pending(const struct signalfd *s)
{
	const struct task *task = task_current();

	return (READ_ONCE(task->pending.set) | READ_ONCE(task->process->pending.set)) &
	       READ_ONCE(s->mask);
}

/* What sigqueue(3) and the kernel said, field by field as signalfd(2) lists them. */
static void convert(const struct abi_siginfo *info, struct signalfd_siginfo *out)
{
	memset(out, 0, sizeof(*out));
	out->ssi_signo = (u32)info->si_signo;
	out->ssi_errno = info->si_errno;
	out->ssi_code = info->si_code;
	if (info->si_code == SI_TIMER) {
		out->ssi_tid = (u32)info->si_timerid;
		out->ssi_overrun = (u32)info->si_overrun;
		out->ssi_int = info->si_timer_value.sival_int;
		out->ssi_ptr = info->si_timer_value.sival_ptr;
		return;
	}
	if (info->si_code <= 0) {
		out->ssi_pid = (u32)info->si_pid;
		out->ssi_uid = info->si_uid;
		out->ssi_int = info->si_value.sival_int;
		out->ssi_ptr = info->si_value.sival_ptr;
		return;
	}
	if (info->si_code == SI_KERNEL)
		return;
	switch (info->si_signo) {
	case SIGCHLD:
		out->ssi_pid = (u32)info->si_chld_pid;
		out->ssi_uid = info->si_chld_uid;
		out->ssi_status = info->si_status;
		out->ssi_utime = (u64)info->si_utime;
		out->ssi_stime = (u64)info->si_stime;
		break;
	case SIGIO:
		out->ssi_band = (u32)info->si_band;
		out->ssi_fd = info->si_fd;
		break;
	case SIGSYS:
		out->ssi_call_addr = info->si_call_addr;
		out->ssi_syscall = info->si_syscall;
		out->ssi_arch = info->si_arch;
		break;
	default: /* faults */
		out->ssi_addr = info->si_addr;
		out->ssi_addr_lsb = (u16)info->si_addr_lsb;
	}
}

/* Takes one signal, waiting for it if `wait`: its number, or -EAGAIN, -ERESTARTSYS. */
static int take(struct signalfd *s, bool wait, struct abi_siginfo *info)
{
	struct sighand *sighand = process_current()->sighand;

	for (;;) {
		int signo = pending(s) ? signal_take(READ_ONCE(s->mask), info) : 0, err;

		if (signo)
			return signo;
		if (!wait)
			return -EAGAIN;
		err = wait_interruptible(&sighand->poll, pending(s));
		if (err < 0)
			return err;
	}
}

static ssize_t signalfd_read(struct file *f, struct iov_iter *to, loff_t *pos)
{
	struct signalfd *s = f->private;
	bool wait = !(f->flags & O_NONBLOCK);
	struct signalfd_siginfo out;
	struct abi_siginfo info;
	ssize_t done = 0;
	int err;

	if (iov_left(to) < sizeof(out))
		return -EINVAL;
	do {
		err = take(s, wait && !done, &info);
		if (err < 0)
			return done ? done : err;
		convert(&info, &out);
		if (iov_copy_to(to, &out, sizeof(out)) != sizeof(out))
			return done ? done : -EFAULT;
		done += (ssize_t)sizeof(out);
	} while (iov_left(to) >= sizeof(out));
	return done;
}

/* Gives back what is not needed any more; whether `sighand` is kept. s->lock held. */
static bool kept_check(struct signalfd *s, const struct sighand *sighand, struct list *drop)
{
	struct kept *k, *tmp;
	bool found = false;

	list_for_each_entry_safe(k, tmp, &s->kept, link) {
		if (k->sighand == sighand)
			found = true;
		else if (ref_read(&k->sighand->refs) == 0 && list_empty(&k->sighand->poll.entries))
			list_move(&k->link, drop);
	}
	return found;
}

static void kept_drop(struct list *list)
{
	struct kept *k, *tmp;

	list_for_each_entry_safe(k, tmp, list, link) {
		sighand_unkeep(k->sighand);
		kfree(k);
	}
}

/* Sees to it that the caller's queue lives as long as the file: false if there is no memory. */
static bool keep(struct signalfd *s)
{
	struct sighand *sighand = process_current()->sighand;
	struct kept *fresh = NULL;
	LIST_HEAD(drop);
	bool found;

	spin_lock(&s->lock);
	found = kept_check(s, sighand, &drop);
	spin_unlock(&s->lock);
	if (!found && (fresh = kmalloc(sizeof(*fresh), MM_KERNEL)) != NULL) {
		fresh->sighand = sighand;
		sighand_keep(sighand);
		spin_lock(&s->lock);
		list_add(&fresh->link, &s->kept); /* twice, by another thread, is no harm */
		spin_unlock(&s->lock);
	}
	kept_drop(&drop);
	return found || fresh;
}

static u32 signalfd_poll(struct file *f, struct poll_table *table)
{
	struct signalfd *s = f->private;

	if (table) {
		if (!keep(s))
			return POLLERR; /* rather than a wait without end */
		poll_wait(table, &process_current()->sighand->poll);
	}
	return pending(s) ? POLLIN | POLLRDNORM : 0;
}

static void signalfd_release(struct file *f)
{
	struct signalfd *s = f->private;

	kept_drop(&s->kept);
	kfree(s);
}

static void signalfd_show_info(struct file *f, char *buf, size_t size)
{
	struct signalfd *s = f->private;

	snprintf(buf, size, "sigmask:\t%016llx\n", (unsigned long long)READ_ONCE(s->mask));
}

int signalfd_create(u64 mask, u32 flags, struct file **out)
{
	struct signalfd *s = kzalloc(sizeof(*s), MM_KERNEL);
	int err;

	if (!s)
		return -ENOMEM;
	s->mask = mask & ~SIGNALS_UNBLOCKABLE;
	spin_init(&s->lock, RANK_FILE, "signalfd");
	list_init(&s->kept);
	err = file_create_anon("signalfd", &signalfd_ops, s, O_RDWR | (flags & SFD_NONBLOCK), out);
	if (err < 0)
		kfree(s);
	return err;
}

int signalfd_change(struct file *file, u64 mask)
{
	struct signalfd *s = file->private;

	if (file->ops != &signalfd_ops)
		return -EINVAL;
	WRITE_ONCE(s->mask, mask & ~SIGNALS_UNBLOCKABLE);
	wait_wake(&process_current()->sighand->poll, POLLIN);
	return 0;
}

static const struct file_ops signalfd_ops = {
	.release = signalfd_release,
	.read = signalfd_read,
	.poll = signalfd_poll,
	.show_info = signalfd_show_info,
};
