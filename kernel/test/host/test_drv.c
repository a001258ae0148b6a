/* The pure parts of drivers: what a disk tells of itself, scan codes, the FADT, resources. */
#include "test/host/unit.h"

#include "abi/errno.h"
#include "drv/acpi/acpi_fadt.h"
#include "drv/acpi/acpi_resource.h"
#include "drv/ahci/ata_identify.h"
#include "drv/e1000/e1000_nvm.h"
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

TEST(queued_error_log)
{
	struct ata_queued_error e;
	u8 page[512] = { 17, 0, 0x41, 0x40, 1, 2, 3, 0x40, 4, 5, 6 };
	u8 sum = 0;

	for (unsigned i = 0; i < 511; i++)
		sum = (u8)(sum + page[i]);
	page[511] = (u8)-sum;
	CHECK_EQ(ata_queued_error_parse(page, &e), 0);
	CHECK(e.tag == 17 && e.status == 0x41 && e.error == 0x40 && e.lba == 0x060504030201);
	page[300]++;
	CHECK_EQ(ata_queued_error_parse(page, &e), (u64)-EINVAL);
	page[300]--;
	page[0] |= 0x80; /* not of a queued command */
	page[511] -= 0x80;
	CHECK_EQ(ata_queued_error_parse(page, &e), (u64)-EINVAL);
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

static void put(u8 *table, unsigned at, unsigned bytes, u64 v)
{
	for (unsigned i = 0; i < bytes; i++)
		table[at + i] = (u8)(v >> (8 * i));
}

static void put_address(u8 *table, unsigned at, u8 space, u64 address)
{
	put(table, at, 1, space);
	put(table, at + 4, 8, address);
}

static void fadt_make(u8 *t)
{
	memset(t, 0, 276);
	put(t, 36, 4, 0x1000);
	put(t, 46, 2, 9);
	put(t, 48, 4, 0xb2);
	put(t, 52, 1, 2);
	put(t, 56, 4, 0x600);
	put(t, 64, 4, 0x604);
	put(t, 80, 4, 0x620);
	put(t, 88, 1, 4);
	put(t, 89, 1, 2);
	put(t, 92, 1, 16);
	put(t, 112, 4, FADT_RESET_SUPPORTED);
	put_address(t, 116, 1, 0xcf9);
	put(t, 128, 1, 0xf);
}

TEST(fadt_versions)
{
	struct acpi_fixed f;
	u8 t[276];

	fadt_make(t);
	CHECK(!acpi_fadt_parse(t, 115, &f));
	CHECK(acpi_fadt_parse(t, 116, &f)); /* ACPI 1.0: no reset register */
	CHECK_EQ(f.sci, 9);
	CHECK_EQ(f.pm1_control[0].address, 0x604);
	CHECK_EQ(f.pm1_control[0].space, 1);
	CHECK_EQ(f.pm1_control[1].address, 0);
	CHECK_EQ(f.gpe[0].address, 0x620);
	CHECK_EQ(f.gpe_bytes[0], 16);
	CHECK_EQ(f.gpe_bytes[1], 0);
	CHECK_EQ(f.facs, 0x1000);
	CHECK_EQ(f.reset.address, 0);
	CHECK(acpi_fadt_parse(t, 244, &f));
	CHECK_EQ(f.reset.address, 0xcf9);
	CHECK_EQ(f.reset_value, 0xf);
	put_address(t, 172, 0, 0xfed80000); /* memory wins over the port */
	put(t, 132, 8, 0x123456789000);
	CHECK(acpi_fadt_parse(t, 244, &f));
	CHECK_EQ(f.pm1_control[0].space, 0);
	CHECK_EQ(f.pm1_control[0].address, 0xfed80000);
	CHECK_EQ(f.facs, 0x123456789000);
}

TEST(fadt_nonsense)
{
	struct acpi_fixed f;
	u8 t[276];

	fadt_make(t);
	put(t, 64, 4, 0x10604);
	put(t, 88, 1, 255);
	put(t, 92, 1, 7);
	put_address(t, 116, 1, 0x12345);
	CHECK(acpi_fadt_parse(t, 244, &f));
	CHECK_EQ(f.pm1_control[0].address, 0);
	CHECK_EQ(f.pm1_event[0].address, 0);
	CHECK_EQ(f.gpe_bytes[0], 0);
	CHECK_EQ(f.reset.address, 0);
	fadt_make(t);
	put(t, 112, 4, FADT_HW_REDUCED);
	CHECK(acpi_fadt_parse(t, 244, &f));
	CHECK_EQ(f.sci, 0);
	CHECK_EQ(f.pm1_control[0].address, 0);
}

TEST(resource_irqs)
{
	u8 t[] = { 0x23, 0x20, 0x0c, 0x18,                          /* 5, 10, 11: level, low */
		   0x47, 1, 0, 0, 0, 0, 1, 1,                       /* ports */
		   0x89, 14, 0, 1, 3, 16, 0, 0, 0, 17, 0, 0, 0, 18, 0, 0, 0,
		   0x79, 0 };
	struct acpi_irq irq;
	size_t at = 0;

	CHECK(acpi_irq_next(t, sizeof(t), &at, &irq));
	CHECK(irq.n == 3 && irq.number[0] == 5 && irq.number[1] == 10 && irq.number[2] == 11);
	CHECK(irq.level && irq.low && irq.at == 0);
	CHECK(acpi_irq_next(t, sizeof(t), &at, &irq));
	CHECK(irq.n == 3 && irq.number[2] == 18 && irq.level && !irq.low && irq.at == 12);
	CHECK(!acpi_irq_next(t, sizeof(t), &at, &irq));
	CHECK_EQ(acpi_irq_choose(t, sizeof(t), 12, 17), sizeof(t) - 8);
	at = 12;
	CHECK(acpi_irq_next(t, sizeof(t) - 8, &at, &irq) && irq.n == 1 && irq.number[0] == 17);
	CHECK_EQ(t[at], 0x79);
	CHECK_EQ(acpi_irq_choose(t, sizeof(t) - 8, 0, 10), sizeof(t) - 8);
	CHECK(t[1] == 0 && t[2] == 4);
	CHECK_EQ(acpi_irq_choose(t, sizeof(t) - 8, 0, 16), 0);
	CHECK_EQ(acpi_irq_choose(t, sizeof(t) - 8, 4, 1), 0);
}

/* Cut anywhere and with changed bytes: never a read outside (the copy is exact). */
TEST(resource_damaged)
{
	static const u8 good[] = { 0x23, 0x20, 0x0c, 0x18, 0x89, 14, 0, 1, 3, 16, 0, 0, 0,
				   17, 0, 0, 0, 18, 0, 0, 0, 0x79, 0 };

	for (unsigned round = 0; round < 20000; round++) {
		size_t n = 1 + unit_below(sizeof(good)), at = 0;
		struct acpi_irq irq;
		u8 *copy = malloc(n);

		memcpy(copy, good, n);
		copy[unit_below(n)] = (u8)unit_rand();
		while (acpi_irq_next(copy, n, &at, &irq))
			CHECK(irq.n >= 1 && irq.n <= ACPI_IRQ_MAX && irq.at < at && at <= n);
		CHECK(acpi_irq_choose(copy, n, unit_below(n), 3) <= n);
		free(copy);
	}
}

TEST(nvm_address)
{
	u16 w[E1000_NVM_WORDS] = { 0x5452, 0x1200, 0x5634 };
	u8 address[6];

	CHECK(!e1000_nvm_valid(w));
	w[63] = (u16)(0xbaba - 0x5452 - 0x1200 - 0x5634);
	CHECK(e1000_nvm_valid(w) && e1000_nvm_address(w, address));
	CHECK(!memcmp(address, (u8[]){ 0x52, 0x54, 0x00, 0x12, 0x34, 0x56 }, 6));
	for (unsigned i = 0; i < E1000_NVM_WORDS; i++) {
		w[i] ^= (u16)(1u << unit_below(16));
		CHECK(!e1000_nvm_valid(w));
		memset(w + 3, 0, 2 * 60);
		w[0] = 0x5452, w[1] = 0x1200, w[2] = 0x5634;
		w[63] = (u16)(0xbaba - 0x5452 - 0x1200 - 0x5634);
	}
	w[0] = 0x0001;
	CHECK(!e1000_nvm_address(w, address));
	w[0] = w[1] = w[2] = 0;
	CHECK(!e1000_nvm_address(w, address));
}
