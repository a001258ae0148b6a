/* Futexes with priority inheritance (futex(2)). */
#include "futex.h"
#include <pthread.h>
#include <sys/mman.h>

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
	struct robust r;
	pid_t pid = fork();

	if (pid == 0) {
		robust_set(&r, word, true);
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
		robust_set(&r, word, true);
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
