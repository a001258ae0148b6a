/*
 * FAT file systems on the disk's EFI partition: mounting and its options, names that have no case,
 * permissions and times that the disk cannot hold, rename, sizes, attributes.
 */
#include "tap.h"

#include <dirent.h>
#include <linux/msdos_fs.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/statfs.h>

#define DEVICE "/dev/sda2"

#ifndef RENAME_NOREPLACE
#define RENAME_NOREPLACE 1
#define RENAME_EXCHANGE 2
#endif

static char place[300];

static void leave(void)
{
	if (chdir("/") == 0)
		umount2(place, MNT_DETACH);
}

/* Mounts the partition and goes to a new directory of it; false if that cannot be. */
static bool enter_type(const char *type, const char *options)
{
	if (!tap_root()) {
		skip("mount", "not root");
		return false;
	}
	must(mkdir("m", 0755));
	if (!getcwd(place, sizeof(place) - 3))
		return false;
	strcat(place, "/m");
	if (!works(mount(DEVICE, place, type, 0, options), "mount"))
		return false;
	atexit(leave);
	must(chdir(place));
	must(mkdir("t", 0755));
	must(chdir("t"));
	return true;
}

static bool enter(const char *options)
{
	return enter_type("vfat", options);
}

/* Removes the directory, which the test has emptied, and unmounts. */
static void done(void)
{
	works(chdir(place), "back");
	works(rmdir("t"), "all was removed");
	must(chdir("/"));
	works(umount(place), "umount");
}

/* How often the directory lists that name. */
static int listed(const char *dir, const char *name)
{
	DIR *d = opendir(dir);
	struct dirent *e;
	int n = 0;

	while (d && (e = readdir(d)))
		n += !strcmp(e->d_name, name);
	if (d)
		closedir(d);
	return n;
}

static int renameat2_(const char *from, const char *to, unsigned flags)
{
	return (int)syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, flags);
}

static void make(const char *path, const char *text)
{
	close(tap_file(path, text));
}

TEST(mounting)
{
	struct statfs s;
	struct stat st;

	if (!enter("uid=12,gid=34,fmask=0133,dmask=0022"))
		return;
	must(statfs(".", &s));
	is(s.f_type, MSDOS_SUPER_MAGIC, "f_type");
	is(s.f_bsize, 512, "a cluster is a block");
	ok(s.f_blocks > 100000 && s.f_bfree < s.f_blocks && s.f_bavail == s.f_bfree, "blocks");
	must(stat(place, &st));
	is(st.st_ino, 1, "the root's number");
	make("file", "");
	must(stat("file", &st));
	is(st.st_uid, 12, "uid=");
	is(st.st_gid, 34, "gid=");
	is(st.st_mode, S_IFREG | 0644, "fmask=");
	must(stat(".", &st));
	is(st.st_mode, S_IFDIR | 0755, "dmask=");
	is(st.st_nlink, 2, "links of a directory");
	must(mkdir("sub", 0700));
	must(stat(".", &st));
	is(st.st_nlink, 3, "and with a subdirectory");
	ok(strstr(tap_read("/proc/mounts"), "uid=12,gid=34,fmask=0133,dmask=0022,codepage=437"),
	   "options in /proc/mounts");
	ok(strstr(tap_read("/proc/filesystems"), "\tvfat\n"), "/proc/filesystems");
	must(rmdir("sub"));
	must(unlink("file"));
	done();
	fails(mount(DEVICE, place, "vfat", 0, "nonsense"), EINVAL, "an unknown option");
	fails(mount(DEVICE, place, "vfat", 0, "codepage=x"), EINVAL, "a malformed one");
}

TEST(names)
{
	static const char *const bad[] = { "a*b", "a?b", "a<b", "a>b", "a|b", "a\"b", "a:b", "a\\b",
					   "a\nb", "space " };
	char name[300];

	if (!enter(""))
		return;
	make("Mixed Case.Text", "x");
	works(access("MIXED CASE.TEXT", F_OK), "another spelling");
	works(access("mixedc~1.tex", F_OK), "the alias");
	works(access("mixed case.text..", F_OK), "dots at the end");
	fails(open("mixed case.text", O_CREAT | O_EXCL | O_WRONLY, 0644), EEXIST, "is the same");
	fails(mkdir("MIXED CASE.TEXT", 0755), EEXIST, "for mkdir, too");
	is(listed(".", "Mixed Case.Text"), 1, "its case is kept");
	works(unlink("mIXED cASE.tEXT"), "unlink");
	fails(access("Mixed Case.Text", F_OK), ENOENT, "it is gone");
	fails(access("MIXEDC~1.TEX", F_OK), ENOENT, "by any name");
	make("mixed CASE.text", "x");
	is(listed(".", "mixed CASE.text"), 1, "made anew in another case");
	must(unlink("mixed CASE.text"));
	for (unsigned i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		fails(open(bad[i], O_CREAT | O_WRONLY, 0644), EINVAL, "no name here");
	fails(access("a*b", F_OK), ENOENT, "nor is it there");
	memset(name, 'n', sizeof(name));
	name[255] = 0;
	make(name, "long");
	is(listed(".", name), 1, "255 characters");
	must(unlink(name));
	name[255] = 'n';
	name[256] = 0;
	fails(open(name, O_CREAT | O_WRONLY, 0644), ENAMETOOLONG, "256 characters");
	make("\xc3\xa4\xc3\xb6\xc3\xbc \xe2\x82\xac \xf0\x9f\x90\xa7.txt", "x");
	is(listed(".", "\xc3\xa4\xc3\xb6\xc3\xbc \xe2\x82\xac \xf0\x9f\x90\xa7.txt"), 1, "UTF-8");
	must(unlink("\xc3\xa4\xc3\xb6\xc3\xbc \xe2\x82\xac \xf0\x9f\x90\xa7.txt"));
	make("UPPER.TXT", "x");
	is(listed(".", "UPPER.TXT"), 1, "a short name as it is");
	must(unlink("upper.txt"));
	done();
}

/* Both names of the only file there is. */
static void both(const char *want_short, const char *want_long, const char *what)
{
	struct __fat_dirent d[2];
	int fd = must(open(".", O_RDONLY | O_DIRECTORY)), n;

	while ((n = ioctl(fd, VFAT_IOCTL_READDIR_BOTH, d)) == 1 && d[0].d_name[0] == '.')
		;
	is(n, 1, what);
	is_text(d[0].d_name, want_short, "short name");
	is(d[0].d_reclen, strlen(want_short), "its length");
	is(d[1].d_reclen, strlen(want_long), "length of the long name");
	is_text(d[1].d_reclen ? d[1].d_name : "", want_long, "long name");
	is(ioctl(fd, VFAT_IOCTL_READDIR_BOTH, d), 0, "the end");
	close(fd);
}

TEST(aliases)
{
	static const struct { const char *name, *alias; } t[] = {
		{ "lower.txt", "LOWER.TXT" }, { "longer than eight.text", "LONGER~1.TEX" },
		{ ".profile", "PROFIL~1" }, { "a.b.c.d", "ABC~1.D" }, { "a+b", "A_B~1" },
		{ "nodot12345", "NODOT1~1" }, { "x.html", "X~1.HTM" },
		{ "two dots..x", "TWODOT~1.X" },
	};

	if (!enter("shortname=mixed"))
		return;
	for (unsigned i = 0; i < sizeof(t) / sizeof(*t); i++) {
		make(t[i].name, "");
		both(t[i].alias, t[i].name, t[i].name);
		must(unlink(t[i].name));
	}
	make("SHORT.TXT", "");
	both("SHORT.TXT", "", "needs no long name");
	must(unlink("SHORT.TXT"));
	for (int i = 0; i < 12; i++) {
		char name[40];

		sprintf(name, "longer name %d.txt", i);
		make(name, "");
	}
	works(access("LONGER~9.TXT", F_OK), "tails are counted up");
	for (int i = 0; i < 12; i++) {
		char name[40];

		sprintf(name, "longer name %d.txt", i);
		works(unlink(name), "unlink");
	}
	done();
}

TEST(permissions)
{
	struct stat st;

	if (!enter("umask=022"))
		return;
	make("f", "x");
	must(stat("f", &st));
	is(st.st_mode & 07777, 0755, "executable unless showexec says other");
	works(chmod("f", 0555), "read-only");
	must(stat("f", &st));
	is(st.st_mode & 07777, 0555, "is an attribute");
	works(chmod("f", 0755), "and back");
	works(chmod("f", 0644), "what cannot be is passed over");
	must(stat("f", &st));
	is(st.st_mode & 07777, 0755, "and changes nothing");
	fails(chmod("f", 04755), EPERM, "set-user-ID");
	works(chown("f", 0, 0), "the owner it has");
	fails(chown("f", 1000, -1), EPERM, "another owner");
	fails(link("f", "g"), EPERM, "link");
	fails(symlink("f", "g"), EPERM, "symlink");
	fails(mknod("g", S_IFIFO | 0644, 0), EPERM, "mkfifo");
	must(chmod("f", 0555));
	must(chdir("/"));
	must(umount(place));
	must(mount(DEVICE, place, "vfat", 0, "umask=022,quiet,showexec"));
	must(chdir(place));
	must(chdir("t"));
	must(stat("f", &st));
	is(st.st_mode & 07777, 0444, "read-only after mounting again; no program by its name");
	works(chown("f", 1000, -1), "another owner with quiet");
	must(stat("f", &st));
	is(st.st_uid, 0, "changes nothing");
	make("f.exe", "");
	must(stat("f.exe", &st));
	is(st.st_mode & 07777, 0755, "a program by its name");
	must(unlink("f.exe"));
	must(unlink("f"));
	done();
}

TEST(times)
{
	struct timespec t[2] = { { 1000000001, 5 }, { 1000000003, 7 } };
	struct stat st;

	if (!enter("tz=UTC"))
		return;
	make("f", "x");
	works(utimensat(AT_FDCWD, "f", t, 0), "utimensat");
	must(stat("f", &st));
	is(st.st_mtim.tv_sec, 1000000002, "modification: two seconds");
	is(st.st_mtim.tv_nsec, 0, "and no less");
	is(st.st_atim.tv_sec, 1000000001 / 86400 * 86400, "access: days");
	is(st.st_ctim.tv_sec, st.st_mtim.tv_sec, "change is modification");
	must(chdir("/"));
	must(umount(place));
	must(mount(DEVICE, place, "vfat", 0, "time_offset=60"));
	must(chdir(place));
	must(chdir("t"));
	must(stat("f", &st));
	is(st.st_mtim.tv_sec, 1000000002 - 3600, "time_offset=");
	must(unlink("f"));
	done();
}

TEST(renaming)
{
	struct stat st, sub;

	if (!enter(""))
		return;
	make("a", "of a");
	make("B", "of b");
	works(rename("a", "b"), "over another");
	is_text(tap_read("B"), "of a", "it has replaced that");
	is(listed(".", "B"), 1, "whose name stays");
	fails(access("a", F_OK), ENOENT, "the old one is gone");
	make("c", "of c");
	fails(renameat2_("c", "b", RENAME_NOREPLACE), EEXIST, "RENAME_NOREPLACE");
	works(renameat2_("c", "b", RENAME_EXCHANGE), "RENAME_EXCHANGE");
	is_text(tap_read("b"), "of c", "one");
	is_text(tap_read("c"), "of a", "and the other");
	must(mkdir("dir", 0755));
	must(mkdir("dir/sub", 0755));
	must(mkdir("other", 0755));
	make("dir/sub/f", "deep");
	fails(rename("dir", "dir/sub/x"), EINVAL, "below itself");
	fails(rename("other", "dir"), ENOTEMPTY, "over what is not empty");
	fails(rename("b", "other"), EISDIR, "a file over a directory");
	fails(rename("other", "b"), ENOTDIR, "and the reverse");
	works(rename("dir/sub", "other/A longer name"), "to another directory");
	is_text(tap_read("other/A longer name/f"), "deep", "with what is in it");
	must(stat("other", &st));
	is(st.st_nlink, 3, "which counts it");
	must(stat("other/A longer name/..", &sub));
	is(sub.st_ino, st.st_ino, "and is its parent");
	works(rename("other/A longer name", "dir"), "over an empty directory");
	is_text(tap_read("dir/f"), "deep", "with what is in it");
	must(unlink("dir/f"));
	must(rmdir("dir"));
	must(rmdir("other"));
	must(unlink("b"));
	must(unlink("c"));
	done();
}

TEST(respelling)
{
	if (!is_skerry()) {
		skip("rename to another spelling", "Linux changes nothing");
		return;
	}
	if (!enter(""))
		return;
	make("name of a file", "text");
	works(rename("name of a file", "Name Of A File"), "rename");
	is(listed(".", "Name Of A File"), 1, "is spelled so now");
	is(listed(".", "name of a file"), 0, "and not otherwise");
	is_text(tap_read("NAMEOF~1"), "text", "by its alias");
	must(unlink("NAME OF A FILE"));
	done();
}

TEST(sizes)
{
	static char buf[8192];
	struct statfs before, after;
	struct stat st;
	int fd, zero = 1;

	if (!enter(""))
		return;
	must(statfs(".", &before));
	fd = tap_file("f", "begin");
	is(pwrite(fd, "end", 3, 100000), 3, "a write beyond the end");
	must(fstat(fd, &st));
	is(st.st_size, 100003, "size");
	is(st.st_blocks, 196, "there are no holes");
	is(pread(fd, buf, sizeof(buf), 50000), sizeof(buf), "between");
	for (size_t i = 0; i < sizeof(buf); i++)
		zero = zero && !buf[i];
	ok(zero, "are zeroes");
	works(ftruncate(fd, 3), "ftruncate");
	works(ftruncate(fd, 5000), "and longer");
	is(pread(fd, buf, sizeof(buf), 0), 5000, "read");
	ok(!memcmp(buf, "beg\0\0\0", 6) && !buf[4999], "zeroes again");
	fails(ftruncate(fd, 1l << 32), EFBIG, "4 GiB");
	fails(ftruncate(fd, 200l << 20), ENOSPC, "more than there is");
	is(pwrite(fd, "x", 1, (1l << 32) - 1), -1, "a byte at 4 GiB - 1");
	must(ftruncate(fd, 5000)); /* Linux leaves it as long as it got */
	works(fsync(fd), "fsync");
	must(unlink("f"));
	is(pread(fd, buf, 3, 0), 3, "read from a file without a name");
	is(pwrite(fd, "xyz", 3, 6000), 3, "write to it");
	must(fstat(fd, &st));
	is(st.st_nlink, 0, "links");
	close(fd);
	must(statfs(".", &after));
	is(after.f_bfree, before.f_bfree, "all clusters are free again");
	done();
}

TEST(mapping)
{
	char *p;
	int fd;

	if (!enter(""))
		return;
	fd = tap_file("f", "");
	must(ftruncate(fd, 20000));
	p = mmap(NULL, 20000, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	ok(p != MAP_FAILED, "mmap");
	memcpy(p + 10000, "mapped", 6);
	works(msync(p, 20000, MS_SYNC), "msync");
	memcpy(p + 19000, "later", 5);
	munmap(p, 20000);
	close(fd);
	must(chdir("/"));
	must(umount(place));
	must(mount(DEVICE, place, "vfat", 0, ""));
	must(chdir(place));
	must(chdir("t"));
	fd = must(open("f", O_RDONLY));
	p = mmap(NULL, 20000, PROT_READ, MAP_PRIVATE, fd, 0);
	ok(!memcmp(p + 10000, "mapped", 6) && !memcmp(p + 19000, "later", 5), "is on the disk");
	munmap(p, 20000);
	close(fd);
	must(unlink("f"));
	done();
}

static int as_user(void *arg)
{
	uint32_t attr = ATTR_HIDDEN;
	int fd = must(open(arg, O_RDWR));

	fails(ioctl(fd, FAT_IOCTL_SET_ATTRIBUTES, &attr), EPERM, "by another user");
	return 0;
}

TEST(attributes)
{
	uint32_t attr = 0, id = 0;
	struct stat st;
	int fd, root;

	if (!enter("umask=0"))
		return;
	fd = tap_file("f", "x");
	works(ioctl(fd, FAT_IOCTL_GET_ATTRIBUTES, &attr), "FAT_IOCTL_GET_ATTRIBUTES");
	is(attr, ATTR_ARCH, "a new file's");
	attr = ATTR_HIDDEN | ATTR_SYS | ATTR_RO | ATTR_DIR;
	works(ioctl(fd, FAT_IOCTL_SET_ATTRIBUTES, &attr), "FAT_IOCTL_SET_ATTRIBUTES");
	must(ioctl(fd, FAT_IOCTL_GET_ATTRIBUTES, &attr));
	is(attr, ATTR_HIDDEN | ATTR_SYS | ATTR_RO, "what can be set is");
	must(fstat(fd, &st));
	is(st.st_mode & 0777, 0555, "read-only");
	must(chmod("f", 0777));
	must(ioctl(fd, FAT_IOCTL_GET_ATTRIBUTES, &attr));
	is(attr, ATTR_HIDDEN | ATTR_SYS, "and no longer");
	tap_as_user(as_user, "f");
	root = must(open(place, O_RDONLY));
	works(ioctl(root, FAT_IOCTL_GET_VOLUME_ID, &id), "FAT_IOCTL_GET_VOLUME_ID");
	is(id, 0x5ce11e02, "the serial number");
	must(ioctl(root, FAT_IOCTL_GET_ATTRIBUTES, &attr));
	is(attr, ATTR_DIR, "the root's attributes");
	attr = ATTR_HIDDEN;
	fails(ioctl(root, FAT_IOCTL_SET_ATTRIBUTES, &attr), EINVAL, "cannot be changed");
	fails(ioctl(fd, VFAT_IOCTL_READDIR_BOTH, &id), ENOTTY, "a file is no directory");
	fails(ioctl(fd, FAT_IOCTL_GET_ATTRIBUTES, BAD), EFAULT, "a bad address");
	close(fd);
	close(root);
	must(unlink("f"));
	done();
}

TEST(readonly)
{
	if (!enter(""))
		return;
	make("f", "x");
	works(mount(NULL, place, NULL, MS_REMOUNT | MS_RDONLY, ""), "remounted read-only");
	fails(open("g", O_CREAT | O_WRONLY, 0644), EROFS, "create");
	fails(unlink("f"), EROFS, "unlink");
	fails(truncate("f", 0), EROFS, "truncate");
	is_text(tap_read("f"), "x", "read");
	works(mount(NULL, place, NULL, MS_REMOUNT, ""), "remounted read-write");
	works(unlink("f"), "unlink");
	done();
}

TEST(listing)
{
	long positions[8];
	struct dirent *e;
	char name[64], later[300];
	int n = 0;
	DIR *d;

	if (!enter(""))
		return;
	for (int i = 0; i < 300; i++) {
		sprintf(name, "a name that needs slots %d", i);
		make(name, "");
	}
	d = opendir(".");
	for (; (e = readdir(d)); n++)
		if (n < 8)
			positions[n] = telldir(d);
	is(n, 302, "all are listed once");
	seekdir(d, positions[4]);
	strcpy(later, readdir(d)->d_name);
	rewinddir(d);
	for (int i = 0; i < 6; i++)
		e = readdir(d);
	is_text(e->d_name, later, "a position is where it was");
	for (int i = 0; i < 300; i += 2) {
		sprintf(name, "a name that needs slots %d", i);
		must(unlink(name));
	}
	seekdir(d, positions[7]);
	for (n = 0; (e = readdir(d)); n++)
		;
	is(n, 147, "and stays there when others go");
	closedir(d);
	fails(rmdir("../t"), ENOTEMPTY, "it is not empty");
	for (int i = 1; i < 300; i += 2) {
		sprintf(name, "A NAME THAT NEEDS SLOTS %d", i);
		must(unlink(name));
	}
	done();
}

TEST(msdos)
{
	if (!enter_type("msdos", ""))
		return;
	make("Name.Txt", "x");
	is(listed(".", "name.txt"), 1, "names are shown in lower case");
	works(access("NAME.TXT", F_OK), "and have none");
	works(access("name.txtlonger", F_OK), "what is too long is cut off");
	fails(open(".hidden", O_CREAT | O_WRONLY, 0644), EINVAL, "a dot at the beginning");
	fails(open("a*b", O_CREAT | O_WRONLY, 0644), EINVAL, "a wild card");
	works(rename("name.txt", "other.c"), "rename");
	works(unlink("other.c"), "unlink");
	done();
}
