/*
 * The firmware's static ACPI tables (ACPI 6.4, 5.2): found through XSDT or RSDT, checksum and
 * length verified.
 */
#pragma once

#include "lib/types.h"

struct acpi_header {
	char signature[4];
	u32 length;        /* whole table, bytes; at least sizeof(struct acpi_header) */
	u8 revision, checksum;
	char oem_id[6], oem_table_id[8];
	u32 oem_revision, creator_id, creator_revision;
} __packed;

/*
 * The nth table with that signature ("APIC", "FACP", "HPET", "MCFG", "SSDT"; "DSDT" comes from the
 * FADT), mapped for good, or NULL.
 */
const struct acpi_header *acpi_table_find(const char *signature, unsigned nth);
