/*
 * Fuzz target of the reading of journals: whatever the bytes say, walks end, stay in their block,
 * and yield block numbers of the file system.
 */
#include "test/host/fuzz.h"

#include "fs/jbd/jbd_check.h"

#define FS_BLOCKS (1ull << 33)

static void fuzz_blocks(const struct jbd_geo *geo, const u8 *block)
{
	struct jbd_tag tag;
	u32 at = 0, last = 0, n = 0;
	u64 number;

	(void)jbd_block_type(block, geo->sequence);
	(void)jbd_csum_tail(geo, block);
	(void)jbd_csum_commit(geo, block);
	(void)jbd_csum_transaction(geo, block, jbd_crc32_be(~0u, block, geo->block_size));
	(void)jbd_fast_commit_follows(block, geo->sequence);
	while (jbd_tag_next(geo, block, &at, &tag) > 0) {
		INSIST(at > last && at <= geo->block_size && tag.block < FS_BLOCKS);
		(void)jbd_csum_data(geo, &tag, geo->sequence, block);
		last = at;
		n++;
	}
	INSIST(n <= geo->block_size / 8);
	at = last = 0;
	while (jbd_revoke_next(geo, block, &at, &number) > 0) {
		INSIST(at > last && at <= geo->block_size);
		last = at;
	}
}

static const u32 incompat[] = { 0, 1, 3, 8, 9, 10, 0x10, 0x12, 0x17, 0x33 };

/* The input turns bits of a good superblock over. */
static void fuzz_super(u32 features, const u8 *data, size_t size)
{
	struct jbd_super *s = calloc(1, sizeof(*s));
	struct jbd_geo geo;

	jbd_put_be32(&s->header.magic, JBD_MAGIC);
	jbd_put_be32(&s->header.type, JBD_SUPER_V2);
	jbd_put_be32(&s->block_size, 1024);
	jbd_put_be32(&s->max_len, 1024);
	jbd_put_be32(&s->first, 1);
	jbd_put_be32(&s->feature_incompat, features & ~24u);
	for (size_t i = 0; i < size && i < sizeof(*s); i++)
		((u8 *)s)[i] ^= data[i];
	if (jbd_check_super(s, 1024, 4096, FS_BLOCKS, &geo) == NULL) {
		INSIST(geo.first >= 1 && geo.first < geo.end && geo.end <= geo.max_len);
		INSIST(geo.max_len <= 4096 && geo.start < geo.end);
		jbd_super_set_empty(&geo, s, geo.sequence + 1);
		INSIST(jbd_check_super(s, 1024, 4096, FS_BLOCKS, &geo) == NULL);
		INSIST(geo.start == 0 && geo.error == 0);
	}
	free(s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct jbd_geo geo = { .block_size = 1024, .max_len = 64, .first = 1, .end = 64,
			       .n_fs_blocks = FS_BLOCKS };
	u8 *block;

	if (size < 1)
		return 0;
	geo.incompat = incompat[(data[0] >> 1) % ARRAY_SIZE(incompat)];
	if (data[0] & 1) {
		fuzz_super(geo.incompat, data + 1, size - 1);
		return 0;
	}
	geo.csum = geo.incompat & (JBD_INCOMPAT_CSUM_V2 | JBD_INCOMPAT_CSUM_V3);
	geo.tag_size = geo.incompat & JBD_INCOMPAT_CSUM_V3 ? 16 :
		8 + (geo.csum ? 2 : 0) + (geo.incompat & JBD_INCOMPAT_64BIT ? 4 : 0);
	/* Of its exact size, so that the sanitizer sees the first byte too many. */
	block = calloc(1, 1024);
	memcpy(block, data + 1, min(size - 1, (size_t)1024));
	fuzz_blocks(&geo, block);
	free(block);
	return 0;
}
