/*
 * What e2fsprogs say of our logs: an image of mke2fs whose journal is ours, with a file's blocks as
 * the metadata. After a power cut debugfs reads the log to its end, e2fsck replays it, and the
 * file's blocks are what one of the handles left.
 */
#include "test/host/jbd_model.h"

#define IMAGE_MIB 8u
#define LOG_BLOCKS 1024u

struct image { char path[300]; u64 size; };

/* The numbers that a command's output begins with in each line, "first count": how many lines. */
static unsigned runs_of(const char *path, const char *what, u64 (*runs)[2], unsigned max)
{
	char file[400], text[4096] = "", *at = text, *end;
	unsigned n = 0;

	strlcpy(file, path, sizeof(file));
	strlcat(file, ".runs", sizeof(file));
	/* Neighbours joined; a trailing line of zeroes ends the list. */
	CHECK_EQ(host_run("{ debugfs -R 'blocks %s' '%s' 2>/dev/null | tr ' ' '\\n' | "
			"awk 'NF { if ($1 == last + 1) n++; else { if (n) print first, n; "
			"first = $1; n = 1 } last = $1 } END { print first, n; print 0, 0 }'; "
			"printf '%%4096s' ''; } | head -c 4095 >'%s'", what, path, file), 0);
	CHECK(os_load(file, text, sizeof(text) - 1));
	while (n < max) {
		runs[n][0] = strtoull(at, &end, 10);
		runs[n][1] = strtoull(end, &at, 10);
		if (!runs[n][1])
			break;
		n++;
	}
	return n;
}

static void image_make(struct image *im, const char *features, u32 block_size)
{
	strlcpy(im->path, os_temp_dir(), sizeof(im->path));
	strlcat(im->path, "/image", sizeof(im->path));
	im->size = MIB(IMAGE_MIB);
	CHECK_EQ(host_run("rm -rf '%s.d' '%s'; mkdir '%s.d' && truncate -s %uK '%s.d/pool' && "
			"yes | head -c %u >'%s.d/pool' && truncate -s %uM '%s' && "
			"mke2fs -q -F -t ext4 -b %u -J size=%u -O '%s' -d '%s.d' '%s' >'%s.log' "
			"2>&1 || { cat '%s.log'; exit 1; }",
			im->path, im->path, im->path, 4u, im->path,
			(MODEL_POOL + 2) * block_size, im->path, IMAGE_MIB, im->path, block_size,
			LOG_BLOCKS * block_size >> 20, features, im->path, im->path, im->path,
			im->path), 0);
}

/* The model's disk is the image; its journal the image's, its pool the file. */
static bool image_adopt(struct image *im, struct model *m, u32 block_size, u32 features)
{
	struct host_disk *d = host_disk_create(im->size);
	u64 runs[16][2];
	unsigned n;
	u32 at = 0;

	memset(m, 0, sizeof(*m));
	CHECK(os_load(im->path, d->bytes, im->size));
	n = runs_of(im->path, "<8>", runs, 3);
	for (unsigned i = 0; i < n; i++) {
		m->extents[i] = (struct jbd_extent){ at, (u32)runs[i][1], runs[i][0] };
		at += (u32)runs[i][1];
	}
	m->config = (struct jbd_config){ .block_size = block_size, .n_blocks = LOG_BLOCKS,
					 .n_fs_blocks = im->size / block_size, .n_extents = n,
					 .features = features };
	CHECK(at >= LOG_BLOCKS);
	n = runs_of(im->path, "/pool", runs, 16);
	CHECK(n >= 1 && runs[0][1] >= MODEL_POOL + 2);
	model_adopt(m, d, runs[0][0]);
	return n >= 1;
}

/* One cut: what debugfs and e2fsck say of it. */
static void cut_judge(const struct image *im, const struct model *m, u32 n)
{
	u64 mark = n == m->disk->n_events ? host_mark : m->disk->events[n].mark;
	u8 *bytes = malloc(im->size);
	u32 handle;

	host_disk_cut(m->disk, n, bytes);
	CHECK(os_save(im->path, bytes, im->size));
	CHECK_EQ(host_run("debugfs -R 'logdump -a' '%s' >'%s.log' 2>&1 && "
			"! grep -iE 'corrupt|invalid|error' '%s.log'", im->path, im->path,
			im->path), 0);
	if (getenv("JBD_LOG"))
		CHECK_EQ(host_run("cat '%s.log'", im->path), 0);
	CHECK_EQ(host_run("debugfs -w -R 'feature +needs_recovery' '%s' >/dev/null 2>&1",
			im->path), 0);
	CHECK_EQ(host_run("e2fsck -fy '%s' >'%s.log' 2>&1; [ $? -le 1 ] || "
			"{ cat '%s.log'; exit 1; }", im->path, im->path, im->path), 0);
	CHECK_EQ(host_run("grep -q 'recovering journal' '%s.log' && "
			"! grep -iE 'corrupt|error|FIXED' '%s.log'", im->path, im->path), 0);
	CHECK_EQ(host_run("e2fsck -fn '%s' >'%s.log' 2>&1 || { cat '%s.log'; exit 1; }", im->path,
			im->path, im->path), 0);
	CHECK(os_load(im->path, bytes, im->size));
	handle = model_handle(m, bytes);
	CHECK(handle >= mark && handle <= m->handle);
	CHECK(model_is(m, bytes, handle));
	free(bytes);
}

static void judged(const char *mkfs, u32 block_size, u32 features)
{
	struct image im;
	struct model m;

	image_make(&im, mkfs, block_size);
	if (!image_adopt(&im, &m, block_size, features))
		return;
	CHECK_EQ(model_open(&m), 0);
	/* More than once around the log. */
	for (unsigned i = 0; i < 80; i++) {
		CHECK_EQ(model_step(&m, 1 + (unsigned)unit_below(40)), 0);
		model_noise(&m);
		if (unit_below(5) == 0)
			CHECK_EQ(model_commit(&m), 0);
	}
	CHECK_EQ(model_commit(&m), 0);
	cut_judge(&im, &m, m.disk->n_events);
	for (unsigned i = 0; i < (unit_full_form() ? 40 : 2); i++)
		cut_judge(&im, &m, (u32)unit_below(m.disk->n_events));
	CHECK_EQ(jbd_close(m.j), 0);
	model_check_closed(&m);
	CHECK(os_save(im.path, m.disk->bytes, im.size));
	CHECK_EQ(host_run("e2fsck -fn '%s' >'%s.log' 2>&1 || { cat '%s.log'; exit 1; }", im.path,
			im.path, im.path), 0);
	model_destroy(&m);
}

TEST(metadata_csum)
{
	judged("64bit,metadata_csum", 1024, JBD_INCOMPAT_64BIT | JBD_INCOMPAT_CSUM_V3);
}

TEST(without_sums)
{
	judged("^64bit,^metadata_csum", 1024, 0);
}

TEST(sums_of_version_2)
{
	judged("^64bit,metadata_csum", 1024, JBD_INCOMPAT_CSUM_V2);
}
