/*
 * What disks are plugged into, as Linux shows a port of an ATA controller: ataN/hostM below the
 * controller, N being M + 1, and what is plugged in there as the device M:0:0:0 of SCSI's. The
 * index of all these is the host's number plus one; /sys/class/scsi_host and /sys/bus/scsi have
 * links.
 */
#include "abi/errno.h"
#include "abi/stat.h"
#include "dev/blk.h"
#include "dev/pci.h"
#include "fs/sysfs/sysfs_int.h"
#include "lib/format.h"
#include "lib/string.h"

#define NAME_ROOM 32

/* The disk that is plugged in, with a reference, or NULL. */
static struct blkdev *disk_get_of(unsigned index)
{
	char name[NAME_ROOM];
	u32 number = disk_host_disk(index - 1, name, sizeof(name));

	return number ? blkdev_find_number(number >> 20, number & 0xfffff) : NULL;
}

unsigned sysfs_ata_next(unsigned of, unsigned after, char *name, size_t size)
{
	struct pci_device *pci = pci_find(of);
	unsigned index = pci ? disk_host_next(pci, after) : 0;

	if (index)
		snprintf(name, size, "ata%u", index);
	return index;
}

static unsigned next_host(unsigned after, char *name, size_t size)
{
	unsigned index = disk_host_next(NULL, after);

	if (index)
		snprintf(name, size, "host%u", index - 1);
	return index;
}

static unsigned only_host(unsigned of, unsigned after, char *name, size_t size)
{
	snprintf(name, size, "host%u", of - 1);
	return after < of ? of : 0;
}

static bool has_disk(unsigned index)
{
	char name[NAME_ROOM];

	return disk_host_disk(index - 1, name, sizeof(name));
}

static unsigned only_target(unsigned of, unsigned after, char *name, size_t size)
{
	snprintf(name, size, "target%u:0:0", of - 1);
	return after < of && has_disk(of) ? of : 0;
}

static unsigned only_device(unsigned of, unsigned after, char *name, size_t size)
{
	snprintf(name, size, "%u:0:0:0", of - 1);
	return after < of && has_disk(of) ? of : 0;
}

static unsigned only_disk(unsigned of, unsigned after, char *name, size_t size)
{
	u32 number = disk_host_disk(of - 1, name, size);

	return number > after ? number : 0;
}

static unsigned next_device(unsigned after, char *name, size_t size)
{
	unsigned index = after;

	while ((index = disk_host_next(NULL, index)) && !has_disk(index))
		;
	if (index)
		snprintf(name, size, "%u:0:0:0", index - 1);
	return index;
}

static bool fill_host(unsigned index, struct devtree_entry *out)
{
	devtree_host(disk_host_find(index - 1), out);
	return true;
}

/* The same as a member of its class. */
static bool fill_host_class(unsigned index, struct devtree_entry *out)
{
	size_t n;

	devtree_host(disk_host_find(index - 1), out);
	n = strlen(out->path);
	snprintf(out->path + n, sizeof(out->path) - n, "/scsi_host/host%u", index - 1);
	out->subsystem = "scsi_host";
	out->bus = false;
	*out->properties = 0;
	return true;
}

static bool fill_scsi(unsigned index, struct devtree_entry *out)
{
	struct blkdev *d = disk_get_of(index);

	if (!d)
		return false;
	devtree_scsi(d->disk->host, d->disk->cdrom, out);
	blkdev_put(d);
	return true;
}

SYSFS_DEVICE(host, fill_host)
SYSFS_DEVICE(host_class, fill_host_class)
SYSFS_DEVICE(scsi, fill_scsi)

static int show_proc_name(struct text *t, unsigned index)
{
	text_printf(t, "%s\n", disk_host_find(index - 1)->driver);
	return 0;
}

static int show_unique_id(struct text *t, unsigned index)
{
	text_printf(t, "%u\n", index);
	return 0;
}

/* "channel target lun", each a number or "-": here a host is always looked at as a whole. */
static int store_scan(char *text, unsigned index)
{
	struct disk_host *host = disk_host_find(index - 1);

	if (strcspn(text, "0123456789-"))
		return -EINVAL;
	host->scan(host);
	return 0;
}

/* As if it were unplugged. */
static int store_delete(char *text, unsigned index)
{
	struct blkdev *d = disk_get_of(index);
	int err = -EOPNOTSUPP;

	if (!d)
		return -ENODEV;
	if (d->disk->ops->detach)
		err = d->disk->ops->detach(d->disk);
	blkdev_put(d);
	return err;
}

#define SHOW(name, fmt, value) \
	static int show_##name(struct text *t, unsigned index) \
	{ \
		struct blkdev *d = disk_get_of(index); \
\
		if (!d) \
			return -ENODEV; \
		text_printf(t, fmt "\n", value); \
		blkdev_put(d); \
		return 0; \
	}

/* Fields of INQUIRY have fixed lengths (SPC-4 6.4.2); as libata fills them. */
SHOW(model, "%-16.16s", d->disk->model)
SHOW(rev, "%-4.4s", d->disk->firmware)
SHOW(vendor, "%-8s", d->disk->cdrom ? "QEMU" : "ATA")
SHOW(serial, "%s", d->disk->serial)
SHOW(state, "%s", "running")
SHOW(type, "%d", d->disk->cdrom ? 5 : 0)
SHOW(queue_depth, "%u", d->disk->depth)
SHOW(modalias, "scsi:t-0x%02x", d->disk->cdrom ? 5 : 0)

#define READ(name_) { .name = #name_, .mode = S_IFREG | 0444, .show = show_##name_ }

static const struct sysfs_node block_children[] = {
	{ .name = "", .mode = S_IFDIR | 0755, .children = sysfs_disk_children,
	  .next_in = only_disk },
	{ NULL },
};

static const struct sysfs_node scsi_children[] = {
	{ .name = "delete", .mode = S_IFREG | 0200, .store = store_delete },
	READ(modalias), READ(model), READ(queue_depth), READ(rev), READ(serial), READ(state),
	READ(type), READ(vendor),
	SYSFS_DEVICE_FILES(scsi),
	SYSFS_DIRECTORY("block", block_children),
	{ NULL },
};

static const struct sysfs_node target_children[] = {
	{ .name = "", .mode = S_IFDIR | 0755, .children = scsi_children, .next_in = only_device },
	{ NULL },
};

static int link_parent(char *buf, size_t size, unsigned index)
{
	snprintf(buf, size, "../../../host%u", index - 1);
	return 0;
}

static const struct sysfs_node class_children[] = {
	READ(proc_name), READ(unique_id),
	{ .name = "scan", .mode = S_IFREG | 0200, .store = store_scan },
	{ .name = "device", .mode = S_IFLNK | 0777, .link = link_parent },
	SYSFS_DEVICE_FILES(host_class),
	{ NULL },
};

static const struct sysfs_node scsi_host_children[] = {
	{ .name = "", .mode = S_IFDIR | 0755, .children = class_children, .next_in = only_host },
	{ NULL },
};

static const struct sysfs_node host_children[] = {
	SYSFS_DEVICE_FILES(host),
	SYSFS_DIRECTORY("scsi_host", scsi_host_children),
	{ .name = "", .mode = S_IFDIR | 0755, .children = target_children, .next_in = only_target },
	{ NULL },
};

const struct sysfs_node sysfs_ata_children[] = {
	{ .name = "", .mode = S_IFDIR | 0755, .children = host_children, .next_in = only_host },
	{ NULL },
};

static int link_class(char *buf, size_t size, unsigned index)
{
	return sysfs_link_device(buf, size, "../../", fill_host_class, index);
}

const struct sysfs_node sysfs_host_class_children[] = {
	{ .name = "", .mode = S_IFLNK | 0777, .link = link_class, .next = next_host },
	{ NULL },
};

static int link_bus_host(char *buf, size_t size, unsigned index)
{
	return sysfs_link_device(buf, size, "../../../", fill_host, index);
}

static int link_bus_scsi(char *buf, size_t size, unsigned index)
{
	return sysfs_link_device(buf, size, "../../../", fill_scsi, index);
}

static const struct sysfs_node bus_devices_children[] = {
	{ .name = "", .mode = S_IFLNK | 0777, .link = link_bus_scsi, .next = next_device },
	{ .name = "", .mode = S_IFLNK | 0777, .link = link_bus_host, .next = next_host },
	{ NULL },
};

const struct sysfs_node sysfs_scsi_bus_children[] = {
	SYSFS_DIRECTORY("devices", bus_devices_children),
	{ NULL },
};
