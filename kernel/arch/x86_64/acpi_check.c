/* Checks of the firmware's static tables; see acpi_check_int.h. Pure. */
#include "arch/x86_64/acpi_check_int.h"

#include "lib/string.h"

#define TABLE_LENGTH_MAX MIB(16)

/* What of the fixed description table leads to the DSDT (5.2.9). */
#define FADT_DSDT   40
#define FADT_X_DSDT 140

static_assert(sizeof(struct rsdp) == RSDP_V2_LENGTH, "ACPI 5.2.5.3");

bool acpi_sum_ok(const void *p, size_t n)
{
	u8 sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += ((const u8 *)p)[i];
	return sum == 0;
}

bool acpi_rsdp_ok(const void *p, size_t size)
{
	const struct rsdp *r = p;

	if (memcmp(r->signature, "RSD PTR ", 8) || !acpi_sum_ok(r, RSDP_V1_LENGTH))
		return false;
	if (r->revision < 2)
		return true;
	return size >= RSDP_V2_LENGTH && r->length >= RSDP_V2_LENGTH && r->length <= size &&
	       acpi_sum_ok(r, r->length);
}

bool acpi_length_ok(const struct acpi_header *h)
{
	return h->length >= sizeof(*h) && h->length <= TABLE_LENGTH_MAX;
}

bool acpi_root_entry(const struct acpi_header *root, size_t width, size_t n, u64 *address)
{
	if (n >= (root->length - sizeof(*root)) / width)
		return false;
	*address = 0;
	memcpy(address, (const u8 *)(root + 1) + n * width, width);
	return true;
}

u64 acpi_fadt_dsdt(const struct acpi_header *fadt, bool wide)
{
	size_t at = wide ? FADT_X_DSDT : FADT_DSDT, width = wide ? sizeof(u64) : sizeof(u32);
	u64 address = 0;

	if (fadt->length >= at + width)
		memcpy(&address, (const u8 *)fadt + at, width);
	return address;
}

const struct acpi_entry *acpi_entry_next(const struct acpi_header *table, u32 *at)
{
	const struct acpi_entry *e = (const void *)((const u8 *)table + *at);

	if (*at > table->length || table->length - *at < sizeof(*e) || e->length < sizeof(*e) ||
	    e->length > table->length - *at)
		return NULL;
	*at += e->length;
	return e;
}
