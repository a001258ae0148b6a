/* Sleeping locks, work queues and RCU. */
#include "arch/percpu.h"
#include "core/clock.h"
#include "mm/slab.h"
#include "sched/mutex.h"
#include "sched/rcu.h"
#include "sched/thread.h"
#include "sched/wait.h"
#include "sched/work.h"
#include "test/ktest.h"

/* For what should take moments, if the host has others to serve. */
#define PATIENCE (20 * (u64)NSEC_PER_SEC)

static struct mutex lock;
static struct rwsem sem;
static struct wait_queue gone = WAIT_QUEUE_INIT(gone);
static u32 alive, inside, readers_inside, most_readers; /* a */
static u64 total;

static void leave(void)
{
	if (__atomic_sub_fetch(&alive, 1, __ATOMIC_SEQ_CST) == 0)
		wait_wake(&gone, 0);
}

static void nap(void)
{
	thread_prepare(THREAD_UNINTERRUPTIBLE);
	thread_block_until(clock_monotonic() + 50 * NSEC_PER_USEC);
}

static void mutex_user(void *arg)
{
	for (unsigned i = 0; i < 200; i++) {
		mutex_lock(&lock);
		KTEST_CHECK(__atomic_add_fetch(&inside, 1, __ATOMIC_SEQ_CST) == 1);
		total++;
		if (i % 4 == 0)
			nap();
		else if (i % 4 == 1)
			sched_yield();
		__atomic_sub_fetch(&inside, 1, __ATOMIC_SEQ_CST);
		mutex_unlock(&lock);
	}
	leave();
}

KTEST(mutex_exclusion)
{
	mutex_init(&lock, RANK_SLEEP_LAST, "ktest");
	alive = 6;
	total = inside = 0;
	for (unsigned i = 0; i < 6; i++)
		KTEST_CHECK(kthread_start("mutex", mutex_user, NULL) == 0);
	wait_until(&gone, __atomic_load_n(&alive, __ATOMIC_SEQ_CST) == 0);
	KTEST_CHECK(total == 1200 && lock.waiters == 0 && !lock.owner);
}

/* One that takes the lock again as soon as it has let go must not keep another from it for ever. */
static bool greedy_stop;

static void greedy(void *arg)
{
	while (!READ_ONCE(greedy_stop)) {
		mutex_lock(&lock);
		nap();
		mutex_unlock(&lock);
	}
	leave();
}

KTEST(mutex_starvation)
{
	u64 start = clock_monotonic();

	mutex_init(&lock, RANK_SLEEP_LAST, "ktest");
	alive = 1;
	greedy_stop = false;
	KTEST_CHECK(kthread_start("greedy", greedy, NULL) == 0);
	for (unsigned i = 0; i < 20; i++) {
		nap();
		mutex_lock(&lock);
		mutex_unlock(&lock);
	}
	WRITE_ONCE(greedy_stop, true);
	wait_until(&gone, __atomic_load_n(&alive, __ATOMIC_SEQ_CST) == 0);
	KTEST_CHECK(clock_monotonic() - start < PATIENCE);
}

static void sem_reader(void *arg)
{
	for (unsigned i = 0; i < 100; i++) {
		u32 n;

		rwsem_read(&sem);
		n = __atomic_add_fetch(&readers_inside, 1, __ATOMIC_SEQ_CST);
		if (n > most_readers)
			most_readers = n;
		KTEST_CHECK(__atomic_load_n(&inside, __ATOMIC_SEQ_CST) == 0);
		nap();
		__atomic_sub_fetch(&readers_inside, 1, __ATOMIC_SEQ_CST);
		rwsem_read_end(&sem);
	}
	leave();
}

static void sem_writer(void *arg)
{
	for (unsigned i = 0; i < 100; i++) {
		rwsem_write(&sem);
		KTEST_CHECK(__atomic_add_fetch(&inside, 1, __ATOMIC_SEQ_CST) == 1);
		KTEST_CHECK(__atomic_load_n(&readers_inside, __ATOMIC_SEQ_CST) == 0);
		nap();
		__atomic_sub_fetch(&inside, 1, __ATOMIC_SEQ_CST);
		if (i % 2) {
			rwsem_downgrade(&sem);
			KTEST_CHECK(__atomic_load_n(&inside, __ATOMIC_SEQ_CST) == 0);
			rwsem_read_end(&sem);
		} else {
			rwsem_write_end(&sem);
		}
	}
	leave();
}

KTEST(rwsem_exclusion)
{
	rwsem_init(&sem, RANK_SLEEP_LAST, "ktest");
	alive = 6;
	inside = readers_inside = most_readers = 0;
	for (unsigned i = 0; i < 4; i++)
		KTEST_CHECK(kthread_start("reader", sem_reader, NULL) == 0);
	for (unsigned i = 0; i < 2; i++)
		KTEST_CHECK(kthread_start("writer", sem_writer, NULL) == 0);
	wait_until(&gone, __atomic_load_n(&alive, __ATOMIC_SEQ_CST) == 0);
	KTEST_CHECK(sem.state == 0 && most_readers > 1);
}

struct counted {
	struct work work;
	u32 runs;
};

static void count_work(struct work *w)
{
	nap();
	__atomic_fetch_add(&container_of(w, struct counted, work)->runs, 1, __ATOMIC_SEQ_CST);
}

KTEST(work_queues)
{
	struct counted c[10];
	struct delayed_work late;
	u32 queued[10];

	for (unsigned i = 0; i < 10; i++) {
		work_init(&c[i].work, count_work);
		c[i].runs = 0;
		KTEST_CHECK(work_queue(&c[i].work));
		/* While it waits it is not queued again; another CPU may have begun with it. */
		queued[i] = 1 + work_queue(&c[i].work);
		KTEST_CHECK(queued[i] == 1 || cpu_count() > 1);
	}
	for (unsigned i = 0; i < 10; i++) {
		work_flush(&c[i].work);
		KTEST_CHECK(c[i].runs == queued[i]);
	}
	delayed_work_init(&late, count_work);
	KTEST_CHECK(delayed_work_queue(&late, 10 * (u64)NSEC_PER_SEC));
	KTEST_CHECK(delayed_work_cancel_sync(&late) && !delayed_work_cancel_sync(&late));
}

static u32 called; /* a */

static void rcu_count(struct rcu_head *head)
{
	__atomic_fetch_add(&called, 1, __ATOMIC_SEQ_CST);
	kfree(head);
}

KTEST(rcu_callbacks)
{
	u64 deadline;

	called = 0;
	for (unsigned i = 0; i < 2000; i++) {
		struct rcu_head *head = kmalloc(sizeof(*head), MM_KERNEL);

		if (head)
			rcu_call(head, rcu_count);
	}
	deadline = clock_monotonic() + PATIENCE;
	while (__atomic_load_n(&called, __ATOMIC_SEQ_CST) < 2000 && clock_monotonic() < deadline)
		nap();
	KTEST_CHECK(called == 2000);
	rcu_synchronize();
}

/* One at a time: nobody hurries, and the CPU may halt with the callback in its list. */
KTEST(rcu_few)
{
	called = 0;
	for (u32 i = 0; i < 8; i++) {
		struct rcu_head *head = kmalloc(sizeof(*head), MM_KERNEL);
		u64 deadline = clock_monotonic() + PATIENCE;

		if (!head)
			return;
		rcu_call(head, rcu_count);
		if (i % 2)
			rcu_barrier();
		while (__atomic_load_n(&called, __ATOMIC_SEQ_CST) <= i &&
		       clock_monotonic() < deadline)
			nap();
		KTEST_CHECK(called == i + 1);
	}
}
