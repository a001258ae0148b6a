/*
 * fs/jbd/jbd_build.c - blocks of the log: see jbd_build.h.
 */
#include "fs/jbd/jbd_build.h"

#include "lib/crc.h"
#include "lib/string.h"

static void put_be16(void *p, u16 v)
{
	v = bswap16(v);
	memcpy(p, &v, sizeof(v));
}

static void put_be64(void *p, u64 v)
{
	jbd_put_be32(p, (u32)(v >> 32));
	jbd_put_be32((u8 *)p + 4, (u32)v);
}

void jbd_build_begin(const struct jbd_geo *geo, void *block, u32 type, u32 sequence)
{
	struct jbd_header *h = block;

	memset(block, 0, geo->block_size);
	jbd_put_be32(&h->magic, JBD_MAGIC);
	jbd_put_be32(&h->type, type);
	jbd_put_be32(&h->sequence, sequence);
}

static u32 tail_size(const struct jbd_geo *geo)
{
	return geo->csum ? JBD_TAIL_SIZE : 0;
}

u32 jbd_tags_per_block(const struct jbd_geo *geo)
{
	u32 room = geo->block_size - (u32)sizeof(struct jbd_header) - JBD_UUID_SIZE -
		   tail_size(geo);

	return room / geo->tag_size;
}

static u32 revoke_size(const struct jbd_geo *geo)
{
	return geo->incompat & JBD_INCOMPAT_64BIT ? 8 : 4;
}

u32 jbd_revokes_per_block(const struct jbd_geo *geo)
{
	u32 room = geo->block_size - (u32)sizeof(struct jbd_revoke_header) - tail_size(geo);

	return room / revoke_size(geo);
}

void jbd_build_tag(const struct jbd_geo *geo, void *block, u32 *at, u32 sequence,
		   const struct jbd_tag *tag, bool last, const u8 *uuid, const void *data)
{
	u32 from = *at ? *at : (u32)sizeof(struct jbd_header);
	u32 flags = tag->flags | (*at ? JBD_TAG_SAME_UUID : 0) | (last ? JBD_TAG_LAST : 0);
	u32 sum = geo->csum ? jbd_sum_data(geo, sequence, data) : 0;
	u8 *p = (u8 *)block + from;

	jbd_put_be32(p, (u32)tag->block);
	if (geo->incompat & JBD_INCOMPAT_CSUM_V3) {
		jbd_put_be32(p + 4, flags);
		jbd_put_be32(p + 8, (u32)(tag->block >> 32));
		jbd_put_be32(p + 12, sum);
	} else {
		put_be16(p + 4, (u16)sum);
		put_be16(p + 6, (u16)flags);
		if (geo->incompat & JBD_INCOMPAT_64BIT)
			jbd_put_be32(p + 8, (u32)(tag->block >> 32));
	}
	from += geo->tag_size;
	if (!*at) {
		memcpy((u8 *)block + from, uuid, JBD_UUID_SIZE);
		from += JBD_UUID_SIZE;
	}
	*at = from;
}

void jbd_build_revoke(const struct jbd_geo *geo, void *block, u32 *at, u64 number)
{
	struct jbd_revoke_header *h = block;
	u32 from = *at ? *at : (u32)sizeof(*h);

	if (revoke_size(geo) == 8)
		put_be64((u8 *)block + from, number);
	else
		jbd_put_be32((u8 *)block + from, (u32)number);
	*at = from + revoke_size(geo);
	jbd_put_be32(&h->size, *at);
}

void jbd_build_tail(const struct jbd_geo *geo, void *block)
{
	if (geo->csum)
		jbd_put_be32((u8 *)block + geo->block_size - JBD_TAIL_SIZE,
			     jbd_sum_tail(geo, block));
}

void jbd_build_commit(const struct jbd_geo *geo, void *block, u32 sequence,
		      const struct timespec *now)
{
	struct jbd_commit *c = block;

	jbd_build_begin(geo, block, JBD_COMMIT, sequence);
	put_be64(&c->seconds, (u64)now->tv_sec);
	jbd_put_be32(&c->nanoseconds, (u32)now->tv_nsec);
	if (geo->csum)
		jbd_put_be32(&c->checksum[0], jbd_sum_commit(geo, block));
}

void jbd_build_super(const struct jbd_geo *geo, struct jbd_super *s, u32 start, u32 sequence,
		     s32 error)
{
	jbd_put_be32(&s->start, start);
	jbd_put_be32(&s->sequence, sequence);
	jbd_put_be32(&s->error, (u32)error);
	if (geo->csum)
		jbd_put_be32(&s->checksum, jbd_sum_super(s));
}

void jbd_build_features(struct jbd_geo *geo, struct jbd_super *s, u32 features, u32 keep)
{
	const u32 sums = JBD_INCOMPAT_CSUM_V2 | JBD_INCOMPAT_CSUM_V3;

	geo->incompat = (geo->incompat & keep) | features;
	geo->compat &= ~(u32)JBD_COMPAT_CHECKSUM;
	geo->csum = geo->incompat & sums;
	geo->csum_seed = crc32c_update(~0u, s->uuid, sizeof(s->uuid));
	geo->tag_size = jbd_tag_size(geo->incompat);
	jbd_put_be32(&s->feature_incompat, geo->incompat);
	jbd_put_be32(&s->feature_compat, geo->compat);
	s->checksum_type = geo->csum ? JBD_CHECKSUM_CRC32C : 0;
	s->checksum = 0;
	/* Where Linux would go on writing an empty log; we begin at its first block. */
	s->head = 0;
}
