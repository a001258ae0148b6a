/*
 * An AHCI host bus adapter: reset and hand-off. On the walk of read(2) this driver is step 8, below
 * dev/blk.c.
 *
 * A reset while ports work is the last means of recovery. It takes all ports out of work first, so
 * whoever finds that his port needs it must not wait for it: he parks the port and goes.
 */
#include "drv/ahci/ahci_int.h"

#include "abi/errno.h"
#include "arch/io.h"
#include "core/clock.h"
#include "core/log.h"

#define RESET_MS   1000

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

void ahci_port_take(struct ahci_port *p, unsigned trouble)
{
	u64 flags;
	bool mine = false;

	/* Works of the port's are not waited for: a new device's first requests may be parked. */
	while (!mine) {
		flags = spin_lock_irq(&p->lock);
		mine = p->parked || ahci_port_fail_locked(p, trouble) || ahci_port_begin_locked(p);
		p->parked = false;
		spin_unlock_irq(&p->lock, flags);
		if (!mine)
			ahci_sleep_us(1000);
	}
}

int ahci_hba_restart(struct ahci_hba *hba)
{
	int err;

	mutex_lock(&hba->restarting);
	for (unsigned i = 0; i < 32; i++)
		if (hba->ports[i])
			ahci_port_take(hba->ports[i], AHCI_HBA_RESET);
	err = ahci_hba_reset(hba);
	for (unsigned i = 0; i < 32; i++) {
		struct ahci_port *p = hba->ports[i];

		if (!p)
			continue;
		if (!err)
			ahci_port_setup(p);
		if (p->device)
			work_queue(&p->recovery);
		else
			ahci_port_listen(p);
	}
	mutex_unlock(&hba->restarting);
	return err;
}

void ahci_restart_wanted(struct work *work)
{
	struct ahci_hba *hba = container_of(work, struct ahci_hba, restart);
	bool wanted = false;

	for (unsigned i = 0; i < 32; i++)
		wanted |= hba->ports[i] && READ_ONCE(hba->ports[i]->parked);
	if (!wanted)
		return; /* it has been done for another port meanwhile */
	log_warn("ahci%u: resetting the controller", hba->index);
	if (ahci_hba_restart(hba))
		log_err("ahci%u: it does not come back", hba->index);
}
