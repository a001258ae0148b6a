/* Flags, commands and options that no manual page knows, and those it forbids together: each call
 * says so, and does nothing. */
#include "tap.h"
#include <linux/futex.h>
#include <linux/membarrier.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>

struct clone3_args {
	uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls, set_tid,
		set_tid_size, cgroup;
};

static long clone3(uint64_t flags, uint64_t exit_signal)
{
	struct clone3_args a = {.flags = flags, .exit_signal = exit_signal};
	long pid = syscall(SYS_clone3, &a, sizeof(a));

	if (pid == 0)
		_exit(77);
	return pid;
}

TEST(clone3)
{
	struct clone3_args a = {0}, big[2] = {{0}};

	fails(clone3(1ull << 40, SIGCHLD), EINVAL, "a flag that is not");
	fails(clone3(CLONE_DETACHED, SIGCHLD), EINVAL, "CLONE_DETACHED");
	fails(clone3(SIGCHLD, 0), EINVAL, "a signal among the flags");
	fails(clone3(0, 65), EINVAL, "a signal that is not");
	fails(clone3(0, 1ull << 32), EINVAL, "a large one");
	fails(clone3(CLONE_THREAD, 0), EINVAL, "CLONE_THREAD alone");
	fails(clone3(CLONE_SIGHAND, 0), EINVAL, "CLONE_SIGHAND alone");
	fails(clone3(CLONE_THREAD | CLONE_SIGHAND | CLONE_VM, SIGCHLD), EINVAL,
	      "a thread with an exit signal");
	fails(clone3(CLONE_PARENT, SIGCHLD), EINVAL, "CLONE_PARENT with an exit signal");
	fails(clone3(CLONE_SIGHAND | CLONE_VM | 0x100000000ull, SIGCHLD), EINVAL,
	      "CLONE_CLEAR_SIGHAND with CLONE_SIGHAND");
	fails(syscall(SYS_clone3, &a, 63), EINVAL, "too small");
	fails(syscall(SYS_clone3, &a, 8192), E2BIG, "too large");
	fails(syscall(SYS_clone3, BAD, sizeof(a)), EFAULT, "nowhere");
	big[1].flags = 1;
	fails(syscall(SYS_clone3, big, sizeof(big)), E2BIG, "with more than is known");
	a.set_tid_size = 1;
	fails(syscall(SYS_clone3, &a, sizeof(a)), EINVAL, "set_tid without numbers");
	a = (struct clone3_args){.stack = 0x1000, .exit_signal = SIGCHLD};
	fails(syscall(SYS_clone3, &a, sizeof(a)), EINVAL, "a stack of no size");
	a = (struct clone3_args){.stack_size = 0x1000, .exit_signal = SIGCHLD};
	fails(syscall(SYS_clone3, &a, sizeof(a)), EINVAL, "a size of no stack");
}

TEST(clone)
{
	fails(syscall(SYS_clone, CLONE_THREAD, 0, 0, 0, 0), EINVAL, "CLONE_THREAD alone");
	fails(syscall(SYS_clone, CLONE_SIGHAND, 0, 0, 0, 0), EINVAL, "CLONE_SIGHAND alone");
	fails(syscall(SYS_clone, CLONE_PIDFD | CLONE_PARENT_SETTID, 0, 0, 0, 0), EINVAL,
	      "CLONE_PIDFD with CLONE_PARENT_SETTID");
	fails(syscall(SYS_clone, CLONE_PIDFD | CLONE_DETACHED, 0, 0, 0, 0), EINVAL,
	      "CLONE_PIDFD with CLONE_DETACHED");
	fails(syscall(SYS_clone, CLONE_NEWNS | CLONE_FS, 0, 0, 0, 0), EINVAL,
	      "CLONE_NEWNS with CLONE_FS");
	fails(syscall(SYS_unshare, 0x1), EINVAL, "unshare: a flag that is not");
	fails(syscall(SYS_unshare, CLONE_PARENT), EINVAL, "unshare: CLONE_PARENT");
}

TEST(waiting)
{
	siginfo_t info;

	fails(waitid(P_ALL, 0, &info, 0), EINVAL, "waitid: nothing to wait for");
	fails(waitid(P_ALL, 0, &info, WNOHANG), EINVAL, "waitid: WNOHANG alone");
	fails(waitid(P_ALL, 0, &info, WEXITED | 0x100), EINVAL, "waitid: an unknown option");
	fails(waitid(77, 0, &info, WEXITED), EINVAL, "waitid: an unknown kind");
	fails(waitid(P_PID, 0, &info, WEXITED), EINVAL, "waitid: process 0");
	fails(waitid(P_PID, (id_t)-5, &info, WEXITED), EINVAL, "waitid: a negative process");
	fails(waitid(P_PGID, (id_t)-5, &info, WEXITED), EINVAL, "waitid: a negative group");
	fails(waitpid(-1, NULL, 0x100), EINVAL, "wait4: an unknown option");
	fails(waitpid(-1, NULL, WEXITED), EINVAL, "wait4: WEXITED");
	fails(waitpid(-1, NULL, WNOWAIT), EINVAL, "wait4: WNOWAIT");
	fails(waitpid((pid_t)0x80000000, NULL, 0), ESRCH, "wait4: the group of INT_MIN");
	fails(waitid(P_PID, 1, BAD, WEXITED | WNOHANG), EFAULT, "waitid: nowhere");
}

TEST(descriptors)
{
	int fd = must(open("/dev/null", O_RDWR));

	fails(fcntl(fd, 77), EINVAL, "fcntl: an unknown command");
	fails(fcntl(fd, 1000), EINVAL, "fcntl: one of Linux' own that is not");
	fails(fcntl(999, 77), EBADF, "fcntl: no descriptor comes first");
	fails(fcntl(fd, F_SETSIG, 65), EINVAL, "F_SETSIG of no signal");
	fails(fcntl(fd, F_SETSIG, -1), EINVAL, "F_SETSIG of a negative one");
	fails(fcntl(fd, F_DUPFD, -1), EINVAL, "F_DUPFD from -1");
	fails(fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL), EINVAL, "F_ADD_SEALS of a device");
	fails(fcntl(fd, F_GET_SEALS), EINVAL, "F_GET_SEALS of a device");
	fails(fcntl(fd, F_SETPIPE_SZ, 4096), EBADF, "F_SETPIPE_SZ of a device");
	fails(fcntl(fd, F_SETLEASE, 77), EINVAL, "F_SETLEASE of nothing");
	fails(fcntl(fd, F_SETOWN, 0x80000000), EINVAL, "F_SETOWN of INT_MIN");
	works(fcntl(fd, F_SETFD, 0xfe), "F_SETFD takes bits that are not");
	is(fcntl(fd, F_GETFD), 0, "and forgets them");
	fails(syscall(SYS_dup3, fd, 50, 1), EINVAL, "dup3: an unknown flag");
	fails(syscall(SYS_dup3, fd, fd, 0), EINVAL, "dup3: to itself");
	fails(pipe2((int[2]){0}, 1), EINVAL, "pipe2: an unknown flag");
	fails(syscall(SYS_eventfd2, 0, 2), EINVAL, "eventfd2: an unknown flag");
	fails(syscall(SYS_epoll_create1, 1), EINVAL, "epoll_create1: an unknown flag");
	fails(syscall(SYS_inotify_init1, 1), EINVAL, "inotify_init1: an unknown flag");
	fails(syscall(SYS_signalfd4, -1, &(uint64_t){0}, 8, 1), EINVAL, "signalfd4");
	fails(syscall(SYS_memfd_create, "x", 0x100), EINVAL, "memfd_create: an unknown flag");
	fails(syscall(SYS_close_range, 50, 40, 0), EINVAL, "close_range: backwards");
	fails(syscall(SYS_close_range, 900, 901, 1), EINVAL, "close_range: an unknown flag");
	fails(syscall(SYS_socket, AF_UNIX, SOCK_STREAM | 0x100, 0), EINVAL, "socket");
	fails(syscall(SYS_pidfd_open, getpid(), 1), EINVAL, "pidfd_open: an unknown flag");
	fails(syscall(SYS_getrandom, &fd, 4, 8), EINVAL, "getrandom: an unknown flag");
	fails(syscall(SYS_getrandom, &fd, 4, 6), EINVAL, "getrandom: random and insecure");
}

TEST(memory)
{
	char *p = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int fd = tap_file("file", "text");

	must(p == MAP_FAILED ? -1 : 0);
	fails((long)mmap(NULL, 4096, PROT_READ, MAP_ANONYMOUS, -1, 0), EINVAL, "mmap: no kind");
	fails((long)mmap(NULL, 4096, PROT_READ, MAP_SHARED_VALIDATE | 0x200000, fd, 0), EOPNOTSUPP,
	      "mmap: MAP_SHARED_VALIDATE with an unknown flag");
	fails((long)mmap(NULL, 0, PROT_READ, MAP_PRIVATE, fd, 0), EINVAL, "mmap: nothing");
	fails((long)mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, fd, 1), EINVAL, "mmap: an odd offset");
	fails((long)mmap((void *)1, 4096, PROT_READ, MAP_PRIVATE | MAP_FIXED, fd, 0), EINVAL,
	      "mmap: an odd address");
	ok(mmap(NULL, 4096, PROT_READ | 0x100, MAP_PRIVATE, fd, 0) != MAP_FAILED,
	   "mmap: unknown protection is not looked at");
	ok(mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | 0x200000, fd, 0) != MAP_FAILED,
	   "mmap: nor are unknown flags without MAP_SHARED_VALIDATE");
	fails(mprotect(p, 4096, 0x100), EINVAL, "mprotect: an unknown bit");
	fails(mprotect(p, 4096, PROT_GROWSDOWN | PROT_GROWSUP), EINVAL, "mprotect: both ways");
	fails(mprotect(p, 4096, PROT_READ | PROT_GROWSDOWN), EINVAL, "mprotect: it does not grow");
	fails(syscall(SYS_mprotect, p + 1, 4096, PROT_READ), EINVAL, "mprotect: an odd address");
	fails((long)mremap(p, 4096, 8192, 8), EINVAL, "mremap: an unknown flag");
	fails((long)mremap(p, 4096, 4096, 2, p + 4096), EINVAL, "mremap: MREMAP_FIXED alone");
	fails((long)mremap(p, 4096, 8192, 4), EINVAL, "mremap: MREMAP_DONTUNMAP alone");
	fails((long)mremap(p, 4096, 8192, 5), EINVAL, "mremap: MREMAP_DONTUNMAP of another size");
	fails((long)mremap(p, 4096, 0, 1), EINVAL, "mremap: to nothing");
	fails(madvise(p, 4096, 77), EINVAL, "madvise: unknown advice");
	fails(madvise(p, 4096, 5), EINVAL, "madvise: a gap in the numbers");
	fails(madvise(p, 4096, -1), EINVAL, "madvise: negative advice");
	fails(madvise(p + 1, 4096, MADV_NORMAL), EINVAL, "madvise: an odd address");
	fails(msync(p, 4096, 8), EINVAL, "msync: an unknown flag");
	fails(msync(p, 4096, MS_SYNC | MS_ASYNC), EINVAL, "msync: both");
	fails(syscall(SYS_mlock2, p, 4096, 2), EINVAL, "mlock2: an unknown flag");
	fails(mlockall(8), EINVAL, "mlockall: an unknown flag");
	fails(mlockall(0), EINVAL, "mlockall: none");
	fails(mlockall(4), EINVAL, "mlockall: MCL_ONFAULT alone");
	fails(syscall(SYS_membarrier, 1 << 20, 0, 0), EINVAL, "membarrier: an unknown command");
	fails(syscall(SYS_membarrier, MEMBARRIER_CMD_QUERY, 1, 0), EINVAL, "membarrier: a flag");
	fails(syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL | 2, 0, 0), EINVAL, "membarrier: two");
}

TEST(scheduling)
{
	struct sched_param param = {0}, high = {.sched_priority = 1};
	struct {
		uint32_t size, policy;
		uint64_t flags;
		int32_t nice;
		uint32_t priority;
		uint64_t runtime, deadline, period;
		uint32_t min, max;
	} attr = {.size = sizeof(attr)};
	long me = getpid();

	fails(syscall(SYS_sched_setscheduler, 0, 77, &param), EINVAL, "an unknown policy");
	fails(syscall(SYS_sched_setscheduler, 0, -1, &param), EINVAL, "a negative one");
	fails(syscall(SYS_sched_setscheduler, 0, SCHED_OTHER, &high), EINVAL, "a priority of none");
	fails(syscall(SYS_sched_setscheduler, 0, SCHED_FIFO, &param), EINVAL, "one too few");
	fails(syscall(SYS_sched_setscheduler, -1, SCHED_OTHER, &param), EINVAL, "process -1");
	fails(syscall(SYS_sched_getscheduler, -1), EINVAL, "of process -1");
	fails(syscall(SYS_sched_get_priority_max, 77), EINVAL, "priorities of no policy");
	fails(syscall(SYS_sched_rr_get_interval, -1, &(uint64_t[2]){0}), EINVAL, "interval of -1");
	fails(syscall(SYS_sched_setattr, 0, &attr, 1), EINVAL, "sched_setattr: its own flags");
	attr.flags = 0x100;
	fails(syscall(SYS_sched_setattr, 0, &attr, 0), EINVAL, "sched_setattr: an unknown flag");
	attr.flags = 0;
	attr.policy = 77;
	fails(syscall(SYS_sched_setattr, 0, &attr, 0), EINVAL, "sched_setattr: an unknown policy");
	attr.policy = 0;
	attr.size = 20;
	fails(syscall(SYS_sched_setattr, 0, &attr, 0), E2BIG, "sched_setattr: too small");
	fails(syscall(SYS_sched_getattr, 0, &attr, 20, 0), EINVAL, "sched_getattr: too small");
	fails(syscall(SYS_sched_getattr, 0, &attr, sizeof(attr), 1), EINVAL, "sched_getattr flags");
	fails(syscall(SYS_ioprio_set, 77, me, 0), EINVAL, "ioprio_set: of what?");
	fails(syscall(SYS_ioprio_get, 77, me), EINVAL, "ioprio_get: of what?");
	fails(syscall(SYS_ioprio_set, 1, me, 7 << 13), EINVAL, "ioprio_set: an unknown class");
	fails(syscall(SYS_ioprio_set, 1, me, 0 << 13 | 3), EINVAL, "ioprio_set: none with a level");
	fails(getpriority(77, 0), EINVAL, "getpriority: of what?");
	fails(setpriority(77, 0, 0), EINVAL, "setpriority: of what?");
	fails(syscall(SYS_getrusage, 77, &(char[512]){0}), EINVAL, "getrusage: of whom?");
	fails(syscall(SYS_prlimit64, 0, 16, NULL, NULL), EINVAL, "prlimit: an unknown limit");
	fails(syscall(SYS_getcpu, BAD, NULL, NULL), EFAULT, "getcpu: nowhere");
}

TEST(processes)
{
	fails(prctl(9999, 0, 0, 0, 0), EINVAL, "prctl: an unknown option");
	fails(prctl(PR_SET_PDEATHSIG, 65, 0, 0, 0), EINVAL, "PR_SET_PDEATHSIG");
	fails(prctl(PR_SET_DUMPABLE, 2, 0, 0, 0), EINVAL, "PR_SET_DUMPABLE 2");
	fails(prctl(PR_SET_KEEPCAPS, 2, 0, 0, 0), EINVAL, "PR_SET_KEEPCAPS 2");
	fails(prctl(PR_SET_TIMING, 1, 0, 0, 0), EINVAL, "PR_SET_TIMING PR_TIMING_TIMESTAMP");
	works(prctl(PR_SET_TIMING, 0, 0, 0, 0), "PR_SET_TIMING PR_TIMING_STATISTICAL");
	is(prctl(PR_GET_TIMING, 0, 0, 0, 0), 0, "PR_GET_TIMING");
	fails(prctl(PR_GET_UNALIGN, &(int){0}, 0, 0, 0), EINVAL, "PR_GET_UNALIGN: not here");
	fails(prctl(PR_GET_FPEMU, &(int){0}, 0, 0, 0), EINVAL, "PR_GET_FPEMU: not here");
	fails(prctl(PR_GET_ENDIAN, &(int){0}, 0, 0, 0), EINVAL, "PR_GET_ENDIAN: not here");
	fails(prctl(PR_CAPBSET_READ, 99, 0, 0, 0), EINVAL, "PR_CAPBSET_READ of none");
	fails(prctl(PR_CAPBSET_DROP, 99, 0, 0, 0), EINVAL, "PR_CAPBSET_DROP of none");
	fails(prctl(PR_SET_NO_NEW_PRIVS, 0, 0, 0, 0), EINVAL, "PR_SET_NO_NEW_PRIVS 0");
	fails(prctl(PR_GET_NO_NEW_PRIVS, 1, 0, 0, 0), EINVAL, "PR_GET_NO_NEW_PRIVS 1");
	fails(prctl(PR_SET_SECCOMP, 77, 0, 0, 0), EINVAL, "PR_SET_SECCOMP 77");
	fails(prctl(PR_CAP_AMBIENT, 77, 0, 0, 0), EINVAL, "PR_CAP_AMBIENT 77");
	fails(prctl(PR_CAP_AMBIENT, 1, 99, 0, 0), EINVAL, "PR_CAP_AMBIENT of none");
	fails(prctl(PR_SET_THP_DISABLE, 1, 1, 0, 0), EINVAL, "PR_SET_THP_DISABLE with more");
	fails(prctl(PR_SET_NAME, BAD, 0, 0, 0), EFAULT, "PR_SET_NAME nowhere");
	fails(prctl(PR_GET_NAME, BAD, 0, 0, 0), EFAULT, "PR_GET_NAME nowhere");
	fails(prctl(PR_GET_PDEATHSIG, BAD, 0, 0, 0), EFAULT, "PR_GET_PDEATHSIG nowhere");
	fails(syscall(SYS_arch_prctl, 0x9999, 0), EINVAL, "arch_prctl: an unknown option");
	fails(syscall(SYS_kcmp, getpid(), getpid(), 99, 0, 0), EINVAL, "kcmp");
	fails(syscall(SYS_pidfd_send_signal, 999, 0, NULL, 0), EBADF, "pidfd_send_signal");
	fails(syscall(SYS_rt_sigprocmask, 77, &(uint64_t){0}, NULL, 8), EINVAL, "sigprocmask");
	fails(syscall(SYS_rt_sigaction, 65, NULL, NULL, 8), EINVAL, "sigaction");
	fails(syscall(SYS_rt_sigaction, SIGUSR1, NULL, NULL, 4), EINVAL, "sigaction: size");
}
