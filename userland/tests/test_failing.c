/*
 * System calls while memory runs out and disks fail: each scenario is run again and again, with its
 * first allocation failing, then its second, and so on until it comes through untouched. Whatever
 * fails must say so with an error that means it, what says that it worked must have worked, and in
 * the end nothing is left behind.
 *
 * The kernel is asked by /sys/kernel/debug/fail, which its debug builds have; elsewhere there is
 * nothing to test. A page that cannot be had when a process touches it kills the process: that
 * counts as having said so.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/select.h>
#include <sys/sendfile.h>
#include <sys/signalfd.h>
#include <sys/statvfs.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <time.h>

#include "tap.h"

#define FAIL    "/sys/kernel/debug/fail"
#define MEMLEAK "/sys/kernel/debug/memleak"

enum { MOST = 600, WRONG = -1 };
enum outcome { UNTOUCHED, WORKED, REFUSED, LIED, INNOCENT, ODD };

static int fail_fd = -1;
static const char *kind;
static int nth;

static void arm(void)
{
	char text[32];
	int n = snprintf(text, sizeof(text), "%s %d", kind, nth);

	errno = 0;
	if (pwrite(fail_fd, text, (size_t)n, 0) != n)
		_exit(99);
}

/* Ends the counting and keeps errno; how many there were. */
static int disarm(void)
{
	static int seen = -1;
	char text[64] = "";
	int kept = errno;

	if (seen < 0) {
		pread(fail_fd, text, sizeof(text) - 1, 0);
		pwrite(fail_fd, "off", 3, 0);
		seen = atoi(strstr(text, "seen") ? strstr(text, "seen") + 5 : "0");
	}
	errno = kept;
	return seen;
}

static bool exec_untouched;

/* The calls in question, between arm() and disarm(): their last result. */
#define TRY(call)                                                                                  \
	({                                                                                         \
		arm();                                                                             \
		long r_ = (long)(call);                                                            \
		disarm();                                                                          \
		r_;                                                                                \
	})
/* For the usual scenario: an error ends it. */
#define DO(call)                                                                                   \
	({                                                                                         \
		long result_ = TRY(call);                                                          \
		if (result_ < 0)                                                                   \
			return errno;                                                              \
		result_;                                                                           \
	})
#define EXPECT(condition)                                                                          \
	do {                                                                                       \
		if (!(condition))                                                                  \
			return WRONG;                                                              \
	} while (0)

/* Each returns 0, the errno of what failed, or WRONG. */
struct scenario {
	const char *name;
	int (*run)(void);
};

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

static int run_mmap(void)
{
	char *p = (char *)DO(mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE,
				  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));

	p[0] = p[(1 << 20) - 1] = 1;
	return 0;
}

static int run_mmap_populate(void)
{
	char *p = (char *)DO(mmap(NULL, 1 << 18, PROT_READ | PROT_WRITE,
				  MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0));

	p[0] = 1;
	return 0;
}

static int run_mmap_file(void)
{
	int fd = must(open("mapped", O_CREAT | O_TRUNC | O_RDWR, 0600));
	char *p;

	must(ftruncate(fd, 8192));
	p = (char *)DO(mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0));
	p[5000] = 'm';
	EXPECT(pread(fd, p, 1, 5000) == 1 && p[0] == 'm');
	return 0;
}

static char *two_pages(void)
{
	char *p = mmap(NULL, 65536, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		_exit(98);
	memset(p, 1, 65536);
	return p;
}

static int run_mprotect(void)
{
	char *p = two_pages();

	DO(mprotect(p + 8192, 4096, PROT_READ));
	p[0] = p[16384] = 2;
	EXPECT(p[8192] == 1);
	return 0;
}

static int run_munmap(void)
{
	char *p = two_pages();

	DO(munmap(p + 8192, 4096));
	p[0] = p[16384] = 2;
	EXPECT(msync(p + 8192, 4096, MS_ASYNC) < 0 && errno == ENOMEM);
	return 0;
}

static int run_mremap(void)
{
	char *p = two_pages();

	p = (char *)DO(mremap(p, 65536, 1 << 20, MREMAP_MAYMOVE));
	EXPECT(p[65535] == 1 && p[65536] == 0);
	return 0;
}

static int run_touch(void)
{
	char *p = mmap(NULL, 65536, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	arm();
	for (int i = 0; i < 65536; i += 4096)
		p[i] = 1;
	disarm();
	return 0;
}

static int run_copy_on_write(void)
{
	char *p = two_pages();
	pid_t pid = fork();

	if (!pid) {
		pause();
		_exit(0);
	}
	arm();
	for (int i = 0; i < 65536; i += 4096)
		p[i] = 2;
	disarm();
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	return 0;
}

static int run_mlock(void)
{
	char *p = mmap(NULL, 65536, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	DO(mlock(p, 65536));
	return 0;
}

static int run_fork(void)
{
	char *p = two_pages();
	int status = -1;
	pid_t pid;

	arm();
	pid = (pid_t)syscall(SYS_fork);
	if (pid == 0)
		_exit(p[65535] == 1 ? 7 : 8);
	disarm();
	if (pid < 0)
		return errno;
	EXPECT(waitpid(pid, &status, 0) == pid);
	EXPECT((WIFEXITED(status) && WEXITSTATUS(status) == 7) || WIFSIGNALED(status));
	return 0;
}

/* The plan is the thread's own, so it outlives exec: the new program says how far it came. */
HELPER(fail_exec)
{
	char text[64] = "";
	int fd, n = 0, all = 0;

	if (argc != 2)
		return 8;
	/* This may be what fails, but only once. */
	for (int tries = 0; tries < 2; tries++) {
		fd = open(FAIL, O_RDONLY);
		if (fd >= 0 && read(fd, text, sizeof(text) - 1) > 0)
			break;
	}
	sscanf(text, "alloc %d seen %d", &n, &all);
	return all < n ? 7 : 6;
}

static int run_exec(void)
{
	int status = -1;
	pid_t pid = fork();

	if (!pid) {
		arm();
		execl(tap_self, tap_self, "--as", "fail_exec", "one", "two", NULL);
		_exit(errno == ENOMEM ? 9 : errno);
	}
	EXPECT(waitpid(pid, &status, 0) == pid);
	exec_untouched = WIFEXITED(status) && WEXITSTATUS(status) == 7;
	if (WIFEXITED(status) && WEXITSTATUS(status) == 9)
		return ENOMEM;
	if (WIFEXITED(status) && WEXITSTATUS(status) != 7 && WEXITSTATUS(status) != 6)
		diag("exec: status %d", WEXITSTATUS(status));
	/* What fails behind the point of no return kills. */
	EXPECT((WIFEXITED(status) && (WEXITSTATUS(status) == 7 || WEXITSTATUS(status) == 6)) ||
	       WIFSIGNALED(status));
	return 0;
}

static void *thread_body(void *argument)
{
	return argument;
}

static int run_thread(void)
{
	pthread_t thread;
	void *result = NULL;

	errno = (int)TRY(pthread_create(&thread, NULL, thread_body, (void *)7));
	if (errno)
		return errno == EAGAIN ? ENOMEM : errno;
	EXPECT(!pthread_join(thread, &result) && result == (void *)7);
	return 0;
}

static int run_epoll(void)
{
	struct epoll_event event = {.events = EPOLLOUT, .data.u32 = 5};
	int fd[2], ep;

	must(pipe(fd));
	arm();
	ep = epoll_create1(0);
	if (ep < 0 || epoll_ctl(ep, EPOLL_CTL_ADD, fd[1], &event) < 0 ||
	    epoll_wait(ep, &event, 1, 1000) < 0) {
		disarm();
		return errno;
	}
	disarm();
	EXPECT(event.data.u32 == 5);
	return 0;
}

static int run_eventfd(void)
{
	DO(eventfd(0, 0));
	return 0;
}

static int run_timerfd(void)
{
	struct itimerspec when = {.it_value.tv_nsec = 1000000};
	uint64_t n = 0;
	int fd = (int)DO(timerfd_create(CLOCK_MONOTONIC, 0));

	EXPECT(!timerfd_settime(fd, 0, &when, NULL) && read(fd, &n, 8) == 8 && n >= 1);
	return 0;
}

static int run_signalfd(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	DO(signalfd(-1, &set, 0));
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

static int run_poll(void)
{
	struct pollfd p[200];

	for (int i = 0; i < 200; i++)
		p[i] = (struct pollfd){.fd = 1, .events = POLLOUT};
	EXPECT(DO(poll(p, 200, 0)) == 200);
	return 0;
}

static int run_select(void)
{
	struct timeval now = {0};
	fd_set set;
	int fd[2];

	must(pipe(fd));
	FD_ZERO(&set);
	FD_SET(fd[1], &set);
	EXPECT(DO(select(fd[1] + 1, NULL, &set, NULL, &now)) == 1);
	return 0;
}

static int run_timer(void)
{
	struct sigevent event = {.sigev_notify = SIGEV_NONE};
	timer_t timer;

	errno = 0;
	DO(timer_create(CLOCK_MONOTONIC, &event, &timer));
	EXPECT(!timer_delete(timer));
	return 0;
}

static int run_sigqueue(void)
{
	sigset_t set;
	siginfo_t info;

	sigemptyset(&set);
	sigaddset(&set, SIGRTMIN);
	sigprocmask(SIG_BLOCK, &set, NULL);
	DO(sigqueue(getpid(), SIGRTMIN, (union sigval){.sival_int = 3}));
	EXPECT(sigwaitinfo(&set, &info) == SIGRTMIN && info.si_value.sival_int == 3);
	return 0;
}

/* A signal sent by kill(2) arrives even if there is no memory for what belongs to it. */
static int run_kill(void)
{
	sigset_t set, pending;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, NULL);
	DO(kill(getpid(), SIGUSR1));
	sigpending(&pending);
	EXPECT(sigismember(&pending, SIGUSR1));
	return 0;
}

static int run_futex(void)
{
	static int word = 5;
	struct timespec soon = {.tv_nsec = 1000000};

	if (TRY(syscall(SYS_futex, &word, 0, 5, &soon, NULL, 0)) < 0 && errno != ETIMEDOUT)
		return errno;
	return 0;
}

static int run_memfd(void)
{
	int fd = (int)DO(syscall(SYS_memfd_create, "memory", 0));

	EXPECT(write(fd, "m", 1) == 1);
	return 0;
}

static int run_ptmx(void)
{
	DO(open("/dev/ptmx", O_RDWR | O_NOCTTY));
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

static int run_setgroups(void)
{
	gid_t groups[3] = {5, 6, 7}, got[8];

	DO(syscall(SYS_setgroups, 3, groups));
	EXPECT(getgroups(8, got) == 3 && got[2] == 7);
	return 0;
}

static int run_setuid(void)
{
	DO(syscall(SYS_setuid, 1000));
	EXPECT(getuid() == 1000 && geteuid() == 1000);
	return 0;
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

static int run_pidfd(void)
{
	DO(syscall(SYS_pidfd_open, getpid(), 0));
	return 0;
}

static int run_fifo(void)
{
	unlink("fifo");
	must(mkfifo("fifo", 0600));
	DO(open("fifo", O_RDWR));
	return 0;
}

static int run_sched(void)
{
	cpu_set_t set;

	DO(sched_getaffinity(0, sizeof(set), &set));
	EXPECT(!sched_setaffinity(0, sizeof(set), &set));
	return 0;
}

static int run_statfs(void)
{
	struct statvfs st;

	DO(statvfs(".", &st));
	return 0;
}

static const struct scenario memory_scenarios[] = {
	{"pipe", run_pipe}, {"pipe, write", run_pipe_write}, {"dup to a high number", run_dup},
	{"open", run_open}, {"create", run_create}, {"mkdir", run_mkdir}, {"unlink", run_unlink},
	{"rename", run_rename}, {"link", run_link}, {"symlink", run_symlink},
	{"lookup", run_lookup}, {"getdents64", run_readdir}, {"write", run_write},
	{"read", run_read}, {"ftruncate", run_truncate}, {"writev", run_readv},
	{"sendfile", run_sendfile}, {"mmap", run_mmap}, {"mmap, populated", run_mmap_populate},
	{"mmap of a file", run_mmap_file}, {"mprotect", run_mprotect}, {"munmap", run_munmap},
	{"mremap", run_mremap}, {"page fault", run_touch}, {"copy on write", run_copy_on_write},
	{"mlock", run_mlock}, {"fork", run_fork}, {"exec", run_exec}, {"thread", run_thread},
	{"epoll", run_epoll}, {"eventfd", run_eventfd}, {"timerfd", run_timerfd},
	{"signalfd", run_signalfd}, {"inotify", run_inotify}, {"poll", run_poll},
	{"select", run_select}, {"timer_create", run_timer}, {"sigqueue", run_sigqueue},
	{"kill", run_kill}, {"futex", run_futex}, {"memfd_create", run_memfd},
	{"open of a terminal", run_ptmx}, {"maps", run_maps}, {"status", run_status},
	{"meminfo", run_meminfo}, {"mountinfo", run_mounts}, {"setgroups", run_setgroups},
	{"setuid", run_setuid}, {"getcwd", run_getcwd}, {"mount", run_mount}, {"lock", run_lock},
	{"flock", run_flock}, {"splice", run_splice}, {"pidfd_open", run_pidfd},
	{"fifo", run_fifo}, {"affinity", run_sched}, {"statfs", run_statfs},
};

/* Disks: what must be read again, since nothing is cached, and what must be written now. */
static void drop_caches(void)
{
	int fd = open("/proc/sys/vm/drop_caches", O_WRONLY);

	sync();
	if (fd >= 0) {
		write(fd, "3", 1);
		close(fd);
	}
}

static int run_disk_read(void)
{
	static char in[40000];
	int fd = must(open("on disk", O_CREAT | O_TRUNC | O_RDWR, 0600));
	long n;

	memset(in, 'd', sizeof(in));
	must(write(fd, in, sizeof(in)));
	must(fsync(fd));
	drop_caches();
	memset(in, 0, sizeof(in));
	n = DO(pread(fd, in, sizeof(in), 0));
	EXPECT(n > 0 && in[0] == 'd' && in[n - 1] == 'd');
	return 0;
}

static int run_disk_names(void)
{
	struct stat st;

	close(open("name on disk", O_CREAT | O_RDWR, 0600));
	drop_caches();
	DO(stat("name on disk", &st));
	EXPECT(S_ISREG(st.st_mode));
	return 0;
}

static const struct scenario disk_scenarios[] = {
	{"read", run_disk_read},
	{"lookup", run_disk_names},
};

static bool error_fits(int error)
{
	if (!strcmp(kind, "disk"))
		return error == EIO;
	return error == ENOMEM || error == ENFILE || error == EAGAIN || error == ENOBUFS ||
	       error == ENOSPC;
}

static enum outcome run_once(const struct scenario *s)
{
	int result = s->run();
	int seen = s->run == run_exec ? (exec_untouched ? 0 : nth) : disarm();

	if (result == WRONG)
		return LIED;
	if (result == 0)
		return seen < nth ? UNTOUCHED : WORKED;
	if (seen < nth)
		return result == ENOSYS || result == EINVAL ? UNTOUCHED : INNOCENT;
	if (!error_fits(result)) {
		diag("%s: the %dth fails it with errno %d (%s)", s->name, nth, result,
		     strerror(result));
		return ODD;
	}
	return REFUSED;
}

/* Goes through n: whether all went well. */
static bool run_scenario(const struct scenario *s)
{
	static const char *const outcomes[] = {
		[LIED] = "says that it worked, and it did not",
		[INNOCENT] = "fails with nothing failing",
		[ODD] = "fails with another error",
	};

	for (nth = 1; nth <= MOST; nth++) {
		int status = -1;
		pid_t pid = fork();

		if (pid == 0)
			_exit(run_once(s));
		if (pid < 0 || waitpid(pid, &status, 0) != pid)
			return false;
		if (WIFSIGNALED(status) && WTERMSIG(status) != SIGALRM)
			continue;
		if (!WIFEXITED(status) || WEXITSTATUS(status) > ODD)
			return false;
		if (WEXITSTATUS(status) == UNTOUCHED) {
			diag("%s: %d", s->name, nth - 1);
			return true;
		}
		if (WEXITSTATUS(status) >= LIED) {
			diag("%s: the %dth: %s", s->name, nth, outcomes[WEXITSTATUS(status)]);
			return false;
		}
	}
	return false;
}

static bool prepare(const char *what)
{
	fail_fd = open(FAIL, O_RDWR);
	kind = what;
	if (fail_fd < 0)
		skip(what, "not a debug kernel");
	return fail_fd >= 0;
}

static int leaks(void)
{
	int fd = open(MEMLEAK, O_RDWR), n = 0;
	const char *at;

	if (fd < 0)
		return 0;
	write(fd, "scan", 4);
	close(fd);
	at = tap_read(MEMLEAK);
	while ((at = strstr(at, "unreferenced"))) {
		n++;
		at++;
	}
	return n;
}

TEST(memory)
{
	int before, after;

	if (!prepare("alloc"))
		return;
	before = leaks();
	for (size_t i = 0; i < sizeof(memory_scenarios) / sizeof(*memory_scenarios); i++)
		ok(run_scenario(&memory_scenarios[i]), "%s", memory_scenarios[i].name);
	after = leaks();
	if (!ok(after <= before, "nothing is forgotten"))
		diag("%d objects are unreachable, %d were:\n%s", after, before, tap_read(MEMLEAK));
	close(fail_fd);
}

TEST(disk)
{
	if (!prepare("disk"))
		return;
	for (size_t i = 0; i < sizeof(disk_scenarios) / sizeof(*disk_scenarios); i++)
		ok(run_scenario(&disk_scenarios[i]), "%s", disk_scenarios[i].name);
	close(fail_fd);
}
