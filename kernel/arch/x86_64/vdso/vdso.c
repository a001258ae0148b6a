/*
 * The vDSO: clock_gettime(2) and its kin without entering the kernel, from the page below the image
 * (arch/vdso.h). It runs in user mode at any address, uses no other library and no writable data.
 * What the page cannot answer goes to the system call.
 */
#include "abi/time.h"
#include "arch/vdso.h"
#include "arch/x86_64/asm_int.h"

#define NR_gettimeofday  96
#define NR_time          201
#define NR_clock_gettime 228
#define NR_clock_getres  229

#define NSEC ((u64)NSEC_PER_SEC)

#define PUBLIC __attribute__((visibility("default")))

extern const struct vdso_data vdso_page;

PUBLIC int __vdso_clock_gettime(int clock, struct timespec *ts);
PUBLIC int __vdso_gettimeofday(struct timeval *tv, struct timezone *tz);
PUBLIC int __vdso_clock_getres(int clock, struct timespec *ts);
PUBLIC s64 __vdso_time(s64 *t);
PUBLIC int __vdso_getcpu(unsigned *cpu, unsigned *node, void *unused);

static inline long syscall3(long n, long a, long b, long c)
{
	long ret;

	__asm__ volatile("syscall" : "=a"(ret) : "0"(n), "D"(a), "S"(b), "d"(c) : "rcx", "r11",
			 "memory");
	return ret;
}

/* The TSC, not read before what comes earlier in the program. */
static inline u64 read_tsc(void)
{
	u32 lo, hi;

	__asm__ volatile("lfence; rdtsc" : "=a"(lo), "=d"(hi) :: "memory");
	return (u64)hi << 32 | lo;
}

/* (ticks * mult) >> shift. */
static inline u64 scaled(u64 ticks, u64 mult, u32 shift)
{
	return (u64)(((unsigned __int128)ticks * mult) >> shift);
}

static inline bool is_coarse(int clock)
{
	return clock == CLOCK_REALTIME_COARSE || clock == CLOCK_MONOTONIC_COARSE;
}

/* Whether the page has what the clock needs. A mask: a switch might become a table of addresses. */
static inline bool is_known(int clock)
{
	const u32 known = 1u << CLOCK_REALTIME | 1u << CLOCK_MONOTONIC | 1u << CLOCK_MONOTONIC_RAW |
			  1u << CLOCK_REALTIME_COARSE | 1u << CLOCK_MONOTONIC_COARSE |
			  1u << CLOCK_BOOTTIME | 1u << CLOCK_TAI;

	return clock >= 0 && clock < 32 && (known >> clock & 1);
}

/* Nanoseconds of the clock, one that is_known(): false if the page cannot tell. */
static inline bool read_clock(int clock, u64 *ns)
{
	const volatile struct vdso_data *d = &vdso_page;
	u64 tsc;
	u32 seq;

	do {
		while ((seq = __atomic_load_n(&d->seq, __ATOMIC_ACQUIRE)) & 1)
			__asm__ volatile("pause");
		if (!d->tsc_usable)
			return false;
		tsc = read_tsc();
		if (clock == CLOCK_MONOTONIC_RAW)
			*ns = d->raw_ns + scaled(tsc - d->raw_base, d->raw_mult, d->shift);
		else
			*ns = d->base_ns + scaled(tsc - d->tsc_base, d->mult, d->shift);
		if (is_coarse(clock)) {
			*ns -= *ns % CLOCK_COARSE_NS;
			if (*ns < d->coarse_least_ns)
				*ns = d->coarse_least_ns;
		}
		if (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)
			*ns += (u64)d->realtime_offset_ns;
		else if (clock == CLOCK_TAI)
			*ns += (u64)d->tai_offset_ns;
		__atomic_thread_fence(__ATOMIC_ACQUIRE);
	} while (__atomic_load_n(&d->seq, __ATOMIC_RELAXED) != seq);
	return true;
}

int __vdso_clock_gettime(int clock, struct timespec *ts)
{
	u64 ns;

	if (!is_known(clock) || !read_clock(clock, &ns))
		return (int)syscall3(NR_clock_gettime, clock, (long)ts, 0);
	ts->tv_sec = (s64)(ns / NSEC);
	ts->tv_nsec = (s64)(ns % NSEC);
	return 0;
}

int __vdso_gettimeofday(struct timeval *tv, struct timezone *tz)
{
	u64 ns;

	if (!read_clock(CLOCK_REALTIME, &ns))
		return (int)syscall3(NR_gettimeofday, (long)tv, (long)tz, 0);
	if (tv) {
		tv->tv_sec = (s64)(ns / NSEC);
		tv->tv_usec = (s64)(ns % NSEC / 1000);
	}
	if (tz)
		__atomic_load(&vdso_page.zone, tz, __ATOMIC_RELAXED);
	return 0;
}

s64 __vdso_time(s64 *t)
{
	s64 seconds;
	u64 ns;

	if (!read_clock(CLOCK_REALTIME, &ns))
		return syscall3(NR_time, (long)t, 0, 0);
	seconds = (s64)(ns / NSEC);
	if (t)
		*t = seconds;
	return seconds;
}

int __vdso_clock_getres(int clock, struct timespec *ts)
{
	if (!is_known(clock))
		return (int)syscall3(NR_clock_getres, clock, (long)ts, 0);
	if (ts) {
		ts->tv_sec = 0;
		ts->tv_nsec = is_coarse(clock) ? CLOCK_COARSE_NS : 1;
	}
	return 0;
}

int __vdso_getcpu(unsigned *cpu, unsigned *node, void *unused)
{
	unsigned long limit;

	(void)unused;

	/* The limit of this segment is the CPU's number (asm_int.h). All memory is one node. */
	__asm__ volatile("lsl %1, %0" : "=r"(limit) : "r"((unsigned long)SEL_CPU));
	if (cpu)
		*cpu = (unsigned)limit;
	if (node)
		*node = 0;
	return 0;
}

#define ALIAS(name) \
	extern __typeof__(__vdso_##name) name __attribute__((alias("__vdso_" #name))) PUBLIC
ALIAS(clock_gettime);
ALIAS(gettimeofday);
ALIAS(clock_getres);
ALIAS(time);
ALIAS(getcpu);
