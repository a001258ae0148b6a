/*
 * fs/fat/fat_dir.c - walking through directories, and finding names.
 *
 * A directory is read entry by entry; the slots of a long name are gathered until the short entry
 * comes, and count only if they belong to it. An entry whose first byte is 0 ends the directory,
 * whatever stands behind. Every entry is copied before it is judged: the device may be written to
 * under our eyes.
 */
#include "fs/fat/fat_int.h"

#include "lib/string.h"

/* The sector of the device that holds byte `pos`: 0 or an error. */
static int iter_sector(struct fat_iter *it, u32 pos, u64 *sector)
{
	const struct fat_geo *geo = &fat_fs_of(it->dir)->geo;
	u32 logical = pos >> geo->cluster_bits, shift = geo->cluster_bits - geo->sector_bits;
	int err;

	if (fat_is_fixed_root(it->dir)) {
		*sector = geo->root_start + (pos >> geo->sector_bits);
		return 0;
	}
	if (logical - it->run.logical >= it->run.count) {
		err = fat_map(it->dir, logical, 64, &it->run);
		if (err) {
			it->run.count = 0;
			return err;
		}
		bcache_read_ahead(fat_fs_of(it->dir)->dev,
				  fat_cluster_sector(geo, it->run.cluster), geo->sector_size,
				  min(it->run.count << shift, 64u));
	}
	*sector = fat_cluster_sector(geo, it->run.cluster + (logical - it->run.logical)) +
		  ((pos & (geo->cluster_size - 1)) >> geo->sector_bits);
	return 0;
}

int fat_iter_get(struct fat_iter *it, u32 pos, struct fat_dirent **de)
{
	struct fat_fs *fs = fat_fs_of(it->dir);
	u32 within = pos & (fs->geo.sector_size - 1);
	int err;

	if (!it->held || it->base != pos - within) {
		fat_iter_put(it);
		err = iter_sector(it, pos, &it->sector);
		if (!err)
			err = bcache_get(fs->dev, it->sector, fs->geo.sector_size, &it->b);
		if (err)
			return err == -ABI_ENXIO ? -EIO : err;
		it->held = true;
		it->base = pos - within;
	}
	*de = (struct fat_dirent *)((u8 *)it->b.data + within);
	return 0;
}

void fat_iter_put(struct fat_iter *it)
{
	if (it->held)
		bcache_put(&it->b);
	it->held = false;
}

u64 fat_iter_position(const struct fat_iter *it, const struct fat_dirent *de)
{
	const struct fat_geo *geo = &fat_fs_of(it->dir)->geo;

	return (it->sector << (geo->sector_bits - FAT_ENTRY_BITS)) +
	       (u64)(de - (const struct fat_dirent *)it->b.data);
}

/* An entry of a file or directory: complete with its long name, if that is its own. */
static void scan_take(struct fat_scan *s, const struct fat_dirent *de, u32 pos)
{
	struct fat_entry *e = &s->entry;

	e->de = *de;
	e->last = pos;
	e->first = pos;
	e->position = fat_iter_position(&s->it, de);
	e->n_long = fat_long_end(&s->lfn, e->de.name);
	if (e->n_long)
		e->first = s->lfn.at;
}

int fat_scan_next(struct fat_scan *s)
{
	bool vfat = fat_fs_of(s->it.dir)->opt.vfat;

	while (s->pos < (u64)s->it.dir->size) {
		u32 pos = s->pos;
		struct fat_dirent *de;
		int err = fat_iter_get(&s->it, pos, &de);

		if (err)
			return err;
		if (de->name[0] == 0)
			return 0;
		s->pos += FAT_ENTRY_SIZE;
		if (de->name[0] == FAT_NAME_FREE) {
			s->lfn.open = false;
		} else if ((de->attr & FAT_ATTR_LONG_MASK) == FAT_ATTR_LONG) {
			if (vfat)
				fat_long_feed(&s->lfn, (const struct fat_slot *)de, pos);
		} else if (de->attr & FAT_ATTR_VOLUME || fat_short_is_dots(de->name)) {
			s->lfn.open = false;
		} else {
			scan_take(s, de, pos);
			return 1;
		}
		if (pos % 65536 == 0)
			sched_point();
	}
	return 0;
}

int fat_key_make(const struct fat_fs *fs, const struct name *name, struct fat_key *key)
{
	u32 length;
	int n;

	if (!fs->opt.vfat)
		return fat_msdos_encode(name->text, name->length, fs->opt.check, fs->opt.dots,
					key->name);
	length = fat_text_strip(name->text, name->length);
	if (length == 0)
		return -ENOENT;
	n = fat_text_decode(fs->opt.names.charset, name->text, length, key->text);
	key->n = n < 0 ? 0 : (u32)n;
	return n < 0 ? n : 0;
}

static bool entry_matches(const struct fat_fs *fs, const struct fat_scan *s,
			  const struct fat_key *key)
{
	u16 text[FAT_SHORT_CHARS + 1];
	u32 n;

	if (!fs->opt.vfat)
		return memcmp(s->entry.de.name, key->name, sizeof(key->name)) == 0;
	if (s->entry.n_long == key->n &&
	    fat_name_equal(&fs->opt.names, s->lfn.text, key->n, key->text, key->n))
		return true;
	if (key->n > FAT_SHORT_CHARS)
		return false;
	n = fat_short_decode(&fs->opt.names, &s->entry.de, text);
	return n && fat_name_equal(&fs->opt.names, text, n, key->text, key->n);
}

int fat_dir_find(struct inode *dir, const struct fat_key *key, struct fat_entry *out)
{
	const struct fat_fs *fs = fat_fs_of(dir);
	struct fat_scan s;
	int err;

	fat_scan_begin(&s, dir, 0);
	while ((err = fat_scan_next(&s)) == 1)
		if (entry_matches(fs, &s, key))
			break;
	fat_scan_end(&s);
	if (err != 1)
		return err ? err : -ENOENT;
	*out = s.entry;
	return 0;
}

int fat_dir_find_inode(struct inode *dir, const struct name *name, const struct inode *inode,
		       struct fat_entry *out)
{
	struct fat_fs *fs = fat_fs_of(dir);
	struct fat_key key;
	int err = fat_key_make(fs, name, &key);

	if (!err)
		err = fat_dir_find(dir, &key, out);
	if (!err && out->position != fat_i(inode)->position)
		err = fat_error(fs, "an entry of the directory at cluster %u is not what it was",
				fat_i(dir)->start);
	return err;
}

int fat_dir_check_empty(struct inode *dir)
{
	struct fat_scan s;
	int err;

	fat_scan_begin(&s, dir, 0);
	err = fat_scan_next(&s);
	fat_scan_end(&s);
	return err == 1 ? -ENOTEMPTY : err;
}

int fat_dir_count_subdirs(struct inode *dir, u32 *n)
{
	struct fat_scan s;
	int err;

	*n = 0;
	fat_scan_begin(&s, dir, 0);
	while ((err = fat_scan_next(&s)) == 1)
		*n += !!(s.entry.de.attr & FAT_ATTR_DIR);
	fat_scan_end(&s);
	return err;
}
