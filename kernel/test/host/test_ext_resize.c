/*
 * A mounted file system grows (EXT4_IOC_RESIZE_FS): images of many formats, with files written in
 * between, and e2fsck to say what it thinks of the result; requests that are refused; and failures
 * of the disk and of memory on the way.
 */
#include "test/host/ext_work.h"

#include "abi/ioctl.h"
#include "abi/statfs.h"
#include "fs/ext/ext_file.h"

static struct superblock *sb;

/* Grows to so many blocks: 0 or the error. */
static long grow(u64 blocks)
{
	struct file *file = host_open(sb->root_inode, O_RDONLY);
	long err = ext_ioctl(file, EXT4_IOC_RESIZE_FS, (u64)&blocks);

	host_close(file);
	return err;
}

static const struct ext_geo *geo(void)
{
	return &ext_fs_of(sb->root_inode)->geo;
}

static u64 blocks_of(u64 mib)
{
	return MIB(mib) >> geo()->block_bits;
}

static void device_size(const char *path, u64 mib)
{
	CHECK_EQ(host_run("truncate -s %lluM '%s'", (unsigned long long)mib, path), 0);
}

/* Of all backups: the number of blocks that they have is right, and e2fsck accepts the first. */
static void backups_check(const char *path, const char *args)
{
	if (host_run("p='%s'; d() { dumpe2fs \"$@\" \"$p\" 2>/dev/null; }; "
		     "n=$(d -h | sed -n 's/^Block count: *//p'); "
		     "s=$(d -h | sed -n 's/^Block size: *//p'); "
		     "for b in $(d | sed -n 's/.*Backup superblock at \\([0-9]*\\).*/\\1/p'); do "
		     "f=${f:-$b}; m=$(d -h -o superblock=$b -o blocksize=$s | "
		     "sed -n 's/^Block count: *//p'); test \"$n\" = \"$m\" || exit 1; done; "
		     "test -z \"$f\" || { e2fsck -fn -b $f -B $s \"$p\" >\"$p.b\" 2>&1; "
		     "test $? -le 4 && "
		     "! grep -i 'descriptor\\|superblock\\|corrupt\\|illegal' \"$p.b\"; }", path))
		unit_fail(__FILE__, __LINE__, "%s: a backup is not as it should be", args);
}

static void write_some(unsigned seed)
{
	static u8 data[300000];
	struct inode *dir, *inode;
	char name[40];

	memset(data, (int)seed, sizeof(data));
	lib_snprintf(name, sizeof(name), "more%u", seed);
	CHECK_EQ(host_mkdir(sb->root_inode, name, 0755, &dir), 0);
	for (unsigned i = 0; i < 20; i++) {
		lib_snprintf(name, sizeof(name), "file%u", i);
		CHECK_EQ(host_create(dir, name, 0644, &inode), 0);
		CHECK_EQ(host_write(inode, data, 1000 * i * (i % 3), 0), 1000 * i * (i % 3));
		inode_put(inode);
	}
	inode_put(dir);
}

struct format {
	const char *type, *args;
	u32 from, steps[3];	/* MiB */
	bool always;		/* not only in the full form */
};

static void grow_in_steps(const struct format *f)
{
	const char *path = host_mkfs("grow.img", f->from, f->args);
	u32 most = 0;

	for (unsigned i = 0; i < ARRAY_SIZE(f->steps); i++)
		most = max(most, f->steps[i]);
	device_size(path, most);
	CHECK_EQ(host_mount(path, f->type, 0, "", &sb), 0);
	if (!sb)
		return;
	write_some(100);
	for (unsigned i = 0; i < ARRAY_SIZE(f->steps) && f->steps[i]; i++) {
		struct abi_statfs before, after;
		u64 want = blocks_of(f->steps[i]) - i * 7;
		long err;

		sb->ops->statfs(sb, &before);
		err = grow(want);
		sb->ops->statfs(sb, &after);
		if (err || geo()->n_blocks > want || want - geo()->n_blocks > geo()->itable_blocks +
		    geo()->n_gdt_blocks + 400 || after.f_bfree <= before.f_bfree)
			unit_fail(__FILE__, __LINE__, "%s: step %u: %ld, %llu of %llu blocks",
				  f->args, i, err, (unsigned long long)geo()->n_blocks,
				  (unsigned long long)want);
		/* The map of a resize inode that ends is a block more. */
		CHECK(after.f_bfree - before.f_bfree - (after.f_blocks - before.f_blocks) <= 1);
		write_some(i);
		CHECK_EQ(host_sync(sb), 0);
		if (!host_fsck_mounted(path))
			unit_fail(__FILE__, __LINE__, "%s: step %u, mounted", f->args, i);
	}
	host_unmount(sb);
	if (!host_fsck(path))
		unit_fail(__FILE__, __LINE__, "%s", f->args);
	backups_check(path, f->args);
	CHECK_EQ(host_mount(path, f->type, 0, "", &sb), 0);
	if (sb) {
		write_some(50);
		host_unmount(sb);
		CHECK(host_fsck(path));
	}
}

static const struct format formats[] = {
	{ "ext2", "-t ext2 -b 1024", 8, { 13, 40, 200 }, true },
	{ "ext2", "-t ext2 -b 2048", 8, { 40, 160, 300 }, false },
	{ "ext2", "-t ext2 -b 4096", 8, { 50, 260, 520 }, false },
	{ "ext2", "-t ext2 -b 1024 -O ^sparse_super,^resize_inode", 8, { 24, 60, 90 }, false },
	{ "ext2", "-t ext2 -b 1024 -O ^resize_inode", 8, { 60, 300, 700 }, false },
	{ "ext2", "-t ext2 -b 1024 -O meta_bg,^resize_inode", 8, { 60, 300, 700 }, false },
	{ "ext2", "-t ext2 -b 1024 -r 0", 8, { 20, 40, 100 }, false },
	{ "ext3", "-t ext3 -b 1024", 8, { 13, 40, 200 }, false },
	{ "ext3", "-t ext3 -b 4096", 16, { 200, 0, 0 }, true },
	{ "ext4", "-t ext4 -b 1024", 8, { 13, 40, 200 }, true },
	{ "ext4", "-t ext4 -b 2048", 8, { 60, 300, 2000 }, false },
	{ "ext4", "-t ext4 -b 4096", 8, { 120, 130, 4000 }, false },
	{ "ext4", "-t ext4 -b 4096 -O ^has_journal", 8, { 120, 140, 1000 }, false },
	{ "ext4", "-t ext4 -b 1024 -O ^64bit,^metadata_csum,uninit_bg", 8, { 30, 200 }, false },
	{ "ext4", "-t ext4 -b 1024 -O ^resize_inode", 8, { 30, 300 }, true },
	{ "ext4", "-t ext4 -b 1024 -O meta_bg,^resize_inode", 8, { 30, 200, 800 }, false },
	{ "ext4", "-t ext4 -b 1024 -E resize=300000", 8, { 250, 500, 1000 }, false },
	{ "ext4", "-t ext4 -b 1024 -g 1024 -N 256", 8, { 20, 21, 300 }, false },
	{ "ext4", "-t ext4 -b 4096 -O ^flex_bg -I 128", 8, { 300, 1000, 0 }, false },
	{ "ext4", "-t ext4 -b 4096 -N 4096", 64, { 1000, 65536, 0 }, false },
};

TEST(formats_grow)
{
	for (unsigned i = 0; i < ARRAY_SIZE(formats); i++)
		if (formats[i].always || unit_full_form())
			grow_in_steps(&formats[i]);
}

/* The share that is reserved stays, and the last blocks can be used. */
TEST(counts)
{
	const char *path = host_mkfs("grow.img", 100, "-t ext4 -b 4096 -m 5");
	struct inode *inode;
	struct ext_fs *fs;
	u8 buf[4096] = { 7 };

	device_size(path, 1000);
	CHECK_EQ(host_mount(path, "ext4", 0, "", &sb), 0);
	fs = ext_fs_of(sb->root_inode);
	CHECK_EQ(fs->reserved_blocks, blocks_of(100) / 20);
	CHECK_EQ(grow(blocks_of(1000)), 0);
	CHECK_EQ(fs->reserved_blocks, blocks_of(1000) / 20);
	CHECK_EQ(fs->geo.n_groups, 8);
	CHECK_EQ(fs->geo.n_inodes, 8 * fs->geo.inodes_per_group);
	CHECK_EQ(host_create(sb->root_inode, "file", 0644, &inode), 0);
	CHECK_EQ(host_truncate(inode, 900 << 20), 0);
	for (s64 at = 0; at < 900 << 20; at += 1 << 20)
		CHECK_EQ(host_write(inode, buf, sizeof(buf), at), sizeof(buf));
	inode_put(inode);
	host_unmount(sb);
	CHECK(host_fsck(path));
}

static void try_grow(const char *args, const char *type, const char *options, u32 flags, u64 mib,
		     long error)
{
	const char *path = host_mkfs("grow.img", 16, args);
	long err;

	device_size(path, 32);
	CHECK_EQ(host_mount(path, type, flags, options, &sb), 0);
	if (!sb)
		return;
	err = grow(blocks_of(mib));
	if (err != error)
		unit_fail(__FILE__, __LINE__, "%s, %llu MiB: %ld, not %ld", args,
			  (unsigned long long)mib, err, error);
	host_unmount(sb);
	CHECK(host_fsck(path));
}

TEST(refused)
{
	static const char ext4[] = "-t ext4 -b 1024";

	try_grow(ext4, "ext4", "", 0, 15, -EINVAL);
	try_grow(ext4, "ext4", "", 0, 16, 0);
	try_grow(ext4, "ext4", "", 0, 33, -ENOSPC);
	try_grow(ext4, "ext4", "", 0, 1ull << 32, -EINVAL);
	try_grow(ext4, "ext4", "", SB_READ_ONLY, 32, -EROFS);
	try_grow("-t ext4 -b 1024 -O sparse_super2,^resize_inode", "ext4", "", 0, 32, -EOPNOTSUPP);
	host_cred = (struct cred){ .fsuid = 1000 };
	try_grow(ext4, "ext4", "", 0, 32, -EPERM);
	host_cred = (struct cred){ .cap_effective = ~0ull };
	try_grow(ext4, "ext4", "", 0, 32, 0);
}

/* A few blocks that make no group: it ends with the one before. */
TEST(too_few_for_a_group)
{
	const char *path = host_mkfs("grow.img", 8, "-t ext4 -b 1024");

	device_size(path, 32);
	CHECK_EQ(host_mount(path, "ext4", 0, "", &sb), 0);
	CHECK_EQ(grow(8192 + 100), 0);
	CHECK_EQ(geo()->n_blocks, 8193);
	CHECK_EQ(grow(8192 + 100), 0);
	CHECK_EQ(geo()->n_blocks, 8193);
	host_unmount(sb);
	CHECK(host_fsck(path));
}

/* With a journal too small for all lists of the resize inode it is refused, and nothing changes. */
TEST(small_journal)
{
	const char *path = host_mkfs("grow.img", 8, "-t ext4 -b 1024");
	u32 most = host_most_credits;

	device_size(path, 32);
	host_most_credits = 30;
	CHECK_EQ(host_mount(path, "ext4", 0, "", &sb), 0);
	CHECK_EQ(grow(32 << 10), (u64)-ENOSPC);
	CHECK_EQ(geo()->n_blocks, 8193);
	host_unmount(sb);
	host_most_credits = most;
	CHECK(host_fsck(path));
}

/* The n-th request or allocation fails: e2fsck finds nothing that it cannot repair. */
static bool failing(const struct work_format *format, unsigned n, bool memory)
{
	const char *path = work_make(format, 4, "");
	char when[100];
	bool failed;
	long err;

	lib_snprintf(when, sizeof(when), "%s, %s %u", format->args, memory ? "memory" : "request",
		     n);
	device_size(path, 40);
	host_quiet = true;
	host_log();
	CHECK_EQ(host_mount(path, format->type, 0, "errors=continue", &sb), 0);
	if (memory)
		host_fail_alloc(n, false);
	else
		host_fail_io(n, false);
	err = grow(blocks_of(40));
	failed = err != 0 || (!memory && host_io_failed());
	host_fail_alloc(0, false);
	host_fail_io(0, false);
	if (err && err != -EIO && err != -ENOMEM && err != -EROFS)
		unit_fail(__FILE__, __LINE__, "%s: %ld", when, err);
	if (memory) {
		CHECK_EQ(grow(blocks_of(40)), 0);
		write_some(n);
	}
	host_unmount(sb);
	if (memory && !host_fsck(path))
		unit_fail(__FILE__, __LINE__, "%s: not clean", when);
	work_repair(format->type, when);
	host_quiet = false;
	return failed;
}

TEST(failures_on_the_way)
{
	unsigned step = unit_full_form() ? 1 : 97;

	for (unsigned i = 0; i < N_WORK_FORMATS; i += unit_full_form() ? 1 : 3) {
		unsigned n;

		for (n = 1 + i; failing(&work_formats[i], n, false) && n < 2000; n += step)
			;
		CHECK(n > step);
		for (n = 1; failing(&work_formats[i], n, true) && n < 2000; n++)
			;
		CHECK(n > 1);
	}
}

/* Tables that grow: no element of a chunk is another's. */
TEST(chunks)
{
	for (u32 first = 1; first < 40; first++) {
		u32 expected = 0, chunk = 0, n = 0;

		for (u32 i = 0; i < 5000; i++) {
			u32 at;

			if (n == (chunk ? first << (chunk - 1) : first)) {
				chunk++;
				n = 0;
			}
			expected += ext_chunk_of(first, i, &at) != chunk || at != n++;
		}
		CHECK_EQ(expected, 0);
	}
}
