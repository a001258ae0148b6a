/*
 * The sys file system: superblock, inodes, and directories made of node tables. All mounts show one
 * superblock. A dentry keeps its inode; what comes and goes besides the tables (network interfaces)
 * is looked up by name again when it is used.
 */
#include "fs/sysfs/sysfs.h"

#include "abi/dirent.h"
#include "abi/errno.h"
#include "abi/stat.h"
#include "dev/uevent.h"
#include "fs/sysfs/sysfs_int.h"
#include "lib/format.h"
#include "lib/string.h"
#include "mm/slab.h"

#define ROOT_INO  1
#define NAME_ROOM 32
#define FILE_SIZE 4096 /* that stat(2) tells, as on Linux */

static int show_seqnum(struct text *t, unsigned index)
{
	text_printf(t, "%llu\n", (unsigned long long)uevent_sequence());
	return 0;
}

static int show_helper(struct text *t, unsigned index)
{
	char path[UEVENT_HELPER];

	uevent_helper_get(path);
	text_printf(t, "%s\n", path);
	return 0;
}

static int store_helper(char *text, unsigned index)
{
	text[strcspn(text, "\n")] = 0;
	return uevent_helper_set(text);
}

static const struct sysfs_node kernel_children[] = {
	{ .name = "debug", .mode = S_IFDIR | 0700, .children = sysfs_debug_children },
	SYSFS_DIRECTORY("mm", sysfs_mm_children),
	{ .name = "uevent_helper", .mode = S_IFREG | 0644, .show = show_helper,
	  .store = store_helper },
	{ .name = "uevent_seqnum", .mode = S_IFREG | 0444, .show = show_seqnum },
	{ NULL },
};
static const struct sysfs_node root_children[] = {
	SYSFS_DIRECTORY("block", sysfs_block_children),
	SYSFS_DIRECTORY("bus", sysfs_bus_children),
	SYSFS_DIRECTORY("class", sysfs_class_children),
	SYSFS_DIRECTORY("dev", sysfs_dev_children),
	SYSFS_DIRECTORY("devices", sysfs_devices_children),
	SYSFS_DIRECTORY("kernel", kernel_children),
	{ NULL },
};
static const struct sysfs_node root = SYSFS_DIRECTORY("", root_children);

static struct slab_cache *inode_cache;
static u64 next_ino = ROOT_INO; /* a */
static const struct inode_ops sysfs_inode_ops, sysfs_link_ops;
static const struct file_ops dir_fops;

static struct inode *sysfs_inode_alloc(struct superblock *sb)
{
	struct sysfs_inode *si = slab_alloc(inode_cache, MM_KERNEL | MM_ZERO);

	return si ? &si->inode : NULL;
}

static void sysfs_inode_free(struct inode *inode)
{
	slab_free(inode_cache, sysfs_inode(inode));
}

static int inode_make(struct superblock *sb, const struct sysfs_node *node, unsigned index,
		      struct inode **out)
{
	struct inode *inode = inode_alloc_new(sb);

	if (!inode)
		return -ENOMEM;
	sysfs_inode(inode)->node = node;
	sysfs_inode(inode)->index = index;
	inode_init_owner(inode, NULL, node->mode, cred_root);
	inode->ino = __atomic_fetch_add(&next_ino, 1, __ATOMIC_RELAXED);
	inode->nlink = S_ISDIR(node->mode) ? 2 : 1;
	inode->size = !S_ISREG(node->mode) ? 0 : node->size ? (s64)node->size(index) : FILE_SIZE;
	inode->ops = S_ISLNK(node->mode) ? &sysfs_link_ops : &sysfs_inode_ops;
	inode->fops = S_ISDIR(node->mode) ? &dir_fops : node->fops ? node->fops : &sysfs_text_fops;
	inode_unlock_new(inode);
	*out = inode;
	return 0;
}

static bool has_names(const struct sysfs_node *node)
{
	return node->next || node->next_in;
}

/* As node->next or next_in, in a directory of index `of`. */
static unsigned next_name(const struct sysfs_node *node, unsigned of, unsigned after, char *name)
{
	return node->next ? node->next(after, name, NAME_ROOM) :
			    node->next_in(of, after, name, NAME_ROOM);
}

/* Calls fn for each name of the directory, until it returns false: whether it never did. */
static bool each_name(const struct sysfs_inode *dir,
		      bool (*fn)(const char *name, const struct sysfs_node *node, unsigned index,
				 void *arg), void *arg)
{
	for (const struct sysfs_node *node = dir->node->children; node->name; node++) {
		unsigned n = node->count ? node->count() : 0;
		char name[NAME_ROOM];

		if (node->present && !node->present(dir->index))
			continue;
		for (unsigned i = 0; has_names(node) && (i = next_name(node, dir->index, i, name));)
			if (!fn(name, node, i, arg))
				return false;
		if (!node->count && !has_names(node) && !fn(node->name, node, dir->index, arg))
			return false;
		for (unsigned i = 0; i < n; i++) {
			snprintf(name, sizeof(name), "%s%u", node->name, i);
			if (!fn(name, node, i, arg))
				return false;
		}
	}
	return true;
}

struct find {
	const struct name *name;
	const struct sysfs_node *node; /* the answer */
	unsigned index;
};

static bool find_name(const char *name, const struct sysfs_node *node, unsigned index, void *arg)
{
	struct find *f = arg;

	if (strlen(name) != f->name->length || memcmp(name, f->name->text, f->name->length))
		return true;
	f->node = node;
	f->index = index;
	return false;
}

static int sysfs_lookup(struct inode *dir, const struct name *name, struct inode **out)
{
	struct find f = { .name = name };

	*out = NULL;
	if (each_name(sysfs_inode(dir), find_name, &f))
		return 0;
	return inode_make(dir->sb, f.node, f.index, out);
}

/* What has a name of its own still has it. */
static bool sysfs_revalidate(struct dentry *dentry)
{
	struct sysfs_inode *si = sysfs_inode(dentry->inode);
	char name[NAME_ROOM];
	unsigned of;

	if (!has_names(si->node))
		return true;
	of = sysfs_inode(READ_ONCE(dentry->parent)->inode)->index;
	for (unsigned i = 0; (i = next_name(si->node, of, i, name));)
		if (i == si->index)
			return strlen(name) == dentry->name_length &&
			       !memcmp(name, dentry->name, dentry->name_length);
	return false;
}

struct reading {
	struct file *file;
	struct dir_sink *sink;
	loff_t at; /* position of the name in hand: 0 and 1 are the dots */
};

static bool emit(struct reading *r, const char *name, u64 ino, u8 type)
{
	loff_t at = r->at++;

	if (at < r->file->pos)
		return true;
	if (!r->sink->emit(r->sink, name, (u32)strlen(name), ino, type, (u64)r->at))
		return false;
	r->file->pos = r->at;
	return true;
}

static bool emit_name(const char *name, const struct sysfs_node *node, unsigned index, void *arg)
{
	struct reading *r = arg;

	return emit(r, name, (u64)r->at + 100, (u8)(node->mode >> 12));
}

static int sysfs_readdir(struct file *file, struct dir_sink *sink)
{
	struct reading r = { .file = file, .sink = sink };

	if (emit(&r, ".", file->inode->ino, DT_DIR) && emit(&r, "..", ROOT_INO, DT_DIR))
		each_name(sysfs_inode(file->inode), emit_name, &r);
	return 0;
}

static int sysfs_statfs(struct superblock *sb, struct abi_statfs *out)
{
	out->f_type = SYSFS_MAGIC;
	return 0;
}

static const struct super_ops super_ops = {
	.inode_alloc = sysfs_inode_alloc,
	.inode_free = sysfs_inode_free,
	.statfs = sysfs_statfs,
};

static int sysfs_mount(struct superblock *sb, struct blkdev *dev, const char *options)
{
	sb->ops = &super_ops;
	sb->magic = SYSFS_MAGIC;
	sb->flags |= SB_NO_CACHE_NEGATIVE;
	return inode_make(sb, &root, 0, &sb->root_inode);
}

static struct fs_type sysfs_type = { .name = "sysfs", .flags = FS_SINGLE, .mount = sysfs_mount };

void sysfs_init(void)
{
	inode_cache = slab_cache_create("sysfs_inode", sizeof(struct sysfs_inode), 64);
	if (inode_cache)
		fs_register(&sysfs_type);
}

static const struct file_ops dir_fops = { .readdir = sysfs_readdir, .seek = cached_seek };

/* Nothing can be made here. */
static int sysfs_create(struct inode *dir, const struct name *name, u32 mode,
			const struct cred *cred, struct inode **out)
{
	return -EPERM;
}

static ssize_t sysfs_readlink(struct inode *inode, char *buf, size_t size)
{
	struct sysfs_inode *si = sysfs_inode(inode);
	int err = si->node->link(buf, size, si->index);

	return err ? err : (ssize_t)strlen(buf);
}

static const struct inode_ops sysfs_link_ops = {
	.readlink = sysfs_readlink,
	.revalidate = sysfs_revalidate,
};

static const struct inode_ops sysfs_inode_ops = {
	.lookup = sysfs_lookup,
	.create = sysfs_create,
	.mkdir = sysfs_create,
	.revalidate = sysfs_revalidate,
};
