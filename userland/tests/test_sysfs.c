/* /sys: what is there of the machine, in the forms that programs parse (sysfs(5)). */
#include <dirent.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/vfs.h>

#include "tap.h"

#define CPU "/sys/devices/system/cpu/"

TEST(mounted)
{
	struct statfs st;
	struct stat info;

	works(statfs("/sys", &st), "statfs");
	is(st.f_type, 0x62656572, "the magic number is sysfs'");
	works(stat("/sys/kernel", &info), "stat of /sys/kernel");
	ok(S_ISDIR(info.st_mode), "it is a directory");
	works(stat("/sys/devices/system/cpu/online", &info), "stat of a file");
	ok(S_ISREG(info.st_mode) && info.st_size == 4096, "its size is a page");
	fails(open("/sys/nothing", O_RDONLY), ENOENT, "a name that is not there");
	fails(mkdir("/sys/made", 0700), EPERM, "mkdir");
	if (tap_root()) {
		must(mkdir("again", 0700));
		works(mount("none", "again", "sysfs", 0, NULL), "mounting it once more");
		is(access("again/devices/system/cpu/online", R_OK), 0, "shows the same");
		works(umount("again"), "umount");
	}
}

/* How many numbers a list such as "0-3,5" has. */
static int list_count(const char *s)
{
	int n = 0, first, last, used;

	while (sscanf(s, "%d%n", &first, &used) == 1) {
		s += used;
		last = first;
		if (*s == '-' && sscanf(s + 1, "%d%n", &last, &used) == 1)
			s += used + 1;
		n += last - first + 1;
		if (*s++ != ',')
			break;
	}
	return n;
}

TEST(processors)
{
	int n = (int)sysconf(_SC_NPROCESSORS_ONLN), found = 0;
	struct dirent *entry;
	char name[100];
	DIR *dir;

	is(list_count(tap_read(CPU "online")), n, "online lists as many as sysconf() tells");
	ok(list_count(tap_read(CPU "possible")) >= n, "possible");
	ok(list_count(tap_read(CPU "present")) >= n, "present");
	ok(atoi(tap_read(CPU "kernel_max")) >= n - 1, "kernel_max");
	dir = opendir(CPU);
	while (dir && (entry = readdir(dir)))
		found += !strncmp(entry->d_name, "cpu", 3) && entry->d_name[3] >= '0' &&
			 entry->d_name[3] <= '9';
	is(found, n, "a directory for each");
	if (dir)
		closedir(dir);
	snprintf(name, sizeof(name), CPU "cpu%d/topology/core_id", n - 1);
	ok(*tap_read(name) >= '0' && *tap_read(name) <= '9', "topology/core_id");
	snprintf(name, sizeof(name), CPU "cpu%d/topology/thread_siblings_list", n - 1);
	ok(list_count(tap_read(name)) >= 1, "topology/thread_siblings_list");
	snprintf(name, sizeof(name), CPU "cpu%d", n);
	fails(open(name, O_RDONLY), ENOENT, "one more than there are");
}

TEST(reading)
{
	int fd = must(open(CPU "online", O_RDONLY));
	char a[64] = "", b[64] = "";

	works(read(fd, a, 1), "reading one byte");
	works(read(fd, a + 1, sizeof(a) - 2), "and the rest");
	is(lseek(fd, 0, SEEK_SET), 0, "back to the start");
	works(read(fd, b, sizeof(b) - 1), "reading again");
	is_text(b, a, "is the same");
	is(read(fd, b, 1), 0, "the end");
	close(fd);
	fails(open(CPU "online/deeper", O_RDONLY), ENOTDIR, "a file is no directory");
}
