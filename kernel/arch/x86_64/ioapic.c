/*
 * IO-APICs (82093AA data sheet): each has a window of an index and a data register, and a
 * redirection entry per line; the lines of all together are numbered as global system interrupts.
 */
#include "abi/errno.h"
#include "arch/io.h"
#include "arch/percpu.h"
#include "arch/x86_64/irq_int.h"
#include "arch/x86_64/mmu_int.h"
#include "core/log.h"
#include "core/resource.h"
#include "core/spinlock.h"
#include "lib/format.h"

#define IOAPIC_MAX 16

#define WINDOW_INDEX 0x00
#define WINDOW_DATA  0x10
#define WINDOW_SIZE  0x20
#define DECODED_SIZE 0x400

#define REG_VERSION     0x01
#define REG_REDIRECTION 0x10 /* + 2 * line */

#define REDIR_LOW_ACTIVE BIT(13)
#define REDIR_LEVEL      BIT(15)
#define REDIR_MASKED     BIT(16)

struct ioapic {
	char *window;       /* I */
	unsigned gsi_base;  /* I */
	unsigned n_lines;   /* I */
};

static struct ioapic ioapics[IOAPIC_MAX];
static unsigned n_ioapics;
/* Guards every index/data pair. */
static struct spinlock lock = SPINLOCK_INIT(RANK_IRQ, "ioapic");

static u32 reg_read(struct ioapic *io, unsigned reg)
{
	mmio_write32(io->window + WINDOW_INDEX, reg);
	return mmio_read32(io->window + WINDOW_DATA);
}

static void reg_write(struct ioapic *io, unsigned reg, u32 v)
{
	mmio_write32(io->window + WINDOW_INDEX, reg);
	mmio_write32(io->window + WINDOW_DATA, v);
}

void ioapic_add(paddr_t address, unsigned gsi_base)
{
	struct ioapic *io = &ioapics[n_ioapics];
	char name[16];

	if (n_ioapics == IOAPIC_MAX)
		return;
	io->window = device_map(address, WINDOW_SIZE);
	snprintf(name, sizeof(name), "IOAPIC %u", n_ioapics);
	resource_add(RESOURCE_MEMORY, address, DECODED_SIZE, name);
	io->gsi_base = gsi_base;
	io->n_lines = (reg_read(io, REG_VERSION) >> 16 & 0xff) + 1;
	for (unsigned i = 0; i < io->n_lines; i++)
		reg_write(io, REG_REDIRECTION + 2 * i, REDIR_MASKED);
	n_ioapics++;
	log_info("ioapic: lines %u to %u at %#llx", gsi_base, gsi_base + io->n_lines - 1,
		 (unsigned long long)address);
}

static struct ioapic *ioapic_of(unsigned gsi)
{
	for (unsigned i = 0; i < n_ioapics; i++) {
		if (gsi >= ioapics[i].gsi_base && gsi - ioapics[i].gsi_base < ioapics[i].n_lines)
			return &ioapics[i];
	}
	return NULL;
}

int irq_gsi_route(unsigned gsi, enum irq_trigger trigger, unsigned cpu, unsigned vector)
{
	struct ioapic *io = ioapic_of(gsi);
	u32 low = vector | REDIR_MASKED;
	u64 address, flags;
	u32 data;

	if (!io)
		return -ENODEV;
	if (trigger == IRQ_EDGE_LOW || trigger == IRQ_LEVEL_LOW)
		low |= REDIR_LOW_ACTIVE;
	if (trigger == IRQ_LEVEL_HIGH || trigger == IRQ_LEVEL_LOW)
		low |= REDIR_LEVEL;
	irq_msi_message(cpu, vector, &address, &data);
	flags = spin_lock_irq(&lock);
	reg_write(io, REG_REDIRECTION + 2 * (gsi - io->gsi_base), low);
	reg_write(io, REG_REDIRECTION + 2 * (gsi - io->gsi_base) + 1,
		  (u32)(address >> 12 & 0xff) << 24);
	spin_unlock_irq(&lock, flags);
	return 0;
}

static void change_mask(unsigned gsi, bool masked)
{
	struct ioapic *io = ioapic_of(gsi);
	unsigned reg;
	u64 flags;
	u32 low;

	if (!io)
		return;
	reg = REG_REDIRECTION + 2 * (gsi - io->gsi_base);
	flags = spin_lock_irq(&lock);
	low = reg_read(io, reg) & ~(u32)REDIR_MASKED;
	reg_write(io, reg, low | (masked ? REDIR_MASKED : 0));
	spin_unlock_irq(&lock, flags);
}

void irq_gsi_mask(unsigned gsi)
{
	change_mask(gsi, true);
}

void irq_gsi_unmask(unsigned gsi)
{
	change_mask(gsi, false);
}
