/*
 * fs/ext/ext_readdir.c - listing a directory.
 *
 * A position must mean the same entry while others come and go. In a plain directory entries stay
 * where they are, and the position is their byte offset. In an indexed one a leaf that splits moves
 * half of its entries, so these are listed in the order of their hash, and the position is the
 * hash: 31 bits of the major one, 16 of the minor, and 16 that count entries equal in these. "."
 * and ".." have the positions 0 and 1. A directory of one block is listed by hash, too, since it
 * will be indexed when it grows.
 */
#include "fs/ext/ext_dir.h"

#include "abi/dirent.h"
#include "mm/slab.h"
#include "vfs/file.h"

#define FIRST_KEY	((u64)2)
#define CHAIN_MAX	8	/* leaves of one hash that are put in order together */
#define KEY_TIE		((u64)0xffff)

struct listed {
	u64 key;	/* position; while gathering, major << 32 | minor */
	const struct ext_dirent *de;
};

/* The entries of a leaf and of those that continue its last hash. */
struct listing {
	struct inode *dir;
	u8 version;
	struct listed *e;
	u32 n, room;
	unsigned n_blocks;
	struct bblock block[CHAIN_MAX];
};

static u8 entry_dt(const struct inode *dir, const struct ext_dirent *de)
{
	return ext_fs_of(dir)->geo.incompat & EXT_INCOMPAT_FILETYPE ? ext_dt_of_type(de->type) :
		DT_UNKNOWN;
}

static bool emit(struct file *file, struct dir_sink *sink, const struct ext_dirent *de, u64 next)
{
	if (!sink->emit(sink, de->name, de->name_len, de->inode, entry_dt(file->inode, de), next))
		return false;
	file->pos = (loff_t)next;
	return true;
}

/* Entries of one block from byte `from` on, with positions base + offset: 1 if the sink is full. */
static int list_block(struct file *file, struct dir_sink *sink, u64 logical, const void *block,
		      u32 size, u64 base, u32 from)
{
	for (u32 at = 0; at < size;) {
		const struct ext_dirent *de = (const void *)((const u8 *)block + at);
		const char *why = ext_check_dirent(&ext_fs_of(file->inode)->geo, block, at, size);

		if (why) {
			/* What is before and in other blocks can still be had. */
			ext_dir_bad(file->inode, logical, at, why);
			break;
		}
		if (at >= from && de->inode && !emit(file, sink, de, base + at + de->rec_len))
			return 1;
		at += de->rec_len;
	}
	file->pos = (loff_t)(base + size);
	return 0;
}

static int list_linear(struct file *file, struct dir_sink *sink)
{
	struct inode *dir = file->inode;
	struct ext_fs *fs = ext_fs_of(dir);
	const u32 bits = fs->geo.block_bits, size = fs->geo.block_size;

	while (file->pos < dir->size) {
		u64 logical = (u64)file->pos >> bits;
		struct bblock b;
		int err;

		if (logical % EXT_DIR_AHEAD == 0)
			ext_dir_read_ahead(dir, logical);
		err = ext_dir_block(dir, logical, &b);
		if (err == -ABI_ENODATA) {
			file->pos = (loff_t)((logical + 1) << bits);
			continue;
		}
		if (err)
			return err;
		err = list_block(file, sink, logical, b.data, size, logical << bits,
				 (u32)file->pos & (size - 1));
		bcache_put(&b);
		if (err)
			break;
		sched_point();
	}
	return 0;
}

static int list_inline(struct file *file, struct dir_sink *sink)
{
	void *block;
	u32 size;
	int err = ext_dir_inline_block(file->inode, &block, &size);

	if (err)
		return err;
	if (file->pos < size)
		list_block(file, sink, 0, block, size, 0, (u32)file->pos);
	kfree(block);
	return 0;
}

static bool is_dots(const struct ext_dirent *de)
{
	return de->name[0] == '.' &&
	       (de->name_len == 1 || (de->name_len == 2 && de->name[1] == '.'));
}

static int listing_add(struct listing *l, const struct ext_dirent *de,
		       const struct ext_name_hash *hash)
{
	if (l->n == l->room) {
		u32 room = l->room ? 2 * l->room : 128;
		struct listed *e = krealloc(l->e, room * sizeof(*e), MM_WAIT | MM_NOFS);

		if (!e)
			return -ENOMEM;
		l->e = e;
		l->room = room;
	}
	l->e[l->n++] = (struct listed){ (u64)hash->major << 32 | hash->minor, de };
	return 0;
}

/* Adds the entries of a block but "." and "..", and keeps the block. */
static int listing_gather(struct listing *l, u64 logical)
{
	const struct ext_fs *fs = ext_fs_of(l->dir);
	struct bblock *b = &l->block[l->n_blocks];
	int err = ext_dir_block(l->dir, logical, b);

	if (err)
		return err == -ABI_ENODATA ? 0 : err;
	l->n_blocks++;
	for (u32 at = 0; at < b->size && !err;) {
		const struct ext_dirent *de = (const void *)((const u8 *)b->data + at);
		const char *why = ext_check_dirent(&fs->geo, b->data, at, b->size);
		struct ext_name_hash hash;

		if (why) {
			ext_dir_bad(l->dir, logical, at, why);
			break;
		}
		if (de->inode && !is_dots(de)) {
			err = ext_dir_hash(fs, l->version, de->name, de->name_len, &hash);
			if (!err)
				err = listing_add(l, de, &hash);
		}
		at += de->rec_len;
	}
	return err;
}

static void listing_drop(struct listing *l)
{
	while (l->n_blocks)
		bcache_put(&l->block[--l->n_blocks]);
	l->n = 0;
}

static inline bool listed_less(const struct listed *a, const struct listed *b)
{
	return a->key != b->key ? a->key < b->key : a->de < b->de;
}

/*
 * Shell's sort: a few hundred entries at most, and a call for each comparison would cost more
 * than the rest.
 */
static void sort_listed(struct listed *e, u32 n)
{
	static const u16 gaps[] = { 701, 301, 132, 57, 23, 10, 4, 1 };

	for (size_t g = 0; g < ARRAY_SIZE(gaps); g++) {
		u32 gap = gaps[g];

		for (u32 i = gap; i < n; i++) {
			struct listed one = e[i];
			u32 k = i;

			for (; k >= gap && listed_less(&one, &e[k - gap]); k -= gap)
				e[k] = e[k - gap];
			e[k] = one;
		}
	}
}

static u64 key_of_major(u32 major)
{
	return FIRST_KEY + ((u64)(major >> 1) << 32);
}

/* Puts the entries in order and numbers them: the keys become positions. */
static void listing_sort(struct listing *l)
{
	u64 before = ~0ull, tie = 0;

	sort_listed(l->e, l->n);
	for (u32 i = 0; i < l->n; i++) {
		u64 key = key_of_major((u32)(l->e[i].key >> 32)) + (l->e[i].key & 0xffff0000ull);

		tie = key == before ? min(tie + 1, KEY_TIE) : 0;
		before = key;
		l->e[i].key = key + tie;
	}
}

/* Emits what stands at or after the file's position: 1 if the sink is full. */
static int listing_emit(struct listing *l, struct file *file, struct dir_sink *sink)
{
	listing_sort(l);
	for (u32 i = 0; i < l->n; i++)
		if (l->e[i].key >= (u64)file->pos && !emit(file, sink, l->e[i].de, l->e[i].key + 1))
			return 1;
	return 0;
}

/*
 * The leaf of the path and those that go on with its last hash: 1 with the path at the next group
 * and *start its hash, 0 at the end, or an error.
 */
static int gather_group(struct listing *l, struct ext_dx_path *path, u32 *start, u64 *visits)
{
	u64 limit = ext_dir_blocks(l->dir);
	int err, more = 1;

	while (more == 1) {
		if (++*visits > limit)
			return ext_dir_bad(l->dir, 0, 0, "index names a leaf twice");
		err = listing_gather(l, ext_dx_leaf(path));
		if (err)
			return err;
		more = ext_dx_next(l->dir, path, start);
		if (more == 1 && (!(*start & 1) || l->n_blocks == CHAIN_MAX))
			return 1;
	}
	return more;
}

static int list_tree(struct listing *l, struct file *file, struct dir_sink *sink,
		     struct ext_dx_path *path)
{
	u64 visits = 0;
	u32 start;
	int more, err;

	do {
		more = gather_group(l, path, &start, &visits);
		if (more < 0)
			return more;
		err = listing_emit(l, file, sink);
		listing_drop(l);
		if (err)
			return 0;
		file->pos = more ? (loff_t)max((u64)file->pos, key_of_major(start)) : EXT_DIR_END;
		sched_point();
	} while (more);
	return 0;
}

/* "." and "..": 1 if the sink is full. */
static int list_dots(struct file *file, struct dir_sink *sink)
{
	struct ext_dir_slot slot;
	int err = 0;

	if (file->pos == 0) {
		if (!sink->emit(sink, ".", 1, file->inode->ino, DT_DIR, 1))
			return 1;
		file->pos = 1;
	}
	if (file->pos == 1) {
		err = ext_dir_dotdot(file->inode, &slot);
		if (err)
			return err;
		if (sink->emit(sink, "..", 2, slot.de->inode, DT_DIR, FIRST_KEY))
			file->pos = FIRST_KEY;
		else
			err = 1;
		bcache_put(&slot.b);
	}
	return err;
}

static int list_hashed(struct file *file, struct dir_sink *sink)
{
	struct inode *dir = file->inode;
	struct listing l = { .dir = dir, .version = EXT_HASH_DEFAULT };
	struct ext_dx_path path = { .depth = 0 };
	bool tree = ext_dir_indexed(dir);
	int err;

	if (tree) {
		u64 pos = max((u64)file->pos, FIRST_KEY);
		struct ext_name_hash hash = { .major = (u32)((pos - FIRST_KEY) >> 32) << 1 };

		err = ext_dx_open(dir, NULL, 0, &hash, &path);
		if (err == -ABI_EUCLEAN && file->pos < dir->size)
			return list_linear(file, sink);
		if (err)
			return err == -ABI_EUCLEAN ? -EIO : err;
		l.version = path.version;
	}
	err = list_dots(file, sink);
	if (err)
		goto out;
	if (tree) {
		err = list_tree(&l, file, sink, &path);
	} else {
		err = listing_gather(&l, 0);
		if (!err && !listing_emit(&l, file, sink))
			file->pos = EXT_DIR_END;
	}
out:
	listing_drop(&l);
	ext_dx_close(&path);
	kfree(l.e);
	return err == 1 ? 0 : err == -ABI_EUCLEAN ? -EIO : err;
}

int ext_readdir(struct file *file, struct dir_sink *sink)
{
	struct inode *dir = file->inode;

	if (file->pos < 0)
		return -EINVAL;
	if (ext_is_inline(dir))
		return list_inline(file, sink);
	if (ext_fs_of(dir)->geo.compat & EXT_COMPAT_DIR_INDEX &&
	    (ext_dir_indexed(dir) || ext_dir_blocks(dir) == 1))
		return file->pos == EXT_DIR_END ? 0 : list_hashed(file, sink);
	return list_linear(file, sink);
}
