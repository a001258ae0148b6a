/* What faults become: signal, si_code and address for each; alternate stacks; registers over a
 * handler. */
#include "tap.h"
#include <setjmp.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <ucontext.h>

static sigjmp_buf back;
static siginfo_t last;
static volatile long last_ip;
static volatile char *handler_stack;

static void on_fault(int signal, siginfo_t *info, void *context)
{
	ucontext_t *c = context;
	char here;

	(void)signal;
	last = *info;
	last_ip = c->uc_mcontext.gregs[REG_RIP];
	handler_stack = &here;
	siglongjmp(back, 1);
}

static void catch_all(int flags)
{
	static const int faults[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP};
	struct sigaction a = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | flags};

	for (int i = 0; i < 5; i++)
		must(sigaction(faults[i], &a, NULL));
	memset(&last, 0, sizeof(last));
}

/* Runs a statement and keeps what it raised in `last`. */
#define FAULT(statement)                                                                           \
	do {                                                                                       \
		memset(&last, 0, sizeof(last));                                                    \
		if (sigsetjmp(back, 1) == 0) {                                                     \
			statement;                                                                 \
		}                                                                                  \
	} while (0)

static void *page(int prot)
{
	void *p = mmap(NULL, 4096, prot, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	must(p == MAP_FAILED ? -1 : 0);
	return p;
}

TEST(segv)
{
	volatile char *p;
	volatile char sink;

	catch_all(0);
	FAULT(*(volatile char *)0x10 = 1);
	ok(last.si_signo == SIGSEGV && last.si_code == SEGV_MAPERR && last.si_addr == (void *)0x10,
	   "write to nothing: MAPERR");
	FAULT(sink = *(volatile char *)0x7000);
	ok(last.si_code == SEGV_MAPERR && last.si_addr == (void *)0x7000,
	   "read of nothing: MAPERR");
	p = page(PROT_READ);
	FAULT(p[77] = 1);
	ok(last.si_signo == SIGSEGV && last.si_code == SEGV_ACCERR && last.si_addr == p + 77,
	   "write to a read-only page: ACCERR");
	p = page(PROT_NONE);
	FAULT(sink = p[5]);
	ok(last.si_code == SEGV_ACCERR && last.si_addr == p + 5, "read of a closed page: ACCERR");
	p = page(PROT_READ | PROT_WRITE);
	FAULT(((void (*)(void))p)());
	ok(last.si_code == SEGV_ACCERR && last.si_addr == p && last_ip == (long)p,
	   "run data: ACCERR");
	FAULT(sink = *(volatile char *)0xffffffff80001000);
	ok(last.si_signo == SIGSEGV && last.si_addr == (void *)0xffffffff80001000,
	   "read of the kernel's memory");
	FAULT(sink = *(volatile char *)0x8000000000000000);
	ok(last.si_signo == SIGSEGV, "an address that is none");
	(void)sink;
}

TEST(privileged)
{
	catch_all(0);
	FAULT(__asm__ volatile("hlt"));
	is(last.si_signo, SIGSEGV, "hlt");
	is(last.si_code, SI_KERNEL, "has no address");
	FAULT(__asm__ volatile("cli"));
	is(last.si_signo, SIGSEGV, "cli");
	FAULT(__asm__ volatile("in $0x80, %%al" ::: "eax"));
	is(last.si_signo, SIGSEGV, "in");
	FAULT(__asm__ volatile("mov %%cr3, %%rax" ::: "rax"));
	is(last.si_signo, SIGSEGV, "mov from cr3");
	FAULT(__asm__ volatile("int $0x40"));
	is(last.si_signo, SIGSEGV, "an interrupt that is not for programs");
}

static void divide_floats(void)
{
	unsigned mxcsr = 0x1f80 & ~0x200;
	float a = 1, b = 0;

	__asm__ volatile("ldmxcsr %1; divss %2, %0" : "+x"(a) : "m"(mxcsr), "x"(b));
}

TEST(others)
{
	volatile int zero = 0, n = 1;
	volatile char *p;
	int fd = tap_file("f", "x");

	catch_all(0);
	FAULT(n = n / zero);
	ok(last.si_signo == SIGFPE && last.si_code == FPE_INTDIV, "division by zero: FPE_INTDIV");
	ok(last.si_addr == (void *)last_ip, "at the instruction");
	FAULT(__asm__ volatile("ud2"));
	ok(last.si_signo == SIGILL && last.si_code == ILL_ILLOPN && last.si_addr == (void *)last_ip,
	   "ud2: ILL_ILLOPN");
	FAULT(__asm__ volatile("int3"));
	ok(last.si_signo == SIGTRAP && last.si_code == SI_KERNEL, "int3: SIGTRAP");
	p = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	FAULT(p[4096 + 9] = 1);
	ok(last.si_signo == SIGBUS && last.si_code == BUS_ADRERR && last.si_addr == p + 4096 + 9,
	   "beyond a file: BUS_ADRERR");
	FAULT(divide_floats());
	if (!last.si_signo)
		return skip("FPE_FLTDIV", "this processor raises no SSE exceptions");
	ok(last.si_signo == SIGFPE && last.si_code == FPE_FLTDIV,
	   "a float division with its exception open: FPE_FLTDIV");
}

TEST(single_step)
{
	catch_all(0);
	FAULT(__asm__ volatile("pushfq; orq $0x100, (%%rsp); popfq; nop; nop" ::: "memory"));
	is(last.si_signo, SIGTRAP, "the trap flag: SIGTRAP");
	is(last.si_code, TRAP_TRACE, "TRAP_TRACE");
}

static int blocked(void *argument)
{
	sigset_t set;

	(void)argument;
	sigfillset(&set);
	sigprocmask(SIG_SETMASK, &set, NULL);
	catch_all(0);
	*(volatile char *)0x10 = 1;
	return 0;
}

static int ignored(void *argument)
{
	(void)argument;
	signal(SIGSEGV, SIG_IGN);
	*(volatile char *)0x10 = 1;
	return 0;
}

static int overflow(volatile char *upper)
{
	volatile char room[4096];

	room[0] = 1;
	return room[0] + (upper ? overflow(room) : 0) + room[1];
}

static int deep(void *argument)
{
	return overflow(argument);
}

TEST(forced)
{
	struct rlimit small = {1 << 20, 1 << 20};

	dies(tap_spawn(blocked, NULL), SIGSEGV, "a blocked fault ends the process");
	dies(tap_spawn(ignored, NULL), SIGSEGV, "so does an ignored one");
	setrlimit(RLIMIT_STACK, &small);
	dies(tap_spawn(deep, "x"), SIGSEGV, "endless recursion");
}

TEST(stack_grows)
{
	volatile char *p = __builtin_frame_address(0);
	int bad = 0;

	for (int i = 0; i < 1000; i++)
		bad += p[-i * 4096l] != 0 && p[-i * 4096l] == 0;
	is(bad, 0, "4 MB of stack, page after page");
}

TEST(altstack)
{
	static char room[65536];
	struct rlimit small = {256 << 10, 256 << 10};
	stack_t s = {.ss_sp = room, .ss_size = sizeof(room)}, old;

	must(setrlimit(RLIMIT_STACK, &small));
	works(sigaltstack(&s, NULL), "sigaltstack");
	catch_all(SA_ONSTACK);
	FAULT(deep("x"));
	is(last.si_signo, SIGSEGV, "a stack overflow can be caught there");
	ok(handler_stack >= room && handler_stack < room + sizeof(room), "the handler ran on it");
	works(sigaltstack(NULL, &old), "ask");
	ok(old.ss_sp == room && old.ss_size == sizeof(room), "what is set");
	s.ss_size = 100;
	fails(sigaltstack(&s, NULL), ENOMEM, "too small");
	s.ss_flags = 0x1234;
	fails(syscall(SYS_sigaltstack, &s, NULL), EINVAL, "unknown flags");
	fails(syscall(SYS_sigaltstack, BAD, NULL), EFAULT, "bad pointer");
	fails(syscall(SYS_sigaltstack, NULL, BAD), EFAULT, "bad old pointer");
	s.ss_flags = SS_DISABLE;
	works(sigaltstack(&s, NULL), "SS_DISABLE");
}

static volatile int altstack_flags, altstack_error;

static void ask_altstack(int signal)
{
	stack_t s;

	(void)signal;
	sigaltstack(NULL, &s);
	altstack_flags = s.ss_flags;
	s.ss_flags = 0;
	altstack_error = sigaltstack(&s, NULL) < 0 ? errno : 0;
}

TEST(altstack_in_use)
{
	static char room[65536];
	stack_t s = {.ss_sp = room, .ss_size = sizeof(room)};
	struct sigaction a = {.sa_handler = ask_altstack, .sa_flags = SA_ONSTACK};

	must(sigaltstack(&s, NULL));
	must(sigaction(SIGUSR1, &a, NULL));
	raise(SIGUSR1);
	is(altstack_flags, SS_ONSTACK, "SS_ONSTACK within");
	is(altstack_error, EPERM, "it cannot be changed while in use");
}

static void change_registers(int signal, siginfo_t *info, void *context)
{
	ucontext_t *c = context;

	(void)signal;
	(void)info;
	c->uc_mcontext.gregs[REG_RIP] += 2; /* over ud2 */
	c->uc_mcontext.gregs[REG_RBX] += 1;
	c->uc_mcontext.gregs[REG_R12] = 77;
}

TEST(context)
{
	struct sigaction a = {.sa_sigaction = change_registers, .sa_flags = SA_SIGINFO};
	unsigned long rbx = 41, r12 = 0, sum;

	must(sigaction(SIGILL, &a, NULL));
	__asm__ volatile("mov %2, %%rbx; mov $12, %%r12; mov $5, %%r13; ud2; mov %%rbx, %0; mov "
			 "%%r12, %1; mov %%r13, %2"
			 : "=&r"(sum), "=&r"(r12), "+r"(rbx)::"rbx", "r12", "r13");
	is(sum, 42, "a handler may change registers");
	is(r12, 77, "another one");
	is(rbx, 5, "the others stay");
}

static void spoil(int signal)
{
	(void)signal;
	__asm__ volatile(
		"xor %%eax,%%eax; mov $-1,%%rcx; mov $-1,%%rdx; mov $-1,%%rsi; mov $-1,%%rdi;"
		"mov $-1,%%r8; mov $-1,%%r9; mov $-1,%%r10; mov $-1,%%r11; std; cld" ::
			: "rax", "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11", "cc");
}

static int endless_registers(void *argument)
{
	unsigned long bad;

	(void)argument;
	signal(SIGALRM, spoil);
	/* Four registers keep their sum while a handler that spoils them interrupts a thousand
	 * times a second. */
	ualarm(1000, 1000);
	__asm__ volatile("mov $1,%%rcx; mov $2,%%rdx; mov $3,%%r8; mov $4,%%r11; mov "
			 "$200000000,%%rsi; xor %%edi,%%edi;"
			 "1: lea (%%rcx,%%rdx),%%rax; add %%r8,%%rax; add %%r11,%%rax; cmp "
			 "$10,%%rax; je 2f; inc %%rdi;"
			 "2: dec %%rsi; jnz 1b; mov %%rdi,%0"
			 : "=r"(bad)::"rax", "rcx", "rdx", "rsi", "rdi", "r8", "r11", "cc");
	return bad != 0;
}

TEST(interrupted_registers)
{
	exits(tap_spawn(endless_registers, NULL), 0,
	      "signals at any instruction leave all registers");
}

TEST(bad_frame)
{
	pid_t pid = must(fork());

	if (pid == 0) {
		/* rt_sigreturn from a frame of garbage: whatever it says, it cannot hurt more than
		 * us. */
		__asm__ volatile("mov %0, %%rsp; mov $15, %%eax; syscall" ::"r"(
			memset(malloc(8192), 0xff, 8192) + 4096));
		_exit(0);
	}
	dies(pid, SIGSEGV, "a forged signal frame");
	pid = must(fork());
	if (pid == 0) {
		__asm__ volatile("mov $0x1000, %%rsp; mov $15, %%eax; syscall" ::);
		_exit(0);
	}
	dies(pid, SIGSEGV, "no frame at all");
	pid = must(fork());
	if (pid == 0) {
		signal(SIGUSR1, spoil);
		__asm__ volatile("mov $0x1000, %%rsp; mov $39, %%eax; syscall; mov %%eax, %%edi; "
				 "mov $10, %%esi;"
				 "mov $62, %%eax; syscall" ::);
		_exit(0);
	}
	dies(pid, SIGSEGV, "no stack to put a frame on");
}
