/*
 * fs/fat/fat_table.c - the file allocation table.
 *
 * A cursor keeps the sector it looked at last, so that going along a chain or a stretch of the
 * table costs one look into the cache per sector. The FAT in use is read; when the cursor leaves a
 * sector that was changed, the whole sector is copied into the other FATs.
 */
#include "fs/fat/fat_int.h"

#include "lib/string.h"

#define AHEAD_SECTORS 64u

static u64 active_sector(const struct fat_fs *fs)
{
	return fs->geo.fat_start + (u64)fs->geo.active * fs->geo.fat_sectors;
}

/* Copies the cursor's sector into the FATs that are not read. */
static void mirror(struct fat_cursor *c)
{
	struct fat_fs *fs = c->fs;
	u64 index = c->sector - active_sector(fs);
	struct bblock copy;

	for (unsigned i = 0; i < fs->geo.n_fats && fs->geo.mirror; i++) {
		u64 sector = fs->geo.fat_start + (u64)i * fs->geo.fat_sectors + index;

		if (i == fs->geo.active)
			continue;
		if (bcache_get_new(fs->dev, sector, fs->geo.sector_size, &copy))
			continue; /* what counts was written */
		memcpy(copy.data, c->b.data, fs->geo.sector_size);
		bcache_dirty(fs->dev, &copy);
		bcache_put(&copy);
	}
}

void fat_cursor_put(struct fat_cursor *c)
{
	if (!c->held)
		return;
	if (c->dirty) {
		bcache_dirty(c->fs->dev, &c->b);
		mirror(c);
	}
	bcache_put(&c->b);
	c->held = c->dirty = false;
}

/* The byte of the FAT at `at`. */
static int table_byte(struct fat_cursor *c, u64 at, u8 **out)
{
	struct fat_fs *fs = c->fs;
	u64 sector = active_sector(fs) + (at >> fs->geo.sector_bits);
	int err;

	if (!c->held || c->sector != sector) {
		fat_cursor_put(c);
		err = bcache_get(fs->dev, sector, fs->geo.sector_size, &c->b);
		if (err)
			return err == -ABI_ENXIO ? -EIO : err;
		c->held = true;
		c->sector = sector;
	}
	*out = (u8 *)c->b.data + (at & (fs->geo.sector_size - 1));
	return 0;
}

/* The bytes of an entry, as many as belong to it: those of FAT12 may lie in two sectors. */
static int raw_get(struct fat_cursor *c, u32 cluster, u32 *raw)
{
	const struct fat_geo *geo = &c->fs->geo;
	u64 at = fat_entry_byte(geo, cluster);
	u16 half;
	u8 *p;
	int err = table_byte(c, at, &p);

	if (err)
		return err;
	if (geo->width == 32) {
		memcpy(raw, p, 4);
	} else if (geo->width == 16) {
		memcpy(&half, p, 2);
		*raw = half;
	} else {
		*raw = *p;
		err = table_byte(c, at + 1, &p);
		if (!err)
			*raw |= (u32)*p << 8;
	}
	return err;
}

static int raw_set(struct fat_cursor *c, u32 cluster, u32 raw)
{
	const struct fat_geo *geo = &c->fs->geo;
	u64 at = fat_entry_byte(geo, cluster);
	u16 half = (u16)raw;
	u8 *p;
	int err = table_byte(c, at, &p);

	if (err)
		return err;
	if (geo->width == 32) {
		memcpy(p, &raw, 4);
	} else if (geo->width == 16) {
		memcpy(p, &half, 2);
	} else {
		*p = (u8)raw;
		c->dirty = true;
		err = table_byte(c, at + 1, &p);
		if (err)
			return err;
		*p = (u8)(raw >> 8);
	}
	c->dirty = true;
	return 0;
}

int fat_table_get(struct fat_cursor *c, u32 cluster, u32 *value)
{
	u32 raw;
	int err = raw_get(c, cluster, &raw);

	if (!err)
		*value = fat_entry_decode(&c->fs->geo, cluster, raw);
	return err;
}

int fat_table_set(struct fat_cursor *c, u32 cluster, u32 value)
{
	u32 raw;
	int err = raw_get(c, cluster, &raw);

	return err ? err : raw_set(c, cluster,
				   fat_entry_encode(&c->fs->geo, cluster, raw, value));
}

int fat_table_mark(struct fat_cursor *c, bool clean)
{
	unsigned width = c->fs->geo.width;
	u32 bit = width == 32 ? FAT32_CLEAN : FAT16_CLEAN, raw;
	int err;

	if (width == 12)
		return 0;
	err = raw_get(c, 1, &raw);
	if (err || clean == !!(raw & bit))
		return err;
	return raw_set(c, 1, clean ? raw | bit : raw & ~bit);
}

/* Free entries among those of a sector of FAT16 or FAT32, of clusters from `first` to `end`. */
static u32 sector_count(const struct fat_geo *geo, const void *sector, u32 first, u32 end)
{
	const u32 per = geo->sector_size / (geo->width / 8);
	const u32 *wide = sector;
	const u16 *narrow = sector;
	u32 base = first / per * per, n = 0;

	for (u32 i = first - base; i < per && base + i < end; i++)
		n += geo->width == 32 ? (wide[i] & 0x0fffffff) == 0 : narrow[i] == 0;
	return n;
}

int fat_table_count(struct fat_fs *fs, u32 *n_free)
{
	const struct fat_geo *geo = &fs->geo;
	struct fat_cursor c = fat_cursor(fs);
	u32 n = 0, value, step = geo->width == 12 ? 1 : geo->sector_size / (geo->width / 8);
	int err = 0;

	for (u32 at = FAT_FIRST; at < geo->end_cluster && !err; at = (at / step + 1) * step) {
		u64 sector = fat_entry_byte(geo, at) >> geo->sector_bits;
		u8 *p;

		if (step > 1 && sector % AHEAD_SECTORS == 0)
			bcache_read_ahead(fs->dev, active_sector(fs) + sector, geo->sector_size,
					  (u32)min(geo->fat_sectors - sector, (u64)AHEAD_SECTORS));
		if (step == 1) {
			err = fat_table_get(&c, at, &value);
			n += !err && value == FAT_FREE;
			continue;
		}
		err = table_byte(&c, sector << geo->sector_bits, &p);
		if (!err)
			n += sector_count(geo, p, at, geo->end_cluster);
		sched_point();
	}
	fat_cursor_put(&c);
	*n_free = n;
	return err;
}
