/*
 * The table of gaps: see gaps.h. It is small and never grows; who asks for more different things
 * than it has room for is told how many were left out.
 */
#include "core/gaps.h"

#include "arch/irq.h"
#include "core/spinlock.h"
#include "lib/string.h"

#define GAPS_MAX 192

static struct spinlock lock = SPINLOCK_INIT(RANK_GAPS, "gaps");
static struct gap table[GAPS_MAX]; /* lock */
static unsigned n_table;           /* lock */
static u64 lost;                   /* lock */
static bool off;                   /* a */
static void (*who_asks)(struct gap_asker *asker); /* I: after sched_init() */

void gaps_set_asker(void (*who)(struct gap_asker *asker))
{
	who_asks = who;
}

void gaps_enable(bool on)
{
	WRITE_ONCE(off, !on);
}

bool gaps_enabled(void)
{
	return !READ_ONCE(off);
}

/* Operations and flags mean nothing without their call; the others are the same by any call. */
static bool by_call(u8 kind)
{
	return kind == GAP_COMMAND || kind == GAP_FLAGS;
}

static bool same(const struct gap *x, const struct gap *y)
{
	return x->kind == y->kind && x->a == y->a && x->b == y->b && x->c == y->c &&
	       (!by_call(x->kind) || x->asker.call == y->asker.call) &&
	       strcmp(x->asker.program, y->asker.program) == 0 && strcmp(x->text, y->text) == 0;
}

/* lock held */
static void add(const struct gap *gap)
{
	for (unsigned i = 0; i < n_table; i++) {
		if (same(&table[i], gap)) {
			table[i].count++;
			return;
		}
	}
	if (n_table == GAPS_MAX) {
		lost++;
		return;
	}
	table[n_table] = *gap;
	table[n_table++].count = 1;
}

void gap_count(enum gap_kind kind, u64 a, u32 b, u32 c, const char *text)
{
	struct gap gap = { .kind = (u8)kind, .a = a, .b = b, .c = c };
	u64 flags;

	if (!gaps_enabled() || !who_asks)
		return;
	who_asks(&gap.asker);
	if (text)
		strlcpy(gap.text, text, sizeof(gap.text));
	flags = irq_save();
	spin_lock(&lock);
	add(&gap);
	spin_unlock(&lock);
	irq_restore(flags);
}

void gaps_clear(void)
{
	u64 flags = irq_save();

	spin_lock(&lock);
	n_table = 0;
	lost = 0;
	spin_unlock(&lock);
	irq_restore(flags);
}

bool gap_get(unsigned n, struct gap *out)
{
	u64 flags = irq_save();
	bool there;

	spin_lock(&lock);
	there = n < n_table;
	if (there)
		*out = table[n];
	spin_unlock(&lock);
	irq_restore(flags);
	return there;
}

u64 gaps_lost(void)
{
	return READ_ONCE(lost);
}
