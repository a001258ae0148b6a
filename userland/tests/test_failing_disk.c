/*
 * System calls while the disk fails: each scenario is run with its first read, write or flush
 * failing, then the second, and so on (failing.h). What fails says EIO, and what was not written is
 * told to each open file once (fsync(2)). The directory is on a file system of its own, since what
 * could not be written of its metadata is lost: `ci/guest` has it looked through by e2fsck when the
 * machine has ended. A file that was safely on the disk before, the bystander, has to stay as it
 * is.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <sys/mman.h>
#include <sys/swap.h>

#include "failing.h"

#define PAGE 4096

#ifndef MADV_PAGEOUT
#define MADV_PAGEOUT 21
#endif

enum { BYTES = 40000 };

/* What must be read again, since nothing is cached. */
static void drop_caches(void)
{
	int fd = open("/proc/sys/vm/drop_caches", O_WRONLY);

	sync();
	if (fd >= 0) {
		write(fd, "3", 1);
		close(fd);
	}
}

/* A file that is on the disk, full of one letter. */
static int settled(const char *path, char letter)
{
	static char out[BYTES];
	int fd = must(open(path, O_CREAT | O_TRUNC | O_RDWR, 0600));

	memset(out, letter, sizeof(out));
	must(write(fd, out, sizeof(out)));
	must(fsync(fd));
	return fd;
}

/* How many bytes there are of that letter before another one. */
static int letters(int fd, char letter)
{
	static char in[BYTES];
	int n = 0;
	long got = pread(fd, in, sizeof(in), 0);

	while (n < got && in[n] == letter)
		n++;
	return n;
}

static int run_read(void)
{
	static char in[BYTES];
	int fd = settled("read", 'd');
	long n;

	drop_caches();
	n = DO(pread(fd, in, sizeof(in), 0));
	EXPECT(n > 0 && in[0] == 'd' && in[n - 1] == 'd');
	return 0;
}

static int run_read_again(void)
{
	char in[10];
	int fd = settled("read", 'a');

	drop_caches();
	TRY(pread(fd, in, sizeof(in), 0));
	/* A failure is not remembered. */
	EXPECT(letters(fd, 'a') == BYTES);
	return 0;
}

/* Dies by SIGBUS. */
static int run_mapped(void)
{
	int fd = settled("read", 'm');
	char *p = mmap(NULL, BYTES, PROT_READ, MAP_SHARED, fd, 0);
	bool good = true;

	drop_caches();
	arm();
	for (int i = 0; i < BYTES; i += PAGE)
		good &= p[i] == 'm';
	disarm();
	EXPECT(good);
	return 0;
}

static int run_names(void)
{
	struct stat st;

	close(open("name on disk", O_CREAT | O_RDWR, 0600));
	drop_caches();
	DO(stat("name on disk", &st));
	EXPECT(S_ISREG(st.st_mode));
	return 0;
}

static int run_list(void)
{
	static char buf[8192];
	int fd = must(open(".", O_RDONLY | O_DIRECTORY));

	drop_caches();
	EXPECT(DO(syscall(SYS_getdents64, fd, buf, sizeof(buf))) > 0);
	return 0;
}

static int run_create_cold(void)
{
	int fd;

	unlink("cold");
	drop_caches();
	fd = (int)DO(open("cold", O_CREAT | O_EXCL | O_RDWR, 0600));
	EXPECT(write(fd, "x", 1) == 1 && letters(fd, 'x') == 1);
	return 0;
}

/* Every open file is told of an error once, and whoever opens it after that is not. */
static int told_once(int error, int fd, int other)
{
	int late;

	EXPECT(fsync(fd) == 0);
	if (error) {
		EXPECT(fsync(other) < 0 && errno == EIO);
		late = must(open("written", O_RDWR));
		EXPECT(fsync(late) == 0);
	}
	EXPECT(fsync(other) == 0);
	return error;
}

static int after_write(int (*call)(int fd))
{
	static char out[BYTES];
	int fd = settled("written", 'o'), other = must(open("written", O_RDWR)), error = 0;

	memset(out, 'n', sizeof(out));
	must(pwrite(fd, out, sizeof(out), 0));
	if (TRY(call(fd)) < 0)
		error = errno;
	error = told_once(error, fd, other);
	/* What is in memory is what was written, error or not. */
	EXPECT(letters(fd, 'n') == BYTES);
	return error;
}

static int run_fsync(void)
{
	return after_write(fsync);
}

/* The disk's own cache: whoever asks is told, and nobody later. */
static int run_flush(void)
{
	int fd = settled("written", 'o'), other = must(open("written", O_RDWR)), error = 0;

	must(pwrite(fd, "n", 1, 0));
	if (TRY(fsync(fd)) < 0)
		error = errno;
	EXPECT(fsync(fd) == 0 && fsync(other) == 0);
	return error;
}

static int run_fdatasync(void)
{
	return after_write(fdatasync);
}

static int range(int fd)
{
	return sync_file_range(fd, 0, 0, SYNC_FILE_RANGE_WRITE | SYNC_FILE_RANGE_WAIT_AFTER);
}

static int run_sync_range(void)
{
	return after_write(range);
}

/* Says nothing to one file in particular: each is told later. */
static int run_syncfs(void)
{
	int fd = settled("written", 'o'), other = must(open("written", O_RDWR)), error = 0;

	must(pwrite(fd, "n", 1, 0));
	if (TRY(syncfs(fd)) < 0) {
		error = errno;
		EXPECT(fsync(fd) < 0 && errno == EIO);
	}
	return told_once(error, fd, other);
}

/* What failed before, nobody knows when, is told by it as well. */
static int run_syncfs_later(void)
{
	int fd = settled("written", 'o'), error = 0, late;
	int dir = must(open(".", O_RDONLY | O_DIRECTORY));

	syncfs(dir); /* of what failed before this */
	must(pwrite(fd, "n", 1, 0));
	if (TRY(range(fd)) < 0) {
		error = errno;
		EXPECT(syncfs(dir) < 0 && errno == EIO);
	}
	EXPECT(syncfs(dir) == 0);
	late = must(open(".", O_RDONLY | O_DIRECTORY));
	EXPECT(syncfs(late) == 0);
	return error;
}

static int run_o_sync(void)
{
	int fd = settled("written", 'o'), other = must(open("written", O_RDWR)), error = 0;
	int with = must(open("written", O_RDWR | O_SYNC));

	if (TRY(pwrite(with, "n", 1, 0)) < 0) {
		error = errno;
		EXPECT(fsync(fd) < 0 && errno == EIO);
	}
	return told_once(error, fd, other);
}

static int run_msync(void)
{
	int fd = settled("written", 'o'), other = must(open("written", O_RDWR)), error = 0;
	char *p = mmap(NULL, BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	p[0] = p[PAGE] = 'n';
	if (TRY(msync(p, BYTES, MS_SYNC)) < 0)
		error = errno;
	return told_once(error, fd, other);
}

static int sync_directory(void)
{
	int fd = must(open(".", O_RDONLY | O_DIRECTORY)), error = 0;

	if (TRY(fsync(fd)) < 0)
		error = errno;
	EXPECT(fsync(fd) == 0);
	return error;
}

static int run_new_file(void)
{
	int fd = must(open("new", O_CREAT | O_RDWR, 0600)), error = 0;
	static char out[BYTES];

	must(write(fd, out, sizeof(out)));
	if (TRY(fsync(fd)) < 0)
		error = errno;
	EXPECT(fsync(fd) == 0);
	unlink("new");
	return error;
}

static int run_mkdir(void)
{
	int error;

	must(mkdir("made", 0700));
	error = sync_directory();
	EXPECT(rmdir("made") == 0);
	return error;
}

static int run_rename(void)
{
	int error;

	close(must(open("old name", O_CREAT | O_RDWR, 0600)));
	must(rename("old name", "new name"));
	error = sync_directory();
	EXPECT(access("new name", F_OK) == 0 && access("old name", F_OK) < 0);
	return error;
}

/* A swap area in use, and memory of a known content. */
static char *swapping(void)
{
	static char page[PAGE];
	int fd = must(open("swap", O_CREAT | O_TRUNC | O_RDWR, 0600));
	char *p = mmap(NULL, 16 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	memset(page, 0, sizeof(page));
	((uint32_t *)page)[256] = 1;
	((uint32_t *)page)[257] = 255;
	memcpy(page + PAGE - 10, "SWAPSPACE2", 10);
	must(write(fd, page, PAGE));
	memset(page, 0, sizeof(page));
	for (int i = 1; i < 256; i++)
		must(write(fd, page, PAGE));
	close(fd);
	must(swapon("swap", 0));
	for (int i = 0; i < 16; i++)
		memset(p + i * PAGE, 'A' + i, PAGE);
	return p;
}

static bool intact(const char *p)
{
	bool good = true;

	for (int i = 0; i < 16 * PAGE; i++)
		good &= p[i] == 'A' + i / PAGE;
	return good;
}

/* What cannot be written stays in memory. */
static int run_swap_out(void)
{
	char *p = swapping();

	TRY(madvise(p, 16 * PAGE, MADV_PAGEOUT));
	EXPECT(intact(p));
	EXPECT(swapoff("swap") == 0);
	EXPECT(intact(p));
	return 0;
}

/* Who touches what cannot be read is killed; the area can be let go of all the same. */
static int run_swap_in(void)
{
	int status = -1;
	char *p = swapping();
	pid_t pid;

	must(madvise(p, 16 * PAGE, MADV_PAGEOUT));
	tap_sleep_ms(50);
	must(madvise(p, 16 * PAGE, MADV_PAGEOUT)); /* now they are written, and can go */
	pid = fork();
	if (!pid) {
		arm();
		_exit(intact(p) ? disarm() < nth ? 7 : 6 : 8);
	}
	EXPECT(waitpid(pid, &status, 0) == pid);
	says_itself = true;
	untouched = WIFEXITED(status) && WEXITSTATUS(status) == 7;
	EXPECT(WIFSIGNALED(status) || WEXITSTATUS(status) != 8);
	EXPECT(intact(p));
	EXPECT(swapoff("swap") == 0);
	return 0;
}

static const struct scenario reads[] = {
	{"read", run_read}, {"read again", run_read_again}, {"mapped", run_mapped},
	{"lookup", run_names}, {"getdents64", run_list}, {"create", run_create_cold},
	{"swap in", run_swap_in},
};

static const struct scenario writes[] = {
	{"fsync", run_fsync}, {"fdatasync", run_fdatasync}, {"sync_file_range", run_sync_range},
	{"syncfs", run_syncfs}, {"syncfs, later", run_syncfs_later}, {"O_SYNC", run_o_sync},
	{"msync", run_msync},
	{"a new file", run_new_file}, {"mkdir", run_mkdir}, {"rename", run_rename},
	{"swap out", run_swap_out},
};

static const struct scenario flushes[] = {
	{"fsync", run_flush}, {"a new file", run_new_file}, {"mkdir", run_mkdir},
};

static void bystander(void)
{
	int fd = must(open("bystander", O_RDONLY));

	drop_caches();
	is(letters(fd, 'b'), BYTES, "who is not concerned stays as it is");
	close(fd);
}

#define DISK_TEST(name, kind, list)                                                                \
	TEST(name)                                                                                 \
	{                                                                                          \
		close(settled("bystander", 'b'));                                                  \
		run_scenarios(kind, list, sizeof(list) / sizeof(*(list)));                         \
		bystander();                                                                       \
	}

DISK_TEST(reading, "read", reads)
DISK_TEST(flushing, "flush", flushes)
DISK_TEST(writing, "write", writes)
