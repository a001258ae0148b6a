/*
 * The table of address ranges: see resource.h. It is kept in order as it is filled, so that whoever
 * prints it needs only its beginning and end of nesting.
 */
#include "core/resource.h"

#include "arch/irq.h"
#include "core/spinlock.h"
#include "lib/string.h"

static struct spinlock lock = SPINLOCK_INIT(RANK_NONE, "resources");
static struct resource table[RESOURCES_MAX]; /* lock */
static unsigned n_table;                     /* lock */

/* Whether a comes before b: outer ones before inner ones. */
static bool precedes(const struct resource *a, const struct resource *b)
{
	if (a->start != b->start)
		return a->start < b->start;
	return a->end > b->end;
}

void resource_add(enum resource_kind kind, u64 start, u64 size, const char *name)
{
	struct resource r = { .start = start, .end = start + size - 1, .kind = (u8)kind };
	unsigned at;
	u64 flags;

	if (!size || r.end < start)
		return;
	strlcpy(r.name, name, sizeof(r.name));
	flags = irq_save();
	spin_lock(&lock);
	if (n_table < RESOURCES_MAX) {
		for (at = n_table; at && precedes(&r, &table[at - 1]); at--)
			table[at] = table[at - 1];
		table[at] = r;
		n_table++;
	}
	spin_unlock(&lock);
	irq_restore(flags);
}

unsigned resource_list(enum resource_kind kind, struct resource *out, unsigned max)
{
	unsigned n = 0;
	u64 flags = irq_save();

	spin_lock(&lock);
	for (unsigned i = 0; i < n_table && n < max; i++)
		if (table[i].kind == kind)
			out[n++] = table[i];
	spin_unlock(&lock);
	irq_restore(flags);
	return n;
}
