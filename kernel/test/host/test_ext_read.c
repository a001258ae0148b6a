/*
 * Reading what others wrote: trees put into images by mke2fs -d and debugfs, in the formats of
 * ext2, ext3 and ext4; file systems that must be refused; and images with bytes turned over, which
 * may give errors but nothing worse.
 */
#include "test/host/ext_host.h"

#include "abi/dirent.h"
#include "fs/ext/ext_dir.h"

static struct superblock *sb;

/* A tree with files of several sizes and shapes. */
static const char *tree(void)
{
	static char dir[300];

	if (dir[0])
		return dir;
	lib_snprintf(dir, sizeof(dir), "%s/tree", host_dir());
	CHECK_EQ(
		host_run(
			"mkdir -p '%s/sub/deep' '%s/many' && cd '%s' && "
			"printf 'hello\\n' > small && printf 'twenty bytes of it..' > twenty && "
			"head -c 100 /dev/zero | tr '\\0' 'i' > hundred && "
			"seq 1 400000 > big && "
			"truncate -s 40M sparse && printf end | dd of=sparse bs=1 seek=41943037 "
			"conv=notrunc 2>/dev/null && "
			"for i in $(seq 0 2 200); do printf x | dd of=frag bs=4096 seek=$i "
			"conv=notrunc 2>/dev/null; done && "
			"ln -s small link && ln -s %s longlink && "
			"mkfifo fifo && for i in $(seq 1 300); do echo $i > many/file$i; done && "
			"echo deep > sub/deep/file && ln small hard",
			dir, dir, dir,
			"0123456789012345678901234567890123456789012345678901234567890123456789"
			"012345678901234567890123456789012345678901234567890123456789012345678"),
		0);
	return dir;
}

static struct inode *walk(const char *path)
{
	struct inode *at = inode_get(sb->root_inode), *next;
	char part[100];

	while (*path) {
		size_t n = strcspn(path, "/");

		memcpy(part, path, n);
		part[n] = '\0';
		path += n + (path[n] == '/');
		if (host_lookup(at, part, &next)) {
			inode_put(at);
			return NULL;
		}
		inode_put(at);
		at = next;
	}
	return at;
}

static void compare_file(const char *name)
{
	struct inode *inode = walk(name);
	char path[400];
	u8 *expected, *buf;
	size_t size = 0;

	CHECK(inode != NULL);
	if (!inode)
		return;
	lib_snprintf(path, sizeof(path), "%s/%s", tree(), name);
	expected = unit_read_file(path, &size);
	CHECK_EQ((u64)inode->size, size);
	buf = malloc(size + 1);
	CHECK_EQ(host_read(inode, buf, size + 1, 0), size);
	if (memcmp(buf, expected, size) != 0)
		unit_fail(__FILE__, __LINE__, "%s differs", name);
	free(buf);
	free(expected);
	inode_put(inode);
}

static void count(const char *name, u64 ino, u8 type, void *arg)
{
	++*(unsigned *)arg;
}

static void compare_tree(void)
{
	static const char *const files[] = {
		"small", "twenty", "hundred", "big", "sparse", "frag",
		"hard", "sub/deep/file", "many/file1", "many/file300",
	};
	struct inode *inode;
	char text[300];
	unsigned n = 0;

	for (unsigned i = 0; i < ARRAY_SIZE(files); i++)
		compare_file(files[i]);
	inode = walk("link");
	CHECK(inode && host_readlink(inode, text, sizeof(text)) == 5 && strcmp(text, "small") == 0);
	inode_put(inode);
	inode = walk("longlink");
	CHECK(inode && host_readlink(inode, text, sizeof(text)) == 139);
	inode_put(inode);
	inode = walk("many");
	CHECK_EQ(host_readdir(inode, 9, count, &n), 0);
	CHECK_EQ(n, 302);
	inode_put(inode);
	CHECK(walk("missing") == NULL && walk("many/file301") == NULL);
	inode = walk("small");
	CHECK_EQ(inode->nlink, 2);
	inode_put(inode);
	host_drop_caches(sb);
	compare_file("big");
}

static const char *image(const char *args, unsigned mib)
{
	char all[700];

	lib_snprintf(all, sizeof(all), "%s -d '%s'", args, tree());
	return host_mkfs("read.img", mib, all);
}

static void read_as(const char *type, const char *args, unsigned mib)
{
	const char *path = image(args, mib);

	CHECK_EQ(host_run("cp --sparse=always '%s' '%s.copy'", path, path), 0);
	CHECK_EQ(host_mount(path, type, SB_READ_ONLY, "", &sb), 0);
	if (!sb)
		return;
	compare_tree();
	host_unmount(sb);
	CHECK_EQ(host_run("cmp '%s' '%s.copy'", path, path), 0);
}

TEST(ext2_images)
{
	read_as("ext2", "-t ext2 -b 1024", 16);
	read_as("ext2", "-t ext2 -b 2048 -O meta_bg,^resize_inode", 64);
	read_as("ext2", "-t ext2 -b 4096 -I 128", 32);
	read_as("ext2", "-t ext2 -b 1024 -r 0", 16);
	read_as("ext2", "-t ext2 -b 1024 -O sparse_super2 -g 1024", 16);
	read_as("ext4", "-t ext2 -b 1024", 16);
}

TEST(ext3_images)
{
	read_as("ext3", "-t ext3 -b 1024", 32);
	read_as("ext2", "-t ext3 -b 4096", 32);
}

TEST(ext3_image_written_as_ext2)
{
	const char *path = image("-t ext3 -b 1024", 32);
	struct inode *dir;

	CHECK_EQ(host_mount(path, "ext2", 0, "", &sb), 0);
	dir = walk("sub");
	CHECK_EQ(host_rename(sb->root_inode, "big", dir, "bigger", 0), 0);
	CHECK_EQ(host_unlink(sb->root_inode, "sparse"), 0);
	inode_put(dir);
	host_unmount(sb);
	CHECK(host_fsck(path));
}

TEST(ext4_images)
{
	read_as("ext4", "-t ext4 -b 1024", 32);
	read_as("ext4", "-t ext4 -b 4096", 64);
	read_as("ext4", "-t ext4 -b 2048 -O ^metadata_csum,uninit_bg", 32);
	read_as("ext4", "-t ext4 -b 1024 -O inline_data", 32);
	read_as("ext4", "-t ext4 -b 4096 -O inline_data,metadata_csum_seed,large_dir,ea_inode -I "
			"512", 64);
	read_as("ext4", "-t ext4 -b 1024 -O ^64bit,^flex_bg,bigalloc -C 4096", 32);
	read_as("ext4", "-t ext4 -b 1024 -O meta_bg,^resize_inode -g 2048", 32);
	read_as("ext4", "-t ext4 -b 4096 -O sparse_super2,mmp", 64);
}

/* An index that e2fsck made, and one deeper than a leaf. */
TEST(indexes_of_others)
{
	static const char *const formats[] = { "-t ext2 -b 1024 -N 6000", "-t ext4 -b 1024 -N 6000",
					       "-t ext4 -b 4096 -N 6000" };

	for (unsigned i = 0; i < ARRAY_SIZE(formats); i++) {
		const char *path = host_mkfs("read.img", 24, formats[i]);
		struct inode *dir, *inode;
		char name[40];
		unsigned n = 0;

		CHECK_EQ(
			host_run(
				"{ echo mkdir d; echo cd d; for i in $(seq 1 5000); do "
				"echo mknod name-number-$i p; done; } | debugfs -w -f - '%s' "
				">/dev/null 2>&1; "
				"e2fsck -fyD '%s' >/dev/null 2>&1; test $? -le 1",
				path, path),
			0);
		CHECK_EQ(host_mount(path, "ext4", SB_READ_ONLY, "", &sb), 0);
		dir = walk("d");
		CHECK(dir && ext_dir_indexed(dir));
		for (unsigned k = 1; k <= 5000; k++) {
			lib_snprintf(name, sizeof(name), "name-number-%u", k);
			CHECK_EQ(host_lookup(dir, name, &inode), 0);
			inode_put(inode);
			lib_snprintf(name, sizeof(name), "no-number-%u", k);
			CHECK_EQ(host_lookup(dir, name, &inode), (u64)-ENOENT);
		}
		CHECK_EQ(host_readdir(dir, 17, count, &n), 0);
		CHECK_EQ(n, 5002);
		inode_put(dir);
		host_unmount(sb);
	}
}

/* Extents several levels deep, unwritten ones, times and attributes as debugfs sets them. */
TEST(deep_extents_and_attributes)
{
	const char *path = host_mkfs("read.img", 32, "-t ext4 -b 1024");
	struct inode *inode;
	char value[3000];
	u8 byte;

	CHECK_EQ(host_run("rm -f '%s.f'; for i in $(seq 0 2 6000); do echo $i; done | "
			  "awk '{ printf \"seek %%d\\n\", $1 }' >/dev/null; "
			  "python3 -c \"f=open('%s.f','wb')\nfor i in range(0,6000,2):\n"
			  " f.seek(i*1024); f.write(bytes([i//2%%251])*1024)\"",
			  path, path), 0);
	CHECK_EQ(host_run("head -c 2500 /dev/zero | tr '\\0' v > '%s.v'; "
			  "printf 'write %%s.f f\\nea_set f user.small value\\n"
			  "ea_set -f %%s.v f user.large\\n"
			  "sif f mtime @5000000000\\nmknod c c 5 300\\n"
			  "' '%s' '%s' | debugfs -w -f - '%s' >/dev/null 2>&1",
			  path, path, path, path), 0);
	CHECK(host_fsck(path));
	CHECK_EQ(host_mount(path, "ext4", SB_READ_ONLY, "", &sb), 0);
	inode = walk("f");
	CHECK(inode != NULL);
	CHECK(((struct ext_extent_header *)ext_i(inode)->block)->depth >= 1);
	for (unsigned i = 0; i < 5999; i += 1) {
		CHECK_EQ(host_read(inode, &byte, 1, i * 1024 + 77), 1);
		CHECK_EQ(byte, i & 1 ? 0 : i / 2 % 251);
	}
	CHECK_EQ(inode->ops->getxattr(inode, "user.small", value, sizeof(value)), 5);
	CHECK(memcmp(value, "value", 5) == 0);
	CHECK_EQ(inode->mtime.tv_sec, 5000000000);
	inode_put(inode);
	inode = walk("c");
	CHECK(inode && S_ISCHR(inode->mode));
	inode_put(inode);
	host_unmount(sb);
}

static void refused(const char *type, u32 flags, const char *options, int err, const char *says)
{
	static char path[300];

	strlcpy(path, host_dir(), sizeof(path));
	strlcat(path, "/read.img", sizeof(path));
	host_log();
	host_quiet = true;
	CHECK_EQ(host_mount(path, type, flags, options, &sb), (u64)err);
	if (sb)
		host_unmount(sb);
	host_quiet = false;
	const char *log = host_log();
	if (!strstr(log, says))
		unit_fail(__FILE__, __LINE__, "\"%s\" is not said in: %s", says, log);
}

TEST(what_is_refused)
{
	const char *path = host_mkfs("read.img", 16, "-t ext4 -b 1024");

	refused("ext2", SB_READ_ONLY, "", -EINVAL, "feature");
	refused("ext3", SB_READ_ONLY, "", -EINVAL, "feature");
	CHECK_EQ(host_run("debugfs -w -R 'feature needs_recovery' '%s' >/dev/null 2>&1", path), 0);
	refused("ext4", SB_READ_ONLY, "", 0, "replayed in memory: 0 transactions");
	refused("ext4", SB_READ_ONLY, "noload", 0, "not replayed");
	host_mkfs("read.img", 16, "-t ext4 -b 1024 -O encrypt");
	refused("ext4", SB_READ_ONLY, "", -EINVAL, "encrypt");
	host_mkfs("read.img", 16, "-t ext4 -b 1024 -O casefold");
	refused("ext4", SB_READ_ONLY, "", -EINVAL, "casefold");
	host_mkfs("read.img", 16, "-t ext4 -b 1024 -O verity");
	refused("ext4", SB_READ_ONLY, "", -EINVAL, "verity");
	host_mkfs("read.img", 16, "-t ext2 -b 1024 -O quota");
	refused("ext2", 0, "", -EROFS, "read-only");
	refused("ext2", SB_READ_ONLY, "", 0, "");
	refused("ext3", SB_READ_ONLY, "", -EINVAL, "journal");
	CHECK_EQ(host_run("dd if=/dev/zero of='%s' bs=1024 seek=1 count=1 conv=notrunc 2>/dev/null",
			  path),
		 0);
	refused("ext2", SB_READ_ONLY, "", -EINVAL, "bad superblock");
	refused("ext2", SB_READ_ONLY, "sb=8193", 0, "");
	refused("ext2", 0, "sb=8193", -EROFS, "");
	refused("ext2", 0, "sb=99999999", -EINVAL, "no superblock");
	host_mkfs("read.img", 16, "-t ext2 -b 1024");
	CHECK_EQ(host_run("truncate -s 15M '%s'", path), 0);
	refused("ext2", 0, "", -EINVAL, "larger than its device");
}

TEST(errors_make_it_read_only)
{
	const char *path = host_mkfs("read.img", 8, "-t ext2 -b 1024 -e remount-ro");
	struct inode *inode;

	CHECK_EQ(host_run("printf 'mknod f p\\nset_inode_field f mode 0\\n"
			  "' | debugfs -w -f - '%s' >/dev/null 2>&1", path), 0);
	host_quiet = true;
	CHECK_EQ(host_mount(path, "ext2", 0, "", &sb), 0);
	CHECK_EQ(host_lookup(sb->root_inode, "f", &inode), (u64)-EIO);
	CHECK(sb->flags & SB_READ_ONLY);
	CHECK_EQ(host_create(sb->root_inode, "g", 0600, NULL), (u64)-EROFS);
	host_sync(sb);
	host_unmount(sb);
	host_quiet = false;
	CHECK_EQ(host_run("dumpe2fs -h '%s' 2>/dev/null | grep -q 'state: *not clean with errors'",
			  path),
		 0);
}

/* Mounts a copy in which `turns` bytes of metadata are other ones. */
static void mutilate(const char *path, const char *type, u32 flags, unsigned turns, u8 *original,
		     size_t size)
{
	char copy[400];
	FILE *f;

	lib_snprintf(copy, sizeof(copy), "%s.bad", path);
	f = fopen(copy, "r+b");
	for (unsigned i = 0; i < turns; i++) {
		/* The beginning of the disk has most of the metadata. */
		u64 at = unit_below(3) ? unit_below(600 << 10) : unit_below(size);
		u8 c = (u8)unit_rand();

		while (original[at] == 0 && unit_below(50))
			at = (at + 1) % size;
		fseek(f, (long)at, SEEK_SET);
		fwrite(&c, 1, 1, f);
	}
	fclose(f);
	if (host_mount(copy, type, flags, "errors=continue", &sb) == 0) {
		host_walk(sb);
		if (!flags)
			host_change(sb);
		host_unmount(sb);
	}
	f = fopen(copy, "r+b");
	fwrite(original, 1, size, f);
	fclose(f);
}

static void mutilations(const char *type, const char *args, u32 flags, unsigned rounds)
{
	const char *path = image(args, 6);
	size_t size = 0;
	u8 *original = unit_read_file(path, &size);

	host_quiet = true;
	CHECK_EQ(host_run("cp '%s' '%s.bad'", path, path), 0);
	for (unsigned i = 0; i < rounds; i++)
		mutilate(path, type, flags, 1 + (unsigned)unit_below(i % 4 == 0 ? 200 : 5),
			 original, size);
	free(original);
	host_quiet = false;
}

TEST(damaged_ext2)
{
	mutilations("ext2", "-t ext2 -b 1024 -N 600", SB_READ_ONLY, 150);
}

TEST(damaged_ext2_for_writing)
{
	mutilations("ext2", "-t ext2 -b 1024 -N 600", 0, 250);
}

TEST(damaged_ext4)
{
	mutilations("ext4", "-t ext4 -b 1024 -N 600 -O ^has_journal,^metadata_csum,inline_data",
		    SB_READ_ONLY, 150);
	mutilations("ext4", "-t ext4 -b 1024 -N 600 -O ^has_journal", SB_READ_ONLY, 50);
}

TEST(damaged_extents_for_writing)
{
	mutilations("ext4", "-t ext4 -b 1024 -N 600 -O ^has_journal,^metadata_csum", 0, 150);
}

TEST(damaged_checksums_for_writing)
{
	mutilations("ext4", "-t ext4 -b 1024 -N 600 -O "
		    "^has_journal,^extents,^64bit,^metadata_csum,uninit_bg", 0, 100);
	mutilations("ext4", "-t ext4 -b 1024 -N 600 -O ^has_journal,^extents,^64bit", 0, 50);
}
