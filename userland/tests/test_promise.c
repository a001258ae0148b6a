/*
 * What write(2) took there is room for: on a file system whose free blocks lie one by one, files
 * are written until nothing is left, and all that was accepted is there when it comes from the
 * disk. Blocks are taken long after the write (delayed allocation), and the map of a file in so
 * many pieces takes more of them.
 */
#include <linux/falloc.h>
#include <sys/statvfs.h>

#include "loop.h"

enum { FILES = 16, MOST = 10000, BLOCK_MAX = 4096 };

static size_t block;

/* Writes until the disk is full, then punches every other block: that many. */
static int comb_make(const char *name)
{
	static char piece[1 << 16];
	int fd = must(open(name, O_CREAT | O_RDWR | O_TRUNC, 0600)), spare, n = 0;
	struct statvfs v;
	struct stat st;

	must(fstatvfs(fd, &v));
	block = v.f_bsize;
	memset(piece, 0x5a, sizeof(piece));
	spare = must(open("spare", O_CREAT | O_RDWR | O_TRUNC, 0600));
	must(write(spare, piece, sizeof(piece)));
	must(fsync(spare));
	close(spare);
	for (size_t size = sizeof(piece); size >= block; size /= 2)
		while (write(fd, piece, size) > 0)
			;
	is(errno, ENOSPC, "the disk is full");
	works(fsync(fd), "fsync of what filled it");
	must(fstat(fd, &st));
	must(unlink("spare")); /* room for the map, which has a piece more with each */
	for (off_t at = (off_t)block; at + (off_t)block < st.st_size; at += 2 * (off_t)block, n++)
		must(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, at, (off_t)block));
	works(syncfs(fd), "syncfs");
	close(fd);
	return n;
}

/* The i-th block that is written to file `file`. */
static const char *contents(int file, int i)
{
	static char text[BLOCK_MAX];

	memset(text, 'a' + i % 26, block);
	sprintf(text, "block %d of file %d", i, file);
	return text;
}

/* How they are written: to so many files in turn, each block so many behind the last one. */
static const struct pattern {
	const char *what;
	int files, stride;
} patterns[] = {
	{ "one after another", 1, 1 },
	{ "every other", 1, 2 },
	{ "far apart", 1, 300 },
	{ "files in turn", FILES, 1 },
	{ "files in turn, far apart", FILES, 97 },
};

/* Writes until it is refused; how many blocks were taken. */
static int write_all(const struct pattern *p, const int *fds)
{
	for (int i = 0; i < MOST; i++) {
		int file = i % p->files, nth = i / p->files;
		off_t at = (off_t)nth * p->stride * (off_t)block;

		if (pwrite(fds[file], contents(file, nth), block, at) != (ssize_t)block)
			return i;
	}
	return MOST;
}

static int count_wrong(const struct pattern *p, const int *fds, int n)
{
	char text[BLOCK_MAX];
	int wrong = 0;

	for (int i = 0; i < n; i++) {
		int file = i % p->files, nth = i / p->files;
		off_t at = (off_t)nth * p->stride * (off_t)block;

		wrong += pread(fds[file], text, block, at) != (ssize_t)block ||
			 memcmp(text, contents(file, nth), block);
	}
	return wrong;
}

static void fill_by(const struct pattern *p, int holes)
{
	int fds[FILES], n, failed = 0, caches;
	char name[20];

	for (int i = 0; i < p->files; i++) {
		sprintf(name, "written%d", i);
		fds[i] = must(open(name, O_CREAT | O_RDWR | O_TRUNC, 0600));
	}
	n = write_all(p, fds);
	ok(errno == ENOSPC, "%s: refused at last", p->what);
	ok(n > 0 && n <= holes + 64, "%s: as many as there is room for", p->what);
	for (int i = 0; i < p->files; i++)
		failed += fsync(fds[i]) != 0;
	ok(failed == 0, "%s: fsync of all files", p->what);
	works(syncfs(fds[0]), p->what);
	caches = must(open("/proc/sys/vm/drop_caches", O_WRONLY));
	must(write(caches, "3", 1));
	close(caches);
	failed = count_wrong(p, fds, n);
	if (!ok(failed == 0, "%s: what was taken is there", p->what))
		diag("%d of %d are not", failed, n);
	for (int i = 0; i < p->files; i++) {
		close(fds[i]);
		sprintf(name, "written%d", i);
		must(unlink(name));
	}
	sync();
}

/* Of what is free a file takes all but this, in one piece: the rest is quickly filled. */
static void ballast_make(off_t left)
{
	int fd = must(open("ballast", O_CREAT | O_RDWR | O_TRUNC, 0600));
	struct statvfs v;

	must(fstatvfs(fd, &v));
	must(fallocate(fd, 0, 0, (off_t)(v.f_bfree * v.f_frsize) - left));
	must(syncfs(fd));
	close(fd);
}

static void fill_in_all_ways(void)
{
	int holes = comb_make("comb");

	ok(holes > 100, "there are holes");
	for (unsigned i = 0; i < sizeof(patterns) / sizeof(*patterns); i++)
		fill_by(&patterns[i], holes);
	must(unlink("comb"));
	sync();
}

TEST(here)
{
	struct statvfs v;

	must(statvfs(".", &v));
	if (!tap_root() || v.f_blocks * v.f_frsize > 40 << 20) {
		skip("full", "not a small disk of its own");
		return;
	}
	ballast_make(2 << 20);
	fill_in_all_ways();
	must(unlink("ballast"));
}

/* A file system that mke2fs of BusyBox makes. */
TEST(with_indirect_blocks)
{
	if (!tap_root()) {
		skip("mount", "not root");
		return;
	}
	loop_make("mke2fs -F", 2);
	must(mount(device, "m", "ext2", 0, ""));
	must(chdir("m"));
	fill_in_all_ways();
	must(chdir(".."));
	must(umount("m"));
	loop_end();
	must(unlink("image"));
}
