/* Futexes without owners (futex(2), futex_waitv(2)): what ends a wait, and errors. */
#include "futex.h"
#include <pthread.h>
#include <sys/mman.h>

struct sleeper {
	uint32_t *word;
	volatile int tid;
	volatile long result;
	volatile int error;
	pthread_t thread;
};

static void await_sleep(volatile int *tid)
{
	for (int i = 0; i < 10000 && !(*tid && asleep(*tid)); i++)
		tap_sleep_ms(1);
}

static volatile int caught;

static void on_signal(int signal)
{
	caught += signal == SIGUSR1;
}

static uint32_t *shared_words(void)
{
	uint32_t *word = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
			      0);

	must(word == MAP_FAILED ? -1 : 0);
	return word;
}

/* The waits, with a time that does not come, or none. */
enum { WITHOUT, WITH };

static long wait_plain(uint32_t *word, int timed)
{
	struct timespec t = {100, 0};

	return futex(word, FUTEX_WAIT, 0, timed ? &t : NULL, NULL, 0);
}

static long wait_monotonic(uint32_t *word, int timed)
{
	struct timespec t = after_ms(CLOCK_MONOTONIC, 100000);

	return futex(word, FUTEX_WAIT_BITSET, 0, timed ? &t : NULL, NULL, FUTEX_BITSET_MATCH_ANY);
}

static long wait_realtime(uint32_t *word, int timed)
{
	struct timespec t = after_ms(CLOCK_REALTIME, 100000);

	return futex(word, FUTEX_WAIT_BITSET | FUTEX_CLOCK_REALTIME, 0, timed ? &t : NULL, NULL,
		     FUTEX_BITSET_MATCH_ANY);
}

static long wait_vector(uint32_t *word, int timed)
{
	struct wanted w = {0, (uintptr_t)word, FUTEX_32, 0};
	struct timespec t = after_ms(CLOCK_MONOTONIC, 100000);

	return waitv(&w, 1, 0, timed ? &t : NULL, CLOCK_MONOTONIC);
}

static const struct {
	const char *name;
	long (*wait)(uint32_t *word, int timed);
	/* With SA_RESTART, without a time and with one: whether it ends with EINTR. */
	bool ends[2];
} waits[] = {
	{"FUTEX_WAIT", wait_plain, {false, true}},
	{"FUTEX_WAIT_BITSET", wait_monotonic, {false, true}},
	{"FUTEX_WAIT_BITSET, CLOCK_REALTIME", wait_realtime, {false, true}},
	{"futex_waitv", wait_vector, {false, false}},
};

/* What a wait gives when a handler has run; the word is woken in the end. */
static int after_handler(uint32_t *word, int which, int timed, int flags)
{
	struct sigaction act = {.sa_handler = on_signal, .sa_flags = flags};
	int status;
	pid_t pid;

	*word = 0;
	pid = fork();
	if (pid == 0) {
		must(sigaction(SIGUSR1, &act, NULL));
		_exit(waits[which].wait(word, timed) < 0 ? errno : 0);
	}
	tap_await_state(pid, 'S');
	kill(pid, SIGSTOP);
	tap_await_state(pid, 'T');
	kill(pid, SIGCONT);
	tap_await_state(pid, 'S');
	kill(pid, SIGUSR1);
	tap_sleep_ms(30);
	while (waitpid(pid, &status, WNOHANG) == 0) {
		futex(word, FUTEX_WAKE, 1, NULL, NULL, 0);
		tap_sleep_ms(1);
	}
	return WEXITSTATUS(status);
}

TEST(handlers)
{
	static const char *times[] = {"without a time", "with a time"};
	uint32_t *word = shared_words();

	for (int i = 0; i < 4; i++)
		for (int timed = WITHOUT; timed <= WITH; timed++) {
			ok(after_handler(word, i, timed, 0) == EINTR,
			   "%s %s: ended by a handler, and not by a stop", waits[i].name,
			   times[timed]);
			ok(after_handler(word, i, timed, SA_RESTART) ==
				   (waits[i].ends[timed] ? EINTR : 0),
			   "%s %s: %s a handler with SA_RESTART", waits[i].name, times[timed],
			   waits[i].ends[timed] ? "ended by" : "goes on after");
		}
}

TEST(stop)
{
	uint32_t *word = shared_words();
	pid_t pid = fork();

	if (pid == 0) {
		struct timespec t = {0, 300000000};
		int64_t end = tap_now() + 300000000;
		bool late = futex(word, FUTEX_WAIT, 0, &t, NULL, 0) < 0 && errno == ETIMEDOUT;

		_exit(!late || tap_now() < end || tap_now() > end + 5000000000ll);
	}
	tap_await_state(pid, 'S');
	for (int i = 0; i < 3; i++) {
		kill(pid, SIGSTOP);
		tap_await_state(pid, 'T');
		kill(pid, SIGCONT);
		tap_sleep_ms(20);
	}
	exits(pid, 0, "a wait that was stopped lasts no longer");
}

#define SHIFTED(op, by) FUTEX_OP(((op) | FUTEX_OP_OPARG_SHIFT), by, 0, 0)

static long wake_op(uint32_t *word, unsigned op)
{
	return futex(word, FUTEX_WAKE_OP, 0, (void *)0L, word + 1, op);
}

TEST(wake_op)
{
	static const struct {
		const char *name;
		unsigned op, before, after;
	} ops[] = {
		{"FUTEX_OP_SET", FUTEX_OP(FUTEX_OP_SET, 5, 0, 0), 9, 5},
		{"FUTEX_OP_SET of a negative number", FUTEX_OP(FUTEX_OP_SET, 0xfff, 0, 0), 9, -1u},
		{"FUTEX_OP_ADD", FUTEX_OP(FUTEX_OP_ADD, 5, 0, 0), 9, 14},
		{"FUTEX_OP_ADD of a negative number", FUTEX_OP(FUTEX_OP_ADD, 0xffe, 0, 0), 9, 7},
		{"FUTEX_OP_OR", FUTEX_OP(FUTEX_OP_OR, 6, 0, 0), 9, 15},
		{"FUTEX_OP_ANDN", FUTEX_OP(FUTEX_OP_ANDN, 1, 0, 0), 9, 8},
		{"FUTEX_OP_XOR", FUTEX_OP(FUTEX_OP_XOR, 3, 0, 0), 9, 10},
		{"a shift", SHIFTED(FUTEX_OP_OR, 4), 9, 25},
		{"a shift by 31", SHIFTED(FUTEX_OP_OR, 31), 9, 0x80000009},
		{"a shift by 33 is one by 1", SHIFTED(FUTEX_OP_OR, 33), 9, 11},
		{"a shift by -1 is one by 31", SHIFTED(FUTEX_OP_SET, 0xfff), 9,
		 0x80000000},
	};
	uint32_t word[2] = {0, 0};

	for (unsigned i = 0; i < sizeof(ops) / sizeof(*ops); i++) {
		word[1] = ops[i].before;
		works(wake_op(word, ops[i].op), ops[i].name);
		is(word[1], ops[i].after, ops[i].name);
	}
	word[1] = 9;
	fails(wake_op(word, FUTEX_OP(5, 1, 0, 0)), ENOSYS, "no such operation");
	is(word[1], 9, "does nothing");
	fails(wake_op(word, FUTEX_OP(FUTEX_OP_SET, 1, 6, 0)), ENOSYS, "no such comparison");
	is(word[1], 1, "comes after the operation");
	fails(wake_op((uint32_t *)((char *)word + 1), 0), EINVAL, "an odd address");
	fails(wake_op(BAD, 0), EFAULT, "a bad address");
	fails(futex(word, FUTEX_WAKE_OP, 0, (void *)0L, tap_readonly(), 0), EFAULT, "read-only");
}

/* Moves memory about, so that the locks of the address space are held. */
static void *mapper(void *argument)
{
	for (;;) {
		void *p = mmap(NULL, 8 << 20, PROT_READ | PROT_WRITE,
			       MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

		munmap(p, 8 << 20);
	}
	return argument;
}

/* Whether a waiter hears of the end of a killed process that held a robust lock. */
static bool killed_once(uint32_t *word, int ms)
{
	pid_t owner, waiter;
	int status;

	*word = 0;
	owner = fork();
	if (owner == 0) {
		struct robust r;
		pthread_t thread;

		robust_set(&r, word, false);
		__atomic_store_n(word, (uint32_t)self() | FUTEX_WAITERS, __ATOMIC_SEQ_CST);
		must(pthread_create(&thread, NULL, mapper, NULL));
		for (;;)
			pause();
	}
	while (!__atomic_load_n(word, __ATOMIC_SEQ_CST))
		tap_sleep_ms(1);
	waiter = fork();
	if (waiter == 0) {
		alarm(10);
		while (!(*word & FUTEX_OWNER_DIED))
			futex(word, FUTEX_WAIT, *word, NULL, NULL, 0);
		_exit(0);
	}
	tap_await_state(waiter, 'S');
	tap_sleep_ms(ms);
	kill(owner, SIGKILL);
	must(waitpid(owner, NULL, 0));
	must(waitpid(waiter, &status, 0));
	return status == 0;
}

TEST(killed)
{
	uint32_t *word = shared_words();
	int woken = 0;

	for (int i = 0; i < 40 && woken == i; i++)
		woken += killed_once(word, i % 7);
	is(woken, 40, "who waits for a killed one's robust lock is woken");
}

static void *wait_long(void *argument)
{
	struct sleeper *p = argument;
	struct timespec t = {20, 0};

	p->tid = self();
	p->result = futex(p->word, FUTEX_WAIT, 0, &t, NULL, 0);
	p->error = errno;
	return NULL;
}

static uint32_t *map_new(int *fd)
{
	uint32_t *word;

	*fd = must(memfd_create("words", 0));
	must(ftruncate(*fd, 4096));
	word = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, *fd, 0);
	must(word == MAP_FAILED ? -1 : 0);
	return word;
}

/* Who waits for a word of a file that is gone is not woken by one of another file. */
TEST(file_gone)
{
	struct sleeper p = {0};
	uint32_t *word[32];
	int fd[32], woken = 0;
	struct sigaction act = {.sa_handler = on_signal};

	must(sigaction(SIGUSR1, &act, NULL));
	p.word = map_new(&fd[0]);
	must(pthread_create(&p.thread, NULL, wait_long, &p));
	await_sleep(&p.tid);
	must(munmap(p.word, 4096));
	close(fd[0]);
	for (int i = 0; i < 32; i++) {
		tap_sleep_ms(1);
		word[i] = map_new(&fd[i]);
		woken += (int)futex(word[i], FUTEX_WAKE, 1, NULL, NULL, 0);
	}
	is(woken, 0, "other files' words are others");
	for (int i = 0; i < 32; i++) {
		munmap(word[i], 4096);
		close(fd[i]);
	}
	must(pthread_kill(p.thread, SIGUSR1));
	must(pthread_join(p.thread, NULL));
	is(p.error, EINTR, "and it waited on");
}

TEST(waitv_errors)
{
	uint32_t word[2] = {1, 2};
	struct wanted w[2] = {{1, (uintptr_t)&word[0], FUTEX_32, 0},
			      {2, (uintptr_t)&word[1], FUTEX_32 | FUTEX_PRIVATE_FLAG, 0}};
	struct timespec soon = after_ms(CLOCK_MONOTONIC, 20), bad = {0, -1};

	fails(waitv(w, 0, 0, NULL, 0), EINVAL, "none");
	fails(waitv(w, 129, 0, NULL, 0), EINVAL, "too many");
	fails(waitv(w, 2, 1, NULL, 0), EINVAL, "flags");
	fails(waitv(NULL, 2, 0, NULL, 0), EINVAL, "no list");
	fails(waitv(BAD, 2, 0, NULL, 0), EFAULT, "a bad list");
	fails(waitv(w, 2, 0, &soon, CLOCK_BOOTTIME), EINVAL, "another clock");
	fails(waitv(w, 2, 0, &bad, CLOCK_MONOTONIC), EINVAL, "a bad time");
	fails(waitv(w, 2, 0, BAD, CLOCK_MONOTONIC), EFAULT, "a bad pointer to it");
	fails(waitv(w, 2, 0, &soon, CLOCK_MONOTONIC), ETIMEDOUT, "time is over");
	soon = after_ms(CLOCK_REALTIME, 20);
	fails(waitv(w, 2, 0, &soon, CLOCK_REALTIME), ETIMEDOUT, "of the other clock");
	w[1].val = 3;
	fails(waitv(w, 2, 0, NULL, 0), EAGAIN, "another value");
	w[1].flags = 0;
	fails(waitv(w, 2, 0, NULL, 0), EINVAL, "no size");
	w[1].flags = FUTEX_32 | 4;
	fails(waitv(w, 2, 0, NULL, 0), EINVAL, "unknown flags");
	w[1].flags = FUTEX_32;
	w[1].reserved = 1;
	fails(waitv(w, 2, 0, NULL, 0), EINVAL, "reserved");
	w[1].reserved = 0;
	w[1].uaddr = (uintptr_t)BAD + 2;
	fails(waitv(w, 2, 0, NULL, 0), EINVAL, "an odd address");
	w[1].uaddr = (uintptr_t)BAD;
	fails(waitv(w, 2, 0, NULL, 0), EFAULT, "a bad address");
}

struct many {
	uint32_t words[128];
	volatile long result;
	volatile int tid;
};

static void *wait_many(void *argument)
{
	struct many *m = argument;
	struct wanted w[128];

	for (int i = 0; i < 128; i++)
		w[i] = (struct wanted){0, (uintptr_t)&m->words[i],
				       FUTEX_32 | (i & 1 ? FUTEX_PRIVATE_FLAG : 0), 0};
	m->tid = self();
	m->result = waitv(w, 128, 0, NULL, 0);
	return NULL;
}

TEST(waitv)
{
	static struct many m;
	static const int which[] = {0, 77, 127};

	for (int i = 0; i < 3; i++) {
		pthread_t t;

		m.tid = 0;
		must(pthread_create(&t, NULL, wait_many, &m));
		await_sleep(&m.tid);
		int op = FUTEX_WAKE | (which[i] & 1 ? FUTEX_PRIVATE_FLAG : 0);

		is(futex(&m.words[which[i]], op, 1, NULL, NULL, 0), 1, "one of 128 is woken");
		must(pthread_join(t, NULL));
		is(m.result, which[i], "and says which");
	}
}
