/*
 * The high precision event timer's main counter (IA-PC HPET specification 1.0a), found through the
 * ACPI table "HPET".
 */
#include "arch/acpi.h"
#include "arch/io.h"
#include "arch/x86_64/cpu_int.h"
#include "arch/x86_64/mmu_int.h"
#include "arch/x86_64/time_int.h"
#include "core/resource.h"

struct hpet_table {
	struct acpi_header header;
	u32 block_id;
	u8 space, width, offset, access;
	u64 address;
	u8 number;
	u16 min_tick;
	u8 protection;
} __packed;

#define SPACE_MEMORY 0

#define HPET_CAPABILITIES 0x000
#define HPET_CONFIG       0x010
#define HPET_COUNTER      0x0f0
#define HPET_SIZE         0x400

#define CAP_64BIT     BIT(13)
#define CONFIG_ENABLE BIT(0)

#define FEMTOSECONDS  1000000000000000ull
#define PERIOD_MAX    100000000 /* fs, by the specification */

static char *registers;

static u64 hpet_read64(void)
{
	return mmio_read64(registers + HPET_COUNTER);
}

static u64 hpet_read32(void)
{
	return mmio_read32(registers + HPET_COUNTER);
}

static struct counter hpet = { .name = "hpet" };

const struct counter *hpet_counter(void)
{
	const struct hpet_table *t = (const void *)acpi_table_find("HPET", 0);
	u64 capabilities, period;

	if (!t || t->header.length < sizeof(*t) || t->space != SPACE_MEMORY || !t->address ||
	    t->address >> cpu_features.phys_bits)
		return NULL;
	registers = device_map(t->address, HPET_SIZE);
	resource_add(RESOURCE_MEMORY, t->address, HPET_SIZE, "HPET 0");
	capabilities = mmio_read64(registers + HPET_CAPABILITIES);
	period = capabilities >> 32;
	if (period == 0 || period > PERIOD_MAX)
		return NULL;
	mmio_write64(registers + HPET_CONFIG, mmio_read64(registers + HPET_CONFIG) | CONFIG_ENABLE);
	hpet.hz = FEMTOSECONDS / period;
	hpet.mask = capabilities & CAP_64BIT ? ~0ull : 0xffffffff;
	hpet.read = capabilities & CAP_64BIT ? hpet_read64 : hpet_read32;
	return &hpet;
}
