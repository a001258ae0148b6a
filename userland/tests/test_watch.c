/*
 * Watching for events, the rarer cases: nested epolls, watchers that are gone, timers in numbers,
 * splices between readers and writers, watches that end.
 */
#include "tap.h"
#include <poll.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/mount.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <time.h>

#ifndef sigev_notify_thread_id
#define sigev_notify_thread_id _sigev_un._tid
#endif

static int add(int ep, int fd, uint32_t events)
{
	struct epoll_event e = {events, {.fd = fd}};

	return epoll_ctl(ep, EPOLL_CTL_ADD, fd, &e);
}

static int change(int ep, int fd, uint32_t events)
{
	struct epoll_event e = {events, {.fd = fd}};

	return epoll_ctl(ep, EPOLL_CTL_MOD, fd, &e);
}

static long ms_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static int write_later(void *fd)
{
	usleep(50000);
	return write(*(int *)fd, "x", 1) != 1;
}

TEST(nest)
{
	struct epoll_event e[4];
	int ep[7], p[2];
	pid_t pid;

	must(pipe(p));
	for (int i = 0; i < 7; i++)
		ep[i] = must(epoll_create1(0));
	for (int i = 0; i < 3; i++)
		must(add(ep[i + 1], ep[i], EPOLLIN));
	must(add(ep[0], p[0], EPOLLIN));
	is(epoll_wait(ep[3], e, 4, 0), 0, "nothing below");
	is(poll(&(struct pollfd){ep[3], POLLIN, 0}, 1, 0), 0, "nor by poll");
	pid = tap_spawn(write_later, &p[1]);
	is(epoll_wait(ep[3], e, 4, 5000), 1, "a wake from three epolls below");
	is(e[0].data.fd, ep[2], "says who");
	exits(pid, 0, "the writer");
	is(poll(&(struct pollfd){ep[3], POLLIN, 0}, 1, 0), 1, "poll sees it");
	is(epoll_wait(ep[0], e, 4, 0), 1, "so does the lowest");
	fails(add(ep[0], ep[3], EPOLLIN), ELOOP, "no ring");
	must(close(ep[1]));
	is(epoll_wait(ep[3], e, 4, 0), 0, "a link less");
	works(add(ep[0], ep[3], EPOLLIN), "and no ring any more");
	fails(add(ep[6], ep[6], EPOLLIN), EINVAL, "itself");
	fails(add(ep[5], ep[6], EPOLLIN | EPOLLEXCLUSIVE), EINVAL, "an epoll exclusively");
}

TEST(deep)
{
	int ep[8], failed = 0;

	for (int i = 0; i < 8; i++)
		ep[i] = must(epoll_create1(0));
	for (int i = 0; i < 7; i++)
		if (add(ep[i + 1], ep[i], EPOLLIN) < 0) {
			is(errno, ELOOP, "too long a chain");
			failed++;
		}
	ok(failed, "chains are limited");
}

TEST(many)
{
	struct epoll_event e[256];
	int ep = must(epoll_create1(0)), p[100][2];

	for (int i = 0; i < 100; i++) {
		must(pipe(p[i]));
		must(add(ep, p[i][0], EPOLLIN | (i % 2 ? EPOLLET : 0)));
		must(write(p[i][1], "x", 1));
	}
	is(epoll_wait(ep, e, 256, 0), 100, "all at once");
	is(epoll_wait(ep, e, 256, 0), 50, "then the level-triggered");
	is(epoll_wait(ep, e, 20, 0), 20, "some of them");
	is(epoll_wait(ep, e + 20, 20, 0), 20, "others next");
	for (int i = 0; i < 20; i++)
		for (int j = 20; j < 40; j++)
			if (e[i].data.fd == e[j].data.fd) {
				ok(false, "one twice before all once");
				return;
			}
	for (int i = 0; i < 100; i += 2)
		must(change(ep, p[i][0], EPOLLIN | EPOLLONESHOT));
	is(epoll_wait(ep, e, 256, 0), 50, "one shot each");
	is(epoll_wait(ep, e, 256, 0), 0, "no more");
	must(change(ep, p[0][0], EPOLLIN | EPOLLONESHOT));
	is(epoll_wait(ep, e, 256, 0), 1, "armed again");
	must(change(ep, p[1][0], EPOLLIN | EPOLLET));
	fails(syscall(SYS_epoll_wait, ep, BAD, 4, 0), EFAULT, "nowhere to tell");
	is(epoll_wait(ep, e, 256, 0), 1, "the edge is not lost");
}

TEST(dup)
{
	struct epoll_event e[4];
	int ep = must(epoll_create1(0)), p[2], copy;

	must(pipe(p));
	must(add(ep, p[0], EPOLLIN));
	copy = must(dup(p[0]));
	works(add(ep, copy, EPOLLIN), "another number of the same file");
	must(write(p[1], "x", 1));
	is(epoll_wait(ep, e, 4, 0), 2, "both");
	must(close(copy));
	is(epoll_wait(ep, e, 4, 0), 2, "as long as the file is open");
	fails(add(ep, p[0], EPOLLIN | EPOLLEXCLUSIVE), EEXIST, "again");
	must(close(p[0]));
	is(epoll_wait(ep, e, 4, 0), 0, "gone with it");
	must(pipe(p));
	works(add(ep, p[1], EPOLLOUT | EPOLLEXCLUSIVE), "exclusive");
	fails(change(ep, p[1], EPOLLOUT), EINVAL, "which cannot be changed");
	fails(add(ep, p[0], EPOLLIN | EPOLLONESHOT | EPOLLEXCLUSIVE), EINVAL, "nor be one-shot");
}

static volatile int got;

static void count(int signo)
{
	(void)signo;
	got++;
}

static void catch(int signo, int flags)
{
	struct sigaction sa = {.sa_handler = count, .sa_flags = flags};

	must(sigaction(signo, &sa, NULL));
}

TEST(interrupt)
{
	struct epoll_event e[4];
	struct timespec t = {0, 30000000};
	int ep = must(epoll_create1(0));
	sigset_t set;
	long start = ms_now();

	catch(SIGALRM, SA_RESTART);
	alarm(1);
	fails(epoll_wait(ep, e, 4, 10000), EINTR, "never restarted");
	sigemptyset(&set);
	sigaddset(&set, SIGALRM);
	sigprocmask(SIG_BLOCK, &set, NULL);
	must(raise(SIGALRM));
	is(epoll_pwait(ep, e, 4, 20, NULL), 0, "blocked");
	sigemptyset(&set);
	fails(epoll_pwait(ep, e, 4, 10000, &set), EINTR, "let through by the mask");
	is(got, 2, "by its handler");
	sigprocmask(SIG_BLOCK, NULL, &set);
	ok(sigismember(&set, SIGALRM), "the mask is back");
	is(syscall(SYS_epoll_pwait2, ep, e, 4, &t, NULL, 8), 0, "epoll_pwait2 ends in time");
	ok(ms_now() - start < 8000, "all this soon");
}

static int watch_signals(void *argument)
{
	int *fd = argument;

	return add(fd[0], fd[1], EPOLLIN) < 0;
}

TEST(signals)
{
	struct epoll_event e[4];
	struct signalfd_siginfo info[4];
	int fd[2];
	sigset_t set;
	pid_t pid;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigaddset(&set, SIGRTMIN);
	sigprocmask(SIG_BLOCK, &set, NULL);
	fd[0] = must(epoll_create1(0));
	fd[1] = must(signalfd(-1, &set, SFD_NONBLOCK));
	pid = tap_spawn(watch_signals, fd);
	exits(pid, 0, "a watch made by one who is gone");
	fails(add(fd[0], fd[1], EPOLLIN), EEXIST, "it is still there");
	must(epoll_ctl(fd[0], EPOLL_CTL_DEL, fd[1], NULL));
	must(add(fd[0], fd[1], EPOLLIN));
	must(kill(getpid(), SIGUSR1));
	for (int i = 0; i < 3; i++)
		must(sigqueue(getpid(), SIGRTMIN, (union sigval){.sival_int = i}));
	is(epoll_wait(fd[0], e, 4, 1000), 1, "ready");
	is(read(fd[1], info, sizeof(info)), sizeof(info), "four at once");
	ok(info[0].ssi_signo == SIGUSR1 && info[3].ssi_signo == (uint32_t)SIGRTMIN, "in order");
	ok(info[3].ssi_int == 2 && info[3].ssi_code == SI_QUEUE, "with values");
	is(epoll_wait(fd[0], e, 4, 0), 0, "all taken");
}

TEST(timer_kinds)
{
	struct sigevent e = {.sigev_notify = SIGEV_NONE};
	struct itimerspec s = {{0, 1000000}, {0, 1000000}}, now;
	struct timespec t;
	sigset_t set;
	siginfo_t info;
	timer_t timer, second;

	works(timer_create(CLOCK_MONOTONIC, &e, &timer), "a silent timer");
	must(timer_settime(timer, 0, &s, NULL));
	tap_sleep_ms(20);
	must(timer_gettime(timer, &now));
	ok(now.it_value.tv_nsec > 0 && now.it_value.tv_nsec <= 1000000, "runs");
	e.sigev_signo = SIGRTMIN + 1;
	e.sigev_notify = SIGEV_THREAD_ID;
	e.sigev_notify_thread_id = gettid();
	sigemptyset(&set);
	sigaddset(&set, SIGRTMIN + 1);
	sigprocmask(SIG_BLOCK, &set, NULL);
	works(timer_create(CLOCK_REALTIME, &e, &second), "one for a thread");
	s.it_interval.tv_nsec = s.it_value.tv_nsec = 1;
	must(timer_settime(second, 0, &s, NULL));
	tap_sleep_ms(20);
	is(sigwaitinfo(&set, &info), SIGRTMIN + 1, "of a nanosecond");
	ok(info.si_overrun > 1000000, "counts what it missed");
	is(timer_getoverrun(second), info.si_overrun, "and tells again");
	memset(&s, 0, sizeof(s));
	must(timer_settime(second, 0, &s, NULL));
	while (sigtimedwait(&set, &info, &(struct timespec){0, 0}) > 0)
		;
	clock_gettime(CLOCK_REALTIME, &t);
	s.it_value = t;
	s.it_value.tv_sec--;
	must(timer_settime(second, TIMER_ABSTIME, &s, NULL));
	is(sigwaitinfo(&set, &info), SIGRTMIN + 1, "a time in the past is now");
	is(info.si_overrun, 0, "once");
	must(timer_gettime(second, &now));
	is(now.it_value.tv_sec + now.it_value.tv_nsec, 0, "then it is off");
	e.sigev_notify_thread_id = 1;
	fails(timer_create(CLOCK_REALTIME, &e, &second), EINVAL, "a stranger's thread");
	e.sigev_notify = SIGEV_SIGNAL;
	e.sigev_signo = 65;
	fails(timer_create(CLOCK_REALTIME, &e, &second), EINVAL, "no such signal");
}

TEST(timer_cpu)
{
	struct sigevent e = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR2};
	struct itimerspec s = {{0, 0}, {0, 50000000}};
	timer_t process, thread;

	catch(SIGUSR2, 0);
	works(timer_create(CLOCK_PROCESS_CPUTIME_ID, &e, &process), "of the process");
	works(timer_create(CLOCK_THREAD_CPUTIME_ID, &e, &thread), "of the thread");
	must(timer_settime(process, 0, &s, NULL));
	must(timer_settime(thread, 0, &s, NULL));
	tap_sleep_ms(200);
	is(got, 0, "sleeping takes no time");
	while (got < 2)
		;
	ok(true, "working does");
}

HELPER(no_timers)
{
	(void)argc;
	(void)argv;
	return timer_delete((timer_t)0) < 0 && errno == EINVAL ? 0 : 1;
}

static int exec_timers(void *argument)
{
	struct itimerspec s = {{0, 100000}, {0, 100000}};
	timer_t timer;

	(void)argument;
	signal(SIGALRM, SIG_IGN);
	for (int i = 0; i < 10; i++)
		if (timer_create(CLOCK_MONOTONIC, NULL, &timer) < 0 ||
		    timer_settime(timer, 0, &s, NULL) < 0)
			return 2;
	tap_sleep_ms(20);
	execl(tap_self, tap_self, "--as", "no_timers", NULL);
	return 3;
}

TEST(timer_exec)
{
	exits(tap_spawn(exec_timers, NULL), 0, "timers end at exec");
}

TEST(timerfd_kinds)
{
	struct itimerspec s = {{0, 1}, {0, 1}}, now;
	struct epoll_event e[4];
	int fd = must(timerfd_create(CLOCK_REALTIME, TFD_NONBLOCK)), ep = must(epoll_create1(0));
	struct timespec t;
	uint64_t n;

	must(add(ep, fd, EPOLLIN | EPOLLET));
	must(timerfd_settime(fd, 0, &s, NULL));
	is(epoll_wait(ep, e, 4, 1000), 1, "runs out");
	tap_sleep_ms(10);
	is(read(fd, &n, 8), 8, "read");
	ok(n > 1000000, "many times");
	clock_gettime(CLOCK_REALTIME, &t);
	memset(&s, 0, sizeof(s));
	s.it_value = t;
	s.it_value.tv_sec += 100;
	must(timerfd_settime(fd, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, &s, NULL));
	must(timerfd_gettime(fd, &now));
	ok(now.it_value.tv_sec >= 98 && now.it_value.tv_sec <= 100, "an absolute time, relative");
	fails(read(fd, &n, 8), EAGAIN, "not yet");
	must(clock_settime(CLOCK_REALTIME, &(struct timespec){t.tv_sec + 200, 0}));
	fails(read(fd, &n, 8), ECANCELED, "the clock was set");
	must(timerfd_settime(fd, TFD_TIMER_ABSTIME, &s, NULL)); /* told or not, it is past */
	is(poll(&(struct pollfd){fd, POLLIN, 0}, 1, 1000), 1, "a time in the past");
	is(read(fd, &n, 8), 8, "read");
	is(n, 1, "once");
	clock_gettime(CLOCK_REALTIME, &t);
	s.it_value = t;
	s.it_value.tv_sec += 200;
	must(timerfd_settime(fd, TFD_TIMER_ABSTIME, &s, NULL));
	must(clock_settime(CLOCK_REALTIME, &(struct timespec){t.tv_sec + 300, 0}));
	is(poll(&(struct pollfd){fd, POLLIN, 0}, 1, 5000), 1, "setting the clock makes it due");
	must(clock_settime(CLOCK_REALTIME, &(struct timespec){t.tv_sec - 200, 0}));
	fails(timerfd_settime(fd, 4, &s, NULL), EINVAL, "unknown flag");
}

static int pump_out(void *argument)
{
	int *fd = argument;
	long done = 0, n;

	close(fd[1]);
	while ((n = splice(fd[0], NULL, fd[2], NULL, 300000, 0)) > 0)
		done += n;
	return n < 0 || done != 1000000;
}

TEST(splice_much)
{
	int p[3], in = tap_file("in", ""), same = 1;
	static char a[1000000], b[1000000];
	long n, done = 0;
	pid_t pid;

	for (unsigned i = 0; i < sizeof(a); i++)
		a[i] = (char)(i * 2654435761u >> 13);
	is(write(in, a, sizeof(a)), sizeof(a), "a file");
	must(lseek(in, 0, SEEK_SET));
	must(pipe(p));
	p[2] = tap_file("out", "");
	pid = tap_spawn(pump_out, p);
	while ((n = splice(in, NULL, p[1], NULL, 1000000, SPLICE_F_MORE)) > 0)
		done += n;
	is(done, 1000000, "all of it in");
	must(close(p[1]));
	exits(pid, 0, "all of it out");
	is(pread(p[2], b, sizeof(b), 0), sizeof(b), "the copy");
	same = !memcmp(a, b, sizeof(a));
	ok(same, "is the same");
	is(splice(in, NULL, p[0], NULL, 0, 0), 0, "nothing is nothing");
}

TEST(splice_edges)
{
	char buf[8192], copy[8192] = "", back[16];
	struct iovec v[2] = {{buf, 4096}, {buf + 4096, 4096}}, w = {copy, sizeof(copy)};
	int p[2], q[2], fd = tap_file("f", "0123456789");

	must(pipe(p));
	must(pipe(q));
	fails(splice(p[0], NULL, fd, NULL, 10, SPLICE_F_NONBLOCK), EAGAIN, "an empty pipe");
	is(splice(fd, NULL, p[1], NULL, 4, 0), 4, "from the file's position");
	is(splice(fd, NULL, p[1], NULL, 100, 0), 6, "up to its end");
	is(splice(fd, NULL, p[1], NULL, 100, 0), 0, "the end");
	is(splice(p[0], NULL, q[1], NULL, 3, 0), 3, "pipe to pipe");
	is(tee(p[0], q[1], 100, 0), 7, "tee of the rest");
	is(read(q[0], back, 16), 10, "both there");
	ok(!memcmp(back, "0123456789", 10), "in order");
	is(read(p[0], back, 16), 7, "what was teed is still in");
	fails(splice(p[0], NULL, p[1], NULL, 1, 0), EINVAL, "a pipe into itself");
	memset(buf, 'v', sizeof(buf));
	is(vmsplice(p[1], v, 2, 0), 8192, "memory to a pipe");
	is(vmsplice(p[0], &w, 1, 0), 8192, "and back");
	ok(!memcmp(buf, copy, sizeof(buf)), "the same");
	fails(splice(fd, &(loff_t){-1}, p[1], NULL, 5, 0), EINVAL, "a negative offset");
	must(fcntl(p[1], F_SETFL, O_NONBLOCK));
	while (write(p[1], buf, 4096) == 4096)
		;
	fails(splice(fd, &(loff_t){0}, p[1], NULL, 10, SPLICE_F_NONBLOCK), EAGAIN, "a full pipe");
	signal(SIGPIPE, SIG_IGN);
	must(close(q[0]));
	fails(splice(fd, &(loff_t){0}, q[1], NULL, 5, 0), EPIPE, "nobody reads");
	fails(splice(fd, NULL, p[1], NULL, 5, 0x100), EINVAL, "unknown flag");
	must(close(p[1]));
	must(fcntl(fd, F_SETFL, O_APPEND));
	fails(splice(p[0], NULL, fd, NULL, 5, 0), EINVAL, "to a file that appends");
	must(fcntl(p[0], F_SETFL, 0));
	fails(splice(q[1], NULL, fd, NULL, 5, 0), EBADF, "the wrong end");
}

/* The next event of an inotify: its mask, or 0; cookie and name on request. */
static uint32_t next(int fd, uint32_t *cookie, char *name)
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
	if (cookie)
		*cookie = e->cookie;
	if (name)
		strcpy(name, e->len ? e->name : "");
	return e->mask;
}

TEST(inotify_ends)
{
	int in = must(inotify_init1(IN_NONBLOCK)), fd, wd;

	fd = tap_file("f", "x");
	wd = must(inotify_add_watch(in, "f", IN_DELETE_SELF | IN_ATTRIB | IN_CLOSE));
	must(unlink("f"));
	is(next(in, NULL, NULL), IN_ATTRIB, "one link fewer");
	is(next(in, NULL, NULL), 0, "but still open");
	must(close(fd));
	is(next(in, NULL, NULL), IN_CLOSE_WRITE, "closed");
	is(next(in, NULL, NULL), IN_DELETE_SELF, "gone");
	is(next(in, NULL, NULL), IN_IGNORED, "and so the watch");
	fails(inotify_rm_watch(in, wd), EINVAL, "which is not there");
	must(mkdir("d", 0755));
	must(inotify_add_watch(in, "d", IN_ALL_EVENTS));
	must(rmdir("d"));
	is(next(in, NULL, NULL), IN_DELETE_SELF, "a directory");
	is(next(in, NULL, NULL), IN_IGNORED, "gone");
	close(tap_file("g", "x"));
	must(inotify_add_watch(in, "g", IN_OPEN | IN_ONESHOT));
	close(must(open("g", O_RDONLY)));
	close(must(open("g", O_RDONLY)));
	is(next(in, NULL, NULL), IN_OPEN, "one shot");
	tap_sleep_ms(50);
	is(next(in, NULL, NULL), IN_IGNORED, "ends");
	is(next(in, NULL, NULL), 0, "there");
	must(mkdir("m", 0755));
	must(mount("none", "m", "tmpfs", 0, ""));
	must(mkdir("m/d", 0755));
	must(inotify_add_watch(in, "m/d", IN_CREATE));
	must(umount("m"));
	is(next(in, NULL, NULL), IN_UNMOUNT | IN_ISDIR, "unmounted");
	is(next(in, NULL, NULL), IN_IGNORED, "ended");
}

TEST(inotify_names)
{
	int in = must(inotify_init1(IN_NONBLOCK)), fd, wd;
	uint32_t from, to;
	char name[300], small[20];

	must(mkdir("a", 0755));
	must(mkdir("b", 0755));
	wd = must(inotify_add_watch(in, "a", IN_MOVE | IN_CREATE));
	is(inotify_add_watch(in, "a", IN_DELETE | IN_MASK_ADD), wd, "more of the same");
	fails(inotify_add_watch(in, "a", IN_DELETE | IN_MASK_CREATE), EEXIST, "not new");
	fails(inotify_add_watch(in, "a", 0), EINVAL, "nothing to watch");
	must(inotify_add_watch(in, "b", IN_MOVE | IN_ATTRIB | IN_DELETE | IN_ACCESS | IN_CLOSE));
	fd = must(open("a/f", O_CREAT | O_RDWR, 0644));
	is(next(in, NULL, name), IN_CREATE, "made");
	must(rename("a/f", "b/some_longer_name"));
	is(next(in, &from, name), IN_MOVED_FROM, "from");
	is_text(name, "f", "the old name");
	is(next(in, &to, name), IN_MOVED_TO, "to");
	is_text(name, "some_longer_name", "the new one");
	ok(from && from == to, "joined by a cookie");
	must(chmod("b/some_longer_name", 0600));
	is(next(in, NULL, name), IN_ATTRIB, "attributes");
	must(write(fd, "x", 1));
	must(pread(fd, small, 1, 0));
	is(next(in, NULL, name), IN_ACCESS, "reading, through the name it has now");
	is_text(name, "some_longer_name", "this");
	must(link("b/some_longer_name", "a/g"));
	is(next(in, NULL, name), IN_CREATE, "a link");
	must(unlink("a/g"));
	is(next(in, NULL, name), IN_DELETE, "not any more");
	must(symlink("b", "l"));
	fails(inotify_add_watch(in, "a/../l/some_longer_name", IN_ONLYDIR | IN_OPEN), ENOTDIR,
	      "only directories");
	works(inotify_add_watch(in, "l", IN_OPEN | IN_DONT_FOLLOW), "the link itself");
	must(rename("b/some_longer_name", "b/other"));
	fails(read(in, small, sizeof(small)), EINVAL, "no room for an event");
	is(next(in, NULL, name), IN_MOVED_FROM, "nothing is lost by that");
	is(next(in, NULL, name), IN_MOVED_TO, "nor that");
	for (int i = 0; i < 10; i++)
		must(pread(fd, small, 1, 0));
	is(next(in, NULL, name), IN_ACCESS, "many of the same");
	is(next(in, NULL, name), 0, "are one");
	close(fd);
}

TEST(inotify_overflow)
{
	static char buf[1 << 20];
	int in = must(inotify_init1(IN_NONBLOCK)), events = 0;
	uint32_t last = 0;
	ssize_t n;

	close(tap_file("a", "x"));
	must(inotify_add_watch(in, ".", IN_MOVE));
	for (int i = 0; i < 10000; i++)
		must(i % 2 ? rename("b", "a") : rename("a", "b"));
	while ((n = read(in, buf, sizeof(buf))) > 0)
		for (char *p = buf; p < buf + n; events++) {
			last = ((struct inotify_event *)p)->mask;
			p += sizeof(struct inotify_event) + ((struct inotify_event *)p)->len;
		}
	is(events, 16385, "as many as fit, and one more");
	is(last, IN_Q_OVERFLOW, "which says so");
}
