/*
 * Between procfs_net_sys.c (settings of the network) and procfs_net_conf.c (those of interfaces).
 */
#pragma once

#include "abi/stat.h"
#include "proc/procfs/procfs_int.h"

#define PROCFS_NET_RW  (S_IFREG | 0644)
#define PROCFS_NET_DIR (S_IFDIR | 0555)

/* One number or two as text: bytes read. */
ssize_t procfs_numbers_print(struct iov_iter *to, loff_t *pos, const s32 *v, int n);
/* One or two numbers out of what is written: how many, or -EINVAL, -EFAULT. */
int procfs_numbers_parse(struct iov_iter *from, s32 out[2]);
loff_t procfs_numbers_seek(struct file *file, loff_t offset, int whence);

/* procfs_net_conf.c: the children of conf and neigh, "all" and "default" among them, and the
 * directories of interfaces beside these. */
extern const struct proc_node procfs_net_conf4[], procfs_net_conf6[], procfs_net_neigh4[],
			      procfs_net_neigh6[];
int procfs_net_conf_lookup(struct proc_inode *dir, const struct name *name, struct inode **out);
int procfs_net_conf_readdir(struct proc_inode *dir, struct dir_sink *sink, u64 pos);
#define PROCFS_NET_CONF(name_, children_) { \
	.name = name_, .mode = PROCFS_NET_DIR, .children = children_, \
	.lookup = procfs_net_conf_lookup, .readdir = procfs_net_conf_readdir, \
}
