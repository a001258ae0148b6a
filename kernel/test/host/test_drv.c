/* The pure parts of drivers: what a disk tells of itself, scan codes, the search for \_S5. */
#include "test/host/unit.h"

#include "abi/errno.h"
#include "drv/acpi/acpi_s5.h"
#include "drv/ahci/ata_identify.h"
#include "drv/ps2/ps2_int.h"

static void put_text(u16 *words, unsigned n, const char *text)
{
	for (unsigned i = 0; i < 2 * n; i++) {
		u8 c = (u8)(*text ? *text++ : ' ');

		words[i / 2] |= (u16)(i & 1 ? c : c << 8);
	}
}

static void identify_make(u16 w[256])
{
	memset(w, 0, 512);
	put_text(w + 10, 10, "SN 1");
	put_text(w + 23, 4, "2.5+");
	put_text(w + 27, 20, "QEMU HARDDISK");
	w[49] = 0x300;
	w[60] = 0xffff;
	w[61] = 0x0fff;
	w[75] = 31;
	w[76] = 1 << 8;
	w[82] = w[85] = 1 << 5;
	w[83] = 0x4000 | 1 << 10 | 1 << 12 | 1 << 13;
	w[84] = 0x4000 | 1 << 6;
	w[100] = 0x5678;
	w[101] = 0x1234;
	w[169] = 1;
	w[217] = 1;
}

TEST(identify_usual)
{
	struct ata_identity id;
	u16 w[256];

	identify_make(w);
	CHECK_EQ(ata_identify_parse(w, &id), 0);
	CHECK(!strcmp(id.model, "QEMU HARDDISK") && !strcmp(id.serial, "SN 1") &&
	      !strcmp(id.firmware, "2.5+"));
	CHECK_EQ(id.n_sectors, 0x12345678);
	CHECK_EQ(id.sector_size, 512);
	CHECK_EQ(id.depth, 32);
	CHECK(id.lba48 && id.ncq && id.write_cache && id.flush_ext && id.fua && id.trim &&
	      !id.rotational);
}

TEST(identify_sector_sizes)
{
	struct ata_identity id;
	u16 w[256];

	identify_make(w);
	w[106] = 0x4000 | 1 << 13 | 3;
	CHECK_EQ(ata_identify_parse(w, &id), 0);
	CHECK_EQ(id.sector_size, 512);
	CHECK_EQ(id.physical_sector_size, 4096);
	w[106] = 0x4000 | 1 << 12;
	w[117] = 2048;
	CHECK_EQ(ata_identify_parse(w, &id), 0);
	CHECK_EQ(id.sector_size, 4096);
	w[117] = 300;
	CHECK_EQ(ata_identify_parse(w, &id), (u64)-ENODEV);
	w[117] = 0;
	CHECK_EQ(ata_identify_parse(w, &id), (u64)-ENODEV);
	w[117] = 0xffff;
	w[118] = 0xffff;
	CHECK_EQ(ata_identify_parse(w, &id), (u64)-ENODEV);
}

TEST(identify_old_and_odd)
{
	struct ata_identity id;
	u16 w[256];

	identify_make(w);
	w[83] = 0;
	CHECK_EQ(ata_identify_parse(w, &id), 0);
	CHECK(!id.lba48 && !id.ncq && !id.flush && !id.trim && !id.fua);
	CHECK_EQ(id.n_sectors, 0x0fffffff);
	identify_make(w);
	w[0] = 0x8580; /* ATAPI */
	CHECK_EQ(ata_identify_parse(w, &id), (u64)-ENODEV);
	memset(w, 0xff, sizeof(w));
	CHECK_EQ(ata_identify_parse(w, &id), (u64)-ENODEV);
	memset(w, 0, sizeof(w));
	CHECK_EQ(ata_identify_parse(w, &id), (u64)-ENODEV);
}

/* Feeds bytes: the last key that came of them, negative if released, 0 if none. */
static int feed(struct ps2_decoder *d, const u8 *bytes, unsigned n, unsigned *events)
{
	int last = 0;

	*events = 0;
	for (unsigned i = 0; i < n; i++) {
		unsigned key;
		bool down;

		if (!ps2_decode(d, bytes[i], &key, &down))
			continue;
		(*events)++;
		last = down ? (int)key : -(int)key;
	}
	return last;
}

#define FEED(d, ...) \
	({ \
		const u8 bytes_[] = { __VA_ARGS__ }; \
		feed(d, bytes_, sizeof(bytes_), &events); \
	})

TEST(scancode_set1)
{
	struct ps2_decoder d = { 0 };
	unsigned events;

	CHECK(FEED(&d, 0x1e) == 30);
	CHECK(FEED(&d, 0x9e) == -30);
	CHECK(FEED(&d, 0xe0, 0x48) == 103);
	CHECK(FEED(&d, 0xe0, 0xc8) == -103);
	CHECK(FEED(&d, 0xe0, 0x2a, 0xe0, 0x52) == 110 && events == 1);
	CHECK(FEED(&d, 0xe1, 0x1d, 0x45, 0xe1, 0x9d, 0xc5) == 119 && events == 1);
	CHECK(FEED(&d, 0x58) == 88);
	CHECK(FEED(&d, 0x55) == 85);
	CHECK(FEED(&d, 0x7f) == 0);
}

TEST(scancode_set2)
{
	struct ps2_decoder d = { .set2 = true };
	unsigned events;

	CHECK(FEED(&d, 0x1c) == 30);
	CHECK(FEED(&d, 0xf0, 0x1c) == -30 && events == 1);
	CHECK(FEED(&d, 0xe0, 0x75) == 103);
	CHECK(FEED(&d, 0xe0, 0xf0, 0x75) == -103);
	CHECK(FEED(&d, 0xe1, 0x14, 0x77, 0xe1, 0xf0, 0x14, 0xf0, 0x77) == 119 && events == 1);
	CHECK(FEED(&d, 0x83) == 65);
	CHECK(FEED(&d, 0x84, 0xff) == 0);
}

TEST(scancode_any_bytes)
{
	for (unsigned i = 0; i < 100000; i++) {
		static struct ps2_decoder d[2] = { { 0 }, { .set2 = true } };
		unsigned key;
		bool down;

		if (ps2_decode(&d[i & 1], (u8)unit_rand(), &key, &down))
			CHECK(key > 0 && key < 256);
	}
}

TEST(s5_forms)
{
	static const u8 qemu[] = "xx\x08_S5_\x12\x06\x04\x00\x00\x00\x00yy";
	static const u8 rooted[] = "xx\x08\\_S5_\x12\x0a\x04\x0a\x05\x0a\x07\x0a\x00\x0a\x00";
	static const u8 longer[] = "xx\x08_S5_\x12\x49\x00\x02\x0b\x05\x00\x01yyyyyyy";
	u8 a, b;

	CHECK(acpi_s5_find(qemu, sizeof(qemu) - 1, &a, &b) && a == 0 && b == 0);
	CHECK(acpi_s5_find(rooted, sizeof(rooted) - 1, &a, &b) && a == 5 && b == 7);
	CHECK(acpi_s5_find(longer, sizeof(longer) - 1, &a, &b) && a == 5 && b == 1);
}

TEST(s5_not_there)
{
	static const u8 call[] = "xx\x08_S5_\x12\x06\x02" "ABCD";
	static const u8 other[] = "xx\x70_S5_\x12\x06\x04\x00\x00\x00\x00yy";
	static const u8 large[] = "xx\x08_S5_\x12\x06\x02\x0a\x08\x00yyy";
	u8 a, b;

	CHECK(!acpi_s5_find(call, sizeof(call) - 1, &a, &b));
	CHECK(!acpi_s5_find(other, sizeof(other) - 1, &a, &b));
	CHECK(!acpi_s5_find(large, sizeof(large) - 1, &a, &b));
	CHECK(!acpi_s5_find(large, 0, &a, &b));
}

/* Cut anywhere, and with any byte changed: never a read outside (the copy is exact). */
TEST(s5_damaged)
{
	static const u8 good[] = "xx\x08\\_S5_\x12\x0a\x04\x0a\x05\x0a\x07\x0b\x00\x00\x0e\x00";
	u8 a, b;

	for (size_t n = 0; n < sizeof(good); n++) {
		for (unsigned i = 0; i < 200; i++) {
			u8 *copy = malloc(n ? n : 1);

			memcpy(copy, good, n);
			if (n && i)
				copy[unit_below(n)] = (u8)unit_rand();
			if (acpi_s5_find(copy, n, &a, &b))
				CHECK(a <= 7 && b <= 7);
			free(copy);
		}
	}
}
