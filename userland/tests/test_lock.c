/* Locks on files: fcntl's records (of processes and of open files), flock. */
#include "tap.h"
#include <sys/file.h>

static struct flock range(short type, off_t start, off_t length)
{
	return (struct flock){
		.l_type = type, .l_whence = SEEK_SET, .l_start = start, .l_len = length};
}

struct question {
	int fd, command;
	struct flock lock;
	int error; /* expected, 0 for success */
};

static int try_lock(void *argument)
{
	struct question *q = argument;
	int result = fcntl(q->fd, q->command, &q->lock);

	return q->error ? !(result == -1 && errno == q->error) : result != 0;
}

/* Asks in another process. */
static void other(int fd, short type, off_t start, off_t length, int error, const char *what)
{
	struct question q = {fd, F_SETLK, range(type, start, length), error};

	exits(tap_spawn(try_lock, &q), 0, what);
}

TEST(records)
{
	struct flock l = range(F_WRLCK, 10, 10);
	int fd = tap_file("f", "x");

	works(fcntl(fd, F_SETLK, &l), "write lock of 10..19");
	other(fd, F_RDLCK, 15, 1, EAGAIN, "another cannot read within");
	other(fd, F_WRLCK, 19, 100, EAGAIN, "nor overlap the end");
	other(fd, F_WRLCK, 0, 11, EAGAIN, "nor the start");
	other(fd, F_WRLCK, 0, 10, 0, "before is free");
	other(fd, F_WRLCK, 20, 0, 0, "behind is free");
	l = range(F_RDLCK, 12, 3);
	works(fcntl(fd, F_SETLK, &l), "12..14 become a read lock");
	other(fd, F_RDLCK, 12, 3, 0, "which others share");
	other(fd, F_WRLCK, 12, 3, EAGAIN, "and cannot write");
	other(fd, F_RDLCK, 11, 1, EAGAIN, "11 is still locked");
	other(fd, F_RDLCK, 15, 1, EAGAIN, "so is 15");
	l = range(F_UNLCK, 0, 0);
	works(fcntl(fd, F_SETLK, &l), "unlock all");
	other(fd, F_WRLCK, 0, 0, 0, "all is free");
}

static int ask_holder(void *argument)
{
	int fd = *(int *)argument;
	struct flock l = range(F_WRLCK, 0, 0);

	must(fcntl(fd, F_GETLK, &l));
	is(l.l_type, F_WRLCK, "F_GETLK: type");
	is(l.l_start, 5, "start");
	is(l.l_len, 7, "length");
	is(l.l_pid, getppid(), "holder");
	l = range(F_RDLCK, 100, 1);
	must(fcntl(fd, F_GETLK, &l));
	is(l.l_type, F_UNLCK, "nothing in the way");
	return 0;
}

TEST(getlk)
{
	struct flock l = range(F_WRLCK, 5, 7);
	int fd = tap_file("f", "x");

	must(fcntl(fd, F_SETLK, &l));
	exits(tap_spawn(ask_holder, &fd), 0, "asking");
	l = range(F_WRLCK, 0, 0);
	must(fcntl(fd, F_GETLK, &l));
	is(l.l_type, F_UNLCK, "one's own lock is not in the way");
}

TEST(errors)
{
	struct flock l = range(7, 0, 0);
	int fd = tap_file("f", "x"), in = must(open("f", O_RDONLY)),
	    out = must(open("f", O_WRONLY));

	fails(fcntl(fd, F_SETLK, &l), EINVAL, "no such type");
	l = range(F_WRLCK, -1, 0);
	fails(fcntl(fd, F_SETLK, &l), EINVAL, "a negative start");
	l = range(F_WRLCK, 5, -6);
	fails(fcntl(fd, F_SETLK, &l), EINVAL, "a start before 0");
	l = range(F_WRLCK, 0, 0);
	fails(fcntl(in, F_SETLK, &l), EBADF, "a write lock needs a writable descriptor");
	l = range(F_RDLCK, 0, 0);
	fails(fcntl(out, F_SETLK, &l), EBADF, "a read lock a readable one");
	fails(fcntl(999, F_SETLK, &l), EBADF, "bad descriptor");
	l = range(F_WRLCK, 10, -5);
	works(fcntl(fd, F_SETLK, &l), "a negative length means before");
	other(fd, F_WRLCK, 5, 1, EAGAIN, "5..9 are locked");
	other(fd, F_WRLCK, 10, 1, 0, "10 is not");
}

TEST(close_drops)
{
	struct flock l = range(F_WRLCK, 0, 0);
	int fd = tap_file("f", "x"), second = must(open("f", O_RDWR));

	must(fcntl(fd, F_SETLK, &l));
	other(fd, F_WRLCK, 0, 0, EAGAIN, "locked");
	close(second);
	other(fd, F_WRLCK, 0, 0, 0, "closing any descriptor of the file drops all locks");
}

/* Another process with a lock on the file: it says so and waits for leave to go on. */
struct holder {
	int fd, up[2], down[2];
	struct flock lock;
	pid_t pid;
};

static void holder_begin(struct holder *h, int (*run)(void *), struct flock lock)
{
	char b;

	h->fd = tap_file("f", "x");
	h->lock = lock;
	must(pipe(h->up));
	must(pipe(h->down));
	h->pid = tap_spawn(run, h);
	must(read(h->up[0], &b, 1));
}

static void holder_go_on(const struct holder *h)
{
	must(write(h->down[1], "x", 1));
}

static int hold(void *argument)
{
	struct holder *h = argument;
	char b;

	must(fcntl(h->fd, F_SETLK, &h->lock));
	must(write(h->up[1], "x", 1));
	must(read(h->down[0], &b, 1));
	return 0;
}

TEST(waiting)
{
	struct flock l = range(F_WRLCK, 0, 0);
	struct holder h;

	holder_begin(&h, hold, l);
	fails(fcntl(h.fd, F_SETLK, &l), EAGAIN, "held by another");
	holder_go_on(&h);
	works(fcntl(h.fd, F_SETLKW, &l), "F_SETLKW waits until the holder has gone");
	exits(h.pid, 0, "the holder");
}

static void nothing(int signal)
{
	(void)signal;
}

TEST(interrupted)
{
	struct sigaction action = {.sa_handler = nothing};
	struct flock l = range(F_WRLCK, 0, 0);
	struct holder h;

	holder_begin(&h, hold, l);
	sigaction(SIGALRM, &action, NULL);
	alarm(1);
	fails(fcntl(h.fd, F_SETLKW, &l), EINTR, "a signal ends the wait");
	holder_go_on(&h);
	exits(h.pid, 0, "the holder");
}

static int hold_then_want(void *argument)
{
	struct holder *h = argument;
	struct flock l = range(F_WRLCK, 0, 1);

	hold(h);
	return fcntl(h->fd, F_SETLKW, &l) != 0;
}

TEST(deadlock)
{
	struct flock l = range(F_WRLCK, 0, 1);
	struct holder h;

	holder_begin(&h, hold_then_want, range(F_WRLCK, 1, 1));
	must(fcntl(h.fd, F_SETLK, &l));
	holder_go_on(&h);
	tap_await_state(h.pid, 'S');
	l = range(F_WRLCK, 1, 1);
	fails(fcntl(h.fd, F_SETLKW, &l), EDEADLK, "a ring of waiters is refused");
	l = range(F_UNLCK, 0, 0);
	must(fcntl(h.fd, F_SETLK, &l));
	exits(h.pid, 0, "the other gets its lock");
}

static int ofd_child(void *argument)
{
	int fd = *(int *)argument;
	struct flock l = range(F_WRLCK, 0, 0);

	return fcntl(fd, F_OFD_SETLK, &l) != 0;
}

TEST(open_file_locks)
{
	struct flock l = range(F_WRLCK, 0, 0);
	int fd = tap_file("f", "x"), second = must(open("f", O_RDWR)), third;

	works(fcntl(fd, F_OFD_SETLK, &l), "F_OFD_SETLK");
	fails(fcntl(second, F_OFD_SETLK, &l), EAGAIN,
	      "another open file of the same process conflicts");
	exits(tap_spawn(ofd_child, &fd), 0, "a child with the same open file does not");
	must(fcntl(second, F_OFD_GETLK, &l));
	is(l.l_type, F_WRLCK, "F_OFD_GETLK");
	is(l.l_pid, -1, "no process holds it");
	l = range(F_WRLCK, 0, 0);
	third = must(dup(fd));
	close(fd);
	fails(fcntl(second, F_OFD_SETLK, &l), EAGAIN, "closing one of two descriptors keeps it");
	close(third);
	works(fcntl(second, F_OFD_SETLK, &l), "closing the last drops it");
	l.l_pid = 1;
	fails(fcntl(second, F_OFD_SETLK, &l), EINVAL, "l_pid must be 0");
}

static int flock_child(void *argument)
{
	int fd = must(open("f", O_RDONLY)), want = *(int *)argument;
	int result = flock(fd, LOCK_SH | LOCK_NB);

	return want ? !(result == -1 && errno == want) : result != 0;
}

TEST(flock)
{
	int fd = tap_file("f", "x"), second = must(open("f", O_RDONLY)), none = 0,
	    busy = EWOULDBLOCK;

	works(flock(fd, LOCK_EX), "exclusive");
	fails(flock(second, LOCK_SH | LOCK_NB), EWOULDBLOCK, "another open file cannot share");
	exits(tap_spawn(flock_child, &busy), 0, "nor another process");
	works(flock(fd, LOCK_SH), "becomes shared");
	exits(tap_spawn(flock_child, &none), 0, "now others share");
	works(flock(second, LOCK_SH | LOCK_NB), "so does this process");
	fails(flock(second, LOCK_EX | LOCK_NB), EWOULDBLOCK, "but none is exclusive");
	works(flock(fd, LOCK_UN), "unlock");
	works(flock(second, LOCK_EX | LOCK_NB), "free");
	close(second);
	works(flock(fd, LOCK_EX | LOCK_NB), "closing drops it");
	fails(flock(fd, 77), EINVAL, "no such operation");
	fails(flock(999, LOCK_SH), EBADF, "bad descriptor");
}
