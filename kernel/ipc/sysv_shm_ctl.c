/* shmctl(2): what is known of a segment and of all of them, and changes to one. */
#include "ipc/sysv_shm_int.h"

#include "abi/capability.h"
#include "abi/errno.h"
#include "abi/stat.h"
#include "ipc/usercount.h"

static u64 pages_resident(const struct shm_segment *seg)
{
	return READ_ONCE(seg->shmem->cache.n_pages);
}

static u64 pages_swapped(const struct shm_segment *seg)
{
	return READ_ONCE(seg->shmem->cache.n_swapped);
}

/* Object locked. */
static void fill(const struct shm_segment *seg, struct shmid64_ds *out)
{
	*out = (struct shmid64_ds){
		.shm_segsz = seg->size,
		.shm_atime = seg->atime,
		.shm_dtime = seg->dtime,
		.shm_ctime = seg->object.ctime,
		.shm_cpid = seg->cpid,
		.shm_lpid = seg->lpid,
		.shm_nattch = seg->n_attached,
	};
	sysv_perm_get(&seg->object, &out->shm_perm);
}

int sysv_shm_stat(s32 number, enum sysv_by by, const struct cred *cred,
		  struct shmid64_ds *out)
{
	struct sysv_object *object;
	int result = sysv_find_stat(&sysv_shm_ids, number, by, cred, &object);

	if (result < 0)
		return result;
	fill(shm_segment(object), out);
	sysv_end(object);
	return result;
}

int sysv_shm_rmid(s32 id, const struct cred *cred)
{
	struct sysv_object *object;
	int err = sysv_find(&sysv_shm_ids, id, &object);

	if (err)
		return err;
	err = sysv_may_control(object, cred);
	if (err) {
		sysv_end(object);
		return err;
	}
	object->mode |= SHM_DEST;
	if (shm_segment(object)->n_attached)
		sysv_hide(object);
	shm_segment_end(shm_segment(object));
	return 0;
}

void shm_segment_unlock_pages(struct shm_segment *seg)
{
	if (!(seg->object.mode & SHM_LOCKED))
		return;
	seg->object.mode &= ~(u32)SHM_LOCKED;
	shmem_set_locked(seg->shmem, false);
	ipc_uncharge_many(seg->locked_uid, IPC_LOCKED_PAGES, shm_pages(seg));
}

/* Object locked; it is not locked in memory yet. */
static int lock_pages(struct shm_segment *seg, u64 limit, const struct cred *cred)
{
	u64 pages = cred_capable(cred, CAP_IPC_LOCK) ? ~0ull : limit >> PAGE_SHIFT;
	int err = ipc_charge_many(cred->uid, IPC_LOCKED_PAGES, shm_pages(seg), pages);

	if (err)
		return -ENOMEM;
	seg->locked_uid = cred->uid;
	seg->object.mode |= SHM_LOCKED;
	shmem_set_locked(seg->shmem, true);
	return 0;
}

int sysv_shm_lock(s32 id, bool lock, u64 limit, const struct cred *cred)
{
	struct sysv_object *object;
	int err = sysv_find(&sysv_shm_ids, id, &object);

	if (err)
		return err;
	if (!cred_capable(cred, CAP_IPC_LOCK)) {
		if (cred->euid != object->uid && cred->euid != object->cuid)
			err = -EPERM;
		else if (lock && !limit)
			err = -EPERM;
	}
	if (!err && !lock)
		shm_segment_unlock_pages(shm_segment(object));
	else if (!err && !(object->mode & SHM_LOCKED))
		err = lock_pages(shm_segment(object), limit, cred);
	sysv_end(object);
	return err;
}

int sysv_shm_limits(struct shminfo64 *out)
{
	u32 used;

	*out = (struct shminfo64){
		.shmmax = READ_ONCE(sysv_shmmax),
		.shmmin = SHM_MIN,
		.shmmni = READ_ONCE(sysv_shm_ids.max),
		.shmseg = READ_ONCE(sysv_shm_ids.max),
		.shmall = READ_ONCE(sysv_shmall),
	};
	return sysv_highest(&sysv_shm_ids, &used);
}

int sysv_shm_info(struct shm_info *out)
{
	struct sysv_object *object;
	u32 used;
	int highest = sysv_highest(&sysv_shm_ids, &used);

	*out = (struct shm_info){ .used_ids = (s32)used, .shm_tot = READ_ONCE(shm_total) };
	for (u32 i = 0; (object = sysv_next(&sysv_shm_ids, &i)) != NULL; i++) {
		out->shm_rss += pages_resident(shm_segment(object));
		out->shm_swp += pages_swapped(shm_segment(object));
		sysv_end(object);
	}
	return highest;
}

bool sysv_shm_next(u32 *index, struct sysv_shm_row *out)
{
	struct sysv_object *object = sysv_next(&sysv_shm_ids, index);

	if (!object)
		return false;
	fill(shm_segment(object), &out->ds);
	out->id = object->id;
	out->rss = pages_resident(shm_segment(object)) << PAGE_SHIFT;
	out->swap = pages_swapped(shm_segment(object)) << PAGE_SHIFT;
	sysv_end(object);
	return true;
}
