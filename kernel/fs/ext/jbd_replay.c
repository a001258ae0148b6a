/*
 * fs/ext/jbd_replay.c - the three walks along a journal's log.
 *
 * The first finds the end of the log: the first transaction without a commit block. It looks at all
 * checksums; a transaction with a wrong one ends the log too if nothing behind it was committed,
 * since a power cut may leave that behind, and with asynchronous commits in any case; else the
 * journal is damaged, and nothing is replayed. The second walk gathers revoked blocks, with the
 * last transaction that revoked each: copies of these in the log up to then are not replayed. The
 * third replays.
 *
 * Nothing of the log is trusted on a later walk because an earlier one saw it: a block may read
 * differently, or have been replayed over. No walk visits more blocks than the ring has.
 */
#include "fs/ext/ext_journal.h"

#include "lib/string.h"

/* Blocks that a replay may leave dirty before it waits for the disk. */
#define SYNC_EVERY 1024u

enum jbd_pass { PASS_SCAN, PASS_REVOKE, PASS_REPLAY };

struct jbd_walk {
	struct ext_journal *j;
	enum jbd_pass pass;
	u32 at;			/* next log block */
	u32 left;		/* blocks of the ring not visited yet */
	u32 sequence;		/* transaction at `at` */
	u32 crc;		/* of its descriptors and data, with COMPAT_CHECKSUM */
	bool bad;		/* scan: something of it is not what was written */
};

static void walk_init(struct jbd_walk *w, struct ext_journal *j, enum jbd_pass pass)
{
	const struct jbd_geo *geo = &j->geo;

	*w = (struct jbd_walk){ .j = j, .pass = pass, .at = geo->start, .crc = ~0u,
				.left = geo->end - geo->first, .sequence = geo->sequence };
}

/* Steps over a block: its number, or false when the ring has been walked round. */
static bool walk_step(struct jbd_walk *w, u32 *at)
{
	if (w->left == 0)
		return false;
	*at = w->at;
	w->at = jbd_next_block(&w->j->geo, w->at);
	w->left--;
	return true;
}

/* Whether transaction `sequence` revoked that block, or a later one. */
static bool block_revoked(const struct ext_journal *j, u64 block, u32 sequence)
{
	void *entry = radix_lookup(&j->revoked, block);

	return entry && !jbd_later(sequence, (u32)((u64)entry >> 1));
}

/* The log's block becomes block tag->block: on the disk some time, or in memory. */
static int block_to_disk(struct ext_journal *j, const struct jbd_tag *tag, const struct bblock *b)
{
	struct bblock to;
	int err = bcache_get_copy(j->fs->dev, tag->block, j->geo.block_size, b->data, &to);

	if (err)
		return err;
	if (tag->flags & JBD_TAG_ESCAPED)
		jbd_put_be32(to.data, JBD_MAGIC);
	bcache_dirty(j->fs->dev, &to);
	bcache_put(&to);
	if (++j->n_unsynced < SYNC_EVERY)
		return 0;
	j->n_unsynced = 0;
	return bcache_sync(j->fs->dev);
}

static int block_replay(struct jbd_walk *w, u32 at, const struct jbd_tag *tag)
{
	struct ext_journal *j = w->j;
	struct bblock b;
	u64 from;
	int err;

	if (block_revoked(j, tag->block, w->sequence)) {
		j->n_revoked++;
		return 0;
	}
	err = ext_journal_block(j, at, &b, &from);
	if (err)
		return err;
	if (j->to_disk)
		err = block_to_disk(j, tag, &b);
	else
		err = ext_overlay_add(j->fs, tag->block, from, &b, tag->flags & JBD_TAG_ESCAPED);
	bcache_put(&b);
	j->n_blocks++;
	return err;
}

/* Sums a block of data while scanning. */
static int block_scan(struct jbd_walk *w, u32 at, const struct jbd_tag *tag)
{
	const struct jbd_geo *geo = &w->j->geo;
	struct bblock b;
	u64 from;
	int err;

	if (!geo->csum && !(geo->compat & JBD_COMPAT_CHECKSUM))
		return 0;
	err = ext_journal_block(w->j, at, &b, &from);
	if (err)
		return err;
	if (!jbd_csum_data(geo, tag, w->sequence, b.data))
		w->bad = true;
	if (geo->compat & JBD_COMPAT_CHECKSUM)
		w->crc = jbd_crc32_be(w->crc, b.data, geo->block_size);
	bcache_put(&b);
	return 0;
}

static int walk_descriptor(struct jbd_walk *w, const struct bblock *b)
{
	const struct jbd_geo *geo = &w->j->geo;
	struct jbd_tag tag;
	u32 offset = 0, at;
	int err = 0, more;

	if (!jbd_csum_tail(geo, b->data))
		w->bad = true;
	if (geo->compat & JBD_COMPAT_CHECKSUM && w->pass == PASS_SCAN)
		w->crc = jbd_crc32_be(w->crc, b->data, geo->block_size);
	while (!err && !w->bad && (more = jbd_tag_next(geo, b->data, &offset, &tag)) != 0) {
		if (more < 0 || !walk_step(w, &at))
			w->bad = true;
		else if (w->pass == PASS_SCAN)
			err = block_scan(w, at, &tag);
		else if (w->pass == PASS_REPLAY)
			err = block_replay(w, at, &tag);
	}
	return err;
}

static int walk_revoke(struct jbd_walk *w, const struct bblock *b)
{
	struct radix_tree *revoked = &w->j->revoked;
	void *entry = (void *)((u64)w->sequence << 1 | 1);
	u32 offset = 0;
	u64 number;
	int more;

	if (!jbd_csum_tail(&w->j->geo, b->data))
		w->bad = true;
	while (!w->bad && (more = jbd_revoke_next(&w->j->geo, b->data, &offset, &number)) != 0) {
		int err = 0;

		if (more < 0)
			w->bad = true;
		/* What no tag can name need not be remembered. */
		else if (w->pass == PASS_REVOKE && number < w->j->geo.n_fs_blocks &&
			 !radix_replace(revoked, number, entry))
			err = radix_insert(revoked, number, entry, NULL);
		if (err)
			return err;
	}
	return 0;
}

static void walk_commit(struct jbd_walk *w, const struct bblock *b)
{
	if (!jbd_csum_commit(&w->j->geo, b->data) ||
	    (w->pass == PASS_SCAN && !jbd_csum_transaction(&w->j->geo, b->data, w->crc))) {
		w->bad = true;
		return;
	}
	w->sequence++;
	w->crc = ~0u;
}

/* One block of the log and what belongs to it: 1, 0 at the log's end, or an error. */
static int walk_next(struct jbd_walk *w)
{
	struct bblock b;
	u64 where;
	u32 at;
	int err;

	if (!walk_step(w, &at))
		return 0;
	err = ext_journal_block(w->j, at, &b, &where);
	if (err)
		return err;
	switch (jbd_block_type(b.data, w->sequence)) {
	case JBD_DESCRIPTOR:
		err = walk_descriptor(w, &b);
		break;
	case JBD_REVOKE:
		err = walk_revoke(w, &b);
		break;
	case JBD_COMMIT:
		walk_commit(w, &b);
		break;
	default:
		bcache_put(&b);
		return 0;
	}
	bcache_put(&b);
	return err ? err : !w->bad;
}

/*
 * Behind a bad block: whether its transaction or the next one was committed. 1, 0 or an error.
 */
static int log_goes_on(struct jbd_walk *w)
{
	u32 at;

	while (walk_step(w, &at)) {
		struct bblock b;
		bool commit;
		u64 where;
		int err = ext_journal_block(w->j, at, &b, &where);

		if (err)
			return err;
		commit = (jbd_block_type(b.data, w->sequence) == JBD_COMMIT ||
			  jbd_block_type(b.data, w->sequence + 1) == JBD_COMMIT) &&
			 jbd_csum_commit(&w->j->geo, b.data);
		bcache_put(&b);
		if (commit)
			return 1;
	}
	return 0;
}

/* Fast commits name changes, not blocks: they are not replayed here. */
static int check_fast_commits(struct ext_journal *j)
{
	/* The area begins behind the ring; its first block is left out by those who write it. */
	for (u32 at = j->geo.end; at < j->geo.max_len && at < j->geo.end + 2; at++) {
		struct bblock b;
		bool follows;
		u64 where;
		int err = ext_journal_block(j, at, &b, &where);

		if (err)
			return err;
		follows = jbd_fast_commit_follows(b.data, j->end_sequence);
		bcache_put(&b);
		if (follows) {
			super_log(j->fs->sb, LOG_ERR,
				  "its journal has fast commits, which only e2fsck can replay");
			return -EOPNOTSUPP;
		}
	}
	return 0;
}

int jbd_scan(struct ext_journal *j)
{
	struct jbd_walk w;
	int more;

	walk_init(&w, j, PASS_SCAN);
	while ((more = walk_next(&w)) > 0)
		;
	if (!more && w.bad && !(j->geo.incompat & JBD_INCOMPAT_ASYNC_COMMIT)) {
		more = log_goes_on(&w);
		if (more > 0) {
			super_log(j->fs->sb, LOG_ERR,
				  "its journal is damaged in transaction %u: run e2fsck",
				  w.sequence);
			return -EIO;
		}
	}
	if (more)
		return more;
	j->end_sequence = w.sequence;
	j->n_transactions = w.sequence - j->geo.sequence;
	return j->geo.incompat & JBD_INCOMPAT_FAST_COMMIT ? check_fast_commits(j) : 0;
}

static int replay_pass(struct ext_journal *j, enum jbd_pass pass)
{
	struct jbd_walk w;

	walk_init(&w, j, pass);
	while (w.sequence != j->end_sequence) {
		int more = walk_next(&w);

		if (more < 0)
			return more;
		if (!more) {
			super_log(j->fs->sb, LOG_ERR, "its journal changed while replayed");
			return -EIO;
		}
	}
	return 0;
}

int jbd_replay(struct ext_journal *j)
{
	int err = replay_pass(j, PASS_REVOKE);

	return err ? err : replay_pass(j, PASS_REPLAY);
}
