/*
 * Reaching into another process: process_vm_readv and _writev, /proc/PID/mem, kcmp, pidfd_getfd,
 * and who may do so.
 */
#include "trace.h"
#include <limits.h>
#include <linux/kcmp.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/prctl.h>

static volatile char area[3 * 4096] __attribute__((aligned(4096)));
static const volatile char constant[4096] __attribute__((aligned(4096))) = "constant";

static int sleeps(void *argument)
{
	(void)argument;
	area[0] = 'c';
	area[4096] = 'd';
	kill(getpid(), SIGSTOP);
	return area[1];
}

/* A child, stopped by job control. */
static pid_t target(void)
{
	pid_t pid = tap_spawn(sleeps, NULL);

	must(waitpid(pid, NULL, WUNTRACED));
	return pid;
}

static void end(pid_t pid, int status, const char *what)
{
	must(kill(pid, SIGCONT));
	is(next_status(pid), status << 8, what);
}

static long vm(long call, pid_t pid, void *local, size_t n_local, void *remote, size_t n_remote)
{
	return syscall(call, pid, local, n_local, remote, n_remote, 0ul);
}

TEST(process_vm)
{
	pid_t pid = target();
	char buf[8192] = "";
	struct iovec local[2] = {{buf, 1}, {buf + 1, 1}};
	struct iovec remote[2] = {{(void *)area, 1}, {(void *)(area + 4096), 1}};
	struct iovec bad = {BAD, 8}, minus = {buf, -1ul}, tail = {(void *)(area + 3 * 4096 - 2), 2};

	is(vm(SYS_process_vm_readv, pid, local, 2, remote, 2), 2, "process_vm_readv");
	ok(buf[0] == 'c' && buf[1] == 'd', "two pieces to two");
	buf[0] = 9;
	remote[0].iov_base = (void *)(area + 1);
	is(vm(SYS_process_vm_writev, pid, local, 1, remote, 1), 1, "process_vm_writev");
	is(area[1], 0, "of the other's memory");
	remote[0].iov_base = (void *)target;
	is(vm(SYS_process_vm_readv, pid, local, 1, remote, 1), 1, "code can be read");
	fails(vm(SYS_process_vm_writev, pid, local, 1, remote, 1), EFAULT, "but not written");
	fails(vm(SYS_process_vm_readv, pid, local, 1, &bad, 1), EFAULT, "bad remote address");
	fails(vm(SYS_process_vm_readv, pid, &bad, 1, remote, 1), EFAULT, "bad local address");
	fails(vm(SYS_process_vm_readv, pid, BAD, 1, remote, 1), EFAULT, "bad local array");
	fails(vm(SYS_process_vm_readv, pid, local, 1, BAD, 1), EFAULT, "bad remote array");
	fails(vm(SYS_process_vm_readv, pid, &minus, 1, remote, 1), EINVAL, "negative length");
	fails(vm(SYS_process_vm_readv, pid, local, 1, &minus, 1), EINVAL, "there, too");
	fails(vm(SYS_process_vm_readv, pid, local, IOV_MAX + 1, remote, 1), EINVAL, "too many");
	fails(vm(SYS_process_vm_readv, pid, local, 1, remote, IOV_MAX + 1), EINVAL, "there, too");
	fails(syscall(SYS_process_vm_readv, pid, local, 1, remote, 1, 1), EINVAL, "flags");
	fails(vm(SYS_process_vm_readv, 0x3ffffff, local, 1, remote, 1), ESRCH, "nobody");
	is(vm(SYS_process_vm_readv, pid, local, 0, remote, 1), 0, "nothing wanted");
	is(vm(SYS_process_vm_readv, pid, local, 1, remote, 0), 0, "nothing given");
	local[0].iov_len = sizeof(buf);
	remote[0] = tail;
	remote[1] = bad;
	is(vm(SYS_process_vm_readv, pid, local, 1, remote, 2), 2, "up to the fault");
	end(pid, 9, "the target saw what was written");
}

TEST(proc_mem)
{
	pid_t pid = target();
	char path[64], byte;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/mem", pid);
	fd = must(open(path, O_RDWR));
	is(pread(fd, &byte, 1, (off_t)(uintptr_t)area), 1, "/proc/PID/mem is read");
	is(byte, 'c', "the other's memory");
	byte = 5;
	is(pwrite(fd, &byte, 1, (off_t)(uintptr_t)(area + 1)), 1, "written");
	is(pwrite(fd, "C", 1, (off_t)(uintptr_t)constant), 1, "constants, too");
	is(pread(fd, &byte, 1, (off_t)(uintptr_t)constant), 1, "and read back");
	ok(byte == 'C' && constant[0] == 'c', "the other's copy alone changed");
	fails(pread(fd, &byte, 1, 0x10), EIO, "nothing there");
	end(pid, 5, "the target saw what was written");
	is(pread(fd, &byte, 1, (off_t)(uintptr_t)area), 0, "nothing is left of it");
	close(fd);
}

static int stranger(void *argument)
{
	pid_t pid = *(pid_t *)argument;
	char byte, path[64];
	struct iovec local = {&byte, 1}, remote = {(void *)area, 1};
	int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);

	fails(vm(SYS_process_vm_readv, pid, &local, 1, &remote, 1), EPERM, "process_vm_readv");
	fails(trace(PTRACE_ATTACH, pid, 0, 0), EPERM, "PTRACE_ATTACH");
	fails(trace(PTRACE_SEIZE, pid, 0, 0), EPERM, "PTRACE_SEIZE");
	fails(syscall(SYS_kcmp, pid, pid, KCMP_VM, 0, 0), EPERM, "kcmp");
	fails(syscall(SYS_pidfd_getfd, pidfd, 0, 0), EPERM, "pidfd_getfd");
	snprintf(path, sizeof(path), "/proc/%d/mem", pid);
	fails(open(path, O_RDONLY), EACCES, "/proc/PID/mem");
	return 0;
}

/* Without dumpability not even the same user's. */
static int undumpable(void *argument)
{
	pid_t pid;

	(void)argument;
	must(prctl(PR_SET_DUMPABLE, 1, 0, 0, 0)); /* new ids took it away */
	pid = fork();
	if (pid == 0) {
		prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
		kill(getpid(), SIGSTOP);
		_exit(0);
	}
	must(waitpid(pid, NULL, WUNTRACED));
	fails(trace(PTRACE_SEIZE, pid, 0, 0), EPERM, "not dumpable");
	kill(pid, SIGKILL);
	must(waitpid(pid, NULL, 0));
	pid = fork();
	if (pid == 0) {
		kill(getpid(), SIGSTOP);
		_exit(0);
	}
	must(waitpid(pid, NULL, WUNTRACED));
	works(trace(PTRACE_SEIZE, pid, 0, 0), "dumpable, of the same user");
	kill(pid, SIGKILL);
	return 0;
}

TEST(permission)
{
	pid_t pid = target();

	is(tap_as_user(stranger, &pid), 0, "a stranger");
	end(pid, 0, "end");
	is(tap_as_user(undumpable, NULL), 0, "a user");
}

HELPER(ids)
{
	return geteuid() == 0 ? 1 : 2;
}

static int traced_exec(void *argument)
{
	pid_t pid;
	int status;

	pid = fork();
	if (pid == 0) {
		if (argument)
			trace(PTRACE_TRACEME, 0, 0, 0);
		execl("./setid", "./setid", "--as", "ids", NULL);
		_exit(9);
	}
	while (waitpid(pid, &status, 0) == pid && WIFSTOPPED(status))
		trace(PTRACE_CONT, pid, 0, 0);
	return WEXITSTATUS(status);
}

/* As traced_exec() of a user, but traced by who has not given up anything. */
static int exec_traced_by_root(void)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		if (setgid(1000) || setuid(1000) || trace(PTRACE_TRACEME, 0, 0, 0))
			_exit(8);
		execl("./setid", "./setid", "--as", "ids", NULL);
		_exit(9);
	}
	while (waitpid(pid, &status, 0) == pid && WIFSTOPPED(status))
		trace(PTRACE_CONT, pid, 0, 0);
	return WEXITSTATUS(status);
}

TEST(set_id_exec)
{
	char command[300];

	snprintf(command, sizeof(command), "cp %s ./setid && chmod 4755 ./setid && chmod 755 .",
		 tap_self);
	if (system(command))
		must(-1);
	is(tap_as_user(traced_exec, NULL) >> 8, 1, "a set-user-ID program is root");
	is(tap_as_user(traced_exec, "") >> 8, 2, "but not if it is traced by a user");
	is(traced_exec(""), 1, "root traces it as it is");
	is(exec_traced_by_root(), 2, "nor if the user asked to be traced, whoever the parent is");
}

TEST(kcmp)
{
	pid_t me = getpid(), pid = target();
	int fd = must(open("/dev/null", O_RDONLY)), same = must(dup(fd));
	int other = must(open("/dev/null", O_RDONLY));
	long order = syscall(SYS_kcmp, me, me, KCMP_FILE, fd, other);

	is(syscall(SYS_kcmp, me, me, KCMP_FILE, fd, same), 0, "the same file");
	ok(order == 1 || order == 2, "another one");
	is(syscall(SYS_kcmp, me, me, KCMP_FILE, other, fd), 3 - order, "is the other way round");
	is(syscall(SYS_kcmp, me, pid, KCMP_FILE, 1, 1), 0, "inherited");
	fails(syscall(SYS_kcmp, me, me, KCMP_FILE, fd, 999), EBADF, "no such descriptor");
	fails(syscall(SYS_kcmp, me, me, 99, 0, 0), EINVAL, "no such type");
	fails(syscall(SYS_kcmp, me, 0x3ffffff, KCMP_VM, 0, 0), ESRCH, "nobody");
	for (int type = KCMP_VM; type <= KCMP_SIGHAND; type++) {
		is(syscall(SYS_kcmp, me, me, type, 0, 0), 0, "one's own");
		ok(syscall(SYS_kcmp, me, pid, type, 0, 0) > 0, "not the child's");
	}
	end(pid, 0, "end");
}

struct slot {
	uint32_t efd, tfd, toff;
};

TEST(kcmp_epoll)
{
	pid_t me = getpid();
	int ep = must(epoll_create1(0)), pipes[2];
	struct epoll_event e = {.events = EPOLLIN};
	struct slot s = {(uint32_t)ep, 60, 0};

	must(pipe(pipes));
	must(dup2(pipes[0], 60));
	must(epoll_ctl(ep, EPOLL_CTL_ADD, 60, &e));
	is(syscall(SYS_kcmp, me, me, KCMP_EPOLL_TFD, 60, &s), 0, "the file that is watched");
	is(syscall(SYS_kcmp, me, me, KCMP_EPOLL_TFD, pipes[0], &s), 0, "by its other number");
	ok(syscall(SYS_kcmp, me, me, KCMP_EPOLL_TFD, pipes[1], &s) > 0, "another file");
	must(dup2(pipes[1], 60));
	e.events = EPOLLOUT;
	must(epoll_ctl(ep, EPOLL_CTL_ADD, 60, &e));
	s.toff = 1;
	ok((syscall(SYS_kcmp, me, me, KCMP_EPOLL_TFD, pipes[0], &s) == 0) +
			   (syscall(SYS_kcmp, me, me, KCMP_EPOLL_TFD, pipes[1], &s) == 0) ==
		   1,
	   "two files of one number: the second is one of them");
	s.toff = 2;
	fails(syscall(SYS_kcmp, me, me, KCMP_EPOLL_TFD, 60, &s), ENOENT, "there is no third");
	s = (struct slot){(uint32_t)ep, 61, 0};
	fails(syscall(SYS_kcmp, me, me, KCMP_EPOLL_TFD, 60, &s), ENOENT, "what is not watched");
	s = (struct slot){(uint32_t)pipes[0], 60, 0};
	fails(syscall(SYS_kcmp, me, me, KCMP_EPOLL_TFD, 60, &s), EINVAL, "no epoll");
	s = (struct slot){999, 60, 0};
	fails(syscall(SYS_kcmp, me, me, KCMP_EPOLL_TFD, 60, &s), EBADF, "no such descriptor");
	fails(syscall(SYS_kcmp, me, me, KCMP_EPOLL_TFD, 999, &s), EBADF, "no file to compare");
	fails(syscall(SYS_kcmp, me, me, KCMP_EPOLL_TFD, 60, BAD), EFAULT, "nowhere");
}

TEST(pidfd_getfd)
{
	pid_t pid = target();
	int pidfd = must(syscall(SYS_pidfd_open, pid, 0));
	int fd = must(syscall(SYS_pidfd_getfd, pidfd, 1, 0));

	is(syscall(SYS_kcmp, getpid(), pid, KCMP_FILE, fd, 1), 0, "the other's file");
	is(fcntl(fd, F_GETFD), FD_CLOEXEC, "closed by exec");
	fails(syscall(SYS_pidfd_getfd, pidfd, 1, 1), EINVAL, "flags");
	fails(syscall(SYS_pidfd_getfd, pidfd, 999, 0), EBADF, "no such descriptor there");
	fails(syscall(SYS_pidfd_getfd, 1, 1, 0), EBADF, "no pidfd");
	end(pid, 0, "end");
	fails(syscall(SYS_pidfd_getfd, pidfd, 1, 0), ESRCH, "the process has ended");
}
