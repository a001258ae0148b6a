/*
 * Reaching into user memory without being the user: peek and poke (ptrace, /proc/[pid]/mem), and
 * names for futexes.
 *
 * A page is reached by looking at its entry, faulting as the space's own thread would until the
 * entry allows the access, and copying through the kernel's mapping with as->lock held, so that
 * fork cannot make the page shared meanwhile, and table_lock.
 */
#include "lib/string.h"
#include "sched/thread.h"
#include "vm/large_int.h"
#include "vm/vm_int.h"

/*
 * Whether the entry gives this access as it is; `write` to a private page of one's own may pass
 * over the protection if `force`.
 */
static bool entry_allows(const struct vm_area *area, pte_t pte, bool write, bool force)
{
	struct page *page = pte_page(pte);

	if (!pte_holds_frame(pte) || (!pte_present(pte) && !force))
		return false;
	if (!write)
		return page || pfn_is_ram(pte_paddr(pte) >> PAGE_SHIFT);
	if (pte & PTE_WRITE)
		return page;
	return force && page && !(area->flags & AREA_SHARED) && (page->flags & PG_ANON) &&
	       (READ_ONCE(page->refs) == 1 || page_pinned(page));
}

/*
 * Copies bytes of one page, faulting until its entry allows that: 0 or negative errno. The entry is
 * looked at and the bytes copied under table_lock, under which write-back takes away the right to
 * write before it reads the page: what is written here goes to the disk with it, or after another
 * fault. No reference is taken, for which somebody else would think the page shared.
 */
static int copy_at(struct aspace *as, vaddr_t addr, char *buf, size_t n, bool write, bool force)
{
	for (;;) {
		struct vm_area *area;
		pte_t pte;
		unsigned access;
		bool ok;
		int err = rwsem_read_killable(&as->lock);

		if (err)
			return err;
		area = area_at(as, addr & PAGE_MASK);
		spin_lock(&as->table_lock);
		pte = area ? space_entry(as, addr & PAGE_MASK) : 0;
		ok = area && entry_allows(area, pte, write, force);
		if (ok) {
			char *at = (char *)phys_to_virt(pte_paddr(pte)) + (addr & ~PAGE_MASK);

			memcpy(write ? at : buf, write ? buf : at, n);
		}
		spin_unlock(&as->table_lock);
		/* Device memory is not read behind its driver's back. */
		if (!ok && area && (area->flags & AREA_DEVICE) && (write || pte_present(pte)))
			err = -EIO;
		rwsem_read_end(&as->lock);
		if (ok)
			return 0;
		access = (write ? FAULT_WRITE : 0) | (force ? FAULT_FORCE : 0);
		if (write && pte_holds_frame(pte))
			access |= FAULT_PRESENT;
		if (!err)
			err = fault_resolve(as, addr & PAGE_MASK, access);
		if (err)
			return err;
		if (thread_fatal_pending())
			return -ERESTARTSYS;
	}
}

static size_t transfer(struct aspace *as, vaddr_t addr, char *buf, size_t n, bool write, bool force)
{
	size_t done = 0;

	while (done < n) {
		vaddr_t va = addr + done;
		size_t part = min(n - done, (size_t)(PAGE_SIZE - (va & ~PAGE_MASK)));

		if (va < addr || va >= USER_TOP ||
		    copy_at(as, va, buf + done, part, write, force))
			break;
		done += part;
	}
	return done;
}

size_t aspace_peek(struct aspace *as, vaddr_t addr, void *buf, size_t n, bool force)
{
	return transfer(as, addr, buf, n, false, force);
}

size_t aspace_poke(struct aspace *as, vaddr_t addr, const void *buf, size_t n, bool force)
{
	return transfer(as, addr, (char *)buf, n, true, force);
}

int aspace_dump_page(struct aspace *as, vaddr_t addr, void *buf)
{
	int err = rwsem_read_killable(&as->lock);
	struct vm_area *area;
	bool untouched;

	if (err)
		return err;
	area = area_at(as, addr);
	spin_lock(&as->table_lock);
	untouched = area && !area->cache && !area->source && !space_entry(as, addr);
	spin_unlock(&as->table_lock);
	rwsem_read_end(&as->lock);
	if (!area || untouched)
		return -ENOENT;
	return aspace_peek(as, addr, buf, PAGE_SIZE, true) == PAGE_SIZE ? 0 : -EFAULT;
}

/* A cache may be gone, and another stand in its place, while somebody still waits for a word of it:
 * so a number is its name. */
static u64 futex_object(struct pagecache *cache)
{
	static u64 last; /* a */
	u64 object = __atomic_load_n(&cache->futex_object, __ATOMIC_RELAXED), mine;

	if (object)
		return object;
	mine = __atomic_add_fetch(&last, 1, __ATOMIC_RELAXED);
	return __atomic_compare_exchange_n(&cache->futex_object, &object, mine, false,
					   __ATOMIC_RELAXED, __ATOMIC_RELAXED) ?
		       mine :
		       object;
}

int vm_futex_key(const void __user *addr, bool private_hint, struct futex_key *out)
{
	struct aspace *as = thread_current()->aspace;
	vaddr_t va = (__force vaddr_t)addr;
	struct vm_area *area;
	int err = 0;

	if (!as || va >= USER_TOP)
		return -EFAULT;
	*out = (struct futex_key){ .object = (u64)as, .offset = va };
	if (private_hint)
		return 0;
	rwsem_read(&as->lock); /* as a page fault does: threads that are killed wake others, too */
	area = area_at(as, va & PAGE_MASK);
	if (!area || !(area->flags & AREA_RIGHTS))
		err = -EFAULT;
	else if ((area->flags & AREA_SHARED) && area->cache)
		*out = (struct futex_key){
			.object = futex_object(area->cache),
			.offset = (area_index(area, va) << PAGE_SHIFT) | (va & ~PAGE_MASK),
			.shared = true,
		};
	rwsem_read_end(&as->lock);
	return err;
}
