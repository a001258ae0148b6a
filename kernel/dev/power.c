/*
 * The end of the machine's work: the functions that drivers left for it, newest first, then whoever
 * knows how to switch off or reset. File systems are synced and processes ended before, by the
 * caller.
 */
#include "dev/power.h"

#include "abi/errno.h"
#include "arch/cpu.h"
#include "core/log.h"
#include "core/spinlock.h"
#include "mm/slab.h"

struct end_call {
	struct end_call *next; /* older */
	void (*fn)(void *arg);
	void *arg;
};

static struct spinlock lock = SPINLOCK_INIT(RANK_DRIVER, "power"); /* guards both */
static struct end_call *end_calls;
static const struct power_ops *ops;

void power_register(const struct power_ops *new_ops)
{
	__atomic_store_n(&ops, new_ops, __ATOMIC_RELEASE);
}

int power_at_end(void (*fn)(void *arg), void *arg)
{
	struct end_call *call = kmalloc(sizeof(*call), MM_KERNEL);

	if (!call)
		return -ENOMEM;
	call->fn = fn;
	call->arg = arg;
	spin_lock(&lock);
	call->next = end_calls;
	end_calls = call;
	spin_unlock(&lock);
	return 0;
}

/* Takes the calls off the list one by one, so that two CPUs that end at once do not make any of
 * them twice. */
static void run_end_calls(void)
{
	for (;;) {
		struct end_call *call;

		spin_lock(&lock);
		call = end_calls;
		if (call)
			end_calls = call->next;
		spin_unlock(&lock);
		if (!call)
			return;
		call->fn(call->arg);
	}
}

_Noreturn void power_off(void)
{
	const struct power_ops *o = load_acquire(&ops);

	run_end_calls();
	log_info("power: off");
	if (o && o->off)
		o->off();
	log_err("power: this machine cannot be switched off by software: halted");
	cpu_stop_others();
	cpu_halt_forever();
}

_Noreturn void power_reset(void)
{
	const struct power_ops *o = load_acquire(&ops);

	run_end_calls();
	log_info("power: reset");
	if (o && o->reset)
		o->reset();
	cpu_reset();
}

_Noreturn void power_halt(void)
{
	run_end_calls();
	log_info("power: halted");
	cpu_stop_others();
	cpu_halt_forever();
}

static void (*button_listener)(void); /* set once */

void power_button_listen(void (*fn)(void))
{
	store_release(&button_listener, fn);
}

void power_button_press(void)
{
	void (*fn)(void) = load_acquire(&button_listener);

	log_info("power: the button is pressed");
	if (fn)
		fn();
}
