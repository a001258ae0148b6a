/*
 * Many processors: who runs where, what the kernel says of each, and what one CPU does becoming
 * visible to the others. On one processor most of this has nothing to test.
 */
#include "cpus.h"
#include <ctype.h>
#include <linux/futex.h>
#include <linux/membarrier.h>
#include <pthread.h>
#include <time.h>

static int lines_with(const char *text, const char *start)
{
	int n = 0;

	for (const char *at = text; (at = strstr(at, start)); at++)
		n += (at == text || at[-1] == '\n') && isdigit(at[strlen(start)]);
	return n;
}

TEST(counted)
{
	char name[64];

	if (!several())
		return;
	is(sysconf(_SC_NPROCESSORS_ONLN), n_cpus, "processors online");
	is(lines_with(tap_read("/proc/stat"), "cpu"), n_cpus, "lines of /proc/stat");
	is(lines_with(tap_read("/proc/schedstat"), "cpu"), n_cpus, "lines of /proc/schedstat");
	for (int i = 0; i < n_cpus; i++) {
		snprintf(name, sizeof(name), "processor\t: %d\n", i);
		ok(strstr(tap_read("/proc/cpuinfo"), name), "/proc/cpuinfo knows each");
	}
}

TEST(columns)
{
	static const char *const rows[] = {"NMI:", "LOC:", "RES:", "CAL:", "TLB:"};
	const char *text;
	int columns = 0;

	if (!several())
		return;
	text = tap_read("/proc/interrupts");
	for (const char *at = text; *at && *at != '\n'; at++)
		columns += !strncmp(at, "CPU", 3);
	is(columns, n_cpus, "a column for each");
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		ok(strstr(text, rows[i]), "row %s", rows[i]);
}

TEST(moves)
{
	unsigned cpu;
	int good = 0, good_vdso = 0;

	if (!several())
		return;
	for (int i = 0; i < n_cpus; i++) {
		must(pin(0, i));
		must(syscall(SYS_getcpu, &cpu, NULL, NULL));
		good += cpu == (unsigned)i;
		good_vdso += sched_getcpu() == i;
	}
	is(good, n_cpus, "sched_setaffinity() moves the caller at once");
	is(good_vdso, n_cpus, "the vDSO knows, too");
	fails(pin(0, n_cpus < 64 ? n_cpus : 1000), EINVAL, "a processor that is not there");
}

TEST(moves_another)
{
	int good = 0;
	pid_t pid;

	if (!several())
		return;
	pid = tap_spawn(roam, &shared->cpu[0]);
	for (int round = 0; round < 3; round++)
		for (int i = 0; i < n_cpus; i++) {
			must(pin(pid, i));
			good += wait_for(&shared->cpu[0], i);
		}
	is(good, 3 * n_cpus, "a running process goes where it is sent");
	atomic_store(&shared->stop, 1);
	exits(pid, 0, "and lives");
}

static int report_cpus(void *unused)
{
	cpu_set_t set;

	(void)unused;
	must(sched_getaffinity(0, sizeof(set), &set));
	return CPU_COUNT(&set) * 10 + !!CPU_ISSET(1, &set);
}

TEST(inherited)
{
	if (!several())
		return;
	must(pin(0, 1));
	exits(tap_spawn(report_cpus, NULL), 11, "a child has its parent's affinity");
}

TEST(spread)
{
	pid_t pid[CPUS_MAX];
	int64_t end;
	unsigned seen = 0;

	if (!several())
		return;
	for (int i = 0; i < n_cpus; i++)
		pid[i] = tap_spawn(roam, &shared->cpu[i]);
	end = tap_now() + 5000000000;
	while (__builtin_popcount(seen) < n_cpus && tap_now() < end) {
		seen = 0;
		tap_sleep_ms(20);
		for (int i = 0; i < n_cpus; i++)
			seen |= 1u << atomic_load(&shared->cpu[i]);
	}
	is(__builtin_popcount(seen), n_cpus, "as many busy processes use all processors");
	atomic_store(&shared->stop, 1);
	for (int i = 0; i < n_cpus; i++)
		exits(pid[i], 0, "one of them");
}

/* One more than there are processors: all must get on. */
TEST(shared_evenly)
{
	pid_t pid[CPUS_MAX];
	long least = -1, most = 0;

	if (!several() || n_cpus > 8)
		return;
	for (int i = 0; i <= n_cpus; i++)
		pid[i] = tap_spawn(roam, &shared->cpu[i]);
	tap_sleep_ms(3000);
	atomic_store(&shared->stop, 1);
	for (int i = 0; i <= n_cpus; i++) {
		long count = atomic_load(&shared->count[i]);

		exits(pid[i], 0, "one of them");
		least = least < 0 || count < least ? count : least;
		most = count > most ? count : most;
	}
	ok(least > 0 && most / least < 10, "none is left far behind");
}

static atomic_long *slot;
static atomic_int parked;

static void park(int signal)
{
	(void)signal;
	atomic_store(&parked, 1);
	for (;;)
		pause();
}

static void *scribble(void *cpu)
{
	must(pin(0, (int)(long)cpu));
	for (;;)
		atomic_fetch_add(slot, 1);
	return NULL;
}

/* What one thread takes away, another must not use any longer, although it never enters the kernel.
 */
static void taken_away(const char *what, void (*take)(void))
{
	struct sigaction action = {.sa_handler = park};
	pthread_t thread;
	long before;

	if (!several())
		return;
	sigaction(SIGSEGV, &action, NULL);
	slot = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	must(pin(0, 0));
	must(-pthread_create(&thread, NULL, scribble, (void *)1));
	while (atomic_load(slot) < 1000)
		;
	take();
	before = atomic_load(slot);
	tap_sleep_ms(30);
	ok(atomic_load(slot) == before, "%s", what);
}

static void take_write(void)
{
	must(mprotect((void *)slot, PAGE, PROT_READ));
}

static void take_page(void)
{
	must(munmap((void *)slot, PAGE));
	slot = mmap((void *)slot, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
}

TEST(mprotect_elsewhere)
{
	taken_away("nothing is written after mprotect()", take_write);
	ok(n_cpus < 2 || wait_for(&parked, 1), "the writer has its SIGSEGV");
}

TEST(munmap_elsewhere)
{
	taken_away("nothing is written after munmap()", take_page);
}

TEST(fork_elsewhere)
{
	pthread_t thread;
	long before;

	if (!several())
		return;
	slot = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	must(pin(0, 0));
	must(-pthread_create(&thread, NULL, scribble, (void *)1));
	while (atomic_load(slot) < 1000)
		;
	pid_t pid = must(fork());
	if (pid == 0) {
		before = atomic_load(slot);
		tap_sleep_ms(30);
		_exit(atomic_load(slot) == before ? 0 : 1);
	}
	exits(pid, 0, "the parent's other thread does not write into the child");
}

static int spin(void *unused)
{
	(void)unused;
	must(pin(0, 1));
	signal(SIGUSR1, SIG_DFL);
	atomic_store(&shared->flag, 1);
	for (;;)
		;
	return 0;
}

TEST(signal_elsewhere)
{
	pid_t pid;

	if (!several())
		return;
	must(pin(0, 0));
	pid = tap_spawn(spin, NULL);
	ok(wait_for(&shared->flag, 1), "it runs");
	kill(pid, SIGSTOP);
	ok(tap_await_state(pid, 'T'), "SIGSTOP reaches who makes no system call");
	kill(pid, SIGCONT);
	kill(pid, SIGUSR1);
	dies(pid, SIGUSR1, "and a signal ends it");
}

static int answer(void *unused)
{
	(void)unused;
	must(pin(0, 1));
	for (int i = 0; i < 500; i++) {
		while (atomic_load(&shared->flag) != 1)
			syscall(SYS_futex, &shared->flag, FUTEX_WAIT, 0, NULL, NULL, 0);
		atomic_store(&shared->flag, 0);
		syscall(SYS_futex, &shared->flag, FUTEX_WAKE, 1, NULL, NULL, 0);
	}
	return 0;
}

TEST(futex_elsewhere)
{
	pid_t pid;

	if (!several())
		return;
	must(pin(0, 0));
	pid = tap_spawn(answer, NULL);
	for (int i = 0; i < 500; i++) {
		atomic_store(&shared->flag, 1);
		syscall(SYS_futex, &shared->flag, FUTEX_WAKE, 1, NULL, NULL, 0);
		while (atomic_load(&shared->flag) != 0)
			syscall(SYS_futex, &shared->flag, FUTEX_WAIT, 1, NULL, NULL, 0);
	}
	exits(pid, 0, "five hundred turns");
}

static int clock_side(void *side)
{
	long me = (long)side;
	int64_t end = tap_now() + 1000000000;
	int back = 0;

	must(pin(0, (int)me));
	while (!atomic_load(&shared->stop)) {
		int64_t now;

		if (atomic_load(&shared->turn) != me)
			continue;
		now = tap_now();
		back += now < atomic_load(&shared->count[0]);
		atomic_store(&shared->count[0], now);
		atomic_store(&shared->turn, !me);
		if (now > end)
			atomic_store(&shared->stop, 1);
	}
	return back != 0;
}

TEST(clock_agrees)
{
	pid_t a, b;

	if (!several())
		return;
	a = tap_spawn(clock_side, (void *)0);
	b = tap_spawn(clock_side, (void *)1);
	exits(a, 0, "time does not go back from one processor to the other");
	exits(b, 0, "nor the other way round");
}

static atomic_int left, right; /* each is written by one side */
static atomic_int together, rounds;

static void *fast_side(void *unused)
{
	(void)unused;
	must(pin(0, 1));
	for (int i = 1;; i++) {
		int round;

		while ((round = atomic_load_explicit(&rounds, memory_order_acquire)) != i)
			if (round < 0)
				return NULL;
		atomic_store_explicit(&left, i, memory_order_relaxed);
		atomic_signal_fence(memory_order_seq_cst);
		if (atomic_load_explicit(&right, memory_order_relaxed) != i)
			atomic_fetch_add(&together, 1);
		atomic_store_explicit(&parked, i, memory_order_release);
	}
}

static long membarrier(int command)
{
	return syscall(SYS_membarrier, command, 0, 0);
}

TEST(membarrier_pairs)
{
	int64_t end = tap_now() + 2000000000;
	int both = 0;
	pthread_t thread;

	if (!several())
		return;
	ok(membarrier(MEMBARRIER_CMD_QUERY) & MEMBARRIER_CMD_PRIVATE_EXPEDITED, "it is there");
	fails(membarrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED), EPERM, "not registered");
	works(membarrier(MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED), "register");
	works(membarrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED), "registered");
	fails(membarrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE), EPERM, "another form is not");
	works(membarrier(MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE), "register that");
	works(membarrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE), "now it is");
	works(membarrier(MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED), "the global form");
	works(membarrier(MEMBARRIER_CMD_GLOBAL_EXPEDITED), "is sent");
	must(pin(0, 0));
	must(-pthread_create(&thread, NULL, fast_side, NULL));
	for (int i = 1; tap_now() < end; i++) {
		int missed = atomic_load(&together);

		atomic_store_explicit(&rounds, i, memory_order_release);
		atomic_store_explicit(&right, i, memory_order_relaxed);
		membarrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED);
		bool unseen = atomic_load_explicit(&left, memory_order_relaxed) != i;

		while (atomic_load_explicit(&parked, memory_order_acquire) != i)
			;
		both += unseen && atomic_load(&together) > missed;
	}
	atomic_store(&rounds, -1);
	must(-pthread_join(thread, NULL));
	is(both, 0, "of two sides at least one sees the other");
}
