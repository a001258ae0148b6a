/*
 * The log. Records live in two rings: `slots`, found by sequence number, and `text`, whose
 * positions count bytes ever written. A new record pushes out the oldest ones whose slot or text it
 * needs.
 *
 * Echo to the consoles happens apart from the ring's lock: whoever gets the echo lock shows what
 * each console has not seen; who does not get it leaves that to the holder, who looks again after
 * letting go. So a record logged inside a console's write(), or in an interrupt meanwhile, is shown
 * a moment later and nothing deadlocks.
 */
#include "abi/errno.h"
#include "arch/cpu.h"
#include "arch/irq.h"
#include "arch/percpu.h"
#include "core/log.h"
#include "core/spinlock.h"
#include "lib/string.h"

#define SLOTS     2048u
#define TEXT_SIZE LOG_RING_SIZE
#define NOBODY    ~0u
#define HOLD_CYCLES 1000000000ull

/* l: ring_lock. */
struct slot {
	u64 time_ns;  /* l */
	u32 position; /* l: of its text, bytes ever written, modulo 2^32 */
	u16 length;   /* l */
	u8 level;     /* l */
	u8 facility;  /* l */
};

static struct spinlock ring_lock = SPINLOCK_INIT(RANK_LOG, "log");
static struct slot slots[SLOTS];      /* l */
static char text[TEXT_SIZE];          /* l */
static u32 text_position;             /* l: where the next text goes */
static u64 first_seq, next_seq;       /* l to change */
static char line[sizeof_field(struct log_record, text)]; /* l: the record being formatted */

static struct spinlock echo_lock = SPINLOCK_INIT(RANK_NONE, "echo");
static struct list consoles = LIST_INIT(consoles); /* echo_lock */
static struct log_record echo_record;              /* echo_lock */
static int console_level = LOG_DEBUG;

static bool panicking;
static void (*notify_hook)(void);

/* The CPU whose report must stay together, and how deep; see log_hold(). */
static u32 holder = NOBODY; /* a */
static u32 hold_depth;      /* the holder's */

/* Waits while another CPU holds the log: a bounded time, as it may wait for a lock of ours. */
static void wait_for_holder(void)
{
	u64 start = cpu_cycles();
	u32 other;

	while ((other = __atomic_load_n(&holder, __ATOMIC_ACQUIRE)) != NOBODY &&
	       other != cpu_id() && cpu_cycles() - start < HOLD_CYCLES)
		cpu_relax();
}

u64 log_hold(void)
{
	u64 flags = irq_save();
	u32 nobody = NOBODY;

	if (__atomic_load_n(&holder, __ATOMIC_ACQUIRE) != cpu_id()) {
		wait_for_holder();
		if (!__atomic_compare_exchange_n(&holder, &nobody, cpu_id(), false,
						 __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
			return flags;
	}
	hold_depth++;
	return flags;
}

void log_release(u64 flags)
{
	if (__atomic_load_n(&holder, __ATOMIC_ACQUIRE) == cpu_id() && --hold_depth == 0)
		__atomic_store_n(&holder, NOBODY, __ATOMIC_RELEASE);
	irq_restore(flags);
}

/* Takes a lock of the log, except that a panic passes all of them. */
static u64 log_lock(struct spinlock *lock)
{
	if (unlikely(panicking))
		return irq_save();
	return spin_lock_irq(lock);
}

static void log_unlock(struct spinlock *lock, u64 flags)
{
	if (unlikely(panicking))
		irq_restore(flags);
	else
		spin_unlock_irq(lock, flags);
}

/* Appends to the ring, ring lock held. */
static void append_locked(u8 level, u8 facility, const char *s, size_t n)
{
	struct slot *slot = &slots[next_seq % SLOTS];

	while (next_seq > first_seq &&
	       (next_seq - first_seq == SLOTS ||
		text_position + n - slots[first_seq % SLOTS].position > TEXT_SIZE))
		first_seq++;
	*slot = (struct slot){ arch_clock_ns(), text_position, (u16)n, level, facility };
	for (size_t i = 0; i < n; i++)
		text[(text_position + i) % TEXT_SIZE] = s[i];
	text_position += n;
	WRITE_ONCE(next_seq, next_seq + 1);
}

/* Shows one record on one console. */
static void show(struct log_console *console, const struct log_record *r)
{
	char stamp[32];
	u64 us = r->time_ns / 1000;
	int n = snprintf(stamp, sizeof(stamp), "[%5llu.%06llu] ",
			 (unsigned long long)(us / 1000000),
			 (unsigned long long)(us % 1000000));

	console->write(console, stamp, n);
	console->write(console, r->text, r->length);
	console->write(console, "\n", 1);
}

/* Whether some console lags behind. Echo lock held. */
static bool show_pending_locked(void)
{
	struct log_console *console;
	bool more = false;

	list_for_each_entry(console, &consoles, link) {
		if (log_read(&console->next_seq, &echo_record))
			continue;
		if (echo_record.level < console_level || panicking)
			show(console, &echo_record);
		more = true;
	}
	return more;
}

static void echo(void)
{
	bool more = true;
	u64 seen;

	while (more) {
		u64 flags = irq_save();

		if (!panicking && !spin_try_lock(&echo_lock)) {
			irq_restore(flags);
			return;
		}
		seen = log_next_seq();
		more = show_pending_locked();
		if (!panicking)
			spin_unlock(&echo_lock);
		irq_restore(flags);
		/* Who logged after the last look, but before the unlock, left it to us. */
		__atomic_thread_fence(__ATOMIC_SEQ_CST);
		more |= log_next_seq() != seen;
	}
}

static void announce(void)
{
	void (*notify)(void) = READ_ONCE(notify_hook);

	echo();
	if (notify && !panicking)
		notify();
}

void log_emit(enum log_level level, const char *fmt, ...)
{
	va_list ap;
	u64 flags;

	va_start(ap, fmt);
	if (unlikely(READ_ONCE(holder) != NOBODY) && !panicking)
		wait_for_holder();
	flags = log_lock(&ring_lock);
	append_locked(level, 0, line, vscnprintf(line, sizeof(line), fmt, ap));
	log_unlock(&ring_lock, flags);
	va_end(ap);
	announce();
}

void log_user(enum log_level level, const char *s, size_t n)
{
	u64 flags = log_lock(&ring_lock);

	append_locked(level, 1, s, min(n, sizeof(line)));
	log_unlock(&ring_lock, flags);
	announce();
}

int log_read(u64 *seq, struct log_record *out)
{
	u64 flags = log_lock(&ring_lock);
	const struct slot *slot;

	if (*seq < first_seq)
		*seq = first_seq;
	if (*seq >= next_seq) {
		log_unlock(&ring_lock, flags);
		return -EAGAIN;
	}
	slot = &slots[*seq % SLOTS];
	out->seq = *seq;
	out->time_ns = slot->time_ns;
	out->level = slot->level;
	out->facility = slot->facility;
	out->length = slot->length;
	for (unsigned i = 0; i < slot->length; i++)
		out->text[i] = text[(slot->position + i) % TEXT_SIZE];
	++*seq;
	log_unlock(&ring_lock, flags);
	return 0;
}

u64 log_first_seq(void)
{
	return READ_ONCE(first_seq);
}

u64 log_next_seq(void)
{
	return READ_ONCE(next_seq);
}

void log_console_add(struct log_console *console)
{
	u64 flags = log_lock(&echo_lock);
	struct log_console *other, *next;

	console->next_seq = 0;
	list_for_each_entry_safe(other, next, &consoles, link) {
		if (other->early && console->name && !strcmp(other->name, console->name)) {
			console->next_seq = other->next_seq;
			list_del(&other->link);
		}
	}
	list_add_tail(&console->link, &consoles);
	log_unlock(&echo_lock, flags);
	echo();
}

void log_console_remove(struct log_console *console)
{
	u64 flags = log_lock(&echo_lock);

	list_del(&console->link);
	log_unlock(&echo_lock, flags);
}

unsigned log_console_names(const char **names, unsigned max)
{
	u64 flags = log_lock(&echo_lock);
	struct log_console *console;
	unsigned n = 0;

	list_for_each_entry(console, &consoles, link) {
		if (console->name && n < max)
			names[n++] = console->name;
	}
	log_unlock(&echo_lock, flags);
	return n;
}

bool log_has_console(void)
{
	return !list_empty(&consoles);
}

struct log_levels log_levels = {
	.message = LOG_WARNING, .console_least = 1, .console_boot = LOG_DEBUG,
};

void log_console_level_set(int level)
{
	console_level = level;
}

int log_console_level(void)
{
	return console_level;
}

void log_set_notify(void (*notify)(void))
{
	WRITE_ONCE(notify_hook, notify);
}

void log_panic_begin(void)
{
	panicking = true;
}

bool log_in_panic(void)
{
	return READ_ONCE(panicking);
}
