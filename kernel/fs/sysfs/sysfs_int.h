/*
 * Between the files of sysfs. The tree is described by tables of nodes, as that of procfs. A file
 * with show() is a text, made whole when it is read from the start.
 */
#pragma once

#include "dev/devtree.h"
#include "vfs/file.h"
#include "vfs/super.h"
#include "vfs/text.h"

struct sysfs_node {
	const char *name;
	u32 mode;                         /* type and permissions */
	/* Regular files: prints the text. `index` says of which of several. 0 or -errno. */
	int (*show)(struct text *t, unsigned index);
	/* Writes: `text` is NUL-terminated. 0 or -errno. NULL: not writable. */
	int (*store)(char *text, unsigned index);
	bool for_admin;                   /* writing asks for CAP_SYS_ADMIN, besides the mode */
	const struct sysfs_node *children; /* directories: a table, ended by name NULL */
	/* Directories of which there are several: how many. Their names are name0, name1, … */
	unsigned (*count)(void);
	/* Directories of which there are several with names of their own: the number (index) of
	 * the next one after `after` (0: the first) and its name, or 0. Must not sleep. */
	unsigned (*next)(unsigned after, char *name, size_t size);
	/* The same where it depends on the index of the directory they are in (of). */
	unsigned (*next_in)(unsigned of, unsigned after, char *name, size_t size);
	/* Symbolic links: where to. 0 or -errno. */
	int (*link)(char *buf, size_t size, unsigned index);
	/* Whether it is there, for this index. NULL: always. */
	bool (*present)(unsigned index);
	const struct file_ops *fops;      /* files that are not texts; NULL: texts */
	/* Regular files: the size that stat(2) tells. NULL: a page. */
	u64 (*size)(unsigned index);
};

/* I: all constant after creation */
struct sysfs_inode {
	struct inode inode;
	const struct sysfs_node *node;
	unsigned index;
};

static inline struct sysfs_inode *sysfs_inode(struct inode *inode)
{
	return container_of(inode, struct sysfs_inode, inode);
}

/* sysfs_device.c: what all directories of devices have. `fill` tells of the device of that index:
 * false: it is gone. */
typedef bool sysfs_fill(unsigned index, struct devtree_entry *out);
int sysfs_show_uevent(struct text *t, sysfs_fill *fill, unsigned index);
int sysfs_store_uevent(const char *text, sysfs_fill *fill, unsigned index);
/* The link `subsystem` in the device's directory. */
int sysfs_link_subsystem(char *buf, size_t size, sysfs_fill *fill, unsigned index);
/* A link to the device from elsewhere: `up` leads to the root of the tree ("../../"). */
int sysfs_link_device(char *buf, size_t size, const char *up, sysfs_fill *fill, unsigned index);

/* Defines these of a kind of device, and SYSFS_DEVICE_FILES(kind) puts them into its table. */
#define SYSFS_DEVICE(kind, fill) \
	static int show_uevent_##kind(struct text *t, unsigned index) \
	{ \
		return sysfs_show_uevent(t, fill, index); \
	} \
	static int store_uevent_##kind(char *text, unsigned index) \
	{ \
		return sysfs_store_uevent(text, fill, index); \
	} \
	static int link_subsystem_##kind(char *buf, size_t size, unsigned index) \
	{ \
		return sysfs_link_subsystem(buf, size, fill, index); \
	}
#define SYSFS_DEVICE_FILES(kind) \
	{ .name = "subsystem", .mode = S_IFLNK | 0777, .link = link_subsystem_##kind }, \
	{ .name = "uevent", .mode = S_IFREG | 0644, .show = show_uevent_##kind, \
	  .store = store_uevent_##kind }
#define SYSFS_DIRECTORY(name_, children_) \
	{ .name = name_, .mode = S_IFDIR | 0755, .children = children_ }

extern const struct file_ops sysfs_text_fops;           /* sysfs_text.c */
extern const struct sysfs_node sysfs_devices_children[]; /* sysfs_tree.c: devices */
extern const struct sysfs_node sysfs_bus_children[];    /* bus */
extern const struct sysfs_node sysfs_class_children[];  /* class */
extern const struct sysfs_node sysfs_dev_children[];    /* dev */
extern const struct sysfs_node sysfs_block_children[];  /* sysfs_block.c: block */
extern const struct sysfs_node sysfs_disk_children[];   /* the directory of a disk */
extern const struct sysfs_node sysfs_block_virtual_children[]; /* devices/virtual/block */
extern const struct sysfs_node sysfs_block_class_children[]; /* class/block */
extern const struct sysfs_node sysfs_block_dev_children[];   /* dev/block */
extern const struct sysfs_node sysfs_host_class_children[]; /* sysfs_scsi.c: class/scsi_host */
extern const struct sysfs_node sysfs_scsi_bus_children[]; /* bus/scsi */
extern const struct sysfs_node sysfs_ata_children[];    /* a controller's ataN */
unsigned sysfs_ata_next(unsigned of, unsigned after, char *name, size_t size);
extern const struct sysfs_node sysfs_pci_root_children[]; /* sysfs_pci.c: devices/pci0000:00 */
extern const struct sysfs_node sysfs_pci_bus_children[]; /* bus/pci */
extern const struct sysfs_node sysfs_cpu_children[];    /* sysfs_cpu.c: devices/system/cpu */
extern const struct sysfs_node sysfs_debug_children[];  /* sysfs_debug.c: kernel/debug */
extern const struct sysfs_node sysfs_mm_children[];     /* sysfs_mm.c: kernel/mm */
extern const struct sysfs_node sysfs_net_class_children[]; /* sysfs_net.c: class/net */
extern const struct sysfs_node sysfs_net_virtual_children[]; /* devices/virtual/net */
extern const struct sysfs_node sysfs_net_pci_children[]; /* a PCI device's net */
bool sysfs_net_is_on(unsigned pci);                     /* whether it has one */
int sysfs_net_reset(char *text, unsigned pci);
