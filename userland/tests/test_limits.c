/* What bounds and marks processes: securebits, limits across a set-user-ID program, priorities of
 * input and output, locked memory in smaps, and the sizes under /proc/sys/fs. */
#include "tap.h"
#include <linux/capability.h>
#include <linux/securebits.h>
#include <pthread.h>
#include <sched.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>

enum { WHO_PROCESS = 1, WHO_PGRP, WHO_USER };
enum { NONE, RT, BE, IDLE };
#define IOPRIO(class, level) ((class) << 13 | (level))

static long io_set(int which, int who, int ioprio)
{
	return syscall(SYS_ioprio_set, which, who, ioprio);
}

static long io_get(int which, int who)
{
	return syscall(SYS_ioprio_get, which, who);
}

static bool needs_root(const char *what)
{
	if (!geteuid())
		return false;
	skip(what, "not root");
	return true;
}

static int lock_bits(void *argument)
{
	(void)argument;
	works(prctl(PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP | SECBIT_NO_SETUID_FIXUP_LOCKED),
	      "set and lock one");
	is(prctl(PR_GET_SECUREBITS), SECBIT_NO_SETUID_FIXUP | SECBIT_NO_SETUID_FIXUP_LOCKED,
	   "told");
	fails(prctl(PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP_LOCKED), EPERM, "not cleared again");
	fails(prctl(PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP), EPERM, "nor unlocked");
	fails(prctl(PR_SET_SECUREBITS, 0x1000 | SECBIT_NO_SETUID_FIXUP |
					       SECBIT_NO_SETUID_FIXUP_LOCKED),
	      EPERM, "an unknown bit");
	works(prctl(PR_SET_KEEPCAPS, 1), "keep capabilities");
	works(prctl(PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP | SECBIT_NO_SETUID_FIXUP_LOCKED |
					       SECBIT_KEEP_CAPS | SECBIT_KEEP_CAPS_LOCKED),
	      "lock that, too");
	fails(prctl(PR_SET_KEEPCAPS, 0), EPERM, "not by PR_SET_KEEPCAPS either");
	fails(prctl(PR_SET_KEEPCAPS, 2), EINVAL, "a value that is none comes first");
	return 0;
}

TEST(securebits)
{
	if (needs_root("securebits"))
		return;
	exits(tap_spawn(lock_bits, NULL), 0, "locked bits");
}

HELPER(bits)
{
	return (int)prctl(PR_GET_SECUREBITS) | !prctl(PR_CAPBSET_READ, CAP_CHOWN) << 7;
}

static int exec_bits(void *bits)
{
	must(prctl(PR_SET_SECUREBITS, (long)bits));
	execl(tap_self, tap_self, "--as", "bits", NULL);
	return 99;
}

HELPER(rootless)
{
	struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
	struct __user_cap_data_struct data[2];

	must(syscall(SYS_capget, &header, data));
	return data[0].effective ? 1 : 0;
}

static int exec_rootless(void *bits)
{
	must(prctl(PR_SET_SECUREBITS, (long)bits));
	execl(tap_self, tap_self, "--as", "rootless", NULL);
	return 99;
}

TEST(securebits_exec)
{
	if (needs_root("securebits across exec"))
		return;
	exits(tap_spawn(exec_bits, (void *)(long)(SECBIT_KEEP_CAPS | SECBIT_NO_SETUID_FIXUP)),
	      SECBIT_NO_SETUID_FIXUP, "exec clears only the keeping of capabilities");
	exits(tap_spawn(exec_rootless, (void *)0L), 1, "root's program has capabilities");
	exits(tap_spawn(exec_rootless, (void *)(long)SECBIT_NOROOT), 0, "not with SECBIT_NOROOT");
}

static int raise_ambient(void *argument)
{
	struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
	struct __user_cap_data_struct data[2];

	(void)argument;
	must(syscall(SYS_capget, &header, data));
	data[0].inheritable |= 1 << CAP_CHOWN;
	must(syscall(SYS_capset, &header, data));
	must(prctl(PR_SET_SECUREBITS, SECBIT_NO_CAP_AMBIENT_RAISE));
	fails(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_CHOWN, 0, 0), EPERM, "not raised");
	must(prctl(PR_SET_SECUREBITS, 0));
	works(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_CHOWN, 0, 0), "raised without it");
	return 0;
}

TEST(securebits_ambient)
{
	if (needs_root("the ambient set"))
		return;
	exits(tap_spawn(raise_ambient, NULL), 0, "SECBIT_NO_CAP_AMBIENT_RAISE");
}

HELPER(stack)
{
	struct rlimit r;

	must(getrlimit(RLIMIT_STACK, &r));
	return (r.rlim_cur >> 20) + (r.rlim_max == (rlim_t)atoi(argv[0]) << 20 ? 0 : 100);
}

static int exec_stack(void *path)
{
	execl(path, path, "--as", "stack", "64", NULL);
	return 99;
}

TEST(stack_of_secure)
{
	struct rlimit old, r = {32 << 20, 64 << 20};
	char buf[4096];
	int in, out, n;

	if (needs_root("a set-user-ID program"))
		return;
	in = must(open(tap_self, O_RDONLY));
	out = must(open("program", O_CREAT | O_WRONLY, 0755));
	while ((n = must(read(in, buf, sizeof(buf)))) > 0)
		must(write(out, buf, n));
	close(in);
	close(out);
	must(chmod(".", 0755));
	must(chown("program", 500, 600));
	must(getrlimit(RLIMIT_STACK, &old));
	must(setrlimit(RLIMIT_STACK, &r));
	is(tap_as_user(exec_stack, "./program"), 32 << 8, "an ordinary program keeps the limit");
	must(chmod("program", 04755));
	is(tap_as_user(exec_stack, "./program"), 8 << 8, "a set-user-ID program gets 8 MiB");
	must(setrlimit(RLIMIT_STACK, &old));
}

static volatile bool lowering;

static void *raise_again(void *argument)
{
	struct rlimit *highest = argument, old;

	while (lowering) {
		syscall(SYS_prlimit64, 0, RLIMIT_NOFILE, NULL, &old);
		syscall(SYS_prlimit64, 0, RLIMIT_NOFILE, &old, NULL);
	}
	*highest = old;
	return NULL;
}

static int lower(void *argument)
{
	struct rlimit r = {200, 2000}, other;
	pthread_t thread;

	(void)argument;
	must(setrlimit(RLIMIT_NOFILE, &r));
	r.rlim_max = 3000;
	fails(setrlimit(RLIMIT_NOFILE, &r), EPERM, "the hard limit does not rise");
	r.rlim_cur = 4000;
	fails(setrlimit(RLIMIT_NOFILE, &r), EINVAL, "a soft limit beyond the hard one comes first");
	lowering = true;
	must(pthread_create(&thread, NULL, raise_again, &other));
	for (r.rlim_cur = 200, r.rlim_max = 1999; r.rlim_max >= 500; r.rlim_max--) {
		struct rlimit now;

		must(setrlimit(RLIMIT_NOFILE, &r));
		must(getrlimit(RLIMIT_NOFILE, &now));
		if (now.rlim_max > r.rlim_max)
			return 1;
	}
	lowering = false;
	must(pthread_join(thread, NULL));
	return 0;
}

TEST(hard_limit)
{
	if (needs_root("a user's limits"))
		return;
	is(tap_as_user(lower, NULL), 0, "only downwards, whoever sets it at the same time");
}

static int io_child(void *argument)
{
	(void)argument;
	return io_get(WHO_PROCESS, 0) == IOPRIO(BE, 2) ? 0 : 1;
}

static void *io_thread(void *argument)
{
	*(long *)argument = io_get(WHO_PROCESS, 0);
	return NULL;
}

TEST(ioprio)
{
	pthread_t thread;
	long seen = -1;

	is(io_get(WHO_PROCESS, 0), IOPRIO(NONE, 0), "none at first");
	works(io_set(WHO_PROCESS, 0, IOPRIO(BE, 2)), "set");
	is(io_get(WHO_PROCESS, 0), IOPRIO(BE, 2), "get");
	is(io_get(WHO_PROCESS, getpid()), IOPRIO(BE, 2), "by number");
	exits(tap_spawn(io_child, NULL), 0, "a child inherits it");
	must(pthread_create(&thread, NULL, io_thread, &seen));
	must(pthread_join(thread, NULL));
	is(seen, IOPRIO(BE, 2), "and a thread");
	works(io_set(WHO_PROCESS, 0, IOPRIO(IDLE, 0)), "idle");
	is(io_get(WHO_PROCESS, 0), IOPRIO(IDLE, 0), "is");
	works(io_set(WHO_PROCESS, 0, IOPRIO(NONE, 0)), "none again");
	fails(io_set(WHO_PROCESS, 0, IOPRIO(NONE, 1)), EINVAL, "none has no levels");
	fails(io_set(WHO_PROCESS, 0, IOPRIO(4, 0)), EINVAL, "a class that is none");
	fails(io_set(WHO_PROCESS, 0, -1), EINVAL, "far too much");
	fails(io_set(0, 0, IOPRIO(BE, 0)), EINVAL, "no such kind");
	fails(io_get(4, 0), EINVAL, "ioprio_get: no such kind");
	fails(io_set(WHO_PROCESS, 999999, IOPRIO(BE, 0)), ESRCH, "nobody");
	fails(io_get(WHO_PROCESS, 999999), ESRCH, "ioprio_get: nobody");
	fails(io_get(WHO_PGRP, 999999), ESRCH, "no such group");
	fails(io_set(WHO_USER, 77777, IOPRIO(BE, 0)), ESRCH, "no such user");
}

static int io_group(void *argument)
{
	(void)argument;
	must(setpgid(0, 0));
	is(io_get(WHO_PGRP, 0), IOPRIO(BE, 4), "a group without any: by the nice value");
	must(setpriority(PRIO_PROCESS, 0, 10));
	is(io_get(WHO_PGRP, 0), IOPRIO(BE, 6), "of 10");
	is(io_get(WHO_PROCESS, 0), IOPRIO(NONE, 0), "a process is told what was set");
	works(io_set(WHO_PGRP, 0, IOPRIO(BE, 1)), "for the group");
	is(io_get(WHO_PGRP, getpgrp()), IOPRIO(BE, 1), "it has it");
	is(io_get(WHO_PROCESS, 0), IOPRIO(BE, 1), "and so its process");
	return 0;
}

static int io_user(void *other)
{
	fails(io_set(WHO_PROCESS, 0, IOPRIO(RT, 0)), EPERM, "real time is not for users");
	fails(io_set(WHO_PROCESS, (long)other, IOPRIO(BE, 0)), EPERM, "nor are others' processes");
	fails(io_set(WHO_USER, 0, IOPRIO(BE, 5)), EPERM, "nor root's");
	works(io_set(WHO_USER, 1000, IOPRIO(BE, 5)), "a user's own");
	is(io_get(WHO_USER, 1000), IOPRIO(BE, 5), "are set");
	works(io_get(WHO_PROCESS, (long)other), "others' may be asked for");
	return 0;
}

TEST(ioprio_groups)
{
	exits(tap_spawn(io_group, NULL), 0, "a group");
	if (needs_root("ioprio_set's permissions"))
		return;
	works(io_set(WHO_PROCESS, 0, IOPRIO(RT, 7)), "root's may be real time");
	works(io_set(WHO_PROCESS, 0, IOPRIO(NONE, 0)), "and none again");
	is(tap_as_user(io_user, (void *)(long)getpid()), 0, "a user");
}

/* The number after `key` in the part of smaps that begins with this address. */
static long smaps_number(const void *at, const char *key)
{
	static char text[1 << 17];
	char start[32], *area;
	int fd = must(open("/proc/self/smaps", O_RDONLY)), n, have = 0;

	while ((n = must(read(fd, text + have, sizeof(text) - 1 - have))) > 0)
		have += n;
	close(fd);
	text[have] = 0;
	snprintf(start, sizeof(start), "%lx-", (long)at);
	area = strstr(text, start);
	return area ? tap_number(area, key) : -1;
}

TEST(smaps_locked)
{
	char *p = mmap(NULL, 1 << 16, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	must(p == MAP_FAILED ? -1 : 0);
	/* Neighbours of other rights, lest it is joined with another area. */
	must(mprotect(p, 4096, PROT_NONE));
	must(mprotect(p + 15 * 4096, 4096, PROT_NONE));
	p += 4096;
	memset(p, 1, 8 * 4096);
	is(smaps_number(p, "Locked:"), 0, "nothing is");
	must(mlock(p, 6 * 4096));
	is(smaps_number(p, "Locked:"), 24, "what mlock() locked");
	is(smaps_number(p + 6 * 4096, "Locked:"), 0, "and no more");
	must(munlock(p, 6 * 4096));
	is(smaps_number(p, "Locked:"), 0, "unlocked");
}

/* Writes a setting and returns the old one. */
static long setting(const char *path, long value)
{
	char text[32], old[32] = "";
	int fd = must(open(path, O_RDWR));

	must(read(fd, old, sizeof(old) - 1));
	must(pwrite(fd, text, snprintf(text, sizeof(text), "%ld\n", value), 0));
	close(fd);
	return atol(old);
}

TEST(epoll_watches)
{
	const char *path = "/proc/sys/fs/epoll/max_user_watches";
	struct epoll_event event = {EPOLLIN, {0}};
	int ep = must(epoll_create1(0)), fds[2];
	long old;

	ok(atol(tap_read(path)) > 1000, "a number");
	if (needs_root("setting it"))
		return;
	must(pipe(fds));
	old = setting(path, 0);
	fails(epoll_ctl(ep, EPOLL_CTL_ADD, fds[0], &event), ENOSPC, "none allowed");
	is(setting(path, old), 0, "it was set");
	works(epoll_ctl(ep, EPOLL_CTL_ADD, fds[0], &event), "allowed again");
}

TEST(inotify_limits)
{
	const char *instances = "/proc/sys/fs/inotify/max_user_instances",
		   *watches = "/proc/sys/fs/inotify/max_user_watches";
	int in = must(inotify_init());
	long old;

	ok(atol(tap_read(instances)) > 0 && atol(tap_read(watches)) > 0, "numbers");
	if (needs_root("setting them"))
		return;
	old = setting(instances, 0);
	fails(inotify_init(), EMFILE, "no instances allowed");
	setting(instances, old);
	works(inotify_init(), "allowed again");
	old = setting(watches, 0);
	fails(inotify_add_watch(in, ".", IN_CREATE), ENOSPC, "no watches allowed");
	setting(watches, old);
	works(inotify_add_watch(in, ".", IN_CREATE), "allowed again");
	fails(write(must(open(watches, O_WRONLY)), "-1\n", 3), EINVAL, "no negative number");
	is(atol(tap_read(watches)), old, "it is as before");
}

TEST(inotify_events)
{
	const char *path = "/proc/sys/fs/inotify/max_queued_events";
	char buf[4096] __attribute__((aligned(8)));
	struct inotify_event *e = (void *)buf;
	int in, n, at, count = 0;
	long old;

	if (needs_root("a short queue"))
		return;
	old = setting(path, 3);
	in = must(inotify_init1(IN_NONBLOCK));
	setting(path, old);
	must(inotify_add_watch(in, ".", IN_CREATE));
	for (char name[] = "event-a"; name[6] < 'g'; name[6]++)
		close(must(open(name, O_CREAT | O_WRONLY, 0644)));
	n = must(read(in, buf, sizeof(buf)));
	for (at = 0; at < n; at += sizeof(*e) + e->len, count++)
		e = (void *)(buf + at);
	is(count, 4, "three of six events, and that others are lost");
	ok(e->mask == IN_Q_OVERFLOW && e->wd == -1, "is what the last one says");
}
