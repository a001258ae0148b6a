/*
 * Fuzz target of the checks of on-disk structures: none reads outside what it is given, and what
 * passes can be walked by its own sizes.
 */
#include "test/host/fuzz.h"

#include "fs/ext/ext_check.h"
#include "fs/ext/ext_csum.h"
#include "fs/ext/ext_hash.h"

static const struct ext_super base = {
	.magic = EXT_MAGIC, .rev_level = 1, .inode_size = 256, .first_ino = 11,
	.blocks_count_lo = 16384,
	.blocks_per_group = 8192, .inodes_per_group = 512, .inodes_count = 1024,
	.first_data_block = 1,
	.feature_incompat = EXT_INCOMPAT_FILETYPE | EXT_INCOMPAT_EXTENTS | EXT_INCOMPAT_INLINE_DATA,
};

static void fuzz_dirents(const struct ext_geo *geo, const u8 *block, u32 size)
{
	for (u32 at = 0; at < size;) {
		const struct ext_dirent *de = (const void *)(block + at);

		if (ext_check_dirent(geo, block, at, size))
			return;
		INSIST(de->rec_len && at + de->rec_len <= size);
		INSIST(!de->inode || EXT_DIRENT_HEAD + de->name_len <= de->rec_len);
		at += de->rec_len;
	}
}

static void fuzz_xattrs(const u8 *area, u32 size)
{
	const struct ext_xattr_entry *e;

	if (ext_check_xattrs(area, size, 32, 0))
		return;
	for (u32 at = 32; *(const u32 *)(area + at); at += EXT_XATTR_LEN(e->name_len)) {
		e = (const void *)(area + at);
		INSIST(at + sizeof(*e) + e->name_len <= size);
		INSIST(e->value_inum || e->value_size == 0 ||
		       e->value_offs + e->value_size <= size);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ext_name_hash hash;
	struct ext_geo geo;
	u32 entries;
	u8 *copy;

	if (size < 2 || size > 5000)
		return 0;
	/* Of its exact size, so that the sanitizer sees the first byte too many. */
	copy = malloc(size - 1);
	memcpy(copy, data + 1, size - 1);
	size--;
	INSIST(ext_check_super(&base, 16384, &geo) == NULL);
	switch (data[0] & 7) {
	case 0:
		if (size >= sizeof(struct ext_super) &&
		    ext_check_super((const void *)copy, 1 << 20, &geo) == NULL) {
			INSIST(geo.block_size >= 1024 && geo.block_size <= 4096 && geo.n_groups);
			INSIST(geo.n_gdt_blocks && geo.inodes_per_group <= geo.block_size * 8);
			INSIST(ext_group_blocks(&geo, geo.n_groups - 1));
		}
		break;
	case 1:
		if (size >= EXT_DESC_SIZE_OLD)
			(void)ext_check_group(&geo, data[0] >> 3 & 1, (const void *)copy);
		break;
	case 2:
		if (size >= geo.inode_size) {
			(void)ext_check_inode(&geo, 12, (const void *)copy);
			(void)ext_csum_inode(&geo, 12, (const void *)copy);
		}
		break;
	case 3:
		fuzz_dirents(&geo, copy, (u32)size & ~3u);
		break;
	case 4:
		if (size >= sizeof(struct ext_extent_header))
			(void)ext_check_extent_node(&geo, copy, (u32)size, (data[0] >> 3) - 1);
		break;
	case 5:
		if (size >= geo.block_size &&
		    ext_check_dx_node(&geo, copy, data[0] & 8, &entries) == NULL) {
			const struct ext_dx_countlimit *c = (const void *)(copy + entries);

			INSIST(entries + c->count * sizeof(struct ext_dx_entry) <= geo.block_size);
		}
		break;
	case 6:
		if (size >= 64)
			fuzz_xattrs(copy, (u32)size & ~3u);
		break;
	case 7:
		(void)ext_hash_name(data[0] >> 3, base.hash_seed, (const char *)copy,
				    (u32)min(size, (size_t)255), &hash);
		break;
	}
	free(copy);
	return 0;
}
