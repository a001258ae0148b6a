/* Partition tables: good ones, the backup of a GPT, and ones that lie. */
#include "test/host/unit.h"

#include "abi/errno.h"
#include "dev/partition.h"
#include "lib/crc.h"

#define DISK_BYTES (1u << 20)

struct test_disk {
	struct partition_reader reader;
	u8 *bytes;
	u64 bad_lba; /* reading it fails; 0: none does */
	unsigned reads;
};

static struct partition found[PARTITION_MAX];
static const char *kind;

static int disk_read(struct partition_reader *r, u64 lba, unsigned count, void *buf)
{
	struct test_disk *d = container_of(r, struct test_disk, reader);

	d->reads++;
	CHECK(count && count * r->sector_size <= PARTITION_BUF);
	CHECK(lba < r->n_sectors && count <= r->n_sectors - lba);
	if (d->bad_lba && d->bad_lba >= lba && d->bad_lba < lba + count)
		return -EIO;
	memcpy(buf, d->bytes + lba * r->sector_size, (size_t)count * r->sector_size);
	return 0;
}

static struct test_disk *disk_new(u32 sector)
{
	struct test_disk *d = calloc(1, sizeof(*d));

	d->bytes = calloc(1, DISK_BYTES);
	d->reader = (struct partition_reader){
		.read = disk_read,
		.n_sectors = DISK_BYTES / sector,
		.sector_size = sector,
		.buf = malloc(PARTITION_BUF),
	};
	return d;
}

static void disk_free(struct test_disk *d)
{
	free(d->reader.buf);
	free(d->bytes);
	free(d);
}

static u8 *sector_at(struct test_disk *d, u64 lba)
{
	return d->bytes + lba * d->reader.sector_size;
}

static void put32(u8 *p, u32 v)
{
	memcpy(p, &v, 4);
}

static void put64(u8 *p, u64 v)
{
	memcpy(p, &v, 8);
}

static void mbr_entry(struct test_disk *d, u64 lba, unsigned i, u8 type, u32 start, u32 n)
{
	u8 *s = sector_at(d, lba), *e = s + 446 + i * 16;

	s[510] = 0x55;
	s[511] = 0xaa;
	e[4] = type;
	put32(e + 8, start);
	put32(e + 12, n);
}

static void header_seal(u8 *h)
{
	put32(h + 16, 0);
	put32(h + 16, crc32(h, 92));
}

static void header_write(struct test_disk *d, u64 lba, u64 other, u64 entries, u32 n, u32 size)
{
	u8 *h = sector_at(d, lba);

	memcpy(h, "EFI PART", 8);
	put32(h + 8, 0x10000);
	put32(h + 12, 92);
	put64(h + 24, lba);
	put64(h + 32, other);
	put64(h + 40, 34);
	put64(h + 48, d->reader.n_sectors - 34);
	put64(h + 72, entries);
	put32(h + 80, n);
	put32(h + 84, size);
	put32(h + 88, crc32(sector_at(d, entries), n * size));
	header_seal(h);
}

static void entry_write(struct test_disk *d, u64 entries, u32 size, unsigned i, u64 first, u64 last,
			const char *name)
{
	u8 *e = sector_at(d, entries) + i * size;

	memset(e, 0xa5, 16);
	for (unsigned j = 0; j < 16; j++)
		e[16 + j] = (u8)(i * 16 + j);
	put64(e + 32, first);
	put64(e + 40, last);
	for (unsigned j = 0; name[j]; j++)
		e[56 + 2 * j] = (u8)name[j];
}

/* A disk with two partitions, entries 0 and 3. */
static struct test_disk *gpt_new(u32 sector, u32 size)
{
	struct test_disk *d = disk_new(sector);
	u64 last = d->reader.n_sectors - 1, backup = last - 128 * size / sector;

	mbr_entry(d, 0, 0, 0xee, 1, (u32)last);
	for (unsigned i = 0; i < 2; i++) {
		u64 entries = i ? backup : 2;

		entry_write(d, entries, size, 0, 40, 99, "BIOS boot");
		entry_write(d, entries, size, 3, 100, 199, "root");
		header_write(d, i ? last : 1, i ? 1 : last, entries, 128, size);
	}
	return d;
}

static void check_two(struct test_disk *d)
{
	CHECK_EQ(partition_scan(&d->reader, found, PARTITION_MAX, &kind), 2);
	CHECK(!strcmp(kind, "gpt"));
	CHECK_EQ(found[0].number, 1);
	CHECK_EQ(found[0].start, 40);
	CHECK_EQ(found[0].n, 60);
	CHECK(!strcmp(found[0].label, "BIOS boot"));
	CHECK_EQ(found[1].number, 4);
	CHECK_EQ(found[1].start, 100);
	CHECK_EQ(found[1].n, 100);
	CHECK(!strcmp(found[1].label, "root"));
	/* The first three fields of a GUID are little-endian. */
	CHECK_EQ(found[1].uuid[0], 0x33);
	CHECK_EQ(found[1].uuid[4], 0x35);
	CHECK_EQ(found[1].uuid[8], 0x38);
}

TEST(gpt_good)
{
	u32 sectors[] = { 512, 1024, 4096 };

	for (unsigned i = 0; i < ARRAY_SIZE(sectors); i++) {
		struct test_disk *d = gpt_new(sectors[i], 128);

		/* 4096-byte sectors are too few here for the usual usable range. */
		if (sectors[i] <= 1024)
			check_two(d);
		disk_free(d);
	}
}

TEST(gpt_large_entries)
{
	struct test_disk *d = gpt_new(512, 512);

	CHECK_EQ(partition_scan_gpt(&d->reader, found, PARTITION_MAX), 2);
	CHECK_EQ(found[1].number, 4);
	disk_free(d);
}

TEST(gpt_backup)
{
	for (unsigned i = 0; i < 5; i++) {
		struct test_disk *d = gpt_new(512, 128);

		if (i == 0)
			sector_at(d, 1)[50] ^= 1;      /* header's checksum is wrong */
		else if (i == 1)
			sector_at(d, 2)[33] ^= 1;      /* the array's is */
		else if (i == 2)
			memset(sector_at(d, 1), 0, 512);
		else
			d->bad_lba = i == 3 ? 1 : 10;  /* cannot be read */
		check_two(d);
		disk_free(d);
	}
}

TEST(gpt_both_bad)
{
	struct test_disk *d = gpt_new(512, 128);

	sector_at(d, 1)[50] ^= 1;
	sector_at(d, d->reader.n_sectors - 1)[50] ^= 1;
	CHECK_EQ(partition_scan(&d->reader, found, PARTITION_MAX, &kind), (u64)-EINVAL);
	disk_free(d);
}

TEST(gpt_needs_protective_mbr)
{
	struct test_disk *d = gpt_new(512, 128);

	mbr_entry(d, 0, 0, 0x83, 8, 100);
	CHECK_EQ(partition_scan(&d->reader, found, PARTITION_MAX, &kind), 1);
	CHECK(!strcmp(kind, "mbr"));
	disk_free(d);
}

/* Well sealed headers with values that would lead out of the disk or into loops. */
TEST(gpt_hostile_headers)
{
	struct {
		unsigned at, bytes;
		u64 value;
	} lies[] = {
		{ 12, 4, 0 },   { 12, 4, 91 },    { 12, 4, 513 },   { 12, 4, ~0u },
		{ 24, 8, 5 },   { 40, 8, ~0ull }, { 48, 8, 2048 },  { 48, 8, ~0ull },
		{ 72, 8, 0 },   { 72, 8, 2047 },  { 72, 8, ~0ull }, { 72, 8, 1ull << 60 },
		{ 80, 4, 0 },   { 80, 4, 1025 },  { 80, 4, ~0u },   { 84, 4, 0 },
		{ 84, 4, 64 },  { 84, 4, 127 },   { 84, 4, 192 },   { 84, 4, 1u << 31 },
		{ 84, 4, ~0u },
	};

	for (unsigned i = 0; i < ARRAY_SIZE(lies); i++) {
		struct test_disk *d = gpt_new(512, 128);
		u64 headers[] = { 1, d->reader.n_sectors - 1 };

		for (unsigned j = 0; j < 2; j++) {
			u8 *h = sector_at(d, headers[j]);

			memcpy(h + lies[i].at, &lies[i].value, lies[i].bytes);
			header_seal(h);
		}
		CHECK_EQ(partition_scan_gpt(&d->reader, found, PARTITION_MAX), (u64)-EINVAL);
		CHECK(d->reads < 10);
		disk_free(d);
	}
}

TEST(gpt_hostile_entries)
{
	struct test_disk *d = gpt_new(512, 128);
	u64 bad[][2] = { { 0, 10 },     { 40, 39 },       { 40, 2047 },
			 { 40, ~0ull }, { ~0ull, ~0ull }, { 2040, 2045 } };

	for (unsigned i = 0; i < ARRAY_SIZE(bad); i++)
		entry_write(d, 2, 128, 10 + i, bad[i][0], bad[i][1], "bad");
	header_write(d, 1, d->reader.n_sectors - 1, 2, 128, 128);
	check_two(d);
	/* No more than there is room for. */
	CHECK_EQ(partition_scan_gpt(&d->reader, found, 1), 1);
	disk_free(d);
}

TEST(gpt_tiny_disks)
{
	for (u64 n = 1; n < 8; n++) {
		struct test_disk *d = gpt_new(512, 128);

		d->reader.n_sectors = n;
		CHECK((int)partition_scan(&d->reader, found, PARTITION_MAX, &kind) <= 0 || n > 1);
		disk_free(d);
	}
}

TEST(mbr_primary)
{
	struct test_disk *d = disk_new(512);

	put32(sector_at(d, 0) + 440, 0x12345678);
	mbr_entry(d, 0, 0, 0x83, 100, 200);
	mbr_entry(d, 0, 1, 0x83, 300, 5000); /* beyond the end */
	mbr_entry(d, 0, 3, 0x0c, 400, 100);
	CHECK_EQ(partition_scan(&d->reader, found, PARTITION_MAX, &kind), 2);
	CHECK(!strcmp(kind, "mbr"));
	CHECK_EQ(found[0].start, 100);
	CHECK_EQ(found[0].n, 200);
	CHECK_EQ(found[1].number, 4);
	CHECK(!memcmp(found[1].uuid, "\x12\x34\x56\x78\x04\0", 6));
	disk_free(d);
}

TEST(mbr_logical)
{
	struct test_disk *d = disk_new(512);

	mbr_entry(d, 0, 0, 0x83, 10, 10);
	mbr_entry(d, 0, 1, 0x05, 100, 1000);
	mbr_entry(d, 100, 0, 0x83, 1, 50);
	mbr_entry(d, 100, 1, 0x05, 200, 100); /* relative to the extended partition */
	mbr_entry(d, 300, 0, 0x82, 2, 60);
	CHECK_EQ(partition_scan_mbr(&d->reader, found, PARTITION_MAX), 4);
	CHECK_EQ(found[1].number, 2);
	CHECK_EQ(found[1].n, 2);
	CHECK_EQ(found[2].number, 5);
	CHECK_EQ(found[2].start, 101);
	CHECK_EQ(found[3].number, 6);
	CHECK_EQ(found[3].start, 302);
	CHECK_EQ(found[3].n, 60);
	disk_free(d);
}

TEST(mbr_loops)
{
	struct test_disk *d = disk_new(512);

	mbr_entry(d, 0, 0, 0x0f, 100, 1000);
	mbr_entry(d, 100, 0, 0x83, 1, 50);
	mbr_entry(d, 100, 1, 0x0f, 200, 100);
	mbr_entry(d, 300, 0, 0x83, 1, 50);
	mbr_entry(d, 300, 1, 0x0f, 0, 100); /* back to the first */
	CHECK_EQ(partition_scan_mbr(&d->reader, found, PARTITION_MAX), 3);
	mbr_entry(d, 300, 1, 0x0f, 200, 100); /* to itself */
	CHECK_EQ(partition_scan_mbr(&d->reader, found, PARTITION_MAX), 3);
	disk_free(d);
}

TEST(mbr_no_table)
{
	struct test_disk *d = disk_new(512);

	CHECK_EQ(partition_scan(&d->reader, found, PARTITION_MAX, &kind), 0);
	CHECK(!strcmp(kind, "none"));
	mbr_entry(d, 0, 0, 0x20, 100, 100);
	sector_at(d, 0)[446] = 'B'; /* the code of a boot sector */
	CHECK_EQ(partition_scan(&d->reader, found, PARTITION_MAX, &kind), 0);
	disk_free(d);
}

/* Any bytes: no crash, no reading outside, no partition outside. */
TEST(random_tables)
{
	for (unsigned round = 0; round < 3000; round++) {
		struct test_disk *d = round % 2 ? gpt_new(512, 128) : disk_new(512);
		int n;

		if (!(round % 2)) {
			for (unsigned lba = 0; lba < d->reader.n_sectors;
			     lba += 1 + (unsigned)unit_below(64))
				for (unsigned i = 0; i < 4; i++)
					mbr_entry(d, lba, i, unit_below(2) ? 0x05 : 0x83,
						  (u32)unit_below(3000), (u32)unit_below(3000));
		}
		for (unsigned i = 0; i < 20; i++)
			d->bytes[unit_below(round % 4 < 2 ? 34 * 512 : DISK_BYTES)] =
				(u8)unit_rand();
		if (round % 2 && unit_below(2))
			header_seal(sector_at(d, 1));
		n = partition_scan(&d->reader, found, PARTITION_MAX, &kind);
		for (int i = 0; i < n; i++)
			CHECK(found[i].n && found[i].start < d->reader.n_sectors &&
			      found[i].n <= d->reader.n_sectors - found[i].start);
		disk_free(d);
	}
}
