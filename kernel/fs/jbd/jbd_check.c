/*
 * fs/jbd/jbd_check.c - reading the blocks of a journal: see jbd_check.h.
 *
 * With CSUM_V2 and V3 every block of the log is summed by CRC-32C, seeded with the journal's UUID:
 * descriptor and revoke blocks in their last four bytes, the commit block in its first checksum,
 * and data in their tags, together with the sequence number.
 */
#include "fs/jbd/jbd_check.h"

#include "abi/errno.h"
#include "lib/crc.h"

#define KNOWN_INCOMPAT (JBD_INCOMPAT_REVOKE | JBD_INCOMPAT_64BIT | JBD_INCOMPAT_ASYNC_COMMIT | \
			JBD_INCOMPAT_CSUM_V2 | JBD_INCOMPAT_CSUM_V3 | JBD_INCOMPAT_FAST_COMMIT)

static const u32 zero;

u32 jbd_sum_super(const struct jbd_super *s)
{
	const u32 at = offsetof(struct jbd_super, checksum), after = at + sizeof(s->checksum);
	u32 crc = crc32c_update(~0u, s, at);

	crc = crc32c_update(crc, &zero, sizeof(zero));
	return crc32c_update(crc, (const u8 *)s + after, sizeof(*s) - after);
}

u32 jbd_tag_size(u32 incompat)
{
	u32 size = 8;

	if (incompat & JBD_INCOMPAT_CSUM_V3)
		return JBD_TAG_SIZE_V3;
	if (incompat & JBD_INCOMPAT_CSUM_V2)
		size += 2; /* unused: it was meant for the checksum */
	return incompat & JBD_INCOMPAT_64BIT ? size + 4 : size;
}

static const char *super_features(const struct jbd_super *s, struct jbd_geo *geo)
{
	const u32 both = JBD_INCOMPAT_CSUM_V2 | JBD_INCOMPAT_CSUM_V3;

	if (jbd_be32(&s->header.type) == JBD_SUPER_V1)
		return NULL;
	geo->compat = jbd_be32(&s->feature_compat);
	geo->incompat = jbd_be32(&s->feature_incompat);
	if (geo->incompat & ~(u32)KNOWN_INCOMPAT || s->feature_ro_compat)
		return "unknown features";
	geo->csum = geo->incompat & both;
	if (geo->csum) {
		if ((geo->incompat & both) == both || geo->compat & JBD_COMPAT_CHECKSUM)
			return "several kinds of checksums at once";
		if (s->checksum_type != JBD_CHECKSUM_CRC32C)
			return "unknown checksum type";
		if (jbd_be32(&s->checksum) != jbd_sum_super(s))
			return "superblock checksum is wrong";
	}
	geo->csum_seed = crc32c_update(~0u, s->uuid, sizeof(s->uuid));
	return NULL;
}

const char *jbd_check_super(const struct jbd_super *s, u32 block_size, u64 n_blocks,
			    u64 n_fs_blocks, struct jbd_geo *geo)
{
	u32 type = jbd_be32(&s->header.type), fast = 0;
	const char *why;

	if (jbd_be32(&s->header.magic) != JBD_MAGIC ||
	    (type != JBD_SUPER_V1 && type != JBD_SUPER_V2))
		return "no superblock";
	*geo = (struct jbd_geo){ .block_size = block_size, .n_fs_blocks = n_fs_blocks,
				 .max_len = jbd_be32(&s->max_len), .first = jbd_be32(&s->first),
				 .start = jbd_be32(&s->start), .error = jbd_be32(&s->error),
				 .sequence = jbd_be32(&s->sequence) };
	if (jbd_be32(&s->block_size) != block_size)
		return "its block size is not the file system's";
	why = super_features(s, geo);
	if (why)
		return why;
	if (geo->max_len > n_blocks)
		return "longer than its file";
	if (geo->incompat & JBD_INCOMPAT_FAST_COMMIT) {
		fast = jbd_be32(&s->n_fast_blocks);
		fast = fast ? fast : JBD_FAST_BLOCKS_DEFAULT;
	}
	if (geo->max_len < 4 || fast > geo->max_len - 4)
		return "too short";
	geo->end = geo->max_len - fast;
	if (geo->first == 0 || geo->first > geo->end - 3)
		return "bad first block";
	if (geo->start && (geo->start < geo->first || geo->start >= geo->end))
		return "bad start of the log";
	geo->tag_size = jbd_tag_size(geo->incompat);
	return NULL;
}

void jbd_super_set_empty(const struct jbd_geo *geo, struct jbd_super *s, u32 sequence)
{
	jbd_put_be32(&s->sequence, sequence);
	s->start = 0;
	s->error = 0;
	if (geo->csum)
		jbd_put_be32(&s->checksum, jbd_sum_super(s));
}

u32 jbd_block_type(const void *block, u32 sequence)
{
	const struct jbd_header *h = block;
	u32 type = jbd_be32(&h->type);

	if (jbd_be32(&h->magic) != JBD_MAGIC || jbd_be32(&h->sequence) != sequence)
		return 0;
	return type == JBD_DESCRIPTOR || type == JBD_COMMIT || type == JBD_REVOKE ? type : 0;
}

u32 jbd_sum_tail(const struct jbd_geo *geo, const void *block)
{
	u32 crc = crc32c_update(geo->csum_seed, block, geo->block_size - JBD_TAIL_SIZE);

	return crc32c_update(crc, &zero, JBD_TAIL_SIZE);
}

bool jbd_csum_tail(const struct jbd_geo *geo, const void *block)
{
	const u8 *tail = (const u8 *)block + geo->block_size - JBD_TAIL_SIZE;

	return !geo->csum || jbd_sum_tail(geo, block) == jbd_be32(tail);
}

u32 jbd_sum_commit(const struct jbd_geo *geo, const void *block)
{
	const u32 at = offsetof(struct jbd_commit, checksum), after = at + sizeof(u32);
	u32 crc = crc32c_update(geo->csum_seed, block, at);

	crc = crc32c_update(crc, &zero, sizeof(zero));
	return crc32c_update(crc, (const u8 *)block + after, geo->block_size - after);
}

bool jbd_csum_commit(const struct jbd_geo *geo, const void *block)
{
	const struct jbd_commit *c = block;

	return !geo->csum || jbd_sum_commit(geo, block) == jbd_be32(&c->checksum[0]);
}

/* Where tags and revoked numbers end at the latest. */
static u32 records_end(const struct jbd_geo *geo)
{
	return geo->block_size - (geo->csum ? JBD_TAIL_SIZE : 0);
}

int jbd_tag_next(const struct jbd_geo *geo, const void *block, u32 *at, struct jbd_tag *tag)
{
	u32 from = *at ? *at : (u32)sizeof(struct jbd_header), end = records_end(geo), size;
	const u8 *p = (const u8 *)block + from;
	u32 high = 0;

	/* Nobody has to say which tag is the last if no other has room. */
	if (from > end || end - from < geo->tag_size)
		return 0;
	tag->block = jbd_be32(p);
	if (geo->incompat & JBD_INCOMPAT_CSUM_V3) {
		tag->flags = jbd_be32(p + 4);
		high = jbd_be32(p + 8);
		tag->checksum = jbd_be32(p + 12);
	} else {
		tag->checksum = jbd_be16(p + 4);
		tag->flags = jbd_be16(p + 6);
		if (geo->incompat & JBD_INCOMPAT_64BIT)
			high = jbd_be32(p + 8);
	}
	if (geo->incompat & JBD_INCOMPAT_64BIT)
		tag->block |= (u64)high << 32;
	size = geo->tag_size + (tag->flags & JBD_TAG_SAME_UUID ? 0 : JBD_UUID_SIZE);
	if (size > end - from || tag->block >= geo->n_fs_blocks)
		return -EUCLEAN;
	*at = tag->flags & JBD_TAG_LAST ? end : from + size;
	return 1;
}

u32 jbd_sum_data(const struct jbd_geo *geo, u32 sequence, const void *block)
{
	u32 number = bswap32(sequence);
	u32 crc = crc32c_update(geo->csum_seed, &number, sizeof(number));

	return crc32c_update(crc, block, geo->block_size);
}

bool jbd_csum_data(const struct jbd_geo *geo, const struct jbd_tag *tag, u32 sequence,
		   const void *block)
{
	u32 crc;

	if (!geo->csum)
		return true;
	crc = jbd_sum_data(geo, sequence, block);
	if (geo->incompat & JBD_INCOMPAT_CSUM_V3)
		return crc == tag->checksum;
	return (u16)crc == (u16)tag->checksum;
}

int jbd_revoke_next(const struct jbd_geo *geo, const void *block, u32 *at, u64 *number)
{
	const struct jbd_revoke_header *h = block;
	const u32 size = geo->incompat & JBD_INCOMPAT_64BIT ? 8 : 4;
	u32 from = *at ? *at : (u32)sizeof(*h), end = jbd_be32(&h->size);
	const u8 *p = (const u8 *)block + from;

	if (end < sizeof(*h) || end > records_end(geo))
		return -EUCLEAN;
	if (from > end || end - from < size)
		return 0;
	*number = size == 8 ? (u64)jbd_be32(p) << 32 | jbd_be32(p + 4) : jbd_be32(p);
	*at = from + size;
	return 1;
}

/* Polynomial 0x04c11db7, most significant bit first. */
u32 jbd_crc32_be(u32 crc, const void *data, size_t n)
{
	static const u32 nibble[16] = {
		0x00000000, 0x04c11db7, 0x09823b6e, 0x0d4326d9, 0x130476dc, 0x17c56b6b,
		0x1a864db2, 0x1e475005, 0x2608edb8, 0x22c9f00f, 0x2f8ad6d6, 0x2b4bcb61,
		0x350c9b64, 0x31cd86d3, 0x3c8ea00a, 0x384fbdbd,
	};
	const u8 *p = data;

	for (size_t i = 0; i < n; i++) {
		crc = crc << 4 ^ nibble[crc >> 28 ^ p[i] >> 4];
		crc = crc << 4 ^ nibble[crc >> 28 ^ (p[i] & 15)];
	}
	return crc;
}

bool jbd_csum_transaction(const struct jbd_geo *geo, const void *commit, u32 crc)
{
	const struct jbd_commit *c = commit;

	if (!(geo->compat & JBD_COMPAT_CHECKSUM) || geo->csum)
		return true;
	/* The feature may have been set after this transaction. */
	if (c->checksum_type == 0 && c->checksum_size == 0 && c->checksum[0] == 0)
		return true;
	return c->checksum_type == JBD_CHECKSUM_CRC32 && c->checksum_size == sizeof(u32) &&
	       jbd_be32(&c->checksum[0]) == crc;
}

bool jbd_fast_commit_follows(const void *block, u32 sequence)
{
	const struct jbd_fast_head *h = block;

	return h->tag == JBD_FAST_HEAD && h->length == sizeof(*h) - 4 && h->sequence == sequence;
}
