/*
 * mmap(2) and its family: arguments checked and the file resolved here, the rest is vm's.
 */
#include "abi/capability.h"
#include "abi/limits.h"
#include "abi/mman.h"
#include "abi/uio.h"
#include "core/gaps.h"
#include "mm/slab.h"
#include "proc/pidfd.h"
#include "sys/sys_int.h"

static u32 prot_to_area(int prot)
{
	return (prot & PROT_READ ? AREA_READ : 0) | (prot & PROT_WRITE ? AREA_WRITE : 0) |
	       (prot & PROT_EXEC ? AREA_EXEC : 0);
}

/* What a file's access mode and its mount allow of the mapping: 0, -EACCES, -EPERM, -ENODEV; then
 * the file fills the request. */
static int map_file(struct file *file, struct map_request *req, int prot)
{
	bool shared = req->flags & AREA_SHARED;

	if (!file->can_read || ((prot & PROT_WRITE) && shared && !file->can_write))
		return -EACCES;
	req->flags |= AREA_MAYREAD | AREA_MAYWRITE | AREA_MAYEXEC;
	if (shared && !file->can_write)
		req->flags &= ~(u32)AREA_MAYWRITE;
	if (file->path.mount && (file->path.mount->flags & MNT_F_NOEXEC)) {
		if (prot & PROT_EXEC)
			return -EPERM;
		req->flags &= ~(u32)AREA_MAYEXEC;
	}
	return file->ops->mmap ? file->ops->mmap(file, req) : -ENODEV;
}

/* What MAP_SHARED_VALIDATE knows of a file; MAP_SYNC needs memory that stays without power. */
#define VALIDATED_FLAGS \
	(MAP_TYPE | MAP_FIXED | MAP_ANONYMOUS | MAP_32BIT | MAP_GROWSDOWN | MAP_DENYWRITE | \
	 MAP_EXECUTABLE | MAP_LOCKED | MAP_NORESERVE | MAP_POPULATE | MAP_NONBLOCK | MAP_STACK | \
	 (int)(~0u << MAP_HUGE_SHIFT))

static int type_flags(int flags, bool file, u32 *area)
{
	switch (flags & MAP_TYPE) {
	case MAP_PRIVATE:
		return 0;
	case MAP_SHARED:
		break;
	case MAP_SHARED_VALIDATE:
		if (file && (flags & ~VALIDATED_FLAGS))
			return -EOPNOTSUPP;
		break;
	default:
		return -EINVAL;
	}
	*area |= AREA_SHARED;
	return 0;
}

long sys_mmap(u64 addr, size_t length, int prot, int flags, int fd, u64 offset)
{
	struct map_request req = {
		.addr = addr, .length = length, .flags = prot_to_area(prot),
		.map_flags = (u32)flags, .index = offset >> PAGE_SHIFT,
	};
	bool anonymous = flags & MAP_ANONYMOUS;
	struct fd_ref r = { NULL, false };
	vaddr_t at;
	int error;

	if (!is_aligned(offset, PAGE_SIZE))
		return -EINVAL;
	/* There is no pool of reserved large pages. */
	if (flags & MAP_HUGETLB)
		return anonymous && length ? -ENOMEM : -EINVAL;
	if (!anonymous) {
		r = fd_arg_io(fd);
		if (!r.file)
			return -EBADF;
	}
	error = length == 0 ? -EINVAL : type_flags(flags, !anonymous, &req.flags);
	if (!error && length > USER_TOP)
		error = -ENOMEM;
	if (!error && !anonymous && offset + align_up((u64)length, PAGE_SIZE) < offset)
		error = -EOVERFLOW;
	if (!error && anonymous) {
		req.flags |= AREA_MAYREAD | AREA_MAYWRITE | AREA_MAYEXEC;
		req.index = 0;
		if (flags & MAP_GROWSDOWN)
			req.flags |= AREA_GROWSDOWN;
		/* A thread's stack is used at its top: 2 MiB there would be mostly wasted. */
		if (flags & MAP_STACK)
			req.flags |= AREA_NOHUGE;
	} else if (!error) {
		error = map_file(r.file, &req, prot);
	}
	if (!error && (flags & MAP_NORESERVE))
		req.flags |= AREA_NORESERVE;
	if (!error && (flags & MAP_LOCKED))
		req.flags |= AREA_LOCKED;
	if (!error)
		error = vm_map(aspace_current(), &req, &at);
	if (req.release)
		req.release(req.source_data);
	if (!error && (flags & (MAP_POPULATE | MAP_LOCKED)) && !(flags & MAP_NONBLOCK))
		vm_populate(aspace_current(), at, length);
	if (r.file)
		fd_end(r);
	return error ? error : (long)at;
}

long sys_munmap(u64 addr, size_t length)
{
	return vm_unmap(aspace_current(), addr, length);
}

long sys_mprotect(u64 addr, size_t length, int prot)
{
	return vm_protect(aspace_current(), addr, length, (u32)prot);
}

long sys_mremap(u64 old_addr, size_t old_size, size_t new_size, int flags, u64 new_addr)
{
	vaddr_t at;
	int error =
		vm_remap(aspace_current(), old_addr, old_size, new_size, (u32)flags, new_addr, &at);

	return error ? error : (long)at;
}

long sys_remap_file_pages(u64 addr, size_t size, int prot, size_t pgoff, int flags)
{
	/* The rights stay; flags other than MAP_NONBLOCK are ignored: remap_file_pages(2). */
	if (prot)
		return -EINVAL;
	return vm_remap_pages(aspace_current(), addr, size, pgoff, !(flags & MAP_NONBLOCK));
}

long sys_brk(u64 brk)
{
	return (long)vm_brk(aspace_current(), brk);
}

long sys_msync(u64 addr, size_t length, int flags)
{
	return vm_sync(aspace_current(), addr, length, (u32)flags);
}

long sys_madvise(u64 addr, size_t length, int advice)
{
	return vm_advise(aspace_current(), addr, length, advice);
}

long sys_mincore(u64 addr, size_t length, u8 __user *vec)
{
	return vm_incore(aspace_current(), addr, length, vec);
}

/* RLIMIT_MEMLOCK of 0 without the privilege: -EPERM (mlock(2)). */
static int may_lock(void)
{
	return rlimit_current(RLIMIT_MEMLOCK) || cred_capable(cred_current(), CAP_IPC_LOCK) ?
		       0 :
		       -EPERM;
}

long sys_mlock(u64 addr, size_t length)
{
	int error = may_lock();

	return error ? error : vm_lock_range(aspace_current(), addr, length, true);
}

#define MLOCK_ONFAULT 1

long sys_mlock2(u64 addr, size_t length, int flags)
{
	if (gap_flags((u32)flags, MLOCK_ONFAULT))
		return -EINVAL;
	if (!(flags & MLOCK_ONFAULT))
		return sys_mlock(addr, length);
	return may_lock() ? -EPERM : vm_lock_range_onfault(aspace_current(), addr, length);
}

long sys_munlock(u64 addr, size_t length)
{
	return vm_lock_range(aspace_current(), addr, length, false);
}

long sys_mlockall(int flags)
{
	if (!flags || (flags & ~(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT)) || flags == MCL_ONFAULT)
		return -EINVAL;
	return may_lock() ? -EPERM : vm_lock_all(aspace_current(), (u32)flags, true);
}

long sys_munlockall(void)
{
	return vm_lock_all(aspace_current(), 0, false);
}

/* What one process may tell of another's memory. */
static bool advice_for_others(int advice)
{
	return advice == MADV_COLD || advice == MADV_PAGEOUT || advice == MADV_WILLNEED;
}

/* The space of the process behind a pidfd, with a user reference: 0, -EBADF, -ESRCH, -EACCES. */
static int pidfd_space(int pidfd, struct aspace **out)
{
	struct pid *pid = pidfd_arg(pidfd);
	struct task *task;
	int error = 0;

	if (!pid)
		return -EBADF;
	task = READ_ONCE(pid->process) ? task_find(pid->nr) : NULL;
	pid_drop(pid);
	if (!task)
		return -ESRCH;
	error = task_aspace_get(task, task_may_look, out) ? -EACCES : *out ? 0 : -ESRCH;
	thread_put(task->thread);
	return error;
}

/* Advises range by range: bytes, or the first error if there was nothing before it. */
static long advise_ranges(struct aspace *as, const struct iovec *range, unsigned long n, int advice)
{
	long done = 0;

	for (unsigned long i = 0; i < n; i++) {
		int error = vm_advise(as, (u64)range[i].iov_base, range[i].iov_len, advice);

		if (error)
			return done ? done : error;
		done += (long)range[i].iov_len;
	}
	return done;
}

long sys_process_madvise(int pidfd, const struct iovec __user *uiov, unsigned long n, int advice,
			 unsigned flags)
{
	struct iovec *range;
	struct aspace *as;
	long result;

	if (flags || n > UIO_MAXIOV)
		return -EINVAL;
	range = kmalloc_array(max(n, 1ul), sizeof(*range), MM_KERNEL);
	if (!range)
		return -ENOMEM;
	result = copy_in(range, uiov, n * sizeof(*range));
	if (!result)
		result = pidfd_space(pidfd, &as);
	if (result)
		goto out;
	if (!advice_for_others(advice))
		result = -EINVAL;
	else if (!cred_capable(cred_current(), CAP_SYS_NICE))
		result = -EPERM;
	else
		result = advise_ranges(as, range, n, advice);
	aspace_put_user(as);
out:
	kfree(range);
	return result;
}
