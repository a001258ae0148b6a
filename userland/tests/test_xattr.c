/*
 * Extended attributes (xattr(7)): the calls, the kinds of names and who may use which, sizes,
 * lists. tmpfs has only trusted and security attributes.
 */
#include <sys/inotify.h>
#include <sys/statfs.h>
#include <sys/xattr.h>

#include "tap.h"

#define TMPFS_MAGIC 0x01021994

/* A name that the file system takes, and its kind. */
static const char *name_of(const char *rest)
{
	static char names[4][300];
	static int next;
	struct statfs st;
	char *name = names[next++ % 4];

	must(statfs(".", &st));
	sprintf(name, "%s%s", st.f_type == TMPFS_MAGIC ? "trusted." : "user.", rest);
	return name;
}

static bool on_tmpfs(void)
{
	return name_of("")[0] == 't';
}

TEST(set_and_get)
{
	char buf[64] = "";
	const char *name = name_of("a");

	close(tap_file("f", "x"));
	fails(getxattr("f", name, buf, sizeof(buf)), ENODATA, "no such attribute");
	works(setxattr("f", name, "value", 5, 0), "set");
	is(getxattr("f", name, buf, sizeof(buf)), 5, "its size");
	is(memcmp(buf, "value", 5), 0, "its value");
	is(getxattr("f", name, NULL, 0), 5, "its size alone");
	fails(getxattr("f", name, buf, 4), ERANGE, "too small a buffer");
	is(getxattr("f", name, buf, 5), 5, "just large enough");
	fails(getxattr("f", name, BAD, 5), EFAULT, "a bad buffer");
	fails(setxattr("f", name, BAD, 5, 0), EFAULT, "a bad value");
	fails(setxattr("f", name, "other", 5, XATTR_CREATE), EEXIST, "XATTR_CREATE of it");
	works(setxattr("f", name, "longer value", 12, XATTR_REPLACE), "XATTR_REPLACE");
	is(getxattr("f", name, buf, sizeof(buf)), 12, "the new size");
	works(setxattr("f", name, "", 0, 0), "an empty value");
	is(getxattr("f", name, buf, sizeof(buf)), 0, "is there");
	works(removexattr("f", name), "removed");
	fails(removexattr("f", name), ENODATA, "and cannot be again");
	fails(setxattr("f", name, "v", 1, XATTR_REPLACE), ENODATA, "XATTR_REPLACE of nothing");
	works(setxattr("f", name, "v", 1, XATTR_CREATE), "XATTR_CREATE");
	fails(setxattr("f", name, "v", 1, 4), EINVAL, "unknown flags");
	fails(setxattr("nowhere", name, "v", 1, 4), ENOENT, "no such file comes first");
}

TEST(names)
{
	char longest[300] = "", too_long[310], buf[8];

	strcpy(longest, name_of(""));
	memset(longest + strlen(longest), 'n', 255 - strlen(longest));
	sprintf(too_long, "%sn", longest);
	close(tap_file("f", "x"));
	works(setxattr("f", longest, "v", 1, 0), "255 bytes");
	is(getxattr("f", longest, buf, sizeof(buf)), 1, "are found");
	fails(setxattr("f", too_long, "v", 1, 0), ERANGE, "256 bytes");
	fails(getxattr("f", too_long, buf, sizeof(buf)), ERANGE, "are not asked for");
	fails(removexattr("f", too_long), ERANGE, "nor removed");
	fails(setxattr("f", "", "v", 1, 0), ERANGE, "no name");
	fails(setxattr("f", name_of(""), "v", 1, 0), EINVAL, "no more than its kind");
	fails(getxattr("f", name_of(""), buf, sizeof(buf)), EINVAL, "to read, too");
	fails(setxattr("f", "unknown.a", "v", 1, 0), EOPNOTSUPP, "an unknown kind");
	fails(getxattr("f", "unknown.a", buf, sizeof(buf)), EOPNOTSUPP, "which is not read");
	fails(setxattr("f", "noprefix", "v", 1, 0), EOPNOTSUPP, "no kind");
	fails(setxattr("f", "system.other", "v", 1, 0), EOPNOTSUPP, "an unknown system attribute");
	fails(setxattr("f", BAD, "v", 1, 0), EFAULT, "a bad name");
	fails(getxattr("f", NULL, buf, sizeof(buf)), EFAULT, "a null name");
	if (on_tmpfs())
		fails(setxattr("f", "user.a", "v", 1, 0), EOPNOTSUPP, "user on tmpfs");
}

TEST(sizes)
{
	static char value[70000], back[70000];

	close(tap_file("f", "x"));
	memset(value, 'v', sizeof(value));
	fails(setxattr("f", name_of("a"), value, 65537, 0), E2BIG, "more than 64 KiB");
	if (on_tmpfs()) {
		works(setxattr("f", name_of("a"), value, 65536, 0), "64 KiB");
		is(getxattr("f", name_of("a"), back, sizeof(back)), 65536, "are there");
	} else {
		fails(setxattr("f", name_of("a"), value, 65536, 0), ENOSPC, "more than a block");
		works(setxattr("f", name_of("a"), value, 900, 0), "what fits into a block");
		is(getxattr("f", name_of("a"), back, sizeof(back)), 900, "is there");
		fails(setxattr("f", name_of("b"), value, 4000, 0), ENOSPC, "the block is full");
		is(getxattr("f", name_of("a"), back, sizeof(back)), 900, "the first stays");
	}
	ok(memcmp(value, back, 900) == 0, "with its contents");
}

/* Whether a list of names has one. */
static bool listed(const char *list, long n, const char *name)
{
	for (const char *p = list; p < list + n; p += strlen(p) + 1)
		if (strcmp(p, name) == 0)
			return true;
	return false;
}

TEST(lists)
{
	char list[300];
	long n;

	close(tap_file("f", "x"));
	is(listxattr("f", list, sizeof(list)), 0, "none at first");
	must(setxattr("f", name_of("one"), "1", 1, 0));
	must(setxattr("f", name_of("second"), "2", 1, 0));
	n = strlen(name_of("one")) + strlen(name_of("second")) + 2;
	is(listxattr("f", NULL, 0), n, "the size of two names");
	is(listxattr("f", list, sizeof(list)), n, "two names");
	ok(listed(list, n, name_of("one")) && listed(list, n, name_of("second")), "both are there");
	fails(listxattr("f", list, n - 1), ERANGE, "too small a buffer");
	fails(listxattr("f", BAD, 300), EFAULT, "a bad buffer");
	must(removexattr("f", name_of("one")));
	n = listxattr("f", list, sizeof(list));
	ok(n > 0 && !listed(list, n, name_of("one")), "one is gone");
}

TEST(by_descriptor_and_link)
{
	char buf[8];
	int fd = tap_file("f", "x"), path_fd;

	must(symlink("f", "link"));
	works(fsetxattr(fd, name_of("a"), "v", 1, 0), "fsetxattr");
	is(fgetxattr(fd, name_of("a"), buf, sizeof(buf)), 1, "fgetxattr");
	ok(flistxattr(fd, NULL, 0) > 0, "flistxattr");
	works(fremovexattr(fd, name_of("a")), "fremovexattr");
	must(setxattr("link", name_of("a"), "v", 1, 0));
	is(getxattr("f", name_of("a"), buf, sizeof(buf)), 1, "a link is followed");
	fails(lgetxattr("link", name_of("a"), buf, sizeof(buf)), ENODATA, "unless by lgetxattr");
	fails(lsetxattr("link", "user.a", "v", 1, 0), EPERM, "links have no user attributes");
	fails(lgetxattr("link", "user.a", buf, 1), ENODATA, "to read, neither");
	works(lsetxattr("link", "trusted.a", "v", 1, 0), "but trusted ones");
	is(lgetxattr("link", "trusted.a", buf, sizeof(buf)), 1, "which are there");
	ok(llistxattr("link", NULL, 0) == 10, "and listed");
	works(lremovexattr("link", "trusted.a"), "and removed");
	path_fd = must(open("f", O_PATH));
	fails(fgetxattr(path_fd, name_of("a"), buf, sizeof(buf)), EBADF, "not by O_PATH");
	fails(fsetxattr(path_fd, name_of("a"), "v", 1, 0), EBADF, "nor set");
	fails(flistxattr(path_fd, NULL, 0), EBADF, "nor listed");
	fails(fgetxattr(99, name_of("a"), buf, sizeof(buf)), EBADF, "no such descriptor");
	works(fsetxattr(must(open("f", O_RDONLY)), name_of("a"), "w", 1, 0), "one for reading");
}

static const char cap[20] = { 0, 0, 0, 2 };

static int as_user(void *unused)
{
	char buf[300];
	long n;

	(void)unused;
	fails(setxattr("f", "trusted.b", "v", 1, 0), EPERM, "trusted needs CAP_SYS_ADMIN");
	fails(getxattr("f", "trusted.a", buf, 1), ENODATA, "and is not seen without");
	fails(removexattr("f", "trusted.a"), EPERM, "nor removed");
	n = listxattr("f", buf, sizeof(buf));
	ok(n >= 0 && !listed(buf, n, "trusted.a"), "nor listed");
	if (is_skerry()) /* Debian's Linux has a security module that allows it */
		fails(setxattr("f", "security.b", "v", 1, 0), EPERM, "security is not for users");
	is(getxattr("f", "security.a", buf, sizeof(buf)), 2, "but read");
	ok(listed(buf, listxattr("f", buf, sizeof(buf)), "security.a"), "and listed");
	if (is_skerry())
		fails(removexattr("f", "security.a"), EPERM, "and not removed");
	fails(setxattr("f", "security.capability", cap, 20, 0), EPERM,
	      "file capabilities are not set by users");
	fails(setxattr("f", "user.b", "v", 1, 0), EACCES, "user needs write permission");
	fails(getxattr("secret", "user.a", buf, sizeof(buf)), EACCES, "and read permission");
	return 0;
}

TEST(kinds_and_users)
{
	close(tap_file("f", "x"));
	close(tap_file("secret", "x"));
	must(chmod("f", 0644));
	must(chmod("secret", 0600));
	must(chmod(".", 0755));
	must(setxattr("f", "trusted.a", "v", 1, 0));
	must(setxattr("f", "security.a", "vv", 2, 0));
	tap_as_user(as_user, NULL);
	works(setxattr("f", "security.capability", cap, 20, 0), "file capabilities");
	fails(setxattr("f", "security.capability", cap, 19, 0), EINVAL, "malformed ones");
}

static int sticky(void *unused)
{
	(void)unused;
	fails(setxattr("sticky", "user.a", "v", 1, 0), EPERM, "a sticky directory is its owner's");
	return 0;
}

TEST(user_kinds_of_files)
{
	must(mkfifo("fifo", 0666));
	must(mkdir("sticky", 0777));
	must(chmod("sticky", 01777));
	must(chmod(".", 0755));
	fails(setxattr("fifo", "user.a", "v", 1, 0), EPERM, "a FIFO has no user attributes");
	fails(getxattr("fifo", "user.a", NULL, 0), ENODATA, "which are not read, either");
	works(setxattr("fifo", "trusted.a", "v", 1, 0), "but trusted ones");
	is(getxattr("fifo", "trusted.a", NULL, 0), 1, "which are there");
	works(setxattr("sticky", name_of("a"), "v", 1, 0), "a directory has");
	tap_as_user(sticky, NULL);
}

TEST(what_changes)
{
	struct stat before, after;
	char events[300];
	int in = must(inotify_init1(IN_NONBLOCK));
	struct inotify_event *e = (void *)events;

	close(tap_file("f", "x"));
	must(inotify_add_watch(in, "f", IN_ATTRIB));
	must(stat("f", &before));
	tap_sleep_ms(20);
	must(setxattr("f", name_of("a"), "v", 1, 0));
	must(stat("f", &after));
	ok(before.st_ctim.tv_nsec != after.st_ctim.tv_nsec ||
		   before.st_ctim.tv_sec != after.st_ctim.tv_sec || before.st_ctim.tv_nsec == 0,
	   "the time of change");
	ok(before.st_mtim.tv_sec == after.st_mtim.tv_sec &&
		   before.st_mtim.tv_nsec == after.st_mtim.tv_nsec, "not that of modification");
	ok(read(in, events, sizeof(events)) > 0 && e->mask == IN_ATTRIB, "IN_ATTRIB");
	fails(removexattr("f", name_of("b")), ENODATA, "nothing to remove");
	fails(read(in, events, sizeof(events)), EAGAIN, "tells nobody");
	must(removexattr("f", name_of("a")));
	ok(read(in, events, sizeof(events)) > 0 && e->mask == IN_ATTRIB, "removing tells");
	must(link("f", "g"));
	must(setxattr("g", name_of("c"), "v", 1, 0));
	is(getxattr("f", name_of("c"), NULL, 0), 1, "an attribute is the file's, not the name's");
}
