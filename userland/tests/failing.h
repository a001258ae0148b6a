/*
 * System calls while memory runs out and disks fail: each scenario is run again and again, with its
 * first allocation failing, then its second, and so on until it comes through untouched. Whatever
 * fails must say so with an error that means it, what says that it worked must have worked, and in
 * the end nothing is left behind.
 *
 * The kernel is asked by /sys/kernel/debug/fail, which its debug builds have; elsewhere there is
 * nothing to test. A page that cannot be had when a process touches it kills the process: that
 * counts as having said so. tap_fail.c does the same with all other tests, and judges less sharply.
 */
#ifndef FAILING_H
#define FAILING_H

#include "tap.h"

#define FAIL    "/sys/kernel/debug/fail"
#define MEMLEAK "/sys/kernel/debug/memleak"

enum { MOST = 600, WRONG = -1 };
enum outcome { UNTOUCHED, WORKED, REFUSED, LIED, INNOCENT, ODD };

static int fail_fd = -1;
static const char *kind;
static int nth;

static void arm(void)
{
	char text[32];
	int n = snprintf(text, sizeof(text), "%s %d", kind, nth);

	errno = 0;
	if (pwrite(fail_fd, text, (size_t)n, 0) != n)
		_exit(99);
}

/* Ends the counting and keeps errno; how many there were. */
static int disarm(void)
{
	static int seen = -1;
	char text[64] = "";
	int kept = errno;

	if (seen < 0) {
		pread(fail_fd, text, sizeof(text) - 1, 0);
		pwrite(fail_fd, "off", 3, 0);
		seen = atoi(strstr(text, "seen") ? strstr(text, "seen") + 5 : "0");
	}
	errno = kept;
	return seen;
}

/* For a scenario that counts in another program: whether it came through untouched. */
static bool says_itself, untouched;

/* The calls in question, between arm() and disarm(): their last result. */
#define TRY(call)                                                                                  \
	({                                                                                         \
		arm();                                                                             \
		long r_ = (long)(call);                                                            \
		disarm();                                                                          \
		r_;                                                                                \
	})
/* For the usual scenario: an error ends it. */
#define DO(call)                                                                                   \
	({                                                                                         \
		long result_ = TRY(call);                                                          \
		if (result_ < 0)                                                                   \
			return errno;                                                              \
		result_;                                                                           \
	})
#define EXPECT(condition)                                                                          \
	do {                                                                                       \
		if (!(condition))                                                                  \
			return WRONG;                                                              \
	} while (0)

/* Each returns 0, the errno of what failed, or WRONG. */
struct scenario {
	const char *name;
	int (*run)(void);
};

static bool error_fits(int error)
{
	if (strcmp(kind, "alloc"))
		return error == EIO;
	return error == ENOMEM || error == ENFILE || error == EAGAIN || error == ENOBUFS ||
	       error == ENOSPC;
}

static enum outcome run_once(const struct scenario *s)
{
	int result = s->run();
	int seen = says_itself ? (untouched ? 0 : nth) : disarm();

	if (result == WRONG)
		return LIED;
	if (result == 0)
		return seen < nth ? UNTOUCHED : WORKED;
	if (seen < nth)
		return result == ENOSYS || result == EINVAL ? UNTOUCHED : INNOCENT;
	if (!error_fits(result)) {
		diag("%s: the %dth fails it with errno %d (%s)", s->name, nth, result,
		     strerror(result));
		return ODD;
	}
	return REFUSED;
}

/* Goes through n: whether all went well. */
static bool run_scenario(const struct scenario *s)
{
	static const char *const outcomes[] = {
		[LIED] = "says that it worked, and it did not",
		[INNOCENT] = "fails with nothing failing",
		[ODD] = "fails with another error",
	};

	for (nth = 1; nth <= MOST; nth++) {
		int status = -1;
		pid_t pid = fork();

		if (pid == 0)
			_exit(run_once(s));
		if (pid < 0 || waitpid(pid, &status, 0) != pid)
			return false;
		if (WIFSIGNALED(status) && WTERMSIG(status) != SIGALRM)
			continue;
		if (!WIFEXITED(status) || WEXITSTATUS(status) > ODD)
			return false;
		if (WEXITSTATUS(status) == UNTOUCHED) {
			diag("%s: %d", s->name, nth - 1);
			return true;
		}
		if (WEXITSTATUS(status) >= LIED) {
			diag("%s: the %dth: %s", s->name, nth, outcomes[WEXITSTATUS(status)]);
			return false;
		}
	}
	return false;
}

static bool prepare(const char *what)
{
	fail_fd = open(FAIL, O_RDWR);
	kind = what;
	if (fail_fd < 0)
		skip(what, "not a debug kernel");
	return fail_fd >= 0;
}

static int leaks(void)
{
	int fd = open(MEMLEAK, O_RDWR), n = 0;
	const char *at;

	if (fd < 0)
		return 0;
	write(fd, "scan", 4);
	close(fd);
	at = tap_read(MEMLEAK);
	while ((at = strstr(at, "unreferenced"))) {
		n++;
		at++;
	}
	return n;
}

/* All scenarios of a kind. */
static void run_scenarios(const char *what, const struct scenario *scenarios, size_t n)
{
	if (!prepare(what))
		return;
	for (size_t i = 0; i < n; i++)
		ok(run_scenario(&scenarios[i]), "%s", scenarios[i].name);
	close(fail_fd);
}

/* With failing allocations, and a look at what is left behind. */
__attribute__((unused)) static void run_memory_scenarios(const struct scenario *scenarios, size_t n)
{
	int before = leaks(), after;

	run_scenarios("alloc", scenarios, n);
	after = leaks();
	if (!ok(after <= before, "nothing is forgotten"))
		diag("%d objects are unreachable, %d were:\n%s", after, before, tap_read(MEMLEAK));
}

#endif
