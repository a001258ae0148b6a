/*
 * GUID partition table (UEFI 2.10, 5.3). The *header* is in sector 1, its backup in the last one;
 * each names an array of *entries* and carries checksums of itself and of the array. If the primary
 * header or its array is bad the backup is used. A GPT counts only where the protective MBR says so
 * (a partition of type 0xee): a disk that was given an MBR later may still bear an old header.
 *
 * Pure, so that it can be tested on the host with damaged tables.
 */
#include "dev/partition.h"

#include "abi/errno.h"
#include "lib/bitops.h"
#include "lib/crc.h"
#include "lib/string.h"
#include "lib/uuid.h"

#define ENTRIES_MAX 1024 /* the array is read whole for its checksum: bounded at 1 MiB */

struct gpt_header {
	char signature[8]; /* "EFI PART" */
	u32 revision, header_size, header_crc, reserved;
	u64 my_lba, alternate_lba, first_usable, last_usable;
	u8 disk_guid[16];
	u64 entries_lba;
	u32 n_entries, entry_size, entries_crc;
} __packed;

struct gpt_entry {
	u8 type[16], guid[16];
	u64 first, last; /* both inclusive */
	u64 attributes;
	u16 name[36];    /* UTF-16LE */
} __packed;

static_assert(sizeof(struct gpt_header) == 92, "UEFI 5.3.2");
static_assert(sizeof(struct gpt_entry) == 128, "UEFI 5.3.3");

/* Reads and checks the header at `lba`: 0, -EINVAL, or the reader's error. */
static int header_read(struct partition_reader *r, u64 lba, struct gpt_header *h)
{
	u8 *sector = r->buf;
	u32 crc, zero = 0;
	int err;

	if (lba >= r->n_sectors)
		return -EINVAL;
	err = r->read(r, lba, 1, sector);
	if (err)
		return err;
	memcpy(h, sector, sizeof(*h));
	if (memcmp(h->signature, "EFI PART", 8) || h->header_size < sizeof(*h) ||
	    h->header_size > r->sector_size)
		return -EINVAL;
	crc = crc32_update(~0u, sector, 16);
	crc = crc32_update(crc, &zero, 4); /* the checksum's own place counts as zero */
	crc = ~crc32_update(crc, sector + 20, h->header_size - 20);
	if (crc != h->header_crc || h->my_lba != lba)
		return -EINVAL;
	if (h->first_usable > h->last_usable || h->last_usable >= r->n_sectors)
		return -EINVAL;
	if (!h->n_entries || h->n_entries > ENTRIES_MAX ||
	    h->entry_size < sizeof(struct gpt_entry) || h->entry_size > 1024 ||
	    !is_pow2(h->entry_size))
		return -EINVAL;
	return 0;
}

/* The entry as a partition, if it is one. */
static bool entry_parse(const struct gpt_header *h, const struct gpt_entry *e, struct partition *p)
{
	if (mem_is_all(e->type, 0, sizeof(e->type)))
		return false;
	if (e->first < h->first_usable || e->last > h->last_usable || e->first > e->last)
		return false;
	p->start = e->first;
	p->n = e->last - e->first + 1;
	uuid_from_guid(e->guid, (struct uuid *)p->uuid);
	memset(p->label, 0, sizeof(p->label));
	for (unsigned i = 0; i < ARRAY_SIZE(e->name) && e->name[i]; i++)
		p->label[i] = e->name[i] >= ' ' && e->name[i] < 0x7f ? (char)e->name[i] : '?';
	return true;
}

/* Reads the array that the header names, checking its sum, and takes the partitions from it: how
 * many, -EINVAL, or the reader's error. */
static int entries_read(struct partition_reader *r, const struct gpt_header *h,
			struct partition *out, unsigned max)
{
	u32 total = h->n_entries * h->entry_size, at = 0, crc = ~0u;
	u64 n_sectors = DIV_ROUND_UP((u64)total, r->sector_size), lba = h->entries_lba;
	unsigned found = 0;

	if (lba < 2 || lba >= r->n_sectors || n_sectors > r->n_sectors - lba)
		return -EINVAL;
	while (at < total) {
		u32 bytes = min(total - at, (u32)PARTITION_BUF);
		unsigned count = DIV_ROUND_UP(bytes, r->sector_size);
		int err = r->read(r, lba, count, r->buf);

		if (err)
			return err;
		crc = crc32_update(crc, r->buf, bytes);
		for (u32 i = 0; i < bytes; i += h->entry_size) {
			struct gpt_entry e;

			memcpy(&e, (u8 *)r->buf + i, sizeof(e));
			if (found < max && entry_parse(h, &e, &out[found]))
				out[found++].number = (at + i) / h->entry_size + 1;
		}
		at += bytes;
		lba += count;
	}
	return ~crc == h->entries_crc ? (int)found : -EINVAL;
}

static int table_read(struct partition_reader *r, u64 lba, struct partition *out, unsigned max)
{
	struct gpt_header h;
	int err = header_read(r, lba, &h);

	return err ? err : entries_read(r, &h, out, max);
}

/* Whether sector 0 says that the disk has a GPT. */
static int protective_mbr(struct partition_reader *r)
{
	const u8 *sector = r->buf;
	int err = r->read(r, 0, 1, r->buf);

	if (err)
		return err;
	if (sector[510] != 0x55 || sector[511] != 0xaa)
		return -ENOENT;
	for (unsigned i = 0; i < 4; i++)
		if (sector[446 + i * 16 + 4] == 0xee)
			return 0;
	return -ENOENT;
}

int partition_scan_gpt(struct partition_reader *r, struct partition *out, unsigned max)
{
	int n;

	if (r->n_sectors < 3)
		return -ENOENT;
	n = protective_mbr(r);
	if (n)
		return n;
	n = table_read(r, 1, out, max);
	if (n < 0)
		n = table_read(r, r->n_sectors - 1, out, max);
	return n;
}
