/*
 * The PC's partition table: four *primary* entries in sector 0, one of which may be *extended*: it
 * holds a chain of sectors of the same form, each with one *logical* partition (numbered from 5)
 * and a link to the next. Links are relative to the extended partition, logical partitions to their
 * own sector. A chain is followed upwards only, so it ends whatever the disk says.
 *
 * A boot sector without a table (a FAT file system on the whole disk) ends in the same two bytes;
 * it is told by the first byte of each entry, which may only be 0 or 0x80.
 */
#include "dev/partition.h"

#include "abi/errno.h"
#include "lib/string.h"

#define LOGICAL_MAX 60

struct mbr_entry {
	u8 status, chs_first[3], type, chs_last[3];
	u32 lba, n;
} __packed;

static bool type_is_extended(u8 type)
{
	return type == 0x05 || type == 0x0f || type == 0x85;
}

/* Reads the sector's table: 0, -ENOENT, or the reader's error. */
static int table_read(struct partition_reader *r, u64 lba, struct mbr_entry e[4], u32 *signature)
{
	const u8 *sector = r->buf;
	int err;

	if (lba >= r->n_sectors)
		return -ENOENT;
	err = r->read(r, lba, 1, r->buf);
	if (err)
		return err;
	if (sector[510] != 0x55 || sector[511] != 0xaa)
		return -ENOENT;
	memcpy(e, sector + 446, 4 * sizeof(*e));
	memcpy(signature, sector + 440, 4);
	for (unsigned i = 0; i < 4; i++)
		if (e[i].status & 0x7f)
			return -ENOENT;
	return 0;
}

/* What identifies an MBR partition is the disk's signature and its number ("12345678-05"): the
 * first five bytes of uuid, the others zero. */
static bool partition_set(struct partition_reader *r, struct partition *p, unsigned number,
			  u64 start, u64 n, u32 signature)
{
	if (!n || start >= r->n_sectors || n > r->n_sectors - start)
		return false;
	memset(p, 0, sizeof(*p));
	p->number = number;
	p->start = start;
	p->n = n;
	if (signature) {
		for (unsigned i = 0; i < 4; i++)
			p->uuid[i] = (u8)(signature >> (24 - 8 * i));
		p->uuid[4] = (u8)number;
	}
	return true;
}

static unsigned scan_logical(struct partition_reader *r, u64 extended, u64 extended_n,
			     u32 disk_signature, struct partition *out, unsigned max)
{
	unsigned found = 0, number = 5;
	u64 at = extended;

	while (found < max && number < 5 + LOGICAL_MAX) {
		struct mbr_entry e[4];
		u64 next = 0;
		u32 signature;

		if (table_read(r, at, e, &signature))
			break;
		for (unsigned i = 0; i < 4 && found < max; i++) {
			if (type_is_extended(e[i].type) && e[i].n && !next)
				next = extended + e[i].lba;
			else if (e[i].type && partition_set(r, &out[found], number, at + e[i].lba,
							    e[i].n, disk_signature))
				found++, number++;
		}
		if (next <= at || next - extended >= extended_n)
			break;
		at = next;
	}
	return found;
}

int partition_scan_mbr(struct partition_reader *r, struct partition *out, unsigned max)
{
	struct mbr_entry e[4];
	unsigned found = 0;
	u32 signature;
	int err = table_read(r, 0, e, &signature);

	if (err)
		return err;
	for (unsigned i = 0; i < 4 && found < max; i++) {
		if (!e[i].type ||
		    !partition_set(r, &out[found], i + 1, e[i].lba, e[i].n, signature))
			continue;
		/* Of an extended one only the first sectors, where boot loaders live: nobody shall
		 * write the rest by it. */
		if (type_is_extended(e[i].type))
			out[found].n = min(out[found].n, (u64)2);
		found++;
	}
	for (unsigned i = 0; i < 4; i++)
		if (type_is_extended(e[i].type) && e[i].n)
			return (int)(found + scan_logical(r, e[i].lba, e[i].n, signature,
							  out + found, max - found));
	return (int)found;
}

int partition_scan(struct partition_reader *r, struct partition *out, unsigned max,
		   const char **kind)
{
	int n = partition_scan_gpt(r, out, max);

	*kind = "gpt";
	if (n != -ABI_ENOENT)
		return n;
	*kind = "mbr";
	n = partition_scan_mbr(r, out, max);
	if (n != -ABI_ENOENT)
		return n;
	*kind = "none";
	return 0;
}
