/*
 * AHCI on PCI: class 01-06-01, registers in BAR 5 (AHCI 2.1), one interrupt for all ports.
 */
#include "drv/ahci/ahci_int.h"
#include "dev/drivers.h"

#include "abi/errno.h"
#include "arch/io.h"
#include "core/log.h"
#include "dev/power.h"
#include "mm/kmap.h"
#include "mm/slab.h"

#define AHCI_BAR 5

static void ports_quiesce(void *arg)
{
	struct ahci_hba *hba = arg;

	for (unsigned i = 0; i < 32; i++) {
		struct ahci_port *p = hba->ports[i];
		struct disk *disk = NULL;
		u64 flags;

		if (!p)
			continue;
		flags = spin_lock_irq(&p->lock);
		if (p->device) {
			disk = &p->device->disk;
			disk_get(disk);
		}
		spin_unlock_irq(&p->lock, flags);
		if (disk && disk->write_cache)
			(void)!blk_flush(disk->whole);
		if (disk)
			disk_put(disk);
	}
	mmio_write32(hba->regs + AHCI_GHC, AHCI_GHC_AE); /* interrupts off */
}

/* The ports stay PROBING, so nobody comes near them any more. */
static void ahci_remove(struct pci_device *pci)
{
	struct ahci_hba *hba = pci->data;

	mutex_lock(&hba->restarting);
	for (unsigned i = 0; i < 32; i++) {
		struct ahci_port *p = hba->ports[i];

		if (!p)
			continue;
		ahci_port_take(p, AHCI_GIVEN_UP);
		if (p->device)
			ahci_port_lose(p);
	}
	mutex_unlock(&hba->restarting);
	pci_release_irqs(pci);
	pci_disable(pci);
}

/* Restarts the HBA; what was in flight is played again. */
static int ahci_reset(struct pci_device *pci)
{
	return ahci_hba_restart(pci->data);
}

static int ahci_probe(struct pci_device *pci)
{
	static unsigned n_hbas;
	struct ahci_hba *hba = kzalloc(sizeof(*hba), MM_KERNEL);
	void *args[1] = { hba };
	int err;

	if (!hba)
		return -ENOMEM;
	hba->pci = pci;
	mutex_init(&hba->restarting, RANK_DEV, "ahci");
	work_init(&hba->restart, ahci_restart_wanted);
	hba->regs = pci_map_bar(pci, AHCI_BAR);
	err = -ENODEV;
	if (!hba->regs || pci->bar[AHCI_BAR].size < AHCI_PORT0 + AHCI_PORT_BYTES)
		goto fail_map;
	pci_enable(pci);
	hba->index = n_hbas++;
	err = ahci_hba_reset(hba);
	if (err)
		goto fail_map;
	hba->cap = mmio_read32(hba->regs + AHCI_CAP);
	hba->n_slots = AHCI_CAP_SLOTS(hba->cap);
	hba->ports_implemented = mmio_read32(hba->regs + AHCI_PI);
	for (unsigned i = 0; i < 32; i++)
		if (AHCI_PORT0 + (i + 1) * AHCI_PORT_BYTES > pci->bar[AHCI_BAR].size)
			hba->ports_implemented &= ~(1u << i);
	err = pci_request_irqs(pci, 1, ahci_interrupt, args);
	if (err < 0)
		goto fail_irq;
	pci->data = hba;
	log_info("ahci%u: %u ports, %u slots%s%s, %s", hba->index, AHCI_CAP_PORTS(hba->cap),
		 hba->n_slots, hba->cap & AHCI_CAP_SNCQ ? ", NCQ" : "",
		 hba->cap & AHCI_CAP_S64A ? ", 64 bits" : "",
		 pci->msix ? "MSI-X" : pci->msi ? "MSI" : "pin");
	ahci_hba_probe_ports(hba);
	if (power_at_end(ports_quiesce, hba))
		log_warn("ahci%u: write caches will not be flushed at the end", hba->index);
	return 0;
fail_irq:
	pci_disable(pci);
fail_map:
	if (hba->regs)
		iounmap(hba->regs);
	kfree(hba);
	return err;
}

static const struct pci_id ahci_ids[] = {
	{ PCI_ANY, PCI_ANY, 0x010601, 0xffffff },
	{ 0 },
};

static const struct pci_driver ahci_driver = {
	.name = "ahci",
	.ids = ahci_ids,
	.probe = ahci_probe,
	.remove = ahci_remove,
	.reset = ahci_reset,
};

void ahci_register(void)
{
	pci_bind(&ahci_driver);
}
