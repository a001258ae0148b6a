/* What the self-tests of vfs share: a tmpfs of their own to stand in. */
#pragma once

#include "abi/errno.h"
#include "abi/stat.h"
#include "lib/string.h"
#include "test/ktest.h"
#include "vfs/file.h"

struct vfs_place {
	struct mount *mount;
	struct fs_context fs;
	struct walk walk;
};

/* A fresh tmpfs with the options, and a walk that begins at its root. */
bool vfs_place_init(struct vfs_place *p, const char *options);
/* Takes it apart, waits until its inodes are gone. */
void vfs_place_fini(struct vfs_place *p);

/* Opens with flags and mode 0644, or NULL and *err. */
struct file *vfs_place_open(struct vfs_place *p, const char *name, u32 flags, int *err);
ssize_t vfs_place_write(struct file *f, const void *buf, size_t n);
ssize_t vfs_place_read(struct file *f, void *buf, size_t n);
/* Makes a regular file that holds `text`. */
int vfs_place_file(struct vfs_place *p, const char *name, const char *text);
/* lstat(2): 0 or the error. */
int vfs_place_stat(struct vfs_place *p, const char *name, struct statx_data *out);
