/*
 * The file (elf(5), ET_CORE): header, program headers, notes, memory by pages. More program headers
 * than their count can tell have it in a section header.
 */
#include "abi/elf.h"
#include "abi/errno.h"
#include "lib/string.h"
#include "mm/slab.h"
#include "proc/core_int.h"

static u32 rights(u32 flags)
{
	return (flags & AREA_READ ? PF_R : 0) | (flags & AREA_WRITE ? PF_W : 0) |
	       (flags & AREA_EXEC ? PF_X : 0);
}

static bool emit_header(struct core_out *out, u32 n)
{
	struct elf64_ehdr h = {
		.e_type = ET_CORE, .e_machine = EM_X86_64, .e_version = EV_CURRENT,
		.e_phoff = sizeof(h), .e_ehsize = sizeof(h),
		.e_phentsize = sizeof(struct elf64_phdr), .e_phnum = (u16)min(n, (u32)PN_XNUM),
	};

	memcpy(h.e_ident, ELFMAG, SELFMAG);
	h.e_ident[EI_CLASS] = ELFCLASS64;
	h.e_ident[EI_DATA] = ELFDATA2LSB;
	h.e_ident[EI_VERSION] = EV_CURRENT;
	if (n >= PN_XNUM) {
		h.e_shoff = sizeof(h) + n * sizeof(struct elf64_phdr);
		h.e_shentsize = sizeof(struct elf64_shdr);
		h.e_shnum = 1;
	}
	return core_emit(out, &h, sizeof(h));
}

static bool emit_headers(struct core_out *out, const struct core_image *image)
{
	u32 n = image->n_areas + 1;
	u64 at = sizeof(struct elf64_ehdr) + n * sizeof(struct elf64_phdr) +
		 (n >= PN_XNUM ? sizeof(struct elf64_shdr) : 0);
	struct elf64_phdr ph = { .p_type = PT_NOTE, .p_offset = at,
				 .p_filesz = image->notes.used };
	struct elf64_shdr extra = { .sh_size = 1, .sh_info = n };

	if (!emit_header(out, n) || !core_emit(out, &ph, sizeof(ph)))
		return false;
	at = align_up(at + image->notes.used, PAGE_SIZE);
	for (u32 i = 0; i < image->n_areas; i++) {
		const struct core_area *a = &image->areas[i];

		ph = (struct elf64_phdr){ .p_type = PT_LOAD, .p_flags = rights(a->flags),
					  .p_offset = at, .p_vaddr = a->start,
					  .p_filesz = a->dump, .p_memsz = a->end - a->start,
					  .p_align = PAGE_SIZE };
		if (!core_emit(out, &ph, sizeof(ph)))
			return false;
		at += a->dump;
	}
	return n < PN_XNUM || core_emit(out, &extra, sizeof(extra));
}

static bool is_zero(const u64 *page)
{
	for (size_t i = 0; i < PAGE_SIZE / sizeof(u64); i++)
		if (page[i])
			return false;
	return true;
}

static bool emit_memory(struct core_out *out, const struct core_area *a, struct aspace *as,
			void *page)
{
	for (u64 at = a->start; at < a->start + a->dump; at += PAGE_SIZE) {
		bool ok = !aspace_dump_page(as, at, page) && !is_zero(page) ?
				  core_emit(out, page, PAGE_SIZE) : core_zeros(out, PAGE_SIZE);

		if (!ok || READ_ONCE(out->process->core_killed))
			return false;
		sched_point();
	}
	return true;
}

void core_write(struct core_out *out, const struct core_image *image, struct aspace *as)
{
	void *page = kmalloc(PAGE_SIZE, MM_KERNEL);
	bool ok = page && emit_headers(out, image) &&
		  core_emit(out, image->notes.buf, image->notes.used) &&
		  core_zeros(out, align_up((u64)out->pos, PAGE_SIZE) - (u64)out->pos);

	for (u32 i = 0; ok && i < image->n_areas; i++)
		ok = emit_memory(out, &image->areas[i], as, page);
	if (ok)
		core_finish(out);
	kfree(page);
}
