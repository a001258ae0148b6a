/* Futexes with priority inheritance, futex_waitv, and the errors of both (futex(2)). */
#include "tap.h"
#include <limits.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <sys/mman.h>
#include <time.h>

#ifndef FUTEX_LOCK_PI2
#define FUTEX_LOCK_PI2 13
#endif
#ifndef SYS_futex_waitv
#define SYS_futex_waitv 449
#endif

struct wanted {
	uint64_t val, uaddr;
	uint32_t flags, reserved;
};

static long futex(void *word, int op, long value, void *timeout, void *word2, long value3)
{
	return syscall(SYS_futex, word, op, value, timeout, word2, value3);
}

static int self(void)
{
	return (int)syscall(SYS_gettid);
}

/* What does not change at a PI lock: word, thread. */
struct pair {
	uint32_t *word;
	volatile int tid;
	volatile long result;
	volatile int error;
	int op, priority;
	long timeout_ms;
	volatile int go;
	pthread_t thread;
};

static struct timespec after_ms(clockid_t clock, long ms)
{
	struct timespec t;

	clock_gettime(clock, &t);
	t.tv_sec += ms / 1000;
	t.tv_nsec += ms % 1000 * 1000000;
	if (t.tv_nsec >= 1000000000) {
		t.tv_sec++;
		t.tv_nsec -= 1000000000;
	}
	return t;
}

static void be(int policy, int priority)
{
	struct sched_param p = {.sched_priority = priority};

	must(syscall(SYS_sched_setscheduler, 0, policy, &p));
}

/* Field 18 of a thread's stat: its priority as the kernel sees it now. */
static int priority_of(int tid)
{
	char path[64];
	const char *text, *at;

	snprintf(path, sizeof(path), "/proc/self/task/%d/stat", tid);
	text = tap_read(path);
	at = strrchr(text, ')');
	for (int i = 0; at && i < 16; i++)
		at = strchr(at + 1, ' ');
	return at ? atoi(at) : -1000;
}

static bool asleep(int tid)
{
	char path[64];
	const char *at;

	snprintf(path, sizeof(path), "/proc/self/task/%d/stat", tid);
	at = strrchr(tap_read(path), ')');
	return at && at[2] == 'S';
}

static void await_sleep(struct pair *p)
{
	for (int i = 0; i < 10000 && !(p->tid && asleep(p->tid)); i++)
		tap_sleep_ms(1);
}

static void await_word(uint32_t *word, uint32_t bits)
{
	for (int i = 0; i < 10000 && !(__atomic_load_n(word, __ATOMIC_SEQ_CST) & bits); i++)
		tap_sleep_ms(1);
}

static void *locker(void *argument)
{
	struct pair *p = argument;
	struct timespec t = after_ms(p->op == FUTEX_LOCK_PI2 ? CLOCK_MONOTONIC : CLOCK_REALTIME,
				     p->timeout_ms);

	if (p->priority)
		be(SCHED_FIFO, p->priority);
	p->tid = self();
	p->result = futex(p->word, p->op, 0, p->timeout_ms ? &t : NULL, NULL, 0);
	p->error = errno;
	while (p->go == 0)
		tap_sleep_ms(1);
	if (p->go == 2 && p->result == 0)
		p->result = futex(p->word, FUTEX_UNLOCK_PI, 0, NULL, NULL, 0);
	return NULL;
}

static void start(struct pair *p, uint32_t *word, int op, int priority)
{
	p->word = word;
	p->op = op;
	p->priority = priority;
	p->result = -2;
	must(pthread_create(&p->thread, NULL, locker, p));
	await_sleep(p);
}

TEST(lock)
{
	uint32_t word = 0;
	uint32_t *ro = tap_readonly();
	int me = self();

	works(futex(&word, FUTEX_LOCK_PI, 0, NULL, NULL, 0), "a free lock");
	is(word, me, "the word is the thread's number");
	fails(futex(&word, FUTEX_LOCK_PI, 0, NULL, NULL, 0), EDEADLK, "again");
	fails(futex(&word, FUTEX_LOCK_PI2, 0, NULL, NULL, 0), EDEADLK, "again, LOCK_PI2");
	fails(futex(&word, FUTEX_TRYLOCK_PI, 0, NULL, NULL, 0), EDEADLK, "again, TRYLOCK");
	works(futex(&word, FUTEX_UNLOCK_PI, 0, NULL, NULL, 0), "unlock");
	is(word, 0, "it is free");
	fails(futex(&word, FUTEX_UNLOCK_PI, 0, NULL, NULL, 0), EPERM, "not mine");
	word = FUTEX_OWNER_DIED;
	works(futex(&word, FUTEX_TRYLOCK_PI, 0, NULL, NULL, 0), "what a dead one left");
	is(word, me | FUTEX_OWNER_DIED, "that stays to be seen");
	word = 0;
	works(futex(&word, FUTEX_LOCK_PI2 | FUTEX_PRIVATE_FLAG, 0, NULL, NULL, 0), "private");
	works(futex(&word, FUTEX_UNLOCK_PI | FUTEX_PRIVATE_FLAG, 0, NULL, NULL, 0), "unlock");
	word = 0x3ffffff0;
	fails(futex(&word, FUTEX_LOCK_PI, 0, NULL, NULL, 0), ESRCH, "an owner who is not");
	is(word & FUTEX_TID_MASK, 0x3ffffff0, "the number stays");
	word = 0x3ffffff0;
	fails(futex(&word, FUTEX_TRYLOCK_PI, 0, NULL, NULL, 0), ESRCH, "TRYLOCK the same");
	fails(futex(BAD, FUTEX_LOCK_PI, 0, NULL, NULL, 0), EFAULT, "a bad address");
	fails(futex(KBAD, FUTEX_LOCK_PI, 0, NULL, NULL, 0), EFAULT, "the kernel's");
	fails(futex((char *)&word + 1, FUTEX_LOCK_PI, 0, NULL, NULL, 0), EINVAL, "an odd one");
	fails(futex(ro, FUTEX_LOCK_PI, 0, NULL, NULL, 0), EFAULT, "not writable");
	fails(futex(BAD, FUTEX_UNLOCK_PI, 0, NULL, NULL, 0), EFAULT, "unlock: a bad address");
}

TEST(flags)
{
	struct timespec bad = {0, 1000000000}, gone = {0, 1};
	uint32_t word = 1, other = 0;

	fails(futex(&word, FUTEX_LOCK_PI | FUTEX_CLOCK_REALTIME, 0, NULL, NULL, 0), ENOSYS,
	      "LOCK_PI with a clock");
	fails(futex(&word, FUTEX_WAKE | FUTEX_CLOCK_REALTIME, 0, NULL, NULL, 0), ENOSYS,
	      "WAKE with a clock");
	fails(futex(&word, FUTEX_WAIT | FUTEX_CLOCK_REALTIME, 0, NULL, NULL, 0), ENOSYS,
	      "WAIT with a clock");
	fails(futex(&word, FUTEX_LOCK_PI, 0, &bad, NULL, 0), EINVAL, "a bad time");
	fails(futex(&word, FUTEX_LOCK_PI, 0, BAD, NULL, 0), EFAULT, "a bad pointer to it");
	fails(futex(&word, FUTEX_FD, 0, NULL, NULL, 0), ENOSYS, "FUTEX_FD");
	fails(futex(&word, 99, 0, NULL, NULL, 0), ENOSYS, "no such operation");
	word = 0;
	works(futex(&word, FUTEX_LOCK_PI, 0, &gone, NULL, 0), "a free lock and no time");
	works(futex(&word, FUTEX_UNLOCK_PI, 0, NULL, NULL, 0), "unlock");
	fails(futex(&word, FUTEX_CMP_REQUEUE, -1, (void *)1L, &other, 0), EINVAL, "wake < 0");
	fails(futex(&word, FUTEX_CMP_REQUEUE, 1, (void *)-1L, &other, 0), EINVAL, "move < 0");
	fails(futex(&word, FUTEX_REQUEUE, 1, (void *)-1L, &other, 0), EINVAL, "REQUEUE < 0");
	fails(futex(&word, FUTEX_CMP_REQUEUE_PI, 1, (void *)-1L, &other, 0), EINVAL, "PI < 0");
	fails(futex(&word, FUTEX_CMP_REQUEUE_PI, 2, (void *)1L, &other, 0), EINVAL, "PI, two");
	fails(futex(&word, FUTEX_CMP_REQUEUE_PI, 1, (void *)1L, &word, 0), EINVAL, "to itself");
	fails(futex(&word, FUTEX_CMP_REQUEUE_PI, 1, (void *)1L, &other, 7), EAGAIN, "not equal");
	is(futex(&word, FUTEX_CMP_REQUEUE_PI, 1, (void *)1L, &other, 0), 0, "nobody there");
	fails(futex(&word, FUTEX_CMP_REQUEUE_PI, 1, (void *)1L, BAD, 0), EFAULT, "bad lock");
	fails(futex(&word, FUTEX_WAIT_REQUEUE_PI, 0, NULL, &word, 0), EINVAL, "waits for itself");
	fails(futex(&word, FUTEX_WAIT_REQUEUE_PI, 1, NULL, &other, 0), EAGAIN, "another value");
	fails(futex(&word, FUTEX_WAIT_REQUEUE_PI, 0, &gone, &other, 0), ETIMEDOUT, "no time");
}

TEST(hand_over)
{
	uint32_t word = 0, spare = 0;
	struct pair low = {0}, high = {0};

	must(futex(&word, FUTEX_LOCK_PI, 0, NULL, NULL, 0));
	start(&low, &word, FUTEX_LOCK_PI, 0);
	is(word, self() | FUTEX_WAITERS, "the first waiter leaves its mark");
	start(&high, &word, FUTEX_LOCK_PI, 20);
	fails(futex(&word, FUTEX_WAKE, 1, NULL, NULL, 0), EINVAL, "they cannot be woken");
	fails(futex(&word, FUTEX_REQUEUE, 1, (void *)1L, &spare, 0), EINVAL, "nor moved");
	works(futex(&word, FUTEX_UNLOCK_PI, 0, NULL, NULL, 0), "unlock");
	is(word, high.tid | FUTEX_WAITERS, "the more urgent one has it");
	for (int i = 0; i < 5000 && high.result; i++)
		tap_sleep_ms(1);
	is(high.result, 0, "and knows");
	is(low.result, -2, "the other waits");
	fails(futex(&word, FUTEX_TRYLOCK_PI, 0, NULL, NULL, 0), EAGAIN, "it is not free");
	fails(futex(&word, FUTEX_UNLOCK_PI, 0, NULL, NULL, 0), EPERM, "nor mine");
	high.go = 2;
	must(pthread_join(high.thread, NULL));
	low.go = 2;
	must(pthread_join(low.thread, NULL));
	is(low.result, 0, "then the other");
	is(word, 0, "then it is free");
}

TEST(boost)
{
	uint32_t word = 0;
	struct pair a = {0}, b = {0}, t = {.timeout_ms = 150};
	int me = self(), before = priority_of(me);

	is(before, 20, "an ordinary thread");
	must(futex(&word, FUTEX_LOCK_PI, 0, NULL, NULL, 0));
	start(&a, &word, FUTEX_LOCK_PI, 10);
	is(priority_of(me), -11, "it runs for its waiter");
	start(&b, &word, FUTEX_LOCK_PI, 30);
	is(priority_of(me), -31, "for the most urgent of them");
	is(syscall(SYS_sched_getscheduler, 0), SCHED_OTHER, "its policy is as it was");
	start(&t, &word, FUTEX_LOCK_PI2, 40);
	is(priority_of(me), -41, "and more");
	must(pthread_join((t.go = 1, t.thread), NULL));
	is(t.error, ETIMEDOUT, "whose time is over");
	is(priority_of(me), -31, "counts no longer");
	struct sched_param p = {.sched_priority = 50};
	must(syscall(SYS_sched_setscheduler, a.tid, SCHED_FIFO, &p));
	is(priority_of(me), -51, "a waiter becomes more urgent");
	must(futex(&word, FUTEX_UNLOCK_PI, 0, NULL, NULL, 0));
	is(priority_of(me), 20, "all is as before");
	is(word, a.tid | FUTEX_WAITERS, "and that one has it");
	a.go = b.go = 2;
	must(pthread_join(a.thread, NULL));
	must(pthread_join(b.thread, NULL));
	is(word, 0, "free");
}

/* Takes its own lock, then waits for another's. */
struct link {
	uint32_t own;
	uint32_t *next;
	volatile int tid, error;
	volatile long result;
	pthread_t thread;
};

static void *chained(void *argument)
{
	struct link *l = argument;

	must(futex(&l->own, FUTEX_LOCK_PI, 0, NULL, NULL, 0));
	l->tid = self();
	l->result = futex(l->next, FUTEX_LOCK_PI, 0, NULL, NULL, 0);
	l->error = errno;
	must(futex(&l->own, FUTEX_UNLOCK_PI, 0, NULL, NULL, 0));
	if (l->result == 0)
		must(futex(l->next, FUTEX_UNLOCK_PI, 0, NULL, NULL, 0));
	return NULL;
}

TEST(chain)
{
	enum { N = 20 };
	static struct link l[N];
	uint32_t first = 0;
	struct pair high = {.timeout_ms = 200};
	int boosted = 0;

	must(futex(&first, FUTEX_LOCK_PI, 0, NULL, NULL, 0));
	for (int i = 0; i < N; i++) {
		l[i].next = i ? &l[i - 1].own : &first;
		must(pthread_create(&l[i].thread, NULL, chained, &l[i]));
		await_word(l[i].next, FUTEX_WAITERS);
		for (int n = 0; n < 5000 && !asleep(l[i].tid); n++)
			tap_sleep_ms(1);
	}
	fails(futex(&l[N - 1].own, FUTEX_LOCK_PI, 0, NULL, NULL, 0), EDEADLK, "a ring of twenty");
	fails(futex(&l[3].own, FUTEX_LOCK_PI, 0, NULL, NULL, 0), EDEADLK, "a shorter one");
	high.op = FUTEX_LOCK_PI2;
	start(&high, &l[N - 1].own, FUTEX_LOCK_PI2, 60);
	for (int i = 0; i < N; i++)
		boosted += priority_of(l[i].tid) == -61;
	is(boosted, N, "all along the line inherit");
	is(priority_of(self()), -61, "down to its end");
	high.go = 1;
	must(pthread_join(high.thread, NULL));
	is(high.error, ETIMEDOUT, "it gives up");
	boosted = 0;
	for (int i = 0; i < N; i++)
		boosted += priority_of(l[i].tid) == 20;
	is(boosted, N, "nobody is urgent any more");
	is(priority_of(self()), 20, "nor the last");
	must(futex(&first, FUTEX_UNLOCK_PI, 0, NULL, NULL, 0));
	for (int i = 0; i < N; i++)
		must(pthread_join(l[i].thread, NULL));
	boosted = 0;
	for (int i = 0; i < N; i++)
		boosted += l[i].result == 0 && l[i].own == 0;
	is(boosted, N, "each had its turn");
}

static volatile int spinning, spun;

static void *spinner(void *argument)
{
	int64_t end = tap_now() + 300000000;

	(void)argument;
	be(SCHED_FIFO, 20);
	spinning = 1;
	while (tap_now() < end)
		;
	spun = 1;
	return NULL;
}

struct inversion {
	uint32_t word;
	volatile int held, order;
};

static void *low_holder(void *argument)
{
	struct inversion *v = argument;

	must(futex(&v->word, FUTEX_LOCK_PI, 0, NULL, NULL, 0));
	v->held = 1;
	await_word(&v->word, FUTEX_WAITERS);
	must(futex(&v->word, FUTEX_UNLOCK_PI, 0, NULL, NULL, 0));
	return NULL;
}

static void *high_locker(void *argument)
{
	struct inversion *v = argument;

	be(SCHED_FIFO, 30);
	v->held = 2;
	while (!spinning)
		tap_sleep_ms(1);
	must(futex(&v->word, FUTEX_LOCK_PI, 0, NULL, NULL, 0));
	v->order = spun ? 2 : 1;
	must(futex(&v->word, FUTEX_UNLOCK_PI, 0, NULL, NULL, 0));
	return NULL;
}

/* The reason for it all: one processor, a low thread with the lock, a high one that wants it, a
 * middle one that computes. */
TEST(inversion)
{
	struct inversion v = {0};
	pthread_t low, middle, high;
	cpu_set_t one;

	CPU_ZERO(&one);
	CPU_SET(0, &one);
	must(sched_setaffinity(0, sizeof(one), &one));
	be(SCHED_FIFO, 50);
	pthread_attr_t attr;
	struct sched_param normal = {0};
	pthread_attr_init(&attr);
	pthread_attr_setinheritsched(&attr, PTHREAD_EXPLICIT_SCHED);
	pthread_attr_setschedpolicy(&attr, SCHED_OTHER);
	pthread_attr_setschedparam(&attr, &normal);
	must(-pthread_create(&low, &attr, low_holder, &v));
	while (!v.held)
		tap_sleep_ms(1);
	must(-pthread_create(&high, &attr, high_locker, &v));
	while (v.held != 2)
		tap_sleep_ms(1);
	must(-pthread_create(&middle, &attr, spinner, NULL));
	must(pthread_join(high, NULL));
	is(v.order, 1, "the high one does not wait for the middle one");
	must(pthread_join(middle, NULL));
	must(pthread_join(low, NULL));
}

static void *die_holding(void *argument)
{
	struct pair *p = argument;

	must(futex(p->word, FUTEX_LOCK_PI, 0, NULL, NULL, 0));
	p->tid = self();
	while (!p->go)
		tap_sleep_ms(1);
	return NULL;
}

TEST(owner_ends)
{
	uint32_t word = 0;
	struct pair owner = {.word = &word}, a = {0}, b = {0};

	must(pthread_create(&owner.thread, NULL, die_holding, &owner));
	while (!owner.tid)
		tap_sleep_ms(1);
	start(&a, &word, FUTEX_LOCK_PI, 0);
	start(&b, &word, FUTEX_LOCK_PI, 10);
	owner.go = 1;
	must(pthread_join(owner.thread, NULL));
	for (int i = 0; i < 5000 && b.result; i++)
		tap_sleep_ms(1);
	is(b.result, 0, "the most urgent one inherits");
	is(word, b.tid | FUTEX_WAITERS | FUTEX_OWNER_DIED, "and sees how it came by it");
	is(a.result, -2, "the other waits");
	a.go = b.go = 2;
	must(pthread_join(b.thread, NULL));
	must(pthread_join(a.thread, NULL));
	is(a.result, 0, "then it has its turn");
	is(word, 0, "free");
	owner.go = owner.tid = 0;
	must(pthread_create(&owner.thread, NULL, die_holding, &owner));
	while (!owner.tid)
		tap_sleep_ms(1);
	owner.go = 1;
	must(pthread_join(owner.thread, NULL));
	tap_sleep_ms(20);
	fails(futex(&word, FUTEX_LOCK_PI, 0, NULL, NULL, 0), ESRCH, "nobody waited");
}

TEST(robust)
{
	uint32_t *word = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
			      0);
	struct {
		struct robust_list link;
		uint32_t pad;
	} entry;
	struct robust_list_head head;
	pid_t pid = fork();

	if (pid == 0) {
		head.list.next = (struct robust_list *)((uintptr_t)&entry.link | 1);
		head.futex_offset = (long)((char *)word - (char *)&entry.link);
		head.list_op_pending = NULL;
		entry.link.next = &head.list;
		must(syscall(SYS_set_robust_list, &head, sizeof(head)));
		must(futex(word, FUTEX_LOCK_PI, 0, NULL, NULL, 0));
		await_word(word, FUTEX_WAITERS);
		tap_sleep_ms(30);
		_exit(0);
	}
	await_word(word, FUTEX_TID_MASK);
	works(futex(word, FUTEX_LOCK_PI, 0, NULL, NULL, 0), "a shared lock, between processes");
	is(*word, self() | FUTEX_WAITERS | FUTEX_OWNER_DIED, "whose owner has died");
	must(futex(word, FUTEX_UNLOCK_PI, 0, NULL, NULL, 0));
	exits(pid, 0, "the owner");
	pid = fork();
	if (pid == 0) {
		head.list.next = (struct robust_list *)((uintptr_t)&entry.link | 1);
		head.futex_offset = (long)((char *)word - (char *)&entry.link);
		head.list_op_pending = NULL;
		entry.link.next = &head.list;
		must(syscall(SYS_set_robust_list, &head, sizeof(head)));
		must(futex(word, FUTEX_LOCK_PI, 0, NULL, NULL, 0));
		_exit(0);
	}
	exits(pid, 0, "an owner for whom nobody waits");
	is(*word, FUTEX_OWNER_DIED, "its list lets go");
	works(futex(word, FUTEX_TRYLOCK_PI, 0, NULL, NULL, 0), "and it can be taken");
}

static volatile int caught;

static void on_signal(int signal)
{
	caught += signal == SIGUSR1;
}

TEST(interrupted)
{
	uint32_t word = 0;
	struct pair a = {0};
	struct sigaction act = {.sa_handler = on_signal};

	must(sigaction(SIGUSR1, &act, NULL));
	must(futex(&word, FUTEX_LOCK_PI, 0, NULL, NULL, 0));
	start(&a, &word, FUTEX_LOCK_PI, 0);
	must(syscall(SYS_tgkill, getpid(), a.tid, SIGUSR1));
	for (int i = 0; i < 5000 && !caught; i++)
		tap_sleep_ms(1);
	tap_sleep_ms(20);
	is(caught, 1, "a signal comes to the waiter");
	is(a.result, -2, "which waits on, SA_RESTART or not");
	must(futex(&word, FUTEX_UNLOCK_PI, 0, NULL, NULL, 0));
	a.go = 2;
	must(pthread_join(a.thread, NULL));
	is(a.result, 0, "and gets it");
}

TEST(corrupt)
{
	uint32_t word = 0;
	struct pair a = {0};

	must(futex(&word, FUTEX_LOCK_PI, 0, NULL, NULL, 0));
	start(&a, &word, FUTEX_LOCK_PI, 0);
	word = (uint32_t)a.tid | FUTEX_WAITERS;
	fails(futex(&word, FUTEX_LOCK_PI, 0, NULL, NULL, 0), EINVAL, "the word lies");
	fails(futex(&word, FUTEX_UNLOCK_PI, 0, NULL, NULL, 0), EPERM, "to the owner");
	word = (uint32_t)self() | FUTEX_WAITERS;
	works(futex(&word, FUTEX_UNLOCK_PI, 0, NULL, NULL, 0), "it is true again");
	a.go = 2;
	must(pthread_join(a.thread, NULL));
}

struct waiter {
	uint32_t *cond, *lock;
	volatile int tid, error, go;
	volatile long result;
	int priority, clock;
	long timeout_ms;
	pthread_t thread;
};

static void *cond_waiter(void *argument)
{
	struct waiter *w = argument;
	struct timespec t = after_ms(w->clock ? CLOCK_REALTIME : CLOCK_MONOTONIC, w->timeout_ms);

	if (w->priority)
		be(SCHED_FIFO, w->priority);
	w->tid = self();
	w->result = futex(w->cond, FUTEX_WAIT_REQUEUE_PI | w->clock, 0,
			  w->timeout_ms ? &t : NULL, w->lock, 0);
	w->error = errno;
	while (w->result == 0 && !w->go)
		tap_sleep_ms(1);
	if (w->result == 0)
		must(futex(w->lock, FUTEX_UNLOCK_PI, 0, NULL, NULL, 0));
	return NULL;
}

static void start_waiter(struct waiter *w, uint32_t *cond, uint32_t *lock, int priority)
{
	w->cond = cond;
	w->lock = lock;
	w->priority = priority;
	w->result = -2;
	must(pthread_create(&w->thread, NULL, cond_waiter, w));
	for (int i = 0; i < 10000 && !(w->tid && asleep(w->tid)); i++)
		tap_sleep_ms(1);
}

TEST(requeue)
{
	uint32_t cond = 0, lock = 0, other = 0;
	struct waiter w[3] = {{0}};
	int me = self();

	for (int i = 0; i < 3; i++)
		start_waiter(&w[i], &cond, &lock, i * 10);
	fails(futex(&cond, FUTEX_WAKE, 1, NULL, NULL, 0), EINVAL, "no wake");
	fails(futex(&cond, FUTEX_CMP_REQUEUE, 1, (void *)5L, &lock, 0), EINVAL, "no plain move");
	fails(futex(&cond, FUTEX_CMP_REQUEUE_PI, 1, (void *)5L, &other, 0), EINVAL, "elsewhere");
	must(futex(&lock, FUTEX_LOCK_PI, 0, NULL, NULL, 0));
	is(futex(&cond, FUTEX_CMP_REQUEUE_PI, 1, (void *)0L, &lock, 0), 1, "one is moved");
	is(lock, me | FUTEX_WAITERS, "the lock has a waiter");
	is(priority_of(me), -21, "the most urgent");
	is(futex(&cond, FUTEX_CMP_REQUEUE_PI, 1, (void *)(long)INT_MAX, &lock, 0), 2, "the rest");
	must(futex(&lock, FUTEX_UNLOCK_PI, 0, NULL, NULL, 0));
	is(lock, w[2].tid | FUTEX_WAITERS, "it has the lock first");
	for (int i = 0; i < 3; i++)
		w[i].go = 1;
	for (int i = 0; i < 3; i++)
		must(pthread_join(w[i].thread, NULL));
	is(w[0].result | w[1].result | w[2].result, 0, "each comes back with it");
	is(lock, 0, "it is free");
}

TEST(requeue_free)
{
	uint32_t cond = 0, lock = 0;
	struct waiter w[2] = {{0}};

	start_waiter(&w[0], &cond, &lock, 0);
	start_waiter(&w[1], &cond, &lock, 10);
	is(futex(&cond, FUTEX_CMP_REQUEUE_PI, 1, (void *)(long)INT_MAX, &lock, 0), 2,
	   "to a free lock");
	is(lock, w[1].tid | FUTEX_WAITERS, "the first takes it");
	w[0].go = w[1].go = 1;
	must(pthread_join(w[0].thread, NULL));
	must(pthread_join(w[1].thread, NULL));
	is(w[0].result | w[1].result, 0, "the other gets it then");
	start_waiter(&w[0], &cond, &lock, 0);
	w[0].go = 1;
	is(futex(&cond, FUTEX_CMP_REQUEUE_PI, 1, (void *)0L, &lock, 0), 1, "a single one");
	must(pthread_join(w[0].thread, NULL));
	is(lock, 0, "free");
}

TEST(requeue_ends)
{
	uint32_t cond = 0, lock = 0;
	struct waiter a = {.timeout_ms = 50}, c = {0},
		      b = {.timeout_ms = 100, .clock = FUTEX_CLOCK_REALTIME};
	struct sigaction act = {.sa_handler = on_signal};

	start_waiter(&a, &cond, &lock, 0);
	must(pthread_join(a.thread, NULL));
	is(a.error, ETIMEDOUT, "time is over while it waits for the condition");
	must(futex(&lock, FUTEX_LOCK_PI, 0, NULL, NULL, 0));
	start_waiter(&b, &cond, &lock, 0);
	is(futex(&cond, FUTEX_CMP_REQUEUE_PI, 1, (void *)0L, &lock, 0), 1, "moved");
	must(pthread_join(b.thread, NULL));
	is(b.error, ETIMEDOUT, "time is over while it waits for the lock");
	must(sigaction(SIGUSR1, &act, NULL));
	start_waiter(&c, &cond, &lock, 0);
	is(futex(&cond, FUTEX_CMP_REQUEUE_PI, 1, (void *)0L, &lock, 0), 1, "moved");
	must(syscall(SYS_tgkill, getpid(), c.tid, SIGUSR1));
	must(pthread_join(c.thread, NULL));
	is(c.error, EAGAIN, "a signal there");
	must(futex(&lock, FUTEX_UNLOCK_PI, 0, NULL, NULL, 0));
	is(lock, 0, "nobody is left");
}

static long waitv(struct wanted *w, unsigned n, unsigned flags, void *t, int clock)
{
	return syscall(SYS_futex_waitv, w, n, flags, t, clock);
}

static void *wait_long(void *argument)
{
	struct pair *p = argument;
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
	struct pair p = {0};
	uint32_t *word[32];
	int fd[32], woken = 0;
	struct sigaction act = {.sa_handler = on_signal};

	must(sigaction(SIGUSR1, &act, NULL));
	p.word = map_new(&fd[0]);
	must(pthread_create(&p.thread, NULL, wait_long, &p));
	await_sleep(&p);
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
		for (int n = 0; n < 10000 && !(m.tid && asleep(m.tid)); n++)
			tap_sleep_ms(1);
		int op = FUTEX_WAKE | (which[i] & 1 ? FUTEX_PRIVATE_FLAG : 0);

		is(futex(&m.words[which[i]], op, 1, NULL, NULL, 0), 1, "one of 128 is woken");
		must(pthread_join(t, NULL));
		is(m.result, which[i], "and says which");
	}
}

static struct {
	uint32_t lock, cond;
	long count, seen;
} shared;

static void pi_lock(void)
{
	uint32_t none = 0;

	if (!__atomic_compare_exchange_n(&shared.lock, &none, (uint32_t)self(), false,
					 __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
		must(futex(&shared.lock, FUTEX_LOCK_PI, 0, NULL, NULL, 0));
}

static void pi_unlock(void)
{
	uint32_t mine = (uint32_t)self();

	if (!__atomic_compare_exchange_n(&shared.lock, &mine, 0, false, __ATOMIC_RELEASE,
					 __ATOMIC_RELAXED))
		must(futex(&shared.lock, FUTEX_UNLOCK_PI, 0, NULL, NULL, 0));
}

static void *count_up(void *argument)
{
	int rounds = (int)(long)argument;

	for (int i = 0; i < rounds; i++) {
		pi_lock();
		shared.count++;
		if (i % 16 == 0)
			sched_yield();
		pi_unlock();
	}
	return NULL;
}

static void *change_priorities(void *argument)
{
	const pthread_t *threads = argument;

	for (int i = 0; i < 200; i++) {
		struct sched_param p = {.sched_priority = i % 5};

		pthread_setschedparam(threads[i % 4], p.sched_priority ? SCHED_FIFO : SCHED_OTHER,
				      &p);
		sched_yield();
	}
	return NULL;
}

TEST(contention)
{
	enum { THREADS = 6, ROUNDS = 3000 };
	pthread_t t[THREADS], changer;

	for (long i = 0; i < THREADS; i++)
		must(pthread_create(&t[i], NULL, count_up, (void *)(long)ROUNDS));
	must(pthread_create(&changer, NULL, change_priorities, t));
	must(pthread_join(changer, NULL));
	for (int i = 0; i < THREADS; i++)
		must(pthread_join(t[i], NULL));
	is(shared.count, THREADS * ROUNDS, "six threads, none lost");
	is(shared.lock, 0, "free in the end");
}

static void *wait_often(void *argument)
{
	for (int i = 0; i < 300; i++) {
		uint32_t now = __atomic_load_n(&shared.cond, __ATOMIC_SEQ_CST);
		struct timespec t = after_ms(CLOCK_MONOTONIC, 5);
		long r = futex(&shared.cond, FUTEX_WAIT_REQUEUE_PI, now, &t, &shared.lock, 0);

		if (r < 0)
			pi_lock();
		shared.seen++;
		pi_unlock();
	}
	return argument;
}

TEST(conditions)
{
	enum { THREADS = 5 };
	pthread_t t[THREADS];
	int bad = 0;

	shared.seen = 0;
	for (long i = 0; i < THREADS; i++)
		must(pthread_create(&t[i], NULL, wait_often, NULL));
	for (int i = 0; i < 5000 && shared.seen < THREADS * 300; i++) {
		uint32_t now = shared.cond;

		if (i % 3 == 0)
			pi_lock();
		__atomic_store_n(&shared.cond, now + 1, __ATOMIC_SEQ_CST);
		bad += futex(&shared.cond, FUTEX_CMP_REQUEUE_PI, 1, (void *)(long)(i % 4),
			     &shared.lock, now + 1) < 0;
		if (i % 3 == 0)
			pi_unlock();
		if (i % 8 == 0)
			tap_sleep_ms(1);
	}
	for (int i = 0; i < THREADS; i++)
		must(pthread_join(t[i], NULL));
	is(bad, 0, "each move is one");
	is(shared.seen, THREADS * 300, "each wait ends with the lock");
	is(shared.lock, 0, "free in the end");
}
