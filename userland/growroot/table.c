/*
 * table.c - GPT (UEFI specification, chapter 5) and the MBR's four entries.
 *
 * A GPT has a header and an array of entries behind the MBR, and copies of both at the disk's end.
 * The copies are written first, at the new end, then made stable, then the first ones: at every
 * moment one of the two is whole, and who reads takes that. All values are taken for hostile.
 */
#include <endian.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "table.h"

#define SIGNATURE	"EFI PART"
#define HEADER_SIZE	92u
#define ENTRY_SIZE_MAX	4096u
#define ARRAY_MAX	(1u << 20)	/* bytes */
#define ALIGN		(1u << 20)	/* bytes: where a partition ends */

struct header {
	char signature[8];
	uint32_t revision, size, crc, reserved;
	uint64_t self, other, first_usable, last_usable;
	uint8_t guid[16];
	uint64_t array;
	uint32_t n_entries, entry_size, array_crc;
} __attribute__((packed));
_Static_assert(sizeof(struct header) == HEADER_SIZE, "GPT header");

struct entry {
	uint8_t type[16], guid[16];
	uint64_t first, last;
} __attribute__((packed));

struct gpt {
	uint8_t *block;		/* the header's sector */
	struct header *h;	/* in it */
	uint8_t *array;
	uint64_t array_sectors;
};

struct mbr_entry {
	uint8_t status, first_chs[3], type, last_chs[3];
	uint32_t first, n;
} __attribute__((packed));
#define MBR_ENTRIES	446
#define MBR_PROTECTIVE	0xee

static uint32_t crc32(const void *data, size_t n)
{
	static uint32_t table[256];
	const uint8_t *p = data;
	uint32_t crc = ~0u;

	for (uint32_t i = 0; !table[255] && i < 256; i++) {
		uint32_t c = i;

		for (int k = 0; k < 8; k++)
			c = c & 1 ? c >> 1 ^ 0xedb88320 : c >> 1;
		table[i] = c;
	}
	while (n--)
		crc = crc >> 8 ^ table[(crc ^ *p++) & 0xff];
	return ~crc;
}

static bool sectors_read(const struct disk *d, uint64_t at, void *data, uint64_t n)
{
	return pread(d->fd, data, n * d->sector, (off_t)(at * d->sector)) ==
	       (ssize_t)(n * d->sector);
}

static bool sectors_write(const struct disk *d, uint64_t at, const void *data, uint64_t n)
{
	return pwrite(d->fd, data, n * d->sector, (off_t)(at * d->sector)) ==
	       (ssize_t)(n * d->sector);
}

static bool refuse(struct disk *d, const char *why)
{
	d->why = why;
	return false;
}

static void gpt_free(struct gpt *g)
{
	free(g->block);
	free(g->array);
	*g = (struct gpt){ 0 };
}

/* The sum of a header, whose own field counts as zero. */
static uint32_t header_crc(const struct gpt *g, uint32_t sector)
{
	uint8_t *copy = malloc(sector);
	uint32_t crc;

	if (!copy)
		return ~g->h->crc;
	memcpy(copy, g->block, sector);
	((struct header *)copy)->crc = 0;
	crc = crc32(copy, g->h->size);
	free(copy);
	return crc;
}

static bool header_sane(const struct disk *d, const struct gpt *g, uint64_t at)
{
	const struct header *h = g->h;
	uint64_t bytes = (uint64_t)h->n_entries * h->entry_size;

	return !memcmp(h->signature, SIGNATURE, 8) && h->size >= HEADER_SIZE &&
	       h->size <= d->sector && h->crc == header_crc(g, d->sector) && h->self == at &&
	       h->entry_size >= 128 && h->entry_size <= ENTRY_SIZE_MAX &&
	       !(h->entry_size & (h->entry_size - 1)) && bytes && bytes <= ARRAY_MAX &&
	       h->first_usable <= h->last_usable && h->last_usable < d->n_sectors &&
	       h->array < d->n_sectors;
}

/* The table whose header is there: whether it is whole. To be freed in any case. */
static bool gpt_read(const struct disk *d, uint64_t at, struct gpt *g)
{
	uint64_t bytes;

	*g = (struct gpt){ .block = malloc(d->sector) };
	if (!g->block || !sectors_read(d, at, g->block, 1))
		return false;
	g->h = (struct header *)g->block;
	if (!header_sane(d, g, at))
		return false;
	bytes = (uint64_t)g->h->n_entries * g->h->entry_size;
	g->array_sectors = (bytes + d->sector - 1) / d->sector;
	g->array = calloc(g->array_sectors, d->sector);
	return g->array && sectors_read(d, g->h->array, g->array, g->array_sectors) &&
	       crc32(g->array, bytes) == g->h->array_crc;
}

static struct entry *entry_at(const struct gpt *g, uint32_t n)
{
	return (struct entry *)(g->array + (size_t)n * g->h->entry_size);
}

static bool entry_used(const struct entry *e)
{
	static const uint8_t none[16];

	return memcmp(e->type, none, sizeof(none)) != 0;
}

/* Whether the entry is that partition, and nothing lies behind it. */
static bool entry_is_last(const struct gpt *g, const struct entry *e)
{
	for (uint32_t i = 0; i < g->h->n_entries; i++) {
		const struct entry *other = entry_at(g, i);

		if (other != e && entry_used(other) &&
		    (other->first > other->last || other->last >= e->first))
			return false;
	}
	return true;
}

/* One of the two, with its header at `self`, its array at `array`. */
static bool gpt_write(const struct disk *d, struct gpt *g, uint64_t self, uint64_t other,
		      uint64_t array)
{
	g->h->self = self;
	g->h->other = other;
	g->h->array = array;
	g->h->crc = header_crc(g, d->sector);
	return sectors_write(d, array, g->array, g->array_sectors) && fsync(d->fd) == 0 &&
	       sectors_write(d, self, g->block, 1) && fsync(d->fd) == 0;
}

/* Where the first array is; what the copy at the end says of that is its own place. */
static uint64_t first_array(const struct gpt *g)
{
	return g->h->self == 1 ? g->h->array : 2;
}

static int64_t gpt_extend(struct disk *d, struct gpt *g, struct entry *e)
{
	uint64_t last = d->n_sectors - 1, room = g->array_sectors + 1, align = ALIGN / d->sector;
	uint64_t array = first_array(g), end;

	if (last < room + align || array < 2 || array + g->array_sectors > e->first)
		return refuse(d, "places in its table contradict each other"), -1;
	end = (last - room + 1) / align * align;
	if (end <= e->last + 1)
		return g->h->self == 1 || gpt_write(d, g, 1, last, array) ? 0 : -1;
	e->last = end - 1;
	g->h->last_usable = last - room;
	g->h->array_crc = crc32(g->array, (size_t)g->h->n_entries * g->h->entry_size);
	if (!gpt_write(d, g, last, 1, last - g->array_sectors) ||
	    !gpt_write(d, g, 1, last, array))
		return refuse(d, "its table cannot be written"), -1;
	return (int64_t)(end - e->first);
}

static int64_t gpt_table(struct disk *d, unsigned number, uint64_t start)
{
	struct gpt g;
	struct entry *e;
	int64_t size = 0;

	if (!gpt_read(d, 1, &g)) {
		gpt_free(&g);
		if (!gpt_read(d, d->n_sectors - 1, &g)) {
			gpt_free(&g);
			return refuse(d, "both copies of its table are damaged"), -1;
		}
	}
	if (number > g.h->n_entries) {
		size = (refuse(d, "its table does not have the partition"), -1);
	} else {
		e = entry_at(&g, number - 1);
		if (!entry_used(e) || e->first != start || e->last < e->first)
			size = (refuse(d, "its table has another partition there"), -1);
		else if (entry_is_last(&g, e))
			size = gpt_extend(d, &g, e);
	}
	gpt_free(&g);
	return size;
}

/* Four entries in one sector, which is written whole or not. */
static int64_t mbr_table(struct disk *d, uint8_t *block, unsigned number, uint64_t start)
{
	struct mbr_entry *list = (struct mbr_entry *)(block + MBR_ENTRIES), *e = list + number - 1;
	uint64_t align = ALIGN / d->sector;
	uint64_t end = (d->n_sectors < UINT32_MAX ? d->n_sectors : UINT32_MAX) / align * align;

	if (number > 4)
		return 0; /* in an extended one, which would have to grow as well */
	if (!e->type || e->first != start)
		return refuse(d, "its table has another partition there"), -1;
	for (int i = 0; i < 4; i++)
		if (list + i != e && list[i].type && (uint64_t)list[i].first + list[i].n > e->first)
			return 0;
	if (end <= (uint64_t)e->first + e->n)
		return 0;
	e->n = (uint32_t)(end - e->first);
	if (!sectors_write(d, 0, block, 1) || fsync(d->fd))
		return refuse(d, "its table cannot be written"), -1;
	return e->n;
}

/* The GPT, and what the first sector says of its disk's size. */
static int64_t protected_table(struct disk *d, uint8_t *block, struct mbr_entry *protective,
			       unsigned number, uint64_t start)
{
	int64_t size = gpt_table(d, number, start);

	if (size <= 0 || protective->first != 1)
		return size;
	protective->n = d->n_sectors > UINT32_MAX ? UINT32_MAX : (uint32_t)(d->n_sectors - 1);
	if (!sectors_write(d, 0, block, 1) || fsync(d->fd))
		return refuse(d, "its table cannot be written"), -1;
	return size;
}

int64_t table_extend(struct disk *d, unsigned number, uint64_t start)
{
	uint8_t *block = malloc(d->sector);
	struct mbr_entry *list, *protective = NULL;
	int64_t size = -1;

	if (!block || !number || !sectors_read(d, 0, block, 1)) {
		refuse(d, "its first sector cannot be read");
	} else if (block[510] != 0x55 || block[511] != 0xaa) {
		refuse(d, "it has no partition table");
	} else {
		list = (struct mbr_entry *)(block + MBR_ENTRIES);
		for (int i = 0; i < 4; i++)
			protective = list[i].type == MBR_PROTECTIVE ? list + i : protective;
		size = protective ? protected_table(d, block, protective, number, start)
				  : mbr_table(d, block, number, start);
	}
	free(block);
	return size;
}
