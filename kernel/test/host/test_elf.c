/* The ELF plan: what it makes of good files, and each way in which it refuses bad ones. */
#include "test/host/unit.h"

#include "abi/elf.h"
#include "abi/errno.h"
#include "lib/elf.h"

#define USER_END	0x7ffffffff000ULL
#define PAGE		4096

enum { MAX_PH = 8 };

struct image {
	struct elf64_ehdr e;
	struct elf64_phdr ph[MAX_PH];
	u64 file_size;
};

static struct elf_plan plan;

/* A static executable: text with the headers, and data with a bss. */
static struct image good(void)
{
	struct image im = {
		.e = {
			.e_ident = { 0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT },
			.e_type = ET_EXEC,
			.e_machine = EM_X86_64,
			.e_version = EV_CURRENT,
			.e_entry = 0x401000,
			.e_phoff = sizeof(struct elf64_ehdr),
			.e_ehsize = sizeof(struct elf64_ehdr),
			.e_phentsize = sizeof(struct elf64_phdr),
			.e_phnum = 3,
		},
		.ph = {
			{ .p_type = PT_LOAD, .p_flags = PF_R | PF_X, .p_vaddr = 0x400000,
			  .p_filesz = 0x1800, .p_memsz = 0x1800, .p_align = PAGE },
			{ .p_type = PT_LOAD, .p_flags = PF_R | PF_W, .p_offset = 0x1800,
			  .p_vaddr = 0x402800, .p_filesz = 0x100, .p_memsz = 0x5000,
			  .p_align = PAGE },
			{ .p_type = PT_GNU_STACK, .p_flags = PF_R | PF_W },
		},
		.file_size = 0x2000,
	};

	return im;
}

static int make(const struct image *im)
{
	/* Exact heap copies, so that a read beyond their ends is caught. */
	size_t phsize = im->e.e_phnum * sizeof(im->ph[0]);
	void *head = malloc(sizeof(im->e)), *phdrs = malloc(phsize + 1);
	u64 phoff;
	size_t need = 0;
	int err;

	memcpy(head, &im->e, sizeof(im->e));
	memcpy(phdrs, im->ph, min(phsize, sizeof(im->ph)));
	err = elf_check_header(head, sizeof(im->e), im->file_size, &phoff, &need);
	if (!err)
		err = elf_plan_make(head, sizeof(im->e), phdrs, need, im->file_size, USER_END, PAGE,
				    &plan);
	free(head);
	free(phdrs);
	return err;
}

TEST(elf_plans_static_executable)
{
	struct image im = good();

	CHECK_EQ(make(&im), 0);
	CHECK(!plan.dyn && !plan.has_interp && plan.has_stack && !plan.exec_stack);
	CHECK_EQ(plan.entry, 0x401000);
	CHECK_EQ(plan.nr_segments, 2);
	CHECK_EQ(plan.first, 0x400000);
	CHECK_EQ(plan.span, 0x8000);
	CHECK_EQ(plan.brk, 0x407800);
	CHECK_EQ(plan.phdr_vaddr, 0x400040);
	CHECK_EQ(plan.phnum, 3);
	CHECK_EQ(plan.align, PAGE);
	CHECK_EQ(plan.seg[1].memsz, 0x5000);
	CHECK_EQ(plan.seg[1].flags, PF_R | PF_W);
}

TEST(elf_plans_dynamic)
{
	struct image im = good();

	im.e.e_type = ET_DYN;
	im.e.e_entry = 0x1000;
	im.e.e_phnum = 4;
	im.ph[0].p_vaddr = 0;
	im.ph[0].p_align = 1 << 21;
	im.ph[1].p_vaddr = 0x2800;
	im.ph[2].p_flags |= PF_X;
	im.ph[3] = (struct elf64_phdr){ .p_type = PT_INTERP, .p_offset = 0x300, .p_filesz = 28 };
	CHECK_EQ(make(&im), 0);
	CHECK(plan.dyn && plan.has_interp && plan.exec_stack);
	CHECK_EQ(plan.interp_offset, 0x300);
	CHECK_EQ(plan.interp_len, 28);
	CHECK_EQ(plan.first, 0);
	CHECK_EQ(plan.align, 1 << 21);
	CHECK_EQ(plan.phdr_vaddr, 0x40);
}

#define REFUSES(change, err) \
	do { \
		struct image im = good(); \
		change; \
		CHECK_EQ(make(&im), err); \
	} while (0)

TEST(elf_refuses_headers)
{
	struct elf64_ehdr e = good().e;
	size_t size;
	u64 off;

	CHECK_EQ(elf_check_header(&e, 63, 0x2000, &off, &size), -ENOEXEC);
	REFUSES(im.e.e_ident[0] = 0, -ENOEXEC);
	REFUSES(im.e.e_ident[EI_CLASS] = ELFCLASS32, -ENOEXEC);
	REFUSES(im.e.e_ident[EI_DATA] = ELFDATA2MSB, -ENOEXEC);
	REFUSES(im.e.e_type = ET_REL, -ENOEXEC);
	REFUSES(im.e.e_type = ET_CORE, -ENOEXEC);
	REFUSES(im.e.e_machine = EM_386, -ENOEXEC);
	REFUSES(im.e.e_phentsize = 32, -ENOEXEC);
	REFUSES(im.e.e_phnum = 0, -ENOEXEC);
	REFUSES(im.e.e_phnum = 0xffff, -ENOEXEC);
	REFUSES(im.e.e_phoff = 0x2000 - 100, -ENOEXEC);
	REFUSES(im.e.e_phoff = ~0ULL - 8, -ENOEXEC);
	REFUSES(im.file_size = 64, -ENOEXEC);
	REFUSES(im.e.e_phnum = 0xffff / 56, -ENOEXEC);
}

TEST(elf_refuses_segments)
{
	REFUSES(im.ph[0].p_filesz = 0x1801, -ENOEXEC);
	REFUSES(im.ph[1].p_offset = 0x2800, -ENOEXEC);
	REFUSES(im.ph[1].p_offset = ~0ULL - 0x7ff, -ENOEXEC);
	REFUSES((im.ph[1].p_filesz = ~0ULL, im.ph[1].p_memsz = ~0ULL), -ENOEXEC);
	REFUSES(im.ph[1].p_memsz = ~0ULL, -EINVAL);
	REFUSES(im.ph[1].p_memsz = USER_END, -EINVAL);
	REFUSES(im.ph[1].p_vaddr = 0xffffffff80000800ULL, -EINVAL);
	REFUSES(im.ph[1].p_vaddr = 0x402900, -EINVAL);
	REFUSES(im.ph[1].p_vaddr = 0x401800, -EINVAL);
	REFUSES(im.ph[1].p_vaddr = 0x3f0800, -EINVAL);
	REFUSES(im.ph[0].p_vaddr = 0, -EINVAL);
	REFUSES(im.ph[0].p_align = 3, -EINVAL);
	REFUSES(im.ph[0].p_align = 1ULL << 63, -EINVAL);
	REFUSES(im.e.e_phnum = 1, 0);
	REFUSES((im.ph[0].p_type = PT_NULL, im.ph[1].p_type = PT_NOTE), -ENOEXEC);
	REFUSES((im.ph[2].p_type = PT_INTERP, im.ph[2].p_filesz = 1), -ENOEXEC);
	REFUSES((im.ph[2].p_type = PT_INTERP, im.ph[2].p_filesz = 5000), -ENOEXEC);
	REFUSES((im.ph[2].p_type = PT_INTERP, im.ph[2].p_filesz = 9, im.ph[2].p_offset = 0x1ff8),
		-ENOEXEC);
}

/* The machine's own programs must all be accepted. */
TEST(elf_accepts_host_programs)
{
	static const char *const paths[] = {
		"/bin/sh", "/bin/ls", "/usr/bin/env", "/usr/bin/python3",
		"/lib64/ld-linux-x86-64.so.2", "/proc/self/exe",
	};

	for (unsigned i = 0; i < ARRAY_SIZE(paths); i++) {
		size_t size = 0, phsize;
		char *data = unit_read_file(paths[i], &size);
		u64 phoff;
		int err;

		if (!data)
			continue;
		err = elf_check_header(data, size, size, &phoff, &phsize);
		if (!err)
			err = elf_plan_make(data, size, data + phoff, phsize, size, USER_END, PAGE,
					    &plan);
		if (err)
			unit_fail(__FILE__, __LINE__, "%s: %d", paths[i], err);
		else
			CHECK(plan.phdr_vaddr && plan.nr_segments > 1);
		free(data);
	}
}
