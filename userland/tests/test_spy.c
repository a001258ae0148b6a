/* What of a process others may see in /proc, and its own older descriptors. */
#include "tap.h"
#include <sys/prctl.h>

/* A descriptor of one's own memory does not become one of the memory of what is run next. */
HELPER(write_memory)
{
	int fd = atoi(argv[0]);
	static char secret[] = "unchanged";

	if (pwrite(fd, "stolen", 6, (off_t)(uintptr_t)secret) > 0)
		return 1;
	return strcmp(secret, "unchanged") != 0;
}

HELPER(read_texts)
{
	char text[256];

	/* opened before this program ran: nothing of it may show */
	return read(atoi(argv[0]), text, sizeof(text)) > 0 ? 1 : 0;
}

static int exec_with(const char *path, int flags, const char *helper)
{
	char number[12];
	int fd = open(path, flags);

	if (fd < 0)
		return 10;
	snprintf(number, sizeof(number), "%d", fd);
	execl(tap_self, tap_self, "--as", helper, number, NULL);
	return 11;
}

static int exec_with_memory(void *argument)
{
	return exec_with("/proc/self/mem", O_RDWR, argument);
}

static int exec_with_maps(void *argument)
{
	return exec_with("/proc/self/maps", O_RDONLY, argument);
}

TEST(memory_descriptor_and_exec)
{
	exits(tap_spawn(exec_with_memory, "write_memory"), 0, "mem is the old program's");
	exits(tap_spawn(exec_with_maps, "read_texts"), 0, "so is maps");
}

static int after_setuid(void *argument)
{
	int *p = argument;
	char byte;

	if (setuid(1000))
		return 1;
	if (prctl(PR_GET_DUMPABLE) != 0 || access("/proc/self/fd/0", F_OK))
		return 2;
	if (write(p[1], "x", 1) != 1 || read(p[2], &byte, 1) < 0)
		return 3;
	return 0;
}

static int spy(void *argument)
{
	char path[64];
	int result = 0;

	snprintf(path, sizeof(path), "/proc/%d/environ", *(int *)argument);
	result |= open(path, O_RDONLY) >= 0 ? 1 : 0;
	snprintf(path, sizeof(path), "/proc/%d/mem", *(int *)argument);
	result |= open(path, O_RDWR) >= 0 ? 2 : 0;
	snprintf(path, sizeof(path), "/proc/%d/maps", *(int *)argument);
	result |= open(path, O_RDONLY) >= 0 ? 4 : 0;
	return result;
}

TEST(gave_up_root)
{
	int p[4];
	char byte;

	if (!tap_root()) {
		skip("setuid", "needs root");
		return;
	}
	must(pipe(p));
	must(pipe(p + 2));
	pid_t pid = tap_spawn(after_setuid, p);
	must(read(p[0], &byte, 1));
	is(tap_as_user(spy, &pid), 0, "the same user does not see what root had in memory");
	must(write(p[3], "x", 1));
	exits(pid, 0, "setuid makes a process undumpable, its descriptors stay its own");
}

static int spy_stat(void *argument)
{
	unsigned long code = 1, brk = 1;
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/stat", *(int *)argument);
	const char *text = strrchr(tap_read(path), ')');
	for (int field = 2; text && field < 47; field++) {
		text = strchr(text + 1, ' ');
		if (text && field + 1 == 26)
			code = strtoul(text, NULL, 10);
		if (text && field + 1 == 47)
			brk = strtoul(text, NULL, 10);
	}
	return code > 1 || brk != 0;
}

TEST(stat_hides_addresses)
{
	pid_t pid = getpid();

	if (!tap_root()) {
		skip("stat", "needs root");
		return;
	}
	is(tap_as_user(spy_stat, &pid), 0, "another user sees no addresses in stat");
}

TEST(status_name)
{
	prctl(PR_SET_NAME, "a\nUid:\t0\\b");
	const char *text = tap_read("/proc/self/status");
	ok(!strncmp(text, "Name:\ta\\nUid:\t0\\\\b\n", 18), "a newline in a name makes no line");
	ok(strstr(text, "\nCpus_allowed_list:\t") != NULL, "Cpus_allowed_list");
	ok(strstr(text, "\nNSpid:\t") != NULL, "NSpid");
}
