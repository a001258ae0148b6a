/* Helpers of the tests of ptrace(2): requests by the bare call, and waits for stops. */
#ifndef TRACE_H
#define TRACE_H

#include "tap.h"
#include <elf.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/user.h>

#ifndef PTRACE_EVENT_STOP
#define PTRACE_EVENT_STOP 128
#endif

static inline long trace(long request, pid_t pid, unsigned long addr, unsigned long data)
{
	return syscall(SYS_ptrace, request, pid, addr, data);
}

/* The next status of a child or tracee, or -1. */
static inline int next_status(pid_t pid)
{
	int status = -1;
	pid_t got;

	do {
		got = waitpid(pid, &status, __WALL);
	} while (got < 0 && errno == EINTR);
	return got > 0 ? status : -1;
}

/* The status of a stop by signal and event. */
static inline int stop_status(int signal, int event)
{
	return event << 16 | signal << 8 | 0x7f;
}

/* Checks the next status. */
static inline bool stops(pid_t pid, int signal, int event, const char *what)
{
	return is(next_status(pid), stop_status(signal, event), what);
}

/* Lets it go on to an event, checks that it comes to it, and gives the event's message. */
static inline unsigned long event(pid_t pid, int which, const char *what)
{
	unsigned long message = 0;

	must(trace(PTRACE_CONT, pid, 0, 0));
	stops(pid, SIGTRAP, which, what);
	must(trace(PTRACE_GETEVENTMSG, pid, 0, (unsigned long)&message));
	return message;
}

static inline unsigned long word_at(pid_t pid, const volatile void *address)
{
	unsigned long word = 0;

	must(trace(PTRACE_PEEKDATA, pid, (unsigned long)address, (unsigned long)&word));
	return word;
}

static inline struct user_regs_struct regs_of(pid_t pid)
{
	struct user_regs_struct regs;

	must(trace(PTRACE_GETREGS, pid, 0, (unsigned long)&regs));
	return regs;
}

/* A child that asks to be traced, stops itself and then runs; it has been waited for. */
static inline pid_t tracee(int (*run)(void *), void *argument)
{
	pid_t pid = fork();

	if (pid == 0) {
		if (trace(PTRACE_TRACEME, 0, 0, 0))
			_exit(99);
		kill(getpid(), SIGSTOP);
		_exit(run(argument));
	}
	if (next_status(pid) != stop_status(SIGSTOP, 0))
		must(-1);
	return pid;
}

static inline void finish(pid_t pid, int status, const char *what)
{
	must(trace(PTRACE_CONT, pid, 0, 0));
	is(next_status(pid), status << 8, what);
}

#endif
