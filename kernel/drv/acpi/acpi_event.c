/*
 * Events (ACPI 6.5, 4.8.3, 4.8.4, 5.6): one level-triggered interrupt, the SCI, for the power
 * button of the fixed hardware and for general-purpose events. Each of these has a method
 * \_GPE._Lxx (level) or \_GPE._Exx (edge) that finds out what happened and tells the device by
 * Notify; a power button may also be such a device (PNP0C0C). The interrupt masks a
 * general-purpose event; the worker runs its method and unmasks it.
 *
 * Locks: `lock` for the enable registers and `fired`, taken by the interrupt too.
 */
#include "drv/acpi/acpi_int.h"

#include "arch/irq.h"
#include "core/log.h"
#include "core/spinlock.h"
#include "dev/irq.h"
#include "dev/power.h"
#include "lib/format.h"
#include "sched/work.h"

#define PM1_POWER_BUTTON BIT(8)  /* of status and enable (4.8.3.1) */
#define PM1_STATUS_ALL   0x8d31  /* what can be cleared */
#define NOTIFY_BUTTON    0x80    /* pressed */
#define NOTIFY_WAKE      0x02    /* pressed while the machine slept */
#define GPE_BYTES_MAX    32

/* I: constant after acpi_event_init().  l: lock. */
struct gpe_block {
	struct acpi_reg status, enable; /* I; contents: l */
	unsigned first, bytes;          /* I: number of the first event; of each half */
	u8 edge[GPE_BYTES_MAX];         /* I: those with _Exx */
	u8 wanted[GPE_BYTES_MAX];       /* I: those with a method */
	u8 fired[GPE_BYTES_MAX];        /* l: masked, for the worker */
};

static struct spinlock lock = SPINLOCK_INIT(RANK_DRIVER, "acpi events");
static struct acpi_reg pm1_status[2], pm1_enable[2]; /* I */
static struct gpe_block gpes[2];
static struct work gpe_work;
static struct irq_line *sci;

static bool button_interrupt(void)
{
	bool pressed = false;

	for (unsigned i = 0; i < 2; i++) {
		u16 fired = acpi_reg_read16(&pm1_status[i]) & acpi_reg_read16(&pm1_enable[i]);

		if (!(fired & PM1_POWER_BUTTON))
			continue;
		acpi_reg_write16(&pm1_status[i], PM1_POWER_BUTTON); /* cleared by a one */
		pressed = true;
	}
	return pressed;
}

static bool gpe_interrupt(struct gpe_block *b)
{
	bool any = false;

	for (unsigned i = 0; i < b->bytes; i++) {
		u8 enabled = acpi_reg_read8(&b->enable, i);
		u8 now = acpi_reg_read8(&b->status, i) & enabled;

		if (!now)
			continue;
		acpi_reg_write8(&b->enable, i, enabled & (u8)~now);
		acpi_reg_write8(&b->status, i, now & b->edge[i]);
		b->fired[i] |= now;
		any = true;
	}
	return any;
}

static enum irq_result sci_interrupt(void *arg)
{
	bool button, gpe = false;

	spin_lock(&lock);
	button = button_interrupt();
	for (unsigned i = 0; i < 2; i++)
		gpe |= gpe_interrupt(&gpes[i]);
	spin_unlock(&lock);
	if (button)
		power_button_press();
	if (gpe)
		work_queue(&gpe_work);
	return button || gpe ? IRQ_HANDLED : IRQ_NONE;
}

static struct aml_node *gpe_method(unsigned number, bool *edge)
{
	struct aml_node *node;
	char path[16];

	snprintf(path, sizeof(path), "\\_GPE._L%02X", number);
	node = aml_find(acpi_aml, NULL, path);
	*edge = !node;
	if (node)
		return node;
	snprintf(path, sizeof(path), "\\_GPE._E%02X", number);
	return aml_find(acpi_aml, NULL, path);
}

static void gpe_run(struct gpe_block *b, unsigned byte, u8 fired)
{
	u64 flags;

	for (unsigned bit = 0; bit < 8; bit++) {
		struct aml_object *o;
		struct aml_node *node;
		bool edge;

		if (!(fired >> bit & 1))
			continue;
		mutex_lock(&acpi_lock);
		node = gpe_method(b->first + byte * 8 + bit, &edge);
		if (node && !aml_evaluate(acpi_aml, node, NULL, 0, &o))
			aml_put(acpi_aml, o);
		mutex_unlock(&acpi_lock);
	}
	flags = spin_lock_irq(&lock);
	acpi_reg_write8(&b->status, byte, fired & (u8)~b->edge[byte]);
	acpi_reg_write8(&b->enable, byte, acpi_reg_read8(&b->enable, byte) | fired);
	spin_unlock_irq(&lock, flags);
}

static void gpe_worker(struct work *work)
{
	for (unsigned i = 0; i < 2; i++) {
		for (unsigned byte = 0; byte < gpes[i].bytes; byte++) {
			u64 flags = spin_lock_irq(&lock);
			u8 fired = gpes[i].fired[byte];

			gpes[i].fired[byte] = 0;
			spin_unlock_irq(&lock, flags);
			if (fired)
				gpe_run(&gpes[i], byte, fired);
		}
	}
}

void acpi_notify(struct aml_node *node, u64 value)
{
	char path[64];

	if (aml_is_a(acpi_aml, node, "PNP0C0C")) {
		if (value == NOTIFY_BUTTON)
			power_button_press();
		return;
	}
	aml_path(node, path, sizeof(path));
	log_debug("acpi: %s notifies %#llx", path, (unsigned long long)value);
}

/* Opens a block with every event masked, and finds out which ones have methods. */
static void gpe_open(struct gpe_block *b, unsigned n, unsigned first)
{
	b->first = first;
	b->bytes = min(acpi_fixed.gpe_bytes[n] / 2u, (unsigned)GPE_BYTES_MAX);
	acpi_reg_open(&b->status, &acpi_fixed.gpe[n], 0, b->bytes);
	acpi_reg_open(&b->enable, &acpi_fixed.gpe[n], acpi_fixed.gpe_bytes[n] / 2u, b->bytes);
	if (!acpi_reg_exists(&b->status) || !acpi_reg_exists(&b->enable))
		b->bytes = 0;
	for (unsigned i = 0; i < b->bytes; i++) {
		acpi_reg_write8(&b->enable, i, 0);
		for (unsigned bit = 0; bit < 8 && acpi_aml; bit++) {
			bool edge;

			if (!gpe_method(first + i * 8 + bit, &edge))
				continue;
			b->wanted[i] |= (u8)(1u << bit);
			b->edge[i] |= (u8)(edge << bit);
		}
	}
}

static void button_open(void)
{
	unsigned half = acpi_fixed.pm1_event_bytes / 2u;

	for (unsigned i = 0; i < 2; i++) {
		acpi_reg_open(&pm1_status[i], &acpi_fixed.pm1_event[i], 0, 2);
		acpi_reg_open(&pm1_enable[i], &acpi_fixed.pm1_event[i], half, 2);
		acpi_reg_write16(&pm1_enable[i], 0);
		acpi_reg_write16(&pm1_status[i], PM1_STATUS_ALL);
	}
}

static void enable_events(void)
{
	u64 flags = spin_lock_irq(&lock);

	if (!(acpi_fixed.flags & FADT_POWER_BUTTON_IS_DEVICE))
		for (unsigned i = 0; i < 2; i++)
			acpi_reg_write16(&pm1_enable[i], PM1_POWER_BUTTON);
	for (unsigned n = 0; n < 2; n++) {
		for (unsigned i = 0; i < gpes[n].bytes; i++) {
			acpi_reg_write8(&gpes[n].status, i, gpes[n].edge[i]);
			acpi_reg_write8(&gpes[n].enable, i, gpes[n].wanted[i]);
		}
	}
	spin_unlock_irq(&lock, flags);
}

void acpi_event_init(void)
{
	enum irq_trigger trigger;
	unsigned gsi;
	int err;

	if (!acpi_fixed.sci)
		return;
	work_init(&gpe_work, gpe_worker);
	button_open();
	mutex_lock(&acpi_lock);
	gpe_open(&gpes[0], 0, 0);
	gpe_open(&gpes[1], 1, acpi_fixed.gpe1_base);
	mutex_unlock(&acpi_lock);
	/* Level and active low, unless the MADT says otherwise (5.2.12.5). */
	irq_isa_to_gsi(acpi_fixed.sci, &gsi, &trigger);
	if (trigger == IRQ_EDGE_HIGH || trigger == IRQ_EDGE_LOW)
		trigger = IRQ_LEVEL_LOW;
	err = irq_request_gsi(gsi, trigger, "acpi", sci_interrupt, NULL, &sci);
	if (err)
		log_warn("acpi: no interrupt for events (%d)", err);
	else
		enable_events();
}
