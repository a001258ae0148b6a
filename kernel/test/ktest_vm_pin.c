/*
 * Pages that a device uses: which can be had, and that what their owner does meanwhile (fork,
 * mprotect, munmap) parts neither him from what the device brings nor the device from its memory.
 */
#include "abi/mman.h"
#include "mm/dma.h"
#include "test/ktest.h"
#include "test/ktest_vm_int.h"
#include "vm/iov.h"
#include "vm/large.h"

#define P ((vaddr_t)PAGE_SIZE)
#define L ((vaddr_t)LARGE_PAGE_SIZE)
#define BASE ((vaddr_t)0x40000000)
#define PIECES 16

struct pinned {
	struct iov_pins pins;
	struct dma_piece pieces[PIECES];
};

/* Pins [addr, addr + n) of the current space: how many bytes. */
static size_t pin(struct pinned *p, vaddr_t addr, size_t n, bool write)
{
	struct iov_iter it;

	p->pins = (struct iov_pins){ .pieces = p->pieces, .max = PIECES,
				     .piece_max = 64 * PAGE_SIZE, .write = write };
	return iov_init_user(&it, (void __user *)addr, n) ? 0 : iov_pin(&it, n, &p->pins);
}

/* What the device has at `offset` of the memory. */
static u64 *device_word(const struct pinned *p, size_t offset)
{
	const struct dma_piece *piece = p->pieces;

	while (offset >= piece->length)
		offset -= piece++->length;
	return (u64 *)((u8 *)page_to_virt(piece->page) + piece->offset + offset);
}

/* Whether the space sees at addr what the device stores at `offset`. */
static bool arrives(const struct pinned *p, size_t offset, vaddr_t addr, u64 value)
{
	u64 seen = 0;

	*device_word(p, offset) = value;
	return ktest_load(addr, &seen) && seen == value;
}

static u64 child_word(struct aspace *child, vaddr_t addr)
{
	u64 value = ~0ull;

	KTEST_CHECK(aspace_peek(child, addr, &value, sizeof(value), false) == sizeof(value));
	return value;
}

KTEST(vm_pin_kinds)
{
	u64 before = ktest_frames_settle();
	struct aspace *as = ktest_space_enter();
	struct ktest_file *file = ktest_file_create(16 * PAGE_SIZE);
	struct pinned p;
	vaddr_t map;

	KTEST_CHECK(file && ktest_map(as, BASE, 64 * P, KTEST_RW, MAP_FIXED) == BASE);
	KTEST_CHECK(pin(&p, BASE + 512, 5 * P, false) == 5 * P && *device_word(&p, P) == 0);
	KTEST_CHECK(as->n_resident_anon == 0 && as->n_pinned == 0);
	iov_unpin(&p.pins);
	KTEST_CHECK(ktest_store(BASE + P, 7));
	KTEST_CHECK(pin(&p, BASE + 512, 5 * P, true) == 5 * P);
	KTEST_CHECK(as->n_resident_anon == 6 && as->n_pinned == 6);
	KTEST_CHECK(*device_word(&p, P - 512) == 7 && arrives(&p, 0, BASE + 512, 8));
	KTEST_CHECK(arrives(&p, 5 * P - 8, BASE + 512 + 5 * P - 8, 9));
	iov_unpin(&p.pins);
	KTEST_CHECK(as->n_pinned == 0);
	/* To the border of what is mapped, and no further than allowed. */
	KTEST_CHECK(pin(&p, BASE + 62 * P, 4 * P, true) == 2 * P);
	iov_unpin(&p.pins);
	KTEST_CHECK(vm_protect(as, BASE + P, P, PROT_READ) == 0);
	KTEST_CHECK(pin(&p, BASE, 2 * P, true) == P);
	iov_unpin(&p.pins);
	KTEST_CHECK(pin(&p, BASE, 2 * P, false) == 2 * P);
	iov_unpin(&p.pins);
	KTEST_CHECK(pin(&p, BASE + 128 * P, P, true) == 0);
	/* Files have to hear of stores, and shared memory is a file's. */
	map = ktest_map_file(as, file, 0, 4 * P, KTEST_RW | AREA_SHARED);
	KTEST_CHECK(map && pin(&p, map, P, true) == 0 && pin(&p, map, P, false) == 0);
	map = ktest_map_file(as, file, 0, 4 * P, KTEST_RW);
	KTEST_CHECK(map && pin(&p, map, P, false) == 0 && pin(&p, map, P, true) == P);
	KTEST_CHECK(*device_word(&p, 16) == ktest_file_word(0, 2));
	iov_unpin(&p.pins);
	map = ktest_map(as, 0, 4 * P, KTEST_RW | AREA_SHARED, 0);
	KTEST_CHECK(map && ktest_store(map, 1) && pin(&p, map, P, false) == 0);
	ktest_space_leave(as);
	ktest_file_destroy(file);
	KTEST_CHECK(ktest_frames_settle() + 8 >= before);
}

KTEST(vm_pin_full)
{
	struct aspace *as = ktest_space_enter();
	struct dma_piece pieces[3];
	struct iov_pins pins = { .pieces = pieces, .max = 3, .piece_max = 2 * PAGE_SIZE,
				 .write = true };
	struct iov_iter it;
	size_t got;

	KTEST_CHECK(ktest_map(as, BASE, 64 * P, KTEST_RW, MAP_FIXED) == BASE);
	KTEST_CHECK(!iov_init_user(&it, (void __user *)BASE, 64 * P));
	got = iov_pin(&it, 64 * P, &pins);
	KTEST_CHECK(got >= 3 * P && got <= 6 * P && pins.n == 3 && as->n_pinned == got / P);
	iov_unpin(&pins);
	ktest_space_leave(as);
}

KTEST(vm_pin_fork)
{
	u64 before = ktest_frames_settle();
	enum vm_large_mode mode = vm_large_mode();
	struct aspace *as = ktest_space_enter(), *child, *late;
	struct pinned p;

	/* Small pages, then one large one. */
	for (vaddr_t at = BASE; at <= BASE + 2 * L; at += 2 * L) {
		vm_large_set_mode(at == BASE ? VM_LARGE_NEVER : VM_LARGE_ALWAYS);
		KTEST_CHECK(ktest_map(as, at, L, KTEST_RW, MAP_FIXED) == at);
		KTEST_CHECK(ktest_store(at, 1) && ktest_store(at + P, 2));
		KTEST_CHECK(ktest_store(at + 4 * P, 3));
		KTEST_CHECK(pin(&p, at + P, 2 * P, true) == 2 * P);
		KTEST_CHECK(aspace_fork(as, &child) == 0);
		/* The store is to the page that the device writes, else to a copy. */
		KTEST_CHECK(ktest_store(at + P + 8, 4) && ktest_store(at, 5));
		KTEST_CHECK(arrives(&p, 0, at + P, 6) && *device_word(&p, 8) == 4);
		KTEST_CHECK(arrives(&p, P, at + 2 * P, 7));
		KTEST_CHECK(child_word(child, at) == 1 && child_word(child, at + P) == 2);
		KTEST_CHECK(child_word(child, at + P + 8) == 0);
		KTEST_CHECK(child_word(child, at + 2 * P) == 0);
		KTEST_CHECK(child_word(child, at + 4 * P) == 3);
		iov_unpin(&p.pins);
		/* From now on as ever. */
		KTEST_CHECK(aspace_fork(as, &late) == 0 && ktest_store(at + P, 8));
		KTEST_CHECK(child_word(late, at + P) == 6 && child_word(late, at + 2 * P) == 7);
		/* What a child shares is copied before a device writes it. */
		KTEST_CHECK(pin(&p, at + 2 * P, P, true) == P);
		KTEST_CHECK(arrives(&p, 0, at + 2 * P, 9) && child_word(late, at + 2 * P) == 7);
		iov_unpin(&p.pins);
		aspace_put_user(child);
		aspace_put_user(late);
	}
	ktest_space_leave(as);
	vm_large_set_mode(mode);
	KTEST_CHECK(ktest_frames_settle() + 8 >= before);
}

KTEST(vm_pin_meanwhile)
{
	u64 before = ktest_frames_settle();
	struct aspace *as = ktest_space_enter();
	struct pinned p, q;
	vaddr_t moved;

	KTEST_CHECK(ktest_map(as, BASE, 16 * P, KTEST_RW, MAP_FIXED) == BASE);
	KTEST_CHECK(pin(&p, BASE, 4 * P, true) == 4 * P && pin(&q, BASE, P, true) == P);
	KTEST_CHECK(vm_protect(as, BASE, 16 * P, PROT_READ) == 0 && !ktest_store(BASE, 1));
	KTEST_CHECK(arrives(&p, 0, BASE, 2));
	KTEST_CHECK(vm_protect(as, BASE, 16 * P, PROT_READ | PROT_WRITE) == 0);
	KTEST_CHECK(ktest_store(BASE + 8, 3) && *device_word(&p, 8) == 3);
	KTEST_CHECK(arrives(&p, 0, BASE, 4) && arrives(&q, 16, BASE + 16, 5));
	iov_unpin(&q.pins);
	KTEST_CHECK(vm_remap(as, BASE + P, P, P, MREMAP_MAYMOVE | MREMAP_FIXED, BASE + 32 * P,
			     &moved) == 0);
	KTEST_CHECK(arrives(&p, P, BASE + 32 * P, 6));
	KTEST_CHECK(vm_unmap(as, BASE, 16 * P) == 0);
	/* The memory is the device's alone now, and nobody else has got it. */
	KTEST_CHECK(ktest_map(as, BASE, 16 * P, KTEST_RW, MAP_FIXED) == BASE);
	for (vaddr_t at = BASE; at < BASE + 16 * P; at += P)
		KTEST_CHECK(ktest_store(at, 7));
	KTEST_CHECK(*device_word(&p, 0) == 4 && *device_word(&p, 8) == 3);
	iov_unpin(&p.pins);
	KTEST_CHECK(as->n_pinned == 0);
	ktest_space_leave(as);
	KTEST_CHECK(ktest_frames_settle() + 8 >= before);
}
