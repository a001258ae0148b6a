/* test/host/fuzz_acpi.c - any bytes as a root pointer, a root table, a MADT, a FADT. */
#include "test/host/fuzz.h"

#include "arch/x86_64/acpi_check_int.h"
#include "drv/acpi/acpi_fadt.h"

static void any_table(struct acpi_header *t, size_t size)
{
	const struct acpi_entry *e;
	struct acpi_fixed f;
	u32 at = 44;
	u64 address;

	t->length = (u32)size; /* what the caller of these has checked */
	for (size_t i = 0; acpi_root_entry(t, 8, i, &address); i++)
		INSIST(i < size / 8);
	for (size_t i = 0; acpi_root_entry(t, 4, i, &address); i++)
		INSIST(address <= 0xffffffff);
	while ((e = acpi_entry_next(t, &at)))
		INSIST(e->length >= 2 && at <= size);
	(void)acpi_fadt_dsdt(t, true);
	(void)acpi_fadt_dsdt(t, false);
	if (acpi_fadt_parse(t, size, &f))
		INSIST((f.reset.space == 0 || f.reset.address <= 0xffff) && f.gpe_bytes[0] <= 64);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	u8 *copy = malloc(size ? size : 1); /* of its exact size */

	memcpy(copy, data, size);
	if (size >= RSDP_V1_LENGTH)
		(void)acpi_rsdp_ok(copy, size);
	if (size >= sizeof(struct acpi_header))
		any_table((void *)copy, size);
	free(copy);
	return 0;
}
