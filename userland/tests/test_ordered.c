/*
 * data= of ext4: what is said of the order of a file's data and the journal, on a file system with
 * a journal (a copy of the frozen one that this runs on) and without one. And what fallocate(2)
 * makes stable in a file that is open with O_SYNC or O_DSYNC.
 */
#include <linux/falloc.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/sysmacros.h>

#include "loop.h"

#define COPY "/tmp/ordered-image"

/* A copy of the disk that the working directory is on, in memory, and a device of it. */
static void copy_begin(void)
{
	static char piece[1 << 16];
	int here = must(open(".", O_RDONLY)), in, out;
	struct stat st;
	ssize_t n;

	must(fstat(here, &st));
	must(mknod("disk", S_IFBLK | 0600, st.st_dev));
	in = must(open("disk", O_RDONLY));
	out = must(open(COPY, O_CREAT | O_TRUNC | O_WRONLY, 0600));
	must(unlink("disk"));
	must(ioctl(here, FIFREEZE, 0));
	while ((n = read(in, piece, sizeof(piece))) > 0)
		if (write(out, piece, (size_t)n) != n)
			break;
	must(ioctl(here, FITHAW, 0));
	is(n, 0, "the disk was copied");
	close(in);
	close(out);
	close(here);
	mkdir("m", 0700);
	loop_bind(COPY);
}

static void copy_end(void)
{
	loop_end();
	must(unlink(COPY));
}

static void takes(const char *options)
{
	works(mount(device, "m", "ext4", 0, options), options);
	ok(strstr(loop_shown(), ",data=ordered,") != NULL, "\"%s\" is shown", options);
}

TEST(with_journal)
{
	if (tap_not_root("mount"))
		return;
	copy_begin();
	takes("data=ordered");
	works(mount(device, "m", NULL, MS_REMOUNT, ""), "a remount that does not say it");
	ok(strstr(loop_shown(), ",data=ordered,") != NULL, "keeps it");
	must(umount("m"));
	takes("data=ordered,nodelalloc");
	must(umount("m"));
	fails(mount(device, "m", "ext4", 0, "data=nonsense"), EINVAL, "another word");
	fails(mount(device, "m", "ext4", 0, "data="), EINVAL, "none");
	must(mount(device, "m", "ext4", 0, ""));
	ok(strstr(loop_shown(), ",data=") == NULL, "what nobody asked for is not shown");
	works(mount(device, "m", NULL, MS_REMOUNT, "data=ordered"), "a remount with what is so");
	fails(mount(device, "m", NULL, MS_REMOUNT, "data=journal"), EINVAL, "data=journal");
	ok(strstr(loop_shown(), ",data=journal") == NULL, "it is not shown");
	must(umount("m"));
	fails(mount(device, "m", "ext4", MS_RDONLY, "noload,data=ordered"), EINVAL,
	      "without the journal");
	copy_end();
}

TEST(allocated_at_once)
{
	static const struct { const char *what; int mode; off_t at, n; } changes[] = {
		{ "fallocate", 0, 0, 65536 },
		{ "behind the end", FALLOC_FL_KEEP_SIZE, 65536, 65536 },
	};

	if (tap_not_root("mount"))
		return;
	copy_begin();
	must(mount(device, "m", "ext4", 0, ""));
	for (int i = 0; i < 2; i++) {
		int fd = must(open("m/file", O_CREAT | O_RDWR | (i ? O_SYNC : O_DSYNC), 0600));

		for (unsigned j = 0; j < sizeof(changes) / sizeof(*changes); j++) {
			long before;

			must(fsync(fd));
			before = loop_writes();
			works(fallocate(fd, changes[j].mode, changes[j].at, changes[j].n),
			      changes[j].what);
			ok(loop_writes() > before, "%s: the disk has it with %s", changes[j].what,
			   i ? "O_SYNC" : "O_DSYNC");
		}
		must(close(fd));
		must(unlink("m/file"));
	}
	must(umount("m"));
	copy_end();
}

TEST(without)
{
	static const char *const words[] = { "data=ordered", "data=journal", "data=writeback" };

	if (tap_not_root("mount"))
		return;
	loop_make("mke2fs -F", 1);
	for (unsigned i = 0; i < sizeof(words) / sizeof(*words); i++) {
		fails(mount(device, "m", "ext4", 0, words[i]), EINVAL, words[i]);
		fails(mount(device, "m", "ext2", 0, words[i]), EINVAL, words[i]);
	}
	must(mount(device, "m", "ext4", 0, ""));
	works(mount(device, "m", NULL, MS_REMOUNT, "data=ordered"), "a remount does not mind");
	ok(strstr(loop_shown(), ",data=") == NULL, "and it is not shown");
	must(umount("m"));
	loop_end();
	must(unlink("image"));
}
