/*
 * test/host/ext_work.c - see ext_work.h. In work/ there are files to be changed, in durable/ what
 * must never change: files of many sizes, a directory of 60 names, links and attributes.
 */
#include "test/host/ext_work.h"

#define FILES 12u

const struct work_format work_formats[N_WORK_FORMATS] = {
	{ "ext2", "-t ext2 -b 1024" },
	{ "ext4", "-t ext4 -b 1024 -O ^has_journal" },
	{ "ext2", "-t ext2 -b 4096 -O metadata_csum" },
	{ "ext4", "-t ext4 -b 1024 -J size=1" },
};

static char path[300];
static u8 *original, data[60000];
static size_t original_size;
static int first_error;

static void try(ssize_t result)
{
	if (result < 0 && first_error == 0)
		first_error = (int)result;
}

static struct inode *find(struct superblock *sb, const char *dir, const char *name)
{
	struct inode *d, *inode = NULL;
	int err = host_lookup(sb->root_inode, dir, &d);

	try(err);
	if (err)
		return NULL;
	if (!name)
		return d;
	err = host_lookup(d, name, &inode);
	try(err);
	inode_put(d);
	return err ? NULL : inode;
}

static const char *numbered(const char *prefix, unsigned i)
{
	static char name[2][60];
	static unsigned turn;

	turn ^= 1;
	lib_snprintf(name[turn], sizeof(name[turn]), "%s-with-a-name-of-some-length-%u", prefix, i);
	return name[turn];
}

static void create_one(struct inode *dir, const char *name, size_t n, bool sync)
{
	struct inode *inode;
	int err = host_create(dir, name, 0644, &inode);

	try(err);
	if (err)
		return;
	try(host_write(inode, data, n, 0));
	if (sync)
		try(inode_sync(inode));
	inode_put(inode);
}

static int do_create(struct superblock *sb)
{
	struct inode *dir = find(sb, "work", NULL);

	for (unsigned i = 0; dir && i < 30; i++)
		create_one(dir, numbered("new", i), 200 + i * 300, i % 4 == 0);
	if (dir)
		inode_put(dir);
	return first_error;
}

static int do_rename(struct superblock *sb)
{
	struct inode *dir = find(sb, "work", NULL);

	for (unsigned i = 0; dir && i < FILES; i++) {
		if (i % 3 == 0)
			try(host_rename(dir, numbered("file", i), sb->root_inode,
					numbered("moved", i), 0));
		else if (i % 3 == 1)
			try(host_rename(dir, numbered("file", i), dir, numbered("other", i), 0));
		else
			try(host_rename(dir, numbered("other", i - 1), dir, numbered("file", i),
					0));
	}
	if (dir)
		inode_put(dir);
	return first_error;
}

static int do_unlink(struct superblock *sb)
{
	struct inode *dir = find(sb, "work", NULL);

	for (unsigned i = 0; dir && i < FILES; i++)
		try(host_unlink(dir, numbered("file", i)));
	if (dir)
		inode_put(dir);
	return first_error;
}

static int do_append(struct superblock *sb)
{
	for (unsigned i = 0; i < FILES; i += 2) {
		struct inode *inode = find(sb, "work", numbered("file", i));

		for (unsigned k = 0; inode && k < 4; k++)
			try(host_write(inode, data, 9000, inode->size));
		if (inode && i % 4 == 0)
			try(inode_sync(inode));
		if (inode)
			inode_put(inode);
	}
	return first_error;
}

static int do_truncate(struct superblock *sb)
{
	for (unsigned i = 0; i < FILES; i++) {
		struct inode *inode = find(sb, "work", numbered("file", i));

		if (!inode)
			continue;
		try(host_truncate(inode, i % 2 ? 1500 : 0));
		try(host_write(inode, data, 3000, 300000));
		try(host_truncate(inode, 301000));
		try(inode_sync(inode));
		inode_put(inode);
	}
	return first_error;
}

static int do_mkdir(struct superblock *sb)
{
	struct inode *dir = find(sb, "work", NULL);

	for (unsigned i = 0; dir && i < 12; i++)
		try(host_mkdir(dir, numbered("dir", i), 0755, NULL));
	for (unsigned i = 0; dir && i < 12; i += 2)
		try(host_rmdir(dir, numbered("dir", i)));
	if (dir)
		inode_put(dir);
	return first_error;
}

static int do_xattr(struct superblock *sb)
{
	for (unsigned i = 0; i < FILES; i++) {
		struct inode *inode = find(sb, "work", numbered("file", i));

		if (!inode)
			continue;
		try(inode->ops->setxattr(inode, "user.a", data, 20, 0));
		try(inode->ops->setxattr(inode, "user.large", data, 600, 0));
		try(inode->ops->setxattr(inode, "user.large", data, 100 + i * 40, 0));
		if (i % 2)
			try(inode->ops->setxattr(inode, "user.a", NULL, 0, 0));
		inode_put(inode);
	}
	return first_error;
}

/* As tar does it: directories, files, links, then modes and times. */
static int do_tar(struct superblock *sb)
{
	struct inode *dir = find(sb, "work", NULL), *sub;

	for (unsigned i = 0; dir && i < 5; i++) {
		int err = host_mkdir(dir, numbered("tar", i), 0700, &sub);

		try(err);
		if (err)
			continue;
		for (unsigned k = 0; k < 8; k++)
			create_one(sub, numbered("member", k), k * k * 400, false);
		try(host_symlink(sub, "symlink", numbered("member", 1)));
		try(host_symlink(sub, "long", (const char *)data));
		try(host_mknod(sub, "fifo", S_IFIFO | 0600, 0));
		struct inode_attr attr = { .mask = ATTR_MODE | ATTR_MTIME, .mode = 0755,
					   .mtime = { .tv_sec = 1000000000 } };

		rwsem_write(&sub->lock);
		try(sub->ops->setattr ? sub->ops->setattr(sub, &attr) : 0);
		rwsem_write_end(&sub->lock);
		inode_put(sub);
	}
	if (dir)
		inode_put(dir);
	return first_error;
}

#define WORKLOAD(n) \
	static int run_##n(struct superblock *sb) { first_error = 0; return do_##n(sb); }
WORKLOAD(create) WORKLOAD(rename) WORKLOAD(unlink) WORKLOAD(append)
WORKLOAD(truncate) WORKLOAD(mkdir) WORKLOAD(xattr) WORKLOAD(tar)

const struct workload workloads[N_WORKLOADS] = {
	{ "create", run_create }, { "rename", run_rename }, { "unlink", run_unlink },
	{ "append", run_append }, { "truncate", run_truncate }, { "mkdir", run_mkdir },
	{ "xattr", run_xattr }, { "tar", run_tar },
};

static size_t durable_size(unsigned i)
{
	return i * i * 97 % 40000;
}

static void fill_durable(struct superblock *sb)
{
	struct inode *dir, *inode;

	CHECK_EQ(host_mkdir(sb->root_inode, "durable", 0755, &dir), 0);
	for (unsigned i = 0; i < 20; i++) {
		memset(data, 'a' + (int)i, sizeof(data));
		CHECK_EQ(host_create(dir, numbered("keep", i), 0600, &inode), 0);
		CHECK_EQ(host_write(inode, data, durable_size(i), 0), durable_size(i));
		CHECK_EQ(inode->ops->setxattr(inode, "user.keep", data, 10 + i * 15, 0), 0);
		inode_put(inode);
	}
	for (unsigned i = 0; i < 40; i++)
		CHECK_EQ(host_symlink(dir, numbered("link", i), numbered("target", i)), 0);
	inode_put(dir);
}

const char *work_make(const struct work_format *format, unsigned mib, const char *more)
{
	struct superblock *sb;
	struct inode *dir;
	char args[300];

	lib_snprintf(args, sizeof(args), "%s -m 0 %s", format->args, more);
	strlcpy(path, host_mkfs("work.img", mib, args), sizeof(path));
	CHECK_EQ(host_mount(path, format->type, 0, "", &sb), 0);
	fill_durable(sb);
	memset(data, 'w', sizeof(data));
	data[100] = '\0';
	CHECK_EQ(host_mkdir(sb->root_inode, "work", 0755, &dir), 0);
	for (unsigned i = 0; i < FILES; i++)
		create_one(dir, numbered("file", i), i * 2500, false);
	inode_put(dir);
	host_unmount(sb);
	CHECK(host_fsck(path));
	free(original);
	original = unit_read_file(path, &original_size);
	return path;
}

void work_reset(void)
{
	FILE *f = fopen(path, "wb");

	if (!f || fwrite(original, 1, original_size, f) != original_size)
		abort();
	fclose(f);
}

void work_check(struct superblock *sb, const char *when)
{
	static u8 buf[41000];
	struct inode *dir, *inode;
	char target[100];
	unsigned wrong = 0;

	if (host_lookup(sb->root_inode, "durable", &dir)) {
		unit_fail(__FILE__, __LINE__, "%s: durable/ is gone", when);
		return;
	}
	for (unsigned i = 0; i < 20; i++) {
		if (host_lookup(dir, numbered("keep", i), &inode)) {
			wrong++;
			continue;
		}
		wrong += host_read(inode, buf, sizeof(buf), 0) != (ssize_t)durable_size(i) ||
			 !mem_is_all(buf, (u8)('a' + i), durable_size(i));
		wrong += inode->ops->getxattr(inode, "user.keep", buf, sizeof(buf)) !=
			 (ssize_t)(10 + i * 15);
		inode_put(inode);
	}
	for (unsigned i = 0; i < 40; i++) {
		if (host_lookup(dir, numbered("link", i), &inode)) {
			wrong++;
			continue;
		}
		wrong += host_readlink(inode, target, sizeof(target)) < 0 ||
			 strcmp(target, numbered("target", i)) != 0;
		inode_put(inode);
	}
	inode_put(dir);
	if (wrong)
		unit_fail(__FILE__, __LINE__, "%s: %u durable things are other ones", when, wrong);
}

void work_repair(const char *type, const char *when)
{
	struct superblock *sb;
	bool quiet = host_quiet;

	if (host_run("e2fsck -fy '%s' >'%s.log' 2>&1; s=$?; test $s -le 1 || "
		     "{ cat '%s.log'; exit 1; }", path, path, path))
		unit_fail(__FILE__, __LINE__, "%s: e2fsck cannot repair it", when);
	host_quiet = false;
	CHECK_EQ(host_mount(path, type, SB_READ_ONLY, "", &sb), 0);
	if (sb) {
		work_check(sb, when);
		host_unmount(sb);
	}
	host_quiet = quiet;
}
