/*
 * process_vm_readv(2) and process_vm_writev(2): copies between the caller's memory and another
 * process', by way of a small buffer; protection counts on both sides.
 */
#include "abi/limits.h"
#include "abi/uio.h"
#include "mm/slab.h"
#include "sys/sys_int.h"
#include "vm/iov.h"

#define CHUNK ((size_t)PAGE_SIZE)

/* The remote pieces, copied in: 0, -EINVAL, -EFAULT, -ENOMEM. */
static int remote_import(const struct iovec __user *user, u64 n, struct iovec **out)
{
	struct iovec *iov;
	int error;

	*out = NULL;
	if (n > UIO_MAXIOV)
		return -EINVAL;
	if (!n)
		return 0;
	iov = kmalloc_array(n, sizeof(*iov), MM_KERNEL);
	if (!iov)
		return -ENOMEM;
	error = copy_in(iov, user, n * sizeof(*iov));
	for (u64 i = 0; !error && i < n; i++)
		if ((s64)iov[i].iov_len < 0)
			error = -EINVAL;
	if (error)
		kfree(iov);
	else
		*out = iov;
	return error;
}

/* One remote piece: bytes moved; fewer than there were if the local side is full, or at a
 * fault. */
static size_t piece_move(struct aspace *as, const struct iovec *piece, struct iov_iter *local,
			 bool write, char *buf, bool *fault)
{
	size_t done = 0, want = min((size_t)piece->iov_len, iov_left(local));

	while (done < want && !thread_fatal_pending()) {
		vaddr_t at = (vaddr_t)piece->iov_base + done;
		size_t n = min(want - done, CHUNK - (at & (CHUNK - 1))), moved;

		if (write) {
			n = iov_copy_from(local, buf, n);
			moved = n ? aspace_poke(as, at, buf, n, false) : 0;
			if (moved < n)
				iov_revert(local, n - moved);
		} else {
			n = aspace_peek(as, at, buf, n, false);
			moved = n ? iov_copy_to(local, buf, n) : 0;
		}
		done += moved;
		if (!moved || moved < n) {
			*fault = true;
			break;
		}
		sched_point();
	}
	return done;
}

static long space_move(struct aspace *as, const struct iovec *remote, u64 n, struct iov_iter *local,
		       bool write)
{
	char *buf = kmalloc(CHUNK, MM_KERNEL);
	bool fault = false;
	size_t done = 0;

	if (!buf)
		return -ENOMEM;
	for (u64 i = 0; i < n && !fault && iov_left(local); i++)
		done += piece_move(as, &remote[i], local, write, buf, &fault);
	kfree(buf);
	return done || !fault ? (long)done : -EFAULT;
}

/* The space of the process with that thread, if the caller may change it: 0, -ESRCH, -EPERM. */
static int space_get(int pid, struct aspace **out)
{
	struct task *task = task_find(pid);
	int error;

	if (!task)
		return -ESRCH;
	error = task_aspace_get(task, task_may_attach, out);
	if (!error && !*out)
		error = -ESRCH;
	thread_put(task->thread);
	return error;
}

static long process_move(int pid, const struct iovec __user *ulocal, u64 n_local,
			 const struct iovec __user *uremote, u64 n_remote, u64 flags, bool write)
{
	struct iovec fast[IOV_FAST], *heap = NULL, *remote = NULL;
	struct iov_iter local;
	struct aspace *as;
	long result;

	if (flags || n_local > UIO_MAXIOV)
		return -EINVAL;
	result = iov_import(&local, ulocal, (unsigned)n_local, fast, &heap);
	if (!result && iov_left(&local))
		result = remote_import(uremote, n_remote, &remote);
	if (!result && remote) {
		result = space_get(pid, &as);
		if (!result) {
			result = space_move(as, remote, n_remote, &local, write);
			aspace_put_user(as);
		}
	}
	kfree(remote);
	kfree(heap);
	return result;
}

long sys_process_vm_readv(int pid, const struct iovec __user *local, unsigned long n_local,
			  const struct iovec __user *remote, unsigned long n_remote,
			  unsigned long flags)
{
	return process_move(pid, local, n_local, remote, n_remote, flags, false);
}

long sys_process_vm_writev(int pid, const struct iovec __user *local, unsigned long n_local,
			   const struct iovec __user *remote, unsigned long n_remote,
			   unsigned long flags)
{
	return process_move(pid, local, n_local, remote, n_remote, flags, true);
}
