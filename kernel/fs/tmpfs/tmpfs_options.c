/*
 * Mount options of tmpfs (tmpfs(5)): size=, nr_blocks=, nr_inodes=, mode=, uid=, gid=, mpol=. What
 * says how pages and numbers are to be had (huge=, inode32, inode64) is understood and not needed:
 * a file's pages become large ones where they are mapped, and numbers count up from 1.
 */
#include "fs/tmpfs/tmpfs_int.h"
#include "lib/format.h"
#include "lib/parse.h"
#include "lib/string.h"

/* A size in bytes, or in per cent of memory. */
static int parse_pages(const char *value, u64 *pages)
{
	struct mm_stats stats;
	const char *end;
	u64 n;
	int err = parse_size(value, &n, &end);

	if (err < 0)
		return err;
	if (!strcmp(end, "%")) {
		mm_stats(&stats);
		*pages = n > 100000 ? ~0ull : stats.total * n / 100;
		return 0;
	}
	if (*end)
		return -EINVAL;
	*pages = n / PAGE_SIZE + (n % PAGE_SIZE != 0);
	return 0;
}

static bool is_huge_value(const char *value)
{
	static const char *const known[] = { "never", "always", "within_size", "advise" };

	for (size_t i = 0; i < ARRAY_SIZE(known); i++)
		if (!strcmp(value, known[i]))
			return true;
	return false;
}

static int parse_one(struct tmpfs *t, const char *key, char *value)
{
	u64 n;
	int err;

	if (!strcmp(key, "size")) {
		err = parse_pages(value, &n);
		t->max_pages = n;
		t->has_size = true;
	} else if (!strcmp(key, "nr_blocks")) {
		err = parse_size(value, &n, NULL);
		t->max_pages = n;
		t->has_size = true;
	} else if (!strcmp(key, "nr_inodes")) {
		err = parse_size(value, &n, NULL);
		t->max_inodes = n;
		t->has_inodes = true;
	} else if (!strcmp(key, "mode")) {
		err = parse_u32(value, 8, &t->mode, NULL);
		t->mode &= 07777;
		t->has_mode = true;
	} else if (!strcmp(key, "uid")) {
		err = parse_u32(value, 10, &t->uid, NULL);
	} else if (!strcmp(key, "gid")) {
		err = parse_u32(value, 10, &t->gid, NULL);
	} else if (!strcmp(key, "mpol")) {
		err = tmpfs_mpol_parse(value, t->mpol);
	} else if (!strcmp(key, "huge")) {
		err = is_huge_value(value) ? 0 : -EINVAL;
	} else {
		err = -EINVAL;
	}
	return err < 0 ? -EINVAL : 0;
}

/* Where the option ends: a list of nodes has commas before digits. */
static size_t word_length(const char *options)
{
	size_t n = strcspn(options, ",");

	while (str_starts_with(options, "mpol=") && options[n] == ',' &&
	       options[n + 1] >= '0' && options[n + 1] <= '9')
		n += 1 + strcspn(options + n + 1, ",");
	return n;
}

int tmpfs_parse_options(struct tmpfs *t, const char *options)
{
	char word[64];

	for (; *options; options += *options == ',') {
		size_t n = word_length(options);
		char *value;
		int err;

		if (n >= sizeof(word))
			return -EINVAL;
		memcpy(word, options, n);
		word[n] = 0;
		options += n;
		if (!n)
			continue;
		if (!strcmp(word, "inode32") || !strcmp(word, "inode64"))
			continue;
		value = strchr(word, '=');
		if (!value)
			return -EINVAL;
		*value++ = 0;
		err = parse_one(t, word, value);
		if (err < 0)
			return err;
	}
	return 0;
}

void tmpfs_show_options(struct superblock *sb, char *buf, size_t size)
{
	const struct tmpfs *t = tmpfs_of(sb);
	size_t n = 0;

	buf[0] = 0;
	if (t->has_size)
		n += scnprintf(buf + n, size - n, ",size=%lluk",
			       (unsigned long long)t->max_pages * 4);
	if (t->has_inodes)
		n += scnprintf(buf + n, size - n, ",nr_inodes=%llu",
			       (unsigned long long)t->max_inodes);
	if (t->has_mode && t->mode != TMPFS_MODE)
		n += scnprintf(buf + n, size - n, ",mode=%o", t->mode);
	if (t->uid)
		n += scnprintf(buf + n, size - n, ",uid=%u", t->uid);
	if (t->gid)
		n += scnprintf(buf + n, size - n, ",gid=%u", t->gid);
	if (t->mpol[0])
		scnprintf(buf + n, size - n, ",mpol=%s", t->mpol);
}
