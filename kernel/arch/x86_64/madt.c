/*
 * The multiple APIC description table (ACPI 6.4, 5.2.12): which processors there are, where the
 * IO-APICs are, and how ISA interrupts reach them.
 */
#include "arch/acpi.h"
#include "arch/x86_64/acpi_check_int.h"
#include "arch/x86_64/irq_int.h"
#include "arch/x86_64/smp_int.h"
#include "lib/string.h"

enum madt_type { MADT_LAPIC = 0, MADT_IOAPIC = 1, MADT_OVERRIDE = 2, MADT_X2APIC = 9 };

#define CPU_ENABLED BIT(0)

struct madt {
	struct acpi_header header;
	u32 lapic_address, flags;
	u8 entries[];
} __packed;

struct madt_lapic {
	struct acpi_entry entry;
	u8 processor, id;
	u32 flags;
} __packed;

struct madt_x2apic {
	struct acpi_entry entry;
	u16 reserved;
	u32 id, flags, processor;
} __packed;

struct madt_ioapic {
	struct acpi_entry entry;
	u8 id, reserved;
	u32 address, gsi_base;
} __packed;

struct madt_override {
	struct acpi_entry entry;
	u8 bus, source;
	u32 gsi;
	u16 flags;
} __packed;

#define ISA_COUNT 16

struct isa_line {
	u32 gsi;
	enum irq_trigger trigger;
};

static struct isa_line isa_lines[ISA_COUNT];

/* MPS INTI flags (table 5.27); what "conforms to the bus" means on ISA is edge, active high. */
static enum irq_trigger trigger_of(u16 flags)
{
	bool low = (flags & 3) == 3, level = (flags >> 2 & 3) == 3;

	if (level)
		return low ? IRQ_LEVEL_LOW : IRQ_LEVEL_HIGH;
	return low ? IRQ_EDGE_LOW : IRQ_EDGE_HIGH;
}

static void parse_entry(const struct acpi_entry *e)
{
	const struct madt_ioapic *io = (const void *)e;
	const struct madt_override *o = (const void *)e;
	const struct madt_lapic *cpu = (const void *)e;
	const struct madt_x2apic *cpu2 = (const void *)e;

	if (e->type == MADT_LAPIC && e->length >= sizeof(*cpu) && cpu->flags & CPU_ENABLED)
		smp_cpu_found(cpu->id);
	if (e->type == MADT_X2APIC && e->length >= sizeof(*cpu2) && cpu2->flags & CPU_ENABLED)
		smp_cpu_found(cpu2->id);
	if (e->type == MADT_IOAPIC && e->length >= sizeof(*io))
		ioapic_add(io->address, io->gsi_base);
	if (e->type == MADT_OVERRIDE && e->length >= sizeof(*o) && o->source < ISA_COUNT)
		isa_lines[o->source] = (struct isa_line){ o->gsi, trigger_of(o->flags) };
}

void madt_init(void)
{
	const struct madt *madt = (const void *)acpi_table_find("APIC", 0);
	const struct acpi_entry *e;
	u32 at = sizeof(*madt);

	for (u32 i = 0; i < ISA_COUNT; i++)
		isa_lines[i] = (struct isa_line){ i, IRQ_EDGE_HIGH };
	if (!madt)
		return;
	while ((e = acpi_entry_next(&madt->header, &at)))
		parse_entry(e);
}

void irq_isa_to_gsi(unsigned isa, unsigned *gsi, enum irq_trigger *trigger)
{
	if (isa < ISA_COUNT) {
		*gsi = isa_lines[isa].gsi;
		*trigger = isa_lines[isa].trigger;
	} else {
		*gsi = isa;
		*trigger = IRQ_EDGE_HIGH;
	}
}
