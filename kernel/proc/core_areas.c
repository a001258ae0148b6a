/*
 * Which memory a dump has (core(5), "Controlling which mappings are written to the core dump"), and
 * the names of mapped files. It is taken once: other processes may share the space and change it.
 */
#include "abi/elf.h"
#include "abi/errno.h"
#include "abi/limits.h"
#include "lib/string.h"
#include "mm/kmap.h"
#include "mm/slab.h"
#include "proc/core_int.h"

enum { /* bits of coredump_filter */
	ANON_PRIVATE = 1 << 0,
	ANON_SHARED = 1 << 1,
	FILE_PRIVATE = 1 << 2,
	FILE_SHARED = 1 << 3,
	ELF_HEADERS = 1 << 4,
};

#define DELETED " (deleted)"

static bool ends_with(const char *s, const char *end)
{
	size_t n = strlen(s), m = strlen(end);

	return n >= m && !strcmp(s + n - m, end);
}

/* How much of an area is wanted; `path`: its file's, "" for none. Of a file's first page it is not
 * said yet whether it begins an ELF file. */
static u64 area_wanted(const struct vm_area *area, const char *path, u32 filter)
{
	u64 whole = area->end - area->start;

	if (area->name && !strcmp(area->name, "[vdso]"))
		return whole;
	if (area->flags & (AREA_DONTDUMP | AREA_DEVICE))
		return 0;
	if (area->flags & AREA_SHARED) {
		bool anonymous = !path[0] || ends_with(path, DELETED);

		return filter & (anonymous ? ANON_SHARED : FILE_SHARED) ? whole : 0;
	}
	if ((filter & ANON_PRIVATE) && (!area->cache || (area->flags & AREA_COWED)))
		return whole;
	if (!area->cache)
		return 0;
	if (filter & FILE_PRIVATE)
		return whole;
	return (filter & ELF_HEADERS) && !area->index && (area->flags & AREA_READ) ? PAGE_SIZE : 0;
}

static void take(struct core_image *image, struct core_area *to, struct vm_area *area, char *path,
		 u32 filter)
{
	u64 dev = 0, ino = 0;

	path[0] = 0;
	if (area->source && area->source->describe)
		area->source->describe(area, &image->root, path, PATH_MAX, &dev, &ino);
	*to = (struct core_area){ .start = area->start, .end = area->end,
				  .dump = area_wanted(area, path, filter),
				  .page = area->index, .flags = area->flags, .name = ~0u };
	if (path[0]) {
		to->name = (u32)image->names.used;
		text_write(&image->names, path, strlen(path) + 1);
		image->n_names++;
	}
}

/* The areas there are, with as->lock held for reading: 0, or -EAGAIN if they are more by now. */
static int take_all(struct core_image *image, struct aspace *as, char *path, u32 room, u32 filter)
{
	if (as->n_areas > room)
		return -EAGAIN;
	for (struct vm_area *a = area_first(as); a && image->n_areas < room; a = area_next(a))
		take(image, &image->areas[image->n_areas++], a, path, filter);
	return image->names.error;
}

/* Of a page that was taken for being a file's first only headers count. */
static void headers_check(struct core_image *image, struct aspace *as)
{
	for (u32 i = 0; i < image->n_areas; i++) {
		struct core_area *a = &image->areas[i];
		char magic[SELFMAG];

		if (a->dump != PAGE_SIZE || a->end - a->start == PAGE_SIZE)
			continue;
		if (aspace_peek(as, a->start, magic, SELFMAG, true) != SELFMAG ||
		    memcmp(magic, ELFMAG, SELFMAG))
			a->dump = 0;
	}
}

int core_areas_take(struct core_image *image, struct aspace *as, u32 filter)
{
	char *path = kmalloc(PATH_MAX, MM_KERNEL);
	int err = path ? -EAGAIN : -ENOMEM;

	fs_context_get_paths(task_current()->fs, &image->root, NULL);
	while (err == -ABI_EAGAIN) {
		u32 room = READ_ONCE(as->n_areas) + 16;

		kvfree(image->areas);
		image->areas = kvmalloc(room * sizeof(*image->areas), MM_KERNEL);
		err = image->areas ? rwsem_read_killable(&as->lock) : -ENOMEM;
		if (err)
			break;
		err = take_all(image, as, path, room, filter);
		rwsem_read_end(&as->lock);
	}
	kfree(path);
	if (!err)
		headers_check(image, as);
	return err;
}

void core_image_free(struct core_image *image)
{
	path_put(&image->root);
	kvfree(image->areas);
	text_free(&image->names);
	text_free(&image->notes);
}
