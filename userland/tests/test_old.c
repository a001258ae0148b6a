/* System calls in the form that C libraries have left for newer ones, by their own numbers: what
 * libc calls by these names goes elsewhere, into eventfd2(2) or the vDSO. */
#include "tap.h"

#include <dirent.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/times.h>
#include <time.h>

TEST(descriptors)
{
	uint64_t word = 0;
	long fd = must(syscall(SYS_eventfd, 3));

	is(fcntl(fd, F_GETFD), 0, "eventfd: not closed by exec");
	is(read(fd, &word, 8), 8, "eventfd: read");
	is(word, 3, "eventfd: the count");
	close(fd);
	fd = syscall(SYS_inotify_init);
	works(fd, "inotify_init");
	is(fcntl(fd, F_GETFL) & O_ACCMODE, O_RDONLY, "inotify_init: for reading");
	is(fcntl(fd, F_GETFL) & O_NONBLOCK, 0, "inotify_init: blocks");
	close(fd);
	fd = syscall(SYS_epoll_create, 1);
	works(fd, "epoll_create");
	is(fcntl(fd, F_GETFD), 0, "epoll_create: not closed by exec");
	close(fd);
	fails(syscall(SYS_epoll_create, 0), EINVAL, "epoll_create of size 0");
	fails(syscall(SYS_epoll_create, -1), EINVAL, "epoll_create of size -1");
}

TEST(signalfd)
{
	uint64_t set = 1ull << (SIGUSR1 - 1);
	char info[128];
	long fd;

	must(syscall(SYS_rt_sigprocmask, SIG_BLOCK, &set, NULL, 8));
	fd = syscall(SYS_signalfd, -1, &set, 8);
	works(fd, "signalfd");
	is(fcntl(fd, F_GETFD), 0, "not closed by exec");
	must(kill(getpid(), SIGUSR1));
	is(read(fd, info, sizeof(info)), sizeof(info), "a signal is read");
	is(*(uint32_t *)info, SIGUSR1, "that one");
	set = 1ull << (SIGUSR2 - 1);
	is(syscall(SYS_signalfd, fd, &set, 8), fd, "the descriptor is given another set");
	fails(syscall(SYS_signalfd, 0, &set, 8), EINVAL, "not a signalfd");
	fails(syscall(SYS_signalfd, 999, &set, 8), EBADF, "no file");
	fails(syscall(SYS_signalfd, -1, &set, 4), EINVAL, "a set of another size");
	fails(syscall(SYS_signalfd, -1, BAD, 8), EFAULT, "no set");
}

TEST(names)
{
	char buf[1024];
	long fd = syscall(SYS_creat, "f", 0600), n;

	works(fd, "creat");
	is(fcntl(fd, F_GETFL) & O_ACCMODE, O_WRONLY, "creat: for writing");
	close(fd);
	fails(syscall(SYS_creat, BAD, 0600), EFAULT, "creat: no name");
	is(syscall(SYS_mknod, "n", S_IFREG | 0600, 0), 0, "mknod");
	is(syscall(SYS_mknodat, AT_FDCWD, "n2", S_IFREG | 0600, 0), 0, "mknodat");
	is(syscall(SYS_symlinkat, "f", AT_FDCWD, "l"), 0, "symlinkat");
	is(syscall(SYS_readlinkat, AT_FDCWD, "l", buf, sizeof(buf)), 1, "readlinkat");
	is(syscall(SYS_fchmodat, AT_FDCWD, "n", 0400), 0, "fchmodat");
	is(syscall(SYS_linkat, AT_FDCWD, "f", AT_FDCWD, "g", 0), 0, "linkat");
	is(syscall(SYS_renameat, AT_FDCWD, "g", AT_FDCWD, "h"), 0, "renameat");
	is(syscall(SYS_mkdirat, AT_FDCWD, "d", 0700), 0, "mkdirat");
	is(syscall(SYS_unlinkat, AT_FDCWD, "d", AT_REMOVEDIR), 0, "unlinkat");
	fd = must(open(".", O_RDONLY | O_DIRECTORY));
	n = syscall(SYS_getdents, fd, buf, sizeof(buf));
	ok(n > 0 && *(uint16_t *)(buf + 16) <= n, "getdents");
	must(lseek(fd, 0, SEEK_SET));
	fails(syscall(SYS_getdents, fd, buf, 1), EINVAL, "getdents: no room");
	fails(syscall(SYS_getdents, 999, buf, sizeof(buf)), EBADF, "getdents: no file");
}

TEST(stamps)
{
	struct timeval times[2] = {{1000, 0}, {2000, 500000}};
	long old[2] = {3000, 4000};
	struct stat st;

	close(tap_file("f", ""));
	is(syscall(SYS_utime, "f", old), 0, "utime");
	must(stat("f", &st));
	is(st.st_atime, 3000, "utime: when it was read");
	is(st.st_mtime, 4000, "utime: when it was written");
	is(syscall(SYS_utimes, "f", times), 0, "utimes");
	must(stat("f", &st));
	is(st.st_mtim.tv_nsec, 500000000, "utimes: microseconds");
	is(syscall(SYS_futimesat, AT_FDCWD, "f", times), 0, "futimesat");
	times[1].tv_usec = 1000000;
	fails(syscall(SYS_utimes, "f", times), EINVAL, "utimes: a million microseconds");
	fails(syscall(SYS_utime, "f", BAD), EFAULT, "utime: no times");
	fails(syscall(SYS_futimesat, AT_FDCWD, "none", NULL), ENOENT, "futimesat: no file");
}

TEST(clocks)
{
	struct timespec t = {0}, before, after;
	struct timeval tv = {0};
	struct tms tms;
	unsigned cpu = 99, node = 99;
	long now;

	is(syscall(SYS_clock_gettime, CLOCK_REALTIME, &before), 0, "clock_gettime");
	is(syscall(SYS_gettimeofday, &tv, NULL), 0, "gettimeofday");
	now = syscall(SYS_time, NULL);
	is(syscall(SYS_clock_gettime, CLOCK_REALTIME, &after), 0, "clock_gettime again");
	ok(tv.tv_sec >= before.tv_sec && tv.tv_sec <= after.tv_sec, "gettimeofday tells the same");
	ok(now >= before.tv_sec - 1 && now <= after.tv_sec, "so does time");
	fails(syscall(SYS_gettimeofday, BAD, NULL), EFAULT, "gettimeofday: no place");
	fails(syscall(SYS_time, BAD), EFAULT, "time: no place");
	fails(syscall(SYS_clock_gettime, CLOCK_MONOTONIC, BAD), EFAULT, "clock_gettime: no place");
	fails(syscall(SYS_clock_gettime, 99, &t), EINVAL, "clock_gettime: no clock");
	is(syscall(SYS_clock_getres, CLOCK_MONOTONIC, &t), 0, "clock_getres");
	is(t.tv_nsec, 1, "clock_getres: a nanosecond");
	ok(syscall(SYS_times, &tms) != -1, "times");
	is(syscall(SYS_getcpu, &cpu, &node, NULL), 0, "getcpu");
	ok(cpu < 64 && node == 0, "getcpu: one of them");
	fails(syscall(SYS_getcpu, BAD, NULL, NULL), EFAULT, "getcpu: no place");
}

TEST(processes)
{
	struct rlimit limit = {0}, less;

	is(syscall(SYS_getpgrp), getpgid(0), "getpgrp");
	is(syscall(SYS_alarm, 100), 0, "alarm");
	is(syscall(SYS_alarm, 0), 100, "alarm: what was left, rounded");
	is(syscall(SYS_getrlimit, RLIMIT_CORE, &limit), 0, "getrlimit");
	less = limit;
	less.rlim_cur = 0;
	is(syscall(SYS_setrlimit, RLIMIT_CORE, &less), 0, "setrlimit");
	is(syscall(SYS_getrlimit, RLIMIT_CORE, &limit), 0, "getrlimit again");
	is(limit.rlim_cur, 0, "the new limit");
	fails(syscall(SYS_getrlimit, 99, &limit), EINVAL, "getrlimit of nothing");
	fails(syscall(SYS_setrlimit, RLIMIT_CORE, BAD), EFAULT, "setrlimit: no limit");
}
