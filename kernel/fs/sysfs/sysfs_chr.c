/*
 * Character devices: a directory per node, by its number, below "virtual" or what is behind the
 * device; /sys/class and /sys/dev/char have links.
 */
#include "abi/errno.h"
#include "abi/stat.h"
#include "dev/chr.h"
#include "fs/sysfs/sysfs_chr_int.h"
#include "fs/sysfs/sysfs_int.h"
#include "lib/format.h"

static bool fill_chr(unsigned index, struct devtree_entry *out)
{
	struct chrdev *d = chrdev_find(index >> 20, index & 0xfffff);

	if (d)
		devtree_chrdev(d, index & 0xfffff, out);
	return d;
}

SYSFS_DEVICE(chr, fill_chr)

static int show_dev(struct text *t, unsigned index)
{
	text_printf(t, "%u:%u\n", index >> 20, index & 0xfffff);
	return 0;
}

static const struct sysfs_node chr_children[] = {
	{ .name = "dev", .mode = S_IFREG | 0444, .show = show_dev },
	SYSFS_DEVICE_FILES(chr),
	{ NULL },
};

static int link_up_twice(char *buf, size_t size, unsigned index)
{
	return sysfs_link_device(buf, size, "../../", fill_chr, index);
}

static unsigned next_number(unsigned after, char *name, size_t size)
{
	unsigned index = chrdev_next(NULL, NULL, after, name, size);

	if (index)
		snprintf(name, size, "%u:%u", index >> 20, index & 0xfffff);
	return index;
}

const struct sysfs_node sysfs_chr_dev_children[] = {
	{ .name = "", .mode = S_IFLNK | 0777, .link = link_up_twice, .next = next_number },
	{ NULL },
};

/* A directory of nodes below a parent, and the links of a class. */
#define BELOW(table, class, parent) \
	static unsigned next_##table(unsigned after, char *name, size_t size) \
	{ \
		return chrdev_next(class, parent, after, name, size); \
	} \
	const struct sysfs_node sysfs_##table##_children[] = { \
		{ .name = "", .mode = S_IFDIR | 0755, .children = chr_children, \
		  .next = next_##table }, \
		{ NULL }, \
	};
#define CLASS(class) \
	static unsigned next_##class(unsigned after, char *name, size_t size) \
	{ \
		return chrdev_next(#class, NULL, after, name, size); \
	} \
	const struct sysfs_node sysfs_##class##_class_children[] = { \
		{ .name = "", .mode = S_IFLNK | 0777, .link = link_up_twice, \
		  .next = next_##class }, \
		{ NULL }, \
	};

CLASS(mem)
CLASS(misc)
CLASS(rtc)
CLASS(tty)
BELOW(mem_virtual, "mem", "")
BELOW(misc_virtual, "misc", "")
BELOW(tty_virtual, "tty", "")
BELOW(tty_serial, "tty", "platform/serial8250")
BELOW(rtc_cmos, "rtc", "platform/rtc_cmos")
