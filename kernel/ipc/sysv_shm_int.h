/* Between sysv_shm.c (segments and what maps them) and sysv_shm_ctl.c (shmctl). */
#pragma once

#include "ipc/sysv_shm.h"
#include "vm/shmem.h"

#define SHM_MIN 1

/* o: object.lock.  I: constant. */
struct shm_segment {
	struct sysv_object object;
	struct shmem *shmem;       /* I */
	u64 size;                  /* I: bytes, as asked for */
	u64 n_attached;            /* o: areas that map it, and calls that are about to */
	s64 atime, dtime;          /* o: seconds */
	s32 cpid, lpid;            /* I, o */
	s32 maker;                 /* o: process that made it, 0 once that has ended */
	u32 locked_uid;            /* o: who is charged while SHM_LOCKED */
};

static inline struct shm_segment *shm_segment(struct sysv_object *object)
{
	return container_of(object, struct shm_segment, object);
}
static inline u64 shm_pages(const struct shm_segment *seg)
{
	return seg->shmem->size >> PAGE_SHIFT;
}

/* Pages of all segments: a. */
extern u64 shm_total;
/*
 * Removes the segment if nobody uses it and it is to go; unlocks, and drops the caller's reference.
 */
void shm_segment_end(struct shm_segment *seg);
/* Gives back what SHM_LOCK took. Object locked. */
void shm_segment_unlock_pages(struct shm_segment *seg);
