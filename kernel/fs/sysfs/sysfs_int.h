/*
 * Between the files of sysfs. The tree is described by tables of nodes, as that of procfs. A file
 * with show() is a text, made whole when it is read from the start.
 */
#pragma once

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

extern const struct file_ops sysfs_text_fops;           /* sysfs_text.c */
extern const struct sysfs_node sysfs_block_children[];  /* sysfs_block.c: block */
extern const struct sysfs_node sysfs_block_class_children[]; /* class/block */
extern const struct sysfs_node sysfs_block_dev_children[];   /* dev/block */
extern const struct sysfs_node sysfs_host_children[];   /* class/scsi_host */
extern const struct sysfs_node sysfs_cpu_children[];    /* sysfs_cpu.c: devices/system/cpu */
extern const struct sysfs_node sysfs_debug_children[];  /* sysfs_debug.c: kernel/debug */
extern const struct sysfs_node sysfs_mm_children[];     /* sysfs_mm.c: kernel/mm */
extern const struct sysfs_node sysfs_net_children[];    /* sysfs_net.c: class/net */
