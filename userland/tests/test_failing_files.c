/*
 * System calls on files while memory runs out: see failing.h.
 */
#define _GNU_SOURCE
#include <limits.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/mount.h>
#include <sys/sendfile.h>
#include <sys/statvfs.h>
#include <sys/uio.h>

#include "failing.h"

static int run_pipe(void)
{
	char buf[8];
	int fd[2];

	DO(pipe(fd));
	EXPECT(write(fd[1], "through", 7) == 7 && read(fd[0], buf, 8) == 7);
	return 0;
}

static int run_pipe_write(void)
{
	static char out[20000], in[20000];
	int fd[2];
	long n;

	must(pipe2(fd, O_NONBLOCK));
	memset(out, 5, sizeof(out));
	n = DO(write(fd[1], out, sizeof(out)));
	EXPECT(read(fd[0], in, sizeof(in)) == n && !memcmp(in, out, (size_t)n));
	return 0;
}

static int run_dup(void)
{
	int fd = (int)DO(fcntl(1, F_DUPFD, 300));

	EXPECT(fd >= 300 && fcntl(fd, F_GETFD) == 0);
	return 0;
}

static int run_open(void)
{
	int fd = (int)DO(open("/etc/passwd", O_RDONLY));
	char c;

	EXPECT(read(fd, &c, 1) == 1);
	return 0;
}

static int run_create(void)
{
	struct stat st;
	int fd;

	unlink("created");
	fd = (int)DO(open("created", O_CREAT | O_EXCL | O_RDWR, 0600));
	EXPECT(!fstat(fd, &st) && S_ISREG(st.st_mode) && !access("created", R_OK));
	return 0;
}

static int run_mkdir(void)
{
	struct stat st;

	rmdir("made");
	DO(mkdir("made", 0700));
	EXPECT(!stat("made", &st) && S_ISDIR(st.st_mode));
	return 0;
}

static int run_unlink(void)
{
	close(open("unlinked", O_CREAT | O_RDWR, 0600));
	DO(unlink("unlinked"));
	EXPECT(access("unlinked", F_OK) < 0 && errno == ENOENT);
	return 0;
}

static int run_rename(void)
{
	close(open("old name", O_CREAT | O_RDWR, 0600));
	unlink("a new name that is long enough to need storage of its own");
	DO(rename("old name", "a new name that is long enough to need storage of its own"));
	EXPECT(access("old name", F_OK) < 0 &&
	       !access("a new name that is long enough to need storage of its own", F_OK));
	return 0;
}

static int run_link(void)
{
	struct stat st;

	close(open("linked", O_CREAT | O_RDWR, 0600));
	unlink("link");
	DO(link("linked", "link"));
	EXPECT(!stat("link", &st) && st.st_nlink == 2);
	return 0;
}

static int run_symlink(void)
{
	char text[300];

	unlink("symlink");
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = 0;
	DO(symlink(text, "symlink"));
	EXPECT(readlink("symlink", text, sizeof(text)) == 299);
	return 0;
}

static int run_lookup(void)
{
	char name[64];
	struct stat st;

	snprintf(name, sizeof(name), "/proc/%d/status", getppid());
	DO(stat(name, &st));
	EXPECT(S_ISREG(st.st_mode));
	return 0;
}

static int run_readdir(void)
{
	char buf[4096];
	int fd = must(open(".", O_RDONLY | O_DIRECTORY));

	DO(syscall(SYS_getdents64, fd, buf, sizeof(buf)));
	return 0;
}

static int run_write(void)
{
	static char out[30000], in[30000];
	int fd = must(open("written", O_CREAT | O_TRUNC | O_RDWR, 0600));
	long n;

	memset(out, 7, sizeof(out));
	n = DO(write(fd, out, sizeof(out)));
	EXPECT(n > 0 && pread(fd, in, sizeof(in), 0) == n && !memcmp(in, out, (size_t)n));
	return 0;
}

static int run_read(void)
{
	static char in[30000];
	int fd = must(open("read", O_CREAT | O_TRUNC | O_RDWR, 0600));

	must(ftruncate(fd, sizeof(in)));
	memset(in, 1, sizeof(in));
	DO(read(fd, in, sizeof(in)));
	EXPECT(in[0] == 0);
	return 0;
}

static int run_truncate(void)
{
	int fd = must(open("cut", O_CREAT | O_TRUNC | O_RDWR, 0600));
	struct stat st;

	must(write(fd, "some bytes to be cut off", 24));
	DO(ftruncate(fd, 5));
	EXPECT(!fstat(fd, &st) && st.st_size == 5);
	return 0;
}

static int run_readv(void)
{
	int fd = must(open("vector", O_CREAT | O_TRUNC | O_RDWR, 0600));
	struct iovec iov[100];
	static char bytes[100];

	for (int i = 0; i < 100; i++)
		iov[i] = (struct iovec){bytes + i, 1};
	EXPECT(DO(writev(fd, iov, 100)) == 100);
	return 0;
}

static int run_sendfile(void)
{
	int from = must(open("/etc/passwd", O_RDONLY));
	int to = must(open("sent", O_CREAT | O_TRUNC | O_RDWR, 0600));
	struct stat st;
	long n = DO(sendfile(to, from, NULL, 50));

	EXPECT(!fstat(to, &st) && st.st_size == n);
	return 0;
}

static int run_inotify(void)
{
	char buf[512];
	int fd = must(inotify_init1(IN_NONBLOCK));

	DO(inotify_add_watch(fd, ".", IN_CREATE));
	unlink("noticed");
	close(open("noticed", O_CREAT | O_RDWR, 0600));
	EXPECT(read(fd, buf, sizeof(buf)) > 0);
	return 0;
}

static int run_memfd(void)
{
	int fd = (int)DO(syscall(SYS_memfd_create, "memory", 0));

	EXPECT(write(fd, "m", 1) == 1);
	return 0;
}

static int read_text(const char *name)
{
	char buf[300];
	int fd = must(open(name, O_RDONLY));

	EXPECT(DO(read(fd, buf, sizeof(buf))) > 0);
	return 0;
}

static int run_maps(void)
{
	return read_text("/proc/self/maps");
}

static int run_status(void)
{
	return read_text("/proc/self/status");
}

static int run_meminfo(void)
{
	return read_text("/proc/meminfo");
}

static int run_mounts(void)
{
	return read_text("/proc/self/mountinfo");
}

static int run_getcwd(void)
{
	char buf[PATH_MAX];

	EXPECT(DO(syscall(SYS_getcwd, buf, sizeof(buf))) > 1 && buf[0] == '/');
	return 0;
}

static int run_mount(void)
{
	mkdir("place", 0700);
	DO(mount("none", "place", "tmpfs", 0, ""));
	close(open("place/file", O_CREAT | O_RDWR, 0600));
	EXPECT(!umount("place"));
	return 0;
}

static int run_lock(void)
{
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 5, .l_len = 10};
	int fd = must(open("locked", O_CREAT | O_RDWR, 0600));

	DO(fcntl(fd, F_SETLK, &lock));
	/* Taking a piece out makes two of one. */
	lock = (struct flock){.l_type = F_UNLCK, .l_whence = SEEK_SET, .l_start = 8, .l_len = 2};
	EXPECT(!fcntl(fd, F_SETLK, &lock));
	return 0;
}

static int run_flock(void)
{
	int fd = must(open("locked", O_CREAT | O_RDWR, 0600));

	DO(flock(fd, LOCK_EX));
	return 0;
}

static int run_splice(void)
{
	int file = must(open("/etc/passwd", O_RDONLY)), fd[2];

	must(pipe(fd));
	DO(splice(file, NULL, fd[1], NULL, 20, 0));
	return 0;
}

static int run_fifo(void)
{
	unlink("fifo");
	must(mkfifo("fifo", 0600));
	DO(open("fifo", O_RDWR));
	return 0;
}

static int run_statfs(void)
{
	struct statvfs st;

	DO(statvfs(".", &st));
	return 0;
}

static const struct scenario scenarios[] = {
	{"pipe", run_pipe}, {"pipe, write", run_pipe_write}, {"dup to a high number", run_dup},
	{"open", run_open}, {"create", run_create}, {"mkdir", run_mkdir}, {"unlink", run_unlink},
	{"rename", run_rename}, {"link", run_link}, {"symlink", run_symlink},
	{"lookup", run_lookup}, {"getdents64", run_readdir}, {"write", run_write},
	{"read", run_read}, {"ftruncate", run_truncate}, {"writev", run_readv},
	{"sendfile", run_sendfile}, {"inotify", run_inotify}, {"memfd_create", run_memfd},
	{"maps", run_maps}, {"status", run_status}, {"meminfo", run_meminfo},
	{"mountinfo", run_mounts}, {"getcwd", run_getcwd}, {"mount", run_mount},
	{"lock", run_lock}, {"flock", run_flock}, {"splice", run_splice}, {"fifo", run_fifo},
	{"statfs", run_statfs},
};

TEST(memory)
{
	run_memory_scenarios(scenarios, sizeof(scenarios) / sizeof(*scenarios));
}
