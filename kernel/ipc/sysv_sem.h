/* System V semaphores (semget(2), semop(2), semctl(2)): sets of counters. */
#pragma once

#include "ipc/sysv_ids.h"

/* /proc/sys/kernel/sem: semaphores in a set, in all sets, operations in a call. */
extern u32 sysv_semmsl, sysv_semmns, sysv_semopm;
extern struct sysv_ids sysv_sem_ids;

/*
 * What a process (or those that share it, CLONE_SYSVSEM) has to undo when it ends: opaque. The
 * pointer to it is the task's, NULL until the first SEM_UNDO.
 */
struct sem_undo_list;
/* Makes the list if there is none, and takes a reference for *out unless NULL: 0 or -ENOMEM. */
int sysv_undo_share(struct sem_undo_list **list, struct sem_undo_list **out);
/* A task ends: the last one undoes. NULL is allowed. */
void sysv_undo_put(struct sem_undo_list *list);

/* semget(2): the identifier, or -EINVAL, -ENOSPC, -ENOENT, -EEXIST, -EACCES, -ENOMEM. */
int sysv_semget(s32 key, s32 n, u32 flags, const struct cred *cred);
/*
 * semtimedop(2): n operations at once, waiting until `deadline` (CLOCK_MONOTONIC, ~0: for ever).
 * 0, or -EAGAIN, -EFBIG, -EACCES, -EIDRM, -EINTR, -EINVAL, -ENOMEM, -ERANGE.
 */
int sysv_semop(s32 id, const struct sembuf *ops, u32 n, u64 deadline,
	       struct sem_undo_list **undo, const struct cred *cred);

/* The commands of semctl(2). */
int sysv_sem_stat(s32 number, enum sysv_by by, const struct cred *cred,
		  struct semid64_ds *out);
int sysv_sem_rmid(s32 id, const struct cred *cred);
/* GETVAL, GETPID, GETNCNT, GETZCNT. */
int sysv_sem_value(s32 id, s32 number, int cmd, const struct cred *cred);
/* -ERANGE outside 0 … SEMVMX. */
int sysv_sem_setval(s32 id, s32 number, s32 value, const struct cred *cred);
/* How many semaphores the set has, for the two below. */
int sysv_sem_count(s32 id);
/* All values of a set of n: -EINVAL, -EIDRM if it is another one by now. */
int sysv_sem_getall(s32 id, u16 *values, u32 n, const struct cred *cred);
int sysv_sem_setall(s32 id, const u16 *values, u32 n, const struct cred *cred);
/* IPC_INFO, or SEM_INFO if `usage`: the highest index in use. */
int sysv_sem_info(struct seminfo *out, bool usage);

/* The set at index *index or above, as /proc/sysvipc/sem shows it: false if none. */
struct sysv_sem_row {
	struct semid64_ds ds;
	s32 id;
};
bool sysv_sem_next(u32 *index, struct sysv_sem_row *out);
