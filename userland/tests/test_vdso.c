/* The vDSO (vdso(7)): its functions, which clocks it answers without the kernel, and what the
 * clocks say. */
#include "seccomp.h"
#include <elf.h>
#include <sys/auxv.h>
#include <sys/time.h>
#include <sys/timex.h>
#include <time.h>

#define TICK 4000000 /* ns: what clock_getres(2) says of the coarse clocks */

static const struct {
	clockid_t id;
	const char *name;
	long resolution;
} clocks[] = {{CLOCK_REALTIME, "CLOCK_REALTIME", 1},
	      {CLOCK_MONOTONIC, "CLOCK_MONOTONIC", 1},
	      {CLOCK_MONOTONIC_RAW, "CLOCK_MONOTONIC_RAW", 1},
	      {CLOCK_BOOTTIME, "CLOCK_BOOTTIME", 1},
	      {CLOCK_TAI, "CLOCK_TAI", 1},
	      {CLOCK_REALTIME_COARSE, "CLOCK_REALTIME_COARSE", TICK},
	      {CLOCK_MONOTONIC_COARSE, "CLOCK_MONOTONIC_COARSE", TICK}};
enum { CLOCKS = sizeof(clocks) / sizeof(*clocks) };

/* The address of a function of the vDSO, by way of its dynamic section; NULL: it has none. */
static void *function(const char *name)
{
	const Elf64_Ehdr *image = (void *)getauxval(AT_SYSINFO_EHDR);
	const Elf64_Phdr *ph = (void *)((char *)image + image->e_phoff);
	const Elf64_Dyn *dyn = NULL;
	const Elf64_Sym *symbols = NULL;
	const char *strings = NULL, *base = NULL;
	const uint32_t *hash = NULL;

	for (int i = 0; i < image->e_phnum; i++)
		if (ph[i].p_type == PT_LOAD && !base)
			base = (char *)image + ph[i].p_offset - ph[i].p_vaddr;
		else if (ph[i].p_type == PT_DYNAMIC)
			dyn = (void *)((char *)image + ph[i].p_offset);
	for (; dyn && dyn->d_tag; dyn++)
		if (dyn->d_tag == DT_STRTAB)
			strings = base + dyn->d_un.d_ptr;
		else if (dyn->d_tag == DT_SYMTAB)
			symbols = (void *)(base + dyn->d_un.d_ptr);
		else if (dyn->d_tag == DT_HASH)
			hash = (void *)(base + dyn->d_un.d_ptr);
	for (uint32_t i = 0; symbols && hash && i < hash[1]; i++)
		if (symbols[i].st_shndx && !strcmp(strings + symbols[i].st_name, name))
			return (char *)base + symbols[i].st_value;
	return NULL;
}

static int (*v_gettime)(clockid_t, struct timespec *), (*v_getres)(clockid_t, struct timespec *),
	(*v_gettimeofday)(struct timeval *, struct timezone *),
	(*v_getcpu)(unsigned *, unsigned *, void *);
static time_t (*v_time)(time_t *);

static bool find(void)
{
	v_gettime = (int (*)(clockid_t, struct timespec *))function("__vdso_clock_gettime");
	v_getres = (int (*)(clockid_t, struct timespec *))function("__vdso_clock_getres");
	v_gettimeofday =
		(int (*)(struct timeval *, struct timezone *))function("__vdso_gettimeofday");
	v_getcpu = (int (*)(unsigned *, unsigned *, void *))function("__vdso_getcpu");
	v_time = (time_t(*)(time_t *))function("__vdso_time");
	return ok(v_gettime && v_getres && v_gettimeofday && v_getcpu && v_time,
		  "the five functions");
}

static int64_t ns(const struct timespec *t)
{
	return t->tv_sec * 1000000000ll + t->tv_nsec;
}

static int64_t by_vdso(clockid_t clock)
{
	struct timespec t;

	return v_gettime(clock, &t) ? -1 : ns(&t);
}

static int64_t by_call(clockid_t clock)
{
	struct timespec t;

	must(syscall(SYS_clock_gettime, clock, &t));
	return ns(&t);
}

TEST(names)
{
	static const char *const plain[] = {"clock_gettime", "clock_getres", "gettimeofday", "time",
					    "getcpu"};

	if (!find())
		return;
	for (unsigned i = 0; i < sizeof(plain) / sizeof(*plain); i++) {
		char name[40];

		snprintf(name, sizeof(name), "__vdso_%s", plain[i]);
		ok(function(plain[i]) == function(name), "%s has both names", plain[i]);
	}
}

TEST(agrees)
{
	if (!find())
		return;
	for (int i = 0; i < CLOCKS; i++) {
		const char *name = clocks[i].name;
		bool between = true;

		for (int round = 0; round < 1000; round++) {
			int64_t a = by_call(clocks[i].id), b = by_vdso(clocks[i].id),
				c = by_call(clocks[i].id);

			between &= a <= b && b <= c;
		}
		ok(between, "%s lies between two readings by system call", name);
	}
}

TEST(resolution)
{
	struct timespec t;

	if (!find())
		return;
	for (int i = 0; i < CLOCKS; i++) {
		t = (struct timespec){9, 9};
		works(syscall(SYS_clock_getres, clocks[i].id, &t), clocks[i].name);
		is(ns(&t), clocks[i].resolution, "its resolution");
		t = (struct timespec){9, 9};
		is(v_getres(clocks[i].id, &t), 0, "by the vDSO");
		is(ns(&t), clocks[i].resolution, "is the same");
		is(v_getres(clocks[i].id, NULL), 0, "with nowhere to put it");
	}
	is(v_getres(99, &t), -EINVAL, "of no clock");
	is(v_gettime(99, &t), -EINVAL, "the time of no clock");
	is(v_getres(-1, &t), -EINVAL, "of a negative one");
}

static void forbid(long number)
{
	must(filter(0, number, SECCOMP_RET_ERRNO | EXDEV));
}

/* Linux gives the counter up when the machine is too busy to trust it: then only coarse clocks can
 * do without a call. */
static bool counter_is_read(void)
{
	struct timespec t;

	return v_gettime(CLOCK_MONOTONIC, &t) != -EXDEV || is_skerry();
}

TEST(without_calls)
{
	bool counter;
	struct timespec t;
	struct timeval tv;
	unsigned cpu, node;

	if (!find())
		return;
	no_new_privs();
	forbid(SYS_clock_gettime);
	forbid(SYS_clock_getres);
	forbid(SYS_gettimeofday);
	forbid(SYS_time);
	forbid(SYS_getcpu);
	counter = counter_is_read();
	for (int i = 0; i < CLOCKS; i++) {
		if (counter || clocks[i].resolution == TICK)
			is(v_gettime(clocks[i].id, &t), 0, clocks[i].name);
		else
			skip(clocks[i].name, "the counter is not read");
		is(v_getres(clocks[i].id, &t), 0, "its resolution");
	}
	if (counter)
		is(v_gettimeofday(&tv, NULL), 0, "gettimeofday");
	else
		skip("gettimeofday", "the counter is not read");
	ok(v_time(NULL) > 0, "time");
	is(v_getcpu(&cpu, &node, NULL), 0, "getcpu");
	is(v_gettime(CLOCK_PROCESS_CPUTIME_ID, &t), -EXDEV, "others are asked of the kernel");
	is(v_getres(CLOCK_THREAD_CPUTIME_ID, &t), -EXDEV, "and what they are good for");
	is(v_gettime(99, &t), -EXDEV, "and those that are not");
}

/* A coarse clock is behind, by a tick (and what a busy host adds on Linux), and never ahead. */
TEST(coarse)
{
	static const clockid_t pairs[][2] = {{CLOCK_REALTIME_COARSE, CLOCK_REALTIME},
					     {CLOCK_MONOTONIC_COARSE, CLOCK_MONOTONIC}};

	if (!find())
		return;
	for (int i = 0; i < 2; i++) {
		int64_t first = by_vdso(pairs[i][0]), next = first;
		bool behind = true;
		int same = 0;

		for (int round = 0; round < 2000; round++) {
			int64_t coarse = by_vdso(pairs[i][0]);

			behind &= coarse <= by_vdso(pairs[i][1]);
			same += coarse == next;
			next = coarse;
		}
		ok(behind, "coarse is not ahead of fine");
		ok(same > 1000, "it stands still for a while");
		tap_sleep_ms(20);
		ok(by_vdso(pairs[i][0]) - first >= 12000000, "and goes on");
	}
}

/* Files are stamped by the coarse clock. */
TEST(stamps)
{
	int fd = tap_file("f", ""), wrong = 0;
	struct timespec before, after;
	struct stat st;

	for (int round = 0; round < 300; round++) {
		must(clock_gettime(CLOCK_REALTIME_COARSE, &before));
		must(pwrite(fd, "x", 1, 0));
		must(futimens(fd, NULL));
		must(clock_gettime(CLOCK_REALTIME_COARSE, &after));
		must(fstat(fd, &st));
		wrong += ns(&st.st_mtim) < ns(&before) || ns(&st.st_mtim) > ns(&after);
	}
	is(wrong, 0, "a file's stamp lies between two readings of the coarse clock");
}

TEST(after_setting)
{
	int64_t difference = 0, set;
	struct timespec t;

	if (!tap_root())
		return skip("clock_settime", "not root");
	for (int round = 0; round < 20; round++) {
		must(clock_gettime(CLOCK_REALTIME, &t));
		set = ns(&t) + 1000000;
		t = (struct timespec){set / 1000000000, set % 1000000000};
		must(clock_settime(CLOCK_REALTIME, &t));
		must(clock_gettime(CLOCK_REALTIME_COARSE, &t));
		if (ns(&t) < set)
			difference++;
		tap_sleep_ms(3);
	}
	is(difference, 0, "the coarse clock is not before the time that was set");
}

TEST(tai)
{
	struct timex tx = {.modes = 0};
	int64_t real, tai;
	int old;

	if (!tap_root())
		return skip("adjtimex", "not root");
	must(adjtimex(&tx));
	old = tx.tai;
	tx = (struct timex){.modes = ADJ_TAI, .constant = 41};
	must(adjtimex(&tx));
	is(tx.tai, 41, "adjtimex says by how much TAI is ahead");
	if (find()) {
		real = by_vdso(CLOCK_REALTIME);
		tai = by_vdso(CLOCK_TAI);
		ok(tai - real >= 41000000000ll && tai - real < 42000000000ll,
		   "the clock of the vDSO");
	}
	real = by_call(CLOCK_REALTIME);
	tai = by_call(CLOCK_TAI);
	ok(tai - real >= 41000000000ll && tai - real < 42000000000ll, "by system call");
	tx = (struct timex){.modes = ADJ_TAI, .constant = old};
	must(adjtimex(&tx));
}
