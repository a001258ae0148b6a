/*
 * Devices that do not reach all of memory. Each of their tags has a buffer that they do reach;
 * transfers with a piece out of reach go through it, copied before or after. The buffers are made
 * with the disk, so nothing has to be found when memory is short, and transfers are so small that
 * they fit.
 */
#include "dev/blk_int.h"

#include "abi/errno.h"
#include "lib/string.h"
#include "mm/slab.h"

#define BOUNCE_BYTES   65536u
#define BOUNCE_SECTORS (BOUNCE_BYTES / 512)

int blk_bounce_init(struct disk *disk)
{
	if (dma_reaches_all(disk->address_bits))
		return 0;
	disk->bounces = kmalloc_array(disk->depth, sizeof(*disk->bounces), MM_KERNEL | MM_ZERO);
	if (!disk->bounces)
		return -ENOMEM;
	for (unsigned i = 0; i < disk->depth; i++) {
		struct blk_bounce *b = &disk->bounces[i];

		b->memory = dma_alloc(BOUNCE_BYTES, disk->address_bits, &b->bus);
		if (!b->memory) {
			blk_bounce_fini(disk);
			return -ENOMEM;
		}
	}
	disk->max_sectors = min(disk->max_sectors, BOUNCE_SECTORS);
	return 0;
}

void blk_bounce_fini(struct disk *disk)
{
	for (unsigned i = 0; disk->bounces && i < disk->depth; i++)
		dma_free(disk->bounces[i].memory, BOUNCE_BYTES);
	kfree(disk->bounces);
	disk->bounces = NULL;
}

/* Copies the chain's data to the buffer or from it: bytes. */
static u32 copy(const struct blk_request *req, char *memory, bool in)
{
	u32 done = 0;

	for (; req; req = req->next) {
		const struct dma_piece *piece = req->pieces + req->xfer.first_piece;

		for (unsigned i = 0; i < req->xfer.n_pieces; i++, piece++) {
			char *data = (char *)page_to_virt(piece->page) + piece->offset;

			if (done + piece->length > BOUNCE_BYTES)
				return ~0u;
			memcpy(in ? memory + done : data, in ? data : memory + done, piece->length);
			done += piece->length;
		}
	}
	return done;
}

int blk_bounce_map(struct disk *disk, struct blk_request *req, struct dma_segment *segments,
		   unsigned max)
{
	struct blk_bounce *b = &disk->bounces[req->tag];
	bool write = req->xfer.op == BLK_WRITE;
	u32 left = write ? copy(req, b->memory, true) : 0;
	dma_addr_t bus = b->bus;
	unsigned n = 0;

	for (const struct blk_request *r = req; r && !write; r = r->next)
		for (unsigned i = 0; i < r->xfer.n_pieces; i++)
			left += r->pieces[r->xfer.first_piece + i].length;
	if (left > BOUNCE_BYTES)
		return -E2BIG;
	while (left) {
		u32 length = min(left, disk->max_segment_bytes);

		if (n == max)
			return -E2BIG;
		segments[n++] = (struct dma_segment){ bus, length };
		bus += length;
		left -= length;
	}
	req->bounced = true;
	return (int)n;
}

void blk_bounce_end(struct disk *disk, struct blk_request *req, int error)
{
	req->bounced = false;
	if (!error && req->xfer.op != BLK_WRITE)
		(void)copy(req, disk->bounces[req->tag].memory, false);
}
