/* /proc as programs read it: formats, and that the numbers are true. */
#include "tap.h"
#include <ctype.h>
#include <dirent.h>
#include <grp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/sysinfo.h>
#include <time.h>

/* Field n (from 1) of /proc/PID/stat, as text. */
static const char *stat_field(pid_t pid, int n)
{
	static char word[100];
	char path[40];
	const char *at;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	at = strrchr(tap_read(path), ')');
	if (!at)
		return "";
	at += 2;
	for (int i = 3; i < n && (at = strchr(at, ' ')); i++)
		at++;
	snprintf(word, sizeof(word), "%s", at ? at : "");
	word[strcspn(word, " \n")] = 0;
	return word;
}

TEST(stat)
{
	const char *text = tap_read("/proc/self/stat"), *at = strrchr(text, ')');
	char *memory = malloc(1 << 20);
	int fields = 2, odd = 0;
	pid_t pid;

	memset(memory, 1, 1 << 20);

	ok(at && atoi(text) == getpid(), "starts with the process's number");
	for (at = at ? at + 1 : ""; *at && *at != '\n'; at++) {
		fields += *at == ' ';
		odd += !isdigit((unsigned char)*at) && *at != ' ' && *at != '-' &&
		       !isalpha((unsigned char)*at);
	}
	is(fields, 52, "52 fields");
	is(odd, 0, "of numbers");
	ok(*at == '\n' && at[1] == 0, "one line");
	is_text(stat_field(getpid(), 3), "R", "a running process is R");
	is(atoi(stat_field(getpid(), 4)), getppid(), "parent");
	is(atoi(stat_field(getpid(), 5)), getpgrp(), "group");
	is(atoi(stat_field(getpid(), 6)), getsid(0), "session");
	is(atoi(stat_field(getpid(), 20)), 1, "threads");
	ok(atol(stat_field(getpid(), 23)) > 0, "size");
	ok(atol(stat_field(getpid(), 24)) > 0, "resident pages");
	pid = tap_spawn(tap_forever, NULL);
	ok(tap_await_state(pid, 'S'), "a sleeping one is S");
	kill(pid, SIGSTOP);
	ok(tap_await_state(pid, 'T'), "a stopped one is T");
	kill(pid, SIGKILL);
	ok(tap_await_state(pid, 'Z'), "a dead one is Z");
	is_text(stat_field(pid, 23), "0", "without memory");
	must(waitpid(pid, NULL, 0));
	fails(open(({
		      static char path[40];
		      snprintf(path, sizeof(path), "/proc/%d/stat", pid);
		      path;
	      }), O_RDONLY), ENOENT, "gone after wait");
}

TEST(status)
{
	static const char *const keys[] = {
		"Name:", "Umask:", "State:", "Tgid:", "Pid:", "PPid:", "TracerPid:", "Uid:",
		"Gid:", "FDSize:", "Groups:", "VmPeak:", "VmSize:", "VmRSS:", "VmData:", "VmStk:",
		"VmExe:", "VmSwap:", "HugetlbPages:", "CoreDumping:", "THP_enabled:", "Threads:",
		"SigQ:", "SigPnd:", "ShdPnd:", "SigBlk:", "SigIgn:",
		"SigCgt:", "CapInh:", "CapPrm:", "CapEff:", "CapBnd:", "NoNewPrivs:",
		"Speculation_Store_Bypass:", "SpeculationIndirectBranch:", "Cpus_allowed:",
		"Mems_allowed:", "Mems_allowed_list:", "voluntary_ctxt_switches:",
		"nonvoluntary_ctxt_switches:",
	};
	char line[40];
	const char *text;
	sigset_t set;

	umask(0123);
	signal(SIGUSR1, SIG_IGN);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR2);
	sigprocmask(SIG_BLOCK, &set, NULL);
	text = tap_read("/proc/self/status");
	for (unsigned i = 0; i < sizeof(keys) / sizeof(*keys); i++) {
		snprintf(line, sizeof(line), "\n%s", keys[i]);
		ok(i == 0 ? !strncmp(text, "Name:\t", 6) : strstr(text, line) != NULL, "%s",
		   keys[i]);
	}
	is(tap_number(text, "\nPid:"), getpid(), "Pid");
	is(tap_number(text, "\nUid:"), getuid(), "Uid");
	is(tap_number(text, "Umask:\t0"), 123, "Umask");
	ok(strstr(text, "SigBlk:\t0000000000000800\n") != NULL, "SigBlk");
	ok(strstr(text, "SigIgn:\t0000000000000200\n") != NULL, "SigIgn");
	ok(strstr(text, "VmSize:\t") && strstr(text, " kB\n"), "sizes in kB");
	is(tap_number(text, "HugetlbPages:"), 0, "HugetlbPages");
	is(tap_number(text, "CoreDumping:"), 0, "CoreDumping");
	is(tap_number(text, "THP_enabled:"), 1, "THP_enabled");
	works(prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0), "no large pages");
	is(tap_number(tap_read("/proc/self/status"), "THP_enabled:"), 0, "are told of");
	is(tap_number(text, "Mems_allowed_list:"), 0, "memory is node 0");
	is_text(strstr(text, "SpeculationIndirectBranch:\talways enabled\n") ? "yes" : "no",
		prctl(PR_GET_SPECULATION_CTRL, PR_SPEC_INDIRECT_BRANCH, 0, 0, 0) == PR_SPEC_ENABLE
			? "yes" : "no", "branches as prctl says");
	is_text(strstr(text, "Speculation_Store_Bypass:\tnot vulnerable\n") ? "yes" : "no",
		prctl(PR_GET_SPECULATION_CTRL, PR_SPEC_STORE_BYPASS, 0, 0, 0) ? "no" : "yes",
		"and stores");
}

TEST(status_groups)
{
	gid_t groups[] = { 5, 6 };

	works(setgroups(2, groups), "setgroups");
	ok(strstr(tap_read("/proc/self/status"), "\nGroups:\t5 6 \n") != NULL, "two groups");
	works(setgroups(0, NULL), "none");
	ok(strstr(tap_read("/proc/self/status"), "\nGroups:\t \n") != NULL, "an empty line");
}

static const char *status_of(pid_t pid)
{
	char path[40];

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	return tap_read(path);
}

static int ends_as_somebody(void *argument)
{
	gid_t groups[] = {5, 6};
	sigset_t set;

	(void)argument;
	sigemptyset(&set);
	sigaddset(&set, SIGUSR2);
	must(sigprocmask(SIG_BLOCK, &set, NULL));
	signal(SIGUSR1, SIG_IGN);
	must(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
	must(setgroups(2, groups));
	must(setresgid(7, 8, 9));
	must(setresuid(0, 1000, 1001));
	return 0;
}

TEST(status_of_the_dead)
{
	static const char *const lines[] = {
		"State:\tZ (zombie)", "Uid:\t0\t1000\t1001\t1000", "Gid:\t7\t8\t9\t8", "FDSize:\t0",
		"Groups:\t5 6 ", "Threads:\t1", "SigPnd:\t0000000000000000",
		"ShdPnd:\t0000000000000000", "SigBlk:\t0000000000000800",
		"SigIgn:\t0000000000000200", "SigCgt:\t0000000000000000",
		"CapInh:\t0000000000000000", "CapPrm:\t000001ffffffffff",
		"CapEff:\t0000000000000000", "CapBnd:\t000001ffffffffff",
		"CapAmb:\t0000000000000000", "NoNewPrivs:\t1", "Seccomp:\t0",
		"Seccomp_filters:\t0", "Mems_allowed_list:\t0",
	};
	static const char *const names[] = {"NStgid:", "NSpid:", "NSpgid:", "NSsid:", "SigQ:",
					    "Cpus_allowed:", "Cpus_allowed_list:",
					    "Mems_allowed:", "voluntary_ctxt_switches:",
					    "nonvoluntary_ctxt_switches:"};
	pid_t pid = tap_spawn(ends_as_somebody, NULL);
	const char *text;
	char line[60];

	ok(tap_await_state(pid, 'Z'), "a process has ended");
	text = status_of(pid);
	for (unsigned i = 0; i < sizeof(lines) / sizeof(*lines); i++) {
		snprintf(line, sizeof(line), "\n%s\n", lines[i]);
		ok(strstr(text, line), "%s", lines[i]);
	}
	for (unsigned i = 0; i < sizeof(names) / sizeof(*names); i++) {
		snprintf(line, sizeof(line), "\n%s\t", names[i]);
		ok(strstr(text, line), "%s", names[i]);
	}
	ok(!strstr(text, "\nUmask:") && !strstr(text, "\nVm"), "no umask, no memory");
	is(tap_number(text, "\nNSpid:"), pid, "NSpid");
}

/* How many digits a mask has, without commas. */
static int digits(const char *text, const char *key)
{
	const char *at = strstr(text, key);
	int n = 0;

	for (at = at ? at + strlen(key) : ""; *at && *at != '\n'; at++)
		n += *at != ',';
	return n;
}

TEST(status_masks)
{
	const char *text = tap_read("/proc/self/status");

	is(digits(text, "\nMems_allowed:\t"), 256, "a digit for four nodes");
	ok(strstr(text, ",00000000,00000001\nMems_allowed_list:\t0\n"), "of which there is one");
	is(digits(text, "\nCpus_allowed:\t"), 1, "one digit for four CPUs");
}

TEST(maps)
{
	char want[60], *p = mmap(NULL, 12288, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	unsigned long from, to, last = 0;
	const char *at;
	int bad = 0, fd;

	must(p == MAP_FAILED ? -1 : 0);
	mprotect(p + 4096, 4096, PROT_READ | PROT_WRITE);
	for (at = tap_read("/proc/self/maps"); *at; at = strchr(at, '\n') + 1) {
		char perms[5] = "";

		if (sscanf(at, "%lx-%lx %4s ", &from, &to, perms) != 3 || from >= to ||
		    from < last || strlen(perms) != 4 || !strchr(at, '\n')) {
			bad++;
			break;
		}
		last = to;
	}
	is(bad, 0, "each line is a range with permissions, in order");
	at = tap_read("/proc/self/maps");
	ok(strstr(at, "[stack]\n") && strstr(at, "[vdso]\n"), "[stack] and [vdso]");
	ok(strstr(at, tap_self) != NULL, "the program's own path");
	snprintf(want, sizeof(want), "%lx-%lx rw-p 00000000 00:00 0", (long)p + 4096,
		 (long)p + 8192);
	ok(strstr(at, want) != NULL, "a changed page has a line of its own");
	fd = tap_file("mapped", "x");
	must(ftruncate(fd, 8192));
	p = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 4096);
	snprintf(want, sizeof(want), "%lx-%lx r--s 00001000 ", (long)p, (long)p + 4096);
	at = strstr(tap_read("/proc/self/maps"), want);
	ok(at != NULL, "a shared file page with its offset");
	ok(at && strstr(at, "/mapped\n") != NULL, "and its path");
}

TEST(links)
{
	static char to[400];
	char path[60], cwd[300];
	int fd = tap_file("f", "data"), p[2];
	ssize_t n;

	n = readlink("/proc/self", to, sizeof(to) - 1);
	to[n > 0 ? n : 0] = 0;
	is(atoi(to), getpid(), "/proc/self");
	must(getcwd(cwd, sizeof(cwd)) ? 0 : -1);
	n = readlink("/proc/self/cwd", to, sizeof(to) - 1);
	to[n > 0 ? n : 0] = 0;
	is_text(to, cwd, "cwd");
	n = readlink("/proc/self/exe", to, sizeof(to) - 1);
	to[n > 0 ? n : 0] = 0;
	is_text(to, tap_self, "exe");
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	n = readlink(path, to, sizeof(to) - 1);
	to[n > 0 ? n : 0] = 0;
	strcat(cwd, "/f");
	is_text(to, cwd, "a descriptor's path");
	is_text(tap_read(path), "data", "opens the file");
	must(unlink("f"));
	n = readlink(path, to, sizeof(to) - 1);
	to[n > 0 ? n : 0] = 0;
	strcat(cwd, " (deleted)");
	is_text(to, cwd, "deleted");
	must(pipe(p));
	snprintf(path, sizeof(path), "/proc/self/fd/%d", p[0]);
	n = readlink(path, to, sizeof(to) - 1);
	to[n > 0 ? n : 0] = 0;
	ok(!strncmp(to, "pipe:[", 6), "a pipe");
	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	ok(!strncmp(tap_read(path), "pos:\t0\nflags:\t", 14), "fdinfo");
}

HELPER(wait)
{
	pause();
	return 0;
}

TEST(cmdline)
{
	char path[60], text[300];
	pid_t pid = must(fork());
	const char *got;
	int fd, n = 0;

	if (pid == 0) {
		execle(tap_self, "other name", "--as", "wait", "an argument", NULL,
		       (char *[]){"VARIABLE=value", NULL});
		_exit(1);
	}
	snprintf(path, sizeof(path), "/proc/%d/cmdline", pid);
	for (int i = 0; i < 500; i++) {
		fd = open(path, O_RDONLY);
		n = read(fd, text, sizeof(text));
		close(fd);
		if (n > 0 && text[0] == 'o')
			break;
		tap_sleep_ms(10);
	}
	ok(n == 33 && !memcmp(text, "other name\0--as\0wait\0an argument\0", 33),
	   "cmdline, with zeros");
	snprintf(path, sizeof(path), "/proc/%d/environ", pid);
	is_text(tap_read(path), "VARIABLE=value", "environ");
	snprintf(path, sizeof(path), "/proc/%d/comm", pid);
	got = tap_read(path);
	ok(!strncmp(got, "procfs\n", 7), "comm is the file's name");
	kill(pid, SIGKILL);
	must(waitpid(pid, NULL, 0));
}

TEST(meminfo)
{
	const char *text = tap_read("/proc/meminfo");
	long total = tap_number(text, "MemTotal:"), free = tap_number(text, "MemFree:");
	struct sysinfo s;

	must(sysinfo(&s));
	ok(total > 0 && free > 0 && free < total, "MemTotal and MemFree");
	ok(labs(total - (long)(s.totalram * s.mem_unit / 1024)) < 100, "agree with sysinfo");
	ok(tap_number(text, "MemAvailable:") > 0 && tap_number(text, "Buffers:") >= 0 &&
		   tap_number(text, "Cached:") >= 0,
	   "MemAvailable, Buffers, Cached");
	ok(tap_number(text, "SwapTotal:") >= 0 && tap_number(text, "SwapFree:") >= 0, "swap");
	ok(tap_number(text, "Shmem:") >= 0 && tap_number(text, "Slab:") > 0 &&
		   tap_number(text, "Dirty:") >= 0,
	   "and more");
}

TEST(system)
{
	const char *text = tap_read("/proc/uptime");
	double up = 0, idle = 0;
	int a, b, n, fields = 0;
	long user, total;

	ok(sscanf(text, "%lf %lf", &up, &idle) == 2 && up > 0, "uptime");
	text = tap_read("/proc/loadavg");
	ok(sscanf(text, "%lf %lf %lf %d/%d %d", &up, &up, &idle, &a, &b, &n) == 6 && a >= 1 &&
		   b >= a,
	   "loadavg");
	text = tap_read("/proc/stat");
	ok(sscanf(text, "cpu  %ld", &user) == 1, "stat: cpu");
	for (const char *at = text + 4; *at && *at != '\n'; at++)
		fields += *at == ' ' && at[1] != ' ';
	ok(fields >= 8, "its fields");
	ok(strstr(text, "\ncpu0 ") && strstr(text, "\nctxt ") && strstr(text, "\nbtime ") &&
		   strstr(text, "\nprocesses "),
	   "stat: the rest");
	total = tap_number(text, "\nbtime ");
	ok(total > 1500000000 && total <= time(NULL), "btime is in the past");
	text = tap_read("/proc/filesystems");
	ok(strstr(text, "nodev\ttmpfs\n") && strstr(text, "nodev\tproc\n") &&
		   strstr(text, "\text2\n"),
	   "filesystems");
	ok(strstr(tap_read("/proc/mounts"), " /proc proc ") != NULL, "mounts");
	ok(strstr(tap_read("/proc/self/mountinfo"), " /proc ") != NULL, "mountinfo");
	ok(strstr(tap_read("/proc/cpuinfo"), "processor\t: 0\n") != NULL, "cpuinfo");
	ok(strstr(tap_read("/proc/version"), "Linux version ") == tap_read("/proc/version"),
	   "version");
	ok(strlen(tap_read("/proc/cmdline")) > 0, "cmdline");
	ok(strstr(tap_read("/proc/partitions"), "sda") != NULL || access("/dev/sda", F_OK) < 0,
	   "partitions");
	ok(strstr(tap_read("/proc/devices"), "Character devices:\n") != NULL, "devices");
}

TEST(directory)
{
	int own = 0, odd = 0, last = 0, order = 0;
	struct dirent *e;
	DIR *dir = opendir("/proc");

	while (dir && (e = readdir(dir))) {
		int pid = atoi(e->d_name);

		if (pid <= 0)
			continue;
		own += pid == getpid();
		odd += pid == last;
		order += pid < last;
		last = pid;
	}
	is(own, 1, "each process once");
	is(odd + order, 0, "in order");
	fails(open("/proc/999999/stat", O_RDONLY), ENOENT, "nobody's");
	fails(open("/proc/self/nothing", O_RDONLY), ENOENT, "no such file");
	fails(open("/proc/new", O_CREAT | O_WRONLY, 0600), ENOENT, "nothing can be made");
	fails(mkdir("/proc/new", 0700), ENOENT, "no directory, either");
	fails(unlink("/proc/uptime"), EPERM, "nothing removed");
	closedir(dir);
	dir = opendir("/proc/self/task");
	own = 0;
	while (dir && (e = readdir(dir)))
		own += atoi(e->d_name) == getpid();
	is(own, 1, "task");
	ok(strstr(tap_read("/proc/self/limits"), "Max open files") != NULL, "limits");
	ok(sscanf(tap_read("/proc/self/statm"), "%d %d", &own, &odd) == 2 && own > 0 && odd > 0,
	   "statm");
}

static int spy(void *argument)
{
	char path[60];

	snprintf(path, sizeof(path), "/proc/%d/fd", *(pid_t *)argument);
	fails(open(path, O_RDONLY), EACCES, "fd is the owner's");
	snprintf(path, sizeof(path), "/proc/%d/environ", *(pid_t *)argument);
	fails(open(path, O_RDONLY), EACCES, "so is environ");
	snprintf(path, sizeof(path), "/proc/%d/stat", *(pid_t *)argument);
	works(open(path, O_RDONLY), "stat is everybody's");
	return 0;
}

TEST(permissions)
{
	pid_t me = getpid();

	if (!tap_root())
		return skip("another user's files", "not root");
	is(tap_as_user(spy, &me), 0, "the user ends well");
}

/* Small reads at odd places give the same text as one big one. */
/* Root as well reads no setting that is there to be written only. */
TEST(write_only)
{
	int fd;

	fails(open("/proc/sys/vm/drop_caches", O_RDONLY), EACCES, "open to read");
	fails(open("/proc/sys/vm/drop_caches", O_RDWR), EACCES, "to read and write");
	fails(access("/proc/sys/vm/drop_caches", R_OK), EACCES, "access");
	if (!tap_root()) {
		skip("write_only", "not root");
		return;
	}
	fd = open("/proc/sys/vm/drop_caches", O_WRONLY);
	works(fd, "to write");
	is(write(fd, "1\n", 2), 2, "write");
	close(fd);
}

TEST(pieces)
{
	static char whole[65536], parts[65536];
	int fd = must(open("/proc/self/maps", O_RDONLY)), have = 0, n;

	while ((n = read(fd, whole + have, sizeof(whole) - have)) > 0)
		have += n;
	must(lseek(fd, 0, SEEK_SET));
	n = 0;
	while (n < have && read(fd, parts + n, 1) == 1)
		n++;
	is(n, have, "byte by byte: the same length");
	ok(!memcmp(whole, parts, have), "the same text");
	is(pread(fd, parts, 10, 20), 10, "pread in the middle");
	ok(!memcmp(parts, whole + 20, 10), "gives the middle");
	fails(syscall(SYS_read, must(open("/proc/uptime", O_RDONLY)), BAD, 100), EFAULT,
	      "to a bad buffer");
}

/* What is made as it is read: a read ends with a record, and nothing is left out or told twice. */
static void read_by_records(const char *path, const char *p, int pages)
{
	static char part[4096], again[4096], lines[4097];
	int fd = must(open(path, O_RDONLY)), n, torn = 0, other = 0, disorder = 0, seen = 0;
	unsigned long from, to, last = 0;
	off_t at = 0;

	for (; (n = read(fd, part, 4096)) > 0; at += n) {
		memcpy(lines, part, n);
		lines[n] = 0;
		torn += part[n - 1] != '\n';
		for (char *line = strtok(lines, "\n"); line; line = strtok(NULL, "\n")) {
			if (sscanf(line, "%lx-%lx ", &from, &to) != 2)
				continue;
			disorder += from < last || to <= from;
			last = to;
			seen += from >= (unsigned long)p && to <= (unsigned long)p + pages * 4096l;
		}
		other += pread(fd, again, 100, at / 2) <= 0;
		other += pread(fd, again, n, at) != n || memcmp(again, part, n);
	}
	is(n, 0, "comes to an end");
	is(torn, 0, "in reads of whole lines");
	is(disorder, 0, "in order");
	is(seen, pages, "with each of many areas once");
	is(other, 0, "and the same again by pread");
	is(pread(fd, again, 10, at), 0, "with nothing behind the end");
	close(fd);
}

TEST(many_areas)
{
	enum { PAGES = 600 };
	char *p = mmap(NULL, PAGES * 4096l, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	must(p == MAP_FAILED ? -1 : 0);
	for (int i = 0; i < PAGES; i += 2)
		must(mprotect(p + i * 4096l, 4096, PROT_READ | PROT_WRITE));
	/* its neighbours may look like the last page */
	must(mprotect(p + (PAGES - 1) * 4096l, 4096, PROT_NONE));
	read_by_records("/proc/self/maps", p, PAGES);
	read_by_records("/proc/self/smaps", p, PAGES);
}

TEST(fdinfo_ends)
{
	char text[1024];
	int fd = must(open("/proc/self/fdinfo/0", O_RDONLY));

	ok(must(read(fd, text, sizeof(text))) > 0, "a descriptor's facts");
	is(read(fd, text, sizeof(text)), 0, "have an end");
	is(lseek(fd, 0, SEEK_SET), 0, "and a beginning");
	ok(must(read(fd, text, sizeof(text))) > 0, "to be read again");
}

/* What the process of a jail sees of paths: those of the jail from its root, others as they are. */
static int in_jail(void *argument)
{
	int proc = must(open("/proc", O_RDONLY | O_DIRECTORY)), fd, bad = 0;
	char text[1 << 14], exe[256] = "", *p;
	ssize_t n;

	(void)argument;
	must(readlink("/proc/self/exe", exe, sizeof(exe) - 1));
	must(mkdir("jail", 0700));
	close(tap_file("jail/mapped", "text"));
	must(chroot("jail"));
	fd = must(open("/mapped", O_RDONLY));
	p = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, fd, 0);
	must(p == MAP_FAILED ? -1 : 0);
	close(fd);
	fd = must(openat(proc, "self/maps", O_RDONLY));
	n = must(read(fd, text, sizeof(text) - 1));
	text[n] = 0;
	bad += !strstr(text, " /mapped\n");
	bad += strstr(text, "unreachable") != NULL;
	bad += 2 * !strstr(text, exe);
	n = must(readlinkat(proc, "self/exe", text, sizeof(text) - 1));
	text[n] = 0;
	bad += 4 * (strcmp(text, exe) != 0);
	n = must(readlinkat(proc, "self/cwd", text, sizeof(text) - 1));
	text[n] = 0;
	bad += 8 * (strstr(text, "unreachable") != NULL);
	return bad;
}

TEST(paths_in_a_jail)
{
	exits(tap_spawn(in_jail, NULL), 0, "paths as the reader's root makes them");
	unlink("jail/mapped");
	rmdir("jail");
}
