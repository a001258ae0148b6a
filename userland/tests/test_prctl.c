/* prctl(2) and arch_prctl(2): what a thread says of its CPU, its system calls and its memory. */
#include "tap.h"
#include <sched.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <ucontext.h>

#ifndef PR_SET_IO_FLUSHER
#define PR_SET_IO_FLUSHER 57
#define PR_GET_IO_FLUSHER 58
#endif
#ifndef PR_SET_SYSCALL_USER_DISPATCH
#define PR_SET_SYSCALL_USER_DISPATCH 59
#endif
#ifndef PR_SPEC_L1D_FLUSH
#define PR_SPEC_L1D_FLUSH 2
#endif
enum { OFF, ON };
enum { ALLOW, BLOCK };

static long option(int which, unsigned long a, unsigned long b, unsigned long c, unsigned long d)
{
	return syscall(SYS_prctl, which, a, b, c, d);
}

#define O(which, ...) OPTION(which, ##__VA_ARGS__, 0, 0, 0, 0)
#define OPTION(which, a, b, c, d, ...)                                                             \
	option(which, (unsigned long)(a), (unsigned long)(b), (unsigned long)(c),          \
	       (unsigned long)(d))

/* ---- The time stamp counter ---- */

static int tsc(void)
{
	int mode = -1;

	must(O(PR_GET_TSC, &mode));
	return mode;
}

static void read_tsc(void)
{
	__asm__ volatile("rdtsc" ::: "eax", "edx", "memory");
}

static int reads_tsc(void *argument)
{
	(void)argument;
	read_tsc();
	return 3;
}

HELPER(reads_tsc)
{
	int mode = -1;

	prctl(PR_GET_TSC, &mode);
	if (mode != PR_TSC_SIGSEGV)
		return 9;
	read_tsc();
	return 4;
}

static int forbids_and_execs(void *argument)
{
	(void)argument;
	must(O(PR_SET_TSC, PR_TSC_SIGSEGV));
	execl(tap_self, tap_self, "--as", "reads_tsc", NULL);
	return 5;
}

static volatile int faults, fault_code;

static void at_fault(int signo, siginfo_t *info, void *context)
{
	(void)signo;
	faults++;
	fault_code = info->si_code;
	((ucontext_t *)context)->uc_mcontext.gregs[REG_RIP] += 2; /* past rdtsc */
}

static int yields(void *argument)
{
	struct sigaction a = {.sa_sigaction = at_fault, .sa_flags = SA_SIGINFO};
	bool forbidden = argument;
	int wrong = 0;

	must(sigaction(SIGSEGV, &a, NULL));
	if (forbidden)
		must(O(PR_SET_TSC, PR_TSC_SIGSEGV));
	for (int i = 1; i <= 300; i++) {
		sched_yield();
		read_tsc();
		wrong += faults != (forbidden ? i : 0);
	}
	return wrong ? 1 : 0;
}

TEST(tsc)
{
	struct sigaction a = {.sa_sigaction = at_fault, .sa_flags = SA_SIGINFO};
	pid_t children[4];

	is(tsc(), PR_TSC_ENABLE, "it may be read");
	fails(O(PR_SET_TSC, 0), EINVAL, "PR_SET_TSC of 0");
	fails(O(PR_SET_TSC, 3), EINVAL, "of 3");
	fails(O(PR_GET_TSC, BAD), EFAULT, "PR_GET_TSC to nowhere");
	for (long i = 0; i < 4; i++)
		children[i] = tap_spawn(yields, (void *)(i % 2));
	for (int i = 0; i < 4; i++)
		exits(children[i], 0, i % 2 ? "who may not never can" : "who may always can");
	dies(tap_spawn(forbids_and_execs, NULL), SIGSEGV, "a new program may not either");
	must(sigaction(SIGSEGV, &a, NULL));
	works(O(PR_SET_TSC, PR_TSC_SIGSEGV), "PR_TSC_SIGSEGV");
	is(tsc(), PR_TSC_SIGSEGV, "PR_GET_TSC");
	read_tsc();
	is(faults, 1, "RDTSC is a fault");
	is(fault_code, SI_KERNEL, "without an address");
	signal(SIGSEGV, SIG_DFL);
	dies(tap_spawn(reads_tsc, NULL), SIGSEGV, "a child inherits it");
	works(O(PR_SET_TSC, PR_TSC_ENABLE), "PR_TSC_ENABLE");
	read_tsc();
	is(tsc(), PR_TSC_ENABLE, "it may be read again");
}

/* ---- Failing memory, memory for writing out, speculation, features of the CPU ---- */

static int mce_policy(void *argument)
{
	return O(PR_MCE_KILL_GET) == (long)argument ? 0 : 1;
}

TEST(machine_checks)
{
	is(O(PR_MCE_KILL_GET), PR_MCE_KILL_DEFAULT, "as the system has it");
	fails(O(PR_MCE_KILL_GET, 1), EINVAL, "with an argument");
	fails(O(PR_MCE_KILL_GET, 0, 0, 0, 1), EINVAL, "with a fourth");
	for (long policy = PR_MCE_KILL_LATE; policy <= PR_MCE_KILL_DEFAULT; policy++) {
		works(O(PR_MCE_KILL, PR_MCE_KILL_SET, policy), "a policy");
		is(O(PR_MCE_KILL_GET), policy, "is told");
		exits(tap_spawn(mce_policy, (void *)policy), 0, "and inherited");
	}
	must(O(PR_MCE_KILL, PR_MCE_KILL_SET, PR_MCE_KILL_EARLY));
	fails(O(PR_MCE_KILL, PR_MCE_KILL_SET, 3), EINVAL, "one that is not");
	fails(O(PR_MCE_KILL, PR_MCE_KILL_CLEAR, 1), EINVAL, "PR_MCE_KILL_CLEAR of something");
	fails(O(PR_MCE_KILL, 2, 0), EINVAL, "an operation that is not");
	fails(O(PR_MCE_KILL, PR_MCE_KILL_CLEAR, 0, 1), EINVAL, "a third argument");
	fails(O(PR_MCE_KILL, PR_MCE_KILL_CLEAR, 0, 0, 1), EINVAL, "a fourth");
	is(O(PR_MCE_KILL_GET), PR_MCE_KILL_EARLY, "nothing has changed");
	works(O(PR_MCE_KILL, PR_MCE_KILL_CLEAR), "PR_MCE_KILL_CLEAR");
	is(O(PR_MCE_KILL_GET), PR_MCE_KILL_DEFAULT, "as at first");
}

static int no_flusher(void *argument)
{
	(void)argument;
	fails(O(PR_GET_IO_FLUSHER), EPERM, "a user may not ask");
	fails(O(PR_SET_IO_FLUSHER, 1), EPERM, "nor set it");
	return 0;
}

static int is_flusher(void *argument)
{
	(void)argument;
	return O(PR_GET_IO_FLUSHER) == 1 ? 0 : 1;
}

TEST(io_flusher)
{
	int fd = tap_file("f", "");
	static char page[65536];

	if (!tap_root())
		return skip("PR_SET_IO_FLUSHER", "not root");
	is(O(PR_GET_IO_FLUSHER), 0, "it is none");
	works(O(PR_SET_IO_FLUSHER, 1), "PR_SET_IO_FLUSHER");
	is(O(PR_GET_IO_FLUSHER), 1, "it is one");
	exits(tap_spawn(is_flusher, NULL), 0, "and its child");
	for (int i = 0; i < 64; i++)
		must(write(fd, page, sizeof(page)));
	works(fsync(fd), "it writes");
	fails(O(PR_SET_IO_FLUSHER, 2), EINVAL, "neither on nor off");
	fails(O(PR_SET_IO_FLUSHER, 0, 1), EINVAL, "a second argument");
	fails(O(PR_SET_IO_FLUSHER, 0, 0, 0, 1), EINVAL, "a fourth");
	fails(O(PR_GET_IO_FLUSHER, 1), EINVAL, "PR_GET_IO_FLUSHER with an argument");
	works(O(PR_SET_IO_FLUSHER, 0), "off");
	is(O(PR_GET_IO_FLUSHER), 0, "it is none again");
	is(tap_as_user(no_flusher, NULL), 0, "a user");
}

/* Neither kernel was told to do anything about it. */
TEST(speculation)
{
	long bypass = O(PR_GET_SPECULATION_CTRL, PR_SPEC_STORE_BYPASS);

	ok(bypass == PR_SPEC_NOT_AFFECTED || bypass == PR_SPEC_ENABLE, "store bypass");
	fails(O(PR_SET_SPECULATION_CTRL, PR_SPEC_STORE_BYPASS, PR_SPEC_DISABLE), ENXIO,
	      "is not controlled");
	is(O(PR_GET_SPECULATION_CTRL, PR_SPEC_INDIRECT_BRANCH), PR_SPEC_ENABLE, "branches");
	works(O(PR_SET_SPECULATION_CTRL, PR_SPEC_INDIRECT_BRANCH, PR_SPEC_ENABLE), "stay so");
	fails(O(PR_SET_SPECULATION_CTRL, PR_SPEC_INDIRECT_BRANCH, PR_SPEC_DISABLE), EPERM,
	      "and cannot be otherwise");
	fails(O(PR_SET_SPECULATION_CTRL, PR_SPEC_INDIRECT_BRANCH, PR_SPEC_FORCE_DISABLE), EPERM,
	      "for good");
	fails(O(PR_SET_SPECULATION_CTRL, PR_SPEC_INDIRECT_BRANCH, PR_SPEC_PRCTL), ERANGE,
	      "nor what is no state");
	is(O(PR_GET_SPECULATION_CTRL, PR_SPEC_L1D_FLUSH), PR_SPEC_FORCE_DISABLE, "level 1 caches");
	fails(O(PR_SET_SPECULATION_CTRL, PR_SPEC_L1D_FLUSH, PR_SPEC_ENABLE), EPERM,
	      "are not flushed");
	fails(O(PR_GET_SPECULATION_CTRL, 3), ENODEV, "another kind");
	fails(O(PR_SET_SPECULATION_CTRL, 3, PR_SPEC_ENABLE), ENODEV, "cannot be set either");
	fails(O(PR_GET_SPECULATION_CTRL, 0, 1), EINVAL, "an argument too many");
	fails(O(PR_SET_SPECULATION_CTRL, 0, PR_SPEC_ENABLE, 1), EINVAL, "when setting, too");
}

static long arch(int which, unsigned long argument)
{
	return syscall(SYS_arch_prctl, which, argument);
}

TEST(arch_prctl)
{
	unsigned long mask = 0;

	is(arch(0x1011, 0), 1, "ARCH_GET_CPUID: it may be used");
	fails(arch(0x1012, 0), ENODEV, "ARCH_SET_CPUID: this CPU cannot forbid it");
	works(arch(0x1021, (unsigned long)&mask), "ARCH_GET_XCOMP_SUPP");
	is(mask & 7, 7, "x87, SSE and AVX");
	mask = 0;
	works(arch(0x1022, (unsigned long)&mask), "ARCH_GET_XCOMP_PERM");
	is(mask & 7, 7, "as much without asking");
	fails(arch(0x1021, (unsigned long)BAD), EFAULT, "to nowhere");
	fails(arch(0x1023, 1), EOPNOTSUPP, "ARCH_REQ_XCOMP_PERM of what needs none");
	fails(arch(0x1023, 18), EOPNOTSUPP, "of what this CPU has not");
	fails(arch(0x1023, 19), EINVAL, "of what is not");
}

/* ---- Numbers ---- */

static int slack_of_child(void *argument)
{
	(void)argument;
	if (O(PR_GET_TIMERSLACK) != 12345)
		return 1;
	O(PR_SET_TIMERSLACK, 777);
	O(PR_SET_TIMERSLACK, 0);
	return O(PR_GET_TIMERSLACK) == 12345 ? 0 : 2;
}

TEST(numbers)
{
	int value = -1;
	long address = -1;

	is(O(PR_GET_TIMERSLACK), 50000, "PR_GET_TIMERSLACK");
	works(O(PR_SET_TIMERSLACK, 12345), "PR_SET_TIMERSLACK");
	is(O(PR_GET_TIMERSLACK), 12345, "it is told");
	exits(tap_spawn(slack_of_child, NULL), 0, "a child begins with it, and goes back to it");
	works(O(PR_SET_TIMERSLACK, 0), "the default");
	is(O(PR_GET_TIMERSLACK), 50000, "is what it began with");
	works(O(PR_GET_CHILD_SUBREAPER, &value), "PR_GET_CHILD_SUBREAPER");
	is(value, 0, "it is none");
	must(O(PR_SET_CHILD_SUBREAPER, 7));
	works(O(PR_GET_CHILD_SUBREAPER, &value), "PR_GET_CHILD_SUBREAPER");
	is(value, 1, "it is one");
	fails(O(PR_GET_CHILD_SUBREAPER, BAD), EFAULT, "to nowhere");
	is(O(PR_GET_KEEPCAPS), 0, "PR_GET_KEEPCAPS");
	must(O(PR_SET_KEEPCAPS, 1));
	is(O(PR_GET_KEEPCAPS), 1, "PR_GET_KEEPCAPS");
	must(syscall(SYS_set_tid_address, &value));
	works(O(PR_GET_TID_ADDRESS, &address), "PR_GET_TID_ADDRESS");
	is(address, &value, "set_tid_address's");
	fails(O(PR_GET_TID_ADDRESS, BAD), EFAULT, "to nowhere");
}

/* ---- System calls that the program answers itself ---- */

static volatile unsigned char *selector;
static volatile struct {
	int count, code, number, architecture;
	long address, rip, rax;
} call;

static void at_call(int signo, siginfo_t *info, void *context)
{
	greg_t *regs = ((ucontext_t *)context)->uc_mcontext.gregs;

	(void)signo;
	if (selector)
		*selector = ALLOW; /* else the way back would not be open */
	call.count++;
	call.code = info->si_code;
	call.number = info->si_syscall;
	call.architecture = (int)info->si_arch;
	call.address = (long)info->si_call_addr;
	call.rip = regs[REG_RIP];
	call.rax = regs[REG_RAX];
	regs[REG_RAX] = 4711;
}

static void catch_calls(void)
{
	struct sigaction a = {.sa_sigaction = at_call, .sa_flags = SA_SIGINFO};

	must(sigaction(SIGSYS, &a, NULL));
}

static long dispatch(unsigned long mode, unsigned long start, unsigned long length,
		     volatile void *byte)
{
	return O(PR_SET_SYSCALL_USER_DISPATCH, mode, start, length, byte);
}

static int odd_selector(void *argument)
{
	must(dispatch(ON, 0, 0, argument));
	*(volatile unsigned char *)argument = 2;
	syscall(SYS_getppid);
	return 1;
}

static int lost_selector(void *argument)
{
	must(dispatch(ON, 0, 0, argument));
	munmap(argument, 4096);
	syscall(SYS_getppid);
	return 1;
}

static int no_selector(void *argument)
{
	(void)argument;
	signal(SIGSYS, SIG_DFL);
	must(dispatch(ON, 0, 0, NULL));
	syscall(SYS_getppid);
	return 1;
}

static int forked(void *argument)
{
	(void)argument;
	*selector = BLOCK;
	return getppid() > 0 && !call.count ? 0 : 1;
}

HELPER(calls)
{
	return getppid() > 0 ? 0 : 1;
}

static int execs(void *argument)
{
	(void)argument;
	must(dispatch(ON, 0, 0, selector));
	execl(tap_self, tap_self, "--as", "calls", NULL);
	return 9;
}

TEST(user_dispatch)
{
	void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	long result;

	fails(dispatch(2, 0, 0, NULL), EINVAL, "neither on nor off");
	fails(dispatch(OFF, 1, 0, NULL), EINVAL, "off with a start");
	fails(dispatch(OFF, 0, 1, NULL), EINVAL, "off with a length");
	fails(dispatch(OFF, 0, 0, page), EINVAL, "off with a selector");
	fails(dispatch(ON, 4096, 0, page), EINVAL, "a range of no length");
	fails(dispatch(ON, 4096, -4096ul, page), EINVAL, "one that goes round");
	fails(dispatch(ON, 0, 0, KBAD), EFAULT, "a selector of the kernel's");
	works(dispatch(OFF, 0, 0, NULL), "off when it is off");
	selector = page;
	catch_calls();
	works(dispatch(ON, 0, 0, selector), "on");
	is(syscall(SYS_getppid), getppid(), "the selector allows");
	*selector = BLOCK;
	result = syscall(SYS_getppid, 1, 2, 3);
	is(call.count, 1, "SIGSYS");
	is(result, 4711, "the handler answers");
	is(call.code, 2, "si_code is SYS_USER_DISPATCH");
	is(call.number, SYS_getppid, "si_syscall");
	is((unsigned)call.architecture, 0xc000003e, "si_arch");
	is(call.address, call.rip, "si_call_addr is behind the instruction");
	is(call.rax, SYS_getppid, "%rax is as it was");
	*selector = BLOCK;
	is(syscall(9999), 4711, "a call that is not");
	is(call.number, 9999, "its number");
	is(*selector, ALLOW, "the handler has opened the way");
	must(dispatch(ON, 4096, 0x7fffffffe000, selector));
	*selector = BLOCK;
	is(syscall(SYS_getppid), getppid(), "the range allows all its code");
	*selector = ALLOW;
	must(dispatch(ON, 0, 0, selector));
	call.count = 0;
	exits(tap_spawn(forked, NULL), 0, "a child has none");
	must(dispatch(OFF, 0, 0, NULL));
	*selector = BLOCK;
	is(syscall(SYS_getppid), getppid(), "off");
	*selector = ALLOW;
	exits(tap_spawn(execs, NULL), 0, "nor has a new program");
	*selector = ALLOW;
	dies(tap_spawn(odd_selector, page), SIGSYS, "who selects what is not dies");
	*selector = ALLOW;
	dies(tap_spawn(lost_selector, page), SIGSEGV, "and who has lost the selector");
	dies(tap_spawn(no_selector, NULL), SIGSYS, "without one all is blocked");
}
