/*
 * fs/ext/ext_dir_split.c - the hash tree of an indexed directory, growing.
 *
 * A name goes into the leaf of its hash. A full leaf is split: the upper half of its entries, by
 * hash, moves to a new block, whose hash and number go into the node above. So that there is room,
 * full nodes are split first, from the lowest that has one with room above it, and a full root
 * moves down a level; each such step is complete by itself, and the search starts anew after it.
 * In every step the new block is taken first, and nothing can fail after it. Names that move are
 * stable in their new block before they go from the old one (ext_order_settle()).
 *
 * The linear beginning: when the only block of a directory is full, it becomes the root, and its
 * entries the first leaf.
 */
#include "fs/ext/ext_dir.h"
#include "fs/ext/ext_ordered.h"

#include "lib/bitmap.h"
#include "lib/sort.h"
#include "lib/string.h"
#include "mm/slab.h"

struct leaf_entry {
	u32 hash;
	u16 offset;
	u16 size;	/* of the entry without slack */
};

struct leaf_map {
	struct leaf_entry *e;
	u32 n;
};

static int leaf_compare(const void *a, const void *b)
{
	const struct leaf_entry *x = a, *y = b;

	if (x->hash != y->hash)
		return x->hash < y->hash ? -1 : 1;
	return (int)x->offset - y->offset;
}

/* What is in a leaf, by hash. */
static int leaf_map_make(struct inode *dir, u8 version, u64 logical, const struct bblock *b,
			 struct leaf_map *map)
{
	const struct ext_fs *fs = ext_fs_of(dir);

	map->n = 0;
	map->e = kmalloc_array(b->size / EXT_DIRENT_LEN(1), sizeof(*map->e), MM_WAIT | MM_NOFS);
	if (!map->e)
		return -ENOMEM;
	for (u32 at = 0; at < ext_leaf_size(&fs->geo);) {
		const struct ext_dirent *de = (const void *)((const u8 *)b->data + at);
		const char *why = ext_check_dirent(&fs->geo, b->data, at, ext_leaf_size(&fs->geo));
		struct ext_name_hash hash;
		int err = why ? ext_dir_bad(dir, logical, at, why) : 0;

		if (!err && de->inode)
			err = ext_dir_hash(fs, version, de->name, de->name_len, &hash);
		if (err) {
			kfree(map->e);
			return err;
		}
		if (de->inode)
			map->e[map->n++] = (struct leaf_entry){ hash.major, (u16)at,
								(u16)EXT_DIRENT_LEN(de->name_len) };
		at += de->rec_len;
	}
	sort(map->e, map->n, sizeof(*map->e), leaf_compare);
	return 0;
}

/* How many entries from the first stay, so that about half of the block moves. */
static u32 leaf_split_at(const struct leaf_map *map, u32 size)
{
	u32 moved = 0, i = map->n;

	while (i > 1 && moved + map->e[i - 1].size / 2 <= size / 2)
		moved += map->e[--i].size;
	return i;
}

/* Copies entries [first, n) to the new block, tightly; the last takes the slack. */
static void leaf_copy(const struct leaf_map *map, u32 first, u32 size, const struct bblock *from,
		      struct bblock *to)
{
	u32 at = 0;

	for (u32 i = first; i < map->n; i++) {
		struct ext_dirent *de = (void *)((u8 *)to->data + at);

		memcpy(de, (const u8 *)from->data + map->e[i].offset, map->e[i].size);
		de->rec_len = i + 1 < map->n ? map->e[i].size : (u16)(size - at);
		at += map->e[i].size;
	}
}

/* Closes the gaps that entries [first, n) leave in their old block. */
static void leaf_compact(const struct leaf_map *map, u32 first, u32 leaf_size, struct bblock *b)
{
	DECLARE_BITMAP(gone, EXT_MAX_BLOCK_SIZE / 4);
	struct ext_dirent *last = NULL;
	u32 to = 0;

	bitmap_zero(gone, EXT_MAX_BLOCK_SIZE / 4);
	for (u32 i = first; i < map->n; i++)
		bitmap_set(gone, map->e[i].offset / 4);
	for (u32 at = 0; at < leaf_size;) {
		struct ext_dirent *de = (void *)((u8 *)b->data + at);
		u32 rec = de->rec_len, size = EXT_DIRENT_LEN(de->name_len);

		if (de->inode && !bitmap_test(gone, at / 4)) {
			last = (void *)((u8 *)b->data + to);
			memmove(last, de, size);
			last->rec_len = (u16)size;
			to += size;
		}
		at += rec;
	}
	last->rec_len = (u16)(last->rec_len + leaf_size - to);
}

/* A new entry behind the one where the path goes; the node has room. */
static void dx_insert(struct inode *dir, struct ext_dx_frame *f, u32 hash, u32 block)
{
	struct ext_dx_countlimit *c = ext_dx_count(f);
	struct ext_dx_entry *e = f->entries + f->at + 1;

	memmove(e + 1, e, (c->count - f->at - 1) * sizeof(*e));
	e->hash = hash;
	e->block = block;
	c->count++;
	ext_dir_dirty(dir, f->logical, &f->b);
}

/*
 * Splits the leaf in `b`, for which the node above has room, and swaps `b` for the half in which
 * `major` belongs; *leaf is its number.
 */
static int leaf_split(struct inode *dir, struct ext_dx_path *path, struct bblock *b, u64 *leaf,
		      u32 major, bool reserve)
{
	struct ext_fs *fs = ext_fs_of(dir);
	const u32 size = ext_leaf_size(&fs->geo);
	struct leaf_map map;
	struct bblock fresh;
	u32 split, hash;
	u64 logical;
	int err = leaf_map_make(dir, path->version, *leaf, b, &map);

	if (err)
		return err;
	split = leaf_split_at(&map, size);
	if (split >= map.n) {
		err = ext_dir_bad(dir, *leaf, 0, "full without entries");
		goto out;
	}
	err = ext_dir_append(dir, reserve, &fresh, &logical);
	if (err)
		goto out;
	hash = map.e[split].hash;
	leaf_copy(&map, split, size, b, &fresh);
	ext_dir_dirty(dir, logical, &fresh);
	ext_order_settle(dir);
	leaf_compact(&map, split, size, b);
	dx_insert(dir, &path->frame[path->depth - 1], hash | (hash == map.e[split - 1].hash),
		  (u32)logical);
	ext_dir_dirty(dir, *leaf, b);
	if (major >= hash) {
		swap(*b, fresh);
		*leaf = logical;
	}
	bcache_put(&fresh);
out:
	kfree(map.e);
	return err;
}

/* Entries in a node that begin at byte `from`; a checksum's tail may be behind them. */
static u16 node_limit(const struct ext_geo *geo, u32 from)
{
	u32 room = geo->block_size - from;

	if (geo->metadata_csum)
		room -= (u32)sizeof(struct ext_dx_tail);
	return (u16)(room / sizeof(struct ext_dx_entry));
}

static void node_init(const struct ext_geo *geo, struct bblock *b, u32 count)
{
	struct ext_dirent *fake = b->data;
	struct ext_dx_countlimit *c = (void *)((u8 *)b->data + EXT_DX_NODE_OFFSET);

	fake->inode = 0;
	fake->rec_len = (u16)b->size;
	fake->name_len = 0;
	fake->type = 0;
	c->limit = node_limit(geo, EXT_DX_NODE_OFFSET);
	c->count = (u16)count;
}

/* Copies n entries into a new node; the first one's hash gives way to limit and count. */
static void node_fill(const struct ext_geo *geo, struct bblock *b, const struct ext_dx_entry *from,
		      u32 n)
{
	struct ext_dx_entry *to = (void *)((u8 *)b->data + EXT_DX_NODE_OFFSET);

	memcpy(to, from, n * sizeof(*to));
	node_init(geo, b, n);
}

/* The root's entries move into a new node below it. */
static int root_push_down(struct inode *dir, struct ext_dx_path *path, bool reserve)
{
	struct ext_dx_frame *root = &path->frame[0];
	struct ext_dx_root_info *info = (void *)((u8 *)root->b.data + EXT_DX_INFO_OFFSET);
	struct ext_dx_countlimit *c = ext_dx_count(root);
	struct bblock b;
	u64 logical;
	int err = ext_dir_append(dir, reserve, &b, &logical);

	if (err)
		return err;
	node_fill(&ext_fs_of(dir)->geo, &b, root->entries, c->count);
	c->count = 1;
	root->entries[0].block = (u32)logical;
	info->indirect_levels++;
	ext_dir_dirty(dir, 0, &root->b);
	ext_dir_dirty(dir, logical, &b);
	bcache_put(&b);
	return 0;
}

/* The upper half of a node's entries moves into a new node beside it; the one above has room. */
static int node_split(struct inode *dir, struct ext_dx_path *path, unsigned level, bool reserve)
{
	struct ext_dx_frame *f = &path->frame[level];
	struct ext_dx_countlimit *c = ext_dx_count(f);
	u32 keep = c->count / 2, hash = f->entries[keep].hash;
	struct bblock b;
	u64 logical;
	int err = ext_dir_append(dir, reserve, &b, &logical);

	if (err)
		return err;
	node_fill(&ext_fs_of(dir)->geo, &b, f->entries + keep, c->count - keep);
	c->count = (u16)keep;
	dx_insert(dir, &path->frame[level - 1], hash, (u32)logical);
	ext_dir_dirty(dir, f->logical, &f->b);
	ext_dir_dirty(dir, logical, &b);
	bcache_put(&b);
	return 0;
}

/*
 * Makes room in the node above the leaf by one step: 0 there is room, 1 something changed: search
 * again, or an error.
 */
static int dx_make_room(struct inode *dir, struct ext_dx_path *path, bool reserve)
{
	unsigned most = ext_fs_of(dir)->geo.incompat & EXT_INCOMPAT_LARGEDIR ? 3 : 2;
	unsigned level = path->depth;
	int err;

	while (level > 0) {
		const struct ext_dx_countlimit *c = ext_dx_count(&path->frame[level - 1]);

		if (c->count < c->limit)
			break;
		level--;
	}
	if (level == path->depth)
		return 0;
	if (level > 0)
		err = node_split(dir, path, level, reserve);
	else if (path->levels < most)
		err = root_push_down(dir, path, reserve);
	else
		err = -ENOSPC;
	return err ? err : 1;
}

int ext_dx_add(struct inode *dir, const char *name, u32 length, u32 ino, u8 type, bool reserve)
{
	struct ext_name_hash hash;
	struct ext_dx_path path;
	struct bblock b;
	u64 leaf;
	int err;

	for (unsigned steps = 0; steps <= 2 * EXT_DX_LEVELS; steps++) {
		err = ext_dx_open(dir, name, length, &hash, &path);
		if (err)
			return err;
		leaf = ext_dx_leaf(&path);
		err = ext_dir_block(dir, leaf, &b);
		if (err) {
			ext_dx_close(&path);
			return err == -ABI_ENODATA ? -EUCLEAN : err;
		}
		err = ext_dir_add_to_block(dir, &b, leaf, name, length, ino, type);
		if (err == -ABI_ENOSPC) {
			err = dx_make_room(dir, &path, reserve);
			if (err == 0)
				err = leaf_split(dir, &path, &b, &leaf, hash.major, reserve);
			/* One half may be too small for a long name: then it is split, too. */
			if (err == 0 &&
			    ext_dir_add_to_block(dir, &b, leaf, name, length, ino, type))
				err = 1;
		}
		bcache_put(&b);
		ext_dx_close(&path);
		if (err != 1)
			return err;
	}
	return ext_dir_bad(dir, 0, 0, "index does not make room");
}

/* Whether block 0 begins with a tight "." and "..", behind which the index can stand. */
static bool dots_are_regular(const struct bblock *b, u32 size)
{
	const struct ext_dirent *dot = b->data;
	const struct ext_dirent *dotdot = (const void *)((const u8 *)b->data + 12);

	return dot->inode && dot->rec_len == 12 && dot->name_len == 1 && dot->name[0] == '.' &&
	       dotdot->inode && dotdot->name_len == 2 && dotdot->name[0] == '.' &&
	       dotdot->name[1] == '.' && dotdot->rec_len >= 12 && !(dotdot->rec_len & 3) &&
	       dotdot->rec_len <= size - 12u;
}

/* Moves what follows ".." to the new leaf, its last entry reaching to the end. */
static void leaf_from_root(const struct bblock *root, u32 size, struct bblock *leaf)
{
	const struct ext_dirent *dotdot = (const void *)((const u8 *)root->data + 12);
	u32 from = 12u + dotdot->rec_len, n = size - from, at = 0;
	struct ext_dirent *de = leaf->data;

	memcpy(leaf->data, (const u8 *)root->data + from, n);
	if (n == 0)
		de->rec_len = 0;
	while (n && at + de->rec_len < n) {
		at += de->rec_len;
		de = (void *)((u8 *)leaf->data + at);
	}
	de->rec_len = (u16)(size - at);
}

static void root_init(struct ext_fs *fs, struct bblock *root, u32 leaf)
{
	struct ext_dirent *dotdot = (void *)((u8 *)root->data + 12);
	struct ext_dx_root_info *info = (void *)((u8 *)root->data + EXT_DX_INFO_OFFSET);
	struct ext_dx_entry *e = (void *)((u8 *)root->data + EXT_DX_ROOT_OFFSET);
	struct ext_dx_countlimit *c = (void *)e;

	dotdot->rec_len = (u16)(root->size - 12);
	memset(info, 0, root->size - EXT_DX_INFO_OFFSET);
	info->hash_version = fs->super->def_hash_version;
	info->info_length = sizeof(*info);
	c->limit = node_limit(&fs->geo, EXT_DX_ROOT_OFFSET);
	c->count = 1;
	e->block = leaf;
}

int ext_dx_make(struct inode *dir, bool reserve)
{
	struct ext_fs *fs = ext_fs_of(dir);
	struct ext_name_hash hash;
	struct bblock root, leaf;
	u64 logical;
	u32 size = ext_leaf_size(&fs->geo), at = 0;
	int err = ext_dir_hash(fs, EXT_HASH_DEFAULT, ".", 1, &hash);

	if (err)
		return err; /* a hash that we do not know */
	err = ext_dir_block(dir, 0, &root);
	if (err)
		return err;
	if (!dots_are_regular(&root, size))
		err = -EUCLEAN;
	while (!err && at < size) {
		const char *why = ext_check_dirent(&fs->geo, root.data, at, size);

		if (why)
			err = ext_dir_bad(dir, 0, at, why);
		at += ((struct ext_dirent *)((u8 *)root.data + at))->rec_len;
	}
	if (!err)
		err = ext_dir_append(dir, reserve, &leaf, &logical);
	if (!err) {
		leaf_from_root(&root, size, &leaf);
		ext_dir_dirty(dir, logical, &leaf);
		ext_order_settle(dir);
		root_init(fs, &root, (u32)logical);
		dir->flags |= EXT_FL_INDEX;
		inode_dirty(dir);
		ext_dir_dirty(dir, 0, &root);
		bcache_put(&leaf);
	}
	bcache_put(&root);
	return err;
}
