/*
 * Checks of the firmware's static tables (ACPI 6.5, 5.2) before they are believed. Pure: each looks
 * at no byte but those it is given.
 */
#pragma once

#include "arch/acpi.h"

#define RSDP_V1_LENGTH 20
#define RSDP_V2_LENGTH 36

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

/* Whether all bytes add up to 0. */
bool acpi_sum_ok(const void *p, size_t n);
/* A root pointer of which `size` bytes can be read, at least RSDP_V1_LENGTH. One of revision 2 that
 * is not whole and sound, or longer than size, is none. */
bool acpi_rsdp_ok(const void *p, size_t size);
/* Whether a table's header gives a sensible length; then that many bytes must be readable, for the
 * checksum. */
bool acpi_length_ok(const struct acpi_header *h);
/* The nth address in a root table whose entries are `width` bytes (4 RSDT, 8 XSDT): false after the
 * last. */
bool acpi_root_entry(const struct acpi_header *root, size_t width, size_t n, u64 *address);
/* The DSDT's address in a whole FADT: the wide one (0 if the table has none), or the old one. */
u64 acpi_fadt_dsdt(const struct acpi_header *fadt, bool wide);

/* An entry of the MADT and tables like it: type, length, contents. */
struct acpi_entry {
	u8 type, length;
} __packed;

/* The entry at *at of a whole table, and moves *at behind it; NULL at the end, or where no whole
 * entry is. */
const struct acpi_entry *acpi_entry_next(const struct acpi_header *table, u32 *at);
