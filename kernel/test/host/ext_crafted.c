/*
 * test/host/ext_crafted.c - damaged images by number.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#undef __always_inline
#undef DT_UNKNOWN
#include "test/host/ext_crafted.h"

static int not_hidden(const struct dirent *entry)
{
	size_t n = strlen(entry->d_name);

	return n > 4 && strcmp(entry->d_name + n - 4, ".img") == 0;
}

static u8 *read_all(const char *path, size_t *size)
{
	FILE *f = fopen(path, "rb");
	u8 *data = NULL;

	if (!f)
		return NULL;
	fseek(f, 0, SEEK_END);
	*size = (size_t)ftell(f);
	rewind(f);
	data = malloc(*size);
	if (fread(data, 1, *size, f) != *size) {
		free(data);
		data = NULL;
	}
	fclose(f);
	return data;
}

unsigned crafted_load(const char *dir, struct crafted_base *bases, unsigned max)
{
	struct dirent **names;
	int found = scandir(dir, &names, not_hidden, alphasort);
	unsigned n = 0;

	for (int i = 0; i < found; i++) {
		struct crafted_base *base = &bases[n];
		char path[600];

		snprintf(path, sizeof(path), "%s/%s", dir, names[i]->d_name);
		snprintf(base->name, sizeof(base->name), "%.*s",
			 (int)min(strlen(names[i]->d_name) - 4, sizeof(base->name) - 1),
			 names[i]->d_name);
		base->image.data = n < max ? read_all(path, &base->image.size) : NULL;
		if (base->image.data) {
			ext_image_scan(&base->image);
			base->type = base->image.is_ext ? "ext4" :
				     strncmp(base->name, "fat", 3) == 0 ? "vfat" : "table";
			base->sound = malloc(base->image.size);
			memcpy(base->sound, base->image.data, base->image.size);
			n++;
		}
		free(names[i]);
	}
	if (found >= 0)
		free(names);
	return n;
}

/* splitmix64, Steele and others 2014 */
static u64 next(u64 *state)
{
	u64 z = *state += 0x9e3779b97f4a7c15ull;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ z >> 27) * 0x94d049bb133111ebull;
	return z ^ z >> 31;
}

unsigned crafted_edits(u64 seed, u64 n, struct ext_edit edits[CRAFTED_EDITS])
{
	u64 state = seed * 0x2545f4914f6cdd1dull + n;
	u64 how = next(&state);
	unsigned count = how % 4 == 0 ? 1 : how % 4 == 1 ? 2 : 1 + (unsigned)(how >> 8) %
						     (how >> 40 & 1 ? 6 : CRAFTED_EDITS);

	for (unsigned i = 0; i < count; i++) {
		u64 r = next(&state), s = next(&state);

		edits[i] = (struct ext_edit){ (u8)r, (u8)(r >> 8), (u16)(r >> 16),
					      (u16)(r >> 32), (u16)(r >> 48) };
		/* A superblock is soon refused, and features that are unknown at once. */
		if (edits[i].kind % N_PIECE_KINDS == PIECE_SUPER && s & 3)
			edits[i].kind = (u8)(PIECE_INODE + s % (N_PIECE_KINDS - PIECE_INODE));
		if ((edits[i].op & 15) == 13 && s & 0x70)
			edits[i].op = (u8)(s >> 8 & 0xf7);
	}
	return count;
}

void crafted_make(struct crafted_base *base, const struct ext_edit *edits, unsigned n)
{
	memcpy(base->image.data, base->sound, base->image.size);
	for (unsigned i = 0; i < n; i++)
		ext_image_edit(&base->image, &edits[i]);
	if (n == 0 || edits[0].op < 0xf0)
		ext_image_sum(&base->image);
}
