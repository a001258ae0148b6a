/*
 * Journals that have to be replayed: written by debugfs into images of mke2fs in all formats, then
 * replayed by a writable mount to the disk and by a read-only one in memory; torn, damaged and
 * interrupted; with e2fsck as the judge of the outcome.
 *
 * The blocks that are journaled are those of a file, "data", as a file system with data=journal
 * does: their new contents are the letters of the transactions.
 */
#include "test/host/ext_host.h"

#include "fs/jbd/jbd_disk.h"

#define FILE_BLOCKS 12u /* without an indirect block */

static struct superblock *sb;
static char path[300];
static u32 block_size;
static u64 first_block; /* of the file: it is contiguous */

static int debugfs(const char *commands)
{
	return host_run("printf '%s' | debugfs -w -f - '%s' >'%s.debugfs' 2>&1 && "
			"! grep -i 'error\\|usage\\|invalid' '%s.debugfs'", commands, path, path,
			path);
}

/* An image with the file, all of its bytes dots, and what debugfs does to it. */
static void make(const char *args, u32 size)
{
	char all[500];

	block_size = size;
	lib_snprintf(all, sizeof(all), "%s -b %u", args, size);
	strlcpy(path, host_mkfs("journal.img", 16, all), sizeof(path));
	CHECK_EQ(host_run("head -c %u /dev/zero | tr '\\0' . >'%s.dots' && "
			  "printf 'write %s.dots data\\nwrite %s.dots other\\n' | "
			  "debugfs -w -f - '%s' >/dev/null 2>&1",
			  FILE_BLOCKS * size, path, path, path, path), 0);
	CHECK_EQ(host_run("debugfs -R 'bmap data 0' '%s' 2>/dev/null >'%s.block'", path, path), 0);
	size_t n = 0;
	char name[320];

	lib_snprintf(name, sizeof(name), "%s.block", path);
	char *text = (char *)unit_read_file(name, &n);

	first_block = 0;
	for (size_t i = 0; i < n && text[i] >= '0' && text[i] <= '9'; i++)
		first_block = first_block * 10 + (u64)(text[i] - '0');
	free(text);
	CHECK(first_block != 0);
}

/*
 * A transaction: blocks from..to of the file become `letter`; or with letter 0 are revoked; written
 * with what `open` says, and without a commit block if not `commit`.
 */
static void transaction(const char *open, u32 from, u32 to, char letter, bool commit)
{
	char commands[600];
	int n;

	CHECK_EQ(host_run("head -c %u /dev/zero | tr '\\0' '%c' >'%s.letters'",
			  (to - from + 1) * block_size, letter ? letter : '?', path), 0);
	n = lib_snprintf(commands, sizeof(commands),
			 "jo %s\\njw %s %s %llu-%llu %s.letters\\njc\\n", open,
			 commit ? "" : "-c", letter ? "-b" : "-r",
			 (unsigned long long)(first_block + from),
			 (unsigned long long)(first_block + to), letter ? path : "/dev/null #");
	CHECK(n > 0);
	CHECK_EQ(debugfs(commands), 0);
}

/* What the mounted file looks like, a letter per block. */
static void look(const char *expected)
{
	struct inode *inode;
	u8 *buf = malloc(FILE_BLOCKS * block_size);
	char seen[FILE_BLOCKS + 1] = "";

	CHECK_EQ(host_lookup(sb->root_inode, "data", &inode), 0);
	CHECK_EQ(host_read(inode, buf, FILE_BLOCKS * block_size, 0), FILE_BLOCKS * block_size);
	inode_put(inode);
	for (u32 i = 0; i < FILE_BLOCKS; i++)
		seen[i] = mem_is_all(buf + i * block_size, buf[i * block_size], block_size) ?
			(char)buf[i * block_size] : '!';
	if (strcmp(seen, expected) != 0)
		unit_fail(__FILE__, __LINE__, "%s, not %s", seen, expected);
	free(buf);
}

static bool log_says(const char *text)
{
	const char *log = host_log();

	if (strstr(log, text))
		return true;
	unit_fail(__FILE__, __LINE__, "\"%s\" is not said in: %s", text, log);
	return false;
}

/* In memory: the image stays as it is. */
static void mount_and_look(const char *expected)
{
	CHECK_EQ(host_run("cp --sparse=always '%s' '%s.copy'", path, path), 0);
	host_quiet = true;
	CHECK_EQ(host_mount(path, "ext4", SB_READ_ONLY, "", &sb), 0);
	if (sb) {
		look(expected);
		host_drop_caches(sb);
		look(expected);
		host_unmount(sb);
	}
	CHECK_EQ(host_run("cmp '%s' '%s.copy'", path, path), 0);
	host_quiet = false;
}

/* To the disk: afterwards e2fsck has nothing to say, and the next mount nothing to do. */
static void write_and_look(const char *expected)
{
	host_quiet = true;
	CHECK_EQ(host_mount(path, "ext4", 0, "", &sb), 0);
	if (sb) {
		CHECK(log_says("journal replayed:"));
		look(expected);
		CHECK_EQ(host_unlink(sb->root_inode, "other"), 0);
		host_unmount(sb);
	}
	CHECK(host_fsck(path));
	host_log();
	CHECK_EQ(host_mount(path, "ext4", 0, "", &sb), 0);
	CHECK(strstr(host_log(), "replayed") == NULL);
	look(expected);
	host_unmount(sb);
	host_quiet = false;
}

/* Transactions that overwrite each other, a revoked block, and one transaction without an end. */
static void replay_both(const char *args, u32 size, const char *open, bool revoke, bool writable)
{
	const char *expected = revoke ? "aaab.cbbb..." : "aaabbcbbb...";

	make(args, size);
	transaction(open, 0, 5, 'a', true);
	transaction("", 3, 8, 'b', true);
	if (revoke)
		transaction("", 4, 5, 0, true);
	transaction("", 5, 5, 'c', true);
	transaction("", 0, 11, 'd', false);
	mount_and_look(expected);
	if (writable)
		write_and_look(expected);
}

TEST(replayed_ext3)
{
	replay_both("-t ext3", 1024, "", true, true);
	replay_both("-t ext3 -I 128", 4096, "", true, true);
	replay_both("-t ext3 -J size=4", 2048, "", true, true);
	replay_both("-t ext3 -O ^resize_inode,meta_bg", 1024, "", true, true);
}

/* debugfs sums revoke blocks with their transaction, which nobody else does: none here. */
TEST(checksums_of_transactions)
{
	replay_both("-t ext3", 1024, "-c", false, true);
	replay_both("-t ext3", 4096, "-c", false, true);
}

TEST(replayed_with_checksums)
{
	replay_both("-t ext4 -O ^extents,^64bit", 4096, "-c -v 2", true, true);
	replay_both("-t ext4 -O ^extents,^64bit", 1024, "-c -v 3", true, true);
}

TEST(replayed_ext4_in_memory)
{
	replay_both("-t ext4", 1024, "", true, false);
	replay_both("-t ext4", 4096, "-c -v 2", true, false);
	replay_both("-t ext4", 4096, "-c -v 3", true, false);
	replay_both("-t ext4 -O ^64bit", 1024, "-c -v 2", true, false);
	replay_both("-t ext4 -O ^64bit", 1024, "-c -v 3", true, false);
	replay_both("-t ext4 -O ^64bit,^metadata_csum", 2048, "", true, false);
}

/* A block that begins like the journal's own: the log has it changed. */
TEST(escaped_blocks)
{
	static const char magic[] = "\\300\\073\\071\\230";

	for (unsigned writable = 0; writable < 2; writable++) {
		struct inode *inode;
		u8 buf[8];

		make("-t ext3", 1024);
		CHECK_EQ(host_run("{ printf '%s'; head -c 1020 /dev/zero | tr '\\0' e; } "
				  ">'%s.escaped' && printf 'jo\\njw -b %llu %s.escaped\\njc\\n' | "
				  "debugfs -w -f - '%s' >/dev/null 2>&1",
				  magic, path, (unsigned long long)first_block + 3, path, path),
			 0);
		host_quiet = true;
		CHECK_EQ(host_mount(path, "ext4", writable ? 0 : SB_READ_ONLY, "", &sb), 0);
		CHECK_EQ(host_lookup(sb->root_inode, "data", &inode), 0);
		CHECK_EQ(host_read(inode, buf, 8, 3 * 1024), 8);
		CHECK(memcmp(buf, "\300\073\071\230eeee", 8) == 0);
		inode_put(inode);
		host_unmount(sb);
		host_quiet = false;
	}
}

/*
 * Changes of debugfs to a copy become a transaction of the image: the blocks in which they differ.
 */
static void journal_changes(const char *commands)
{
	CHECK_EQ(host_run("cp --sparse=always '%s' '%s.new' && printf '%s' | "
			  "debugfs -w -f - '%s.new' >/dev/null 2>&1", path, path, commands, path),
		 0);
	CHECK_EQ(host_run("python3 -c \"\n"
			  "a = open('%s', 'rb').read(); b = open('%s.new', 'rb').read(); s = %u\n"
			  "n = [i for i in range(len(a) // s) if a[i*s:i*s+s] != b[i*s:i*s+s]]\n"
			  "open('%s.blocks', 'wb').write(b''.join(b[i*s:i*s+s] for i in n))\n"
			  "print('jo\\njw -b', ','.join(map(str, n)), '%s.blocks\\njc')\n"
			  "\" >'%s.jw' && debugfs -w -f '%s.jw' '%s' >/dev/null 2>&1",
			  path, path, block_size, path, path, path, path, path), 0);
}

/* Superblock, descriptors, bitmaps, inodes and directories are in the journal only. */
static void metadata_replayed(const char *args, u32 size, u32 flags)
{
	struct inode *inode;

	make(args, size);
	journal_changes("mkdir sub\nmkdir sub/deep\nrm other\n"
			"symlink link a-target-that-is-longer-than-the-sixty-bytes-of-an-inode\n"
			"cd sub\nmknod pipe p\n");
	host_quiet = true;
	CHECK_EQ(host_mount(path, "ext4", flags, "", &sb), 0);
	host_quiet = false;
	if (!sb)
		return;
	look("............");
	CHECK_EQ(host_lookup(sb->root_inode, "other", &inode), (u64)-ENOENT);
	CHECK_EQ(host_lookup(sb->root_inode, "link", &inode), 0);
	CHECK(S_ISLNK(inode->mode));
	inode_put(inode);
	CHECK_EQ(host_lookup(sb->root_inode, "sub", &inode), 0);
	if (!flags)
		CHECK_EQ(host_mkdir(inode, "another", 0755, NULL), 0);
	inode_put(inode);
	host_unmount(sb);
	if (!flags)
		CHECK(host_fsck(path));
}

/* What was replayed in memory is, when the mount becomes writable, to the disk. */
static void remounted(const char *args, u32 size)
{
	struct inode *inode;

	make(args, size);
	journal_changes("mkdir sub\nrm other\n");
	host_quiet = true;
	CHECK_EQ(host_mount(path, "ext4", SB_READ_ONLY, "", &sb), 0);
	look("............");
	CHECK_EQ(sb->ops->remount(sb, 0, ""), 0);
	sb->flags &= ~(u32)SB_READ_ONLY;
	look("............");
	CHECK_EQ(host_lookup(sb->root_inode, "other", &inode), (u64)-ENOENT);
	CHECK_EQ(host_create(sb->root_inode, "new", 0644, &inode), 0);
	CHECK_EQ(host_write(inode, "text", 4, 100000), 4);
	inode_put(inode);
	host_unmount(sb);
	host_quiet = false;
	CHECK(host_fsck(path));
	CHECK_EQ(host_run("debugfs -R 'stat sub' '%s' 2>/dev/null | grep -q directory", path), 0);
	CHECK_EQ(host_run("debugfs -R 'stat new' '%s' 2>/dev/null | grep -q 'Size: 100004'", path),
		 0);
}

TEST(becomes_writable)
{
	remounted("-t ext3", 1024);
	remounted("-t ext4", 4096);
}

TEST(metadata)
{
	metadata_replayed("-t ext3", 1024, 0);
	metadata_replayed("-t ext3", 4096, 0);
	metadata_replayed("-t ext4 -O ^extents,^64bit", 1024, 0);
	metadata_replayed("-t ext3", 1024, SB_READ_ONLY);
	metadata_replayed("-t ext4", 1024, SB_READ_ONLY);
	metadata_replayed("-t ext4", 4096, SB_READ_ONLY);
}

/* Removed files in the list of a crash are freed, those with a name lose what is behind the end. */
TEST(orphans)
{
	struct inode *inode;
	u8 tail[1500];

	make("-t ext3", 1024);
	journal_changes("unlink other\nsif <13> links_count 0\nsif <13> dtime 12\n"
			"sif <12> size 2500\nsif <12> dtime 0\nssv last_orphan 13\n");
	host_quiet = true;
	CHECK_EQ(host_mount(path, "ext4", 0, "", &sb), 0);
	CHECK(log_says("2 removed or shortened files freed"));
	CHECK_EQ(host_lookup(sb->root_inode, "data", &inode), 0);
	CHECK_EQ((u64)inode->size, 2500);
	CHECK_EQ(inode->blocks, 6);
	CHECK_EQ(host_truncate(inode, 4000), 0);
	CHECK_EQ(host_read(inode, tail, 1500, 2500), 1500);
	CHECK(mem_is_all(tail, 0, 1500));
	inode_put(inode);
	host_unmount(sb);
	host_quiet = false;
	CHECK(host_fsck(path));
}

/* Python on the journal's blocks: `block(n)` is where block n of it is in the image `d`. */
static void patch(const char *code)
{
	CHECK_EQ(host_run("python3 -c \"\nimport subprocess, struct\n"
			  "p = '%s'\n"
			  "def block(n):\n"
			  "  return int(subprocess.check_output(['debugfs', '-R', "
			  "'bmap <8> %%d' %% n, p], stderr=subprocess.DEVNULL)) * %u\n"
			  "d = bytearray(open(p, 'rb').read())\n%s\n"
			  "open(p, 'wb').write(d)\n\"", path, block_size, code), 0);
}

/* The same in the file of orphans, of which debugfs knows nothing but that it is there. */
static void orphans_in_file(const char *args)
{
	struct inode *inode;

	make(args, 1024);
	CHECK_EQ(debugfs("sif other links_count 0\\nunlink other\\nsif data size 2500\\n"
			 "feature orphan_present\\n"), 0);
	patch("def crc(c, b):\n"
	      "  for x in b:\n"
	      "    c ^= x\n"
	      "    for i in range(8): c = c >> 1 ^ (0x82f63b78 if c & 1 else 0)\n"
	      "  return c\n"
	      "def ask(q): return subprocess.check_output(['debugfs', '-R', q, p],\n"
	      "  stderr=subprocess.DEVNULL).decode()\n"
	      "u = struct.unpack_from('<I', d, 1024 + 0x280)[0]\n"
	      "b = int(ask('bmap <%d> 0' % u))\n"
	      "g = int(ask('stat <%d>' % u).split('Generation:')[1].split()[0])\n"
	      "struct.pack_into('<II', d, b * 1024 + 40, 14, 13)\n"
	      "c = crc(crc(0xffffffff, d[1024 + 0x68:1024 + 0x78]), struct.pack('<II', u, g))\n"
	      "c = crc(crc(c, struct.pack('<Q', b)), d[b * 1024:b * 1024 + 1016])\n"
	      "if d[1024 + 0x65] & 4: struct.pack_into('<I', d, b * 1024 + 1020, c)");
	host_quiet = true;
	CHECK_EQ(host_mount(path, "ext4", 0, "", &sb), 0);
	CHECK(log_says("2 removed or shortened files freed"));
	CHECK_EQ(host_lookup(sb->root_inode, "data", &inode), 0);
	CHECK_EQ(inode->blocks, 6);
	inode_put(inode);
	host_unmount(sb);
	host_quiet = false;
	CHECK(host_fsck(path));
}

TEST(file_of_orphans)
{
	orphans_in_file("-t ext4 -O orphan_file,^extents,^64bit,^metadata_csum");
	orphans_in_file("-t ext4 -O orphan_file,^extents,^64bit");
}

/* The n-th transfer or allocation fails, for all n: the next mount still finds everything. */
TEST(interrupted)
{
	char copy[330];

	make("-t ext3", 1024);
	transaction("", 0, 5, 'a', true);
	transaction("", 3, 8, 'b', true);
	transaction("", 4, 5, 0, true);
	journal_changes("mkdir sub\nrm other\n");
	lib_snprintf(copy, sizeof(copy), "%s.first", path);
	CHECK_EQ(host_run("cp '%s' '%s'", path, copy), 0);
	for (unsigned n = 1, failed = 1; failed; n++) {
		for (unsigned alloc = 0; alloc < 2; alloc++) {
			CHECK_EQ(host_run("cp '%s' '%s'", copy, path), 0);
			host_quiet = true;
			if (alloc)
				host_fail_alloc(n, true);
			else
				host_fail_io(n, true);
			failed = host_mount(path, "ext4", 0, "", &sb) != 0;
			host_fail_io(0, false);
			host_fail_alloc(0, false);
			if (!failed)
				host_unmount(sb);
			CHECK_EQ(host_mount(path, "ext4", 0, "", &sb), 0);
			look("aaab..bbb...");
			host_unmount(sb);
			host_quiet = false;
			CHECK(host_fsck(path));
		}
		CHECK(n < 500);
	}
}

/* The journal's blocks, each in turn: is it read, or said to be damaged? */
static void damage(u32 log_block, const char *expected)
{
	CHECK_EQ(host_run("cp '%s.first' '%s' && b=$(debugfs -R 'bmap <8> %u' '%s' 2>/dev/null) && "
			  "printf X | dd of='%s' bs=1 seek=$((b * %u + 700)) conv=notrunc "
			  "2>/dev/null", path, path, log_block, path, path, block_size), 0);
	host_quiet = true;
	host_log();
	CHECK_EQ(host_mount(path, "ext4", SB_READ_ONLY, "", &sb), (u64)(expected ? 0 : -EIO));
	if (sb) {
		look(expected);
		host_unmount(sb);
	} else {
		CHECK(log_says("journal is damaged in transaction"));
	}
	host_quiet = false;
}

TEST(damaged_blocks)
{
	make("-t ext4", 1024);
	transaction("-c -v 3", 0, 5, 'a', true); /* blocks 1 to 8 of the log */
	transaction("", 3, 4, 'b', true);	/* 9 to 12 */
	CHECK_EQ(host_run("cp '%s' '%s.first'", path, path), 0);
	damage(1, NULL);
	damage(4, NULL);
	damage(8, NULL);
	damage(9, NULL);
	damage(11, NULL);
	damage(12, "aaaaaa......"); /* what a power cut leaves */
	damage(13, "aaabba......");
}

TEST(torn_end)
{
	make("-t ext4", 1024);
	transaction("-c -v 3", 0, 5, 'a', true);
	transaction("", 3, 8, 'b', false); /* 9 to 15 */
	CHECK_EQ(host_run("cp '%s' '%s.first'", path, path), 0);
	damage(9, "aaaaaa......");
	damage(12, "aaaaaa......");
}

/* The journal has the feature, and the first of a transaction's fast commits. */
static void fast_head(u32 sequence)
{
	char code[400];

	lib_snprintf(code, sizeof(code), "d[block(0) + 0x2b] |= 0x20\n"
		     "n, f = struct.unpack_from('>I', d, block(0) + 16)[0], "
		     "struct.unpack_from('>I', d, block(0) + 0x54)[0] or 256\n"
		     "struct.pack_into('<HHII', d, block(n - f + 1), 9, 8, 0, %u)", sequence);
	patch(code);
}

TEST(fast_commits)
{
	make("-t ext3 -O fast_commit", 1024);
	transaction("", 0, 5, 'a', true);
	mount_and_look("aaaaaa......");
	fast_head(2);
	host_quiet = true;
	CHECK_EQ(host_mount(path, "ext4", SB_READ_ONLY, "", &sb), (u64)-EOPNOTSUPP);
	CHECK(log_says("fast commits"));
	/* Those of a transaction that is in the log. */
	fast_head(1);
	mount_and_look("aaaaaa......");
	host_quiet = false;
}

TEST(error_in_the_journal)
{
	make("-t ext3", 1024);
	transaction("", 0, 5, 'a', true);
	patch("struct.pack_into('>i', d, block(0) + 32, -5)");
	host_quiet = true;
	CHECK_EQ(host_mount(path, "ext4", 0, "", &sb), 0);
	CHECK(log_says("error (-5)"));
	look("aaaaaa......");
	host_unmount(sb);
	host_quiet = false;
	CHECK_EQ(host_run("dumpe2fs -h '%s' 2>/dev/null | grep -q 'clean with errors'", path), 0);
}

/* Any byte of the log may be any other. */
TEST(mutilated_journals)
{
	size_t size = 0, n = 0;
	u8 *good, *bad;
	FILE *f;

	make("-t ext3", 1024);
	transaction("", 0, 5, 'a', true);
	transaction("", 3, 8, 'b', true);
	transaction("", 4, 5, 0, true);
	good = unit_read_file(path, &size);
	bad = malloc(size);
	while (n + 1024 < size && jbd_be32(good + n) != JBD_MAGIC)
		n += 1024;
	host_quiet = true;
	for (unsigned i = 0; i < 300; i++) {
		memcpy(bad, good, size);
		for (unsigned k = 0; k <= i % 4; k++) {
			/* The superblock's and the tags' first bytes have most of the meaning. */
			u64 at = n + unit_below(26) * 1024 + unit_below(k & 1 ? 1024 : 80);

			bad[at] = unit_below(2) ? (u8)unit_rand() : bad[at] ^ 1;
		}
		f = fopen(path, "r+b");
		fwrite(bad, 1, size, f);
		fclose(f);
		if (host_mount(path, "ext4", i & 1 ? SB_READ_ONLY : 0, "errors=continue", &sb) == 0)
			host_unmount(sb);
	}
	host_quiet = false;
	free(good);
	free(bad);
}
