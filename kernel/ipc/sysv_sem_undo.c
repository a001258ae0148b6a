/*
 * SEM_UNDO: what a process did to semaphores is undone when it ends. A list, shared by those that
 * were cloned with CLONE_SYSVSEM, has a record per set with the sum of what is to be undone for
 * each semaphore. SETVAL and SETALL clear it, whosesoever it is.
 *
 * A record keeps its set from being freed, not from being removed; records of removed sets are
 * dropped when the list is searched next.
 *
 * Locks: the list's, then the set's.
 */
#include "ipc/sysv_sem_int.h"

#include "abi/errno.h"
#include "mm/slab.h"

/* l: lock. */
struct sem_undo_list {
	struct refcount refs; /* tasks */
	struct spinlock lock; /* RANK_FDTABLE */
	struct list records;  /* l */
};

int sysv_undo_share(struct sem_undo_list **list, struct sem_undo_list **out)
{
	if (!*list) {
		struct sem_undo_list *new = kzalloc(sizeof(*new), MM_KERNEL);

		if (!new)
			return -ENOMEM;
		ref_set(&new->refs, 1);
		spin_init(&new->lock, RANK_FDTABLE, "sem_undo");
		list_init(&new->records);
		*list = new;
	}
	if (out) {
		ref_get(&(*list)->refs);
		*out = *list;
	}
	return 0;
}

/* Takes the record away from the list and its set. List locked. */
static void record_unlink_locked(struct sem_undo *undo)
{
	list_del(&undo->in_list);
	spin_lock(&undo->set->object.lock);
	list_del(&undo->in_set);
	spin_unlock(&undo->set->object.lock);
}

static void record_free(struct sem_undo *undo)
{
	sysv_object_put(&undo->set->object);
	kfree(undo);
}

/* The record for the set, or NULL; those of removed sets go to `gone`. List locked. */
static struct sem_undo *find_locked(struct sem_undo_list *list, struct sem_set *set,
				    struct list *gone)
{
	struct sem_undo *undo, *tmp, *found = NULL;

	list_for_each_entry_safe(undo, tmp, &list->records, in_list) {
		if (undo->set == set) {
			found = undo;
		} else if (READ_ONCE(undo->set->object.removed)) {
			record_unlink_locked(undo);
			list_add(&undo->in_list, gone);
		}
	}
	return found;
}

static void free_all(struct list *gone)
{
	struct sem_undo *undo, *tmp;

	list_for_each_entry_safe(undo, tmp, gone, in_list)
		record_free(undo);
}

struct sem_undo *sem_undo_get(struct sem_undo_list *list, struct sem_set *set)
{
	struct sem_undo *undo, *new;
	LIST_HEAD(gone);

	spin_lock(&list->lock);
	undo = find_locked(list, set, &gone);
	spin_unlock(&list->lock);
	free_all(&gone);
	if (undo)
		return undo;
	new = kzalloc(sizeof(*new) + set->n * sizeof(new->adjust[0]), MM_KERNEL);
	if (!new)
		return NULL;
	new->set = set;
	sysv_object_get(&set->object);
	list_init(&gone);
	spin_lock(&list->lock);
	undo = find_locked(list, set, &gone);
	if (!undo) {
		list_add_tail(&new->in_list, &list->records);
		spin_lock(&set->object.lock);
		list_add_tail(&new->in_set, &set->undos);
		spin_unlock(&set->object.lock);
		undo = new;
		new = NULL;
	}
	spin_unlock(&list->lock);
	free_all(&gone);
	if (new)
		record_free(new);
	return undo;
}

/* Applies a record that belongs to nobody any more. */
static void undo_one(struct sem_undo *undo)
{
	struct sem_set *set = undo->set;
	bool changed = false;

	spin_lock(&set->object.lock);
	list_del(&undo->in_set);
	for (u32 i = 0; i < set->n && !set->object.removed; i++) {
		if (!undo->adjust[i])
			continue;
		set->sems[i].value = clamp(set->sems[i].value + undo->adjust[i], 0, SEMVMX);
		set->sems[i].pid = sysv_pid();
		changed = true;
	}
	if (changed) {
		set->otime = sysv_now();
		sem_update(set);
	}
	spin_unlock(&set->object.lock);
}

void sysv_undo_put(struct sem_undo_list *list)
{
	struct sem_undo *undo, *tmp;

	if (!list || !ref_put(&list->refs))
		return;
	list_for_each_entry_safe(undo, tmp, &list->records, in_list) {
		undo_one(undo);
		record_free(undo);
	}
	kfree(list);
}
