/*
 * An AHCI host bus adapter: reset and hand-off. On the walk of read(2) this driver is step 8, below
 * dev/blk.c.
 */
#include "drv/ahci/ahci_int.h"

#include "abi/errno.h"
#include "arch/io.h"
#include "core/clock.h"

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
