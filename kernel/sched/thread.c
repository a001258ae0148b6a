/*
 * The life of a thread: made with a stack and one function to run, started into a run queue, ended
 * by itself, reaped by whoever runs next on its CPU (nobody can free the stack it stands on), freed
 * with the last reference.
 *
 * Locks: threads_lock (RANK_SLAB_LIST: nothing but run queues' readers inside) guards the list of
 * all threads.
 */
#include "abi/errno.h"
#include "abi/sched.h"
#include "core/gaps.h"
#include "core/kasan.h"
#include "core/panic.h"
#include "lib/format.h"
#include "lib/string.h"
#include "mm/kmap.h"
#include "mm/slab.h"
#include "sched/errno_trace.h"
#include "sched/lock_debug_int.h"
#include "sched/run_int.h"
#include "sched/soft.h"

static_assert(offsetof(struct thread, work) == THREAD_WORK_OFFSET, "entry code looks there");

static struct slab_cache *thread_cache;
static struct thread boot_thread; /* CPU 0's idle thread */
static struct spinlock threads_lock = SPINLOCK_INIT(RANK_SLAB_LIST, "threads");
static LIST_HEAD(threads);
static void (*free_hook)(struct thread *t);
static bool (*fatal_hook)(struct thread *t);

void thread_set_free_hook(void (*hook)(struct thread *t)) { free_hook = hook; }
void thread_set_fatal_hook(bool (*hook)(struct thread *t)) { fatal_hook = hook; }

bool thread_fatal_pending(void)
{
	return thread_signal_pending() && fatal_hook && fatal_hook(thread_current());
}

static void thread_setup(struct thread *t, const char *name)
{
	memset(t, 0, sizeof(*t));
	ref_set(&t->refs, 2);
	strlcpy(t->name, name, sizeof(t->name));
	t->state = THREAD_NEW;
	t->class = SCHED_CLASS_FAIR;
	t->weight = WEIGHT_NORMAL;
	t->boost = URGENCY_NONE;
	list_init(&t->pi_held);
	t->affinity = ~0ull;
	t->cpu = cpu_id();
	t->start_ns = arch_clock_ns();
}

static void thread_list(struct thread *t)
{
	u64 flags = spin_lock_irq(&threads_lock);

	list_add_tail(&t->all_link, &threads);
	spin_unlock_irq(&threads_lock, flags);
}

/* Where every new thread begins. */
static void thread_begin(void *arg)
{
	struct thread *me = arg;

	sched_thread_begin();
	me->entry(me->entry_arg);
	thread_exit();
}

int thread_create(const char *name, struct process *process, void (*fn)(void *arg), void *arg,
		  struct thread **out)
{
	struct thread *t = slab_alloc(thread_cache, MM_KERNEL);

	if (!t)
		return -ENOMEM;
	thread_setup(t, name);
	t->stack = kstack_alloc();
	if (!t->stack) {
		slab_free(thread_cache, t);
		return -ENOMEM;
	}
	t->process = process;
	t->entry = fn;
	t->entry_arg = arg;
	context_init(&t->arch, (char *)t->stack + KSTACK_SIZE, thread_begin, t);
	if (process)
		fail_inherit(lock_debug_plan(t));
	thread_list(t);
	this_runqueue()->forks++;
	*out = t;
	return 0;
}

int kthread_start(const char *name, void (*fn)(void *arg), void *arg)
{
	struct thread *t;
	int err = thread_create(name, NULL, fn, arg, &t);

	if (err)
		return err;
	thread_start(t);
	thread_put(t);
	return 0;
}

void thread_exit(void)
{
	struct thread *me = thread_current();

	if (unlikely(is_edf(me)))
		sched_set_policy(me, SCHED_NORMAL, 0);
	__atomic_store_n(&me->state, THREAD_DEAD, __ATOMIC_SEQ_CST);
	thread_block();
	panic("thread %s came back from the dead", me->name);
}

/* Nobody refers to it any more, and it stands on no stack. */
static void thread_free(struct thread *t)
{
	u64 flags = spin_lock_irq(&threads_lock);

	list_del(&t->all_link);
	spin_unlock_irq(&threads_lock, flags);
	if (t->arch.fpu)
		fpu_fini(&t->arch);
	errno_trace_free(t);
	if (unlikely(t->edf))
		edf_free(t->edf);
	if (free_hook)
		free_hook(t);
	slab_free(thread_cache, t);
}

void thread_put(struct thread *t)
{
	if (ref_put(&t->refs))
		thread_free(t);
}

void thread_reap(struct thread *t)
{
	kstack_free(t->stack);
	t->stack = NULL;
	thread_put(t);
}

void thread_discard(struct thread *t)
{
	kassert(t->state == THREAD_NEW);
	thread_reap(t);
	thread_put(t);
}

void thread_set_work(struct thread *t, u32 work)
{
	__atomic_fetch_or(&t->work, work, __ATOMIC_SEQ_CST);
	if (t != thread_current() && __atomic_load_n(&t->on_cpu, __ATOMIC_SEQ_CST) &&
	    t->cpu != cpu_id())
		cpu_kick(t->cpu);
}

void thread_each(void (*fn)(struct thread *t, void *arg), void *arg)
{
	u64 flags = spin_lock_irq(&threads_lock);
	struct thread *t;

	list_for_each_entry(t, &threads, all_link)
		fn(t, arg);
	spin_unlock_irq(&threads_lock, flags);
}

static void idle_setup(struct thread *t, unsigned cpu)
{
	thread_setup(t, "idle");
	t->state = THREAD_RUNNING;
	t->class = SCHED_CLASS_IDLE;
	t->cpu = cpu;
	t->affinity = BIT(cpu);
	t->on_cpu = true;
}

struct thread *thread_make_idle(unsigned cpu)
{
	struct thread *t = slab_alloc(thread_cache, MM_KERNEL);

	if (!t)
		return NULL;
	idle_setup(t, cpu);
	t->stack = kstack_alloc();
	if (!t->stack) {
		slab_free(thread_cache, t);
		return NULL;
	}
	t->arch.stack_top = (u64)t->stack + KSTACK_SIZE;
	run_init_cpu(cpu, t);
	return t;
}

static u32 number(void)
{
	struct thread *t = thread_current();

	return t ? (u32)t->tid : 0;
}

/* Soft work only borrows the thread. */
static struct fail_plan *plan_current(void)
{
	return soft_running() ? NULL : lock_debug_plan(thread_current());
}

/* For panics: what ran. Takes no lock. */
static void describe(char *buf, size_t size)
{
	const struct thread *t = thread_current();

	snprintf(buf, size, "thread %s, tid %d, class %u, state %u", t->name, t->tid, t->class,
		 t->state);
}

static void gap_asker(struct gap_asker *asker)
{
	const struct thread *t = thread_current();

	strlcpy(asker->program, t->name, sizeof(asker->program));
	asker->call = t->process ? (u32)context_regs(&t->arch)->orig_rax : ~0u;
}

void sched_init(void)
{
	u64 flags = irq_save();

	thread_cache = slab_cache_create("thread", sizeof(struct thread), 64);
	if (!thread_cache)
		panic("sched: no memory");
	idle_setup(&boot_thread, 0);
	run_init_cpu(0, &boot_thread);
	context_adopt_boot(&boot_thread.arch);
	this_cpu_write(cpu_thread, &boot_thread);
	idle_cpus = BIT(0);
	panic_set_describe(describe);
	kasan_set_thread_number(number);
	fail_set_current(plan_current);
	gaps_set_asker(gap_asker);
	irq_restore(flags);
}
