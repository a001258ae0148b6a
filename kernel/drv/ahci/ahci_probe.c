/*
 * The search for devices: when the HBA is new, when a link changes, when somebody asks for a scan.
 *
 * The ports of a new HBA come up together, or one by one where it says that all drives at once
 * would be too much for the power supply (staggered spin-up, AHCI 10.1.1): they are looked at until
 * each is either known to be empty or has a device that is ready. Only then are disks named, in
 * order of port, so names do not depend on who was ready first.
 *
 * Later a port that is EMPTY hears changes of its link: the interrupt makes it PROBING and queues
 * ahci_port_arrive().
 */
#include "drv/ahci/ahci_int.h"

#include "abi/errno.h"
#include "core/clock.h"
#include "core/log.h"

#define EMPTY_MS   10    /* a link that shows nothing after this has no device (SATA: 10 ms) */
#define LINK_MS    1000  /* a device is there but the link is not up */
#define READY_MS   10000 /* the link is up but the device is still spinning up */
#define PLUG_MS    100   /* contacts bounce for a while */

/* Whether the port needs no more waiting; *present if there is a device to talk to. */
static bool port_settled(struct ahci_port *p, u64 waited_ms, bool *present)
{
	u32 det = PORT_DET(ahci_port_read(p, PORT_SSTS));

	p->det_seen = det;
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

/* Waits for these ports together: the bits of those with a device. */
static u32 ports_settle(struct ahci_hba *hba, u32 waiting)
{
	u64 begin = clock_monotonic();
	u32 present = 0;

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

/* What a signature stands for that we do not drive. */
static const char *foreign_name(u32 signature)
{
	switch (signature) {
	case PORT_SIG_MULTIPLIER:
		return "a port multiplier is not supported: plug its disks into ports of their own";
	case PORT_SIG_ENCLOSURE:
		return "an enclosure bridge is not supported";
	default:
		return "what is there is not known";
	}
}

/* A port with a device that is ready: 0 if it has become a disk. */
static int port_try(struct ahci_port *p)
{
	u32 signature = ahci_port_read(p, PORT_SIG);
	struct ata_identity id;
	int err;

	if (signature != PORT_SIG_ATA && signature != PORT_SIG_ATAPI) {
		log_warn("ahci%u: port %u: %s (signature %#x)", p->hba->index, p->number,
			 foreign_name(signature), signature);
		return -ENODEV;
	}
	ahci_port_start(p);
	err = ahci_identify(p, signature == PORT_SIG_ATAPI, &id);
	if (err)
		log_warn("ahci%u: port %u: the device does not tell what it is (%d)", p->hba->index,
			 p->number, err);
	else
		err = ahci_device_attach(p, &id);
	return err;
}

void ahci_hba_probe_ports(struct ahci_hba *hba)
{
	u32 ports = 0, present = 0;

	for (unsigned i = 0; i < 32; i++) {
		if (hba->ports_implemented & 1u << i)
			hba->ports[i] = ahci_port_create(hba, i);
		if (!hba->ports[i])
			continue;
		ports |= 1u << i;
		hba->ports[i]->host = (struct disk_host){ .driver = "ahci", .pci = hba->pci,
							  .scan = ahci_scan };
		disk_host_register(&hba->ports[i]->host);
		if (hba->cap & AHCI_CAP_SSS)
			present |= ports_settle(hba, 1u << i);
	}
	if (!(hba->cap & AHCI_CAP_SSS))
		present = ports_settle(hba, ports);
	for (unsigned i = 0; i < 32; i++)
		if (ports & 1u << i && (!(present & 1u << i) || port_try(hba->ports[i])))
			ahci_port_listen(hba->ports[i]);
}

bool ahci_port_begin_locked(struct ahci_port *p)
{
	if (p->state != AHCI_EMPTY)
		return false;
	p->state = AHCI_PROBING;
	ahci_port_write(p, PORT_IE, 0);
	return true;
}

void ahci_port_arrive(struct work *work)
{
	struct ahci_port *p = container_of(work, struct ahci_port, arrival);

	if (!ahci_port_stop(p)) {
		ahci_port_setup(p);
		ahci_sleep_us(PLUG_MS * 1000);
		if (ports_settle(p->hba, 1u << p->number) && !port_try(p))
			return;
	}
	ahci_port_listen(p);
}

void ahci_port_listen(struct ahci_port *p)
{
	bool news;
	u64 flags;

	if (ahci_port_stop(p))
		log_warn("ahci%u: port %u does not stop", p->hba->index, p->number);
	flags = spin_lock_irq(&p->lock);
	p->state = AHCI_EMPTY;
	news = ahci_port_read(p, PORT_SERR) & PORT_SERR_X;
	ahci_port_write(p, PORT_SERR, ~0u);
	ahci_port_write(p, PORT_IS, ~0u);
	ahci_port_write(p, PORT_IE, PORT_IS_LINK);
	/* What happened after it was looked at and before this raises no interrupt. */
	news |= PORT_DET(ahci_port_read(p, PORT_SSTS)) != p->det_seen;
	if (news && ahci_port_begin_locked(p))
		work_queue(&p->arrival);
	spin_unlock_irq(&p->lock, flags);
}

void ahci_scan(struct disk_host *host)
{
	struct ahci_port *p = container_of(host, struct ahci_port, host);
	u64 flags = spin_lock_irq(&p->lock);
	bool mine = ahci_port_begin_locked(p);

	spin_unlock_irq(&p->lock, flags);
	if (mine)
		work_queue(&p->arrival);
	work_flush(&p->arrival);
}
