/*
 * Mutexes, events, notifications, time (ACPI 6.5, 19.6). Only one evaluation runs at a time, so
 * a mutex is free or held by this very evaluation: it counts how often, and is given back when the
 * evaluation ends. The one that the firmware competes for is \_GL, the global lock. An event that
 * nobody has signalled will not be signalled while we wait: waiting is to sleep the time out.
 */
#include "drv/acpi/aml_int.h"

#define FOREVER 0xffff /* of a timeout in ms */

int aml_global_lock(struct aml_machine *m, bool take)
{
	int err = m->os->global_lock ? m->os->global_lock(m->arg, take) : 0;

	return err ? aml_fail(m, err, "the firmware does not give the global lock back") : 0;
}

int aml_do_acquire(struct aml_machine *m, struct aml_call *c)
{
	struct aml_object *o;

	if (aml_target_object(m, &c->target[0], AML_MUTEX, &o))
		return m->err;
	if (!o->mutex.depth) {
		if (o->mutex.global && aml_global_lock(m, true))
			return m->err;
		o->mutex.next = m->held;
		m->held = aml_get(o);
	}
	o->mutex.depth++;
	return aml_new_integer(m, 0, &c->result); /* not timed out */
}

static int give_back(struct aml_machine *m, struct aml_object *o)
{
	struct aml_object **at = &m->held;
	bool global = o->mutex.global;

	while (*at != o)
		at = &(*at)->mutex.next;
	*at = o->mutex.next;
	o->mutex.depth = 0;
	aml_put(m, o);
	return global ? aml_global_lock(m, false) : 0;
}

int aml_do_release(struct aml_machine *m, struct aml_call *c)
{
	struct aml_object *o;

	if (aml_target_object(m, &c->target[0], AML_MUTEX, &o))
		return m->err;
	if (!o->mutex.depth)
		return aml_fail(m, -EINVAL, "a mutex is released that is not held");
	return --o->mutex.depth ? 0 : give_back(m, o);
}

void aml_release_all(struct aml_machine *m)
{
	while (m->held)
		(void)give_back(m, m->held);
}

int aml_do_signal(struct aml_machine *m, struct aml_call *c)
{
	struct aml_object *o;

	if (aml_target_object(m, &c->target[0], AML_EVENT, &o))
		return m->err;
	o->signals++;
	return 0;
}

int aml_do_reset(struct aml_machine *m, struct aml_call *c)
{
	struct aml_object *o;

	if (aml_target_object(m, &c->target[0], AML_EVENT, &o))
		return m->err;
	o->signals = 0;
	return 0;
}

static int rest(struct aml_machine *m, u64 us)
{
	if (us > m->limits.sleep_us - m->slept_us)
		return aml_fail(m, -ELOOP, "more than %llu ms of sleep",
				(unsigned long long)m->limits.sleep_us / 1000);
	m->slept_us += us;
	m->os->sleep(m->arg, us);
	return 0;
}

int aml_do_wait(struct aml_machine *m, struct aml_call *c)
{
	struct aml_object *o;

	if (aml_target_object(m, &c->target[0], AML_EVENT, &o))
		return m->err;
	if (o->signals) {
		o->signals--;
		return aml_new_integer(m, 0, &c->result);
	}
	if (c->integer[0] >= FOREVER)
		return aml_fail(m, -ELOOP, "it waits for ever for an event");
	if (rest(m, c->integer[0] * 1000))
		return m->err;
	return aml_new_integer(m, m->ones, &c->result); /* timed out */
}

int aml_do_notify(struct aml_machine *m, struct aml_call *c)
{
	struct aml_node *node = aml_target_node(&c->target[0]);

	if (!node)
		return aml_fail(m, -EINVAL, "Notify needs a device");
	m->os->notify(m->arg, node, c->integer[0]);
	return 0;
}

int aml_do_sleep(struct aml_machine *m, struct aml_call *c)
{
	return rest(m, min(c->integer[0], (u64)0xffffffff) * 1000);
}

int aml_do_stall(struct aml_machine *m, struct aml_call *c)
{
	return rest(m, min(c->integer[0], (u64)0xffffffff));
}

int aml_do_timer(struct aml_machine *m, struct aml_call *c)
{
	return aml_new_integer(m, m->os->timer(m->arg), &c->result);
}
