/* Private to dev/: what the files of the PCI bus share. */
#pragma once

#include "dev/pci.h"

/* Registers of the configuration header (PCI 3.0, 6.1). */
enum {
	PCI_VENDOR_ID = 0x00,
	PCI_DEVICE_ID = 0x02,
	PCI_COMMAND = 0x04,
	PCI_STATUS = 0x06,
	PCI_REVISION = 0x08,
	PCI_HEADER_TYPE = 0x0e,
	PCI_BAR0 = 0x10,
	PCI_SECONDARY_BUS = 0x19,
	PCI_SUBSYSTEM_VENDOR = 0x2c,
	PCI_SUBSYSTEM = 0x2e,
	PCI_ROM = 0x30, /* header type 0 */
	PCI_ROM_BRIDGE = 0x38,
	PCI_CAPABILITIES = 0x34,
	PCI_IRQ_LINE = 0x3c,
	PCI_IRQ_PIN = 0x3d,

	PCI_COMMAND_IO = 1 << 0,
	PCI_COMMAND_MEMORY = 1 << 1,
	PCI_COMMAND_MASTER = 1 << 2,
	PCI_COMMAND_INTX_OFF = 1 << 10,
	PCI_STATUS_CAPABILITIES = 1 << 4,

	PCI_CAP_MSI = 0x05,
	PCI_CAP_EXPRESS = 0x10,
	PCI_CAP_MSIX = 0x11,
	PCI_EXTENDED = 0x100, /* first register that only PCI Express has */
};

/* Finds the ways to configuration space (pci_config.c). Boot. */
void pci_config_init(void);
/* One access of `size` bytes (1, 2, 4) to a function's configuration space; all ones where nothing
 * answers. `offset` is aligned to size. */
u32 pci_config_read(u16 segment, u8 bus, u8 slot, u8 function, unsigned offset, unsigned size);
void pci_config_write(u16 segment, u8 bus, u8 slot, u8 function, unsigned offset, unsigned size,
		      u32 v);

/* The bridge that leads to that bus, or NULL (pci.c). Any time after the scan. */
struct pci_device *pci_bridge_of(u16 segment, u8 bus);
/* The line to which the pin is routed, or -errno (pci_irq.c). Thread context. */
int pci_pin_gsi(struct pci_device *d);
