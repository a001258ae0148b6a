/*
 * devpts: the file system of /dev/pts. Its directory shows a node for each pseudo terminal that is
 * open, and ptmx. All mounts show one instance; each mount(2) sets its options: uid=, gid=, mode=
 * of new nodes, ptmxmode=, max=. A node's inode is held by its pair, so what chmod(2) and chown(2)
 * did stays; revalidate() drops the name when the pair has gone.
 */
#include "abi/dirent.h"
#include "abi/errno.h"
#include "abi/kdev.h"
#include "abi/stat.h"
#include "core/panic.h"
#include "lib/format.h"
#include "lib/parse.h"
#include "lib/string.h"
#include "mm/slab.h"
#include "tty/pty.h"
#include "vfs/file.h"

#define DEVPTS_SUPER_MAGIC 0x1cd1
#define ROOT_INO  1
#define PTMX_INO  2
#define FIRST_INO 3

/* Set by mount; torn reads harmless. */
static struct {
	u32 mode, ptmx_mode, uid, gid, max;
	bool has_uid, has_gid;
} options = { .mode = 0600, .max = PTY_MAX };
static struct superblock *super;  /* I after boot */
static struct mount *mount;       /* I after boot: keeps the instance */
static struct inode *ptmx;        /* I after boot */
static u64 generation;            /* a: inode numbers are not used twice */
static const struct inode_ops dir_ops, node_ops;
static const struct file_ops dir_file_ops;

static struct inode *node_alloc(struct superblock *sb)
{
	return kmalloc(sizeof(struct inode), MM_KERNEL);
}

static void node_free(struct inode *inode)
{
	kfree(inode);
}

static int devpts_statfs(struct superblock *sb, struct abi_statfs *out)
{
	out->f_type = DEVPTS_SUPER_MAGIC;
	return 0;
}

static int parse_one(const char *key, const char *value)
{
	u32 n;

	if (!strcmp(key, "gid") && !parse_u32(value, 10, &n, NULL)) {
		options.gid = n;
		options.has_gid = true;
	} else if (!strcmp(key, "mode") && !parse_u32(value, 8, &n, NULL)) {
		options.mode = n & 0777;
	} else if (!strcmp(key, "ptmxmode") && !parse_u32(value, 8, &n, NULL)) {
		options.ptmx_mode = n & 0777;
	} else if (!strcmp(key, "uid") && !parse_u32(value, 10, &n, NULL)) {
		options.uid = n;
		options.has_uid = true;
	} else if (!strcmp(key, "max") && !parse_u32(value, 10, &n, NULL) && n <= PTY_MAX) {
		options.max = n;
	} else {
		return -EINVAL;
	}
	return 0;
}

static int parse_options(const char *text)
{
	char word[32];

	while (*text) {
		size_t n = strcspn(text, ",");
		char *value;

		if (n >= sizeof(word))
			return -EINVAL;
		memcpy(word, text, n);
		word[n] = 0;
		text += n + (text[n] == ',');
		if (!n || !strcmp(word, "newinstance"))
			continue;
		value = strchr(word, '=');
		if (!value)
			return -EINVAL;
		*value++ = 0;
		if (parse_one(word, value))
			return -EINVAL;
	}
	return 0;
}

static int devpts_remount(struct superblock *sb, u32 flags, const char *text)
{
	int err = parse_options(text);

	if (!err && ptmx) {
		rwsem_write(&ptmx->lock);
		ptmx->mode = S_IFCHR | options.ptmx_mode;
		rwsem_write_end(&ptmx->lock);
	}
	return err;
}

static void devpts_show_options(struct superblock *sb, char *buf, size_t size)
{
	size_t n = 0;

	if (options.has_uid)
		n += scnprintf(buf + n, size - n, ",uid=%u", options.uid);
	if (options.has_gid)
		n += scnprintf(buf + n, size - n, ",gid=%u", options.gid);
	scnprintf(buf + n, size - n, ",mode=%03o,ptmxmode=%03o", options.mode, options.ptmx_mode);
}

static const struct super_ops devpts_super_ops = {
	.inode_alloc = node_alloc,
	.inode_free = node_free,
	.statfs = devpts_statfs,
	.remount = devpts_remount,
	.show_options = devpts_show_options,
};

static struct inode *node_new(struct superblock *sb, u64 ino, u32 mode, u64 rdev,
	const struct cred *cred)
{
	struct inode *inode = inode_alloc_new(sb);

	if (!inode)
		return NULL;
	inode->ino = ino;
	inode->rdev = rdev;
	inode_init_owner(inode, NULL, mode, cred);
	inode->ops = S_ISDIR(mode) ? &dir_ops : &node_ops;
	if (S_ISDIR(mode)) {
		inode->fops = &dir_file_ops;
		inode->nlink = 2;
	}
	inode_unlock_new(inode);
	return inode;
}

static int devpts_mount(struct superblock *sb, struct blkdev *dev, const char *text)
{
	int err = parse_options(text);

	if (err)
		return err;
	sb->ops = &devpts_super_ops;
	sb->magic = DEVPTS_SUPER_MAGIC;
	sb->block_size = 1024;
	sb->flags |= SB_NO_CACHE_NEGATIVE;
	ptmx = node_new(sb, PTMX_INO, S_IFCHR | options.ptmx_mode, dev_make(TTYAUX_MAJOR, 2),
		cred_root);
	if (!ptmx)
		return -ENOMEM;
	sb->root_inode = node_new(sb, ROOT_INO, S_IFDIR | 0755, 0, cred_root);
	if (!sb->root_inode) {
		inode_put(ptmx);
		return -ENOMEM;
	}
	super = sb;
	return 0;
}

static struct fs_type devpts_type = { .name = "devpts", .flags = FS_SINGLE, .mount = devpts_mount };

/* The number that a name is, without leading zeros; -1: none. */
static int name_number(const struct name *name)
{
	int n = 0;

	if (!name->length || name->length > 4 || (name->text[0] == '0' && name->length > 1))
		return -1;
	for (u32 i = 0; i < name->length; i++) {
		if (name->text[i] < '0' || name->text[i] > '9')
			return -1;
		n = n * 10 + name->text[i] - '0';
	}
	return n;
}

static int devpts_lookup(struct inode *dir, const struct name *name, struct inode **out)
{
	int n = name_number(name);

	*out = NULL;
	if (name->length == 4 && !memcmp(name->text, "ptmx", 4)) {
		*out = inode_get(ptmx);
	} else if (n >= 0) {
		*out = pty_inode_get((unsigned)n);
	}
	return 0;
}

static bool devpts_revalidate(struct dentry *dentry)
{
	return READ_ONCE(dentry->inode->nlink);
}

static bool emit(struct file *file, struct dir_sink *sink, const char *name, u64 ino, u8 type,
	u64 next)
{
	if (!sink->emit(sink, name, (u32)strlen(name), ino, type, next))
		return false;
	file->pos = (loff_t)next;
	return true;
}

/* Positions: the dots, ptmx, then 3 + the number. */
static int devpts_readdir(struct file *file, struct dir_sink *sink)
{
	char name[12];
	unsigned index;
	u64 ino;

	if (file->pos == 0 && !emit(file, sink, ".", ROOT_INO, DT_DIR, 1))
		return 0;
	if (file->pos == 1 && !emit(file, sink, "..", ROOT_INO, DT_DIR, 2))
		return 0;
	if (file->pos == 2 && !emit(file, sink, "ptmx", PTMX_INO, DT_CHR, FIRST_INO))
		return 0;
	if (file->pos < FIRST_INO || file->pos > FIRST_INO + PTY_MAX)
		return 0;
	for (index = (unsigned)(file->pos - FIRST_INO); pty_next(&index, &ino); index++) {
		snprintf(name, sizeof(name), "%u", index);
		if (!emit(file, sink, name, ino, DT_CHR, FIRST_INO + index + 1))
			return 0;
	}
	return 0;
}

int devpts_node_create(unsigned index, struct inode **out)
{
	const struct cred *cred = cred_current();
	u64 round = __atomic_fetch_add(&generation, 1, __ATOMIC_RELAXED);
	u64 ino = FIRST_INO + index + PTY_MAX * round;
	struct inode *inode;

	if (index >= options.max)
		return -ENOSPC;
	inode = node_new(super, ino, S_IFCHR | options.mode,
		dev_make(UNIX98_PTY_SLAVE_MAJOR, index), cred);

	if (!inode)
		return -ENOMEM;
	if (options.has_uid)
		inode->uid = options.uid;
	if (options.has_gid)
		inode->gid = options.gid;
	*out = inode;
	return 0;
}

void devpts_node_unlink(struct inode *inode)
{
	rwsem_write(&inode->lock);
	inode->nlink = 0;
	rwsem_write_end(&inode->lock);
}

/* The node where the caller sees it, if that is /dev/pts; else in the kernel's own mount. */
static int peer_path(struct pty *p, struct path *out)
{
	struct path root = { mount, mount->root };
	struct fs_context context = { .root = root, .cwd = root };
	struct walk walk = { .cred = cred_root, .fs = &context };
	struct task_walk here;
	char name[24];

	snprintf(name, sizeof(name), "/dev/pts/%u", p->index);
	if (!task_walk_begin(&here, AT_FDCWD)) {
		int err = path_lookup(&here.walk, name, WALK_FOLLOW, out);

		task_walk_end(&here);
		if (!err && out->dentry->inode == p->inode)
			return 0;
		if (!err)
			path_put(out);
	}
	spin_init(&context.lock, RANK_FILE, "devpts");
	list_init(&context.all_link);
	ref_set(&context.refs, 1);
	return path_lookup(&walk, strrchr(name, '/'), 0, out);
}

int devpts_open(struct pty *p, u32 flags, struct file **out)
{
	struct path path;
	int err = peer_path(p, &path);

	if (err)
		return err;
	err = vfs_open_path(&path, flags, cred_root, out);
	path_put(&path);
	return err;
}

void devpts_init(void)
{
	if (fs_register(&devpts_type) < 0 || mount_kernel(&devpts_type, "", &mount) < 0)
		panic("devpts: no memory");
}

static const struct inode_ops dir_ops = { .lookup = devpts_lookup };
static const struct inode_ops node_ops = { .revalidate = devpts_revalidate };
static const struct file_ops dir_file_ops = { .readdir = devpts_readdir, .seek = cached_seek };
