/*
 * virtio devices on PCI, in the way of version 1 (Virtual I/O Device 1.2, 3.1 and 4.1): the
 * structures that their capabilities lead to, reset, features, status.
 */
#include "abi/errno.h"
#include "arch/cpu.h"
#include "arch/io.h"
#include "arch/mmu.h"
#include "core/clock.h"
#include "drv/virtio/virtio_int.h"
#include "mm/kmap.h"

#define RESET_NS (100 * NSEC_PER_MSEC)

/* Maps the structure of a type, of at least `least` bytes: NULL if there is none, or it is not
 * within its BAR. */
static u8 *map_structure(struct virtio_device *dev, u8 type, u32 least, u32 *bytes)
{
	struct pci_device *pci = dev->pci;
	unsigned at = 0;

	while ((at = pci_capability_next(pci, VIRTIO_PCI_CAP, at)) != 0) {
		unsigned bar = pci_read8(pci, at + VIRTIO_CAP_BAR);
		u32 offset = pci_read32(pci, at + VIRTIO_CAP_OFFSET);

		*bytes = pci_read32(pci, at + VIRTIO_CAP_LENGTH);
		if (pci_read8(pci, at + VIRTIO_CAP_TYPE) != type || bar > 5 || *bytes < least ||
		    pci->bar[bar].io || !pci->bar[bar].base ||
		    (u64)offset + *bytes > pci->bar[bar].size)
			continue;
		if (type == VIRTIO_CAP_NOTIFY)
			dev->notify_multiplier = pci_read32(pci, at + VIRTIO_CAP_MULTIPLIER);
		return ioremap(pci->bar[bar].base + offset, *bytes, MMU_NOCACHE);
	}
	return NULL;
}

static void unmap(struct virtio_device *dev)
{
	if (dev->common)
		iounmap(dev->common);
	if (dev->notify)
		iounmap(dev->notify);
	if (dev->isr)
		iounmap(dev->isr);
}

static void status_add(struct virtio_device *dev, u8 bit)
{
	mmio_write8(dev->common + VIRTIO_STATUS, mmio_read8(dev->common + VIRTIO_STATUS) | bit);
}

void virtio_reset(struct virtio_device *dev)
{
	u64 end = clock_monotonic() + RESET_NS;

	mmio_write8(dev->common + VIRTIO_STATUS, 0);
	while (mmio_read8(dev->common + VIRTIO_STATUS) != 0 && clock_monotonic() < end)
		cpu_relax();
}

/* Version 1 and nothing else: whether the device can do with that. */
static bool agree(struct virtio_device *dev)
{
	u8 *common = dev->common;

	status_add(dev, VIRTIO_ACKNOWLEDGE);
	status_add(dev, VIRTIO_DRIVER);
	mmio_write32(common + VIRTIO_FEATURE_SELECT, VIRTIO_F_VERSION_1 / 32);
	if (!(mmio_read32(common + VIRTIO_FEATURES) & BIT(VIRTIO_F_VERSION_1 % 32)))
		return false;
	mmio_write32(common + VIRTIO_DRIVER_FEATURE_SELECT, 0);
	mmio_write32(common + VIRTIO_DRIVER_FEATURES, 0);
	mmio_write32(common + VIRTIO_DRIVER_FEATURE_SELECT, VIRTIO_F_VERSION_1 / 32);
	mmio_write32(common + VIRTIO_DRIVER_FEATURES, BIT(VIRTIO_F_VERSION_1 % 32));
	status_add(dev, VIRTIO_FEATURES_OK);
	return mmio_read8(common + VIRTIO_STATUS) & VIRTIO_FEATURES_OK;
}

int virtio_open(struct virtio_device *dev, struct pci_device *pci)
{
	u32 bytes;

	*dev = (struct virtio_device){ .pci = pci };
	dev->common = map_structure(dev, VIRTIO_CAP_COMMON, VIRTIO_COMMON_BYTES, &bytes);
	dev->isr = map_structure(dev, VIRTIO_CAP_ISR, 1, &bytes);
	dev->notify = map_structure(dev, VIRTIO_CAP_NOTIFY, 2, &dev->notify_bytes);
	if (!dev->common || !dev->isr || !dev->notify) {
		unmap(dev);
		return -ENODEV;
	}
	pci_enable(pci);
	virtio_reset(dev);
	if (agree(dev))
		return 0;
	status_add(dev, VIRTIO_FAILED);
	pci_disable(pci);
	unmap(dev);
	return -ENODEV;
}

void virtio_start(struct virtio_device *dev)
{
	status_add(dev, VIRTIO_DRIVER_OK);
}

void virtio_close(struct virtio_device *dev)
{
	virtio_reset(dev);
	pci_disable(dev->pci);
	unmap(dev);
}

bool virtio_interrupted(struct virtio_device *dev)
{
	/* Reading the register takes a pin's interrupt back (4.1.4.5). A message is for one. */
	return dev->pci->msix || mmio_read8(dev->isr) & 1;
}
