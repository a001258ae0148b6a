/*
 * The E1000 on PCI: 82540EM and 82545EM ("e1000"), 82574L ("e1000e"). Registers are in BAR 0.
 */
#include "drv/e1000/e1000_int.h"

#include "abi/errno.h"
#include "arch/percpu.h"
#include "core/log.h"
#include "dev/drivers.h"
#include "dev/power.h"
#include "lib/format.h"
#include "lib/string.h"
#include "mm/kmap.h"
#include "mm/slab.h"

#define VENDOR_INTEL 0x8086
#define DEVICE_82540EM 0x100e
#define DEVICE_82545EM 0x100f
#define DEVICE_82574L  0x10d3

#define FEATURES \
	(NETIF_SG | NETIF_SUM4 | NETIF_SUM6 | NETIF_TSO4 | NETIF_RX_SUM | NETIF_VLAN_TX | \
	 NETIF_VLAN_RX)

static const struct e1000_family family_8254x = {
	.name = "8254x",
	.max_mtu = 16110,
	.features = FEATURES, /* segments of IPv6 get wrong lengths from some */
	.eerd_done = 4,
	.eerd_shift = 8,
	.n_queues = 1,
	.pba = 48,
	.pba_jumbo = 40,
};
static const struct e1000_family family_82574 = {
	.name = "82574L",
	.max_mtu = 9216,
	.features = FEATURES | NETIF_TSO6,
	.eerd_done = 1,
	.eerd_shift = 2,
	.extended = true,
	.n_queues = 2,
	.pba = 32,
	.pba_jumbo = 20,
};

static void nic_init(struct e1000_nic *nic, struct pci_device *pci)
{
	nic->pci = pci;
	nic->family = pci->device == DEVICE_82574L ? &family_82574 : &family_8254x;
	nic->n_queues = min((unsigned)nic->family->n_queues, cpu_count());
	nic->n_rx = nic->n_tx = E1000_RING;
	nic->adaptive = true;
	mutex_init(&nic->counters_lock, RANK_SLEEP_LAST, "e1000 counters");
	snprintf(nic->bus, sizeof(nic->bus), "%04x:%02x:%02x.%u", pci->segment, pci->bus, pci->slot,
		 pci->function);
}

/* Stops it, whoever started it: the firmware, or at power-off, we. */
static void quiesce(void *arg)
{
	struct e1000_nic *nic = arg;

	e1000_write(nic, E1000_IMC, ~0u);
	e1000_write(nic, E1000_RCTL, 0);
	e1000_write(nic, E1000_TCTL, 0);
}

/* The interface and its queues; not registered. */
static int nif_make(struct e1000_nic *nic)
{
	struct netif *nif = netif_alloc(&e1000_ops, nic);

	if (!nif)
		return -ENOMEM;
	nic->nif = nif;
	nif->pci = nic->pci;
	nif->n_tx = nic->n_queues;
	nif->max_mtu = nic->family->max_mtu;
	nif->offered_features = nic->family->features;
	nif->features = nif->offered_features;
	/* QEMU's 82574, which has no maker's number, cuts TCP into fragments of IPv4: one that is
	 * lost on the way costs them all. With IPv6 it cannot even that. */
	if (nic->family->extended && !nic->pci->subsystem) {
		nif->features &= ~(u32)NETIF_TSO6;
		nif->segments_joint = true;
	}
	e1000_read_address(nic, nif->address);
	for (unsigned q = 0; q < nic->n_queues; q++) {
		nic->rx[q].nic = nic->tx[q].nic = nic;
		nic->rx[q].index = nic->tx[q].index = q;
		packet_queue_init(&nic->tx[q].reaped);
		netif_poll_init(&nic->rx[q].np, nif, e1000_poll);
		nic->rx[q].np.private = &nic->rx[q];
		netif_poll_disable(&nic->rx[q].np);
	}
	return 0;
}

static void announce(struct e1000_nic *nic)
{
	const u8 *a = nic->nif->address;

	log_info("%s: Intel %s at %s, %02x:%02x:%02x:%02x:%02x:%02x, %u queue%s, %s",
		 nic->nif->name, nic->family->name, nic->bus, a[0], a[1], a[2], a[3], a[4], a[5],
		 nic->n_queues, nic->n_queues > 1 ? "s" : "",
		 nic->pci->msix ? "MSI-X" : nic->pci->msi ? "MSI" : "pin");
}

static int e1000_probe(struct pci_device *pci)
{
	struct e1000_nic *nic = kzalloc(sizeof(*nic), MM_KERNEL);
	int err;

	if (!nic)
		return -ENOMEM;
	nic_init(nic, pci);
	err = -ENODEV;
	nic->regs = pci_map_bar(pci, 0);
	if (!nic->regs || pci->bar[0].size < E1000_BAR_BYTES)
		goto fail_map;
	pci_enable(pci);
	quiesce(nic);
	err = e1000_hw_reset(nic);
	if (err)
		goto fail_enable;
	err = e1000_irqs_request(nic);
	if (err)
		goto fail_enable;
	err = nif_make(nic);
	if (err)
		goto fail_irqs;
	pci->data = nic;
	err = netif_register(nic->nif, "eth%d");
	if (err)
		goto fail_nif;
	announce(nic);
	if (power_at_end(quiesce, nic))
		log_warn("%s: will not be stopped at the end", nic->nif->name);
	return 0;
fail_nif:
	netif_free(nic->nif);
fail_irqs:
	pci_release_irqs(pci);
fail_enable:
	pci_disable(pci);
fail_map:
	if (nic->regs)
		iounmap(nic->regs);
	kfree(nic);
	return err;
}

/* The registers stay mapped, for the call at power-off. */
static void e1000_remove(struct pci_device *pci)
{
	struct e1000_nic *nic = pci->data;

	netif_unregister(nic->nif);
	pci_release_irqs(pci);
	pci_disable(pci);
}

static int e1000_pci_reset(struct pci_device *pci)
{
	struct e1000_nic *nic = pci->data;
	int err;

	netif_config_lock();
	err = netif_reset(nic->nif);
	netif_config_unlock();
	return err;
}

static const struct pci_id e1000_ids[] = {
	{ VENDOR_INTEL, DEVICE_82540EM, 0, 0 },
	{ VENDOR_INTEL, DEVICE_82545EM, 0, 0 },
	{ VENDOR_INTEL, DEVICE_82574L, 0, 0 },
	{ 0 },
};

static const struct pci_driver e1000_driver = {
	.name = "e1000",
	.ids = e1000_ids,
	.probe = e1000_probe,
	.remove = e1000_remove,
	.reset = e1000_pci_reset,
};

void e1000_register(void)
{
	pci_bind(&e1000_driver);
}
