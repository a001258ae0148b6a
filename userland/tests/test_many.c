/* Many at once: names in a directory, descriptors, processes, pipes, mappings, deep paths. */
#include "tap.h"
#include <dirent.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/statvfs.h>

/* Make n files, list them, look some up, remove them in another order, and check that nothing is
 * left. */
static void many_names(int n)
{
	char *seen = calloc(1, n), name[40];
	int bad = 0, count = 0;
	struct dirent *e;
	struct stat st;
	DIR *dir;

	must(mkdir("d", 0755));
	must(chdir("d"));
	for (int i = 0; i < n; i++) {
		int fd;

		snprintf(name, sizeof(name), "name-%d-%d", i * 7919 % n, i);
		fd = open(name, O_CREAT | O_EXCL | O_WRONLY, 0600);
		bad += fd < 0;
		close(fd);
	}
	is(bad, 0, "make them");
	dir = opendir(".");
	while ((e = readdir(dir))) {
		int a, i;

		if (sscanf(e->d_name, "name-%d-%d", &a, &i) != 2)
			continue;
		bad += i < 0 || i >= n || seen[i]++ || a != i * 7919 % n;
		count++;
	}
	closedir(dir);
	is(count, n, "list them");
	is(bad, 0, "each once");
	for (int i = 0; i < n; i += 97) {
		snprintf(name, sizeof(name), "name-%d-%d", i * 7919 % n, i);
		bad += stat(name, &st) < 0;
	}
	is(bad, 0, "find them");
	for (int i = n - 1; i >= 0; i--) {
		int j = (i * 31l + 5) % n;

		snprintf(name, sizeof(name), "name-%d-%d", j * 7919 % n, j);
		bad += unlink(name) < 0;
	}
	is(bad, 0, "remove them in another order");
	must(chdir(".."));
	works(rmdir("d"), "nothing is left");
}

TEST(names)
{
	many_names(3001);
}

TEST_LONG(hundred_thousand_names)
{
	struct statvfs v;

	must(statvfs(".", &v));
	if (v.f_files && v.f_favail < 100000)
		return skip("100,000 names", "the file system has fewer inodes");
	many_names(99991);
}

TEST(deep)
{
	int depth = 0, bad = 0;

	for (; depth < 300 && mkdir("d", 0755) == 0 && chdir("d") == 0; depth++)
		;
	is(depth, 300, "300 directories deep");
	close(tap_file("f", "deep"));
	is_text(tap_read("f"), "deep", "a file there");
	must(unlink("f"));
	for (; depth > 0; depth--)
		bad += chdir("..") < 0 || rmdir("d") < 0;
	is(bad, 0, "and back");
}

TEST(descriptors)
{
	struct rlimit limit = {4000, 4000};
	int n = 0, bad = 0, fd;

	if (setrlimit(RLIMIT_NOFILE, &limit) < 0)
		return skip("4,000 descriptors", "the hard limit is lower");
	while ((fd = open("/dev/null", O_RDONLY)) >= 0)
		n++;
	ok(n > 3900, "4,000 descriptors");
	for (fd = 300; fd < 4000; fd++)
		bad += close(fd) < 0;
	is(bad, 0, "close them");
}

static int wait_for_end(void *argument)
{
	char b;

	return read(*(int *)argument, &b, 1) != 0;
}

TEST(processes)
{
	pid_t pids[400];
	int p[2], bad = 0;

	must(pipe(p));
	for (int i = 0; i < 400; i++) {
		pids[i] = fork();
		if (pids[i] == 0) {
			close(p[1]);
			_exit(wait_for_end(&p[0]));
		}
		bad += pids[i] < 0;
	}
	is(bad, 0, "400 processes at once");
	close(p[1]);
	for (int i = 0; i < 400; i++) {
		int status = -1;

		waitpid(pids[i], &status, 0);
		bad += status != 0;
	}
	is(bad, 0, "woken together, and all end");
}

TEST(mappings)
{
	char *places[3000];
	int bad = 0;

	for (int i = 0; i < 3000; i++) {
		places[i] = mmap(NULL, 8192, i % 2 ? PROT_READ : PROT_READ | PROT_WRITE,
				 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		bad += places[i] == MAP_FAILED;
		if (i % 2 == 0 && places[i] != MAP_FAILED)
			places[i][5000] = i;
	}
	is(bad, 0, "3,000 mappings");
	for (int i = 0; i < 3000; i += 2)
		bad += places[i][5000] != (char)i;
	is(bad, 0, "each with its own content");
	for (int i = 0; i < 3000; i++)
		bad += munmap(places[(i * 7) % 3000], 8192) < 0;
	is(bad, 0, "unmapped in another order");
}

TEST(tree)
{
	char path[80];
	int bad = 0;

	for (int i = 0; i < 8; i++) {
		snprintf(path, sizeof(path), "%d", i);
		bad += mkdir(path, 0755) < 0;
		for (int j = 0; j < 8; j++) {
			snprintf(path, sizeof(path), "%d/%d", i, j);
			bad += mkdir(path, 0755) < 0;
			for (int k = 0; k < 8; k++) {
				int fd;

				snprintf(path, sizeof(path), "%d/%d/%d", i, j, k);
				fd = open(path, O_CREAT | O_WRONLY, 0600);
				bad += write(fd, path, strlen(path)) != (ssize_t)strlen(path);
				close(fd);
			}
		}
	}
	is(bad, 0, "a tree of 512 files");
	for (int i = 0; i < 8; i++)
		for (int j = 0; j < 8; j++)
			for (int k = 0; k < 8; k++) {
				snprintf(path, sizeof(path), "%d/%d/%d", i, j, k);
				bad += strcmp(tap_read(path), path) != 0;
			}
	is(bad, 0, "each with its content");
}

/* KiB of memory that is free or easily made so. */
static long memory_left(void)
{
	const char *const keys[] = {"MemFree:", "Buffers:", "Cached:", "SReclaimable:"};
	long sum = 0;

	for (int k = 0; k < 4; k++) {
		long n = tap_number(tap_read("/proc/meminfo"), keys[k]);

		sum += n > 0 ? n : 0;
	}
	return sum;
}

/* Four processes, each making `rounds` children that run a program and end: how many went wrong. */
static int run_programs(int rounds)
{
	int bad = 0, status;

	for (int worker = 0; worker < 4; worker++) {
		if (must(fork()))
			continue;
		for (int i = 0; i < rounds; i++) {
			pid_t pid = fork();

			if (pid == 0) {
				execl("/bin/true", "true", (char *)NULL);
				_exit(127);
			}
			if (pid < 0 || waitpid(pid, &status, 0) != pid || status)
				_exit(1);
		}
		_exit(0);
	}
	for (int worker = 0; worker < 4; worker++) {
		must(wait(&status));
		bad += status != 0;
	}
	return bad;
}

TEST_LONG(ten_thousand_programs)
{
	long before, after;

	is(run_programs(500), 0, "2,000 children to warm up");
	tap_sleep_ms(500);
	before = memory_left();
	is(run_programs(2500), 0, "10,000 children that run a program and end");
	tap_sleep_ms(500);
	after = memory_left();
	if (!ok(before - after < before / 100, "leave the same memory, by 1 %%"))
		diag("  %ld KiB before, %ld KiB after", before, after);
}

/* Memory that many short processes use comes back. */
TEST(no_leak)
{
	long before, after = 0, worst = 3000;

	for (int round = 0; round < 2; round++) {
		for (int i = 0; i < 300; i++) {
			pid_t pid = must(fork());

			if (pid == 0) {
				memset(malloc(200000), 1, 200000);
				_exit(0);
			}
			must(waitpid(pid, NULL, 0));
		}
		before = after;
		tap_sleep_ms(100);
		after = memory_left();
	}
	if (!ok(before - after < worst, "300 more processes leave no less memory"))
		diag("  %ld KiB before, %ld KiB after", before, after);
}
