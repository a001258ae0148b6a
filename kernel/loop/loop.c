/*
 * The loop devices there are, and /dev/loop-control, which makes more of them, finds a free one,
 * and removes one. Eight are made at boot. /sys/block/loopN/loop tells what a device is bound to.
 */
#include "loop/loop.h"

#include "abi/kdev.h"
#include "core/panic.h"
#include "dev/chr.h"
#include "lib/format.h"
#include "lib/string.h"
#include "loop/loop_int.h"
#include "mm/slab.h"
#include "proc/process.h"

#define AT_BOOT 8
#define CONTROL_MINOR 237
#define DISK_GROUP 6
#define YEAR_NS (365ull * 24 * 3600 * 1000000000)

struct mutex loop_lock = MUTEX_INIT(loop_lock, RANK_LOOP, "loop");
static struct list loops = LIST_INIT(loops); /* m */

struct loop *loop_find(unsigned number)
{
	struct loop *l;

	list_for_each_entry(l, &loops, link)
		if (l->number == number)
			return l;
	return NULL;
}

static void loop_closed(struct disk *disk)
{
	(void)loop_clear(loop_of(disk), true);
}

static void loop_release(struct disk *disk)
{
	kfree(loop_of(disk));
}

/* A file may take as long as it likes. */
static void loop_timeout(struct disk *disk, struct blk_request *req)
{
}

/* The file's path as whoever asks would walk it. */
static int file_path(struct loop *l, char *buf, size_t size)
{
	struct path root;
	char *start;
	int err;

	if (!l->file->path.dentry)
		return -ENOENT;
	fs_context_get_paths(task_current()->fs, &root, NULL);
	err = path_to_string(&l->file->path, &root, buf, size, &start);
	path_put(&root);
	if (err == 0)
		memmove(buf, start, strlen(start) + 1);
	return err;
}

static int describe_locked(struct loop *l, const char *name, char *buf, size_t size)
{
	static const struct { const char *name; u32 flag; } flags[] = {
		{ "autoclear", LO_FLAGS_AUTOCLEAR },
		{ "dio", LO_FLAGS_DIRECT_IO },
		{ "partscan", LO_FLAGS_PARTSCAN },
	};

	if (l->state != LOOP_BOUND)
		return -ENODEV;
	if (!strcmp(name, "backing_file"))
		return file_path(l, buf, size);
	if (!strcmp(name, "offset") || !strcmp(name, "sizelimit")) {
		snprintf(buf, size, "%llu",
			 (unsigned long long)(*name == 'o' ? l->offset : l->size_limit));
		return 0;
	}
	for (size_t i = 0; i < ARRAY_SIZE(flags); i++) {
		if (!strcmp(name, flags[i].name)) {
			snprintf(buf, size, "%d", (l->flags & flags[i].flag) != 0);
			return 0;
		}
	}
	return -ENODEV;
}

static int loop_describe(struct disk *disk, const char *name, char *buf, size_t size)
{
	int err;

	mutex_lock(&loop_lock);
	err = describe_locked(loop_of(disk), name, buf, size);
	mutex_unlock(&loop_lock);
	return err;
}

static const struct disk_ops loop_disk_ops = {
	.start = loop_start,
	.timeout = loop_timeout,
	.ioctl = loop_ioctl,
	.closed = loop_closed,
	.describe = loop_describe,
	.release = loop_release,
};

static void disk_fill(struct loop *l)
{
	struct disk *d = &l->disk;

	snprintf(d->name, sizeof(d->name), "loop%u", l->number);
	d->ops = &loop_disk_ops;
	d->major = LOOP_MAJOR;
	d->minor = l->number;
	d->sector_size = d->physical_sector_size = 512;
	d->max_sectors = 1024;
	d->max_discard_sectors = 1u << 22;
	d->max_segments = 128;
	d->max_segment_bytes = 1u << 20;
	d->depth = LOOP_DEPTH;
	d->address_bits = 64;
	d->write_cache = d->discard = d->unpartitioned = true;
	d->timeout_ns = YEAR_NS;
}

/* A new device of that number, or of the first one that is free (below 0). loop_lock held. */
static int loop_add(int number)
{
	struct list *place = &loops;
	unsigned free = 0;
	struct loop *l;
	int err;

	list_for_each_entry(l, &loops, link) {
		if (number >= 0 ? l->number >= (unsigned)number : l->number > free) {
			place = &l->link;
			break;
		}
		free = l->number + 1;
	}
	if (number >= 0 && loop_find((unsigned)number))
		return -EEXIST;
	if (number > (int)DEV_MINOR_MAX || free > DEV_MINOR_MAX)
		return -EINVAL;
	l = kzalloc(sizeof(*l), MM_KERNEL);
	if (!l)
		return -ENOMEM;
	l->number = number >= 0 ? (unsigned)number : free;
	wait_init(&l->work);
	wait_init(&l->ended);
	disk_fill(l);
	number = (int)l->number;
	err = disk_register(&l->disk); /* frees it if that fails */
	if (err < 0)
		return err;
	list_add_tail(&l->link, place);
	return number;
}

static int loop_remove(int number)
{
	struct loop *l;

	if (number < 0)
		return -EINVAL;
	l = loop_find((unsigned)number);
	if (!l)
		return -ENODEV;
	if (l->state != LOOP_UNBOUND || disk_openers(&l->disk))
		return -EBUSY;
	list_del(&l->link);
	disk_unregister(&l->disk);
	return 0;
}

static int loop_free_number(void)
{
	struct loop *l;

	list_for_each_entry(l, &loops, link)
		if (l->state == LOOP_UNBOUND)
			return (int)l->number;
	return loop_add(-1);
}

static long control_ioctl(struct file *file, u32 request, u64 arg)
{
	long err;

	mutex_lock(&loop_lock);
	switch (request) {
	case LOOP_CTL_ADD:
		err = loop_add((int)arg);
		break;
	case LOOP_CTL_REMOVE:
		err = loop_remove((int)arg);
		break;
	case LOOP_CTL_GET_FREE:
		err = loop_free_number();
		break;
	default:
		err = -ENOSYS; /* what Linux says here */
	}
	mutex_unlock(&loop_lock);
	return err;
}

static const struct file_ops control_ops = { .ioctl = control_ioctl };

void loop_init(void)
{
	static struct chrdev control = {
		.major = MISC_MAJOR,
		.minor = CONTROL_MINOR,
		.n_minors = 1,
		.name = "loop-control",
		.mode = 0660,
		.gid = DISK_GROUP,
		.ops = &control_ops,
		.driver = "misc",
	};
	int err = chrdev_register(&control);

	mutex_lock(&loop_lock);
	for (int i = 0; i < AT_BOOT && err >= 0; i++)
		err = loop_add(i);
	mutex_unlock(&loop_lock);
	if (err < 0)
		panic("loop: cannot start (error %d)", -err);
}
