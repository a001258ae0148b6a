/*
 * The firmware's static tables (ACPI 6.4, 5.2). The root pointer comes from the boot loader, or is
 * looked for where a BIOS puts it (5.2.5.1). Every length and checksum is verified before a table
 * is believed; tables are read where they lie, through the physmap.
 */
#include "arch/acpi.h"
#include "arch/boot.h"
#include "arch/mmu.h"
#include "arch/x86_64/mmu_int.h"
#include "lib/string.h"

#define RSDP_V1_LENGTH   20
#define TABLE_LENGTH_MAX MIB(16)
#define BIOS_START       0xe0000
#define BIOS_END         0x100000
#define EBDA_SEGMENT     0x40e
#define EBDA_SCAN        1024

struct rsdp {
	char signature[8];
	u8 checksum;
	char oem_id[6];
	u8 revision;
	u32 rsdt;
	/* From revision 2: */
	u32 length;
	u64 xsdt;
	u8 extended_checksum, reserved[3];
} __packed;

/* What of the fixed description table leads to the DSDT (5.2.9). */
#define FADT_DSDT   40
#define FADT_X_DSDT 140

static bool sum_ok(const void *p, size_t n)
{
	u8 sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += ((const u8 *)p)[i];
	return sum == 0;
}

static bool rsdp_ok(const struct rsdp *r)
{
	return !memcmp(r->signature, "RSD PTR ", 8) && sum_ok(r, RSDP_V1_LENGTH) &&
	       (r->revision < 2 || (r->length >= sizeof(*r) && r->length <= PAGE_SIZE &&
				    sum_ok(r, r->length)));
}

static const struct rsdp *scan(paddr_t start, size_t n)
{
	for (paddr_t pa = start; pa < start + n; pa += 16) {
		if (rsdp_ok(phys_to_virt(pa)))
			return phys_to_virt(pa);
	}
	return NULL;
}

static const struct rsdp *rsdp_find(void)
{
	static const struct rsdp *found;
	const struct rsdp *r = NULL;
	paddr_t ebda;

	if (found)
		return found;
	if (boot_info.rsdp)
		r = physmap_extend(boot_info.rsdp, sizeof(*r));
	if (!r || !rsdp_ok(r)) {
		ebda = (paddr_t)*(const u16 *)phys_to_virt(EBDA_SEGMENT) << 4;
		r = ebda >= 0x400 && ebda < 0xa0000 - EBDA_SCAN
			? scan(align_up(ebda, 16), EBDA_SCAN) : NULL;
	}
	found = r ?: scan(BIOS_START, BIOS_END - BIOS_START - sizeof(*r));
	return found;
}

/* The table at pa, if it is whole and sound. */
static const struct acpi_header *table_at(paddr_t pa)
{
	const struct acpi_header *h = pa ? physmap_extend(pa, sizeof(*h)) : NULL;

	if (!h || h->length < sizeof(*h) || h->length > TABLE_LENGTH_MAX ||
	    !physmap_extend(pa, h->length))
		return NULL;
	return sum_ok(h, h->length) ? h : NULL;
}

/* The nth table listed by a root table whose entries are `width` bytes. */
static const struct acpi_header *root_lookup(const struct acpi_header *root, size_t width,
					     const char *signature,
					     unsigned nth)
{
	const u8 *entries = (const u8 *)(root + 1);
	size_t n = (root->length - sizeof(*root)) / width;

	for (size_t i = 0; i < n; i++) {
		const struct acpi_header *h;
		u64 pa = 0;

		memcpy(&pa, entries + i * width, width);
		h = table_at(pa);
		if (h && !memcmp(h->signature, signature, 4) && nth-- == 0)
			return h;
	}
	return NULL;
}

static const struct acpi_header *dsdt_find(void)
{
	const struct acpi_header *fadt = acpi_table_find("FACP", 0), *dsdt = NULL;
	u64 pa = 0;

	if (!fadt)
		return NULL;
	if (fadt->length >= FADT_X_DSDT + sizeof(u64)) {
		memcpy(&pa, (const u8 *)fadt + FADT_X_DSDT, sizeof(u64));
		dsdt = table_at(pa);
	}
	if (!dsdt && fadt->length >= FADT_DSDT + sizeof(u32)) {
		pa = 0;
		memcpy(&pa, (const u8 *)fadt + FADT_DSDT, sizeof(u32));
		dsdt = table_at(pa);
	}
	return dsdt;
}

const struct acpi_header *acpi_table_find(const char *signature, unsigned nth)
{
	const struct rsdp *r = rsdp_find();
	const struct acpi_header *root;

	if (!r)
		return NULL;
	if (!memcmp(signature, "DSDT", 4))
		return nth == 0 ? dsdt_find() : NULL;
	root = r->revision >= 2 ? table_at(r->xsdt) : NULL;
	if (root)
		return root_lookup(root, sizeof(u64), signature, nth);
	root = table_at(r->rsdt);
	return root ? root_lookup(root, sizeof(u32), signature, nth) : NULL;
}
