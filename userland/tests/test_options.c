/* Flags and options of open files and sockets that programs use: each is set, seen, and does what
 * it says. */
#include "tap.h"
#include <linux/openat2.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

static int open2(const char *path, uint64_t flags, uint64_t mode, uint64_t resolve)
{
	struct open_how how = {.flags = flags, .mode = mode, .resolve = resolve};

	return (int)syscall(SYS_openat2, AT_FDCWD, path, &how, sizeof(how));
}

TEST(openat2)
{
	static const struct {
		int flag;
		const char *name;
	} kept[] = {{O_APPEND, "O_APPEND"}, {O_NONBLOCK, "O_NONBLOCK"}, {O_DSYNC, "O_DSYNC"},
		    {O_SYNC, "O_SYNC"}, {O_NOATIME, "O_NOATIME"}, {O_ASYNC, "O_ASYNC"}};
	struct stat st;
	int fd;

	works(fd = open2("f", O_RDWR | O_CREAT | O_EXCL | O_NOCTTY, 0640, 0), "O_CREAT, O_EXCL");
	must(fstat(fd, &st));
	is(st.st_mode & 07777, 0640, "the mode");
	is(write(fd, "abc", 3), 3, "O_RDWR");
	fails(open2("f", O_RDWR | O_CREAT | O_EXCL, 0640, 0), EEXIST, "it is there");
	for (unsigned i = 0; i < sizeof(kept) / sizeof(*kept); i++) {
		works(fd = open2("f", O_RDONLY | (unsigned)kept[i].flag, 0, 0), kept[i].name);
		is(fcntl(fd, F_GETFL) & kept[i].flag, kept[i].flag, "F_GETFL");
	}
	works(fd = open2("f", O_WRONLY | O_TRUNC | O_CLOEXEC, 0, 0), "O_TRUNC");
	must(fstat(fd, &st));
	is(st.st_size, 0, "the file is empty");
	is(fcntl(fd, F_GETFD), FD_CLOEXEC, "O_CLOEXEC");
	is(fcntl(fd, F_GETFL) & (O_WRONLY | O_RDWR), O_WRONLY, "O_WRONLY");
	must(symlink("f", "l"));
	fails(open2("l", O_RDONLY | O_NOFOLLOW, 0, 0), ELOOP, "O_NOFOLLOW");
	fails(open2("f", O_RDONLY | O_DIRECTORY, 0, 0), ENOTDIR, "O_DIRECTORY");
	works(fd = open2("l", O_PATH | O_NOFOLLOW, 0, 0), "O_PATH");
	must(fstat(fd, &st));
	ok(S_ISLNK(st.st_mode), "of the link itself");
	works(fd = open2(".", O_TMPFILE | O_RDWR, 0600, 0), "O_TMPFILE");
	must(fstat(fd, &st));
	is(st.st_nlink, 0, "which has no name");
	fails(open2("/proc/self/mounts", O_RDONLY, 0, RESOLVE_NO_XDEV), EXDEV, "RESOLVE_NO_XDEV");
	works(open2("f", O_RDONLY, 0, RESOLVE_NO_XDEV), "on the same file system");
	fails(open2("/proc/self/exe", O_RDONLY, 0, RESOLVE_NO_MAGICLINKS), ELOOP,
	      "RESOLVE_NO_MAGICLINKS");
	works(open2("l", O_RDONLY, 0, RESOLVE_NO_MAGICLINKS), "other links are followed");
}

TEST(cached)
{
	int fd;

	must(close(must(open2("f", O_RDWR | O_CREAT, 0600, 0))));
	must(mkdir("d", 0700));
	must(close(must(open2("d/f", O_RDWR | O_CREAT, 0600, 0))));
	works(fd = open2("f", O_RDWR, 0, RESOLVE_CACHED), "a name in memory");
	is(write(fd, "x", 1), 1, "an open file");
	works(open2("./d/../d/f", O_RDONLY, 0, RESOLVE_CACHED | RESOLVE_BENEATH), "many of them");
	works(open2("d", O_PATH, 0, RESOLVE_CACHED), "O_PATH");
	fails(open2("f", O_RDWR | O_CREAT, 0600, RESOLVE_CACHED), EAGAIN, "O_CREAT");
	fails(open2("f", O_RDWR | O_TRUNC, 0, RESOLVE_CACHED), EAGAIN, "O_TRUNC");
	fails(open2(".", O_RDWR | O_TMPFILE, 0600, RESOLVE_CACHED), EAGAIN, "O_TMPFILE");
	fails(open2("d/none", O_RDONLY, 0, RESOLVE_CACHED), EAGAIN, "a name nobody asked for");
	fails(open2("d/none", O_RDONLY, 0, 0), ENOENT, "which is not there");
	fails(open2("d/none", O_RDONLY, 0, RESOLVE_CACHED), ENOENT, "what is known now");
	fails(open2("d/none/f", O_RDONLY, 0, RESOLVE_CACHED), ENOENT, "below nothing");
}

TEST(creat)
{
	struct stat st;
	int fd;

	works(fd = (int)syscall(SYS_open, "f", O_WRONLY | O_CREAT | O_EXCL | O_NOCTTY, 0600),
	      "open");
	is(write(fd, "abcd", 4), 4, "O_WRONLY");
	fails(read(fd, &st, 1), EBADF, "which is not for reading");
	works(fd = (int)syscall(SYS_open, "f", O_WRONLY | O_TRUNC | O_APPEND | O_DSYNC), "O_TRUNC");
	is(write(fd, "xy", 2), 2, "O_APPEND");
	is(pwrite(fd, "z", 1, 0), 1, "wherever");
	must(fstat(fd, &st));
	is(st.st_size, 3, "the size");
	works((int)syscall(SYS_open, ".", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC),
	      "a directory");
	works(fd = (int)syscall(SYS_open, "f", O_RDONLY | O_NOATIME | O_SYNC), "O_NOATIME");
}

TEST(descriptor_ioctls)
{
	int fd = tap_file("f", "hello"), on = 1, off = 0;
	int block = 0;

	works(ioctl(fd, FIOCLEX), "FIOCLEX");
	is(fcntl(fd, F_GETFD), FD_CLOEXEC, "is FD_CLOEXEC");
	works(ioctl(fd, FIONCLEX), "FIONCLEX");
	is(fcntl(fd, F_GETFD), 0, "is not");
	works(ioctl(fd, FIONBIO, &on), "FIONBIO");
	is(fcntl(fd, F_GETFL) & O_NONBLOCK, O_NONBLOCK, "is O_NONBLOCK");
	works(ioctl(fd, FIONBIO, &off), "off");
	is(fcntl(fd, F_GETFL) & O_NONBLOCK, 0, "is not");
	fails(ioctl(fd, FIONBIO, BAD), EFAULT, "from nowhere");
	works(ioctl(fd, _IO(0, 2), &block), "FIGETBSZ");
	ok(block >= 512 && !(block & (block - 1)), "a block");
}

static void allocated(int fd, const char *what)
{
	long long bytes = -1;
	struct stat st;

	must(fstat(fd, &st));
	works(ioctl(fd, FIOQSIZE, &bytes), what);
	is(bytes, st.st_blocks * 512, "as many bytes as stat says");
}

TEST(allocated)
{
	static char text[9000];
	int fd = tap_file("file", ""), dir = must(open(".", O_RDONLY)), p[2];

	allocated(fd, "FIOQSIZE of nothing");
	must(write(fd, text, sizeof(text)));
	must(ftruncate(fd, 1 << 20));
	must(fsync(fd)); /* of what has no place yet Linux tells by stat alone */
	allocated(fd, "of a file with a hole");
	allocated(dir, "of a directory");
	fails(ioctl(fd, FIOQSIZE, BAD), EFAULT, "to nowhere");
	must(pipe(p));
	fails(ioctl(p[0], FIOQSIZE, text), ENOTTY, "of a pipe");
}

TEST(owners)
{
	struct f_owner_ex owner = {F_OWNER_PID, 0}, got = {-1, -1};
	uid_t uids[2] = {77, 77};
	int p[2];

	must(pipe(p));
	is(fcntl(p[0], F_GETOWN), 0, "F_GETOWN: nobody");
	is(fcntl(p[0], F_GETSIG), 0, "F_GETSIG: SIGIO");
	owner.pid = getpid();
	works(fcntl(p[0], F_SETOWN_EX, &owner), "F_SETOWN_EX");
	works(fcntl(p[0], F_GETOWN_EX, &got), "F_GETOWN_EX");
	ok(got.type == F_OWNER_PID && got.pid == getpid(), "the same");
	is(fcntl(p[0], F_GETOWN), getpid(), "F_GETOWN");
	works(fcntl(p[0], F_GETOWNER_UIDS, uids), "F_GETOWNER_UIDS");
	ok(uids[0] == getuid() && uids[1] == geteuid(), "who set it");
	works(fcntl(p[0], F_SETSIG, SIGUSR1), "F_SETSIG");
	is(fcntl(p[0], F_GETSIG), SIGUSR1, "F_GETSIG");
	fails(fcntl(p[0], F_SETSIG, 65), EINVAL, "no such signal");
	owner.type = 9;
	fails(fcntl(p[0], F_SETOWN_EX, &owner), EINVAL, "no such kind of owner");
}

TEST(tcp_options)
{
	static const struct {
		int option, value;
		const char *name;
	} numbers[] = {{TCP_SYNCNT, 3, "TCP_SYNCNT"},
		       {TCP_LINGER2, 5, "TCP_LINGER2"},
		       {TCP_USER_TIMEOUT, 1234, "TCP_USER_TIMEOUT"},
		       {TCP_NOTSENT_LOWAT, 4096, "TCP_NOTSENT_LOWAT"},
		       {TCP_CORK, 1, "TCP_CORK"},
		       {TCP_QUICKACK, 0, "TCP_QUICKACK"},
		       {TCP_MAXSEG, 1000, "TCP_MAXSEG"}};
	int s = must(socket(AF_INET, SOCK_STREAM, 0));

	for (unsigned i = 0; i < sizeof(numbers) / sizeof(*numbers); i++) {
		int got = -1;
		socklen_t size = sizeof(got);

		works(setsockopt(s, IPPROTO_TCP, numbers[i].option, &numbers[i].value, 4),
		      numbers[i].name);
		works(getsockopt(s, IPPROTO_TCP, numbers[i].option, &got, &size), "asked");
		if (numbers[i].option != TCP_MAXSEG)
			is(got, numbers[i].value, "as it was set");
	}
	fails(setsockopt(s, IPPROTO_TCP, TCP_SYNCNT, &(int){0}, 4), EINVAL, "no tries");
	fails(setsockopt(s, IPPROTO_TCP, TCP_SYNCNT, &(int){128}, 4), EINVAL, "too many");
	fails(setsockopt(s, IPPROTO_TCP, TCP_MAXSEG, &(int){10}, 4), EINVAL, "too small a segment");
	fails(setsockopt(s, IPPROTO_TCP, TCP_USER_TIMEOUT, &(int){-1}, 4), EINVAL,
	      "less than none");
}
