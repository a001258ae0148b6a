/*
 * Mount options on each file system: how /proc/mounts shows them, what they do, and how a remount
 * changes them. What lies on devices is made by BusyBox' mkfs on a loop device.
 */
#include "loop.h"
#include <sys/statvfs.h>

#ifndef MS_NOSYMFOLLOW
#define MS_NOSYMFOLLOW 256
#endif
#ifndef ST_NOSYMFOLLOW
#define ST_NOSYMFOLLOW 0x2000
#endif

/* The kinds, and what makes the image. */
static const struct kind {
	const char *type, *mkfs;
} kinds[] = {
	{ "tmpfs", NULL },
	{ "ext2", "mke2fs -F" },
	{ "ext4", "mke2fs -F" },
	{ "vfat", "mkfs.vfat" },
};

enum { N_KINDS = sizeof(kinds) / sizeof(*kinds) };

/* A file system of a kind, on a loop device if it wants one, and the place for it. */
static void kind_make(const struct kind *k)
{
	strcpy(device, "none");
	if (k->mkfs)
		loop_make(k->mkfs, 8);
	else
		mkdir("m", 0700);
}

static void kind_end(const struct kind *k)
{
	if (k->mkfs)
		loop_end();
}

static const struct flag {
	const char *what;
	unsigned long ms, st;
	const char *shown; /* in front of what the file system adds */
} flags[] = {
	{ "none", 0, ST_RELATIME, "rw,relatime," },
	{ "ro", MS_RDONLY, ST_RDONLY, "ro,relatime," },
	{ "nosuid", MS_NOSUID, ST_NOSUID, "rw,nosuid,relatime," },
	{ "nodev", MS_NODEV, ST_NODEV, "rw,nodev,relatime," },
	{ "noexec", MS_NOEXEC, ST_NOEXEC, "rw,noexec,relatime," },
	{ "noatime", MS_NOATIME, ST_NOATIME, "rw,noatime," },
	{ "nodiratime", MS_NODIRATIME, ST_NODIRATIME, "rw,nodiratime,relatime," },
	{ "relatime", MS_RELATIME, ST_RELATIME, "rw,relatime," },
	{ "strictatime", MS_STRICTATIME, 0, "rw," },
	{ "noatime and relatime", MS_NOATIME | MS_RELATIME, ST_NOATIME, "rw,noatime," },
	{ "sync", MS_SYNCHRONOUS, ST_SYNCHRONOUS, "rw,sync,relatime," },
	{ "nosymfollow", MS_NOSYMFOLLOW, ST_NOSYMFOLLOW, "rw,relatime,nosymfollow," },
	{ "silent", MS_SILENT, 0, "rw,relatime," },
	{ "many", MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_NODIRATIME | MS_SYNCHRONOUS | MS_RDONLY,
	  ST_RDONLY, "ro,sync,nosuid,nodev,noexec,nodiratime,relatime," },
};

enum { N_FLAGS = sizeof(flags) / sizeof(*flags) };

static void begins(const struct kind *k, const struct flag *f, const char *how)
{
	const char *text = loop_shown() + 1;
	struct statvfs v;

	must(statvfs("m", &v));
	if (!ok(!strncmp(text, f->shown, strlen(f->shown)), "%s: %s %s", k->type, f->what, how))
		diag("%s", text);
	if (!ok((v.f_flag & f->st) == f->st, "%s: %s in statvfs %s", k->type, f->what, how))
		diag("%lx", v.f_flag);
}

TEST(shown)
{
	if (tap_not_root("mount"))
		return;
	for (int i = 0; i < N_KINDS; i++) {
		const struct kind *k = &kinds[i];

		kind_make(k);
		for (int j = 0; j < N_FLAGS; j++) {
			const struct flag *f = &flags[j];

			must(mount(device, "m", k->type, f->ms, ""));
			begins(k, f, "when mounted");
			must(umount("m"));
		}
		must(mount(device, "m", k->type, MS_NOATIME | MS_NOSUID, ""));
		for (int j = 1; j < N_FLAGS; j++) {
			unsigned long ms = flags[j].ms;

			/* what says nothing of access times keeps them */
			if (!(ms & (MS_NOATIME | MS_NODIRATIME | MS_RELATIME | MS_STRICTATIME)))
				ms |= MS_RELATIME;
			must(mount(device, "m", NULL, MS_REMOUNT | ms, ""));
			begins(k, &flags[j], "when remounted");
		}
		must(umount("m"));
		kind_end(k);
	}
}

TEST(kept)
{
	static const struct flag dirsync = { "dirsync", 0, 0, "rw,dirsync,relatime," },
				 plain = { "dirsync", 0, 0, "rw,relatime," },
				 kept = { "noatime", 0, ST_NOATIME, "rw,nosuid,noatime," };

	if (tap_not_root("mount"))
		return;
	for (int i = 0; i < N_KINDS; i++) {
		kind_make(&kinds[i]);
		must(mount(device, "m", kinds[i].type, MS_NOATIME | MS_NODEV, ""));
		must(mount(device, "m", NULL, MS_REMOUNT | MS_NOSUID, ""));
		begins(&kinds[i], &kept, "stays, nodev does not");
		must(umount("m"));
		must(mount(device, "m", kinds[i].type, MS_DIRSYNC, ""));
		begins(&kinds[i], &dirsync, "when mounted");
		must(mount(device, "m", NULL, MS_REMOUNT, ""));
		begins(&kinds[i], &dirsync, "stays for good");
		must(umount("m"));
		must(mount(device, "m", kinds[i].type, 0, ""));
		must(mount(device, "m", NULL, MS_REMOUNT | MS_DIRSYNC, ""));
		begins(&kinds[i], &plain, "is not added");
		must(umount("m"));
		kind_end(&kinds[i]);
	}
}

/* Words that a file system takes, and whether it shows them; or refuses. */
static const struct word {
	const char *type, *options, *shown;
	int error;
} words[] = {
	{ "tmpfs", "size=1m", ",size=1024k,", 0 },
	{ "tmpfs", "nr_inodes=10,size=64k", ",size=64k,nr_inodes=10,", 0 },
	{ "tmpfs", "mode=700,uid=5,gid=6", ",mode=700,uid=5,gid=6,", 0 },
	{ "tmpfs", "mode=9", NULL, EINVAL },
	{ "tmpfs", "size=", NULL, EINVAL },
	{ "tmpfs", "errors=continue", NULL, EINVAL },
	{ "tmpfs", "nonsense", NULL, EINVAL },
	{ "ext2", "errors=remount-ro", ",errors=remount-ro,", 0 },
	{ "ext2", "errors=continue", "", 0 },
	{ "ext2", "errors=panic", ",errors=panic,", 0 },
	{ "ext2", "errors=other", NULL, EINVAL },
	{ "ext2", "errors=", NULL, EINVAL },
	{ "ext2", "nonsense", NULL, EINVAL },
	{ "ext2", "resuid=5,resgid=6", ",resuid=5,resgid=6,", 0 },
	{ "ext4", "errors=remount-ro", ",errors=remount-ro,", 0 },
	{ "ext4", "errors=panic", ",errors=panic,", 0 },
	{ "ext4", "errors=x", NULL, EINVAL },
	{ "ext4", "nonsense", NULL, EINVAL },
	{ "ext4", "data=nonsense", NULL, EINVAL },
	{ "ext4", "commit=x", NULL, EINVAL },
	{ "ext4", "discard", ",discard", 0 },
	{ "ext4", "barrier=1,delalloc,block_validity,auto_da_alloc", "", 0 },
	{ "vfat", "uid=5,gid=6", ",uid=5,gid=6,", 0 },
	{ "vfat", "fmask=0133,dmask=0022", ",fmask=0133,dmask=0022,", 0 },
	{ "vfat", "errors=continue", ",errors=continue,", 0 },
	{ "vfat", "", ",errors=remount-ro,", 0 },
	{ "vfat", "shortname=win95", ",shortname=win95,", 0 },
	{ "vfat", "errors=x", NULL, EINVAL },
	{ "vfat", "umask=9", NULL, EINVAL },
	{ "vfat", "nonsense", NULL, EINVAL },
};

TEST(words)
{
	if (tap_not_root("mount"))
		return;
	for (int i = 0; i < N_KINDS; i++) {
		const struct kind *k = &kinds[i];

		kind_make(k);
		for (unsigned j = 0; j < sizeof(words) / sizeof(*words); j++) {
			const struct word *w = &words[j];
			int result;

			if (strcmp(w->type, k->type))
				continue;
			result = mount(device, "m", k->type, 0, w->options) ? errno : 0;
			if (!ok(result == w->error, "%s: \"%s\"", k->type, w->options))
				diag("%s", strerror(result));
			if (result)
				continue;
			if (!ok(!w->shown || strstr(loop_shown(), w->shown), "%s: \"%s\" is shown",
				k->type, w->options))
				diag("%s", loop_shown());
			if (strcmp(k->type, "vfat")) /* which reads none of it */
				fails(mount(device, "m", NULL, MS_REMOUNT, "gibberish=1"), EINVAL,
				      "a remount with nonsense");
			must(umount("m"));
		}
		kind_end(k);
	}
}

/* What each of the flags forbids, on every file system. */
static void forbidden(const struct kind *k)
{
	char name[60];
	int fd;

	must(mount(device, "m", k->type, 0, ""));
	fd = must(open("m/script", O_CREAT | O_WRONLY, 0755));
	must(write(fd, "#!/bin/true\n", 12));
	fails(mount(device, "m", NULL, MS_REMOUNT | MS_RDONLY, ""), EBUSY,
	      "not read-only while a file is open for writing");
	close(fd);
	works(mount(device, "m", NULL, MS_REMOUNT | MS_RDONLY | MS_NOEXEC, ""), "ro, noexec");
	snprintf(name, sizeof(name), "%s: noexec", k->type);
	fails(access("m/script", X_OK), EACCES, name);
	snprintf(name, sizeof(name), "%s: read-only", k->type);
	fails(open("m/script", O_WRONLY), EROFS, name);
	fails(mkdir("m/d", 0700), EROFS, name);
	fails(unlink("m/script"), EROFS, name);
	fails(utimensat(AT_FDCWD, "m/script", NULL, 0), EROFS, name);
	fails(chmod("m/script", 0700), EROFS, name);
	fails(truncate("m/script", 0), EROFS, name);
	fails(rename("m/script", "m/other"), EROFS, name);
	works(mount(device, "m", NULL, MS_REMOUNT, ""), "writable again");
	works(mkdir("m/d", 0700), name);
	must(umount("m"));
}

TEST(forbidden)
{
	if (tap_not_root("mount"))
		return;
	for (int i = 0; i < N_KINDS; i++) {
		kind_make(&kinds[i]);
		forbidden(&kinds[i]);
		kind_end(&kinds[i]);
	}
}

/* How many writes a workload makes by itself. */
static long written(const struct kind *k, unsigned long ms, bool names)
{
	long before;
	int fd;

	must(mount(device, "m", k->type, ms, ""));
	fd = must(open("m/f", O_CREAT | O_WRONLY, 0600));
	must(fsync(fd));
	sync();
	before = loop_writes();
	for (int i = 0; i < 5; i++) {
		char name[20];

		sprintf(name, "m/n%d", i);
		if (names)
			close(must(open(name, O_CREAT | O_EXCL | O_WRONLY, 0600)));
		else
			must(write(fd, "text", 4));
	}
	before = loop_writes() - before;
	for (int i = 0; i < 5; i++) {
		char name[20];

		sprintf(name, "m/n%d", i);
		unlink(name);
	}
	close(fd);
	must(umount("m"));
	return before;
}

/* The same for five blocks with O_DIRECT, each behind the last. */
static long written_direct(const struct kind *k, unsigned long ms)
{
	static char block[4096] __attribute__((aligned(4096)));
	long before;
	int fd;

	must(mount(device, "m", k->type, ms, ""));
	fd = must(open("m/f", O_CREAT | O_TRUNC | O_WRONLY | O_DIRECT, 0600));
	must(fsync(fd));
	sync();
	before = loop_writes();
	for (int i = 0; i < 5; i++)
		must(write(fd, block, sizeof(block)));
	before = loop_writes() - before;
	close(fd);
	must(umount("m"));
	return before;
}

TEST(synchronous)
{
	if (tap_not_root("mount"))
		return;
	for (int i = 1; i < N_KINDS; i++) {
		const struct kind *k = &kinds[i];

		kind_make(k);
		ok(written(k, MS_SYNCHRONOUS, false) >= 5, "%s: sync: each write goes to the disk",
		   k->type);
		ok(written(k, MS_SYNCHRONOUS, true) >= 5, "%s: sync: each name", k->type);
		if (strncmp(k->type, "ext", 3) == 0)
			ok(written_direct(k, MS_SYNCHRONOUS) >= 10,
			   "%s: sync: with O_DIRECT the inode, too", k->type);
		ok(written(k, MS_DIRSYNC, true) >= 5, "%s: dirsync: each name", k->type);
		ok(written(k, 0, true) < 5, "%s: else they wait", k->type);
		kind_end(k);
	}
}
