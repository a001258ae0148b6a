/* Names, times and boot sectors of FAT, as pure functions. */
#include "test/host/unit.h"

#include "abi/errno.h"
#include "fs/fat/fat_check.h"
#include "fs/fat/fat_name.h"
#include "fs/fat/fat_time.h"
#include "lib/civil.h"

static const struct fat_names mixed = { FAT_UTF8, &codepage_437, FAT_SHORT_MIXED, false };

static u32 decode(const char *text, u16 *out)
{
	int n = fat_text_decode(FAT_UTF8, text, (u32)strlen(text), out);

	CHECK(n >= 0);
	return n < 0 ? 0 : (u32)n;
}

TEST(text)
{
	u16 name[FAT_LONG_MAX];
	char back[800], big[300];

	CHECK_EQ(decode("a\xc3\xa4\xe2\x82\xac\xf0\x9f\x90\xa7", name), 5);
	CHECK_EQ(name[1], 0xe4);
	CHECK_EQ(name[2], 0x20ac);
	CHECK_EQ(name[3], 0xd83d);
	CHECK_EQ(fat_text_encode(FAT_UTF8, name, 5, back, sizeof(back)), 10);
	CHECK_EQ(fat_text_encode(FAT_UTF8, name, 5, back, 9), 0);
	CHECK_EQ(fat_text_encode(FAT_UTF8, name, 4, back, sizeof(back)), 0);
	CHECK_EQ(fat_text_encode(FAT_LATIN1, name, 2, back, sizeof(back)), 2);
	CHECK_EQ(fat_text_encode(FAT_LATIN1, name, 3, back, sizeof(back)), 0);
	CHECK_EQ(fat_text_encode(FAT_ASCII, name, 2, back, sizeof(back)), 0);
	CHECK_EQ(fat_text_decode(FAT_UTF8, "\xff", 1, name), -EINVAL);
	CHECK_EQ(fat_text_decode(FAT_UTF8, "\xed\xa0\x80", 3, name), -EINVAL);
	CHECK_EQ(fat_text_decode(FAT_UTF8, "\xef\xbf\xbd", 3, name), 1);
	CHECK_EQ(fat_text_decode(FAT_ASCII, "\xe4", 1, name), -EINVAL);
	memset(big, 'x', sizeof(big));
	CHECK_EQ(fat_text_decode(FAT_UTF8, big, 255, name), 255);
	CHECK_EQ(fat_text_decode(FAT_UTF8, big, 256, name), -ENAMETOOLONG);
	CHECK_EQ(fat_text_strip("a.b..", 5), 3);
	CHECK_EQ(fat_text_strip("...", 3), 0);
}

TEST(equal)
{
	struct fat_names latin = mixed, exact = mixed;
	u16 a[FAT_LONG_MAX], b[FAT_LONG_MAX];

	latin.charset = FAT_LATIN1;
	exact.exact = true;
	CHECK(fat_name_equal(&mixed, a, decode("README.txt", a), b, decode("readme.TXT", b)));
	CHECK(!fat_name_equal(&exact, a, decode("README", a), b, decode("readme", b)));
	CHECK(!fat_name_equal(&mixed, a, decode("\xc3\x84", a), b, decode("\xc3\xa4", b)));
	CHECK(fat_name_equal(&latin, a, decode("\xc3\x84", a), b, decode("\xc3\xa4", b)));
	CHECK(!fat_name_equal(&latin, a, decode("\xc3\x97", a), b, decode("\xc3\xb7", b)));
	CHECK(!fat_name_equal(&mixed, a, decode("ab", a), b, decode("abc", b)));
}

TEST(long_names)
{
	static const char text[] = "A long file name, in three slots of it.text";
	struct fat_slot slots[FAT_SLOTS_MAX];
	struct fat_long l = { .open = false };
	u8 short_name[11] = "ALONGF~1TEX";
	u16 name[FAT_LONG_MAX];
	u32 n = decode(text, name), k = fat_long_slots(n);
	u8 sum = fat_short_checksum(short_name);

	CHECK_EQ(k, 4);
	for (u32 i = 0; i < k; i++)
		fat_long_slot(name, n, k - i, sum, &slots[i]);
	CHECK_EQ(slots[0].id, 4 | FAT_SLOT_LAST);
	for (u32 i = 0; i < k; i++)
		fat_long_feed(&l, &slots[i], i * 32);
	CHECK_EQ(fat_long_end(&l, short_name), n);
	CHECK(memcmp(l.text, name, n * 2) == 0);
	CHECK_EQ(fat_long_end(&l, short_name), 0);
	/* One is missing, one comes twice, another's checksum, another's entry. */
	for (u32 bad = 0; bad < 4; bad++) {
		struct fat_slot odd = slots[1];

		odd.checksum = (u8)(odd.checksum + (bad == 2));
		fat_long_feed(&l, &slots[0], 0);
		if (bad)
			fat_long_feed(&l, &odd, 32);
		if (bad == 1)
			fat_long_feed(&l, &odd, 32);
		fat_long_feed(&l, &slots[2], 64);
		fat_long_feed(&l, &slots[3], 96);
		if (bad == 3)
			short_name[0]++;
		CHECK_EQ(fat_long_end(&l, short_name), 0);
	}
}

/* A slash, and names that mean something else, are no names. */
TEST(long_names_hostile)
{
	static const char *const bad[] = { "a/b", ".", ".." };
	u8 short_name[11] = "AB         ";

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct fat_long l = { .open = false };
		struct fat_slot slot;
		u16 name[FAT_LONG_MAX];

		fat_long_slot(name, decode(bad[i], name), 1, fat_short_checksum(short_name), &slot);
		fat_long_feed(&l, &slot, 0);
		CHECK_EQ(fat_long_end(&l, short_name), 0);
	}
}

static void check_alias(const char *text, const char *want, bool fits)
{
	struct fat_alias alias;
	u16 name[FAT_LONG_MAX];
	char got[12] = "";

	CHECK_EQ(fat_alias_make(&codepage_437, name, decode(text, name), &alias), 0);
	memcpy(got, alias.name, 11);
	CHECK_STR(got, want);
	CHECK_EQ(alias.fits, fits);
}

TEST(aliases)
{
	struct fat_alias alias;
	u16 name[FAT_LONG_MAX];
	u8 lcase;

	check_alias("readme.txt", "README  TXT", true);
	check_alias("longer than that.text", "LONGERTHTEX", false);
	check_alias(".bashrc", "BASHRC     ", false);
	check_alias("a.b.c", "AB      C  ", false);
	check_alias("a+b;c", "A_B_C      ", false);
	check_alias("\xc3\xa4.txt", "\x8e       TXT", true);
	check_alias("\xe2\x82\xac.txt", "_       TXT", false);
	check_alias("\xcf\x83.x", "\x05       X  ", true); /* sigma is 0xe5 */
	CHECK_EQ(fat_alias_make(&codepage_437, name, decode(". .", name), &alias), -EINVAL);
	CHECK_EQ(fat_alias_make(&codepage_437, name, decode("abcdefghi", name), &alias), 0);
	fat_alias_tail(&alias, 3, 0);
	CHECK(memcmp(alias.name, "ABCDEF~3   ", 11) == 0);
	fat_alias_tail(&alias, 10, 0x1a2b);
	CHECK(memcmp(alias.name, "AB1A2B~2   ", 11) == 0);
	CHECK_EQ(fat_alias_make(&codepage_437, name, decode("lower.TXT", name), &alias), 0);
	CHECK(!fat_alias_alone(&alias, FAT_SHORT_MIXED, &lcase));
	CHECK(fat_alias_alone(&alias, FAT_SHORT_WINNT, &lcase));
	CHECK_EQ(lcase, FAT_LCASE_BASE);
	CHECK_EQ(fat_alias_make(&codepage_437, name, decode("Mixed.txt", name), &alias), 0);
	CHECK(!fat_alias_alone(&alias, FAT_SHORT_WINNT, &lcase));
	CHECK_EQ(fat_alias_make(&codepage_437, name, decode("UPPER.TXT", name), &alias), 0);
	CHECK(fat_alias_alone(&alias, FAT_SHORT_MIXED, &lcase) && lcase == 0);
}

static void check_short(const char *raw, u8 lcase, enum fat_shortname how, const char *want)
{
	struct fat_names names = mixed;
	struct fat_dirent de = { .lcase = lcase };
	u16 text[FAT_SHORT_CHARS + 1];
	char got[40] = "";
	u32 n;

	names.shortname = how;
	memcpy(de.name, raw, 11);
	n = fat_short_decode(&names, &de, text);
	fat_text_encode(FAT_UTF8, text, n, got, sizeof(got) - 1);
	CHECK_STR(got, want);
}

TEST(short_names)
{
	check_short("README  TXT", 0, FAT_SHORT_MIXED, "README.TXT");
	check_short("README  TXT", FAT_LCASE_BASE, FAT_SHORT_MIXED, "readme.TXT");
	check_short("README  TXT", FAT_LCASE_EXT, FAT_SHORT_WIN95, "README.TXT");
	check_short("README     ", 0, FAT_SHORT_LOWER, "readme");
	check_short("\x05       X  ", 0, FAT_SHORT_MIXED, "\xcf\x83.X");
	check_short("\x8e       TXT", 0, FAT_SHORT_LOWER, "\xc3\xa4.txt");
	check_short("A/B     TXT", 0, FAT_SHORT_MIXED, "");
	check_short("        TXT", 0, FAT_SHORT_MIXED, "");
}

TEST(msdos)
{
	struct fat_dirent de = { .attr = FAT_ATTR_HIDDEN };
	char shown[16];
	u8 name[11];
	u32 n;

	CHECK_EQ(fat_msdos_encode("Readme.text", 11, FAT_CHECK_NORMAL, false, name), 0);
	CHECK(memcmp(name, "README  TEX", 11) == 0);
	CHECK_EQ(fat_msdos_encode("Readme.text", 11, FAT_CHECK_STRICT, false, name), -EINVAL);
	CHECK_EQ(fat_msdos_encode("a*b", 3, FAT_CHECK_NORMAL, false, name), -EINVAL);
	CHECK_EQ(fat_msdos_encode("a*b", 3, FAT_CHECK_RELAXED, false, name), 0);
	CHECK_EQ(fat_msdos_encode(".x", 2, FAT_CHECK_NORMAL, false, name), -EINVAL);
	CHECK_EQ(fat_msdos_encode(".x", 2, FAT_CHECK_NORMAL, true, name), 0);
	memcpy(de.name, name, 11);
	n = fat_msdos_decode(&de, true, false, shown);
	CHECK(n == 2 && memcmp(shown, ".x", 2) == 0);
	memcpy(de.name, "README  TXT", 11);
	n = fat_msdos_decode(&de, false, true, shown);
	CHECK(n == 10 && memcmp(shown, "README.TXT", 10) == 0);
}

TEST(times)
{
	struct civil c = { .year = 2024, .month = 2, .day = 29, .hour = 23, .minute = 59,
			   .second = 58 };
	s64 seconds = civil_to_epoch(&c);
	u16 date, time;

	fat_time_encode(seconds + 1, 0, &date, &time);
	CHECK_EQ(date, 44 << 9 | 2 << 5 | 29);
	CHECK_EQ(fat_time_decode(date, time, 0), seconds);
	CHECK_EQ(fat_time_decode(date, time, 3600), seconds + 3600);
	CHECK_EQ(fat_time_day(seconds, 0), seconds - (86400 - 2));
	CHECK_EQ(fat_time_day(seconds, -3600), seconds - (3600 - 2));
	fat_time_encode(0, 0, &date, &time);
	CHECK(date == (1 << 5 | 1) && time == 0);
	fat_time_encode(1ll << 40, 0, &date, &time);
	CHECK_EQ(date >> 9, 127);
	for (u32 i = 0; i < 0x10000; i++) { /* every one is some time */
		s64 t = fat_time_decode((u16)i, (u16)(i * 7), 0);

		fat_time_encode(t, 0, &date, &time);
		CHECK_EQ(fat_time_decode(date, time, 0), t);
	}
}

TEST(boot_sectors)
{
	struct fat_boot good = { .sector_size = 512, .sectors_per_cluster = 4,
				 .reserved_sectors = 1, .n_fats = 2, .root_entries = 512,
				 .sectors16 = 8000, .media = 0xf8, .fat_sectors16 = 8 }, b;
	u8 sector[512] = { 0 };
	struct fat_geo geo;

#define JUDGE(device) (memcpy(sector, &b, sizeof(b)), fat_check_boot(sector, device, &geo))
	b = good;
	CHECK(JUDGE(8000) == NULL);
	CHECK_EQ(geo.width, 12);
	CHECK_EQ(geo.data_start, 1 + 16 + 32);
	CHECK_EQ(geo.end_cluster, (8000 - 49) / 4 + 2);
	CHECK(!geo.cut);
	CHECK(JUDGE(4000) == NULL && geo.cut && geo.end_cluster == (4000 - 49) / 4 + 2);
	CHECK(JUDGE(40) != NULL);
	b.fat_sectors16 = 2; /* less than there are clusters */
	CHECK(JUDGE(8000) == NULL && geo.end_cluster == 1024 * 8 / 12);
	b = good;
	b.sectors16 = 0, b.sectors32 = 100000, b.fat_sectors16 = 100;
	CHECK(JUDGE(100000) == NULL && geo.width == 16);
	b = good;
	b.sector_size = 500;
	CHECK(JUDGE(8000) != NULL);
	b = good, b.sectors_per_cluster = 0;
	CHECK(JUDGE(8000) != NULL);
	b = good, b.reserved_sectors = 0;
	CHECK(JUDGE(8000) != NULL);
	b = good, b.n_fats = 0;
	CHECK(JUDGE(8000) != NULL);
	b = good, b.media = 1;
	CHECK(JUDGE(8000) != NULL);
	b = good, b.root_entries = 511;
	CHECK(JUDGE(8000) != NULL);
	b = good, b.fat_sectors16 = 0; /* FAT32, whose fields say nothing */
	CHECK(JUDGE(8000) != NULL);
#undef JUDGE
}

TEST(entries)
{
	struct fat_geo geo = { .width = 12, .end_cluster = 100 };

	CHECK_EQ(fat_entry_byte(&geo, 3), 4);
	CHECK_EQ(fat_entry_decode(&geo, 2, 0xabc5003 & 0xffff), 3);
	CHECK_EQ(fat_entry_decode(&geo, 3, 0x0050), 5);
	CHECK_EQ(fat_entry_decode(&geo, 3, 0xfff0), FAT_END);
	CHECK_EQ(fat_entry_decode(&geo, 3, 0xff70), FAT_BAD);
	CHECK_EQ(fat_entry_decode(&geo, 3, 0x0640), FAT_BAD);
	CHECK_EQ(fat_entry_encode(&geo, 3, 0xabcd, 0x123), 0x123d);
	CHECK_EQ(fat_entry_encode(&geo, 2, 0xabcd, 0x123), 0xa123);
	geo.width = 32;
	CHECK_EQ(fat_entry_decode(&geo, 3, 0xf0000005), 5);
	CHECK_EQ(fat_entry_encode(&geo, 3, 0xf0000005, FAT_END), 0xffffffff);
}
