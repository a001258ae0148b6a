/* Files of /proc about the machine: misc, buddyinfo, sys/kernel/printk. */
#include "tap.h"
#include <sys/klog.h>
#include <sys/sysmacros.h>

/* Each line is the minor number and the name of a device of major number 10. */
TEST(misc)
{
	int minor, lines = 0, right = 0, nodes = 0;
	char name[64], path[80], text[4096], *rest = text, *line;
	struct stat st;

	snprintf(text, sizeof(text), "%s", tap_read("/proc/misc"));
	while ((line = strsep(&rest, "\n")) && *line) {
		lines++;
		right += sscanf(line, "%d %63s", &minor, name) == 2 && line[3] == ' ';
		snprintf(path, sizeof(path), "/dev/%s", name);
		if (stat(path, &st) == 0)
			nodes += S_ISCHR(st.st_mode) && major(st.st_rdev) == 10 &&
				 (int)minor(st.st_rdev) == minor;
	}
	ok(lines > 0, "it lists devices");
	is(right, lines, "each by number and name");
	ok(nodes > 0, "which /dev has");
}

TEST(buddyinfo)
{
	char text[4096], *rest = text, *line, zone[32];
	long free = tap_number(tap_read("/proc/meminfo"), "MemFree:"), kib = 0;
	int lines = 0, right = 0;

	snprintf(text, sizeof(text), "%s", tap_read("/proc/buddyinfo"));
	while ((line = strsep(&rest, "\n")) && *line) {
		int at, orders = 0, used;
		unsigned long n;

		lines++;
		if (sscanf(line, "Node 0, zone %31s%n", zone, &at) != 1)
			continue;
		for (; sscanf(line + at, "%lu%n", &n, &used) == 1; at += used)
			kib += n * 4 << orders++;
		right += orders == 11;
	}
	ok(lines > 0, "it lists zones");
	is(right, lines, "each with eleven orders");
	ok(kib > free / 2 && kib < free + 16384, "as much as is free");
}

/* The priority of the record that a line written to /dev/kmsg becomes. */
static int priority_of(const char *line)
{
	int in = must(open("/dev/kmsg", O_RDONLY | O_NONBLOCK)), out, priority = -1;
	char record[2048];
	ssize_t n;

	must(lseek(in, 0, SEEK_END));
	out = must(open("/dev/kmsg", O_WRONLY));
	must(dprintf(out, "%s\n", line));
	while ((n = read(in, record, sizeof(record) - 1)) > 0) {
		record[n] = 0;
		if (strstr(record, line))
			priority = atoi(record);
	}
	close(in);
	close(out);
	return priority;
}

TEST(printk)
{
	static const char *const path = "/proc/sys/kernel/printk";
	int a, b, c, d;
	char was[64];

	if (!tap_root()) {
		skip("printk", "not root");
		return;
	}
	snprintf(was, sizeof(was), "%s", tap_read(path));
	is(sscanf(was, "%d\t%d\t%d\t%d\n", &a, &b, &c, &d), 4, "four numbers");
	works(tap_write(path, "3 5 2 7\n"), "store them");
	is_text(tap_read(path), "3\t5\t2\t7\n", "they are kept");
	is(priority_of("a line of test_procsys"), 8 + 5, "the second is that of plain messages");
	works(klogctl(8, NULL, 1), "a console level of 1");
	is_text(tap_read(path), "2\t5\t2\t7\n", "becomes the least there may be");
	works(klogctl(8, NULL, 6), "a console level of 6");
	is_text(tap_read(path), "6\t5\t2\t7\n", "is the first");
	works(klogctl(6, NULL, 0), "switch the console off");
	is_text(tap_read(path), "2\t5\t2\t7\n", "the least again");
	works(klogctl(7, NULL, 0), "and on");
	is_text(tap_read(path), "6\t5\t2\t7\n", "as before");
	works(tap_write(path, "4\n"), "store the first alone");
	is_text(tap_read(path), "4\t5\t2\t7\n", "the others stay");
	fails(tap_write(path, "x"), EINVAL, "no number");
	works(tap_write(path, was), "as it was");
	is_text(tap_read(path), was, "all of it");
}

static int read_log(void *restricted)
{
	char line[256];
	bool may = !restricted;

	if (may) {
		works(klogctl(3, line, sizeof(line)), "a user reads the log");
		works(klogctl(10, NULL, 0), "and asks for its size");
	} else {
		fails(klogctl(3, line, sizeof(line)), EPERM, "a user does not read the log");
		fails(klogctl(10, NULL, 0), EPERM, "nor is he told its size");
		fails(open("/dev/kmsg", O_RDONLY | O_NONBLOCK), EPERM, "nor by the device");
	}
	fails(klogctl(5, NULL, 0), EPERM, "a user never clears it");
	return 0;
}

TEST(domainname)
{
	char was[100], name[100];

	if (tap_not_root("domainname"))
		return;
	must(getdomainname(was, sizeof(was)));
	snprintf(name, sizeof(name), "%s\n", was);
	is_text(tap_read("/proc/sys/kernel/domainname"), name, "as the call says");
	works(tap_write("/proc/sys/kernel/domainname", "example\n"), "set");
	must(getdomainname(name, sizeof(name)));
	is_text(name, "example", "the call says so, too");
	must(setdomainname(was, strlen(was)));
}

TEST(dmesg_restrict)
{
	static const char *const path = "/proc/sys/kernel/dmesg_restrict";
	char was[64], line[256];
	struct stat st;

	if (!tap_root()) {
		skip("dmesg_restrict", "not root");
		return;
	}
	snprintf(was, sizeof(was), "%s", tap_read(path));
	must(stat("/dev/kmsg", &st));
	must(chmod("/dev/kmsg", 0644));
	works(tap_write(path, "0\n"), "for all");
	is(tap_as_user(read_log, NULL), 0, "a user's part");
	works(tap_write(path, "1\n"), "for who is privileged");
	is_text(tap_read(path), "1\n", "it is kept");
	is(tap_as_user(read_log, was), 0, "a user's part");
	works(klogctl(3, line, sizeof(line)), "root reads it");
	fails(tap_write(path, "2"), EINVAL, "there is no more than that");
	works(tap_write(path, was), "as it was");
	must(chmod("/dev/kmsg", st.st_mode & 07777));
}
