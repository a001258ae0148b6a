/*
 * Running tests and printing TAP: see tap.h.
 *
 * A check prints its line with one write and puts one byte into the score pipe: o, n or s (ok, not
 * ok, skipped). So every process of a test can check, and the runner counts what it finds in the
 * pipe once the test's first process is gone. The pipe is inherited over fork and closed by exec.
 */
#include "tap_int.h"

#include <limits.h>
#include <stdarg.h>
#include <dirent.h>
#include <grp.h>
#include <sys/mman.h>
#include <time.h>

enum { MAX_TESTS = 200, MAX_HELPERS = 40, LINE = 600 };

const char *tap_self;

static const struct tap_test *tests[MAX_TESTS];
static const struct tap_helper *helpers[MAX_HELPERS];
static int test_count, helper_count;
static const char *current = "?";
static int score_in = -1, score_out = -1;
static volatile pid_t running;
static volatile sig_atomic_t timed_out;

void tap_add_test(const struct tap_test *test)
{
	int i = test_count++;

	for (; i > 0 && tests[i - 1]->line > test->line; i--)
		tests[i] = tests[i - 1];
	tests[i] = test;
}

void tap_add_helper(const struct tap_helper *helper)
{
	helpers[helper_count++] = helper;
}

static void put(const char *text, size_t length)
{
	while (length) {
		ssize_t n = write(1, text, length);

		if (n < 0 && errno != EINTR && errno != EAGAIN)
			return;
		if (n > 0)
			text += n, length -= n;
	}
}

static void put_line(const char *start, const char *format, va_list args)
{
	char line[LINE];
	int n = snprintf(line, sizeof(line), "%s", start);

	n += vsnprintf(line + n, sizeof(line) - n - 1, format, args);
	if (n > LINE - 2)
		n = LINE - 2;
	line[n++] = '\n';
	put(line, n);
}

static void score(char what)
{
	int saved = errno;

	while (write(score_out, &what, 1) < 0 && errno == EINTR)
		;
	errno = saved;
}

bool ok(bool condition, const char *format, ...)
{
	char start[100];
	va_list args;

	snprintf(start, sizeof(start), "%sok - %s: ", condition ? "" : "not ", current);
	va_start(args, format);
	put_line(start, format, args);
	va_end(args);
	score(condition ? 'o' : 'n');
	return condition;
}

void diag(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	put_line("# ", format, args);
	va_end(args);
}

void skip(const char *what, const char *why)
{
	char line[LINE];
	int n = snprintf(line, sizeof(line), "ok - %s: %s # SKIP %s\n", current, what, why);

	put(line, n);
	score('s');
}

bool is_skerry(void)
{
	char line[200] = "";
	FILE *f = fopen("/proc/version", "r");

	if (f && !fgets(line, sizeof(line), f))
		line[0] = 0;
	if (f)
		fclose(f);
	return strstr(line, "(skerry)");
}

bool tap_is(long got, long want, const char *what)
{
	if (ok(got == want, "%s", what))
		return true;
	diag("  got %ld (%#lx), want %ld (%#lx)", got, got, want, want);
	return false;
}

bool tap_is_text(const char *got, const char *want, const char *what)
{
	if (ok(got && strcmp(got, want) == 0, "%s", what))
		return true;
	diag("  got \"%.200s\", want \"%.200s\"", got ? got : "(null)", want);
	return false;
}

bool tap_works(long result, const char *what)
{
	int error = errno;

	if (ok(result >= 0, "%s", what))
		return true;
	diag("  got %ld, errno %d (%s)", result, error, strerror(error));
	return false;
}

bool tap_fails(long result, int got_errno, int want_errno, const char *what)
{
	if (ok(result == -1 && got_errno == want_errno, "%s", what))
		return true;
	diag("  got %ld, errno %d (%s), want %d (%s)", result, got_errno,
	     result == -1 ? strerror(got_errno) : "-", want_errno, strerror(want_errno));
	return false;
}

long tap_must(long result, const char *what, int line)
{
	int error = errno;

	if (result != -1)
		return result;
	ok(false, "set-up: %s", what);
	diag("  line %d: errno %d (%s)", line, error, strerror(error));
	_exit(0);
}

void *tap_edge(size_t size)
{
	size_t page = 4096, room = (size + page - 1) / page * page;
	char *p =
		mmap(NULL, room + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	must(p == MAP_FAILED ? -1 : 0);
	must(munmap(p + room, page));
	return p + room - size;
}

void *tap_readonly(void)
{
	void *p = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	must(p == MAP_FAILED ? -1 : 0);
	return p;
}

pid_t tap_fork(void)
{
	pid_t pid = (fork)();

	if (pid < 0 && errno == ENOMEM && tap_failing)
		_exit(1);
	return pid;
}

pid_t tap_spawn(int (*run)(void *), void *argument)
{
	pid_t pid = must(fork());

	if (pid == 0)
		_exit(run(argument));
	return pid;
}

int tap_forever(void *argument)
{
	for (;;)
		pause();
	return argument == NULL;
}

int tap_as_user(int (*run)(void *), void *argument)
{
	pid_t pid = must(fork());
	int status;

	if (pid == 0) {
		must(setgroups(0, NULL));
		must(setgid(1000));
		must(setuid(1000));
		_exit(run(argument));
	}
	must(waitpid(pid, &status, 0));
	return status;
}

static int await(pid_t pid)
{
	int status = -1;

	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return status;
}

bool exits(pid_t pid, int want, const char *what)
{
	int status = await(pid);

	if (ok(WIFEXITED(status) && WEXITSTATUS(status) == want, "%s", what))
		return true;
	diag("  wait status %#x, want exit %d", status, want);
	return false;
}

bool dies(pid_t pid, int signal, const char *what)
{
	int status = await(pid);

	if (ok(WIFSIGNALED(status) && WTERMSIG(status) == signal, "%s", what))
		return true;
	diag("  wait status %#x, want signal %d", status, signal);
	return false;
}

int tap_file(const char *path, const char *text)
{
	int fd = must(open(path, O_RDWR | O_CREAT | O_TRUNC, 0644));

	must(write(fd, text, strlen(text)));
	must(lseek(fd, 0, SEEK_SET));
	return fd;
}

const char *tap_read(const char *path)
{
	static char text[65536];
	size_t have = 0;
	int fd = open(path, O_RDONLY);
	ssize_t n;

	while (fd >= 0 && have < sizeof(text) - 1 &&
	       (n = read(fd, text + have, sizeof(text) - 1 - have)) > 0)
		have += n;
	if (fd >= 0)
		close(fd);
	text[have] = 0;
	return text;
}

int tap_write(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY), error;
	ssize_t n = fd < 0 ? -1 : write(fd, text, strlen(text));

	error = n < 0 ? errno : EIO;
	if (fd >= 0)
		close(fd);
	errno = error;
	return n == (ssize_t)strlen(text) ? 0 : -1;
}

long tap_number(const char *text, const char *key)
{
	const char *at = strstr(text, key);

	return at ? strtol(at + strlen(key), NULL, 10) : -1;
}

int64_t tap_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ll + t.tv_nsec;
}

void tap_sleep_ms(int ms)
{
	struct timespec t = {ms / 1000, ms % 1000 * 1000000l};

	while (nanosleep(&t, &t) < 0 && errno == EINTR)
		;
}

bool tap_await_state(pid_t pid, char state)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	for (int i = 0; i < 1000; i++) {
		const char *after = strrchr(tap_read(path), ')');

		if (after && after[1] && after[2] == state)
			return true;
		tap_sleep_ms(10);
	}
	return false;
}

bool tap_absent(long number, const char *what)
{
	if (syscall(number, -1l, -1l, -1l, -1l, -1l, -1l) != -1 || errno != ENOSYS)
		return false;
	skip(what, "this kernel does not have it");
	return true;
}

bool tap_root(void)
{
	return geteuid() == 0;
}

bool tap_not_root(const char *what)
{
	if (!tap_root())
		skip(what, "not root");
	return !tap_root();
}

void tap_names(const char *path, void (*each)(const char *name, const char *path))
{
	char buf[2048] __attribute__((aligned(8)));
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	long n;

	while (fd >= 0 && (n = syscall(SYS_getdents64, fd, buf, sizeof(buf))) > 0) {
		struct dirent *entry;

		for (long at = 0; at < n; at += entry->d_reclen) {
			entry = (struct dirent *)(buf + at);
			if (strcmp(entry->d_name, ".") && strcmp(entry->d_name, ".."))
				each(entry->d_name, path);
		}
	}
	if (fd >= 0)
		close(fd);
}

static void remove_below(const char *name, const char *path)
{
	char below[PATH_MAX];

	if (snprintf(below, sizeof(below), "%s/%s", path, name) < (int)sizeof(below))
		tap_remove(below);
}

void tap_remove(const char *path)
{
	if (unlink(path) == 0 || rmdir(path) == 0)
		return;
	chmod(path, 0700);
	/* What is removed while it is read may make names be passed over. */
	for (int i = 0; i < 10; i++) {
		tap_names(path, remove_below);
		if (rmdir(path) == 0 || errno != ENOTEMPTY)
			return;
	}
}

static void on_alarm(int signal)
{
	(void)signal;
	timed_out = 1;
	if (running > 0) {
		kill(-running, SIGKILL);
		kill(running, SIGKILL);
	}
}

static void run_child(const struct tap_test *test, const struct tap_way *way)
{
	int null = open("/dev/null", O_RDONLY);

	current = test->name;
	if (null >= 0) {
		dup2(null, 0);
		if (null > 2)
			close(null);
	}
	close(score_in);
	signal(SIGALRM, SIG_DFL);
	setpgid(0, 0);
	if (way->output >= 0) {
		dup2(way->output, 1);
		dup2(way->output, 2);
	}
	if (chdir(way->place) < 0) {
		ok(false, "chdir %s", way->place);
		_exit(0);
	}
	if (way->begin)
		way->begin();
	test->run();
	_exit(0);
}

struct tap_result tap_run(const struct tap_test *test, const struct tap_way *way)
{
	struct tap_result result = {0};
	pid_t pid;

	tap_remove(way->place);
	if (mkdir(way->place, 0777) == 0)
		chmod(way->place, 0777);
	current = test->name;
	timed_out = 0;
	pid = (fork)();
	if (pid == 0)
		run_child(test, way);
	if (pid > 0) {
		running = pid;
		alarm(way->seconds);
		result.status = await(pid);
		alarm(0);
		running = 0;
		kill(-pid, SIGKILL);
	} else {
		result.status = -1;
	}
	result.timed_out = timed_out;
	tap_count(result.counts);
	while (waitpid(-1, NULL, WNOHANG) > 0)
		;
	return result;
}

void tap_count(int counts[3])
{
	char seen[512];
	ssize_t n;

	while ((n = read(score_in, seen, sizeof(seen))) > 0)
		for (ssize_t i = 0; i < n; i++)
			counts[seen[i] == 'o' ? 0 : seen[i] == 'n' ? 1 : 2]++;
}

/* Runs one test; counts[0..2] grow by what was ok, failed, skipped. */
static void run_test(const struct tap_test *test, const char *dir, int *counts)
{
	char place[PATH_MAX];
	struct tap_way way = {.place = place, .output = -1};
	struct tap_result result;

	snprintf(place, sizeof(place), "%s/tap.%d.%s", dir, getpid(), test->name);
	way.seconds = test->is_long ? TIME_LIMIT_LONG : TIME_LIMIT;
	result = tap_run(test, &way);
	for (int i = 0; i < 3; i++)
		counts[i] += result.counts[i];
	if (result.timed_out)
		ok(false, "ends in time");
	else if (result.status && !ok(false, "ends well"))
		diag("  wait status %#x", result.status);
	tap_count(counts);
	tap_remove(place);
}

static bool chosen(const struct tap_test *test, int argc, char **argv, bool run_long)
{
	for (int i = 0; i < argc; i++)
		if (!strcmp(argv[i], test->name))
			return true;
	return argc == 0 && (run_long || !test->is_long);
}

static int run_helper(int argc, char **argv)
{
	for (int i = 0; i < helper_count; i++)
		if (argc > 0 && !strcmp(helpers[i]->name, argv[0]))
			return helpers[i]->run(argc - 1, argv + 1);
	return 125;
}

static int usage(void)
{
	fprintf(stderr, "usage: %s [-d DIR] [-f KIND] [-l] [TEST]...\n", tap_self);
	return 2;
}

int main(int argc, char **argv)
{
	static char self[PATH_MAX], place[PATH_MAX];
	const char *dir = "/tmp", *failing = NULL;
	struct sigaction action = {.sa_handler = on_alarm};
	bool run_long = false;
	const struct tap_test *chosen_tests[MAX_TESTS];
	int counts[3] = {0}, option, ends[2], n = 0;

	tap_self = realpath(argv[0], self) ? self : argv[0];
	if (argc > 1 && !strcmp(argv[1], "--as"))
		return run_helper(argc - 2, argv + 2);
	while ((option = getopt(argc, argv, "d:f:l")) != -1) {
		if (option == 'd')
			dir = optarg;
		else if (option == 'f')
			failing = optarg;
		else if (option == 'l')
			run_long = true;
		else
			return usage();
	}
	if (!realpath(dir, place) || pipe2(ends, O_CLOEXEC | O_NONBLOCK) < 0)
		return perror(dir), 2;
	score_in = fcntl(ends[0], F_DUPFD_CLOEXEC, SCORE_FD);
	score_out = fcntl(ends[1], F_DUPFD_CLOEXEC, SCORE_FD);
	close(ends[0]);
	close(ends[1]);
	sigaction(SIGALRM, &action, NULL);
	for (int i = 0; i < test_count; i++)
		if (chosen(tests[i], argc - optind, argv + optind, run_long))
			chosen_tests[n++] = tests[i];
	if (failing)
		tap_fail_all(failing, place, chosen_tests, n, counts);
	else
		for (int i = 0; i < n; i++)
			run_test(chosen_tests[i], place, counts);
	tap_count(counts);
	printf("1..%d\n", counts[0] + counts[1] + counts[2]);
	return counts[1] != 0;
}
