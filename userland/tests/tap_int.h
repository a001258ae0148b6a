/* Between tap.c, which runs a test, and tap_fail.c, which runs it again and again. */
#ifndef TAP_INT_H
#define TAP_INT_H

#include "tap.h"

enum { SCORE_FD = 200 }; /* and those above it are the runner's */

/* How a test is run. */
struct tap_way {
	const char *place;   /* its directory, made anew */
	unsigned seconds;    /* its time limit */
	int output;          /* where stdout and stderr go; -1: nowhere else */
	void (*begin)(void); /* called by the test's process right before it; may be NULL */
};

struct tap_result {
	int status;     /* of wait, of its first process */
	bool timed_out;
	int counts[3];  /* ok, not ok, skipped */
};

struct tap_result tap_run(const struct tap_test *test, const struct tap_way *way);
/* Adds the checks made since it was called last. */
void tap_count(int counts[3]);
/* Removes what a test left, mount points it forgot excepted. */
void tap_remove(const char *path);
/* Whether tests run with something failing. */
extern bool tap_failing;
/* Calls each() for the names in a directory, without malloc(). */
void tap_names(const char *path, void (*each)(const char *name, const char *path));
/* Remembers the network's configuration (tap_net.c), with lo up, and puts it back. */
void tap_net_save(void);
void tap_net_restore(void);
/* Goes through all failures of a kind ("alloc", "disk" ...) for each test. */
void tap_fail_all(const char *kind, const char *dir, const struct tap_test *const *tests, int n,
		  int counts[3]);

#endif
