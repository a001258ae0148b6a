/*
 * ptrace(2) while everything happens at once: tracees that are killed at any moment, tracers that
 * end, many of both on all processors. What counts is that everything ends and nobody is left.
 */
#include "trace.h"
#include <sched.h>
#include <sys/mman.h>
#include <sys/prctl.h>

static int busy(void *argument)
{
	(void)argument;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	while (getppid())
		sched_yield();
	return 0;
}

static unsigned random_next(unsigned *seed)
{
	*seed = *seed * 1103515245 + 12345;
	return *seed >> 16;
}

/* Resumes, interrupts and looks at a tracee until it is gone. */
static int tracer_main(pid_t pid, unsigned seed)
{
	struct user_regs_struct regs;
	unsigned long word;
	int status;

	if (trace(PTRACE_SEIZE, pid, 0, PTRACE_O_TRACEEXIT))
		return 1;
	for (unsigned i = 0; i < 60; i++) {
		static const int how[] = {PTRACE_CONT, PTRACE_SYSCALL, PTRACE_SINGLESTEP,
					  PTRACE_SYSCALL};

		trace(PTRACE_INTERRUPT, pid, 0, 0);
		if (waitpid(pid, &status, __WALL) != pid)
			return 0;
		if (!WIFSTOPPED(status))
			return 0;
		trace(PTRACE_GETREGS, pid, 0, (unsigned long)&regs);
		trace(PTRACE_PEEKDATA, pid, regs.rsp, (unsigned long)&word);
		trace(PTRACE_SETREGS, pid, 0, (unsigned long)&regs);
		trace(how[random_next(&seed) % 4], pid, 0, 0);
	}
	if (random_next(&seed) & 1)
		return 0; /* it is let go by the tracer's end */
	trace(PTRACE_INTERRUPT, pid, 0, 0);
	waitpid(pid, &status, __WALL);
	trace(PTRACE_DETACH, pid, 0, 0);
	return 0;
}

/* One tracee, its tracer, and somebody who kills the tracee in between. */
static int round_of_three(unsigned seed)
{
	pid_t pid = tap_spawn(busy, NULL), tracer, killer;
	int status;

	tracer = fork();
	if (tracer == 0)
		_exit(tracer_main(pid, seed));
	killer = fork();
	if (killer == 0) {
		usleep(random_next(&seed) % 20000);
		kill(random_next(&seed) % 4 ? pid : tracer, SIGKILL);
		_exit(0);
	}
	waitpid(killer, NULL, 0);
	kill(pid, SIGKILL);
	kill(pid, SIGKILL);
	status = next_status(pid);
	waitpid(tracer, NULL, 0);
	/* the step of a tracer that was killed may be all that is left of it */
	if (status == SIGKILL || status == SIGTRAP)
		return 0;
	diag("the tracee's status is %#x", status);
	return 1;
}

static void rounds(int workers, int n)
{
	pid_t pids[8];

	for (int w = 0; w < workers; w++) {
		pids[w] = fork();
		if (pids[w] == 0) {
			int bad = 0;

			for (int i = 0; i < n; i++)
				bad += round_of_three((unsigned)(w * 1000 + i));
			_exit(bad != 0);
		}
	}
	for (int w = 0; w < workers; w++)
		exits(pids[w], 0, "all tracees ended");
}

TEST(killed)
{
	rounds(2, 6);
}

TEST_LONG(killed_often)
{
	rounds(8, 60);
}

static char stacks[8][16384] __attribute__((aligned(16)));

static int thread_busy(void *argument)
{
	(void)argument;
	for (int i = 0; i < 50; i++)
		sched_yield();
	syscall(SYS_exit, 0);
	return 0;
}

HELPER(quit)
{
	return 0;
}

/* Threads come and go, then one execs or all end. */
static int crowd(void *argument)
{
	for (int i = 0; i < 8; i++)
		clone(thread_busy, stacks[i] + sizeof(stacks[i]),
		      CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD |
			      CLONE_SYSVSEM,
		      NULL);
	if (argument)
		execl(tap_self, tap_self, "--as", "quit", NULL);
	_exit(0);
}

/* Follows everything that the tracee makes, until nobody is left: how many ended. */
static int follow(pid_t first, int request)
{
	int ended = 0, status;
	pid_t pid;

	must(trace(PTRACE_SETOPTIONS, first, 0,
		   PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXEC | PTRACE_O_TRACEEXIT |
			   PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEFORK));
	trace(request, first, 0, 0);
	while ((pid = waitpid(-1, &status, __WALL)) > 0) {
		int signal = WIFSTOPPED(status) ? WSTOPSIG(status) : 0;

		if (!WIFSTOPPED(status)) {
			ended++;
			continue;
		}
		if (status >> 16 || signal == SIGSTOP || (signal & 0x7f) == SIGTRAP)
			signal = 0;
		trace(request, pid, 0, (unsigned long)signal);
	}
	return ended;
}

TEST(crowds)
{
	for (int i = 0; i < 3; i++) {
		is(follow(tracee(crowd, NULL), PTRACE_CONT) >= 1, 1, "all threads are seen");
		is(follow(tracee(crowd, ""), PTRACE_SYSCALL) >= 1, 1, "also when one execs");
	}
}

TEST_LONG(many_crowds)
{
	for (int i = 0; i < 60; i++)
		follow(tracee(crowd, i & 1 ? "" : NULL), i & 2 ? PTRACE_SYSCALL : PTRACE_CONT);
	ok(true, "all ended");
}

/* A page of a program's own memory that it may only read, and two who write to it all the same. */
struct poked {
	volatile char *page;
	volatile int round, done[2];
};

static int poker(struct poked *p, int which, pid_t pid)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/mem", pid);
	fd = open(path, O_RDWR);
	if (fd < 0)
		return 1;
	for (int round = 1; round <= 1500; round++) {
		char value = (char)(round | 1);

		while (p->round < round)
			sched_yield();
		if (pwrite(fd, &value, 1, (off_t)(uintptr_t)p->page + which * 64) != 1)
			return 2;
		p->done[which] = round;
	}
	return 0;
}

TEST(two_pokes)
{
	struct poked *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
			       0);
	pid_t me = getpid(), pids[2];
	int fd = tap_file("page", ""), lost = 0;

	must(p == MAP_FAILED ? -1 : 0);
	must(ftruncate(fd, 4096));
	p->page = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, fd, 0);
	for (int i = 0; i < 2; i++) {
		pids[i] = fork();
		if (pids[i] == 0)
			_exit(poker(p, i, me));
	}
	for (int round = 1; round <= 1500; round++) {
		char value = (char)(round | 1);

		must(mmap((void *)p->page, 4096, PROT_READ, MAP_PRIVATE | MAP_FIXED, fd, 0) ==
				     MAP_FAILED ?
			     -1 :
			     0);
		p->round = round;
		while (p->done[0] < round || p->done[1] < round)
			sched_yield();
		lost += p->page[0] != value || p->page[64] != value;
	}
	is(lost, 0, "both writes are there");
	exits(pids[0], 0, "one");
	exits(pids[1], 0, "the other");
}
