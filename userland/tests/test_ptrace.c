/* ptrace(2): beginning and end, stops by signals, system calls and forks, groups, waits. */
#include "trace.h"
#include <sched.h>
#include <sys/mman.h>
#include <sys/prctl.h>

static volatile int caught;

static void handler(int signal)
{
	caught = signal;
}

static int nothing(void *argument)
{
	return (int)(long)argument;
}

static int raises(void *argument)
{
	signal(SIGUSR1, handler);
	signal(SIGUSR2, handler);
	raise((int)(long)argument);
	return caught;
}

TEST(requests)
{
	pid_t pid = tracee(nothing, (void *)3), other;
	long word;

	fails(trace(PTRACE_PEEKDATA, pid, (unsigned long)BAD, (unsigned long)&word), EIO,
	      "no memory there");
	fails(trace(PTRACE_PEEKDATA, pid, (unsigned long)KBAD, (unsigned long)&word), EIO,
	      "nor the kernel's");
	fails(trace(PTRACE_PEEKDATA, pid, (unsigned long)&caught, (unsigned long)BAD), EFAULT,
	      "no place for the word");
	fails(trace(PTRACE_CONT, pid, 0, 65), EIO, "no such signal");
	fails(trace(PTRACE_CONT, pid, 0, -1), EIO, "nor that");
	fails(trace(0x7777, pid, 0, 0), EIO, "an unknown request");
	fails(trace(PTRACE_SETOPTIONS, pid, 0, 0x400), EINVAL, "an unknown option");
	fails(trace(PTRACE_INTERRUPT, pid, 0, 0), EIO, "only seized ones are interrupted");
	fails(trace(PTRACE_LISTEN, pid, 0, 0), EIO, "or listen");
	fails(trace(PTRACE_ATTACH, pid, 0, 0), EPERM, "it is traced already");
	fails(trace(PTRACE_ATTACH, getpid(), 0, 0), EPERM, "not oneself");
	fails(trace(PTRACE_ATTACH, 0, 0, 0), ESRCH, "nobody");
	fails(trace(PTRACE_CONT, getppid(), 0, 0), ESRCH, "no tracee");
	other = fork();
	if (other == 0) {
		fails(trace(PTRACE_CONT, pid, 0, 0), ESRCH, "somebody else's tracee");
		_exit(0);
	}
	exits(other, 0, "the other");
	finish(pid, 3, "it ends");
	fails(trace(PTRACE_CONT, pid, 0, 0), ESRCH, "and is gone");
}

TEST(signals)
{
	pid_t pid = tracee(raises, (void *)SIGUSR1);
	siginfo_t info;

	must(trace(PTRACE_CONT, pid, 0, 0));
	stops(pid, SIGUSR1, 0, "it got a signal");
	must(trace(PTRACE_GETSIGINFO, pid, 0, (unsigned long)&info));
	ok(info.si_signo == SIGUSR1 && info.si_code == SI_TKILL && info.si_pid == pid,
	   "PTRACE_GETSIGINFO");
	must(trace(PTRACE_CONT, pid, 0, SIGUSR1));
	is(next_status(pid), SIGUSR1 << 8, "and its handler ran");
	pid = tracee(raises, (void *)SIGUSR1);
	must(trace(PTRACE_CONT, pid, 0, 0));
	stops(pid, SIGUSR1, 0, "again");
	finish(pid, 0, "the signal is swallowed");
	pid = tracee(raises, (void *)SIGUSR1);
	must(trace(PTRACE_CONT, pid, 0, 0));
	stops(pid, SIGUSR1, 0, "again");
	must(trace(PTRACE_CONT, pid, 0, SIGUSR2));
	is(next_status(pid), SIGUSR2 << 8, "another one instead");
	pid = tracee(raises, (void *)SIGWINCH);
	must(trace(PTRACE_CONT, pid, 0, 0));
	stops(pid, SIGWINCH, 0, "an ignored one is shown, too");
	must(trace(PTRACE_CONT, pid, 0, SIGTERM));
	is(next_status(pid), SIGTERM, "and becomes a deadly one");
	pid = tracee(raises, (void *)SIGKILL);
	must(trace(PTRACE_CONT, pid, 0, 0));
	is(next_status(pid), SIGKILL, "SIGKILL is not shown");
	pid = tracee(nothing, NULL);
	must(kill(pid, SIGKILL));
	is(next_status(pid), SIGKILL, "nor does a stop hold it");
	pid = tracee(nothing, NULL);
	works(trace(PTRACE_KILL, pid, 0, 0), "PTRACE_KILL");
	is(next_status(pid), SIGKILL, "kills");
}

TEST(waits)
{
	pid_t pid = tracee(raises, (void *)SIGUSR1);
	siginfo_t info;

	is(waitpid(pid, NULL, WNOHANG), 0, "a stop is told once");
	must(trace(PTRACE_CONT, pid, 0, 0));
	memset(&info, 0, sizeof(info));
	works(waitid(P_PID, pid, &info, WSTOPPED | WNOWAIT), "waitid that leaves it");
	ok(info.si_pid == pid && info.si_signo == SIGCHLD && info.si_code == CLD_TRAPPED &&
		   info.si_status == SIGUSR1,
	   "CLD_TRAPPED");
	stops(pid, SIGUSR1, 0, "then fetched");
	is(waitpid(pid, NULL, WNOHANG), 0, "once");
	finish(pid, 0, "end");
	is(waitpid(pid, NULL, WNOHANG), -1, "nobody is left");
}

/* What the tracer sees of a tracee in its /proc files. */
TEST(shown)
{
	pid_t pid = tracee(nothing, NULL);
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	is(tap_number(tap_read(path), "TracerPid:"), getpid(), "TracerPid");
	ok(strstr(tap_read(path), "State:\tt (tracing stop)"), "State");
	finish(pid, 0, "end");
}

static int calls(void *argument)
{
	(void)argument;
	syscall(SYS_getppid);
	syscall(SYS_getpriority, 77, 0);
	return 5;
}

/* The next stop is one at a system call. */
static struct __ptrace_syscall_info call_stop(pid_t pid)
{
	struct __ptrace_syscall_info info;

	memset(&info, 0xff, sizeof(info));
	must(trace(PTRACE_SYSCALL, pid, 0, 0));
	if (next_status(pid) != stop_status(SIGTRAP | 0x80, 0))
		must(-1);
	must(trace(PTRACE_GET_SYSCALL_INFO, pid, sizeof(info), (unsigned long)&info));
	return info;
}

TEST(system_calls)
{
	pid_t pid = tracee(calls, NULL);
	struct __ptrace_syscall_info info;
	struct user_regs_struct regs;
	unsigned long message;

	is(trace(PTRACE_GET_SYSCALL_INFO, pid, sizeof(info), (unsigned long)&info), 24,
	   "size of PTRACE_SYSCALL_INFO_NONE");
	is(info.op, PTRACE_SYSCALL_INFO_NONE, "a stop by a signal");
	must(trace(PTRACE_SETOPTIONS, pid, 0, PTRACE_O_TRACESYSGOOD));
	do {
		info = call_stop(pid);
	} while (info.op != PTRACE_SYSCALL_INFO_ENTRY || info.entry.nr != SYS_getppid);
	is(info.arch, 0xc000003e, "architecture");
	regs = regs_of(pid);
	is(regs.orig_rax, SYS_getppid, "its number in orig_rax");
	is(regs.rax, -ENOSYS, "rax before the call");
	is(regs.rip, info.instruction_pointer, "instruction pointer");
	is(regs.rsp, info.stack_pointer, "stack pointer");
	must(trace(PTRACE_GETEVENTMSG, pid, 0, (unsigned long)&message));
	is(message, 1, "entry");
	info = call_stop(pid);
	is(info.op, PTRACE_SYSCALL_INFO_EXIT, "exit");
	is(info.exit.rval, getpid(), "its result");
	is(info.exit.is_error, 0, "no error");
	info = call_stop(pid);
	ok(info.op == PTRACE_SYSCALL_INFO_ENTRY && info.entry.nr == SYS_getpriority &&
		   info.entry.args[0] == 77,
	   "the next call and its argument");
	info = call_stop(pid);
	ok(info.exit.rval == -EINVAL && info.exit.is_error == 1, "it fails");
	fails(trace(PTRACE_GET_SYSCALL_INFO, pid, sizeof(info), (unsigned long)BAD), EFAULT,
	      "bad pointer");
	is(trace(PTRACE_GET_SYSCALL_INFO, pid, 0, (unsigned long)BAD), 33, "size alone");
	finish(pid, 5, "it goes on untraced");
}

/* The tracer changes calls: another number, none at all, another result. */
static int changed(void *argument)
{
	long first = syscall(SYS_getppid), second = syscall(SYS_getppid);

	(void)argument;
	return (first == 4711) | (second == getpid()) << 1;
}

TEST(changed_calls)
{
	pid_t pid = tracee(changed, NULL);
	struct __ptrace_syscall_info info;
	struct user_regs_struct regs;

	must(trace(PTRACE_SETOPTIONS, pid, 0, PTRACE_O_TRACESYSGOOD));
	do {
		info = call_stop(pid);
	} while (info.op != PTRACE_SYSCALL_INFO_ENTRY || info.entry.nr != SYS_getppid);
	regs = regs_of(pid);
	regs.orig_rax = -1;
	regs.rax = 4711;
	must(trace(PTRACE_SETREGS, pid, 0, (unsigned long)&regs));
	info = call_stop(pid);
	is(info.op, PTRACE_SYSCALL_INFO_EXIT, "a call that is not made ends");
	is(info.exit.rval, 4711, "with the tracer's result");
	info = call_stop(pid);
	must(trace(PTRACE_POKEUSER, pid, offsetof(struct user, regs.orig_rax), SYS_getpid));
	info = call_stop(pid);
	is(info.exit.rval, pid, "another call instead");
	finish(pid, 3, "the tracee saw both");
	pid = tracee(changed, NULL);
	must(trace(PTRACE_SYSEMU, pid, 0, 0));
	stops(pid, SIGTRAP, 0, "PTRACE_SYSEMU");
	ok(regs_of(pid).orig_rax != ~0ul, "stops at a call");
	must(kill(pid, SIGKILL));
	is(next_status(pid), SIGKILL, "end");
}

static int forks(void *argument)
{
	pid_t pid = argument ? vfork() : fork();
	int status;

	if (pid == 0)
		_exit(7);
	waitpid(pid, &status, 0);
	return WEXITSTATUS(status);
}

TEST(forks)
{
	pid_t pid = tracee(forks, NULL);
	unsigned long child;

	must(trace(PTRACE_SETOPTIONS, pid, 0, PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK |
						      PTRACE_O_TRACEVFORKDONE));
	child = event(pid, PTRACE_EVENT_FORK, "PTRACE_EVENT_FORK");
	stops((pid_t)child, SIGSTOP, 0, "the child begins with a stop");
	must(trace(PTRACE_CONT, pid, 0, 0));
	must(trace(PTRACE_CONT, (pid_t)child, 0, 0));
	is(next_status((pid_t)child), 7 << 8, "its end is told to the tracer");
	stops(pid, SIGCHLD, 0, "and then to the parent");
	must(trace(PTRACE_CONT, pid, 0, SIGCHLD));
	is(next_status(pid), 7 << 8, "who waits for it");
	pid = tracee(forks, (void *)1);
	must(trace(PTRACE_SETOPTIONS, pid, 0, PTRACE_O_TRACEVFORK | PTRACE_O_TRACEVFORKDONE));
	child = event(pid, PTRACE_EVENT_VFORK, "PTRACE_EVENT_VFORK");
	stops((pid_t)child, SIGSTOP, 0, "its child begins with a stop");
	must(trace(PTRACE_CONT, pid, 0, 0));
	must(trace(PTRACE_CONT, (pid_t)child, 0, 0));
	is(next_status((pid_t)child), 7 << 8, "and ends");
	stops(pid, SIGTRAP, PTRACE_EVENT_VFORK_DONE, "PTRACE_EVENT_VFORK_DONE");
	must(kill(pid, SIGKILL));
	is(next_status(pid), SIGKILL, "end");
}

/* SIGUSR1 comes only while it sleeps. */
static int waits_for_signal(void *argument)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGUSR1, handler);
	must(write(*(int *)argument, "", 1));
	sigemptyset(&set);
	while (!caught)
		sigsuspend(&set);
	return caught;
}

/* An untraced child that runs waits_for_signal(). */
static pid_t sleeper(void)
{
	int pipes[2];
	char byte;
	pid_t pid;

	must(pipe(pipes));
	pid = tap_spawn(waits_for_signal, &pipes[1]);
	must(read(pipes[0], &byte, 1));
	close(pipes[0]);
	close(pipes[1]);
	tap_await_state(pid, 'S');
	return pid;
}

TEST(attach)
{
	pid_t pid = sleeper();

	works(trace(PTRACE_ATTACH, pid, 0, 0), "PTRACE_ATTACH");
	stops(pid, SIGSTOP, 0, "stops it");
	works(trace(PTRACE_DETACH, pid, 0, SIGUSR1), "PTRACE_DETACH with a signal");
	is(next_status(pid), SIGUSR1 << 8, "which it gets");
	pid = sleeper();
	must(trace(PTRACE_ATTACH, pid, 0, 0));
	stops(pid, SIGSTOP, 0, "once more");
	must(trace(PTRACE_CONT, pid, 0, 0));
	fails(trace(PTRACE_CONT, pid, 0, 0), ESRCH, "it runs");
	fails(trace(PTRACE_DETACH, pid, 0, 0), ESRCH, "so it cannot be let go");
	must(kill(pid, SIGUSR1));
	stops(pid, SIGUSR1, 0, "a signal from outside");
	must(trace(PTRACE_DETACH, pid, 0, 0));
	fails(trace(PTRACE_CONT, pid, 0, 0), ESRCH, "no longer traced");
	must(kill(pid, SIGUSR1));
	is(next_status(pid), SIGUSR1 << 8, "end");
	/* one that job control has stopped */
	pid = sleeper();
	must(kill(pid, SIGSTOP));
	must(waitpid(pid, NULL, WUNTRACED));
	must(trace(PTRACE_ATTACH, pid, 0, 0));
	stops(pid, SIGSTOP, 0, "a stopped one is the tracer's at once");
	must(kill(pid, SIGKILL));
	is(next_status(pid), SIGKILL, "end of it");
}

TEST(seize)
{
	pid_t pid = sleeper();
	siginfo_t info;

	fails(trace(PTRACE_SEIZE, pid, 1, 0), EIO, "PTRACE_SEIZE with an address");
	fails(trace(PTRACE_SEIZE, pid, 0, 0x400), EIO, "or an unknown option");
	works(trace(PTRACE_SEIZE, pid, 0, PTRACE_O_TRACESYSGOOD), "PTRACE_SEIZE");
	fails(trace(PTRACE_CONT, pid, 0, 0), ESRCH, "it does not stop");
	works(trace(PTRACE_INTERRUPT, pid, 0, 0), "PTRACE_INTERRUPT");
	stops(pid, SIGTRAP, PTRACE_EVENT_STOP, "now it does");
	must(trace(PTRACE_GETSIGINFO, pid, 0, (unsigned long)&info));
	is(info.si_code, SIGTRAP | PTRACE_EVENT_STOP << 8, "si_code");
	must(trace(PTRACE_CONT, pid, 0, 0));
	tap_await_state(pid, 'S');
	/* job control */
	must(kill(pid, SIGSTOP));
	stops(pid, SIGSTOP, 0, "a stop signal first comes as a signal");
	must(trace(PTRACE_CONT, pid, 0, SIGSTOP));
	stops(pid, SIGSTOP, PTRACE_EVENT_STOP, "then as a stop of the group");
	works(trace(PTRACE_LISTEN, pid, 0, 0), "PTRACE_LISTEN");
	fails(trace(PTRACE_CONT, pid, 0, 0), ESRCH, "it is not to be touched");
	is(waitpid(pid, NULL, WNOHANG | __WALL), 0, "it stays stopped");
	must(kill(pid, SIGCONT));
	stops(pid, SIGTRAP, PTRACE_EVENT_STOP, "SIGCONT ends that");
	must(trace(PTRACE_CONT, pid, 0, 0));
	stops(pid, SIGCONT, 0, "and comes itself");
	must(trace(PTRACE_CONT, pid, 0, SIGCONT));
	tap_await_state(pid, 'S');
	must(kill(pid, SIGUSR1));
	stops(pid, SIGUSR1, 0, "another signal");
	must(trace(PTRACE_CONT, pid, 0, SIGUSR1));
	is(next_status(pid), SIGUSR1 << 8, "end");
}

TEST(group_stop)
{
	pid_t pid = tracee(raises, (void *)SIGTSTP);
	siginfo_t info;

	must(trace(PTRACE_CONT, pid, 0, 0));
	stops(pid, SIGTSTP, 0, "a stop signal");
	must(trace(PTRACE_CONT, pid, 0, SIGSTOP));
	stops(pid, SIGSTOP, 0, "stops the group");
	fails(trace(PTRACE_GETSIGINFO, pid, 0, (unsigned long)&info), EINVAL,
	      "which has no siginfo");
	finish(pid, 0, "the tracer lets it run all the same");
}

/* Who ends while a tracee stands still lets it go. */
static int tracer_that_ends(void *argument)
{
	pid_t pid = *(pid_t *)argument;
	int status;

	if (trace(PTRACE_SEIZE, pid, 0, argument == NULL ? 0 : ((pid_t *)argument)[1]))
		return 1;
	trace(PTRACE_INTERRUPT, pid, 0, 0);
	return waitpid(pid, &status, __WALL) != pid;
}

TEST(tracer_ends)
{
	pid_t what[2] = {sleeper(), 0}, tracer = tap_spawn(tracer_that_ends, what);

	exits(tracer, 0, "the tracer");
	must(kill(what[0], SIGUSR1));
	is(next_status(what[0]), SIGUSR1 << 8, "the tracee goes on without it");
	what[0] = sleeper();
	what[1] = PTRACE_O_EXITKILL;
	tracer = tap_spawn(tracer_that_ends, what);
	exits(tracer, 0, "a tracer with PTRACE_O_EXITKILL");
	is(next_status(what[0]), SIGKILL, "takes the tracee with it");
}

static int ends_traced(void *argument)
{
	pid_t pid = fork();
	siginfo_t info;

	(void)argument;
	if (pid == 0)
		_exit(trace(PTRACE_TRACEME, 0, 0, 0) ? 1 : 0);
	return waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT) || info.si_status;
}

static int heir(void *argument)
{
	(void)argument;
	if (prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) || signal(SIGCHLD, SIG_IGN) == SIG_ERR)
		return 1;
	tap_spawn(ends_traced, NULL);
	return waitpid(-1, NULL, 0) == -1 && errno == ECHILD ? 0 : 2;
}

/* Nobody has to wait for it for a tracer's sake who has ended. */
TEST(orphaned_zombie)
{
	exits(tap_spawn(heir, NULL), 0, "goes if its new parent ignores SIGCHLD");
}

static int tracer_of_end(void *argument)
{
	pid_t pid = *(pid_t *)argument;

	if (trace(PTRACE_SEIZE, pid, 0, 0) || kill(pid, SIGUSR1))
		return 1;
	if (next_status(pid) != stop_status(SIGUSR1, 0))
		return 2;
	trace(PTRACE_CONT, pid, 0, SIGUSR1);
	tap_sleep_ms(50);
	return next_status(pid) == SIGUSR1 << 8 ? 0 : 3;
}

/* The end is told to the tracer first, then to the parent. */
TEST(zombies)
{
	pid_t pid = sleeper(), tracer = tap_spawn(tracer_of_end, &pid);

	exits(tracer, 0, "the tracer sees the end");
	is(next_status(pid), SIGUSR1 << 8, "and then the parent does");
}

TEST(masks)
{
	pid_t pid = tracee(raises, (void *)SIGUSR1);
	struct __ptrace_peeksiginfo_args args = {0, 0, 4};
	uint64_t mask = 0, want = 1ull << (SIGUSR1 - 1) | 1ull << (SIGKILL - 1);
	siginfo_t info[4];

	fails(trace(PTRACE_GETSIGMASK, pid, 4, (unsigned long)&mask), EINVAL, "size of a mask");
	must(trace(PTRACE_GETSIGMASK, pid, 8, (unsigned long)&mask));
	is(mask, 0, "PTRACE_GETSIGMASK");
	fails(trace(PTRACE_SETSIGMASK, pid, 8, (unsigned long)BAD), EFAULT, "bad mask");
	must(trace(PTRACE_SETSIGMASK, pid, 8, (unsigned long)&want));
	must(trace(PTRACE_GETSIGMASK, pid, 8, (unsigned long)&mask));
	is(mask, 1ull << (SIGUSR1 - 1), "PTRACE_SETSIGMASK leaves SIGKILL out");
	must(syscall(SYS_tgkill, pid, pid, SIGUSR1));
	is(trace(PTRACE_PEEKSIGINFO, pid, (unsigned long)&args, (unsigned long)info), 1,
	   "one signal is pending");
	is(info[0].si_signo, SIGUSR1, "that one");
	args.flags = 1;
	is(trace(PTRACE_PEEKSIGINFO, pid, (unsigned long)&args, (unsigned long)info), 0,
	   "none of the process");
	args.flags = 2;
	fails(trace(PTRACE_PEEKSIGINFO, pid, (unsigned long)&args, (unsigned long)info), EINVAL,
	      "unknown flag");
	args = (struct __ptrace_peeksiginfo_args){0, 0, -1};
	fails(trace(PTRACE_PEEKSIGINFO, pid, (unsigned long)&args, (unsigned long)info), EINVAL,
	      "a negative number");
	fails(trace(PTRACE_PEEKSIGINFO, pid, (unsigned long)BAD, (unsigned long)info), EFAULT,
	      "bad arguments");
	finish(pid, 0, "it stays blocked");
}

TEST(new_siginfo)
{
	pid_t pid = tracee(raises, (void *)SIGUSR1);
	siginfo_t info;

	must(trace(PTRACE_CONT, pid, 0, 0));
	stops(pid, SIGUSR1, 0, "a signal");
	must(trace(PTRACE_GETSIGINFO, pid, 0, (unsigned long)&info));
	info.si_signo = SIGUSR2;
	must(trace(PTRACE_SETSIGINFO, pid, 0, (unsigned long)&info));
	fails(trace(PTRACE_SETSIGINFO, pid, 0, (unsigned long)BAD), EFAULT, "bad siginfo");
	must(trace(PTRACE_CONT, pid, 0, SIGUSR2));
	is(next_status(pid), SIGUSR2 << 8, "changed by the tracer");
}

/* The parent hears nothing of stops of a child that somebody else traces. */
TEST(parent_is_another)
{
	int pipes[2];
	pid_t pid = sleeper(), tracer;
	char byte;

	must(pipe(pipes));
	tracer = fork();
	if (tracer == 0) {
		must(trace(PTRACE_SEIZE, pid, 0, 0));
		must(kill(pid, SIGUSR1));
		stops(pid, SIGUSR1, 0, "the tracer sees the signal");
		must(write(pipes[1], "", 1));
		tap_await_state(getppid(), 'S');
		must(trace(PTRACE_DETACH, pid, 0, 0));
		_exit(0);
	}
	must(read(pipes[0], &byte, 1));
	is(waitpid(pid, NULL, WNOHANG | WUNTRACED), 0, "the parent does not");
	exits(tracer, 0, "the tracer");
	must(kill(pid, SIGUSR1));
	is(next_status(pid), SIGUSR1 << 8, "end");
}
