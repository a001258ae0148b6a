/*
 * Power off and reset by ACPI's fixed hardware (ACPI 6.5, 4.8.3.2, 4.8.3.6, 7.4.2, 16.1): to switch
 * off, the sleep types of the package \_S5 and SLP_EN go to the PM1 control registers; before
 * that, while there are still interrupts and locks, \_PTS says that it is about to happen. To
 * reset, a value goes to the reset register. Everything is looked up at boot, so the end itself
 * needs no memory and no locks.
 *
 * acpi_register() is also where the driver comes up as a whole.
 */
#include "arch/acpi.h"
#include "arch/cpu.h"
#include "core/clock.h"
#include "core/log.h"
#include "core/resource.h"
#include "dev/drivers.h"
#include "dev/power.h"
#include "drv/acpi/acpi_int.h"

#define SLP_TYPE_SHIFT 10
#define SLP_TYPE_MASK  (7u << SLP_TYPE_SHIFT)
#define SLP_EN         BIT(13)
#define STATE_OFF      5

struct acpi_fixed acpi_fixed;

/* Constant after acpi_register(). */
static bool can_switch_off;
static u8 sleep_type[2]; /* a, b */
static struct acpi_reg reset_register;

static void wait_ms(u64 ms)
{
	u64 end = clock_monotonic() + ms * NSEC_PER_MSEC;

	while (clock_monotonic() < end)
		cpu_relax();
}

static void sleep_type_write(const struct acpi_reg *r, u8 type)
{
	u16 control = (u16)((acpi_reg_read16(r) & ~(SLP_TYPE_MASK | SLP_EN)) |
			    (unsigned)type << SLP_TYPE_SHIFT);

	acpi_reg_write16(r, control);
	acpi_reg_write16(r, control | SLP_EN);
}

static void acpi_off(void)
{
	if (!can_switch_off)
		return;
	irq_disable();
	for (unsigned i = 0; i < 2; i++)
		sleep_type_write(&acpi_pm1_control[i], sleep_type[i]);
	wait_ms(1000);
}

static void acpi_reset(void)
{
	if (!acpi_reg_exists(&reset_register))
		return;
	acpi_reg_write8(&reset_register, 0, acpi_fixed.reset_value);
	wait_ms(100);
}

static const struct power_ops acpi_ops = {
	.off = acpi_off,
	.reset = acpi_reset,
};

/* Before power is cut: \_PTS(5), if the firmware wants to know. */
static void prepare_off(void *arg)
{
	static const u64 state = STATE_OFF;
	struct aml_node *pts;
	struct aml_object *o;

	if (!mutex_try_lock(&acpi_lock))
		return; /* byte code that hangs must not keep the machine on */
	pts = aml_find(acpi_aml, NULL, "\\_PTS");
	if (pts && !aml_evaluate(acpi_aml, pts, &state, 1, &o))
		aml_put(acpi_aml, o);
	mutex_unlock(&acpi_lock);
}

static bool sleep_types_read(void)
{
	struct aml_node *s5 = aml_find(acpi_aml, NULL, "\\_S5");
	struct aml_object *package, *o;
	u64 v[2] = { 0 };
	bool ok;

	if (!s5 || aml_evaluate(acpi_aml, s5, NULL, 0, &package))
		return false;
	ok = aml_count_of(package) >= 1;
	for (unsigned i = 0; i < 2 && ok; i++) {
		/* One element does for both. */
		ok = !aml_element_of(acpi_aml, package, min(i, aml_count_of(package) - 1), &o);
		if (ok) {
			ok = !aml_integer_of(o, &v[i]) && (v[i] & 0xff) <= 7;
			aml_put(acpi_aml, o);
		}
		sleep_type[i] = (u8)v[i];
	}
	aml_put(acpi_aml, package);
	return ok;
}

static void off_init(bool acpi_mode)
{
	bool known = false;

	if (acpi_aml) {
		mutex_lock(&acpi_lock);
		known = sleep_types_read();
		mutex_unlock(&acpi_lock);
	}
	can_switch_off = known && acpi_mode;
	if (!can_switch_off) {
		log_info("acpi: no power off: %s",
			 known ? "no PM1 control register" : "no package \\_S5");
		return;
	}
	if (power_at_end(prepare_off, NULL))
		log_warn("acpi: no memory to call \\_PTS");
	log_info("acpi: power off by sleep types %u, %u", sleep_type[0], sleep_type[1]);
}

static void block_note(const struct acpi_address *a, u64 bytes, const char *name)
{
	if (a->address && a->space <= 1)
		resource_add(a->space ? RESOURCE_PORTS : RESOURCE_MEMORY, a->address, bytes, name);
}

static void fixed_note(const struct acpi_fixed *f)
{
	block_note(&f->pm1_event[0], f->pm1_event_bytes, "ACPI PM1a_EVT_BLK");
	block_note(&f->pm1_event[1], f->pm1_event_bytes, "ACPI PM1b_EVT_BLK");
	block_note(&f->pm1_control[0], 2, "ACPI PM1a_CNT_BLK");
	block_note(&f->pm1_control[1], 2, "ACPI PM1b_CNT_BLK");
	block_note(&f->gpe[0], f->gpe_bytes[0], "ACPI GPE0_BLK");
	block_note(&f->gpe[1], f->gpe_bytes[1], "ACPI GPE1_BLK");
}

void acpi_register(void)
{
	const struct acpi_header *fadt = acpi_table_find("FACP", 0);
	bool acpi_mode = false;

	if (!fadt || !acpi_fadt_parse(fadt, fadt->length, &acpi_fixed))
		log_info("acpi: no FADT");
	else
		acpi_mode = acpi_mode_enter();
	fixed_note(&acpi_fixed);
	acpi_aml_init();
	acpi_prt_init();
	off_init(acpi_mode);
	acpi_reg_open(&reset_register, &acpi_fixed.reset, 0, 1);
	power_register(&acpi_ops);
	if (acpi_mode)
		acpi_event_init();
}
