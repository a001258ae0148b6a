/*
 * lib/elf.h - judging an ELF64 file and planning how to load it.
 *
 * Everything in the file is hostile: the plan is made from the file's first bytes and its size
 * alone, without touching memory or files, and contains only values already checked, so that the
 * loader can carry it out without looking at the file's headers again. (System V ABI, chapters 4
 * and 5; the structures are in abi/elf.h.)
 */
#ifndef LIB_ELF_H
#define LIB_ELF_H

#include "lib/types.h"

enum {
	ELF_MAX_SEGMENTS = 32,		/* PT_LOAD entries accepted */
	ELF_MAX_PHNUM = 128,		/* program headers accepted */
	ELF_MAX_INTERP = 4096,		/* bytes of the interpreter's path, terminator included */
};

/* One PT_LOAD. Page-rounded neighbours never overlap, and come in ascending order. */
struct elf_segment {
	u64 vaddr;	/* first byte, not page aligned; congruent to offset modulo the page */
	u64 offset;	/* in the file */
	u64 filesz;	/* bytes from the file; offset + filesz lies within the file */
	u64 memsz;	/* bytes in memory, >= filesz; the rest is zero */
	u32 flags;	/* PF_R | PF_W | PF_X */
};

/* More than a kilobyte: allocate it, do not put it on the stack. */
struct elf_plan {
	bool dyn;		/* ET_DYN: may be placed anywhere; else at the stated addresses */
	bool has_interp;
	bool has_stack;		/* a PT_GNU_STACK is there ... */
	bool exec_stack;	/* ... and asks for PF_X; without one the stack is not executable */
	u64 entry;		/* as in the file, not relocated; any value, mapped or not */
	u64 phdr_vaddr;		/* where the program headers will be in memory, or 0 */
	u16 phnum;
	u16 phentsize;
	u64 interp_offset;	/* in the file; interp_len bytes, 2..ELF_MAX_INTERP, the last of
				 * which must turn out to be NUL */
	u64 interp_len;
	u64 first;		/* lowest address of the image, page aligned down */
	u64 span;		/* bytes from first to the end, page aligned up */
	u64 align;		/* largest p_align, a power of two, at least the page */
	u64 brk;		/* end of the last byte of the highest segment */
	unsigned nr_segments;
	struct elf_segment seg[ELF_MAX_SEGMENTS];
};

/*
 * First step: is `head` (the first `len` bytes of the file, at least 64 unless the file is
 * shorter) an ELF64 little-endian x86-64 executable or shared object, and where are its program
 * headers? On 0, *phoff and *phsize say which bytes of the file elf_plan_make needs; they lie
 * within file_size. -ENOEXEC otherwise.
 */
int must_check elf_check_header(const void *head, size_t len, u64 file_size, u64 *phoff,
				size_t *phsize);

/*
 * Second step: the plan. `head` is as above, `phdrs` the *phsize bytes read at *phoff, user_end
 * the first address above user space. The loader supports pages of `page_size`, a power of two.
 * 0; -ENOEXEC when the file is malformed; -EINVAL when it is well formed but cannot be loaded
 * (segments overlap or descend, lie outside user space, or are not congruent with the page).
 */
int must_check elf_plan_make(const void *head, size_t len, const void *phdrs, size_t phsize,
			     u64 file_size, u64 user_end, u64 page_size, struct elf_plan *plan);

#endif
