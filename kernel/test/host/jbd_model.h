/*
 * test/host/jbd_model.h - a small file system to be journaled, and what must be left of it.
 *
 * A pool of blocks is free, metadata or data. Each handle has a number, writes it into the map
 * block, and does a few things to the pool: it changes metadata, frees blocks, makes free ones data
 * or metadata. When its transaction is closed the number goes into the block behind the map, too.
 * The history of all handles says what every block holds after any of them; so after a power cut
 * the map block tells how far a disk has come, and all others must agree.
 */
#ifndef TEST_HOST_JBD_MODEL_H
#define TEST_HOST_JBD_MODEL_H

#include "test/host/jbd_host.h"

#define MODEL_POOL 160u

enum model_kind { MODEL_FREE, MODEL_META, MODEL_DATA };

struct model_block {
	enum model_kind kind;
	u32 version;		/* handle that wrote it */
	u32 busy_tid;		/* free: not to be used before this is stable; 0: now */
};

struct model_op { u32 handle; u16 block; u8 kind; };

struct model {
	struct host_disk *disk;
	struct host_disk *scratch; /* for replays, when there has been one */
	struct jbd_config config;
	struct jbd_extent extents[3];
	struct jbd *j;
	u64 pool;		/* first block of it; the map is behind it, then the sum */
	struct model_block blocks[MODEL_POOL];
	struct model_op *ops;	/* all that was done, in order */
	u32 n_ops, room;
	u32 handle;		/* the last one that ended */
	u32 write_data_calls, aborts;
	int error_in_data;	/* found by write_data(), which aborts */
	bool ends_badly;	/* allocations or transfers fail: errors are no failures */
};

/*
 * A disk with an empty journal of `n_log` blocks in pieces, of these features; the first handles
 * have filled the pool. The diary begins behind that.
 */
void model_create(struct model *m, u32 block_size, u32 n_log, u32 features);
/* The same with a disk, a journal and a pool that are there already. */
void model_adopt(struct model *m, struct host_disk *disk, u64 pool);
/* jbd_open(): its result. */
int model_open(struct model *m);
/* One handle that does `n` things, or the error of jbd_begin(). */
int model_step(struct model *m, unsigned n);
/* Makes all stable and notes it: 0 or an error. */
int model_commit(struct model *m);
/* Writes some dirty blocks home, and lets some requests end. */
void model_noise(struct model *m);
void model_destroy(struct model *m);
/*
 * Whether a disk is one of those that there can be, and not older than `mark`: replays it and
 * compares. `last`: the youngest it can be.
 */
bool model_check(struct model *m, const u8 *bytes, u64 mark, u32 last);
/* Whether the disk is as it was after that handle; the handle that its map and sum name, or ~0. */
bool model_is(const struct model *m, const u8 *bytes, u32 handle);
u32 model_handle(const struct model *m, const u8 *bytes);
/* The same of the disk as it is after jbd_close(): nothing to replay, everything there. */
void model_check_closed(const struct model *m);
/* All cuts of the diary: `each` times at each flush, and at some moments between. */
void model_check_cuts(struct model *m, unsigned each);

#endif
