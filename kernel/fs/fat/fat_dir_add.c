/*
 * fs/fat/fat_dir_add.c - entering and removing names.
 *
 * One pass over the directory finds the first free stretch that is long enough for the slots and
 * their entry, and which numeric tails of the alias are taken. A directory grows by clusters of
 * zeroes; the root of FAT12 and FAT16 cannot. What stands behind the entry that ends the directory
 * is free whatever it says, so an end is put behind what is entered there.
 */
#include "fs/fat/fat_int.h"

#include "core/random.h"
#include "lib/string.h"

#define TAILS		9u	/* ~1 … ~9, then hexadecimal digits */
#define SALT_TRIES	64u

struct survey {
	u32 wanted;		/* entries in a row */
	u32 at, n;		/* the free stretch */
	bool plain;		/* the alias without a tail is taken */
	u32 tails;		/* bit i: with ~i */
	u32 end;		/* where an end was met, ~0: nowhere */
};

/* The name with its slots, ready to be written. */
struct naming {
	struct fat_key key;
	struct fat_alias alias;
	u8 lcase;
	u32 n_slots;		/* 0: the short entry alone */
};

static void survey_alias(struct survey *v, const struct fat_alias *alias, const u8 *name)
{
	struct fat_alias tailed;

	v->plain = v->plain || memcmp(name, alias->name, sizeof(alias->name)) == 0;
	if (memcmp(name + 8, alias->name + 8, 3) != 0 || name[alias->base] != '~')
		return;
	for (u32 i = 1; i <= TAILS; i++) {
		tailed = *alias;
		fat_alias_tail(&tailed, i, 0);
		if (memcmp(name, tailed.name, sizeof(tailed.name)) == 0)
			v->tails |= 1u << i;
	}
}

static void survey_free(struct survey *v, u32 pos, u32 n)
{
	if (v->n >= v->wanted)
		return;
	if (v->n == 0 || v->at + v->n * FAT_ENTRY_SIZE != pos) {
		v->at = pos;
		v->n = 0;
	}
	v->n += n;
}

static int survey_dir(struct inode *dir, const struct fat_alias *alias, u64 except,
		      struct survey *v)
{
	struct fat_iter it = fat_iter(dir);
	u32 size = (u32)dir->size;
	int err = 0;

	for (u32 pos = 0; pos < size; pos += FAT_ENTRY_SIZE) {
		struct fat_dirent *de;

		err = fat_iter_get(&it, pos, &de);
		if (err)
			break;
		if (de->name[0] == 0) {
			survey_free(v, pos, (size - pos) / FAT_ENTRY_SIZE);
			v->end = pos;
			break;
		}
		if (de->name[0] == FAT_NAME_FREE)
			survey_free(v, pos, 1);
		else if ((de->attr & FAT_ATTR_LONG_MASK) != FAT_ATTR_LONG &&
			 !(de->attr & FAT_ATTR_VOLUME) &&
			 (!except || fat_iter_position(&it, de) != except))
			survey_alias(v, alias, de->name);
		if (pos % 65536 == 0)
			sched_point();
	}
	fat_iter_put(&it);
	/* Only a stretch at the directory's end can be made longer. */
	if (!err && v->n < v->wanted && (!v->n || v->at + v->n * FAT_ENTRY_SIZE != size)) {
		v->at = size;
		v->n = 0;
	}
	return err;
}

/* Whether an entry has that short name: 1, 0 or an error. */
static int alias_taken(struct inode *dir, const u8 *name)
{
	struct fat_scan s;
	int err;

	fat_scan_begin(&s, dir, 0);
	while ((err = fat_scan_next(&s)) == 1)
		if (memcmp(s.entry.de.name, name, 11) == 0)
			break;
	fat_scan_end(&s);
	return err;
}

/* Gives the alias a tail that nobody has: 0 or an error. */
static int alias_settle(struct inode *dir, struct naming *name, const struct survey *v)
{
	struct fat_alias plain = name->alias;
	bool tail = !name->alias.fits && !fat_fs_of(dir)->opt.no_tail;
	int err;

	if (!v->plain && !tail)
		return 0;
	for (u32 i = 1; i <= TAILS; i++) {
		if (v->tails & 1u << i)
			continue;
		fat_alias_tail(&name->alias, i, 0);
		return 0;
	}
	for (u32 i = 0; i < SALT_TRIES; i++) {
		u64 random = random_u64();

		name->alias = plain;
		fat_alias_tail(&name->alias, 10 + (random >> 16) % TAILS, (u16)random);
		err = alias_taken(dir, name->alias.name);
		if (err <= 0)
			return err;
	}
	return -ENOSPC;
}

static int naming_make(const struct fat_fs *fs, const struct name *text, struct naming *name)
{
	int err = fat_key_make(fs, text, &name->key);

	name->lcase = 0;
	name->n_slots = 0;
	if (err)
		return err;
	if (!fs->opt.vfat) {
		name->alias = (struct fat_alias){ .fits = true, .base = 6 };
		memcpy(name->alias.name, name->key.name, sizeof(name->alias.name));
		return 0;
	}
	err = fat_name_check(name->key.text, name->key.n);
	if (!err)
		err = fat_alias_make(fs->opt.names.codepage, name->key.text, name->key.n,
				     &name->alias);
	if (!err && !fat_alias_alone(&name->alias, fs->opt.names.shortname, &name->lcase))
		name->n_slots = fat_long_slots(name->key.n);
	return err;
}

/* One more cluster of zeroes at the end of the directory. */
static int dir_grow(struct inode *dir)
{
	struct fat_fs *fs = fat_fs_of(dir);
	const struct fat_geo *geo = &fs->geo;
	u32 n = (u32)(dir->size >> geo->cluster_bits);
	struct fat_run run;
	int err;

	if (fat_is_fixed_root(dir) || (u64)dir->size + geo->cluster_size > FAT_DIR_MAX)
		return -ENOSPC;
	err = fat_map_extend(dir, n + 1);
	if (!err)
		err = fat_map(dir, n, 1, &run);
	for (u32 i = 0; !err && i < geo->cluster_size >> geo->sector_bits; i++) {
		struct bblock b;

		err = bcache_get_new(fs->dev, fat_cluster_sector(geo, run.cluster) + i,
				     geo->sector_size, &b);
		if (err)
			break;
		bcache_dirty(fs->dev, &b);
		bcache_put(&b);
	}
	if (err)
		(void)fat_map_truncate(dir, n);
	else
		dir->size += geo->cluster_size;
	return err;
}

/* Ends the directory at `pos`, if it goes on there. */
static int put_end(struct fat_iter *it, u32 pos)
{
	struct fat_dirent *de;
	int err;

	if (pos >= (u64)it->dir->size)
		return 0;
	err = fat_iter_get(it, pos, &de);
	if (!err && de->name[0]) {
		de->name[0] = 0;
		bcache_dirty(it->dir->sb->dev, &it->b);
	}
	return err;
}

/* Writes the slots, then the entry: what fails half way has no entry. */
static int slots_write(struct inode *dir, const struct naming *name, const struct survey *v,
		       struct fat_entry *e)
{
	struct fat_iter it = fat_iter(dir);
	u8 sum = fat_short_checksum(e->de.name);
	struct fat_dirent *de;
	int err = 0;

	if (v->at + v->wanted * FAT_ENTRY_SIZE > v->end)
		err = put_end(&it, v->at + v->wanted * FAT_ENTRY_SIZE);
	for (u32 i = 0; !err && i < v->wanted; i++) {
		err = fat_iter_get(&it, v->at + i * FAT_ENTRY_SIZE, &de);
		if (err)
			break;
		if (i < name->n_slots)
			fat_long_slot(name->key.text, name->key.n, name->n_slots - i, sum,
				      (struct fat_slot *)de);
		else
			*de = e->de;
		bcache_dirty(dir->sb->dev, &it.b);
		e->position = fat_iter_position(&it, de);
	}
	fat_iter_put(&it);
	e->first = v->at;
	e->last = v->at + name->n_slots * FAT_ENTRY_SIZE;
	e->n_long = name->n_slots ? name->key.n : 0;
	return err;
}

int fat_dir_add(struct inode *dir, const struct name *text, struct fat_dirent *de, u64 except,
		struct fat_entry *out)
{
	struct fat_fs *fs = fat_fs_of(dir);
	struct naming name;
	struct survey v = { .end = ~0u };
	int err = naming_make(fs, text, &name);

	if (err)
		return err;
	v.wanted = name.n_slots + 1;
	err = survey_dir(dir, &name.alias, except, &v);
	if (!err)
		err = alias_settle(dir, &name, &v);
	/* A tail says something that the name does not: then it needs its slots. */
	if (!err && name.n_slots == 0 && v.plain)
		err = -EEXIST;
	while (!err && v.at + v.wanted * FAT_ENTRY_SIZE > (u64)dir->size)
		err = dir_grow(dir);
	if (err)
		return err;
	out->de = *de;
	memcpy(out->de.name, name.alias.name, sizeof(out->de.name));
	out->de.lcase = name.lcase;
	if (!fs->opt.vfat && fs->opt.dots)
		out->de.attr = (u8)(text->text[0] == '.' ? de->attr | FAT_ATTR_HIDDEN :
							   de->attr & ~FAT_ATTR_HIDDEN);
	return slots_write(dir, &name, &v, out);
}

int fat_dir_remove_begin(struct inode *dir, const struct fat_entry *e, struct fat_iter *it)
{
	struct fat_dirent *de;

	*it = fat_iter(dir);
	return fat_iter_get(it, e->last, &de);
}

void fat_dir_remove_end(struct fat_iter *it, const struct fat_entry *e)
{
	struct fat_dirent *de;

	/* The entry, which is at hand, first: what fails then leaves slots of nothing. */
	for (u32 pos = e->last; pos + FAT_ENTRY_SIZE > e->first; pos -= FAT_ENTRY_SIZE) {
		if (fat_iter_get(it, pos, &de))
			break;
		de->name[0] = FAT_NAME_FREE;
		bcache_dirty(it->dir->sb->dev, &it->b);
		if (pos == 0)
			break;
	}
}

int fat_dir_remove(struct inode *dir, const struct fat_entry *e)
{
	struct fat_iter it;
	int err = fat_dir_remove_begin(dir, e, &it);

	if (!err)
		fat_dir_remove_end(&it, e);
	fat_iter_put(&it);
	return err;
}

int fat_dir_make(struct inode *parent, const struct fat_dirent *like, u32 *cluster)
{
	struct fat_fs *fs = fat_fs_of(parent);
	const struct fat_geo *geo = &fs->geo;
	u32 got, up = fat_dotdot_start(parent);
	int err = fat_clusters_alloc(fs, 0, 1, cluster, &got);

	if (err)
		return err;
	for (u32 i = 0; !err && i < geo->cluster_size >> geo->sector_bits; i++) {
		struct fat_dirent *de;
		struct bblock b;

		err = bcache_get_new(fs->dev, fat_cluster_sector(geo, *cluster) + i,
				     geo->sector_size, &b);
		if (err)
			break;
		de = b.data;
		if (i == 0) {
			de[0] = de[1] = *like;
			memcpy(de[0].name, ".          ", 11);
			memcpy(de[1].name, "..         ", 11);
			de[0].start = (u16)*cluster;
			de[0].start_hi = geo->width == 32 ? (u16)(*cluster >> 16) : 0;
			de[1].start = (u16)up;
			de[1].start_hi = geo->width == 32 ? (u16)(up >> 16) : 0;
		}
		bcache_dirty(fs->dev, &b);
		bcache_put(&b);
	}
	if (err)
		(void)fat_clusters_free(fs, *cluster, true);
	return err;
}

int fat_dir_parent_begin(struct inode *dir, struct fat_iter *it)
{
	struct fat_dirent *de;
	int err;

	*it = fat_iter(dir);
	err = fat_iter_get(it, FAT_ENTRY_SIZE, &de);
	if (!err && (!fat_short_is_dots(de->name) || de->name[1] != '.'))
		err = fat_error(fat_fs_of(dir), "the directory at cluster %u has no \"..\"",
				fat_i(dir)->start);
	return err;
}

void fat_dir_parent_set(struct fat_iter *it, const struct inode *parent)
{
	struct fat_fs *fs = fat_fs_of(parent);
	u32 up = fat_dotdot_start(parent);
	struct fat_dirent *de;

	if (fat_iter_get(it, FAT_ENTRY_SIZE, &de)) /* it is at hand */
		return;
	de->start = (u16)up;
	de->start_hi = fs->geo.width == 32 ? (u16)(up >> 16) : 0;
	bcache_dirty(fs->dev, &it->b);
}
