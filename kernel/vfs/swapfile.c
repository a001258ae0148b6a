/*
 * Setting up swap areas: swapon(2) opens a block device or a regular file, reads the header that
 * mkswap(8) wrote, finds out where a file's pages lie on the disk, and hands the area to
 * vm/swap.h; swapoff(2) takes it back.
 *
 * While it is in use a device is claimed as for a mount, and a file is open and may not be opened
 * for writing, so that what was learned about it stays true. Its pages go straight to the device:
 * what the page cache has of the same bytes was written and dropped before.
 *
 * The list's lock is held throughout both calls, so they do not meet.
 */
#include "vfs/swapfile_int.h"

#include "abi/errno.h"
#include "abi/fcntl.h"
#include "abi/kdev.h"
#include "abi/limits.h"
#include "abi/stat.h"
#include "abi/swap.h"
#include "core/log.h"
#include "dev/blk.h"
#include "lib/string.h"
#include "mm/kmap.h"
#include "mm/slab.h"
#include "sched/thread.h"
#include "vfs/file.h"

#define SECTORS_PER_PAGE (PAGE_SIZE >> 9)

/* l: lock. */
static struct {
	struct mutex lock;
	struct list all; /* l */
} swapfiles = {
	.lock = MUTEX_INIT(swapfiles.lock, RANK_PROC_EXEC, "swapfiles"),
	.all = LIST_INIT(swapfiles.all),
};

/* What is learned before the area begins. */
struct plan {
	u64 n_pages;         /* of the device or file */
	u64 n_slots;         /* of the area, as its header says */
	u32 *bad;            /* unusable slots */
	unsigned n_bad, bad_room;
	unsigned extent_room;
};

/* ---- Opening ---- */

static int open_device(struct swapfile *s, const struct path *path, struct plan *plan)
{
	struct inode *inode = path->dentry->inode;
	struct blkdev *dev;
	int err;

	if (path->mount && path->mount->flags & MNT_F_NODEV)
		return -EACCES;
	dev = blkdev_find_number(dev_major((u32)inode->rdev), dev_minor((u32)inode->rdev));
	if (!dev)
		return -ENXIO;
	err = blkdev_is_read_only(dev) ? -EROFS : blkdev_open(dev);
	if (err < 0)
		goto out_put;
	err = blkdev_claim(dev);
	if (err < 0)
		goto out_close;
	s->dev = dev;
	plan->n_pages = dev->n_sectors / SECTORS_PER_PAGE;
	err = pagecache_sync(&dev->cache);
	pagecache_shrink(&dev->cache);
	return err;

out_close:
	blkdev_close(dev);
out_put:
	blkdev_put(dev);
	return err;
}

static int open_file(struct swapfile *s, const struct path *path, const struct cred *cred,
		     struct plan *plan)
{
	struct inode *inode = path->dentry->inode;
	int err;

	if (!inode->ops->locate || !inode->sb->dev)
		return -EINVAL;
	err = vfs_open_path(path, O_RDONLY | O_LARGEFILE, cred, &s->file);
	if (err < 0)
		return err;
	err = inode_deny_write(inode);
	if (err < 0)
		return err;
	s->inode = inode;
	blkdev_get(inode->sb->dev);
	s->dev = inode->sb->dev;
	plan->n_pages = (u64)inode->size >> PAGE_SHIFT;
	err = inode_sync(inode);
	pagecache_shrink(&inode->cache);
	return err;
}

static int open_place(struct swapfile *s, const struct path *path, const struct cred *cred,
		      struct plan *plan)
{
	u32 mode = path->dentry->inode->mode;

	if (S_ISBLK(mode))
		return open_device(s, path, plan);
	if (S_ISREG(mode))
		return open_file(s, path, cred, plan);
	return S_ISDIR(mode) ? -EISDIR : -EINVAL;
}

/* ---- Where the pages are ---- */

/* Makes room for one more behind n items of `size` bytes: 0 or -ENOMEM. */
static int grow(void **items, unsigned n, unsigned *room, size_t size)
{
	unsigned wanted = max(2 * *room, 16u);
	void *more;

	if (n < *room)
		return 0;
	more = kvmalloc(wanted * size, MM_KERNEL);
	if (!more)
		return -ENOMEM;
	if (*items)
		memcpy(more, *items, n * size);
	kvfree(*items);
	*items = more;
	*room = wanted;
	return 0;
}

static int add_extent(struct swapfile *s, struct plan *plan, u64 slot, u64 lba, u64 n)
{
	struct swap_extent *last = s->n_extents ? &s->extents[s->n_extents - 1] : NULL;
	void *items = s->extents;

	if (last && last->slot + last->n == slot && last->lba + last->n * SECTORS_PER_PAGE == lba) {
		last->n += n;
		return 0;
	}
	if (grow(&items, s->n_extents, &plan->extent_room, sizeof(*s->extents)))
		return -ENOMEM;
	s->extents = items;
	s->extents[s->n_extents++] = (struct swap_extent){ slot, n, lba };
	return 0;
}

static int add_bad(struct plan *plan, u32 slot)
{
	void *items = plan->bad;

	if (grow(&items, plan->n_bad, &plan->bad_room, sizeof(*plan->bad)))
		return -ENOMEM;
	plan->bad = items;
	plan->bad[plan->n_bad++] = slot;
	return 0;
}

/* The sectors of one page of a file: 0 and in a row at *lba, 1 if they are not, or an error. */
static int locate_page(struct inode *inode, u64 slot, u64 *lba, u64 *pages)
{
	u64 n;
	int err = inode->ops->locate(inode, slot << PAGE_SHIFT, lba, &n);

	if (err < 0)
		return err;
	if (!*lba)
		return -EINVAL; /* a hole */
	*pages = n / SECTORS_PER_PAGE;
	return *pages ? 0 : 1;
}

static int map_file(struct swapfile *s, struct plan *plan)
{
	u64 slot = 0;

	while (slot < plan->n_slots) {
		u64 lba, n;
		int err = locate_page(s->inode, slot, &lba, &n);

		if (err < 0)
			return err;
		if (err) {
			n = 1;
			err = slot ? add_bad(plan, (u32)slot) : -EINVAL;
		} else {
			n = min(n, plan->n_slots - slot);
			err = add_extent(s, plan, slot, lba, n);
		}
		if (err < 0)
			return err;
		if (thread_signal_pending())
			return -EINTR;
		slot += n;
	}
	return s->n_extents ? 0 : -EINVAL;
}

/* ---- The header ---- */

/* Reads the first page from the disk. */
static int read_header(struct swapfile *s, struct page *page)
{
	struct dma_piece piece = { page, 0, PAGE_SIZE };
	struct blk_request req = { .dev = s->dev, .op = BLK_READ,
				   .n_sectors = (u32)SECTORS_PER_PAGE, .pieces = &piece,
				   .n_pieces = 1 };
	u64 pages;

	if (s->inode) {
		int err = locate_page(s->inode, 0, &req.lba, &pages);

		if (err)
			return err < 0 ? err : -EINVAL;
	}
	return blk_submit_wait(&req);
}

static int check_header(const struct abi_swap_header *h, const char *name, bool is_file,
			struct plan *plan)
{
	const char *wrong = NULL;

	if (memcmp(h->magic, SWAP_MAGIC, SWAP_MAGIC_LENGTH))
		wrong = "no swap header";
	else if (h->version != SWAP_VERSION)
		wrong = "swap header of an unknown version";
	else if (!h->last_page)
		wrong = "empty swap area";
	else if ((u64)h->last_page + 1 > plan->n_pages)
		wrong = "swap area larger than what holds it";
	else if (h->nr_badpages > SWAP_BADPAGES_MAX || (is_file && h->nr_badpages))
		wrong = "too many bad pages";
	for (u32 i = 0; !wrong && i < h->nr_badpages; i++)
		if (!h->badpages[i] || h->badpages[i] > h->last_page)
			wrong = "bad list of bad pages";
	if (wrong) {
		log_err("swap: %s: %s", name, wrong);
		return -EINVAL;
	}
	plan->n_slots = (u64)h->last_page + 1;
	for (u32 i = 0; i < h->nr_badpages; i++) {
		int err = add_bad(plan, h->badpages[i]);

		if (err < 0)
			return err;
	}
	return 0;
}

static int learn(struct swapfile *s, struct plan *plan)
{
	struct page *page;
	int err;

	if (plan->n_pages < 2)
		return -EINVAL;
	page = page_alloc(MM_KERNEL);
	if (!page)
		return -ENOMEM;
	err = read_header(s, page);
	if (err == 0)
		err = check_header(page_to_virt(page), s->name, s->inode, plan);
	page_put(page);
	if (err < 0)
		return err;
	return s->inode ? map_file(s, plan) : add_extent(s, plan, 0, 0, plan->n_slots);
}

/* ---- On and off ---- */

static void swapfile_free(struct swapfile *s)
{
	if (s->inode)
		inode_allow_write(s->inode);
	if (s->file) {
		file_put(s->file);
	} else if (s->dev) {
		blkdev_release(s->dev);
		blkdev_close(s->dev);
	}
	if (s->dev)
		blkdev_put(s->dev);
	kvfree(s->extents);
	kfree(s->name);
	kfree(s);
}

/* Whether this is what the path names. */
static bool is_same(const struct swapfile *s, const struct inode *inode)
{
	if (s->inode)
		return s->inode == inode;
	return S_ISBLK(inode->mode) && s->dev->major == dev_major((u32)inode->rdev) &&
	       s->dev->minor == dev_minor((u32)inode->rdev);
}

static struct swapfile *find_locked(const struct inode *inode)
{
	struct swapfile *s;

	list_for_each_entry(s, &swapfiles.all, link)
		if (is_same(s, inode))
			return s;
	return NULL;
}

/* Tells the device that nothing of the area but its header is in use. */
static void discard_all(struct swapfile *s)
{
	for (unsigned i = 0; s->dev->disk->discard && i < s->n_extents; i++) {
		const struct swap_extent *e = &s->extents[i];
		u64 skip = e->slot ? 0 : 1;

		if (e->n > skip)
			(void)blk_discard(s->dev, e->lba + skip * SECTORS_PER_PAGE,
					  (e->n - skip) * SECTORS_PER_PAGE);
	}
}

static char *name_of(const struct path *path)
{
	char *buf = kmalloc(PATH_MAX, MM_KERNEL), *text, *name = NULL;

	if (buf && path_to_string(path, NULL, buf, PATH_MAX, &text) == 0)
		name = kstrdup(text, MM_KERNEL);
	kfree(buf);
	return name;
}

static int begin_locked(struct swapfile *s, const struct path *path, const struct cred *cred,
			u32 flags)
{
	struct swap_source source = { .ops = &swapfile_page_ops, .owner = s, .priority = -1 };
	struct plan plan = { 0 };
	int err = open_place(s, path, cred, &plan);

	if (err == 0)
		err = learn(s, &plan);
	if (err == 0 && flags & SWAP_FLAG_DISCARD)
		discard_all(s);
	if (err == 0) {
		source.name = s->name;
		source.partition = !s->inode;
		source.n_slots = plan.n_slots;
		source.bad = plan.bad;
		source.n_bad = plan.n_bad;
		if (flags & SWAP_FLAG_PREFER)
			source.priority = (int)(flags & SWAP_FLAG_PRIO_MASK);
		err = swap_area_add(&source, &s->area);
	}
	kvfree(plan.bad);
	return err;
}

static int on_locked(const struct path *path, const struct cred *cred, u32 flags)
{
	struct swapfile *s;
	int err;

	if (find_locked(path->dentry->inode))
		return -EBUSY;
	s = kzalloc(sizeof(*s), MM_KERNEL);
	if (!s)
		return -ENOMEM;
	s->name = name_of(path);
	err = s->name ? begin_locked(s, path, cred, flags) : -ENOMEM;
	if (err < 0)
		swapfile_free(s);
	else
		list_add_tail(&s->link, &swapfiles.all);
	return err;
}

int swapfile_on(const struct walk *w, const char *name, u32 flags)
{
	struct path path;
	int err = path_lookup(w, name, WALK_FOLLOW, &path);

	if (err < 0)
		return err;
	err = mutex_lock_killable(&swapfiles.lock);
	if (err == 0) {
		err = on_locked(&path, w->cred, flags);
		mutex_unlock(&swapfiles.lock);
	}
	path_put(&path);
	return err;
}

int swapfile_off(const struct walk *w, const char *name)
{
	struct swapfile *s;
	struct path path;
	int err = path_lookup(w, name, WALK_FOLLOW, &path);

	if (err < 0)
		return err;
	err = mutex_lock_killable(&swapfiles.lock);
	if (err == 0) {
		s = find_locked(path.dentry->inode);
		err = s ? swap_area_remove(s->area) : -EINVAL;
		if (err == 0) {
			list_del(&s->link);
			swapfile_free(s);
		}
		mutex_unlock(&swapfiles.lock);
	}
	path_put(&path);
	return err;
}
