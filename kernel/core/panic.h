/* The end of the kernel, and the assertions that lead there. */
#pragma once

#include "arch/regs.h"
#include "lib/types.h"

/*
 * Prints the message, registers, the thread, a symbolised backtrace, stops all CPUs and ends QEMU
 * with a failing status or halts.
 */
_Noreturn void panic(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* The same for a trap in the kernel, with the trapped registers. */
_Noreturn void panic_regs(const struct regs *regs, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
/* Logs a symbolised backtrace of the caller. Any context. */
void backtrace_log(void);
/* The same from a frame pointer (arch/trace.h) on, and of what another CPU is doing. */
void backtrace_log_frame(u64 frame);
void backtrace_log_cpu(unsigned cpu);

/*
 * Set once by the scheduler: writes a line about the running thread, for panics. It must not take
 * locks.
 */
void panic_set_describe(void (*describe)(char *buf, size_t size));
/* Status with which a panic ends QEMU's isa-debug-exit device: QEMU exits with (this << 1 | 1). */
#define PANIC_EXIT_CODE 0x7f

/* A condition that only a bug in the kernel can break. */
#define kassert(cond) \
	do { \
		if (unlikely(!(cond))) \
			panic("%s:%d: assertion failed: %s", __FILE__, __LINE__, #cond); \
	} while (0)

/* Reports a survivable bug once per place, with a backtrace; returns the condition. */
#define warn_once(cond) ({ \
	static bool warned_; bool cond_ = (cond); \
	if (unlikely(cond_) && !warned_) { \
		warned_ = true; \
		warn_report(__FILE__, __LINE__, #cond); \
	} \
	unlikely(cond_); })
void warn_report(const char *file, int line, const char *what);
