/*
 * poll(2) and select(2). One pass asks every file for its state while hanging the caller on the
 * queues that may change it; if nothing is ready the caller sleeps, and asks again, without hanging
 * on anew, after each wake-up.
 */
#include "abi/poll.h"
#include "abi/time.h"
#include "core/clock.h"
#include "lib/string.h"
#include "mm/kmap.h"
#include "mm/slab.h"
#include "proc/signal.h"
#include "sched/wait.h"
#include "sys/sys_int.h"

#define POLL_FAST 16

static u32 poll_file(int fd, u32 events, struct poll_table *table)
{
	struct fd_ref r = fd_arg_io(fd);
	u32 mask;

	if (!r.file)
		return POLLNVAL;
	if (table)
		table->events = events | POLLERR | POLLHUP;
	mask = file_poll(r.file, table) & (events | POLLERR | POLLHUP);
	fd_end(r);
	return mask;
}

static long poll_pass(void *what, unsigned n, struct poll_table *table)
{
	struct pollfd *fds = what;
	long ready = 0;

	for (unsigned i = 0; i < n; i++) {
		fds[i].revents = fds[i].fd < 0 ? 0 :
						 (s16)poll_file(fds[i].fd, (u16)fds[i].events,
								ready ? NULL : table);
		if (fds[i].revents)
			ready++;
	}
	return ready;
}

/* Asks by `pass`, sleeps and asks again until it answers something: its answer, 0 when the time is
 * over, -ERESTARTNOHAND, -ENOMEM. */
static long wait_ready(long (*pass)(void *what, unsigned n, struct poll_table *table), void *what,
		       unsigned n, u64 deadline_ns)
{
	struct poll_set set;
	struct poll_table *table;
	long ready;
	int error = 0;

	poll_set_init(&set);
	table = deadline_ns == 0 ? NULL : &set.table;
	for (;;) {
		ready = pass(what, n, table);
		table = NULL; /* the queues know us now */
		if (ready || error || deadline_ns == 0)
			break;
		error = set.error ? set.error : poll_set_sleep(&set, deadline_ns);
		if (error == -ABI_ERESTARTNOHAND || error == -ABI_ENOMEM)
			break;
	}
	poll_set_fini(&set);
	return ready || error == -ABI_ETIMEDOUT ? ready : error;
}

static long poll_user(struct pollfd __user *ufds, unsigned n, u64 deadline_ns)
{
	struct pollfd fast[POLL_FAST], *fds = fast;
	long ready;

	if (n > rlimit_current(RLIMIT_NOFILE))
		return -EINVAL;
	if (n > POLL_FAST) {
		/* RLIMIT_NOFILE keeps it below a few MiB */
		fds = kvmalloc(n * sizeof(*fds), MM_KERNEL);
		if (!fds)
			return -ENOMEM;
	}
	if (copy_in(fds, ufds, n * sizeof(*fds)) < 0) {
		ready = -EFAULT;
		goto out;
	}
	ready = wait_ready(poll_pass, fds, n, deadline_ns);
	for (unsigned i = 0; i < n && ready >= 0; i++)
		if (copy_out(&ufds[i].revents, &fds[i].revents, sizeof(fds[i].revents)) < 0)
			ready = -EFAULT;
out:
	if (fds != fast)
		kvfree(fds);
	return ready;
}

/* poll(2) continued after a stop: the deadline is the first one. */
static long poll_restart(struct task *task)
{
	long n = poll_user((struct pollfd __user *)task->restart.user,
			   (unsigned)task->restart.extra[0], task->restart.deadline_ns);

	return n == -ABI_ERESTARTNOHAND ? -ERESTARTBLOCK : n;
}

long sys_poll(struct pollfd __user *fds, unsigned nfds, int timeout)
{
	struct task *task = task_current();
	u64 deadline = timeout < 0  ? ~0ull :
		       timeout == 0 ? 0 :
				      deadline_after((u64)timeout * NSEC_PER_MSEC);
	long n = poll_user(fds, nfds, deadline);

	if (n != -ABI_ERESTARTNOHAND)
		return n;
	task->restart.fn = poll_restart;
	task->restart.user = (u64)fds;
	task->restart.extra[0] = nfds;
	task->restart.deadline_ns = deadline;
	return -ERESTARTBLOCK;
}

/* A temporary mask from user space: 0, -EFAULT, -EINVAL. */
static int mask_enter(const u64 __user *umask, size_t size)
{
	u64 mask;

	if (!umask)
		return 0;
	if (size != SIGSET_SIZE)
		return -EINVAL;
	if (copy_in_obj(&mask, umask) < 0)
		return -EFAULT;
	signal_set_mask_temporary(mask);
	return 0;
}

/* After the wait: unless a signal is about to be handled the mask comes back now; the time left is
 * told. */
static long masked_end(long result, u64 deadline, bool tell, void __user *utimeout, bool micro)
{
	u64 now = clock_monotonic(), left = deadline > now ? deadline - now : 0;
	s64 out[2] = { (s64)(left / NSEC_PER_SEC),
		       (s64)(left % NSEC_PER_SEC) / (micro ? 1000 : 1) };

	if (result != -ABI_ERESTARTNOHAND)
		signal_restore_mask();
	if (tell && utimeout && copy_out(utimeout, out, sizeof(out)) < 0 &&
	    result == -ABI_ERESTARTNOHAND)
		return -EINTR; /* a restart would wait too long */
	return result;
}

static u64 timeout_deadline(u64 ns)
{
	return ns == 0 ? 0 : deadline_after(ns);
}

long sys_ppoll(struct pollfd __user *fds, unsigned nfds, struct timespec __user *utimeout,
	       const u64 __user *sigmask, size_t sigsetsize)
{
	u64 ns, deadline;
	int error = timeout_arg(utimeout, &ns);

	if (!error)
		error = mask_enter(sigmask, sigsetsize);
	if (error)
		return error;
	deadline = timeout_deadline(ns);
	return masked_end(poll_user(fds, nfds, deadline), deadline, utimeout != NULL, utimeout,
			  false);
}

/* select(2): six bit arrays, three asked for and three answered, in one allocation. */
struct select_sets {
	unsigned words;
	u64 *in[3], *out[3];
};

static const u32 select_events[3] = { POLLIN | POLLRDNORM | POLLRDBAND,
				      POLLOUT | POLLWRNORM | POLLWRBAND, POLLPRI };
static const u32 select_ready[3] = { POLLIN | POLLRDNORM | POLLRDBAND | POLLHUP | POLLERR,
				     POLLOUT | POLLWRNORM | POLLWRBAND | POLLERR, POLLPRI };

/* Asks about one descriptor; result bits are set. Number of bits, or -EBADF. */
static long select_one(struct select_sets *s, unsigned fd, struct poll_table *table)
{
	u64 bit = BIT(fd % 64);
	u32 events = 0, mask;
	long n = 0;

	for (int i = 0; i < 3; i++)
		if (s->in[i][fd / 64] & bit)
			events |= select_events[i];
	if (!events)
		return 0;
	mask = poll_file((int)fd, events, table);
	if (mask & POLLNVAL)
		return -EBADF;
	for (int i = 0; i < 3; i++)
		if ((s->in[i][fd / 64] & bit) && (mask & select_ready[i])) {
			s->out[i][fd / 64] |= bit;
			n++;
		}
	return n;
}

static long select_pass(void *what, unsigned n, struct poll_table *table)
{
	struct select_sets *s = what;
	long ready = 0;

	for (unsigned fd = 0; fd < n; fd++) {
		long one = select_one(s, fd, ready ? NULL : table);

		if (one < 0)
			return one;
		ready += one;
	}
	return ready;
}

static long select_user(int nfds, u64 __user *const user[3], u64 deadline_ns)
{
	struct select_sets s;
	u64 fast[6 * 4], *bits = fast;
	unsigned n;
	long ready;

	if (nfds < 0)
		return -EINVAL;
	n = min((unsigned)nfds, (unsigned)fd_table_size(task_current()->files));
	s.words = (n + 63) / 64;
	if (s.words > 4 && !(bits = kmalloc_array(s.words, 6 * sizeof(u64), MM_KERNEL)))
		return -ENOMEM;
	memset(bits, 0, 6 * s.words * sizeof(u64));
	ready = 0;
	for (unsigned i = 0; i < 3; i++) {
		s.in[i] = bits + i * s.words;
		s.out[i] = bits + (i + 3) * s.words;
		if (user[i] && copy_in(s.in[i], user[i], s.words * sizeof(u64)) < 0)
			ready = -EFAULT;
	}
	if (!ready)
		ready = wait_ready(select_pass, &s, n, deadline_ns);
	for (unsigned i = 0; i < 3 && ready >= 0; i++)
		if (user[i] && copy_out(user[i], s.out[i], s.words * sizeof(u64)) < 0)
			ready = -EFAULT;
	if (bits != fast)
		kfree(bits);
	return ready;
}

long sys_select(int nfds, u64 __user *readfds, u64 __user *writefds, u64 __user *exceptfds,
		struct timeval __user *utimeout)
{
	u64 __user *const sets[3] = { readfds, writefds, exceptfds };
	struct timeval tv;
	u64 deadline = ~0ull;

	if (utimeout) {
		if (copy_in_obj(&tv, utimeout) < 0)
			return -EFAULT;
		if (tv.tv_sec < 0 || tv.tv_usec < 0)
			return -EINVAL;
		deadline = timeout_deadline(timespec_to_ns(&(struct timespec){
			tv.tv_sec + tv.tv_usec / 1000000, tv.tv_usec % 1000000 * 1000 }));
	}
	return masked_end(select_user(nfds, sets, deadline), deadline, utimeout != NULL, utimeout,
			  true);
}

long sys_pselect6(int nfds, u64 __user *readfds, u64 __user *writefds, u64 __user *exceptfds,
		  struct timespec __user *utimeout, const struct abi_sigset_arg __user *usig)
{
	u64 __user *const sets[3] = { readfds, writefds, exceptfds };
	struct abi_sigset_arg sig = { 0, 0 };
	u64 ns, deadline;
	int error;

	if (usig && copy_in_obj(&sig, usig) < 0)
		return -EFAULT;
	error = timeout_arg(utimeout, &ns);
	if (!error)
		error = mask_enter((const u64 __user *)sig.sigmask, sig.sigsetsize);
	if (error)
		return error;
	deadline = timeout_deadline(ns);
	return masked_end(select_user(nfds, sets, deadline), deadline, utimeout != NULL, utimeout,
			  false);
}
