/*
 * fs/fat/fat_check.h - judging what a disk says about itself: pure functions over bytes.
 */
#pragma once

#include "fs/fat/fat_disk.h"

/* Where everything is. Sectors are of sector_size bytes, clusters counted from FAT_FIRST. */
struct fat_geo {
	u32 sector_size, sector_bits;
	u32 cluster_size, cluster_bits;	/* bytes */
	unsigned width;			/* bits of an entry of the FAT: 12, 16, 32 */
	unsigned n_fats;
	unsigned active;		/* the FAT that is read */
	bool mirror;			/* the others are written, too */
	u32 fat_start, fat_sectors;	/* first sector, sectors of each */
	u32 root_start, root_sectors;	/* of FAT12 and FAT16 */
	u32 root_cluster;		/* of FAT32, else 0 */
	u32 data_start;			/* sector of cluster FAT_FIRST */
	u32 end_cluster;		/* one above the last cluster */
	u32 fsinfo_sector;		/* 0: none */
	u32 serial;			/* volume ID, 0 if there is none */
	bool dirty;			/* was not cleanly unmounted */
	bool cut;			/* the device ends before the file system does */
};

/*
 * Reads the boot sector (at least 512 bytes) of a device of `device_sectors` 512-byte sectors:
 * NULL, or what is wrong.
 */
const char *fat_check_boot(const void *sector, u64 device_sectors, struct fat_geo *geo);
/* Whether that is an FSInfo sector, and what it knows: ~0 unknown or impossible. */
bool fat_check_fsinfo(const struct fat_fsinfo *info, const struct fat_geo *geo, u32 *free_clusters,
		      u32 *next_free);

/* Where the entry of a cluster is: its first byte within a FAT. */
static inline u64 fat_entry_byte(const struct fat_geo *geo, u32 cluster)
{
	return geo->width == 12 ? cluster + cluster / 2 : (u64)cluster * (geo->width / 8);
}

/*
 * What the bytes of an entry (as a little-endian number) mean: FAT_FREE, a cluster that exists,
 * FAT_END, or FAT_BAD for everything that leads nowhere.
 */
u32 fat_entry_decode(const struct fat_geo *geo, u32 cluster, u32 raw);
/* The bytes for a new value: those of `old` that do not belong to the entry stay. */
u32 fat_entry_encode(const struct fat_geo *geo, u32 cluster, u32 old, u32 value);

static inline bool fat_cluster_valid(const struct fat_geo *geo, u32 cluster)
{
	return cluster >= FAT_FIRST && cluster < geo->end_cluster;
}

static inline u32 fat_n_clusters(const struct fat_geo *geo)
{
	return geo->end_cluster - FAT_FIRST;
}

/* The sector of the device where a cluster begins. */
static inline u64 fat_cluster_sector(const struct fat_geo *geo, u32 cluster)
{
	return geo->data_start +
	       ((u64)(cluster - FAT_FIRST) << (geo->cluster_bits - geo->sector_bits));
}
