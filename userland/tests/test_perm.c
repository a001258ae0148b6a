/* Permissions as somebody who is not root: classes, directories, sticky bit, set-ID, ownership. */
#include "tap.h"
#include <grp.h>

static bool not_root(const char *what)
{
	if (tap_root())
		return false;
	skip(what, "not root");
	return true;
}

static int read_write(void *argument)
{
	(void)argument;
	fails(open("none", O_RDONLY), EACCES, "read without r");
	works(open("read", O_RDONLY), "read with r");
	fails(open("read", O_WRONLY), EACCES, "write without w");
	works(open("write", O_WRONLY), "write with w");
	fails(open("write", O_RDONLY), EACCES, "read with w only");
	fails(open("read", O_RDONLY | O_TRUNC), EACCES, "truncate without w");
	fails(truncate("read", 0), EACCES, "truncate a path without w");
	fails(access("read", W_OK), EACCES, "access without w");
	fails(access("read", X_OK), EACCES, "access without x");
	fails(execl("read", "read", NULL), EACCES, "execute without x");
	fails(chmod("read", 0777), EPERM, "chmod of another's file");
	fails(chown("read", 1000, 1000), EPERM, "chown of another's file");
	fails(utimensat(AT_FDCWD, "read", NULL, 0), EACCES, "touch without w");
	works(utimensat(AT_FDCWD, "write", NULL, 0), "touch with w");
	fails(utimensat(AT_FDCWD, "write", (struct timespec[2]){{1, 0}, {1, 0}}, 0), EPERM,
	      "set times of another's file");
	return 0;
}

TEST(files)
{
	if (not_root("permissions"))
		return;
	umask(0);
	close(must(open("none", O_CREAT | O_RDWR, 0700)));
	close(must(open("read", O_CREAT | O_RDWR, 0704)));
	close(must(open("write", O_CREAT | O_RDWR, 0702)));
	is(tap_as_user(read_write, NULL), 0, "the user ends well");
	works(open("none", O_RDWR), "root may all");
}

static int classes(void *argument)
{
	(void)argument;
	works(open("owner", O_RDONLY), "the owner has the owner's bits");
	fails(open("owner-none", O_RDONLY), EACCES, "and no others");
	works(open("group", O_RDONLY), "the group has the group's bits");
	fails(open("group-none", O_RDONLY), EACCES, "and no others");
	works(open("extra", O_RDONLY), "a supplementary group counts");
	return 0;
}

static int with_groups(void *argument)
{
	gid_t extra = 77;

	must(setgroups(1, &extra));
	must(setgid(1000));
	must(setuid(1000));
	return classes(argument);
}

static void make(const char *name, uid_t uid, gid_t gid, mode_t mode)
{
	close(must(open(name, O_CREAT | O_RDWR, 0600)));
	must(chown(name, uid, gid));
	must(chmod(name, mode));
}

TEST(classes)
{
	if (not_root("classes"))
		return;
	make("owner", 1000, 1, 0400);
	make("owner-none", 1000, 1000, 0044);
	make("group", 1, 1000, 0040);
	make("group-none", 1, 1000, 0404);
	make("extra", 1, 77, 0040);
	exits(tap_spawn(with_groups, NULL), 0, "the user ends well");
}

static int directories(void *argument)
{
	struct stat st;

	(void)argument;
	fails(stat("nox/f", &st), EACCES, "search without x");
	works(open("nox", O_RDONLY), "list with r");
	fails(open("nor", O_RDONLY), EACCES, "list without r");
	works(stat("nor/f", &st), "search with x");
	fails(open("now/new", O_CREAT | O_RDWR, 0600), EACCES, "make without w");
	fails(unlink("now/f"), EACCES, "remove without w");
	fails(rename("now/f", "now/g"), EACCES, "rename without w");
	fails(mkdir("now/d", 0700), EACCES, "mkdir without w");
	fails(symlink("x", "now/l"), EACCES, "symlink without w");
	fails(link("open/mine", "now/l"), EACCES, "link without w");
	fails(mkfifo("now/p", 0600), EACCES, "mkfifo without w");
	fails(chdir("nox"), EACCES, "chdir without x");
	works(unlink("open/theirs"), "another's file in a writable directory");
	fails(mknod("open/dev", S_IFCHR | 0600, 0x103), EPERM, "make a device");
	return 0;
}

TEST(directories)
{
	if (not_root("directories"))
		return;
	must(mkdir("nox", 0));
	must(mkdir("nor", 0));
	must(mkdir("now", 0));
	must(mkdir("open", 0));
	close(tap_file("nox/f", ""));
	close(tap_file("nor/f", ""));
	close(tap_file("now/f", ""));
	make("open/mine", 1000, 1000, 0600);
	make("open/theirs", 1, 1, 0600);
	must(chmod("nox", 0776));
	must(chmod("nor", 0773));
	must(chmod("now", 0775));
	must(chmod("open", 0777));
	is(tap_as_user(directories, NULL), 0, "the user ends well");
}

static int sticky(void *argument)
{
	(void)argument;
	fails(unlink("t/theirs"), EPERM, "remove another's file");
	fails(rename("t/theirs", "t/x"), EPERM, "rename another's file");
	fails(rename("t/mine", "t/theirs"), EPERM, "rename over another's file");
	fails(rmdir("t/dir"), EPERM, "remove another's directory");
	works(rename("t/mine", "t/still"), "rename one's own");
	works(unlink("t/still"), "remove one's own");
	works(unlink("own/theirs"), "remove another's in one's own sticky directory");
	return 0;
}

TEST(sticky)
{
	if (not_root("sticky"))
		return;
	must(mkdir("t", 0777));
	must(mkdir("own", 0777));
	must(chmod("t", 01777));
	make("t/theirs", 1, 1, 0666);
	make("t/mine", 1000, 1000, 0666);
	must(mkdir("t/dir", 0777));
	must(chown("own", 1000, 1000));
	must(chmod("own", 01777));
	make("own/theirs", 1, 1, 0666);
	is(tap_as_user(sticky, NULL), 0, "the user ends well");
}

static int owner(void *argument)
{
	struct stat st;
	int fd;

	(void)argument;
	works(chmod("mine", 0640), "chmod of one's own file");
	fails(chown("mine", 1, -1), EPERM, "giving a file away");
	fails(chown("mine", -1, 1), EPERM, "to a group one is not in");
	works(chown("mine", 1000, 1000), "to what it is already");
	works(chmod("mine", 06755), "set-ID bits on one's own file");
	works(fd = open("mine", O_WRONLY), "open it");
	must(write(fd, "x", 1));
	must(stat("mine", &st));
	is(st.st_mode & 07777, 0755, "a write clears them");
	works(chmod("other-group", 02755), "chmod of a file of another group");
	must(stat("other-group", &st));
	is(st.st_mode & 07777, 0755, "does not set its set-group-ID bit");
	must(chmod("mine", 06755));
	works(truncate("mine", 0), "truncate");
	must(stat("mine", &st));
	is(st.st_mode & 07777, 0755, "clears them, too");
	return 0;
}

TEST(owner)
{
	if (not_root("owner"))
		return;
	make("mine", 1000, 1000, 0600);
	make("other-group", 1000, 1, 0600);
	is(tap_as_user(owner, NULL), 0, "the user ends well");
}

TEST(setgid_directory)
{
	struct stat st;

	if (not_root("set-group-ID directories"))
		return;
	must(mkdir("d", 0777));
	must(chown("d", 0, 55));
	must(chmod("d", 02777));
	close(must(open("d/f", O_CREAT | O_RDWR, 0600)));
	must(stat("d/f", &st));
	is(st.st_gid, 55, "a file gets the directory's group");
	must(mkdir("d/e", 0777));
	must(stat("d/e", &st));
	is(st.st_gid, 55, "a directory as well");
	is(st.st_mode & S_ISGID, S_ISGID, "and the bit");
}

HELPER(identities)
{
	uid_t r, e, s;
	gid_t g, h, i;

	if (getresuid(&r, &e, &s) || getresgid(&g, &h, &i))
		return 1;
	return !(r == 1000 && e == (uid_t)atoi(argv[0]) && s == e && g == 1000 &&
		 h == (gid_t)atoi(argv[1]) && i == h);
}

static int run_identities(void *argument)
{
	char **ids = argument;

	execl("./program", "program", "--as", "identities", ids[0], ids[1], NULL);
	return 9;
}

static void copy_self(void)
{
	static char buf[65536];
	int in = must(open(tap_self, O_RDONLY)),
	    out = must(open("program", O_CREAT | O_WRONLY, 0755)), n;

	while ((n = must(read(in, buf, sizeof(buf)))) > 0)
		must(write(out, buf, n));
	close(in);
	close(out);
}

#include <sys/statvfs.h>

TEST(setid_programs)
{
	char *plain[] = {"1000", "1000"}, *uid[] = {"500", "1000"}, *gid[] = {"1000", "600"},
	     *both[] = {"500", "600"};
	struct statvfs vfs;

	if (not_root("set-ID programs"))
		return;
	must(statvfs(".", &vfs));
	if (vfs.f_flag & ST_NOSUID)
		return skip("set-ID programs", "mounted nosuid");
	copy_self();
	must(chown("program", 500, 600));
	must(chmod("program", 0755));
	is(tap_as_user(run_identities, plain), 0, "no bit");
	must(chmod("program", 04755));
	is(tap_as_user(run_identities, uid), 0, "set-user-ID");
	must(chmod("program", 02755));
	is(tap_as_user(run_identities, gid), 0, "set-group-ID");
	must(chmod("program", 06755));
	is(tap_as_user(run_identities, both), 0, "both");
	must(chmod("program", 02745));
	is(tap_as_user(run_identities, plain), 0, "set-group-ID without x of the group is none");
}

static int links(void *argument)
{
	(void)argument;
	fails(open("dir/link", O_RDONLY), EACCES, "the target's permissions count");
	works(readlink("dir/link", (char[8]){0}, 8), "a link itself can always be read");
	fails(access("/root/x", F_OK), EACCES, "root's home is closed");
	return 0;
}

TEST(links)
{
	struct stat st;

	if (not_root("links"))
		return;
	must(mkdir("dir", 0755));
	make("secret", 0, 0, 0600);
	must(symlink("../secret", "dir/link"));
	if (stat("/root", &st) < 0 || (st.st_mode & 077))
		return skip("links", "root's home is open here");
	is(tap_as_user(links, NULL), 0, "the user ends well");
}
