/*
 * Futexes (futex(2)): a hash of waiters by the identity of the word they wait on. A waiter enters
 * the bucket and then looks at the word; a waker changes the word and then looks into the bucket:
 * no wake-up is lost. Words are read without sleeping (arch/usercopy.h); a page that is not there
 * is faulted in with no lock held, and the call tries again.
 *
 * Here: the hash, waiting and waking. futex_requeue.c moves waiters; futex_pi.c has the locks whose
 * owners inherit priority, futex_requeue_pi.c moves waiters to one of these; futex_robust.c lets
 * go what a thread held that ends.
 */
#include "ipc/futex_int.h"

#include "abi/errno.h"
#include "abi/futex.h"
#include "arch/usercopy.h"
#include "lib/hash.h"

#define BUCKET_BITS 8
#define BUCKETS (1u << BUCKET_BITS)

static struct futex_bucket buckets[BUCKETS];

void futex_init(void)
{
	for (unsigned i = 0; i < BUCKETS; i++) {
		spin_init(&buckets[i].lock, RANK_FUTEX, "futex");
		list_init(&buckets[i].waiters);
	}
}

struct futex_bucket *futex_bucket_of(const struct futex_key *key)
{
	return &buckets[hash_u64(key->object + key->offset * 31, BUCKET_BITS)];
}

int futex_key_get(const u32 __user *word, bool private_hint, struct futex_key *key)
{
	if (!is_aligned((u64)word, sizeof(u32)))
		return -EINVAL;
	return user_range_ok(word, sizeof(*word)) ? vm_futex_key(word, private_hint, key) : -EFAULT;
}

void futex_lock_two(struct futex_bucket *a, struct futex_bucket *b)
{
	spin_lock(a < b ? &a->lock : &b->lock);
	if (a != b)
		spin_lock(a < b ? &b->lock : &a->lock);
}

void futex_unlock_two(struct futex_bucket *a, struct futex_bucket *b)
{
	spin_unlock(&a->lock);
	if (a != b)
		spin_unlock(&b->lock);
}

/* Its stack may be gone as soon as ->bucket is NULL, so the thread is held. */
void futex_waiter_wake(struct futex_waiter *w)
{
	struct thread *thread = w->thread;

	thread_get(thread);
	list_del(&w->link);
	store_release(&w->bucket, NULL);
	thread_wake(thread);
	thread_put(thread);
}

bool futex_waiter_leave(struct futex_waiter *w)
{
	struct futex_bucket *b;

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

/* Real-time threads are woken first, by priority; all others in order of arrival. */
void futex_bucket_add(struct futex_bucket *b, struct futex_waiter *w)
{
	struct list *at = &b->waiters;

	w->place = min(sched_urgency(w->thread), (u8)URGENCY_FAIR);
	while (at->prev != &b->waiters &&
	       unlikely(list_entry(at->prev, struct futex_waiter, link)->place > w->place))
		at = at->prev;
	list_add_tail(&w->link, at);
}

struct futex_waiter *futex_bucket_first(struct futex_bucket *b, const struct futex_key *key)
{
	struct futex_waiter *w;

	list_for_each_entry(w, &b->waiters, link) {
		if (futex_key_equal(&w->key, key))
			return w;
	}
	return NULL;
}

int futex_waiter_enter(struct futex_waiter *w, u32 __user *word, u32 value)
{
	struct futex_bucket *b = futex_bucket_of(&w->key);
	u32 now;
	int error;

	for (;;) {
		spin_lock(&b->lock);
		w->bucket = b;
		futex_bucket_add(b, w);
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

long futex_wait(u32 __user *word, u32 value, u32 bitset, bool private_hint, struct deadline end)
{
	struct futex_waiter w = { .bitset = bitset, .thread = thread_current() };
	bool late = false;
	int error;

	if (!bitset)
		return -EINVAL;
	error = futex_key_get(word, private_hint, &w.key);
	if (!error)
		error = futex_waiter_enter(&w, word, value);
	if (error)
		return error;
	while (load_acquire(&w.bucket) && !late && !thread_signal_pending()) {
		thread_prepare(THREAD_INTERRUPTIBLE);
		if (load_acquire(&w.bucket) && !thread_signal_pending())
			late = thread_block_by(end);
		thread_running();
	}
	if (!futex_waiter_leave(&w))
		return 0;
	return late ? -ETIMEDOUT : -ERESTARTSYS;
}

long futex_bucket_wake(struct futex_bucket *b, const struct futex_key *key, u32 count, u32 bitset)
{
	struct futex_waiter *w, *tmp;
	u32 woken = 0;

	list_for_each_entry_safe(w, tmp, &b->waiters, link) {
		if (woken >= count)
			break;
		if (!futex_key_equal(&w->key, key))
			continue;
		if (w->pi || w->target)
			return -EINVAL;
		if (w->bitset & bitset) {
			futex_waiter_wake(w);
			woken++;
		}
	}
	return woken;
}

long futex_wake_bitset(u32 __user *word, u32 count, u32 bitset, bool private_hint)
{
	struct futex_key key;
	struct futex_bucket *b;
	long woken;
	int error;

	if (!bitset)
		return -EINVAL;
	error = futex_key_get(word, private_hint, &key);
	if (error)
		return error;
	b = futex_bucket_of(&key);
	/* the waker changed the word before: see futex_waiter_enter() */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (list_empty(&b->waiters))
		return 0;
	spin_lock(&b->lock);
	woken = futex_bucket_wake(b, &key, count, bitset);
	spin_unlock(&b->lock);
	return woken;
}

void futex_wake(u32 __user *word, u32 count)
{
	futex_wake_bitset(word, count, FUTEX_BITSET_MATCH_ANY, false);
}
