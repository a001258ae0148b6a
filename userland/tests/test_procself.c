/* What /proc/[pid] tells of one process: whether it waits, what it read and wrote, its limits and
 * its memory in sums. */
#include "tap.h"
#include <pthread.h>
#include <sched.h>
#include <sys/sendfile.h>

/* Field 35 of a stat file: whether somebody waits. */
static long waits(const char *format, int id)
{
	char path[60];
	const char *at;

	snprintf(path, sizeof(path), format, id);
	at = strrchr(tap_read(path), ')');
	for (int i = 2; at && i < 35; i++)
		at = strchr(at + 1, ' ');
	return at ? atol(at) : -1;
}

static int sleeps(void *argument)
{
	(void)argument;
	for (;;)
		pause();
	return 0;
}

static void *pauses(void *tid)
{
	*(_Atomic pid_t *)tid = gettid();
	for (;;)
		pause();
	return NULL;
}

TEST(waits)
{
	_Atomic pid_t tid = 0;
	pid_t pid = tap_spawn(sleeps, NULL);
	pthread_t thread;

	ok(tap_await_state(pid, 'S'), "a process sleeps");
	is(waits("/proc/%d/stat", pid), 1, "it waits");
	is(waits("/proc/%d/stat", getpid()), 0, "who looks does not");
	must(pthread_create(&thread, NULL, pauses, &tid));
	while (!tid || !tap_await_state(tid, 'S'))
		sched_yield();
	is(waits("/proc/%d/stat", tid), 0, "of many threads nothing is told,");
	is(waits("/proc/self/task/%d/stat", tid), 1, "but of each");
	kill(pid, SIGKILL);
}

static long io(const char *whose, const char *key)
{
	char path[60];

	snprintf(path, sizeof(path), "/proc/%s/io", whose);
	return tap_number(tap_read(path), key);
}

static void *writes_seven(void *file)
{
	static char path[40];

	must(write(*(int *)file, "seven..", 7));
	snprintf(path, sizeof(path), "self/task/%d", gettid());
	return path;
}

static void *writes_seven_asks(void *file)
{
	return (void *)io(writes_seven(file), "wchar:");
}

static int writes_eleven(void *file)
{
	must(write(*(int *)file, "eleven.....", 11));
	_exit(0);
}

TEST(io)
{
	static const char *const keys[] = {"rchar:", "\nwchar:", "\nsyscr:", "\nsyscw:",
					   "\nread_bytes:", "\nwrite_bytes:",
					   "\ncancelled_write_bytes:"};
	int fd = tap_file("file", "some text"), to = tap_file("to", "");
	long chars, calls, got, reads;
	pthread_t thread;
	void *own;
	pid_t pid;

	for (unsigned i = 0; i < sizeof(keys) / sizeof(*keys); i++)
		ok(io("self", keys[i]) >= 0, "a number %s", keys[i] + (*keys[i] == '\n'));
	chars = io("self", "wchar:");
	calls = io("self", "syscw:");
	must(write(to, "abc", 3));
	must(pwrite(to, "defg", 4, 3));
	got = io("self", "wchar:") - chars;
	calls = io("self", "syscw:") - calls;
	is(got, 7, "bytes that were written");
	is(calls, 2, "by calls");
	chars = io("self", "wchar:");
	reads = io("self", "rchar:");
	must(sendfile(to, fd, &(off_t){0}, 9));
	got = io("self", "wchar:") - chars;
	is(got, 9, "sendfile writes");
	ok(io("self", "rchar:") - reads >= 9, "and reads");
	chars = io("self", "wchar:");
	must(copy_file_range(fd, &(off_t){0}, to, &(off_t){20}, 5, 0));
	got = io("self", "wchar:") - chars;
	is(got, 5, "copy_file_range writes");
	chars = io("self", "wchar:");
	must(pthread_create(&thread, NULL, writes_seven_asks, &to));
	must(pthread_join(thread, &own));
	got = io("self", "wchar:") - chars;
	is(own, 7, "what a thread wrote is its own");
	is(got, 7, "and its process', when it has ended, too");
	chars = io("self", "wchar:");
	pid = tap_spawn(writes_eleven, &to);
	must(waitid(P_PID, pid, NULL, WEXITED | WNOWAIT));
	got = io("self", "wchar:") - chars;
	is(got, 0, "a child's is not");
	chars = io("self", "wchar:");
	must(waitpid(pid, NULL, 0));
	got = io("self", "wchar:") - chars;
	is(got, 11, "until it was waited for");
}

static void same_as_the_link(const char *name)
{
	struct stat link, own;
	char path[80];

	snprintf(path, sizeof(path), "/proc/net/%s", name);
	works(stat(path, &link), name);
	snprintf(path, sizeof(path), "/proc/self/task/%d/net/%s", getpid(), name);
	works(stat(path, &own), "of a thread");
	is(own.st_mode, link.st_mode, "alike");
	is(own.st_uid, 0, "root's");
	ok(*tap_read(path), "with contents");
}

static int looks_at_the_network(void *argument)
{
	(void)argument;
	same_as_the_link("dev");
	same_as_the_link("snmp");
	return 0;
}

TEST(net)
{
	struct stat st;
	char text[40] = "";

	is(readlink("/proc/net", text, sizeof(text) - 1), 8, "/proc/net is a link");
	is_text(text, "self/net", "to oneself");
	works(stat("/proc/self/net", &st), "which has a directory");
	is(st.st_mode, S_IFDIR | 0555, "for all");
	is(tap_as_user(looks_at_the_network, NULL), 0, "a user");
}

TEST(limits)
{
	const char *text = tap_read("/proc/self/limits");

	ok(!strncmp(text, "Limit                     Soft Limit           Hard Limit           "
			  "Units     \n", 78), "the head");
	ok(strstr(text, "\nMax nice priority         0                    0                    "
			"\n") != NULL, "no unit, no blanks");
	ok(strstr(text, " us        \n") != NULL, "a unit");
}

TEST(smaps)
{
	static const char *const sums[] = {
		"Rss:", "Pss:", "Pss_Dirty:", "Shared_Clean:", "Shared_Dirty:", "Private_Clean:",
		"Private_Dirty:", "Referenced:", "Anonymous:", "LazyFree:", "AnonHugePages:",
		"ShmemPmdMapped:", "FilePmdMapped:", "Shared_Hugetlb:", "Private_Hugetlb:",
		"Swap:", "SwapPss:", "Locked:",
	};
	char line[40], area[4096], *at, *end;
	const char *text = tap_read("/proc/self/smaps_rollup");

	for (unsigned i = 0; i < sizeof(sums) / sizeof(*sums); i++) {
		snprintf(line, sizeof(line), "\n%s ", sums[i]);
		ok(strstr(text, line) != NULL, "in all: %s", sums[i]);
	}
	text = strstr(tap_read("/proc/self/smaps"), "[vvar]\n");
	must(text ? 0 : -1);
	snprintf(area, sizeof(area), "%s", text);
	end = strstr(area, "VmFlags:");
	must(end ? 0 : -1);
	ok(!strncmp(end, "VmFlags: rd mr pf io de dd ", 27), "flags of what is no memory");
	at = area;
	for (unsigned i = 0; i < sizeof(sums) / sizeof(*sums); i++) {
		snprintf(line, sizeof(line), "\n%s ", sums[i]);
		at = at ? strstr(at, line) : NULL;
		ok(at && at < end, "in an area, and in order: %s", sums[i]);
	}
}
