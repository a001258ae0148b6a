/* Mapping a program file into the current address space. */
#pragma once

#include "lib/elf.h"
#include "proc/process.h"

#define EXEC_HEAD_SIZE 256 /* first bytes of a file, enough for "#!" lines and the ELF header */

/* A file about to be run, with what its first bytes say. */
struct exec_image {
	struct file *file;
	char head[EXEC_HEAD_SIZE];
	size_t head_size;
	struct elf_plan *plan;  /* kmalloc'ed; NULL until exec_image_plan() */
};

/* Finds and opens a file for execution: 0, or -EACCES (not a regular file, no permission, noexec),
 * -ETXTBSY, -ENOENT … Writing to it is denied until exec_image_close(). */
int exec_image_open(const struct walk *walk, const char *name, u32 walk_flags,
		    struct exec_image *image);
void exec_image_close(struct exec_image *image);
/* Opens the file of another image once more: 0 or -errno. */
int exec_image_reopen(const struct exec_image *from, struct exec_image *image);
/* Judges the headers: 0, -ENOEXEC, -EINVAL, -ENOMEM, -EIO. */
int exec_image_plan(struct exec_image *image);
/* The interpreter's path (PT_INTERP) into buf: 0, -ENOEXEC, -EIO. */
int exec_image_interp(struct exec_image *image, char *buf, size_t size);
/* Maps the segments into the current space, moved by *bias: for a position-independent image `base`
 * is a hint (0: anywhere) and *bias comes back. 0 or -ENOMEM, -EIO, … */
int exec_image_map(struct exec_image *image, vaddr_t base, u64 *bias);
/* Maps vDSO and its data: 0 and the address of the ELF header, or -ENOMEM. */
int exec_vdso_map(vaddr_t *out);
