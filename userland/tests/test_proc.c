/* Processes: fork, vfork, clone, wait4, waitid, exit, orphans, rusage, identity of processes. */
#include "tap.h"
#include <sched.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>

static int with_code(void *argument)
{
	return (int)(long)argument;
}

static int forever(void *argument)
{
	for (;;)
		pause();
	return (int)(long)argument;
}

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

TEST(status)
{
	int status;
	pid_t pid;

	must(waitpid(tap_spawn(with_code, (void *)0x1ff), &status, 0));
	is(status, 0xff00, "only the low byte of an exit status counts");
	pid = tap_spawn(forever, NULL);
	must(kill(pid, SIGTERM));
	must(waitpid(pid, &status, 0));
	is(status, SIGTERM, "ended by a signal");
	pid = tap_spawn(forever, NULL);
	must(kill(pid, SIGSTOP));
	is(waitpid(pid, &status, WUNTRACED), pid, "WUNTRACED");
	is(status, SIGSTOP << 8 | 0x7f, "stopped");
	is(waitpid(pid, &status, WNOHANG | WUNTRACED), 0, "told once");
	must(kill(pid, SIGCONT));
	is(waitpid(pid, &status, WCONTINUED), pid, "WCONTINUED");
	is(status, 0xffff, "continued");
	is(waitpid(pid, &status, WNOHANG), 0, "WNOHANG of a running one");
	must(kill(pid, SIGKILL));
	dies(pid, SIGKILL, "SIGKILL");
}

TEST(wait_errors)
{
	int status;
	pid_t pid = tap_spawn(with_code, NULL);

	fails(waitpid(1, &status, 0), ECHILD, "not one's child");
	fails(waitpid(-99999, &status, 0), ECHILD, "no such group");
	fails(syscall(SYS_wait4, -1, &status, 0x8000, NULL), EINVAL, "unknown option");
	tap_await_state(pid, 'Z');
	fails(syscall(SYS_wait4, pid, BAD, 0, NULL), EFAULT, "bad status pointer");
	pid = tap_spawn(with_code, NULL);
	fails(syscall(SYS_wait4, pid, &status, 0, BAD), EFAULT, "bad usage pointer");
	pid = tap_spawn(with_code, NULL);
	tap_await_state(pid, 'Z');
	fails(syscall(SYS_waitid, P_PID, pid, BAD, WEXITED, NULL), EFAULT, "waitid: bad pointer");
	fails(syscall(SYS_waitid, 77, pid, NULL, WEXITED, NULL), EINVAL, "waitid: bad kind");
	fails(syscall(SYS_waitid, P_ALL, 0, NULL, 0, NULL), EINVAL, "waitid: nothing to wait for");
}

TEST(which_child)
{
	pid_t a, b, c;
	int status;

	a = tap_spawn(with_code, (void *)1);
	b = tap_spawn(with_code, (void *)2);
	is(waitpid(b, &status, 0), b, "a certain one");
	is(WEXITSTATUS(status), 2, "its status");
	is(waitpid(-1, &status, 0), a, "any one");
	a = tap_spawn(forever, NULL);
	b = tap_spawn(forever, NULL);
	must(setpgid(a, a));
	c = tap_spawn(with_code, (void *)3);
	must(setpgid(b, a));
	must(kill(b, SIGKILL));
	is(waitpid(-a, &status, 0), b, "one of a group");
	is(waitpid(0, &status, 0), c, "one of one's own group");
	must(kill(a, SIGKILL));
	dies(a, SIGKILL, "the last");
}

/* Whether only the six fields of a child were written, as 32-bit numbers. */
static bool six_fields(const siginfo_t *info)
{
	static const bool written[] = {true, true, true, false, true, true, true};
	const uint32_t *words = (const uint32_t *)info;
	bool so = true;

	for (unsigned i = 0; i < sizeof(*info) / sizeof(*words); i++)
		so &= (i < sizeof(written) && written[i]) == (words[i] != 0xa5a5a5a5);
	return so;
}

static long raw_waitid(int which, pid_t pid, siginfo_t *info, int options)
{
	memset(info, 0xa5, sizeof(*info));
	return syscall(SYS_waitid, which, pid, info, options, NULL);
}

TEST(waitid_writes)
{
	pid_t pid = tap_spawn(with_code, (void *)5);
	siginfo_t info;
	char *edge = tap_edge(28);

	works(raw_waitid(P_PID, pid, &info, WEXITED | WNOWAIT), "a child that has ended");
	ok(six_fields(&info), "the six fields are written and no others");
	ok(info.si_signo == SIGCHLD && !info.si_errno && info.si_code == CLD_EXITED &&
	   info.si_pid == pid && info.si_uid == getuid() && info.si_status == 5, "as they are");
	works(syscall(SYS_waitid, P_PID, pid, edge, WEXITED | WNOWAIT, NULL),
	      "there need be no room for more");
	fails(raw_waitid(P_PID, pid, &info, WSTOPPED), ECHILD, "it will not stop any more");
	ok(six_fields(&info) && !info.si_signo && !info.si_code && !info.si_pid, "zeros");
	fails(raw_waitid(77, pid, &info, WEXITED), EINVAL, "an unknown kind");
	ok(six_fields(&info) && !info.si_signo && !info.si_code && !info.si_pid, "zeros, too");
	exits(pid, 5, "the child");
	fails(raw_waitid(P_PID, pid, &info, WEXITED), ECHILD, "one that is not there");
	ok(six_fields(&info) && !info.si_signo && !info.si_code && !info.si_pid, "zeros again");
	pid = tap_spawn(forever, NULL);
	works(raw_waitid(P_PID, pid, &info, WSTOPPED | WNOHANG), "one that has not stopped");
	ok(six_fields(&info) && !info.si_signo && !info.si_code && !info.si_pid, "zeros once more");
	kill(pid, SIGKILL);
	fails(raw_waitid(P_PID, pid, &info, WSTOPPED), ECHILD, "while it is waited for it ends");
	dies(pid, SIGKILL, "killed");
	fails(syscall(SYS_waitid, P_PID, pid, KBAD, WEXITED, NULL), EFAULT, "nowhere to put them");
	fails(syscall(SYS_waitid, 77, pid, BAD, WEXITED, NULL), EFAULT, "even these");
}

TEST(waitid)
{
	siginfo_t info;
	pid_t pid = tap_spawn(with_code, (void *)7);

	memset(&info, 0, sizeof(info));
	works(waitid(P_PID, pid, &info, WEXITED | WNOWAIT), "waitid leaving it");
	ok(info.si_pid == pid && info.si_status == 7 && info.si_code == CLD_EXITED &&
		   info.si_signo == SIGCHLD,
	   "told");
	works(waitid(P_PID, pid, &info, WEXITED), "waitid taking it");
	fails(waitid(P_PID, pid, &info, WEXITED), ECHILD, "gone");
	pid = tap_spawn(forever, NULL);
	info.si_pid = 99;
	works(waitid(P_ALL, 0, &info, WEXITED | WNOHANG), "WNOHANG");
	is(info.si_pid, 0, "nobody");
	must(kill(pid, SIGSTOP));
	works(waitid(P_PID, pid, &info, WSTOPPED), "WSTOPPED");
	ok(info.si_code == CLD_STOPPED && info.si_status == SIGSTOP, "stopped by");
	must(kill(pid, SIGCONT));
	works(waitid(P_PID, pid, &info, WCONTINUED), "WCONTINUED");
	is(info.si_code, CLD_CONTINUED, "continued");
	must(kill(pid, SIGKILL));
	works(waitid(P_PID, pid, &info, WEXITED), "WEXITED");
	ok(info.si_code == CLD_KILLED && info.si_status == SIGKILL, "killed by");
}

static int orphan_parent(void *argument)
{
	int *p = argument;
	pid_t parent = getpid();

	if (fork() == 0) {
		for (int i = 0; i < 1000 && getppid() == parent; i++)
			tap_sleep_ms(10);
		_exit(write(p[1], &(pid_t){getppid()}, sizeof(pid_t)) < 0);
	}
	return 0;
}

TEST(orphans)
{
	pid_t parent = 0;
	int p[2];

	must(pipe(p));
	exits(tap_spawn(orphan_parent, p), 0, "the parent ends first");
	must(read(p[0], &parent, sizeof(parent)));
	ok(parent != 0 && parent != getpid(), "the orphan has another parent");
	must(prctl(PR_SET_CHILD_SUBREAPER, 1));
	exits(tap_spawn(orphan_parent, p), 0, "again, below a subreaper");
	must(read(p[0], &parent, sizeof(parent)));
	is(parent, getpid(), "which gets it");
	exits(-1, 0, "and can wait for it");
}

/* A branch of three generations: the youngest says who its parent is, and again once the middle one
 * has ended. */
static int branch(void *argument)
{
	char c;
	int *p = argument, status;

	if (fork() == 0) {
		pid_t middle = getpid();

		if (fork() == 0) {
			(void)!write(p[1], &middle, sizeof(middle));
			for (int i = 0; i < 1000 && getppid() == middle; i++)
				tap_sleep_ms(10);
			_exit(write(p[1], &(pid_t){getppid()}, sizeof(pid_t)) < 0);
		}
		_exit(read(p[2], &c, 1) != 1);
	}
	return wait(&status) < 0 || status;
}

/* With the ends of two pipes: what the youngest say, what the middle ones wait for. */
TEST(late_subreaper)
{
	enum { N = 3 };
	pid_t parent, pids[N];
	int says[2], go[2];

	must(pipe(says));
	must(pipe(go));
	for (int i = 0; i < N; i++)
		pids[i] = tap_spawn(branch, (int[]){says[0], says[1], go[0]});
	for (int i = 0; i < N; i++)
		must(read(says[0], &parent, sizeof(parent)));
	works(prctl(PR_SET_CHILD_SUBREAPER, 1), "a subreaper that already has offspring");
	must(write(go[1], "abc", N));
	for (int i = 0; i < N; i++) {
		exits(pids[i], 0, "its children end well");
		must(read(says[0], &parent, sizeof(parent)));
		is(parent, getpid(), "it gets its great-grandchild");
	}
	for (int i = 0; i < N; i++)
		exits(-1, 0, "and can wait for it");
	works(prctl(PR_SET_CHILD_SUBREAPER, 0), "no subreaper any more");
	pids[0] = tap_spawn(branch, (int[]){says[0], says[1], go[0]});
	must(read(says[0], &parent, sizeof(parent)));
	must(write(go[1], "d", 1));
	exits(pids[0], 0, "its child ends");
	must(read(says[0], &parent, sizeof(parent)));
	ok(parent != getpid(), "and it gets nothing");
}

TEST(ignored_children)
{
	struct sigaction action = {.sa_handler = SIG_DFL, .sa_flags = SA_NOCLDWAIT};
	int status;

	signal(SIGCHLD, SIG_IGN);
	tap_spawn(with_code, NULL);
	fails(waitpid(-1, &status, 0), ECHILD,
	      "SIGCHLD ignored: no zombies, wait for the last to end");
	sigaction(SIGCHLD, &action, NULL);
	tap_spawn(with_code, NULL);
	fails(waitpid(-1, &status, 0), ECHILD, "SA_NOCLDWAIT: likewise");
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
	pid_t pid = tap_spawn(forever, NULL);
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
	pid_t pid = tap_spawn(forever, NULL);
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
			forever(argument);
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
