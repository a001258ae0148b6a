/* From a condition to a lock with priority inheritance (futex(2), FUTEX_WAIT_REQUEUE_PI), and both
 * under load. */
#include "futex.h"
#include <limits.h>
#include <pthread.h>

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

static void on_signal(int signal)
{
	(void)signal;
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
