/* Self-tests of blocks in a device's page cache: what is written, and above all what is not. */
#include "test/ktest.h"
#include "test/ktest_disk.h"

#include "abi/errno.h"
#include "core/clock.h"
#include "dev/bcache.h"
#include "lib/string.h"
#include "sched/thread.h"
#include "sched/wait.h"
#include "vfs/file.h"
#include "vfs/super.h"

/* Changes the block through the cache. */
static void block_fill(struct blkdev *d, u64 block, u32 size, int byte)
{
	struct bblock b;
	int err = bcache_get(d, block, size, &b);

	KTEST_CHECK(err == 0);
	if (err)
		return;
	memset(b.data, byte, size);
	bcache_dirty(d, &b);
	bcache_put(&b);
}

/* Only changed blocks are written: what others put beside them on the disk stays. */
static void only_changed_blocks(u32 size)
{
	struct ktest_disk *k = ktest_disk_create(4, false, false);
	struct blkdev *d = k->disk.whole;
	unsigned n = (unsigned)(4 * PAGE_SIZE / size), bad = 0;

	memset(k->bytes, 0x11, 4 * PAGE_SIZE);
	for (unsigned i = 0; i < n; i += 2)
		block_fill(d, i, size, 0x22);
	memset(k->bytes + size, 0x33, size); /* block 1 gets another owner's data */
	KTEST_CHECK(bcache_sync(d) == 0);
	for (unsigned i = 0; i < n; i++)
		bad += !mem_is_all(k->bytes + i * size, i == 1 ? 0x33 : i % 2 ? 0x11 : 0x22, size);
	KTEST_CHECK(bad == 0);
	ktest_disk_destroy(k);
}

KTEST(bcache_writes_only_changed_blocks)
{
	only_changed_blocks(512);
	only_changed_blocks(1024);
	only_changed_blocks(2048);
	only_changed_blocks(4096);
}

KTEST(bcache_forget)
{
	struct ktest_disk *k = ktest_disk_create(4, false, false);
	struct blkdev *d = k->disk.whole;

	memset(k->bytes, 0x11, 8 * PAGE_SIZE);
	for (unsigned i = 0; i < 32; i++)
		block_fill(d, i, 1024, 0x22);
	bcache_forget(d, 3, 1024, 10);
	bcache_forget(d, 31, 1024, 1);
	KTEST_CHECK(bcache_sync(d) == 0);
	KTEST_CHECK(mem_is_all(k->bytes, 0x22, 3 * 1024) &&
		    mem_is_all(k->bytes + 3 * 1024, 0x11, 10 * 1024));
	KTEST_CHECK(mem_is_all(k->bytes + 13 * 1024, 0x22, 18 * 1024) &&
		    mem_is_all(k->bytes + 31 * 1024, 0x11, 1024));
	ktest_disk_destroy(k);
}

static void let_go_later(void *arg)
{
	struct wait_queue nobody = WAIT_QUEUE_INIT(nobody);

	(void)wait_until_timeout(&nobody, false, clock_monotonic() + 20 * NSEC_PER_MSEC);
	ktest_disk_let_go(arg);
}

/* A block that is freed while its write is on its way stays forgotten, even if that fails. */
KTEST(bcache_forget_under_way)
{
	struct ktest_disk *k = ktest_disk_create(4, false, false);
	struct blkdev *d = k->disk.whole;

	block_fill(d, 0, 1024, 0x22);
	k->hold = true;
	k->bad_lba = 0;
	k->n_bad = 1;
	KTEST_CHECK(pagecache_write_range(&d->cache, 0, 0, false) == 0);
	KTEST_CHECK(kthread_start("let-go", let_go_later, k) == 0);
	bcache_forget(d, 0, 1024, 1);
	memset(k->bytes, 0x33, 1024); /* its new owner */
	block_fill(d, 1, 1024, 0x44);
	(void)bcache_sync(d);
	KTEST_CHECK(mem_is_all(k->bytes, 0x33, 1024) && mem_is_all(k->bytes + 1024, 0x44, 1024));
	ktest_disk_destroy(k);
}

/* fsync(2): what somebody else began to write is waited for, though nothing is dirty. */
KTEST(bcache_sync_under_way)
{
	struct ktest_disk *k = ktest_disk_create(4, true, false);
	struct blkdev *d = k->disk.whole;
	struct superblock sb = { .dev = d };
	struct inode inode = { .sb = &sb };
	struct file file = { .inode = &inode };

	block_fill(d, 0, 1024, 0x22);
	k->hold = true;
	KTEST_CHECK(pagecache_write_range(&d->cache, 0, 0, false) == 0);
	KTEST_CHECK(d->cache.n_dirty == 0 && pagecache_is_unwritten(&d->cache));
	KTEST_CHECK(kthread_start("let-go", let_go_later, k) == 0);
	ktest_disk_diary_clear(k);
	KTEST_CHECK(file_sync_meta(&file) == 0);
	KTEST_CHECK(mem_is_all(k->bytes, 0x22, 1024) && !pagecache_is_unwritten(&d->cache));
	KTEST_CHECK(k->n_diary && k->diary[k->n_diary - 1].op == BLK_FLUSH);
	ktest_disk_destroy(k);
}

/* What leads to an inode is made stable with it, also when the inode itself is clean. */
KTEST(bcache_sync_of_clean_inode)
{
	static const struct super_ops nothing;
	static const struct pagecache_ops no_pages;
	struct ktest_disk *k = ktest_disk_create(4, true, false);
	struct blkdev *d = k->disk.whole;
	struct superblock sb = { .dev = d, .ops = &nothing };
	struct inode inode = { .sb = &sb };

	pagecache_init(&inode.cache, &no_pages, &inode);
	block_fill(d, 0, 1024, 0x22);
	ktest_disk_diary_clear(k);
	KTEST_CHECK(inode_sync(&inode) == 0);
	KTEST_CHECK(mem_is_all(k->bytes, 0x22, 1024));
	KTEST_CHECK(k->n_diary == 2 && k->diary[1].op == BLK_FLUSH);
	ktest_disk_destroy(k);
}

/* A pinned block stays off the disk, and goes there when it is let go. */
KTEST(bcache_pins)
{
	struct ktest_disk *k = ktest_disk_create(4, false, false);
	struct blkdev *d = k->disk.whole;
	struct bblock b;

	memset(k->bytes, 0x11, PAGE_SIZE);
	KTEST_CHECK(bcache_get(d, 1, 1024, &b) == 0 && bcache_is_clean(&b));
	bcache_pin(&b);
	for (unsigned i = 0; i < 4; i++)
		block_fill(d, i, 1024, 0x22);
	KTEST_CHECK(bcache_sync(d) == 0);
	KTEST_CHECK(mem_is_all(k->bytes, 0x22, 1024) && mem_is_all(k->bytes + 1024, 0x11, 1024) &&
		    mem_is_all(k->bytes + 2048, 0x22, 2048));
	KTEST_CHECK(!bcache_is_clean(&b));
	bcache_unpin(d, &b, false); /* it is marked already */
	KTEST_CHECK(bcache_sync(d) == 0 && bcache_is_clean(&b));
	KTEST_CHECK(mem_is_all(k->bytes, 0x22, PAGE_SIZE));

	bcache_pin(&b);
	memset(b.data, 0x33, 1024);
	KTEST_CHECK(bcache_sync(d) == 0 && mem_is_all(k->bytes, 0x22, PAGE_SIZE));
	bcache_unpin(d, &b, true);
	KTEST_CHECK(bcache_sync(d) == 0 && mem_is_all(k->bytes + 1024, 0x33, 1024));
	bcache_update(d, 1, 1024, k->bytes);
	KTEST_CHECK(mem_is_all(b.data, 0x22, 1024));
	bcache_put(&b);
	bcache_drop_clean(d);
	KTEST_CHECK(!pagecache_cached(&d->cache, 0));
	ktest_disk_destroy(k);
}

/* A block is written now, and a write that is on its way waited for; an error is for who syncs. */
KTEST(bcache_write_one)
{
	struct ktest_disk *k = ktest_disk_create(4, true, false);
	struct blkdev *d = k->disk.whole;
	struct bblock b;

	block_fill(d, 1, 1024, 0x22);
	KTEST_CHECK(bcache_get(d, 1, 1024, &b) == 0);
	bcache_write(d, &b);
	KTEST_CHECK(bcache_is_clean(&b) && mem_is_all(k->bytes + 1024, 0x22, 1024));
	ktest_disk_diary_clear(k);
	bcache_write(d, &b);
	KTEST_CHECK(k->n_diary == 0);
	block_fill(d, 1, 1024, 0x33);
	k->hold = true;
	KTEST_CHECK(pagecache_write_range(&d->cache, 0, 0, false) == 0 && !bcache_is_clean(&b));
	KTEST_CHECK(kthread_start("let-go", let_go_later, k) == 0);
	bcache_write(d, &b);
	KTEST_CHECK(bcache_is_clean(&b) && mem_is_all(k->bytes + 1024, 0x33, 1024));
	block_fill(d, 1, 1024, 0x44);
	k->bad_lba = 2;
	k->n_bad = 2;
	bcache_write(d, &b);
	KTEST_CHECK(!bcache_is_clean(&b));
	k->n_bad = 0;
	KTEST_CHECK(bcache_sync(d) == -ABI_EIO);
	bcache_unpin(d, &b, false); /* and the change is not forgotten */
	KTEST_CHECK(bcache_sync(d) == 0 && mem_is_all(k->bytes + 1024, 0x44, 1024));
	bcache_put(&b);
	ktest_disk_destroy(k);
}

KTEST(bcache_new_blocks)
{
	static u8 copy[4096];
	struct ktest_disk *k = ktest_disk_create(4, false, false);
	struct blkdev *d = k->disk.whole;
	struct bblock b;

	memset(k->bytes, 0x11, 4 * PAGE_SIZE);
	KTEST_CHECK(bcache_get_new(d, 0, 4096, &b) == 0 && mem_is_all(b.data, 0, 4096));
	bcache_dirty(d, &b);
	bcache_put(&b);
	KTEST_CHECK(k->n_diary == 0); /* a whole page is not read */
	KTEST_CHECK(bcache_get_new(d, 9, 512, &b) == 0 && mem_is_all(b.data, 0, 512));
	bcache_dirty(d, &b);
	bcache_put(&b);
	memset(copy, 0x22, sizeof(copy));
	KTEST_CHECK(bcache_get_copy(d, 2, 4096, copy, &b) == 0 && mem_is_all(b.data, 0x22, 4096));
	bcache_dirty(d, &b);
	bcache_put(&b);
	KTEST_CHECK(bcache_get_copy(d, 24, 512, copy, &b) == 0 && mem_is_all(b.data, 0x22, 512));
	KTEST_CHECK(!mem_is_all((u8 *)b.data + 512, 0x22, 512));
	bcache_put(&b);
	KTEST_CHECK(bcache_sync(d) == 0);
	KTEST_CHECK(mem_is_all(k->bytes + 8192, 0x22, 4096));
	KTEST_CHECK(mem_is_all(k->bytes, 0, 4096) && mem_is_all(k->bytes + 4096, 0x11, 512) &&
		    mem_is_all(k->bytes + 4608, 0, 512) && mem_is_all(k->bytes + 5120, 0x11, 512));
	ktest_disk_destroy(k);
}

KTEST(bcache_errors)
{
	struct ktest_disk *k = ktest_disk_create(4, false, false);
	struct blkdev *d = k->disk.whole;
	struct bblock b;

	KTEST_CHECK(bcache_get(d, KTEST_DISK_SECTORS, 512, &b) == -ABI_ENXIO);
	KTEST_CHECK(bcache_get(d, ~0ull, 4096, &b) == -ABI_ENXIO);
	k->bad_lba = 100;
	k->n_bad = 100;
	KTEST_CHECK(bcache_get(d, 100, 512, &b) == -ABI_EIO);
	k->n_bad = 0;
	KTEST_CHECK(bcache_get(d, 100, 512, &b) == 0);
	memset(b.data, 1, 512);
	bcache_dirty(d, &b);
	bcache_put(&b);
	k->n_bad = 100;
	KTEST_CHECK(bcache_sync(d) == -ABI_EIO);
	KTEST_CHECK(bcache_sync(d) == 0); /* told once */
	k->n_bad = 0;
	KTEST_CHECK(bcache_get(d, 100, 512, &b) == 0 && !bcache_is_clean(&b));
	bcache_unpin(d, &b, false); /* and the change is not forgotten */
	KTEST_CHECK(bcache_sync(d) == 0 && bcache_is_clean(&b));
	bcache_put(&b);
	KTEST_CHECK(mem_is_all(k->bytes + 100 * 512, 1, 512));
	ktest_disk_destroy(k);
}

/* A device that does not end at a page's end: the rest of the last page is zero and stays off the
 * disk. */
KTEST(bcache_odd_end)
{
	struct ktest_disk *k = ktest_disk_create(4, false, false);
	struct blkdev *d;
	struct bblock b;

	k->bytes[510] = 0x55;
	k->bytes[511] = 0xaa;
	memcpy(k->bytes + 446, (u8[]){ 0, 0, 0, 0, 0x83, 0, 0, 0, 8, 0, 0, 0, 11, 0, 0, 0 }, 16);
	memset(k->bytes + 8 * 512, 0x44, 16 * 512);
	KTEST_CHECK(disk_rescan(&k->disk) == 0);
	d = blkdev_find("ktest1");
	KTEST_CHECK(d && d->n_sectors == 11);
	if (d) {
		KTEST_CHECK(bcache_get(d, 11, 512, &b) == -ABI_ENXIO);
		KTEST_CHECK(bcache_get(d, 10, 512, &b) == 0);
		KTEST_CHECK(mem_is_all(b.data, 0x44, 512) &&
			    mem_is_all((char *)b.data + 512, 0, 5 * 512));
		memset(b.data, 0x55, 512);
		bcache_dirty(d, &b);
		bcache_put(&b);
		KTEST_CHECK(bcache_sync(d) == 0);
		KTEST_CHECK(mem_is_all(k->bytes + 18 * 512, 0x55, 512) &&
			    mem_is_all(k->bytes + 19 * 512, 0x44, 512));
		blkdev_put(d);
	}
	ktest_disk_destroy(k);
}
