/* The imaginary disk: see ktest_disk.h. */
#include "test/ktest_disk.h"

#include "abi/errno.h"
#include "core/clock.h"
#include "lib/string.h"
#include "mm/kmap.h"
#include "mm/slab.h"
#include "sched/rcu.h"
#include "sched/thread.h"

static int kd_start(struct disk *disk, struct blk_request *req)
{
	struct ktest_disk *k = disk->data;

	if (k->n_diary < KTEST_DISK_DIARY)
		k->diary[k->n_diary++] = req->xfer;
	if (k->hang) {
		k->hang--;
		k->hung = req;
		return 0;
	}
	if (k->n_taken == ARRAY_SIZE(k->taken))
		return -EBUSY;
	k->taken[k->n_taken++] = req;
	req->tag = k->next_tag++ % disk->depth;
	if (!k->hold)
		work_queue(&k->work);
	return 0;
}

/* Copies between the disk and the request's memory, by bus addresses as a driver would. */
static void transfer(struct ktest_disk *k, struct blk_request *req)
{
	static struct dma_segment segments[32];
	u8 *at = k->bytes + (req->xfer.lba << 9);
	int n = blk_map(&k->disk, req, segments, 32);

	for (int i = 0; i < n; i++) {
		void *memory = phys_to_virt(segments[i].bus);

		k->highest = max(k->highest, segments[i].bus);
		if (req->xfer.op == BLK_READ)
			memcpy(memory, at, segments[i].length);
		else
			memcpy(at, memory, segments[i].length);
		at += segments[i].length;
	}
}

static int execute(struct ktest_disk *k, struct blk_request *req)
{
	const struct blk_transfer *x = &req->xfer;

	if (x->op == BLK_FLUSH)
		return 0;
	if (k->n_bad && k->bad_lba >= x->lba && k->bad_lba < x->lba + x->n_sectors) {
		k->n_bad--;
		return -EIO;
	}
	if (x->op == BLK_DISCARD)
		memset(k->bytes + (x->lba << 9), 0, (size_t)x->n_sectors << 9);
	else
		transfer(k, req);
	return 0;
}

static void kd_work(struct work *work)
{
	struct ktest_disk *k = container_of(work, struct ktest_disk, work);

	/* Queued again while it runs, it may run on two workers. */
	mutex_lock(&k->serving);
	for (;;) {
		struct blk_request *req = NULL;
		u64 flags = spin_lock_irq(&k->disk.lock);

		if (k->n_taken) {
			req = k->taken[0];
			k->n_taken--;
			memmove(k->taken, k->taken + 1, k->n_taken * sizeof(k->taken[0]));
		}
		spin_unlock_irq(&k->disk.lock, flags);
		if (!req)
			break;
		blk_done(req, execute(k, req));
	}
	mutex_unlock(&k->serving);
}

/* Only what hangs is late: others wait for the worker, which may be slow on a busy host. */
static void kd_timeout(struct disk *disk, struct blk_request *req)
{
	struct ktest_disk *k = disk->data;
	u64 flags = spin_lock_irq(&k->disk.lock);
	bool hangs = k->hung == req;

	if (hangs)
		k->hung = NULL;
	spin_unlock_irq(&k->disk.lock, flags);
	if (!hangs)
		return;
	k->n_timeouts++;
	blk_requeue(disk, &req, 1, true);
}

static void kd_release(struct disk *disk)
{
	struct ktest_disk *k = disk->data;

	__atomic_store_n(&k->released, true, __ATOMIC_RELEASE);
}

static const struct disk_ops kd_ops = {
	.start = kd_start,
	.timeout = kd_timeout,
	.release = kd_release,
};

struct ktest_disk *ktest_disk_create(unsigned depth, bool with_cache, bool with_fua)
{
	struct ktest_disk *k = kzalloc(sizeof(*k), MM_KERNEL);

	if (!k)
		return NULL;
	k->bytes = vmalloc(KTEST_DISK_SECTORS * 512, MM_KERNEL | MM_ZERO);
	if (!k->bytes) {
		kfree(k);
		return NULL;
	}
	work_init(&k->work, kd_work);
	mutex_init(&k->serving, RANK_SLEEP_LAST, "ktest_disk");
	k->bad_lba = ~0ull;
	k->disk = (struct disk){
		.name = "ktest",
		.ops = &kd_ops,
		.data = k,
		.n_sectors = KTEST_DISK_SECTORS,
		.sector_size = 512,
		.physical_sector_size = 512,
		.max_sectors = 64,
		.max_discard_sectors = 100,
		.max_segments = 16,
		.max_segment_bytes = 65536,
		.depth = depth,
		.address_bits = 64,
		.write_cache = with_cache,
		.fua = with_fua,
		.discard = true,
		.major = 240,
		.n_minors = 16,
		.timeout_ns = 20 * NSEC_PER_MSEC,
	};
	if (disk_register(&k->disk)) {
		vfree(k->bytes);
		kfree(k);
		return NULL;
	}
	ktest_disk_diary_clear(k);
	return k;
}

void ktest_disk_destroy(struct ktest_disk *k)
{
	if (!k->disk.gone)
		disk_unregister(&k->disk);
	while (!load_acquire(&k->released))
		sched_yield();
	work_flush(&k->work);
	rcu_synchronize();
	vfree(k->bytes);
	kfree(k);
}

void ktest_disk_let_go(struct ktest_disk *k)
{
	k->hold = false;
	work_queue(&k->work);
}

void ktest_disk_diary_clear(struct ktest_disk *k)
{
	u64 flags = spin_lock_irq(&k->disk.lock);

	k->n_diary = 0;
	spin_unlock_irq(&k->disk.lock, flags);
}
