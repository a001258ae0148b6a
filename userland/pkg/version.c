/* Which of two versions is newer: deb-version(7), "Sorting algorithm". */
#include "pkg.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

/* '~' is before the end, that before letters, those before all else. */
static int order(char c)
{
	if (c == '~')
		return -1;
	if (!c || isdigit((unsigned char)c))
		return 0;
	return isalpha((unsigned char)c) ? c : c + 256;
}

static int part_compare(const char *a, const char *b)
{
	while (*a || *b) {
		int first = 0;

		while ((*a && !isdigit((unsigned char)*a)) || (*b && !isdigit((unsigned char)*b))) {
			if (order(*a) != order(*b))
				return order(*a) < order(*b) ? -1 : 1;
			a += *a != '\0';
			b += *b != '\0';
		}
		while (*a == '0')
			a++;
		while (*b == '0')
			b++;
		while (isdigit((unsigned char)*a) && isdigit((unsigned char)*b)) {
			if (!first)
				first = *a - *b;
			a++;
			b++;
		}
		if (isdigit((unsigned char)*a))
			return 1;
		if (isdigit((unsigned char)*b))
			return -1;
		if (first)
			return first < 0 ? -1 : 1;
	}
	return 0;
}

/* Epoch, upstream's version and Debian's revision. */
struct version {
	unsigned long epoch;
	char *upstream;
	const char *revision;
};

static struct version split(const char *text)
{
	struct version version = {.revision = ""};
	const char *colon = strchr(text, ':');
	char *dash;

	if (colon) {
		version.epoch = strtoul(text, NULL, 10);
		text = colon + 1;
	}
	version.upstream = copy(text);
	dash = strrchr(version.upstream, '-');
	if (dash) {
		*dash = '\0';
		version.revision = dash + 1;
	}
	return version;
}

/* Negative, 0 or positive, as a is older than b, the same, or newer. */
int version_compare(const char *a, const char *b)
{
	struct version first = split(a), second = split(b);
	int result;

	if (first.epoch != second.epoch)
		result = first.epoch < second.epoch ? -1 : 1;
	else
		result = part_compare(first.upstream, second.upstream);
	if (!result)
		result = part_compare(first.revision, second.revision);
	free(first.upstream);
	free(second.upstream);
	return result;
}
