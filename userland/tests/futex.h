/*
 * What the tests of futexes share: the call, times, who sleeps, the list of robust locks.
 */
#ifndef FUTEX_H
#define FUTEX_H

#include "tap.h"
#include <linux/futex.h>
#include <sched.h>
#include <time.h>

#ifndef FUTEX_LOCK_PI2
#define FUTEX_LOCK_PI2 13
#endif
#ifndef SYS_futex_waitv
#define SYS_futex_waitv 449
#endif

static inline long futex(void *word, int op, long value, const void *timeout, void *word2,
			 long value3)
{
	return syscall(SYS_futex, word, op, value, timeout, word2, value3);
}

/* What futex_waitv(2) takes. */
struct wanted {
	uint64_t val, uaddr;
	uint32_t flags, reserved;
};

static inline long waitv(struct wanted *w, unsigned n, unsigned flags, void *t, int clock)
{
	return syscall(SYS_futex_waitv, w, n, flags, t, clock);
}

static inline int self(void)
{
	return (int)syscall(SYS_gettid);
}

static inline struct timespec after_ms(clockid_t clock, long ms)
{
	struct timespec t;

	clock_gettime(clock, &t);
	t.tv_sec += ms / 1000;
	t.tv_nsec += ms % 1000 * 1000000;
	if (t.tv_nsec >= 1000000000) {
		t.tv_sec++;
		t.tv_nsec -= 1000000000;
	}
	return t;
}

static inline void be(int policy, int priority)
{
	struct sched_param p = {.sched_priority = priority};

	must(syscall(SYS_sched_setscheduler, 0, policy, &p));
}

/* Field 18 of a thread's stat: its priority as the kernel sees it now. */
static inline int priority_of(int tid)
{
	char path[64];
	const char *text, *at;

	snprintf(path, sizeof(path), "/proc/self/task/%d/stat", tid);
	text = tap_read(path);
	at = strrchr(text, ')');
	for (int i = 0; at && i < 16; i++)
		at = strchr(at + 1, ' ');
	return at ? atoi(at) : -1000;
}

/* Whether a thread of this process sleeps. */
static inline bool asleep(int tid)
{
	char path[64];
	const char *at;

	snprintf(path, sizeof(path), "/proc/self/task/%d/stat", tid);
	at = strrchr(tap_read(path), ')');
	return at && at[2] == 'S';
}

/* A list of robust locks with one on it (get_robust_list(2)); it need not lie beside the word. */
struct robust {
	struct robust_list_head head;
	struct robust_list link;
};

static inline void robust_set(struct robust *r, uint32_t *word, bool pi)
{
	r->head.list.next = (struct robust_list *)((uintptr_t)&r->link | pi);
	r->head.futex_offset = (long)((char *)word - (char *)&r->link);
	r->head.list_op_pending = NULL;
	r->link.next = &r->head.list;
	must(syscall(SYS_set_robust_list, &r->head, sizeof(r->head)));
}

#endif
