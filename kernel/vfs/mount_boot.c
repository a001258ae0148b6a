/*
 * The first mount: the root file system that the kernel command line names (root=, rootfstype=,
 * rootflags=, ro, rw, rootwait, rootdelay=), and devtmpfs on its /dev. When there is nothing to
 * mount the system cannot go on: it says what it was asked for and what disks there are, and
 * panics. An initramfs comes before that, as a first root that may stay.
 */
#include "core/clock.h"
#include "core/cmdline.h"
#include "core/log.h"
#include "core/panic.h"
#include "dev/blk.h"
#include "lib/format.h"
#include "lib/parse.h"
#include "lib/string.h"
#include "vfs/mount_int.h"
#include "vfs/mount_options_int.h"
#include "vfs/super_int.h"

#define WAIT_STEP_NS (20 * NSEC_PER_MSEC)
/* How long disks that are found in the background may take without rootwait. */
#define WAIT_DEFAULT_NS (3 * NSEC_PER_SEC)

struct root_request {
	char device[128], types[128], options[256];
	bool readonly;
};

static void sleep_ns(u64 ns)
{
	u64 end = clock_monotonic() + ns;

	while (clock_monotonic() < end) {
		thread_prepare(THREAD_UNINTERRUPTIBLE);
		thread_block_until(end);
		thread_running();
	}
}

static void list_one(struct blkdev *dev, void *arg)
{
	log_err("  %-12s %10llu MiB  %s", dev->name, (unsigned long long)(dev->n_sectors >> 11),
		dev->partition ? dev->label : dev->disk->model);
	++*(unsigned *)arg;
}

static void list_partitions(void)
{
	unsigned n = 0;

	log_err("vfs: disks and partitions:");
	blkdev_each(list_one, &n);
	if (!n)
		log_err("  none");
}

static void read_request(struct root_request *r)
{
	if (!cmdline_get("root", r->device, sizeof(r->device)))
		r->device[0] = 0;
	if (!cmdline_get("rootfstype", r->types, sizeof(r->types)))
		r->types[0] = 0;
	if (!cmdline_get("rootflags", r->options, sizeof(r->options)))
		r->options[0] = 0;
	r->readonly = cmdline_has("ro") && !cmdline_has("rw");
}

static struct blkdev *wait_for_device(const char *name)
{
	u64 deadline = cmdline_has("rootwait") ? ~0ull : clock_monotonic() + WAIT_DEFAULT_NS;
	struct blkdev *dev;

	sleep_ns(cmdline_u64("rootdelay", 0) * NSEC_PER_SEC);
	for (;;) {
		dev = blkdev_find(name);
		if (dev || clock_monotonic() >= deadline)
			return dev;
		sleep_ns(WAIT_STEP_NS);
	}
}

/* Whether the type is in the comma-separated list; an empty one holds all. */
static bool type_wanted(const char *list, const char *name)
{
	size_t n = strlen(name);

	if (!*list)
		return true;
	for (; *list; list += *list == ',') {
		size_t length = strcspn(list, ",");

		if (length == n && !memcmp(list, name, n))
			return true;
		list += length;
	}
	return false;
}

struct attempt {
	const struct root_request *request;
	struct blkdev *dev;
	struct superblock *sb;
	int err;
};

static void try_type(struct fs_type *type, void *arg)
{
	struct attempt *a = arg;
	u32 flags = a->request->readonly ? SB_READ_ONLY : 0;
	int err;

	if (a->sb || !(type->flags & FS_NEEDS_DEV) || !type_wanted(a->request->types, type->name))
		return;
	if (!a->request->types[0] && type->suits && !type->suits(type, a->dev))
		return;
	err = super_obtain(type, a->dev, flags, a->request->options, &mounter_kernel, &a->sb);
	if (err == -ABI_EACCES && !(flags & SB_READ_ONLY))
		err = super_obtain(type, a->dev, flags | SB_READ_ONLY, a->request->options,
				   &mounter_kernel, &a->sb);
	if (err < 0) {
		a->sb = NULL;
		if (a->err == -ABI_ENODEV || err != -ABI_EINVAL)
			a->err = err;
	}
}

static void mount_devtmpfs(void)
{
	struct fs_context *fs = fs_context_boot();
	struct walk w = { .cred = cred_root, .fs = fs };
	int err = fs ? vfs_mount(&w, "devtmpfs", "/dev", "devtmpfs", 0, "") : -ENOMEM;

	if (err < 0)
		log_warn("vfs: cannot mount devtmpfs on /dev (error %d)", err);
	fs_context_put(fs);
}

/* Makes the mount the root of all, in place of a first one; takes over the reference. */
static void root_set(struct mount *m)
{
	struct path nowhere;
	struct mount *first;

	mutex_lock(&mount_mutex);
	first = mount_root;
	if (first)
		mount_detach_locked(first, &nowhere);
	mount_attach_locked(m, NULL);
	mutex_unlock(&mount_mutex);
	mount_put(m);
	mount_put(first);
}

int vfs_mount_first(struct fs_type *type)
{
	struct superblock *sb;
	struct mount *m;
	int err = super_obtain(type, NULL, 0, "", &mounter_kernel, &sb);

	if (err < 0)
		return err;
	m = mount_alloc(sb, sb->root, 0, type->name);
	if (!m)
		return -ENOMEM;
	root_set(m);
	return 0;
}

int vfs_mount_root(void)
{
	struct attempt a = { .err = -ENODEV };
	struct root_request request;
	char source[40];
	struct mount *m;
	u32 flags;

	read_request(&request);
	if (!*request.device) {
		list_partitions();
		panic("VFS: cannot mount root: no root= on the kernel command line");
	}
	a.request = &request;
	a.dev = wait_for_device(request.device);
	if (!a.dev) {
		list_partitions();
		panic("VFS: cannot mount root: no device %s", request.device);
	}
	fs_each(try_type, &a);
	if (!a.sb) {
		list_partitions();
		panic("VFS: cannot mount root: %s holds no file system this kernel can use%s%s "
		      "(error %d)",
		      request.device, *request.types ? ", as " : "", request.types, a.err);
	}
	flags = MNT_F_RELATIME | (a.sb->flags & SB_READ_ONLY ? MNT_F_READONLY : 0);
	log_info("vfs: root is %s (%s%s)", a.dev->name, a.sb->type->name,
		 a.sb->flags & SB_READ_ONLY ? ", read-only" : "");
	snprintf(source, sizeof(source), "/dev/%s", a.dev->name);
	m = mount_alloc(a.sb, a.sb->root, flags, source);
	blkdev_put(a.dev);
	if (!m)
		return -ENOMEM;
	root_set(m);
	mount_devtmpfs();
	return 0;
}
