/*
 * test/host/ext_host_walk.c - a damaged file system in use: everything is read, much is changed,
 * and no error is the wrong one. What is asked for is only that it ends, in good order.
 */
#include "test/host/ext_host_int.h"

#include "abi/dirent.h"
#include "fs/ext/ext_inode.h"

#define VISITS 3000u /* of names: damage makes trees that contain themselves */

static u8 buf[70000];
static unsigned n_visits;

struct visit {
	struct superblock *sb;
	unsigned depth;
};

static void visit_xattrs(struct inode *inode)
{
	ssize_t n = inode->ops->listxattr ?
		inode->ops->listxattr(inode, (char *)buf, sizeof(buf) - 1) : 0;
	static char names[2000];

	if (n <= 0)
		return;
	n = min(n, (ssize_t)sizeof(names) - 1);
	memcpy(names, buf, (size_t)n);
	names[n] = '\0';
	for (char *name = names; name < names + n; name += strlen(name) + 1)
		(void)inode->ops->getxattr(inode, name, buf, sizeof(buf));
}

static void visit_data(struct inode *inode)
{
	u64 lba, n;

	(void)host_read(inode, buf, 9000, 0);
	(void)host_read(inode, buf, 5000, inode->size / 2);
	(void)host_read(inode, buf, 5000, max(inode->size - 3000, (s64)0));
	for (u64 at = 0; at < 400 << 10 && at < (u64)inode->size; at += 37 << 10)
		(void)host_read(inode, buf, 10, (s64)at);
	if (inode->ops->locate)
		(void)inode->ops->locate(inode, 0, &lba, &n);
}

static void visit(const char *name, u64 ino, u8 type, void *arg)
{
	struct visit *v = arg, below = { v->sb, v->depth + 1 };
	struct inode *inode;

	if (++n_visits > VISITS || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return;
	if (ext_iget(v->sb, (u32)ino, &inode))
		return;
	visit_xattrs(inode);
	if (S_ISREG(inode->mode))
		visit_data(inode);
	else if (S_ISLNK(inode->mode))
		(void)host_readlink(inode, (char *)buf, 4096);
	else if (S_ISDIR(inode->mode) && below.depth < 10)
		(void)host_readdir(inode, 50, visit, &below);
	inode_put(inode);
}

void host_walk(struct superblock *sb)
{
	struct visit v = { sb, 0 };
	struct abi_statfs statfs;

	n_visits = 0;
	(void)host_readdir(sb->root_inode, 100, visit, &v);
	(void)sb->ops->statfs(sb, &statfs);
}

/* A regular file of that name, or NULL. */
static struct inode *regular(struct superblock *sb, const char *name)
{
	struct inode *inode;

	if (host_lookup(sb->root_inode, name, &inode))
		return NULL;
	if (S_ISREG(inode->mode))
		return inode;
	inode_put(inode);
	return NULL;
}

static void change_names(struct superblock *sb)
{
	struct inode *dir, *inode;
	char name[60];

	if (host_lookup(sb->root_inode, "many", &dir))
		return;
	for (unsigned i = 0; S_ISDIR(dir->mode) && i < 40; i++) {
		lib_snprintf(name, sizeof(name), "file%u", i * 7);
		(void)host_unlink(dir, name);
		lib_snprintf(name, sizeof(name), "a-rather-longer-name-%u", i);
		if (host_create(dir, name, 0644, &inode) == 0) {
			(void)host_write(inode, buf, 30, i * 3000);
			inode_put(inode);
		}
	}
	if (S_ISDIR(dir->mode)) {
		(void)host_rename(dir, name, sb->root_inode, "moved", 0);
		(void)host_rename(sb->root_inode, "sub", dir, "sub", 0);
		(void)host_symlink(dir, "symlink", "a-target");
	}
	inode_put(dir);
	(void)host_mkdir(sb->root_inode, "new", 0755, NULL);
	(void)host_rename(sb->root_inode, "new", sb->root_inode, "newer", 0);
	(void)host_rmdir(sb->root_inode, "newer");
}

void host_change(struct superblock *sb)
{
	struct inode *inode;

	memset(buf, 'w', 20000);
	change_names(sb);
	(void)host_unlink(sb->root_inode, "big");
	inode = regular(sb, "sparse");
	if (inode) {
		(void)host_truncate(inode, 10000);
		(void)host_write(inode, buf, 20000, 30000);
		inode_put(inode);
	}
	inode = regular(sb, "frag");
	if (inode) {
		for (unsigned i = 0; i < 12; i++)
			(void)host_write(inode, buf, 3000, 9000 + i * 40000);
		if (inode->ops->setxattr) {
			(void)inode->ops->setxattr(inode, "user.x", "y", 1, 0);
			(void)inode->ops->setxattr(inode, "user.large", buf, 700, 0);
			(void)inode->ops->setxattr(inode, "user.x", NULL, 0, 0);
		}
		(void)host_truncate(inode, 70001);
		inode_put(inode);
	}
	(void)host_sync(sb);
	inode = regular(sb, "attrs");
	if (inode && inode->ops->setxattr) {
		(void)inode->ops->setxattr(inode, "user.large", buf, 300, 0);
		(void)host_link(sb->root_inode, "linked", inode);
	}
	if (inode)
		inode_put(inode);
	(void)host_unlink(sb->root_inode, "frag");
}
