/* semctl(2): values and facts of semaphore sets. */
#include "ipc/sysv_sem_int.h"

#include "abi/errno.h"
#include "abi/stat.h"

/* The set, locked, if the caller may: 0 or negative errno. */
static int find(s32 id, u32 wanted, const struct cred *cred, struct sem_set **out)
{
	struct sysv_object *object;
	int err = sysv_find(&sysv_sem_ids, id, &object);

	if (err)
		return err;
	err = sysv_permission(object, wanted, cred);
	if (err)
		sysv_end(object);
	else
		*out = sem_set(object);
	return err;
}

/* Set locked. */
static void fill(const struct sem_set *set, struct semid64_ds *out)
{
	*out = (struct semid64_ds){
		.sem_otime = set->otime,
		.sem_ctime = set->object.ctime,
		.sem_nsems = set->n,
	};
	sysv_perm_get(&set->object, &out->sem_perm);
}

int sysv_sem_stat(s32 number, enum sysv_by by, const struct cred *cred,
		  struct semid64_ds *out)
{
	struct sysv_object *object;
	int result = sysv_find_stat(&sysv_sem_ids, number, by, cred, &object);

	if (result < 0)
		return result;
	fill(sem_set(object), out);
	sysv_end(object);
	return result;
}

/* Waiters whose first operation that cannot be done is on the semaphore: for zero, or for more. */
static int count_waiters(struct sem_set *set, u32 number, bool zero)
{
	struct sem_waiter *w;
	int n = 0;

	list_for_each_entry(w, &set->waiters, link) {
		const struct sembuf *op = &w->ops[w->blocked_on];

		if (op->sem_num == number && (op->sem_op == 0) == zero)
			n++;
	}
	return n;
}

int sysv_sem_value(s32 id, s32 number, int cmd, const struct cred *cred)
{
	struct sem_set *set;
	int result = find(id, S_IRUGO, cred, &set);

	if (result)
		return result;
	if (number < 0 || (u32)number >= set->n)
		result = -EINVAL;
	else if (cmd == GETVAL)
		result = set->sems[number].value;
	else if (cmd == GETPID)
		result = set->sems[number].pid;
	else
		result = count_waiters(set, (u32)number, cmd == GETZCNT);
	sysv_end(&set->object);
	return result;
}

/* Sets a value, which makes what was to be undone meaningless. */
static void set_value(struct sem_set *set, u32 number, s32 value)
{
	struct sem_undo *undo;

	list_for_each_entry(undo, &set->undos, in_set)
		undo->adjust[number] = 0;
	set->sems[number].value = value;
	set->sems[number].pid = sysv_pid();
}

int sysv_sem_setval(s32 id, s32 number, s32 value, const struct cred *cred)
{
	struct sem_set *set;
	int err;

	if (value < 0 || value > SEMVMX)
		return -ERANGE;
	err = find(id, S_IWUGO, cred, &set);
	if (err)
		return err;
	if (number < 0 || (u32)number >= set->n) {
		err = -EINVAL;
	} else {
		set_value(set, (u32)number, value);
		set->object.ctime = sysv_now();
		sem_update(set);
	}
	sysv_end(&set->object);
	return err;
}

int sysv_sem_count(s32 id)
{
	struct sysv_object *object;
	int n = sysv_find(&sysv_sem_ids, id, &object);

	if (n)
		return n;
	n = (int)sem_set(object)->n;
	sysv_end(object);
	return n;
}

int sysv_sem_getall(s32 id, u16 *values, u32 n, const struct cred *cred)
{
	struct sem_set *set;
	int err = find(id, S_IRUGO, cred, &set);

	if (err)
		return err;
	if (n != set->n)
		err = -EIDRM;
	for (u32 i = 0; i < n && !err; i++)
		values[i] = (u16)set->sems[i].value;
	sysv_end(&set->object);
	return err;
}

int sysv_sem_setall(s32 id, const u16 *values, u32 n, const struct cred *cred)
{
	struct sem_set *set;
	int err = find(id, S_IWUGO, cred, &set);

	if (err)
		return err;
	if (n != set->n)
		err = -EIDRM;
	for (u32 i = 0; i < n && !err; i++)
		if (values[i] > SEMVMX)
			err = -ERANGE;
	if (!err) {
		for (u32 i = 0; i < n; i++)
			set_value(set, i, values[i]);
		set->object.ctime = sysv_now();
		sem_update(set);
	}
	sysv_end(&set->object);
	return err;
}

int sysv_sem_info(struct seminfo *out, bool usage)
{
	u32 used;
	int highest = sysv_highest(&sysv_sem_ids, &used);

	*out = (struct seminfo){
		.semmap = (s32)READ_ONCE(sysv_semmns),
		.semmni = (s32)READ_ONCE(sysv_sem_ids.max),
		.semmns = (s32)READ_ONCE(sysv_semmns),
		.semmnu = (s32)READ_ONCE(sysv_semmns),
		.semmsl = (s32)READ_ONCE(sysv_semmsl),
		.semopm = (s32)READ_ONCE(sysv_semopm),
		.semume = (s32)READ_ONCE(sysv_semopm),
		.semusz = usage ? (s32)used : 20,
		.semvmx = SEMVMX,
		.semaem = usage ? (s32)READ_ONCE(sem_total) : SEMAEM,
	};
	return highest;
}

bool sysv_sem_next(u32 *index, struct sysv_sem_row *out)
{
	struct sysv_object *object = sysv_next(&sysv_sem_ids, index);

	if (!object)
		return false;
	fill(sem_set(object), &out->ds);
	out->id = object->id;
	sysv_end(object);
	return true;
}
