/* Descriptors for events: epoll, eventfd, signalfd, inotify. */
#include "tap.h"
#include <poll.h>
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>

static int add(int ep, int fd, uint32_t events)
{
	struct epoll_event e = {events, {.u64 = 0x1234567800000000 + fd}};

	return epoll_ctl(ep, EPOLL_CTL_ADD, fd, &e);
}

TEST(epoll)
{
	struct epoll_event e[4];
	int ep, p[2];
	char b;

	if (tap_absent(SYS_epoll_create1, "epoll"))
		return;
	works(ep = epoll_create1(EPOLL_CLOEXEC), "epoll_create1");
	must(pipe(p));
	works(add(ep, p[0], EPOLLIN), "add");
	fails(add(ep, p[0], EPOLLIN), EEXIST, "again");
	is(epoll_wait(ep, e, 4, 0), 0, "nothing ready");
	must(write(p[1], "x", 1));
	is(epoll_wait(ep, e, 4, 1000), 1, "ready");
	ok(e[0].events == EPOLLIN && e[0].data.u64 == 0x1234567800000000u + p[0], "what and which");
	is(epoll_wait(ep, e, 4, 0), 1, "still");
	must(read(p[0], &b, 1));
	is(epoll_wait(ep, e, 4, 0), 0, "no more");
	e[0].events = EPOLLIN | EPOLLET;
	works(epoll_ctl(ep, EPOLL_CTL_MOD, p[0], e), "edge triggered");
	must(write(p[1], "x", 1));
	is(epoll_wait(ep, e, 4, 0), 1, "ready");
	is(epoll_wait(ep, e, 4, 0), 0, "told once");
	must(write(p[1], "x", 1));
	is(epoll_wait(ep, e, 4, 0), 1, "again for more");
	e[0].events = EPOLLIN | EPOLLONESHOT;
	works(epoll_ctl(ep, EPOLL_CTL_MOD, p[0], e), "one shot");
	is(epoll_wait(ep, e, 4, 0), 1, "ready");
	must(write(p[1], "x", 1));
	is(epoll_wait(ep, e, 4, 0), 0, "never again");
	works(epoll_ctl(ep, EPOLL_CTL_DEL, p[0], NULL), "delete");
	fails(epoll_ctl(ep, EPOLL_CTL_DEL, p[0], NULL), ENOENT, "again");
	must(add(ep, p[1], EPOLLOUT));
	must(close(p[0]));
	is(epoll_wait(ep, e, 4, 0), 1, "a pipe without reader");
	ok(e[0].events & EPOLLERR, "EPOLLERR comes unasked");
	must(close(p[1]));
	is(epoll_wait(ep, e, 4, 0), 0, "a closed one is forgotten");
}

TEST(epoll_errors)
{
	struct epoll_event e[4] = {0};
	int ep = epoll_create1(0), other = epoll_create1(0), p[2];

	if (tap_absent(SYS_epoll_create1, "epoll"))
		return;
	must(pipe(p));
	fails(add(ep, tap_file("f", "x"), EPOLLIN), EPERM, "a regular file");
	fails(add(ep, ep, EPOLLIN), EINVAL, "itself");
	fails(add(p[0], p[1], EPOLLIN), EINVAL, "not an epoll");
	fails(add(ep, 999, EPOLLIN), EBADF, "a closed descriptor");
	fails(add(999, p[0], EPOLLIN), EBADF, "a closed epoll");
	fails(syscall(SYS_epoll_ctl, ep, 1, p[0], BAD), EFAULT, "bad event");
	fails(syscall(SYS_epoll_ctl, ep, 77, p[0], e), EINVAL, "no such operation");
	fails(syscall(SYS_epoll_wait, ep, e, 0, 0), EINVAL, "no room");
	fails(epoll_create1(1), EINVAL, "unknown flag");
	fails(syscall(SYS_epoll_create, 0), EINVAL, "epoll_create of size 0");
	works(add(ep, other, EPOLLIN), "one epoll in another");
	fails(add(other, ep, EPOLLIN), ELOOP, "not in a ring");
	must(add(other, p[1], EPOLLOUT));
	is(epoll_wait(ep, e, 4, 0), 1, "readiness goes through");
	fails(syscall(SYS_epoll_wait, ep, BAD, 4, 0), EFAULT, "bad events");
	fails(syscall(SYS_epoll_pwait, ep, e, 4, 0, BAD, 8), EFAULT, "bad mask");
}

TEST(eventfd)
{
	uint64_t n = 5;
	int fd = eventfd(3, EFD_NONBLOCK);

	if (tap_absent(SYS_eventfd2, "eventfd"))
		return;
	works(fd, "eventfd");
	is(write(fd, &n, 8), 8, "add");
	is(read(fd, &n, 8), 8, "read");
	is(n, 8, "the sum");
	fails(read(fd, &n, 8), EAGAIN, "now 0");
	n = -1;
	fails(write(fd, &n, 8), EINVAL, "the one number too many");
	n = -2;
	is(write(fd, &n, 8), 8, "the largest");
	n = 1;
	fails(write(fd, &n, 8), EAGAIN, "no room");
	fails(read(fd, &n, 7), EINVAL, "too small a buffer");
	fails(syscall(SYS_read, fd, BAD, 8), EFAULT, "bad pointer");
	fd = eventfd(2, EFD_SEMAPHORE | EFD_NONBLOCK);
	is(read(fd, &n, 8), 8, "as a semaphore");
	is(n, 1, "one by one");
	fails(eventfd(0, 0x100), EINVAL, "unknown flag");
	works(syscall(SYS_eventfd, 0), "the old call");
}

TEST(signalfd)
{
	struct signalfd_siginfo info;
	sigset_t set;
	int fd;

	if (tap_absent(SYS_signalfd4, "signalfd"))
		return;
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, NULL);
	fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
	works(fd, "signalfd");
	fails(read(fd, &info, sizeof(info)), EAGAIN, "nothing pending");
	kill(getpid(), SIGUSR1);
	is(read(fd, &info, sizeof(info)), 128, "read");
	ok(info.ssi_signo == SIGUSR1 && info.ssi_pid == (uint32_t)getpid() &&
		   info.ssi_code == SI_USER,
	   "what came");
	fails(read(fd, &info, sizeof(info)), EAGAIN, "taken");
	fails(read(fd, &info, 100), EINVAL, "too small a buffer");
	sigaddset(&set, SIGUSR2);
	is(signalfd(fd, &set, 0), fd, "change the set");
	fails(signalfd(0, &set, 0), EINVAL, "not a signalfd");
	fails(syscall(SYS_signalfd4, -1, BAD, 8, 0), EFAULT, "bad set");
	fails(syscall(SYS_signalfd4, -1, &set, 7, 0), EINVAL, "bad size");
	fails(syscall(SYS_signalfd4, -1, &set, 8, 1), EINVAL, "unknown flag");
}

/* The next event's mask, or 0; its name in `name`. */
static uint32_t next_event(int fd, char *name)
{
	static char buf[4096];
	static ssize_t have, at;
	struct inotify_event *e;

	if (at >= have) {
		at = 0;
		have = read(fd, buf, sizeof(buf));
		if (have <= 0)
			return have = 0;
	}
	e = (struct inotify_event *)(buf + at);
	at += sizeof(*e) + e->len;
	strcpy(name, e->len ? e->name : "");
	return e->mask;
}

TEST(inotify)
{
	char name[300];
	int fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC), wd, file;

	if (tap_absent(SYS_inotify_init1, "inotify"))
		return;
	works(fd, "inotify_init1");
	must(mkdir("d", 0755));
	wd = inotify_add_watch(fd, "d",
			       IN_CREATE | IN_DELETE | IN_MOVE | IN_MODIFY | IN_CLOSE_WRITE);
	works(wd, "inotify_add_watch");
	file = must(open("d/f", O_CREAT | O_RDWR, 0644));
	is(next_event(fd, name), IN_CREATE, "create");
	is_text(name, "f", "its name");
	must(write(file, "x", 1));
	is(next_event(fd, name), IN_MODIFY, "modify");
	close(file);
	is(next_event(fd, name), IN_CLOSE_WRITE, "close");
	must(rename("d/f", "d/g"));
	is(next_event(fd, name), IN_MOVED_FROM, "moved from");
	is(next_event(fd, name), IN_MOVED_TO, "moved to");
	is_text(name, "g", "the new name");
	must(mkdir("d/e", 0755));
	is(next_event(fd, name), IN_CREATE | IN_ISDIR, "mkdir");
	must(unlink("d/g"));
	is(next_event(fd, name), IN_DELETE, "delete");
	is(next_event(fd, name), 0, "nothing else");
	works(inotify_rm_watch(fd, wd), "inotify_rm_watch");
	is(next_event(fd, name), IN_IGNORED, "tells that it ended");
	fails(inotify_rm_watch(fd, wd), EINVAL, "again");
	fails(inotify_add_watch(fd, "none", IN_CREATE), ENOENT, "nothing there");
	fails(syscall(SYS_inotify_add_watch, fd, BAD, IN_CREATE), EFAULT, "bad pointer");
	fails(inotify_add_watch(0, "d", IN_CREATE), EINVAL, "not an inotify");
	fails(syscall(SYS_inotify_init1, 1), EINVAL, "unknown flag");
	works(syscall(SYS_inotify_init), "the old call");
}

/* Threads that sleep in epolls of their own, all of which watch the same descriptor; how many one
 * event wakes. */
enum { HERD = 5 };

struct sleeper {
	pthread_t thread;
	int ep, timeout, found;
};

static void *sleep_in_epoll(void *argument)
{
	struct sleeper *s = argument;
	struct epoll_event e;

	s->found = epoll_wait(s->ep, &e, 1, s->timeout);
	return NULL;
}

static void herd_start(struct sleeper *herd, int fd, uint32_t events)
{
	for (int i = 0; i < HERD; i++) {
		herd[i].ep = must(epoll_create1(0));
		herd[i].timeout = 800;
		must(add(herd[i].ep, fd, events));
		must(-pthread_create(&herd[i].thread, NULL, sleep_in_epoll, &herd[i]));
	}
	tap_sleep_ms(200);
}

static int herd_end(struct sleeper *herd)
{
	int n = 0;

	for (int i = 0; i < HERD; i++) {
		must(-pthread_join(herd[i].thread, NULL));
		n += herd[i].found;
		close(herd[i].ep);
	}
	return n;
}

static int woken_by_write(int fd, int from, const void *data, size_t n, uint32_t events)
{
	struct sleeper herd[HERD];

	herd_start(herd, fd, events);
	must(write(from, data, n));
	return herd_end(herd);
}

static void *sleep_in_poll(void *argument)
{
	struct pollfd p = {*(int *)argument, POLLIN, 0};

	return (void *)(intptr_t)poll(&p, 1, 5000);
}

TEST(exclusive)
{
	struct sleeper herd[HERD];
	int p[2], master, slave, number, unlock = 0;
	uint64_t one = 1, most = ~0ull - 2;
	char path[40], b[10];
	pthread_t thread;
	void *found;

	must(pipe(p));
	is(woken_by_write(p[0], p[1], "x", 1, EPOLLIN), HERD, "a pipe wakes all");
	must(read(p[0], b, 10));
	is(woken_by_write(p[0], p[1], "x", 1, EPOLLIN | EPOLLEXCLUSIVE), 1, "or one");
	must(read(p[0], b, 10));
	is(woken_by_write(p[0], p[1], "x", 1, EPOLLIN | EPOLLET | EPOLLEXCLUSIVE), 1,
	   "by its edge");
	must(read(p[0], b, 10));
	herd_start(herd, p[0], EPOLLIN | EPOLLEXCLUSIVE);
	must(-pthread_create(&thread, NULL, sleep_in_poll, &p[0]));
	tap_sleep_ms(100);
	must(write(p[1], "x", 1));
	must(-pthread_join(thread, &found));
	is((intptr_t)found, 1, "who came later and is not exclusive");
	is(herd_end(herd), 1, "is woken besides");
	must(read(p[0], b, 10));
	herd_start(herd, p[0], EPOLLIN | EPOLLEXCLUSIVE);
	must(close(p[1]));
	is(herd_end(herd), HERD, "the end wakes all");

	p[0] = must(eventfd(0, 0));
	is(woken_by_write(p[0], p[0], &one, 8, EPOLLIN), HERD, "an eventfd wakes all");
	must(read(p[0], b, 8));
	is(woken_by_write(p[0], p[0], &one, 8, EPOLLIN | EPOLLEXCLUSIVE), 1, "or one");
	must(write(p[0], &most, 8));
	herd_start(herd, p[0], EPOLLOUT | EPOLLEXCLUSIVE);
	must(read(p[0], b, 8));
	is(herd_end(herd), 1, "one writer");

	master = must(open("/dev/ptmx", O_RDWR | O_NOCTTY));
	must(ioctl(master, TIOCSPTLCK, &unlock));
	must(ioctl(master, TIOCGPTN, &number));
	snprintf(path, sizeof(path), "/dev/pts/%d", number);
	slave = must(open(path, O_RDWR | O_NOCTTY));
	is(woken_by_write(slave, master, "x\n", 2, EPOLLIN), HERD, "a terminal wakes all");
	must(read(slave, b, 10));
	is(woken_by_write(slave, master, "x\n", 2, EPOLLIN | EPOLLEXCLUSIVE), 1, "or one");
	must(read(master, b, 10));
	is(woken_by_write(master, slave, "x", 1, EPOLLIN | EPOLLEXCLUSIVE), 1, "its master, too");
}
