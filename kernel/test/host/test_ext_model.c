/*
 * Random work on a mounted image beside a model of it in memory: the same calls must give the same
 * results, what is read must be what was written, and e2fsck must find nothing, while it is mounted
 * and after.
 */
#include "test/host/ext_host.h"

#define NODES	400
#define NAMES	60	/* names in use per directory */
#define FILE_MAX	(600 << 10)

/* A file or directory of the model. */
struct node {
	u32 mode;
	unsigned nlink;
	u8 *data;		/* regular files: FILE_MAX bytes */
	s64 size;
	char target[300];	/* links */
	struct node *parent;	/* directories */
	struct node *entry[NAMES];
	struct inode *open;	/* held as an open file would be */
	bool used;
};

static struct node nodes[NODES];
static struct superblock *sb;
static unsigned n_ops[16];

static const char *name_of(unsigned i)
{
	static char names[2][300];
	static unsigned turn;
	char *name = names[turn++ % 2];
	size_t n;

	n = (size_t)lib_snprintf(name, sizeof(names[0]), "n%u-", i);
	while (n < i % 7 * 30 + 4)
		name[n++] = 'y';
	name[n] = '\0';
	return name;
}

static struct node *node_new(u32 mode)
{
	for (unsigned i = 1; i < NODES; i++)
		if (!nodes[i].used) {
			nodes[i] = (struct node){ .mode = mode, .used = true, .nlink = 1 };
			if (S_ISREG(mode))
				nodes[i].data = calloc(1, FILE_MAX);
			return &nodes[i];
		}
	return NULL;
}

static void node_drop(struct node *n)
{
	if (n->nlink == 0 && !n->open) {
		free(n->data);
		n->data = NULL;
		n->used = false;
	}
}

/* The inode of a node, walked to from the root, referenced. */
static struct inode *inode_of(struct node *n)
{
	struct inode *inode = NULL, *parent;

	if (n == &nodes[0])
		return inode_get(sb->root_inode);
	if (n->open)
		return inode_get(n->open);
	for (unsigned d = 0; d < NODES; d++) {
		if (!nodes[d].used || !S_ISDIR(nodes[d].mode))
			continue;
		for (unsigned i = 0; i < NAMES; i++) {
			if (nodes[d].entry[i] != n)
				continue;
			parent = inode_of(&nodes[d]);
			CHECK_EQ(host_lookup(parent, name_of(i), &inode), 0);
			inode_put(parent);
			return inode;
		}
	}
	abort();
}

static struct node *random_node(bool dir)
{
	for (unsigned tries = 0; tries < 1000; tries++) {
		struct node *n = &nodes[unit_below(NODES)];

		if (n->used && S_ISDIR(n->mode) == dir && (dir ? n->nlink : n->nlink || n->open))
			return n;
	}
	return &nodes[0];
}

static bool is_empty(const struct node *dir)
{
	for (unsigned i = 0; i < NAMES; i++)
		if (dir->entry[i])
			return false;
	return true;
}

static void do_create(struct node *dir, struct inode *idir, unsigned i)
{
	static const u32 modes[] = { S_IFREG, S_IFREG, S_IFREG, S_IFDIR, S_IFLNK, S_IFIFO };
	u32 mode = modes[unit_below(6)] | 0644;
	char target[300];
	struct node *n;
	int err;

	memset(target, 't', sizeof(target));
	target[1 + unit_below(200)] = '\0';
	if (S_ISREG(mode))
		err = host_create(idir, name_of(i), 0644, NULL);
	else if (S_ISDIR(mode))
		err = host_mkdir(idir, name_of(i), 0644, NULL);
	else if (S_ISLNK(mode))
		err = host_symlink(idir, name_of(i), target);
	else
		err = host_mknod(idir, name_of(i), mode, 0);
	if (dir->entry[i]) {
		CHECK_EQ(err, (u64)-EEXIST);
		return;
	}
	CHECK(err == 0 || err == -ENOSPC);
	if (err)
		return;
	n = node_new(mode);
	if (!n) {
		CHECK_EQ(S_ISDIR(mode) ? host_rmdir(idir, name_of(i)) :
					 host_unlink(idir, name_of(i)),
			 0);
		return;
	}
	n->parent = dir;
	strlcpy(n->target, target, sizeof(n->target));
	dir->entry[i] = n;
}

static void do_remove(struct node *dir, struct inode *idir, unsigned i)
{
	struct node *n = dir->entry[i];
	bool rmdir = unit_below(2);
	int err = rmdir ? host_rmdir(idir, name_of(i)) : host_unlink(idir, name_of(i));

	if (!n)
		CHECK_EQ(err, (u64)-ENOENT);
	else if (S_ISDIR(n->mode) != rmdir)
		CHECK_EQ(err, (u64)(rmdir ? -ENOTDIR : -EISDIR));
	else if (rmdir && !is_empty(n))
		CHECK_EQ(err, (u64)-ENOTEMPTY);
	else
		CHECK_EQ(err, 0);
	if (err)
		return;
	dir->entry[i] = NULL;
	n->nlink--;
	node_drop(n);
}

static void do_link(struct node *dir, struct inode *idir, unsigned i)
{
	struct node *n = random_node(false);
	struct inode *inode;
	int err;

	if (n == &nodes[0] || !n->nlink)
		return;
	inode = inode_of(n);
	err = host_link(idir, name_of(i), inode);
	inode_put(inode);
	if (dir->entry[i]) {
		CHECK_EQ(err, (u64)-EEXIST);
		return;
	}
	CHECK(err == 0 || err == -ENOSPC);
	if (!err) {
		dir->entry[i] = n;
		n->nlink++;
	}
}

static bool is_below(const struct node *n, const struct node *top)
{
	while (n && n != top)
		n = n == &nodes[0] ? NULL : n->parent;
	return n == top;
}

static void do_rename(struct node *dir, struct inode *idir, unsigned i)
{
	struct node *to = random_node(true), *n = dir->entry[i], *old;
	unsigned k = (unsigned)unit_below(NAMES);
	bool exchange = unit_below(4) == 0;
	struct inode *ito;
	int err;

	old = to->entry[k];
	/* What vfs refuses never reaches the driver: a directory into itself. */
	if (n && S_ISDIR(n->mode) && is_below(to, n))
		return;
	if (exchange && old && S_ISDIR(old->mode) && is_below(dir, old))
		return;
	if (old && old == n)
		return;
	if (old && S_ISDIR(old->mode) && is_below(dir, old))
		return;
	ito = to == dir ? inode_get(idir) : inode_of(to);
	err = host_rename(idir, name_of(i), ito, name_of(k), exchange ? RENAME_EXCHANGE : 0);
	inode_put(ito);
	if (!n || (exchange && !old))
		CHECK_EQ(err, (u64)-ENOENT);
	else if (!exchange && old && S_ISDIR(old->mode) != S_ISDIR(n->mode))
		CHECK(err == -EISDIR || err == -ENOTDIR);
	else if (!exchange && old && S_ISDIR(old->mode) && !is_empty(old))
		CHECK_EQ(err, (u64)-ENOTEMPTY);
	else
		CHECK(err == 0 || err == -ENOSPC);
	if (err)
		return;
	to->entry[k] = n;
	n->parent = to;
	dir->entry[i] = exchange ? old : NULL;
	if (exchange) {
		old->parent = dir;
	} else if (old) {
		old->nlink--;
		node_drop(old);
	}
}

static s64 random_place(void)
{
	switch (unit_below(4)) {
	case 0: return (s64)unit_below(8192);
	case 1: return (s64)unit_below(FILE_MAX - 40000);
	case 2: return (s64)(unit_below(FILE_MAX / 4096 - 10) * 4096);
	}
	return (s64)unit_below(60000);
}

static void do_write(struct node *n, struct inode *inode)
{
	static u8 buf[40000];
	size_t size = 1 + unit_below(unit_below(3) ? 3000 : sizeof(buf));
	s64 at = unit_below(2) ? n->size : random_place();
	ssize_t got;

	if (at + (s64)size > FILE_MAX)
		return;
	for (size_t i = 0; i < size; i++)
		buf[i] = (u8)(at + (s64)i + (s64)n_ops[0]);
	got = host_write(inode, buf, size, at);
	CHECK(got > 0 || got == -ENOSPC);
	if (got > 0) {
		memcpy(n->data + at, buf, (size_t)got);
		n->size = max(n->size, (s64)(at + got));
	}
}

static void do_truncate(struct node *n, struct inode *inode)
{
	s64 size = unit_below(4) ? random_place() : 0;

	CHECK_EQ(host_truncate(inode, size), 0);
	if (size < n->size)
		memset(n->data + size, 0, (size_t)(n->size - size));
	n->size = size;
}

static void check_file(struct node *n, struct inode *inode)
{
	static u8 buf[FILE_MAX];
	char text[400];

	CHECK_EQ(inode->mode & S_IFMT, n->mode & S_IFMT);
	if (S_ISREG(n->mode)) {
		CHECK_EQ((u64)inode->size, n->size);
		CHECK_EQ(host_read(inode, buf, FILE_MAX, 0), n->size);
		CHECK(memcmp(buf, n->data, (size_t)n->size) == 0);
		CHECK_EQ(inode->nlink, n->nlink);
	} else if (S_ISLNK(n->mode)) {
		CHECK_EQ(host_readlink(inode, text, sizeof(text)), strlen(n->target));
		CHECK_STR(text, n->target);
	}
}

static void count_entry(const char *name, u64 ino, u8 type, void *arg)
{
	++*(unsigned *)arg;
}

static void check_all(void)
{
	for (unsigned d = 0; d < NODES; d++) {
		unsigned expected = 2, found = 0, dirs = 2;
		struct inode *dir, *inode;

		if (!nodes[d].used || !S_ISDIR(nodes[d].mode) || !nodes[d].nlink)
			continue;
		dir = inode_of(&nodes[d]);
		for (unsigned i = 0; i < NAMES; i++) {
			struct node *n = nodes[d].entry[i];

			if (!n)
				continue;
			expected++;
			dirs += S_ISDIR(n->mode);
			CHECK_EQ(host_lookup(dir, name_of(i), &inode), 0);
			check_file(n, inode);
			inode_put(inode);
		}
		CHECK_EQ(host_readdir(dir, 7, count_entry, &found), 0);
		CHECK_EQ(found, expected + (d == 0)); /* lost+found */
		CHECK_EQ(dir->nlink, dirs + (d == 0));
		inode_put(dir);
	}
}

static void do_open_close(struct node *n, struct inode *inode)
{
	if (!n->open) {
		n->open = inode_get(inode);
	} else {
		inode_put(n->open);
		n->open = NULL;
		node_drop(n);
	}
}

static void step(void)
{
	unsigned op = (unsigned)unit_below(16), i = (unsigned)unit_below(NAMES);
	struct node *dir = random_node(true), *n = random_node(false);
	struct inode *inode;

	n_ops[0]++;
	if (op < 7) {
		inode = inode_of(dir);
		if (op < 3)
			do_create(dir, inode, i);
		else if (op < 5)
			do_remove(dir, inode, i);
		else if (op == 5)
			do_link(dir, inode, i);
		else
			do_rename(dir, inode, i);
	} else {
		if (!S_ISREG(n->mode))
			return;
		inode = inode_of(n);
		if (op < 11)
			do_write(n, inode);
		else if (op == 11)
			do_truncate(n, inode);
		else if (op == 12)
			do_open_close(n, inode);
		else
			check_file(n, inode);
	}
	inode_put(inode);
}

static void close_all(void)
{
	for (unsigned i = 0; i < NODES; i++)
		if (nodes[i].used && nodes[i].open)
			do_open_close(&nodes[i], nodes[i].open);
}

static void run(const char *args, unsigned mib, unsigned steps)
{
	const char *path = host_mkfs("model.img", mib, args);
	const char *type = str_starts_with(args, "-t ext2") ? "ext2" : "ext4";

	nodes[0] = (struct node){ .mode = S_IFDIR, .nlink = 1, .used = true };
	CHECK_EQ(host_mount(path, type, 0, "", &sb), 0);
	for (unsigned i = 1; i <= steps; i++) {
		step();
		if (i % 700 == 0)
			host_drop_caches(sb);
		if (i % 2500 == 0) {
			check_all();
			close_all();
			CHECK(host_sync(sb) == 0 && host_fsck_mounted(path));
		}
		if (i % 6000 == 0) {
			close_all();
			host_unmount(sb);
			CHECK(host_fsck(path));
			CHECK_EQ(host_mount(path, type, 0, "", &sb), 0);
		}
	}
	close_all();
	check_all();
	host_unmount(sb);
	CHECK(host_fsck(path));
	for (unsigned i = 0; i < NODES; i++) {
		free(nodes[i].data);
		nodes[i] = (struct node){ 0 };
	}
}

TEST(random_work_1k)
{
	run("-t ext2 -b 1024", 64, 15000);
}

TEST(random_work_2k_without_index)
{
	run("-t ext2 -b 2048 -O ^dir_index", 64, 8000);
}

TEST(random_work_4k)
{
	run("-t ext2 -b 4096 -g 4096", 64, 15000);
}

TEST(random_work_on_a_full_disk)
{
	run("-t ext2 -b 1024 -N 200", 5, 15000);
}

TEST(random_work_on_old_format)
{
	run("-t ext2 -b 1024 -r 0", 24, 4000);
}

/* With checksums, and groups whose bitmaps were never written. */
TEST(model_checksums)
{
	run("-t ext2 -b 1024 -O metadata_csum", 64, 6000);
	run("-t ext4 -b 4096 -O ^has_journal,^extents,^64bit -g 4096", 64, 6000);
	run("-t ext4 -b 1024 -I 128 -O ^has_journal,^extents,^64bit,metadata_csum_seed", 32, 6000);
}

TEST(model_checksums_of_groups)
{
	run("-t ext2 -b 1024 -O uninit_bg", 64, 6000);
}

TEST(model_extents)
{
	run("-t ext4 -b 1024 -O ^has_journal", 64, 15000);
	run("-t ext4 -b 4096 -O ^has_journal,^metadata_csum,^64bit", 64, 15000);
	run("-t ext4 -b 2048 -O ^has_journal -N 200", 8, 12000);
}

TEST(model_journaled)
{
	run("-t ext4 -b 1024", 64, 6000);
	run("-t ext4 -b 4096", 64, 5000);
	run("-t ext3 -b 1024", 64, 5000);
	run("-t ext4 -b 2048 -N 200", 16, 5000);
}
