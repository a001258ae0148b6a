/*
 * System V shared memory (shmget(2), shmop(2), shmctl(2)): segments, which are shared memory of vm
 * (vm/shmem.h) with an identifier.
 */
#pragma once

#include "ipc/sysv_ids.h"
#include "vm/aspace.h"

/* /proc/sys/kernel: shmmax (bytes of one segment), shmall (pages of all), shm_rmid_forced. */
extern u64 sysv_shmmax, sysv_shmall;
extern struct sysv_ids sysv_shm_ids;
bool sysv_shm_forced(void);
/* Turning it on removes the segments that nobody uses and whose maker has gone. */
void sysv_shm_set_forced(bool forced);

/* shmget(2): the identifier, or -EINVAL, -ENOSPC, -ENOENT, -EEXIST, -EACCES, -ENOMEM, -EPERM. */
int sysv_shmget(s32 key, u64 size, u32 flags, const struct cred *cred);
/* shmat(2): 0 and *out, or -EINVAL, -EIDRM, -EACCES, -ENOMEM. */
int sysv_shmat(s32 id, vaddr_t addr, u32 flags, const struct cred *cred, vaddr_t *out);
/* shmdt(2): 0 or -EINVAL. */
int sysv_shmdt(vaddr_t addr);

/* The commands of shmctl(2). */
int sysv_shm_stat(s32 number, enum sysv_by by, const struct cred *cred,
		  struct shmid64_ds *out);
int sysv_shm_rmid(s32 id, const struct cred *cred);
/* SHM_LOCK and SHM_UNLOCK; `limit`: the caller's RLIMIT_MEMLOCK, bytes. -EPERM, -ENOMEM. */
int sysv_shm_lock(s32 id, bool lock, u64 limit, const struct cred *cred);
/* Both return the highest index in use. */
int sysv_shm_limits(struct shminfo64 *out);
int sysv_shm_info(struct shm_info *out);

/* A process ends: its segments have no maker any more. */
void sysv_shm_exit(s32 pid);

/* The segment at index *index or above, as /proc/sysvipc/shm shows it: false if none. */
struct sysv_shm_row {
	struct shmid64_ds ds;
	s32 id;
	u64 rss, swap; /* bytes */
};
bool sysv_shm_next(u32 *index, struct sysv_shm_row *out);
