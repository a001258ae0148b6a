/*
 * Power off and reset by ACPI's fixed hardware (ACPI 6.4, 4.8.3, 4.8.4.6), as the FADT (5.2.9)
 * describes it: to switch off, the sleep type of \_S5 and SLP_EN go to the PM1 control registers;
 * to reset, a value goes to the reset register. Everything is looked up at boot, so the end needs
 * no memory and no locks.
 */
#include "arch/acpi.h"
#include "arch/cpu.h"
#include "arch/io.h"
#include "arch/mmu.h"
#include "core/clock.h"
#include "core/log.h"
#include "dev/power.h"
#include "drv/acpi/acpi_s5.h"
#include "dev/drivers.h"
#include "mm/kmap.h"

#define SCI_EN BIT(0)
#define SLP_TYPE_SHIFT 10
#define SLP_TYPE_MASK (7u << SLP_TYPE_SHIFT)
#define SLP_EN BIT(13)
#define FADT_RESET_SUPPORTED BIT(10)
#define FADT_HW_REDUCED BIT(20)

/* Generic address structure (5.2.3.2) */
struct acpi_address {
	u8 space; /* 0 memory, 1 I/O, 2 PCI configuration */
	u8 bits, offset, access;
	u64 address;
} __packed;

/* The FADT up to what is used here. */
struct acpi_fadt {
	struct acpi_header header;
	u32 firmware_ctrl, dsdt;
	u8 reserved1, preferred_profile;
	u16 sci_irq;
	u32 smi_command;
	u8 acpi_enable, acpi_disable, s4bios, pstate;
	u32 pm1a_event, pm1b_event, pm1a_control, pm1b_control, pm2_control, pm_timer, gpe0, gpe1;
	u8 lengths[8];
	u16 latencies[2], flush_size, flush_stride;
	u8 duty[2], day_alarm, month_alarm, century;
	u16 boot_flags;
	u8 reserved2;
	u32 flags;
	struct acpi_address reset_register;
	u8 reset_value;
} __packed;

static_assert(offsetof(struct acpi_fadt, pm1a_control) == 64, "ACPI 5.2.9");
static_assert(offsetof(struct acpi_fadt, flags) == 112, "ACPI 5.2.9");
static_assert(offsetof(struct acpi_fadt, reset_value) == 128, "ACPI 5.2.9");

/* Constant after acpi_power_register(). */
static u16 pm1a, pm1b, smi_port;
static u8 acpi_on, type_a, type_b;
static struct acpi_address reset_at;
static void *reset_memory;
static u8 reset_value;

static void wait_ms(u64 ms)
{
	u64 end = clock_monotonic() + ms * NSEC_PER_MSEC;

	while (clock_monotonic() < end)
		cpu_relax();
}

/* The registers obey only in ACPI mode, which the firmware enters on request (4.8.2.5). */
static void enter_acpi_mode(void)
{
	if (io_in16(pm1a) & SCI_EN || !smi_port || !acpi_on)
		return;
	io_out8(smi_port, acpi_on);
	for (unsigned i = 0; i < 300 && !(io_in16(pm1a) & SCI_EN); i++)
		wait_ms(10);
}

static void sleep_type_write(u16 port, u8 type)
{
	u16 control = (u16)((io_in16(port) & ~(SLP_TYPE_MASK | SLP_EN)) |
			    (u16)(type << SLP_TYPE_SHIFT));

	io_out16(port, control);
	io_out16(port, control | SLP_EN);
}

static void acpi_off(void)
{
	if (!pm1a)
		return;
	enter_acpi_mode();
	irq_disable();
	sleep_type_write(pm1a, type_a);
	if (pm1b)
		sleep_type_write(pm1b, type_b);
	wait_ms(1000);
}

static void acpi_reset(void)
{
	if (reset_memory)
		mmio_write8(reset_memory, reset_value);
	else if (reset_at.space == 1 && reset_at.address)
		io_out8((u16)reset_at.address, reset_value);
	else
		return;
	wait_ms(100);
}

static const struct power_ops acpi_ops = {
	.off = acpi_off,
	.reset = acpi_reset,
};

/* \_S5 is in the DSDT, or in one of the SSDTs. */
static bool find_s5(void)
{
	const struct acpi_header *t = acpi_table_find("DSDT", 0);

	for (unsigned n = 0; t; n++) {
		if (acpi_s5_find((const u8 *)(t + 1), t->length - sizeof(*t), &type_a, &type_b))
			return true;
		t = acpi_table_find("SSDT", n);
	}
	return false;
}

static void find_reset(const struct acpi_fadt *fadt)
{
	if (fadt->header.length < offsetof(struct acpi_fadt, reset_value) + 1 ||
	    !(fadt->flags & FADT_RESET_SUPPORTED))
		return;
	reset_at = fadt->reset_register;
	reset_value = fadt->reset_value;
	if (reset_at.space == 0 && reset_at.address)
		reset_memory = ioremap(reset_at.address, 1, MMU_NOCACHE);
	if (reset_at.space == 1 && reset_at.address > 0xffff)
		reset_at.address = 0;
}

void acpi_power_register(void)
{
	const struct acpi_fadt *fadt = (const struct acpi_fadt *)acpi_table_find("FACP", 0);

	if (!fadt || fadt->header.length < offsetof(struct acpi_fadt, reset_register)) {
		log_info("acpi: no FADT: no power off");
		return;
	}
	find_reset(fadt);
	if (fadt->flags & FADT_HW_REDUCED || !fadt->pm1a_control || fadt->pm1a_control > 0xffff ||
	    fadt->pm1b_control > 0xffff)
		log_info("acpi: no PM1 control register: no power off");
	else if (!find_s5())
		log_info("acpi: no \\_S5: no power off");
	else
		pm1a = (u16)fadt->pm1a_control;
	pm1b = (u16)fadt->pm1b_control;
	smi_port = (u16)(fadt->smi_command <= 0xffff ? fadt->smi_command : 0);
	acpi_on = fadt->acpi_enable;
	power_register(&acpi_ops);
	if (pm1a)
		log_info("acpi: power off by port %#x, sleep type %u", pm1a, type_a);
}
