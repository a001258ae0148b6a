/* PCI: configuration space by ECAM (MCFG) or ports 0xcf8/0xcfc, bus scan, BARs, capabilities,
 * interrupts (PCI 3.0). */
#pragma once

#include "dev/irq.h"
#include "lib/list.h"
#include "lib/types.h"

struct pci_bar { paddr_t base; u64 size; bool io, prefetch, wide; };

/* Constant after the scan, but for driver and data. */
struct pci_device {
	struct list link;
	u16 segment;
	u8 bus, slot, function;
	u16 vendor, device, subsystem_vendor, subsystem;
	u32 class;            /* class << 16 | subclass << 8 | interface */
	u8 revision, irq_pin, irq_line_register, header;
	struct pci_bar bar[6];
	const struct pci_driver *driver; /* bound one */
	void *data;           /* driver's */
	struct irq_line *irq[8]; /* in use */
	u8 n_irqs;
	bool msi, msix;
};

#define PCI_ANY 0xffff
struct pci_id { u16 vendor, device; u32 class, class_mask; };

/* probe, remove and reset are called in thread context, one at a time per device. */
struct pci_driver {
	const char *name;
	const struct pci_id *ids;  /* ends with vendor 0 */
	/* 0: bound; -ENODEV: not mine after all; other errors are logged. */
	int (*probe)(struct pci_device *dev);
	void (*remove)(struct pci_device *dev); /* quiesce and free; NULL: cannot be unbound */
	/* Restarts the hardware with nothing lost above; NULL: not possible. */
	int (*reset)(struct pci_device *dev);
};

u8 pci_read8(struct pci_device *d, unsigned offset);
u16 pci_read16(struct pci_device *d, unsigned offset);
u32 pci_read32(struct pci_device *d, unsigned offset);
void pci_write8(struct pci_device *d, unsigned offset, u8 v);
void pci_write16(struct pci_device *d, unsigned offset, u16 v);
void pci_write32(struct pci_device *d, unsigned offset, u32 v);
/* Offset of capability `id`, 0 if there is none. */
unsigned pci_capability(struct pci_device *d, u8 id);
/* Turns memory and I/O decoding and bus mastering on. */
void pci_enable(struct pci_device *d);
void pci_disable(struct pci_device *d);
/* Maps a memory BAR (uncached): pointer or NULL. */
void *pci_map_bar(struct pci_device *d, unsigned bar);
/* Gives the device up to n interrupts (MSI-X, else MSI, else the pin if n >= 1): how many, or
 * -errno. handler i gets args[i]. */
int pci_request_irqs(struct pci_device *d, unsigned n, irq_handler *handler, void **args);
void pci_release_irqs(struct pci_device *d);

/* Where a pin leads: a global system interrupt. */
struct pci_route { unsigned gsi; bool level, low; };
/* Set once, by who knows how pins (0 … 3: INTA … INTD) of a bus are routed: 0 and *route, -ENOENT:
 * nothing is known of that bus, -ENODEV and others: the pin leads nowhere. Thread context. */
typedef int pci_router(u16 segment, u8 bus, u8 slot, unsigned pin, struct pci_route *route);
void pci_set_router(pci_router *router);

/* Scans all buses. Then pci_bind() offers every device to a driver. Thread context. */
void pci_init(void);
void pci_bind(const struct pci_driver *driver);
void pci_each(void (*fn)(struct pci_device *d, void *arg), void *arg);
