/*
 * Process numbers: a bitmap says which are taken, a hash finds the struct pid of one. Both are
 * guarded by pid_lock; readers of the hash use RCU. What a number stands for (task, process,
 * members) is proc_tree_lock's.
 */
#include "proc/pid.h"

#include "abi/errno.h"
#include "core/spinlock.h"
#include "lib/bitmap.h"
#include "mm/slab.h"

#define PID_HASH_SIZE 1024 /* power of two */
#define PID_RESERVED  300  /* numbers below are not used again after the first round */

static struct spinlock pid_lock = SPINLOCK_INIT(RANK_PID, "pid");
static DECLARE_BITMAP(pid_map, PID_MAX_DEFAULT); /* pid_lock */
static struct hlist_head pid_hash[PID_HASH_SIZE]; /* pid_lock, RCU */
static s32 last_nr;  /* pid_lock */
static u64 last_serial; /* pid_lock */
static u32 n_pids;   /* pid_lock */

static struct hlist_head *pid_bucket(s32 nr)
{
	return &pid_hash[(u32)nr & (PID_HASH_SIZE - 1)];
}

/* The next free number after the last one given, in circles; 0 if there is none. */
static s32 pid_number_next(void)
{
	size_t nr = bitmap_find_next_zero(pid_map, PID_MAX_DEFAULT, (size_t)last_nr + 1);

	if (nr >= PID_MAX_DEFAULT)
		nr = bitmap_find_next_zero(pid_map, PID_MAX_DEFAULT, PID_RESERVED);
	return nr < PID_MAX_DEFAULT ? (s32)nr : 0;
}

/* `wanted`: 0: any. */
static int pid_make(s32 wanted, struct pid **out)
{
	struct pid *pid = kzalloc(sizeof(*pid), MM_KERNEL);
	u64 flags;

	if (!pid)
		return -ENOMEM;
	ref_set(&pid->refs, 1);
	ref_set(&pid->holds, 1);
	list_init(&pid->members);
	list_init(&pid->session_members);
	wait_init(&pid->exit_wait);
	flags = spin_lock_irq(&pid_lock);
	if (!wanted)
		pid->nr = pid_number_next();
	else if (!bitmap_test(pid_map, (size_t)wanted))
		pid->nr = wanted;
	if (pid->nr) {
		bitmap_set(pid_map, (size_t)pid->nr);
		last_nr = wanted ? last_nr : pid->nr;
		pid->serial = ++last_serial;
		n_pids++;
		hlist_add_head_rcu(&pid->hash, pid_bucket(pid->nr));
	}
	spin_unlock_irq(&pid_lock, flags);
	if (!pid->nr) {
		kfree(pid);
		return wanted ? -EEXIST : -EAGAIN;
	}
	*out = pid;
	return 0;
}

int pid_alloc(struct pid **out)
{
	return pid_make(0, out);
}

int pid_alloc_as(s32 nr, struct pid **out)
{
	return nr < 1 || nr >= PID_MAX_DEFAULT ? -EINVAL : pid_make(nr, out);
}

static void pid_free(struct rcu_head *head)
{
	kfree(container_of(head, struct pid, rcu));
}

void pid_put(struct pid *pid)
{
	u64 flags;

	if (!pid || !ref_put(&pid->refs))
		return;
	flags = spin_lock_irq(&pid_lock);
	hlist_del_rcu(&pid->hash);
	bitmap_clear(pid_map, (size_t)pid->nr);
	n_pids--;
	spin_unlock_irq(&pid_lock, flags);
	pid_drop(pid);
}

void pid_drop(struct pid *pid)
{
	if (pid && ref_put(&pid->holds))
		rcu_call(&pid->rcu, pid_free);
}

struct pid *pid_find(s32 nr)
{
	struct pid *pid;

	hlist_for_each_entry_rcu(pid, pid_bucket(nr), hash)
		if (pid->nr == nr)
			return pid;
	return NULL;
}

struct pid *pid_find_get(s32 nr)
{
	struct pid *pid;

	rcu_read_lock();
	pid = pid_find(nr);
	if (pid && !ref_try_get(&pid->refs))
		pid = NULL;
	rcu_read_unlock();
	return pid;
}

s32 pid_next_used(s32 from)
{
	u64 flags = spin_lock_irq(&pid_lock);
	size_t nr = bitmap_find_next_set(pid_map, PID_MAX_DEFAULT, (size_t)max(from, 1));

	spin_unlock_irq(&pid_lock, flags);
	return nr < PID_MAX_DEFAULT ? (s32)nr : 0;
}

s32 pid_last(void)
{
	return READ_ONCE(last_nr);
}

u32 pid_count(void)
{
	return READ_ONCE(n_pids);
}
