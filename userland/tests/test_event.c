/* Descriptors for events: epoll, eventfd, signalfd, inotify. */
#include "tap.h"
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
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
