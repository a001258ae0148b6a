/* How the driver sleeps: apart, because tests on the host have a time of their own. */
#include "drv/ahci/ahci_int.h"

#include "core/clock.h"
#include "sched/thread.h"

void ahci_sleep_us(u64 us)
{
	u64 until = clock_monotonic() + us * NSEC_PER_USEC;

	while (clock_monotonic() < until) {
		thread_prepare(THREAD_UNINTERRUPTIBLE);
		thread_block_until(until);
		thread_running();
	}
}
