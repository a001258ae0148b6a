/*
 * test/host/jbd_model.c - see jbd_model.h.
 */
#include "test/host/jbd_model.h"

#include "fs/jbd/jbd_check.h"

#define LOG_AT 8u	/* first block of the journal's first piece */

static u64 map_block(const struct model *m)
{
	return m->pool + MODEL_POOL;
}

/* What a block holds: some begin like a block of the log. */
static void fill(void *data, u32 size, u32 kind, u32 version, u64 block)
{
	u32 *words = data;

	for (u32 i = 0; i < size / 4; i++)
		words[i] = (version * 2654435761u) ^ (u32)block << 20 ^ kind << 8 ^ i;
	if (version % 3 == 0 && kind == MODEL_META)
		jbd_put_be32(data, JBD_MAGIC);
}

static int write_data(void *owner, u32 tid)
{
	struct model *m = owner;
	u8 data[4096];

	m->write_data_calls++;
	if (m->error_in_data)
		jbd_abort(m->j, m->error_in_data);
	for (u32 i = 0; i < MODEL_POOL; i++) {
		struct model_block *b = &m->blocks[i];
		int err;

		if (b->kind != MODEL_DATA || b->busy_tid != tid)
			continue;
		fill(data, m->config.block_size, b->kind, b->version, i);
		err = host_write(m->disk, (m->pool + i) * m->config.block_size, data,
				 m->config.block_size);
		if (err)
			return err;
	}
	return 0;
}

static int meta_write(struct model *m, u64 block, u32 kind, u32 version, u64 salt);

static void closing(void *owner)
{
	struct model *m = owner;
	int err = meta_write(m, map_block(m) + 1, MODEL_FREE, m->handle, 0);

	if (err)
		jbd_abort(m->j, err);
}

static void committed(void *owner, u32 tid)
{
	struct model *m = owner;

	for (u32 i = 0; i < MODEL_POOL; i++)
		if (m->blocks[i].busy_tid == tid)
			m->blocks[i].busy_tid = 0;
}

static void aborted(void *owner, int error)
{
	struct model *m = owner;

	m->aborts++;
}

static const struct jbd_ops ops = { closing, write_data, committed, aborted };

static void super_make(struct model *m)
{
	u8 *block = m->disk->bytes + (u64)LOG_AT * m->config.block_size;
	struct jbd_super *s = (void *)block;

	jbd_put_be32(&s->header.magic, JBD_MAGIC);
	jbd_put_be32(&s->header.type, JBD_SUPER_V2);
	jbd_put_be32(&s->block_size, m->config.block_size);
	jbd_put_be32(&s->max_len, m->config.n_blocks);
	jbd_put_be32(&s->first, 1);
	jbd_put_be32(&s->sequence, ~0u - 20); /* it wraps soon */
	memset(s->uuid, 0x5a, sizeof(s->uuid));
}

int model_open(struct model *m)
{
	return jbd_open(&m->config, &m->j);
}

void model_create(struct model *m, u32 block_size, u32 n_log, u32 features)
{
	u64 n_blocks = LOG_AT + 2ull * n_log + MODEL_POOL + 2;
	u32 third = n_log / 3;

	struct host_disk *disk = host_disk_create(align_up(n_blocks * block_size, PAGE_SIZE));

	memset(m, 0, sizeof(*m));
	/* Out of order, apart, and neighbours. */
	m->extents[0] = (struct jbd_extent){ 0, third, LOG_AT };
	m->extents[1] = (struct jbd_extent){ third, third, LOG_AT + n_log + third };
	m->extents[2] = (struct jbd_extent){ 2 * third, n_log - 2 * third, LOG_AT + third };
	m->config = (struct jbd_config){ .block_size = block_size, .n_fs_blocks = n_blocks,
					 .n_blocks = n_log, .n_extents = 3,
					 .features = features };
	m->disk = disk;
	super_make(m);
	model_adopt(m, disk, LOG_AT + 2ull * n_log);
}

void model_adopt(struct model *m, struct host_disk *disk, u64 pool)
{
	u32 size = m->config.block_size;

	m->disk = disk;
	m->pool = pool;
	m->config.dev = &disk->dev;
	m->config.extents = m->extents;
	m->config.interval_ns = 3600 * NSEC_PER_SEC;
	m->config.ops = &ops;
	m->config.owner = m;
	for (u32 i = 0; i < MODEL_POOL; i += 2) {
		m->blocks[i].kind = MODEL_META;
		fill(disk->bytes + (pool + i) * size, size, MODEL_META, 0, i);
	}
	memset(disk->bytes + map_block(m) * size, 0, 2 * size);
	host_disk_begin(disk);
	host_mark = 0;
}

void model_destroy(struct model *m)
{
	bcache_drop_clean(&m->disk->dev);
	host_disk_destroy(m->disk);
	if (m->scratch)
		host_disk_destroy(m->scratch);
	free(m->ops);
	CHECK_EQ(host_allocations(), 0);
}

static void op_add(struct model *m, u32 block, enum model_kind kind)
{
	if (m->n_ops == m->room) {
		m->room = m->room ? 2 * m->room : 1024;
		m->ops = realloc(m->ops, m->room * sizeof(*m->ops));
	}
	m->ops[m->n_ops++] = (struct model_op){ m->handle + 1, (u16)block, (u8)kind };
}

static int meta_write(struct model *m, u64 block, u32 kind, u32 version, u64 salt)
{
	struct bblock b;
	int err = bcache_get(&m->disk->dev, block, m->config.block_size, &b);

	if (err)
		return err;
	fill(b.data, m->config.block_size, kind, version, salt);
	if (kind == MODEL_FREE)
		memcpy(b.data, &version, sizeof(version)); /* the map */
	/* It may be on its way home just now. */
	if (unit_below(4) == 0)
		host_io_run();
	jbd_dirty(m->j, &b);
	bcache_put(&b);
	return 0;
}

/* Metadata from `first` on is freed. */
static void free_range(struct model *m, u32 first)
{
	u32 n = 1, most = 1 + (u32)unit_below(4), tid = jbd_tid(m->j);

	while (n < most && first + n < MODEL_POOL && m->blocks[first + n].kind == MODEL_META)
		n++;
	jbd_forget(m->j, m->pool + first, n);
	for (u32 i = first; i < first + n; i++) {
		op_add(m, i, MODEL_FREE);
		m->blocks[i] = (struct model_block){ MODEL_FREE, 0, tid };
	}
}

static int op_do(struct model *m)
{
	u32 i = (u32)unit_below(MODEL_POOL), what = (u32)unit_below(10);
	struct model_block *b = &m->blocks[i];

	if (b->kind == MODEL_META && what < 3) {
		free_range(m, i);
	} else if (b->kind == MODEL_DATA) {
		if (what < 5 && !b->busy_tid) {
			op_add(m, i, MODEL_FREE);
			*b = (struct model_block){ MODEL_FREE, 0, jbd_tid(m->j) };
		}
	} else if (b->kind == MODEL_FREE && b->busy_tid) {
		return 0;
	} else if (b->kind == MODEL_FREE && what < 5) {
		op_add(m, i, MODEL_DATA);
		*b = (struct model_block){ MODEL_DATA, m->handle + 1, jbd_tid(m->j) };
	} else {
		int err = meta_write(m, m->pool + i, MODEL_META, m->handle + 1, i);

		if (err)
			return err;
		op_add(m, i, MODEL_META);
		*b = (struct model_block){ MODEL_META, m->handle + 1, 0 };
	}
	return 0;
}

int model_step(struct model *m, unsigned n)
{
	int err = jbd_begin(m->j, n + 1);

	if (err)
		return err;
	err = meta_write(m, map_block(m), MODEL_FREE, m->handle + 1, 0);
	for (unsigned i = 0; i < n && !err; i++)
		err = op_do(m);
	if (err)
		jbd_abort(m->j, err);
	m->handle++;
	jbd_end(m->j);
	return err;
}

int model_commit(struct model *m)
{
	u32 last = m->handle;
	int err = jbd_commit_all(m->j);

	if (!err)
		host_mark = last;
	return err;
}

void model_noise(struct model *m)
{
	u64 pages = m->disk->size >> PAGE_SHIFT, first = unit_below(pages);

	if (unit_below(3) == 0)
		(void)pagecache_write_range(&m->disk->dev.cache, first, first + unit_below(16),
					    false);
	for (u64 n = unit_below(8); n; n--)
		host_io_run();
}

/* The pool after handle `last`. */
static void state_at(const struct model *m, u32 last, struct model_block *blocks)
{
	for (u32 i = 0; i < MODEL_POOL; i++)
		blocks[i] = (struct model_block){ i % 2 ? MODEL_FREE : MODEL_META, 0, 0 };
	for (u32 i = 0; i < m->n_ops && m->ops[i].handle <= last; i++)
		blocks[m->ops[i].block] =
			(struct model_block){ m->ops[i].kind, m->ops[i].handle, 0 };
}

/* Whether the disk is as it was after that handle. */
bool model_is(const struct model *m, const u8 *bytes, u32 handle)
{
	struct model_block blocks[MODEL_POOL];
	u32 size = m->config.block_size;
	u8 want[4096];

	state_at(m, handle, blocks);
	for (u32 i = 0; i < MODEL_POOL; i++) {
		if (blocks[i].kind == MODEL_FREE)
			continue;
		fill(want, size, blocks[i].kind, blocks[i].version, i);
		if (memcmp(want, bytes + (m->pool + i) * size, size)) {
			unit_fail(__FILE__, __LINE__, "block %u is not %s of handle %u, of %u", i,
				  blocks[i].kind == MODEL_META ? "metadata" : "data",
				  blocks[i].version, handle);
			return false;
		}
	}
	return true;
}

u32 model_handle(const struct model *m, const u8 *bytes)
{
	const u8 *map = bytes + map_block(m) * m->config.block_size;
	u32 handle, sum;

	memcpy(&handle, map, sizeof(handle));
	memcpy(&sum, map + m->config.block_size, sizeof(sum));
	return sum == handle ? handle : ~0u;
}

bool model_check(struct model *m, const u8 *bytes, u64 mark, u32 last)
{
	struct jbd_config config = m->config;
	struct host_disk *d = m->scratch;
	u32 handle;
	int err;
	bool ok;

	if (!d) {
		d = m->scratch = host_disk_create(m->disk->size);
		d->plain = true;
	}
	memcpy(d->bytes, bytes, d->size);
	config.dev = &d->dev;
	err = host_replay(d, &config);
	handle = model_handle(m, d->bytes);
	ok = !err && handle >= mark && handle <= last && model_is(m, d->bytes, handle);
	if (!ok)
		unit_fail(__FILE__, __LINE__, "replayed: %d, handle %u, at least %llu, at most %u",
			  err, handle, (unsigned long long)mark, last);
	/* As if it had never been read. */
	(void)bcache_sync(&d->dev);
	bcache_drop_clean(&d->dev);
	return ok;
}

void model_check_closed(const struct model *m)
{
	struct jbd_super *s = (void *)(m->disk->bytes +
				      m->extents[0].block * m->config.block_size);
	struct jbd_geo geo;

	host_io_finish();
	CHECK(jbd_check_super(s, m->config.block_size, m->config.n_blocks, m->config.n_fs_blocks,
			      &geo) == NULL);
	CHECK_EQ(geo.start, 0);
	CHECK_EQ(geo.error, 0);
	CHECK(model_is(m, m->disk->bytes, m->handle));
}

void model_check_cuts(struct model *m, unsigned each)
{
	const struct host_disk *d = m->disk;
	u8 *bytes = malloc(d->size);
	bool ok = true;

	for (u32 n = 0; n <= d->n_events && ok; n++) {
		bool flush = n == d->n_events || !d->events[n].data ||
			     (n && !d->events[n - 1].data);
		u64 mark = n == d->n_events ? host_mark : d->events[n].mark;

		if (!flush && unit_below(8))
			continue;
		for (unsigned i = 0; i < each && ok; i++) {
			host_disk_cut(d, n, bytes);
			ok = model_check(m, bytes, mark, m->handle);
			if (!ok)
				printf("# cut at event %u of %u\n", n, d->n_events);
		}
	}
	free(bytes);
}
