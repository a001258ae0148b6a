/* Work queues: works that wait for each other, more of them than there are workers. */
#include "test/ktest.h"

#include "core/clock.h"
#include "sched/wait.h"
#include "sched/work.h"

#define CHAIN 12

static struct work chain[CHAIN];
static unsigned n_done; /* a */

/* Each waits for the next one. */
static void chain_run(struct work *work)
{
	if (work < &chain[CHAIN - 1])
		work_flush(work + 1);
	__atomic_fetch_add(&n_done, 1, __ATOMIC_RELAXED);
}

KTEST(work_waits_for_works)
{
	struct work *w;

	for (unsigned round = 0; round < 5; round++) {
		n_done = 0;
		for (w = chain; w < chain + CHAIN; w++)
			work_init(w, chain_run);
		for (w = chain; w < chain + CHAIN; w++)
			KTEST_CHECK(work_queue(w));
		for (w = chain; w < chain + CHAIN; w++)
			work_flush(w);
		KTEST_CHECK(n_done == CHAIN);
	}
}
