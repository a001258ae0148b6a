/*
 * Damaged images, mounted, walked, changed and unmounted: errors, but nothing worse. CRAFTED=FIRST
 * -COUNT in the environment says which, CRAFTED_SEED of which seed.
 */
#include "test/host/ext_host.h"
#include "test/host/ext_host_int.h"

#include "test/host/ext_crafted.h"

static struct crafted_base bases[32];
static unsigned n_bases;

static u64 number(const char *text)
{
	u64 v = 0;

	while (*text >= '0' && *text <= '9')
		v = v * 10 + (u64)(*text++ - '0');
	return v;
}

static void use(const char *path, const struct crafted_base *base, u32 flags)
{
	struct superblock *sb;
	FILE *f = fopen(path, "wb");

	if (!f || fwrite(base->image.data, 1, base->image.size, f) != base->image.size)
		abort();
	fclose(f);
	os_alarm(60);
	if (host_mount(path, "ext4", flags, "errors=continue", &sb) == 0) {
		host_walk(sb);
		if (!(sb->flags & SB_READ_ONLY))
			host_change(sb);
		host_walk(sb);
		host_unmount(sb);
	}
	os_alarm(0);
}

TEST(crafted_images)
{
	const char *range = getenv("CRAFTED"), *text = getenv("CRAFTED_SEED");
	u64 first = range ? number(range) : 0, count = 250, seed = text ? number(text) : 1;
	struct ext_edit edits[CRAFTED_EDITS];
	char path[400];

	if (range && strchr(range, '-'))
		count = number(strchr(range, '-') + 1);
	lib_snprintf(path, sizeof(path), "%s/bases", host_dir());
	CHECK_EQ(host_run("kernel/test/host/crafted-bases '%s' >/dev/null 2>&1", path), 0);
	n_bases = crafted_load(path, bases, ARRAY_SIZE(bases));
	CHECK(n_bases > 10);
	lib_snprintf(path, sizeof(path), "%s/crafted.img", host_dir());
	host_quiet = true;
	for (u64 i = first; n_bases && i < first + count; i++) {
		struct crafted_base *base = &bases[i % n_bases];

		if (!base->image.is_ext)
			continue;
		if (range)
			printf("# image %llu of %s\n", (unsigned long long)i, base->name);
		crafted_make(base, edits, crafted_edits(seed, i, edits));
		use(path, base, 0);
		use(path, base, SB_READ_ONLY);
	}
	host_quiet = false;
}
