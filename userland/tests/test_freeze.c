/*
 * FIFREEZE and FITHAW (fsfreeze(8)): who waits, who does not, and what is on the device meanwhile.
 */
#include <linux/fs.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/xattr.h>
#include <time.h>

#include "loop.h"

static int dir;

static void thaw_at_exit(void)
{
	ioctl(dir, FITHAW, 0);
}

/* Whatever happens, the test's file system is thawed in the end. */
static void begin(void)
{
	dir = must(open(".", O_RDONLY));
	atexit(thaw_at_exit);
}

static void freeze(void)
{
	must(ioctl(dir, FIFREEZE, 0));
}

static void thaw(void)
{
	must(ioctl(dir, FITHAW, 0));
}

/* A child that does something, and tells when it has. */
struct doer { pid_t pid; int done; };

static struct doer start(void (*fn)(void))
{
	struct doer d;
	int p[2];

	must(pipe(p));
	d.pid = must(fork());
	if (d.pid == 0) {
		fn();
		must(write(p[1], "x", 1));
		_exit(0);
	}
	close(p[1]);
	d.done = p[0];
	return d;
}

static bool is_done(const struct doer *d, int ms)
{
	struct pollfd p = { d->done, POLLIN, 0 };

	return poll(&p, 1, ms) == 1;
}

static void finish(struct doer *d, const char *what)
{
	int status;

	ok(is_done(d, 20000), what);
	must(waitpid(d->pid, &status, 0));
	close(d->done);
}

static void do_write(void)
{
	must(write(must(open("f", O_WRONLY)), "new", 3));
}

static void do_mkdir(void)
{
	must(mkdir("made", 0700));
}

static void do_unlink(void)
{
	must(unlink("gone"));
}

static void do_rename(void)
{
	must(rename("old", "new"));
}

static void do_create(void)
{
	must(open("created", O_CREAT | O_WRONLY, 0600));
}

static void do_existing(void)
{
	must(open("f", O_CREAT | O_RDWR, 0600));
}

static void do_chmod(void)
{
	must(chmod("f", 0640));
}

static void do_truncate(void)
{
	must(ftruncate(must(open("g", O_RDWR)), 2));
}

static void do_store(void)
{
	int fd = must(open("mapped", O_RDWR));
	char *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	memcpy(p, "stored", 6);
}

static void do_xattr(void)
{
	must(setxattr("f", "trusted.a", "v", 1, 0));
}

static void do_allocate(void)
{
	must(fallocate(must(open("h", O_RDWR)), 0, 0, 10000));
}

TEST(answers)
{
	begin();
	fails(ioctl(dir, FITHAW, 0), EINVAL, "nothing to thaw");
	works(ioctl(dir, FIFREEZE, 0), "freeze");
	fails(ioctl(dir, FIFREEZE, 0), EBUSY, "twice");
	works(ioctl(dir, FITHAW, 0), "thaw");
	fails(ioctl(dir, FITHAW, 0), EINVAL, "twice");
	fails(ioctl(must(open("/proc/self/maps", O_RDONLY)), FIFREEZE, 0), EOPNOTSUPP, "proc");
	fails(ioctl(must(open("/proc/self/maps", O_RDONLY)), FITHAW, 0), EINVAL, "nor thaw");
	fails(ioctl(must(open("/dev/null", O_RDONLY)), FIFREEZE, 0), EOPNOTSUPP, "devices");
	freeze();
	works(ioctl(dir, FITHAW, 0), "thaw");
}

static int user(void *unused)
{
	int fd = must(open(".", O_RDONLY));

	(void)unused;
	fails(ioctl(fd, FIFREEZE, 0), EPERM, "freezing needs CAP_SYS_ADMIN");
	fails(ioctl(fd, FITHAW, 0), EPERM, "thawing, too");
	return 0;
}

TEST(who_may)
{
	must(chmod(".", 0755));
	tap_as_user(user, NULL);
}

TEST(writers_wait)
{
	static const struct { void (*fn)(void); const char *what; } all[] = {
		{ do_write, "write" }, { do_mkdir, "mkdir" }, { do_unlink, "unlink" },
		{ do_rename, "rename" }, { do_create, "open with O_CREAT" }, { do_chmod, "chmod" },
		{ do_truncate, "ftruncate" }, { do_store, "a store through a mapping" },
		{ do_xattr, "setxattr" }, { do_existing, "open with O_CREAT of what is there" },
		{ do_allocate, "fallocate" },
	};
	enum { N = sizeof(all) / sizeof(all[0]) };
	struct doer d[N];
	bool early = false;
	char text[100] = "";
	int fd;

	begin();
	close(tap_file("f", "old"));
	close(tap_file("g", "text"));
	close(tap_file("h", "text"));
	close(tap_file("gone", "text"));
	close(tap_file("old", "text"));
	close(tap_file("mapped", "......"));
	freeze();
	for (int i = 0; i < N; i++)
		d[i] = start(all[i].fn);
	usleep(300000);
	for (int i = 0; i < N; i++) {
		if (is_done(&d[i], 0)) {
			early = true;
			printf("# too early: %s\n", all[i].what);
		}
	}
	ok(!early, "all wait");
	fd = must(open("f", O_RDWR));
	is(read(fd, text, 10), 3, "reading does not");
	is_text(text, "old", "and nothing has changed");
	ok(access("made", F_OK) && access("created", F_OK) && access("gone", F_OK) == 0, "no name");
	works(fsync(fd), "fsync does not wait");
	works(syncfs(fd), "nor syncfs");
	sync();
	ok(true, "nor sync");
	close(fd);
	thaw();
	for (int i = 0; i < N; i++)
		finish(&d[i], all[i].what);
	is_text(tap_read("f"), "new", "what was written is there");
	is_text(tap_read("mapped"), "stored", "and stored");
}

TEST(killed)
{
	struct doer d;
	int status;

	begin();
	freeze();
	d = start(do_mkdir);
	usleep(200000);
	thaw();
	finish(&d, "one that waited goes on");
	must(rmdir("made"));
	freeze();
	d = start(do_mkdir);
	usleep(200000);
	must(kill(d.pid, SIGKILL));
	thaw();
	must(waitpid(d.pid, &status, 0));
	ok(WIFSIGNALED(status), "or is killed");
}

TEST(mapped_before)
{
	int fd = tap_file("mapped", "......");
	char *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0), text[8] = "";
	pid_t child;
	int status;

	begin();
	memcpy(p, "before", 6); /* the entry is writable */
	freeze();
	child = must(fork());
	if (child == 0) {
		memcpy(p, "behind", 6);
		_exit(0);
	}
	usleep(300000);
	is(waitpid(child, &status, WNOHANG), 0, "a store waits, too");
	is(pread(fd, text, 6, 0), 6, "read");
	is_text(text, "before", "what was there");
	thaw();
	must(waitpid(child, &status, 0));
	must(pread(fd, text, 6, 0));
	is_text(text, "behind", "and goes on");
}

TEST(access_time)
{
	struct timespec old[2] = { { 1000000, 0 }, { 2000000, 0 } };
	struct stat st;
	char c;
	int fd = tap_file("f", "text");

	begin();
	must(futimens(fd, old));
	freeze();
	must(pread(fd, &c, 1, 0));
	must(fstat(fd, &st));
	is(st.st_atim.tv_sec, 1000000, "is not set while frozen");
	thaw();
	must(pread(fd, &c, 1, 0));
	must(fstat(fd, &st));
	ok(st.st_atim.tv_sec > 1000000, "but afterwards");
}

/* Where the file system is that the test runs on: device, place and type. */
static char the_device[200], the_place[200], the_type[40];

static void find_mount(void)
{
	char path[300], line[500], dev[200], at[200], kind[40];
	FILE *f = fopen("/proc/mounts", "r");

	must(f && getcwd(path, sizeof(path)) ? 0 : -1);
	while (fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%199s %199s %39s", dev, at, kind) == 3 && strcmp(at, "/") &&
		    !strncmp(path, at, strlen(at))) {
			strcpy(the_device, dev);
			strcpy(the_place, at);
			strcpy(the_type, kind);
		}
	}
	fclose(f);
}

TEST(remount)
{
	begin();
	find_mount();
	freeze();
	fails(mount(NULL, the_place, NULL, MS_REMOUNT, ""), EBUSY, "not while frozen");
	fails(mount(NULL, the_place, NULL, MS_REMOUNT | MS_RDONLY, ""), EBUSY, "nor read-only");
	thaw();
	works(mount(NULL, the_place, NULL, MS_REMOUNT, ""), "but afterwards");
}

enum { HAS_JOURNAL = 4, RECOVER = 4 };

/* The superblock's features on the disk: whether there is a journal, and whether it is needed. */
static void features(bool *journal, bool *needed)
{
	int fd = must(open(the_device, O_RDONLY | O_DIRECT));
	uint32_t *block = aligned_alloc(4096, 4096);

	must(pread(fd, block, 4096, 0));
	*journal = block[(1024 + 0x5c) / 4] & HAS_JOURNAL;
	*needed = block[(1024 + 0x60) / 4] & RECOVER;
	close(fd);
	free(block);
}

TEST(journal)
{
	bool journal, needed;

	begin();
	find_mount();
	for (int i = 0; i < 3; i++) {
		char name[20];

		sprintf(name, "f%d", i);
		close(must(open(name, O_CREAT | O_WRONLY, 0600)));
		sync();
		features(&journal, &needed);
		ok(needed == journal, "is needed while it is used");
		freeze();
		features(&journal, &needed);
		ok(!needed, "and not while frozen");
		thaw();
		features(&journal, &needed);
		ok(needed == journal, "then again");
	}
}

TEST(unmounted)
{
	int fd, other;

	loop_make("mke2fs", 8);
	works(mount(device, "m", "ext2", 0, ""), "mount");
	fd = must(open("m", O_RDONLY));
	works(ioctl(fd, FIFREEZE, 0), "freeze");
	close(fd);
	works(umount("m"), "umount while frozen");
	works(mount(device, "m", "ext2", 0, ""), "mount again");
	other = must(open("m", O_RDONLY));
	fails(ioctl(other, FIFREEZE, 0), EBUSY, "it is still frozen");
	works(ioctl(other, FITHAW, 0), "thaw");
	works(mkdir("m/d", 0700), "and use");
	close(other);
	works(umount("m"), "umount");
	loop_end();
}

TEST(copied)
{
	int fd;

	/* The copy of a frozen file system is a whole one. */
	loop_make("mke2fs", 8);
	works(mount(device, "m", "ext2", 0, ""), "mount");
	fd = must(open("m/f", O_CREAT | O_RDWR, 0600));
	must(write(fd, "text", 4));
	close(fd);
	fd = must(open("m", O_RDONLY));
	works(ioctl(fd, FIFREEZE, 0), "freeze");
	is(system("cp image copy && mkdir n && mount -o loop,ro -t ext2 copy n"), 0, "a copy");
	is_text(tap_read("n/f"), "text", "has what was written");
	is(system("umount n"), 0, "umount");
	works(ioctl(fd, FITHAW, 0), "thaw");
	close(fd);
	must(umount("m"));
	loop_end();
}

TEST(read_only)
{
	int fd;

	loop_make("mke2fs", 8);
	works(mount(device, "m", "ext2", MS_RDONLY, ""), "mount");
	fd = must(open("m", O_RDONLY));
	works(ioctl(fd, FIFREEZE, 0), "freeze");
	fails(ioctl(fd, FIFREEZE, 0), EBUSY, "twice");
	fails(mount(NULL, "m", NULL, MS_REMOUNT, ""), EBUSY, "it does not become writable");
	works(ioctl(fd, FITHAW, 0), "thaw");
	fails(ioctl(fd, FITHAW, 0), EINVAL, "twice");
	close(fd);
	works(umount("m"), "umount");
	loop_end();
}

TEST(vfat)
{
	int fd;

	loop_make("mkfs.vfat", 8);
	works(mount(device, "m", "vfat", 0, ""), "mount");
	fd = must(open("m", O_RDONLY));
	fails(ioctl(fd, FIFREEZE, 0), EOPNOTSUPP, "cannot");
	fails(ioctl(fd, FITHAW, 0), EINVAL, "nor thaw");
	close(fd);
	works(umount("m"), "umount");
	loop_end();
}

/* Many write, create and store while it is frozen and thawed. */
TEST(stress)
{
	pid_t child[4];
	int status;

	begin();
	for (int i = 0; i < 4; i++) {
		child[i] = must(fork());
		if (child[i])
			continue;
		for (unsigned n = 0;; n++) {
			char name[20];
			int fd;
			char *p;

			sprintf(name, "%d-%u", i, n % 10);
			fd = must(open(name, O_CREAT | O_RDWR | O_APPEND, 0600));
			must(write(fd, name, sizeof(name)));
			p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
			p[0] = (char)n;
			munmap(p, 4096);
			if (n % 10 == 9)
				must(unlink(name)); /* and goes with the last user */
			close(fd);
		}
	}
	for (int i = 0; i < 20; i++) {
		freeze();
		usleep(i * 1000);
		sync();
		thaw();
		usleep(5000);
	}
	for (int i = 0; i < 4; i++) {
		must(kill(child[i], SIGKILL));
		must(waitpid(child[i], &status, 0));
	}
	ok(true, "all came through");
}
