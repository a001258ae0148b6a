/*
 * System V shared memory, semaphores and message queues: the three calls with many commands, taken
 * apart.
 */
#include "abi/ipc.h"
#include "ipc/sysv_msg.h"
#include "ipc/sysv_sem.h"
#include "ipc/sysv_shm.h"
#include "mm/slab.h"
#include "sys/sys_int.h"

#define SEM_OPS_FAST 16

/* ---- Shared memory ---- */

long sys_shmget(int key, size_t size, int flags)
{
	return sysv_shmget(key, size, (u32)flags, cred_current());
}

long sys_shmat(int id, u64 addr, int flags)
{
	vaddr_t at;
	int error = sysv_shmat(id, addr, (u32)flags, cred_current(), &at);

	return error ? error : (long)at;
}

long sys_shmdt(u64 addr)
{
	return sysv_shmdt(addr);
}

static enum sysv_by stat_by(int cmd, int any)
{
	return cmd == IPC_STAT ? SYSV_BY_ID : cmd == any ? SYSV_BY_INDEX_ANY : SYSV_BY_INDEX;
}

static long shm_stat(int id, int cmd, struct shmid64_ds __user *buf)
{
	struct shmid64_ds ds;
	int result = sysv_shm_stat(id, stat_by(cmd, SHM_STAT_ANY), cred_current(), &ds);

	return result >= 0 && copy_out_obj(buf, &ds) ? -EFAULT : result;
}

long sys_shmctl(int id, int cmd, u64 buf)
{
	struct shminfo64 limits;
	struct shmid64_ds ds;
	struct shm_info info;
	int result;

	if (cmd < 0 || id < 0)
		return -EINVAL;
	switch (cmd) {
	case IPC_INFO:
		result = sysv_shm_limits(&limits);
		return copy_out((void __user *)buf, &limits, sizeof(limits)) ? -EFAULT : result;
	case SHM_INFO:
		result = sysv_shm_info(&info);
		return copy_out((void __user *)buf, &info, sizeof(info)) ? -EFAULT : result;
	case IPC_STAT:
	case SHM_STAT:
	case SHM_STAT_ANY:
		return shm_stat(id, cmd, (struct shmid64_ds __user *)buf);
	case IPC_SET:
		if (copy_in(&ds, (const void __user *)buf, sizeof(ds)))
			return -EFAULT;
		return sysv_set(&sysv_shm_ids, id, &ds.shm_perm, cred_current());
	case IPC_RMID:
		return sysv_shm_rmid(id, cred_current());
	case SHM_LOCK:
	case SHM_UNLOCK:
		return sysv_shm_lock(id, cmd == SHM_LOCK, rlimit_current(RLIMIT_MEMLOCK),
				     cred_current());
	default:
		return -EINVAL;
	}
}

/* ---- Semaphores ---- */

long sys_semget(int key, int n, int flags)
{
	return sysv_semget(key, n, (u32)flags, cred_current());
}

long sys_semtimedop(int id, struct sembuf __user *uops, unsigned n,
		    const struct timespec __user *timeout)
{
	struct sembuf fast[SEM_OPS_FAST], *ops = fast;
	u64 ns;
	long error;

	if (n < 1 || id < 0)
		return -EINVAL;
	if (n > READ_ONCE(sysv_semopm))
		return -E2BIG;
	if (n > SEM_OPS_FAST) {
		ops = kmalloc_array(n, sizeof(*ops), MM_KERNEL);
		if (!ops)
			return -ENOMEM;
	}
	error = copy_in(ops, uops, n * sizeof(*ops));
	if (!error)
		error = timeout_arg(timeout, &ns);
	if (!error)
		error = sysv_semop(id, ops, n, deadline_after(ns), &task_current()->sem_undo,
				   cred_current());
	if (ops != fast)
		kfree(ops);
	return error;
}

long sys_semop(int id, struct sembuf __user *ops, unsigned n)
{
	return sys_semtimedop(id, ops, n, NULL);
}

/* GETALL and SETALL: the values, by way of the kernel. */
static long sem_all(int id, bool set, u16 __user *uvalues)
{
	int n = sysv_sem_count(id), error;
	u16 *values;

	if (n < 0)
		return n;
	values = kmalloc_array((size_t)n, sizeof(*values), MM_KERNEL);
	if (!values)
		return -ENOMEM;
	if (set) {
		error = copy_in(values, uvalues, (size_t)n * sizeof(*values));
		if (!error)
			error = sysv_sem_setall(id, values, (u32)n, cred_current());
	} else {
		error = sysv_sem_getall(id, values, (u32)n, cred_current());
		if (!error)
			error = copy_out(uvalues, values, (size_t)n * sizeof(*values));
	}
	kfree(values);
	return error;
}

static long sem_stat(int id, int cmd, struct semid64_ds __user *buf)
{
	struct semid64_ds ds;
	int result = sysv_sem_stat(id, stat_by(cmd, SEM_STAT_ANY), cred_current(), &ds);

	return result >= 0 && copy_out_obj(buf, &ds) ? -EFAULT : result;
}

long sys_semctl(int id, int number, int cmd, u64 arg)
{
	struct semid64_ds ds;
	struct seminfo info;
	int result;

	if (id < 0)
		return -EINVAL;
	switch (cmd) {
	case IPC_INFO:
	case SEM_INFO:
		result = sysv_sem_info(&info, cmd == SEM_INFO);
		return copy_out((void __user *)arg, &info, sizeof(info)) ? -EFAULT : result;
	case IPC_STAT:
	case SEM_STAT:
	case SEM_STAT_ANY:
		return sem_stat(id, cmd, (struct semid64_ds __user *)arg);
	case GETALL:
	case SETALL:
		return sem_all(id, cmd == SETALL, (u16 __user *)arg);
	case GETVAL:
	case GETPID:
	case GETNCNT:
	case GETZCNT:
		return sysv_sem_value(id, number, cmd, cred_current());
	case SETVAL:
		return sysv_sem_setval(id, number, (s32)arg, cred_current());
	case IPC_SET:
		if (copy_in(&ds, (const void __user *)arg, sizeof(ds)))
			return -EFAULT;
		return sysv_set(&sysv_sem_ids, id, &ds.sem_perm, cred_current());
	case IPC_RMID:
		return sysv_sem_rmid(id, cred_current());
	default:
		return -EINVAL;
	}
}

/* ---- Message queues ---- */

long sys_msgget(int key, int flags)
{
	return sysv_msgget(key, (u32)flags, cred_current());
}

/* User memory: the type, then the bytes. */
long sys_msgsnd(int id, const void __user *buf, size_t size, int flags)
{
	struct sysv_message *message;
	s64 type;
	int error;

	if (copy_in(&type, buf, sizeof(type)))
		return -EFAULT;
	if (size > READ_ONCE(sysv_msgmax) || id < 0 || type < 1)
		return -EINVAL;
	message = sysv_message_alloc(size);
	if (!message)
		return -ENOMEM;
	message->type = type;
	error = copy_in(message->data, (const u8 __user *)buf + sizeof(type), size);
	if (!error)
		error = sysv_msgsnd(id, message, (u32)flags, cred_current());
	if (error)
		kfree(message);
	return error;
}

long sys_msgrcv(int id, void __user *buf, size_t size, s64 mtype, int flags)
{
	struct sysv_message *message;
	long result;

	if (id < 0 || (s64)size < 0)
		return -EINVAL;
	result = sysv_msgrcv(id, size, mtype, (u32)flags, cred_current(), &message);
	if (result)
		return result;
	result = (long)min(message->size, (u64)size);
	if (copy_out(buf, &message->type, sizeof(message->type)) ||
	    copy_out((u8 __user *)buf + sizeof(message->type), message->data, (size_t)result))
		result = -EFAULT;
	kfree(message);
	return result;
}

static long msg_stat(int id, int cmd, struct msqid64_ds __user *buf)
{
	struct msqid64_ds ds;
	int result = sysv_msg_stat(id, stat_by(cmd, MSG_STAT_ANY), cred_current(), &ds);

	return result >= 0 && copy_out_obj(buf, &ds) ? -EFAULT : result;
}

long sys_msgctl(int id, int cmd, u64 buf)
{
	struct msqid64_ds ds;
	struct msginfo info;
	int result;

	if (id < 0 || cmd < 0)
		return -EINVAL;
	switch (cmd) {
	case IPC_INFO:
	case MSG_INFO:
		result = sysv_msg_info(&info, cmd == MSG_INFO);
		return copy_out((void __user *)buf, &info, sizeof(info)) ? -EFAULT : result;
	case IPC_STAT:
	case MSG_STAT:
	case MSG_STAT_ANY:
		return msg_stat(id, cmd, (struct msqid64_ds __user *)buf);
	case IPC_SET:
		if (copy_in(&ds, (const void __user *)buf, sizeof(ds)))
			return -EFAULT;
		return sysv_msg_set(id, &ds.msg_perm, ds.msg_qbytes, cred_current());
	case IPC_RMID:
		return sysv_msg_rmid(id, cred_current());
	default:
		return -EINVAL;
	}
}
