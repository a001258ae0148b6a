/*
 * Iterators over buffers: the one shape in which user (or kernel) memory travels below sys/. An
 * iterator is consumed as it is copied.
 */
#pragma once

#include "abi/uio.h"
#include "lib/types.h"
#include "mm/frames.h"

struct aspace;

struct iov_iter {
	/* current piece; the array belongs to the caller and outlives the iterator */
	const struct iovec *iov;
	unsigned n_iov;          /* pieces left, the current one included */
	size_t offset;           /* into the current piece */
	size_t left;             /* bytes left in all */
	bool kernel;             /* pieces are kernel addresses */
	bool append;             /* of a write: to the file's end, wherever that is (RWF_APPEND) */
	bool nowait;             /* -EAGAIN where it would wait, but for a disk that O_DIRECT asks
				  * (RWF_NOWAIT) */
	struct iovec one;        /* storage for iterators of a single piece */
};

/* Over one buffer: user memory (range checked: 0 or -EFAULT) or kernel memory. */
int must_check iov_init_user(struct iov_iter *it, void __user *buf, size_t n);
void iov_init_kernel(struct iov_iter *it, void *buf, size_t n);
/*
 * Over an array that was copied in already: 0, -EINVAL if the lengths exceed SSIZE_MAX, -EFAULT for
 * a bad range.
 */
int must_check iov_init_array(struct iov_iter *it, const struct iovec *iov, unsigned n);
/*
 * Copies the array itself in from user space (readv(2)) and starts the iterator: `fast` holds
 * IOV_FAST entries, a longer one is allocated to *heap (kfree after use). 0, -EFAULT, -EINVAL,
 * -ENOMEM.
 */
#define IOV_FAST 8
int must_check iov_import(struct iov_iter *it, const struct iovec __user *uiov, unsigned n,
			  struct iovec *fast, struct iovec **heap);

/*
 * Copy to the buffers (a read) or from them (a write), advancing: bytes copied, fewer than n at a
 * fault or the end. May sleep in a fault.
 */
size_t iov_copy_to(struct iov_iter *it, const void *src, size_t n);
size_t iov_copy_from(struct iov_iter *it, void *dst, size_t n);
size_t iov_zero(struct iov_iter *it, size_t n);
/*
 * iov_copy_from() that never resolves a fault, so that it may be called with a page lock held (a
 * fault could need that very page): it stops short instead. The caller then drops its locks, calls
 * iov_fault_in() and tries again.
 */
size_t iov_copy_from_nofault(struct iov_iter *it, void *dst, size_t n);
void iov_advance(struct iov_iter *it, size_t n);
/* Undoes the last n bytes of advance (within what was passed). */
void iov_revert(struct iov_iter *it, size_t n);
/*
 * Makes the next up to n bytes (at most 64 pages) present so that a copy made while holding a page
 * lock will not fault much: 0 or -EFAULT if not even one byte.
 */
int must_check iov_fault_in(struct iov_iter *it, size_t n, bool write);

/*
 * Memory of the current thread's space that a device reads, or writes. The caller sets the first
 * four fields and the array.
 */
struct dma_piece;
struct iov_pins {
	struct dma_piece *pieces;
	unsigned max;            /* there is room for so many */
	u32 piece_max;           /* bytes of the largest; whole pages */
	bool write;              /* the device writes */
	unsigned n;              /* pieces in use, until iov_unpin() */
	bool full;               /* vm's, and so is */
	struct aspace *as;
};
/*
 * Takes hold of the pages of the next up to n bytes, which need no copy then: how many bytes; 0 if
 * the first are not of private anonymous memory, or may not be accessed so. The iterator stays
 * where it is. Sleeps in faults; no lock is held.
 */
size_t iov_pin(const struct iov_iter *it, size_t n, struct iov_pins *p);
/* Lets them go. The device is done with them. */
void iov_unpin(struct iov_pins *p);
static inline size_t iov_left(const struct iov_iter *it) { return it->left; }
