/* Between sysv_sem.c (sets and waiting), sysv_sem_ctl.c (semctl) and sysv_sem_undo.c. */
#pragma once

#include "ipc/sysv_sem.h"
#include "sched/thread.h"

/* o: object.lock.  I: constant. */
struct sem {
	s32 value; /* o */
	s32 pid;   /* o: who changed it last */
};

struct sem_set {
	struct sysv_object object;
	u32 n;                 /* I */
	s64 otime;             /* o: of the last semop */
	struct list waiters;   /* o: struct sem_waiter, the longest waiting first */
	struct list undos;     /* o: struct sem_undo */
	struct sem sems[];     /* o */
};

static inline struct sem_set *sem_set(struct sysv_object *object)
{
	return container_of(object, struct sem_set, object);
}

/* What one list of undoing adds to the semaphores of one set. l: list->lock.  o: set's lock. */
struct sem_undo {
	struct list in_set;    /* o */
	struct list in_list;   /* l */
	struct sem_set *set;   /* I: referenced */
	s16 adjust[];          /* o: per semaphore */
};

/* A call that waits, on its own stack. o: set's lock. */
struct sem_waiter {
	struct list link;          /* o */
	struct thread *thread;
	const struct sembuf *ops;
	u32 n_ops;
	struct sem_undo *undo;
	s32 pid;
	u32 blocked_on;            /* o: which operation cannot be done */
	int result;                /* o: once done */
	bool done;                 /* o, a */
};

/* Semaphores of all sets: a. */
extern u32 sem_total;

/* After a change: does what waiters wait for as long as something can be done. Set locked. */
void sem_update(struct sem_set *set);
/* The record of `list` for the set, made if need be, or NULL: no memory. No lock held. */
struct sem_undo *sem_undo_get(struct sem_undo_list *list, struct sem_set *set);
