/* Processes: fork, vfork, clone, rusage, pidfds, identity of processes. */
#include "tap.h"
#include <sched.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>

TEST(fork)
{
	int p[2], value = 1, status;
	pid_t pid, told = 0;

	must(pipe(p));
	pid = fork();
	if (pid == 0) {
		value = 2;
		pid_t me = getpid();
		_exit(write(p[1], &me, sizeof(me)) != sizeof(me));
	}
	ok(pid > 0, "fork");
	must(read(p[0], &told, sizeof(told)));
	is(told, pid, "the child's getpid is what fork returned");
	is(waitpid(pid, &status, 0), pid, "waitpid");
	is(status, 0, "exit status");
	is(value, 1, "memory is not shared");
	fails(waitpid(pid, &status, 0), ECHILD, "it is gone");
	fails(waitpid(-1, &status, 0), ECHILD, "there is none");
}

static int tell_parent(void *argument)
{
	return write(*(int *)argument, &(pid_t){getppid()}, sizeof(pid_t)) != sizeof(pid_t);
}

TEST(inherits)
{
	int p[2], fd = tap_file("f", "0123456789");
	pid_t pid, parent = 0;
	char c;

	must(pipe(p));
	exits(tap_spawn(tell_parent, &p[1]), 0, "child");
	must(read(p[0], &parent, sizeof(parent)));
	is(parent, getpid(), "getppid");
	pid = must(fork());
	if (pid == 0)
		_exit(read(fd, &c, 1) != 1);
	exits(pid, 0, "a child reads");
	is(lseek(fd, 0, SEEK_CUR), 1, "open files are shared with their position");
	umask(0123);
	pid = must(fork());
	if (pid == 0)
		_exit(umask(0) != 0123);
	exits(pid, 0, "umask is inherited");
	is(umask(022), 0123, "and not shared");
}

TEST(vfork)
{
	volatile int value = 1;
	int status;
	pid_t pid = vfork();

	if (pid == 0) {
		value = 2;
		_exit(3);
	}
	is(value, 2, "the child of vfork shares memory, and has run");
	must(waitpid(pid, &status, 0));
	is(WEXITSTATUS(status), 3, "status");
	pid = vfork();
	if (pid == 0) {
		execl("/bin/sh", "sh", "-c", "exit 5", NULL);
		_exit(1);
	}
	exits(pid, 5, "vfork and exec");
}

TEST(clone)
{
	pid_t parent_tid = 0, *child_tid = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
						MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int status;
	long pid;

	pid = syscall(SYS_clone, CLONE_PARENT_SETTID | CLONE_CHILD_SETTID | SIGCHLD, 0l,
		      &parent_tid, child_tid, 0l);
	if (pid == 0)
		_exit(*child_tid != getpid());
	is(parent_tid, pid, "CLONE_PARENT_SETTID");
	exits(pid, 0, "CLONE_CHILD_SETTID");
	pid = syscall(SYS_clone, 0l, 0l, NULL, NULL, 0l);
	if (pid == 0)
		_exit(9);
	fails(waitpid(pid, &status, 0), ECHILD, "a child without SIGCHLD is no ordinary one");
	is(waitpid(pid, &status, __WCLONE), pid, "__WCLONE");
	pid = syscall(SYS_clone, CLONE_FILES | CLONE_FS | SIGCHLD, 0l, NULL, NULL, 0l);
	if (pid == 0) {
		close(77);
		dup2(0, 78);
		umask(0111);
		_exit(0);
	}
	exits(pid, 0, "CLONE_FILES and CLONE_FS");
	works(fcntl(78, F_GETFD), "descriptors are shared");
	is(umask(022), 0111, "so is the umask");
	fails(syscall(SYS_clone, CLONE_SIGHAND | SIGCHLD, 0l, NULL, NULL, 0l), EINVAL,
	      "CLONE_SIGHAND without CLONE_VM");
	fails(syscall(SYS_clone, CLONE_THREAD | SIGCHLD, 0l, NULL, NULL, 0l), EINVAL,
	      "CLONE_THREAD without CLONE_SIGHAND");
}

TEST(clone3)
{
	struct {
		uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls,
			set_tid, set_tid_size, cgroup;
	} args = {.exit_signal = SIGCHLD};
	long pid = syscall(SYS_clone3, &args, sizeof(args));

	if (pid == 0)
		_exit(4);
	exits(pid, 4, "clone3");
	fails(syscall(SYS_clone3, BAD, sizeof(args)), EFAULT, "bad pointer");
	fails(syscall(SYS_clone3, &args, 8l), EINVAL, "a structure too short");
	args.exit_signal = 200;
	fails(syscall(SYS_clone3, &args, sizeof(args)), EINVAL, "no such signal");
}

static int not_privileged(void *argument)
{
	return syscall(SYS_clone3, argument, 88l) >= 0 || errno != EPERM;
}

TEST(set_tid)
{
	struct {
		uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls,
			set_tid, set_tid_size, cgroup;
	} args = {.exit_signal = SIGCHLD, .set_tid_size = 1};
	int tid = 31234;
	long pid;

	fails(syscall(SYS_clone3, &args, sizeof(args)), EINVAL, "a size without numbers");
	args.set_tid = (uintptr_t)&tid;
	pid = syscall(SYS_clone3, &args, sizeof(args));
	if (pid == 0)
		_exit(getpid() == 31234 ? 5 : 6);
	is(pid, 31234, "a number of one's choice");
	fails(syscall(SYS_clone3, &args, sizeof(args)), EEXIST, "it is in use");
	exits((pid_t)pid, 5, "it sees it, too");
	pid = fork();
	if (pid == 0)
		_exit(0);
	ok(pid != 31235, "the others go on where they were");
	exits((pid_t)pid, 0, "an ordinary child");
	is(tap_as_user(not_privileged, &args), 0, "not for everybody");
	tid = 0;
	fails(syscall(SYS_clone3, &args, sizeof(args)), EINVAL, "no number");
	tid = -5;
	fails(syscall(SYS_clone3, &args, sizeof(args)), EINVAL, "below nought");
	tid = 1;
	fails(syscall(SYS_clone3, &args, sizeof(args)), EEXIST, "init's");
	args.set_tid_size = 0;
	fails(syscall(SYS_clone3, &args, sizeof(args)), EINVAL, "numbers without a size");
	args.set_tid_size = 33;
	fails(syscall(SYS_clone3, &args, sizeof(args)), EINVAL, "too many");
	args.set_tid_size = 1;
	args.set_tid = (uintptr_t)BAD;
	fails(syscall(SYS_clone3, &args, sizeof(args)), EFAULT, "a bad pointer");
}

TEST(usage)
{
	struct rusage usage;
	int status;
	pid_t pid;
	volatile long spin = 0;
	char *memory = malloc(2 << 20);

	memset(memory, 1, 2 << 20);
	pid = must(fork());
	if (pid == 0) {
		int64_t end = tap_now() + 300000000;

		while (tap_now() < end)
			spin++;
		_exit(0);
	}
	is(wait4(pid, &status, 0, &usage), pid, "wait4");
	ok(usage.ru_utime.tv_sec * 1000000 + usage.ru_utime.tv_usec +
			   usage.ru_stime.tv_sec * 1000000 + usage.ru_stime.tv_usec >=
		   20000,
	   "the child's time");
	works(getrusage(RUSAGE_CHILDREN, &usage), "RUSAGE_CHILDREN");
	ok(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec > 0 || usage.ru_utime.tv_sec > 0,
	   "has it, too");
	works(getrusage(RUSAGE_SELF, &usage), "RUSAGE_SELF");
	ok(usage.ru_maxrss > 0, "memory");
	ok(usage.ru_minflt > 0, "faults");
	fails(getrusage(77, &usage), EINVAL, "unknown who");
	fails(syscall(SYS_getrusage, 0, BAD), EFAULT, "bad pointer");
}

/* wait4() tells of those, too, that the child has waited for. */
TEST(usage_of_grandchildren)
{
	struct rusage usage;
	volatile long spin = 0;
	int status;
	pid_t pid = must(fork());

	if (pid == 0) {
		int64_t end = tap_now() + 300000000;
		pid_t grandchild = fork();

		if (grandchild == 0)
			while (tap_now() < end)
				spin++;
		else
			waitpid(grandchild, NULL, 0);
		_exit(0);
	}
	is(wait4(pid, &status, 0, &usage), pid, "wait4");
	ok(usage.ru_utime.tv_sec * 1000000 + usage.ru_utime.tv_usec +
			   usage.ru_stime.tv_sec * 1000000 + usage.ru_stime.tv_usec >=
		   20000,
	   "the grandchild's time");
}

TEST(pidfd)
{
	siginfo_t info;
	pid_t pid = tap_spawn(tap_forever, NULL);
	int fd = syscall(SYS_pidfd_open, pid, 0);

	works(fd, "pidfd_open");
	is(fcntl(fd, F_GETFD), FD_CLOEXEC, "close-on-exec");
	works(syscall(SYS_pidfd_send_signal, fd, SIGTERM, NULL, 0), "pidfd_send_signal");
	works(waitid(3, fd, &info, WEXITED), "waitid by pidfd");
	is(info.si_status, SIGTERM, "status");
	fails(syscall(SYS_pidfd_send_signal, fd, 0, NULL, 0), ESRCH, "gone");
	fails(syscall(SYS_pidfd_open, 999999, 0), ESRCH, "no such process");
	fails(syscall(SYS_pidfd_open, -1, 0), EINVAL, "a negative one");
}

TEST(pidfd_of_proc)
{
	pid_t pid = tap_spawn(tap_forever, NULL);
	char path[64];
	int fd, task, status;

	snprintf(path, sizeof(path), "/proc/%d", pid);
	works(fd = open(path, O_RDONLY | O_DIRECTORY), "the directory of a process");
	snprintf(path, sizeof(path), "/proc/%d/task/%d", pid, pid);
	works(task = open(path, O_RDONLY | O_DIRECTORY), "that of its thread");
	fails(syscall(SYS_pidfd_send_signal, task, 0, NULL, 0), EBADF, "stands for no process");
	snprintf(path, sizeof(path), "/proc/%d", pid);
	close(task);
	works(task = open(path, O_PATH), "by O_PATH");
	fails(syscall(SYS_pidfd_send_signal, task, 0, NULL, 0), EBADF, "neither");
	fails(syscall(SYS_pidfd_send_signal, open("/proc", O_RDONLY), 0, NULL, 0), EBADF, "/proc");
	works(syscall(SYS_pidfd_send_signal, fd, 0, NULL, 0), "signal 0");
	works(syscall(SYS_pidfd_send_signal, fd, SIGTERM, NULL, 0), "SIGTERM");
	is(waitpid(pid, &status, 0), pid, "waitpid");
	is(WTERMSIG(status), SIGTERM, "ended by it");
	fails(syscall(SYS_pidfd_send_signal, fd, 0, NULL, 0), ESRCH, "gone");
	fails(waitid(3, fd, NULL, WEXITED), EBADF, "waitid takes pidfds only");
}

TEST(prctl)
{
	char name[17] = "";

	works(prctl(PR_SET_NAME, "a-name-longer-than-fits"), "PR_SET_NAME");
	works(prctl(PR_GET_NAME, name), "PR_GET_NAME");
	is_text(name, "a-name-longer-t", "15 bytes of it");
	ok(strstr(tap_read("/proc/self/comm"), "a-name-longer-t\n") != NULL, "/proc/self/comm");
	fails(prctl(PR_SET_NAME, BAD), EFAULT, "bad pointer");
	fails(prctl(PR_SET_PDEATHSIG, 200), EINVAL, "PR_SET_PDEATHSIG: no such signal");
	works(prctl(PR_SET_PDEATHSIG, SIGTERM), "PR_SET_PDEATHSIG");
	int sig = 0;
	works(prctl(PR_GET_PDEATHSIG, &sig), "PR_GET_PDEATHSIG");
	is(sig, SIGTERM, "the signal");
	works(prctl(PR_SET_DUMPABLE, 0), "PR_SET_DUMPABLE");
	is(prctl(PR_GET_DUMPABLE), 0, "PR_GET_DUMPABLE");
	works(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "PR_SET_NO_NEW_PRIVS");
	is(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0), 1, "PR_GET_NO_NEW_PRIVS");
	fails(prctl(987654), EINVAL, "unknown option");
}

TEST(pids)
{
	ok(getpid() > 0 && getppid() > 0, "getpid, getppid");
	is(syscall(SYS_gettid), getpid(), "gettid of the first thread");
	is(syscall(SYS_set_tid_address, NULL), getpid(), "set_tid_address");
	ok(syscall(SYS_getpgid, 0) == getpgrp(), "getpgid");
	fails(getpgid(999999), ESRCH, "getpgid of nobody");
	fails(getsid(999999), ESRCH, "getsid of nobody");
}

/* Without leaving anything: memory is about what it was. */
TEST(thousand)
{
	int bad = 0;

	for (int i = 0; i < 1000; i++) {
		int status = -1;
		pid_t pid = fork();

		if (pid == 0)
			_exit(i % 100);
		bad += pid < 0 || waitpid(pid, &status, 0) != pid || status != i % 100 << 8;
	}
	is(bad, 0, "1,000 rounds of fork, exit and wait");
}

static int storm(void *argument)
{
	struct rlimit limit = {30, 30};
	pid_t pids[64];
	int n = 0;

	must(setrlimit(RLIMIT_NPROC, &limit));
	while (n < 64 && (pids[n] = fork()) >= 0)
		if (pids[n++] == 0)
			tap_forever(argument);
	ok(n < 30 && n > 0 && errno == EAGAIN, "fork fails with EAGAIN at RLIMIT_NPROC");
	for (int i = 0; i < n; i++) {
		kill(pids[i], SIGKILL);
		waitpid(pids[i], NULL, 0);
	}
	pids[0] = fork();
	if (pids[0] == 0)
		_exit(0);
	exits(pids[0], 0, "and works again once they are gone");
	return 0;
}

TEST(limit)
{
	if (!tap_root())
		return skip("RLIMIT_NPROC", "not root");
	is(tap_as_user(storm, NULL), 0, "the user ends well");
}

/* In a child that shares descriptors and directories with its parent, until it asks for its own. */
static int leave_shared(void *argument)
{
	int fd = *(int *)argument;

	if (chdir("/proc") || close(fd))
		return 1;
	if (unshare(CLONE_FS | CLONE_FILES | CLONE_SYSVSEM))
		return 2;
	if (chdir("/dev") || open("/dev/null", O_RDONLY) != fd)
		return 3;
	return unshare(CLONE_VM) == 0 ? 4 : 0;
}

TEST(unshare)
{
	static char stack[65536] __attribute__((aligned(16)));
	int fd = must(open("/dev/zero", O_RDONLY)), status;
	char cwd[100];
	pid_t pid = must(clone(leave_shared, stack + sizeof(stack),
			       CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_VFORK | SIGCHLD, &fd));

	must(waitpid(pid, &status, 0));
	is(status, 0, "a child leaves what it shared, but not the memory");
	is_text(getcwd(cwd, sizeof(cwd)), "/proc", "its directory was shared before, not after");
	fails(fcntl(fd, F_GETFD), EBADF, "and so were descriptors");
	works(unshare(CLONE_VM | CLONE_SIGHAND | CLONE_THREAD), "alone, a process may ask for all");
	fails(unshare(CLONE_PARENT), EINVAL, "nobody else");
}
