/*
 * The mount option lazytime, on an ext2 file system in a file that shows what the disk has; and how
 * mount(2)'s other flags and words are shown.
 */
#include "loop.h"

#ifndef MS_LAZYTIME
#define MS_LAZYTIME (1 << 25)
#endif

/* The access time of m/f as the disk has it. */
static long on_disk(void)
{
	struct stat st;

	mkdir("n", 0700);
	must(system("cp image copy && mount -o loop,ro -t ext2 copy n") ? -1 : 0);
	must(stat("n/f", &st));
	must(umount("n"));
	return st.st_atim.tv_sec;
}

/* m/f with an old access time on the disk, then read: its descriptor. */
static int touch(void)
{
	struct timespec old[2] = { { 1000, 0 }, { 1000, 0 } };
	int fd = must(open("m/f", O_CREAT | O_RDWR, 0600));
	char c;

	must(write(fd, "x", 1));
	must(futimens(fd, old));
	must(fsync(fd));
	must(pread(fd, &c, 1, 0));
	return fd;
}

static bool shown(const char *word)
{
	char line[500], at[200], options[300];
	FILE *f = fopen("/proc/mounts", "r");
	bool found = false;

	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "%*s %199s %*s %299s", at, options) == 2 &&
		    strlen(at) > 2 && !strcmp(at + strlen(at) - 2, "/m"))
			found = strstr(options, word) != NULL;
	if (f)
		fclose(f);
	return found;
}

TEST(written)
{
	struct stat st;
	int fd;

	loop_make("mke2fs", 1);
	works(mount(device, "m", "ext2", MS_LAZYTIME | MS_STRICTATIME, ""), "mount");
	ok(shown(",lazytime"), "it is shown");
	fd = touch();
	must(fstat(fd, &st));
	ok(st.st_atim.tv_sec > 1000, "the time is set in memory");
	is(on_disk(), 1000, "and not on the disk");
	must(fsync(fd));
	ok(on_disk() > 1000, "but after fsync");
	close(fd);
	fd = touch();
	sync();
	ok(on_disk() > 1000, "or sync");
	close(fd);
	fd = touch();
	must(fchmod(fd, 0640));
	must(syncfs(fd));
	ok(on_disk() > 1000, "or with another change");
	close(fd);
	close(touch());
	must(umount("m"));
	ok(on_disk() > 1000, "or umount");
	loop_end();
}

TEST_LONG(waits)
{
	int fd;

	loop_make("mke2fs", 1);
	works(mount(device, "m", "ext2", MS_LAZYTIME | MS_STRICTATIME, ""), "mount");
	fd = touch();
	sleep(40);
	is(on_disk(), 1000, "write-back leaves it alone");
	close(fd);
	must(umount("m"));
	ok(on_disk() > 1000, "until the end");
	loop_end();
}

TEST(words)
{
	loop_make("mke2fs", 1);
	works(mount(device, "m", "ext2", 0, "lazytime,sync"), "as words");
	ok(shown(",lazytime") && shown(",sync"), "they are shown");
	works(mount(NULL, "m", NULL, MS_REMOUNT, ""), "remount");
	ok(!shown(",lazytime") && !shown(",sync"), "clears them");
	works(mount(NULL, "m", NULL, MS_REMOUNT | MS_LAZYTIME | MS_SYNCHRONOUS, ""), "or sets");
	ok(shown(",lazytime") && shown(",sync"), "them");
	works(mount(NULL, "m", NULL, MS_REMOUNT | MS_LAZYTIME, "nolazytime"), "a last");
	ok(!shown(",lazytime"), "word");
	works(mount(NULL, "m", NULL, MS_REMOUNT | MS_DIRSYNC, ""), "dirsync");
	ok(!shown(",dirsync"), "is not changed by remounting");
	must(umount("m"));
	works(mount(device, "m", "ext2", MS_DIRSYNC, ""), "mount");
	ok(shown(",dirsync"), "with dirsync");
	works(mount(NULL, "m", NULL, MS_REMOUNT, ""), "remount");
	ok(shown(",dirsync"), "keeps it");
	works(mount(NULL, "m", NULL, MS_REMOUNT | MS_NOATIME | MS_STRICTATIME, ""), "two at once");
	ok(!shown("noatime") && !shown("relatime"), "strictatime wins");
	works(mount(NULL, "m", NULL, MS_REMOUNT | MS_NODIRATIME, ""), "nodiratime");
	ok(shown(",nodiratime") && shown(",relatime"), "is with relatime");
	works(mount(NULL, "m", NULL, MS_REMOUNT, ""), "remount without any");
	ok(shown(",nodiratime") && shown(",relatime"), "keeps what there is");
	works(mount(NULL, "m", NULL, MS_REMOUNT | MS_NOATIME, ""), "noatime");
	ok(shown(",noatime") && !shown("relatime") && !shown("nodiratime"), "alone");
	works(mount(NULL, "m", NULL, MS_REMOUNT | MS_I_VERSION, ""), "iversion");
	works(mount(NULL, "m", NULL, MS_REMOUNT, "ro"), "ro as a word");
	fails(mkdir("m/d", 0700), EROFS, "is read-only");
	ok(!shown(",lazytime"), "and nothing else");
	must(umount("m"));
	fails(mount(device, "m", "ext2", 0, "nosuchword"), EINVAL, "an unknown word");
	loop_end();
}
