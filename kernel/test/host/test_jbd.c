/* Superblock, tags, revoke records and checksums of journals, field by field. */
#include "test/host/unit.h"

#include "abi/errno.h"
#include "fs/jbd/jbd_check.h"
#include "lib/crc.h"

static struct jbd_super good(u32 incompat)
{
	struct jbd_super s = { .checksum_type = JBD_CHECKSUM_CRC32C };

	jbd_put_be32(&s.header.magic, JBD_MAGIC);
	jbd_put_be32(&s.header.type, JBD_SUPER_V2);
	jbd_put_be32(&s.block_size, 1024);
	jbd_put_be32(&s.max_len, 1024);
	jbd_put_be32(&s.first, 1);
	jbd_put_be32(&s.start, 7);
	jbd_put_be32(&s.sequence, 42);
	jbd_put_be32(&s.feature_incompat, incompat);
	return s;
}

static const char *check(struct jbd_super *s, struct jbd_geo *geo)
{
	s->checksum = 0;
	jbd_put_be32(&s->checksum, crc32c_update(~0u, s, sizeof(*s)));
	return jbd_check_super(s, 1024, 1024, 8192, geo);
}

TEST(superblock)
{
	struct jbd_super s = good(JBD_INCOMPAT_REVOKE);
	struct jbd_geo geo;

	CHECK(check(&s, &geo) == NULL);
	CHECK_EQ(geo.start, 7);
	CHECK_EQ(geo.sequence, 42);
	CHECK_EQ(geo.end, 1024);
	CHECK_EQ(geo.tag_size, 8);
	CHECK(!geo.csum);
	CHECK_EQ(jbd_next_block(&geo, 5), 6);
	CHECK_EQ(jbd_next_block(&geo, 1023), 1);
#define BAD(field, value) do { \
		s = good(JBD_INCOMPAT_CSUM_V3); \
		jbd_put_be32(&s.field, value); \
		CHECK(check(&s, &geo) != NULL); \
	} while (0)
	BAD(header.magic, 0);
	BAD(header.type, JBD_COMMIT);
	BAD(block_size, 2048);
	BAD(max_len, 1025);
	BAD(max_len, 3);
	BAD(first, 0);
	BAD(first, 1022);
	BAD(first, ~0u);
	BAD(start, 1024);
	BAD(start, ~0u);
	BAD(feature_incompat, 0x40);
	BAD(feature_incompat, JBD_INCOMPAT_CSUM_V2 | JBD_INCOMPAT_CSUM_V3);
	BAD(feature_compat, JBD_COMPAT_CHECKSUM);
	BAD(feature_ro_compat, 1);
	s = good(JBD_INCOMPAT_CSUM_V3);
	s.checksum_type = JBD_CHECKSUM_CRC32;
	CHECK(check(&s, &geo) != NULL);
	s = good(JBD_INCOMPAT_FAST_COMMIT);
	CHECK(check(&s, &geo) == NULL);
	CHECK_EQ(geo.end, 1024 - 256);
	jbd_put_be32(&s.n_fast_blocks, 1021);
	CHECK(check(&s, &geo) != NULL);
	jbd_put_be32(&s.n_fast_blocks, 1000);
	CHECK(check(&s, &geo) == NULL);
}

TEST(superblock_of_version_1)
{
	struct jbd_super s = good(0x40); /* no features are there */
	struct jbd_geo geo;

	jbd_put_be32(&s.header.type, JBD_SUPER_V1);
	CHECK(check(&s, &geo) == NULL);
	CHECK_EQ(geo.incompat, 0);
}

TEST(superblock_checksum)
{
	struct jbd_super s = good(JBD_INCOMPAT_CSUM_V3);
	struct jbd_geo geo;

	CHECK(check(&s, &geo) == NULL && geo.csum);
	s.uuid[3] ^= 1;
	CHECK(jbd_check_super(&s, 1024, 1024, 8192, &geo) != NULL);
	s.uuid[3] ^= 1;
	jbd_super_set_empty(&geo, &s, 99);
	CHECK(jbd_check_super(&s, 1024, 1024, 8192, &geo) == NULL);
	CHECK_EQ(geo.start, 0);
	CHECK_EQ(geo.sequence, 99);
}

/* Tags of every size: the first with a UUID, the second the last. */
TEST(tags)
{
	static const struct { u32 incompat, size; } kinds[] = {
		{ 0, 8 }, { JBD_INCOMPAT_64BIT, 12 }, { JBD_INCOMPAT_CSUM_V2, 10 },
		{ JBD_INCOMPAT_CSUM_V2 | JBD_INCOMPAT_64BIT, 14 }, { JBD_INCOMPAT_CSUM_V3, 16 },
		{ JBD_INCOMPAT_CSUM_V3 | JBD_INCOMPAT_64BIT, 16 },
	};

	for (unsigned i = 0; i < ARRAY_SIZE(kinds); i++) {
		struct jbd_super s = good(kinds[i].incompat);
		u32 flags_at = 7, at = 0; /* the low byte, in both forms */
		u8 block[1024] = { 0 };
		struct jbd_geo geo;
		struct jbd_tag tag;

		CHECK(check(&s, &geo) == NULL);
		CHECK_EQ(geo.tag_size, kinds[i].size);
		jbd_put_be32(block + 12, 77);
		jbd_put_be32(block + 12 + geo.tag_size + 16, 78);
		block[12 + geo.tag_size + 16 + flags_at] = JBD_TAG_SAME_UUID | JBD_TAG_LAST;
		CHECK_EQ(jbd_tag_next(&geo, block, &at, &tag), 1);
		CHECK_EQ(tag.block, 77);
		CHECK_EQ(jbd_tag_next(&geo, block, &at, &tag), 1);
		CHECK_EQ(tag.block, 78);
		CHECK_EQ(jbd_tag_next(&geo, block, &at, &tag), 0);
		jbd_put_be32(block + 12, 8192);
		at = 0;
		CHECK_EQ(jbd_tag_next(&geo, block, &at, &tag), (u64)-EUCLEAN);
		if (kinds[i].incompat & JBD_INCOMPAT_64BIT) {
			jbd_put_be32(block + 12, 77);
			jbd_put_be32(block + 20, 1);
			at = 0;
			CHECK_EQ(jbd_tag_next(&geo, block, &at, &tag), (u64)-EUCLEAN);
		}
	}
}

TEST(tags_fill_their_block)
{
	struct jbd_super s = good(JBD_INCOMPAT_CSUM_V3);
	u8 block[1024] = { 0 };
	struct jbd_geo geo;
	struct jbd_tag tag;
	u32 at = 0, n = 0;

	CHECK(check(&s, &geo) == NULL);
	for (u32 i = 12; i + 16 <= 1020; i += 16)
		block[i + 7] = JBD_TAG_SAME_UUID;
	while (jbd_tag_next(&geo, block, &at, &tag) == 1)
		n++;
	CHECK_EQ(n, 63);
	/* A UUID where there is no room for one. */
	block[12 + 62 * 16 + 7] = 0;
	at = n = 0;
	while (jbd_tag_next(&geo, block, &at, &tag) == 1)
		n++;
	CHECK_EQ(n, 62);
	CHECK_EQ(jbd_tag_next(&geo, block, &at, &tag), (u64)-EUCLEAN);
}

TEST(revoke_records)
{
	struct jbd_super s = good(JBD_INCOMPAT_REVOKE | JBD_INCOMPAT_64BIT);
	u8 block[1024] = { 0 };
	struct jbd_geo geo;
	u32 at = 0;
	u64 number;

	CHECK(check(&s, &geo) == NULL);
	jbd_put_be32(block + 12, 16 + 8 + 7); /* one and a part */
	jbd_put_be32(block + 16, 3);
	jbd_put_be32(block + 20, 4);
	CHECK_EQ(jbd_revoke_next(&geo, block, &at, &number), 1);
	CHECK_EQ(number, 0x300000004ull);
	CHECK_EQ(jbd_revoke_next(&geo, block, &at, &number), 0);
	at = 0;
	jbd_put_be32(block + 12, 15);
	CHECK_EQ(jbd_revoke_next(&geo, block, &at, &number), (u64)-EUCLEAN);
	jbd_put_be32(block + 12, 1025);
	CHECK_EQ(jbd_revoke_next(&geo, block, &at, &number), (u64)-EUCLEAN);
	jbd_put_be32(block + 12, 1024);
	for (unsigned i = 0; i < 126; i++)
		CHECK_EQ(jbd_revoke_next(&geo, block, &at, &number), 1);
	CHECK_EQ(jbd_revoke_next(&geo, block, &at, &number), 0);
}

/* The check value of the standard CRC-32/MPEG-2, which is this polynomial. */
TEST(big_endian_crc)
{
	CHECK_EQ(jbd_crc32_be(~0u, "123456789", 9), 0x0376e6e7);
}

TEST(sequence_numbers_wrap)
{
	CHECK(jbd_later(2, 1) && !jbd_later(1, 1) && !jbd_later(1, 2));
	CHECK(jbd_later(1, ~0u) && !jbd_later(~0u, 1));
}
