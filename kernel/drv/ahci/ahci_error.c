/*
 * Errors and their repair (AHCI 6.2). When something goes wrong the port leaves the state UP, its
 * interrupts are shut, and recovery runs in a worker: stop the engine; reset the link (COMRESET) if
 * the device hangs, the link had errors, or queued commands were running (after an error a device
 * takes nothing more until it is reset); start again; give back what was in flight.
 *
 * A device error on the only command in flight is that command's, if it was not queued. Else all
 * are played again one at a time and not queued (p->careful), so that the next error is known to be
 * whose. What was in flight during a time-out or a link error counts a retry each; the block layer
 * ends a request that has too many.
 *
 * A port whose link stays down, or that does not come back from reset, loses its disk: everything
 * fails with -ENXIO.
 */
#include "drv/ahci/ahci_int.h"

#include "abi/errno.h"
#include "core/log.h"
#include "lib/bitops.h"

#define LINK_MS  1000
#define READY_MS 10000
#define ATTEMPTS 3

bool ahci_port_fail_locked(struct ahci_port *p, unsigned trouble)
{
	if (p->state != AHCI_UP)
		return false;
	p->state = AHCI_RECOVERING;
	p->trouble = trouble;
	p->status = ahci_port_read(p, PORT_TFD);
	p->serr = ahci_port_read(p, PORT_SERR);
	ahci_port_write(p, PORT_IE, 0);
	return true;
}

unsigned ahci_port_take_all_locked(struct ahci_port *p, struct blk_request *out[32])
{
	unsigned n = 0;

	for (u32 left = p->issued; left; left &= left - 1) {
		unsigned slot = ctz64(left);

		out[n++] = p->running[slot];
		p->running[slot] = NULL;
	}
	p->issued = p->queued = 0;
	p->exclusive = false;
	return n;
}

/* COMRESET (10.4.2): 0, -ENODEV if nothing answers, -ETIMEDOUT if it is never ready. */
static int link_reset(struct ahci_port *p)
{
	p->n_resets++;
	ahci_port_write(p, PORT_SCTL, PORT_SCTL_NO_SLEEP | PORT_SCTL_DET_RESET);
	ahci_sleep_us(1500);
	ahci_port_write(p, PORT_SCTL, PORT_SCTL_NO_SLEEP);
	if (ahci_port_wait(p, PORT_SSTS, 0xf, PORT_DET_UP, LINK_MS))
		return -ENODEV;
	ahci_port_write(p, PORT_SERR, ~0u);
	return ahci_port_wait(p, PORT_TFD, ATA_STATUS_BSY | ATA_STATUS_DRQ, 0, READY_MS);
}

/* Gets the port to run again: 0, or the disk is lost. */
static int port_revive(struct ahci_port *p, bool reset)
{
	for (unsigned i = 0; i < ATTEMPTS; i++) {
		int err = ahci_port_stop(p);

		if (err || ahci_port_read(p, PORT_TFD) & (ATA_STATUS_BSY | ATA_STATUS_DRQ))
			reset = true;
		if (!reset && PORT_DET(ahci_port_read(p, PORT_SSTS)) != PORT_DET_UP)
			reset = true;
		err = reset ? link_reset(p) : 0;
		if (err == -ENODEV)
			return err;
		if (!err) {
			ahci_port_start(p);
			return 0;
		}
	}
	return -ETIMEDOUT;
}

/* Back to work: state, interrupts, and the requests. */
static void port_resume(struct ahci_port *p, bool single)
{
	struct blk_request *lost[32];
	unsigned n, trouble;
	u8 error;
	u64 flags = spin_lock_irq(&p->lock);

	n = ahci_port_take_all_locked(p, lost);
	trouble = p->trouble;
	error = (u8)(p->status >> 8);
	if (!single && !p->careful && trouble & (AHCI_DEVICE_ERROR | AHCI_LINK_ERROR))
		p->careful = n;
	p->trouble = 0;
	p->state = AHCI_UP;
	spin_unlock_irq(&p->lock, flags);
	ahci_port_write(p, PORT_IE, PORT_IE_ALL);
	if (single && trouble == AHCI_DEVICE_ERROR && error & (ATA_ERROR_UNC | ATA_ERROR_IDNF)) {
		flags = spin_lock_irq(&p->lock);
		if (p->careful)
			p->careful--;
		spin_unlock_irq(&p->lock, flags);
		blk_done(lost[0], -EIO); /* the medium is bad there: no use to try again */
	} else if (n) {
		blk_requeue(&p->disk, lost, n,
			    single || trouble & (AHCI_TIMED_OUT | AHCI_LINK_ERROR));
	}
	blk_kick(&p->disk);
}

/* The disk is not there any more. */
void ahci_port_lose(struct ahci_port *p)
{
	struct blk_request *lost[32];
	u64 flags = spin_lock_irq(&p->lock);
	unsigned n = ahci_port_take_all_locked(p, lost);

	p->state = AHCI_GONE;
	spin_unlock_irq(&p->lock, flags);
	log_err("%s: gone", p->disk.name);
	for (unsigned i = 0; i < n; i++)
		blk_done(lost[i], -ENXIO);
	blk_kick(&p->disk);
	work_queue(&p->removal);
}

static const char *trouble_text(unsigned trouble)
{
	if (trouble & AHCI_LINK_CHANGE)
		return "the link changed";
	if (trouble & AHCI_LINK_ERROR)
		return "link errors";
	if (trouble & AHCI_DEVICE_ERROR)
		return "device error";
	return trouble & AHCI_TIMED_OUT ? "no answer" : "controller reset";
}

static void recover(struct ahci_port *p)
{
	bool single, reset;
	u64 flags = spin_lock_irq(&p->lock);

	single = p->issued && !(p->issued & (p->issued - 1)) && !p->queued;
	reset = p->queued || p->trouble & (AHCI_LINK_ERROR | AHCI_LINK_CHANGE | AHCI_TIMED_OUT);
	p->n_errors++;
	spin_unlock_irq(&p->lock, flags);
	log_warn("%s: %s (status %#x, link %#x, %u in flight): %s", p->disk.name,
		 trouble_text(p->trouble), p->status, p->serr, popcount64(p->issued),
		 reset ? "resetting the link" : "restarting");
	if (port_revive(p, reset))
		ahci_port_lose(p);
	else
		port_resume(p, single);
}

void ahci_port_recover(struct work *work)
{
	recover(container_of(work, struct ahci_port, recovery));
}

void ahci_port_remove(struct work *work)
{
	disk_unregister(&container_of(work, struct ahci_port, removal)->disk);
}

void ahci_timeout(struct disk *disk, struct blk_request *req)
{
	struct ahci_port *p = disk->data;
	struct blk_request *done[32];
	unsigned n = 0;
	bool mine = false;
	u64 flags = spin_lock_irq(&p->lock);

	if (p->state == AHCI_UP) {
		n = ahci_port_reap_locked(p, done); /* perhaps only the interrupt was lost */
		if (p->issued)
			mine = ahci_port_fail_locked(p, AHCI_TIMED_OUT);
	}
	spin_unlock_irq(&p->lock, flags);
	for (unsigned i = 0; i < n; i++)
		blk_done(done[i], 0);
	if (mine)
		recover(p);
}
