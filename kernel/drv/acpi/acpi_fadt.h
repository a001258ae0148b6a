/* The FADT (ACPI 6.5, 5.2.9), checked: where the fixed hardware is. Pure. */
#pragma once

#include "lib/types.h"

/* Generic address structure (5.2.3.2). */
struct acpi_address {
	u8 space; /* 0 memory, 1 I/O, 2 PCI configuration */
	u8 bits, offset, access;
	u64 address;
} __packed;

enum {
	FADT_POWER_BUTTON_IS_DEVICE = 1 << 4, /* there is no fixed button */
	FADT_RESET_SUPPORTED = 1 << 10,
	FADT_HW_REDUCED = 1 << 20,            /* there is no fixed hardware at all */
};

/* What is not there has address 0. */
struct acpi_fixed {
	u32 flags;
	u16 sci, smi_command;
	u8 acpi_enable;
	struct acpi_address pm1_event[2];   /* a, b: status, and in the second half enable */
	struct acpi_address pm1_control[2]; /* a, b */
	struct acpi_address gpe[2];         /* status, and in the second half enable */
	u8 pm1_event_bytes, gpe_bytes[2];   /* both halves */
	u16 gpe1_base;                      /* number of the second block's first event */
	u64 facs;
	struct acpi_address reset;
	u8 reset_value;
};

/* Takes a FADT apart, whose header and checksum are good and which has `size` bytes. False: it is
 * too short for the fields of ACPI 1.0. */
bool acpi_fadt_parse(const void *table, size_t size, struct acpi_fixed *out);
