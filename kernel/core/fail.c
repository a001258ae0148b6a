/* Fault injection: see fail.h. A plan is its thread's own, so there is no lock. */
#include "core/fail.h"

#include "arch/irq.h"

#ifdef CONFIG_DEBUG

static struct fail_plan *(*current_plan)(void);

void fail_set_current(struct fail_plan *(*current)(void))
{
	current_plan = current;
}

struct fail_plan *fail_plan_current(void)
{
	return current_plan ? current_plan() : NULL;
}

bool fail_now(enum fail_kind kind)
{
	struct fail_plan *plan = fail_plan_current();

	if (!plan || plan->kind != kind || irq_in_handler())
		return false;
	return ++plan->seen == plan->nth;
}

#endif
