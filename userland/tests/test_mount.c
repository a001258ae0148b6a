/* Mounting: tmpfs, bind, remount, read-only, move, umount of what is busy, chroot, pivot_root,
 * /proc/mounts. */
#include "tap.h"
#include <linux/fs.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>

/* How often a line of /proc/mounts holds this text. */
static int mounted(const char *text)
{
	const char *at = tap_read("/proc/mounts");
	int n = 0;

	while ((at = strstr(at, text))) {
		n++;
		at++;
	}
	return n;
}

/* How many lines of /proc/self/mountinfo hold both texts, in this order. */
static int listed(const char *first, const char *second)
{
	const char *line = tap_read("/proc/self/mountinfo"), *end;
	int n = 0;

	for (; (end = strchr(line, '\n')); line = end + 1) {
		const char *at = strstr(line, first);

		at = at && at < end ? strstr(at, second) : NULL;
		n += at && at < end;
	}
	return n;
}

TEST(tmpfs)
{
	char here[300], *page;
	struct statvfs v;
	struct stat out, in;
	int fd;

	if (tap_not_root("mount"))
		return;
	must(mkdir("m", 0755));
	close(tap_file("m/below", "x"));
	must(stat("m", &out));
	works(mount("none", "m", "tmpfs", 0, "size=1m,mode=0700"), "mount");
	must(stat("m", &in));
	ok(in.st_dev != out.st_dev, "another device");
	is(in.st_mode & 07777, 0700, "the mode option");
	fails(access("m/below", F_OK), ENOENT, "what was there is covered");
	close(tap_file("m/f", "inside"));
	must(getcwd(here, sizeof(here)) ? 0 : -1);
	strcat(here, "/m tmpfs ");
	is(mounted(here), 1, "listed in /proc/mounts");
	must(statvfs("m", &v));
	is(v.f_blocks * v.f_frsize, 1 << 20, "the size option");
	page = calloc(1, 2 << 20);
	fd = must(open("m/big", O_CREAT | O_WRONLY, 0600));
	is(write(fd, page, 2 << 20) <= 1 << 20 ? 0 : 1, 0, "not more than its size fits");
	fails(write(fd, page, 4096), ENOSPC, "then it is full");
	must(ftruncate(fd, 0));
	is(write(fd, page, 4096), 4096, "and has room again when that is gone");
	fails(umount("m"), EBUSY, "an open file keeps it busy");
	close(fd);
	fails(rmdir("m"), EBUSY, "a mount point cannot be removed");
	fails(rename("m", "n"), EBUSY, "nor renamed");
	fails(link("m/f", "f"), EXDEV, "nor linked across");
	works(umount("m"), "umount");
	works(access("m/below", F_OK), "what was there is back");
	fails(umount("m"), EINVAL, "umount of no mount");
}

static int remount(const char *options)
{
	return mount("none", "m", NULL, MS_REMOUNT, options);
}

TEST(tmpfs_limits)
{
	static char page[4096];
	struct statfs st;
	int fd, n = 0;

	must(mkdir("m", 0700));
	works(mount("none", "m", "tmpfs", 0, "nr_blocks=16,nr_inodes=4,huge=never,mode=1750,uid=3,"
					     "gid=4"), "blocks, inodes, owner");
	must(statfs("m", &st));
	ok(st.f_blocks == 16 && st.f_bfree == 16 && st.f_files == 4 && st.f_ffree == 3, "statfs");
	fd = must(open("m/a", O_RDWR | O_CREAT, 0600));
	while (write(fd, page, sizeof(page)) == (ssize_t)sizeof(page))
		n++;
	ok(n == 16 && errno == ENOSPC, "sixteen pages and no more");
	must(statfs("m", &st));
	is(st.f_bfree, 0, "none is free");
	works(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 4096, 8192), "a hole");
	must(statfs("m", &st));
	is(st.f_bfree, 2, "gives pages back");
	is(lseek(fd, 0, SEEK_HOLE), 4096, "SEEK_HOLE");
	is(lseek(fd, 4096, SEEK_DATA), 12288, "SEEK_DATA");
	works(ftruncate(fd, 100 * 4096), "a longer hole");
	fails(fallocate(fd, 0, 0, 17 * 4096), ENOSPC, "more than there could ever be");
	must(statfs("m", &st));
	is(st.f_bfree, 2, "is not begun with");
	must(close(must(open("m/b", O_RDWR | O_CREAT, 0600))));
	must(close(must(open("m", O_RDWR | O_TMPFILE, 0600))));
	must(close(must(open("m/c", O_RDWR | O_CREAT, 0600))));
	fails(open("m/d", O_RDWR | O_CREAT, 0600), ENOSPC, "a fourth inode is too much");
	fails(open("m", O_RDWR | O_TMPFILE, 0600), ENOSPC, "without a name, too");
	fails(remount("size=48k"), EINVAL, "less than is used");
	fails(remount("nr_inodes=3"), EINVAL, "fewer inodes than are used");
	works(remount("size=56k,nr_inodes=5"), "just as much");
	works(remount("size=0"), "no limit any more");
	fails(remount("size=1m"), EINVAL, "nor can there be one again");
	fails(remount("huge=sometimes"), EINVAL, "no such kind of pages");
	close(fd);
	must(umount("m"));
	works(mount("none", "m", "tmpfs", 0, "size=10%,inode64"), "per cent of memory");
	must(umount("m"));
	fails(mount("none", "m", "tmpfs", 0, "size=10x"), EINVAL, "a size that is none");
	fails(mount("none", "m", "tmpfs", 0, "mode=9"), EINVAL, "a mode that is none");
}

/* mpol=, on a machine with one node. */
TEST(tmpfs_policy)
{
	static const char *const right[][2] = {
		{ "default", NULL }, { "local", "local" }, { "prefer", "local" },
		{ "prefer:0", "prefer:0" }, { "prefer=static:0", "prefer=static:0" },
		{ "bind:0", "bind:0" }, { "bind:0,0", "bind:0" }, { "bind:0-0", "bind:0" },
		{ "bind=relative:0", "bind=relative:0" }, { "interleave", "interleave:0" },
		{ "interleave:0", "interleave:0" },
		{ "interleave=static:0", "interleave=static:0" },
		{ "prefer (many):0", "prefer (many):0" },
	};
	static const char *const wrong[] = {
		"", "any", "default:0", "local:0", "local=static", "prefer:1", "prefer:",
		"prefer:0-0", "prefer=static", "bind", "bind:", "bind:1", "bind:0-1",
		"bind:0,1", "bind:x",
		"bind=both:0", "bind=:0", "interleave:", "interleave:1", "prefer (many)", "0",
	};
	char option[60], shown[80], line[400];
	bool found;
	FILE *f;

	must(mkdir("m", 0700));
	for (size_t i = 0; i < sizeof(right) / sizeof(right[0]); i++) {
		snprintf(option, sizeof(option), "mpol=%s,uid=3", right[i][0]);
		if (!works(mount("policy", "m", "tmpfs", 0, option), option))
			continue;
		snprintf(shown, sizeof(shown), ",mpol=%s%s", right[i][1] ? right[i][1] : "",
			 right[i][1] ? " " : "");
		found = false;
		f = fopen("/proc/self/mounts", "r");
		while (f && fgets(line, sizeof(line), f))
			found |= !strncmp(line, "policy ", 7) && strstr(line, shown);
		if (f)
			fclose(f);
		ok(found == (right[i][1] != NULL), "is shown as it is: %s", shown);
		must(umount("m"));
	}
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		snprintf(option, sizeof(option), "mpol=%s", wrong[i]);
		fails(mount("policy", "m", "tmpfs", 0, option), EINVAL, option);
	}
	rmdir("m");
}

TEST(ramfs)
{
	struct statfs f;
	struct stat s;

	if (tap_not_root("mount"))
		return;
	must(mkdir("m", 0755));
	works(mount("none", "m", "ramfs", 0, NULL), "mount");
	must(statfs("m", &f));
	is(f.f_type, 0x858458f6, "its magic number");
	is(f.f_blocks, 0, "no limit");
	must(stat("m", &s));
	is(s.st_mode & 07777, 0755, "the usual mode");
	close(tap_file("m/f", "inside"));
	is_text(tap_read("m/f"), "inside", "what is written can be read");
	works(umount("m"), "umount");
	works(mount("none", "m", "ramfs", 0, "mode=0710"), "mount with an option");
	must(stat("m", &s));
	is(s.st_mode & 07777, 0710, "the mode option");
	works(umount("m"), "umount");
}

TEST(errors)
{
	if (tap_not_root("mount"))
		return;
	must(mkdir("m", 0755));
	close(tap_file("f", "x"));
	fails(mount("none", "m", "nosuchfs", 0, NULL), ENODEV, "no such file system");
	fails(mount("none", "none", "tmpfs", 0, NULL), ENOENT, "no such directory");
	fails(mount("none", "f", "tmpfs", 0, NULL), ENOTDIR, "a file");
	fails(mount("/none", "m", "ext2", 0, NULL), ENOENT, "no such device");
	fails(mount("f", "m", "ext2", 0, NULL), ENOTBLK, "a file is no device");
	fails(mount("none", "m", "tmpfs", 0, "nosuchoption=1"), EINVAL, "no such option");
	fails(syscall(SYS_mount, BAD, "m", "tmpfs", 0, NULL), EFAULT, "bad source");
	fails(syscall(SYS_mount, "x", BAD, "tmpfs", 0, NULL), EFAULT, "bad target");
	fails(syscall(SYS_mount, "x", "m", BAD, 0, NULL), EFAULT, "bad type");
	fails(syscall(SYS_umount2, BAD, 0), EFAULT, "umount2: bad target");
	fails(umount2("none", 0), ENOENT, "umount2: nothing there");
	fails(umount2("m", 0x4000), EINVAL, "umount2: unknown flag");
}

TEST(read_only)
{
	struct statvfs v;
	int fd, flags = 0;

	if (tap_not_root("mount"))
		return;
	must(mkdir("m", 0755));
	must(mount("none", "m", "tmpfs", 0, NULL));
	close(tap_file("m/f", "x"));
	fd = must(open("m/f", O_RDWR));
	fails(mount(NULL, "m", NULL, MS_REMOUNT | MS_RDONLY, NULL), EBUSY,
	      "not while a file is open for writing");
	close(fd);
	works(mount(NULL, "m", NULL, MS_REMOUNT | MS_RDONLY, NULL), "remount read-only");
	must(statvfs("m", &v));
	ok(v.f_flag & ST_RDONLY, "it says so");
	fails(open("m/f", O_RDWR), EROFS, "open for writing");
	fails(open("m/g", O_CREAT | O_RDONLY, 0600), EROFS, "create");
	fails(unlink("m/f"), EROFS, "unlink");
	fails(mkdir("m/d", 0700), EROFS, "mkdir");
	fails(rename("m/f", "m/g"), EROFS, "rename");
	fails(chmod("m/f", 0600), EROFS, "chmod");
	fails(access("m/f", W_OK), EROFS, "access");
	fails(truncate("m/f", 0), EROFS, "truncate");
	fd = must(open("m/f", O_RDONLY));
	fails(ioctl(fd, FS_IOC_SETFLAGS, &flags), EROFS, "attributes by ioctl");
	close(fd);
	works(open("m/f", O_RDONLY), "reading goes");
	works(mount(NULL, "m", NULL, MS_REMOUNT, NULL), "remount read-write");
	works(open("m/f", O_RDWR), "writing goes again");
	works(umount2("m", MNT_DETACH), "MNT_DETACH of a busy one");
	fails(access("m/f", F_OK), ENOENT, "it is gone from here");
}

TEST(bind)
{
	struct stat a, b;

	if (tap_not_root("mount"))
		return;
	must(mkdir("from", 0755));
	must(mkdir("to", 0755));
	close(tap_file("from/f", "bound"));
	works(mount("from", "to", NULL, MS_BIND, NULL), "bind a directory");
	is_text(tap_read("to/f"), "bound", "the same file");
	must(stat("from", &a));
	must(stat("to", &b));
	ok(a.st_ino == b.st_ino && a.st_dev == b.st_dev, "the same directory");
	is(listed("/from ", "/to "), 1, "mountinfo says which directory it shows");
	close(tap_file("to/g", "new"));
	is_text(tap_read("from/g"), "new", "both ways");
	works(mount(NULL, "to", NULL, MS_REMOUNT | MS_BIND | MS_RDONLY, NULL),
	      "make the bind read-only");
	fails(open("to/f", O_RDWR), EROFS, "it is");
	works(open("from/f", O_RDWR), "the original is not");
	works(umount("to"), "umount");
	close(tap_file("x", "one"));
	close(tap_file("y", "two"));
	works(mount("x", "y", NULL, MS_BIND, NULL), "bind a file");
	is_text(tap_read("y"), "one", "covers a file");
	works(umount("y"), "umount");
	is_text(tap_read("y"), "two", "uncovered");
	fails(mount("none", "to", NULL, MS_BIND, NULL), ENOENT, "bind of nothing");
}

TEST(options)
{
	if (tap_not_root("mount"))
		return;
	must(mkdir("m", 0755));
	works(mount("none", "m", "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL),
	      "nosuid, nodev, noexec");
	close(must(open("m/x", O_CREAT | O_WRONLY, 0755)));
	fails(access("m/x", X_OK), EACCES, "noexec: access");
	fails(execl("m/x", "x", NULL), EACCES, "noexec: execve");
	must(mknod("m/null", S_IFCHR | 0666, 0x103));
	fails(open("m/null", O_RDONLY), EACCES, "nodev");
	is(mounted("rw,nosuid,nodev,noexec") > 0, 1, "the options are listed");
	works(umount("m"), "umount");
}

TEST(stacked)
{
	if (tap_not_root("mount"))
		return;
	must(mkdir("m", 0755));
	must(mount("none", "m", "tmpfs", 0, NULL));
	close(tap_file("m/first", ""));
	works(mount("none", "m", "tmpfs", 0, NULL), "a second mount on the same place");
	fails(access("m/first", F_OK), ENOENT, "covers the first");
	must(mkdir("m/sub", 0755));
	must(mount("none", "m/sub", "tmpfs", 0, NULL));
	fails(umount("m"), EBUSY, "one with another in it is busy");
	must(mkdir("elsewhere", 0755));
	close(tap_file("m/sub/f", "moved"));
	works(umount("m/sub"), "the inner one");
	works(umount("m"), "the outer one");
	works(access("m/first", F_OK), "the first is back");
	works(umount("m"), "and gone");
}

/* The optional fields of the topmost mount on a directory here, without their numbers. */
static const char *kind_of(const char *name)
{
	static char kind[100];
	char place[400], *at, *line, *end;
	unsigned n = 0;

	must(getcwd(place, 300) ? 0 : -1);
	sprintf(place + strlen(place), "/%s ", name);
	kind[0] = 0;
	line = strdup(tap_read("/proc/self/mountinfo"));
	for (; line && *line; line = end ? end + 1 : NULL) {
		end = strchr(line, '\n');
		if (end)
			*end = 0;
		at = strstr(line, place);
		if (!at)
			continue;
		at = strchr(at + strlen(place), ' ');
		for (n = 0; at && *at && strncmp(at, " - ", 3) && n < sizeof(kind) - 1; at++)
			if (!strchr("0123456789", *at))
				kind[n++] = *at;
		kind[n] = 0;
	}
	return kind;
}

static void bind_dirs(const char *from, const char *to)
{
	must(mkdir(to, 0755));
	must(mount(from, to, NULL, MS_BIND, NULL));
}

static void drop(const char *names)
{
	char list[200], *name;

	snprintf(list, sizeof(list), "%s", names);
	for (name = strtok(list, " "); name; name = strtok(NULL, " "))
		if (umount2(name, MNT_DETACH) < 0)
			diag("  umount %s: %d", name, errno);
}

TEST(peers)
{
	if (tap_not_root("mount"))
		return;
	must(mkdir("a", 0755));
	fails(mount(NULL, "a", NULL, MS_SHARED, NULL), EINVAL, "no mount to share");
	must(mount("none", "a", "tmpfs", 0, NULL));
	fails(mount(NULL, "a", NULL, MS_SHARED | MS_PRIVATE, NULL), EINVAL, "two kinds at once");
	fails(mount(NULL, "a", NULL, MS_SHARED | MS_NOSUID, NULL), EINVAL, "a kind and options");
	is_text(kind_of("a"), "", "private at first");
	works(mount(NULL, "a", NULL, MS_SHARED, NULL), "shared");
	is_text(kind_of("a"), " shared:", "mountinfo says so");
	must(mkdir("a/x", 0755));
	must(mkdir("a/y", 0755));
	bind_dirs("a", "b");
	is_text(kind_of("b"), " shared:", "a bind of it is its peer");
	works(mount("none", "a/x", "tmpfs", 0, NULL), "mounted on one");
	close(tap_file("a/x/f", "peer"));
	is_text(tap_read("b/x/f"), "peer", "it is on the other");
	is_text(kind_of("b/x"), " shared:", "shared itself");
	works(umount("b/x"), "unmounted there");
	fails(access("a/x/f", F_OK), ENOENT, "it is gone here");
	bind_dirs("a/y", "c");
	works(mount("none", "b/y", "tmpfs", 0, NULL), "on a directory that a third mount shows");
	close(tap_file("b/y/f", "third"));
	is_text(tap_read("c/f"), "third", "covers its root");
	works(mount("none", "a/x", "tmpfs", 0, NULL), "on one that it does not show");
	works(umount("a/x"), "and off again");
	must(chdir("c"));
	fails(umount("../a/y"), EBUSY, "busy as somebody stands on the twin");
	must(chdir(".."));
	works(umount("a/y"), "until he leaves");
	works(mount(NULL, "b", NULL, MS_PRIVATE, NULL), "private again");
	is_text(kind_of("b"), "", "mountinfo says that");
	must(mount("none", "a/x", "tmpfs", 0, NULL));
	close(tap_file("a/x/f", ""));
	fails(access("b/x/f", F_OK), ENOENT, "it learns of nothing");
	drop("a/x a b c");
}

TEST(slaves)
{
	if (tap_not_root("mount"))
		return;
	must(mkdir("a", 0755));
	must(mount("none", "a", "tmpfs", 0, NULL));
	works(mount(NULL, "a", NULL, MS_SLAVE, NULL), "a private mount");
	is_text(kind_of("a"), "", "does not become a slave");
	must(mount(NULL, "a", NULL, MS_SHARED, NULL));
	must(mkdir("a/x", 0755));
	must(mkdir("a/y", 0755));
	bind_dirs("a", "b");
	works(mount(NULL, "b", NULL, MS_SLAVE, NULL), "a peer becomes a slave");
	is_text(kind_of("b"), " master:", "mountinfo says so");
	must(mount("none", "a/x", "tmpfs", 0, NULL));
	close(tap_file("a/x/f", "master"));
	is_text(tap_read("b/x/f"), "master", "it learns of its master's mounts");
	is_text(kind_of("b/x"), " master:", "which are slaves, too");
	must(mount("none", "b/y", "tmpfs", 0, NULL));
	close(tap_file("b/y/f", "slave"));
	fails(access("a/y/f", F_OK), ENOENT, "and the master of none of its");
	is_text(kind_of("b/y"), "", "a private one");
	works(mount(NULL, "b", NULL, MS_SHARED, NULL), "shared, too");
	is_text(kind_of("b"), " shared: master:", "mountinfo says both");
	bind_dirs("b", "c");
	is_text(kind_of("c"), " shared: master:", "and of its peer");
	must(mkdir("a/z", 0755));
	must(mount("none", "a/z", "tmpfs", 0, NULL));
	close(tap_file("a/z/f", "both"));
	is_text(tap_read("b/z/f"), "both", "the slave learns");
	is_text(tap_read("c/z/f"), "both", "and its peer");
	is_text(kind_of("c/z"), " shared: master:", "as what they are");
	works(umount("c/z"), "an end among the slaves");
	fails(access("b/z/f", F_OK), ENOENT, "is the peer's");
	works(access("a/z/f", F_OK), "and not the master's");
	works(umount("a/z"), "the master's end");
	works(umount2("a", MNT_DETACH), "the last of the group leaves");
	is_text(kind_of("b"), " shared:", "its slaves have no master");
	drop("b/x b/y b c");
}

TEST(below)
{
	if (tap_not_root("mount"))
		return;
	must(mkdir("a", 0755));
	must(mount("none", "a", "tmpfs", 0, NULL));
	must(mount(NULL, "a", NULL, MS_SHARED, NULL));
	must(mkdir("a/x", 0755));
	bind_dirs("a", "b");
	must(mount(NULL, "b", NULL, MS_SLAVE, NULL));
	must(mount("none", "b/x", "tmpfs", 0, NULL));
	close(tap_file("b/x/f", "covers"));
	works(mount("none", "a/x", "tmpfs", 0, NULL), "on a place where the slave has something");
	close(tap_file("a/x/f", "below"));
	is_text(tap_read("b/x/f"), "covers", "it goes beneath that");
	works(umount("b/x"), "which leaves");
	is_text(tap_read("b/x/f"), "below", "and shows it");
	must(mount("none", "b/x", "tmpfs", 0, NULL));
	close(tap_file("b/x/f", "again"));
	works(umount("a/x"), "the end of what is beneath");
	is_text(tap_read("b/x/f"), "again", "what covers it stays");
	works(umount("b/x"), "by itself");
	fails(access("b/x/f", F_OK), ENOENT, "nothing is left there");
	drop("a b");
}

TEST(trees)
{
	if (tap_not_root("mount"))
		return;
	must(mkdir("a", 0755));
	must(mount("none", "a", "tmpfs", 0, NULL));
	must(mkdir("a/x", 0755));
	must(mount("none", "a/x", "tmpfs", 0, NULL));
	must(mkdir("a/x/y", 0755));
	must(mount("none", "a/x/y", "tmpfs", 0, NULL));
	close(tap_file("a/x/y/f", "deep"));
	must(mkdir("s", 0755));
	must(mount("none", "s", "tmpfs", 0, NULL));
	must(mount(NULL, "s", NULL, MS_SHARED, NULL));
	must(mkdir("s/d", 0755));
	bind_dirs("s", "t");
	works(mount("a", "s/d", NULL, MS_BIND | MS_REC, NULL), "a tree bound on a shared mount");
	is_text(tap_read("s/d/x/y/f"), "deep", "is there");
	is_text(tap_read("t/d/x/y/f"), "deep", "and with the peer");
	is_text(kind_of("t/d/x"), " shared:", "shared all the way");
	is_text(kind_of("a/x"), "", "the original is not");
	fails(umount("s/d"), EBUSY, "busy by what is mounted in it");
	works(umount2("s/d", MNT_DETACH), "detached as a whole");
	fails(access("t/d/x", F_OK), ENOENT, "it is gone with the peer");
	works(mount("a", "s/d", NULL, MS_MOVE, NULL), "a tree moved there");
	is_text(tap_read("t/d/x/y/f"), "deep", "goes to the peer");
	is_text(kind_of("s/d/x/y"), " shared:", "and is shared");
	fails(mount("s/d", "a", NULL, MS_MOVE, NULL), EINVAL, "cannot be moved out again");
	works(umount2("t/d", MNT_DETACH), "detached");
	fails(access("s/d/x", F_OK), ENOENT, "from both");
	works(mount(NULL, "s", NULL, MS_UNBINDABLE, NULL), "unbindable");
	is_text(kind_of("s"), " unbindable", "mountinfo says so");
	fails(mount("s", "a", NULL, MS_BIND, NULL), EINVAL, "cannot be bound");
	must(mkdir("t/d/u", 0755));
	fails(mount("s", "t/d", NULL, MS_MOVE, NULL), EINVAL, "nor moved to a shared mount");
	works(mount(NULL, "t", NULL, MS_REC | MS_PRIVATE, NULL), "private with all below");
	works(mount("s", "t/d", NULL, MS_MOVE, NULL), "moved to a private one");
	works(mount("t", "a", NULL, MS_BIND | MS_REC, NULL), "the tree around it can be bound");
	fails(access("a/d/d", F_OK), ENOENT, "but without it");
	drop("a t/d t");
}

static int in_jail(void *argument)
{
	char cwd[100];
	int outside = *(int *)argument;

	works(chroot("jail"), "chroot");
	works(chdir("/"), "chdir");
	is_text(tap_read("/f"), "inside", "the root is there");
	is_text(tap_read("/../../f"), "inside", "it is its own parent");
	is_text(tap_read("/link"), "inside", "absolute links start there");
	must(syscall(SYS_getcwd, cwd, sizeof(cwd)));
	is_text(cwd, "/", "getcwd");
	works(fchdir(outside), "a descriptor from outside leads out");
	syscall(SYS_getcwd, cwd, sizeof(cwd));
	ok(!strncmp(cwd, "(unreachable)", 13), "where getcwd cannot name it");
	return 0;
}

TEST(chroot)
{
	int outside;

	fails(syscall(SYS_chroot, BAD), EFAULT, "bad pointer");
	if (tap_not_root("mount"))
		return;
	close(tap_file("f", "outside"));
	must(mkdir("jail", 0755));
	close(tap_file("jail/f", "inside"));
	must(symlink("/f", "jail/link"));
	fails(chroot("f"), ENOTDIR, "a file");
	fails(chroot("none"), ENOENT, "nothing");
	outside = must(open(".", O_RDONLY));
	exits(tap_spawn(in_jail, &outside), 0, "the prisoner");
	is_text(tap_read("f"), "outside", "the parent's root is its own");
}

/* The new root must be in the tree of the old one: here it is what that is mounted on. */
static int pivot_from_below(void *argument)
{
	must(chroot("above/below"));
	must(fchdir(*(int *)argument));
	fails(syscall(SYS_pivot_root, ".", "put"), EINVAL, "pivot_root to what is above the root");
	return 0;
}

TEST(pivot)
{
	int above;

	if (tap_not_root("mount"))
		return;
	must(mkdir("above", 0755));
	must(mount("none", "above", "tmpfs", 0, ""));
	must(mount("none", "above", NULL, MS_PRIVATE, NULL));
	must(mkdir("above/below", 0755));
	must(mkdir("above/put", 0755));
	must(mount("none", "above/below", "tmpfs", 0, ""));
	must(mount("none", "above/below", NULL, MS_PRIVATE, NULL));
	above = must(open("above", O_RDONLY | O_DIRECTORY));
	exits(tap_spawn(pivot_from_below, &above), 0, "the process below");
	close(above);
	works(umount("above/below"), "umount");
	works(umount("above"), "umount of what is above");
}
