/* Decompression against what gzip made, and of damaged input. */
#include "test/host/unit.h"

#include "abi/errno.h"
#include "lib/format.h"
#include "lib/inflate.h"

#include <unistd.h>

struct buffer {
	u8 *data;
	size_t n, room;
	int fail_at; /* the sink fails once it has so many bytes; 0: never */
};

static struct inflate state;

static int collect(void *arg, const u8 *data, size_t n)
{
	struct buffer *b = arg;

	if (b->fail_at && b->n + n > (size_t)b->fail_at)
		return -EIO;
	CHECK(n > 0 && n <= INFLATE_WINDOW);
	if (b->n + n > b->room) {
		b->room = (b->n + n) * 2;
		b->data = realloc(b->data, b->room);
	}
	memcpy(b->data + b->n, data, n);
	b->n += n;
	return 0;
}

/* What the host's gzip makes of the bytes, by files in the working directory. */
static u8 *compress(const u8 *data, size_t n, const char *options, size_t *size)
{
	char path[64], command[256];
	u8 *out;
	FILE *f;

	snprintf(path, sizeof(path), "/tmp/inflate-%d", (int)getpid());
	f = fopen(path, "wb");
	CHECK(f && fwrite(data, 1, n, f) == n);
	fclose(f);
	snprintf(command, sizeof(command), "gzip %s -c %s >%s.gz", options, path, path);
	CHECK_EQ(system(command), 0);
	strcat(path, ".gz");
	out = unit_read_file(path, size);
	remove(path);
	path[strlen(path) - 3] = 0;
	remove(path);
	return out;
}

/* Text with repeats near and far, of words and noise in some proportion. */
static u8 *text_make(size_t n, unsigned noise)
{
	static const char *const words[] = { "the ", "disk ", "turns ", "and ", "page ", "\n" };
	u8 *text = malloc(n + 16);

	for (size_t at = 0; at < n;) {
		if (unit_below(100) < noise) {
			text[at++] = (u8)unit_rand();
		} else {
			const char *word = words[unit_below(6)];

			memcpy(text + at, word, strlen(word));
			at += strlen(word);
		}
	}
	return text;
}

static void round_trip(const u8 *text, size_t n, const char *options)
{
	struct buffer b = { 0 };
	size_t size = 0, used = 0;
	u8 *packed = compress(text, n, options, &size);

	packed = realloc(packed, size + 5); /* what follows is not touched */
	memset(packed + size, 0xee, 5);
	CHECK_EQ(gunzip(&state, packed, size + 5, collect, &b, &used), 0);
	CHECK_EQ(used, size);
	CHECK_EQ(b.n, n);
	CHECK(!n || !memcmp(b.data, text, n));
	free(b.data);
	free(packed);
}

TEST(what_gzip_made)
{
	static const size_t sizes[] = { 0, 1, 100, 32767, 32768, 32769, 300000 };
	static const char *const options[] = { "-1", "-6", "-9", "-n -9" };
	static const unsigned noise[] = { 0, 5, 50, 100 };

	for (unsigned i = 0; i < ARRAY_SIZE(sizes); i++) {
		for (unsigned k = 0; k < 4; k++) {
			u8 *text = text_make(sizes[i], noise[k]);

			round_trip(text, sizes[i], options[k]);
			free(text);
		}
	}
}

TEST(one_byte_a_million_times)
{
	u8 *text = calloc(1, 1000000);

	round_trip(text, 1000000, "-9");
	free(text);
}

TEST(every_shorter_input_ends_too_early)
{
	u8 *text = text_make(3000, 30);
	size_t size, used;
	u8 *packed = compress(text, 3000, "-9", &size);

	for (size_t n = 0; n < size; n++) {
		struct buffer b = { 0 };
		u8 *part = malloc(n ? n : 1); /* so that a read behind it is seen */

		memcpy(part, packed, n);
		CHECK_EQ(gunzip(&state, part, n, collect, &b, &used), -ENODATA);
		free(part);
		free(b.data);
	}
	free(packed);
	free(text);
}

TEST(damage_is_found)
{
	u8 *text = text_make(3000, 30);
	size_t size, used;
	u8 *packed = compress(text, 3000, "-9", &size);

	for (size_t at = 0; at < size * 8; at += 5) {
		struct buffer b = { 0 };
		int err;

		packed[at / 8] ^= (u8)(1 << at % 8);
		err = gunzip(&state, packed, size, collect, &b, &used);
		/* Some bits have no meaning: of the header, and before the sum. */
		CHECK(err < 0 || (b.n == 3000 && !memcmp(b.data, text, 3000)));
		packed[at / 8] ^= (u8)(1 << at % 8);
		free(b.data);
	}
	free(packed);
	free(text);
}

TEST(sink_errors_come_back)
{
	struct buffer b = { .fail_at = 1 };
	u8 *text = text_make(3000, 30);
	size_t size, used;
	u8 *packed = compress(text, 3000, "-9", &size);

	CHECK_EQ(gunzip(&state, packed, size, collect, &b, &used), -EIO);
	free(packed);
	free(text);
}

TEST(blocks_and_codes_that_are_none)
{
	static const struct { u8 bytes[12]; size_t n; int error; } cases[] = {
		{ { 0x07 }, 1, -EINVAL },                         /* the fourth kind of block */
		{ { 0x01, 1, 0, 0, 0, 0 }, 6, -EINVAL },          /* length and complement */
		{ { 0x01, 1, 0, 0xfe, 0xff, 'x' }, 6, 0 },        /* stored, one byte */
		{ { 0x01, 2, 0, 0xfd, 0xff, 'x' }, 6, -ENODATA },
		{ { 0x03, 0x00 }, 2, 0 },                         /* fixed codes, nothing */
		{ { 0x03, 0x02 }, 2, -EINVAL },                   /* a copy of nothing */
		{ { 0xfd, 0xff, 0xff }, 3, -EINVAL },             /* too many symbols */
		{ { 0x05, 0x00, 0x00, 0x00, 0x00 }, 5, -ENODATA },
	};

	for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
		struct buffer b = { 0 };
		size_t used;

		CHECK_EQ(inflate(&state, cases[i].bytes, cases[i].n, collect, &b, &used),
			 cases[i].error);
		free(b.data);
	}
}
