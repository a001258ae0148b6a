/* Pipes of packets (pipe(2), O_DIRECT), and what of them is left when bytes are moved otherwise. */
#include "tap.h"
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/uio.h>

static int p[2];
static char buf[70000];

static void open_pipe(int flags)
{
	must(pipe2(p, flags | O_NONBLOCK));
}

static void put(const char *text)
{
	must(write(p[1], text, strlen(text)));
}

/* What a read of n bytes gives; "-" when there is nothing. */
static const char *get(int fd, size_t n)
{
	static char text[4][100];
	static unsigned which;
	char *to = text[which++ % 4];
	ssize_t got = read(fd, to, n);

	strcpy(to + (got > 0 ? got : 0), got < 0 ? "-" : "");
	return to;
}

TEST(packets)
{
	int n;

	works(pipe2(p, O_DIRECT), "pipe2");
	is(fcntl(p[0], F_GETFL) & ~O_LARGEFILE, O_RDONLY, "the reading end has no flag of it");
	ok(fcntl(p[1], F_GETFL) & O_DIRECT, "the writing end has O_DIRECT");
	open_pipe(O_DIRECT);
	put("one");
	put("two");
	put("three");
	must(ioctl(p[0], FIONREAD, &n));
	is(n, 11, "all bytes count");
	is_text(get(p[0], 50), "one", "a read takes one packet");
	is_text(get(p[0], 2), "tw", "or its begin");
	is_text(get(p[0], 50), "three", "and the rest is lost");
	is_text(get(p[0], 50), "-", "there is no more");
	is(write(p[1], "", 0), 0, "an empty one");
	is_text(get(p[0], 50), "-", "is none");
	put("x");
	is(read(p[0], buf, 0), 0, "nothing asked");
	is_text(get(p[0], 50), "x", "takes nothing");
}

TEST(pieces)
{
	struct iovec v[3] = {{"ab", 2}, {"cd", 2}, {"ef", 2}};
	struct iovec w[2] = {{buf, 1}, {buf + 10, 100}};

	open_pipe(O_DIRECT);
	is(write(p[1], buf, 10000), 10000, "what is longer than PIPE_BUF");
	is(read(p[0], buf, sizeof(buf)), 4096, "is several");
	is(read(p[0], buf, sizeof(buf)), 4096, "packets");
	is(read(p[0], buf, sizeof(buf)), 1808, "the last is the rest");
	is(writev(p[1], v, 3), 6, "writev");
	is_text(get(p[0], 50), "abcdef", "writes one");
	put("xyz");
	put("next");
	is(readv(p[0], w, 2), 3, "readv reads one");
	ok(buf[0] == 'x' && buf[10] == 'y' && buf[11] == 'z', "into its parts");
	is_text(get(p[0], 50), "next", "and leaves the other");
}

TEST(full)
{
	struct pollfd out;
	int n = 0;

	open_pipe(O_DIRECT);
	out = (struct pollfd){p[1], POLLOUT, 0};
	while (n < 100 && write(p[1], "a", 1) == 1)
		n++;
	is(n, 16, "a pipe of 16 pages holds as many packets");
	is(poll(&out, 1, 0), 0, "more cannot be written");
	fails(write(p[1], "b", 1), EAGAIN, "now");
	is_text(get(p[0], 50), "a", "one is read");
	is(poll(&out, 1, 0), 1, "then one can");
	is(write(p[1], buf, 4096), 4096, "of any size");
	fails(write(p[1], "b", 1), EAGAIN, "and no more");
	for (int i = 0; i < 15; i++)
		get(p[0], 50);
	is(read(p[0], buf, sizeof(buf)), 4096, "the large one comes last");
	for (n = 0; n < 20 && write(p[1], buf, 4096) == 4096;)
		n++;
	is(n, 16, "16 large ones");
	is(fcntl(p[1], F_SETPIPE_SZ, 131072), 131072, "a larger pipe");
	put("small");
	fails(fcntl(p[1], F_SETPIPE_SZ, 65536), EBUSY, "cannot be made smaller");
	for (n = 0; read(p[0], buf, sizeof(buf)) == 4096;)
		n++;
	is(n, 16, "nothing is lost");
	is(fcntl(p[1], F_SETPIPE_SZ, 4096), 4096, "a small pipe");
	put("one");
	fails(write(p[1], "two", 3), EAGAIN, "holds one");
	is_text(get(p[0], 50), "one", "packet");
	put("two");
	is_text(get(p[0], 50), "two", "after the other");
}

static void direct(int fd, bool on)
{
	int flags = must(fcntl(fd, F_GETFL));

	must(fcntl(fd, F_SETFL, on ? flags | O_DIRECT : flags & ~O_DIRECT));
}

TEST(mixed)
{
	open_pipe(0);
	direct(p[1], true);
	put("packet");
	direct(p[1], false);
	put("str");
	put("eam");
	is_text(get(p[0], 3), "pac", "a packet comes first");
	is_text(get(p[0], 5), "strea", "a stream behind it is read as one");
	is_text(get(p[0], 50), "m", "and loses nothing");
	put("stream");
	direct(p[1], true);
	put("packet");
	is_text(get(p[0], 6), "stream", "the stream alone");
	is_text(get(p[0], 50), "packet", "leaves the packet whole");
	direct(p[0], true);
	direct(p[1], false);
	put("a");
	put("b");
	is_text(get(p[0], 50), "ab", "the reader's flag means nothing");
}

TEST(faults)
{
	open_pipe(O_DIRECT);
	fails(write(p[1], BAD, 10), EFAULT, "a bad packet");
	fails(write(p[1], (char *)tap_edge(100), 200), EFAULT, "half a packet");
	open_pipe(O_DIRECT);
	put("packet");
	fails(read(p[0], BAD, 10), EFAULT, "a bad buffer");
	is_text(get(p[0], 50), "packet", "loses none");
	must(close(p[0]));
	signal(SIGPIPE, SIG_IGN);
	fails(write(p[1], "x", 1), EPIPE, "nobody reads");
	fails(pipe2(p, O_DIRECT | O_APPEND), EINVAL, "other flags");
}

TEST(spliced)
{
	int q[2], file = tap_file("f", "");

	open_pipe(O_DIRECT);
	must(pipe2(q, O_NONBLOCK));
	put("one");
	put("two");
	put("three");
	is(tee(p[0], q[1], 100, 0), 11, "tee");
	is_text(get(q[0], 2), "on", "copies packets");
	is_text(get(q[0], 50), "two", "as such");
	is(splice(p[0], NULL, q[1], NULL, 6, 0), 6, "splice");
	is_text(get(q[0], 50), "three", "moves");
	is_text(get(q[0], 50), "one", "them");
	is_text(get(q[0], 50), "two", "too");
	is_text(get(p[0], 50), "three", "the last one stays");
	put("one");
	put("two");
	is(splice(p[0], NULL, file, NULL, 4, 0), 4, "to a file they are bytes");
	is_text(get(p[0], 50), "wo", "and half a packet is one");
	must(lseek(file, 0, SEEK_SET));
	is_text(get(file, 50), "onet", "the file");
}

static int late_reader(void *argument)
{
	(void)argument;
	for (int i = 0; i < 100; i++) {
		char b[5000];
		ssize_t n = read(p[0], b, sizeof(b));

		if (n != (i % 16 + 1) * 250)
			return 1;
	}
	return 0;
}

TEST(waiting)
{
	pid_t reader;

	must(pipe2(p, O_DIRECT));
	reader = tap_spawn(late_reader, NULL);
	for (int i = 0; i < 100; i++)
		if (write(p[1], buf, (i % 16 + 1) * 250) != (i % 16 + 1) * 250)
			ok(false, "a write");
	exits(reader, 0, "writers and readers wait for each other");
}

/* A ring whose bytes begin and end in the same page. */
TEST(growing)
{
	size_t all = 65536;

	open_pipe(0);
	for (size_t i = 0; i < sizeof(buf); i++)
		buf[i] = (char)(i % 251);
	must(write(p[1], buf, 65536));
	is(read(p[0], buf, 100), 100, "a full pipe, a little read");
	for (int i = 0; i < 100; i++)
		buf[i] = (char)((65536 + i) % 251);
	if (write(p[1], buf, 100) == 100)
		all += 100;
	is(fcntl(p[1], F_SETPIPE_SZ, 131072), 131072, "grows");
	must(write(p[1], "x", 1));
	is(read(p[0], buf, sizeof(buf)), (long)(all - 100 + 1), "and keeps");
	for (size_t i = 100; i < all; i++)
		if (buf[i - 100] != (char)(i % 251))
			all = i;
	ok(all >= 65536, "what is in it");
}

TEST(where)
{
	int fd = must(open("/dev/null", O_RDWR)), q[2];

	must(mkfifo("fifo", 0600));
	must(pipe(q));
	fails(fcntl(fd, F_SETFL, O_DIRECT), EINVAL, "no O_DIRECT for devices without data");
	fails(fcntl(must(open(".", O_RDONLY)), F_SETFL, O_DIRECT), EINVAL, "nor directories");
	works(fcntl(q[0], F_SETFL, O_DIRECT), "a pipe's end");
	fd = must(open("fifo", O_RDWR | O_NONBLOCK));
	works(fcntl(fd, F_SETFL, O_DIRECT | O_NONBLOCK), "a FIFO");
	must(write(fd, "ab", 2));
	must(write(fd, "cd", 2));
	is_text(get(fd, 50), "ab", "has packets, too");
	fails(open("fifo", O_RDWR | O_DIRECT), EINVAL, "though it is not opened so");
	fails(open("/dev/null", O_RDWR | O_DIRECT), EINVAL, "nor is a device");
	fails(open(".", O_RDONLY | O_DIRECT), EINVAL, "or a directory");
}
