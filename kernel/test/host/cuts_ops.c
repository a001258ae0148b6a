/*
 * test/host/cuts_ops.c - the operations of the power-cut tests on a mounted image, and the tree
 * that is found on it. userland/tests/prog_cuts.c does the same by system calls.
 */
#include "test/host/cuts.h"

#include "abi/ioctl.h"
#include "dev/bcache.h"
#include "fs/ext/ext_file.h"

#define WORDS	6
#define HELD	4

static struct inode *held[HELD];
static unsigned n_held;

/* The byte at a place of what is written under a tag. */
static u8 pattern(u64 at, u64 tag)
{
	return (u8)(1 + (at + 37 * tag + (at >> 9) * 11) % 251);
}

/* The directory that a path ends in, referenced, and the last name. */
static int walk_parent(struct superblock *sb, const char *path, struct inode **dir,
		       const char **name)
{
	struct inode *at = inode_get(sb->root_inode), *next;
	const char *slash;
	char part[64];
	int err;

	while ((slash = strchr(path, '/'))) {
		strlcpy(part, path, min(sizeof(part), (size_t)(slash - path) + 1));
		err = host_lookup(at, part, &next);
		inode_put(at);
		if (err)
			return err;
		at = next;
		path = slash + 1;
	}
	*dir = at;
	*name = path;
	return 0;
}

static int walk(struct superblock *sb, const char *path, struct inode **out)
{
	struct inode *dir;
	const char *name;
	int err;

	if (strcmp(path, ".") == 0) {
		*out = inode_get(sb->root_inode);
		return 0;
	}
	err = walk_parent(sb, path, &dir, &name);
	if (err)
		return err;
	err = host_lookup(dir, name, out);
	inode_put(dir);
	return err;
}

static int op_write(struct inode *inode, bool direct, u64 at, u64 n, u64 tag)
{
	u8 *buf = malloc(n);
	ssize_t got;

	for (u64 i = 0; i < n; i++)
		buf[i] = pattern(at + i, tag);
	got = direct ? host_write_direct(inode, buf, n, (s64)at) :
		       host_write(inode, buf, n, (s64)at);
	free(buf);
	return got < 0 ? (int)got : (u64)got == n ? 0 : -ENOSPC;
}

static int op_fsync(struct inode *inode, bool data_only)
{
	struct file *file = host_open(inode, O_RDWR);
	int err = file->inode->fops->fsync(file, data_only);

	host_close(file);
	return err;
}

/* An operation on one existing file or directory. */
static int op_on_inode(struct superblock *sb, char **word)
{
	struct inode *inode;
	int err = walk(sb, word[1], &inode);

	if (err)
		return err;
	if (strcmp(word[0], "write") == 0 || strcmp(word[0], "dwrite") == 0) {
		err = op_write(inode, word[0][0] == 'd', strtoul(word[2], NULL, 10),
			       strtoul(word[3], NULL, 10), strtoul(word[4], NULL, 10));
	} else if (strcmp(word[0], "trunc") == 0) {
		err = host_truncate(inode, strtol(word[2], NULL, 10));
	} else if (strcmp(word[0], "fsync") == 0 || strcmp(word[0], "fdatasync") == 0) {
		err = op_fsync(inode, word[0][1] == 'd');
	} else if (strcmp(word[0], "hold") == 0 && n_held < HELD) {
		held[n_held++] = inode_get(inode);
	} else {
		err = -ENOSYS;
	}
	inode_put(inode);
	return err;
}

static int op_on_name(struct superblock *sb, char **word)
{
	struct inode *dir, *to_dir = NULL, *inode = NULL;
	const char *name, *to = NULL;
	int err = walk_parent(sb, word[1], &dir, &name);

	if (err)
		return err;
	if (word[2])
		err = walk_parent(sb, word[2], &to_dir, &to);
	if (err)
		to_dir = NULL;
	else if (strcmp(word[0], "creat") == 0)
		err = host_create(dir, name, 0644, NULL);
	else if (strcmp(word[0], "mkdir") == 0)
		err = host_mkdir(dir, name, 0755, NULL);
	else if (strcmp(word[0], "unlink") == 0)
		err = host_unlink(dir, name);
	else if (strcmp(word[0], "rmdir") == 0)
		err = host_rmdir(dir, name);
	else if (strcmp(word[0], "rename") == 0)
		err = host_rename(dir, name, to_dir, to, 0);
	else if (strcmp(word[0], "link") == 0 && !(err = host_lookup(dir, name, &inode)))
		err = host_link(to_dir, to, inode);
	if (inode)
		inode_put(inode);
	if (to_dir)
		inode_put(to_dir);
	inode_put(dir);
	return err;
}

/* The file system gets so many KiB. */
static int op_grow(struct superblock *sb, u64 kib)
{
	struct file *file = host_open(sb->root_inode, O_RDONLY);
	u64 blocks = (kib << 10) / sb->block_size;
	long err = ext_ioctl(file, EXT4_IOC_RESIZE_FS, (u64)&blocks);

	host_close(file);
	return (int)err;
}

static int op_run(struct superblock *sb, char **word)
{
	static const char *const by_name[] = { "creat", "mkdir", "unlink", "rmdir", "rename",
					       "link" };

	if (strcmp(word[0], "sync") == 0)
		return host_sync(sb);
	if (strcmp(word[0], "wb") == 0)
		return host_write_back(sb);
	if (strcmp(word[0], "disk") == 0)
		return bcache_sync(sb->dev) ?: blk_flush(sb->dev);
	if (strcmp(word[0], "grow") == 0)
		return op_grow(sb, strtoul(word[1], NULL, 10));
	for (size_t i = 0; i < ARRAY_SIZE(by_name); i++)
		if (strcmp(word[0], by_name[i]) == 0)
			return op_on_name(sb, word);
	return op_on_inode(sb, word);
}

void cuts_run(struct superblock *sb, char *sequence)
{
	char *next, *word[WORDS + 1], mark[64];

	for (unsigned i = 1; sequence; i++, sequence = next) {
		unsigned n = 0;

		next = strchr(sequence, ';');
		if (next)
			*next++ = '\0';
		memset(word, 0, sizeof(word));
		while (n < WORDS && sequence) {
			word[n++] = sequence;
			sequence = strchr(sequence, ' ');
			if (sequence)
				*sequence++ = '\0';
		}
		snprintf(mark, sizeof(mark), "op %u %d", i, op_run(sb, word));
		host_record_mark(mark);
	}
	while (n_held)
		inode_put(held[--n_held]);
}

/* The tree */
struct names {
	char **name;
	unsigned n;
};

static void name_add(const char *name, u64 ino, u8 type, void *arg)
{
	struct names *names = arg;

	if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return;
	names->name = realloc(names->name, (names->n + 1) * sizeof(char *));
	names->name[names->n] = malloc(strlen(name) + 1);
	strlcpy(names->name[names->n++], name, strlen(name) + 1);
}

static int dump_dir(struct inode *dir, const char *path, FILE *out);

static int dump_inode(struct inode *inode, const char *path, FILE *out)
{
	size_t size = S_ISDIR(inode->mode) ? 0 : (size_t)inode->size;
	u8 *data = malloc(size + 1);
	ssize_t got = 0;

	if (S_ISLNK(inode->mode))
		got = host_readlink(inode, (char *)data, size + 1);
	else if (S_ISREG(inode->mode))
		got = host_read(inode, data, size, 0);
	if (got >= 0) {
		fprintf(out, "%c %zd %u %s\n",
			S_ISDIR(inode->mode) ? 'd' : S_ISREG(inode->mode) ? 'f' : 'l', got,
			inode->nlink, path);
		fwrite(data, 1, (size_t)got, out);
	}
	free(data);
	if (got < 0)
		return (int)got;
	return S_ISDIR(inode->mode) ? dump_dir(inode, path, out) : 0;
}

static int dump_dir(struct inode *dir, const char *path, FILE *out)
{
	struct names names = { 0 };
	int err = host_readdir(dir, 64, name_add, &names), one;
	struct inode *inode;
	char below[512];

	for (unsigned i = 0; i < names.n; i++) {
		snprintf(below, sizeof(below), "%s%s%s", path, *path ? "/" : "", names.name[i]);
		one = host_lookup(dir, names.name[i], &inode);
		if (one == 0) {
			one = dump_inode(inode, below, out);
			inode_put(inode);
		}
		err = err ? err : one;
		free(names.name[i]);
	}
	free(names.name);
	return err;
}

int cuts_dump(struct superblock *sb, FILE *out)
{
	return dump_dir(sb->root_inode, "", out);
}
