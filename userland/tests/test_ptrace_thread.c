/* ptrace(2): exec and threads. */
#include "trace.h"
#include <sched.h>

HELPER(quit)
{
	return atoi(argv[0]);
}

static int execs(void *argument)
{
	execl(tap_self, tap_self, "--as", "quit", (char *)argument, NULL);
	return 90;
}

TEST(exec)
{
	pid_t pid = tracee(execs, "8");
	unsigned long message;

	must(trace(PTRACE_CONT, pid, 0, 0));
	stops(pid, SIGTRAP, 0, "SIGTRAP after exec");
	finish(pid, 8, "it runs");
	pid = tracee(execs, "9");
	must(trace(PTRACE_SETOPTIONS, pid, 0, PTRACE_O_TRACEEXEC | PTRACE_O_TRACEEXIT));
	message = event(pid, PTRACE_EVENT_EXEC, "PTRACE_EVENT_EXEC");
	is(message, pid, "the number it had");
	message = event(pid, PTRACE_EVENT_EXIT, "PTRACE_EVENT_EXIT");
	is(message, 9 << 8, "its status");
	finish(pid, 9, "end");
}

/* The call that made the new program is in its registers until it runs. */
TEST(exec_registers)
{
	struct user_regs_struct regs;
	pid_t pid = tracee(execs, "7");

	must(trace(PTRACE_CONT, pid, 0, 0));
	stops(pid, SIGTRAP, 0, "SIGTRAP after exec");
	regs = regs_of(pid);
	is(regs.orig_rax, SYS_execve, "the number of execve");
	is(regs.rax, 0, "and its result");
	ok(!regs.rbx && !regs.rcx && !regs.rdx && !regs.r11, "the others are zero");
	finish(pid, 7, "end");
	pid = tracee(execs, "6");
	must(trace(PTRACE_SETOPTIONS, pid, 0, PTRACE_O_TRACEEXEC | PTRACE_O_TRACESYSGOOD));
	must(trace(PTRACE_SYSCALL, pid, 0, 0));
	stops(pid, SIGTRAP | 0x80, 0, "before exec");
	is(regs_of(pid).orig_rax, SYS_execve, "the number");
	must(trace(PTRACE_SYSCALL, pid, 0, 0));
	stops(pid, SIGTRAP, PTRACE_EVENT_EXEC, "in the middle of it");
	regs = regs_of(pid);
	is(regs.orig_rax, SYS_execve, "the number");
	is(regs.rax, -ENOSYS, "no result yet");
	must(trace(PTRACE_SYSCALL, pid, 0, 0));
	stops(pid, SIGTRAP | 0x80, 0, "after it");
	regs = regs_of(pid);
	is(regs.orig_rax, SYS_execve, "the number");
	is(regs.rax, 0, "its result");
	finish(pid, 6, "end");
}

static char stack[65536] __attribute__((aligned(16)));

static int thread_main(void *argument)
{
	if (argument) {
		execs(argument);
		return 91;
	}
	syscall(SYS_exit, 4);
	return 0;
}

static int threads(void *argument)
{
	pid_t tid = clone(thread_main, stack + sizeof(stack),
			  CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD |
				  CLONE_SYSVSEM,
			  argument);

	if (tid < 0)
		return 92;
	while (argument || syscall(SYS_tgkill, getpid(), tid, 0) == 0)
		usleep(1000);
	return 6;
}

TEST(thread)
{
	pid_t pid = tracee(threads, NULL);
	unsigned long tid;

	must(trace(PTRACE_SETOPTIONS, pid, 0, PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXIT));
	tid = event(pid, PTRACE_EVENT_CLONE, "PTRACE_EVENT_CLONE");
	stops((pid_t)tid, SIGSTOP, 0, "the thread begins with a stop of its own");
	/* the process waits: once it ends, its status is that of all */
	must(trace(PTRACE_CONT, (pid_t)tid, 0, 0));
	stops((pid_t)tid, SIGTRAP, PTRACE_EVENT_EXIT, "it ends");
	must(trace(PTRACE_CONT, (pid_t)tid, 0, 0));
	is(next_status((pid_t)tid), 4 << 8, "with a status of its own");
	must(trace(PTRACE_CONT, pid, 0, 0));
	stops(pid, SIGTRAP, PTRACE_EVENT_EXIT, "then the process");
	finish(pid, 6, "end");
}

/* A thread execs: it takes over the number of the process, the others are gone. */
TEST(thread_exec)
{
	pid_t pid = tracee(threads, "11");
	unsigned long tid, message;

	must(trace(PTRACE_SETOPTIONS, pid, 0, PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXEC));
	tid = event(pid, PTRACE_EVENT_CLONE, "PTRACE_EVENT_CLONE");
	stops((pid_t)tid, SIGSTOP, 0, "the thread");
	must(trace(PTRACE_CONT, pid, 0, 0));
	must(trace(PTRACE_CONT, (pid_t)tid, 0, 0));
	stops(pid, SIGTRAP, PTRACE_EVENT_EXEC, "exec under the number of the process");
	must(trace(PTRACE_GETEVENTMSG, pid, 0, (unsigned long)&message));
	is(message, tid, "tells the thread's");
	fails(trace(PTRACE_CONT, (pid_t)tid, 0, 0), ESRCH, "which is nobody's now");
	is(waitpid((pid_t)tid, NULL, __WALL | WNOHANG), -1, "nor to be waited for");
	finish(pid, 11, "the new program ends");
}
