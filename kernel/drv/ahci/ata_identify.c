/*
 * IDENTIFY DEVICE data (ACS-3, 7.12.7): 256 words. Words that hold validity bits count only if
 * those are right (bit 15 clear, bit 14 set).
 *
 * And the log page that names the queued command that failed.
 */
#include "drv/ahci/ata_identify.h"

#include "abi/errno.h"
#include "lib/bitops.h"

/* Text of n words, two characters each, the first in the high byte; blanks at the end go. */
static void text_copy(const u16 *words, unsigned n, char *out)
{
	unsigned end = 0;

	for (unsigned i = 0; i < 2 * n; i++) {
		char c = (char)(i & 1 ? words[i / 2] : words[i / 2] >> 8);

		out[i] = c >= ' ' && c < 0x7f ? c : c ? '?' : ' ';
		if (out[i] != ' ')
			end = i + 1;
	}
	out[end] = '\0';
}

static bool word_valid(u16 word)
{
	return (word & 0xc000) == 0x4000;
}

static void sizes_parse(const u16 *w, struct ata_identity *out)
{
	out->sector_size = 512;
	out->physical_sector_size = 512;
	if (!word_valid(w[106]))
		return;
	if (w[106] & BIT(12))
		out->sector_size = ((u32)w[118] << 16 | w[117]) * 2;
	out->physical_sector_size = out->sector_size;
	if (w[106] & BIT(13) && (w[106] & 0xf) < 8)
		out->physical_sector_size = out->sector_size << (w[106] & 0xf);
}

static void texts_parse(const u16 *w, struct ata_identity *out)
{
	*out = (struct ata_identity){ 0 };
	text_copy(w + 10, 10, out->serial);
	text_copy(w + 23, 4, out->firmware);
	text_copy(w + 27, 20, out->model);
}

#define PACKET_CDROM 5 /* command set, in bits 8 to 12 of the first word */

int ata_identify_packet_parse(const u16 w[256], struct ata_identity *out)
{
	texts_parse(w, out);
	if (w[0] >> 14 != 2 || (w[0] >> 8 & 0x1f) != PACKET_CDROM || (w[0] & 3) > 1 ||
	    !(w[49] & BIT(8)))
		return -ENODEV;
	out->packet = true;
	out->packet_bytes = w[0] & 1 ? 16 : 12;
	out->packet_direction = w[62] & BIT(15);
	return 0;
}

int ata_identify_parse(const u16 w[256], struct ata_identity *out)
{
	bool valid83 = word_valid(w[83]);

	texts_parse(w, out);
	if (w[0] & BIT(15) || !(w[49] & BIT(8)) || !(w[49] & BIT(9)))
		return -ENODEV;
	out->lba48 = valid83 && w[83] & BIT(10);
	out->flush = valid83 && w[83] & BIT(12);
	out->flush_ext = valid83 && w[83] & BIT(13);
	out->write_cache = w[82] != 0xffff && w[85] & BIT(5);
	out->fua = out->lba48 && word_valid(w[84]) && w[84] & BIT(6);
	out->log = out->lba48 && word_valid(w[87]) && w[87] & BIT(5);
	out->trim = w[169] != 0xffff && w[169] & BIT(0) && out->lba48;
	out->rotational = w[217] != 1;
	out->ncq = out->lba48 && w[76] != 0xffff && w[76] & BIT(8);
	out->depth = (w[75] & 0x1f) + 1u;
	out->n_sectors = (u64)w[61] << 16 | w[60];
	if (out->lba48)
		out->n_sectors = (u64)w[103] << 48 | (u64)w[102] << 32 | (u64)w[101] << 16 | w[100];
	sizes_parse(w, out);
	if (!out->n_sectors || out->n_sectors > BIT(48) || !is_pow2(out->sector_size) ||
	    out->sector_size < 512 || out->sector_size > 4096)
		return -ENODEV;
	return 0;
}

#define QUEUED_ERROR_NOT_QUEUED BIT(7)

int ata_queued_error_parse(const u8 page[512], struct ata_queued_error *out)
{
	u8 sum = 0;

	for (unsigned i = 0; i < 512; i++)
		sum = (u8)(sum + page[i]);
	if (sum || page[0] & QUEUED_ERROR_NOT_QUEUED)
		return -EINVAL;
	out->tag = page[0] & 0x1f;
	out->status = page[2];
	out->error = page[3];
	out->lba = 0;
	for (unsigned i = 0; i < 3; i++) {
		out->lba |= (u64)page[4 + i] << (8 * i);
		out->lba |= (u64)page[8 + i] << (24 + 8 * i);
	}
	return 0;
}
