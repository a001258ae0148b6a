/*
 * Work queues: one list of functions to call, served by several kernel threads, so that one that
 * sleeps does not hold up the others. A worker that takes work and leaves none behind who is idle
 * starts another first: works may wait for each other, however many there are. What is more than
 * WORKERS goes again when it is idle. A worker does not touch the work once its function runs,
 * which may free it.
 *
 * Locks: work_lock (RANK_WORK, interrupts off).
 */
#include "sched/work.h"

#include "abi/errno.h"
#include "core/clock.h"
#include "core/panic.h"
#include "mm/slab.h"
#include "sched/wait.h"

#define WORKERS 4 /* that stay */

/* w: work_lock. */
struct worker {
	struct list link;          /* w */
	struct work *current_work; /* w: whose function runs, NULL: idle */
};

static struct spinlock work_lock = SPINLOCK_INIT(RANK_WORK, "work");
static LIST_HEAD(pending);           /* w */
static LIST_HEAD(workers);           /* w */
static unsigned n_idle;              /* w */
static struct wait_queue idle_workers = WAIT_QUEUE_INIT(idle_workers);
static struct wait_queue done = WAIT_QUEUE_INIT(done); /* those in work_flush() */

void work_init(struct work *w, void (*fn)(struct work *work))
{
	list_init(&w->link);
	w->fn = fn;
	w->pending = false;
}

bool work_queue(struct work *w)
{
	u64 flags = spin_lock_irq(&work_lock);
	bool queued = !w->pending;

	if (queued) {
		w->pending = true;
		list_add_tail(&w->link, &pending);
	}
	spin_unlock_irq(&work_lock, flags);
	if (queued)
		wait_wake_one(&idle_workers, 0);
	return queued;
}

static bool work_busy(const struct work *w)
{
	struct worker *worker;
	u64 flags = spin_lock_irq(&work_lock);
	bool busy = w->pending;

	list_for_each_entry(worker, &workers, link)
		busy |= worker->current_work == w;
	spin_unlock_irq(&work_lock, flags);
	return busy;
}

void work_flush(struct work *w)
{
	wait_until(&done, !work_busy(w));
}

/* The next work for this worker, whose last one is done; NULL if there is none. `last`: then all
 * workers are at work. */
static struct work *work_take(struct worker *me, bool *last)
{
	u64 flags = spin_lock_irq(&work_lock);
	struct work *w = list_first_entry_or_null(&pending, struct work, link);

	if (w) {
		list_del_init(&w->link);
		w->pending = false;
	}
	n_idle += !!me->current_work - !!w;
	me->current_work = w;
	*last = !n_idle;
	spin_unlock_irq(&work_lock, flags);
	return w;
}

static int worker_add(void);

/* There is an idle worker again. What memory it takes may come from the reserve: the work that
 * waits for this may be the repair of the disk that memory is to be written out to. */
static void worker_replace(void)
{
	thread_current()->frees_memory = true;
	(void)!worker_add();
	thread_current()->frees_memory = false;
}

/* Whether an idle worker is one too many, and is forgotten. */
static bool worker_leave(struct worker *me)
{
	u64 flags = spin_lock_irq(&work_lock);
	bool leaves = n_idle > WORKERS && list_empty(&pending);

	if (leaves) {
		n_idle--;
		list_del(&me->link);
	}
	spin_unlock_irq(&work_lock, flags);
	return leaves;
}

static void worker_main(void *arg)
{
	struct worker *me = arg;
	struct wait_entry entry;
	struct work *w;
	bool last;

	for (;;) {
		do {
			w = work_take(me, &last);
			wait_wake(&done, 0);
			if (w && last)
				worker_replace();
			if (w)
				w->fn(w);
			sched_point();
		} while (w);
		if (worker_leave(me))
			break;
		wait_begin(&idle_workers, &entry, THREAD_INTERRUPTIBLE, true);
		if (list_empty(&pending))
			thread_block();
		wait_end(&idle_workers, &entry);
	}
	kfree(me);
	thread_exit();
}

/* One more worker: 0 or -ENOMEM. */
static int worker_add(void)
{
	struct worker *worker = kzalloc(sizeof(*worker), MM_KERNEL);
	u64 flags;
	int err;

	if (!worker)
		return -ENOMEM;
	flags = spin_lock_irq(&work_lock);
	list_add_tail(&worker->link, &workers);
	n_idle++;
	spin_unlock_irq(&work_lock, flags);
	err = kthread_start("worker", worker_main, worker);
	if (err) {
		flags = spin_lock_irq(&work_lock);
		list_del(&worker->link);
		n_idle--;
		spin_unlock_irq(&work_lock, flags);
		kfree(worker);
	}
	return err;
}

static void delayed_work_expired(struct timer *timer)
{
	work_queue(&container_of(timer, struct delayed_work, timer)->work);
}

void delayed_work_init(struct delayed_work *w, void (*fn)(struct work *work))
{
	work_init(&w->work, fn);
	timer_init(&w->timer, delayed_work_expired);
}

bool delayed_work_queue(struct delayed_work *w, u64 delay_ns)
{
	if (READ_ONCE(w->timer.armed) || READ_ONCE(w->work.pending))
		return false;
	timer_arm(&w->timer, clock_monotonic() + delay_ns);
	return true;
}

bool delayed_work_cancel_sync(struct delayed_work *w)
{
	bool was = timer_cancel_sync(&w->timer);
	u64 flags = spin_lock_irq(&work_lock);

	if (w->work.pending) {
		list_del_init(&w->work.link);
		w->work.pending = false;
		was = true;
	}
	spin_unlock_irq(&work_lock, flags);
	work_flush(&w->work);
	return was;
}

void work_init_threads(void)
{
	for (unsigned i = 0; i < WORKERS; i++)
		if (worker_add())
			panic("work: no memory for the threads");
}
