/* PCI: configuration space by ECAM (MCFG) or ports 0xcf8/0xcfc, bus scan, BARs, capabilities,
 * interrupts (PCI 3.0). */
#pragma once

#include "dev/irq.h"
#include "lib/list.h"
#include "lib/types.h"

struct pci_bar { paddr_t base; u64 size; bool io, prefetch, wide; };

/* Constant after the scan, but for driver, data and what is said of them. */
struct pci_device {
	struct list link;
	u16 segment;
	u8 bus, slot, function;
	u16 vendor, device, subsystem_vendor, subsystem;
	u32 class;            /* class << 16 | subclass << 8 | interface */
	u8 revision, irq_pin, irq_line_register, header;
	struct pci_bar bar[6], rom;
	struct pci_device *bridge; /* that leads to its bus; NULL: none */
	u16 config_bytes;     /* of configuration space: 256 or 4096 */
	u16 n_enabled;        /* a: enabled so often by drivers and /sys */
	u16 gsi;              /* a: where the pin is routed, if it has a driver; 0: nowhere */
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
/* The same of the one behind that at `after` (0: the first): a device may have several of one id,
 * or a ring of them. */
unsigned pci_capability_next(struct pci_device *d, u8 id, unsigned after);
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

/* The address of a device as one number, not 0. */
static inline u32 pci_number(const struct pci_device *d)
{
	return ((u32)d->segment << 16 | (u32)d->bus << 8 | (u32)d->slot << 3 | d->function) + 1;
}
/* The device with the smallest number above `after` (0: the first), or NULL. Any context. */
struct pci_device *pci_next(u32 after);
/* The device of that number, or NULL. Any context. */
struct pci_device *pci_find(u32 number);
/* "0000:00:1f.2" */
#define PCI_NAME 16
void pci_name(const struct pci_device *d, char name[PCI_NAME]);
/* The driver's name, or NULL. */
const char *pci_driver_name(const struct pci_device *d);
/* The display that the firmware began with has its ROM as a copy in memory. */
#define PCI_SHADOW 0xc0000
#define PCI_SHADOW_SIZE 0x20000
static inline bool pci_rom_is_shadow(const struct pci_device *d)
{
	return d->class >> 8 == 0x0300;
}
/* The number of its interrupt in /proc/interrupts; without driver the one the firmware noted, or
 * 0. Any context. */
unsigned pci_irq_number(struct pci_device *d);
