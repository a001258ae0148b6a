/*
 * Backtraces, each kept once: who allocated an object and who freed it is a number then, small
 * enough to stand beside every object. A chained hash table of fixed size; what is in it stays, so
 * reading takes no lock. Not instrumented.
 *
 * Locks: stacks_lock (RANK_LOG, nothing is taken inside) for additions, interrupts off.
 */
#include "core/kasan.h"

#include "arch/trace.h"
#include "core/log.h"
#include "core/spinlock.h"
#include "core/symbols.h"
#include "lib/format.h"

#define DEPTH   12
#define BUCKETS 8192
#define STACKS  40000

/* I: constant once a bucket's chain leads here. */
struct stack {
	u32 next;      /* number of the next in the chain, 0: none */
	u32 hash;
	u32 n;
	u32 pc[DEPTH]; /* the lower half: kernel text is in the highest 2 GiB */
};

static struct spinlock stacks_lock = SPINLOCK_INIT(RANK_LOG, "kasan stacks");
static u32 buckets[BUCKETS];         /* s: stacks_lock to add */
static struct stack stacks[STACKS];  /* s */
static u32 n_stacks = 1;             /* s: number 0 is none */

static u32 (*thread_number)(void);

void kasan_set_thread_number(u32 (*number)(void))
{
	thread_number = number;
}

u32 kasan_thread_number(void)
{
	return thread_number ? thread_number() : 0;
}

static u32 stack_find(u32 at, u32 hash, const u64 *pc, unsigned n)
{
	for (; at; at = stacks[at].next) {
		const struct stack *s = &stacks[at];
		unsigned i = 0;

		if (s->hash != hash || s->n != n)
			continue;
		while (i < n && s->pc[i] == (u32)pc[i])
			i++;
		if (i == n)
			return at;
	}
	return 0;
}

static u32 stack_add(u32 *bucket, u32 hash, const u64 *pc, unsigned n)
{
	u64 flags = spin_lock_irq(&stacks_lock);
	u32 at = stack_find(*bucket, hash, pc, n);

	if (!at && n_stacks < STACKS) {
		struct stack *s = &stacks[n_stacks];

		s->hash = hash;
		s->n = n;
		for (unsigned i = 0; i < n; i++)
			s->pc[i] = (u32)pc[i];
		s->next = *bucket;
		at = n_stacks++;
		store_release(bucket, at);
	}
	spin_unlock_irq(&stacks_lock, flags);
	return at;
}

u32 kasan_stack_save(void)
{
	u64 pc[DEPTH];
	unsigned n = arch_backtrace_near(arch_frame_current(), pc, DEPTH);
	u32 hash = 0x9e3779b9u, *bucket, at;

	for (unsigned i = 0; i < n; i++)
		hash = (hash ^ (u32)pc[i]) * 0x01000193u;
	hash ^= hash >> 15;
	bucket = &buckets[hash % BUCKETS];
	at = stack_find(load_acquire(bucket), hash, pc, n);
	return at ?: stack_add(bucket, hash, pc, n);
}

bool kasan_stack_line(u32 stack, unsigned n, char *buf, size_t size)
{
	u64 address, offset = 0;
	const char *name;

	if (!stack || stack >= STACKS || n >= stacks[stack].n)
		return false;
	address = 0xffffffff00000000ull | stacks[stack].pc[n];
	name = symbol_find(address, &offset);
	snprintf(buf, size, "  %016llx %s+%#llx", (unsigned long long)address, name ? name : "?",
		 (unsigned long long)offset);
	return true;
}

void kasan_stack_log(const char *heading, u32 stack, u32 tid)
{
	char text[128];

	if (stack)
		log_emit(LOG_EMERG, "%s by thread %u:", heading, tid);
	for (unsigned i = 0; kasan_stack_line(stack, i, text, sizeof(text)); i++)
		log_emit(LOG_EMERG, "%s", text);
}
