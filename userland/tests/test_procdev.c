/* What /proc tells of the machine's addresses, consoles, terminals and timers, and of what threads
 * do in the kernel (proc(5)). */
#include "tap.h"
#include <sched.h>
#include <sys/wait.h>

static int line_count(const char *text)
{
	int n = 0;

	for (; *text; text++)
		n += *text == '\n';
	return n;
}

/* Whether each line is "  START-END : NAME", and within the one that it is indented below. */
static bool ranges_nest(const char *text, const char *wanted, int *found)
{
	unsigned long long start, end, ends[16] = {~0ull};
	static char copy[65536];
	int depth, at;

	*found = 0;
	strcpy(copy, text);
	for (char *line = strtok(copy, "\n"); line; line = strtok(NULL, "\n")) {
		depth = (int)strspn(line, " ") / 2;
		if (depth > 14 ||
		    sscanf(line + depth * 2, "%llx-%llx : %n", &start, &end, &at) != 2)
			return false;
		if (end < start || end > ends[depth])
			return false;
		ends[depth + 1] = end;
		*found += !strcmp(line + depth * 2 + at, wanted);
	}
	return true;
}

static int as_user(void *path)
{
	unsigned long long start, end;
	const char *text = tap_read(path);

	if (sscanf(text, "%llx-%llx", &start, &end) != 2)
		return 1;
	return start || end ? 2 : 0;
}

TEST(addresses)
{
	int n;

	ok(ranges_nest(tap_read("/proc/iomem"), "System RAM", &n), "iomem: ranges in ranges");
	ok(n >= 1, "iomem: RAM");
	ranges_nest(tap_read("/proc/iomem"), "Kernel code", &n);
	is(n, 1, "iomem: the kernel");
	ok(ranges_nest(tap_read("/proc/ioports"), "keyboard", &n), "ioports: ranges in ranges");
	is(n, 2, "ioports: the keyboard");
	is(tap_as_user(as_user, "/proc/iomem"), 0, "iomem: zeros for others");
	is(tap_as_user(as_user, "/proc/ioports"), 0, "ioports: zeros for others");
}

TEST(consoles)
{
	char name[32], can[8], flags[32];
	int major, minor;

	/* The preferred one. */
	const char *line = tap_read("/proc/consoles");

	is(sscanf(line, "%31s %7s (%31[^)]) %d:%d", name, can, flags, &major, &minor), 5,
	   "name, ways, flags, number");
	ok(strncmp(name, "tty", 3) == 0, "a terminal");
	ok(can[1] == 'W', "can be written to");
	ok(strlen(can) == 3 && flags[0] == 'E', "is enabled");
	is(major, 4, "its number");
	ok(strchr(line, 'C') != NULL, "one is /dev/console");
}

TEST(terminals)
{
	const char *text = tap_read("/proc/tty/drivers");
	char copy[4096];
	bool good = true;
	int n = 0;

	snprintf(copy, sizeof(copy), "%s", text);
	for (char *line = strtok(copy, "\n"); line; line = strtok(NULL, "\n"), n++) {
		char name[64], node[64], range[64], type[64];
		int major;

		good &= sscanf(line, "%63s %63s %d %63s %63s", name, node, &major, range,
			       type) == 5 && !strncmp(node, "/dev/", 5);
	}
	ok(good && n >= 5, "name, node, major, minors, type");
	ok(strstr(text, "system:console") != NULL, "the console");
	ok(strstr(text, "/dev/ttyS ") != NULL, "serial ports");
	ok(strstr(text, "pty:slave") != NULL, "pseudo terminals");
}

TEST(timers)
{
	const char *text = tap_read("/proc/timer_list");
	const char *now = strstr(text, "now at ");
	long long at = 0;

	ok(!strncmp(text, "Timer List Version: v0.", 23), "its version");
	ok(now && sscanf(now, "now at %lld nsecs", &at) == 1 && at > 0, "the time");
	ok(strstr(text, "cpu: 0\n") != NULL, "the first CPU");
	ok(strstr(text, " #0: <") && strstr(text, "# expires at "), "a timer");
}

/* A child that waits in read(2), on a pipe: its number, and the pipe. */
static pid_t reader(int fd[2])
{
	pid_t pid;

	must(pipe(fd));
	pid = fork();
	if (pid == 0) {
		char c;

		_exit(syscall(SYS_read, fd[0], &c, 1L) != 1);
	}
	tap_await_state(pid, 'S');
	return pid;
}

static const char *of(pid_t pid, const char *name)
{
	static char path[64];

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, name);
	return path;
}

TEST(syscalls)
{
	unsigned long long nr, arg[6], sp, pc;
	int fd[2];
	pid_t pid = reader(fd);

	is(sscanf(tap_read(of(pid, "syscall")), "%lld %llx %llx %llx %llx %llx %llx %llx %llx",
		  (long long *)&nr, arg, arg + 1, arg + 2, arg + 3, arg + 4, arg + 5, &sp, &pc), 9,
	   "number, arguments, stack, instruction");
	is(nr, SYS_read, "waits in read");
	is(arg[0], fd[0], "of this descriptor");
	is(arg[2], 1, "for one byte");
	ok(sp > 4096 && pc > 4096, "from user mode");
	must(write(fd[1], "x", 1));
	exits(pid, 0, "goes on");
	is(sscanf(tap_read("/proc/self/syscall"), "%lld", (long long *)&nr), 1, "one's own");
	ok(nr == SYS_read || nr == SYS_pread64, "is reading it");
}

TEST(running)
{
	pid_t pid = fork();
	bool seen = false;

	if (pid == 0)
		for (;;)
			;
	for (int i = 0; i < 200 && !seen; i++) {
		seen = !strcmp(tap_read(of(pid, "syscall")), "running\n");
		tap_sleep_ms(5);
	}
	ok(seen, "a busy process is running");
	kill(pid, SIGKILL);
	dies(pid, SIGKILL, "ends");
}

static int look_at(void *arg)
{
	int fd = open(of(*(pid_t *)arg, "stack"), O_RDONLY);
	char c;

	return fd < 0 || read(fd, &c, 1) < 0 ? errno : 0;
}

TEST(stacks)
{
	unsigned long long offset, size;
	char name[128];
	int fd[2];
	pid_t pid = reader(fd);
	const char *text = tap_read(of(pid, "stack"));

	if (!*text && access(of(pid, "stack"), F_OK)) {
		skip("stack", "the kernel does not tell");
	} else {
		is(sscanf(text, "[<0>] %127[^+]+%llx/%llx", name, &offset, &size), 3,
		   "function, offset, size");
		ok(offset < size, "within it");
		ok(line_count(text) >= 3, "more than one");
		is(WEXITSTATUS(tap_as_user(look_at, &pid)), EACCES, "not for others");
	}
	must(write(fd[1], "x", 1));
	exits(pid, 0, "goes on");
}

TEST(schedules)
{
	struct sched_param p = {.sched_priority = 10};
	int fd[2];
	pid_t pid;
	char head[64], text[8192], *at;

	pid = reader(fd);
	snprintf(head, sizeof(head), "(%d, #threads: 1)\n", pid);
	snprintf(text, sizeof(text), "%s", tap_read(of(pid, "sched")));
	if (!*text) {
		skip("sched", "the kernel does not tell");
		kill(pid, SIGKILL);
		return;
	}
	ok(strstr(text, head) != NULL, "name, number, threads");
	ok((at = strstr(text, "\nse.sum_exec_runtime")) && atof(strchr(at, ':') + 1) > 0,
	   "ran for a while");
	ok((at = strstr(text, "\nnr_switches")) && atol(strchr(at, ':') + 1) > 0, "was switched");
	ok((at = strstr(text, "\npolicy")) && atol(strchr(at, ':') + 1) == SCHED_OTHER, "policy");
	ok((at = strstr(text, "\nprio")) && atol(strchr(at, ':') + 1) == 120, "priority");
	must(syscall(SYS_sched_setscheduler, pid, SCHED_FIFO, &p));
	snprintf(text, sizeof(text), "%s", tap_read(of(pid, "sched")));
	ok((at = strstr(text, "\npolicy")) && atol(strchr(at, ':') + 1) == SCHED_FIFO, "FIFO");
	ok((at = strstr(text, "\nprio")) && atol(strchr(at, ':') + 1) == 89, "its priority");
	must(write(fd[1], "x", 1));
	exits(pid, 0, "goes on");
}
