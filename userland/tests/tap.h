/*
 * A little TAP for guest tests: what a test program is, and what it may check.
 *
 * A program is a list of TEST(name) { ... }. Each test runs in a process of its own, leader of a
 * process group, in an empty directory of its own, with a time limit (TIME_LIMIT seconds, more for
 * TEST_LONG); what it leaves behind is killed and removed. Every check is one line "ok - test:
 * what" or "not ok - ...", printed by whichever process of the test makes it; the plan comes at the
 * end. A test that crashes, exits with another status than 0 or runs out of time fails by one more.
 *
 *	program [-d DIR] [-l] [-f KIND] [TEST]...   DIR holds the directories; -l runs long tests,
 *	                                            too; -f makes something fail (tap_fail.c)
 *	program --as HELPER ARG...          what a test runs through execve: HELPER(name) { ... }
 *
 * Names must not depend on time, addresses or the kernel: they are compared between kernels.
 */
#ifndef TAP_H
#define TAP_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

enum { TIME_LIMIT = 120, TIME_LIMIT_LONG = 600 };

struct tap_test {
	const char *name;
	void (*run)(void);
	int line; /* tests run in the order of the source */
	bool is_long;
};

struct tap_helper {
	const char *name;
	int (*run)(int argc, char **argv);
};

#define TAP_TEST(n, l)                                                                             \
	static void test_##n(void);                                                                \
	static const struct tap_test tap_test_##n = {#n, test_##n, __LINE__, l};                   \
	__attribute__((constructor)) static void tap_register_##n(void)                            \
	{                                                                                          \
		tap_add_test(&tap_test_##n);                                                       \
	}                                                                                          \
	static void test_##n(void)

#define TEST(n)      TAP_TEST(n, false)
#define TEST_LONG(n) TAP_TEST(n, true)

/* A program within the program; argv[0] is the first argument after its name. Its result is the
 * exit status. */
#define HELPER(n)                                                                                  \
	static int helper_##n(int argc, char **argv);                                              \
	static const struct tap_helper tap_helper_##n = {#n, helper_##n};                          \
	__attribute__((constructor)) static void tap_register_helper_##n(void)                     \
	{                                                                                          \
		tap_add_helper(&tap_helper_##n);                                                   \
	}                                                                                          \
	static int helper_##n(__attribute__((unused)) int argc, __attribute__((unused)) char **argv)

void tap_add_test(const struct tap_test *test);
void tap_add_helper(const struct tap_helper *helper);

/* The program's own absolute path, to exec a HELPER: execl(tap_self, tap_self, "--as", "name",
 * ...). */
extern const char *tap_self;

/* One check. The name is the test's and what the format says. Returns the condition. */
bool ok(bool condition, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Text for a human, on lines that begin with #. */
void diag(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* A check that this system cannot make, and why. */
void skip(const char *what, const char *why);

/* Whether the kernel is ours: for what Linux does not get right. */
bool is_skerry(void);

bool tap_is(long got, long want, const char *what);
bool tap_is_text(const char *got, const char *want, const char *what);
bool tap_works(long result, const char *what);
bool tap_fails(long result, int got_errno, int want_errno, const char *what);
long tap_must(long result, const char *what, int line);

/* got and want are equal numbers. */
#define is(got, want, what)      tap_is((long)(got), (long)(want), what)
#define is_text(got, want, what) tap_is_text(got, want, what)
/* The call returns 0 or more. */
#define works(call, what)        tap_works((errno = 0, (long)(call)), what)
/* The call returns -1 and sets errno so. */
#define fails(call, error, what)                                                                   \
	({                                                                                         \
		errno = 0;                                                                         \
		long result_ = (long)(call);                                                       \
		tap_fails(result_, errno, error, what);                                            \
	})
/* Set-up that is not what is tested: failure ends the test. Returns the call's result. */
#define must(call) tap_must((errno = 0, (long)(call)), #call, __LINE__)

/* Addresses that no program may use: unmapped low ones, and the kernel's half. */
#define BAD  ((void *)0x10)
#define KBAD ((void *)0xffffffff80000000ul)
/* The last `size` bytes before an unmapped page, writable: what lies behind is a fault. */
void *tap_edge(size_t size);
/* Memory that can be read and not written, one page of zeros. */
void *tap_readonly(void);

/* A fork() that is made to fail ends the test, so that nobody waits for, or kills, process -1. */
pid_t tap_fork(void);
#define fork() tap_fork()
/* Fork; the child runs and exits with the function's result. */
pid_t tap_spawn(int (*run)(void *), void *argument);
/* For tap_spawn(): waits for signals and never returns. */
int tap_forever(void *argument);
/* Fork; the child gives up root's identity (uid and gid 1000, no groups), runs and is waited for;
 * its status. */
int tap_as_user(int (*run)(void *), void *argument);
/* Wait for a process and check how it ended. */
bool exits(pid_t pid, int status, const char *what);
bool dies(pid_t pid, int signal, const char *what);

/* A file with this content; its descriptor, read-write, at its start. */
int tap_file(const char *path, const char *text);
/* A file's beginning as text, in a static buffer of 64 KiB; "" when it cannot be read. */
const char *tap_read(const char *path);
/* Writes a text at once to a file that is there: 0, or -1 and errno (EIO: only a part of it). */
int tap_write(const char *path, const char *text);
/* The number after "key" in a text such as /proc/meminfo, or -1. */
long tap_number(const char *text, const char *key);
/* Monotonic time in nanoseconds. */
int64_t tap_now(void);
/* Sleep that no signal shortens. */
void tap_sleep_ms(int ms);
/* Wait until the process is in a state of /proc/PID/stat ('S', 'T', 'Z' ...); false after ten
 * seconds. */
bool tap_await_state(pid_t pid, char state);
/* Whether the kernel does not have a call (asked with arguments of -1, which must be harmless);
 * says so as a skip. */
bool tap_absent(long number, const char *what);
/* Whether the program runs as root. */
bool tap_root(void);
/* Whether it does not; says of `what`, which wants that, that it is skipped. */
bool tap_not_root(const char *what);

#endif
