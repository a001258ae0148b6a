/*
 * Ways to PCI configuration space: the enhanced mechanism (ECAM, PCI Express 7.2.2), where each
 * function's 4096 bytes lie in memory at an address that the ACPI table MCFG tells (PCI
 * Firmware 3.0, 4.1.2), and the old pair of ports 0xcf8/0xcfc, which reaches 256 bytes of segment
 * 0. A bus of an ECAM region is 1 MiB; it is mapped when it is first touched, as most of the 256
 * buses do not exist.
 *
 * Locks: `ports` makes the two accesses of the port mechanism one; `maps` guards the mapping of
 * buses, and is a mutex, since mapping sleeps. Bus 0 and every bus behind a bridge is touched by
 * the scan in thread context first, so later accesses from any context find it mapped.
 */
#include "dev/pci_int.h"

#include "arch/acpi.h"
#include "arch/io.h"
#include "arch/mmu.h"
#include "core/log.h"
#include "core/resource.h"
#include "core/spinlock.h"
#include "lib/format.h"
#include "mm/kmap.h"
#include "mm/slab.h"
#include "sched/mutex.h"

#define CONFIG_ADDRESS 0xcf8
#define CONFIG_DATA    0xcfc
#define BUS_BYTES      (1u << 20)
#define ECAM_MAX       8

struct mcfg_entry {
	u64 base;
	u16 segment;
	u8 first_bus, last_bus;
	u32 reserved;
} __packed;

struct mcfg {
	struct acpi_header header;
	u64 reserved;
	struct mcfg_entry entries[];
} __packed;

struct ecam {
	paddr_t base;           /* I: of bus 0, whether or not the region begins there */
	u16 segment;            /* I */
	u8 first_bus, last_bus; /* I */
	void *buses[256];       /* written under maps, read by anyone */
};

static struct ecam *ecams[ECAM_MAX];
static unsigned n_ecams;
static struct mutex maps = MUTEX_INIT(maps, RANK_DEV, "pci maps");
static struct spinlock ports = SPINLOCK_INIT(RANK_IRQ, "pci ports");

static void ecam_add(const struct mcfg_entry *e)
{
	struct ecam *m;
	char name[32];

	if (n_ecams == ECAM_MAX || !e->base || e->base % BUS_BYTES || e->first_bus > e->last_bus)
		return;
	m = kzalloc(sizeof(*m), MM_KERNEL);
	if (!m)
		return;
	m->base = e->base;
	m->segment = e->segment;
	m->first_bus = e->first_bus;
	m->last_bus = e->last_bus;
	ecams[n_ecams++] = m;
	snprintf(name, sizeof(name), "PCI ECAM %04x [bus %02x-%02x]", m->segment, m->first_bus,
		 m->last_bus);
	resource_add(RESOURCE_MEMORY, m->base + m->first_bus * BUS_BYTES,
		     (m->last_bus - m->first_bus + 1) * BUS_BYTES, name);
	log_info("pci: segment %u, buses %u-%u by ECAM at %#lx", m->segment, m->first_bus,
		 m->last_bus, (unsigned long)m->base);
}

void pci_config_init(void)
{
	const struct mcfg *t = (const struct mcfg *)acpi_table_find("MCFG", 0);

	resource_add(RESOURCE_PORTS, 0xcf8, 8, "PCI conf1");
	if (!t || t->header.length < sizeof(*t))
		return;
	for (size_t i = 0; i < (t->header.length - sizeof(*t)) / sizeof(t->entries[0]); i++)
		ecam_add(&t->entries[i]);
}

static struct ecam *ecam_find(u16 segment, u8 bus)
{
	for (unsigned i = 0; i < n_ecams; i++)
		if (ecams[i]->segment == segment && bus >= ecams[i]->first_bus &&
		    bus <= ecams[i]->last_bus)
			return ecams[i];
	return NULL;
}

static void *ecam_map_bus(struct ecam *m, u8 bus)
{
	mutex_lock(&maps);
	if (!m->buses[bus])
		store_release(&m->buses[bus],
			      ioremap(m->base + (u64)bus * BUS_BYTES, BUS_BYTES, MMU_NOCACHE));
	mutex_unlock(&maps);
	return m->buses[bus];
}

/* Where the register is in memory, or NULL if ECAM does not reach it. */
static void *ecam_address(u16 segment, u8 bus, u8 slot, u8 function, unsigned offset)
{
	struct ecam *m = ecam_find(segment, bus);
	char *base;

	if (!m || offset >= 4096)
		return NULL;
	base = load_acquire(&m->buses[bus]);
	if (!base)
		base = ecam_map_bus(m, bus);
	return base ? base + ((unsigned)slot << 15 | (unsigned)function << 12 | offset) : NULL;
}

static u32 port_address(u8 bus, u8 slot, u8 function, unsigned offset)
{
	return 0x80000000u | (u32)bus << 16 | (u32)slot << 11 | (u32)function << 8 |
	       (offset & 0xfc);
}

static u32 port_read(u8 bus, u8 slot, u8 function, unsigned offset, unsigned size)
{
	u64 flags = spin_lock_irq(&ports);
	u16 data = CONFIG_DATA + (offset & 3);
	u32 v;

	io_out32(CONFIG_ADDRESS, port_address(bus, slot, function, offset));
	v = size == 1 ? io_in8(data) : size == 2 ? io_in16(data) : io_in32(data);
	spin_unlock_irq(&ports, flags);
	return v;
}

static void port_write(u8 bus, u8 slot, u8 function, unsigned offset, unsigned size, u32 v)
{
	u64 flags = spin_lock_irq(&ports);
	u16 data = CONFIG_DATA + (offset & 3);

	io_out32(CONFIG_ADDRESS, port_address(bus, slot, function, offset));
	if (size == 1)
		io_out8(data, (u8)v);
	else if (size == 2)
		io_out16(data, (u16)v);
	else
		io_out32(data, v);
	spin_unlock_irq(&ports, flags);
}

u32 pci_config_read(u16 segment, u8 bus, u8 slot, u8 function, unsigned offset, unsigned size)
{
	void *p = ecam_address(segment, bus, slot, function, offset);

	if (p)
		return size == 1 ? mmio_read8(p) : size == 2 ? mmio_read16(p) : mmio_read32(p);
	if (segment == 0 && offset < 256)
		return port_read(bus, slot, function, offset, size);
	return size == 1 ? 0xff : size == 2 ? 0xffff : ~0u;
}

void pci_config_write(u16 segment, u8 bus, u8 slot, u8 function, unsigned offset, unsigned size,
		      u32 v)
{
	void *p = ecam_address(segment, bus, slot, function, offset);

	if (p && size == 1)
		mmio_write8(p, (u8)v);
	else if (p && size == 2)
		mmio_write16(p, (u16)v);
	else if (p)
		mmio_write32(p, v);
	else if (segment == 0 && offset < 256)
		port_write(bus, slot, function, offset, size, v);
}

u8 pci_read8(struct pci_device *d, unsigned offset)
{
	return (u8)pci_config_read(d->segment, d->bus, d->slot, d->function, offset, 1);
}

u16 pci_read16(struct pci_device *d, unsigned offset)
{
	return (u16)pci_config_read(d->segment, d->bus, d->slot, d->function, offset, 2);
}

u32 pci_read32(struct pci_device *d, unsigned offset)
{
	return pci_config_read(d->segment, d->bus, d->slot, d->function, offset, 4);
}

void pci_write8(struct pci_device *d, unsigned offset, u8 v)
{
	pci_config_write(d->segment, d->bus, d->slot, d->function, offset, 1, v);
}

void pci_write16(struct pci_device *d, unsigned offset, u16 v)
{
	pci_config_write(d->segment, d->bus, d->slot, d->function, offset, 2, v);
}

void pci_write32(struct pci_device *d, unsigned offset, u32 v)
{
	pci_config_write(d->segment, d->bus, d->slot, d->function, offset, 4, v);
}
