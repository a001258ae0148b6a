/*
 * Iterators over buffers. They come from sys/ (user memory) or from inside the kernel, travel down
 * through vfs to whoever moves the bytes, and are consumed there. The copies to and from user
 * memory may fault and sleep, so no spinlock is held around them; under a page lock only the
 * _nofault form may be used.
 */
#include "vm/iov.h"

#include "abi/errno.h"
#include "abi/limits.h"
#include "arch/usercopy.h"
#include "lib/string.h"
#include "mm/slab.h"
#include "vm/vm_int.h"

DEFINE_PERCPU(u32, vm_faults_disabled);

static void iov_init_one(struct iov_iter *it, void *buf, size_t n, bool kernel)
{
	it->one = (struct iovec){ .iov_base = (void __user *)buf, .iov_len = n };
	it->iov = &it->one;
	it->n_iov = 1;
	it->offset = 0;
	it->left = n;
	it->kernel = kernel;
	it->append = it->nowait = false;
}

int iov_init_user(struct iov_iter *it, void __user *buf, size_t n)
{
	if (!user_range_ok(buf, n))
		return -EFAULT;
	iov_init_one(it, (__force void *)buf, n, false);
	return 0;
}

void iov_init_kernel(struct iov_iter *it, void *buf, size_t n)
{
	iov_init_one(it, buf, n, true);
}

int iov_init_array(struct iov_iter *it, const struct iovec *iov, unsigned n)
{
	size_t left = 0;

	for (unsigned i = 0; i < n; i++) {
		if ((ssize_t)iov[i].iov_len < 0 ||
		    add_overflow(left, (size_t)iov[i].iov_len, &left) || (ssize_t)left < 0)
			return -EINVAL;
		if (!user_range_ok(iov[i].iov_base, iov[i].iov_len))
			return -EFAULT;
	}
	it->iov = iov;
	it->n_iov = n;
	it->offset = 0;
	it->left = left;
	it->kernel = false;
	it->append = it->nowait = false;
	return 0;
}

int iov_import(struct iov_iter *it, const struct iovec __user *uiov, unsigned n, struct iovec *fast,
	       struct iovec **heap)
{
	struct iovec *iov = fast;
	int err;

	*heap = NULL;
	if (n > UIO_MAXIOV)
		return -EINVAL;
	if (n > IOV_FAST) {
		iov = kmalloc_array(n, sizeof(*iov), MM_KERNEL);
		if (!iov)
			return -ENOMEM;
	}
	err = copy_in(iov, uiov, n * sizeof(*iov));
	if (!err)
		err = iov_init_array(it, iov, n);
	if (err) {
		if (iov != fast)
			kfree(iov);
		return err;
	}
	if (iov != fast)
		*heap = iov;
	return 0;
}

/* Steps over pieces that are used up; the current one then has bytes, or nothing is left. */
static inline void iov_settle(struct iov_iter *it)
{
	while (it->left && it->offset == it->iov->iov_len) {
		it->iov++;
		it->n_iov--;
		it->offset = 0;
	}
}

/* The contiguous bytes at the iterator's position, at most n: where, and how many. */
static inline char *iov_span(struct iov_iter *it, size_t *n)
{
	iov_settle(it);
	*n = min(*n, (size_t)it->iov->iov_len - it->offset);
	return (__force char *)it->iov->iov_base + it->offset;
}

static inline void iov_consume(struct iov_iter *it, size_t n)
{
	it->offset += n;
	it->left -= n;
}

size_t iov_copy_to(struct iov_iter *it, const void *src, size_t n)
{
	size_t done = 0;

	n = min(n, it->left);
	while (done < n) {
		size_t part = n - done, copied;
		char *to = iov_span(it, &part);

		if (it->kernel) {
			memcpy(to, (const char *)src + done, part);
			copied = part;
		} else {
			copied = copy_out_partial((void __user *)to, (const char *)src + done,
						  part);
		}
		iov_consume(it, copied);
		done += copied;
		if (copied < part)
			break;
	}
	return done;
}

size_t iov_copy_from(struct iov_iter *it, void *dst, size_t n)
{
	size_t done = 0;

	n = min(n, it->left);
	while (done < n) {
		size_t part = n - done, copied;
		char *from = iov_span(it, &part);

		if (it->kernel) {
			memcpy((char *)dst + done, from, part);
			copied = part;
		} else {
			copied = copy_in_partial((char *)dst + done, (void __user *)from, part);
		}
		iov_consume(it, copied);
		done += copied;
		if (copied < part)
			break;
	}
	return done;
}

size_t iov_copy_from_nofault(struct iov_iter *it, void *dst, size_t n)
{
	size_t done;

	/* While faults are refused the thread cannot sleep, so it stays on this CPU. */
	this_cpu_add(vm_faults_disabled, 1);
	barrier();
	done = iov_copy_from(it, dst, n);
	barrier();
	this_cpu_add(vm_faults_disabled, -1);
	return done;
}

size_t iov_zero(struct iov_iter *it, size_t n)
{
	size_t done = 0;

	n = min(n, it->left);
	while (done < n) {
		size_t part = n - done, cleared;
		char *to = iov_span(it, &part);

		if (it->kernel) {
			memset(to, 0, part);
			cleared = part;
		} else {
			cleared = user_clear((void __user *)to, part);
		}
		iov_consume(it, cleared);
		done += cleared;
		if (cleared < part)
			break;
	}
	return done;
}

void iov_advance(struct iov_iter *it, size_t n)
{
	n = min(n, it->left);
	while (n) {
		size_t part = n;

		iov_span(it, &part);
		iov_consume(it, part);
		n -= part;
	}
}

void iov_revert(struct iov_iter *it, size_t n)
{
	it->left += n;
	while (n > it->offset) {
		n -= it->offset;
		it->iov--;
		it->n_iov++;
		it->offset = it->iov->iov_len;
	}
	it->offset -= n;
}

/* Whether the page is there for the access, by touching a word of it. */
static bool page_there(vaddr_t at, bool write)
{
	u32 __user *word = (u32 __user *)align_down(at, (vaddr_t)sizeof(u32));
	u32 value, old;

	if (user_load_u32(&value, word))
		return false;
	return !write || !user_cmpxchg_u32(&old, word, value, value);
}

/* Makes the pages of one span present: how many bytes of it are. */
static size_t span_fault_in(char *p, size_t n, bool write)
{
	size_t done = 0;

	while (done < n) {
		vaddr_t at = (vaddr_t)p + done;

		if (!page_there(at, write) && user_fault_in((const void __user *)at, write))
			break;
		done = min(n, done + (size_t)(PAGE_SIZE - (at & ~PAGE_MASK)));
	}
	return done;
}

int iov_fault_in(struct iov_iter *it, size_t n, bool write)
{
	struct iov_iter walk = *it;
	size_t done = 0;

	n = min(min(n, it->left), (size_t)(64 * PAGE_SIZE));
	if (it->kernel || !n)
		return 0;
	if (it->iov == &it->one)
		walk.iov = &walk.one;
	while (done < n) {
		size_t part = n - done, present;
		char *p = iov_span(&walk, &part);

		present = span_fault_in(p, part, write);
		iov_consume(&walk, part);
		done += present;
		if (present < part)
			break;
	}
	return done ? 0 : -EFAULT;
}

size_t iov_pin(const struct iov_iter *it, size_t n, struct iov_pins *p)
{
	struct iov_iter walk = *it;
	size_t done = 0;

	p->n = 0;
	p->as = thread_current()->aspace;
	if (it->kernel || !p->as)
		return 0;
	n = min(n, it->left);
	if (it->iov == &it->one)
		walk.iov = &walk.one;
	while (done < n) {
		size_t part = n - done, pinned;
		char *at = iov_span(&walk, &part);

		pinned = pin_range(p, (vaddr_t)at, part);
		iov_consume(&walk, part);
		done += pinned;
		if (pinned < part)
			break;
	}
	return done;
}
