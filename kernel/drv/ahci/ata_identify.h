/* What IDENTIFY DEVICE (ACS-3, 7.12.7) and the log of queued commands' errors tell. Pure. */
#pragma once

#include "lib/types.h"

struct ata_identity {
	char model[41], serial[21], firmware[9];
	u64 n_sectors;          /* logical */
	u32 sector_size;        /* logical, bytes */
	u32 physical_sector_size;
	bool log;               /* READ LOG EXT */
	bool lba48, ncq, write_cache, flush, flush_ext, fua, trim, rotational;
	unsigned depth;         /* NCQ: commands at a time, 1 … 32 */
	bool packet;            /* takes packets: of what is above only the texts count */
	bool packet_direction;  /* wants to be told the direction of DMA */
	unsigned packet_bytes;  /* 12 or 16 */
};

/* 0, or -ENODEV for a device that cannot DMA, has no LBA, no sectors, or sectors of a size that we
 * do not take. */
int must_check ata_identify_parse(const u16 words[256], struct ata_identity *out);
/* The same of IDENTIFY PACKET DEVICE (ACS-3, 7.13): -ENODEV for a device that is no CD-ROM drive,
 * or cannot DMA. */
int must_check ata_identify_packet_parse(const u16 words[256], struct ata_identity *out);

/* Which queued command failed, and how. */
struct ata_queued_error {
	unsigned tag;
	u8 status, error;
	u64 lba;
};

/* Page 10h of READ LOG EXT (SATA 3.4, 13.7.4): 0, or -EINVAL if its sum is wrong or the error was
 * not of a queued command. */
int must_check ata_queued_error_parse(const u8 page[512], struct ata_queued_error *out);
