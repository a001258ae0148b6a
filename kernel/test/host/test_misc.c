/* Rings, sorting, UTF-8, UUIDs, calendars, device numbers. */
#include "test/host/unit.h"

#include "abi/errno.h"
#include "abi/kdev.h"
#include "lib/bcd.h"
#include "lib/civil.h"
#include "lib/ctype.h"
#include "lib/ring.h"
#include "lib/sort.h"
#include "lib/utf8.h"
#include "lib/uuid.h"

TEST(ring_follows_model)
{
	u8 storage[64], in[80], out[80], next_in = 0, next_out = 0;
	u32 used = 0, n, want;
	struct ring r;

	ring_init(&r, storage, sizeof(storage));
	r.head = r.tail = ~0u - 100;	/* the counters wrap on the way */
	for (int i = 0; i < 20000; i++) {
		want = (u32)unit_below(sizeof(in) + 1);
		switch (unit_below(4)) {
		case 0:
			for (u32 k = 0; k < want; k++)
				in[k] = (u8)(next_in + k);
			n = ring_write(&r, in, want);
			CHECK_EQ(n, min(want, 64 - used));
			next_in = (u8)(next_in + n);
			used += n;
			break;
		case 1:
			n = ring_read(&r, out, want);
			CHECK_EQ(n, min(want, used));
			for (u32 k = 0; k < n; k++)
				CHECK_EQ(out[k], (u8)(next_out + k));
			next_out = (u8)(next_out + n);
			used -= n;
			break;
		case 2:
			n = ring_peek(&r, want, out, 5);
			CHECK_EQ(n, want >= used ? 0 : min(5u, used - want));
			for (u32 k = 0; k < n; k++)
				CHECK_EQ(out[k], (u8)(next_out + want + k));
			break;
		case 3:
			n = ring_skip(&r, want % 4);
			next_out = (u8)(next_out + n);
			used -= n;
			break;
		}
		CHECK_EQ(ring_used(&r), used);
		CHECK_EQ(ring_space(&r), 64 - used);
	}
}

TEST(ring_bytes_and_spans)
{
	u8 storage[8], b;
	struct ring r;
	u32 len;

	ring_init(&r, storage, 8);
	CHECK(!ring_get(&r, &b));
	for (u8 i = 0; i < 8; i++)
		CHECK(ring_put(&r, i));
	CHECK(!ring_put(&r, 9) && ring_full(&r));
	CHECK(ring_get(&r, &b) && b == 0);
	CHECK_EQ(ring_skip(&r, 4), 4);
	CHECK(ring_write_span(&r, &len) == storage);
	CHECK_EQ(len, 5);
	storage[0] = 77;
	ring_produce(&r, 1);
	CHECK(ring_read_span(&r, &len) == storage + 5);
	CHECK_EQ(len, 3);
	ring_skip(&r, 3);
	CHECK(ring_get(&r, &b) && b == 77);
	CHECK(ring_empty(&r));
	ring_put(&r, 1);
	ring_reset(&r);
	CHECK(ring_empty(&r));
}

static int u32_cmp(const void *a, const void *b)
{
	u32 x = *(const u32 *)a, y = *(const u32 *)b;

	return x < y ? -1 : x > y;
}

TEST(sort_sorts)
{
	u32 a[300], b[300], key;

	for (int round = 0; round < 200; round++) {
		size_t n = unit_below(300);

		for (size_t i = 0; i < n; i++)
			a[i] = b[i] = (u32)unit_below(round % 2 ? 10 : 1u << 31);
		sort(a, n, sizeof(*a), u32_cmp);
		qsort(b, n, sizeof(*b), u32_cmp);
		CHECK(n == 0 || memcmp(a, b, n * sizeof(*a)) == 0);
		for (size_t i = 0; i < n; i++) {
			u32 *found = bsearch(&a[i], a, n, sizeof(*a), u32_cmp);

			CHECK(found && *found == a[i]);
		}
		key = ~0u;
		CHECK(!bsearch(&key, a, n, sizeof(*a), u32_cmp));
	}
}

TEST(utf8_round_trip)
{
	char out[4];
	u32 code;

	for (u32 c = 0; c <= 0x110000; c++) {
		size_t n = utf8_encode(c, out);

		if (c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff)) {
			CHECK_EQ(n, 0);
			continue;
		}
		if (utf8_decode(out, n, &code) != n || code != c)
			unit_fail(__FILE__, __LINE__, "U+%04x does not come back", c);
	}
}

TEST(utf8_refuses)
{
	static const char *const bad[] = { "\x80", "\xc0\x80", "\xc1\xbf", "\xe0\x80\x80",
		"\xed\xa0\x80", "\xf0\x80\x80\x80", "\xf4\x90\x80\x80", "\xf8\x88\x80\x80",
		"\xe2\x82", "\xe2x", "\xff" };
	struct utf8_state s = { 0 };
	u32 code;

	for (unsigned i = 0; i < ARRAY_SIZE(bad); i++) {
		code = 0;
		CHECK_EQ(utf8_decode(bad[i], strlen(bad[i]), &code), 1);
		CHECK_EQ(code, UTF8_REPLACEMENT);
	}
	CHECK_EQ(utf8_decode("", 0, &code), 0);
	CHECK_EQ(utf8_feed(&s, 0xe2, &code), UTF8_MORE);
	CHECK_EQ(utf8_feed(&s, 'x', &code), UTF8_BAD_AGAIN);
	CHECK_EQ(utf8_feed(&s, 'x', &code), UTF8_DONE);
	CHECK_EQ(code, 'x');
	CHECK_EQ(utf8_width('a'), 1);
	CHECK_EQ(utf8_width(0x4e2d), 2);
	CHECK_EQ(utf8_width(0x301), 0);
	CHECK_EQ(utf8_width('\n'), 0);
}

TEST(uuid_text_and_guid)
{
	/* The EFI system partition's type, as it stands on a disk. */
	static const u8 guid[16] = { 0x28, 0x73, 0x2a, 0xc1, 0x1f, 0xf8, 0xd2, 0x11, 0xba, 0x4b,
				     0x00, 0xa0, 0xc9, 0x3e, 0xc9, 0x3b };
	static const char text[] = "c12a7328-f81f-11d2-ba4b-00a0c93ec93b";
	struct uuid u, v, w = { { 0 } };
	char buf[UUID_TEXT_SIZE];

	uuid_from_guid(guid, &u);
	uuid_format(&u, buf);
	CHECK_STR(buf, text);
	CHECK_EQ(uuid_parse("C12A7328-F81F-11D2-BA4B-00A0C93EC93B rest", &v), 0);
	CHECK(uuid_equal(&u, &v) && !uuid_is_null(&v) && uuid_is_null(&w));
	CHECK_EQ(uuid_parse("c12a7328-f81f-11d2-ba4b-00a0c93ec93", &v), -EINVAL);
	CHECK_EQ(uuid_parse("c12a7328+f81f-11d2-ba4b-00a0c93ec93b", &v), -EINVAL);
	CHECK_EQ(uuid_parse("", &v), -EINVAL);
	uuid_from_guid(u.b, &v);
	CHECK(memcmp(v.b, guid, 16) == 0);
	uuid_make_v4(guid, &v);
	CHECK_EQ(v.b[6] >> 4, 4);
	CHECK_EQ(v.b[8] >> 6, 2);
}

TEST(civil_agrees_with_libc)
{
	struct civil c;
	struct tm tm;

	for (int i = 0; i < 100000; i++) {
		s64 t = (s64)unit_below(400ULL * 1000000000) - 100000000000LL;
		time_t tt = t;

		civil_from_epoch(t, &c);
		gmtime_r(&tt, &tm);
		CHECK(civil_is_valid(&c));
		CHECK_EQ(civil_to_epoch(&c), t);
		if (c.year != tm.tm_year + 1900 || c.month != tm.tm_mon + 1 ||
		    c.day != tm.tm_mday || c.hour != tm.tm_hour || c.minute != tm.tm_min ||
		    c.second != tm.tm_sec || c.weekday != tm.tm_wday || c.yearday != tm.tm_yday)
			unit_fail(__FILE__, __LINE__, "%" PRId64 " differs from libc", t);
	}
}

TEST(civil_validity)
{
	struct civil c = { .year = 2024, .month = 2, .day = 29 };

	CHECK(civil_is_valid(&c));
	c.year = 2023;
	CHECK(!civil_is_valid(&c));
	c.year = 1900;
	CHECK(!civil_is_valid(&c));
	c.year = 2000;
	CHECK(civil_is_valid(&c));
	c.month = 13;
	CHECK(!civil_is_valid(&c));
	c.month = 0;
	CHECK(!civil_is_valid(&c));
	CHECK_EQ(civil_to_days(1970, 1, 1), 0);
}

TEST(bcd_and_ctype)
{
	for (unsigned i = 0; i < 100; i++)
		CHECK_EQ(bcd_to_bin(bcd_from_bin(i)), i);
	CHECK_EQ(bcd_from_bin(59), 0x59);
	CHECK_EQ(char_hex_value('F'), 15);
	CHECK_EQ(char_hex_value('g'), -1);
	CHECK(char_is_space('\v') && !char_is_space(0) && char_is_print('~') &&
	      !char_is_print(127));
}

TEST(device_numbers)
{
	u32 d = dev_make(8, 1), big = dev_make(0xfff, 0xfffff);

	CHECK_EQ(d, 0x801);
	CHECK_EQ(dev_major(big), 0xfff);
	CHECK_EQ(dev_minor(big), 0xfffff);
	CHECK_EQ(dev_make(259, 300), 0x11032c);
	CHECK(dev_is_old(d) && !dev_is_old(big));
	CHECK_EQ(dev_decode_old(dev_encode_old(d)), d);
}

/* The runner of the tests passes TEST_FULL on, and a variable that is set to nothing is not set. */
TEST(full_form_when_asked_for)
{
	const char *was = getenv("TEST_FULL");
	bool full = unit_full_form();

	CHECK_EQ(full, was && was[0]);
	setenv("TEST_FULL", "", 1);
	CHECK(!unit_full_form());
	setenv("TEST_FULL", "1", 1);
	CHECK(unit_full_form());
	unsetenv("TEST_FULL");
	CHECK(!unit_full_form());
	if (full)
		setenv("TEST_FULL", "1", 1);
}
