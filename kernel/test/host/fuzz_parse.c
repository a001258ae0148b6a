/*
 * test/host/fuzz_parse.c - text from elsewhere: numbers, sizes, the command line, UTF-8, UUIDs.
 */
#include "test/host/fuzz.h"

#include "abi/errno.h"
#include "lib/format.h"
#include "lib/parse.h"
#include "lib/utf8.h"
#include "lib/uuid.h"

static void fuzz_numbers(const char *s)
{
	char text[24];
	const char *end;
	u64 v, again;
	s64 n;

	if (parse_u64(s, 0, &v, &end) == 0) {
		INSIST(end > s && end <= s + strlen(s));
		snprintf(text, sizeof(text), "%lu", v);
		INSIST(parse_u64(text, 10, &again, NULL) == 0 && again == v);
	}
	if (parse_s64(s, 10, &n, NULL) == 0)
		INSIST(strlen(s) > 0);
	if (parse_size(s, &v, &end) == 0)
		INSIST(end > s && end <= s + strlen(s));
}

static void fuzz_cmdline(const char *s)
{
	char value[9];
	int len = parse_cmdline_value(s, "root", value, sizeof(value));

	INSIST(len == -ENOENT || len == -ERANGE || (size_t)len < sizeof(value));
	if (len >= 0)
		INSIST(strlen(value) == (size_t)len);
}

static void fuzz_utf8(const char *s, size_t size)
{
	size_t at = 0;
	char out[4];
	u32 code;

	while (at < size) {
		size_t n = utf8_decode(s + at, size - at, &code);

		INSIST(n >= 1 && n <= 4 && n <= size - at);
		INSIST(utf8_encode(code, out) == n ? memcmp(out, s + at, n) == 0
						   : n == 1 && code == UTF8_REPLACEMENT);
		utf8_width(code);
		at += n;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *s = malloc(size + 1), text[UUID_TEXT_SIZE];
	struct uuid u, v;

	memcpy(s, data, size);
	s[size] = '\0';
	fuzz_numbers(s);
	fuzz_cmdline(s);
	fuzz_utf8(s, size);
	if (uuid_parse(s, &u) == 0) {
		uuid_format(&u, text);
		INSIST(uuid_parse(text, &v) == 0 && uuid_equal(&u, &v));
	}
	free(s);
	return 0;
}
