/* ptrace(2): registers, memory, breakpoints, watchpoints, single steps. */
#include "trace.h"
#include <sched.h>

#define USER(field) offsetof(struct user, field)
#define DR7(n, kind, length) (1ul << (n) * 2 | (unsigned long)(kind) << (16 + (n) * 4) | \
			      (unsigned long)(length) << (18 + (n) * 4))

static volatile long watched[4] __attribute__((aligned(32)));

__attribute__((noinline)) static void touch(long value)
{
	watched[0] = value;
	__asm__ volatile("" ::: "memory");
}

static int touches(void *argument)
{
	(void)argument;
	touch(1);
	touch(2);
	return (int)watched[0];
}

static void handler(int signal)
{
	watched[1] = signal;
}

static unsigned long peek_user(pid_t pid, unsigned long at)
{
	unsigned long word = 0;

	must(trace(PTRACE_PEEKUSER, pid, at, (unsigned long)&word));
	return word;
}

TEST(user_area)
{
	pid_t pid = tracee(touches, NULL);
	struct user_regs_struct regs = regs_of(pid);
	unsigned long word;

	is(peek_user(pid, USER(regs.rip)), regs.rip, "PTRACE_PEEKUSER is PTRACE_GETREGS");
	is(regs.cs, 0x33, "code segment");
	is(regs.ss, 0x2b, "stack segment");
	is(peek_user(pid, USER(u_tsize)), 0, "the rest is zeros");
	fails(trace(PTRACE_PEEKUSER, pid, 4, (unsigned long)&word), EIO, "not aligned");
	fails(trace(PTRACE_PEEKUSER, pid, USER(u_debugreg[10]), (unsigned long)&word), EIO,
	      "behind its end");
	fails(trace(PTRACE_PEEKUSER, pid, -8ul, (unsigned long)&word), EIO, "before it");
	fails(trace(PTRACE_POKEUSER, pid, USER(u_tsize), 1), EIO, "which are not to be set");
	fails(trace(PTRACE_POKEUSER, pid, USER(regs.fs_base), 1ul << 63), EIO, "a bad base");
	fails(trace(PTRACE_POKEUSER, pid, USER(regs.cs), 0x10), EIO, "the kernel's segment");
	fails(trace(PTRACE_POKEUSER, pid, USER(regs.ss), 0), EIO, "no segment");
	fails(trace(PTRACE_GETREGS, pid, 0, (unsigned long)BAD), EFAULT, "bad pointer");
	fails(trace(PTRACE_SETREGS, pid, 0, (unsigned long)BAD), EFAULT, "bad pointer to set");
	works(trace(PTRACE_POKEUSER, pid, USER(regs.eflags), ~0ul), "all flags");
	word = peek_user(pid, USER(regs.eflags));
	ok(!(word & 0x3000) && (word & 0x200), "leave privilege and interrupts as they were");
	must(trace(PTRACE_SETREGS, pid, 0, (unsigned long)&regs));
	finish(pid, 2, "it runs as before");
}

TEST(wild_registers)
{
	static const unsigned long values[] = {0x800000000000, 0xffffffff80000000, ~0ul, 0};

	for (unsigned i = 0; i < 4; i++) {
		pid_t pid = tracee(touches, NULL);

		must(trace(PTRACE_POKEUSER, pid, USER(regs.rip), values[i]));
		must(trace(PTRACE_CONT, pid, 0, 0));
		is(next_status(pid), stop_status(SIGSEGV, 0), "rip at nothing");
		must(kill(pid, SIGKILL));
		is(next_status(pid), SIGKILL, "end");
	}
}

TEST(register_sets)
{
	pid_t pid = tracee(touches, NULL);
	static char buf[65536] __attribute__((aligned(64)));
	struct iovec iov = {buf, sizeof(buf)};
	struct user_fpregs_struct fp;
	uint64_t features;

	works(trace(PTRACE_GETREGSET, pid, NT_PRSTATUS, (unsigned long)&iov), "NT_PRSTATUS");
	is(iov.iov_len, sizeof(struct user_regs_struct), "its size");
	works(trace(PTRACE_SETREGSET, pid, NT_PRSTATUS, (unsigned long)&iov), "set");
	iov.iov_len = 16;
	works(trace(PTRACE_GETREGSET, pid, NT_PRSTATUS, (unsigned long)&iov), "a part");
	is(iov.iov_len, 16, "of that size");
	iov.iov_len = 12;
	fails(trace(PTRACE_GETREGSET, pid, NT_PRSTATUS, (unsigned long)&iov), EINVAL, "odd size");
	iov.iov_len = 16;
	fails(trace(PTRACE_GETREGSET, pid, 0x9999, (unsigned long)&iov), EINVAL, "no such set");
	fails(trace(PTRACE_GETREGSET, pid, NT_PRSTATUS, (unsigned long)BAD), EFAULT, "bad iovec");
	iov.iov_base = BAD;
	fails(trace(PTRACE_GETREGSET, pid, NT_PRSTATUS, (unsigned long)&iov), EFAULT, "bad buffer");
	iov = (struct iovec){buf, sizeof(buf)};
	works(trace(PTRACE_GETREGSET, pid, NT_PRFPREG, (unsigned long)&iov), "NT_PRFPREG");
	is(iov.iov_len, 512, "its size");
	must(trace(PTRACE_GETFPREGS, pid, 0, (unsigned long)&fp));
	ok(!memcmp(&fp, buf, sizeof(fp)), "is PTRACE_GETFPREGS");
	is(fp.cwd, 0x37f, "control word");
	fp.mxcsr = ~0u;
	fails(trace(PTRACE_SETFPREGS, pid, 0, (unsigned long)&fp), EINVAL, "bits that MXCSR lacks");
	iov = (struct iovec){buf, sizeof(buf)};
	works(trace(PTRACE_GETREGSET, pid, NT_X86_XSTATE, (unsigned long)&iov), "NT_X86_XSTATE");
	memcpy(&features, buf + 464, 8);
	ok((features & 3) == 3, "tells the components");
	works(trace(PTRACE_SETREGSET, pid, NT_X86_XSTATE, (unsigned long)&iov), "set");
	iov.iov_len -= 8;
	fails(trace(PTRACE_SETREGSET, pid, NT_X86_XSTATE, (unsigned long)&iov), EFAULT, "a part");
	iov.iov_len += 8;
	buf[519] = 0x40;
	fails(trace(PTRACE_SETREGSET, pid, NT_X86_XSTATE, (unsigned long)&iov), EINVAL,
	      "a component that there is not");
	finish(pid, 2, "it runs as before");
}

static int adds(void *argument)
{
	double value = 1.5;

	(void)argument;
	__asm__ volatile("movsd %0, %%xmm7\n\tmov $39, %%eax\n\tsyscall\n\tint3\n\tmovsd %%xmm7, %0"
			 : "+m"(value) :: "rax", "rcx", "r11", "xmm7", "memory");
	return value == 42.0 ? 7 : 8;
}

TEST(fpu)
{
	pid_t pid = tracee(adds, NULL);
	struct user_fpregs_struct fp;
	double value;

	must(trace(PTRACE_CONT, pid, 0, 0));
	stops(pid, SIGTRAP, 0, "int3");
	must(trace(PTRACE_GETFPREGS, pid, 0, (unsigned long)&fp));
	memcpy(&value, (char *)fp.xmm_space + 7 * 16, 8);
	ok(value == 1.5, "what it has in a register");
	value = 42;
	memcpy((char *)fp.xmm_space + 7 * 16, &value, 8);
	must(trace(PTRACE_SETFPREGS, pid, 0, (unsigned long)&fp));
	finish(pid, 7, "it goes on with another value");
}

/* A breakpoint in a program that cannot be written. */
TEST(breakpoint)
{
	pid_t pid = tracee(touches, NULL);
	unsigned long word = word_at(pid, (void *)touch), at = (unsigned long)touch;
	struct user_regs_struct regs;
	siginfo_t info;

	works(trace(PTRACE_POKETEXT, pid, at, (word & ~0xfful) | 0xcc), "code is written");
	is(*(volatile unsigned char *)touch, word & 0xff, "one's own is not");
	must(trace(PTRACE_CONT, pid, 0, 0));
	stops(pid, SIGTRAP, 0, "it is hit");
	must(trace(PTRACE_GETSIGINFO, pid, 0, (unsigned long)&info));
	is(info.si_code, SI_KERNEL, "si_code of int3");
	regs = regs_of(pid);
	is(regs.rip, at + 1, "behind it");
	is(regs.rdi, 1, "with its argument");
	must(trace(PTRACE_POKETEXT, pid, at, word));
	regs.rip = at;
	regs.rdi = 30;
	must(trace(PTRACE_SETREGS, pid, 0, (unsigned long)&regs));
	must(trace(PTRACE_SINGLESTEP, pid, 0, 0));
	stops(pid, SIGTRAP, 0, "one step");
	must(trace(PTRACE_GETSIGINFO, pid, 0, (unsigned long)&info));
	is(info.si_code, TRAP_TRACE, "si_code of a step");
	must(trace(PTRACE_POKETEXT, pid, at, (word & ~0xfful) | 0xcc));
	must(trace(PTRACE_CONT, pid, 0, 0));
	stops(pid, SIGTRAP, 0, "it is hit again");
	is(word_at(pid, watched), 30, "the changed argument was stored");
	must(trace(PTRACE_POKETEXT, pid, at, word));
	must(trace(PTRACE_POKEUSER, pid, USER(regs.rip), at));
	finish(pid, 2, "end");
}

TEST(watchpoint)
{
	pid_t pid = tracee(touches, NULL);
	unsigned long address = (unsigned long)watched;
	siginfo_t info;

	fails(trace(PTRACE_POKEUSER, pid, USER(u_debugreg[4]), 1), EIO, "DR4");
	is(peek_user(pid, USER(u_debugreg[5])), 0, "DR5");
	must(trace(PTRACE_POKEUSER, pid, USER(u_debugreg[1]), address + 1));
	fails(trace(PTRACE_POKEUSER, pid, USER(u_debugreg[7]), DR7(1, 1, 3)), EINVAL,
	      "an address that is not aligned");
	must(trace(PTRACE_POKEUSER, pid, USER(u_debugreg[1]), address));
	fails(trace(PTRACE_POKEUSER, pid, USER(u_debugreg[7]), DR7(1, 2, 0)), EINVAL,
	      "ports are not for programs");
	works(trace(PTRACE_POKEUSER, pid, USER(u_debugreg[7]), DR7(1, 1, 2)), "eight bytes");
	is(peek_user(pid, USER(u_debugreg[7])), DR7(1, 1, 2), "DR7");
	is(peek_user(pid, USER(u_debugreg[1])), address, "DR1");
	must(trace(PTRACE_CONT, pid, 0, 0));
	stops(pid, SIGTRAP, 0, "a write");
	must(trace(PTRACE_GETSIGINFO, pid, 0, (unsigned long)&info));
	is(info.si_code, TRAP_HWBKPT, "si_code");
	is(peek_user(pid, USER(u_debugreg[6])) & 0xf, 2, "DR6 says which");
	is(word_at(pid, watched), 1, "it was made");
	must(trace(PTRACE_CONT, pid, 0, 0));
	stops(pid, SIGTRAP, 0, "another one");
	is(word_at(pid, watched), 2, "of the next value");
	must(trace(PTRACE_POKEUSER, pid, USER(u_debugreg[7]), 0));
	finish(pid, 2, "not watched any more");
}

TEST(hardware_breakpoint)
{
	pid_t pid = tracee(touches, NULL);

	must(trace(PTRACE_POKEUSER, pid, USER(u_debugreg[0]), (unsigned long)touch));
	must(trace(PTRACE_POKEUSER, pid, USER(u_debugreg[7]), DR7(0, 0, 0)));
	for (int i = 1; i <= 2; i++) {
		must(trace(PTRACE_CONT, pid, 0, 0));
		stops(pid, SIGTRAP, 0, "it is hit");
		is(regs_of(pid).rip, (unsigned long)touch, "before the instruction");
		is(regs_of(pid).rdi, i, "with its argument");
	}
	finish(pid, 2, "it goes on by itself");
}

static int two(void *argument)
{
	pid_t pid = fork();
	int status;

	(void)argument;
	if (pid == 0) {
		touch(5);
		_exit(0);
	}
	waitpid(pid, &status, 0);
	touch(6);
	return status == 0 ? 3 : 4;
}

TEST(watch_one_only)
{
	pid_t pid = tracee(two, NULL);

	must(trace(PTRACE_POKEUSER, pid, USER(u_debugreg[0]), (unsigned long)watched));
	must(trace(PTRACE_POKEUSER, pid, USER(u_debugreg[7]), DR7(0, 1, 2)));
	must(trace(PTRACE_CONT, pid, 0, 0));
	stops(pid, SIGCHLD, 0, "the child is not watched");
	must(trace(PTRACE_CONT, pid, 0, 0));
	stops(pid, SIGTRAP, 0, "the tracee is");
	must(trace(PTRACE_DETACH, pid, 0, 0));
	is(next_status(pid), 3 << 8, "until it is let go");
}

static int signals_itself(void *argument)
{
	(void)argument;
	signal(SIGUSR1, handler);
	kill(getpid(), SIGUSR1);
	return (int)watched[1];
}

TEST(step_into_handler)
{
	pid_t pid = tracee(signals_itself, NULL);
	struct user_regs_struct regs;

	must(trace(PTRACE_CONT, pid, 0, 0));
	stops(pid, SIGUSR1, 0, "a signal");
	must(trace(PTRACE_SINGLESTEP, pid, 0, SIGUSR1));
	stops(pid, SIGTRAP, 0, "a step with it");
	regs = regs_of(pid);
	is(regs.rip, (unsigned long)handler, "ends at the handler");
	is(regs.eflags & 0x100, 0, "without the trap flag to be seen");
	finish(pid, SIGUSR1, "end");
}

static int forks_by_step(void *argument)
{
	long pid;
	int status;

	(void)argument;
	__asm__ volatile("int3\n\tmov $57, %%eax\n\tsyscall\n\tnop\n\tnop"
			 : "=a"(pid) :: "rcx", "r11", "memory");
	if (pid == 0)
		_exit(6);
	waitpid((pid_t)pid, &status, 0);
	return status == 6 << 8 ? 3 : 4;
}

TEST(step_over_fork)
{
	pid_t pid = tracee(forks_by_step, NULL);

	must(trace(PTRACE_CONT, pid, 0, 0));
	stops(pid, SIGTRAP, 0, "int3");
	for (int i = 0; i < 2; i++) {
		must(trace(PTRACE_SINGLESTEP, pid, 0, 0));
		stops(pid, SIGTRAP, 0, "a step");
	}
	must(trace(PTRACE_CONT, pid, 0, 0));
	stops(pid, SIGCHLD, 0, "the child has ended");
	finish(pid, 3, "and was not stepped");
}

static int step_through(void *argument)
{
	long result;

	(void)argument;
	__asm__ volatile("int3\n\tmov $39, %%eax\n\tsyscall\n\tnop\n\tpushf\n\tpop %%rbx\n\tnop"
			 : "=a"(result) :: "rcx", "r11", "rbx", "memory");
	return result == getpid() ? 4 : 5;
}

/* Every instruction is one step, system calls included. */
TEST(steps)
{
	static const unsigned char lengths[] = {5, 2, 1, 1, 1};
	pid_t pid = tracee(step_through, NULL);
	unsigned long at;

	must(trace(PTRACE_CONT, pid, 0, 0));
	stops(pid, SIGTRAP, 0, "int3");
	at = regs_of(pid).rip;
	for (unsigned i = 0; i < sizeof(lengths); i++) {
		must(trace(PTRACE_SINGLESTEP, pid, 0, 0));
		stops(pid, SIGTRAP, 0, "a step");
		at += lengths[i];
		is(regs_of(pid).rip, at, "of one instruction");
	}
	finish(pid, 4, "end");
}

static int loops(void *argument)
{
	(void)argument;
	__asm__ volatile("int3\n\tmov $3, %%ecx\n1:\tnop\n\tnop\n\tdec %%ecx\n\tjnz 1b\n\tnop\n\t"
			 "int3" ::: "rcx", "memory");
	return 6;
}

/* From one branch taken to the next, or, where the CPU cannot, from instruction to instruction: the
 * loop's head is seen each time. */
TEST(step_by_branches)
{
	pid_t pid = tracee(loops, NULL);
	unsigned long start, at;
	siginfo_t info;
	int heads = 0, steps = 0;

	fails(trace(PTRACE_SINGLEBLOCK, pid, 0, 65), EIO, "with a signal that is not");
	must(trace(PTRACE_CONT, pid, 0, 0));
	stops(pid, SIGTRAP, 0, "int3");
	start = at = regs_of(pid).rip;
	for (; steps < 20 && at < start + 12; steps++) {
		must(trace(PTRACE_SINGLEBLOCK, pid, 0, 0));
		if (next_status(pid) != stop_status(SIGTRAP, 0))
			break;
		at = regs_of(pid).rip;
		must(trace(PTRACE_GETSIGINFO, pid, 0, (unsigned long)&info));
		heads += at == start + 5 && info.si_code == TRAP_TRACE;
	}
	ok(heads == 2 || heads == 3, "the loop's head, as often as it is jumped to");
	if (at < start + 12) {
		must(trace(PTRACE_CONT, pid, 0, 0));
		stops(pid, SIGTRAP, 0, "int3 again");
	} else {
		ok(at == start + 12 || at == start + 13, "int3 again");
	}
	must(trace(PTRACE_POKEUSER, pid, USER(regs.rip), start + 13));
	must(trace(PTRACE_SINGLESTEP, pid, 0, 0));
	stops(pid, SIGTRAP, 0, "a step again");
	at = regs_of(pid).rip;
	ok(at > start + 13 && at < start + 28, "is of one instruction");
	finish(pid, 6, "end");
}

/* The C library may have registered some already. */
static int registers_rseq(void *argument)
{
	static _Alignas(32) char area[32];

	(void)argument;
	if (syscall(SYS_rseq, area, 32, 0, 0x53053053))
		return 1;
	raise(SIGSTOP);
	return area[0] != 0;
}

TEST(rseq)
{
	pid_t pid = tracee(registers_rseq, NULL);
	struct {
		uint64_t pointer;
		uint32_t size, signature, flags, pad;
	} c = {.flags = 7};

	is(trace(0x420f, pid, sizeof(c), (unsigned long)&c), 24, "PTRACE_GET_RSEQ_CONFIGURATION");
	/* the size is told by some kernels, too */
	ok(!c.pointer && !c.signature && !c.flags, "nothing is registered");
	must(trace(PTRACE_CONT, pid, 0, 0));
	stops(pid, SIGSTOP, 0, "it registers");
	is(trace(0x420f, pid, 12, (unsigned long)&c), 24, "it tells its size whatever was asked");
	ok(c.pointer && c.size == 32 && !c.signature, "and gives only that");
	is(trace(0x420f, pid, 100, (unsigned long)&c), 24, "more than there is");
	is(c.signature, 0x53053053, "the signature");
	fails(trace(0x420f, pid, 24, (unsigned long)BAD), EFAULT, "nowhere");
	must(kill(pid, SIGKILL));
	is(next_status(pid), SIGKILL, "end");
}

TEST(base)
{
	pid_t pid = tracee(touches, NULL);
	unsigned long fs = 0;

	works(trace(30, pid, (unsigned long)&fs, 0x1003), "PTRACE_ARCH_PRCTL");
	is(fs, peek_user(pid, USER(regs.fs_base)), "ARCH_GET_FS");
	fails(trace(30, pid, 1ul << 63, 0x1002), EPERM, "ARCH_SET_FS of the kernel's half");
	finish(pid, 2, "end");
}
