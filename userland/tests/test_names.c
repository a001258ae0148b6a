/* Directories and names: mkdir, rmdir, link, unlink, symlink, readlink, getdents, chdir, getcwd. */
#include "tap.h"
#include <dirent.h>

TEST(mkdir)
{
	works(mkdir("d", 0755), "mkdir");
	fails(mkdir("d", 0755), EEXIST, "again");
	works(mkdir("d/e/", 0755), "with a slash behind");
	fails(mkdir("none/e", 0755), ENOENT, "no parent");
	close(tap_file("f", "x"));
	fails(mkdir("f", 0755), EEXIST, "a file is there");
	fails(mkdir("f/d", 0755), ENOTDIR, "below a file");
	fails(mkdir(".", 0755), EEXIST, "the current directory");
	fails(mkdir("/", 0755), EEXIST, "the root");
	must(symlink("none", "l"));
	fails(mkdir("l", 0755), EEXIST, "a dangling link");
	fails(syscall(SYS_mkdir, BAD, 0755), EFAULT, "bad pointer");
	fails(syscall(SYS_mkdirat, AT_FDCWD, BAD, 0755), EFAULT, "mkdirat: bad pointer");
	works(mkdirat(must(open("d", O_RDONLY)), "g", 0755), "mkdirat");
	works(access("d/g", F_OK), "made there");
	fails(mkdirat(999, "g", 0755), EBADF, "bad descriptor");
}

TEST(rmdir)
{
	must(mkdir("d", 0755));
	must(mkdir("d/e", 0755));
	fails(rmdir("d"), ENOTEMPTY, "not empty");
	works(rmdir("d/e"), "rmdir");
	fails(rmdir("d/e"), ENOENT, "again");
	fails(rmdir("d/."), EINVAL, "a dot");
	fails(rmdir("d/.."), ENOTEMPTY, "two dots");
	close(tap_file("f", "x"));
	fails(rmdir("f"), ENOTDIR, "a file");
	must(symlink("d", "l"));
	fails(rmdir("l"), ENOTDIR, "a link to a directory");
	fails(rmdir("/"), EBUSY, "the root");
	fails(syscall(SYS_rmdir, BAD), EFAULT, "bad pointer");
	works(unlinkat(AT_FDCWD, "d", AT_REMOVEDIR), "unlinkat with AT_REMOVEDIR");
	fails(unlinkat(AT_FDCWD, "f", 0x8000), EINVAL, "unknown flag");
}

TEST(removed_cwd)
{
	char buf[200];

	must(mkdir("d", 0755));
	must(chdir("d"));
	works(rmdir("../d"), "remove the current directory");
	fails(open("f", O_CREAT | O_RDWR, 0600), ENOENT, "nothing can be made in it");
	fails(mkdir("x", 0700), ENOENT, "no directory, either");
	fails(syscall(SYS_getcwd, buf, sizeof(buf)), ENOENT, "it has no name");
	works(chdir(".."), "its parent is still there");
}

TEST(link)
{
	struct stat st;
	int fd = tap_file("a", "data");

	works(link("a", "b"), "link");
	must(stat("b", &st));
	is(st.st_nlink, 2, "two links");
	must(write(fd, "DATA", 4));
	is_text(tap_read("b"), "DATA", "one content");
	works(unlink("a"), "unlink the first");
	must(stat("b", &st));
	is(st.st_nlink, 1, "one is left");
	fails(link("a", "c"), ENOENT, "no such file");
	fails(link("b", "b"), EEXIST, "exists");
	must(mkdir("d", 0755));
	fails(link("d", "e"), EPERM, "directories cannot be linked");
	fails(link("b", "none/x"), ENOENT, "no directory");
	fails(link("b", "/dev/tap-link"), EXDEV, "another file system");
	must(symlink("b", "l"));
	works(link("l", "m"), "link does not follow");
	must(lstat("m", &st));
	ok(S_ISLNK(st.st_mode), "it links the link");
	works(linkat(AT_FDCWD, "l", AT_FDCWD, "n", AT_SYMLINK_FOLLOW), "AT_SYMLINK_FOLLOW");
	must(lstat("n", &st));
	ok(S_ISREG(st.st_mode), "follows");
	fails(syscall(SYS_link, BAD, "x"), EFAULT, "bad old path");
	fails(syscall(SYS_link, "b", BAD), EFAULT, "bad new path");
	fails(syscall(SYS_linkat, AT_FDCWD, "b", AT_FDCWD, "o", 0x8000), EINVAL, "unknown flag");
	fails(unlink("d"), EISDIR, "unlink of a directory");
	fails(unlink("none"), ENOENT, "unlink of nothing");
	fails(unlink("b/"), ENOTDIR, "a slash behind a file");
	fails(syscall(SYS_unlink, BAD), EFAULT, "unlink: bad pointer");
	fails(syscall(SYS_unlinkat, AT_FDCWD, BAD, 0), EFAULT, "unlinkat: bad pointer");
}

TEST(symlink)
{
	static char target[4200], buf[4200];
	struct stat st;

	works(symlink("some/where", "l"), "symlink");
	is(readlink("l", buf, sizeof(buf)), 10, "readlink");
	ok(!memcmp(buf, "some/where", 10), "the target");
	is(readlink("l", buf, 4), 4, "cut short");
	fails(syscall(SYS_readlink, "l", buf, 0), EINVAL, "no room");
	fails(readlink(".", buf, 10), EINVAL, "no link");
	fails(readlink("none", buf, 10), ENOENT, "nothing");
	fails(symlink("x", "l"), EEXIST, "exists");
	fails(symlink("", "m"), ENOENT, "an empty target");
	fails(syscall(SYS_symlink, BAD, "m"), EFAULT, "bad target");
	fails(syscall(SYS_symlink, "x", BAD), EFAULT, "bad path");
	fails(syscall(SYS_readlink, "l", BAD, 10), EFAULT, "readlink: bad buffer");
	fails(syscall(SYS_readlink, BAD, buf, 10), EFAULT, "readlink: bad path");
	fails(syscall(SYS_readlinkat, AT_FDCWD, "l", BAD, 10), EFAULT, "readlinkat: bad buffer");
	for (int length = 59; length <= 61; length++) {
		memset(target, 't', length);
		target[length] = 0;
		snprintf(buf, sizeof(buf), "n%d", length);
		must(symlink(target, buf));
		is(readlink(buf, target + 200, 1000), length, "a target about the inode's room");
	}
	memset(target, 'x', 4000);
	for (int i = 100; i < 4000; i += 100)
		target[i] = '/';
	target[4000] = 0;
	works(symlink(target, "long"), "a target of 4000 bytes");
	is(readlink("long", buf, sizeof(buf)), 4000, "readlink");
	ok(!memcmp(buf, target, 4000), "the same");
	must(lstat("long", &st));
	is(st.st_size, 4000, "its size");
	works(unlink("long"), "unlink");
	memset(target, 'x', 4100);
	fails(symlink(target, "longer"), ENAMETOOLONG, "longer than a path may be");
}

TEST(symlink_walk)
{
	char name[8], to[8];

	must(mkdir("d", 0755));
	close(tap_file("d/f", "found"));
	must(symlink("d", "0"));
	for (int i = 1; i < 45; i++) {
		snprintf(name, sizeof(name), "%d", i);
		snprintf(to, sizeof(to), "%d", i - 1);
		must(symlink(to, name));
	}
	is_text(tap_read("0/f"), "found", "through a link");
	is_text(tap_read("39/f"), "found", "through forty");
	fails(open("40/f", O_RDONLY), ELOOP, "not through forty-one");
	must(symlink("../d/f", "d/back"));
	is_text(tap_read("d/back"), "found", "a relative target starts at the link");
	must(symlink("d/", "slash"));
	is_text(tap_read("slash/f"), "found", "a target with a slash behind");
	is_text(tap_read("d/../d/./f"), "found", "dots");
	is_text(tap_read("0/../d/f"), "found", "two dots behind a link leave its target");
	must(mkdir("d/e", 0755));
	must(symlink("d/e", "deep"));
	is_text(tap_read("deep/../f"), "found", "the parent of a link's target");
	works(access("/../../..", F_OK), "the root is its own parent");
}

TEST(cwd)
{
	char start[400], buf[400];

	works(syscall(SYS_getcwd, start, sizeof(start)), "getcwd");
	must(mkdir("d", 0755));
	works(chdir("d"), "chdir");
	is(syscall(SYS_getcwd, buf, sizeof(buf)), strlen(start) + 3, "the length with its zero");
	ok(!strncmp(buf, start, strlen(start)) && !strcmp(buf + strlen(start), "/d"),
	   "the new name");
	fails(syscall(SYS_getcwd, buf, 3), ERANGE, "no room");
	fails(syscall(SYS_getcwd, BAD, 300), EFAULT, "bad pointer");
	fails(chdir("none"), ENOENT, "chdir: nothing there");
	close(tap_file("f", "x"));
	fails(chdir("f"), ENOTDIR, "chdir: a file");
	fails(syscall(SYS_chdir, BAD), EFAULT, "chdir: bad pointer");
	works(fchdir(must(open("..", O_RDONLY))), "fchdir");
	must(syscall(SYS_getcwd, buf, sizeof(buf)));
	is_text(buf, start, "back");
	fails(fchdir(must(open("d/f", O_RDONLY))), ENOTDIR, "fchdir: a file");
	fails(fchdir(999), EBADF, "fchdir: bad descriptor");
	must(rename("d", "moved"));
	must(chdir("moved"));
	must(rename("../moved", "../again"));
	must(syscall(SYS_getcwd, buf, sizeof(buf)));
	is_text(buf + strlen(start), "/again", "the name follows a rename");
}

TEST(readdir)
{
	bool seen[300] = {false};
	int count = 0, odd = 0, dots = 0;
	struct dirent *e;
	struct stat st;
	DIR *dir;

	for (int i = 0; i < 300; i++) {
		char name[20];

		snprintf(name, sizeof(name), "file%d", i);
		close(must(open(name, O_CREAT | O_WRONLY, 0600)));
	}
	dir = opendir(".");
	while ((e = readdir(dir))) {
		int n;

		if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, "..")) {
			dots++;
			continue;
		}
		if (sscanf(e->d_name, "file%d", &n) == 1 && n >= 0 && n < 300 && !seen[n])
			seen[n] = true, count++;
		else
			odd++;
		if (stat(e->d_name, &st) < 0 || st.st_ino != e->d_ino ||
		    (e->d_type != DT_REG && e->d_type != DT_UNKNOWN))
			odd++;
	}
	is(count, 300, "every name once");
	is(odd, 0, "and nothing else, with inode and type");
	is(dots, 2, "and the two dots");
	rewinddir(dir);
	ok(readdir(dir) != NULL, "again from the start");
	seekdir(dir, telldir(dir));
	ok(readdir(dir) != NULL, "from a remembered place");
	closedir(dir);
}

TEST(readdir_while_removing)
{
	int left = 0;
	struct dirent *e;
	DIR *dir;

	for (int i = 0; i < 500; i++) {
		char name[20];

		snprintf(name, sizeof(name), "f%d", i);
		close(must(open(name, O_CREAT | O_WRONLY, 0600)));
	}
	dir = opendir(".");
	while ((e = readdir(dir)))
		if (e->d_name[0] == 'f')
			unlink(e->d_name);
	rewinddir(dir);
	while ((e = readdir(dir)))
		left += e->d_name[0] != '.';
	is(left, 0, "removing what readdir names removes all");
}

TEST(getdents_errors)
{
	char buf[1024];
	int dir = must(open(".", O_RDONLY)), fd = tap_file("f", "x");

	fails(syscall(SYS_getdents64, fd, buf, sizeof(buf)), ENOTDIR, "a file");
	fails(syscall(SYS_getdents64, 999, buf, sizeof(buf)), EBADF, "bad descriptor");
	fails(syscall(SYS_getdents64, dir, buf, 1), EINVAL, "no room for one entry");
	fails(syscall(SYS_getdents64, dir, BAD, 1024), EFAULT, "bad pointer");
	works(syscall(SYS_getdents64, dir, buf, sizeof(buf)), "getdents64");
	must(lseek(dir, 0, SEEK_SET));
	works(syscall(SYS_getdents, dir, buf, sizeof(buf)), "getdents");
	fails(syscall(SYS_getdents, dir + 100, buf, sizeof(buf)), EBADF,
	      "getdents: bad descriptor");
	must(lseek(dir, 0, SEEK_SET));
	fails(syscall(SYS_getdents, dir, BAD, 1024), EFAULT, "getdents: bad pointer");
	while (syscall(SYS_getdents64, dir, buf, sizeof(buf)) > 0)
		;
	is(syscall(SYS_getdents64, dir, buf, sizeof(buf)), 0, "nothing behind the end");
}
