/*
 * The list of robust locks of a thread that ends (get_robust_list(2)). It lies in user memory and
 * may be anything; the walk is limited. Bit 0 of a link says that it leads to a lock with priority
 * inheritance.
 */
#include "abi/errno.h"
#include "abi/futex.h"
#include "arch/usercopy.h"
#include "ipc/futex.h"

/* One lock of a thread that ended: if the thread held it, it is marked and a waiter woken
 * (get_robust_list(2)). */
static int robust_release(u32 __user *word, s32 tid, bool pending, bool pi)
{
	u32 value, seen;

	if (!is_aligned((u64)word, sizeof(u32)) || copy_in_obj(&value, word) < 0)
		return -EFAULT;
	if (pending && !pi && value == 0) { /* unlocked, but the waiter was not woken any more */
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
			if (!pi && (value & FUTEX_WAITERS)) /* futex_exit_pi() finds an heir */
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
		    robust_release((u32 __user *)(at + (u64)head.futex_offset), tid, false,
				   entry & 1) < 0)
			return;
		if (!readable)
			return;
		entry = next;
	}
	if (pending)
		robust_release((u32 __user *)(pending + (u64)head.futex_offset), tid, true,
			       head.list_op_pending & 1);
}
