/*
 * What an archive holds becomes files: directories, regular files, links, nodes, with owners, modes
 * and times of modification. What is there already under a name gives way if it is of another kind;
 * so a later archive can change what an earlier one brought.
 *
 * Names of one file are entries with the same number (inode and device) and more than one link: the
 * first makes the file, the others are links to it, and whichever of them brings bytes fills it.
 * Times of directories are set at the archive's end, as each entry in them changes them.
 *
 * An entry that cannot be made is told of and left out, but for want of memory, which ends it.
 */
#include "init/initramfs.h"

#include "abi/errno.h"
#include "abi/kdev.h"
#include "abi/stat.h"
#include "core/log.h"
#include "lib/cpio.h"
#include "lib/string.h"
#include "mm/slab.h"
#include "vfs/file.h"

/* A file with several names, or a directory whose time is to be set. */
struct known {
	struct known *next;
	u32 ino, major, minor, mode, mtime;
	char name[];
};

/* Used by one thread. */
struct initramfs {
	struct walk walk;
	struct file *file;     /* the regular file whose bytes come, or NULL */
	struct known *links[64]; /* by number */
	struct known *dirs;
	unsigned n_failed;
};

struct initramfs *initramfs_begin(const struct walk *walk)
{
	struct initramfs *u = kzalloc(sizeof(*u), MM_KERNEL);

	if (u)
		u->walk = *walk;
	return u;
}

static struct known *known_make(const struct cpio_entry *e)
{
	size_t n = strlen(e->name) + 1;
	struct known *k = kmalloc(sizeof(*k) + n, MM_KERNEL);

	if (!k)
		return NULL;
	*k = (struct known){ .ino = e->ino, .major = e->major, .minor = e->minor,
			     .mode = e->mode & S_IFMT, .mtime = e->mtime };
	memcpy(k->name, e->name, n);
	return k;
}

static struct known **links_of(struct initramfs *u, const struct cpio_entry *e)
{
	return &u->links[(e->ino ^ e->minor ^ e->major << 4) % ARRAY_SIZE(u->links)];
}

static const struct known *link_find(struct initramfs *u, const struct cpio_entry *e)
{
	for (const struct known *k = *links_of(u, e); k; k = k->next)
		if (k->ino == e->ino && k->major == e->major && k->minor == e->minor &&
		    k->mode == (e->mode & S_IFMT))
			return k;
	return NULL;
}

static int remember(struct known **list, const struct cpio_entry *e)
{
	struct known *k = known_make(e);

	if (!k)
		return -ENOMEM;
	k->next = *list;
	*list = k;
	return 0;
}

static int attributes_set(struct initramfs *u, const char *name, struct inode_attr *attr)
{
	struct path path;
	int err = path_lookup(&u->walk, name, 0, &path);

	if (err < 0)
		return err;
	err = vfs_setattr(&path, u->walk.cred, attr);
	path_put(&path);
	return err;
}

static void forget(struct known **list)
{
	while (*list) {
		struct known *k = *list;

		*list = k->next;
		kfree(k);
	}
}

void initramfs_archive_end(struct initramfs *u)
{
	for (const struct known *k = u->dirs; k; k = k->next) {
		struct inode_attr attr = { .mask = ATTR_MTIME, .mtime.tv_sec = k->mtime };

		(void)attributes_set(u, k->name, &attr); /* it may be gone again */
	}
	forget(&u->dirs);
	for (unsigned i = 0; i < ARRAY_SIZE(u->links); i++)
		forget(&u->links[i]);
}

void initramfs_end(struct initramfs *u)
{
	initramfs_archive_end(u);
	if (u->file)
		file_put(u->file);
	if (u->n_failed)
		log_warn("initramfs: %u entries could not be made", u->n_failed);
	kfree(u);
}

/* Takes away what has the name, unless it can stay for an entry of this mode. */
static void make_way(struct initramfs *u, const char *name, u32 mode)
{
	struct path path;
	u32 old;

	if (path_lookup(&u->walk, name, 0, &path) < 0)
		return;
	old = path.dentry->inode->mode;
	path_put(&path);
	if (((old ^ mode) & S_IFMT) == 0 && (S_ISREG(mode) || S_ISDIR(mode)))
		return;
	(void)(S_ISDIR(old) ? vfs_rmdir(&u->walk, name) : vfs_unlink(&u->walk, name));
}

/* A further name of a file: 1; 0 if the entry makes a new file. */
static int link_again(struct initramfs *u, const struct cpio_entry *e)
{
	const struct known *first;
	int err;

	if (e->nlink < 2)
		return 0;
	first = link_find(u, e);
	if (!first)
		return remember(links_of(u, e), e);
	err = vfs_unlink(&u->walk, e->name);
	if (err == 0 || err == -ABI_ENOENT)
		err = vfs_link(&u->walk, first->name, &u->walk, e->name, 0);
	return err < 0 ? err : 1;
}

static int make_regular(struct initramfs *u, const struct cpio_entry *e)
{
	int again = link_again(u, e);
	u32 flags = O_WRONLY | O_CREAT | O_LARGEFILE;

	if (again < 0)
		return again;
	if (again && !e->size)
		return 0;
	return vfs_open(&u->walk, e->name, flags | O_TRUNC, e->mode & 07777, 0, &u->file);
}

static int make_special(struct initramfs *u, const struct cpio_entry *e)
{
	int again = link_again(u, e);

	if (again)
		return min(again, 0);
	if (S_ISLNK(e->mode))
		return vfs_symlink(&u->walk, e->target, e->name);
	return vfs_mknod(&u->walk, e->name, e->mode & (S_IFMT | 07777),
			 dev_make(e->rdev_major, e->rdev_minor));
}

static int make_directory(struct initramfs *u, const struct cpio_entry *e)
{
	int err = vfs_mkdir(&u->walk, e->name, e->mode & 07777);

	if (err == -ABI_EEXIST) /* with other attributes, perhaps */
		err = 0;
	return err < 0 ? err : remember(&u->dirs, e);
}

static int attributes_of(struct initramfs *u, const struct cpio_entry *e)
{
	struct inode_attr attr = { .mask = ATTR_UID | ATTR_GID, .uid = e->uid, .gid = e->gid };
	int err = attributes_set(u, e->name, &attr);

	/* The mode after the owner, whose change takes set-user-ID away. */
	attr = (struct inode_attr){ .mask = ATTR_MTIME, .mode = e->mode & 07777,
				    .mtime.tv_sec = e->mtime };
	if (!S_ISLNK(e->mode))
		attr.mask |= ATTR_MODE;
	return err < 0 ? err : attributes_set(u, e->name, &attr);
}

/* What an error means for the rest. */
static int judge(struct initramfs *u, const struct cpio_entry *e, int err)
{
	if (err >= 0 || err == -ABI_ENOMEM || err == -ABI_ENOSPC)
		return min(err, 0);
	if (u->n_failed++ < 8)
		log_warn("initramfs: cannot make %s (error %d)", e->name, -err);
	return 0;
}

static int unpack_entry(void *arg, const struct cpio_entry *e)
{
	struct initramfs *u = arg;
	int err;

	make_way(u, e->name, e->mode);
	if (S_ISREG(e->mode))
		err = make_regular(u, e);
	else if (S_ISDIR(e->mode))
		err = make_directory(u, e);
	else if (S_ISLNK(e->mode) || S_ISCHR(e->mode) || S_ISBLK(e->mode) || S_ISFIFO(e->mode) ||
		 S_ISSOCK(e->mode))
		err = make_special(u, e);
	else
		err = -EINVAL;
	return judge(u, e, err);
}

static int unpack_data(void *arg, const u8 *data, size_t n)
{
	struct initramfs *u = arg;

	while (n && u->file) {
		struct iov_iter from;
		ssize_t done;

		iov_init_kernel(&from, (void *)data, n);
		done = file_write(u->file, &from, NULL, ~0ull);
		if (done <= 0)
			return done ? (int)done : -EIO;
		data += done;
		n -= (size_t)done;
	}
	return 0;
}

static int unpack_end(void *arg, const struct cpio_entry *e)
{
	struct initramfs *u = arg;
	int err;

	if (u->file) {
		file_put(u->file);
		u->file = NULL;
	}
	err = attributes_of(u, e);
	return err == -ABI_ENOENT ? 0 : judge(u, e, err); /* it could not be made, as was told */
}

const struct cpio_ops initramfs_ops = {
	.entry = unpack_entry,
	.data = unpack_data,
	.end = unpack_end,
};
