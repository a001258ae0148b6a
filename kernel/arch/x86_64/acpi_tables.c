/*
 * The firmware's static tables (ACPI 6.4, 5.2). The root pointer comes from the boot loader, or is
 * looked for where a BIOS puts it (5.2.5.1). Every length and checksum is verified before a table
 * is believed; tables are read where they lie, through the physmap.
 */
#include "arch/acpi.h"
#include "arch/boot.h"
#include "arch/mmu.h"
#include "arch/x86_64/acpi_check_int.h"
#include "arch/x86_64/mmu_int.h"
#include "lib/string.h"

#define BIOS_START       0xe0000
#define BIOS_END         0x100000
#define EBDA_SEGMENT     0x40e
#define EBDA_SCAN        1024

static const struct rsdp *scan(paddr_t start, size_t n)
{
	for (paddr_t pa = start; pa + RSDP_V1_LENGTH <= start + n; pa += 16) {
		if (acpi_rsdp_ok(phys_to_virt(pa), start + n - pa))
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
	if (!r || !acpi_rsdp_ok(r, sizeof(*r))) {
		ebda = (paddr_t)*(const u16 *)phys_to_virt(EBDA_SEGMENT) << 4;
		r = ebda >= 0x400 && ebda < 0xa0000 - EBDA_SCAN
			? scan(align_up(ebda, 16), EBDA_SCAN) : NULL;
	}
	found = r ?: scan(BIOS_START, BIOS_END - BIOS_START);
	return found;
}

/* The table at pa, if it is whole and sound. */
static const struct acpi_header *table_at(paddr_t pa)
{
	const struct acpi_header *h = pa ? physmap_extend(pa, sizeof(*h)) : NULL;

	if (!h || !acpi_length_ok(h) || !physmap_extend(pa, h->length))
		return NULL;
	return acpi_sum_ok(h, h->length) ? h : NULL;
}

/* The nth table listed by a root table whose entries are `width` bytes. */
static const struct acpi_header *root_lookup(const struct acpi_header *root, size_t width,
					     const char *signature,
					     unsigned nth)
{
	u64 pa;

	for (size_t i = 0; acpi_root_entry(root, width, i, &pa); i++) {
		const struct acpi_header *h = table_at(pa);

		if (h && !memcmp(h->signature, signature, 4) && nth-- == 0)
			return h;
	}
	return NULL;
}

static const struct acpi_header *dsdt_find(void)
{
	const struct acpi_header *fadt = acpi_table_find("FACP", 0), *dsdt;

	if (!fadt)
		return NULL;
	dsdt = table_at(acpi_fadt_dsdt(fadt, true));
	return dsdt ?: table_at(acpi_fadt_dsdt(fadt, false));
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
