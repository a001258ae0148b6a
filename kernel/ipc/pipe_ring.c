/* The ring of a pipe: storage and copying. Everything here runs with the pipe's lock held. */
#include "ipc/pipe_int.h"
#include "lib/string.h"
#include "mm/frames.h"
#include "mm/slab.h"

struct pipe *pipe_alloc(void)
{
	struct pipe *p = kzalloc(sizeof(*p), MM_KERNEL);

	if (!p)
		return NULL;
	mutex_init(&p->lock, RANK_PIPE, "pipe");
	wait_init(&p->can_read);
	wait_init(&p->can_write);
	p->size = PIPE_SIZE_DEFAULT;
	p->pages = p->first;
	return p;
}

static void ring_free(struct pipe *p, void **pages, u32 n)
{
	for (u32 i = 0; i < n; i++)
		if (pages[i])
			page_put(virt_to_page(pages[i]));
	if (pages != p->first)
		kfree(pages);
}

void pipe_free(struct pipe *p)
{
	ring_free(p, p->pages, p->size >> PAGE_SHIFT);
	kfree(p);
}

/* The place of position `at`, and how much lies behind it in the same page. */
static void *place(struct pipe *p, u32 at, u32 *length)
{
	u32 offset = at & (p->size - 1);

	*length = (u32)PAGE_SIZE - (offset & ((u32)PAGE_SIZE - 1));
	return (char *)p->pages[offset >> PAGE_SHIFT] + (offset & ((u32)PAGE_SIZE - 1));
}

static bool page_ready(struct pipe *p, u32 at)
{
	void **slot = &p->pages[(at & (p->size - 1)) >> PAGE_SHIFT];
	struct page *page;

	if (likely(*slot))
		return true;
	page = page_alloc(MM_KERNEL);
	if (!page)
		return false;
	*slot = page_to_virt(page);
	return true;
}

ssize_t pipe_copy_in(struct pipe *p, struct iov_iter *from, u32 n)
{
	u32 done = 0;

	while (done < n) {
		u32 piece, copied;
		void *to;

		if (unlikely(!page_ready(p, p->head)))
			return done ? (ssize_t)done : -ENOMEM;
		to = place(p, p->head, &piece);
		piece = min(piece, n - done);
		copied = (u32)iov_copy_from(from, to, piece);
		p->head += copied;
		done += copied;
		if (unlikely(copied < piece))
			return done ? (ssize_t)done : -EFAULT;
	}
	return (ssize_t)done;
}

ssize_t pipe_copy_out(struct pipe *p, struct iov_iter *to, u32 n)
{
	u32 done = 0;

	while (done < n) {
		u32 piece, copied;
		void *from = place(p, p->tail, &piece);

		piece = min(piece, n - done);
		copied = (u32)iov_copy_to(to, from, piece);
		p->tail += copied;
		done += copied;
		if (unlikely(copied < piece)) {
			if (!done)
				return -EFAULT;
			break;
		}
	}
	pipe_consume(p, 0);
	return (ssize_t)done;
}

void pipe_consume(struct pipe *p, u32 n)
{
	p->tail += n;
	if (p->head == p->tail && !p->filling)
		WRITE_ONCE(p->both, 0);
}

void *pipe_data(struct pipe *p, u32 skip, u32 *n)
{
	void *at = place(p, p->tail + skip, n);

	*n = min(*n, pipe_used(p) - skip);
	return at;
}

void *pipe_room(struct pipe *p, u32 skip, u32 *n)
{
	void *at;

	if (!page_ready(p, p->head + skip))
		return NULL;
	at = place(p, p->head + skip, n);
	*n = min(*n, pipe_space(p) - skip);
	return at;
}

int pipe_resize(struct pipe *p, u32 size)
{
	u32 used = pipe_used(p), n = size >> PAGE_SHIFT, old_n = p->size >> PAGE_SHIFT;
	void **old = p->pages, **pages;
	u32 at = p->tail, page = 0;

	if (used > size || p->taking || p->filling)
		return -EBUSY;
	if (size == p->size)
		return 0;
	pages = kzalloc(n * sizeof(*pages), MM_KERNEL);
	if (!pages)
		return -ENOMEM;
	/*
	 * Bytes keep their offset in a page: pages are moved, from the one that holds the tail on.
	 */
	if (used) {
		u32 first = at & ((u32)PAGE_SIZE - 1),
		    n_used = (first + used + (u32)PAGE_SIZE - 1) >> PAGE_SHIFT;

		if (n_used > n || n_used > old_n) {
			kfree(pages);
			return -EBUSY; /* the bytes straddle one page more than there would be */
		}
		for (; page < n_used; page++) {
			u32 from = ((at >> PAGE_SHIFT) + page) & (old_n - 1);

			pages[page] = old[from];
			old[from] = NULL;
		}
		WRITE_ONCE(p->both, (u64)first << 32 | (first + used));
	}
	ring_free(p, old, old_n);
	p->pages = pages;
	p->size = size;
	return 0;
}
