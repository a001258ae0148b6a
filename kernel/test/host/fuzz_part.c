/*
 * Fuzz target of partition tables: a sound GPT or MBR with edits (ext_mutate.h) and right sums,
 * or bytes as they come. Whatever is found lies on the disk, and each number is there once.
 */
#include "test/host/fuzz.h"

#include "dev/partition.h"
#include "test/host/ext_crafted.h"

static struct crafted_base bases[32];
static unsigned n_bases;

struct fuzz_disk {
	struct partition_reader reader;
	const u8 *bytes;
};

static int disk_read(struct partition_reader *r, u64 lba, unsigned count, void *buf)
{
	const struct fuzz_disk *d = container_of(r, struct fuzz_disk, reader);

	INSIST(count && count * r->sector_size <= PARTITION_BUF);
	INSIST(lba < r->n_sectors && count <= r->n_sectors - lba);
	memcpy(buf, d->bytes + lba * r->sector_size, (size_t)count * r->sector_size);
	return 0;
}

static void scan(const u8 *bytes, size_t size, u32 sector)
{
	struct partition found[PARTITION_MAX];
	struct fuzz_disk disk = {
		.reader = { .read = disk_read, .n_sectors = size / sector, .sector_size = sector,
			    .buf = malloc(PARTITION_BUF) },
		.bytes = bytes,
	};
	const char *kind;
	int n = partition_scan(&disk.reader, found, PARTITION_MAX, &kind);

	INSIST(n <= PARTITION_MAX);
	for (int i = 0; i < n; i++) {
		INSIST(found[i].n && found[i].start < disk.reader.n_sectors);
		INSIST(found[i].n <= disk.reader.n_sectors - found[i].start);
		INSIST(memchr(found[i].label, '\0', sizeof(found[i].label)));
		for (int k = 0; k < i; k++)
			INSIST(found[k].number != found[i].number);
	}
	free(disk.reader.buf);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ext_edit edits[CRAFTED_EDITS];
	const char *dir = getenv("EXT_BASES");
	struct crafted_base *base;
	unsigned n;

	if (!n_bases)
		n_bases = dir ? crafted_load(dir, bases, ARRAY_SIZE(bases)) : 0;
	INSIST(n_bases);
	if (size < 1)
		return 0;
	n = (unsigned)min((size - 1) / sizeof(edits[0]), (size_t)CRAFTED_EDITS);
	memcpy(edits, data + 1, n * sizeof(edits[0]));
	base = &bases[data[0] % n_bases];
	if (base->image.is_ext)
		return 0;
	crafted_make(base, edits, n);
	scan(base->image.data, base->image.size, data[0] & 0x80 ? 4096 : 512);
	return 0;
}
