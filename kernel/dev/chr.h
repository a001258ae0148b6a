/* Character devices: a table of device numbers; vfs looks up who serves a number when a device node
 * is opened, devfs shows them. */
#pragma once

#include "lib/list.h"
#include "lib/types.h"

struct file_ops; /* vfs/file.h */

struct chrdev {
	struct list link;      /* registry's lock */
	u32 major, minor, n_minors; /* constant */
	/* In devfs; with n_minors > 1 "%u" in the name says where the minor goes ("ttyS%u"). NULL:
	 * no node (devpts has its own). */
	const char *name;
	u32 mode;              /* permissions in devfs, e.g. 0666 */
	u32 gid;               /* group in devfs */
	const struct file_ops *ops;
	void *data;
	const char *driver;    /* in /proc/devices; NULL: the name without its number */
	const char *class;     /* in /sys; NULL: that of the major number (chrdev_class()) */
	const char *parent;    /* in /sys/devices, where it is; NULL: "virtual" */
};

/* 0, or -EEXIST if the numbers overlap. The structure stays with the registry. */
int chrdev_register(struct chrdev *dev);
void chrdev_unregister(struct chrdev *dev);
/* Who serves the number, or NULL. */
struct chrdev *chrdev_find(u32 major, u32 minor);
/* The class that devices of this one have in /sys. */
const char *chrdev_class(const struct chrdev *dev);
/* The name of one of its nodes. */
void chrdev_name(const struct chrdev *dev, u32 index, char *buf, size_t size);
/*
 * The node with the smallest CHRDEV_NUMBER() above `after` (0: the first), and its name: its
 * number, or 0; of that class and that parent, where these are not NULL (parent "": of the virtual
 * ones). Any context.
 */
u32 chrdev_next(const char *class, const char *parent, u32 after, char *name, size_t size);
#define CHRDEV_NUMBER(major, minor) ((major) << 20 | (minor))
void chrdev_each(void (*fn)(struct chrdev *dev, void *arg), void *arg);
/* Told of each device that comes or goes (devfs): set once; it is first told of all there are. */
void chrdev_set_notify(void (*fn)(struct chrdev *dev, bool added));
