/*
 * System V shared memory: the segments, and the areas that map them.
 *
 * A segment is a struct shmem under an identifier. Each area that maps it holds a reference to it
 * and counts as attached: so fork, a split of an area and exec need nothing of their own here.
 * Removal takes the key away and marks the segment SHM_DEST; it goes with the last area. With
 * shm_rmid_forced every segment goes so, marked or not, and the end of its maker takes one along
 * that nobody has attached.
 *
 * Locks: the object's. An area comes and goes with as->lock held.
 */
#include "ipc/sysv_shm_int.h"

#include "abi/capability.h"
#include "abi/errno.h"
#include "abi/mman.h"
#include "abi/stat.h"
#include "lib/format.h"
#include "mm/slab.h"
#include "sched/thread.h"

/* Device number that /proc/[pid]/maps shows, as for other memory without a file. */
#define SHM_DEV 1

u64 sysv_shmmax = ~0ull - (1ull << 24), sysv_shmall = ~0ull - (1ull << 24);
u64 shm_total;
static bool rmid_forced;

static void segment_free(struct sysv_object *object)
{
	struct shm_segment *seg = shm_segment(object);

	shm_segment_unlock_pages(seg);
	__atomic_fetch_sub(&shm_total, shm_pages(seg), __ATOMIC_RELAXED);
	shmem_put(seg->shmem);
	kfree(seg);
}

struct sysv_ids sysv_shm_ids = SYSV_IDS_INIT(4096, segment_free);

void shm_segment_end(struct shm_segment *seg)
{
	struct sysv_object *object = &seg->object;

	if (!seg->n_attached && !object->removed && ((object->mode & SHM_DEST) || rmid_forced))
		sysv_remove(object);
	sysv_end(object);
}

/* ---- Making ---- */

/* Counts the pages of a new segment against shmall: 0 or -ENOSPC. */
static int total_charge(u64 pages)
{
	u64 limit = READ_ONCE(sysv_shmall);
	u64 total = __atomic_add_fetch(&shm_total, pages, __ATOMIC_RELAXED);

	if (total <= limit && total >= pages)
		return 0;
	__atomic_fetch_sub(&shm_total, pages, __ATOMIC_RELAXED);
	return -ENOSPC;
}

static int segment_make(const struct sysv_maker *maker, struct sysv_object **out)
{
	u64 size = align_up(maker->size, (u64)PAGE_SIZE), pages = size >> PAGE_SHIFT;
	struct shm_segment *seg;
	int err;

	if (maker->size < SHM_MIN || maker->size > READ_ONCE(sysv_shmmax))
		return -EINVAL;
	if (!size)
		return -ENOSPC;
	err = total_charge(pages);
	if (err)
		return err;
	err = -ENOMEM;
	seg = kzalloc(sizeof(*seg), MM_KERNEL);
	if (!seg)
		goto fail;
	err = shmem_create(size, !(maker->flags & SHM_NORESERVE), &seg->shmem);
	if (err)
		goto fail;
	seg->size = maker->size;
	seg->cpid = seg->maker = sysv_pid();
	*out = &seg->object;
	return 0;
fail:
	kfree(seg);
	__atomic_fetch_sub(&shm_total, pages, __ATOMIC_RELAXED);
	return err;
}

static int segment_fits(const struct sysv_maker *maker, const struct sysv_object *object)
{
	return maker->size > shm_segment((struct sysv_object *)object)->size ? -EINVAL : 0;
}

int sysv_shmget(s32 key, u64 size, u32 flags, const struct cred *cred)
{
	struct sysv_maker maker = { segment_make, segment_fits, size, flags };

	/* There is no pool of reserved large pages to take it from. */
	if ((flags & SHM_HUGETLB) && (key == IPC_PRIVATE || (flags & IPC_CREAT)))
		return cred_capable(cred, CAP_IPC_LOCK) ? -ENOMEM : -EPERM;
	return sysv_get(&sysv_shm_ids, key, &maker, cred);
}

/* ---- Areas ---- */

static void area_segment_get(struct vm_area *area)
{
	struct shm_segment *seg = area->source_data;

	spin_lock(&seg->object.lock);
	sysv_object_get(&seg->object);
	seg->n_attached++;
	seg->atime = sysv_now();
	seg->lpid = sysv_pid();
	spin_unlock(&seg->object.lock);
}

static void area_segment_put(struct vm_area *area)
{
	struct shm_segment *seg = area->source_data;

	spin_lock(&seg->object.lock);
	seg->n_attached--;
	seg->dtime = sysv_now();
	seg->lpid = sysv_pid();
	shm_segment_end(seg);
}

static void area_segment_describe(struct vm_area *area, const struct path *root, char *buf,
				  size_t size, u64 *dev, u64 *ino)
{
	struct shm_segment *seg = area->source_data;

	(void)root;
	snprintf(buf, size, "/SYSV%08x (deleted)", (u32)READ_ONCE(seg->object.key));
	*dev = SHM_DEV;
	*ino = (u64)seg->object.id;
}

static const struct area_source segment_source = {
	.get = area_segment_get,
	.put = area_segment_put,
	.describe = area_segment_describe,
};

/* What the flags of shmat(2) ask for: 0 or -EINVAL. */
static int attach_request(vaddr_t addr, u32 flags, struct map_request *req, u32 *wanted)
{
	req->flags = AREA_SHARED | AREA_READ | AREA_MAYREAD | AREA_MAYEXEC;
	*wanted = S_IRUGO;
	if (!(flags & SHM_RDONLY)) {
		req->flags |= AREA_WRITE | AREA_MAYWRITE;
		*wanted |= S_IWUGO;
	}
	if (flags & SHM_EXEC) {
		req->flags |= AREA_EXEC;
		*wanted |= S_IXUGO;
	}
	if (!addr)
		return flags & SHM_REMAP ? -EINVAL : 0;
	if (flags & SHM_RND)
		addr = align_down(addr, (vaddr_t)PAGE_SIZE);
	if ((addr & ~PAGE_MASK) || (!addr && (flags & SHM_REMAP)))
		return -EINVAL;
	req->addr = addr;
	req->map_flags = flags & SHM_REMAP ? MAP_FIXED : MAP_FIXED_NOREPLACE;
	return 0;
}

int sysv_shmat(s32 id, vaddr_t addr, u32 flags, const struct cred *cred, vaddr_t *out)
{
	struct map_request req = { .map_flags = 0 };
	struct sysv_object *object;
	struct shm_segment *seg;
	u32 wanted;
	int err = attach_request(addr, flags, &req, &wanted);

	if (!err)
		err = sysv_find(&sysv_shm_ids, id, &object);
	if (err)
		return err;
	err = sysv_permission(object, wanted, cred);
	if (err) {
		sysv_end(object);
		return err;
	}
	seg = shm_segment(object);
	/* Not to go before the area counts. */
	seg->n_attached++;
	spin_unlock(&object->lock);

	req.length = seg->shmem->size;
	req.cache = &seg->shmem->cache;
	req.source = &segment_source;
	req.source_data = seg;
	err = vm_map(thread_current()->aspace, &req, out);

	spin_lock(&object->lock);
	seg->n_attached--;
	shm_segment_end(seg);
	return err == -ABI_EEXIST ? -EINVAL : err;
}

int sysv_shmdt(vaddr_t addr)
{
	return vm_unmap_source(thread_current()->aspace, addr, &segment_source);
}

/* ---- Those that nobody uses ---- */

bool sysv_shm_forced(void)
{
	return READ_ONCE(rmid_forced);
}

void sysv_shm_exit(s32 pid)
{
	struct sysv_object *object;

	if (!READ_ONCE(shm_total))
		return;
	for (u32 i = 0; (object = sysv_next(&sysv_shm_ids, &i)) != NULL; i++) {
		struct shm_segment *seg = shm_segment(object);

		if (seg->maker == pid) {
			seg->maker = 0;
			shm_segment_end(seg);
		} else {
			sysv_end(object);
		}
	}
}

void sysv_shm_set_forced(bool forced)
{
	struct sysv_object *object;

	WRITE_ONCE(rmid_forced, forced);
	if (!forced)
		return;
	for (u32 i = 0; (object = sysv_next(&sysv_shm_ids, &i)) != NULL; i++) {
		if (!shm_segment(object)->maker)
			shm_segment_end(shm_segment(object));
		else
			sysv_end(object);
	}
}
