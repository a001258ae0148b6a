/*
 * Interrupts of a PCI function, the best kind first: MSI-X (a table of messages in a BAR), MSI (one
 * message in configuration space; PCI 3.0, 6.8), the pin. Where the pin leads is asked of the
 * router (ACPI's _PRT); a bus of which it knows nothing lies behind a bridge, whose own pins carry
 * on those of the slots behind it, turned by one per slot (PCI-to-PCI Bridge 1.2, 9.1). The last
 * resort is the firmware's interrupt line register, which names the ISA line that the pin was
 * routed to when it booted. `pci.nomsi` on the command line: only the pin.
 */
#include "dev/pci_int.h"

#include "abi/errno.h"
#include "arch/io.h"
#include "arch/mmu.h"
#include "core/cmdline.h"
#include "core/log.h"
#include "lib/format.h"
#include "mm/kmap.h"

enum {
	MSI_CONTROL = 2,
	MSI_CONTROL_ENABLE = 1 << 0,
	MSI_CONTROL_MULTIPLE = 7 << 4, /* log2 of messages enabled */
	MSI_CONTROL_64BIT = 1 << 7,
	MSI_CONTROL_MASKABLE = 1 << 8,
	MSI_ADDRESS = 4,

	MSIX_CONTROL = 2,
	MSIX_CONTROL_SIZE = 0x7ff, /* entries - 1 */
	MSIX_CONTROL_MASK_ALL = 1 << 14,
	MSIX_CONTROL_ENABLE = 1 << 15,
	MSIX_TABLE = 4, /* offset in a BAR, whose number is in the low 3 bits */
	MSIX_ENTRY_BYTES = 16,
};

#define BRIDGES_MAX 32 /* between a device and the root */

static pci_router *router; /* set once */

static void intx_set(struct pci_device *d, bool on)
{
	u16 command = pci_read16(d, PCI_COMMAND);

	pci_write16(d, PCI_COMMAND,
		    on ? command & ~PCI_COMMAND_INTX_OFF : command | PCI_COMMAND_INTX_OFF);
}

static void device_name(struct pci_device *d, char *name, size_t size)
{
	snprintf(name, size, "%s-%02x:%02x.%u", d->driver ? d->driver->name : "pci", d->bus,
		 d->slot, d->function);
}

static void msix_entry_write(u8 *entry, u64 address, u32 data)
{
	mmio_write32(entry + 0, (u32)address);
	mmio_write32(entry + 4, (u32)(address >> 32));
	mmio_write32(entry + 8, data);
	mmio_write32(entry + 12, 0); /* unmasked */
}

/* The interrupt goes to another CPU: one word of the message changes. */
static void msix_message_change(void *owner, unsigned index, u32 address)
{
	struct pci_device *d = owner;
	u32 table_at = pci_read32(d, pci_capability(d, PCI_CAP_MSIX) + MSIX_TABLE);
	paddr_t entry = d->bar[table_at & 7].base + (table_at & ~7u) + index * MSIX_ENTRY_BYTES;
	u8 *at = ioremap(entry, MSIX_ENTRY_BYTES, MMU_NOCACHE);

	if (!at) {
		log_err("pci: no memory to move an interrupt of %02x:%02x.%u", d->bus, d->slot,
			d->function);
		return;
	}
	mmio_write32(at, address);
	iounmap(at);
}

static void msi_message_change(void *owner, unsigned index, u32 address)
{
	struct pci_device *d = owner;

	pci_write32(d, pci_capability(d, PCI_CAP_MSI) + MSI_ADDRESS, address);
}

/* Up to n messages: how many, 0 if the device has no usable MSI-X. */
static int msix_request(struct pci_device *d, unsigned n, irq_handler *handler, void **args)
{
	unsigned cap = pci_capability(d, PCI_CAP_MSIX), bar;
	u32 table_at;
	u16 control;
	u64 offset;
	u8 *table;
	char name[24];

	if (!cap)
		return 0;
	control = pci_read16(d, cap + MSIX_CONTROL);
	n = min(n, (control & MSIX_CONTROL_SIZE) + 1u);
	table_at = pci_read32(d, cap + MSIX_TABLE);
	bar = table_at & 7;
	offset = table_at & ~7u;
	if (bar > 5 || d->bar[bar].io || !d->bar[bar].base ||
	    offset + (u64)n * MSIX_ENTRY_BYTES > d->bar[bar].size)
		return 0;
	table = ioremap(d->bar[bar].base + offset, n * MSIX_ENTRY_BYTES, MMU_NOCACHE);
	if (!table)
		return 0;
	device_name(d, name, sizeof(name));
	pci_write16(d, cap + MSIX_CONTROL, control | MSIX_CONTROL_ENABLE | MSIX_CONTROL_MASK_ALL);
	for (; d->n_irqs < n; d->n_irqs++) {
		u64 address;
		u32 data;

		if (irq_request_msi(name, handler, args[d->n_irqs], msix_message_change, d,
				    d->n_irqs, &d->irq[d->n_irqs], &address, &data))
			break;
		msix_entry_write(table + d->n_irqs * MSIX_ENTRY_BYTES, address, data);
	}
	iounmap(table);
	if (!d->n_irqs) {
		pci_write16(d, cap + MSIX_CONTROL, control & ~MSIX_CONTROL_ENABLE);
		return 0;
	}
	intx_set(d, false);
	pci_write16(d, cap + MSIX_CONTROL,
		    (control & ~MSIX_CONTROL_MASK_ALL) | MSIX_CONTROL_ENABLE);
	d->msix = true;
	return d->n_irqs;
}

static int msi_request(struct pci_device *d, irq_handler *handler, void *arg)
{
	unsigned cap = pci_capability(d, PCI_CAP_MSI), data_at;
	char name[24];
	u64 address;
	u16 control;
	u32 data;

	if (!cap)
		return 0;
	control = pci_read16(d, cap + MSI_CONTROL);
	device_name(d, name, sizeof(name));
	if (irq_request_msi(name, handler, arg, msi_message_change, d, 0, &d->irq[0], &address,
			    &data))
		return 0;
	if (!(control & MSI_CONTROL_64BIT) && address >> 32) {
		irq_release(d->irq[0]);
		return 0;
	}
	pci_write32(d, cap + MSI_ADDRESS, (u32)address);
	data_at = cap + MSI_ADDRESS + 4;
	if (control & MSI_CONTROL_64BIT) {
		pci_write32(d, data_at, (u32)(address >> 32));
		data_at += 4;
	}
	pci_write16(d, data_at, (u16)data);
	if (control & MSI_CONTROL_MASKABLE)
		pci_write32(d, data_at + 4, 0);
	intx_set(d, false);
	pci_write16(d, cap + MSI_CONTROL, (control & ~MSI_CONTROL_MULTIPLE) | MSI_CONTROL_ENABLE);
	d->msi = true;
	d->n_irqs = 1;
	return 1;
}

void pci_set_router(pci_router *new_router)
{
	store_release(&router, new_router);
}

/* Asks the router for the pin, on the device's own bus, else behind the bridges to it. */
static int pin_route(struct pci_device *d, struct pci_route *route)
{
	pci_router *ask = load_acquire(&router);
	unsigned pin = d->irq_pin - 1u;
	u8 bus = d->bus, slot = d->slot;

	for (unsigned i = 0; ask && i < BRIDGES_MAX; i++) {
		int err = ask(d->segment, bus, slot, pin, route);
		struct pci_device *bridge;

		if (err != -ABI_ENOENT)
			return err;
		bridge = pci_bridge_of(d->segment, bus);
		if (!bridge)
			break;
		pin = (pin + slot) % 4;
		bus = bridge->bus;
		slot = bridge->slot;
	}
	return -ENOENT;
}

int pci_pin_gsi(struct pci_device *d)
{
	struct pci_route route;
	int err = d->irq_pin && d->irq_pin <= 4 ? pin_route(d, &route) : -ENODEV;

	return err ? err : (int)route.gsi;
}

static int pin_request(struct pci_device *d, irq_handler *handler, void *arg)
{
	struct pci_route route;
	char name[24];
	int err;

	if (!d->irq_pin || d->irq_pin > 4)
		return -ENODEV;
	device_name(d, name, sizeof(name));
	if (pin_route(d, &route)) {
		if (d->irq_line_register == 0 || d->irq_line_register > 15)
			return -ENODEV;
		route = (struct pci_route){
			.gsi = d->irq_line_register, .level = true, .low = true,
		};
		log_info("%s: pin %c by the firmware's line register: %u", name,
			 'A' + d->irq_pin - 1, route.gsi);
	} else {
		log_info("%s: pin %c is routed to line %u", name, 'A' + d->irq_pin - 1,
			 route.gsi);
	}
	err = irq_request_gsi(route.gsi,
			      route.level ? route.low ? IRQ_LEVEL_LOW : IRQ_LEVEL_HIGH
					  : route.low ? IRQ_EDGE_LOW : IRQ_EDGE_HIGH,
			      name, handler, arg, &d->irq[0]);
	if (err)
		return err;
	intx_set(d, true);
	d->n_irqs = 1;
	return 1;
}

int pci_request_irqs(struct pci_device *d, unsigned n, irq_handler *handler, void **args)
{
	bool messages = !cmdline_has("pci.nomsi");
	int got = 0;

	if (!n || d->n_irqs)
		return -EINVAL;
	n = min(n, (unsigned)ARRAY_SIZE(d->irq));
	if (messages)
		got = msix_request(d, n, handler, args);
	if (messages && !got)
		got = msi_request(d, handler, args[0]);
	if (!got)
		got = pin_request(d, handler, args[0]);
	return got;
}

void pci_release_irqs(struct pci_device *d)
{
	unsigned cap;

	if (d->msix && (cap = pci_capability(d, PCI_CAP_MSIX)))
		pci_write16(d, cap + MSIX_CONTROL,
			    pci_read16(d, cap + MSIX_CONTROL) & ~MSIX_CONTROL_ENABLE);
	if (d->msi && (cap = pci_capability(d, PCI_CAP_MSI)))
		pci_write16(d, cap + MSI_CONTROL,
			    pci_read16(d, cap + MSI_CONTROL) & ~MSI_CONTROL_ENABLE);
	intx_set(d, false);
	for (unsigned i = 0; i < d->n_irqs; i++)
		irq_release(d->irq[i]);
	d->n_irqs = 0;
	d->msi = d->msix = false;
}
