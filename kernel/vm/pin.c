/*
 * Holding on to user memory that a device reads or writes: transfers past the page cache go there
 * at once, without a copy.
 *
 * Only pages of private anonymous memory are taken, and only as their entries allow the access: no
 * file has to hear of what is stored into them. All other memory goes through a buffer of the
 * kernel's; vfs/direct.c decides.
 *
 * The owner may do what he likes meanwhile. A page that leaves his space lives on until it is let
 * go. Swap and MADV_COLLAPSE leave pages alone to which somebody else has a reference. Only fork(2)
 * would do harm: it would share the page with the child, and the parent's next store would be to a
 * copy, which never gets what the device brings. So a page that a device writes counts that in
 * page->private: fork copies it for the child at once, and whoever asks whether a page may be
 * written in place hears that it may, for it is this space's alone. This is true when it is pinned,
 * as its entry is writable, and stays so.
 *
 * Before: iov_pin() (iov.c). Pages are pinned under table_lock, as fork is.
 */
#include "mm/dma.h"
#include "vm/iov.h"
#include "vm/large_int.h"
#include "vm/vm_int.h"

/* The page that the entry lets a device read, or write; or NULL. */
static struct page *pinnable(pte_t pte, bool write)
{
	struct page *page = pte_page(pte);

	if (!pte_present(pte) || (write && !(pte & PTE_WRITE)))
		return NULL;
	if (!page && !write && pte_paddr(pte) == page_to_phys(vm_zero_page))
		return vm_zero_page;
	return page && (page->flags & PG_ANON) ? page : NULL;
}

/* Adds a part of a page to the pieces: whether there was room. */
static bool piece_add(struct iov_pins *p, struct page *page, u32 offset, u32 length)
{
	struct dma_piece *last = p->n ? &p->pieces[p->n - 1] : NULL;
	u32 end = last ? last->offset + last->length : 0;

	if (last && !offset && !(end & ~PAGE_MASK) && last->page + (end >> PAGE_SHIFT) == page &&
	    last->length + length <= p->piece_max)
		last->length += length;
	else if (p->n < p->max)
		p->pieces[p->n++] = (struct dma_piece){ page, offset, length };
	else
		return false;
	page_get(page);
	if (p->write)
		__atomic_fetch_add(&page->private, 1, __ATOMIC_RELAXED);
	return true;
}

/* Pins [va, va + n) as far as entries allow it: how many bytes, and the entry where it ends. */
static size_t pin_present(struct iov_pins *p, vaddr_t va, size_t n, pte_t *pte)
{
	struct aspace *as = p->as;
	u64 n_pages = 0;
	size_t done = 0;

	spin_lock(&as->table_lock);
	while (done < n) {
		vaddr_t at = va + done;
		u32 offset = (u32)(at & ~PAGE_MASK);
		u32 length = (u32)min(n - done, (size_t)PAGE_SIZE - offset);
		struct page *page;

		*pte = space_entry(as, at & PAGE_MASK);
		page = pinnable(*pte, p->write);
		p->full = page && !piece_add(p, page, offset, length);
		if (!page || p->full)
			break;
		done += length;
		n_pages++;
	}
	if (p->write)
		__atomic_fetch_add(&as->n_pinned, n_pages, __ATOMIC_RELAXED);
	spin_unlock(&as->table_lock);
	return done;
}

size_t pin_range(struct iov_pins *p, vaddr_t va, size_t n)
{
	unsigned access = p->write ? FAULT_WRITE : 0;
	vaddr_t tried = USER_TOP;
	size_t done = 0;

	for (;;) {
		pte_t pte = 0;
		bool present;

		done += pin_present(p, va + done, n - done, &pte);
		present = pte_present(pte);
		/* What is there but of another kind stays so, but for copies yet to be made. */
		if (done == n || p->full || va + done == tried || (present && !access))
			return done;
		tried = va + done;
		if (fault_resolve(p->as, tried, access | (present ? FAULT_PRESENT : 0)))
			return done;
	}
}

void iov_unpin(struct iov_pins *p)
{
	u64 n_pages = 0;

	for (unsigned i = 0; i < p->n; i++) {
		const struct dma_piece *piece = &p->pieces[i];
		unsigned n = (unsigned)DIV_ROUND_UP(piece->offset + piece->length, (u32)PAGE_SIZE);

		for (unsigned k = 0; k < n; k++) {
			if (p->write)
				__atomic_fetch_sub(&piece->page[k].private, 1, __ATOMIC_RELEASE);
			page_put(&piece->page[k]);
		}
		n_pages += n;
	}
	if (p->write && n_pages)
		__atomic_fetch_sub(&p->as->n_pinned, n_pages, __ATOMIC_RELAXED);
	p->n = 0;
}

struct page *page_copy_pinned(const struct page *page)
{
	struct page *copy = page_alloc(MM_ATOMIC | MM_MOVABLE);

	if (copy) {
		page_copy(page_to_virt(copy), page_to_virt(page));
		page_make_anon(copy);
	}
	return copy;
}

bool large_is_pinned(const struct aspace *as, const struct page *head)
{
	if (likely(!READ_ONCE(as->n_pinned)))
		return false;
	for (unsigned i = 0; i < LARGE_PAGES; i++)
		if (page_pinned(&head[i]))
			return true;
	return false;
}
