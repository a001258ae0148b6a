/*
 * test/host/ext_crafted.h - damaged images by number, from the sound ones of crafted-bases.
 *
 * Image n of a seed is the same everywhere: in the host's tests, where the driver runs under
 * sanitizers, and on the disk that crafted-disk makes for a guest.
 */
#ifndef TEST_HOST_EXT_CRAFTED_H
#define TEST_HOST_EXT_CRAFTED_H

#include "test/host/ext_mutate.h"

#define CRAFTED_EDITS 24u

struct crafted_base {
	char name[40];
	struct ext_image image;
	u8 *sound;		/* the bytes as they were */
	const char *type;	/* what mounts it; "table": a partition table */
};

/* The images of a directory in the order of their names: how many, at most `max`. */
unsigned crafted_load(const char *dir, struct crafted_base *bases, unsigned max);
/* The edits of image `n`: how many. */
unsigned crafted_edits(u64 seed, u64 n, struct ext_edit edits[CRAFTED_EDITS]);
/* base->image.data becomes the sound image with those edits, and mostly right sums. */
void crafted_make(struct crafted_base *base, const struct ext_edit *edits, unsigned n);

#endif
