/*
 * test/host/jbd_host_replay.c - replays a journal as a mount does: fs/ext's walks, unmodified, over
 * a mapping that is given.
 */
#include "test/host/jbd_host.h"

#include "fs/ext/ext_journal.h"

static const struct jbd_config *mapping;

int ext_journal_block(struct ext_journal *j, u32 at, struct bblock *b, u64 *block)
{
	for (unsigned i = 0; i < mapping->n_extents; i++) {
		const struct jbd_extent *x = &mapping->extents[i];

		if (at >= x->at && at - x->at < x->n) {
			*block = x->block + (at - x->at);
			return bcache_get(j->fs->dev, *block, mapping->block_size, b);
		}
	}
	return -EIO;
}

int ext_overlay_add(struct ext_fs *fs, u64 to, u64 from, const struct bblock *b, bool escaped)
{
	return -EIO;
}

void super_log(const struct superblock *sb, enum log_level level, const char *fmt, ...)
{
	char line[256];
	va_list ap;

	va_start(ap, fmt);
	host_vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	unit_fail("replay", 0, "%s", line);
}

static struct radix_node *node_alloc(void)
{
	return calloc(1, sizeof(struct radix_node));
}

static void node_free(struct radix_node *node)
{
	free(node);
}

static const struct radix_ops node_ops = { .alloc = node_alloc, .free = node_free };

static int replay(struct ext_journal *j, const struct jbd_config *config)
{
	struct bblock b;
	const char *why;
	int err = bcache_get(j->fs->dev, config->extents[0].block, config->block_size, &b);

	if (err)
		return err;
	why = jbd_check_super(b.data, config->block_size, config->n_blocks, config->n_fs_blocks,
			      &j->geo);
	if (why)
		unit_fail(__FILE__, __LINE__, "superblock: %s", why);
	j->end_sequence = j->geo.sequence;
	if (j->geo.start && !why) {
		err = jbd_scan(j);
		if (!err)
			err = jbd_replay(j);
	}
	if (!err) {
		jbd_super_set_empty(&j->geo, b.data, j->end_sequence + 1);
		bcache_dirty(j->fs->dev, &b);
	}
	bcache_put(&b);
	return err ? err : bcache_sync(j->fs->dev);
}

int host_replay(struct host_disk *d, const struct jbd_config *config)
{
	struct ext_journal *j = calloc(1, sizeof(*j));
	int err;

	mapping = config;
	j->fs = calloc(1, sizeof(*j->fs));
	j->fs->dev = &d->dev;
	j->to_disk = true;
	radix_init(&j->revoked, &node_ops);
	err = replay(j, config);
	radix_destroy(&j->revoked, NULL, NULL);
	free(j->fs);
	free(j);
	return err;
}
