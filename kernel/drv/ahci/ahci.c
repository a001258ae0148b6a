/*
 * An AHCI host bus adapter: reset, and the search for disks on its ports.
 *
 * The ports come up together: first all links are started, then all are looked at until each is
 * either known to be empty or has a device that is ready. Only then are disks named, in order of
 * port, so names do not depend on who was ready first. On the walk of read(2) this driver is step
 * 8, below dev/blk.c.
 */
#include "drv/ahci/ahci_int.h"

#include "abi/errno.h"
#include "arch/io.h"
#include "core/clock.h"
#include "core/log.h"

#define RESET_MS   1000
#define EMPTY_MS   10    /* a link that shows nothing after this has no device (SATA: 10 ms) */
#define LINK_MS    1000  /* a device is there but the link is not up */
#define READY_MS   10000 /* the link is up but the device is still spinning up */

static u32 hba_read(struct ahci_hba *hba, unsigned reg)
{
	return mmio_read32(hba->regs + reg);
}

static void hba_write(struct ahci_hba *hba, unsigned reg, u32 v)
{
	mmio_write32(hba->regs + reg, v);
}

/* Takes the HBA from the firmware (10.6.3), which has 25 ms to answer, 2 s if it is busy. */
static void handoff(struct ahci_hba *hba)
{
	u64 end = clock_monotonic() + 25 * NSEC_PER_MSEC;
	bool busy = false;

	if (!(hba_read(hba, AHCI_CAP2) & AHCI_CAP2_BOH))
		return;
	hba_write(hba, AHCI_BOHC, hba_read(hba, AHCI_BOHC) | AHCI_BOHC_OOS);
	while (hba_read(hba, AHCI_BOHC) & AHCI_BOHC_BOS && clock_monotonic() < end) {
		if (!busy && hba_read(hba, AHCI_BOHC) & AHCI_BOHC_BB) {
			busy = true;
			end = clock_monotonic() + 2 * NSEC_PER_SEC;
		}
		ahci_sleep_us(1000);
	}
}

int ahci_hba_reset(struct ahci_hba *hba)
{
	u64 end = clock_monotonic() + RESET_MS * NSEC_PER_MSEC;

	hba_write(hba, AHCI_GHC, AHCI_GHC_AE);
	handoff(hba);
	hba_write(hba, AHCI_GHC, AHCI_GHC_AE | AHCI_GHC_HR);
	while (hba_read(hba, AHCI_GHC) & AHCI_GHC_HR) {
		if (clock_monotonic() > end)
			return -ETIMEDOUT;
		ahci_sleep_us(20);
	}
	hba_write(hba, AHCI_GHC, AHCI_GHC_AE);
	hba_write(hba, AHCI_IS, ~0u);
	hba_write(hba, AHCI_GHC, AHCI_GHC_AE | AHCI_GHC_IE);
	return 0;
}

/* Whether the port needs no more waiting; *present if there is a device to talk to. */
static bool port_settled(struct ahci_port *p, u64 waited_ms, bool *present)
{
	u32 det = PORT_DET(ahci_port_read(p, PORT_SSTS));

	*present = false;
	if (det == PORT_DET_NONE)
		return waited_ms >= EMPTY_MS;
	if (det != PORT_DET_UP)
		return waited_ms >= LINK_MS;
	/* The first register FIS is not let in while DIAG.X is set. */
	ahci_port_write(p, PORT_SERR, ~0u);
	if (!(ahci_port_read(p, PORT_TFD) & (ATA_STATUS_BSY | ATA_STATUS_DRQ))) {
		*present = true;
		return true;
	}
	return waited_ms >= READY_MS;
}

/* Waits for all the ports together: the bits of those with a device. */
static u32 ports_settle(struct ahci_hba *hba)
{
	u64 begin = clock_monotonic();
	u32 waiting = 0, present = 0;

	for (unsigned i = 0; i < 32; i++)
		if (hba->ports[i])
			waiting |= 1u << i;
	while (waiting) {
		u64 waited_ms = (clock_monotonic() - begin) / NSEC_PER_MSEC;

		for (unsigned i = 0; i < 32; i++) {
			bool there;

			if (!(waiting & 1u << i) || !port_settled(hba->ports[i], waited_ms, &there))
				continue;
			waiting &= ~(1u << i);
			present |= there ? 1u << i : 0;
		}
		if (waiting)
			ahci_sleep_us(500);
	}
	return present;
}

/* A port with a device that is ready: whether it has become a disk. */
static bool port_try(struct ahci_port *p)
{
	if (ahci_port_read(p, PORT_SIG) != PORT_SIG_ATA)
		return false; /* a CD-ROM drive or a port multiplier */
	ahci_port_start(p);
	if (ahci_port_identify(p)) {
		log_warn("ahci%u: port %u: the device does not tell what it is", p->hba->index,
			 p->number);
		return false;
	}
	return true;
}

void ahci_hba_probe_ports(struct ahci_hba *hba)
{
	u32 present;

	for (unsigned i = 0; i < 32; i++)
		if (hba->ports_implemented & 1u << i)
			hba->ports[i] = ahci_port_create(hba, i);
	present = ports_settle(hba);
	for (unsigned i = 0; i < 32; i++) {
		struct ahci_port *p = hba->ports[i];

		if (!p || (present & 1u << i && port_try(p)))
			continue;
		hba->ports[i] = NULL;
		ahci_port_destroy(p);
	}
	for (unsigned i = 0; i < 32; i++)
		if (hba->ports[i] && ahci_port_attach(hba->ports[i]))
			log_err("ahci%u: port %u: no disk made of it", hba->index, i);
}
