/*
 * /proc/iomem and /proc/ioports: who decodes which addresses (proc(5)). Addresses are for the
 * administrator; others see zeros.
 */
#include "abi/capability.h"
#include "abi/errno.h"
#include "core/resource.h"
#include "mm/kmap.h"
#include "proc/procfs/procfs_int.h"

enum { DEPTH = 8 };

static int show(struct text *t, enum resource_kind kind, int digits)
{
	struct resource *list = kvmalloc(RESOURCES_MAX * sizeof(*list), MM_KERNEL);
	bool all = cred_capable(cred_current(), CAP_SYS_ADMIN);
	unsigned n, depth = 0;
	u64 ends[DEPTH];

	if (!list)
		return -ENOMEM;
	n = resource_list(kind, list, RESOURCES_MAX);
	for (unsigned i = 0; i < n; i++) {
		const struct resource *r = &list[i];

		while (depth && r->end > ends[depth - 1])
			depth--;
		text_printf(t, "%*s%0*llx-%0*llx : %s\n", (int)depth * 2, "", digits,
			    all ? (unsigned long long)r->start : 0, digits,
			    all ? (unsigned long long)r->end : 0, r->name);
		if (depth < DEPTH)
			ends[depth++] = r->end;
	}
	kvfree(list);
	return 0;
}

int show_iomem(struct text *t, struct task *task)
{
	return show(t, RESOURCE_MEMORY, 8);
}

int show_ioports(struct text *t, struct task *task)
{
	return show(t, RESOURCE_PORTS, 4);
}
