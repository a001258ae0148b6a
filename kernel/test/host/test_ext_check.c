/* The checks of on-disk structures, field by field, and the hashes of names against e2fsprogs. */
#include "test/host/unit.h"

#include "fs/ext/ext_check.h"
#include "fs/ext/ext_csum.h"
#include "fs/ext/ext_hash.h"
#include "lib/format.h"

static struct ext_super good(void)
{
	return (struct ext_super){
		.magic = EXT_MAGIC, .rev_level = 1, .log_block_size = 0, .inode_size = 256,
		.first_ino = 11,
		.blocks_count_lo = 8192 * 2, .blocks_per_group = 8192, .inodes_per_group = 512,
		.inodes_count = 1024, .first_data_block = 1, .clusters_per_group = 8192,
		.feature_incompat = EXT_INCOMPAT_FILETYPE,
	};
}

static const char *check(const struct ext_super *s)
{
	struct ext_geo geo;

	return ext_check_super(s, 8192 * 2, &geo);
}

TEST(superblock)
{
	struct ext_super s = good();
	struct ext_geo geo;

	CHECK(ext_check_super(&s, 8192 * 2, &geo) == NULL);
	CHECK_EQ(geo.n_groups, 2);
	CHECK_EQ(geo.itable_blocks, 128);
	CHECK_EQ(geo.n_gdt_blocks, 1);
	CHECK_EQ(ext_group_blocks(&geo, 0), 8192);
	CHECK_EQ(ext_group_blocks(&geo, 1), 8191);
	CHECK(!ext_blocks_valid(&geo, 0, 1) && ext_blocks_valid(&geo, 1, 1));
	CHECK(ext_blocks_valid(&geo, 16383, 1) && !ext_blocks_valid(&geo, 16383, 2));
	CHECK(!ext_blocks_valid(&geo, 16384, 0) && !ext_blocks_valid(&geo, 5, ~0ull));
	CHECK(ext_check_super(&s, 8192 * 2 - 1, &geo) != NULL);
#define BAD(field, value) do { s = good(); s.field = (value); CHECK(check(&s) != NULL); } while (0)
	BAD(magic, 0);
	BAD(rev_level, 2);
	BAD(log_block_size, 3);
	BAD(log_block_size, ~0u);
	BAD(inode_size, 0);
	BAD(inode_size, 64);
	BAD(inode_size, 200);
	BAD(inode_size, 2048);
	BAD(first_ino, 0);
	BAD(first_ino, 5000);
	BAD(blocks_per_group, 0);
	BAD(blocks_per_group, 8200);
	BAD(blocks_per_group, 4097);
	BAD(inodes_per_group, 0);
	BAD(inodes_per_group, 511);
	BAD(inodes_per_group, 16384);
	BAD(inodes_count, 1023);
	BAD(first_data_block, 0);
	BAD(first_data_block, 2);
	BAD(blocks_count_lo, 0);
	BAD(blocks_count_lo, 1);
	BAD(blocks_count_lo, ~0u);
	BAD(feature_incompat, EXT_INCOMPAT_64BIT);
	BAD(feature_ro_compat, EXT_RO_METADATA_CSUM);
	BAD(feature_ro_compat, EXT_RO_BIGALLOC);
	s = good();
	s.feature_incompat = EXT_INCOMPAT_META_BG;
	s.first_meta_bg = 2;
	CHECK(check(&s) != NULL);
}

TEST(group_descriptor)
{
	struct ext_super s = good();
	struct ext_group_desc d = { .block_bitmap_lo = 10,
				    .inode_bitmap_lo = 11,
				    .inode_table_lo = 12,
				    .free_blocks_lo = 8192,
				    .free_inodes_lo = 512 },
			      one;
	struct ext_geo geo;

	CHECK(ext_check_super(&s, 8192 * 2, &geo) == NULL);
	CHECK(ext_check_group(&geo, 0, &d) == NULL);
	CHECK(ext_check_group(&geo, 1, &d) != NULL);
#define BAD_DESC(field, value) \
	do { \
		one = d; \
		one.field = (value); \
		CHECK(ext_check_group(&geo, 0, &one) != NULL); \
	} while (0)
	BAD_DESC(block_bitmap_lo, 1);
	BAD_DESC(block_bitmap_lo, 8193);
	BAD_DESC(block_bitmap_lo, 11);
	BAD_DESC(block_bitmap_lo, 139);
	BAD_DESC(inode_bitmap_lo, 0);
	BAD_DESC(inode_bitmap_lo, 12);
	BAD_DESC(inode_table_lo, 8192 - 100);
	BAD_DESC(inode_table_lo, ~0u);
	BAD_DESC(free_blocks_lo, 8193);
	BAD_DESC(free_inodes_lo, 513);
	BAD_DESC(used_dirs_lo, 513);
}

TEST(directory_entry)
{
	struct ext_super s = good();
	u8 block[1024] __attribute__((aligned(8))) = { 0 };
	struct ext_dirent *de = (void *)block;
	struct ext_geo geo;

	CHECK(ext_check_super(&s, 8192 * 2, &geo) == NULL);
#define ENTRY(ino, rec, len) \
	(*de = (struct ext_dirent){ .inode = (ino), .rec_len = (rec), .name_len = (len) }, \
	 ext_check_dirent(&geo, block, 0, 1024))
	CHECK(ENTRY(11, 12, 1) == NULL);
	CHECK(ENTRY(11, 1024, 255) == NULL);
	CHECK(ENTRY(0, 8, 0) == NULL);
	CHECK(ENTRY(0, 4, 0) != NULL);
	CHECK(ENTRY(0, 0, 0) != NULL);
	CHECK(ENTRY(11, 0, 1) != NULL);
	CHECK(ENTRY(11, 10, 1) != NULL);
	CHECK(ENTRY(11, 12, 5) != NULL);
	CHECK(ENTRY(11, 12, 0) != NULL);
	CHECK(ENTRY(11, 1028, 5) != NULL);
	CHECK(ENTRY(1025, 12, 1) != NULL);
	CHECK(ext_check_dirent(&geo, block, 1020, 1024) != NULL);
	CHECK(ext_check_dirent(&geo, block, 2, 1024) != NULL);
	CHECK(ext_check_dirent(&geo, block, 1024, 1024) != NULL);
}

TEST(extent_nodes)
{
	struct ext_super s = good();
	u8 node[60] __attribute__((aligned(8))) = { 0 };
	struct ext_extent_header *h = (void *)node;
	struct ext_extent *e = (void *)(h + 1);
	struct ext_geo geo;

	CHECK(ext_check_super(&s, 8192 * 2, &geo) == NULL);
	*h = (struct ext_extent_header){ EXT_EXTENT_MAGIC, 2, 4, 0, 0 };
	e[0] = (struct ext_extent){ 0, 10, 0, 100 };
	e[1] = (struct ext_extent){ 10, 32768 + 5, 0, 200 };
	CHECK(ext_check_extent_node(&geo, node, sizeof(node), -1) == NULL);
	CHECK(ext_check_extent_node(&geo, node, sizeof(node), 0) == NULL);
	CHECK(ext_check_extent_node(&geo, node, sizeof(node), 1) != NULL);
	e[1].block = 9;
	CHECK(ext_check_extent_node(&geo, node, sizeof(node), -1) != NULL);
	e[1].block = 0xffffffff;
	CHECK(ext_check_extent_node(&geo, node, sizeof(node), -1) != NULL);
	e[1] = (struct ext_extent){ 10, 0, 0, 200 };
	CHECK(ext_check_extent_node(&geo, node, sizeof(node), -1) != NULL);
	e[1] = (struct ext_extent){ 10, 5, 0, 16380 };
	CHECK(ext_check_extent_node(&geo, node, sizeof(node), -1) != NULL);
	h->entries = 5;
	CHECK(ext_check_extent_node(&geo, node, sizeof(node), -1) != NULL);
	h->max = 5;
	CHECK(ext_check_extent_node(&geo, node, sizeof(node), -1) != NULL);
	*h = (struct ext_extent_header){ EXT_EXTENT_MAGIC, 0, 4, 6, 0 };
	CHECK(ext_check_extent_node(&geo, node, sizeof(node), -1) != NULL);
}

static void check_hash(const char *alg, u8 version, const char *name)
{
	static const u32 seed[4] = { 0x67452301, 0x89abcdef, 0x01020304, 0xdeadbeef };
	char command[600], line[200] = "";
	struct ext_name_hash hash;
	unsigned major = 0, minor = 0;
	FILE *f;

	/* debugfs takes the seed as the text of a UUID, byte by byte. */
	snprintf(command, sizeof(command),
		 "PATH=/usr/sbin:/sbin:$PATH debugfs -R "
		 "'dx_hash -h %s -s 01234567-efcd-ab89-0403-0201efbeadde \"%s\"' 2>/dev/null",
		 alg, name);
	f = popen(command, "r");
	if (!f || !fgets(line, sizeof(line), f))
		strlcpy(line, "", sizeof(line));
	if (f)
		pclose(f);
	if (!strstr(line, "is 0x") || sscanf(strstr(line, "is 0x") + 3, "%x", &major) != 1)
		unit_fail(__FILE__, __LINE__, "debugfs says: %s", line);
	if (strstr(line, "minor 0x"))
		sscanf(strstr(line, "minor 0x") + 6, "%x", &minor);
	CHECK(ext_hash_name(version, seed, name, (u32)strlen(name), &hash));
	CHECK_EQ(hash.major, major);
	CHECK_EQ(hash.minor, minor);
}

/* Characters of which the two kinds of hash think differently. */
static bool mem_has_high(const char *name)
{
	while (*name)
		if (*name++ & 0x80)
			return true;
	return false;
}

TEST(hashes_of_names)
{
	static const char *const names[] = { "a", "README.md", "a-name-of-exactly-thirty-two-chr",
		"a name that is longer than the thirty-two bytes of one block and goes on",
		"na\xc3\xafve\xff",
		"sixteen-bytes-16", "\xe2\x82\xac" };

	for (unsigned i = 0; i < ARRAY_SIZE(names); i++) {
		check_hash("legacy", EXT_HASH_LEGACY, names[i]);
		check_hash("half_md4", EXT_HASH_HALF_MD4, names[i]);
		check_hash("tea", EXT_HASH_TEA, names[i]);
		if (!mem_has_high(names[i])) {
			check_hash("legacy", EXT_HASH_LEGACY_UNSIGNED, names[i]);
			check_hash("half_md4", EXT_HASH_HALF_MD4_UNSIGNED, names[i]);
			check_hash("tea", EXT_HASH_TEA_UNSIGNED, names[i]);
		}
	}
}
