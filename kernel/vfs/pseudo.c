/*
 * Files without a name in any directory: pipes, sockets, eventfds, memory files. Their inodes
 * belong to a file system of the kernel's own that is mounted nowhere; their dentries hold just the
 * text that /proc/[pid]/fd shows.
 */
#include "abi/stat.h"
#include "core/panic.h"
#include "lib/format.h"
#include "lib/string.h"
#include "mm/slab.h"
#include "vfs/file_int.h"
#include "vfs/name_int.h"
#include "vfs/super_int.h"

static struct slab_cache *inode_slab;
static struct superblock *pseudo_super; /* I */
static struct inode *anon_inode;        /* I: of all files of file_create_anon() */
static u64 last_number;                 /* a */

static struct inode *pseudo_alloc(struct superblock *sb)
{
	return slab_alloc(inode_slab, MM_KERNEL);
}

static void pseudo_free(struct inode *inode)
{
	slab_free(inode_slab, inode);
}

static int pseudo_statfs(struct superblock *sb, struct abi_statfs *out)
{
	out->f_type = ANON_INODE_FS_MAGIC;
	return 0;
}

static const struct super_ops pseudo_ops = {
	.inode_alloc = pseudo_alloc,
	.inode_free = pseudo_free,
	.statfs = pseudo_statfs,
};

struct inode *inode_alloc_pseudo(u32 mode, const struct cred *cred)
{
	struct inode *inode = inode_alloc_new(pseudo_super);

	if (!inode)
		return NULL;
	inode->ino = __atomic_add_fetch(&last_number, 1, __ATOMIC_RELAXED);
	inode_init_owner(inode, NULL, mode, cred);
	inode->cache.flags = PAGECACHE_NO_RECLAIM;
	inode_unlock_new(inode);
	return inode;
}

bool inode_is_pseudo(const struct inode *inode)
{
	return inode->sb == pseudo_super;
}

static int pseudo_mount(struct superblock *sb, struct blkdev *dev, const char *options)
{
	sb->ops = &pseudo_ops;
	sb->magic = ANON_INODE_FS_MAGIC;
	pseudo_super = sb;
	sb->root_inode = inode_alloc_pseudo(S_IFDIR | 0500, cred_root);
	return sb->root_inode ? 0 : -ENOMEM;
}

static struct fs_type pseudo_type = { .name = "anon_inodefs", .mount = pseudo_mount };

void pseudo_init(void)
{
	static struct mount *mount; /* for good */

	inode_slab = slab_cache_create("inode", sizeof(struct inode), 64);
	if (!inode_slab || mount_kernel(&pseudo_type, "", &mount) < 0)
		panic("vfs: no memory for anonymous inodes");
	anon_inode = inode_alloc_pseudo(0600, cred_root);
	if (!anon_inode)
		panic("vfs: no memory for anonymous inodes");
}

int file_create_inode(struct inode *inode, struct mount *mount, const char *name,
		      const struct file_ops *ops, void *private, u32 flags, struct file **out)
{
	struct name text = { name, (u32)strlen(name), 0 };
	struct path path = { mount, dentry_alloc(inode->sb, NULL, &text) };
	u32 access = flags & O_ACCMODE;
	struct file *f;
	int err;

	if (!path.dentry)
		return -ENOMEM;
	if (mount)
		ref_get(&mount->refs);
	dentry_instantiate(path.dentry, inode_get(inode));
	err = file_alloc(&path, flags, cred_root, &f);
	if (err < 0)
		return err;
	f->can_read = access == O_RDONLY || access == O_RDWR;
	f->can_write = access == O_WRONLY || access == O_RDWR;
	f->seekable = ops->seek != NULL;
	f->ops = ops;
	f->private = private;
	*out = f;
	return 0;
}

int file_create_anon(const char *name, const struct file_ops *ops, void *private, u32 flags,
		     struct file **out)
{
	char text[64];

	snprintf(text, sizeof(text), "anon_inode:[%s]", name);
	return file_create_inode(anon_inode, NULL, text, ops, private, flags, out);
}
