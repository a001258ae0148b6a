/*
 * The ACPI power management timer (ACPI 6.4, 4.8.3.3): 3.579545 MHz, 24 or 32 bits, at a port named
 * by the FADT.
 */
#include "arch/acpi.h"
#include "arch/io.h"
#include "arch/x86_64/time_int.h"
#include "lib/string.h"

#define PM_TIMER_HZ 3579545

#define FADT_PM_TMR_BLK 76
#define FADT_PM_TMR_LEN 91
#define FADT_FLAGS      112
#define FADT_TMR_VAL_EXT BIT(8)

static u16 port;

static u64 pmtimer_read(void)
{
	return io_in32(port);
}

static struct counter pmtimer = { .name = "acpi_pm", .hz = PM_TIMER_HZ };

const struct counter *pmtimer_counter(void)
{
	const struct acpi_header *fadt = acpi_table_find("FACP", 0);
	u32 block, flags;

	if (!fadt || fadt->length < FADT_FLAGS + sizeof(u32))
		return NULL;
	memcpy(&block, (const u8 *)fadt + FADT_PM_TMR_BLK, sizeof(block));
	memcpy(&flags, (const u8 *)fadt + FADT_FLAGS, sizeof(flags));
	if (block == 0 || block > 0xfffc || ((const u8 *)fadt)[FADT_PM_TMR_LEN] != 4)
		return NULL;
	port = (u16)block;
	pmtimer.mask = flags & FADT_TMR_VAL_EXT ? 0xffffffff : 0xffffff;
	pmtimer.read = pmtimer_read;
	return &pmtimer;
}
