/*
 * test/host/ext_host_compare.c - whether a mounted tree is the one that the host has.
 */
#include "test/host/ext_host_int.h"

struct compare {
	struct superblock *sb;
	struct inode *dir;
	const char *path;
	unsigned names;		/* found here, "." and ".." included */
	unsigned seen;
};

static void differs(const char *path, const char *what)
{
	unit_fail(__FILE__, __LINE__, "%s: %s", path, what);
}

/* Of a large file only pieces: they are sparse. */
static void compare_data(struct inode *inode, const char *path)
{
	static u8 ours[256 << 10], theirs[256 << 10];
	int fd = os_open(path, true);

	for (s64 at = 0; at < inode->size; at += (s64)sizeof(ours)) {
		size_t n = (size_t)min(inode->size - at, (s64)sizeof(ours));

		if (host_read(inode, ours, n, at) != (ssize_t)n ||
		    !os_pread(fd, theirs, n, (u64)at) || memcmp(ours, theirs, n) != 0) {
			differs(path, "contents");
			break;
		}
		(void)pagecache_shrink(&inode->cache);
	}
	os_close(fd);
}

static void compare_link(struct inode *inode, const char *path)
{
	static char ours[4200], theirs[4200];
	long n = os_readlink(path, theirs, sizeof(theirs) - 1);

	theirs[max(n, 0l)] = '\0';
	if (host_readlink(inode, ours, sizeof(ours)) != n || strcmp(ours, theirs) != 0)
		differs(path, "target");
}

static void compare_inode(struct inode *inode, const char *path, const struct os_stat *st)
{
	if (inode->mode != st->mode)
		differs(path, "mode");
	if (inode->uid != st->uid || inode->gid != st->gid)
		differs(path, "owner");
	if (!S_ISDIR(inode->mode) && (u64)inode->size != st->size)
		differs(path, "size");
	if (!S_ISDIR(inode->mode) && inode->nlink != st->nlink)
		differs(path, "links");
	if ((S_ISCHR(inode->mode) || S_ISBLK(inode->mode)) && inode->rdev != st->rdev)
		differs(path, "device");
	if (!S_ISDIR(inode->mode) && inode->mtime.tv_sec != st->mtime)
		differs(path, "time");
	if (S_ISREG(inode->mode))
		compare_data(inode, path);
	else if (S_ISLNK(inode->mode))
		compare_link(inode, path);
}

static void compare_name(const char *name, void *arg)
{
	struct compare *c = arg;
	char path[4400];
	struct inode *inode;
	struct os_stat st;

	if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return;
	lib_snprintf(path, sizeof(path), "%s/%s", c->path, name);
	if (!os_lstat(path, &st)) {
		differs(path, "the host does not find it");
		return;
	}
	if (host_lookup(c->dir, name, &inode)) {
		differs(path, "not found");
		return;
	}
	compare_inode(inode, path, &st);
	c->seen++;
	if (S_ISDIR(inode->mode) && S_ISDIR((u32)st.mode))
		c->seen += host_compare(c->sb, inode, path);
	inode_put(inode);
}

static void count_name(const char *name, u64 ino, u8 type, void *arg)
{
	struct compare *c = arg;

	/* Only mke2fs' own. */
	c->names += strcmp(name, "lost+found") != 0;
}

unsigned host_compare(struct superblock *sb, struct inode *dir, const char *path)
{
	struct compare c = { .sb = sb, .dir = dir, .path = path };
	int names = os_list(path, compare_name, &c);

	if (host_readdir(dir, 19, count_name, &c) || names != (int)c.names)
		differs(path, "other names");
	return c.seen;
}
