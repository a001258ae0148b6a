/*
 * futex(2): one number, many operations; here they are told apart.
 */
#include "abi/capability.h"
#include "abi/futex.h"
#include "core/gaps.h"
#include "ipc/futex.h"
#include "mm/slab.h"
#include "sys/sys_int.h"

/* Which calls wait, and so have a timeout. */
#define COMMANDS_WAITING \
	(BIT(FUTEX_WAIT) | BIT(FUTEX_WAIT_BITSET) | BIT(FUTEX_LOCK_PI) | BIT(FUTEX_LOCK_PI2) | \
	 BIT(FUTEX_WAIT_REQUEUE_PI))
/* Of these, where the real-time clock may be chosen. */
#define COMMANDS_OF_CLOCK \
	(BIT(FUTEX_WAIT_BITSET) | BIT(FUTEX_LOCK_PI2) | BIT(FUTEX_WAIT_REQUEUE_PI))

/* A wait with a timeout continued after a stop. */
static long wait_restart(struct task *task)
{
	struct deadline end = { task->restart.deadline_ns, task->restart.extra[3] };
	long result = futex_wait((u32 __user *)task->restart.user, (u32)task->restart.extra[0],
				 (u32)task->restart.extra[1], task->restart.extra[2], end);

	return result == -ABI_ERESTARTSYS ? -ERESTARTBLOCK : result;
}

/* With a timeout, a handler always ends the wait (signal(7)). */
static long wait_call(u32 __user *word, u32 value, u32 bitset, bool private_hint,
		      struct deadline end)
{
	long result = futex_wait(word, value, bitset, private_hint, end);
	struct task *task = task_current();

	if (result != -ABI_ERESTARTSYS || end.ns == ~0ull)
		return result;
	task->restart.fn = wait_restart;
	task->restart.user = (u64)word;
	task->restart.deadline_ns = end.ns;
	task->restart.extra[0] = value;
	task->restart.extra[1] = bitset;
	task->restart.extra[2] = private_hint;
	task->restart.extra[3] = end.realtime;
	return -ERESTARTBLOCK;
}

long sys_futex(u32 __user *uaddr, int op, u32 val, u64 timeout, u32 __user *uaddr2, u32 val3)
{
	int command = op & FUTEX_CMD_MASK;
	bool private_hint = op & FUTEX_PRIVATE_FLAG, realtime = op & FUTEX_CLOCK_REALTIME;
	u64 commands = command >= 0 && command < 64 ? BIT(command) : 0;
	struct deadline end = { ~0ull, false };
	u32 val2 = (u32)timeout;
	int error;

	if (realtime && !(commands & COMMANDS_OF_CLOCK))
		return -ENOSYS;
	if (commands & COMMANDS_WAITING) {
		error = deadline_arg((const struct timespec __user *)timeout,
				     realtime || command == FUTEX_LOCK_PI, &end);
		if (error)
			return error;
		if (command == FUTEX_WAIT)
			end.ns = deadline_after(end.ns);
	}
	switch (command) {
	case FUTEX_WAIT:
	case FUTEX_WAIT_BITSET:
		return wait_call(uaddr, val, command == FUTEX_WAIT ? FUTEX_BITSET_MATCH_ANY : val3,
				 private_hint, end);
	case FUTEX_WAKE:
		return futex_wake_bitset(uaddr, val, FUTEX_BITSET_MATCH_ANY, private_hint);
	case FUTEX_WAKE_BITSET:
		return futex_wake_bitset(uaddr, val, val3, private_hint);
	case FUTEX_REQUEUE:
		return futex_requeue(uaddr, uaddr2, val, val2, false, 0, private_hint);
	case FUTEX_CMP_REQUEUE:
		return futex_requeue(uaddr, uaddr2, val, val2, true, val3, private_hint);
	case FUTEX_WAKE_OP:
		return futex_wake_op(uaddr, uaddr2, val, val2, val3, private_hint);
	case FUTEX_LOCK_PI:
	case FUTEX_LOCK_PI2:
		return futex_lock_pi(uaddr, private_hint, end, true);
	case FUTEX_TRYLOCK_PI:
		return futex_lock_pi(uaddr, private_hint, end, false);
	case FUTEX_UNLOCK_PI:
		return futex_unlock_pi(uaddr, private_hint);
	case FUTEX_WAIT_REQUEUE_PI:
		return futex_wait_requeue_pi(uaddr, val, private_hint, end, uaddr2);
	case FUTEX_CMP_REQUEUE_PI:
		return futex_cmp_requeue_pi(uaddr, uaddr2, val, val2, val3, private_hint);
	default:
		return gap_command((u32)op, -ENOSYS);
	}
}

long sys_futex_waitv(const struct futex_waitv __user *uwaiters, unsigned n, unsigned flags,
		     const struct timespec __user *timeout, int clock)
{
	struct futex_want *wants;
	struct deadline end;
	long result;

	if (flags || n == 0 || n > FUTEX_WAITV_MAX || !uwaiters)
		return -EINVAL;
	if (timeout && clock != CLOCK_MONOTONIC && clock != CLOCK_REALTIME)
		return -EINVAL;
	result = deadline_arg(timeout, clock == CLOCK_REALTIME, &end);
	if (result)
		return result;
	wants = kmalloc_array(n, sizeof(*wants), MM_KERNEL);
	if (!wants)
		return -ENOMEM;
	for (unsigned i = 0; i < n && !result; i++) {
		struct futex_waitv v;

		if (copy_in_obj(&v, &uwaiters[i]) < 0)
			result = -EFAULT;
		else if ((v.flags & ~(FUTEX_32 | FUTEX_PRIVATE_FLAG)) || v.__reserved ||
			 !(v.flags & FUTEX_32))
			result = -EINVAL;
		wants[i] = (struct futex_want){ (u32 __user *)v.uaddr, (u32)v.val,
						v.flags & FUTEX_PRIVATE_FLAG };
	}
	if (!result)
		result = futex_wait_many(wants, n, end);
	kfree(wants);
	return result;
}

long sys_set_robust_list(struct robust_list_head __user *head, size_t len)
{
	if (len != sizeof(struct robust_list_head))
		return -EINVAL;
	task_current()->robust_list = (u64)head;
	return 0;
}

long sys_get_robust_list(int pid, u64 __user *uhead, size_t __user *ulen)
{
	size_t len = sizeof(struct robust_list_head);
	struct task *task = task_arg(pid);
	u64 head;
	int error;

	if (!task)
		return -ESRCH;
	error = may_control(task, CAP_SYS_PTRACE);
	head = task->robust_list;
	thread_put(task->thread);
	if (error)
		return error;
	return copy_out_obj(ulen, &len) < 0 || copy_out_obj(uhead, &head) < 0 ? -EFAULT : 0;
}
