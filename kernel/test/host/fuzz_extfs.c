/*
 * Fuzz target of the whole driver for ext2, ext3 and ext4: a sound image with edits (ext_mutate.h),
 * mounted, walked, changed, unmounted. An input is a byte that says which image and how it is
 * mounted, and edits of eight bytes. EXT_BASES names the directory with the images.
 */
#include "test/host/ext_host.h"
#include "test/host/ext_host_int.h"

#include "test/host/ext_crafted.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

static struct crafted_base bases[32];
static unsigned n_bases;
static u64 rand_state = 1;

/* A promise of the harness was broken: with a libFuzzer there is no test that could fail. */
void unit_fail(const char *file, int line, const char *fmt, ...)
{
	va_list ap;

	fprintf(stderr, "%s:%d: ", file, line);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fprintf(stderr, "\n");
	abort();
}

u64 unit_rand(void)
{
	rand_state ^= rand_state >> 12;
	rand_state ^= rand_state << 25;
	rand_state ^= rand_state >> 27;
	return rand_state * 0x2545f4914f6cdd1dULL;
}

u64 unit_below(u64 n)
{
	return unit_rand() % n;
}

static void start(void)
{
	const char *dir = getenv("EXT_BASES");

	n_bases = dir ? crafted_load(dir, bases, ARRAY_SIZE(bases)) : 0;
	if (!n_bases) {
		fprintf(stderr, "no images in EXT_BASES\n");
		abort();
	}
	host_quiet = true;
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct ext_edit edits[CRAFTED_EDITS];
	unsigned n = (unsigned)min((size - (size > 0)) / sizeof(edits[0]), (size_t)CRAFTED_EDITS);
	struct crafted_base *base;
	struct superblock *sb;
	static char path[300];
	FILE *f;

	if (size == 0)
		return 0;
	if (!n_bases) {
		start();
		lib_snprintf(path, sizeof(path), "%s/fuzz.img", host_dir());
	}
	rand_state = 1;
	host_now_ns = 1700000000ull * 1000000000;
	memcpy(edits, data + 1, n * sizeof(edits[0]));
	base = &bases[(data[0] >> 1) % n_bases];
	if (!base->image.is_ext)
		return 0;
	crafted_make(base, edits, n);
	f = fopen(path, "wb");
	if (!f || fwrite(base->image.data, 1, base->image.size, f) != base->image.size)
		abort();
	fclose(f);
	if (host_mount(path, "ext4", data[0] & 1 ? SB_READ_ONLY : 0, "errors=continue", &sb))
		return 0;
	host_walk(sb);
	if (!(sb->flags & SB_READ_ONLY))
		host_change(sb);
	host_walk(sb);
	host_unmount(sb);
	return 0;
}
