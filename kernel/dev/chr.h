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
};

/* 0, or -EEXIST if the numbers overlap. The structure stays with the registry. */
int chrdev_register(struct chrdev *dev);
void chrdev_unregister(struct chrdev *dev);
/* Who serves the number, or NULL. */
struct chrdev *chrdev_find(u32 major, u32 minor);
void chrdev_each(void (*fn)(struct chrdev *dev, void *arg), void *arg);
/* Told of each device that comes or goes (devfs): set once; it is first told of all there are. */
void chrdev_set_notify(void (*fn)(struct chrdev *dev, bool added));
