/*
 * Everything at once: processes that fork, exec, map, signal, pipe, write files, run threads and
 * hop between CPUs, for a set time, each checking what it gets. What each does is decided by a
 * seed, which is told, so that it can be tried again; by hand and for hours:
 *
 *	stress --as run SECONDS [SEED [WORKER]...]
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <time.h>

#include "tap.h"

enum { COPIES = 2 };

/* Shared by all workers. */
static volatile struct shared {
	int stop;
	uint64_t rounds[32];
} *shared;

struct random {
	uint64_t state;
};

static unsigned pick(struct random *r, unsigned n)
{
	r->state ^= r->state << 13;
	r->state ^= r->state >> 7;
	r->state ^= r->state << 17;
	return (unsigned)(r->state >> 32) % n;
}

/* What is wrong ends the worker with its line. */
#define CHECK(condition)                                                                           \
	do {                                                                                       \
		if (!(condition)) {                                                                \
			diag("%s:%d: %s (errno %d)", __func__, __LINE__, #condition, errno);       \
			return false;                                                              \
		}                                                                                  \
	} while (0)

static bool ended(pid_t pid, int code)
{
	int status;
	pid_t got;

	do {
		got = waitpid(pid, &status, 0);
	} while (got < 0 && errno == EINTR);
	return got == pid && WIFEXITED(status) && WEXITSTATUS(status) == code;
}

/* A chain of children; each finds the memory as it was, and adds one to the code of the next. */
static unsigned chain(unsigned depth, unsigned value, volatile unsigned *seen)
{
	pid_t pid;

	if (*seen != value)
		return 101;
	if (depth == 0)
		return value;
	pid = fork();
	if (pid == 0)
		_exit((int)chain(depth - 1, value, seen));
	return pid > 0 && ended(pid, (int)(value + depth - 1)) ? value + depth : 102;
}

static bool work_fork(struct random *r)
{
	unsigned depth = pick(r, 4), value = pick(r, 90);
	volatile unsigned seen = value;
	pid_t pid = fork();

	CHECK(pid >= 0);
	if (pid == 0)
		_exit((int)chain(depth, value, &seen));
	CHECK(ended(pid, (int)(value + depth)));
	return true;
}

HELPER(exit_with)
{
	return argc > 0 ? atoi(argv[0]) : 100;
}

static bool work_exec(struct random *r)
{
	char number[16];
	unsigned value = pick(r, 90);
	pid_t pid;

	snprintf(number, sizeof(number), "%u", value);
	pid = pick(r, 2) ? vfork() : fork();
	CHECK(pid >= 0);
	if (pid == 0) {
		execl(tap_self, tap_self, "--as", "exit_with", number, NULL);
		_exit(99);
	}
	CHECK(ended(pid, (int)value));
	return true;
}

/* Every page holds its own address and colour while it is mapped. */
static bool work_map(struct random *r)
{
	enum { PAGES = 64 };
	size_t size = PAGES * 4096;
	unsigned long colour = pick(r, 1000000) * 2ul + 1;
	int flags = MAP_ANONYMOUS | (pick(r, 2) ? MAP_PRIVATE : MAP_SHARED);
	unsigned long *p = mmap(NULL, size, PROT_READ | PROT_WRITE, flags, -1, 0);
	bool there[PAGES];

	CHECK(p != MAP_FAILED);
	for (unsigned i = 0; i < PAGES; i++) {
		p[i * 512] = colour + i;
		there[i] = true;
	}
	for (unsigned step = 0; step < 30; step++) {
		unsigned i = pick(r, PAGES);

		switch (pick(r, 4)) {
		case 0:
			CHECK(munmap(p + i * 512, 4096) == 0);
			there[i] = false;
			break;
		case 1:
			if (there[i])
				CHECK(mprotect(p + i * 512, 4096, PROT_READ) == 0 &&
				      mprotect(p + i * 512, 4096, PROT_READ | PROT_WRITE) == 0);
			break;
		case 2:
			CHECK(mmap(p + i * 512, 4096, PROT_READ | PROT_WRITE, flags | MAP_FIXED, -1,
				   0) == p + i * 512);
			CHECK(p[i * 512] == 0);
			p[i * 512] = colour + i;
			there[i] = true;
			break;
		default:
			CHECK(!there[i] || p[i * 512] == colour + i);
		}
	}
	for (unsigned i = 0; i < PAGES; i++)
		CHECK(!there[i] || p[i * 512] == colour + i);
	CHECK(munmap(p, size) == 0);
	return true;
}

static volatile sig_atomic_t caught;

static void catch(int signal)
{
	(void)signal;
	caught++;
}

/* Signals to and fro, with stops and continues between. */
static bool work_signal(struct random *r)
{
	sigset_t usr1, old;
	unsigned rounds = 5 + pick(r, 20);
	pid_t pid, parent = getpid();

	signal(SIGUSR1, catch);
	sigemptyset(&usr1);
	sigaddset(&usr1, SIGUSR1);
	sigprocmask(SIG_BLOCK, &usr1, &old);
	caught = 0;
	pid = fork();
	CHECK(pid >= 0);
	if (pid == 0) {
		for (unsigned i = 0; i < rounds; i++) {
			kill(parent, SIGUSR1);
			while (caught <= (int)i)
				sigsuspend(&old);
		}
		_exit(7);
	}
	for (unsigned i = 0; i < rounds; i++) {
		while (caught <= (int)i)
			sigsuspend(&old);
		if (pick(r, 4) == 0) {
			kill(pid, SIGSTOP);
			kill(pid, SIGCONT);
		}
		kill(pid, SIGUSR1);
	}
	sigprocmask(SIG_SETMASK, &old, NULL);
	CHECK(ended(pid, 7));
	return true;
}

/* Numbered bytes through a chain of pipes, in pieces of all sizes. */
static bool work_pipe(struct random *r)
{
	enum { TOTAL = 200000 };
	static unsigned char buf[9000];
	unsigned char next = 0;
	size_t got = 0;
	int fd[2];
	pid_t pid;

	CHECK(pipe(fd) == 0);
	pid = fork();
	CHECK(pid >= 0);
	if (pid == 0) {
		for (size_t sent = 0; sent < TOTAL;) {
			size_t n = 1 + pick(r, sizeof(buf) - 1);

			n = n < TOTAL - sent ? n : TOTAL - sent;
			for (size_t i = 0; i < n; i++)
				buf[i] = (unsigned char)((sent + i) * 7);
			for (size_t done = 0; done < n;) {
				ssize_t w = write(fd[1], buf + done, n - done);

				if (w <= 0)
					_exit(1);
				done += (size_t)w;
			}
			sent += n;
		}
		_exit(0);
	}
	close(fd[1]);
	for (;;) {
		ssize_t n = read(fd[0], buf, 1 + pick(r, sizeof(buf) - 1));

		if (n <= 0)
			break;
		for (ssize_t i = 0; i < n; i++, next = (unsigned char)(next + 7))
			CHECK(buf[i] == next);
		got += (size_t)n;
	}
	close(fd[0]);
	CHECK(got == TOTAL && ended(pid, 0));
	return true;
}

/* Files in a directory of its own, with names that change. */
static bool work_file(struct random *r)
{
	char name[40], other[40];
	static unsigned char out[40000], in[40000];
	size_t size = 1 + pick(r, sizeof(out));
	unsigned char colour = (unsigned char)pick(r, 256);
	int fd;

	snprintf(name, sizeof(name), "file-%d-%u", getpid(), pick(r, 20));
	snprintf(other, sizeof(other), "name-%d-%u", getpid(), pick(r, 20));
	fd = open(name, O_CREAT | O_TRUNC | O_RDWR, 0600);
	CHECK(fd >= 0);
	for (size_t i = 0; i < size; i++)
		out[i] = (unsigned char)(colour + i);
	CHECK(write(fd, out, size) == (ssize_t)size);
	if (pick(r, 8) == 0)
		CHECK(fsync(fd) == 0);
	CHECK(rename(name, other) == 0 && access(name, F_OK) < 0);
	if (pick(r, 2)) {
		size_t cut = pick(r, (unsigned)size);

		CHECK(ftruncate(fd, (off_t)cut) == 0);
		size = cut;
	}
	CHECK(pread(fd, in, sizeof(in), 0) == (ssize_t)size && !memcmp(in, out, size));
	if (size) {
		unsigned char *p = mmap(NULL, size, PROT_READ, MAP_SHARED, fd, 0);

		CHECK(p != MAP_FAILED && !memcmp(p, out, size) && munmap(p, size) == 0);
	}
	close(fd);
	if (pick(r, 4))
		CHECK(unlink(other) == 0);
	return true;
}

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static unsigned counter;

static void *count(void *argument)
{
	for (unsigned i = 0; i < 200; i++) {
		pthread_mutex_lock(&mutex);
		counter++;
		pthread_mutex_unlock(&mutex);
		if (i % 50 == 0)
			sched_yield();
	}
	return argument;
}

static bool work_thread(struct random *r)
{
	pthread_t thread[6];
	char marks[6];
	unsigned n = 2 + pick(r, 5);
	void *result;

	counter = 0;
	for (unsigned i = 0; i < n; i++)
		CHECK(pthread_create(&thread[i], NULL, count, &marks[i]) == 0);
	for (unsigned i = 0; i < n; i++)
		CHECK(pthread_join(thread[i], &result) == 0 && result == &marks[i]);
	CHECK(counter == n * 200);
	return true;
}

static bool work_affinity(struct random *r)
{
	unsigned cpus = (unsigned)sysconf(_SC_NPROCESSORS_ONLN), cpu = pick(r, cpus), now;
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	CHECK(sched_setaffinity(0, sizeof(set), &set) == 0);
	for (unsigned i = 0; i < 20; i++) {
		CHECK(syscall(SYS_getcpu, &now, NULL, NULL) == 0 && now == cpu);
		if (i % 5 == 0)
			sched_yield();
	}
	for (unsigned i = 0; i < cpus; i++)
		CPU_SET(i, &set);
	CHECK(sched_setaffinity(0, sizeof(set), &set) == 0);
	return true;
}

static const struct worker {
	const char *name;
	bool (*work)(struct random *r);
} workers[] = {
	{"fork", work_fork}, {"exec", work_exec}, {"map", work_map}, {"signal", work_signal},
	{"pipe", work_pipe}, {"file", work_file}, {"thread", work_thread},
	{"affinity", work_affinity},
};
enum { WORKERS = sizeof(workers) / sizeof(*workers) };

static int worker_main(unsigned which, unsigned slot, uint64_t seed)
{
	struct random r = {.state = (seed + 1) * 0x9e3779b97f4a7c15ull ^ (slot + 1) * 0x1000193ull};

	while (!shared->stop) {
		if (!workers[which].work(&r)) {
			diag("worker %s, copy %u, round %llu", workers[which].name, slot / WORKERS,
			     (unsigned long long)shared->rounds[slot]);
			return 1;
		}
		shared->rounds[slot]++;
	}
	return 0;
}

static bool wanted(const char *name, int n, char **names)
{
	for (int i = 0; i < n; i++)
		if (!strcmp(names[i], name))
			return true;
	return n == 0;
}

/* Runs the workers for so many seconds: how many failed. */
static int stress(unsigned seconds, uint64_t seed, int n, char **names)
{
	pid_t pids[COPIES * WORKERS];
	int failed = 0;

	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		      0);
	if (shared == MAP_FAILED)
		return -1;
	diag("seed %llu", (unsigned long long)seed);
	for (unsigned i = 0; i < COPIES * WORKERS; i++) {
		pids[i] = wanted(workers[i % WORKERS].name, n, names) ? fork() : -1;
		if (pids[i] == 0)
			_exit(worker_main(i % WORKERS, i, seed));
	}
	for (unsigned s = 0; s < seconds; s++)
		tap_sleep_ms(1000);
	shared->stop = 1;
	for (unsigned i = 0; i < COPIES * WORKERS; i++) {
		if (pids[i] < 0)
			continue;
		if (!ended(pids[i], 0)) {
			diag("worker %s failed", workers[i % WORKERS].name);
			failed++;
		}
		diag("%s: %llu", workers[i % WORKERS].name, (unsigned long long)shared->rounds[i]);
	}
	return failed;
}

static uint64_t any_seed(void)
{
	uint32_t seed = 1;

	getrandom(&seed, sizeof(seed), 0);
	return seed;
}

HELPER(run)
{
	unsigned seconds = argc > 0 ? (unsigned)atoi(argv[0]) : 60;
	uint64_t seed = argc > 1 ? strtoull(argv[1], NULL, 0) : any_seed();

	return stress(seconds, seed, argc > 2 ? argc - 2 : 0, argv + 2) != 0;
}

TEST(ten_seconds)
{
	is(stress(10, any_seed(), 0, NULL), 0, "no worker finds anything wrong");
}

TEST_LONG(a_minute)
{
	is(stress(60, any_seed(), 0, NULL), 0, "no worker finds anything wrong");
}
