/*
 * System V semaphores: the sets, and semop.
 *
 * The operations of a call are tried in order on the values; at the first that cannot be done, what
 * was done is taken back and the caller waits on the set's list. Whoever changes a value goes
 * through that list, oldest first, and does for the waiters what can now be done, so that a waiter
 * wakes with its result. A set that is removed wakes all with -EIDRM.
 *
 * Locks: the object's. A waiter's entry is on its stack: it returns only after it has had the lock.
 */
#include "ipc/sysv_sem_int.h"

#include "abi/errno.h"
#include "abi/stat.h"
#include "mm/slab.h"

#define MUST_WAIT 1

u32 sysv_semmsl = 32000, sysv_semmns = 1024000000, sysv_semopm = 500;
u32 sem_total;

static void set_free(struct sysv_object *object)
{
	struct sem_set *set = sem_set(object);

	__atomic_fetch_sub(&sem_total, set->n, __ATOMIC_RELAXED);
	kfree(set);
}

struct sysv_ids sysv_sem_ids = SYSV_IDS_INIT(32000, set_free);

static int set_make(const struct sysv_maker *maker, struct sysv_object **out)
{
	u32 n = (u32)maker->size;
	struct sem_set *set;

	if (!n)
		return -EINVAL;
	if (__atomic_add_fetch(&sem_total, n, __ATOMIC_RELAXED) > READ_ONCE(sysv_semmns)) {
		__atomic_fetch_sub(&sem_total, n, __ATOMIC_RELAXED);
		return -ENOSPC;
	}
	set = kzalloc(sizeof(*set) + n * sizeof(set->sems[0]), MM_KERNEL);
	if (!set) {
		__atomic_fetch_sub(&sem_total, n, __ATOMIC_RELAXED);
		return -ENOMEM;
	}
	set->n = n;
	list_init(&set->waiters);
	list_init(&set->undos);
	*out = &set->object;
	return 0;
}

static int set_fits(const struct sysv_maker *maker, const struct sysv_object *object)
{
	return maker->size > sem_set((struct sysv_object *)object)->n ? -EINVAL : 0;
}

int sysv_semget(s32 key, s32 n, u32 flags, const struct cred *cred)
{
	struct sysv_maker maker = { set_make, set_fits, (u64)(s64)n, flags };

	if (n < 0 || (u32)n > READ_ONCE(sysv_semmsl))
		return -EINVAL;
	return sysv_get(&sysv_sem_ids, key, &maker, cred);
}

/* ---- Operations ---- */

/*
 * One operation on its semaphore: 0, MUST_WAIT, -ERANGE. An adjustment goes to the record together
 * with the value.
 */
static int do_one(struct sem_set *set, const struct sembuf *op, struct sem_undo *undo)
{
	struct sem *sem = &set->sems[op->sem_num];
	s32 value = sem->value + op->sem_op;

	if (op->sem_op == 0)
		return sem->value ? MUST_WAIT : 0;
	if (value < 0)
		return MUST_WAIT;
	if (value > SEMVMX)
		return -ERANGE;
	if (op->sem_flg & SEM_UNDO) {
		s32 adjust = undo->adjust[op->sem_num] - op->sem_op;

		if (adjust < -SEMAEM - 1 || adjust > SEMAEM)
			return -ERANGE;
		undo->adjust[op->sem_num] = (s16)adjust;
	}
	sem->value = value;
	return 0;
}

static void take_back(struct sem_set *set, const struct sembuf *op, struct sem_undo *undo)
{
	set->sems[op->sem_num].value -= op->sem_op;
	if (op->sem_flg & SEM_UNDO)
		undo->adjust[op->sem_num] = (s16)(undo->adjust[op->sem_num] + op->sem_op);
}

/* All operations of a call or none: 0, MUST_WAIT, -EAGAIN (IPC_NOWAIT), -ERANGE. Set locked. */
static int do_all(struct sem_set *set, struct sem_waiter *w)
{
	int err = 0;
	u32 i;

	for (i = 0; i < w->n_ops && !err; i++)
		err = do_one(set, &w->ops[i], w->undo);
	if (!err) {
		for (i = 0; i < w->n_ops; i++)
			set->sems[w->ops[i].sem_num].pid = w->pid;
		set->otime = sysv_now();
		return 0;
	}
	w->blocked_on = --i;
	while (i-- > 0)
		take_back(set, &w->ops[i], w->undo);
	if (err == MUST_WAIT && (w->ops[w->blocked_on].sem_flg & IPC_NOWAIT))
		return -EAGAIN;
	return err;
}

static bool alters(const struct sembuf *ops, u32 n)
{
	for (u32 i = 0; i < n; i++)
		if (ops[i].sem_op)
			return true;
	return false;
}

static void finish(struct sem_waiter *w, int result)
{
	list_del(&w->link);
	w->result = result;
	store_release(&w->done, true);
	thread_wake(w->thread);
}

void sem_update(struct sem_set *set)
{
	struct sem_waiter *w, *tmp;
	bool again;

	do {
		again = false;
		list_for_each_entry_safe(w, tmp, &set->waiters, link) {
			int err = do_all(set, w);

			if (err == MUST_WAIT)
				continue;
			finish(w, err);
			/* What one has changed may let an earlier one go on. */
			if (!err && alters(w->ops, w->n_ops))
				again = true;
			if (again)
				break;
		}
	} while (again);
}

/* ---- semop ---- */

/* Sleeps until the waiter's result is there; the lock is released and taken again. */
static int sleep_on(struct sem_set *set, struct sem_waiter *w, u64 deadline)
{
	int err = 0;

	list_add_tail(&w->link, &set->waiters);
	spin_unlock(&set->object.lock);
	for (;;) {
		thread_prepare(THREAD_INTERRUPTIBLE);
		if (load_acquire(&w->done))
			break;
		if (thread_signal_pending()) {
			err = -EINTR;
			break;
		}
		if (thread_block_until(deadline)) {
			err = -EAGAIN;
			break;
		}
	}
	thread_running();
	spin_lock(&set->object.lock);
	if (w->done)
		return w->result;
	list_del(&w->link);
	return err;
}

/* What the operations ask for: the highest number, and what kinds there are. */
static void look(const struct sembuf *ops, u32 n, u32 *highest, bool *undos)
{
	*highest = 0;
	*undos = false;
	for (u32 i = 0; i < n; i++) {
		*highest = max(*highest, (u32)ops[i].sem_num);
		*undos |= (ops[i].sem_flg & SEM_UNDO) && ops[i].sem_op;
	}
}

/* The set, locked, with the record of undoing if need be: 0 or negative errno. */
static int semop_begin(s32 id, struct sem_waiter *w, struct sem_undo_list **undo,
		       struct sysv_object **out, const struct cred *cred)
{
	bool undos;
	u32 highest;
	int err = sysv_find(&sysv_sem_ids, id, out);

	if (err)
		return err;
	look(w->ops, w->n_ops, &highest, &undos);
	if (highest >= sem_set(*out)->n)
		err = -EFBIG;
	if (!err)
		err = sysv_permission(*out, alters(w->ops, w->n_ops) ? S_IWUGO : S_IRUGO, cred);
	if (err || !undos)
		goto out;
	spin_unlock(&(*out)->lock);
	err = sysv_undo_share(undo, NULL);
	if (!err) {
		w->undo = sem_undo_get(*undo, sem_set(*out));
		err = w->undo ? 0 : -ENOMEM;
	}
	spin_lock(&(*out)->lock);
	if (!err && (*out)->removed)
		err = -EIDRM;
out:
	if (err)
		sysv_end(*out);
	return err;
}

int sysv_semop(s32 id, const struct sembuf *ops, u32 n, u64 deadline,
	       struct sem_undo_list **undo, const struct cred *cred)
{
	struct sem_waiter w = {
		.thread = thread_current(), .ops = ops, .n_ops = n, .pid = sysv_pid()
	};
	struct sysv_object *object;
	int err = semop_begin(id, &w, undo, &object, cred);

	if (err)
		return err;
	err = do_all(sem_set(object), &w);
	if (err == MUST_WAIT)
		err = sleep_on(sem_set(object), &w, deadline);
	else if (!err && alters(ops, n))
		sem_update(sem_set(object));
	sysv_end(object);
	return err;
}

int sysv_sem_rmid(s32 id, const struct cred *cred)
{
	struct sysv_object *object;
	struct sem_waiter *w, *tmp;
	int err = sysv_find(&sysv_sem_ids, id, &object);

	if (err)
		return err;
	err = sysv_may_control(object, cred);
	if (!err) {
		sysv_remove(object);
		list_for_each_entry_safe(w, tmp, &sem_set(object)->waiters, link)
			finish(w, -EIDRM);
	}
	sysv_end(object);
	return err;
}
