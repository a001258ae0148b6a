/*
 * Private to ipc's futex files: the hash of waiters, and priority-inheriting locks.
 *
 * Locks: a bucket's lock, then pi_lock (futex_pi.c).
 */
#pragma once

#include "core/spinlock.h"
#include "ipc/futex.h"
#include "lib/list.h"
#include "sched/wait.h"
#include "vm/aspace.h"

/* b: lock */
struct futex_bucket {
	struct spinlock lock; /* RANK_FUTEX; two of them by address */
	struct list waiters;  /* b */
};

/* On the waiting thread's stack. i: pi_lock. */
struct futex_waiter {
	struct list link;      /* b */
	struct futex_bucket *bucket; /* b of both the old and the new one: where it is queued;
				      * NULL: woken, or it has the lock */
	struct futex_key key;  /* b */
	u32 bitset;            /* constant */
	struct thread *thread; /* constant */
	const struct futex_key *target; /* constant: the lock that it is to be moved to
					 * (FUTEX_WAIT_REQUEUE_PI), or NULL */
	struct futex_pi *pi;   /* b and i: the lock that it waits for; NULL: none. Left as it was
				* when it has it, or has given up */
	struct list pi_link;   /* i */
	u8 place;              /* b: urgency by which it stands in the bucket */
	u8 urgency;            /* i: that by which it stands in pi->waiters */
	bool heir;             /* i: the owner has ended, and it is to take the lock */
};

/* A lock with owner that somebody waits for; it goes with the last who waits. */
struct futex_pi {
	struct thread *owner;      /* i: NULL: it has ended, and there is an heir */
	struct list held_link;     /* i: owner->pi_held */
	struct list waiters;       /* i: the most urgent first, among equals the oldest */
};

/* futex.c */
struct futex_bucket *futex_bucket_of(const struct futex_key *key);
static inline bool futex_key_equal(const struct futex_key *a, const struct futex_key *b)
{
	return a->object == b->object && a->offset == b->offset && a->shared == b->shared;
}
/* The key of a word: 0, -EINVAL (not aligned), -EFAULT. May sleep. */
int futex_key_get(const u32 __user *word, bool private_hint, struct futex_key *key);
void futex_lock_two(struct futex_bucket *a, struct futex_bucket *b);
void futex_unlock_two(struct futex_bucket *a, struct futex_bucket *b);
void futex_bucket_add(struct futex_bucket *b, struct futex_waiter *w);
/* The first waiter of a key, or NULL. Bucket locked. */
struct futex_waiter *futex_bucket_first(struct futex_bucket *b, const struct futex_key *key);
/* Queues the waiter, whose key is set, if *word still is `value`: 0, -EAGAIN, -EFAULT. */
int futex_waiter_enter(struct futex_waiter *w, u32 __user *word, u32 value);
/* Takes a waiter off its bucket, wherever it was moved to meanwhile: whether it was still
 * queued. */
bool futex_waiter_leave(struct futex_waiter *w);
/* Takes a waiter off and wakes it. Bucket locked. */
void futex_waiter_wake(struct futex_waiter *w);
/* Wakes up to `count` waiters of a key: how many, or -EINVAL if one waits for a lock with priority
 * inheritance. Bucket locked. */
long futex_bucket_wake(struct futex_bucket *b, const struct futex_key *key, u32 count,
		       u32 bitset);

/*
 * futex_pi.c. An attempt to take a lock is prepared with no lock held: memory for its object, and
 * the owner that its word names. If the word is another when the bucket is locked, that is -EAGAIN,
 * and it is prepared again.
 */
struct futex_attempt {
	struct futex_pi *fresh; /* NULL: used */
	struct thread *owner;   /* referenced; NULL: there is no thread of that number */
	u32 tid;
};

/* 0, -ENOMEM, -EFAULT. Then futex_attempt_end(), whatever came of it. */
int futex_attempt_prepare(struct futex_attempt *a, u32 __user *word);
/* From now on the lock is that thread's. */
void futex_attempt_owner(struct futex_attempt *a, struct thread *owner);
void futex_attempt_end(struct futex_attempt *a);
/*
 * Takes the lock for a thread if it is free: 1. Else 0 with its object in *pi, for which
 * futex_pi_wait() or futex_pi_unused() must follow under the same lock. `contended`: others are
 * going to wait. -EDEADLK (it has it already), -EAGAIN (prepare anew), -EFAULT (nothing was done;
 * fault it in for writing), -ESRCH, -EPERM, -EINVAL (word and object do not agree). The lock of the
 * key's bucket is held.
 */
int futex_pi_take(const struct futex_key *key, u32 __user *word, struct thread *for_whom,
		  struct futex_attempt *a, bool contended, struct futex_pi **pi);
/* Sleeps until the waiter has the lock of that word: 0, -ETIMEDOUT, -ERESTARTSYS, -EFAULT. It is
 * queued nowhere then. */
int futex_pi_sleep(struct futex_waiter *w, u32 __user *word, struct deadline end);

/* futex_inherit.c: who waits for whom. */
extern struct spinlock futex_pi_lock; /* RANK_FUTEX_PI */
/* A new object for a lock of that owner, with no waiters. -ESRCH: it holds no locks any more. The
 * bucket is locked. */
int futex_pi_begin(struct futex_pi *pi, struct thread *owner);
/* The object goes if nobody waits. The bucket is locked. */
void futex_pi_unused(struct futex_pi *pi);
/* Lets a waiter, which is or will be in the key's bucket, wait for it, and its owner inherit: 0,
 * -EDEADLK (or the line of owners is too long), -EAGAIN (prepare anew). The bucket is locked. */
int futex_pi_wait(struct futex_pi *pi, struct futex_waiter *w);
/* A waiter gives up, or (`owns`) has the lock from now on. The object goes if it was the last. The
 * bucket and futex_pi_lock are locked. */
void futex_pi_leave_locked(struct futex_waiter *w, bool owns);
/* The owner has gone: its most urgent waiter, if any, is to take the lock. futex_pi_lock held. */
void futex_pi_bequeath_locked(struct futex_pi *pi);
