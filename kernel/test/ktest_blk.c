/* Self-tests of the block layer on an imaginary disk: merging, parts, flush steps, errors,
 * time-outs, removal. */
#include "test/ktest.h"
#include "test/ktest_disk.h"

#include "abi/errno.h"
#include "core/clock.h"
#include "dev/blk_int.h"
#include "lib/string.h"
#include "mm/slab.h"
#include "sched/thread.h"
#include "sched/wait.h"

#define PAGES 32

static struct page *pages[PAGES];
static unsigned in_flight; /* a */
static unsigned n_errors;  /* a */
static struct wait_queue idle = WAIT_QUEUE_INIT(idle);

static void pages_make(void)
{
	for (unsigned i = 0; i < PAGES; i++) {
		pages[i] = page_alloc(MM_KERNEL);
		if (pages[i])
			memset(page_to_virt(pages[i]), (int)i + 1, PAGE_SIZE);
	}
}

static void pages_free(void)
{
	for (unsigned i = 0; i < PAGES; i++)
		if (pages[i])
			page_put(pages[i]);
}

static void async_done(struct blk_request *req)
{
	if (req->error)
		__atomic_add_fetch(&n_errors, 1, __ATOMIC_RELAXED);
	blk_request_free(req);
	if (__atomic_sub_fetch(&in_flight, 1, __ATOMIC_SEQ_CST) == 0)
		wait_wake(&idle, 0);
}

/* Submits n pages from pages[first] at the sector. */
static void async(struct ktest_disk *k, enum blk_op op, lba_t lba, unsigned first, unsigned n)
{
	struct blk_request *req = blk_request_alloc(n);

	req->dev = k->disk.whole;
	req->op = op;
	req->lba = lba;
	req->n_sectors = n * 8;
	req->done = async_done;
	for (unsigned i = 0; i < n; i++)
		req->pieces[req->n_pieces++] = (struct dma_piece){ pages[first + i], 0, PAGE_SIZE };
	__atomic_add_fetch(&in_flight, 1, __ATOMIC_SEQ_CST);
	blk_submit(req);
}

static void async_wait(void)
{
	wait_until(&idle, __atomic_load_n(&in_flight, __ATOMIC_SEQ_CST) == 0);
}

static void step_done(struct blk_request *req)
{
	req->data = req;
}

/* One page at a time, waiting. */
static int page_io(struct ktest_disk *k, enum blk_op op, lba_t lba, unsigned page, bool preflush,
		   bool fua)
{
	struct dma_piece piece = { pages[page], 0, PAGE_SIZE };
	struct blk_request req = {
		.dev = k->disk.whole,
		.op = op,
		.lba = lba,
		.n_sectors = 8,
		.pieces = &piece,
		.n_pieces = 1,
		.preflush = preflush,
		.fua = fua,
	};

	return blk_submit_wait(&req);
}

/* Whether the disk's page at the sector holds what pages[i] was made with. */
static bool on_disk(struct ktest_disk *k, lba_t lba, unsigned i)
{
	return mem_is_all(k->bytes + (lba << 9), (int)i + 1, PAGE_SIZE);
}

KTEST(blk_merges_neighbours)
{
	struct ktest_disk *k = ktest_disk_create(4, false, false);

	pages_make();
	n_errors = 0;
	blk_plug();
	for (unsigned i = 0; i < 8; i++)
		async(k, BLK_WRITE, 800 + i * 8, i, 1); /* upwards */
	for (unsigned i = 16; i > 8; i--)
		async(k, BLK_WRITE, 1600 + i * 8, i, 1); /* downwards */
	blk_unplug();
	async_wait();
	KTEST_CHECK(n_errors == 0);
	KTEST_CHECK(k->n_diary == 2);
	KTEST_CHECK(k->diary[0].lba == 800 && k->diary[0].n_sectors == 64);
	KTEST_CHECK(k->diary[1].lba == 1672 && k->diary[1].n_sectors == 64);
	for (unsigned i = 0; i < 8; i++)
		KTEST_CHECK(on_disk(k, 800 + i * 8, i));
	for (unsigned i = 16; i > 8; i--)
		KTEST_CHECK(on_disk(k, 1600 + i * 8, i));
	/* No further than the device's limit, and reads do not join writes. */
	ktest_disk_diary_clear(k);
	blk_plug();
	for (unsigned i = 0; i < 9; i++)
		async(k, BLK_WRITE, 800 + i * 8, i, 1);
	async(k, BLK_READ, 800 + 9 * 8, 20, 1);
	blk_unplug();
	async_wait();
	KTEST_CHECK(k->n_diary == 3);
	pages_free();
	ktest_disk_destroy(k);
}

/* Where in the diary the first transfer of this kind stands. */
static unsigned diary_find(const struct ktest_disk *k, enum blk_op op)
{
	unsigned i = 0;

	while (i < k->n_diary && k->diary[i].op != op)
		i++;
	return i;
}

/* A read does not wait for all the writes before it, nor a write for all the reads. */
KTEST(blk_fairness)
{
	struct ktest_disk *k = ktest_disk_create(4, false, false);
	unsigned at;

	pages_make();
	n_errors = 0;
	k->hold = true;
	for (unsigned i = 0; i < 24; i++)
		async(k, BLK_WRITE, i * 16, 0, 1);
	KTEST_CHECK(k->n_diary == 3); /* the last place is kept for reads */
	async(k, BLK_READ, 2000, 1, 1);
	KTEST_CHECK(k->n_diary == 4 && k->diary[3].op == BLK_READ);
	ktest_disk_let_go(k);
	async_wait();
	KTEST_CHECK(k->n_diary == 25);
	ktest_disk_diary_clear(k);
	k->hold = true;
	for (unsigned i = 0; i < 4; i++)
		async(k, BLK_READ, i * 16, 2, 1);
	async(k, BLK_WRITE, 3000, 0, 1);
	for (unsigned i = 4; i < 40; i++)
		async(k, BLK_READ, i * 16, 2, 1);
	ktest_disk_let_go(k);
	async_wait();
	at = diary_find(k, BLK_WRITE);
	KTEST_CHECK(at == 4 + 16);
	KTEST_CHECK(n_errors == 0 && k->n_diary == 41);
	pages_free();
	ktest_disk_destroy(k);
}

/* Where many writes have waited for long, reads go on between them. */
KTEST(blk_late_writes)
{
	struct ktest_disk *k = ktest_disk_create(4, false, false);
	unsigned n_reads = 0;
	struct blk_request *req;
	u64 flags;

	pages_make();
	n_errors = 0;
	k->disk.timeout_ns = 60 * NSEC_PER_SEC;
	k->hold = true;
	for (unsigned i = 0; i < 32; i++)
		async(k, BLK_WRITE, i * 16, 0, 1);
	for (unsigned i = 0; i < 8; i++)
		async(k, BLK_READ, 2000 + i * 16, 1, 1);
	flags = spin_lock_irq(&k->disk.lock);
	list_for_each_entry(req, &k->disk.waiting[1], link)
		req->submit_ns -= NSEC_PER_SEC;
	spin_unlock_irq(&k->disk.lock, flags);
	ktest_disk_let_go(k);
	async_wait();
	KTEST_CHECK(n_errors == 0 && k->n_diary == 40);
	for (unsigned i = 4; i < 4 + 2 * 7; i++)
		n_reads += k->diary[i].op == BLK_READ;
	KTEST_CHECK(n_reads == 7); /* one was among the first four */
	pages_free();
	ktest_disk_destroy(k);
}

/* What /proc/diskstats shows is what was done. */
KTEST(blk_counts)
{
	struct ktest_disk *k = ktest_disk_create(4, true, false);
	struct blk_stats was, s;

	pages_make();
	blkdev_stats(k->disk.whole, &was); /* the search for partitions */
	k->hold = true;
	async(k, BLK_READ, 0, 0, 2);
	async(k, BLK_WRITE, 800, 2, 1);
	blkdev_stats(k->disk.whole, &s);
	KTEST_CHECK(s.in_flight == 2 && s.ios[BLK_READ] == was.ios[BLK_READ]);
	ktest_disk_let_go(k);
	async_wait();
	k->hold = true;
	for (unsigned i = 0; i < 5; i++) /* the last ones wait, and merge */
		async(k, BLK_WRITE, 1600 + i * 8, i, 1);
	ktest_disk_let_go(k);
	async_wait();
	KTEST_CHECK(blk_discard(k->disk.whole, 8, 16) == 0 && blk_flush(k->disk.whole) == 0);
	blkdev_stats(k->disk.whole, &s);
	KTEST_CHECK(s.ios[BLK_READ] == was.ios[BLK_READ] + 1 &&
		    s.sectors[BLK_READ] == was.sectors[BLK_READ] + 16 &&
		    s.ns[BLK_READ] > was.ns[BLK_READ]);
	KTEST_CHECK(s.ios[BLK_WRITE] + s.merges[BLK_WRITE] == 6 && s.merges[BLK_WRITE] == 1);
	KTEST_CHECK(s.sectors[BLK_WRITE] == 48);
	KTEST_CHECK(s.ios[BLK_DISCARD] == 1 && s.sectors[BLK_DISCARD] == 16);
	KTEST_CHECK(s.ios[BLK_FLUSH] == 1 && s.in_flight == 0);
	KTEST_CHECK(s.busy_ns && s.weighted_ns >= s.busy_ns);
	pages_free();
	ktest_disk_destroy(k);
}

/* A thread that blocks while it is plugged would wait for itself. */
KTEST(blk_plug_ends_by_blocking)
{
	struct ktest_disk *k = ktest_disk_create(4, false, false);

	pages_make();
	n_errors = 0;
	blk_plug();
	blk_plug();
	async(k, BLK_WRITE, 0, 0, 1);
	async_wait();
	blk_unplug();
	KTEST_CHECK(page_io(k, BLK_READ, 0, 1, false, false) == 0);
	blk_unplug();
	KTEST_CHECK(n_errors == 0 && mem_is_all(page_to_virt(pages[1]), 1, PAGE_SIZE));
	pages_free();
	ktest_disk_destroy(k);
}

KTEST(blk_parts)
{
	struct ktest_disk *k = ktest_disk_create(2, false, false);
	unsigned bad = 0;

	pages_make();
	n_errors = 0;
	async(k, BLK_WRITE, 8, 0, PAGES); /* 256 sectors where 64 are allowed */
	async_wait();
	KTEST_CHECK(n_errors == 0 && k->n_diary == 4);
	for (unsigned i = 0; i < PAGES; i++)
		bad += !on_disk(k, 8 + i * 8, i);
	for (unsigned i = 0; i < PAGES; i++)
		memset(page_to_virt(pages[i]), 0, PAGE_SIZE);
	async(k, BLK_READ, 8, 0, PAGES);
	async_wait();
	for (unsigned i = 0; i < PAGES; i++)
		bad += !mem_is_all(page_to_virt(pages[i]), (int)i + 1, PAGE_SIZE);
	KTEST_CHECK(n_errors == 0 && bad == 0);
	ktest_disk_diary_clear(k);
	KTEST_CHECK(blk_discard(k->disk.whole, 8, 250) == 0);
	KTEST_CHECK(k->n_diary == 3 && k->diary[2].n_sectors == 50);
	KTEST_CHECK(mem_is_all(k->bytes + 8 * 512, 0, 250 * 512) &&
		    !mem_is_all(k->bytes + 258 * 512, 0, 512));
	pages_free();
	ktest_disk_destroy(k);
}

KTEST(blk_flush_steps)
{
	struct ktest_disk *k = ktest_disk_create(4, true, false);

	pages_make();
	KTEST_CHECK(page_io(k, BLK_WRITE, 0, 0, true, true) == 0);
	KTEST_CHECK(k->n_diary == 3 && k->diary[0].op == BLK_FLUSH && k->diary[1].op == BLK_WRITE &&
		    !k->diary[1].fua && k->diary[2].op == BLK_FLUSH);
	ktest_disk_diary_clear(k);
	KTEST_CHECK(page_io(k, BLK_READ, 0, 1, false, true) == 0 && k->n_diary == 1);
	KTEST_CHECK(blk_flush(k->disk.whole) == 0 && k->n_diary == 2);
	ktest_disk_destroy(k);

	k = ktest_disk_create(4, true, true);
	KTEST_CHECK(page_io(k, BLK_WRITE, 0, 0, true, true) == 0);
	KTEST_CHECK(k->n_diary == 2 && k->diary[0].op == BLK_FLUSH && k->diary[1].fua);
	ktest_disk_destroy(k);

	k = ktest_disk_create(4, false, false);
	KTEST_CHECK(page_io(k, BLK_WRITE, 0, 0, true, true) == 0);
	KTEST_CHECK(blk_flush(k->disk.whole) == 0);
	KTEST_CHECK(k->n_diary == 1 && k->diary[0].op == BLK_WRITE);
	pages_free();
	ktest_disk_destroy(k);
}

/* An error of a merged transfer meets only the request whose sector is bad. */
KTEST(blk_error_is_one_request)
{
	struct ktest_disk *k = ktest_disk_create(4, false, false);

	pages_make();
	n_errors = 0;
	k->bad_lba = 27;
	k->n_bad = 100;
	blk_plug();
	for (unsigned i = 0; i < 8; i++)
		async(k, BLK_WRITE, i * 8, i, 1);
	blk_unplug();
	async_wait();
	KTEST_CHECK(n_errors == 1);
	for (unsigned i = 0; i < 8; i++)
		KTEST_CHECK(on_disk(k, i * 8, i) == (i != 3));
	KTEST_CHECK(page_io(k, BLK_READ, 24, 9, false, false) == -ABI_EIO);
	pages_free();
	ktest_disk_destroy(k);
}

KTEST(blk_arguments)
{
	struct ktest_disk *k = ktest_disk_create(4, false, false);
	struct blk_request none = { .dev = k->disk.whole, .op = BLK_READ };

	pages_make();
	KTEST_CHECK(page_io(k, BLK_READ, KTEST_DISK_SECTORS - 8, 0, false, false) == 0);
	KTEST_CHECK(page_io(k, BLK_READ, KTEST_DISK_SECTORS - 7, 0, false, false) == -ABI_ENXIO);
	KTEST_CHECK(page_io(k, BLK_READ, ~0ull - 3, 0, false, false) == -ABI_ENXIO);
	KTEST_CHECK(blk_submit_wait(&none) == -ABI_EINVAL);
	k->disk.discard = false;
	KTEST_CHECK(blk_discard(k->disk.whole, 0, 8) == -ABI_EOPNOTSUPP);
	k->disk.read_only = true;
	KTEST_CHECK(page_io(k, BLK_WRITE, 0, 0, false, false) == -ABI_EROFS);
	KTEST_CHECK(k->n_diary == 1);
	pages_free();
	ktest_disk_destroy(k);
}

KTEST(blk_timeouts)
{
	struct ktest_disk *k = ktest_disk_create(4, false, false);

	pages_make();
	k->hang = 2;
	KTEST_CHECK(page_io(k, BLK_WRITE, 0, 5, false, false) == 0);
	KTEST_CHECK(k->n_timeouts == 2 && on_disk(k, 0, 5));
	k->hang = BLK_MAX_RETRIES + 1;
	KTEST_CHECK(page_io(k, BLK_WRITE, 0, 6, false, false) == -ABI_EIO);
	KTEST_CHECK(k->n_timeouts == 2 + BLK_MAX_RETRIES + 1);
	KTEST_CHECK(page_io(k, BLK_READ, 0, 7, false, false) == 0);
	pages_free();
	ktest_disk_destroy(k);
}

/* A limit of a request's own, shorter than that of one which started before; it has one attempt. */
KTEST(blk_own_timeout)
{
	struct ktest_disk *k = ktest_disk_create(4, false, false);
	struct dma_piece piece;
	struct blk_request req = { .op = BLK_READ, .lba = 8, .n_sectors = 8, .pieces = &piece,
				   .n_pieces = 1, .timeout_ns = 20 * NSEC_PER_MSEC };
	u64 begin = clock_monotonic();

	pages_make();
	piece = (struct dma_piece){ pages[1], 0, PAGE_SIZE };
	req.dev = k->disk.whole;
	k->disk.timeout_ns = 60 * NSEC_PER_SEC;
	n_errors = 0;
	k->hold = true;
	async(k, BLK_WRITE, 0, 0, 1);
	k->hang = 1;
	KTEST_CHECK(blk_submit_wait(&req) == -ABI_EIO && k->n_timeouts == 1);
	KTEST_CHECK(clock_monotonic() - begin < 30 * NSEC_PER_SEC);
	ktest_disk_let_go(k);
	async_wait();
	KTEST_CHECK(!n_errors);
	pages_free();
	ktest_disk_destroy(k);
}

/* The hardware goes while requests wait, and somebody still holds the device. */
KTEST(blk_removal)
{
	struct ktest_disk *k = ktest_disk_create(2, false, false);
	struct blkdev *d = blkdev_find("ktest");

	KTEST_CHECK(d == k->disk.whole);
	KTEST_CHECK(blkdev_find_number(240, 0) == d);
	blkdev_put(d);
	pages_make();
	n_errors = 0;
	k->hold = true;
	for (unsigned i = 0; i < 8; i++)
		async(k, BLK_WRITE, i * 64, i, 1);
	/* As a driver that lost its device: what it has ends, nothing new starts. */
	k->disk.gone = true;
	ktest_disk_let_go(k);
	work_flush(&k->work);
	disk_unregister(&k->disk);
	async_wait();
	KTEST_CHECK(n_errors == 6);
	KTEST_CHECK(page_io(k, BLK_READ, 0, 0, false, false) == -ABI_ENXIO);
	KTEST_CHECK(!blkdev_find("ktest") && blkdev_claim(d) == -ABI_ENXIO && !k->released);
	blkdev_put(d);
	KTEST_CHECK(k->released);
	pages_free();
	ktest_disk_destroy(k);
}

/* A request ends whose next step a disk that is gone will not make; by a partition, too. */
KTEST(blk_removal_between_steps)
{
	struct ktest_disk *k = ktest_disk_create(2, true, false);
	struct dma_piece piece = { NULL, 0, PAGE_SIZE };
	struct blk_request req = { .op = BLK_WRITE, .n_sectors = 8, .pieces = &piece,
				   .n_pieces = 1, .fua = true, .done = step_done };

	KTEST_CHECK(disk_partition_add(&k->disk, 1, 8, 64) == 0);
	req.dev = blkdev_find("ktest1");
	piece.page = page_alloc(MM_KERNEL);
	k->disk.timeout_ns = 60 * NSEC_PER_SEC;
	k->hold = true;
	blk_submit(&req);
	disk_unregister(&k->disk); /* it still has one, as between interrupt and blk_done() */
	KTEST_CHECK(!req.data);
	ktest_disk_let_go(k);
	work_flush(&k->work);
	KTEST_CHECK(req.data && req.error == -ABI_ENXIO);
	blkdev_put(req.dev);
	page_put(piece.page);
	ktest_disk_destroy(k);
}

static void mbr_set(struct ktest_disk *k, unsigned i, u8 type, u32 start, u32 n)
{
	u8 *e = k->bytes + 446 + i * 16;

	k->bytes[510] = 0x55;
	k->bytes[511] = 0xaa;
	e[4] = type;
	memcpy(e + 8, &start, 4);
	memcpy(e + 12, &n, 4);
}

KTEST(blk_partitions)
{
	struct ktest_disk *k = ktest_disk_create(2, false, false);
	struct blkdev *d;

	pages_make();
	mbr_set(k, 0, 0x83, 100, 16);
	mbr_set(k, 1, 0x83, 200, 1000);
	KTEST_CHECK(disk_rescan(&k->disk) == 0);
	d = blkdev_find("/dev/ktest2");
	KTEST_CHECK(d && d->start == 200 && d->n_sectors == 1000 && d->minor == 2);
	if (d) {
		struct dma_piece piece = { pages[3], 0, PAGE_SIZE };
		struct blk_request req = {
			.dev = d,
			.op = BLK_WRITE,
			.lba = 992,
			.n_sectors = 8,
			.pieces = &piece,
			.n_pieces = 1,
		};

		KTEST_CHECK(blk_submit_wait(&req) == 0 && on_disk(k, 1192, 3));
		req.lba = 993;
		KTEST_CHECK(blk_submit_wait(&req) == -ABI_ENXIO);
		KTEST_CHECK(disk_rescan(&k->disk) == -ABI_EBUSY);
		KTEST_CHECK(blkdev_claim(d) == 0 && blkdev_claim(d) == -ABI_EBUSY &&
			    blkdev_claim(k->disk.whole) == -ABI_EBUSY);
		blkdev_release(d);
		blkdev_put(d);
	}
	mbr_set(k, 1, 0, 0, 0);
	KTEST_CHECK(disk_rescan(&k->disk) == 0 && !blkdev_find("ktest2"));
	pages_free();
	ktest_disk_destroy(k);
}

/* A device that does not reach the pages of the test: all goes through buffers that it reaches. */
KTEST(blk_bounce)
{
	struct ktest_disk *k = ktest_disk_create(4, false, false);
	paddr_t lowest = ~0ull;
	unsigned bits = 24;

	KTEST_CHECK(k != NULL);
	if (!k)
		return;
	pages_make();
	for (unsigned i = 0; i < PAGES; i++)
		lowest = min(lowest, page_to_phys(pages[i]));
	while (2ull << bits <= lowest && bits < 31)
		bits++;
	k->disk.address_bits = bits;
	k->highest = 0; /* so far it was not limited */
	k->disk.max_sectors = 1024;
	KTEST_CHECK(blk_bounce_init(&k->disk) == 0 && k->disk.max_sectors == 128);
	async(k, BLK_WRITE, 0, 0, 16);
	async(k, BLK_WRITE, 500, 16, 16);
	async_wait();
	for (unsigned i = 0; i < PAGES; i++) {
		KTEST_CHECK(k->bytes[(i < 16 ? 0 : 500 * 512) + i % 16 * PAGE_SIZE] == i + 1);
		memset(page_to_virt(pages[i]), 0, PAGE_SIZE);
	}
	async(k, BLK_READ, 500, 0, 16);
	async(k, BLK_READ, 0, 16, 16);
	async_wait();
	for (unsigned i = 0; i < PAGES; i++)
		KTEST_CHECK(((u8 *)page_to_virt(pages[i]))[77] == (i + 16) % 32 + 1);
	KTEST_CHECK(!n_errors && k->highest < 1ull << bits && k->highest);
	pages_free();
	ktest_disk_destroy(k);
}
