/* Gates (gate.h): waiting before a closed one, and closing. */
#include "sched/gate.h"

#include "mm/slab.h"
#include "sched/rcu.h"
#include "sched/thread.h"

struct gate *gate_alloc(void)
{
	struct gate *g = kzalloc(sizeof(*g), MM_KERNEL);

	if (g)
		wait_init(&g->wait);
	return g;
}

void gate_free(struct gate *g)
{
	kfree(g);
}

int gate_wait_open(struct gate *g, enum gate_level level)
{
	return wait_killable(&g->wait, READ_ONCE(g->closed) <= (u32)level);
}

int gate_enter_slow(struct gate *g, enum gate_level level)
{
	int err = 0;

	while (!err && !gate_try_enter(g, level))
		err = gate_wait_open(g, level);
	return err;
}

void gate_enter_unkillable(struct gate *g, enum gate_level level)
{
	while (!gate_try_enter(g, level))
		wait_until(&g->wait, READ_ONCE(g->closed) <= (u32)level);
}

/* How many are inside. */
static s32 n_inside(const struct gate *g, enum gate_level level)
{
	u32 sum = 0;

	for (unsigned i = 0; i < CPU_MAX; i++)
		sum += (u32)READ_ONCE(g->cpus[i].n[level]);
	return (s32)sum;
}

void gate_close(struct gate *g, enum gate_level level)
{
	WRITE_ONCE(g->closed, (u32)level + 1);
	rcu_synchronize();
	wait_until(&g->wait, n_inside(g, level) == 0);
}

void gate_open(struct gate *g)
{
	store_release(&g->closed, 0u);
	wait_wake(&g->wait, 0);
}
