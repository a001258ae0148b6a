/*
 * ACPI mode (ACPI 6.5, 4.8.2.5): until it is entered, the firmware handles the events of the fixed
 * hardware itself. And the global lock (5.2.10.1), two bits in a table of the firmware: somebody
 * owns it, somebody waits.
 */
#include "drv/acpi/acpi_int.h"

#include "abi/errno.h"
#include "arch/cpu.h"
#include "arch/io.h"
#include "core/clock.h"
#include "core/log.h"
#include "lib/string.h"
#include "mm/kmap.h"
#include "sched/thread.h"

#define SCI_EN         BIT(0)
#define GBL_RLS        BIT(2)
#define ENTER_STEPS    300 /* of 10 ms */
#define LOCK_STEPS     500 /* of 1 ms */

#define LOCK_PENDING 1u
#define LOCK_OWNED   2u

struct facs { /* 5.2.10; aligned to 64 bytes */
	char signature[4];
	u32 length, hardware_signature, waking_vector;
	u32 global_lock;
};

struct acpi_reg acpi_pm1_control[2];
static u32 *global_lock; /* constant after acpi_mode_enter() */

static void wait_ms(u64 ms)
{
	u64 end = clock_monotonic() + ms * NSEC_PER_MSEC;

	do {
		thread_prepare(THREAD_UNINTERRUPTIBLE);
	} while (!thread_block_until(end) && clock_monotonic() < end);
	thread_running();
}

static void global_lock_find(void)
{
	struct facs *facs = NULL;

	if (acpi_fixed.facs && is_aligned(acpi_fixed.facs, 64))
		facs = ioremap(acpi_fixed.facs, sizeof(*facs), 0);
	if (facs && !memcmp(facs->signature, "FACS", 4) && facs->length >= sizeof(*facs))
		global_lock = &facs->global_lock;
	else if (facs)
		iounmap(facs);
}

bool acpi_mode_enter(void)
{
	struct acpi_reg *control = acpi_pm1_control;

	for (unsigned i = 0; i < 2; i++)
		acpi_reg_open(&control[i], &acpi_fixed.pm1_control[i], 0, 2);
	global_lock_find();
	if (!acpi_reg_exists(&control[0]))
		return false;
	if (!(acpi_reg_read16(&control[0]) & SCI_EN) && acpi_fixed.smi_command &&
	    acpi_fixed.acpi_enable) {
		io_out8(acpi_fixed.smi_command, acpi_fixed.acpi_enable);
		for (unsigned i = 0; i < ENTER_STEPS; i++) {
			if (acpi_reg_read16(&control[0]) & SCI_EN)
				break;
			wait_ms(10);
		}
	}
	if (acpi_reg_read16(&control[0]) & SCI_EN)
		return true;
	log_warn("acpi: the firmware does not leave legacy mode");
	return false;
}

/* One attempt: whether it is ours now; otherwise the owner knows that somebody waits. */
static bool lock_try(void)
{
	u32 old = READ_ONCE(*global_lock), new;

	do {
		new = (old & ~LOCK_PENDING) | LOCK_OWNED;
		if (old & LOCK_OWNED)
			new |= LOCK_PENDING;
	} while (!__atomic_compare_exchange_n(global_lock, &old, new, false, __ATOMIC_ACQUIRE,
					      __ATOMIC_RELAXED));
	return !(old & LOCK_OWNED);
}

int acpi_global_lock(bool take)
{
	u32 old;

	if (!global_lock)
		return 0;
	if (!take) {
		old = __atomic_fetch_and(global_lock, ~(LOCK_OWNED | LOCK_PENDING),
					 __ATOMIC_RELEASE);
		if (old & LOCK_PENDING)
			acpi_reg_write16(&acpi_pm1_control[0],
					 acpi_reg_read16(&acpi_pm1_control[0]) | GBL_RLS);
		return 0;
	}
	for (unsigned i = 0; i < LOCK_STEPS; i++) {
		if (lock_try())
			return 0;
		wait_ms(1);
	}
	return -ETIMEDOUT;
}
