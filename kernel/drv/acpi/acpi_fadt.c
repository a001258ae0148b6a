/*
 * The FADT grew with each version of ACPI: a field is there if the table is long enough. Registers
 * are described twice, by a port and, since ACPI 2.0, by a generic address, which counts if it is
 * not zero. Both are checked: a port has 16 bits, a register block a sensible length.
 */
#include "drv/acpi/acpi_fadt.h"

#include "lib/string.h"

#define GPE_BYTES_MAX 64

enum { SPACE_MEMORY = 0, SPACE_IO = 1 };

enum fadt_offset {
	FADT_FACS = 36, FADT_SCI = 46, FADT_SMI = 48, FADT_ENABLE = 52, FADT_PM1A_EVENT = 56,
	FADT_PM1B_EVENT = 60, FADT_PM1A_CONTROL = 64, FADT_PM1B_CONTROL = 68, FADT_GPE0 = 80,
	FADT_GPE1 = 84, FADT_PM1_EVENT_LENGTH = 88, FADT_PM1_CONTROL_LENGTH = 89,
	FADT_GPE0_LENGTH = 92, FADT_GPE1_LENGTH = 93, FADT_GPE1_BASE = 94, FADT_FLAGS = 112,
	FADT_V1_SIZE = 116, FADT_RESET = 116, FADT_RESET_VALUE = 128, FADT_X_FACS = 132,
	FADT_X_PM1A_EVENT = 148, FADT_X_PM1B_EVENT = 160, FADT_X_PM1A_CONTROL = 172,
	FADT_X_PM1B_CONTROL = 184, FADT_X_GPE0 = 220, FADT_X_GPE1 = 232,
};

struct fadt {
	const u8 *bytes;
	size_t size;
};

static u64 number(const struct fadt *f, unsigned at, unsigned bytes)
{
	u64 v = 0;

	if (at + bytes <= f->size)
		memcpy(&v, f->bytes + at, bytes);
	return v;
}

/* An address that can be reached, or zero. */
static struct acpi_address generic(const struct fadt *f, unsigned at)
{
	struct acpi_address a = { 0 };

	if (at + sizeof(a) <= f->size)
		memcpy(&a, f->bytes + at, sizeof(a));
	if (a.space > SPACE_IO || (a.space == SPACE_IO && a.address > 0xffff))
		a = (struct acpi_address){ 0 };
	return a;
}

static struct acpi_address block(const struct fadt *f, unsigned port_at, unsigned generic_at)
{
	struct acpi_address a = generic(f, generic_at);
	u64 port = number(f, port_at, 4);

	if (!a.address && port <= 0xffff)
		a = (struct acpi_address){ .space = SPACE_IO, .address = port };
	return a;
}

bool acpi_fadt_parse(const void *table, size_t size, struct acpi_fixed *out)
{
	const struct fadt f = { table, size };

	*out = (struct acpi_fixed){ 0 };
	if (size < FADT_V1_SIZE)
		return false;
	out->flags = (u32)number(&f, FADT_FLAGS, 4);
	out->facs = number(&f, FADT_X_FACS, 8) ?: number(&f, FADT_FACS, 4);
	if (out->flags & FADT_RESET_SUPPORTED) {
		out->reset = generic(&f, FADT_RESET);
		out->reset_value = (u8)number(&f, FADT_RESET_VALUE, 1);
	}
	if (out->flags & FADT_HW_REDUCED)
		return true;
	out->sci = (u16)number(&f, FADT_SCI, 2);
	if (number(&f, FADT_SMI, 4) <= 0xffff)
		out->smi_command = (u16)number(&f, FADT_SMI, 4);
	out->acpi_enable = (u8)number(&f, FADT_ENABLE, 1);
	out->pm1_event_bytes = (u8)number(&f, FADT_PM1_EVENT_LENGTH, 1);
	if (out->pm1_event_bytes >= 4 && out->pm1_event_bytes <= 16) {
		out->pm1_event[0] = block(&f, FADT_PM1A_EVENT, FADT_X_PM1A_EVENT);
		out->pm1_event[1] = block(&f, FADT_PM1B_EVENT, FADT_X_PM1B_EVENT);
	}
	if (number(&f, FADT_PM1_CONTROL_LENGTH, 1) >= 2) {
		out->pm1_control[0] = block(&f, FADT_PM1A_CONTROL, FADT_X_PM1A_CONTROL);
		out->pm1_control[1] = block(&f, FADT_PM1B_CONTROL, FADT_X_PM1B_CONTROL);
	}
	for (unsigned i = 0; i < 2; i++) {
		u8 bytes = (u8)number(&f, FADT_GPE0_LENGTH + i, 1);

		if (!bytes || bytes > GPE_BYTES_MAX || bytes % 2)
			continue;
		out->gpe_bytes[i] = bytes;
		out->gpe[i] = block(&f, FADT_GPE0 + 4 * i, FADT_X_GPE0 + 12 * i);
	}
	out->gpe1_base = (u16)number(&f, FADT_GPE1_BASE, 1);
	return true;
}
