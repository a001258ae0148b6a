/*
 * Everything that mke2fs makes is read: a tree with all kinds of inodes, put into images of each
 * format by mke2fs -d, is compared in full. The long list, images that take long and the large ones
 * are for TEST_FULL.
 */
#include "test/host/ext_host.h"
#include "test/host/ext_host_int.h"

static struct superblock *sb;

/* A tree with every kind of inode, names of all bytes, and attributes of the host's own. */
static const char *tree(void)
{
	static char dir[300], script[300];
	FILE *f;

	if (dir[0])
		return dir;
	lib_snprintf(dir, sizeof(dir), "%s/matrix", host_dir());
	lib_snprintf(script, sizeof(script), "%s/matrix.py", host_dir());
	f = fopen(script, "w");
	fputs("import os, sys, socket\n"
	      "d = os.fsencode(sys.argv[1])\n"
	      "os.makedirs(d + b'/deep/' + b'/'.join(b'd%d' % i for i in range(12)))\n"
	      "os.mkdir(d + b'/names')\n"
	      "os.mkdir(d + b'/many')\n"
	      "def put(name, data): open(d + b'/' + name, 'wb').write(data)\n"
	      "for c in range(1, 256):\n"
	      "    if c not in (46, 47): put(b'names/' + bytes([c]), bytes([c]))\n"
	      "    if c != 47: put(b'names/x' + bytes([c]) * 254, b'')\n"
	      "put('names/\\u00fcnic\\u00f6de \\u4e16\\u754c'.encode(), b'utf-8')\n"
	      "for i in range(700): put(b'many/name-\\xc3\\xa4-%d' % i, b'%d\\n' % i)\n"
	      "for n in (0, 1, 59, 60, 61, 100, 150, 160, 1023, 1024, 1025, 4095, 4096, 4097,\n"
	      "          12288, 12289, 300000): put(b'size-%d' % n, (b'0123456789abcde' * n)[:n])\n"
	      "def sparse(name, runs):\n"
	      "    with open(d + b'/' + name, 'wb') as f:\n"
	      "        for at, n in runs:\n"
	      "            f.seek(at); f.write(bytes([at // 1024 % 251 + 1]) * n)\n"
	      "sparse(b'sparse', [(0, 10), (30 << 20, 5000), (70 << 20, 100)])\n"
	      "sparse(b'frag', [(i * 8192, 4096) for i in range(700)])\n"
	      "for n in (1, 58, 59, 60, 61, 100, 255, 1000):\n"
	      "    os.symlink(b's' * n, d + b'/link%d' % n)\n"
	      "os.link(d + b'/size-100', d + b'/deep/hard')\n"
	      "os.mkfifo(d + b'/fifo')\n"
	      "socket.socket(socket.AF_UNIX).bind(os.path.relpath(sys.argv[1] + '/socket'))\n"
	      "try:\n"
	      "    os.mknod(d + b'/chr', 0o20600, os.makedev(5, 3))\n"
	      "    os.mknod(d + b'/blk', 0o60640, os.makedev(259, 70000))\n"
	      "    os.chown(d + b'/size-60', 70000, 4000000000)\n"
	      "except PermissionError: pass\n"
	      "os.chmod(d + b'/size-1', 0o7751); os.chmod(d + b'/many', 0o1777)\n"
	      "for i, t in enumerate((0, 1, 2147483647)): os.utime(d + b'/size-%d' % (1023 + i),\n"
	      "    (t, t))\n", f);
	fclose(f);
	CHECK_EQ(host_run("cd '%s' && python3 '%s' '%s'", host_dir(), script, dir), 0);
	return dir;
}

/* What debugfs adds to each image, which neither mke2fs nor every host can. */
static void adorn(const char *path, bool extents)
{
	CHECK_EQ(host_run("head -c 900 /dev/zero | tr '\\0' v >'%s.v'; "
			  "printf 'ea_set size-100 user.small value\\n"
			  "ea_set -f %%s.v size-100 user.large\\n%s"
			  "' '%s' | debugfs -w -f - '%s' >/dev/null 2>&1", path,
			  extents ? "fallocate size-1 2 400\\n" : "", path, path), 0);
}

static void check_adorned(void)
{
	struct inode *inode;
	static u8 buf[5000];

	CHECK_EQ(host_lookup(sb->root_inode, "size-100", &inode), 0);
	CHECK_EQ(inode->ops->getxattr(inode, "user.small", buf, sizeof(buf)), 5);
	CHECK(memcmp(buf, "value", 5) == 0);
	CHECK_EQ(inode->ops->getxattr(inode, "user.large", buf, sizeof(buf)), 900);
	CHECK(mem_is_all(buf, 'v', 900));
	CHECK_EQ(inode->ops->getxattr(inode, "user.none", buf, sizeof(buf)), (u64)-ENODATA);
	CHECK(inode->ops->listxattr(inode, (char *)buf, sizeof(buf)) >= 22);
	inode_put(inode);
}

/* mke2fs with `args`, then the shell's `then` with the image as $I; the tree must be there. */
static void reads(const char *args, unsigned mib, const char *then)
{
	bool adorned = !strstr(args, "^ext_attr") && !strstr(args, "-r 0");
	bool extents = strstr(args, "-t ext4") && !strstr(args, "^extents");
	char all[800];
	const char *path;

	lib_snprintf(all, sizeof(all), "-N 2000 %s -d '%s' -E root_owner=0:0", args, tree());
	path = host_mkfs("matrix.img", mib, all);
	if (adorned)
		adorn(path, extents);
	CHECK_EQ(host_run("I='%s'; %s", path, then), 0);
	if (!host_fsck(path))
		unit_fail(__FILE__, __LINE__, "e2fsck does not like %s; %s", args, then);
	CHECK_EQ(host_mount(path, "ext4", SB_READ_ONLY, "", &sb), 0);
	if (!sb) {
		unit_fail(__FILE__, __LINE__, "%s; %s: not mounted: %s", args, then, host_log());
		return;
	}
	if (host_compare(sb, sb->root_inode, tree()) < 1240)
		unit_fail(__FILE__, __LINE__, "%s: too few files", args);
	if (adorned)
		check_adorned();
	host_unmount(sb);
}

#define HASH(alg, flag) \
	"tune2fs -E hash_alg=" alg " $I >/dev/null && debugfs -w -R 'ssv flags " flag \
	"' $I >/dev/null 2>&1; e2fsck -fyD $I >/dev/null 2>&1; test $? -le 1"

/* Quotas count what mke2fs and debugfs put in. */
#define REPAIR "e2fsck -fy $I >/dev/null 2>&1; e2fsck -fy $I >/dev/null 2>&1; test $? -le 1"

/* A few of all, and with TEST_FULL the whole list. */
static const struct format { const char *args; unsigned mib; const char *then; bool quick; }
formats[] = {
	{ "-t ext2 -b 1024", 24, HASH("half_md4", "1"), true },
	{ "-t ext4 -b 1024 -O metadata_csum_seed,large_dir,inline_data -I 512", 24,
	  HASH("tea", "2"), true },
	{ "-t ext4 -b 4096 -O sparse_super2,project,stable_inodes,fast_commit,orphan_file,"
	  "meta_bg,^resize_inode,quota", 48, REPAIR, true },
	{ "-t ext3 -b 2048 -I 128", 48, HASH("legacy", "2"), true },
	{ "-t ext2 -b 1024 -I 128 -O ^ext_attr,^dir_index,^filetype", 24, ":", false },
	{ "-t ext2 -b 2048", 24, HASH("legacy", "1"), false },
	{ "-t ext2 -b 4096 -O meta_bg,^resize_inode", 48, HASH("half_md4", "2"), false },
	{ "-t ext2 -b 1024 -r 0", 24, ":", false },
	{ "-t ext2 -b 1024 -O sparse_super2 -g 1024", 24, ":", false },
	{ "-t ext2 -b 1024 -O ^sparse_super,^large_file,^resize_inode -g 2048", 24, ":", false },
	{ "-t ext2 -b 1024 -O metadata_csum", 24, HASH("tea", "1"), false },
	{ "-t ext2 -b 4096 -O project -I 256 -m 0", 48, ":", false },
	{ "-t ext3 -b 1024", 32, HASH("tea", "1"), false },
	{ "-t ext3 -b 4096", 48, HASH("half_md4", "1"), false },
	{ "-t ext4 -b 1024", 32, HASH("legacy", "1"), false },
	{ "-t ext4 -b 1024", 32, HASH("legacy", "2"), false },
	{ "-t ext4 -b 2048", 32, HASH("half_md4", "1"), false },
	{ "-t ext4 -b 2048", 32, HASH("half_md4", "2"), false },
	{ "-t ext4 -b 4096", 48, HASH("tea", "1"), false },
	{ "-t ext4 -b 4096 -O ^metadata_csum", 48, HASH("tea", "2"), false },
	{ "-t ext4 -b 1024 -I 128", 32, ":", false },
	{ "-t ext4 -b 1024 -I 1024", 32, ":", false },
	{ "-t ext4 -b 4096 -I 4096", 48, ":", false },
	{ "-t ext4 -b 1024 -O ^64bit", 32, ":", false },
	{ "-t ext4 -b 1024 -O ^flex_bg -g 1024", 32, ":", false },
	{ "-t ext4 -b 1024 -G 64 -g 512", 32, ":", false },
	{ "-t ext4 -b 1024 -O meta_bg,^resize_inode -g 512", 32, ":", false },
	{ "-t ext4 -b 1024 -O sparse_super2 -E num_backup_sb=2", 32, ":", false },
	{ "-t ext4 -b 1024 -O sparse_super2 -E num_backup_sb=0", 32, ":", false },
	{ "-t ext4 -b 1024 -O inline_data", 32, ":", false },
	{ "-t ext4 -b 4096 -O inline_data -I 1024", 48, ":", false },
	{ "-t ext4 -b 1024 -O inline_data,^metadata_csum -I 256", 32, ":", false },
	{ "-t ext4 -b 1024 -O ^metadata_csum,uninit_bg -g 1024", 32, ":", false },
	{ "-t ext4 -b 1024 -O ^huge_file,^dir_nlink,^extra_isize", 32, ":", false },
	{ "-t ext4 -b 1024 -O ^extents,^64bit", 32, ":", false },
	{ "-t ext4 -b 1024 -O ea_inode,large_dir", 32, ":", false },
	{ "-t ext4 -b 1024 -O bigalloc -C 2048", 48, ":", false },
	{ "-t ext4 -b 1024 -O bigalloc -C 16384", 64, ":", false },
	{ "-t ext4 -b 4096 -O bigalloc,meta_bg,^resize_inode -C 65536", 160, ":", false },
	{ "-t ext4 -b 1024 -O mmp", 32, ":", false },
	{ "-t ext4 -b 1024 -O quota -E quotatype=usrquota:grpquota:prjquota", 32, REPAIR, false },
	{ "-t ext4 -b 1024 -O stable_inodes,project", 32, ":", false },
	{ "-t ext4 -b 1024 -O fast_commit", 48, ":", false },
	{ "-t ext4 -b 1024 -O orphan_file", 32, ":", false },
	{ "-t ext4 -b 1024 -O ^has_journal,^resize_inode", 32, ":", false },
	{ "-t ext4 -b 1024 -E packed_meta_blocks=1,stride=4,stripe_width=16", 32, ":", false },
	{ "-t ext4 -b 1024", 32, "resize2fs $I 60M >/dev/null 2>&1", false },
	{ "-t ext4 -b 1024 -O ^64bit", 32, "resize2fs -b $I >/dev/null 2>&1", false },
	{ "-t ext4 -b 1024 -O 64bit", 32, "resize2fs -s $I >/dev/null 2>&1", false },
};

TEST(all_formats)
{
	for (unsigned i = 0; i < ARRAY_SIZE(formats); i++)
		if (formats[i].quick || unit_full_form())
			reads(formats[i].args, formats[i].mib, formats[i].then);
}

/* Of one file more extents than a tree of two levels below the inode's can have. */
TEST(extents_three_levels_deep)
{
	struct inode *inode;
	const char *path;
	u8 byte;

	if (!unit_full_form())
		return;
	path = host_mkfs("deep.img", 96, "-t ext4 -b 1024 -O ^has_journal");
	CHECK_EQ(host_run("python3 -c \"f=open('%s.f','wb')\nfor i in range(30000):\n"
			  " f.seek(i*2048); f.write(bytes([i%%251+1])*1024)\" && "
			  "printf 'write %%s.f f\\n' '%s' | debugfs -w -f - '%s' >/dev/null 2>&1",
			  path, path, path), 0);
	CHECK(host_fsck(path));
	CHECK_EQ(host_mount(path, "ext4", SB_READ_ONLY, "", &sb), 0);
	CHECK_EQ(host_lookup(sb->root_inode, "f", &inode), 0);
	CHECK(((struct ext_extent_header *)ext_i(inode)->block)->depth >= 3);
	for (unsigned i = 0; i < 59999; i++) {
		CHECK_EQ(host_read(inode, &byte, 1, i * 1024 + 77), 1);
		CHECK_EQ(byte, i & 1 ? 0 : i / 2 % 251 + 1);
	}
	inode_put(inode);
	host_unmount(sb);
}

static void check_time(const char *name, s64 seconds, u32 ns)
{
	struct inode *inode;

	CHECK_EQ(host_lookup(sb->root_inode, name, &inode), 0);
	if (inode->mtime.tv_sec != seconds || inode->mtime.tv_nsec != ns)
		unit_fail(__FILE__, __LINE__, "%s: %lld.%09u", name,
			  (long long)inode->mtime.tv_sec, (unsigned)inode->mtime.tv_nsec);
	inode_put(inode);
}

/* Times from 1901 to 2446, to the nanosecond; and what 128 bytes of an inode can have of them. */
TEST(times)
{
	const char *path = host_mkfs("times.img", 8, "-t ext4 -b 1024 -I 256");

	/* The lower 32 bits count as signed; two bits of the extra word are the epoch. */
	CHECK_EQ(host_run("printf 'mknod a p\\nsif a mtime 0x80000000\\nsif a mtime_extra 0\\n"
			  "mknod b p\\nsif b mtime 0x7fffffff\\nsif b mtime_extra 0x%%x\\n"
			  "mknod c p\\nsif c mtime 0x80000000\\nsif c mtime_extra 1\\n"
			  "mknod d p\\nsif d mtime 0x7fffffff\\nsif d mtime_extra 0x%%x\\n'"
			  " $((999999999 << 2)) $((999999999 << 2 | 3)) | "
			  "debugfs -w -f - '%s' >/dev/null 2>&1", path), 0);
	CHECK_EQ(host_mount(path, "ext4", SB_READ_ONLY, "", &sb), 0);
	check_time("a", -2147483648ll, 0);
	check_time("b", 2147483647, 999999999);
	check_time("c", 2147483648ll, 0);
	check_time("d", 15032385535ll, 999999999); /* 2446-05-10 22:38:55 */
	host_unmount(sb);
	path = host_mkfs("times.img", 8, "-t ext4 -b 1024 -I 128");
	CHECK_EQ(host_run("printf 'mknod a p\\nsif a mtime 0x80000000\\n' | "
			  "debugfs -w -f - '%s' >/dev/null 2>&1", path), 0);
	CHECK_EQ(host_mount(path, "ext4", SB_READ_ONLY, "", &sb), 0);
	check_time("a", -2147483648ll, 0);
	host_unmount(sb);
}

/* A value of an attribute that has an inode to itself. */
TEST(attributes_in_inodes)
{
	const char *path = host_mkfs("attrs.img", 16, "-t ext4 -b 4096 -O ea_inode");
	static u8 value[65536];
	struct inode *inode;

	/* debugfs takes no more than a block. */
	CHECK_EQ(host_run("head -c 4096 /dev/zero | tr '\\0' E >'%s.v'; "
			  "printf 'mknod a p\\nea_set -f %%s.v a user.huge\\n' '%s' | "
			  "debugfs -w -f - '%s' >/dev/null 2>&1; "
			  "e2fsck -fy '%s' >/dev/null; test $? -le 1", path, path, path, path), 0);
	CHECK(host_fsck(path));
	CHECK_EQ(host_mount(path, "ext4", SB_READ_ONLY, "", &sb), 0);
	CHECK_EQ(host_lookup(sb->root_inode, "a", &inode), 0);
	CHECK_EQ(inode->ops->getxattr(inode, "user.huge", NULL, 0), 4096);
	CHECK_EQ(inode->ops->getxattr(inode, "user.huge", value, 100), (u64)-ERANGE);
	CHECK_EQ(inode->ops->getxattr(inode, "user.huge", value, sizeof(value)), 4096);
	CHECK(mem_is_all(value, 'E', 4096));
	inode_put(inode);
	host_unmount(sb);
}

/* The smallest, and those whose block numbers need more than 32 bits or many groups. */
static void size_of(const char *args, const char *size)
{
	static char path[300];
	struct inode *inode;
	struct abi_statfs statfs;
	char text[20];

	lib_snprintf(path, sizeof(path), "%s/size.img", host_dir());
	CHECK_EQ(host_run("rm -f '%s'; truncate -s %s '%s' && "
			  "mke2fs -q -F %s '%s' >'%s.log' 2>&1 && { echo contents >'%s.f'; "
			  "printf 'write %%s.f f\\nmkdir d\\nwrite %%s.f d/f\\n' '%s' "
			  "'%s' | debugfs -w -f - '%s' >/dev/null 2>&1; }", path, size,
			  path, args, path, path, path, path, path, path), 0);
	CHECK_EQ(host_mount(path, "ext4", SB_READ_ONLY, "", &sb), 0);
	if (!sb) {
		unit_fail(__FILE__, __LINE__, "%s of %s: %s", args, size, host_log());
		return;
	}
	CHECK_EQ(host_lookup(sb->root_inode, "f", &inode), 0);
	CHECK_EQ(host_read(inode, text, sizeof(text), 0), 9);
	CHECK(memcmp(text, "contents\n", 9) == 0);
	inode_put(inode);
	CHECK_EQ(sb->ops->statfs(sb, &statfs), 0);
	CHECK(statfs.f_blocks > 0 && statfs.f_bfree <= statfs.f_blocks);
	host_unmount(sb);
	CHECK_EQ(host_run("rm -f '%s'", path), 0);
}

TEST(sizes)
{
	size_of("-t ext2", "1M");
	size_of("-t ext4 -O ^has_journal", "1M");
	size_of("-t ext2 -b 1024 -N 16", "256K");
	size_of("-t ext4 -E lazy_itable_init=1", "20G");
	if (!unit_full_form())
		return;
	size_of("-t ext2 -O meta_bg,^resize_inode -N 100000 -E lazy_itable_init=1", "1T");
	size_of("-t ext4 -E lazy_itable_init=1,lazy_journal_init=1", "4T");
	size_of("-t ext4 -O ^64bit -E lazy_itable_init=1,lazy_journal_init=1", "4T");
	size_of("-t ext4 -E lazy_itable_init=1,lazy_journal_init=1 "
		"-O meta_bg,^resize_inode", "17592186040320");
}

static void refused(const char *args, const char *says)
{
	host_mkfs("refused.img", 16, args);
	char path[300];

	lib_snprintf(path, sizeof(path), "%s/refused.img", host_dir());
	host_log();
	host_quiet = true;
	CHECK_EQ(host_mount(path, "ext4", SB_READ_ONLY, "", &sb), (u64)-EINVAL);
	if (sb)
		host_unmount(sb);
	host_quiet = false;
	const char *log = host_log();

	if (!strstr(log, says))
		unit_fail(__FILE__, __LINE__, "\"%s\" is not said in: %s", says, log);
}

TEST(refused_formats)
{
	refused("-t ext4 -b 1024 -O encrypt", "encrypt");
	refused("-t ext4 -b 1024 -O casefold", "casefold");
	refused("-t ext4 -b 1024 -O verity", "verity");
	refused("-b 1024 -O journal_dev", "");
}
