/*
 * faults DISK CONTROL - the guest's side of ci/system/test_faults.py, which is both disks. Again
 * and again the control disk says what to do: mount DISK, change it by a workload, write all,
 * unmount; meanwhile one request of DISK fails. Then the host repairs what is left, and it is read.
 *
 * What a line written to CONTROL asks for is answered at ANSWER: "next" by `run TYPE OPTIONS
 * WORKLOAD` or `end`; "synced" tells; "ran" by `again` if the kernel shall mount it as it is, else
 * by `repair`; "repair" when that is done, by `good` or `bad`; "judged" tells.
 *
 * The model: each file is full of one letter. It is *safe* when fsync(2) of it and of its directory
 * said so and nobody touched it since, and *unknown* once a call on it failed. If no call said that
 * anything failed, all must be as it was left; else what is safe must. Without a journal nothing
 * becomes safe after an error: the disk may have an old inode that claims a new file's blocks.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/klog.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define AT      "/mnt/faults"
#define ANSWER  4096
#define FILES   12 /* as test_faults.py makes them */
#define ITEMS   120
#define SECTOR  512

struct item {
	char name[40]; /* below AT */
	bool there, safe, unknown;
	long size;
	char letter;
};

static struct item items[ITEMS];
static unsigned n_items;
static int control, errors, odd;
static bool journaled;
static char first_told[40]; /* on whom a call failed first */
static char *sector, buf[100000];

static void die(const char *what)
{
	printf("faults: %s: %s\n", what, strerror(errno));
	exit(1);
}

static const char *ask(const char *line)
{
	memset(sector, 0, SECTOR);
	snprintf(sector, SECTOR, "%s\n", line);
	if (pwrite(control, sector, SECTOR, 0) != SECTOR ||
	    pread(control, sector, SECTOR, ANSWER) != SECTOR)
		die("control");
	return sector;
}

static struct item *item(const char *format, unsigned number)
{
	char name[40];

	snprintf(name, sizeof(name), format, number);
	for (unsigned i = 0; i < n_items; i++)
		if (strcmp(items[i].name, name) == 0)
			return &items[i];
	if (n_items == ITEMS)
		die("too many items");
	snprintf(items[n_items].name, sizeof(name), "%s", name);
	return &items[n_items++];
}

static const char *path_of(const struct item *it)
{
	static char path[2][80];
	static unsigned turn;

	turn ^= 1;
	snprintf(path[turn], sizeof(path[turn]), AT "/%s", it->name);
	return path[turn];
}

/* One call on an item: whether it worked. Only these errors tell of a disk. */
static bool did(struct item *it, long result)
{
	it->safe = false;
	if (result >= 0)
		return true;
	if (errno != EIO && errno != EROFS && !(errno == ENOENT && it->unknown))
		odd = errno;
	if (!errors++)
		snprintf(first_told, sizeof(first_told), "%s", it->name);
	it->unknown = true;
	return false;
}

/* LETTER from the place `at` on, N times. */
static void put(struct item *it, int flags, long at, long n, char letter)
{
	int fd = open(path_of(it), O_RDWR | flags, 0644);

	if (!did(it, fd))
		return;
	if (flags & O_CREAT)
		it->there = true;
	it->letter = letter;
	memset(buf, letter, (size_t)n);
	/* An error behind some bytes is told by the next call. */
	for (long put = 1; n > 0 && put > 0; n -= put, at += put) {
		put = pwrite(fd, buf, (size_t)n, at);
		if (did(it, put))
			it->size = at + put > it->size ? at + put : it->size;
	}
	close(fd);
}

static void create(struct item *it, long n, char letter)
{
	it->size = 0;
	put(it, O_CREAT | O_TRUNC, 0, n, letter);
}

static void drop(struct item *it)
{
	if (did(it, unlink(path_of(it))))
		it->there = false;
}

static void move(struct item *from, struct item *to)
{
	bool unknown = from->unknown || !from->there;
	int result = rename(path_of(from), path_of(to));
	int error = errno;

	did(from, result);
	errno = error;
	if (!did(to, result))
		return;
	to->there = true;
	to->size = from->size;
	to->letter = from->letter;
	to->unknown = unknown;
	from->there = false;
}

static void cut(struct item *it, long size)
{
	if (did(it, truncate(path_of(it), size)))
		it->size = size;
}

/* Makes it stable, or says that it cannot. */
static void keep(struct item *it)
{
	int dir = open(AT "/work", O_RDONLY | O_DIRECTORY);
	int fd = open(path_of(it), O_RDWR);
	bool good = did(it, fd) && did(it, fsync(fd));

	good = did(it, dir) && did(it, fsync(dir)) && good;
	it->safe = good && !it->unknown && (journaled || !errors);
	close(fd);
	close(dir);
}

static void do_create(void)
{
	for (unsigned i = 0; i < 24; i++) {
		struct item *it = item("work/new-with-a-longer-name-%u", i);

		create(it, 200 + i * 1100, (char)('A' + i));
		if (i % 6 == 0)
			keep(it);
	}
}

static void do_rename(void)
{
	for (unsigned i = 0; i < FILES; i++) {
		struct item *it = item("work/file-%u", i), *to = item("work/moved-%u", i / 2);

		move(it, to);
		if (i % 5 == 0)
			keep(to);
	}
}

static void do_unlink(void)
{
	for (unsigned i = 0; i < FILES; i++) {
		if (i % 4 == 3)
			keep(item("work/file-%u", i));
		else
			drop(item("work/file-%u", i));
	}
	create(item("work/after", 0), 50000, 'z');
	keep(item("work/after", 0));
}

static void do_append(void)
{
	for (unsigned i = 0; i < FILES; i += 2) {
		struct item *it = item("work/file-%u", i);

		for (unsigned k = 0; k < 4; k++)
			put(it, 0, it->size, 9000, it->letter);
		if (i % 4 == 0)
			keep(it);
	}
}

static void do_truncate(void)
{
	for (unsigned i = 0; i < FILES; i++) {
		struct item *it = item("work/file-%u", i);

		if (it->size > 1500)
			cut(it, 1500);
		if (i % 3 == 0) {
			put(it, 0, it->size, 20000, it->letter);
			cut(it, 12345);
			keep(it);
		}
	}
}

static void do_mkdir(void)
{
	struct item dir = { .there = true };

	for (unsigned i = 0; i < 8; i++) {
		snprintf(dir.name, sizeof(dir.name), "work/dir-%u", i);
		dir.unknown = false;
		if (!did(&dir, mkdir(path_of(&dir), 0755)))
			continue;
		if (i % 2)
			did(&dir, rmdir(path_of(&dir)));
		else
			create(item("work/dir-%u/in", i), 3000 + i, 'q');
	}
	create(item("work/last", 0), 9, 'l');
	keep(item("work/last", 0));
}

static void do_read(void)
{
	for (unsigned i = 0; i < FILES; i++) {
		struct item *it = item("work/file-%u", i);
		bool safe = it->safe;
		int fd = open(path_of(it), O_RDONLY);

		if (did(it, fd) && did(it, pread(fd, buf, sizeof(buf), 0)))
			it->safe = safe;
		close(fd);
	}
}

static const struct {
	const char *name;
	void (*run)(void);
} workloads[] = {
	{"create", do_create}, {"rename", do_rename}, {"unlink", do_unlink}, {"append", do_append},
	{"truncate", do_truncate}, {"mkdir", do_mkdir}, {"read", do_read},
};

/* What test_faults.py has put there, all of it safe. */
static void begin(void)
{
	n_items = 0;
	memset(items, 0, sizeof(items));
	errors = odd = 0;
	strcpy(first_told, "nobody");
	for (unsigned i = 0; i < 2 * FILES; i++) {
		unsigned n = i / 2;
		struct item *it = i % 2 ? item("durable/keep-%u", n) : item("work/file-%u", n);

		it->there = it->safe = true;
		it->size = i % 2 ? n * n * 97 : 100 + n * 2500;
		it->letter = (char)('a' + n);
	}
}

static bool is_at(const struct item *it, const char *path)
{
	int fd = open(path, O_RDONLY);
	long got = fd < 0 ? -1 : read(fd, buf, sizeof(buf));
	bool good = it->there ? got == it->size : fd < 0 && errno == ENOENT;

	for (long i = 0; i < got && good; i++)
		good = buf[i] == it->letter;
	close(fd);
	return good;
}

/*
 * Without a journal a directory that gets another block may lose names when its inode cannot be
 * written: the files are found by e2fsck.
 */
static bool is_lost_and_found(const struct item *it)
{
	DIR *d = opendir(AT "/lost+found");
	bool found = false;
	struct dirent *e;
	char path[300];

	while (d && !found && (e = readdir(d))) {
		snprintf(path, sizeof(path), AT "/lost+found/%s", e->d_name);
		found = e->d_name[0] == '#' && is_at(it, path);
	}
	if (d)
		closedir(d);
	return found;
}

static bool as_it_was(const struct item *it, const char *type)
{
	return is_at(it, path_of(it)) ||
	       (it->there && strcmp(type, "ext2") == 0 && is_lost_and_found(it));
}

/* Tells how many are other ones, and the name of one. */
static void verify(const char *disk, const char *type, unsigned long flags)
{
	const char *which = "";
	unsigned wrong = 0;
	char line[200];

	if (mount(disk, AT, type, flags, "")) {
		snprintf(line, sizeof(line), "judged 1 mount: %s", strerror(errno));
		ask(line);
		return;
	}
	for (unsigned i = 0; i < n_items; i++) {
		if (items[i].unknown || !(items[i].safe || !errors) ||
		    as_it_was(&items[i], type))
			continue;
		wrong++;
		which = items[i].name;
	}
	if (umount(AT))
		die("umount");
	snprintf(line, sizeof(line), "judged %u %s (told first: %s, of %d errors)",
		 wrong + (odd != 0), odd ? strerror(odd) : which, first_told, errors);
	ask(line);
}

/* Forgets what is cached of a disk that is another one now. */
static void forget(const char *disk)
{
	int fd = open(disk, O_RDONLY);

	if (fd < 0 || ioctl(fd, BLKFLSBUF, 0))
		die(disk);
	close(fd);
}

/* Whether the kernel's log has a word of an error since it was last asked. */
static bool log_tells(void)
{
	int n = klogctl(4, buf, sizeof(buf) - 1); /* read and clear */

	buf[n > 0 ? n : 0] = '\0';
	return strstr(buf, "error");
}

static void run(const char *disk, const char *type, const char *options, const char *workload)
{
	struct statvfs st = { 0 };
	int fd;

	begin();
	journaled = strcmp(type, "ext4") == 0;
	log_tells();
	if (mount(disk, AT, type, 0, strcmp(options, "-") ? options : "")) {
		errors++;
		if (errno != EIO && errno != EROFS && errno != EINVAL)
			odd = errno;
		ask("synced error -");
		return;
	}
	for (unsigned i = 0; i < sizeof(workloads) / sizeof(*workloads); i++)
		if (strcmp(workloads[i].name, workload) == 0)
			workloads[i].run();
	fd = open(AT, O_RDONLY | O_DIRECTORY);
	errors += fd < 0 || syncfs(fd) < 0;
	close(fd);
	statvfs(AT, &st);
	snprintf(buf, 100, "synced %s %s", errors ? "error" : "well",
		 st.f_flag & ST_RDONLY ? "ro" : "rw");
	ask(buf);
	if (umount(AT))
		die("umount");
}

int main(int argc, char **argv)
{
	char verb[10], type[10], options[100], workload[20];

	if (argc != 3)
		return 2;
	mkdir(AT, 0755);
	control = open(argv[2], O_RDWR | O_DIRECT | O_SYNC);
	if (control < 0 || posix_memalign((void **)&sector, 4096, SECTOR))
		die("control");
	for (;;) {
		if (sscanf(ask("next"), "%9s %9s %99s %19s", verb, type, options, workload) < 4)
			break;
		run(argv[1], type, options, workload);
		if (strncmp(ask(log_tells() ? "ran told" : "ran silent"), "again", 5) == 0) {
			verify(argv[1], type, 0);
		} else {
			forget(argv[1]);
			if (strncmp(ask("repair"), "good", 4) == 0)
				verify(argv[1], type, MS_RDONLY);
		}
		forget(argv[1]);
	}
	printf("faults: done\n");
	return 0;
}
