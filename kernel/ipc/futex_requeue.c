/*
 * Moving those who wait for one word to another, and waking those of two words by the outcome of an
 * operation on one of them (futex(2), FUTEX_REQUEUE, FUTEX_WAKE_OP).
 */
#include "abi/errno.h"
#include "abi/futex.h"
#include "arch/usercopy.h"
#include "ipc/futex_int.h"

/* Locks both buckets and checks the word, if asked: 0 with both locked, or an error with none. */
static int requeue_lock(struct futex_bucket *a, struct futex_bucket *b, u32 __user *word,
			bool compare, u32 expected)
{
	u32 now;
	int error;

	for (;;) {
		futex_lock_two(a, b);
		if (!compare)
			return 0;
		error = user_load_u32(&now, word);
		if (!error && now == expected)
			return 0;
		futex_unlock_two(a, b);
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
	struct futex_bucket *a, *b;
	struct futex_waiter *w, *tmp;
	long woken;
	u32 moved = 0;
	int error = futex_key_get(from, private_hint, &key_from);

	if (!error)
		error = futex_key_get(to, private_hint, &key_to);
	if (error)
		return error;
	if ((s32)wake < 0 || (s32)requeue < 0)
		return -EINVAL;
	a = futex_bucket_of(&key_from);
	b = futex_bucket_of(&key_to);
	error = requeue_lock(a, b, from, compare, expected);
	if (error)
		return error;
	woken = futex_bucket_wake(a, &key_from, wake, FUTEX_BITSET_MATCH_ANY);
	list_for_each_entry_safe(w, tmp, &a->waiters, link) {
		if (woken < 0 || moved >= requeue)
			break;
		if (!futex_key_equal(&w->key, &key_from))
			continue;
		if (w->pi || w->target) {
			woken = -EINVAL;
			break;
		}
		/* Within a bucket it stays where it is: behind the others it would be met again. */
		if (a != b) {
			list_del(&w->link);
			futex_bucket_add(b, w);
		}
		w->key = key_to;
		store_release(&w->bucket, b);
		moved++;
	}
	futex_unlock_two(a, b);
	return compare && woken >= 0 ? woken + moved : woken;
}

static s32 sign_extend_12(u32 v)
{
	return (s32)(v << 20) >> 20;
}

/* A shift is taken modulo 32, as Linux does. */
static int op_apply(u32 op, u32 old, u32 *new)
{
	u32 kind = op >> 28 & 7, arg = (u32)sign_extend_12(op >> 12 & 0xfff);

	if (op >> 28 & FUTEX_OP_OPARG_SHIFT)
		arg = 1u << (arg & 31);
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
static int wake_op_lock(struct futex_bucket *a, struct futex_bucket *b, u32 __user *word, u32 op,
			u32 *old)
{
	u32 seen, new;
	int error;

	for (;;) {
		futex_lock_two(a, b);
		error = user_load_u32(old, word);
		while (!error) {
			error = op_apply(op, *old, &new);
			if (error) {
				futex_unlock_two(a, b);
				return error;
			}
			error = user_cmpxchg_u32(&seen, word, *old, new);
			if (!error && seen == *old)
				return 0;
			*old = seen;
		}
		futex_unlock_two(a, b);
		error = user_fault_in(word, true);
		if (error)
			return error;
	}
}

long futex_wake_op(u32 __user *from, u32 __user *to, u32 wake, u32 wake2, u32 op, bool private_hint)
{
	struct futex_key key_from, key_to;
	struct futex_bucket *a, *b;
	long woken, more;
	u32 old;
	int error = futex_key_get(from, private_hint, &key_from), hit;

	if (!error)
		error = futex_key_get(to, private_hint, &key_to);
	if (error)
		return error;
	a = futex_bucket_of(&key_from);
	b = futex_bucket_of(&key_to);
	error = wake_op_lock(a, b, to, op, &old);
	if (error)
		return error;
	woken = futex_bucket_wake(a, &key_from, wake, FUTEX_BITSET_MATCH_ANY);
	hit = op_compare(op, old);
	if (hit > 0 && woken >= 0) {
		more = futex_bucket_wake(b, &key_to, wake2, FUTEX_BITSET_MATCH_ANY);
		woken = more < 0 ? more : woken + more;
	}
	futex_unlock_two(a, b);
	return hit < 0 ? hit : woken;
}
