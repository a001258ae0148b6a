/* What /proc/[pid] tells of one process: whether it waits, what it read and wrote, its limits and
 * its memory in sums. */
#include "tap.h"
#include <pthread.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/sendfile.h>
#include <time.h>

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

static void shown(const char *want, const char *what)
{
	const char *text = tap_read("/proc/self/timers");

	if (!ok(strstr(text, want), "%s", what))
		diag("%s", text);
}

TEST(timers)
{
	struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1,
				 .sigev_value.sival_ptr = (void *)0x123456789abc};
	char want[200];
	timer_t first, second, third;

	is_text(tap_read("/proc/self/timers"), "", "none");
	must(timer_create(CLOCK_MONOTONIC, &event, &first));
	snprintf(want, sizeof(want), "ID: %d\nsignal: %d/0000123456789abc\n"
		 "notify: signal/pid.%d\nClockID: 1\n", (int)(long)first, SIGUSR1, getpid());
	is_text(tap_read("/proc/self/timers"), want, "one");
	event.sigev_notify = SIGEV_NONE;
	must(timer_create(CLOCK_REALTIME, &event, &second));
	snprintf(want, sizeof(want), "notify: none/pid.%d\nClockID: 0\nID: %d\n", getpid(),
		 (int)(long)first);
	shown(want, "the newer one comes first");
	event = (struct sigevent){.sigev_notify = SIGEV_THREAD_ID, .sigev_signo = SIGUSR2};
	event.sigev_notify_thread_id = gettid();
	must(timer_create(CLOCK_MONOTONIC, &event, &third));
	snprintf(want, sizeof(want), "signal: %d/0000000000000000\nnotify: signal/tid.%d\n",
		 SIGUSR2, gettid());
	shown(want, "a thread's");
	must(timer_delete(first));
	must(timer_delete(third));
	must(timer_delete(second));
	is_text(tap_read("/proc/self/timers"), "", "none again");
}

#define SLACK "/proc/self/timerslack_ns"

static int slack_of_others(void *pid)
{
	char path[60];

	snprintf(path, sizeof(path), "/proc/%d/timerslack_ns", *(pid_t *)pid);
	works(tap_write(SLACK, "4000"), "one's own");
	fails(tap_write(path, "4000"), EPERM, "a stranger's");
	fails(read(must(open(path, O_RDONLY)), path, 10), EPERM, "which cannot be read");
	return 0;
}

TEST(timer_slack)
{
	char path[60], want[40];
	struct stat st;
	pid_t pid;

	must(prctl(PR_SET_TIMERSLACK, 0));
	snprintf(want, sizeof(want), "%d\n", prctl(PR_GET_TIMERSLACK));
	works(stat(SLACK, &st), "timerslack_ns");
	is(st.st_mode, S_IFREG | 0666, "is everybody's");
	is_text(tap_read(SLACK), want, "as prctl says");
	works(tap_write(SLACK, "70000\n"), "set");
	is(prctl(PR_GET_TIMERSLACK), 70000, "as prctl says");
	works(tap_write(SLACK, "123456789012"), "more than 32 bits");
	is_text(tap_read(SLACK), "123456789012\n", "are kept");
	fails(tap_write(SLACK, "fast"), EINVAL, "no number");
	works(tap_write(SLACK, "0"), "none");
	is_text(tap_read(SLACK), want, "is the default");
	pid = tap_spawn(sleeps, NULL);
	snprintf(path, sizeof(path), "/proc/%d/timerslack_ns", pid);
	works(tap_write(path, "5000"), "another's, as root");
	is_text(tap_read(path), "5000\n", "is set");
	is(tap_as_user(slack_of_others, &pid), 0, "a user");
	kill(pid, SIGKILL);
}

TEST(mountstats)
{
	char line[200], text[16384] = "", *at = text;
	int lines = 0, told = 0;
	FILE *f = fopen("/proc/self/mounts", "r");

	must(f ? 0 : -1);
	snprintf(text, sizeof(text), "%s", tap_read("/proc/self/mountstats"));
	while (fgets(line, sizeof(line), f)) {
		char want[300], device[60], place[60], type[30];

		lines++;
		must(sscanf(line, "%59s %59s %29s", device, place, type) == 3 ? 0 : -1);
		snprintf(want, sizeof(want), "device %s mounted on %s with fstype %s\n", device,
			 place, type);
		told += !strncmp(at, want, strlen(want));
		at += strcspn(at, "\n");
		at += *at == '\n';
	}
	ok(lines > 0, "there are mounts");
	is(told, lines, "each has its line");
	is(*at, 0, "and no other has");
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
