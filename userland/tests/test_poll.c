/* Waiting for files: poll, ppoll, select, pselect, and what is ready when. */
#include "tap.h"
#include <poll.h>
#include <sys/select.h>

static int ready(int fd, short events)
{
	struct pollfd p = {fd, events, 0};

	return poll(&p, 1, 0) < 0 ? -errno : p.revents;
}

TEST(pipes)
{
	static char page[4096];
	int p[2];

	must(pipe2(p, O_NONBLOCK));
	is(ready(p[0], POLLIN), 0, "an empty pipe is not readable");
	is(ready(p[1], POLLOUT), POLLOUT, "but writable");
	must(write(p[1], "x", 1));
	is(ready(p[0], POLLIN | POLLOUT), POLLIN, "a pipe with data is readable");
	while (write(p[1], page, sizeof(page)) > 0)
		;
	is(ready(p[1], POLLOUT), 0, "a full one is not writable");
	must(close(p[1]));
	is(ready(p[0], POLLIN), POLLIN | POLLHUP, "no writer, some data");
	while (read(p[0], page, sizeof(page)) > 0)
		;
	is(ready(p[0], POLLIN), POLLHUP, "no writer, no data");
	must(pipe(p));
	must(close(p[0]));
	is(ready(p[1], POLLOUT), POLLOUT | POLLERR, "no reader");
}

TEST(files)
{
	is(ready(tap_file("f", "x"), POLLIN | POLLOUT), POLLIN | POLLOUT, "a file is always ready");
	is(ready(must(open("/dev/null", O_RDWR)), POLLIN | POLLOUT), POLLIN | POLLOUT,
	   "so is /dev/null");
	is(ready(999, POLLIN), POLLNVAL, "a closed descriptor");
	is(ready(-1, POLLIN), 0, "a negative one is left out");
}

TEST(poll)
{
	struct pollfd p[2];
	struct timespec t = {0, 0};
	int64_t start;
	int ends[2];

	must(pipe(ends));
	p[0] = (struct pollfd){ends[0], POLLIN, 77};
	p[1] = (struct pollfd){ends[1], POLLOUT, 77};
	is(poll(p, 2, -1), 1, "one of two");
	ok(p[0].revents == 0 && p[1].revents == POLLOUT, "the right one");
	start = tap_now();
	is(poll(p, 1, 100), 0, "time runs out");
	ok(tap_now() - start >= 100000000, "not too early");
	is(poll(NULL, 0, 10), 0, "no descriptors at all");
	fails(syscall(SYS_poll, BAD, 1, 0), EFAULT, "bad pointer");
	fails(syscall(SYS_poll, p, 1 << 30, 0), EINVAL, "more than there can be");
	is(ppoll(p, 1, &t, NULL), 0, "ppoll");
	fails(syscall(SYS_ppoll, BAD, 1, &t, NULL, 8), EFAULT, "ppoll: bad pointer");
	fails(syscall(SYS_ppoll, p, 1, BAD, NULL, 8), EFAULT, "ppoll: bad time");
	fails(syscall(SYS_ppoll, p, 1, &t, BAD, 8), EFAULT, "ppoll: bad mask");
	fails(syscall(SYS_ppoll, p, 1, &t, p, 7), EINVAL, "ppoll: bad mask size");
	t.tv_nsec = -1;
	fails(syscall(SYS_ppoll, p, 1, &t, NULL, 8), EINVAL, "ppoll: bad nanoseconds");
}

static int late_writer(void *argument)
{
	tap_sleep_ms(100);
	return write(*(int *)argument, "x", 1) != 1;
}

TEST(wakes)
{
	struct pollfd p;
	fd_set set;
	int ends[2];
	char b;
	pid_t pid;

	must(pipe(ends));
	p = (struct pollfd){ends[0], POLLIN, 0};
	pid = tap_spawn(late_writer, &ends[1]);
	is(poll(&p, 1, 20000), 1, "poll wakes when data come");
	exits(pid, 0, "the writer");
	must(read(ends[0], &b, 1));
	pid = tap_spawn(late_writer, &ends[1]);
	FD_ZERO(&set);
	FD_SET(ends[0], &set);
	is(select(ends[0] + 1, &set, NULL, NULL, NULL), 1, "so does select");
	ok(FD_ISSET(ends[0], &set), "and says which");
	exits(pid, 0, "the writer");
}

TEST(select)
{
	struct timeval t = {0, 100000};
	fd_set in, out;
	int ends[2];

	must(pipe(ends));
	FD_ZERO(&in);
	FD_ZERO(&out);
	FD_SET(ends[0], &in);
	FD_SET(ends[1], &out);
	is(select(ends[1] + 1, &in, &out, NULL, NULL), 1, "one of two");
	ok(!FD_ISSET(ends[0], &in) && FD_ISSET(ends[1], &out), "the right one");
	FD_SET(ends[0], &in);
	is(syscall(SYS_select, ends[0] + 1, &in, NULL, NULL, &t), 0, "time runs out");
	ok(t.tv_sec == 0 && t.tv_usec == 0, "none of it is left");
	ok(!FD_ISSET(ends[0], &in), "nothing ready");
	FD_ZERO(&in);
	FD_SET(99, &in);
	fails(select(100, &in, NULL, NULL, &t), EBADF, "a closed descriptor");
	fails(syscall(SYS_select, -1, &in, NULL, NULL, &t), EINVAL, "a negative count");
	fails(syscall(SYS_select, 10, BAD, NULL, NULL, &t), EFAULT, "bad read set");
	fails(syscall(SYS_select, 10, NULL, BAD, NULL, &t), EFAULT, "bad write set");
	fails(syscall(SYS_select, 10, NULL, NULL, BAD, &t), EFAULT, "bad exception set");
	fails(syscall(SYS_select, 0, NULL, NULL, NULL, BAD), EFAULT, "bad time");
	t.tv_sec = -1;
	fails(syscall(SYS_select, 0, NULL, NULL, NULL, &t), EINVAL, "negative time");
	fails(syscall(SYS_pselect6, 0, NULL, NULL, NULL, BAD, NULL), EFAULT, "pselect6: bad time");
	fails(syscall(SYS_pselect6, 0, NULL, NULL, NULL, NULL, BAD), EFAULT, "pselect6: bad mask");
}

static volatile sig_atomic_t signals;

static void count(int signal)
{
	(void)signal;
	signals++;
}

TEST(masks)
{
	struct sigaction action = {.sa_handler = count, .sa_flags = SA_RESTART};
	struct timespec zero = {0, 0}, ten = {10, 0};
	sigset_t usr1, none, now;

	sigemptyset(&none);
	sigemptyset(&usr1);
	sigaddset(&usr1, SIGUSR1);
	sigaction(SIGUSR1, &action, NULL);
	sigprocmask(SIG_BLOCK, &usr1, NULL);
	raise(SIGUSR1);
	is(ppoll(NULL, 0, &zero, &usr1), 0, "ppoll with the signal blocked");
	is(signals, 0, "nothing is delivered");
	fails(ppoll(NULL, 0, &ten, &none), EINTR, "ppoll with it open ends at once");
	is(signals, 1, "the handler ran");
	sigprocmask(SIG_SETMASK, NULL, &now);
	ok(sigismember(&now, SIGUSR1), "the mask is back");
	raise(SIGUSR1);
	fails(pselect(0, NULL, NULL, NULL, &ten, &none), EINTR, "pselect, too");
	is(signals, 2, "the handler ran");
	sigaction(SIGALRM, &action, NULL);
	alarm(1);
	fails(poll(NULL, 0, 20000), EINTR, "poll is not restarted");
	alarm(1);
	fails(select(0, NULL, NULL, NULL, NULL), EINTR, "nor select");
}
