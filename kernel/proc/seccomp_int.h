/* Between the files of seccomp. */
#pragma once

#include "abi/filter.h"
#include "abi/seccomp.h"
#include "core/refcount.h"

/* Whether a checked program is one for system calls: 0 or -EINVAL. Pure. */
int seccomp_check(const struct sock_filter *insns, u32 n);

#define SECCOMP_CALLS 512 /* numbers that are judged in advance */

struct notifier;
struct file;

/*
 * A filter and those below it, which all judge: a tree whose leaves tasks hold. I: constant.
 * a: atomic.
 */
struct seccomp_filter {
	struct refcount refs;          /* tasks that have it as their newest, filters above it */
	struct seccomp_filter *parent; /* I once a task has it; NULL: the first */
	u32 depth;                     /* I: filters from here down */
	u32 path_length;               /* I: what they count for in all */
	struct notifier *notifier;     /* I: whom USER_NOTIF asks, or NULL */
	bool log;                      /* I: SECCOMP_FILTER_FLAG_LOG */
	u64 allows[SECCOMP_CALLS / 64]; /* I: calls that this and all below allow whatever their
					 * arguments */
	u32 n;                         /* I */
	struct sock_filter insns[];    /* I */
};

/* seccomp_log.c: an action was taken by a filter (NULL: strict mode) on the current thread. */
void seccomp_log(const struct seccomp_filter *filter, const struct seccomp_data *data, u32 action);

/* seccomp_notify.c: a listener and its file, each with one reference: 0 or -errno. */
int notifier_create(bool killable, struct notifier **out, struct file **file);
void notifier_put(struct notifier *n);
/* Nobody is filtered any more: readers and pollers are told. */
void notifier_end(struct notifier *n);
/* Whether its file is still open. */
bool notifier_listens(const struct notifier *n);
/* Asks about a call and waits: true if it is to be made, else its result. */
bool notifier_ask(struct notifier *n, const struct seccomp_data *data, s64 *result);
