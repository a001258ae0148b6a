/*
 * ELF images (elf(5)): lib/elf.c has judged the headers and made a plan; here it is carried out
 * with mappings of the file. Each segment is a private file mapping of its file bytes, the rest of
 * its last page is zeroed, and what goes beyond is anonymous.
 */
#include "proc/exec_load.h"

#include "abi/elf.h"
#include "abi/errno.h"
#include "abi/mman.h"
#include "abi/stat.h"
#include "arch/usercopy.h"
#include "mm/slab.h"

/* The file at the path, which may be executed; execute permission is enough: the kernel reads it,
 * not the user. */
static int image_begin(const struct path *path, struct exec_image *image)
{
	int error = vfs_open_path(path, O_RDONLY | O_LARGEFILE, cred_root, &image->file);
	ssize_t n;

	if (error)
		return error;
	error = inode_deny_write(image->file->inode);
	if (error) {
		file_put(image->file);
		image->file = NULL;
		return error;
	}
	n = file_read_kernel(image->file, image->head, sizeof(image->head), 0);
	if (n < 0) {
		exec_image_close(image);
		return (int)n;
	}
	image->head_size = (size_t)n;
	return 0;
}

int exec_image_open(const struct walk *walk, const char *name, u32 walk_flags,
		    struct exec_image *image)
{
	struct path path;
	int error = path_lookup(walk, name, walk_flags, &path);

	*image = (struct exec_image){ 0 };
	if (error)
		return error;
	if (!S_ISREG(path.dentry->inode->mode) || (path.mount->flags & MNT_F_NOEXEC))
		error = -EACCES;
	else
		error = inode_permission(path.dentry->inode, walk->cred, MAY_EXEC);
	if (!error)
		error = image_begin(&path, image);
	path_put(&path);
	return error;
}

int exec_image_reopen(const struct exec_image *from, struct exec_image *image)
{
	*image = (struct exec_image){ 0 };
	return image_begin(&from->file->path, image);
}

void exec_image_close(struct exec_image *image)
{
	if (image->file) {
		inode_allow_write(image->file->inode);
		file_put(image->file);
	}
	kfree(image->plan);
	*image = (struct exec_image){ 0 };
}

int exec_image_plan(struct exec_image *image)
{
	u64 file_size = (u64)READ_ONCE(image->file->inode->size), offset;
	size_t size;
	void *headers;
	ssize_t n;
	int error = elf_check_header(image->head, image->head_size, file_size, &offset, &size);

	if (error)
		return error;
	headers = kmalloc(size, MM_KERNEL);
	image->plan = kmalloc(sizeof(*image->plan), MM_KERNEL);
	error = headers && image->plan ? 0 : -ENOMEM;
	if (!error) {
		n = file_read_kernel(image->file, headers, size, (loff_t)offset);
		error = n < 0 ? (int)n : (size_t)n == size ? 0 : -ENOEXEC;
	}
	if (!error)
		error = elf_plan_make(image->head, image->head_size, headers, size, file_size,
				      USER_TOP, PAGE_SIZE, image->plan);
	kfree(headers);
	return error;
}

int exec_image_interp(struct exec_image *image, char *buf, size_t size)
{
	const struct elf_plan *plan = image->plan;
	ssize_t n;

	if (plan->interp_len > size || plan->interp_len < 2)
		return -ENOEXEC;
	n = file_read_kernel(image->file, buf, plan->interp_len, (loff_t)plan->interp_offset);
	if (n < 0)
		return (int)n;
	if ((u64)n != plan->interp_len || buf[n - 1])
		return -ENOEXEC;
	return 0;
}

static u32 segment_area_flags(u32 p)
{
	u32 flags = AREA_MAYREAD | AREA_MAYWRITE | AREA_MAYEXEC;

	return flags | (p & PF_R ? AREA_READ : 0) | (p & PF_W ? AREA_WRITE : 0) |
	       (p & PF_X ? AREA_EXEC : 0);
}

/* The file's part of a segment. */
static int map_file_part(struct exec_image *image, const struct elf_segment *s, vaddr_t start,
			 u64 length)
{
	struct map_request req = { .addr = start,
				   .length = length,
				   .flags = segment_area_flags(s->flags),
				   .map_flags = MAP_FIXED | MAP_PRIVATE,
				   .index = align_down(s->offset, PAGE_SIZE) >> PAGE_SHIFT };
	vaddr_t at;
	int error;

	if (!image->file->ops->mmap)
		return -ENOEXEC;
	error = image->file->ops->mmap(image->file, &req);
	return error ? error : vm_map(aspace_current(), &req, &at);
}

static int map_zero_part(const struct elf_segment *s, vaddr_t start, u64 length)
{
	struct map_request req = { .addr = start,
				   .length = length,
				   .flags = segment_area_flags(s->flags),
				   .map_flags = MAP_FIXED | MAP_PRIVATE | MAP_ANONYMOUS };
	vaddr_t at;

	return vm_map(aspace_current(), &req, &at);
}

static int map_segment(struct exec_image *image, const struct elf_segment *s, u64 bias)
{
	vaddr_t vaddr = s->vaddr + bias, start = align_down(vaddr, PAGE_SIZE);
	vaddr_t file_end = align_up(vaddr + s->filesz, PAGE_SIZE),
		end = align_up(vaddr + s->memsz, PAGE_SIZE);
	int error;

	if (s->filesz) {
		error = map_file_part(image, s, start, file_end - start);
		if (error)
			return error;
	} else {
		file_end = start;
	}
	if (s->filesz && s->memsz > s->filesz && (s->flags & PF_W)) {
		u64 rest = file_end - (vaddr + s->filesz);

		if (user_clear((void __user *)(vaddr + s->filesz), rest) != rest)
			return -EIO;
	}
	return end > file_end ? map_zero_part(s, file_end, end - file_end) : 0;
}

/* Finds room for the whole span of a position-independent image, so that its segments can then be
 * put at fixed places. */
static int reserve_span(const struct elf_plan *plan, vaddr_t base, u64 *bias)
{
	u64 slack = plan->align > PAGE_SIZE ? plan->align - PAGE_SIZE : 0;
	struct map_request req = { .addr = base,
				   .length = plan->span + slack,
				   .flags = AREA_MAYREAD | AREA_NORESERVE,
				   .map_flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE };
	vaddr_t at;
	int error = vm_map(aspace_current(), &req, &at);

	if (error)
		return error;
	error = vm_unmap(aspace_current(), at, plan->span + slack);
	*bias = align_up(at, plan->align) - align_down(plan->first, plan->align);
	return error;
}

int exec_image_map(struct exec_image *image, vaddr_t base, u64 *bias)
{
	const struct elf_plan *plan = image->plan;
	int error = 0;

	*bias = 0;
	if (plan->dyn)
		error = reserve_span(plan, base, bias);
	for (unsigned i = 0; i < plan->nr_segments && !error; i++)
		error = map_segment(image, &plan->seg[i], *bias);
	return error;
}
