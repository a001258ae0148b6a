/*
 * Makes the disk of damaged images that userland/tests/prog_crafted.c works through in a guest.
 *
 *	crafted-disk BASES SEED FIRST COUNT DISK
 *
 * All in sectors of 512 bytes and in this machine's order. A struct crafted_head comes first, the
 * sound images follow, then a record for each damaged image: a sector with a struct crafted_record,
 * and as many times as it says a sector with a number in it and the sector that belongs there.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#undef __always_inline
#include "test/host/ext_crafted.h"

#include "../../../userland/tests/crafted.h"

static struct crafted_base bases[CRAFTED_BASES];
static unsigned n_bases;

static void put(FILE *f, const void *data, size_t size)
{
	static const u8 zero[512];
	size_t pad = (512 - size % 512) % 512;

	if (fwrite(data, 1, size, f) != size || fwrite(zero, 1, pad, f) != pad) {
		perror("crafted-disk");
		exit(1);
	}
}

static void put_bases(FILE *f, u64 count)
{
	struct crafted_head head = { .magic = CRAFTED_MAGIC, .n_bases = n_bases, .count = count };
	u64 at = (sizeof(head) + 511) / 512;

	for (unsigned i = 0; i < n_bases; i++) {
		head.bases[i].at = at;
		head.bases[i].n = bases[i].image.size / 512;
		snprintf(head.bases[i].type, sizeof(head.bases[i].type), "%s", bases[i].type);
		at += head.bases[i].n;
	}
	put(f, &head, sizeof(head));
	for (unsigned i = 0; i < n_bases; i++)
		put(f, bases[i].sound, bases[i].image.size);
}

static void put_record(FILE *f, u64 seed, u64 number)
{
	struct ext_edit edits[CRAFTED_EDITS];
	struct crafted_base *base = &bases[number % n_bases];
	struct crafted_record record = { .magic = CRAFTED_MAGIC, .number = number,
					 .base = (u32)(number % n_bases) };
	const u8 *now = base->image.data;

	crafted_make(base, edits, crafted_edits(seed, number, edits));
	for (u64 at = 0; at < base->image.size; at += 512)
		record.n += memcmp(now + at, base->sound + at, 512) != 0;
	put(f, &record, sizeof(record));
	for (u64 at = 0; at < base->image.size; at += 512) {
		u64 sector = at / 512;

		if (memcmp(now + at, base->sound + at, 512) == 0)
			continue;
		put(f, &sector, sizeof(sector));
		put(f, now + at, 512);
	}
}

int main(int argc, char **argv)
{
	u64 seed, first, count;
	FILE *f;

	if (argc != 6) {
		fprintf(stderr, "usage: crafted-disk BASES SEED FIRST COUNT DISK\n");
		return 2;
	}
	seed = strtoull(argv[2], NULL, 0);
	first = strtoull(argv[3], NULL, 0);
	count = strtoull(argv[4], NULL, 0);
	n_bases = crafted_load(argv[1], bases, CRAFTED_BASES);
	f = fopen(argv[5], "wb");
	if (!n_bases || !f) {
		fprintf(stderr, "crafted-disk: no images in %s, or %s cannot be written\n",
			argv[1], argv[5]);
		return 1;
	}
	put_bases(f, count);
	for (u64 i = first; i < first + count; i++)
		put_record(f, seed, i);
	return fclose(f) != 0;
}
