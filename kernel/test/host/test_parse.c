#include "test/host/unit.h"

#include "abi/errno.h"
#include "lib/parse.h"

static int u(const char *s, unsigned base, u64 *v)
{
	return parse_u64(s, base, v, NULL);
}

TEST(parse_unsigned)
{
	const char *end, *s = "0x1fg";
	u64 v = 99;
	u32 w;

	CHECK_EQ(u("0", 10, &v), 0);
	CHECK_EQ(v, 0);
	CHECK_EQ(u("18446744073709551615", 10, &v), 0);
	CHECK_EQ(v, ~0ULL);
	CHECK_EQ(u("18446744073709551616", 10, &v), -ERANGE);
	CHECK_EQ(u("99999999999999999999999", 10, &v), -ERANGE);
	CHECK_EQ(v, ~0ULL);
	CHECK_EQ(u("12\n", 10, &v), 0);
	CHECK_EQ(v, 12);
	CHECK_EQ(u("12\n\n", 10, &v), -EINVAL);
	CHECK_EQ(u("", 10, &v), -EINVAL);
	CHECK_EQ(u(" 1", 10, &v), -EINVAL);
	CHECK_EQ(u("-1", 10, &v), -EINVAL);
	CHECK_EQ(u("0x1F", 0, &v), 0);
	CHECK_EQ(v, 31);
	CHECK_EQ(u("0x1F", 16, &v), 0);
	CHECK_EQ(u("0755", 0, &v), 0);
	CHECK_EQ(v, 0755);
	CHECK_EQ(u("08", 0, &v), -EINVAL);
	CHECK_EQ(u("0x", 0, &v), -EINVAL);
	CHECK_EQ(u("zz", 36, &v), 0);
	CHECK_EQ(v, 35 * 36 + 35);
	CHECK_EQ(parse_u64(s, 0, &v, &end), 0);
	CHECK(end == s + 4 && v == 31);
	CHECK_EQ(parse_u32("4294967295", 10, &w, NULL), 0);
	CHECK_EQ(w, ~0u);
	CHECK_EQ(parse_u32("4294967296", 10, &w, NULL), -ERANGE);
}

TEST(parse_signed)
{
	s64 v;
	s32 w;

	CHECK_EQ(parse_s64("-9223372036854775808", 10, &v, NULL), 0);
	CHECK_EQ(v, 1ULL << 63);
	CHECK_EQ(parse_s64("-9223372036854775809", 10, &v, NULL), -ERANGE);
	CHECK_EQ(parse_s64("9223372036854775808", 10, &v, NULL), -ERANGE);
	CHECK_EQ(parse_s64("+5", 10, &v, NULL), 0);
	CHECK_EQ(v, 5);
	CHECK_EQ(parse_s64("-", 10, &v, NULL), -EINVAL);
	CHECK_EQ(parse_s64("+-5", 10, &v, NULL), -EINVAL);
	CHECK_EQ(parse_s32("-2147483648", 10, &w, NULL), 0);
	CHECK_EQ(parse_s32("2147483648", 10, &w, NULL), -ERANGE);
}

TEST(parse_sizes)
{
	const char *end;
	u64 v;

	CHECK_EQ(parse_size("64K", &v, NULL), 0);
	CHECK_EQ(v, 65536);
	CHECK_EQ(parse_size("2g", &v, NULL), 0);
	CHECK_EQ(v, 2ULL << 30);
	CHECK_EQ(parse_size("7", &v, NULL), 0);
	CHECK_EQ(v, 7);
	CHECK_EQ(parse_size("17179869184g", &v, NULL), -ERANGE);
	CHECK_EQ(parse_size("64KB", &v, NULL), -EINVAL);
	CHECK_EQ(parse_size("1m,x", &v, &end), 0);
	CHECK_STR(end, ",x");
	CHECK_EQ(v, 1 << 20);
}

TEST(parse_command_line)
{
	const char *line = " root=/dev/sda2 quiet console=\"a b\" root=/dev/sdb1 x=\n";
	char buf[10];

	CHECK_EQ(parse_cmdline_value(line, "root", buf, sizeof(buf)), 9);
	CHECK_STR(buf, "/dev/sdb1");
	CHECK_EQ(parse_cmdline_value(line, "root", buf, 9), -ERANGE);
	CHECK_EQ(parse_cmdline_value(line, "quiet", buf, sizeof(buf)), 0);
	CHECK_STR(buf, "");
	CHECK_EQ(parse_cmdline_value(line, "console", buf, sizeof(buf)), 3);
	CHECK_STR(buf, "a b");
	CHECK_EQ(parse_cmdline_value(line, "x", buf, sizeof(buf)), 0);
	CHECK_EQ(parse_cmdline_value(line, "roo", buf, sizeof(buf)), -ENOENT);
	CHECK_EQ(parse_cmdline_value("", "a", buf, sizeof(buf)), -ENOENT);
}
