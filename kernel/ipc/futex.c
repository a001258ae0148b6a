/*
 * Futexes (futex(2)): a hash of waiters by the identity of the word they wait on. A waiter enters
 * the bucket and then looks at the word; a waker changes the word and then looks into the bucket:
 * no wake-up is lost. Words are read without sleeping (arch/usercopy.h); a page that is not there
 * is faulted in with no lock held, and the call tries again.
 */
#include "ipc/futex.h"

#include "abi/errno.h"
#include "abi/futex.h"
#include "arch/usercopy.h"
#include "core/spinlock.h"
#include "lib/hash.h"
#include "lib/list.h"
#include "sched/wait.h"
#include "vm/aspace.h"

#define BUCKET_BITS 8
#define BUCKETS (1u << BUCKET_BITS)

/* b: lock */
struct bucket {
	struct spinlock lock; /* RANK_FUTEX; two of them by address */
	struct list waiters;  /* b */
};

/* On the waiting thread's stack. */
struct waiter {
	struct list link;      /* b */
	struct bucket *bucket; /* b of both the old and the new one: where it is queued; NULL:
				* woken */
	struct futex_key key;  /* b */
	u32 bitset;            /* constant */
	struct thread *thread; /* constant */
};

static struct bucket buckets[BUCKETS];

void futex_init(void)
{
	for (unsigned i = 0; i < BUCKETS; i++) {
		spin_init(&buckets[i].lock, RANK_FUTEX, "futex");
		list_init(&buckets[i].waiters);
	}
}

static struct bucket *bucket_of(const struct futex_key *key)
{
	return &buckets[hash_u64(key->object + key->offset * 31, BUCKET_BITS)];
}

static bool key_equal(const struct futex_key *a, const struct futex_key *b)
{
	return a->object == b->object && a->offset == b->offset && a->shared == b->shared;
}

static int key_get(const u32 __user *word, bool private_hint, struct futex_key *key)
{
	if (!is_aligned((u64)word, sizeof(u32)))
		return -EINVAL;
	return user_range_ok(word, sizeof(*word)) ? vm_futex_key(word, private_hint, key) : -EFAULT;
}

static void bucket_lock_two(struct bucket *a, struct bucket *b)
{
	spin_lock(a < b ? &a->lock : &b->lock);
	if (a != b)
		spin_lock(a < b ? &b->lock : &a->lock);
}

static void bucket_unlock_two(struct bucket *a, struct bucket *b)
{
	spin_unlock(&a->lock);
	if (a != b)
		spin_unlock(&b->lock);
}

/* Takes a waiter off and wakes it. Its stack may be gone as soon as ->bucket is NULL, so the thread
 * is held. Bucket locked. */
static void waiter_wake(struct waiter *w)
{
	struct thread *thread = w->thread;

	thread_get(thread);
	list_del(&w->link);
	store_release(&w->bucket, NULL);
	thread_wake(thread);
	thread_put(thread);
}

/* Takes a waiter off its bucket, wherever it was moved to meanwhile: whether it was still
 * queued. */
static bool waiter_leave(struct waiter *w)
{
	struct bucket *b;

	while ((b = load_acquire(&w->bucket)) != NULL) {
		spin_lock(&b->lock);
		if (w->bucket == b) {
			list_del(&w->link);
			w->bucket = NULL;
			spin_unlock(&b->lock);
			return true;
		}
		spin_unlock(&b->lock);
	}
	return false;
}

/* Queues the waiter if *word still is `value`: 0, -EAGAIN, -EFAULT. */
static int waiter_enter(struct waiter *w, u32 __user *word, u32 value)
{
	struct bucket *b = bucket_of(&w->key);
	u32 now;
	int error;

	for (;;) {
		spin_lock(&b->lock);
		w->bucket = b;
		list_add_tail(&w->link, &b->waiters);
		/* either we see the waker's word, or it sees us on the list */
		__atomic_thread_fence(__ATOMIC_SEQ_CST);
		error = user_load_u32(&now, word);
		if (!error && now == value)
			break;
		list_del(&w->link);
		w->bucket = NULL;
		spin_unlock(&b->lock);
		if (!error)
			return -EAGAIN;
		error = user_fault_in(word, false);
		if (error)
			return error;
	}
	spin_unlock(&b->lock);
	return 0;
}

long futex_wait(u32 __user *word, u32 value, u32 bitset, bool private_hint, u64 deadline_ns)
{
	struct waiter w = { .bitset = bitset, .thread = thread_current() };
	bool late = false;
	int error;

	if (!bitset)
		return -EINVAL;
	error = key_get(word, private_hint, &w.key);
	if (!error)
		error = waiter_enter(&w, word, value);
	if (error)
		return error;
	while (load_acquire(&w.bucket) && !late && !thread_signal_pending()) {
		thread_prepare(THREAD_INTERRUPTIBLE);
		if (load_acquire(&w.bucket) && !thread_signal_pending())
			late = thread_block_until(deadline_ns);
		thread_running();
	}
	if (!waiter_leave(&w))
		return 0;
	return late ? -ETIMEDOUT : -ERESTARTSYS;
}

/* Wakes up to `count` waiters of a key. Bucket locked. */
static u32 bucket_wake(struct bucket *b, const struct futex_key *key, u32 count, u32 bitset)
{
	struct waiter *w, *tmp;
	u32 woken = 0;

	list_for_each_entry_safe(w, tmp, &b->waiters, link) {
		if (woken >= count)
			break;
		if (key_equal(&w->key, key) && (w->bitset & bitset)) {
			waiter_wake(w);
			woken++;
		}
	}
	return woken;
}

long futex_wake_bitset(u32 __user *word, u32 count, u32 bitset, bool private_hint)
{
	struct futex_key key;
	struct bucket *b;
	long woken;
	int error;

	if (!bitset)
		return -EINVAL;
	error = key_get(word, private_hint, &key);
	if (error)
		return error;
	b = bucket_of(&key);
	/* the waker changed the word before: see waiter_enter() */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (list_empty(&b->waiters))
		return 0;
	spin_lock(&b->lock);
	woken = bucket_wake(b, &key, count, bitset);
	spin_unlock(&b->lock);
	return woken;
}

void futex_wake(u32 __user *word, u32 count)
{
	futex_wake_bitset(word, count, FUTEX_BITSET_MATCH_ANY, false);
}

/* Locks both buckets and checks the word, if asked: 0 with both locked, or an error with none. */
static int requeue_lock(struct bucket *a, struct bucket *b, u32 __user *word, bool compare,
			u32 expected)
{
	u32 now;
	int error;

	for (;;) {
		bucket_lock_two(a, b);
		if (!compare)
			return 0;
		error = user_load_u32(&now, word);
		if (!error && now == expected)
			return 0;
		bucket_unlock_two(a, b);
		if (!error)
			return -EAGAIN;
		error = user_fault_in(word, false);
		if (error)
			return error;
	}
}

long futex_requeue(u32 __user *from, u32 __user *to, u32 wake, u32 requeue, bool compare,
		   u32 expected, bool private_hint)
{
	struct futex_key key_from, key_to;
	struct bucket *a, *b;
	struct waiter *w, *tmp;
	u32 woken, moved = 0;
	int error = key_get(from, private_hint, &key_from);

	if (!error)
		error = key_get(to, private_hint, &key_to);
	if (error)
		return error;
	if ((s32)wake < 0 || (s32)requeue < 0)
		return -EINVAL;
	a = bucket_of(&key_from);
	b = bucket_of(&key_to);
	error = requeue_lock(a, b, from, compare, expected);
	if (error)
		return error;
	woken = bucket_wake(a, &key_from, wake, FUTEX_BITSET_MATCH_ANY);
	list_for_each_entry_safe(w, tmp, &a->waiters, link) {
		if (moved >= requeue)
			break;
		if (!key_equal(&w->key, &key_from))
			continue;
		/* Within a bucket it stays where it is: behind the others it would be met again. */
		if (a != b)
			list_move_tail(&w->link, &b->waiters);
		w->key = key_to;
		store_release(&w->bucket, b);
		moved++;
	}
	bucket_unlock_two(a, b);
	return compare ? woken + moved : woken;
}

static s32 sign_extend_12(u32 v)
{
	return (s32)(v << 20) >> 20;
}

static int op_apply(u32 op, u32 old, u32 *new)
{
	u32 kind = op >> 28 & 7, arg = (u32)sign_extend_12(op >> 12 & 0xfff);

	if (op >> 28 & FUTEX_OP_OPARG_SHIFT) {
		if (arg > 31)
			return -EINVAL;
		arg = 1u << arg;
	}
	switch (kind) {
	case FUTEX_OP_SET: *new = arg; return 0;
	case FUTEX_OP_ADD: *new = old + arg; return 0;
	case FUTEX_OP_OR: *new = old | arg; return 0;
	case FUTEX_OP_ANDN: *new = old & ~arg; return 0;
	case FUTEX_OP_XOR: *new = old ^ arg; return 0;
	default: return -ENOSYS;
	}
}

static int op_compare(u32 op, u32 old_word)
{
	s32 old = (s32)old_word, arg = sign_extend_12(op & 0xfff);

	switch (op >> 24 & 0xf) {
	case FUTEX_OP_CMP_EQ: return old == arg;
	case FUTEX_OP_CMP_NE: return old != arg;
	case FUTEX_OP_CMP_LT: return old < arg;
	case FUTEX_OP_CMP_LE: return old <= arg;
	case FUTEX_OP_CMP_GT: return old > arg;
	case FUTEX_OP_CMP_GE: return old >= arg;
	default: return -ENOSYS;
	}
}

/* Changes the second word as `op` says, atomically: 0 and its old value, with both buckets locked;
 * or an error with none. */
static int wake_op_lock(struct bucket *a, struct bucket *b, u32 __user *word, u32 op, u32 *old)
{
	u32 seen, new;
	int error;

	for (;;) {
		bucket_lock_two(a, b);
		error = user_load_u32(old, word);
		while (!error) {
			error = op_apply(op, *old, &new);
			if (error) {
				bucket_unlock_two(a, b);
				return error;
			}
			error = user_cmpxchg_u32(&seen, word, *old, new);
			if (!error && seen == *old)
				return 0;
			*old = seen;
		}
		bucket_unlock_two(a, b);
		error = user_fault_in(word, true);
		if (error)
			return error;
	}
}

long futex_wake_op(u32 __user *from, u32 __user *to, u32 wake, u32 wake2, u32 op, bool private_hint)
{
	struct futex_key key_from, key_to;
	struct bucket *a, *b;
	u32 old, woken;
	int error = key_get(from, private_hint, &key_from), hit;

	if (!error)
		error = key_get(to, private_hint, &key_to);
	if (error)
		return error;
	a = bucket_of(&key_from);
	b = bucket_of(&key_to);
	error = wake_op_lock(a, b, to, op, &old);
	if (error)
		return error;
	woken = bucket_wake(a, &key_from, wake, FUTEX_BITSET_MATCH_ANY);
	hit = op_compare(op, old);
	if (hit > 0)
		woken += bucket_wake(b, &key_to, wake2, FUTEX_BITSET_MATCH_ANY);
	bucket_unlock_two(a, b);
	return hit < 0 ? hit : (long)woken;
}

/* One lock of a thread that ended: if the thread held it, it is marked and a waiter woken
 * (get_robust_list(2)). */
static int robust_release(u32 __user *word, s32 tid, bool pending)
{
	u32 value, seen;

	if (!is_aligned((u64)word, sizeof(u32)) || copy_in_obj(&value, word) < 0)
		return -EFAULT;
	if (pending && value == 0) { /* unlocked, but the waiter was not woken any more */
		futex_wake(word, 1);
		return 0;
	}
	while ((value & FUTEX_TID_MASK) == (u32)tid) {
		if (user_cmpxchg_u32(&seen, word, value,
				     (value & FUTEX_WAITERS) | FUTEX_OWNER_DIED) < 0) {
			if (user_fault_in(word, true) < 0)
				return -EFAULT;
			continue;
		}
		if (seen == value) {
			if (value & FUTEX_WAITERS)
				futex_wake(word, 1);
			break;
		}
		value = seen;
	}
	return 0;
}

void futex_exit_robust(u64 list_head, s32 tid)
{
	struct robust_list_head head;
	u64 entry, next, pending;

	if (!list_head || copy_in(&head, (const void __user *)list_head, sizeof(head)) < 0)
		return;
	pending = head.list_op_pending & ~1ull;
	entry = head.list.next;
	for (unsigned n = 0; (entry & ~1ull) != list_head && n < ROBUST_LIST_LIMIT; n++) {
		u64 at = entry & ~1ull;
		bool readable = copy_in(&next, (const void __user *)at, sizeof(next)) == 0;

		if (at != pending &&
		    robust_release((u32 __user *)(at + (u64)head.futex_offset), tid, false) < 0)
			return;
		if (!readable)
			return;
		entry = next;
	}
	if (pending)
		robust_release((u32 __user *)(pending + (u64)head.futex_offset), tid, true);
}
