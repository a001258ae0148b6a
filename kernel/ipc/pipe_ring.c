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
	p->size = p->limit = PIPE_SIZE_DEFAULT;
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
	kfree(p->packets);
	kfree(p);
}

/* The place of position `at`, and how much lies behind it in the same page. */
static void *place(struct pipe *p, u32 at, u32 *length)
{
	u32 offset = at & (p->size - 1);

	*length = (u32)PAGE_SIZE - (offset & ((u32)PAGE_SIZE - 1));
	return (char *)p->pages[offset >> PAGE_SHIFT] + (offset & ((u32)PAGE_SIZE - 1));
}

/*
 * Whether the page for position `at` is there to be written. Bytes that were spliced out may still
 * be in use where they went, by references to the page: whoever begins at its front again, then
 * gets another page. (Behind the front there is nothing that was read in an earlier round.)
 */
static bool page_ready(struct pipe *p, u32 at)
{
	void **slot = &p->pages[(at & (p->size - 1)) >> PAGE_SHIFT];
	struct page *page, *old = *slot ? virt_to_page(*slot) : NULL;

	if (likely(old && (at & (PAGE_SIZE - 1) || READ_ONCE(old->refs) == 1)))
		return true;
	page = page_alloc(MM_KERNEL);
	if (!page)
		return false;
	if (old) {
		/* The oldest bytes inside may lie behind the newest in one page. */
		if (pipe_used(p))
			memcpy(page_to_virt(page), *slot, PAGE_SIZE);
		page_put(old);
	}
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
	if (unlikely(p->n_packets))
		pipe_packets_consumed(p);
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

static u32 pages_of(u32 bytes)
{
	return (bytes + (u32)PAGE_SIZE - 1) >> PAGE_SHIFT;
}

/* A page of its own for the end of the bytes, if that is in front of their begin in one page: true
 * unless there is no memory. */
static bool end_apart(struct pipe *p, u32 first, u32 used, void **out)
{
	u32 n_pages = p->size >> PAGE_SHIFT;
	struct page *page;

	*out = NULL;
	if (pages_of(first + used) <= n_pages)
		return true;
	page = page_alloc(MM_KERNEL);
	if (!page)
		return false;
	*out = page_to_virt(page);
	memcpy(*out, p->pages[(p->tail >> PAGE_SHIFT) & (n_pages - 1)], first + used - p->size);
	return true;
}

/*
 * Bytes keep their offset in a page: pages are moved, from the one that holds the tail on.
 */
int pipe_resize(struct pipe *p, u32 size)
{
	u32 used = pipe_used(p), n = size >> PAGE_SHIFT, old_n = p->size >> PAGE_SHIFT;
	u32 first = used ? p->tail & ((u32)PAGE_SIZE - 1) : 0, n_used = pages_of(first + used);
	void **old = p->pages, **pages, *extra;
	int err;

	if (used > size || p->taking || p->filling)
		return -EBUSY;
	if (size == p->size)
		return 0;
	if (n_used > n)
		return -EBUSY;
	pages = kzalloc(n * sizeof(*pages), MM_KERNEL);
	if (!pages)
		return -ENOMEM;
	if (!end_apart(p, first, used, &extra)) {
		err = -ENOMEM;
		goto fail_pages;
	}
	err = pipe_packets_move(p, n, first - p->tail);
	if (err)
		goto fail_extra;
	for (u32 page = 0; page < min(n_used, old_n); page++) {
		u32 from = ((p->tail >> PAGE_SHIFT) + page) & (old_n - 1);

		pages[page] = old[from];
		old[from] = NULL;
	}
	if (extra)
		pages[old_n] = extra;
	if (used)
		WRITE_ONCE(p->both, (u64)first << 32 | (first + used));
	ring_free(p, old, old_n);
	p->pages = pages;
	p->size = size;
	pipe_limit_set(p);
	return 0;

fail_extra:
	if (extra)
		page_put(virt_to_page(extra));
fail_pages:
	kfree(pages);
	return err;
}
