/*
 * lib/elf.c - judging an ELF64 file and planning how to load it (System V ABI, chapters 4 and 5;
 * the x86-64 supplement).
 *
 * The program headers are gone through once; each kind has its own small check, and what passes
 * goes into the plan. All sums of file offsets and addresses are made with overflow checks.
 */
#include "lib/elf.h"

#include "abi/elf.h"
#include "abi/errno.h"
#include "lib/bitops.h"
#include "lib/string.h"

/* What the checks look at; never changes. */
struct limits {
	u64 file_size;
	u64 user_end;
	u64 page_size;
};

/* True if offset..offset+len lies within the file. */
static bool within(u64 offset, u64 len, u64 file_size)
{
	return offset <= file_size && len <= file_size - offset;
}

int elf_check_header(const void *head, size_t len, u64 file_size, u64 *phoff, size_t *phsize)
{
	struct elf64_ehdr e;
	size_t size;

	if (len < sizeof(e))
		return -ENOEXEC;
	memcpy(&e, head, sizeof(e));
	if (memcmp(e.e_ident, ELFMAG, SELFMAG) != 0 || e.e_ident[EI_CLASS] != ELFCLASS64 ||
	    e.e_ident[EI_DATA] != ELFDATA2LSB || e.e_ident[EI_VERSION] != EV_CURRENT)
		return -ENOEXEC;
	if ((e.e_type != ET_EXEC && e.e_type != ET_DYN) || e.e_machine != EM_X86_64)
		return -ENOEXEC;
	if (e.e_phentsize != sizeof(struct elf64_phdr) || e.e_phnum == 0 ||
	    e.e_phnum > ELF_MAX_PHNUM)
		return -ENOEXEC;
	size = e.e_phnum * sizeof(struct elf64_phdr);
	if (!within(e.e_phoff, size, file_size))
		return -ENOEXEC;
	*phoff = e.e_phoff;
	*phsize = size;
	return 0;
}

/* A PT_LOAD joins the plan. Its addresses rise from segment to segment. */
static int plan_segment(const struct elf64_phdr *ph, const struct limits *lim,
			struct elf_plan *plan)
{
	u64 page_mask = lim->page_size - 1;
	u64 end, last_end;

	if (ph->p_memsz == 0 && ph->p_filesz == 0)
		return 0;
	if (ph->p_filesz > ph->p_memsz || !within(ph->p_offset, ph->p_filesz, lim->file_size))
		return -ENOEXEC;
	if (ph->p_align && (!is_pow2(ph->p_align) || ph->p_align > lim->user_end))
		return -EINVAL;
	if (ph->p_filesz && ((ph->p_vaddr ^ ph->p_offset) & page_mask))
		return -EINVAL;
	if (add_overflow(ph->p_vaddr, ph->p_memsz, &end) || end > lim->user_end)
		return -EINVAL;
	if (!plan->dyn && ph->p_vaddr < lim->page_size)
		return -EINVAL;		/* would let null pointers work */
	if (plan->nr_segments) {
		last_end = align_up(plan->brk, lim->page_size);
		if ((ph->p_vaddr & ~page_mask) < last_end)
			return -EINVAL;
	} else {
		plan->first = ph->p_vaddr & ~page_mask;
	}
	if (plan->nr_segments == ELF_MAX_SEGMENTS)
		return -ENOEXEC;
	plan->seg[plan->nr_segments++] = (struct elf_segment){
		.vaddr = ph->p_vaddr,
		.offset = ph->p_offset,
		.filesz = ph->p_filesz,
		.memsz = ph->p_memsz,
		.flags = ph->p_flags & (PF_R | PF_W | PF_X),
	};
	plan->align = max(plan->align, ph->p_align);
	plan->brk = end;
	return 0;
}

/* The first PT_INTERP counts. Whether its text is terminated shows when it is read. */
static int plan_interp(const struct elf64_phdr *ph, const struct limits *lim,
		       struct elf_plan *plan)
{
	if (plan->has_interp)
		return 0;
	if (ph->p_filesz < 2 || ph->p_filesz > ELF_MAX_INTERP ||
	    !within(ph->p_offset, ph->p_filesz, lim->file_size))
		return -ENOEXEC;
	plan->has_interp = true;
	plan->interp_offset = ph->p_offset;
	plan->interp_len = ph->p_filesz;
	return 0;
}

static int plan_phdr(const struct elf64_phdr *ph, const struct limits *lim, struct elf_plan *plan)
{
	switch (ph->p_type) {
	case PT_LOAD:
		return plan_segment(ph, lim, plan);
	case PT_INTERP:
		return plan_interp(ph, lim, plan);
	case PT_GNU_STACK:
		plan->has_stack = true;
		plan->exec_stack = ph->p_flags & PF_X;
		return 0;
	default:
		return 0;
	}
}

/* Where a segment brings the file's bytes offset..offset+len into memory, or 0. */
static u64 vaddr_of_offset(const struct elf_plan *plan, u64 offset, u64 len)
{
	for (unsigned i = 0; i < plan->nr_segments; i++) {
		const struct elf_segment *s = &plan->seg[i];

		if (offset >= s->offset && within(offset - s->offset, len, s->filesz))
			return s->vaddr + (offset - s->offset);
	}
	return 0;
}

int elf_plan_make(const void *head, size_t len, const void *phdrs, size_t phsize, u64 file_size,
		  u64 user_end, u64 page_size, struct elf_plan *plan)
{
	const struct limits lim = { file_size, user_end, page_size };
	struct elf64_ehdr e;
	size_t need;
	u64 phoff;
	int err = elf_check_header(head, len, file_size, &phoff, &need);

	if (err)
		return err;
	if (phsize != need)
		return -ENOEXEC;
	memcpy(&e, head, sizeof(e));
	memset(plan, 0, sizeof(*plan));
	plan->dyn = e.e_type == ET_DYN;
	plan->entry = e.e_entry;
	plan->phnum = e.e_phnum;
	plan->phentsize = e.e_phentsize;
	plan->align = page_size;
	for (unsigned i = 0; i < e.e_phnum; i++) {
		struct elf64_phdr ph;

		memcpy(&ph, (const u8 *)phdrs + i * sizeof(ph), sizeof(ph));
		err = plan_phdr(&ph, &lim, plan);
		if (err)
			return err;
	}
	if (!plan->nr_segments)
		return -ENOEXEC;
	plan->span = align_up(plan->brk, page_size) - plan->first;
	plan->phdr_vaddr = vaddr_of_offset(plan, phoff, need);
	return 0;
}
