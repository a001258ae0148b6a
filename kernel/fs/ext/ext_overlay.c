/*
 * fs/ext/ext_overlay.c - blocks whose contents are still in the journal.
 *
 * A read-only mount of a file system whose journal has to be replayed writes nothing. It remembers
 * instead where in the journal the newest copy of each block is, and reads that. A copy that the
 * log has changed (it began with the journal's magic number) is kept in a page. The tree is built
 * before the mount is visible and constant afterwards, so that readers need no lock.
 */
#include "fs/ext/ext_journal.h"
#include "fs/ext/ext_meta.h"

#include "lib/string.h"
#include "mm/slab.h"

/* Entries are a block number * 2 + 1, or the address of a page. */
static bool entry_is_block(const void *entry)
{
	return (u64)entry & 1;
}

static struct radix_node *node_alloc(void)
{
	return kmalloc(sizeof(struct radix_node), MM_KERNEL);
}

static void node_free(struct radix_node *node)
{
	kfree(node);
}

const struct radix_ops ext_radix_ops = { .alloc = node_alloc, .free = node_free };

static void entry_free(void *entry, void *arg)
{
	if (!entry_is_block(entry))
		page_put(entry);
}

static void *entry_make(u64 from, const struct bblock *b, bool escaped)
{
	struct page *page;

	if (!escaped)
		return (void *)(from << 1 | 1);
	page = page_alloc(MM_KERNEL);
	if (!page)
		return NULL;
	memcpy(page_to_virt(page), b->data, b->size);
	jbd_put_be32(page_to_virt(page), JBD_MAGIC);
	return page;
}

int ext_overlay_add(struct ext_fs *fs, u64 to, u64 from, const struct bblock *b, bool escaped)
{
	void *entry = entry_make(from, b, escaped), *old;
	int err;

	if (!entry)
		return -ENOMEM;
	old = radix_replace(&fs->overlay, to, entry);
	if (old) {
		entry_free(old, NULL);
		return 0;
	}
	err = radix_insert(&fs->overlay, to, entry, NULL);
	if (err)
		entry_free(entry, NULL);
	return err;
}

void ext_overlay_free(struct ext_fs *fs)
{
	fs->overlaid = false;
	radix_destroy(&fs->overlay, entry_free, NULL);
}

int ext_overlay_get(struct ext_fs *fs, u64 block, struct bblock *b)
{
	void *entry = radix_lookup(&fs->overlay, block);

	if (!entry || entry_is_block(entry))
		return bcache_get(fs->dev, entry ? (u64)entry >> 1 : block, fs->geo.block_size, b);
	page_get(entry);
	*b = (struct bblock){ .page = entry, .data = page_to_virt(entry),
			      .size = fs->geo.block_size };
	return 0;
}

u32 ext_overlay_run(struct ext_fs *fs, u64 block, u32 count, u64 *where, const void **copy)
{
	u64 index;
	void *entry;

	*where = block;
	*copy = NULL;
	if (!radix_gang_lookup(&fs->overlay, block, &entry, &index, 1) || index - block >= count)
		return count;
	if (index > block)
		return (u32)(index - block);
	if (entry_is_block(entry))
		*where = (u64)entry >> 1;
	else
		*copy = page_to_virt(entry);
	return 1;
}
