/*
 * Many who want the processors: real-time threads and the rest, forks on all of them, interrupts
 * that move, and system calls that take long.
 */
#include "cpus.h"
#include <ctype.h>
#include <linux/futex.h>
#include <linux/membarrier.h>
#include <pthread.h>
#include <time.h>

static int hog(void *priority)
{
	if ((long)priority)
		must(fifo((int)(long)priority));
	must(pin(0, 1));
	atomic_fetch_add(&shared->flag, 1);
	while (!atomic_load(&shared->stop))
		if (!(long)priority)
			atomic_fetch_add(&shared->count[0], 1);
	return 0;
}

TEST(real_time_leaves_some)
{
	const char *runtime = "/proc/sys/kernel/sched_rt_runtime_us";
	pid_t normal, urgent;
	long before;

	if (!several() || !tap_root())
		return;
	is_text(tap_read("/proc/sys/kernel/sched_rt_period_us"), "1000000\n", "the period");
	is_text(tap_read(runtime), "950000\n", "what real-time threads may use of it");
	must(tap_write(runtime, "500000"));
	is_text(tap_read(runtime), "500000\n", "may be set");
	must(pin(0, 0));
	normal = tap_spawn(hog, (void *)0);
	ok(wait_for(&shared->flag, 1), "a normal process runs");
	urgent = tap_spawn(hog, (void *)10);
	ok(wait_for(&shared->flag, 2), "a real-time process comes");
	before = atomic_load(&shared->count[0]);
	tap_sleep_ms(2500);
	ok(atomic_load(&shared->count[0]) > before, "the normal one still gets something");
	atomic_store(&shared->stop, 1);
	exits(urgent, 0, "the urgent one");
	exits(normal, 0, "the normal one");
	must(tap_write(runtime, "-1"));
	is_text(tap_read(runtime), "-1\n", "no limit");
	must(tap_write(runtime, "950000"));
}

static int urgent_roam(void *slot)
{
	must(fifo(20));
	return roam(slot);
}

TEST(real_time_spreads)
{
	pid_t pid[CPUS_MAX];
	unsigned seen = 0;
	int64_t end;

	if (!several() || !tap_root())
		return;
	must(fifo(30));
	for (int i = 0; i < n_cpus; i++)
		pid[i] = tap_spawn(urgent_roam, &shared->cpu[i]);
	end = tap_now() + 5000000000;
	while (__builtin_popcount(seen) < n_cpus && tap_now() < end) {
		seen = 0;
		tap_sleep_ms(10);
		for (int i = 0; i < n_cpus; i++)
			seen |= 1u << atomic_load(&shared->cpu[i]);
	}
	is(__builtin_popcount(seen), n_cpus, "as many real-time processes each have a processor");
	atomic_store(&shared->stop, 1);
	for (int i = 0; i < n_cpus; i++)
		exits(pid[i], 0, "one of them");
}

static int fork_many(void *unused)
{
	(void)unused;
	for (int i = 0; i < 60; i++) {
		pid_t pid = fork();

		if (pid < 0)
			return 1;
		if (pid == 0)
			_exit(i);
		int status;

		if (waitpid(pid, &status, 0) != pid || WEXITSTATUS(status) != i)
			return 2;
	}
	return 0;
}

TEST(forks_everywhere)
{
	pid_t pid[CPUS_MAX];

	if (!several())
		return;
	for (int i = 0; i < 2 * n_cpus && i < CPUS_MAX; i++)
		pid[i] = tap_spawn(fork_many, NULL);
	for (int i = 0; i < 2 * n_cpus && i < CPUS_MAX; i++)
		exits(pid[i], 0, "one of them");
}

/* Every interrupt that can be moved is sent to one processor, and back to all. */
TEST(interrupt_moves)
{
	char path[64], wanted[16];
	int number, moved = 0, tried = 0;

	if (!several() || !tap_root())
		return;
	for (number = 0; number < 400; number++) {
		int fd;

		snprintf(path, sizeof(path), "/proc/irq/%d/smp_affinity", number);
		fd = open(path, O_RDWR);
		if (fd < 0)
			continue;
		/* Linux refuses for some, such as the timer's. */
		if (write(fd, "2\n", 2) == 2) {
			if (tried++ == 0) {
				fails(write(fd, "zz", 2), EINVAL, "no mask");
				fails(write(fd, "0", 1), EINVAL, "no processor");
			}
			snprintf(path, sizeof(path), "/proc/irq/%d/smp_affinity_list", number);
			moved += !strcmp(tap_read(path), "1\n");
			snprintf(wanted, sizeof(wanted), "%x\n", (1 << n_cpus) - 1);
			must(write(fd, wanted, strlen(wanted)));
		}
		close(fd);
	}
	ok(tried > 0 && moved == tried, "what is sent to one processor goes there");
	ok(strlen(tap_read("/proc/irq/default_smp_affinity")) > 1, "where new ones go");
	int fd = must(open("/root/.smp", O_CREAT | O_WRONLY | O_TRUNC, 0600));
	must(write(fd, "x", 1));
	works(fsync(fd), "the disk still answers");
	close(fd);
	unlink("/root/.smp");
}

enum { LONG_READ = 64 << 20 };

static int wake_often(void *unused)
{
	struct timespec ms = {.tv_nsec = 1000000};

	(void)unused;
	must(fifo(20));
	atomic_store(&shared->flag, 1);
	while (!atomic_load(&shared->stop)) {
		nanosleep(&ms, NULL);
		atomic_fetch_add(&shared->count[0], 1);
	}
	return 0;
}

/* A long system call lets a woken thread run on its processor, before it ends. */
TEST(calls_let_go)
{
	int fd = must(memfd_create("long", 0));
	long before;
	pid_t pid;

	if (!several() || !tap_root())
		return;
	char *m = mmap(NULL, LONG_READ, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	memset(m, 1, LONG_READ);
	must(pin(0, 0));
	pid = tap_spawn(wake_often, NULL);
	ok(wait_for(&shared->flag, 1), "a real-time process wakes every millisecond");
	is(write(fd, m, LONG_READ), LONG_READ, "a long write");
	before = atomic_load(&shared->count[0]);
	is(pread(fd, m, LONG_READ, 0), LONG_READ, "a long read");
	ok(atomic_load(&shared->count[0]) - before > 1, "it has run meanwhile");
	atomic_store(&shared->stop, 1);
	exits(pid, 0, "and ends");
}
