/*
 * Locks with priority inheritance (futex(2), "Priority-inheritance futexes"). The word holds the
 * owner's thread number, 0 if the lock is free; FUTEX_WAITERS makes the owner enter the kernel to
 * unlock; FUTEX_OWNER_DIED says that some owner ended with it. Threads take and release a lock
 * without waiters by themselves. The first waiter makes an object (struct futex_pi), which all
 * waiters in the bucket share, and whose owner is who the word named then; from there on the lock
 * is handed from its owner to the most urgent waiter.
 *
 * A waiter whose owner has ended is the heir: as the owner could not, it writes its number into the
 * word itself, on its way out. Until then the object has no owner, and others may queue behind.
 *
 * Whose number the word has is anybody's: it is believed only where it names a living thread, and
 * after that only as long as it says what the object says.
 */
#include "abi/errno.h"
#include "abi/futex.h"
#include "arch/usercopy.h"
#include "ipc/futex_int.h"
#include "mm/slab.h"

static struct thread *(*find_thread)(s32 tid);

void futex_set_thread_finder(struct thread *(*find)(s32 tid))
{
	find_thread = find;
}

/* Reads a word that may have to be faulted in: 0 or -EFAULT. May sleep. */
static int word_load(u32 *value, const u32 __user *word)
{
	while (user_load_u32(value, word) < 0) {
		if (user_fault_in(word, false) < 0)
			return -EFAULT;
	}
	return 0;
}

void futex_attempt_owner(struct futex_attempt *a, struct thread *owner)
{
	struct thread *before = a->owner;

	if (owner)
		thread_get(owner);
	a->owner = owner;
	a->tid = owner ? (u32)owner->tid : 0;
	if (before)
		thread_put(before);
}

int futex_attempt_prepare(struct futex_attempt *a, u32 __user *word)
{
	u32 value;

	if (!a->fresh && !(a->fresh = kmalloc(sizeof(*a->fresh), MM_KERNEL)))
		return -ENOMEM;
	if (word_load(&value, word) < 0)
		return -EFAULT;
	futex_attempt_owner(a, NULL);
	a->tid = value & FUTEX_TID_MASK;
	if (a->tid)
		a->owner = find_thread((s32)a->tid);
	return 0;
}

void futex_attempt_end(struct futex_attempt *a)
{
	kfree(a->fresh);
	futex_attempt_owner(a, NULL);
}

/* Changes the word: 0, -EAGAIN (it was changed), -EFAULT. */
static int word_change(u32 __user *word, u32 from, u32 to)
{
	u32 seen;

	if (user_cmpxchg_u32(&seen, word, from, to) < 0)
		return -EFAULT;
	return seen == from ? 0 : -EAGAIN;
}

/* Whether the word says what the object of the first waiter does: 0 or -EINVAL. */
static int object_check(const struct futex_waiter *w, u32 value)
{
	u32 tid = value & FUTEX_TID_MASK;
	int error = -EINVAL;

	if (!w->pi)
		return -EINVAL;
	spin_lock(&futex_pi_lock);
	if (!w->pi->owner || tid == (u32)w->pi->owner->tid || (!tid && value & FUTEX_OWNER_DIED))
		error = 0;
	spin_unlock(&futex_pi_lock);
	return error;
}

/* The first waiter comes: the owner shall enter the kernel, and gets an object. */
static int object_make(u32 __user *word, u32 value, struct futex_attempt *a, struct futex_pi **pi)
{
	u32 now = value | FUTEX_WAITERS;
	int error;

	if (a->tid != (value & FUTEX_TID_MASK) || !a->fresh)
		return -EAGAIN;
	if (now != value && (error = word_change(word, value, now)) < 0)
		return error;
	if (!a->owner)
		return -ESRCH;
	if (!a->owner->process)
		return -EPERM;
	error = futex_pi_begin(a->fresh, a->owner);
	if (error) { /* it has ended; if it was not without a word, all is different now */
		if (user_load_u32(&value, word) < 0)
			return -EFAULT;
		return value == now ? -ESRCH : -EAGAIN;
	}
	*pi = a->fresh;
	a->fresh = NULL;
	return 0;
}

int futex_pi_take(const struct futex_key *key, u32 __user *word, struct thread *for_whom,
		  struct futex_attempt *a, bool contended, struct futex_pi **pi)
{
	struct futex_waiter *w = futex_bucket_first(futex_bucket_of(key), key);
	u32 value, tid;
	int error;

	if (user_load_u32(&value, word) < 0)
		return -EFAULT;
	tid = value & FUTEX_TID_MASK;
	if (tid == (u32)for_whom->tid)
		return -EDEADLK;
	if (w) {
		error = object_check(w, value);
		*pi = w->pi;
		return error;
	}
	if (tid)
		return object_make(word, value, a, pi);
	error = word_change(word, value, (value & FUTEX_OWNER_DIED) | (u32)for_whom->tid |
					 (contended ? FUTEX_WAITERS : 0));
	return error ? error : 1;
}

/* One try with the bucket locked: 1 (taken), 0 (queued), -EBUSY (not free, and is not waited for)
 * or futex_pi_take()'s errors. */
static int lock_or_queue(struct futex_waiter *w, u32 __user *word, struct futex_attempt *a,
			 bool waits)
{
	struct futex_bucket *b = futex_bucket_of(&w->key);
	struct futex_pi *pi;
	int result;

	spin_lock(&b->lock);
	result = futex_pi_take(&w->key, word, w->thread, a, false, &pi);
	if (result == 0) {
		result = waits ? futex_pi_wait(pi, w) : -EBUSY;
		if (result < 0) {
			futex_pi_unused(pi);
		} else {
			w->bucket = b;
			futex_bucket_add(b, w);
		}
	}
	spin_unlock(&b->lock);
	return result;
}

long futex_lock_pi(u32 __user *word, bool private_hint, struct deadline end, bool waits)
{
	struct futex_waiter w = { .thread = thread_current() };
	struct futex_attempt a = { 0 };
	int result = futex_key_get(word, private_hint, &w.key);

	if (result)
		return result;
	for (;;) {
		result = futex_attempt_prepare(&a, word);
		if (!result)
			result = lock_or_queue(&w, word, &a, waits);
		else if (result == -ABI_EFAULT)
			break;
		if (result == -ABI_EFAULT)
			result = user_fault_in(word, true) < 0 ? -EFAULT : -EAGAIN;
		if (result != -ABI_EAGAIN)
			break;
		if (thread_signal_pending()) {
			result = -ERESTARTNOINTR;
			break;
		}
		sched_point();
	}
	futex_attempt_end(&a);
	if (result == 0)
		result = futex_pi_sleep(&w, word, end);
	if (result == -ABI_ERESTARTSYS)
		return -ERESTARTNOINTR;
	return result > 0 ? 0 : result == -ABI_EBUSY ? -EAGAIN : result;
}

/* Gives the lock to the most urgent waiter. Bucket locked. */
static int hand_over(u32 __user *word, u32 value, struct futex_pi *pi)
{
	struct futex_waiter *w;
	int error = -EINVAL;

	spin_lock(&futex_pi_lock);
	if (pi->owner == thread_current()) {
		w = list_first_entry(&pi->waiters, struct futex_waiter, pi_link);
		error = word_change(word, value, FUTEX_WAITERS | (u32)w->thread->tid);
		if (!error) {
			futex_pi_leave_locked(w, true);
			futex_waiter_wake(w);
		}
	}
	spin_unlock(&futex_pi_lock);
	return error;
}

static int unlock_locked(struct futex_bucket *b, const struct futex_key *key, u32 __user *word)
{
	struct futex_waiter *w = futex_bucket_first(b, key);
	u32 value;

	if (user_load_u32(&value, word) < 0)
		return -EFAULT;
	if ((value & FUTEX_TID_MASK) != (u32)thread_current()->tid)
		return -EPERM;
	if (!w)
		return word_change(word, value, 0);
	return w->pi ? hand_over(word, value, w->pi) : -EINVAL;
}

long futex_unlock_pi(u32 __user *word, bool private_hint)
{
	struct futex_bucket *b;
	struct futex_key key;
	int error = futex_key_get(word, private_hint, &key);

	if (error)
		return error;
	b = futex_bucket_of(&key);
	for (;;) {
		spin_lock(&b->lock);
		error = unlock_locked(b, &key, word);
		spin_unlock(&b->lock);
		if (error == -ABI_EFAULT && user_fault_in(word, true) == 0)
			error = -EAGAIN;
		if (error != -ABI_EAGAIN)
			return error;
		if (thread_signal_pending())
			return -ERESTARTNOINTR;
		sched_point();
	}
}

/* The heir writes itself into the word: 0, -EFAULT. The bucket is locked. */
static int inherit(struct futex_waiter *w, u32 __user *word)
{
	u32 value;
	int error;

	do {
		if (user_load_u32(&value, word) < 0)
			return -EFAULT;
		error = word_change(word, value,
				    FUTEX_WAITERS | FUTEX_OWNER_DIED | (u32)w->thread->tid);
	} while (error == -ABI_EAGAIN);
	return error;
}

/* The wait is over for any reason; the bucket is locked: 0 or the waiter's result, -EAGAIN (the
 * word has to be faulted in). */
static int leave_locked(struct futex_waiter *w, u32 __user *word, int result, bool may_fault)
{
	struct futex_pi *pi = w->pi;
	bool heir = READ_ONCE(w->heir);

	if (pi && heir) {
		result = inherit(w, word);
		if (result && may_fault)
			return -EAGAIN;
	}
	if (pi) {
		spin_lock(&futex_pi_lock);
		if (w->heir != heir) { /* just now */
			spin_unlock(&futex_pi_lock);
			return leave_locked(w, word, result, may_fault);
		}
		if (heir && result && !list_is_singular(&pi->waiters)) {
			list_move_tail(&w->pi_link, &pi->waiters);
			futex_pi_bequeath_locked(pi);
		}
		futex_pi_leave_locked(w, heir && !result);
		spin_unlock(&futex_pi_lock);
	}
	list_del(&w->link);
	w->bucket = NULL;
	return result;
}

int futex_pi_sleep(struct futex_waiter *w, u32 __user *word, struct deadline end)
{
	bool late = false, may_fault = true;
	struct futex_bucket *b;
	int result;

	while (load_acquire(&w->bucket) && !READ_ONCE(w->heir) && !late &&
	       !thread_signal_pending()) {
		thread_prepare(THREAD_INTERRUPTIBLE);
		if (load_acquire(&w->bucket) && !READ_ONCE(w->heir) && !thread_signal_pending())
			late = thread_block_by(end);
		thread_running();
	}
	while ((b = load_acquire(&w->bucket)) != NULL) {
		spin_lock(&b->lock);
		if (w->bucket != b) {
			spin_unlock(&b->lock);
			continue;
		}
		result = leave_locked(w, word, late ? -ETIMEDOUT : -ERESTARTSYS, may_fault);
		spin_unlock(&b->lock);
		if (result != -ABI_EAGAIN)
			return result;
		may_fault = user_fault_in(word, true) == 0;
	}
	return 0;
}
