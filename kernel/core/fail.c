/*
 * Fault injection: see fail.h. A thread's plan is its own, so there is no lock. The family's is
 * counted by all its members: whoever sets `struck` writes down what happened, and publishes it
 * with `recorded`.
 */
#include "core/fail.h"

#include "abi/errno.h"
#include "arch/irq.h"
#include "arch/trace.h"
#include "core/symbols.h"
#include "lib/format.h"
#include "lib/string.h"

#ifdef CONFIG_DEBUG

#define DEPTH 40           /* of a path */
#define SHOWN 24           /* of these are shown */
#define PATHS (1u << 16)   /* that have failed; a table of hashes with open addressing */

static struct fail_plan *(*current_plan)(void);

/* a: atomic. s: whoever set `struck`, before `recorded`. */
static struct {
	u32 number;     /* a: of the newest family, the first is 1 */
	bool active;    /* a */
	u32 kinds, nth; /* a: constant while it is active */
	u32 seen;       /* a: how many there were */
	u32 struck;     /* a: one has failed */
	bool recorded;  /* a */
	u32 call;       /* s: in which system call, and 1; 0: in none */
	u64 args[3];    /* s */
	u64 pc[DEPTH];  /* s */
	unsigned n_pc;  /* s */
	bool returned;  /* a: the call has ended with */
	s64 result;     /* a */
	u32 errors;     /* a: calls of the family that have failed since, with an error that fits */
} family;

static u32 paths[PATHS]; /* a: 0 is none */
static u8 often[1u << 14]; /* a: how often the family has been there, by the path's hash */
static u32 n_paths;      /* a */

void fail_set_current(struct fail_plan *(*current)(void))
{
	current_plan = current;
}

struct fail_plan *fail_plan_current(void)
{
	return current_plan ? current_plan() : NULL;
}

void fail_inherit(struct fail_plan *child)
{
	struct fail_plan *plan = fail_plan_current();

	child->family = plan ? plan->family : 0;
}

void fail_family_begin(u32 kinds, u32 nth)
{
	u32 number = family.number + 1;

	fail_family_end();
	memset(&family, 0, sizeof(family));
	memset(often, 0, sizeof(often));
	family.kinds = kinds;
	family.nth = nth;
	family.number = number;
	store_release(&family.active, true);
	fail_plan_current()->family = number;
}

void fail_family_end(void)
{
	store_release(&family.active, false);
}

void fail_forget(void)
{
	memset(paths, 0, sizeof(paths));
	WRITE_ONCE(n_paths, 0);
}

/* The slot of the path's hash, which may be empty; NULL if the table is full. */
static u32 *path_slot(u32 hash)
{
	for (u32 i = 0; i < PATHS; i++) {
		u32 *slot = &paths[(hash + i) % PATHS], there = READ_ONCE(*slot);

		if (!there || there == hash)
			return slot;
	}
	return NULL;
}

static u32 path_hash(enum fail_kind kind, const u64 *pc, unsigned n)
{
	u32 hash = 0x9e3779b9u ^ kind;

	for (unsigned i = 0; i < n; i++) {
		hash = (hash ^ (u32)pc[i]) * 0x01000193u;
		hash ^= hash >> 13;
	}
	return hash ?: 1;
}

/* A loop's second turn, and its fifth, fail otherwise than its first: paths of their own. 0: none
 * of these. */
static u32 path_turn(u32 hash)
{
	u8 *at = &often[hash % ARRAY_SIZE(often)];
	u32 turn = __atomic_add_fetch(at, *at < 100, __ATOMIC_RELAXED);

	return turn == 1 || turn == 2 || turn == 5 ? (hash ^ turn) ?: 1 : 0;
}

/* Whether the one just counted is the one that fails. */
static bool family_strikes(enum fail_kind kind, struct fail_plan *plan)
{
	u32 seen = __atomic_add_fetch(&family.seen, 1, __ATOMIC_RELAXED), no = 0, *slot = NULL;
	u64 pc[DEPTH];
	unsigned n;

	if (family.nth != FAIL_NEW && seen != family.nth)
		return false;
	n = arch_backtrace_near(arch_frame_current(), pc, DEPTH);
	if (family.nth == FAIL_NEW) {
		u32 hash = path_turn(path_hash(kind, pc, n));

		slot = hash ? path_slot(hash) : NULL;
		if (!slot || READ_ONCE(*slot) == hash ||
		    !__atomic_compare_exchange_n(&family.struck, &no, 1, false, __ATOMIC_ACQ_REL,
						 __ATOMIC_RELAXED))
			return false;
		WRITE_ONCE(*slot, hash);
		__atomic_add_fetch(&n_paths, 1, __ATOMIC_RELAXED);
	} else if (__atomic_exchange_n(&family.struck, 1, __ATOMIC_ACQ_REL)) {
		return false;
	}
	family.call = plan->call;
	memcpy(family.args, plan->args, sizeof(family.args));
	memcpy(family.pc, pc, n * sizeof(*pc));
	family.n_pc = n;
	plan->hit = true;
	store_release(&family.recorded, true);
	return true;
}

bool fail_now(enum fail_kind kind)
{
	struct fail_plan *plan = fail_plan_current();

	if (!plan || !(plan->kinds | plan->family) || irq_in_handler())
		return false;
	if (plan->kinds & kind)
		return ++plan->seen == plan->nth;
	if (plan->family != READ_ONCE(family.number) || !load_acquire(&family.active) ||
	    !(family.kinds & kind) || READ_ONCE(family.struck))
		return false;
	return family_strikes(kind, plan);
}

void fail_call_begin(u32 number, const u64 args[3])
{
	struct fail_plan *plan = fail_plan_current();

	plan->call = number + 1;
	memcpy(plan->args, args, sizeof(plan->args));
}

/* Of those that are not struck themselves: not what a program may well have asked for. */
static bool error_fits(s64 result)
{
	return family.kinds & FAIL_ALLOC ? result == -ABI_ENOMEM || result == -ABI_ENOBUFS :
					   result == -ABI_EIO || result == -ABI_EROFS;
}

void fail_told(s64 error)
{
	struct fail_plan *plan = fail_plan_current();

	if (plan && plan->family == READ_ONCE(family.number) && READ_ONCE(family.struck) &&
	    error_fits(error))
		__atomic_add_fetch(&family.errors, 1, __ATOMIC_RELAXED);
}

void fail_call_end(s64 result)
{
	struct fail_plan *plan = fail_plan_current();

	plan->call = 0;
	if (likely(plan->family != READ_ONCE(family.number)) || !READ_ONCE(family.struck)) {
		plan->hit = false;
		return;
	}
	fail_told(result);
	if (plan->hit) {
		plan->hit = false;
		WRITE_ONCE(family.result, result);
		store_release(&family.returned, true);
	}
}

size_t fail_family_describe(char *text, size_t size)
{
	size_t n = scnprintf(text, size, "family seen %u paths %u errors %u struck %u",
			     READ_ONCE(family.seen), READ_ONCE(n_paths), READ_ONCE(family.errors),
			     load_acquire(&family.recorded));

	if (!load_acquire(&family.recorded))
		return n + scnprintf(text + n, size - n, "\n");
	n += scnprintf(text + n, size - n, " call %d of %llx %llx %llx", (int)family.call - 1,
		       (unsigned long long)family.args[0], (unsigned long long)family.args[1],
		       (unsigned long long)family.args[2]);
	if (load_acquire(&family.returned))
		n += scnprintf(text + n, size - n, " result %lld",
			       (long long)READ_ONCE(family.result));
	n += scnprintf(text + n, size - n, "\n");
	for (unsigned i = 1; i < family.n_pc && i < SHOWN; i++) {
		u64 offset = 0;
		const char *name = symbol_find(family.pc[i], &offset);

		n += scnprintf(text + n, size - n, "  %s+%#llx\n", name ? name : "?",
			       (unsigned long long)offset);
	}
	return n;
}

#endif
