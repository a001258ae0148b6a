/* A world for the AML machine; see aml_host.h. */
#include <stdlib.h>
#include <string.h>

#undef __always_inline
#include "test/host/rename.h"

#include "abi/errno.h"
#include "lib/string.h"
#include "test/host/aml_host.h"

struct aml_host aml_host;

static void *host_alloc(size_t n)
{
	void *p;

	if (aml_host.fail_at && --aml_host.fail_at == 0)
		return NULL;
	p = malloc(n);
	aml_host.live += p != NULL;
	return p;
}

static void host_free(void *p)
{
	aml_host.live -= p != NULL;
	free(p);
}

static u8 *byte_at(const struct aml_place *p)
{
	switch (p->space) {
	case AML_SPACE_MEMORY:
		if (p->address >= AML_HOST_MEMORY &&
		    p->address < AML_HOST_MEMORY + sizeof(aml_host.memory))
			return &aml_host.memory[p->address - AML_HOST_MEMORY];
		return NULL;
	case AML_SPACE_IO:
		return p->address == 0x70 ? &aml_host.index
		       : p->address == 0x71 ? &aml_host.cmos[aml_host.index] : NULL;
	default:
		return p->bus == 0 && p->slot == 1 && p->function == 0 && p->address < 256
			       ? &aml_host.config[p->address] : NULL;
	}
}

static int host_read(void *arg, const struct aml_place *place, unsigned bits, u64 *value)
{
	struct aml_place p = *place;

	*value = 0;
	for (unsigned i = 0; i < bits; i += 8, p.address++) {
		u8 *at = byte_at(&p);

		if (!at)
			return -EIO;
		*value |= (u64)*at << i;
	}
	return 0;
}

static int host_write(void *arg, const struct aml_place *place, unsigned bits, u64 value)
{
	struct aml_place p = *place;

	for (unsigned i = 0; i < bits; i += 8, p.address++) {
		u8 *at = byte_at(&p);

		if (!at)
			return -EIO;
		*at = (u8)(value >> i);
	}
	return 0;
}

static void host_notify(void *arg, struct aml_node *node, u64 value)
{
	aml_host.n_notified++;
	aml_host.notified = value;
}

static void host_sleep(void *arg, u64 us)
{
	aml_host.slept_us += us;
}

static u64 host_timer(void *arg)
{
	return 1;
}

static int host_global_lock(void *arg, bool take)
{
	aml_host.locked += take ? 1 : -1;
	return 0;
}

static void host_say(void *arg, bool wrong, const char *text)
{
	aml_host.n_wrong += wrong;
	strlcpy(aml_host.said, text, sizeof(aml_host.said));
}

const struct aml_os aml_host_os = {
	.alloc = host_alloc,
	.free = host_free,
	.read = host_read,
	.write = host_write,
	.notify = host_notify,
	.sleep = host_sleep,
	.timer = host_timer,
	.global_lock = host_global_lock,
	.say = host_say,
};

const struct aml_limits aml_host_limits = {
	.steps = 20000, .stack = 128 << 10, .objects = 4000, .bytes = 1 << 20, .sleep_us = 1000000,
};
