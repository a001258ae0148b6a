/* Pipes and FIFOs: order, capacity, ends that go away, atomic writes, non-blocking use. */
#include "tap.h"
#include <poll.h>
#include <sys/ioctl.h>

TEST(basics)
{
	int p[2], n;
	char buf[16] = "";
	struct stat st;

	works(pipe(p), "pipe");
	is(write(p[1], "hello", 5), 5, "write");
	is(write(p[1], "world", 5), 5, "write more");
	works(ioctl(p[0], FIONREAD, &n), "FIONREAD");
	is(n, 10, "bytes in it");
	is(read(p[0], buf, 3), 3, "read a part");
	is(read(p[0], buf + 3, 13), 7, "read the rest");
	is_text(buf, "helloworld", "in order");
	must(fstat(p[0], &st));
	ok(S_ISFIFO(st.st_mode), "is a FIFO");
	fails(write(p[0], buf, 1), EBADF, "the reading end cannot write");
	fails(read(p[1], buf, 1), EBADF, "the writing end cannot read");
	must(close(p[1]));
	is(read(p[0], buf, 1), 0, "end of file without writers");
	fails(syscall(SYS_pipe, BAD), EFAULT, "bad pointer");
	fails(syscall(SYS_pipe2, BAD, 0), EFAULT, "pipe2, bad pointer");
	fails(syscall(SYS_pipe2, p, 1), EINVAL, "pipe2, unknown flag");
	is(dup(0), p[1], "failed pipes leave no descriptors");
	works(pipe2(p, O_CLOEXEC | O_NONBLOCK), "pipe2");
	is(fcntl(p[0], F_GETFD), FD_CLOEXEC, "O_CLOEXEC");
	is(fcntl(p[1], F_GETFL), O_WRONLY | O_NONBLOCK, "O_NONBLOCK");
	fails(syscall(SYS_read, p[0], BAD, 1), EAGAIN, "an empty pipe, whatever the buffer");
	must(write(p[1], "x", 1));
	fails(syscall(SYS_read, p[0], BAD, 1), EFAULT, "read to a bad buffer");
	is(read(p[0], buf, 5), 1, "which leaves the byte in the pipe");
	fails(syscall(SYS_write, p[1], BAD, 1), EFAULT, "write from a bad buffer");
}

TEST(nonblock)
{
	static char page[4096];
	int p[2], total = 0, n;

	must(pipe2(p, O_NONBLOCK));
	fails(read(p[0], page, 1), EAGAIN, "read of an empty pipe");
	while ((n = write(p[1], page, sizeof(page))) > 0)
		total += n;
	is(errno, EAGAIN, "write to a full pipe");
	is(total, 65536, "capacity");
	is(fcntl(p[0], F_GETPIPE_SZ), 65536, "F_GETPIPE_SZ");
	is(read(p[0], page, 100), 100, "make a little room");
	fails(write(p[1], page, 200), EAGAIN, "a write of up to PIPE_BUF is whole or not at all");
	is(fcntl(p[1], F_SETPIPE_SZ, 1 << 17), 1 << 17, "F_SETPIPE_SZ");
	is(write(p[1], page, 4096), 4096, "more room");
	fails(fcntl(p[1], F_SETPIPE_SZ, 4096), EBUSY, "not smaller than what is in it");
	fails(fcntl(p[1], F_SETPIPE_SZ, -1), EINVAL, "no negative size");
}

static volatile sig_atomic_t signals;

static void count(int signal)
{
	(void)signal;
	signals++;
}

TEST(broken)
{
	int p[2];

	must(pipe(p));
	must(close(p[0]));
	signal(SIGPIPE, count);
	fails(write(p[1], "x", 1), EPIPE, "write without readers");
	is(signals, 1, "SIGPIPE");
	signal(SIGPIPE, SIG_IGN);
	fails(write(p[1], "x", 1), EPIPE, "with SIGPIPE ignored");
}

static int writer(void *argument)
{
	int *p = argument;
	char block[1000];

	close(p[0]);
	for (int i = 0; i < 1000; i++) {
		memset(block, i % 251, sizeof(block));
		if (write(p[1], block, sizeof(block)) != sizeof(block))
			return 1;
	}
	return 0;
}

TEST(stream)
{
	static char buf[5000];
	int p[2], total = 0, wrong = 0, n;
	pid_t pid;

	must(pipe(p));
	pid = tap_spawn(writer, p);
	close(p[1]);
	while ((n = read(p[0], buf, sizeof(buf))) > 0)
		for (int i = 0; i < n; i++, total++)
			wrong += buf[i] != (char)(total / 1000 % 251);
	is(total, 1000000, "a million bytes");
	is(wrong, 0, "in order");
	exits(pid, 0, "the writer ends well");
}

static int atomic_writer(void *argument)
{
	int *p = argument;
	char block[512];

	memset(block, 'a' + getpid() % 20, sizeof(block));
	for (int i = 0; i < 200; i++)
		if (write(p[1], block, sizeof(block)) != sizeof(block))
			return 1;
	return 0;
}

TEST(atomic)
{
	char block[512];
	int p[2], torn = 0, blocks = 0;
	pid_t pids[4];

	must(pipe(p));
	for (int i = 0; i < 4; i++)
		pids[i] = tap_spawn(atomic_writer, p);
	close(p[1]);
	while (read(p[0], block, sizeof(block)) == sizeof(block)) {
		blocks++;
		for (unsigned i = 1; i < sizeof(block); i++)
			torn += block[i] != block[0];
	}
	is(blocks, 800, "all blocks of four writers");
	is(torn, 0, "none torn");
	for (int i = 0; i < 4; i++)
		exits(pids[i], 0, "writer ends well");
}

TEST(interrupted)
{
	struct sigaction action = {.sa_handler = count};
	int p[2];
	char b;

	must(pipe(p));
	sigaction(SIGALRM, &action, NULL);
	alarm(1);
	fails(read(p[0], &b, 1), EINTR, "a signal interrupts read");
	is(signals, 1, "its handler ran");
}

TEST(big_write_interrupted)
{
	static char buf[200000];
	struct sigaction action = {.sa_handler = count};
	int p[2];

	must(pipe(p));
	sigaction(SIGALRM, &action, NULL);
	alarm(1);
	is(write(p[1], buf, sizeof(buf)), 65536, "a signal ends a long write with what went in");
}

static int fifo_writer(void *argument)
{
	int fd = open("fifo", O_WRONLY);

	(void)argument;
	return fd < 0 || write(fd, "fifo!", 5) != 5;
}

TEST(fifo)
{
	char buf[8] = "";
	struct stat st;
	int fd, out;
	pid_t pid;

	works(mkfifo("fifo", 0600), "mkfifo");
	must(stat("fifo", &st));
	is(st.st_mode, S_IFIFO | 0600, "mode");
	fails(mkfifo("fifo", 0600), EEXIST, "again");
	fails(open("fifo", O_WRONLY | O_NONBLOCK), ENXIO, "no reader");
	works(fd = open("fifo", O_RDONLY | O_NONBLOCK), "a reader that does not wait");
	is(read(fd, buf, 1), 0, "end of file before the first writer");
	works(out = open("fifo", O_WRONLY | O_NONBLOCK), "a writer");
	fails(read(fd, buf, 1), EAGAIN, "now it is empty");
	must(close(out));
	must(close(fd));
	pid = tap_spawn(fifo_writer, NULL);
	works(fd = open("fifo", O_RDONLY), "open waits for the other end");
	is(read(fd, buf, 8), 5, "data");
	is_text(buf, "fifo!", "the right ones");
	exits(pid, 0, "the writer");
	is(read(fd, buf, 8), 0, "end of file");
	works(fd = open("fifo", O_RDWR), "both ways");
	is(write(fd, "x", 1), 1, "write");
	is(read(fd, buf, 1), 1, "read it back");
}

TEST(reopened)
{
	char path[64], buf[8] = "";
	struct pollfd poll_in = { .events = POLLIN };
	int p[2], in, out;

	must(pipe(p));
	must(write(p[1], "left", 4));
	snprintf(path, sizeof(path), "/proc/self/fd/%d", p[0]);
	must(close(p[1]));
	works(in = open(path, O_RDONLY), "a pipe without writers opens without waiting");
	is(read(in, buf, 8), 4, "what is left in it");
	is(read(in, buf, 8), 0, "and its end");
	works(poll_in.fd = open(path, O_RDONLY | O_NONBLOCK), "without blocking");
	is(poll(&poll_in, 1, 0), 1, "poll");
	is(poll_in.revents, POLLHUP, "says that there are no writers");
	works(out = open(path, O_WRONLY), "a writer for it");
	is(write(out, "new", 3), 3, "writes");
	is(read(p[0], buf, 8), 3, "and is read");
	must(close(out));
	is(read(in, buf, 8), 0, "its end again");
	must(pipe(p));
	snprintf(path, sizeof(path), "/proc/self/fd/%d", p[1]);
	must(close(p[0]));
	signal(SIGPIPE, SIG_IGN);
	works(out = open(path, O_WRONLY), "a pipe without readers opens without waiting");
	fails(write(out, "x", 1), EPIPE, "nobody reads");
	works(open(path, O_WRONLY | O_NONBLOCK), "nor is that ENXIO");
	works(in = open(path, O_RDONLY), "a reader for it");
	is(write(out, "x", 1), 1, "who makes it a pipe");
	works(open(path, O_RDWR), "both ways");
}

TEST(splice)
{
	int p[2], q[2], fd = tap_file("f", "0123456789"), out = tap_file("g", "0123456789");
	loff_t at = 2;
	char buf[16] = "";

	if (tap_absent(SYS_splice, "splice"))
		return;
	must(pipe(p));
	must(pipe(q));
	is(splice(fd, &at, p[1], NULL, 5, 0), 5, "splice file to pipe");
	is(at, 7, "moves the offset");
	is(tee(p[0], q[1], 5, 0), 5, "tee");
	is(read(q[0], buf, 16), 5, "the copy");
	is_text(buf, "23456", "the same bytes");
	is(splice(p[0], NULL, out, NULL, 5, 0), 5, "splice pipe to file");
	is(pread(out, buf, 10, 0), 10, "read it");
	ok(!memcmp(buf, "2345656789", 10), "written at the position");
	fails(splice(fd, NULL, fd, NULL, 1, 0), EINVAL, "one side must be a pipe");
	fails(syscall(SYS_splice, fd, BAD, p[1], NULL, 1, 0), EFAULT, "bad offset pointer");
	fails(splice(p[0], &at, fd, NULL, 1, 0), ESPIPE, "a pipe has no offset");
	fails(splice(999, NULL, p[1], NULL, 1, 0), EBADF, "bad descriptor");
	fails(tee(fd, p[1], 1, 0), EINVAL, "tee of a file");
	fails(syscall(SYS_vmsplice, p[1], BAD, 1, 0), EFAULT, "vmsplice, bad vector");
}
