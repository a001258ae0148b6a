/* Archives, in pieces of all sizes, and damaged ones. */
#include "test/host/unit.h"

#include "abi/errno.h"
#include "abi/stat.h"
#include "lib/cpio.h"

struct seen {
	char text[4096]; /* a line for each entry */
	size_t n, bytes;
	u32 sum;
};

static int on_entry(void *arg, const struct cpio_entry *e)
{
	struct seen *s = arg;
	size_t room = sizeof(s->text) - s->n;

	CHECK(strlen(e->name) < CPIO_NAME_MAX);
	if (room > 400)
		s->n += (size_t)sprintf(s->text + s->n, "%.100s %o %u %.100s\n", e->name, e->mode,
					e->size, e->target ? e->target : "-");
	s->bytes = 0;
	return 0;
}

static int on_data(void *arg, const u8 *data, size_t n)
{
	struct seen *s = arg;

	s->bytes += n;
	for (size_t i = 0; i < n; i++)
		s->sum = s->sum * 31 + data[i];
	return 0;
}

static int on_end(void *arg, const struct cpio_entry *e)
{
	struct seen *s = arg;

	CHECK_EQ(s->bytes, S_ISREG(e->mode) ? e->size : 0);
	return 0;
}

static const struct cpio_ops ops = { .entry = on_entry, .data = on_data, .end = on_end };
static struct cpio cpio;

struct archive { u8 data[32768]; size_t n; };

static void pad(struct archive *a)
{
	while (a->n % 4)
		a->data[a->n++] = 0;
}

static void add(struct archive *a, char kind, const char *name, u32 mode, const void *data, u32 n)
{
	u32 sum = 0;

	for (u32 i = 0; i < n; i++)
		sum += ((const u8 *)data)[i];
	a->n += (size_t)sprintf((char *)a->data + a->n,
				"07070%c%08X%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x", kind,
				7u, mode, 1u, 2u, 1u, 1000u, n, 8u, 1u, 4u, 5u,
				(u32)strlen(name) + 1, kind == '2' ? sum : 0);
	memcpy(a->data + a->n, name, strlen(name) + 1);
	a->n += strlen(name) + 1;
	pad(a);
	memcpy(a->data + a->n, data, n);
	a->n += n;
	pad(a);
}

/* An archive of a small tree. */
static u8 *archive_make(char kind, size_t *n)
{
	static struct archive a;
	static const u8 large[9999];

	a.n = 0;
	add(&a, kind, ".", 040755, "", 0);
	add(&a, kind, "dir", 040755, "", 0);
	add(&a, kind, "dir/file", 0100644, "", 0);
	add(&a, kind, "dir/twin", 0100644, "hello\n", 6);
	add(&a, kind, "empty", 0104750, "", 0);
	add(&a, kind, "large", 0100644, large, sizeof(large));
	add(&a, kind, "link", 0120777, "dir/file", 8);
	add(&a, kind, "pipe", 010644, "", 0);
	add(&a, kind, "odd", 040755, "a directory with bytes", 22);
	add(&a, kind, "TRAILER!!!", 0, "", 0);
	memset(a.data + a.n, 0, 300);
	*n = a.n + 300;
	return memcpy(malloc(*n), a.data, *n);
}

static const char expected[] =
	". 40755 0 -\ndir 40755 0 -\ndir/file 100644 0 -\ndir/twin 100644 6 -\n"
	"empty 104750 0 -\nlarge 100644 9999 -\nlink 120777 8 dir/file\npipe 10644 0 -\n"
	"odd 40755 22 -\n";

/* As foreign data may come: by `step` bytes at a time. */
static ssize_t feed_by(const u8 *data, size_t n, size_t step, struct seen *s)
{
	ssize_t done = 0;

	memset(s, 0, sizeof(*s));
	cpio_init(&cpio, &ops, s);
	for (size_t at = 0; at < n && cpio.state != CPIO_DONE; at += (size_t)done) {
		size_t part = min(step, n - at);
		u8 *copy = malloc(part);

		memcpy(copy, data + at, part);
		done = cpio_feed(&cpio, copy, part);
		free(copy);
		if (done < 0)
			return done;
	}
	return 0;
}

static void check_format(char kind)
{
	static const size_t steps[] = { 1, 3, 109, 110, 111, 512, 100000 };
	size_t n;
	u8 *data = archive_make(kind, &n);

	for (unsigned i = 0; i < ARRAY_SIZE(steps); i++) {
		struct seen s;

		CHECK_EQ(feed_by(data, n, steps[i], &s), 0);
		CHECK_EQ(cpio.state, CPIO_DONE);
		CHECK_STR(s.text, expected);
	}
	free(data);
}

TEST(archives_of_both_formats)
{
	check_format('1');
	check_format('2');
}

TEST(the_old_format_is_refused)
{
	struct seen s;
	size_t n;
	u8 *data = archive_make('7', &n);

	CHECK_EQ(feed_by(data, n, n, &s), -EINVAL);
	CHECK(cpio.why && strstr(cpio.why, "old"));
	free(data);
}

TEST(a_wrong_sum_is_found)
{
	struct seen s;
	size_t n;
	u8 *data = archive_make('2', &n);

	for (size_t i = 0; i + 5 < n; i++)
		if (!memcmp(data + i, "hello", 5))
			data[i] ^= 1;
	CHECK_EQ(feed_by(data, n, n, &s), -EINVAL);
	CHECK(cpio.why && strstr(cpio.why, "sum"));
	free(data);
}

TEST(no_damage_does_harm)
{
	size_t n;
	u8 *data = archive_make('1', &n);
	struct seen s;

	for (unsigned i = 0; i < 20000; i++) {
		size_t at = unit_below(n < 1200 ? n : 1200);
		u8 old = data[at];

		data[at] = (u8)unit_rand();
		(void)feed_by(data, n, 1 + unit_below(n), &s);
		data[at] = old;
	}
	free(data);
}
