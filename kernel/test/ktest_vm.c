/*
 * The helpers of vm's self-tests. The file's I/O is done by the work queue, so that it ends later
 * and in another thread, as a disk's does.
 */
#include "arch/usercopy.h"
#include "lib/string.h"
#include "mm/kmap.h"
#include "mm/slab.h"
#include "test/ktest.h"
#include "test/ktest_vm_int.h"

struct aspace *ktest_space_enter(void)
{
	struct aspace *as = NULL;

	KTEST_CHECK(aspace_create(&as) == 0);
	(void)aspace_switch(as);
	return as;
}

void ktest_space_leave(struct aspace *as)
{
	(void)aspace_switch(NULL);
	aspace_put_user(as);
}

vaddr_t ktest_map(struct aspace *as, vaddr_t addr, u64 length, u32 flags, u32 map_flags)
{
	struct map_request req = {
		.addr = addr, .length = length, .flags = flags, .map_flags = map_flags
	};
	vaddr_t at;

	return vm_map(as, &req, &at) ? 0 : at;
}

bool ktest_store(vaddr_t addr, u64 value)
{
	return copy_out((void __user *)addr, &value, sizeof(value)) == 0;
}

bool ktest_load(vaddr_t addr, u64 *value)
{
	return copy_in(value, (void __user *)addr, sizeof(*value)) == 0;
}

struct io {
	struct work work;
	struct ktest_file *file;
	bool write;
	unsigned n;
	struct page *pages[];
};

static void fill(struct ktest_file *file, struct page *page)
{
	u64 *words = page_to_virt(page);

	if (page->index < KTEST_FILE_KEPT && file->written[page->index]) {
		memcpy(words, file->kept + (page->index << PAGE_SHIFT), PAGE_SIZE);
		return;
	}
	for (unsigned w = 0; w < PAGE_SIZE / 8; w++)
		words[w] = (page->index << PAGE_SHIFT) + w * 8 < file->size
				   ? ktest_file_word(page->index, w)
				   : 0;
}

static void io_run(struct work *work)
{
	struct io *io = container_of(work, struct io, work);
	int err = io->file->fail ? -EIO : 0;

	for (unsigned i = 0; i < io->n; i++) {
		struct page *page = io->pages[i];

		if (io->write) {
			if (!err && page->index < KTEST_FILE_KEPT) {
				memcpy(io->file->kept + (page->index << PAGE_SHIFT),
				       page_to_virt(page), PAGE_SIZE);
				io->file->written[page->index] = 1;
			}
			page_write_done(page, err);
		} else {
			if (!err)
				fill(io->file, page);
			page_read_done(page, err);
		}
	}
	kfree(io);
}

static void io_start(struct pagecache *cache, struct page **pages, unsigned n, bool write)
{
	struct io *io = kmalloc(sizeof(*io) + n * sizeof(struct page *), MM_ATOMIC);

	if (!io) {
		for (unsigned i = 0; i < n; i++) {
			if (write)
				page_write_done(pages[i], -ENOMEM);
			else
				page_read_done(pages[i], -ENOMEM);
		}
		return;
	}
	io->file = cache->owner;
	io->write = write;
	io->n = n;
	memcpy(io->pages, pages, n * sizeof(struct page *));
	work_init(&io->work, io_run);
	work_queue(&io->work);
}

static void file_read(struct pagecache *cache, struct page **pages, unsigned n)
{
	struct ktest_file *file = cache->owner;

	file->n_reads++;
	file->pages_read += n;
	io_start(cache, pages, n, false);
}

static void file_write(struct pagecache *cache, struct page **pages, unsigned n)
{
	struct ktest_file *file = cache->owner;

	file->n_writes++;
	file->pages_written += n;
	io_start(cache, pages, n, true);
	for (unsigned i = 0; i < n; i++)
		page_unlock(pages[i]);
}

static u64 file_size(struct pagecache *cache)
{
	return ((struct ktest_file *)cache->owner)->size;
}

static const struct pagecache_ops file_ops = { .read = file_read, .write = file_write };

struct ktest_file *ktest_file_create(u64 size)
{
	struct ktest_file *file = kzalloc(sizeof(*file), MM_KERNEL);

	if (!file)
		return NULL;
	file->kept = vmalloc(KTEST_FILE_KEPT * PAGE_SIZE, MM_KERNEL);
	if (!file->kept) {
		kfree(file);
		return NULL;
	}
	pagecache_init(&file->cache, &file_ops, file);
	file->cache.size = file_size;
	file->size = size;
	return file;
}

void ktest_file_destroy(struct ktest_file *file)
{
	KTEST_CHECK(__atomic_load_n(&file->refs, __ATOMIC_RELAXED) == 0);
	pagecache_fini(&file->cache);
	vfree(file->kept);
	kfree(file);
}

static void source_get(struct vm_area *area)
{
	__atomic_fetch_add(&((struct ktest_file *)area->source_data)->refs, 1, __ATOMIC_RELAXED);
}

static void source_put(struct vm_area *area)
{
	__atomic_fetch_sub(&((struct ktest_file *)area->source_data)->refs, 1, __ATOMIC_RELAXED);
}

static const struct area_source file_source = { .get = source_get, .put = source_put };

vaddr_t ktest_map_file(struct aspace *as, struct ktest_file *file, pgoff_t index, u64 length,
		       u32 flags)
{
	struct map_request req = { .length = length,
				   .flags = flags,
				   .cache = &file->cache,
				   .index = index,
				   .source = &file_source,
				   .source_data = file };
	vaddr_t at;

	return vm_map(as, &req, &at) ? 0 : at;
}
