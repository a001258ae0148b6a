#include "test/host/unit.h"

#include "lib/format.h"
#include "lib/string.h"

/* Prints with both, into equally small buffers, and compares everything. */
static void same(const char *fmt, ...)
{
	static const size_t sizes[] = { 0, 1, 2, 7, 256 };
	char ours[256], theirs[256];

	for (unsigned i = 0; i < ARRAY_SIZE(sizes); i++) {
		va_list a, b;
		int n, m;

		memset(ours, 'z', sizeof(ours));
		memset(theirs, 'z', sizeof(theirs));
		va_start(a, fmt);
		va_copy(b, a);
		n = vsnprintf(ours, sizes[i], fmt, a);
		m = host_vsnprintf(theirs, sizes[i], fmt, b);
		va_end(a);
		va_end(b);
		if (n != m || memcmp(ours, theirs, sizeof(ours)) != 0)
			unit_fail(__FILE__, __LINE__, "\"%s\": %d \"%.*s\", not %d \"%.*s\"", fmt,
				  n, 40, ours, m, 40, theirs);
	}
}

static const char *const flags[] = { "", "-", "0", "#", "+", " ", "-#", "0#", "-+", "0 ", "+#0" };
static const char *const widths[] = { "", "1", "5", "12", ".", ".0", ".3", "8.3", "3.8", "24.20" };

TEST(format_integers_as_libc)
{
	static const u64 values[] = { 0, 1, 7, 8, 255, 4096, 0x7fffffff, 0x80000000, 0xffffffff,
				      0x7fffffffffffffff, 0x8000000000000000, ~0ULL };
	static const char *const lengths[] = { "hh", "h", "", "l", "ll", "z", "j", "t" };
	char fmt[64];

	for (unsigned f = 0; f < ARRAY_SIZE(flags); f++)
	for (unsigned w = 0; w < ARRAY_SIZE(widths); w++)
	for (unsigned l = 0; l < ARRAY_SIZE(lengths); l++)
	for (const char *c = "diuxXo"; *c; c++) {
		sprintf(fmt, "<%%%s%s%s%c>", flags[f], widths[w], lengths[l], *c);
		for (unsigned v = 0; v < ARRAY_SIZE(values); v++)
			same(fmt, values[v]);
	}
}

TEST(format_strings_as_libc)
{
	char fmt[64];

	for (unsigned w = 0; w < ARRAY_SIZE(widths); w++) {
		sprintf(fmt, "<%%%ss|%%-%ss>", widths[w], widths[w]);
		same(fmt, "hello", "");
		same(fmt, "a longer string than any width", "x");
	}
	same("%c%5c%-5c|", 'a', 'b', 'c');
	same("100%% %s", "sure");
	same("%*d|%-*d|%.*d|%.*s", 6, 42, -6, 42, 4, 42, 2, "abcdef");
	same("%*d|%.*d", -6, 42, -1, 0);
	same("plain");
	same("");
}

TEST(format_unterminated_string_with_precision)
{
	char *exact = malloc(3);
	char buf[16];

	memcpy(exact, "abc", 3);
	snprintf(buf, sizeof(buf), "%.3s", exact);
	CHECK_STR(buf, "abc");
	free(exact);
}

TEST(format_own_ways)
{
	const char *volatile null = NULL;
	const char *volatile unknown = "%y %5", *volatile digits = "%99999999999d";
	char buf[64];

	snprintf(buf, sizeof(buf), "%p", (void *)0xffffffff80001000);
	CHECK_STR(buf, "0xffffffff80001000");
	snprintf(buf, sizeof(buf), "%20p|%-20p|", (void *)1, (void *)2);
	CHECK_STR(buf, "  0x0000000000000001|0x0000000000000002  |");
	snprintf(buf, sizeof(buf), "%s", null);
	CHECK_STR(buf, "(null)");
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
#pragma GCC diagnostic ignored "-Wformat-security"
	snprintf(buf, sizeof(buf), unknown);
	CHECK_STR(buf, "%y %5");
	CHECK(snprintf(buf, sizeof(buf), digits, 1) > 0);
#pragma GCC diagnostic pop
	CHECK_EQ(scnprintf(buf, 5, "%s", "abcdefgh"), 4);
	CHECK_EQ(scnprintf(buf, 0, "%s", "abcdefgh"), 0);
	CHECK_EQ(scnprintf(buf, 20, "%d", 42), 2);
}

TEST(format_plain_digits)
{
	char buf[21] = { 0 };

	CHECK_EQ(format_u64_dec(buf, ~0ULL), 20);
	CHECK_STR(buf, "18446744073709551615");
	memset(buf, 0, sizeof(buf));
	CHECK_EQ(format_u64_dec(buf, 0), 1);
	CHECK_STR(buf, "0");
	CHECK_EQ(format_u64_hex(buf, 0xdeadbeef), 8);
	CHECK_STR(buf, "deadbeef");
}

struct collect {
	struct format_sink sink;
	char text[64];
	size_t len;
};

static void collect_write(struct format_sink *sink, const char *s, size_t len)
{
	struct collect *c = container_of(sink, struct collect, sink);

	memcpy(c->text + c->len, s, len);
	c->len += len;
}

TEST(format_streams)
{
	struct collect c = { .sink = { .write = collect_write } };

	CHECK_EQ(format_to(&c.sink, "ahci%d: %s [%08x]", 0, "ready", 0xbeefu), 23);
	CHECK_STR(c.text, "ahci0: ready [0000beef]");
}
