/* Floating point, SSE and AVX registers: one's own over switches, signals and fork; zeros at the
 * start. */
#include "tap.h"
#include <cpuid.h>
#include <sys/time.h>

static bool has_avx(void)
{
	unsigned a, b, c, d;

	return __get_cpuid(1, &a, &b, &c, &d) && (c & bit_AVX) && (c & bit_OSXSAVE);
}

static void load(uint64_t seed)
{
	uint64_t v[4] = {seed, ~seed, seed * 3, seed * 5};

	__asm__ volatile("movdqu %0, %%xmm0; movdqu %0, %%xmm7; movdqu %0, %%xmm15" ::"m"(v)
			 : "xmm0", "xmm7", "xmm15");
	if (has_avx())
		__asm__ volatile("vmovdqu %0, %%ymm9" ::"m"(v) : "xmm9");
}

static bool check(uint64_t seed)
{
	uint64_t v[4] = {seed, ~seed, seed * 3, seed * 5}, x[3][2], y[4];

	__asm__ volatile("movdqu %%xmm0, %0; movdqu %%xmm7, %1; movdqu %%xmm15, %2"
			 : "=m"(x[0]), "=m"(x[1]), "=m"(x[2]));
	for (int i = 0; i < 3; i++)
		if (x[i][0] != v[0] || x[i][1] != v[1])
			return false;
	if (!has_avx())
		return true;
	__asm__ volatile("vmovdqu %%ymm9, %0" : "=m"(y));
	return !memcmp(y, v, sizeof(v));
}

/* Load, yield or spin, check: assembly in one piece, so that the compiler keeps its hands off the
 * registers. */
static bool survive(uint64_t seed, long loops, bool yield)
{
	load(seed);
	if (yield)
		for (long i = 0; i < loops; i++) {
			long r = SYS_sched_yield;

			__asm__ volatile("syscall" : "+a"(r)::"rcx", "r11", "memory");
		}
	else
		__asm__ volatile("1: dec %0; jnz 1b" : "+r"(loops)::"cc");
	return check(seed);
}

static int process(void *argument)
{
	uint64_t seed = (uintptr_t)argument * 0x9e3779b97f4a7c15;
	long double x = 1 + (long)argument, y = x;

	for (int i = 0; i < 30; i++) {
		if (!survive(seed + i, 300, true) || !survive(seed - i, 1000000, false))
			return 1;
		y = y * 1.5L;
	}
	for (int i = 0; i < 30; i++)
		y = y / 1.5L;
	return y - x > 1e-9L || x - y > 1e-9L;
}

TEST(switches)
{
	pid_t pids[4];

	for (long i = 0; i < 4; i++)
		pids[i] = tap_spawn(process, (void *)(i + 1));
	for (int i = 0; i < 4; i++)
		exits(pids[i], 0, "a process keeps its registers");
}

static volatile int handled;

static void spoil(int signal)
{
	double one = 1;

	(void)signal;
	load(0x5555);
	__asm__ volatile("fld1; fldpi; faddp; fstpl %0" : "=m"(one));
	handled++;
}

TEST(signals)
{
	struct itimerval t = {{0, 2000}, {0, 2000}};
	int bad = 0;

	signal(SIGALRM, spoil);
	must(setitimer(ITIMER_REAL, &t, NULL));
	for (int i = 0; i < 50; i++)
		bad += !survive(i * 77777, 3000000, false);
	ok(handled > 0, "handlers used the registers");
	is(bad, 0, "the interrupted code found its own");
}

TEST(fork)
{
	long pid;
	bool same;

	load(0x1234567);
	pid = SYS_fork;
	__asm__ volatile("syscall" : "+a"(pid)::"rcx", "r11", "memory");
	same = check(0x1234567);
	if (pid == 0)
		_exit(!same);
	exits(pid, 0, "the child has the parent's registers");
	ok(same, "the parent, too");
}

TEST(control)
{
	unsigned short cw = 0x27f, got_cw;
	unsigned csr = 0x1f80 | 0x8000, got_csr;
	pid_t pid;

	__asm__ volatile("fldcw %0; ldmxcsr %1" ::"m"(cw), "m"(csr));
	pid = must(fork());
	__asm__ volatile("fnstcw %0; stmxcsr %1" : "=m"(got_cw), "=m"(got_csr));
	if (pid == 0)
		_exit(got_cw != cw || (got_csr & ~0x3f) != csr);
	exits(pid, 0, "control words are inherited by fork");
	ok(got_cw == cw && (got_csr & ~0x3f) == csr, "and kept");
	pid = must(fork());
	if (pid == 0) {
		execl(tap_self, tap_self, "--as", "fresh", NULL);
		_exit(9);
	}
	exits(pid, 0, "a new program starts with the standard ones");
}

HELPER(fresh)
{
	unsigned short cw;
	unsigned csr;

	__asm__ volatile("fnstcw %0; stmxcsr %1" : "=m"(cw), "=m"(csr));
	return cw != 0x37f || csr != 0x1f80;
}
