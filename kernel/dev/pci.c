/*
 * The PCI bus: the scan that finds the functions, bridges included, and the meeting of devices and
 * drivers. Resources were given out by the firmware: BARs are read and sized, never moved. The list
 * of devices is built once at boot and only then read, in order of address, so that what is named
 * by order of probing is named the same at each boot.
 *
 * Locks: `binding` for the driver field of all devices. A driver claims a device by it and is
 * probed without it; so probes run one at a time per device.
 */
#include "dev/pci_int.h"

#include "abi/errno.h"
#include "arch/mmu.h"
#include "core/log.h"
#include "core/resource.h"
#include "core/spinlock.h"
#include "lib/bitmap.h"
#include "lib/format.h"
#include "mm/kmap.h"
#include "mm/slab.h"

#define CLASS_HOST_BRIDGE 0x060000
#define CLASS_PCI_BRIDGE  0x060400
#define CLASS_BASE_SUB    0xffff00
#define CAPABILITIES_MAX  48 /* as many as fit into the 192 bytes after the header */

static struct list devices = LIST_INIT(devices);
static struct spinlock binding = SPINLOCK_INIT(RANK_DRIVER, "pci binding");
static u64 buses_seen[BITMAP_WORDS(256)]; /* boot: of segment 0 */

static void pci_scan_bus(u8 bus);

/* Reads one BAR, sizes it by writing ones (PCI 3.0, 6.2.5.1), and answers how many registers it
 * took. Decoding is off. */
static unsigned bar_read(struct pci_device *d, unsigned n)
{
	unsigned offset = PCI_BAR0 + n * 4;
	struct pci_bar *bar = &d->bar[n];
	u32 low = pci_read32(d, offset), high = 0, mask_low, mask_high = ~0u;
	u64 mask;

	pci_write32(d, offset, ~0u);
	mask_low = pci_read32(d, offset);
	pci_write32(d, offset, low);
	if (!mask_low || mask_low == ~0u)
		return 1;
	if (low & 1) {
		bar->io = true;
		bar->base = low & ~3u;
		bar->size = (~(mask_low & ~3u) + 1) & 0xffff;
		return 1;
	}
	bar->prefetch = low & 8;
	bar->wide = (low & 6) == 4;
	if (bar->wide && n < 5) {
		high = pci_read32(d, offset + 4);
		pci_write32(d, offset + 4, ~0u);
		mask_high = pci_read32(d, offset + 4);
		pci_write32(d, offset + 4, high);
	} else {
		bar->wide = false;
	}
	bar->base = (u64)high << 32 | (low & ~15u);
	mask = (u64)mask_high << 32 | (mask_low & ~15u);
	bar->size = ~mask + 1;
	return bar->wide ? 2 : 1;
}

/* The ROM's, whose lowest bit turns it on (6.2.5.2). */
static void rom_read(struct pci_device *d)
{
	unsigned offset = d->header == 0 ? PCI_ROM : PCI_ROM_BRIDGE;
	u32 value = pci_read32(d, offset), mask;

	pci_write32(d, offset, ~0x7ffu);
	mask = pci_read32(d, offset) & ~0x7ffu;
	pci_write32(d, offset, value);
	if (!mask)
		return;
	d->rom.base = value & ~0x7ffu;
	d->rom.size = ~mask + 1;
}

static void bars_read(struct pci_device *d)
{
	unsigned n = d->header == 0 ? 6 : d->header == 1 ? 2 : 0;
	u16 command = pci_read16(d, PCI_COMMAND);

	if ((d->class & CLASS_BASE_SUB) == CLASS_HOST_BRIDGE)
		return; /* must not stop decoding: memory is behind it */
	pci_write16(d, PCI_COMMAND, command & ~(PCI_COMMAND_IO | PCI_COMMAND_MEMORY));
	for (unsigned i = 0; i < n;)
		i += bar_read(d, i);
	if (d->header < 2)
		rom_read(d);
	pci_write16(d, PCI_COMMAND, command);
}

/* Says whose the BARs are. */
static void bars_note(const struct pci_device *d, const char *name)
{
	for (unsigned i = 0; i < 6; i++)
		if (d->bar[i].base)
			resource_add(d->bar[i].io ? RESOURCE_PORTS : RESOURCE_MEMORY,
				     d->bar[i].base, d->bar[i].size, name);
}

/* Follows a bridge to the bus behind it, once. */
static void bridge_scan(struct pci_device *d)
{
	u8 secondary = pci_read8(d, PCI_SECONDARY_BUS);

	if (secondary > d->bus && !bitmap_test(buses_seen, secondary))
		pci_scan_bus(secondary);
}

/* How much configuration space there is: functions of PCI Express and host bridges have more where
 * it can be reached. */
static u16 config_size(struct pci_device *d)
{
	bool may = (d->class & CLASS_BASE_SUB) == CLASS_HOST_BRIDGE ||
		   pci_capability(d, PCI_CAP_EXPRESS);

	return may && pci_read32(d, PCI_EXTENDED) != ~0u ? 4096 : 256;
}

/* Looks at one function: whether it exists; its header type to *header. */
static bool function_scan(u8 bus, u8 slot, u8 function, u8 *header)
{
	u16 vendor = (u16)pci_config_read(0, bus, slot, function, PCI_VENDOR_ID, 2);
	struct pci_device *d;
	char name[PCI_NAME];

	if (vendor == 0xffff || vendor == 0)
		return false;
	*header = (u8)pci_config_read(0, bus, slot, function, PCI_HEADER_TYPE, 1);
	d = kzalloc(sizeof(*d), MM_KERNEL);
	if (!d) {
		log_err("pci: no memory for %02x:%02x.%u", bus, slot, function);
		return true;
	}
	d->bus = bus;
	d->slot = slot;
	d->function = function;
	d->vendor = vendor;
	d->device = pci_read16(d, PCI_DEVICE_ID);
	d->class = pci_read32(d, PCI_REVISION) >> 8;
	d->revision = pci_read8(d, PCI_REVISION);
	d->header = *header & 0x7f;
	if (d->header == 0) {
		d->subsystem_vendor = pci_read16(d, PCI_SUBSYSTEM_VENDOR);
		d->subsystem = pci_read16(d, PCI_SUBSYSTEM);
	}
	d->irq_line_register = pci_read8(d, PCI_IRQ_LINE);
	d->irq_pin = pci_read8(d, PCI_IRQ_PIN);
	bars_read(d);
	d->config_bytes = config_size(d);
	d->bridge = pci_bridge_of(d->segment, bus);
	pci_name(d, name);
	bars_note(d, name);
	list_add_tail(&d->link, &devices);
	log_debug("pci %02x:%02x.%u: %04x:%04x class %06x", bus, slot, function, d->vendor,
		  d->device, d->class);
	if (d->header == 1 && (d->class & CLASS_BASE_SUB) == CLASS_PCI_BRIDGE)
		bridge_scan(d);
	return true;
}

static void pci_scan_bus(u8 bus)
{
	bitmap_set(buses_seen, bus);
	for (u8 slot = 0; slot < 32; slot++) {
		u8 header, other;

		if (!function_scan(bus, slot, 0, &header) || !(header & 0x80))
			continue;
		for (u8 function = 1; function < 8; function++)
			function_scan(bus, slot, function, &other);
	}
}

void pci_init(void)
{
	unsigned n = 0;
	struct pci_device *d;

	pci_config_init();
	pci_scan_bus(0);
	list_for_each_entry(d, &devices, link)
		n++;
	log_info("pci: %u devices on %u buses", n, (unsigned)bitmap_weight(buses_seen, 256));
}

struct pci_device *pci_bridge_of(u16 segment, u8 bus)
{
	struct pci_device *d;

	list_for_each_entry(d, &devices, link)
		if (d->segment == segment && (d->class & CLASS_BASE_SUB) == CLASS_PCI_BRIDGE &&
		    d->header == 1 && pci_read8(d, PCI_SECONDARY_BUS) == bus && d->bus < bus)
			return d;
	return NULL;
}

static bool id_matches(const struct pci_id *id, const struct pci_device *d)
{
	return (id->vendor == PCI_ANY || id->vendor == d->vendor) &&
	       (id->device == PCI_ANY || id->device == d->device) &&
	       (d->class & id->class_mask) == (id->class & id->class_mask);
}

static bool driver_wants(const struct pci_driver *driver, const struct pci_device *d)
{
	for (const struct pci_id *id = driver->ids; id->vendor; id++)
		if (id_matches(id, d))
			return true;
	return false;
}

static bool device_claim(struct pci_device *d, const struct pci_driver *driver)
{
	bool mine;

	spin_lock(&binding);
	mine = !d->driver;
	if (mine)
		d->driver = driver;
	spin_unlock(&binding);
	return mine;
}

static void device_disclaim(struct pci_device *d)
{
	spin_lock(&binding);
	d->driver = NULL;
	d->data = NULL;
	spin_unlock(&binding);
}

void pci_bind(const struct pci_driver *driver)
{
	struct pci_device *d;

	list_for_each_entry(d, &devices, link) {
		int err;

		if (!driver_wants(driver, d) || !device_claim(d, driver))
			continue;
		err = driver->probe(d);
		if (!err) {
			int gsi = d->msi ? -ENODEV : pci_pin_gsi(d);

			WRITE_ONCE(d->gsi, gsi > 0 ? (u16)gsi : 0);
			bars_note(d, driver->name);
			continue;
		}
		device_disclaim(d);
		if (err != -ABI_ENODEV)
			log_err("%s: %02x:%02x.%u does not start (%d)", driver->name, d->bus,
				d->slot, d->function, err);
	}
}

void pci_each(void (*fn)(struct pci_device *d, void *arg), void *arg)
{
	struct pci_device *d;

	list_for_each_entry(d, &devices, link)
		fn(d, arg);
}

struct pci_device *pci_next(u32 after)
{
	struct pci_device *d, *best = NULL;

	list_for_each_entry(d, &devices, link)
		if (pci_number(d) > after && (!best || pci_number(d) < pci_number(best)))
			best = d;
	return best;
}

struct pci_device *pci_find(u32 number)
{
	struct pci_device *d = number ? pci_next(number - 1) : NULL;

	return d && pci_number(d) == number ? d : NULL;
}

void pci_name(const struct pci_device *d, char name[PCI_NAME])
{
	snprintf(name, PCI_NAME, "%04x:%02x:%02x.%u", d->segment, d->bus, d->slot, d->function);
}

const char *pci_driver_name(const struct pci_device *d)
{
	const struct pci_driver *driver = READ_ONCE(d->driver);

	return driver ? driver->name : NULL;
}

unsigned pci_irq_number(struct pci_device *d)
{
	unsigned gsi = READ_ONCE(d->gsi);

	if (READ_ONCE(d->msi))
		return irq_number(d->irq[0]);
	if (!d->irq_pin || gsi)
		return gsi;
	return d->irq_line_register == 0xff ? 0 : d->irq_line_register;
}

unsigned pci_capability_next(struct pci_device *d, u8 id, unsigned after)
{
	unsigned offset = after ? pci_read8(d, after + 1) & ~3u : 0;

	if (!after && pci_read16(d, PCI_STATUS) & PCI_STATUS_CAPABILITIES)
		offset = pci_read8(d, PCI_CAPABILITIES) & ~3u;
	for (unsigned i = 0; i < CAPABILITIES_MAX && offset >= 0x40; i++) {
		u16 head = pci_read16(d, offset);

		if ((head & 0xff) == id)
			return offset;
		offset = head >> 8 & ~3u;
	}
	return 0;
}

unsigned pci_capability(struct pci_device *d, u8 id)
{
	return pci_capability_next(d, id, 0);
}

void pci_enable(struct pci_device *d)
{
	__atomic_fetch_add(&d->n_enabled, 1, __ATOMIC_RELAXED);
	pci_write16(d, PCI_COMMAND,
		    pci_read16(d, PCI_COMMAND) | PCI_COMMAND_IO | PCI_COMMAND_MEMORY |
			    PCI_COMMAND_MASTER);
}

void pci_disable(struct pci_device *d)
{
	if (READ_ONCE(d->n_enabled))
		__atomic_fetch_sub(&d->n_enabled, 1, __ATOMIC_RELAXED);
	pci_write16(d, PCI_COMMAND,
		    pci_read16(d, PCI_COMMAND) &
			    ~(PCI_COMMAND_IO | PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER));
}

void *pci_map_bar(struct pci_device *d, unsigned bar)
{
	if (bar > 5 || d->bar[bar].io || !d->bar[bar].base || !d->bar[bar].size)
		return NULL;
	return ioremap(d->bar[bar].base, d->bar[bar].size, MMU_NOCACHE);
}
