/* What IDENTIFY DEVICE tells (ACS-3, 7.12.7). Pure. */
#pragma once

#include "lib/types.h"

struct ata_identity {
	char model[41], serial[21], firmware[9];
	u64 n_sectors;          /* logical */
	u32 sector_size;        /* logical, bytes */
	u32 physical_sector_size;
	bool lba48, ncq, write_cache, flush, flush_ext, fua, trim, rotational;
	unsigned depth;         /* NCQ: commands at a time, 1 … 32 */
};

/* 0, or -ENODEV for a device that cannot DMA, has no LBA, no sectors, or sectors of a size that we
 * do not take. */
int must_check ata_identify_parse(const u16 words[256], struct ata_identity *out);
