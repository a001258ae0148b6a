/*
 * fs/fat/fat_check.c - the boot sector, FSInfo, and entries of the FAT.
 *
 * The kind of FAT follows from the number of clusters (specification, "FAT type determination"),
 * except that a volume without a 16-bit size of its FAT is FAT32 however small it is: such ones are
 * made for EFI partitions. What is not needed to find the files is not looked at: not the
 * signature of the sector, nor the name of the type.
 */
#include "fs/fat/fat_check.h"

#include "lib/bitops.h"

#define FAT12_CLUSTERS_MAX	4084u
#define FAT16_CLUSTERS_MAX	65524u
#define FAT32_CLUSTERS_MAX	0x0ffffff4u

static bool is_power_of_2(u32 v)
{
	return v && (v & (v - 1)) == 0;
}

/* The fields that hold for themselves. */
static const char *check_fields(const struct fat_boot *boot)
{
	u32 cluster = (u32)boot->sectors_per_cluster * boot->sector_size;

	if (!is_power_of_2(boot->sector_size) || boot->sector_size < 512 ||
	    boot->sector_size > 4096)
		return "size of a sector";
	if (!is_power_of_2(boot->sectors_per_cluster) || cluster > 256 * 1024)
		return "size of a cluster";
	if (boot->reserved_sectors == 0)
		return "no reserved sectors";
	if (boot->n_fats == 0 || boot->n_fats > 15)
		return "number of FATs";
	if (boot->media < 0xf8 && boot->media != 0xf0)
		return "media byte";
	return NULL;
}

/* Number of clusters, from the smallest of what the volume, its FAT and the device have. */
static const char *check_clusters(struct fat_geo *geo, u64 total, u64 device_sectors)
{
	u32 shift = geo->cluster_bits - geo->sector_bits;
	u64 device = device_sectors >> (geo->sector_bits - 9);
	u64 entries = ((u64)geo->fat_sectors << geo->sector_bits) * 8 / geo->width, n;

	n = (total - geo->data_start) >> shift;
	if (geo->width != 32)
		geo->width = n > FAT12_CLUSTERS_MAX ? 16 : 12;
	entries = ((u64)geo->fat_sectors << geo->sector_bits) * 8 / geo->width;
	if (n > (geo->width == 32 ? FAT32_CLUSTERS_MAX : FAT16_CLUSTERS_MAX))
		return "too many clusters";
	if (entries <= FAT_FIRST)
		return "no room in the FAT";
	n = min(n, entries - FAT_FIRST);
	if (device < total) {
		geo->cut = true;
		n = device > geo->data_start ? min(n, (device - geo->data_start) >> shift) : 0;
	}
	if (n == 0)
		return "no clusters";
	geo->end_cluster = (u32)n + FAT_FIRST;
	return NULL;
}

static const char *check_fat32(const struct fat_boot *boot, struct fat_geo *geo)
{
	geo->width = 32;
	geo->fat_sectors = boot->fat32.fat_sectors;
	geo->root_cluster = boot->fat32.root_cluster;
	geo->dirty = boot->fat32.state & FAT_STATE_DIRTY;
	if (boot->fat32.fsinfo_sector && boot->fat32.fsinfo_sector < boot->reserved_sectors)
		geo->fsinfo_sector = boot->fat32.fsinfo_sector;
	if (boot->fat32.ext_flags & FAT_EXT_NO_MIRROR) {
		geo->mirror = false;
		geo->active = boot->fat32.ext_flags & 15;
	}
	if (geo->active >= geo->n_fats)
		return "number of the FAT in use";
	if ((boot->fat32.signature & 0xfe) == (FAT_EXT_SIGNATURE & 0xfe))
		geo->serial = boot->fat32.serial[0] | boot->fat32.serial[1] << 8 |
			      boot->fat32.serial[2] << 16 | (u32)boot->fat32.serial[3] << 24;
	return NULL;
}

static void take_fat16(const struct fat_boot *boot, struct fat_geo *geo)
{
	geo->width = 16;
	geo->fat_sectors = boot->fat_sectors16;
	geo->dirty = boot->fat16.state & FAT_STATE_DIRTY;
	if ((boot->fat16.signature & 0xfe) == (FAT_EXT_SIGNATURE & 0xfe))
		geo->serial = boot->fat16.serial[0] | boot->fat16.serial[1] << 8 |
			      boot->fat16.serial[2] << 16 | (u32)boot->fat16.serial[3] << 24;
}

const char *fat_check_boot(const void *sector, u64 device_sectors, struct fat_geo *geo)
{
	const struct fat_boot *boot = sector;
	u64 total = boot->sectors16 ? boot->sectors16 : boot->sectors32, end;
	const char *why = check_fields(boot);

	if (why)
		return why;
	*geo = (struct fat_geo){ .sector_size = boot->sector_size, .n_fats = boot->n_fats,
				 .mirror = true, .fat_start = boot->reserved_sectors };
	geo->sector_bits = (u32)__builtin_ctz(boot->sector_size);
	geo->cluster_bits = geo->sector_bits + (u32)__builtin_ctz(boot->sectors_per_cluster);
	geo->cluster_size = 1u << geo->cluster_bits;
	if (boot->fat_sectors16) {
		take_fat16(boot, geo);
	} else {
		why = check_fat32(boot, geo);
		if (why)
			return why;
	}
	if (geo->fat_sectors == 0)
		return "size of the FAT";
	end = geo->fat_start + (u64)geo->n_fats * geo->fat_sectors;
	if (geo->width != 32) {
		if (boot->root_entries == 0 ||
		    boot->root_entries % (geo->sector_size / FAT_ENTRY_SIZE))
			return "size of the root directory";
		geo->root_sectors = boot->root_entries / (geo->sector_size / FAT_ENTRY_SIZE);
	}
	if (end + geo->root_sectors >= total)
		return "size of the volume";
	geo->root_start = (u32)end;
	geo->data_start = (u32)end + geo->root_sectors;
	why = check_clusters(geo, total, device_sectors);
	if (!why && geo->width == 32 && !fat_cluster_valid(geo, geo->root_cluster))
		why = "cluster of the root directory";
	return why;
}

bool fat_check_fsinfo(const struct fat_fsinfo *info, const struct fat_geo *geo, u32 *free_clusters,
		      u32 *next_free)
{
	*free_clusters = *next_free = ~0u;
	if (info->signature1 != FAT_FSINFO_SIGNATURE1 || info->signature2 != FAT_FSINFO_SIGNATURE2)
		return false;
	if (info->free_clusters <= fat_n_clusters(geo))
		*free_clusters = info->free_clusters;
	if (fat_cluster_valid(geo, info->next_free))
		*next_free = info->next_free;
	return true;
}

u32 fat_entry_decode(const struct fat_geo *geo, u32 cluster, u32 raw)
{
	u32 end;

	if (geo->width == 12) {
		raw = (cluster & 1 ? raw >> 4 : raw) & 0xfff;
		end = 0xff8;
	} else if (geo->width == 16) {
		raw &= 0xffff;
		end = 0xfff8;
	} else {
		raw &= 0x0fffffff;
		end = 0x0ffffff8;
	}
	if (raw >= end)
		return FAT_END;
	return raw == FAT_FREE || fat_cluster_valid(geo, raw) ? raw : FAT_BAD;
}

u32 fat_entry_encode(const struct fat_geo *geo, u32 cluster, u32 old, u32 value)
{
	if (geo->width == 32)
		return (old & 0xf0000000) | (value & 0x0fffffff);
	if (geo->width == 16)
		return value & 0xffff;
	value &= 0xfff;
	return cluster & 1 ? (old & 0x000f) | value << 4 : (old & 0xf000) | value;
}
