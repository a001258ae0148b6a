/*
 * A journal whose disk fails, and whose memory is short: whatever request or allocation it is that
 * fails, nothing leaks, what was promised stays, and the disk is whole. And what is not on the disk
 * before its time.
 */
#include "test/host/jbd_model.h"

/* Work that needs several commits and some checkpoints; goes on whatever fails. */
static void work(struct model *m, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		(void)model_step(m, 1 + (unsigned)unit_below(8));
		model_noise(m);
		if (unit_below(6) == 0)
			(void)model_commit(m);
	}
}

/* With everything well again: the disk is what it must be. */
static void settle(struct model *m, int opened)
{
	int err = opened;

	if (!opened) {
		err = jbd_commit_all(m->j);
		CHECK(!err == !jbd_error(m->j));
		err = jbd_close(m->j);
		CHECK_EQ(m->aborts, err != 0);
	}
	host_fail_write(0, false);
	host_fail_alloc(0, false);
	host_io_finish();
	if (err)
		CHECK(model_check(m, m->disk->bytes, host_mark, m->handle));
	else
		model_check_closed(m);
}

/* The n-th write fails: whether there were so many. */
static bool write_fails(unsigned n, bool for_good)
{
	struct model m;
	unsigned before;
	int err;

	model_create(&m, 1024, 128, JBD_INCOMPAT_CSUM_V3);
	before = host_writes;
	host_fail_write(n, for_good);
	err = model_open(&m);
	if (!err)
		work(&m, 60);
	settle(&m, err);
	model_destroy(&m);
	return host_writes - before >= n;
}

TEST(a_write_fails)
{
	unsigned n = 1;

	host_quiet = true;
	while (write_fails(n, false))
		n += n < 40 ? 1 : 7;
	CHECK(n > 40);
	host_quiet = false;
}

TEST(writes_fail_from_some_time_on)
{
	unsigned n = 1;

	host_quiet = true;
	while (write_fails(n, true))
		n += n < 20 ? 1 : 11;
	CHECK(n > 40);
	host_quiet = false;
}

/* The n-th allocation fails: whether all went well since there were not so many. */
static bool allocation_fails(unsigned n, bool for_good)
{
	struct model m;
	bool well;
	int err;

	model_create(&m, 1024, 128, JBD_INCOMPAT_CSUM_V3);
	host_fail_alloc(n, for_good);
	err = model_open(&m);
	CHECK(err == 0 || err == -ENOMEM);
	if (!err)
		work(&m, 40);
	well = host_fail_pending();
	settle(&m, err);
	model_destroy(&m);
	return !well;
}

TEST(an_allocation_fails)
{
	unsigned n = 1;

	host_quiet = true;
	while (allocation_fails(n, false))
		n += n < 60 ? 1 : 9;
	CHECK(n > 60);
	host_quiet = false;
}

TEST(no_memory_from_some_time_on)
{
	host_quiet = true;
	for (unsigned n = 1; n < 120; n += n < 20 ? 1 : 7)
		(void)allocation_fails(n, true);
	host_quiet = false;
}

/* What the disk has at a block of the pool. */
static bool on_disk(const struct model *m, u32 i, u8 byte)
{
	u32 size = m->config.block_size;

	host_io_finish();
	return mem_is_all(m->disk->bytes + (m->pool + i) * size, byte, size);
}

static void set(struct model *m, u32 i, u8 byte)
{
	struct bblock b;

	CHECK_EQ(bcache_get(&m->disk->dev, m->pool + i, m->config.block_size, &b), 0);
	memset(b.data, byte, b.size);
	jbd_dirty(m->j, &b);
	/* As somebody who writes to the device by its name would. */
	bcache_dirty(&m->disk->dev, &b);
	bcache_put(&b);
}

/* Nothing is written home before it is stable, and nothing of a newer change with an older. */
TEST(home_is_written_after_the_log)
{
	struct model m;
	u32 tid;

	model_create(&m, 1024, 128, 0);
	CHECK_EQ(model_open(&m), 0);
	CHECK_EQ(jbd_begin(m.j, 2), 0);
	set(&m, 3, 0x11);
	tid = jbd_tid(m.j);
	jbd_end(m.j);
	CHECK(!jbd_is_stable(m.j, tid));
	CHECK_EQ(bcache_sync(&m.disk->dev), 0);
	CHECK(on_disk(&m, 3, 0));
	CHECK_EQ(jbd_commit(m.j, tid), 0);
	CHECK(jbd_is_stable(m.j, tid));
	CHECK_EQ(jbd_begin(m.j, 2), 0);
	CHECK(jbd_tid(m.j) != tid);
	set(&m, 3, 0x22);
	jbd_end(m.j);
	CHECK_EQ(bcache_sync(&m.disk->dev), 0);
	CHECK(on_disk(&m, 3, 0)); /* not even the older one: it is no more */
	CHECK_EQ(jbd_commit_all(m.j), 0);
	CHECK_EQ(bcache_sync(&m.disk->dev), 0);
	CHECK(on_disk(&m, 3, 0x22));
	CHECK_EQ(jbd_close(m.j), 0);
	model_destroy(&m);
}

TEST(freed_blocks_are_not_written)
{
	struct model m;

	model_create(&m, 1024, 128, 0);
	CHECK_EQ(model_open(&m), 0);
	CHECK_EQ(jbd_begin(m.j, 8), 0);
	for (u32 i = 1; i < 8; i += 2)
		set(&m, i, 0x11);
	jbd_end(m.j);
	CHECK_EQ(jbd_commit_all(m.j), 0);
	CHECK_EQ(jbd_begin(m.j, 8), 0);
	set(&m, 3, 0x22);
	jbd_forget(m.j, m.pool + 3, 3);
	set(&m, 7, 0x22);
	jbd_end(m.j);
	CHECK_EQ(jbd_commit_all(m.j), 0);
	CHECK_EQ(bcache_sync(&m.disk->dev), 0);
	CHECK(on_disk(&m, 1, 0x11) && on_disk(&m, 3, 0) && on_disk(&m, 5, 0) &&
	      on_disk(&m, 7, 0x22));
	CHECK_EQ(jbd_close(m.j), 0);
	model_destroy(&m);
}

TEST(credits)
{
	struct jbd_stats stats;
	struct model m;

	model_create(&m, 1024, 128, JBD_INCOMPAT_CSUM_V3);
	CHECK_EQ(model_open(&m), 0);
	jbd_stats(m.j, &stats);
	CHECK_EQ(stats.n_log, 127);
	CHECK_EQ(stats.n_free, 127);
	CHECK(stats.max_transaction >= 24);
	CHECK_EQ(jbd_begin(m.j, stats.max_transaction + 1), (u64)-ENOSPC);
	CHECK_EQ(jbd_begin(m.j, stats.max_transaction), 0);
	CHECK(jbd_in_handle(m.j));
	CHECK_EQ(jbd_extend(m.j, stats.max_transaction), 0);
	CHECK_EQ(jbd_extend(m.j, stats.max_transaction + 4), 0);
	CHECK_EQ(jbd_extend(m.j, 100), (u64)-EAGAIN);
	CHECK_EQ(jbd_begin(m.j, 2), 0);
	set(&m, 1, 1);
	jbd_end(m.j);
	CHECK(jbd_in_handle(m.j));
	CHECK_EQ(jbd_restart(m.j, 3), 0);
	set(&m, 2, 2);
	jbd_end(m.j);
	CHECK(!jbd_in_handle(m.j));
	/* More than was said: served while there is room. */
	host_quiet = true;
	CHECK_EQ(jbd_begin(m.j, 1), 0);
	for (u32 i = 0; i < 6; i++)
		set(&m, i, 3);
	jbd_end(m.j);
	CHECK_EQ(jbd_commit_all(m.j), 0);
	CHECK_EQ(jbd_begin(m.j, 1), 0);
	for (u32 i = 0; i < 100; i++)
		set(&m, i, 4);
	jbd_end(m.j);
	CHECK_EQ(jbd_error(m.j), (u64)-ENOSPC);
	CHECK_EQ(jbd_begin(m.j, 1), (u64)-EROFS);
	CHECK_EQ(jbd_commit_all(m.j), (u64)-ENOSPC);
	CHECK_EQ(jbd_close(m.j), (u64)-ENOSPC);
	host_quiet = false;
	host_io_finish();
	CHECK(on_disk(&m, 5, 0)); /* in the log */
	model_destroy(&m);
}

TEST(an_abort_is_remembered)
{
	const struct jbd_super *s;
	struct model m;

	model_create(&m, 1024, 128, JBD_INCOMPAT_CSUM_V3);
	CHECK_EQ(model_open(&m), 0);
	CHECK_EQ(model_step(&m, 3), 0);
	CHECK_EQ(model_commit(&m), 0);
	CHECK_EQ(model_step(&m, 3), 0);
	host_quiet = true;
	jbd_abort(m.j, -EUCLEAN);
	CHECK_EQ(model_step(&m, 1), (u64)-EROFS);
	CHECK_EQ(jbd_close(m.j), (u64)-EUCLEAN);
	CHECK_EQ(m.aborts, 1);
	host_quiet = false;
	host_io_finish();
	s = (void *)(m.disk->bytes + m.extents[0].block * 1024);
	CHECK_EQ((s32)jbd_be32(&s->error), (u64)-EUCLEAN);
	CHECK(s->start != 0);
	CHECK(model_check(&m, m.disk->bytes, 1, 1));
	model_destroy(&m);
}

/* Who writes data for a commit may find damage, with the commit's lock held. */
TEST(an_abort_within_a_commit)
{
	struct model m;

	model_create(&m, 1024, 128, JBD_INCOMPAT_CSUM_V3);
	CHECK_EQ(model_open(&m), 0);
	CHECK_EQ(model_step(&m, 3), 0);
	CHECK_EQ(model_commit(&m), 0);
	CHECK_EQ(model_step(&m, 3), 0);
	host_quiet = true;
	m.error_in_data = -EUCLEAN;
	CHECK_EQ(jbd_commit_all(m.j), (u64)-EUCLEAN);
	CHECK_EQ(jbd_close(m.j), (u64)-EUCLEAN);
	CHECK_EQ(m.aborts, 1);
	host_quiet = false;
	host_io_finish();
	CHECK(model_check(&m, m.disk->bytes, 1, 1));
	model_destroy(&m);
}

/* What is said to be free takes room in the log, which may not be there. */
TEST(more_is_freed_than_the_log_can_say)
{
	struct model m;

	model_create(&m, 1024, 128, JBD_INCOMPAT_CSUM_V3);
	CHECK_EQ(model_open(&m), 0);
	CHECK_EQ(model_step(&m, 3), 0);
	CHECK_EQ(model_commit(&m), 0);
	CHECK_EQ(jbd_begin(m.j, 1), 0);
	host_quiet = true;
	jbd_forget(m.j, 1, 1 << 16);
	jbd_end(m.j);
	CHECK_EQ(jbd_error(m.j), (u64)-ENOSPC);
	CHECK_EQ(jbd_close(m.j), (u64)-ENOSPC);
	host_quiet = false;
	host_io_finish();
	CHECK(model_check(&m, m.disk->bytes, 1, 1));
	model_destroy(&m);
}

TEST(freeze)
{
	struct model m;
	u32 events;

	model_create(&m, 1024, 128, JBD_INCOMPAT_CSUM_V3);
	CHECK_EQ(model_open(&m), 0);
	for (unsigned i = 0; i < 30; i++)
		CHECK_EQ(model_step(&m, 4), 0);
	CHECK_EQ(jbd_freeze(m.j), 0);
	model_check_closed(&m);
	events = m.disk->n_events;
	CHECK_EQ(jbd_commit_all(m.j), 0);
	CHECK_EQ(m.disk->n_events, events);
	jbd_thaw(m.j);
	CHECK_EQ(model_step(&m, 4), 0);
	CHECK_EQ(jbd_close(m.j), 0);
	model_check_closed(&m);
	model_destroy(&m);
}

static int no_data(void *owner, u32 tid) { return 0; }
static void nothing(void *owner, u32 tid) { }
static void nothing_failed(void *owner, int error) { }

TEST(journals_that_are_refused)
{
	static const struct jbd_ops ops = { NULL, no_data, nothing, nothing_failed };
	struct jbd_super *s;
	struct model m;

	model_create(&m, 1024, 128, 0);
	s = (void *)(m.disk->bytes + m.extents[0].block * 1024);
	m.config.ops = &ops;
	host_quiet = true;
	jbd_put_be32(&s->start, 1); /* not replayed */
	CHECK_EQ(model_open(&m), (u64)-EINVAL);
	bcache_drop_clean(&m.disk->dev);
	jbd_put_be32(&s->start, 0);
	jbd_put_be32(&s->header.type, JBD_SUPER_V1);
	CHECK_EQ(model_open(&m), (u64)-EOPNOTSUPP);
	bcache_drop_clean(&m.disk->dev);
	jbd_put_be32(&s->header.type, JBD_SUPER_V2);
	m.extents[1].at++; /* a hole */
	CHECK_EQ(model_open(&m), (u64)-EINVAL);
	m.extents[1].at--;
	m.extents[2].block = m.config.n_fs_blocks - 1; /* beyond the end */
	CHECK_EQ(model_open(&m), (u64)-EINVAL);
	host_quiet = false;
	model_destroy(&m);
}
