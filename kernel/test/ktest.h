/*
 * Self-tests inside the kernel. A test is a function written with KTEST(name) anywhere in the
 * kernel; it registers itself in a section of the image (kernel.ld). With `selftest` on the command
 * line the kernel runs all of them (`selftest=prefix`: those whose name begins so) at the end of
 * its boot, speaks TAP in its log, and ends QEMU: status 1 (code 0) if all passed, else 3 (code 1).
 *
 * A KTEST_CHECK that fails says where and fails its test, which goes on. Tests run one after
 * another in order of name and leave nothing behind; ktest_frames_are_back() helps to see that.
 */
#pragma once

#include "lib/types.h"

struct ktest {
	const char *name;
	void (*fn)(void);
} __aligned(16);

#define KTEST(test_name) \
	static void ktest_##test_name(void); \
	static const struct ktest ktest_entry_##test_name \
		__used __section(".selftest." #test_name) = \
		{ .name = #test_name, .fn = ktest_##test_name }; \
	static void ktest_##test_name(void)

#define KTEST_CHECK(cond) ((cond) ? (void)0 : ktest_fail(__FILE__, __LINE__, #cond))

/* Fails the running test. Any thread of it. */
void ktest_fail(const char *file, int line, const char *what);
/* A comment line. */
void ktest_note(const char *fmt, ...) __printf(1, 2);
/* Frees what allocators keep in stock and waits for RCU and dead threads: the number of free frames
 * then. */
u64 ktest_frames_settle(void);
/* Whether the frames that were free BEFORE are so again, once settled. A test may have run on a CPU
 * that had never released such objects, which then made itself magazines: those stay. */
bool ktest_frames_are_back(u64 before);
/*
 * Whether fn() leaves as many free frames as it found. It is run until it does, a few times: caches
 * that were never used so much get magazines, once, while what is lost is lost each time.
 */
bool ktest_loses_nothing(void (*fn)(void));

/* If the command line says so, runs the tests and ends the machine; else returns. Thread context,
 * when all that is tested is up. */
void ktest_start(void);
