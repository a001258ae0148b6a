/*
 * test/host/fuzz_elf.c - throws bytes at the ELF plan and checks what elf.h promises about it.
 */
#include "test/host/fuzz.h"

#include "abi/elf.h"
#include "lib/elf.h"

#define USER_END	0x7ffffffff000ULL
#define PAGE		4096ULL

static void check_plan(const struct elf_plan *p, u64 size)
{
	u64 last = p->first;

	INSIST(p->nr_segments > 0 && p->nr_segments <= ELF_MAX_SEGMENTS);
	for (unsigned i = 0; i < p->nr_segments; i++) {
		const struct elf_segment *s = &p->seg[i];

		INSIST(s->filesz <= s->memsz && s->offset <= size && s->filesz <= size - s->offset);
		INSIST(s->vaddr + s->memsz >= s->vaddr && s->vaddr + s->memsz <= USER_END);
		INSIST(align_down(s->vaddr, PAGE) >= last);
		INSIST(!s->filesz || s->vaddr % PAGE == s->offset % PAGE);
		last = align_up(s->vaddr + s->memsz, PAGE);
	}
	INSIST(p->first % PAGE == 0 && p->first + p->span == last && last <= USER_END);
	INSIST(is_aligned(p->align, PAGE) && !(p->align & (p->align - 1)));
	INSIST(!p->phdr_vaddr || (p->phdr_vaddr >= p->first && p->phdr_vaddr < last));
	if (p->has_interp)
		INSIST(p->interp_len >= 2 && p->interp_len <= ELF_MAX_INTERP &&
		       p->interp_offset <= size && p->interp_len <= size - p->interp_offset);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const u8 ident[] = { 0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT };
	struct elf_plan plan;
	struct elf64_ehdr e;
	size_t phsize;
	u64 phoff;
	u8 *copy;

	if (size < sizeof(e))
		return 0;
	copy = malloc(size);
	memcpy(copy, data, size);
	if (copy[0] & 1) {		/* half of the inputs get past the first checks */
		memcpy(&e, copy, sizeof(e));
		memcpy(e.e_ident, ident, sizeof(ident));
		e.e_machine = EM_X86_64;
		e.e_phentsize = sizeof(struct elf64_phdr);
		e.e_phoff = sizeof(e);
		memcpy(copy, &e, sizeof(e));
	}
	if (elf_check_header(copy, size, size, &phoff, &phsize) == 0) {
		INSIST(phoff <= size && phsize <= size - phoff);
		if (elf_plan_make(copy, size, copy + phoff, phsize, size, USER_END, PAGE, &plan) ==
		    0)
			check_plan(&plan, size);
	}
	free(copy);
	return 0;
}
