#include "test/host/unit.h"

#include "lib/string.h"

static int sign(int v)
{
	return (v > 0) - (v < 0);
}

TEST(string_compares)
{
	CHECK_EQ(strlen(""), 0);
	CHECK_EQ(strlen("abc"), 3);
	CHECK_EQ(strnlen("abc", 2), 2);
	CHECK_EQ(strnlen("abc", 9), 3);
	CHECK_EQ(strcmp("a", "a"), 0);
	CHECK_EQ(sign(strcmp("a", "b")), -1);
	CHECK_EQ(sign(strcmp("ab", "a")), 1);
	CHECK_EQ(sign(strcmp("\xff", "a")), 1);
	CHECK_EQ(strncmp("abc", "abd", 2), 0);
	CHECK_EQ(sign(strncmp("abc", "abd", 3)), -1);
	CHECK_EQ(strncmp("a", "a", 99), 0);
	CHECK_EQ(strcasecmp("HeLLo", "hEllO"), 0);
	CHECK_EQ(strncasecmp("HELp", "helX", 3), 0);
	CHECK(sign(strcasecmp("a", "B")) < 0);
	CHECK(str_starts_with("root=/dev", "root="));
	CHECK(!str_starts_with("ro", "root="));
	CHECK(str_starts_with("x", ""));
}

TEST(string_searches)
{
	const char *s = "a/b/c";

	CHECK(strchr(s, '/') == s + 1);
	CHECK(strchr(s, 'x') == NULL);
	CHECK(strchr(s, '\0') == s + 5);
	CHECK(strchrnul(s, 'x') == s + 5);
	CHECK(strrchr(s, '/') == s + 3);
	CHECK(strrchr(s, '\0') == s + 5);
	CHECK(strrchr(s, 'x') == NULL);
	CHECK(strstr(s, "b/") == s + 2);
	CHECK(strstr(s, "") == s);
	CHECK(strstr(s, "/c/") == NULL);
	CHECK(strstr("aaab", "aab"));
	CHECK_EQ(strspn("  x", " "), 2);
	CHECK_EQ(strcspn(s, "/"), 1);
	CHECK_EQ(strcspn("abc", ""), 3);
	CHECK(memchr(s, 'b', 2) == NULL);
	CHECK(memchr(s, 'b', 3) == s + 2);
	CHECK(memrchr(s, '/', 3) == s + 1);
	CHECK(memrchr(s, 'x', 5) == NULL);
}

TEST(string_copies)
{
	char buf[8];

	memset(buf, 'z', sizeof(buf));
	CHECK_EQ(strlcpy(buf, "hello", 4), 5);
	CHECK_STR(buf, "hel");
	CHECK_EQ(buf[4], 'z');
	CHECK_EQ(strlcpy(buf, "hi", sizeof(buf)), 2);
	CHECK_EQ(strlcpy(buf, "untouched", 0), 9);
	CHECK_STR(buf, "hi");
	CHECK_EQ(strlcat(buf, "+more!", sizeof(buf)), 8);
	CHECK_STR(buf, "hi+more");
	CHECK_EQ(strlcat(buf, "x", 3), 4);
	memzero_explicit(buf, sizeof(buf));
	CHECK(mem_is_all(buf, 0, sizeof(buf)));
	buf[7] = 1;
	CHECK(!mem_is_all(buf, 0, sizeof(buf)));
	CHECK(mem_is_all(buf, 9, 0));
}
