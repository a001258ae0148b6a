/* /sys: what is there of the machine, in the forms that programs parse (sysfs(5)). */
#include <dirent.h>
#include <sched.h>
#include <limits.h>
#include <linux/capability.h>
#include <sys/mount.h>
#include <sys/sysmacros.h>
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

/* The last part of what a link leads to. */
static const char *link_end(const char *path)
{
	static char target[300];
	ssize_t n = readlink(path, target, sizeof(target) - 1);

	if (n < 0)
		return "";
	target[n] = 0;
	return strrchr(target, '/') ? strrchr(target, '/') + 1 : target;
}

/* The value of a line KEY=value of a device's uevent file. */
static const char *property(const char *device, const char *key)
{
	static char value[100];
	char path[400], text[1000];
	const char *line;

	snprintf(path, sizeof(path), "%s/uevent", device);
	snprintf(text, sizeof(text), "\n%s", tap_read(path));
	snprintf(path, sizeof(path), "\n%s=", key);
	line = strstr(text, path);
	*value = 0;
	if (line)
		sscanf(line + strlen(path), "%99[^\n]", value);
	return value;
}

/* Whether a directory of links to devices is as it should be: each entry's `dev` and `uevent` say
 * the number that it is named by, the node is in /dev, and its class leads to the same place. */
static void check_devices(const char *dir, mode_t type)
{
	char path[300], device[PATH_MAX], class[PATH_MAX], name[300], number[40];
	int n = 0, bad = 0, nodes = 0;
	struct dirent *entry;
	struct stat st;
	DIR *d = opendir(dir);

	while (d && (entry = readdir(d))) {
		unsigned major, minor;

		if (sscanf(entry->d_name, "%u:%u", &major, &minor) != 2)
			continue;
		n++;
		snprintf(path, sizeof(path), "%s/%s", dir, entry->d_name);
		if (!realpath(path, device)) {
			bad++;
			continue;
		}
		snprintf(name, sizeof(name), "%s/dev", path);
		snprintf(number, sizeof(number), "%u:%u\n", major, minor);
		bad += strcmp(tap_read(name), number) != 0;
		bad += atoi(property(path, "MAJOR")) != (int)major;
		bad += atoi(property(path, "MINOR")) != (int)minor;
		snprintf(name, sizeof(name), "/dev/%s", property(path, "DEVNAME"));
		nodes += stat(name, &st) == 0 && (st.st_mode & S_IFMT) == type &&
			 st.st_rdev == makedev(major, minor);
		snprintf(name, sizeof(name), "%s/subsystem", path);
		snprintf(path, sizeof(path), "/sys/class/%s/%s", link_end(name),
			 strrchr(device, '/') + 1);
		if (!realpath(path, class) || strcmp(class, device)) {
			diag("%s is not %s", path, device);
			bad++;
		}
	}
	if (d)
		closedir(d);
	ok(n > 0, "there are devices");
	is(bad, 0, "all are told of as they should be");
	ok(nodes > n / 2, "and have nodes in /dev");
}

TEST(character_devices)
{
	check_devices("/sys/dev/char", S_IFCHR);
	is_text(link_end("/sys/class/mem/null"), "null", "class/mem/null");
	is_text(property("/sys/class/mem/null", "DEVNAME"), "null", "its name");
	is_text(property("/sys/class/mem/null", "DEVMODE"), "0666", "its permissions");
	is(access("/sys/devices/virtual/tty/tty0/dev", R_OK), 0, "tty0 stands nowhere");
	is(access("/sys/class/misc/loop-control/dev", R_OK), 0, "class/misc");
	is(access("/sys/class/rtc/rtc0/dev", R_OK), 0, "class/rtc");
}

TEST(block_devices)
{
	char at[PATH_MAX] = "";

	check_devices("/sys/dev/block", S_IFBLK);
	is_text(property("/sys/block/sda", "DEVTYPE"), "disk", "a disk");
	ok(realpath("/sys/block/sda", at) && strstr(at, "/devices/pci0000:00/0000:00:") &&
		   strstr(at, "/ata") && strstr(at, "/host") && strstr(at, ":0:0:0/block/sda"),
	   "it is below its controller: %s", at);
	ok(realpath("/sys/block/sda/device/scsi_host", at) == NULL, "device is not the host");
	is_text(link_end("/sys/block/sda/device"), "0:0:0:0", "device");
	is_text(link_end("/sys/class/scsi_host/host0"), "host0", "class/scsi_host");
	is_text(tap_read("/sys/class/scsi_host/host0/proc_name"), "ahci\n", "its driver");
}

TEST(pci_devices)
{
	const char *dir = "/sys/bus/pci/devices";
	char path[300], config[64], other[64], wanted[40];
	int fd, again, n = 0, bad = 0;
	struct dirent *entry;
	struct stat st;
	DIR *d = opendir(dir);

	while (d && (entry = readdir(d))) {
		unsigned segment, bus, slot, function;

		if (sscanf(entry->d_name, "%x:%x:%x.%x", &segment, &bus, &slot, &function) != 4)
			continue;
		n++;
		snprintf(path, sizeof(path), "%s/%s/config", dir, entry->d_name);
		fd = must(open(path, O_RDONLY));
		must(fstat(fd, &st));
		bad += st.st_size != 256 && st.st_size != 4096;
		bad += read(fd, config, 64) != 64;
		bad += pread(fd, other, 3, 1) != 3 || memcmp(other, config + 1, 3);
		bad += pread(fd, other, 64, st.st_size) != 0;
		close(fd);
		snprintf(path, sizeof(path), "/proc/bus/pci/%02x/%02x.%x", bus, slot, function);
		again = must(open(path, O_RDONLY));
		bad += read(again, other, 64) != 64 || memcmp(other, config, 64);
		close(again);
		snprintf(path, sizeof(path), "%s/%s/vendor", dir, entry->d_name);
		snprintf(wanted, sizeof(wanted), "0x%02x%02x\n", (unsigned char)config[1],
			 (unsigned char)config[0]);
		bad += strcmp(tap_read(path), wanted) != 0;
		snprintf(path, sizeof(path), "%s/%s", dir, entry->d_name);
		bad += strcmp(property(path, "PCI_SLOT_NAME"), entry->d_name) != 0;
	}
	if (d)
		closedir(d);
	ok(n > 0, "there are devices");
	is(bad, 0, "all are told of as they should be");
	is_text(tap_read("/sys/bus/pci/devices/0000:00:00.0/class"), "0x060000\n", "a host bridge");
	is(strlen(tap_read("/sys/bus/pci/devices/0000:00:00.0/resource")), 13 * 57, "resource");
}

/* Without CAP_SYS_ADMIN. */
static int enable_device(void *arg)
{
	struct __user_cap_header_struct h = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct caps[2];

	(void)arg;
	must(syscall(SYS_capget, &h, caps));
	caps[0].effective &= ~(1u << CAP_SYS_ADMIN);
	must(syscall(SYS_capset, &h, caps));
	fails(write(must(open("/sys/bus/pci/devices/0000:00:00.0/enable", O_WRONLY)), "1", 1),
	      EPERM, "who is not privileged may not enable a device");
	return 0;
}

TEST(pci_changes)
{
	char *edge = tap_edge(10);
	int fd;

	if (!tap_root())
		return;
	exits(tap_spawn(enable_device, NULL), 0, "the part of another");
	fd = must(open("/sys/bus/pci/devices/0000:00:00.0/config", O_RDWR));
	fails(read(fd, edge, 64), EFAULT, "to memory that ends too early");
	is(lseek(fd, 0, SEEK_CUR), 0, "nothing was read");
	is(read(fd, edge, 10), 10, "as much as there is");
	memset(edge, 0, 10);
	fails(pwrite(fd, edge, 64, 0), EFAULT, "written from there");
	close(fd);
}

TEST(pci_for_everybody)
{
	char config[256];
	int fd;

	if (!tap_root())
		return;
	must(seteuid(65534));
	fd = must(open("/sys/bus/pci/devices/0000:00:00.0/config", O_RDONLY));
	is(read(fd, config, sizeof(config)), 64, "others read the header only");
	is(read(fd, config, sizeof(config)), 0, "and nothing behind it");
	fails(open("/sys/bus/pci/devices/0000:00:00.0/config", O_WRONLY), EACCES, "writing");
	must(seteuid(0));
	close(fd);
}
