/* The FAT driver on fresh images of all kinds: names, contents, directories, a full disk. */
#include "test/host/fat_host.h"

#include "core/clock.h"

struct kind { const char *name, *args; unsigned kib; };

static const struct kind kinds[] = {
	{ "fat12", "-F 12 -s 1", 1024 },
	{ "fat12 large", "-F 12 -s 8 -r 64", 8192 },
	{ "fat16", "-F 16 -s 4", 16384 },
	{ "fat16 sectors", "-F 16 -s 1 -S 2048 -f 1", 16384 },
	{ "fat32", "-F 32 -s 1", 40960 },
	{ "fat32 page", "-F 32 -s 8 -S 4096", 40960 },
};

static struct superblock *mount(const char *path)
{
	struct superblock *sb = NULL;

	CHECK_EQ(host_mount(path, "vfat", 0, "", &sb), 0);
	return sb;
}

static u8 pattern(u64 seed, u64 at)
{
	return (u8)((seed * 31 + at) * 2654435761u >> 13);
}

static void write_pattern(struct inode *inode, u64 seed, u64 at, size_t n)
{
	u8 *buf = malloc(n);

	for (size_t i = 0; i < n; i++)
		buf[i] = pattern(seed, at + i);
	CHECK_EQ(host_write(inode, buf, n, (s64)at), n);
	free(buf);
}

static bool has_pattern(struct inode *inode, u64 seed, u64 at, size_t n)
{
	u8 *buf = malloc(n);
	bool same = host_read(inode, buf, n, (s64)at) == (ssize_t)n;

	for (size_t i = 0; same && i < n; i++)
		same = buf[i] == pattern(seed, at + i);
	free(buf);
	return same;
}

static bool is_zero(struct inode *inode, u64 at, size_t n)
{
	u8 *buf = malloc(n);
	bool same = host_read(inode, buf, n, (s64)at) == (ssize_t)n && mem_is_all(buf, 0, n);

	free(buf);
	return same;
}

/* A file that is written, made longer and shorter, with what mkfs.fat left poisoned. */
static void contents_of(const struct kind *k)
{
	const char *path = fat_mkfs("files.img", k->kib, k->args);
	struct superblock *sb = mount(path);
	struct inode *inode = NULL;

	CHECK_EQ(host_create(sb->root_inode, "a file with a long name", 0644, &inode), 0);
	write_pattern(inode, 1, 0, 50000);
	write_pattern(inode, 2, 123456, 1000);
	CHECK(is_zero(inode, 50000, 123456 - 50000));
	CHECK_EQ(host_truncate(inode, 200001), 0);
	CHECK(is_zero(inode, 124456, 200001 - 124456));
	CHECK_EQ(host_truncate(inode, 1001), 0);
	CHECK_EQ(host_truncate(inode, 30000), 0);
	host_drop_caches(sb);
	CHECK(has_pattern(inode, 1, 0, 1001) && is_zero(inode, 1001, 30000 - 1001));
	inode_put(inode);
	host_unmount(sb);
	CHECK(fat_fsck(path));
	sb = mount(path);
	CHECK_EQ(host_lookup(sb->root_inode, "A FILE with a long NAME..", &inode), 0);
	CHECK_EQ((u64)inode->size, 30000);
	CHECK(has_pattern(inode, 1, 0, 1001) && is_zero(inode, 1001, 30000 - 1001));
	inode_put(inode);
	CHECK_EQ(host_lookup(sb->root_inode, "AFILEW~1", &inode), 0);
	inode_put(inode);
	CHECK_EQ(host_unlink(sb->root_inode, "a file with a long name"), 0);
	host_unmount(sb);
	CHECK(fat_fsck(path));
}

TEST(contents)
{
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		contents_of(&kinds[i]);
}

/* What mtools wrote we read, and the reverse; the last kind it takes for FAT12, of few clusters. */
TEST(mtools)
{
	for (size_t i = 0; i + 1 < ARRAY_SIZE(kinds); i++) {
		const char *path = fat_mkfs("mtools.img", kinds[i].kib, kinds[i].args);
		struct inode *dir = NULL, *inode = NULL;
		struct superblock *sb;

		CHECK_EQ(host_run("cd '%s' && seq 1 9000 >'Some Numbers.text' && "
				  "mmd -i '%s' '::Made by mtools' && "
				  "mcopy -i '%s' 'Some Numbers.text' '::Made by mtools'",
				  host_dir(), path, path), 0);
		sb = mount(path);
		CHECK_EQ(host_lookup(sb->root_inode, "made BY mtools", &dir), 0);
		CHECK_EQ(host_lookup(dir, "some numbers.text", &inode), 0);
		CHECK_EQ((u64)inode->size, 43893);
		inode_put(inode);
		CHECK_EQ(host_rename(dir, "Some Numbers.text", sb->root_inode, "moved here", 0), 0);
		CHECK_EQ(host_mkdir(dir, "made by us, \xc3\xa4", 0755, &inode), 0);
		inode_put(inode);
		inode_put(dir);
		host_unmount(sb);
		CHECK(fat_fsck(path));
		CHECK_EQ(host_run("cd '%s' && mtype -i '%s' '::moved here' | "
				  "cmp - 'Some Numbers.text' && "
				  "MTOOLS_NO_VFAT=0 mdir -i '%s' -b '::Made by mtools' | "
				  "grep -q 'made by us'", host_dir(), path, path), 0);
	}
}

static void count_one(const char *name, u64 ino, u8 type, void *arg)
{
	++*(unsigned *)arg;
}

/* Many names, listed a few at a time, removed in another order; directories grow and stay. */
static void names_of(const struct kind *k, unsigned n)
{
	const char *path = fat_mkfs("names.img", k->kib, k->args);
	struct superblock *sb = mount(path);
	struct inode *dir = NULL, *inode;
	unsigned found = 0;
	char name[64];

	CHECK_EQ(host_mkdir(sb->root_inode, "directory", 0755, &dir), 0);
	for (unsigned i = 0; i < n; i++) {
		lib_snprintf(name, sizeof(name), i % 3 ? "Name number %u.txt" : "N%u", i);
		CHECK_EQ(host_create(dir, name, 0644, &inode), 0);
		inode_put(inode);
	}
	CHECK_EQ(host_readdir(dir, 7, count_one, &found), 0);
	CHECK_EQ(found, n + 2);
	CHECK_EQ(host_rmdir(sb->root_inode, "directory"), -ENOTEMPTY);
	for (unsigned i = 0; i < n; i++) {
		unsigned j = (i * 7) % n;

		lib_snprintf(name, sizeof(name), j % 3 ? "name NUMBER %u.txt" : "n%u", j);
		CHECK_EQ(host_unlink(dir, name), 0);
	}
	inode_put(dir);
	CHECK_EQ(host_rmdir(sb->root_inode, "DIRECTORY"), 0);
	host_unmount(sb);
	CHECK(fat_fsck(path));
}

TEST(names)
{
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		names_of(&kinds[i], 200); /* 7 does not divide it */
}

TEST(renames)
{
	const char *path = fat_mkfs("rename.img", 1024, "-F 12 -s 1");
	struct superblock *sb = mount(path);
	struct inode *root = sb->root_inode, *a = NULL, *b = NULL, *inode;

	CHECK_EQ(host_mkdir(root, "a", 0755, &a), 0);
	CHECK_EQ(host_mkdir(root, "b", 0755, &b), 0);
	CHECK_EQ(host_create(a, "file", 0644, &inode), 0);
	write_pattern(inode, 5, 0, 3000);
	CHECK_EQ(host_rename(a, "file", b, "a name that is longer", 0), 0);
	CHECK_EQ(host_rename(b, "a name that is longer", b, "File", 0), 0);
	CHECK(has_pattern(inode, 5, 0, 3000));
	write_pattern(inode, 5, 3000, 100);
	inode_put(inode);
	CHECK_EQ(host_mkdir(a, "sub", 0755, &inode), 0);
	inode_put(inode);
	CHECK_EQ(host_rename(a, "sub", b, "sub", 0), 0);
	CHECK(a->nlink == 2 && b->nlink == 3);
	CHECK_EQ(host_rename(b, "sub", b, "file", RENAME_EXCHANGE), 0);
	CHECK_EQ(host_lookup(b, "SUB", &inode), 0);
	CHECK(has_pattern(inode, 5, 0, 3100));
	inode_put(inode);
	CHECK_EQ(host_rename(b, "file", a, "deep", RENAME_EXCHANGE), -ENOENT);
	inode_put(a);
	inode_put(b);
	host_unmount(sb);
	CHECK(fat_fsck(path));
}

/* A disk that fills up: what was promised is there, and all of it comes back. */
static void full_of(const struct kind *k)
{
	const char *path = fat_mkfs("full.img", k->kib, k->args);
	struct superblock *sb = mount(path);
	struct abi_statfs before = { 0 }, after = { 0 };
	struct inode *inode, *big;
	char name[40];
	unsigned n = 0;
	int err;

	CHECK_EQ(sb->ops->statfs(sb, &before), 0);
	CHECK_EQ(host_create(sb->root_inode, "big", 0644, &big), 0);
	CHECK_EQ(host_truncate(big, (s64)((before.f_bfree + 1) * before.f_bsize)), -ENOSPC);
	CHECK_EQ((u64)big->size, 0);
	CHECK_EQ(host_truncate(big, (s64)((before.f_bfree - 1) * before.f_bsize)), 0);
	do {
		lib_snprintf(name, sizeof(name), "another name %u", n++);
		err = host_mkdir(sb->root_inode, name, 0755, &inode);
		if (!err)
			inode_put(inode);
	} while (!err);
	CHECK_EQ(err, -ENOSPC);
	CHECK_EQ(sb->ops->statfs(sb, &after), 0);
	CHECK_EQ(after.f_bfree, 0);
	CHECK_EQ(host_sync(sb), 0);
	inode_put(big);
	CHECK_EQ(host_unlink(sb->root_inode, "big"), 0);
	for (unsigned i = 0; i + 1 < n; i++) {
		lib_snprintf(name, sizeof(name), "another name %u", i);
		CHECK_EQ(host_rmdir(sb->root_inode, name), 0);
	}
	CHECK_EQ(sb->ops->statfs(sb, &after), 0);
	CHECK_EQ(after.f_bfree, before.f_bfree);
	host_unmount(sb);
	CHECK(fat_fsck(path));
}

TEST(full)
{
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		full_of(&kinds[i]);
}

TEST(fixed_root)
{
	const char *path = fat_mkfs("root.img", 1024, "-F 12 -s 1 -r 16");
	struct superblock *sb = mount(path);
	struct inode *inode;
	char name[20];

	for (unsigned i = 0; i < 16; i++) {
		lib_snprintf(name, sizeof(name), "N%u", i);
		CHECK_EQ(host_create(sb->root_inode, name, 0644, &inode), 0);
		inode_put(inode);
	}
	CHECK_EQ(host_create(sb->root_inode, "one more", 0644, &inode), -ENOSPC);
	CHECK_EQ(host_unlink(sb->root_inode, "N7"), 0);
	CHECK_EQ(host_create(sb->root_inode, "long name", 0644, &inode), -ENOSPC);
	CHECK_EQ(host_create(sb->root_inode, "SHORT", 0644, &inode), 0);
	inode_put(inode);
	host_unmount(sb);
	CHECK(fat_fsck(path));
}

/* A file that was removed while it is in use, whose place another one takes. */
TEST(removed_in_use)
{
	const char *path = fat_mkfs("removed.img", 1024, "-F 12 -s 1");
	struct superblock *sb = mount(path);
	struct inode *old, *new;

	CHECK_EQ(host_create(sb->root_inode, "FILE", 0644, &old), 0);
	write_pattern(old, 1, 0, 5000);
	CHECK_EQ(host_unlink(sb->root_inode, "FILE"), 0);
	CHECK_EQ(host_create(sb->root_inode, "FILE", 0644, &new), 0);
	CHECK(old->ino != new->ino);
	write_pattern(new, 2, 0, 5000);
	CHECK_EQ(host_sync(sb), 0);
	CHECK(has_pattern(old, 1, 0, 5000) && has_pattern(new, 2, 0, 5000));
	inode_put(new);
	inode_put(old);
	host_unmount(sb);
	CHECK(fat_fsck(path));
}

/* Marked while mounted for writing, in the boot sector and in the FAT, and not after. */
TEST(clean_and_dirty)
{
	const char *path = fat_mkfs("state.img", 40960, "-F 32 -s 1");
	struct superblock *sb = mount(path);
	struct fat_boot boot;
	u32 entry;

	fat_peek(path, 0, &boot, sizeof(boot));
	fat_peek(path, boot.reserved_sectors * 512u + 4, &entry, 4);
	CHECK(boot.fat32.state & FAT_STATE_DIRTY);
	CHECK(!(entry & FAT32_CLEAN));
	host_unmount(sb);
	fat_peek(path, 0, &boot, sizeof(boot));
	fat_peek(path, boot.reserved_sectors * 512u + 4, &entry, 4);
	CHECK(!(boot.fat32.state & FAT_STATE_DIRTY));
	CHECK(entry & FAT32_CLEAN);
	boot.fat32.state |= FAT_STATE_DIRTY;
	fat_patch(path, 0, &boot, sizeof(boot));
	sb = mount(path);
	CHECK(strstr(host_log(), "not cleanly unmounted"));
	host_unmount(sb);
	fat_peek(path, 0, &boot, sizeof(boot));
	CHECK(boot.fat32.state & FAT_STATE_DIRTY);
}

TEST(options)
{
	const char *path = fat_mkfs("options.img", 1024, "-F 12");
	char shown[256];
	struct superblock *sb;

	host_quiet = true;
	CHECK_EQ(host_mount(path, "vfat", 0, "nonsense", &sb), -EINVAL);
	CHECK_EQ(host_mount(path, "vfat", 0, "codepage=852", &sb), -EINVAL);
	CHECK_EQ(host_mount(path, "vfat", 0, "time_offset=1441", &sb), -EINVAL);
	host_quiet = false;
	CHECK_EQ(host_mount(path, "vfat", SB_READ_ONLY, "uid=7,umask=077,codepage=850,quiet,tz=UTC,"
			    "iocharset=iso8859-1,shortname=winnt,errors=continue,check=s,utf8=0",
			    &sb), 0);
	sb->ops->show_options(sb, shown, sizeof(shown));
	CHECK_STR(shown, ",uid=7,fmask=0077,dmask=0077,codepage=850,iocharset=iso8859-1,"
		  "shortname=winnt,check=s,quiet,tz=UTC,errors=continue");
	host_unmount(sb);
	CHECK(fat_fsck(path));
}
