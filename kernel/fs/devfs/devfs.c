/*
 * devtmpfs is one instance of tmpfs, shown by all its mounts, in which the kernel makes and removes
 * nodes as devices come and go. Names may contain '/': the directories are made. Everything goes
 * through vfs as it would for a process that stands at the root of the instance, so user space may
 * add and remove names of its own.
 */
#include "abi/kdev.h"
#include "abi/stat.h"
#include "core/log.h"
#include "core/panic.h"
#include "dev/blk.h"
#include "dev/chr.h"
#include "fs/devfs/devfs.h"
#include "fs/devfs/mem_int.h"
#include "lib/format.h"
#include "lib/string.h"

static int devfs_mount(struct superblock *sb, struct blkdev *dev, const char *options)
{
	return fs_find("tmpfs")->mount(sb, dev, *options ? options : "mode=0755");
}

static struct fs_type devfs_type = { .name = "devtmpfs", .flags = FS_SINGLE, .mount = devfs_mount };

#define GROUP_DISK  6
#define GROUP_CDROM 24

/* Where the kernel stands when it works in /dev; nobody else sees it. */
static struct fs_context context;
static const struct walk *walk_here(void)
{
	static struct walk walk;

	walk.cred = cred_root;
	walk.fs = &context;
	return &walk;
}

/* Makes the directories that the name passes through. */
static void make_directories(const char *name)
{
	char part[64];

	for (const char *slash = strchr(name, '/'); slash; slash = strchr(slash + 1, '/')) {
		size_t n = (size_t)(slash - name);

		if (n >= sizeof(part))
			return;
		memcpy(part, name, n);
		part[n] = 0;
		vfs_mkdir(walk_here(), part, 0755);
	}
}

static void node_make(const char *name, u32 mode, u32 gid, u64 rdev)
{
	struct inode_attr attr = { .mask = ATTR_MODE | ATTR_GID, .mode = mode & 07777, .gid = gid };
	struct path path;
	int err;

	make_directories(name);
	err = vfs_mknod(walk_here(), name, mode, rdev);
	if (err == 0 && gid) {
		err = path_lookup(walk_here(), name, 0, &path);
		if (err == 0) {
			err = vfs_setattr(&path, cred_root, &attr);
			path_put(&path);
		}
	}
	if (err < 0 && err != -ABI_EEXIST)
		log_warn("devtmpfs: no node for %s (error %d)", name, err);
}

/* Removes a node if it is still the device's. */
static void node_remove(const char *name, u64 rdev)
{
	struct path path;
	bool ours;

	if (path_lookup(walk_here(), name, 0, &path) < 0)
		return;
	ours = path.dentry->inode->rdev == rdev;
	path_put(&path);
	if (ours)
		vfs_unlink(walk_here(), name);
}

static void chrdev_changed(struct chrdev *dev, bool added)
{
	char name[64];

	for (u32 i = 0; dev->name && i < dev->n_minors; i++) {
		u64 rdev = dev_make(dev->major, dev->minor + i);

		chrdev_name(dev, i, name, sizeof(name));
		if (added)
			node_make(name, S_IFCHR | dev->mode, dev->gid, rdev);
		else
			node_remove(name, rdev);
	}
}

/* Removes a link that leads nowhere. */
static void link_drop(const char *name)
{
	struct path path;

	if (path_lookup(walk_here(), name, WALK_FOLLOW, &path) == 0)
		path_put(&path);
	else
		vfs_unlink(walk_here(), name);
}

static void blkdev_changed(struct blkdev *dev, bool added)
{
	u64 rdev = dev_make(dev->major, dev->minor);

	if (added)
		node_make(dev->name, S_IFBLK | 0660, dev->disk->cdrom ? GROUP_CDROM : GROUP_DISK,
			  rdev);
	else
		node_remove(dev->name, rdev);
	if (dev->disk->cdrom && added)
		vfs_symlink(walk_here(), dev->name, "cdrom"); /* the first one has it */
	else if (dev->disk->cdrom && !added)
		link_drop("cdrom");
}

void devfs_init(void)
{
	static const char *const links[][2] = {
		{ "/proc/self/fd", "fd" },
		{ "/proc/self/fd/0", "stdin" },
		{ "/proc/self/fd/1", "stdout" },
		{ "/proc/self/fd/2", "stderr" },
	};
	struct mount *m;

	if (fs_register(&devfs_type) < 0 || mount_kernel(&devfs_type, "", &m) < 0)
		panic("devtmpfs: no memory");
	spin_init(&context.lock, RANK_FILE, "devfs");
	list_init(&context.all_link);
	ref_set(&context.refs, 1);
	context.root = context.cwd = (struct path){ m, m->root };
	for (unsigned i = 0; i < ARRAY_SIZE(links); i++)
		vfs_symlink(walk_here(), links[i][0], links[i][1]);
	vfs_mkdir(walk_here(), "shm", S_ISVTX | 0777);
	vfs_mkdir(walk_here(), "pts", 0755);
	mem_null_register();
	mem_random_register();
	mem_hwrng_register();
	mem_kmsg_register();
	mem_rtc_register();
	chrdev_set_notify(chrdev_changed);
	blkdev_set_notify(blkdev_changed);
}
