/*
 * futex(2): one number, many operations; here they are told apart.
 */
#include "abi/capability.h"
#include "abi/futex.h"
#include "core/clock.h"
#include "ipc/futex.h"
#include "sys/sys_int.h"

/* The deadline on CLOCK_MONOTONIC of a wait: relative for FUTEX_WAIT, absolute on the chosen clock
 * for the others. */
static int wait_deadline(u64 utimeout, int command, bool realtime, u64 *deadline)
{
	u64 ns, now;
	int error = timeout_arg((const struct timespec __user *)utimeout, &ns);

	*deadline = ~0ull;
	if (error || ns == ~0ull)
		return error;
	if (command == FUTEX_WAIT) {
		*deadline = deadline_after(ns);
	} else if (realtime) {
		now = clock_realtime();
		*deadline = ns > now ? deadline_after(ns - now) : 0;
	} else {
		*deadline = ns;
	}
	return 0;
}

/* A relative wait continued after a stop. */
static long wait_restart(struct task *task)
{
	long result = futex_wait((u32 __user *)task->restart.user, (u32)task->restart.extra[0],
				 (u32)task->restart.extra[1], task->restart.extra[2],
				 task->restart.deadline_ns);

	return result == -ERESTARTSYS ? -ERESTARTBLOCK : result;
}

static long wait_call(u32 __user *word, u32 value, u32 bitset, bool private_hint, u64 deadline,
		      bool relative)
{
	long result = futex_wait(word, value, bitset, private_hint, deadline);
	struct task *task = task_current();

	if (result != -ERESTARTSYS || !relative || deadline == ~0ull)
		return result;
	task->restart.fn = wait_restart;
	task->restart.user = (u64)word;
	task->restart.deadline_ns = deadline;
	task->restart.extra[0] = value;
	task->restart.extra[1] = bitset;
	task->restart.extra[2] = private_hint;
	return -ERESTARTBLOCK;
}

long sys_futex(u32 __user *uaddr, int op, u32 val, u64 timeout, u32 __user *uaddr2, u32 val3)
{
	int command = op & FUTEX_CMD_MASK;
	bool private_hint = op & FUTEX_PRIVATE_FLAG, realtime = op & FUTEX_CLOCK_REALTIME;
	u32 val2 = (u32)timeout;
	u64 deadline;
	int error;

	if (realtime && command != FUTEX_WAIT_BITSET && command != FUTEX_WAIT)
		return -ENOSYS;
	switch (command) {
	case FUTEX_WAIT:
	case FUTEX_WAIT_BITSET:
		error = wait_deadline(timeout, command, realtime, &deadline);
		if (error)
			return error;
		return wait_call(uaddr, val, command == FUTEX_WAIT ? FUTEX_BITSET_MATCH_ANY : val3,
				 private_hint, deadline, command == FUTEX_WAIT);
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
	default:
		return -ENOSYS;
	}
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
