/* The superblock of tmpfs: limits and accounts of pages and inodes, inodes' storage, mounting. */
#include "abi/stat.h"
#include "core/cmdline.h"
#include "core/panic.h"
#include "fs/tmpfs/tmpfs_int.h"
#include "lib/string.h"
#include "mm/slab.h"
#include "vfs/acl.h"

static struct slab_cache *inode_slab;

int tmpfs_charge(struct superblock *sb)
{
	struct tmpfs *t = tmpfs_of(sb);
	int err = 0;

	spin_lock(&t->lock);
	if (t->max_pages && t->n_pages >= t->max_pages)
		err = -ENOSPC;
	else
		t->n_pages++;
	spin_unlock(&t->lock);
	return err;
}

void tmpfs_uncharge(struct superblock *sb)
{
	struct tmpfs *t = tmpfs_of(sb);

	spin_lock(&t->lock);
	t->n_pages--;
	spin_unlock(&t->lock);
}

bool tmpfs_could_hold(struct superblock *sb, u64 n_pages)
{
	struct tmpfs *t = tmpfs_of(sb);
	u64 limit;

	spin_lock(&t->lock);
	limit = t->max_pages;
	spin_unlock(&t->lock);
	return !limit || n_pages <= limit;
}

/* Counts an inode and gives it a number: 0 is none. */
static u64 number_get(struct tmpfs *t)
{
	u64 ino = 0;

	spin_lock(&t->lock);
	if (!t->max_inodes || t->n_inodes < t->max_inodes) {
		t->n_inodes++;
		ino = ++t->last_ino;
	}
	spin_unlock(&t->lock);
	return ino;
}

static void number_put(struct tmpfs *t)
{
	spin_lock(&t->lock);
	t->n_inodes--;
	spin_unlock(&t->lock);
}

static struct inode *tmpfs_inode_alloc(struct superblock *sb)
{
	struct tmpfs_inode *t = slab_alloc(inode_slab, MM_KERNEL);

	return t ? &t->inode : NULL;
}

static void tmpfs_inode_free(struct inode *inode)
{
	kfree((void *)inode->link_target);
	tmpfs_xattrs_free(inode);
	slab_free(inode_slab, tmpfs_i(inode));
}

static void tmpfs_inode_evict(struct inode *inode)
{
	if (S_ISDIR(inode->mode))
		tmpfs_dismantle(inode);
	number_put(tmpfs_of(inode->sb));
}

int tmpfs_inode_create(struct superblock *sb, const struct inode *dir, u32 mode, u64 rdev,
		       const struct cred *cred, struct inode **out)
{
	u64 ino = number_get(tmpfs_of(sb));
	struct tmpfs_inode *t;
	struct inode *inode;
	int err;

	if (!ino)
		return -ENOSPC;
	inode = inode_alloc_new(sb);
	if (!inode) {
		number_put(tmpfs_of(sb));
		return -ENOMEM;
	}
	t = tmpfs_i(inode);
	rb_init(&t->names);
	rb_init(&t->cookies);
	t->last_cookie = 2;
	t->parent = NULL;
	t->seals = F_SEAL_SEAL;
	t->n_entries = 0;
	spin_init(&t->xattr_lock, RANK_INODE_SPIN, "tmpfs xattrs");
	list_init(&t->xattrs);
	inode->ino = ino;
	inode->rdev = rdev;
	inode_init_owner(inode, dir, mode, cred);
	if (S_ISDIR(mode)) {
		inode->ops = &tmpfs_dir_ops;
		inode->fops = &tmpfs_dir_file_ops;
		inode->nlink = 2;
		inode->size = 40;
	} else if (S_ISREG(mode)) {
		inode->ops = &tmpfs_file_inode_ops;
		inode->fops = &tmpfs_file_ops;
		inode->cache.ops = &tmpfs_page_ops;
	} else {
		inode->ops = S_ISLNK(mode) ? &tmpfs_link_ops : &tmpfs_node_ops;
	}
	inode->flags = dir ? dir->flags & TMPFS_FL_INHERITED : 0;
	inode->cache.flags = PAGECACHE_NO_RECLAIM;
	inode_unlock_new(inode);
	err = dir ? inode_acl_inherit(inode, dir) : 0;
	if (err < 0) {
		inode->nlink = 0;
		inode_put(inode);
		return err;
	}
	*out = inode;
	return 0;
}

static int tmpfs_statfs(struct superblock *sb, struct abi_statfs *out)
{
	struct tmpfs *t = tmpfs_of(sb);

	spin_lock(&t->lock);
	if (t->max_pages) {
		out->f_blocks = t->max_pages;
		out->f_bfree = t->max_pages > t->n_pages ? t->max_pages - t->n_pages : 0;
		out->f_bavail = out->f_bfree;
	}
	if (t->max_inodes) {
		out->f_files = t->max_inodes;
		out->f_ffree = t->max_inodes > t->n_inodes ? t->max_inodes - t->n_inodes : 0;
	}
	spin_unlock(&t->lock);
	return 0;
}

/* Whether a limit may become `wanted` (0: none): not less than is used, nor one where none was. */
static bool limit_ok(u64 now, u64 wanted, u64 used)
{
	return wanted == now || !wanted || (now && wanted >= used);
}

static int tmpfs_remount(struct superblock *sb, u32 flags, const char *options)
{
	struct tmpfs *t = tmpfs_of(sb), wanted = *t;
	int err;

	if (sb->magic == RAMFS_MAGIC)
		return 0;
	err = tmpfs_parse_options(&wanted, options);
	if (err < 0)
		return err;
	spin_lock(&t->lock);
	if (!limit_ok(t->max_pages, wanted.max_pages, t->n_pages) ||
	    !limit_ok(t->max_inodes, wanted.max_inodes, t->n_inodes)) {
		err = -EINVAL;
	} else {
		t->max_pages = wanted.max_pages;
		t->max_inodes = wanted.max_inodes;
		t->has_size |= wanted.has_size;
		t->has_inodes |= wanted.has_inodes;
	}
	spin_unlock(&t->lock);
	return err;
}

static void tmpfs_unmount(struct superblock *sb)
{
	kfree(sb->data);
}

static const struct super_ops tmpfs_super_ops = {
	.inode_alloc = tmpfs_inode_alloc,
	.inode_free = tmpfs_inode_free,
	.inode_evict = tmpfs_inode_evict,
	.statfs = tmpfs_statfs,
	.remount = tmpfs_remount,
	.unmount = tmpfs_unmount,
	.show_options = tmpfs_show_options,
};

/* With at most so many pages and as many inodes unless the options say otherwise; 0: no limit. */
static int instance_make(struct superblock *sb, u64 limit, u32 mode, const char *options)
{
	struct tmpfs *t = kzalloc(sizeof(*t), MM_KERNEL);
	int err;

	if (!t)
		return -ENOMEM;
	spin_init(&t->lock, RANK_INODE_SPIN, "tmpfs");
	t->max_pages = t->max_inodes = limit;
	t->mode = mode;
	err = tmpfs_parse_options(t, options);
	if (err < 0)
		goto out;
	sb->data = t;
	sb->ops = &tmpfs_super_ops;
	sb->magic = TMPFS_MAGIC;
	sb->flags |= SB_ACL;
	err = tmpfs_inode_create(sb, NULL, S_IFDIR | t->mode, 0, cred_root, &sb->root_inode);
	if (err < 0)
		goto out;
	sb->root_inode->uid = t->uid;
	sb->root_inode->gid = t->gid;
	return 0;
out:
	kfree(t);
	return err;
}

static int tmpfs_mount(struct superblock *sb, struct blkdev *dev, const char *options)
{
	struct mm_stats stats;

	mm_stats(&stats);
	return instance_make(sb, stats.total / 2, TMPFS_MODE, options);
}

/* ramfs is what tmpfs was before it had limits. It knows mode= and disregards all other options. */
static int ramfs_mount(struct superblock *sb, struct blkdev *dev, const char *options)
{
	const char *mode = strstr(options, "mode=");
	char word[sizeof("mode=") + 11] = "";
	int err;

	if (mode && (mode == options || mode[-1] == ',') && strcspn(mode, ",") < sizeof(word))
		strlcpy(word, mode, strcspn(mode, ",") + 1);
	err = instance_make(sb, 0, 0755, word);
	if (err == 0)
		sb->magic = RAMFS_MAGIC;
	return err;
}

static int first_root_mount(struct superblock *sb, struct blkdev *dev, const char *options)
{
	char text[2];

	if (cmdline_get("root", text, sizeof(text)) && *text)
		return ramfs_mount(sb, dev, options);
	return tmpfs_mount(sb, dev, "mode=0755");
}

struct fs_type tmpfs_first_root = {
	.name = "rootfs",
	.flags = FS_BOTTOM,
	.mount = first_root_mount,
};

static struct fs_type tmpfs_type = { .name = "tmpfs", .mount = tmpfs_mount };
static struct fs_type ramfs_type = { .name = "ramfs", .mount = ramfs_mount };

void tmpfs_init(void)
{
	inode_slab = slab_cache_create("tmpfs_inode", sizeof(struct tmpfs_inode), 64);
	if (!inode_slab || fs_register(&tmpfs_type) < 0 || fs_register(&ramfs_type) < 0)
		panic("tmpfs: cannot start");
}
