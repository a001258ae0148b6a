/*
 * Self-tests of the journal with the kernel's own threads, locks and disks: several threads in
 * handles, commits by age and by wish, a log that is gone round many times, a disk that fails. What
 * a log must look like, and what a power cut leaves, the host's tests know (test/host/test_jbd_*).
 */
#include "test/ktest.h"
#include "test/ktest_disk.h"

#include "abi/errno.h"
#include "core/clock.h"
#include "dev/bcache.h"
#include "fs/jbd/jbd.h"
#include "fs/jbd/jbd_disk.h"
#include "lib/string.h"
#include "sched/thread.h"
#include "sched/wait.h"

#define SIZE 1024u
#define LOG_AT 1024u
#define LOG_BLOCKS 128u
#define THREADS 4u

struct rig {
	struct ktest_disk *disk;
	struct jbd *j;
	u32 n_handles;          /* I: of each thread */
	u32 running;            /* a: threads */
	u32 aborts, commits;    /* a */
	struct wait_queue done;
};

static int rig_write_data(void *owner, u32 tid)
{
	return 0;
}

static void rig_committed(void *owner, u32 tid)
{
	struct rig *r = owner;

	__atomic_fetch_add(&r->commits, 1, __ATOMIC_RELAXED);
	wait_wake(&r->done, 0);
}

static void rig_aborted(void *owner, int error)
{
	struct rig *r = owner;

	__atomic_fetch_add(&r->aborts, 1, __ATOMIC_RELAXED);
}

static const struct jbd_ops rig_ops = {
	.write_data = rig_write_data,
	.committed = rig_committed,
	.aborted = rig_aborted,
};

static bool rig_open(struct rig *r, u64 interval_ns)
{
	static const struct jbd_extent extent = { 0, LOG_BLOCKS, LOG_AT };
	struct jbd_config config = {
		.block_size = SIZE, .n_fs_blocks = KTEST_DISK_SECTORS * 512 / SIZE,
		.n_blocks = LOG_BLOCKS, .extents = &extent, .n_extents = 1,
		.features = JBD_INCOMPAT_CSUM_V3, .interval_ns = interval_ns, .ops = &rig_ops,
		.owner = r,
	};
	struct jbd_super *s;
	int err;

	*r = (struct rig){ .disk = ktest_disk_create(8, true, false) };
	wait_init(&r->done);
	s = (void *)(r->disk->bytes + LOG_AT * SIZE);
	jbd_put_be32(&s->header.magic, JBD_MAGIC);
	jbd_put_be32(&s->header.type, JBD_SUPER_V2);
	jbd_put_be32(&s->block_size, SIZE);
	jbd_put_be32(&s->max_len, LOG_BLOCKS);
	jbd_put_be32(&s->first, 1);
	jbd_put_be32(&s->sequence, 1);
	config.dev = r->disk->disk.whole;
	err = jbd_open(&config, &r->j);
	KTEST_CHECK(err == 0);
	return !err;
}

/* Block `block` counts to n, in the open handle. */
static void count_to(struct rig *r, u64 block, u32 n)
{
	struct blkdev *d = r->disk->disk.whole;
	struct bblock b;
	int err = bcache_get(d, block, SIZE, &b);

	KTEST_CHECK(err == 0);
	if (err)
		return;
	*(u32 *)b.data = n;
	jbd_dirty(r->j, &b);
	bcache_put(&b);
}

static u32 count_at(const struct rig *r, u64 block)
{
	u32 n;

	memcpy(&n, r->disk->bytes + block * SIZE, sizeof(n));
	return n;
}

struct worker { struct rig *r; unsigned number; };

static void worker_main(void *arg)
{
	struct worker *w = arg;
	struct rig *r = w->r;

	for (u32 n = 1; n <= r->n_handles; n++) {
		u32 tid;
		int err = jbd_begin(r->j, 6);

		KTEST_CHECK(err == 0);
		if (err)
			break;
		for (u32 i = 0; i < 6; i++)
			count_to(r, 100 * (w->number + 1) + (n + i) % 40, n);
		count_to(r, 99, n);
		tid = jbd_tid(r->j);
		jbd_end(r->j);
		if (n % 7 == 0)
			KTEST_CHECK(jbd_commit(r->j, tid) == 0 && jbd_is_stable(r->j, tid));
		sched_point();
	}
	if (__atomic_sub_fetch(&r->running, 1, __ATOMIC_ACQ_REL) == 0)
		wait_wake(&r->done, 0);
}

static void threads_run(void)
{
	struct worker workers[THREADS];
	struct jbd_stats stats;
	struct rig r;

	if (!rig_open(&r, 20 * NSEC_PER_MSEC))
		return;
	r.n_handles = 100;
	r.running = THREADS;
	for (unsigned i = 0; i < THREADS; i++) {
		workers[i] = (struct worker){ &r, i };
		KTEST_CHECK(kthread_start("jbd-test", worker_main, &workers[i]) == 0);
	}
	wait_until(&r.done, load_acquire(&r.running) == 0);
	jbd_stats(r.j, &stats);
	KTEST_CHECK(stats.n_commits >= 10 && r.commits >= 10);
	KTEST_CHECK(jbd_close(r.j) == 0 && r.aborts == 0);
	for (u64 i = 0; i < THREADS; i++)
		KTEST_CHECK(count_at(&r, 100 * (i + 1) + 100 % 40) == 100);
	KTEST_CHECK(jbd_be32(r.disk->bytes + LOG_AT * SIZE + offsetof(struct jbd_super, start)) ==
		    0);
	ktest_disk_destroy(r.disk);
}

KTEST(jbd_threads)
{
	KTEST_CHECK(ktest_loses_nothing(threads_run));
}

KTEST(jbd_age)
{
	struct rig r;
	u32 tid;

	if (!rig_open(&r, 20 * NSEC_PER_MSEC))
		return;
	KTEST_CHECK(jbd_begin(r.j, 1) == 0);
	count_to(&r, 5, 7);
	tid = jbd_tid(r.j);
	jbd_end(r.j);
	(void)wait_until_timeout(&r.done, jbd_is_stable(r.j, tid),
				 clock_monotonic() + 10 * NSEC_PER_SEC);
	KTEST_CHECK(jbd_is_stable(r.j, tid));
	KTEST_CHECK(jbd_freeze(r.j) == 0 && count_at(&r, 5) == 7);
	jbd_thaw(r.j);
	KTEST_CHECK(jbd_close(r.j) == 0);
	ktest_disk_destroy(r.disk);
}

KTEST(jbd_disk_fails)
{
	struct rig r;

	if (!rig_open(&r, NSEC_PER_SEC))
		return;
	KTEST_CHECK(jbd_begin(r.j, 1) == 0);
	count_to(&r, 5, 1);
	jbd_end(r.j);
	KTEST_CHECK(jbd_commit_all(r.j) == 0);
	KTEST_CHECK(jbd_begin(r.j, 1) == 0);
	count_to(&r, 5, 2);
	jbd_end(r.j);
	r.disk->bad_lba = (LOG_AT + 4) * (SIZE >> 9); /* the second one's descriptor */
	r.disk->n_bad = 100;
	KTEST_CHECK(jbd_commit_all(r.j) == -ABI_EIO && r.aborts == 1);
	KTEST_CHECK(jbd_begin(r.j, 1) == -ABI_EROFS && jbd_error(r.j) == -ABI_EIO);
	KTEST_CHECK(bcache_sync(r.disk->disk.whole) == 0 && count_at(&r, 5) == 0);
	KTEST_CHECK(jbd_close(r.j) == -ABI_EIO);
	bcache_drop_clean(r.disk->disk.whole);
	ktest_disk_destroy(r.disk);
}
