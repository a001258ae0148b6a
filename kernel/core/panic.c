/*
 * The end of the kernel. The first CPU to panic stops the others, takes the log out of its locks
 * and tells what it knows; a panic within the panic ends at once; other CPUs that panic meanwhile
 * halt.
 */
#include "arch/console.h"
#include "arch/cpu.h"
#include "arch/percpu.h"
#include "arch/trace.h"
#include "core/kasan.h"
#include "core/log.h"
#include "core/panic.h"
#include "core/spinlock.h"
#include "core/symbols.h"

#define BACKTRACE_MAX 32
#define NO_CPU        ~0u

static u32 panic_cpu = NO_CPU;
static void (*describe_thread)(char *buf, size_t size);

void panic_set_describe(void (*describe)(char *buf, size_t size))
{
	describe_thread = describe;
}

static void log_address(enum log_level level, u64 address, const char *mark)
{
	u64 offset;
	const char *name = symbol_find(address, &offset);

	if (name)
		log_emit(level, "  %016llx %s+%#llx%s", (unsigned long long)address, name,
			 (unsigned long long)offset,
			 mark);
	else
		log_emit(level, "  %016llx%s", (unsigned long long)address, mark);
}

static void log_addresses(enum log_level level, const u64 *addresses, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		log_address(level, addresses[i], "");
}

static void log_backtrace(enum log_level level, u64 frame)
{
	u64 addresses[BACKTRACE_MAX];

	log_addresses(level, addresses, arch_backtrace(frame, addresses, BACKTRACE_MAX));
}

void backtrace_log(void)
{
	u64 flags = log_hold();

	log_emit(LOG_WARNING, "backtrace:");
	log_backtrace(LOG_WARNING, arch_frame_current());
	log_release(flags);
}

void backtrace_log_frame(u64 frame)
{
	log_backtrace(LOG_WARNING, frame);
}

void backtrace_log_cpu(unsigned cpu)
{
	static struct spinlock lock = SPINLOCK_INIT(RANK_NONE, "cpu backtrace");
	static struct cpu_snapshot s; /* lock */
	u64 flags = spin_lock_irq(&lock);

	if (!cpu_snapshot_take(cpu, &s)) {
		log_emit(LOG_WARNING, "  CPU %u does not answer an NMI", cpu);
	} else if (regs_user(&s.regs)) {
		log_emit(LOG_WARNING, "  CPU %u is in user mode at %#llx", cpu,
			 (unsigned long long)s.regs.rip);
	} else {
		log_address(LOG_WARNING, s.regs.rip, "  <- there");
		log_addresses(LOG_WARNING, s.addresses, s.n);
	}
	spin_unlock_irq(&lock, flags);
}

void warn_report(const char *file, int line, const char *what)
{
	u64 flags = log_hold();

	log_emit(LOG_WARNING, "%s:%d: should not happen: %s", file, line, what);
	log_backtrace(LOG_WARNING, arch_frame_current());
	log_release(flags);
}

static void log_line(const char *text)
{
	log_emit(LOG_EMERG, "  %s", text);
}

/* Lets only one CPU through, and that one only once. */
static void panic_enter(void)
{
	u32 expected = NO_CPU, self = cpu_id();

	irq_disable();
	kasan_stop();
	if (__atomic_compare_exchange_n(&panic_cpu, &expected, self, false, __ATOMIC_SEQ_CST,
					__ATOMIC_SEQ_CST)) {
		cpu_stop_others();
		log_panic_begin();
		if (!log_has_console())
			early_console_start();
		return;
	}
	if (expected == self) {
		static unsigned depth;

		/* The log itself may be what fails. */
		if (depth++ == 0)
			log_emit(LOG_EMERG, "panic within the panic");
		cpu_debug_exit(PANIC_EXIT_CODE);
	}
	cpu_halt_forever();
}

static _Noreturn void panic_report(const struct regs *regs, u64 frame, const char *fmt, va_list ap)
{
	static char message[512], thread[96];

	panic_enter();
	vsnprintf(message, sizeof(message), fmt, ap);
	log_emit(LOG_EMERG, "kernel panic: %s", message);
	if (describe_thread)
		describe_thread(thread, sizeof(thread));
	log_emit(LOG_EMERG, "  on CPU %u of %u%s%s", cpu_id(), cpu_count(), thread[0] ? ", " : "",
		 thread);
	if (regs) {
		arch_regs_describe(regs, log_line);
		log_address(LOG_EMERG, regs->rip, "  <- here");
	}
	log_backtrace(LOG_EMERG, frame);
	log_emit(LOG_EMERG, "kernel panic: end of report");
	cpu_debug_exit(PANIC_EXIT_CODE);
	cpu_halt_forever();
}

void panic(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	panic_report(NULL, arch_frame_current(), fmt, ap);
}

void panic_regs(const struct regs *regs, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	panic_report(regs, regs_user(regs) ? arch_frame_current() : arch_frame_of(regs), fmt, ap);
}
