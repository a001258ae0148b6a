/* Renaming, in every legal form and the illegal ones. */
#include "tap.h"

static ino_t inode(const char *path)
{
	struct stat st;

	return lstat(path, &st) < 0 ? 0 : st.st_ino;
}

static int links(const char *path)
{
	struct stat st;

	return stat(path, &st) < 0 ? -1 : (int)st.st_nlink;
}

TEST(files)
{
	ino_t a;

	close(tap_file("a", "aaa"));
	close(tap_file("b", "bbb"));
	a = inode("a");
	works(rename("a", "c"), "to a new name");
	is(inode("c"), a, "the same file");
	is(inode("a"), 0, "the old name is gone");
	works(rename("c", "b"), "over a file");
	is_text(tap_read("b"), "aaa", "replaces it");
	works(rename("b", "b"), "onto itself");
	must(link("b", "hard"));
	works(rename("b", "hard"), "onto another link of the same file");
	is(inode("b"), a, "does nothing");
	fails(rename("none", "x"), ENOENT, "nothing there");
	fails(rename("b", "none/x"), ENOENT, "no directory");
	fails(rename("b", "hard/x"), ENOTDIR, "below a file");
	fails(rename("b", "x/"), ENOTDIR, "a slash behind a file's new name");
	fails(rename("b", "/proc/x"), EXDEV, "another file system");
	fails(syscall(SYS_rename, BAD, "x"), EFAULT, "bad old path");
	fails(syscall(SYS_rename, "b", BAD), EFAULT, "bad new path");
	fails(syscall(SYS_renameat, AT_FDCWD, BAD, AT_FDCWD, "x"), EFAULT,
	      "renameat: bad old path");
	fails(syscall(SYS_renameat2, AT_FDCWD, "b", AT_FDCWD, BAD, 0), EFAULT,
	      "renameat2: bad new path");
}

TEST(directories)
{
	must(mkdir("a", 0755));
	must(mkdir("b", 0755));
	close(tap_file("a/f", "x"));
	works(rename("a", "b"), "over an empty directory");
	is_text(tap_read("b/f"), "x", "with its content");
	must(mkdir("e", 0755));
	fails(rename("e", "b"), ENOTEMPTY, "over a full one");
	close(tap_file("f", "x"));
	fails(rename("e", "f"), ENOTDIR, "a directory over a file");
	fails(rename("f", "e"), EISDIR, "a file over a directory");
	must(mkdir("b/sub", 0755));
	fails(rename("b", "b/sub/x"), EINVAL, "into itself");
	fails(rename("b", "b/sub"), EINVAL, "onto its own child");
	fails(rename("b/sub", "b"), ENOTEMPTY, "onto its own parent");
	fails(rename(".", "x"), EBUSY, "the dot");
	fails(rename("b/..", "x"), EBUSY, "two dots");
	is(links("b"), 3, "links of a directory with one below");
	is(links("e"), 2, "links of an empty one");
	works(rename("b/sub", "e/sub"), "to another directory");
	is(links("b"), 2, "one less here");
	is(links("e"), 3, "one more there");
	is(inode("e/sub/.."), inode("e"), "its parent changed");
	works(rename("e/", "g/"), "slashes behind directories");
}

TEST(symlinks)
{
	close(tap_file("f", "x"));
	must(symlink("f", "l"));
	must(symlink("none", "m"));
	works(rename("l", "k"), "a link");
	is(readlink("k", (char[4]){0}, 4), 1, "is moved itself");
	works(rename("k", "m"), "over a link");
	is_text(tap_read("f"), "x", "the target is not touched");
	works(rename("f", "m"), "a file over a link to it");
	is_text(tap_read("m"), "x", "the link is replaced");
}

TEST(open_files)
{
	char b[4] = "";
	int fd = tap_file("old", "abc"), victim = tap_file("new", "xyz");

	works(rename("old", "new"), "over an open file");
	is(pread(victim, b, 3, 0), 3, "the replaced one can still be read");
	ok(!memcmp(b, "xyz", 3), "its content");
	is(write(fd, "ABC", 3), 3, "the moved one can still be written");
	is_text(tap_read("new"), "ABC", "under its new name");
}

TEST(at_and_flags)
{
	int a, b;
	ino_t x, y;

	must(mkdir("a", 0755));
	must(mkdir("b", 0755));
	close(tap_file("a/f", "1"));
	close(tap_file("b/f", "2"));
	a = must(open("a", O_RDONLY));
	b = must(open("b", O_RDONLY));
	works(renameat(a, "f", b, "g"), "renameat");
	is_text(tap_read("b/g"), "1", "moved");
	fails(renameat(999, "f", b, "g"), EBADF, "bad descriptor");
	fails(syscall(SYS_renameat2, b, "f", b, "g", 1), EEXIST, "RENAME_NOREPLACE");
	works(syscall(SYS_renameat2, b, "f", a, "f", 1), "RENAME_NOREPLACE to a free name");
	x = inode("a/f");
	y = inode("b/g");
	works(syscall(SYS_renameat2, a, "f", b, "g", 2), "RENAME_EXCHANGE");
	ok(inode("a/f") == y && inode("b/g") == x, "both changed places");
	fails(syscall(SYS_renameat2, a, "f", b, "none", 2), ENOENT, "exchange with nothing");
	works(syscall(SYS_renameat2, AT_FDCWD, "a", b, "g", 2), "exchange a directory and a file");
	is(inode("b/g/.."), inode("b"), "the directory's parent");
	is(links("b"), 3, "its new parent's links");
	fails(syscall(SYS_renameat2, b, "g", b, "h", 64), EINVAL, "unknown flag");
	fails(syscall(SYS_renameat2, b, "g", b, "h", 3), EINVAL, "flags that exclude each other");
}

static int whiteout_user(void *unused)
{
	struct stat st;

	(void)unused;
	works(syscall(SYS_renameat2, AT_FDCWD, "mine/f", AT_FDCWD, "mine/g", 4), "by anybody");
	must(stat("mine/f", &st));
	is(st.st_uid, 1000, "it is the caller's");
	works(mknod("mine/white", S_IFCHR, 0), "one can be made by mknod");
	fails(mknod("mine/device", S_IFCHR, 0x103), EPERM, "a real device cannot");
	fails(mknod("mine/device", S_IFBLK, 0), EPERM, "nor a block device");
	return 0;
}

TEST(whiteout)
{
	struct stat st;

	must(mkdir("a", 0755));
	must(mkdir("b", 0755));
	must(mkdir("a/d", 0755));
	close(tap_file("a/f", "1"));
	works(syscall(SYS_renameat2, AT_FDCWD, "a/f", AT_FDCWD, "b/f", 4), "RENAME_WHITEOUT");
	is_text(tap_read("b/f"), "1", "it moved");
	must(stat("a/f", &st));
	is(st.st_mode, S_IFCHR, "a device without permissions stays behind");
	is(st.st_rdev, 0, "with the number 0");
	is(st.st_nlink, 1, "and one link");
	ok(open("a/f", O_RDONLY) < 0 && (errno == ENXIO || errno == EACCES), "nobody can open it");
	works(syscall(SYS_renameat2, AT_FDCWD, "a/d", AT_FDCWD, "b/d", 4), "a directory");
	must(stat("a/d", &st));
	is(st.st_mode, S_IFCHR, "leaves one, too");
	is(links("a"), 2, "which is no subdirectory");
	is(links("b"), 3, "and goes where it goes");
	close(tap_file("a/g", "2"));
	works(syscall(SYS_renameat2, AT_FDCWD, "a/g", AT_FDCWD, "b/f", 4), "over another");
	is_text(tap_read("b/f"), "2", "replaced");
	close(tap_file("a/h", "3"));
	fails(syscall(SYS_renameat2, AT_FDCWD, "a/h", AT_FDCWD, "b/f", 4 | 1), EEXIST,
	      "with RENAME_NOREPLACE");
	is_text(tap_read("a/h"), "3", "changes nothing");
	fails(syscall(SYS_renameat2, AT_FDCWD, "a/h", AT_FDCWD, "b/f", 4 | 2), EINVAL,
	      "not with RENAME_EXCHANGE");
	works(syscall(SYS_renameat2, AT_FDCWD, "a/h", AT_FDCWD, "a/i", 4), "in one directory");
	works(syscall(SYS_renameat2, AT_FDCWD, "a/i", AT_FDCWD, "a/h", 4), "over its whiteout");
	is_text(tap_read("a/h"), "3", "and back");
	works(unlink("a/f"), "a whiteout can be removed");
	must(mkdir("mine", 0755));
	close(tap_file("mine/f", "4"));
	must(chown("mine", 1000, 1000));
	must(chmod(".", 0755));
	tap_as_user(whiteout_user, NULL);
}

TEST(many)
{
	char from[20], to[20];
	int bad = 0;

	must(mkdir("a", 0755));
	must(mkdir("b", 0755));
	for (int i = 0; i < 300; i++) {
		snprintf(from, sizeof(from), "a/%d", i);
		close(tap_file(from, from));
	}
	for (int i = 0; i < 300; i++) {
		snprintf(from, sizeof(from), "a/%d", i);
		snprintf(to, sizeof(to), "b/name-%d", i * 7 % 300);
		bad += rename(from, to) < 0;
	}
	is(bad, 0, "300 renames between directories");
	for (int i = 0; i < 300; i++) {
		snprintf(from, sizeof(from), "a/%d", i);
		snprintf(to, sizeof(to), "b/name-%d", i * 7 % 300);
		bad += strcmp(tap_read(to), from) != 0;
	}
	is(bad, 0, "every file has its content");
	works(rmdir("a"), "nothing is left behind");
}
