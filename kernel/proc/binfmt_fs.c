/*
 * The file system "binfmt_misc": `register` takes formats, `status` says whether they count, and
 * each format has a file that tells of it and turns it on and off (1, 0) or removes it (-1).
 */
#include "abi/capability.h"
#include "abi/dirent.h"
#include "abi/errno.h"
#include "abi/stat.h"
#include "core/panic.h"
#include "lib/string.h"
#include "mm/slab.h"
#include "proc/binfmt.h"
#include "proc/process.h"
#include "vfs/super.h"

#define BINFMTFS_MAGIC 0x42494e4d
#define FIRST_FORMAT   4  /* positions and inode numbers: ".", "..", and the two files come first */

enum { INO_ROOT = 1, INO_REGISTER, INO_STATUS };

/* I: all */
struct format_inode {
	struct inode inode;
	struct binfmt *format; /* referenced; NULL: the directory, register and status */
};

static struct slab_cache *inode_cache;

static struct format_inode *format_inode(struct inode *inode)
{
	return container_of(inode, struct format_inode, inode);
}

/* What a program wrote to turn something: 1, 0 or -1 (remove); -EINVAL and the like in *err. */
static int command(struct iov_iter *from, int *err)
{
	size_t n = iov_left(from);
	char text[4] = "";

	*err = n >= sizeof(text) ? -EINVAL : iov_copy_from(from, text, n) != n ? -EFAULT : 0;
	if (*err)
		return 0;
	if (n && text[n - 1] == '\n')
		text[n - 1] = 0;
	if (!strcmp(text, "1"))
		return 1;
	if (strcmp(text, "0") && strcmp(text, "-1"))
		*err = -EINVAL;
	return text[0] == '-' ? -1 : 0;
}

static ssize_t register_write(struct file *file, struct iov_iter *from, loff_t *pos)
{
	struct walk walk = { .cred = file->cred, .fs = task_current()->fs };
	size_t n = iov_left(from);
	char *text;
	int err = text_take(from, &text);

	(void)pos;
	if (err)
		return err;
	err = binfmt_register(text, n, &walk);
	kfree(text);
	return err ? err : (ssize_t)n;
}

static ssize_t turn_write(struct file *file, struct iov_iter *from, loff_t *pos)
{
	struct binfmt *b = format_inode(file->inode)->format;
	size_t n = iov_left(from);
	int err, what = n ? command(from, &err) : 0;

	(void)pos;
	if (!n || err)
		return n ? err : 0;
	if (what >= 0 && b)
		WRITE_ONCE(b->enabled, what == 1);
	else if (what >= 0)
		binfmt_turn(what == 1);
	else if (b)
		binfmt_remove(b);
	else
		binfmt_remove_all();
	return (ssize_t)n;
}

static ssize_t tell_read(struct file *file, struct iov_iter *to, loff_t *pos)
{
	struct binfmt *b = format_inode(file->inode)->format;
	struct text t = { 0 };
	ssize_t n = 0;

	if (b)
		binfmt_show(b, &t);
	else
		text_printf(&t, "%s\n", binfmt_is_on() ? "enabled" : "disabled");
	if (t.error)
		n = t.error;
	else if (*pos >= 0 && (size_t)*pos < t.used)
		n = (ssize_t)iov_copy_to(to, t.buf + *pos,
					 min(iov_left(to), t.used - (size_t)*pos));
	if (n > 0)
		*pos += n;
	else if (!n && iov_left(to) && (size_t)*pos < t.used)
		n = -EFAULT;
	text_free(&t);
	return n;
}

static const struct file_ops register_fops = { .write = register_write, .seek = cached_seek };
static const struct file_ops tell_fops = { .read = tell_read, .write = turn_write,
					   .seek = cached_seek };
static const struct inode_ops file_ops, directory_ops;
static const struct file_ops directory_fops;

/* Takes over the reference to the format. */
static int make_inode(struct superblock *sb, struct binfmt *format, u64 ino, u32 mode,
		      struct inode **out)
{
	struct inode *inode = inode_alloc_new(sb);

	if (!inode) {
		binfmt_put(format);
		return -ENOMEM;
	}
	format_inode(inode)->format = format;
	inode->ino = ino;
	inode_init_owner(inode, NULL, mode, cred_root);
	inode->nlink = S_ISDIR(mode) ? 2 : 1;
	inode->ops = S_ISDIR(mode) ? &directory_ops : &file_ops;
	inode->fops = S_ISDIR(mode) ? &directory_fops :
		      ino == INO_REGISTER ? &register_fops : &tell_fops;
	inode_unlock_new(inode);
	*out = inode;
	return 0;
}

static bool is_name(const struct name *name, const char *text)
{
	return name->length == strlen(text) && !memcmp(name->text, text, name->length);
}

static int directory_lookup(struct inode *dir, const struct name *name, struct inode **out)
{
	struct binfmt *b;

	*out = NULL;
	if (is_name(name, "register"))
		return make_inode(dir->sb, NULL, INO_REGISTER, S_IFREG | 0200, out);
	if (is_name(name, "status"))
		return make_inode(dir->sb, NULL, INO_STATUS, S_IFREG | 0644, out);
	b = binfmt_named(name->text, name->length);
	return b ? make_inode(dir->sb, b, b->number + FIRST_FORMAT, S_IFREG | 0644, out) : 0;
}

static bool emit_fixed(struct dir_sink *sink, struct file *file, const char *name, u64 ino)
{
	u8 type = ino == INO_ROOT ? DT_DIR : DT_REG;

	if (!sink->emit(sink, name, (u32)strlen(name), ino, type, (u64)file->pos + 1))
		return false;
	file->pos++;
	return true;
}

static int directory_readdir(struct file *file, struct dir_sink *sink)
{
	static const struct { const char *name; u64 ino; } fixed[FIRST_FORMAT] = {
		{ ".", INO_ROOT }, { "..", INO_ROOT }, { "status", INO_STATUS },
		{ "register", INO_REGISTER },
	};
	struct binfmt *b;

	while (file->pos < FIRST_FORMAT)
		if (!emit_fixed(sink, file, fixed[file->pos].name, fixed[file->pos].ino))
			return 0;
	while ((b = binfmt_from((u64)file->pos - FIRST_FORMAT))) {
		u64 at = b->number + FIRST_FORMAT;
		bool more = sink->emit(sink, b->name, (u32)strlen(b->name), at, DT_REG, at + 1);

		binfmt_put(b);
		if (!more)
			break;
		file->pos = (loff_t)at + 1;
	}
	return 0;
}

/* A name that was removed, and perhaps given again. */
static bool is_there(struct dentry *dentry)
{
	struct binfmt *b = format_inode(dentry->inode)->format;

	return !b || !READ_ONCE(b->removed);
}

static const struct inode_ops file_ops = { .revalidate = is_there };
static const struct inode_ops directory_ops = { .lookup = directory_lookup };
static const struct file_ops directory_fops = { .readdir = directory_readdir,
						.seek = cached_seek };

static struct inode *inode_make(struct superblock *sb)
{
	struct format_inode *f = slab_alloc(inode_cache, MM_KERNEL | MM_ZERO);

	(void)sb;
	return f ? &f->inode : NULL;
}

static void inode_free(struct inode *inode)
{
	slab_free(inode_cache, format_inode(inode));
}

static void inode_evict(struct inode *inode)
{
	binfmt_put(format_inode(inode)->format);
}

static int formats_statfs(struct superblock *sb, struct abi_statfs *out)
{
	(void)sb;
	(void)out;
	return 0;
}

static const struct super_ops super_ops = {
	.inode_alloc = inode_make,
	.inode_free = inode_free,
	.inode_evict = inode_evict,
	.statfs = formats_statfs,
};

static int formats_mount(struct superblock *sb, struct blkdev *dev, const char *options)
{
	(void)dev;
	(void)options;
	sb->ops = &super_ops;
	sb->magic = BINFMTFS_MAGIC;
	sb->flags |= SB_NO_CACHE_NEGATIVE;
	return make_inode(sb, NULL, INO_ROOT, S_IFDIR | 0755, &sb->root_inode);
}

static struct fs_type formats_type = {
	.name = "binfmt_misc", .flags = FS_SINGLE, .mount = formats_mount,
};

void binfmt_init(void)
{
	inode_cache = slab_cache_create("binfmt", sizeof(struct format_inode), 64);
	if (!inode_cache || fs_register(&formats_type) < 0)
		panic("binfmt_misc: cannot start");
}
