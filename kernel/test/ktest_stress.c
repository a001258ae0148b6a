/*
 * Everything at once: threads that sleep, yield, wake each other, take locks, allocate here and
 * free there, while their nice values, policies and affinities are changed under them. The longer
 * and the more CPUs, the better.
 */
#include "abi/sched.h"
#include "core/clock.h"
#include "lib/string.h"
#include "mm/frames.h"
#include "mm/slab.h"
#include "sched/mutex.h"
#include "sched/rcu.h"
#include "sched/thread.h"
#include "sched/wait.h"
#include "sched/work.h"
#include "test/ktest.h"

#define WORKERS 12
#define SHELF 64
#define STRESS_NS (400 * (u64)NSEC_PER_MSEC)

struct parcel {
	struct rcu_head rcu;
	u32 size;
	u8 fill[];
};

static struct wait_queue gate = WAIT_QUEUE_INIT(gate), gone = WAIT_QUEUE_INIT(gone);
static struct parcel *shelf[SHELF]; /* a */
static struct mutex lock;
static struct rwsem sem;
static u32 alive, sent, freed; /* a */
static u64 guarded, published[2];
static bool stop;

static u64 next_random(u64 *state)
{
	*state = *state * 6364136223846793005ull + 1442695040888963407ull;
	return *state >> 33;
}

static void parcel_check(struct parcel *p)
{
	KTEST_CHECK(mem_is_all(p->fill, (u8)p->size, p->size));
}

static void parcel_free(struct rcu_head *head)
{
	struct parcel *p = container_of(head, struct parcel, rcu);

	parcel_check(p);
	__atomic_fetch_add(&freed, 1, __ATOMIC_RELAXED);
	kfree(p);
}

/* Puts a parcel on the shelf and takes the one that lay there, perhaps another CPU's. */
static void exchange(u64 *random)
{
	u32 size = (u32)(next_random(random) % 3000);
	struct parcel *p = kmalloc(sizeof(*p) + size, MM_KERNEL), *old;

	if (!p)
		return;
	p->size = size;
	memset(p->fill, (u8)size, size);
	old = __atomic_exchange_n(&shelf[next_random(random) % SHELF], p, __ATOMIC_ACQ_REL);
	if (!old)
		return;
	__atomic_fetch_add(&sent, 1, __ATOMIC_RELAXED);
	if (next_random(random) % 2)
		rcu_call(&old->rcu, parcel_free);
	else
		parcel_free(&old->rcu);
}

static void nap(u64 ns)
{
	thread_prepare(THREAD_UNINTERRUPTIBLE);
	thread_block_until(clock_monotonic() + ns);
}

static void sem_step(bool write)
{
	if (write) {
		rwsem_write(&sem);
		published[0]++;
		sched_point();
		published[1]++;
		rwsem_write_end(&sem);
	} else {
		rwsem_read(&sem);
		KTEST_CHECK(READ_ONCE(published[0]) == READ_ONCE(published[1]));
		rwsem_read_end(&sem);
	}
}

static void worker_main(void *arg)
{
	u64 random = (u64)arg * 7919 + 1;

	while (!READ_ONCE(stop)) {
		switch (next_random(&random) % 8) {
		case 0:
			nap(next_random(&random) % 200000);
			break;
		case 1:
			sched_yield();
			break;
		case 2:
			mutex_lock(&lock);
			guarded++;
			if (next_random(&random) % 8 == 0)
				nap(20000);
			mutex_unlock(&lock);
			break;
		case 3:
			sem_step(next_random(&random) % 4 == 0);
			break;
		case 4:
			wait_wake(&gate, 0);
			break;
		case 5:
			(void)wait_until_timeout(&gate, next_random(&random) % 4 == 0,
						 clock_monotonic() + 300000);
			break;
		default:
			exchange(&random);
		}
		sched_point();
	}
	if (__atomic_sub_fetch(&alive, 1, __ATOMIC_SEQ_CST) == 0)
		wait_wake(&gone, 0);
}

/* Changes a thread's scheduling in one way or another. */
static void disturb(struct thread *t, u64 *random)
{
	u64 u, s;

	switch (next_random(random) % 5) {
	case 0:
		sched_set_nice(t, (int)(next_random(random) % 40) - 20);
		break;
	case 1:
		sched_set_policy(t, SCHED_RR, 1 + (int)(next_random(random) % 99));
		break;
	case 2:
		sched_set_policy(t, next_random(random) % 4 ? SCHED_NORMAL : SCHED_IDLE, 0);
		break;
	case 3:
		KTEST_CHECK(sched_set_affinity(t, BIT(next_random(random) % cpu_count())) == 0);
		break;
	default:
		sched_thread_times(t, &u, &s);
		thread_wake(t);
	}
}

KTEST(sched_stress)
{
	u64 random = 1, end = clock_monotonic() + STRESS_NS, before, after;
	struct thread *t[WORKERS];

	before = ktest_frames_settle();
	mutex_init(&lock, RANK_SLEEP_LAST, "ktest");
	rwsem_init(&sem, RANK_SLEEP_LAST, "ktest");
	alive = WORKERS;
	sent = freed = 0;
	stop = false;
	for (u64 i = 0; i < WORKERS; i++) {
		KTEST_CHECK(thread_create("stress", NULL, worker_main, (void *)i, &t[i]) == 0);
		thread_start(t[i]);
	}
	sched_set_policy(thread_current(), SCHED_FIFO, 99);
	while (clock_monotonic() < end) {
		disturb(t[next_random(&random) % WORKERS], &random);
		nap(next_random(&random) % 100000);
	}
	WRITE_ONCE(stop, true);
	wait_until(&gone, __atomic_load_n(&alive, __ATOMIC_SEQ_CST) == 0);
	sched_set_policy(thread_current(), SCHED_NORMAL, 0);
	for (unsigned i = 0; i < WORKERS; i++)
		thread_put(t[i]);
	for (unsigned i = 0; i < SHELF; i++) {
		kfree(shelf[i]);
		shelf[i] = NULL;
	}
	after = ktest_frames_settle();
	KTEST_CHECK(freed == sent && lock.waiters == 0 && sem.state == 0);
	KTEST_CHECK(after + 600 > before); /* magazines, warm stacks and tables stay */
	ktest_note("%u parcels, %llu turns at the mutex", sent, (unsigned long long)guarded);
}
