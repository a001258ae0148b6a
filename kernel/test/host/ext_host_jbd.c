/*
 * test/host/ext_host_jbd.c - a journal for fs/ext on the host that has no log, but eyes.
 *
 * It sees to what fs/ext promises the real one: blocks are changed within handles only, no more of
 * them than there are credits, nothing waits for a commit with a handle open, and what is freed is
 * not used again before the commit. A commit writes the data that it asks the file system for, then
 * everything, so that images can be judged after it. Power cuts are the real one's (test_jbd_cuts,
 * ci/cuts).
 */
#include "test/host/ext_host_int.h"

#include "fs/ext/ext_meta.h"
#include "fs/jbd/jbd.h"

#define MOST_CREDITS 4096u
#define CHANGED_BITS 15u

struct jbd {
	struct jbd_config config;
	unsigned depth;		/* of nested handles */
	u32 credits, n_used;
	u64 used[MOST_CREDITS];	/* what the handle has changed */
	struct { u64 what; u32 tid; } changed[1u << CHANGED_BITS]; /* by transactions, hashed */
	bool closing;
	u32 tid, stable;
	int error;
	bool frozen;
};

bool host_committing;
u32 host_most_credits = MOST_CREDITS;
void (*host_before_handle)(void), (*host_after_handle)(void);
void (*host_at_change)(void);

static void wrong(const char *what)
{
	fprintf(stderr, "journal: %s\n", what);
	abort();
}

static int commit(struct jbd *j)
{
	u32 tid = j->tid;
	int err;

	if (j->depth)
		wrong("commit with a handle open");
	if (j->error)
		return j->error;
	/* With the one credit that it is promised, beyond what the transaction changed already. */
	j->depth = j->credits = 1;
	j->n_used = 0;
	j->closing = true;
	j->config.ops->closing(j->config.owner);
	j->closing = false;
	j->depth = j->credits = 0;
	j->tid++;
	err = j->config.ops->write_data(j->config.owner, tid);
	if (!err)
		err = bcache_sync(j->config.dev);
	if (!err)
		err = blk_flush(j->config.dev);
	if (err) {
		jbd_abort(j, err);
		return err;
	}
	j->stable = tid;
	j->config.ops->committed(j->config.owner, tid);
	return 0;
}

int jbd_open(const struct jbd_config *config, struct jbd **out)
{
	u64 at = 0;
	struct jbd *j;

	for (unsigned i = 0; i < config->n_extents; i++) {
		if (config->extents[i].at != at)
			wrong("its extents have holes");
		at += config->extents[i].n;
	}
	if (at < config->n_blocks)
		wrong("its extents end too early");
	j = calloc(1, sizeof(*j));
	j->config = *config;
	j->stable = 9;
	j->tid = 10;
	*out = j;
	return 0;
}

int jbd_close(struct jbd *j)
{
	int err = commit(j);

	free(j);
	return err;
}

void jbd_stats(struct jbd *j, struct jbd_stats *out)
{
	*out = (struct jbd_stats){ .max_transaction = host_most_credits };
}

int jbd_begin(struct jbd *j, u32 credits)
{
	void (*before)(void) = host_before_handle;

	if (!j->depth && before) {
		host_before_handle = NULL;
		before();
	}
	if (j->error)
		return -EROFS;
	if (credits > host_most_credits)
		return -ENOSPC;
	if (j->frozen)
		wrong("handle of a frozen file system");
	if (j->depth++ == 0) {
		j->credits = credits;
		j->n_used = 0;
	} else if (j->n_used + credits > j->credits) {
		/* A transaction that is nearly full would refuse it. */
		wrong("a handle within another was not planned for");
	}
	return 0;
}

int jbd_begin_soon(struct jbd *j, u32 credits)
{
	if (j->depth)
		wrong("soon, within a handle");
	return host_committing ? -EAGAIN : jbd_begin(j, credits);
}

void jbd_end(struct jbd *j)
{
	if (!j->depth)
		wrong("end without a beginning");
	j->depth--;
	if (!j->depth && host_after_handle) {
		void (*after)(void) = host_after_handle;

		host_after_handle = NULL;
		after();
	}
}

bool jbd_in_handle(const struct jbd *j)
{
	return j->depth;
}

u32 jbd_tid(struct jbd *j)
{
	if (!j->depth)
		wrong("transaction of no handle");
	return j->tid;
}

/* Whether the transaction has changed it before; from now on it has. */
static bool was_changed(struct jbd *j, u64 what)
{
	u32 mask = (1u << CHANGED_BITS) - 1;
	u32 at = (u32)(what * 0x9e3779b97f4a7c15ull >> 40) & mask;

	for (u32 i = 0; i <= mask; i++, at = (at + 1) & mask) {
		if (j->changed[at].tid != j->tid) {
			j->changed[at].tid = j->tid;
			j->changed[at].what = what;
			return false;
		}
		if (j->changed[at].what == what)
			return true;
	}
	wrong("a transaction without end");
	return false;
}

static void use(struct jbd *j, u64 what)
{
	bool was = was_changed(j, what);

	if (!j->depth)
		wrong("changed outside a handle");
	if (was && j->closing)
		return;
	for (u32 i = 0; i < j->n_used; i++)
		if (j->used[i] == what)
			return;
	if (j->n_used == j->credits)
		wrong("more changed than promised");
	j->used[j->n_used++] = what;
}

void jbd_dirty(struct jbd *j, struct bblock *b)
{
	use(j, (u64)b->data);
	if (host_at_change)
		host_at_change();
	bcache_dirty(j->config.dev, b);
}

void jbd_forget(struct jbd *j, u64 block, u64 n)
{
	if (n > EXT_FORGET_MAX)
		wrong("more forgotten at once than a block of the log names");
	use(j, block << 1 | 1);
	bcache_forget(j->config.dev, block, j->config.block_size, n);
}

int jbd_error(const struct jbd *j)
{
	return j->error;
}

bool jbd_is_committing(const struct jbd *j)
{
	return host_committing;
}

bool jbd_is_stable(const struct jbd *j, u32 tid)
{
	return (s32)(tid - j->stable) <= 0;
}

int jbd_commit(struct jbd *j, u32 tid)
{
	return jbd_is_stable(j, tid) ? 0 : commit(j);
}

int jbd_commit_all(struct jbd *j)
{
	return commit(j);
}

void jbd_commit_start(struct jbd *j)
{
}

int jbd_freeze(struct jbd *j)
{
	int err = commit(j);

	j->frozen = !err;
	return err;
}

void jbd_thaw(struct jbd *j)
{
	j->frozen = false;
}

void jbd_abort(struct jbd *j, int error)
{
	if (j->error)
		return;
	j->error = error;
	j->config.ops->aborted(j->config.owner, error);
}
