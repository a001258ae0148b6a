/*
 * fs/fat/fat_disk.h - what is on the disk: Microsoft's "FAT: General Overview of On-Disk Format"
 * 1.03 (the "specification" in this room). Everything is little-endian.
 */
#pragma once

#include "lib/types.h"

/* Sector 0: the BIOS parameter block. */
struct fat_boot {
	u8 jump[3], oem[8];
	u16 sector_size;
	u8 sectors_per_cluster;
	u16 reserved_sectors;
	u8 n_fats;
	u16 root_entries;	/* 0 on FAT32 */
	u16 sectors16;
	u8 media;
	u16 fat_sectors16;	/* 0 on FAT32 */
	u16 sectors_per_track, heads;
	u32 hidden_sectors, sectors32;
	union {
		struct {
			u8 drive, state, signature;
			u8 serial[4], label[11], type[8];
		} __packed fat16;
		struct {
			u32 fat_sectors;
			u16 ext_flags, version;
			u32 root_cluster;
			u16 fsinfo_sector, backup_sector;
			u8 reserved[12];
			u8 drive, state, signature;
			u8 serial[4], label[11], type[8];
		} __packed fat32;
	};
} __packed;
static_assert(sizeof(struct fat_boot) == 90, "struct fat_boot");

#define FAT_EXT_NO_MIRROR	0x80	/* only the FAT of bits 0 to 3 is in use */
#define FAT_STATE_DIRTY		0x01	/* mounted for writing, or was when the power went */
#define FAT_EXT_SIGNATURE	0x29	/* serial, label and type are there; 0x28: serial only */

/* A sector of FAT32's reserved area. */
struct fat_fsinfo {
	u32 signature1;
	u8 reserved1[480];
	u32 signature2, free_clusters, next_free;
	u8 reserved2[12];
	u32 signature3;
} __packed;
static_assert(sizeof(struct fat_fsinfo) == 512, "struct fat_fsinfo");
#define FAT_FSINFO_SIGNATURE1	0x41615252u
#define FAT_FSINFO_SIGNATURE2	0x61417272u

/* A directory entry. */
struct fat_dirent {
	u8 name[11];		/* 8.3, in the code page, padded with spaces */
	u8 attr;		/* FAT_ATTR_* */
	u8 lcase;		/* FAT_LCASE_* */
	u8 ctime_10ms;		/* 0 … 199 */
	u16 ctime, cdate, adate, start_hi, time, date, start;
	u32 size;		/* 0 of a directory */
};
static_assert(sizeof(struct fat_dirent) == 32, "struct fat_dirent");

#define FAT_ATTR_READONLY	0x01
#define FAT_ATTR_HIDDEN		0x02
#define FAT_ATTR_SYSTEM		0x04
#define FAT_ATTR_VOLUME		0x08
#define FAT_ATTR_DIR		0x10
#define FAT_ATTR_ARCHIVE	0x20
#define FAT_ATTR_LONG		0x0f	/* all of 0x0f: a slot of a long name */
#define FAT_ATTR_LONG_MASK	0x3f

#define FAT_LCASE_BASE		0x08	/* the name is to be shown in lower case */
#define FAT_LCASE_EXT		0x10	/* the extension is */

#define FAT_NAME_FREE		0xe5	/* first byte of a free entry */
#define FAT_NAME_E5		0x05	/* stands for a first byte of 0xe5 */

/* A slot of a long name: they stand before the entry, the last part first. */
struct fat_slot {
	u8 id;			/* 1 …, with FAT_SLOT_LAST on the part that ends the name */
	u16 name0_4[5];
	u8 attr, type, checksum;
	u16 name5_10[6], start, name11_12[2];
} __packed;
static_assert(sizeof(struct fat_slot) == 32, "struct fat_slot");
#define FAT_SLOT_LAST	0x40
#define FAT_SLOT_CHARS	13u
#define FAT_SLOTS_MAX	20u
#define FAT_LONG_MAX	255u	/* characters of a long name */

#define FAT_ENTRY_SIZE	32u
#define FAT_ENTRY_BITS	5u
#define FAT_DIR_MAX	(65536u * FAT_ENTRY_SIZE) /* bytes of a directory */

/* Entries of the FAT as fat_check.c tells them, whatever their width. */
#define FAT_FREE	0u
#define FAT_BAD		0x0ffffff7u
#define FAT_END		0x0fffffffu
#define FAT_FIRST	2u	/* the first cluster of the data area */

/* Bits of entry 1 that say that all is well; cleared while mounted for writing. */
#define FAT16_CLEAN	0x8000u
#define FAT32_CLEAN	0x08000000u
